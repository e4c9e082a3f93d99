"""A real HTTP server that behaves as a test says: well, badly, slowly, or not at all."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Exchange:
    """One request, and the means to answer it byte by byte."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    #: Set when the client closed its connection while this was being answered.
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def head(self, status: int = 200, media_type: str = "text/event-stream", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {media_type}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join(lines) + "\r\n\r\n")

    async def send(self, data: str | bytes) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()

    async def reply(self, status: int, body: object, media_type: str | None = None, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        await self.head(status, media_type or "application/json", **headers)
        await self.send(text)

    async def stream(self, chunks: Iterable[object], done: bool = True, pause: float = 0.0) -> None:
        await self.head()
        for chunk in chunks:
            await self.send(f"data: {json.dumps(chunk)}\n\n")
            await asyncio.sleep(pause)
        if done:
            await self.send("data: [DONE]\n\n")


Handler = Callable[[Exchange], Awaitable[None]]


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of a stream; `more` are further fields of its delta."""
    delta = {key: value for key, value in {"content": content, **more}.items() if value is not None}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def answering(*contents: str, finish: str | None = "stop", done: bool = True) -> Handler:
    """A handler that streams `contents` as pieces of the answer."""

    async def handle(exchange: Exchange) -> None:
        ends = [chunk(finish=finish)] if finish else []
        await exchange.stream([chunk("", role="assistant"), *map(chunk, contents), *ends], done)

    return handle


def refusing(status: int, body: object, media_type: str | None = None, **headers: str) -> Handler:
    async def handle(exchange: Exchange) -> None:
        await exchange.reply(status, body, media_type, **headers)

    return handle


class Endpoint:
    """The server, in a thread of its own, while the `with` block runs.

    `routes` maps paths to handlers; `/v1/models` lists `models`, owned by `owner`.
    """

    def __init__(
        self,
        chat: Handler | None = None,
        models: Iterable[str] = ("m",),
        owner: str = "someone",
        routes: dict[str, Handler] | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        listed = {"object": "list", "data": [{"id": name, "owned_by": owner} for name in models]}
        self.routes = {
            "/v1/models": refusing(200, listed),
            "/v1/chat/completions": chat or answering("Hello."),
            **(routes or {}),
        }
        self.exchanges: list[Exchange] = []
        self.gone = threading.Event()
        self.asked = threading.Event()
        self._tls = tls
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Endpoint:
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    @property
    def chats(self) -> list[Any]:
        """The bodies of all chat requests so far."""
        return [one.json for one in self.exchanges if one.path.endswith("/chat/completions")]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            exchange = await _read(reader, writer)
            self.exchanges.append(exchange)
            if exchange.path.endswith("/chat/completions"):
                self.asked.set()
            watching = asyncio.create_task(self._watch(exchange))
            handler = self.routes.get(exchange.path, refusing(404, {"detail": "Not Found"}))
            try:
                await handler(exchange)
            finally:
                watching.cancel()
        with suppress(ConnectionError, OSError):
            writer.close()
            await writer.wait_closed()

    async def _watch(self, exchange: Exchange) -> None:
        with suppress(ConnectionError):
            await exchange.reader.read()
        exchange.gone.set()
        self.gone.set()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
    first = await reader.readexactly(1)
    if first == b"\x16":  # a TLS handshake: what nginx and uvicorn say to that
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        raise ConnectionError("not HTTP")
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Exchange(method, path, headers, body, reader, writer)


async def collect(events: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in events]
