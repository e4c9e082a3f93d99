"""The same request, asked here and over HTTP by the page's own remote backend, becomes the same reply."""

from __future__ import annotations

import asyncio
import io
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from autoglm_ui.backends.remote import RemoteBackend
from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.conversation import Conversation, Reply, apply, send
from engine.media import read_audio, read_image
from engine.protocol import Backend, Message, Options, Request, TextPart, Usage
from engine.runtime import Runtime
from tests.engine.serving import eventually, serving


def replies_in_page(backend: Backend, *requests: Request) -> list[Reply]:
    """What the page holds when `backend` has answered each of `requests`."""

    async def fold(request: Request) -> Reply:
        state = send(request.messages[-1], Conversation())
        async with aclosing(backend.stream(request)) as events:
            async for event in events:
                state = apply(event, state)
        assert state.last is not None
        return state.last.reply

    async def fold_all() -> list[Reply]:
        replies = [await fold(request) for request in requests]
        await backend.aclose()
        return replies

    return asyncio.run(fold_all())


def counts(usage: Usage) -> tuple[int, int, int, int, int]:
    """Tokens; none and not counted are one here."""
    prompt = (usage.prompt_tokens or 0, usage.image_tokens or 0, usage.audio_tokens or 0)
    return (*prompt, usage.reasoning_tokens or 0, usage.answer_tokens or 0)


def said(reply: Reply) -> tuple[object, ...]:
    assert reply.status == "done", reply.failure
    return (reply.reasoning, reply.answer, reply.finish, counts(reply.usage))


TEXTS = [
    "Hello there",
    "/code",
    "/long 40",
    "/say 你好，世界 👋🏽",
    '/say a & b <b>c</b>\n\n\ttabs and \\ "quotes" \u2028 and more',
    "/say It writes <think> before it thinks",
]


@pytest.mark.parametrize("thinking", [True, False])
def test_a_script_says_the_same(thinking: bool):
    messages = [Message("user", (TextPart(text),)) for text in TEXTS]
    requests = [Request((message,), Options(thinking=thinking)) for message in messages]
    here = replies_in_page(ScriptedBackend(Script(delay=0)), *requests)
    with serving(ScriptedBackend(Script(delay=0))) as service:
        there = replies_in_page(RemoteBackend(f"{service.url}/v1"), *requests)
    assert list(map(said, here)) == list(map(said, there))


@pytest.mark.parametrize("text", ["/fail too_long", "/fail busy", "/fail out_of_memory", "/cut", "/raise"])
def test_what_had_arrived_before_a_failure_is_kept(text: str):
    request = Request((Message("user", (TextPart(text),)),))
    with serving(ScriptedBackend(Script(delay=0))) as service:
        (reply,) = replies_in_page(RemoteBackend(f"{service.url}/v1"), request)
    assert reply.status == "failed"
    assert reply.failure is not None
    assert reply.failure.message and reply.failure.remedy
    assert reply.answer.strip() == "This is a"
    assert reply.reasoning


def test_stopping_in_the_page_stops_the_server():
    backend = ScriptedBackend(Script(delay=0.02))

    async def read_a_little(remote: RemoteBackend) -> None:
        request = Request((Message("user", (TextPart("/long 5000"),)),))
        async with aclosing(remote.stream(request)) as events:
            for _ in range(5):
                await anext(events)
            assert backend.open_streams == 1
        await remote.aclose()

    with serving(backend) as service:
        asyncio.run(read_a_little(RemoteBackend(f"{service.url}/v1")))
        assert eventually(lambda: backend.open_streams == 0)


# ---------------------------------------------------------------------------- with a real model


@pytest.mark.slow
def test_a_model_says_the_same(checkpoint: Path, screenshot: Image.Image, voice: np.ndarray):
    picture, sound = io.BytesIO(), io.BytesIO()
    screenshot.save(picture, "PNG")
    soundfile.write(sound, voice, 16_000, format="FLAC")
    seen, heard = read_image(picture.getvalue()), read_audio(sound.getvalue())
    asked = [(TextPart("屏幕上有什么？"),), (TextPart("打开相机"), seen, heard), (seen,), (heard,)]
    requests = [
        Request((Message("user", parts),), Options(max_new_tokens=24, thinking=thinking))
        for parts in asked
        for thinking in (True, False)
    ]
    here = replies_in_page(Runtime(str(checkpoint)), *requests)
    with serving(Runtime(str(checkpoint)), served_name="tiny") as service:
        there = replies_in_page(RemoteBackend(f"{service.url}/v1"), *requests)
    assert list(map(said, here)) == list(map(said, there))
    assert any(reply.reasoning for reply in here)
    assert any(reply.answer for reply in here)
