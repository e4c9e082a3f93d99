"""Who hangs up costs nothing from then on, and who stays is answered."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import Any

import httpx
import openai
import pytest

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from tests.engine.calls import ask, fold, sent_events
from tests.engine.serving import Service, eventually, serving
from tests.engine.test_wire import recording


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_hanging_up_before_the_first_byte_closes_the_backend(stream: bool):
    backend = ScriptedBackend(Script(load=60))
    body = json.dumps(ask(stream=stream)).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serving(backend) as service:
        url = httpx.URL(service.url)
        with socket.create_connection((url.host, url.port or 80)) as connection:
            connection.sendall(head.encode() + body)
            assert eventually(lambda: backend.open_streams == 1)
        assert eventually(lambda: backend.open_streams == 0)


def test_hanging_up_in_the_middle_closes_the_backend():
    backend = ScriptedBackend(Script(delay=0.02))
    with serving(backend) as service:
        client = openai.OpenAI(base_url=f"{service.url}/v1", api_key="none")
        messages: Any = ask("/long 5000")["messages"]
        stream = client.chat.completions.create(model="scripted", messages=messages, stream=True)
        for _, _chunk in zip(range(5), stream, strict=False):
            assert backend.open_streams == 1
        stream.close()
        assert eventually(lambda: backend.open_streams == 0)


def test_hanging_up_on_a_whole_answer_closes_the_backend():
    backend = ScriptedBackend(Script(delay=0.02))
    with serving(backend) as service:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{service.url}/v1/chat/completions", json=ask("/long 5000"), timeout=0.5)
        assert eventually(lambda: backend.open_streams == 0)


def test_hanging_up_closes_every_choice():
    backend = ScriptedBackend(Script(delay=0.02))
    with serving(backend) as service:
        client = openai.OpenAI(base_url=f"{service.url}/v1", api_key="none")
        messages: Any = ask("/long 5000")["messages"]
        stream = client.chat.completions.create(model="scripted", messages=messages, stream=True, n=4)
        for _, _chunk in zip(range(8), stream, strict=False):
            pass
        assert backend.open_streams == 4
        stream.close()
        assert eventually(lambda: backend.open_streams == 0)
        with pytest.raises(httpx.ReadTimeout):
            body = ask("/long 5000", n=4)
            httpx.post(f"{service.url}/v1/chat/completions", json=body, timeout=0.5)
        assert eventually(lambda: backend.open_streams == 0)


def test_hanging_up_on_a_transcription_closes_the_backend():
    backend = ScriptedBackend(Script(load=60))
    with serving(backend) as service:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{service.url}/v1/audio/transcriptions",
                files={"file": ("recording.wav", recording(0.5))},
                timeout=0.5,
            )
        assert eventually(lambda: backend.open_streams == 0)


async def test_of_many_clients_those_who_stay_are_answered():
    backend = ScriptedBackend(Script(delay=0.005))
    with serving(backend) as service:
        async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=None)) as client:

            async def stay() -> str:
                response = await client.post(f"{service.url}/v1/chat/completions", json=ask(stream=True))
                return "".join(
                    event["choices"][0]["delta"].get("content", "") for event in sent_events(response)
                )

            async def leave() -> None:
                body = ask("/long 5000", stream=True)
                async with client.stream("POST", f"{service.url}/v1/chat/completions", json=body) as response:
                    await anext(response.aiter_raw())

            answers = await asyncio.gather(*(stay() if index % 2 else leave() for index in range(32)))
        _, answer = await asyncio.to_thread(fold, ask())
        assert answers[1::2] == [answer] * 16
        assert await asyncio.to_thread(eventually, lambda: backend.open_streams == 0)


def test_stopping_the_server_tells_those_who_still_listen():
    backend = ScriptedBackend(Script(delay=0.02))
    received: list[str] = []
    service = Service(backend)

    def listen() -> None:
        with httpx.stream(
            "POST", f"{service.url}/v1/chat/completions", json=ask("/long 5000", stream=True), timeout=10
        ) as response:
            received.extend(line for line in response.iter_lines() if line)

    listener = threading.Thread(target=listen)
    listener.start()
    assert eventually(lambda: backend.open_streams == 1)
    service.stop()
    listener.join(10)
    assert not listener.is_alive()
    assert received[-1] == "data: [DONE]"
    assert json.loads(received[-2].removeprefix("data: "))["error"]["code"] == "interrupted"
    assert backend.open_streams == 0
