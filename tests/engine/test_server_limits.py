"""Who is let in, and how much of what they send: the key, the sizes, how many at once."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import zlib
from typing import Any

import httpx
import openai
import pytest

from autoglm_ui.backends.remote import RemoteBackend
from autoglm_ui.backends.scripted import Script, ScriptedBackend
from engine.protocol import Message, Request, TextPart
from tests.engine.calls import ask, error_of, post
from tests.engine.serving import Service, eventually, serving
from tests.engine.test_wire import packed, picture, recording

KEY = "sk-nano-ключ"


# ----------------------------------------------------------------------------------- the key


def test_the_key_is_asked_for_everywhere_but_at_health():
    with serving(ScriptedBackend(Script(delay=0)), api_key=KEY) as service:
        assert httpx.get(f"{service.url}/health").status_code == 200
        bearer = f"Bearer {KEY}".encode()
        wrong = [
            b"",
            b"Bearer",
            b"Bearer nope",
            bearer[:-1],
            bearer + b"x",
            KEY.encode(),
            b"Basic x",
        ]
        for path in ("/v1/models", "/v1/models/scripted", "/openapi.json", "/v1/nothing"):
            for header in wrong:
                refused = httpx.get(service.url + path, headers={b"Authorization": header})
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"] == "Bearer"
                assert error_of(refused)["code"] == "invalid_api_key"
                assert KEY not in refused.text
        assert post(service, ask()).status_code == 401
        for header in (bearer, b"bearer  " + KEY.encode()):
            assert post(service, ask(), headers={b"Authorization": header}).status_code == 200
        preflight = {"Origin": "http://localhost", "Access-Control-Request-Method": "POST"}
        assert httpx.options(f"{service.url}/v1/models", headers=preflight).status_code == 200


def test_a_key_is_never_logged_not_even_to_find_a_defect(caplog: pytest.LogCaptureFixture):
    """Neither here nor where this program is itself the client."""
    right, wrong = "sk-right-0123456789", "sk-wrong-0123456789"

    async def answered(url: str, key: str) -> None:
        async for _ in (backend := RemoteBackend(f"{url}/v1", key)).stream(
            Request((Message("user", (TextPart("Hello"),)),))
        ):
            pass
        await backend.aclose()

    caplog.set_level("DEBUG")
    for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2", "uvicorn"):
        caplog.set_level("DEBUG", name)
    with serving(ScriptedBackend(Script(delay=0)), api_key=right) as service:
        for key in (right, wrong):
            asyncio.run(answered(service.url, key))
            post(service, ask("/raise"), headers={"Authorization": f"Bearer {key}"})
    assert "the script was asked to raise" in caplog.text and "chat/completions" in caplog.text
    assert right not in caplog.text and wrong not in caplog.text


def test_openai_python_sends_the_key():
    with serving(ScriptedBackend(Script(delay=0)), api_key="sk-right") as service:
        with pytest.raises(openai.AuthenticationError, match="API key"):
            openai.OpenAI(base_url=f"{service.url}/v1", api_key="sk-wrong").models.list()
        assert openai.OpenAI(base_url=f"{service.url}/v1", api_key="sk-right").models.list().data


# ---------------------------------------------------------------------------------- the sizes


@pytest.mark.parametrize("size", [100_001, 390_000])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_a_413_that_the_client_gets_to_read(declared: bool, size: int):
    whole = b" " * size
    pieces = (whole[start : start + 30_000] for start in range(0, size, 30_000))
    headers = {"content-type": "application/json"}
    with serving(ScriptedBackend(Script(delay=0)), body_max=100_000) as service:
        url = f"{service.url}/v1/chat/completions"
        response = httpx.post(url, content=whole if declared else pieces, headers=headers)
        assert response.status_code == 413
        assert error_of(response)["code"] == "request_too_large"
        assert post(service, ask("x" * 90_000, max_tokens=1)).status_code == 200


@pytest.mark.parametrize("key", ["sk-slow", "sk-other"], ids=["let in", "refused"])
def test_a_body_that_never_ends_is_given_up(key: str):
    """Else so many slow clients as may be here at once would keep everyone out."""
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    )
    with serving(ScriptedBackend(Script(delay=0)), api_key="sk-slow", body_patience=0.3) as service:
        url = httpx.URL(service.url)
        with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
            connection.sendall(head.encode())
            with connection.makefile("rb") as reader:
                told = reader.read().decode()
    status, code = ("408", "request_too_slow") if key == "sk-slow" else ("401", "invalid_api_key")
    assert told.startswith(f"HTTP/1.1 {status}") and code in told


def test_requests_beyond_those_that_memory_is_for_are_told_when_to_come_back():
    backend = ScriptedBackend(Script(load=60))
    with serving(backend, at_once_max=1) as service, httpx.Client(timeout=10) as client:
        listener = threading.Thread(target=listen_a_while, args=[service])
        listener.start()
        assert eventually(lambda: backend.open_streams == 1)
        refused = client.post(f"{service.url}/v1/chat/completions", json=ask())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert error_of(refused)["type"] == "rate_limit_error"
        assert client.get(f"{service.url}/v1/models").status_code == 200
        listener.join()
        assert eventually(lambda: backend.open_streams == 0)
        assert client.post(f"{service.url}/v1/chat/completions", json=ask(n=0)).status_code == 400


def listen_a_while(service: Service) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{service.url}/v1/chat/completions", json=ask(stream=True), timeout=1.0)


def claiming(width: int, height: int) -> bytes:
    """A small PNG file whose header claims another size."""
    header = b"IHDR" + struct.pack(">II", width, height) + picture()[24:29]
    return picture()[:12] + header + struct.pack(">I", zlib.crc32(header)) + picture()[33:]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": f"data:image/png;base64,{packed(claiming(8000, 7000))}"},
        {"type": "input_audio", "input_audio": {"data": packed(recording(61)), "format": "wav"}},
    ],
    ids=["pixels", "seconds"],
)
def test_media_over_a_limit_are_a_413_that_says_the_limit(service: Service, part: dict[str, Any]):
    refused = post(service, ask() | {"messages": [{"role": "user", "content": [part]}]})
    assert refused.status_code == 413
    error = error_of(refused)
    assert (error["code"], error["param"]) == ("media_too_large", "messages.0.content.0")
    assert "50 million" in error["message"] or "60 seconds" in error["message"]
