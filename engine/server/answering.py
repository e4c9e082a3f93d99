"""One answer on its way to one client: as a stream of server-sent events, or whole.

The backend runs in the task of the request and for as long as the client listens: a client that hangs
up, at any moment and whether it streams or not, closes the backend's generator at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from engine.protocol import Event, Failed, Finished, Usage
from engine.server.call import Call
from engine.server.errors import ApiError, interrupted
from engine.server.wire import Choice, Envelope, total

log = logging.getLogger(__name__)

_STOPPING = "the server is stopping"
KEEP_ALIVE = 15.0  # seconds; proxies commonly give up after 60 without a byte

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SSE_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the stream back
]


def error_response(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body, error.status, error.headers)


class Channel:
    """The response body as server-sent events. The first thing sent begins it, with status 200."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sending = asyncio.Lock()
        self._last_sent = 0.0
        self.begun = False

    async def data(self, payload: dict[str, Any]) -> None:
        await self._write(f"data: {_JSON.encode(payload)}\n\n")

    async def done(self) -> None:
        await self._write("data: [DONE]\n\n", more=False)

    async def keep_alive(self, interval: float) -> None:
        """Send a comment whenever nothing was sent for `interval` seconds; runs until cancelled."""
        loop = asyncio.get_running_loop()
        self._last_sent = loop.time()
        while True:
            quiet = loop.time() - self._last_sent
            await asyncio.sleep(interval - quiet)
            if loop.time() - self._last_sent >= interval:
                await self._write(": keep-alive\n\n")

    async def _write(self, text: str, more: bool = True) -> None:
        body = text.encode("utf-8", "replace")
        async with self._sending:
            self._last_sent = asyncio.get_running_loop().time()
            if not self.begun:
                self.begun = True
                await self._send({"type": "http.response.start", "status": 200, "headers": _SSE_HEADERS})
            await self._send({"type": "http.response.body", "body": body, "more_body": more})


class Attendance:
    """The responses that are on their way, so that a program which ends can end them with a word.

    A server that cancels its tasks when it stops needs nothing of this.
    """

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}
        self._ended = False

    @contextmanager
    def joined(self) -> Iterator[None]:
        """The running task makes a response. Raises `ApiError` when the end has come."""
        if self._ended:
            raise interrupted(_STOPPING)
        task = asyncio.current_task()
        assert task is not None
        self._running[task] = asyncio.get_running_loop()
        try:
            yield
        finally:
            del self._running[task]

    def end(self) -> None:
        """Whoever still listens is told that the server is stopping, and new ones, too. On any thread."""
        self._ended = True
        for task, loop in list(self._running.items()):
            loop.call_soon_threadsafe(task.cancel)


class Attended(Response):
    """A response made of `events` for as long as the client listens, and `attendance` goes on.

    A failure before the first byte has its own HTTP status.
    """

    def __init__(self, events: AsyncGenerator[Any, None], name: str, attendance: Attendance) -> None:
        super().__init__()
        self._events = events
        self._name = name
        self._attendance = attendance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._attendance.joined():
            try:
                async with aclosing(self._events), asyncio.TaskGroup() as tasks:
                    leaving = tasks.create_task(_until_disconnect(receive))
                    await self._tell(scope, receive, send, leaving)
                    leaving.cancel()
            except* ClientDisconnect:
                log.info("the client hung up; %s was stopped", self._name)

    async def _tell(self, scope: Scope, receive: Receive, send: Send, leaving: asyncio.Task[None]) -> None:
        channel = Channel(send)
        try:
            whole = await self._say(channel)
        except asyncio.CancelledError:
            if leaving.done():
                raise
            failure = interrupted(_STOPPING)
        except Exception as error:
            failure = ApiError.raised(error)
        else:
            if whole is not None:
                await whole(scope, receive, send)
            return
        if channel.begun:
            await channel.data(failure.body)
            await channel.done()
        else:
            await error_response(failure)(scope, receive, send)

    async def _say(self, channel: Channel) -> Response | None:
        """Tell all of it through `channel`, or return it whole."""
        raise NotImplementedError


class Spoken(Attended):
    """What `write` makes of `events`, whole."""

    def __init__(
        self,
        events: AsyncGenerator[Event, None],
        name: str,
        attendance: Attendance,
        write: Callable[[AsyncGenerator[Event, None]], Awaitable[Response]],
    ) -> None:
        super().__init__(events, name, attendance)
        self._write = write

    async def _say(self, channel: Channel) -> Response:
        return await self._write(self._events)


class Answer(Attended):
    """Runs `events`, each with the number of its choice, and tells them to the client as `call` asks.

    A failure after the first byte is an error event in the stream. Every stream that has begun ends with
    `[DONE]`.
    """

    def __init__(
        self,
        events: AsyncGenerator[tuple[int, Event], None],
        call: Call,
        envelope: Envelope,
        attendance: Attendance,
        keep_alive: float = KEEP_ALIVE,
    ) -> None:
        super().__init__(events, envelope.id, attendance)
        self._call = call
        self._envelope = envelope
        self._keep_alive = keep_alive
        scored = call.request.options.logprobs is not None
        self._choices = [Choice(index, call.display, envelope, scored) for index in range(call.choices)]

    async def _say(self, channel: Channel) -> Response | None:
        if not self._call.stream:
            return JSONResponse(await self._whole())
        beat = asyncio.create_task(channel.keep_alive(self._keep_alive))
        try:
            await self._stream(channel)
        finally:
            beat.cancel()
        return None

    async def _stream(self, channel: Channel) -> None:
        async for index, event in self._events:
            _check(event)
            for chunk in self._choices[index].chunks(event):
                await channel.data(chunk)
        self._check_ended()
        if self._call.include_usage:
            await channel.data(self._envelope.usage_chunk(self._usage()))
        await channel.done()

    async def _whole(self) -> dict[str, Any]:
        async for index, event in self._events:
            _check(event)
            self._choices[index].add(event)
        self._check_ended()
        return self._envelope.completion([choice.whole() for choice in self._choices], self._usage())

    def _check_ended(self) -> None:
        if any(choice.end is None for choice in self._choices):
            raise interrupted("the answer ended before it was finished")

    def _usage(self) -> Usage:
        return total([choice.end.usage for choice in self._choices if choice.end is not None])


def _check(event: Event) -> None:
    """Raises `ApiError` for an event that ends the call before its answer is complete."""
    if isinstance(event, Failed):
        raise ApiError.of(event)
    if isinstance(event, Finished) and event.reason == "cancelled":
        # Nobody who still listens has cancelled: the backend stops because the server does.
        raise interrupted(_STOPPING)


async def _until_disconnect(receive: Receive) -> None:
    """Wait for the client to hang up. Raises `ClientDisconnect`, which ends its task group."""
    while (await receive())["type"] != "http.disconnect":
        pass
    raise ClientDisconnect
