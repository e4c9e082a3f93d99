"""The program: how it starts, what it refuses, what it serves, how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.ui.driver import EXAMPLES, ROOT, App


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_unknown_option_is_refused_in_one_line() -> None:
    done = run("--prot", "8080")
    assert done.returncode == 2
    assert "--prot" in done.stderr and "--help" in done.stderr and "Traceback" not in done.stderr


def test_port_in_use_is_said_in_plain_words() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run("--model", "scripted", "--port", str(other.getsockname()[1]))
    assert done.returncode == 2
    assert "another program may have it" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_program_ends_cleanly_and_leaves_no_files(number: signal.Signals, tmp_path: Path) -> None:
    with App("--model", "scripted", environ={"TMPDIR": str(tmp_path)}) as app:
        assert list(tmp_path.glob("autoglm-ui-*"))
        app.process.send_signal(number)
        assert app.process.wait(30) == 0
    assert "Traceback" not in app.log
    assert not list(tmp_path.glob("autoglm-ui-*"))


def test_data_dir_is_used_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with App("--model", "scripted", "--data-dir", str(folder)):
        pass
    assert (folder / "media").is_dir()


def test_health_tells_how_the_backend_stands(launch: Callable[..., App]) -> None:
    assert launch("--model", "scripted").health() == {"status": "ok", "backend": "scripted", "state": "ready"}
    assert launch("--model", "scripted:load_failure=1").health()["state"] == "failed"


def test_program_that_lacks_the_engine_still_serves_its_page(launch: Callable[..., App]) -> None:
    app = launch("--model", "scripted:speed=1")
    assert app.health()["state"] == "failed"
    assert httpx.get(app.url).status_code == 200


def test_every_answer_forbids_what_comes_from_elsewhere(launch: Callable[..., App]) -> None:
    for path in ("/", "/health", "/gradio_api/info", "/nothing"):
        policy = httpx.get(launch("--model", "scripted").url + path).headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-src 'none'" in policy
        assert "http:" not in policy and "*" not in policy


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("", 400),
        ("localhost:1234", 200),
        ("127.0.0.1", 200),
        ("192.168.1.20:7860", 200),
        ("[::1]:7860", 200),
        ("chat.example", 200),
        ("a.b.example", 200),
    ],
)
def test_other_host_names_are_refused(launch: Callable[..., App], host: str, status: int) -> None:
    app = launch("--model", "scripted", "--allowed-hosts", "chat.example,*.b.example")
    answer = httpx.get(f"{app.url}/health", headers={"host": host})
    assert answer.status_code == status
    assert (status == 200) or ("--allowed-hosts" in answer.text)


def test_upload_over_the_limit_is_refused(launch: Callable[..., App]) -> None:
    app = launch("--model", "scripted", "--max-upload-mb", "1")
    small = {"files": ("a.png", (EXAMPLES / "settings-en.png").read_bytes())}
    assert httpx.post(f"{app.url}/gradio_api/upload", files=small).status_code == 200
    large = {"files": ("b.png", bytes(2 * 2**20))}
    assert httpx.post(f"{app.url}/gradio_api/upload", files=large).status_code == 413


@pytest.mark.parametrize("path", ["/etc/passwd", str(ROOT / "app.py"), str(ROOT / "pyproject.toml")])
def test_files_of_this_machine_are_not_served(launch: Callable[..., App], path: str) -> None:
    assert httpx.get(f"{launch('--model', 'scripted').url}/gradio_api/file={path}").status_code in {403, 404}


@pytest.mark.engine
def test_importing_starts_nothing() -> None:
    code = (
        "import sys, threading\n"
        "import app, autoglm_ui.settings, autoglm_ui.conversation, autoglm_ui.sessions\n"
        "assert not {'gradio', 'torch', 'langchain_openai'} & set(sys.modules), 'heavy import'\n"
        "assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_progress_is_noted_where_next_to_nothing_is_held(launch):
    # Else each step of any event copies, in the page, all that any event ever showed.
    config = httpx.get(f"{launch('--model', 'scripted').url}/config").json()
    [accepted] = [each["id"] for each in config["components"] if each["props"].get("elem_id") == "accepted"]
    assert {tuple(each["show_progress_on"] or ()) for each in config["dependencies"]} == {(accepted,)}
