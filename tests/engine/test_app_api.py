"""The page and the service from one process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.engine.serving import eventually, free_port

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_and_the_service_are_one_program(tmp_path: Path):
    command = [sys.executable, str(ROOT / "app.py"), "--model", "scripted:delay=0.01", "--no-browser"]
    port = free_port()
    command += ["--api", "--api-key", "sk-both", "--port", str(port), "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert first_answer(f"http://127.0.0.1:{port}/v1/models").status_code == 401, (
                "it is there at once"
            )
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            assert httpx.get(f"{url}/health").json() == {"status": "ok", "model": "scripted"}
            assert "<!doctype html>" in httpx.get(url, timeout=30).text
            for path in ("/v1/models", "/v1/nothing", "/metrics"):
                assert httpx.get(url + path).status_code == 401
            client = openai.OpenAI(base_url=f"{url}/v1", api_key="sk-both")
            assert client.models.list().data[0].id == "scripted"
            messages: Any = [{"role": "user", "content": "Hello"}]
            chunks = client.chat.completions.create(model="scripted", messages=messages, stream=True)
            said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            assert said.endswith("Text received: Hello")
            bearer = {"Authorization": "Bearer sk-both"}
            assert 'outcome="stop"} 1.0' in httpx.get(f"{url}/metrics", headers=bearer).text
            stranger = {"Host": "evil.example", **bearer}
            assert httpx.get(f"{url}/v1/models", headers=stranger).status_code == 400
        finally:
            process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize("model", ["scripted:delay=0.05", "scripted:load=4000"], ids=["writing", "loading"])
def test_ending_the_program_tells_those_who_still_listen(tmp_path: Path, model: str):
    command = [sys.executable, str(ROOT / "app.py"), "--model", model, "--no-browser", "--port", "0"]
    told: dict[bool, tuple[int, str]] = {}
    with subprocess.Popen(
        [*command, "--api", "--data-dir", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]

        def listen(stream: bool) -> None:
            body = {"messages": [{"role": "user", "content": "/long 5000"}], "stream": stream}
            answered = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60)
            told[stream] = answered.status_code, answered.text

        listeners = [threading.Thread(target=listen, args=[stream]) for stream in (False, True)]
        for listener in listeners:
            listener.start()
        try:
            assert eventually(lambda: "in_flight 2.0" in httpx.get(f"{url}/metrics").text, 60)
        finally:
            process.terminate()
        for listener in listeners:
            listener.join(60)
        assert process.wait(60) == 0
    assert told[False][0] == 503 and json.loads(told[False][1])["error"]["code"] == "interrupted"
    if model.endswith("0.05"):
        assert told[True][0] == 200
        *_, last, done = [line for line in told[True][1].splitlines() if line]
        assert done == "data: [DONE]" and '"code":"interrupted"' in last
    else:
        assert told[True] == told[False]


def first_answer(url: str) -> httpx.Response:
    """What is answered as soon as anything is."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        try:
            answers.append(httpx.get(url, timeout=30))
        except httpx.ConnectError:
            return False
        return True

    assert eventually(answered, 120)
    return answers[0]
