"""Watches the bytes of one response: what the SDK on top does not tell.

The SDK hides whether `[DONE]` came, takes a web page for an empty stream, and cannot be made to close a
connection at once. The tap sees each response before the SDK does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextvars import ContextVar
from typing import Any, TypeVar

import httpx2

from autoglm_ui.backends.remote.failures import NotAStream

_REPLY_BYTES_MAX = 16 * 2**20  # of an answer that comes in one piece
_PAGE_BYTES_MAX = 64 * 2**10  # of something else, to quote its beginning
_DONE = b"[DONE]"

T = TypeVar("T")

_current: ContextVar[Tap | None] = ContextVar("current_tap", default=None)


async def observe(response: httpx2.Response) -> None:
    """A response hook: shows `response` to the tap of the request that the running task makes."""
    tap = _current.get()
    if tap is not None:
        await tap.attach(response)


class Tap:
    """Of one request: what its response was, and how it ended."""

    def __init__(self) -> None:
        self.done = False
        self._response: httpx2.Response | None = None

    async def first(self, stream: AsyncGenerator[T, None]) -> T | None:
        """The first item of `stream`, watching the response that it asks for meanwhile."""
        token = _current.set(self)
        try:
            return await anext(stream, None)
        finally:
            _current.reset(token)

    async def attach(self, response: httpx2.Response) -> None:
        """Called with each response before its body is read. Raises `NotAStream`."""
        self._response = response
        if response.status_code != 200:
            return
        media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type == "application/json":
            body = await _read(response, _REPLY_BYTES_MAX)
            response.stream = _Bytes(_as_stream(body, media_type))
            response.headers["content-type"] = "text/event-stream"
        elif media_type in ("text/html", "application/xhtml+xml", "text/xml", "application/xml"):
            body = await _read(response, _PAGE_BYTES_MAX)
            raise NotAStream(media_type, body.decode(errors="replace"))
        response.stream = _Watched(response.stream, self)

    async def close(self) -> None:
        """Close the connection, unless the whole response was read. Idempotent."""
        if self._response is not None:
            await self._response.aclose()


async def _read(response: httpx2.Response, limit: int) -> bytes:
    """At most `limit` bytes of the body; the response is closed after."""
    body = b""
    try:
        async for piece in response.stream:  # type: ignore[union-attr]
            body += piece
            if len(body) > limit:
                break
    finally:
        await response.stream.aclose()  # type: ignore[union-attr]
    return body[:limit]


def _as_stream(body: bytes, media_type: str) -> bytes:
    """A whole completion, from a server that does not stream, as a stream of one chunk."""
    try:
        reply: Any = json.loads(body)
    except ValueError:
        raise NotAStream(media_type, body.decode(errors="replace")) from None
    if not isinstance(reply, dict) or not (reply.get("choices") or reply.get("error") or "message" in reply):
        raise NotAStream(media_type, body.decode(errors="replace"))
    choices = [one for one in reply.get("choices") or [] if isinstance(one, dict)]
    chunk = reply | {"choices": [one | {"delta": one.get("message") or {}} for one in choices]}
    return b"data: %s\n\ndata: [DONE]\n\n" % json.dumps(chunk).encode()


class _Bytes(httpx2.AsyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data


class _Watched(httpx2.AsyncByteStream):
    """Passes `stream` on and notes when the mark of its end came by."""

    def __init__(self, stream: Any, tap: Tap) -> None:
        self._stream = stream
        self._tap = tap

    async def __aiter__(self) -> AsyncIterator[bytes]:
        tail = b""
        async for piece in self._stream:
            tail = tail[-len(_DONE) :] + piece
            self._tap.done = self._tap.done or _DONE in tail
            tail = tail[-len(_DONE) :]
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
