"""Hooks of the HTTP client that count what goes out and what comes in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from autoglm_ui.meter import METER


async def count_request(request: httpx2.Request) -> None:
    """A request is about to be sent."""
    METER.asked(_host(request.url), int(request.headers.get("content-length", 0)))


async def count_response(response: httpx2.Response) -> None:
    """A response began; its body is counted as it is read."""
    response.stream = _Counted(response.stream, _host(response.url))


def _host(url: httpx2.URL) -> str:
    return f"{url.host}:{url.port}" if url.port else url.host


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, host: str) -> None:
        self._stream = stream
        self._host = host

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            METER.received(self._host, len(piece))
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
