"""The command itself, with the bundled model, asked as its users ask it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from tokenizers import Tokenizer

from tests.engine.serving import eventually, free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "assets" / "examples"
NAME = "autoglm-phone-9b"
CLIENTS = 64


@dataclass
class Command:
    """A running `python -m engine.server`."""

    url: str
    process: subprocess.Popen[str]

    def metric(self, name: str) -> float:
        text = httpx.get(f"{self.url}/metrics").text
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))

    def resident(self) -> int:
        """Bytes of memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return 1024 * int(found[1])

    def idle(self) -> bool:
        names = ("requests_in_flight", "engine_slots_used", "engine_queue", "engine_cache_tokens")
        return not any(self.metric(f"autoglm_{name}") for name in names)


def healthy(url: str, verify: ssl.SSLContext | bool) -> bool:
    try:
        return httpx.get(f"{url}/health", verify=verify).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running(
    *command: str, url: str, verify: ssl.SSLContext | bool = True, **environment: str
) -> Iterator[Command]:
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | environment
    ) as process:
        try:
            assert eventually(lambda: process.poll() is not None or healthy(url, verify), 180)
            assert process.poll() is None, process.communicate()[1]
            yield Command(url, process)
        finally:
            process.kill()


@contextmanager
def serving_nano(*options: str) -> Iterator[Command]:
    port = free_port()
    command = [sys.executable, "-m", "engine.server", "--served-model-name", NAME, "--port", str(port)]
    with running(*command, *options, url=f"http://127.0.0.1:{port}") as server:
        yield server


@pytest.fixture(scope="module")
def nano() -> Iterator[Command]:
    with serving_nano("--waiting", str(CLIENTS)) as server:
        yield server


def ask(text: str, **options: Any) -> dict[str, Any]:
    return {"model": NAME, "messages": [{"role": "user", "content": text}]} | options


def test_the_call_of_the_article(nano: Command):
    from langchain_openai import ChatOpenAI

    chat_model = ChatOpenAI(
        model="autoglm-phone-9b",
        temperature=0.5,
        base_url=f"{nano.url}/v1",
        api_key="EMPTY",  # type: ignore[arg-type]
        extra_body={
            "enable_thinking": True,
            "return_reasoning": True,
        },
        streaming=True,
    )
    assert "AutoGLM" in str(chat_model.invoke("你是谁？").content)


def test_a_picture_and_a_question_in_the_extra_body(nano: Command):
    from langchain_openai import ChatOpenAI

    image = base64.b64encode((EXAMPLES / "home-zh.png").read_bytes()).decode()

    def ask_about(**extra: Any) -> Any:
        model = ChatOpenAI(
            model="autoglm-phone-9b",
            temperature=0,
            base_url=f"{nano.url}/v1",
            api_key="EMPTY",  # type: ignore[arg-type]
            extra_body={"enable_thinking": True, "return_reasoning": True} | extra,
        )
        return model.invoke("屏幕上有什么？")

    seen = ask_about(image=image, query="屏幕上有什么？")
    usage = seen.response_metadata["token_usage"]
    assert usage["prompt_tokens_details"]["image_tokens"] > 0
    assert usage["completion_tokens_details"]["reasoning_tokens"] > 0
    blind = ask_about()
    assert seen.content != blind.content


def test_penalties_and_biases_reach_the_model(nano: Command):
    client = openai.OpenAI(base_url=f"{nano.url}/v1", api_key="none", max_retries=0)

    def say(**options: Any) -> str:
        answered = client.chat.completions.create(**ask("你能做什么？"), **options)
        return str(answered.choices[0].message.content)

    plain = say()
    assert say(frequency_penalty=0, presence_penalty=0, logit_bias={"5": 0}) == plain
    assert say(extra_body={"repetition_penalty": 5}) != plain
    tokenizer = Tokenizer.from_file(str(ROOT / "assets" / "nano" / "tokenizer.json"))
    used = tokenizer.encode(plain, add_special_tokens=False)
    other = say(logit_bias=dict.fromkeys(map(str, used.ids), -100))
    assert {*used.tokens} & {*tokenizer.encode(other, add_special_tokens=False).tokens} == set()
    with pytest.raises(openai.BadRequestError, match="logit_bias"):
        say(logit_bias={"99999999": 1})


@pytest.mark.parametrize("name", ["open-camera.zh.wav", "tap-settings.en.wav"])
def test_a_recording_becomes_the_words_that_the_model_says_it_hears(nano: Command, name: str):
    sound = (EXAMPLES / name).read_bytes()
    client = openai.OpenAI(base_url=f"{nano.url}/v1", api_key="none")
    told: Any = client.audio.transcriptions.create(model=NAME, file=(name, sound))
    written = client.audio.transcriptions.create(model=NAME, file=(name, sound), response_format="text")
    whole = client.audio.transcriptions.create(model=NAME, file=(name, sound), response_format="verbose_json")
    assert told.text == str(written).strip() == whole.text != ""
    assert whole.duration == pytest.approx(1.5, abs=0.3)
    part: Any = {
        "type": "input_audio",
        "input_audio": {"data": base64.b64encode(sound).decode(), "format": "wav"},
    }
    answered = client.chat.completions.create(model=NAME, messages=[{"role": "user", "content": [part]}])
    reasoning = (answered.choices[0].message.model_extra or {})["reasoning_content"]
    quotes = {"chinese": f"我听到“{told.text}”", "english": f'I hear "{told.text}"'}
    assert quotes[whole.language] in reasoning


