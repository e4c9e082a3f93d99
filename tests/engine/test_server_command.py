"""`python -m engine.server`: its options, in the environment too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autoglm_ui.settings import OTHERS, Settings
from engine.loading import Loading
from engine.server.settings import ServerSettings
from engine.server.settings import read as read_settings


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["--port", "70000"],
        ["--api-key", ""],
        ["--ssl-certfile", "cert.pem"],
        ["--mod", "nano"],
        ["--ssl-certfile", "no-such.pem", "--ssl-keyfile", "no-such.pem"],
        ["--allow-media-host", "http://example.org/"],
        ["--slots", "0"],
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused(arguments: list[str]):
    command = [sys.executable, "-m", "engine.server", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "error:" in ended.stderr


def test_every_option_of_the_command_is_an_environment_variable_too():
    environ = {
        "AUTOGLM_MODEL": "some/model",
        "AUTOGLM_SERVED_MODEL_NAME": "autoglm-phone-9b",
        "AUTOGLM_HOST": "0.0.0.0",
        "AUTOGLM_PORT": "8080",
        "AUTOGLM_API_KEY": "sk-secret",
        "AUTOGLM_SSL_CERTFILE": __file__,
        "AUTOGLM_SSL_KEYFILE": __file__,
        "AUTOGLM_ALLOW_MEDIA_HOST": "example.org,*.example.net",
        "AUTOGLM_SLOTS": "4",
        "AUTOGLM_WAITING": "8",
    }
    given = read_settings([], environ)
    options = ServerSettings.__dataclass_fields__.keys() - {"loading", "plan"}
    assert set(environ) == {f"AUTOGLM_{name.upper()}" for name in options}
    assert given == ServerSettings(
        "some/model",
        "autoglm-phone-9b",
        "0.0.0.0",
        8080,
        "sk-secret",
        __file__,
        __file__,
        ("example.org", "*.example.net"),
        4,
        8,
        Loading(),
        plan=False,
    )
    assert "sk-secret" not in repr(given)
    assert read_settings(["--port", "9000"], environ).port == 9000
    assert read_settings([], {}).host == "127.0.0.1"
    # The page ignores those that are the service's alone.
    assert set(environ) - {f"AUTOGLM_{name.upper()}" for name in Settings.__dataclass_fields__} <= OTHERS


def test_help_does_not_show_the_key(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        read_settings(["--help"], {"AUTOGLM_API_KEY": "sk-secret"})
    assert "sk-secret" not in capsys.readouterr().out
