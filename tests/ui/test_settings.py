"""What the command line and the environment say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoglm_ui.settings import Settings, UsageError, read
from engine.loading import Loading


def test_defaults_are_this_machine_only_and_the_bundled_model() -> None:
    settings = read([], {})
    assert settings == Settings()
    assert (settings.model, settings.host, settings.port) == ("nano", "127.0.0.1", 7860)
    assert settings.local and settings.opens_browser and not settings.backend_locked


def test_every_option_is_read_from_the_command_line() -> None:
    line = (
        "--base-url http://h/v1 --api-key k --remote-model m --host ::1 --port 8080 --no-browser --lang zh "
        "--data-dir /d --max-upload-mb 5 --allowed-hosts a.example,*.b.example --lock-backend "
        "--devices cuda:0,cpu --max-memory cuda=20GiB --dtype bfloat16 --context 8192 --kv-budget 4GiB "
        "--max-pixels 500000 --asr ./w --power-budget 180 --tensor-parallel 2"
    )
    settings = read(line.split(), {})
    assert settings == Settings(
        base_url="http://h/v1",
        api_key="k",
        remote_model="m",
        host="::1",
        port=8080,
        no_browser=True,
        lang="zh",
        data_dir=Path("/d"),
        max_upload_mb=5,
        allowed_hosts=("a.example", "*.b.example"),
        lock_backend=True,
        loading=Loading(
            devices=("cuda:0", "cpu"),
            max_memory={"cuda": 20 * 2**30},
            dtype="bfloat16",
            context=8192,
            kv_budget=4 * 2**30,
            max_pixels=500_000,
            asr="./w",
            power_budget=180.0,
            tensor_parallel=2,
        ),
    )


def test_environment_says_the_same_and_the_command_line_wins() -> None:
    environ = {
        "AUTOGLM_MODEL": "/models/phone",
        "AUTOGLM_PORT": "9000",
        "AUTOGLM_NO_BROWSER": "1",
        "AUTOGLM_LANG": "en",
        "AUTOGLM_ALLOWED_HOSTS": "A.example",
        "HOME": "/root",
    }
    settings = read(["--port", "9001", "--lang", "zh"], environ)
    assert settings.model == "/models/phone"
    assert settings.port == 9001
    assert settings.no_browser and not settings.opens_browser
    assert settings.lang == "zh"
    assert settings.allowed_hosts == ("a.example",)
    assert not read(["--browser"], environ).no_browser


@pytest.mark.parametrize(
    ("argv", "environ", "said"),
    [
        (["--modle", "nano"], {}, "--modle"),
        (["--mod", "nano"], {}, "--mod"),
        (["nano"], {}, "nano"),
        ([], {"AUTOGLM_MODLE": "nano"}, "AUTOGLM_MODLE is no option"),
        ([], {"AUTOGLM_PORT": "many"}, "AUTOGLM_PORT is 'many'"),
        ([], {"AUTOGLM_NO_BROWSER": "perhaps"}, "AUTOGLM_NO_BROWSER"),
        ([], {"AUTOGLM_LANG": "fr"}, "must be one of: zh, en"),
        (["--lang", "fr"], {}, "fr"),
        (["--port", "70000"], {}, "--port is 70000"),
        (["--max-upload-mb", "0"], {}, "--max-upload-mb is 0"),
        (["--base-url", "localhost:8000"], {}, "must begin with http://"),
        (["--remote-model", "m"], {}, "give --base-url, too"),
        (["--api-key", "sk-secret"], {}, "give --base-url, too"),
        (["--devices", "gpu"], {}, "'gpu' is no device"),
        (["--power-budget", "0"], {}, "no number of watts above 0"),
        (["--context", "0"], {}, "no whole number of 1 or more"),
        ([], {"AUTOGLM_MAX_MEMORY": "lots"}, "AUTOGLM_MAX_MEMORY: 'lots' is not of the form"),
        (["--plan", "--base-url", "http://h/v1"], {}, "--plan is for a model of this process"),
    ],
)
def test_what_cannot_be_meant_is_refused(argv: list[str], environ: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read(argv, environ)
    assert said in str(refusal.value)
    assert "sk-secret" not in str(refusal.value)


def test_key_is_in_no_representation() -> None:
    settings = read(["--base-url", "http://h/v1"], {"AUTOGLM_API_KEY": "sk-secret"})
    assert settings.api_key == "sk-secret"
    assert "sk-secret" not in repr(settings)


def test_key_in_the_environment_without_an_endpoint_is_meant_for_the_service() -> None:
    assert read([], {"AUTOGLM_API_KEY": "sk-secret"}) == Settings()


def test_api_takes_the_key_that_its_clients_must_send() -> None:
    assert read(["--api"], {"AUTOGLM_API_KEY": "sk-secret"}).api_key == "sk-secret"
    assert read(["--api-key", "k"], {"AUTOGLM_API": "1"}).api_key == "k"
    with pytest.raises(UsageError, match="--api serves the model of this process"):
        read(["--api", "--base-url", "http://h/v1"], {})


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(["--help"], {})
    said = capsys.readouterr().out
    for name in Settings.__dataclass_fields__:
        if name not in ("on_space", "loading"):
            assert f"--{name.replace('_', '-')}" in said
    for name in Loading.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in said
    assert "AUTOGLM_PORT" in said


def test_space_listens_for_everyone_trusts_its_own_name_and_lets_nobody_choose() -> None:
    settings = read([], {"SPACE_ID": "me/autoglm", "SPACE_HOST": "me-autoglm.hf.space"})
    assert settings.host == "0.0.0.0"
    assert settings.allowed_hosts == ("me-autoglm.hf.space",)
    assert settings.backend_locked and not settings.opens_browser


def test_page_that_other_machines_reach_is_locked() -> None:
    assert read(["--host", "0.0.0.0"], {}).backend_locked


def test_variable_of_another_tool_with_our_prefix_is_left_alone() -> None:
    assert read([], {"AUTOGLM_FONTS": "/fonts"}) == Settings()