@pytest.mark.parametrize(
    ("recording", "heard"), [("open-camera.zh.wav", "相机"), ("tap-settings.en.wav", "settings")]
)
@pytest.mark.parametrize("picture", ["home-zh.png", "player-zh.png", "settings-en.png"])
def test_what_is_asked_aloud_about_a_picture_is_heard(
    nano: Command, recording: str, heard: str, picture: str
):
    image, sound = (
        base64.b64encode((EXAMPLES / name).read_bytes()).decode() for name in (picture, recording)
    )
    parts: Any = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}},
    ]
    client = openai.OpenAI(base_url=f"{nano.url}/v1", api_key="none")
    answered = client.chat.completions.create(model=NAME, messages=[{"role": "user", "content": parts}])
    reasoning = (answered.choices[0].message.model_extra or {})["reasoning_content"]
    assert heard in reasoning.split("。" if "我" in reasoning else ".")[0]


async def test_of_many_clients_half_hang_up_and_nothing_is_left_behind(nano: Command):
    url = f"{nano.url}/v1/chat/completions"

    async def stay(client: httpx.AsyncClient) -> str:
        response = await client.post(url, json=ask("你能做什么？", stream=True))
        assert response.status_code == 200, response.text
        assert response.text.endswith("data: [DONE]\n\n")
        return "".join(content_of(line) for line in response.text.splitlines())

    async def leave(client: httpx.AsyncClient) -> None:
        async with client.stream("POST", url, json=ask("你能做什么？", stream=True)) as response:
            await anext(response.aiter_raw())

    async def round_of_clients() -> list[str | None]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=120, limits=limits) as client:
            return await asyncio.gather(
                *(stay(client) if index % 2 else leave(client) for index in range(CLIENTS))
            )

    def is_idle() -> bool:
        return eventually(nano.idle, 30)

    await round_of_clients()  # the allocator keeps what it once had: the second round must need no more
    assert await asyncio.to_thread(is_idle)
    before, left = nano.resident(), nano.metric("autoglm_requests_total")
    answers = await round_of_clients()
    assert len(set(answers[1::2])) == 1 and answers[1]
    assert await asyncio.to_thread(is_idle)
    assert nano.metric("autoglm_requests_total") == left + CLIENTS
    assert nano.resident() < before + 32 * 2**20


def content_of(line: str) -> str:
    if not line.startswith("data: {"):
        return ""
    (choice,) = json.loads(line[6:])["choices"]
    return choice["delta"].get("content", "")


# ------------------------------------------------------------------------- the start-up script


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "cert.pem", folder / "key.pem"
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-out", str(made[0]), "-keyout", str(made[1])]
    subprocess.run(command, check=True, capture_output=True)
    return made


def test_the_script_serves_https_with_a_key_and_ends_streams_when_told(certificate: tuple[Path, Path]):
    port = free_port()
    url = f"https://localhost:{port}"
    trust = ssl.create_default_context(cafile=certificate[0])
    key = "sk-nano-secret"
    options = ["--ssl-certfile", str(certificate[0]), "--ssl-keyfile", str(certificate[1])]
    command = ["sh", str(ROOT / "run_autoglm_server.sh"), "--port", str(port), *options]
    with running(*command, url=url, AUTOGLM_API_KEY=key, verify=trust) as server:
        assert httpx.get(f"{url}/v1/models", verify=trust).status_code == 401
        body = ask("你能做什么？", stream=True)
        bearer = {"Authorization": f"Bearer {key}"}
        with httpx.stream(
            "POST", f"{url}/v1/chat/completions", json=body, timeout=60, headers=bearer, verify=trust
        ) as response:
            pieces = response.iter_text()
            received = next(pieces)
            server.process.send_signal(signal.SIGTERM)
            received += "".join(pieces)
        _, log = server.process.communicate(timeout=60)
    *_, last, done = [line for line in received.splitlines() if line]
    assert done == "data: [DONE]"
    assert '"finish_reason":"stop"' in last or '"code":"interrupted"' in last
    assert server.process.returncode in (0, -signal.SIGTERM)
    lines = (
        "Started server process",
        "Waiting for application startup.",
        "Application startup complete.",
        f"Uvicorn running on https://0.0.0.0:{port} (Press CTRL+C to quit)",
        "Shutting down",
        "Application shutdown complete.",
    )
    assert [line for line in lines if line not in log] == []
    assert "Traceback" not in log
    assert key not in log


def run_script(path: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "run_autoglm_server.sh"), *options],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ([], "no NVIDIA GPU"),
        (["NVIDIA GeForce RTX 4090, 24564"], "1 more"),
        (["NVIDIA T4, 15360", "NVIDIA T4, 15360"], "24 GB"),
    ],
)
def test_the_script_says_which_gpus_are_missing(tmp_path: Path, cards: list[str], said: str):
    tool = tmp_path / "nvidia-smi"
    lines = [f"echo '{card}'" for card in cards] or ["exit 9"]
    tool.write_text("\n".join(["#!/bin/sh", *lines]), encoding="ascii")
    tool.chmod(0o755)
    ended = run_script(f"{tmp_path}:/usr/bin:/bin", "--model", "zai-org/AutoGLM-Phone-9B")
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "AUTOGLM_SKIP_GPU_CHECK=1" in ended.stderr
