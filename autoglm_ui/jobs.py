"""Generation in the background: a reply goes on when the page that asked for it is gone.

One thread runs one asyncio loop for every backend of the process, so that a backend's connections
live in one loop. Pages only tail a job: closing or reloading one changes nothing for the job.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

from autoglm_ui.conversation import INTERRUPTED
from engine.protocol import AssistantError, Backend, Event, Failed, FailureKind, Finished, Request

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two updates of a page. The eye reads ten a second as flowing, and each update
#: costs the browser a rendering of the reply.
COALESCING = 0.1


class BackgroundLoop:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="generation", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `work` in the loop; callable from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, timeout: float = 5.0) -> None:
        """Cancel everything that still runs, wait for it up to `timeout` seconds, and end the thread."""
        if self._loop.is_closed():
            return
        try:
            self.submit(_cancel_all()).result(timeout)
        except TimeoutError:
            log.warning("background work did not end within %.0f s", timeout)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self._loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Signal:
    """Wakes listeners that wait in other threads' event loops."""

    def __init__(self) -> None:
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._lock = threading.Lock()

    def set(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for loop, event in listeners:
            # A loop that was closed has nobody left to wake.
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set at each `set`."""
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.add(listener)
        try:
            yield listener[1]
        finally:
            with self._lock:
                self._listeners.discard(listener)


class Job:
    """One reply being generated.

    `fold` receives each event with the seconds since the job was made, from the background thread
    or from the one that calls `stop`, with `lock` held. The lock is the caller's own (re-entrant),
    so that holding it while calling `stop` cannot deadlock with an event that comes just then.
    """

    def __init__(
        self,
        loop: BackgroundLoop,
        backend: Backend,
        request: Request,
        fold: Callable[[Event, float], None],
        lock: threading.RLock,
    ) -> None:
        self._backend = backend
        self._request = request
        self._fold = fold
        self._began = time.monotonic()
        self._lock = lock
        self._settled = False
        self.changed = Signal()
        self._future = loop.submit(self._run())

    @property
    def request(self) -> Request:
        """What the backend was asked."""
        return self._request

    @property
    def settled(self) -> bool:
        """The reply has its last event."""
        return self._settled

    @property
    def elapsed(self) -> float:
        """Seconds since the job was made."""
        return time.monotonic() - self._began

    def stop(self) -> None:
        """End the reply now, keeping its text; closes the backend's stream. Idempotent."""
        self._emit(Finished("cancelled"))
        self._future.cancel()

    async def ended(self) -> None:
        """Wait, in any loop, until the backend's stream is closed."""
        await asyncio.wait([asyncio.wrap_future(self._future)])

    def _emit(self, event: Event) -> None:
        with self._lock:
            if self._settled:
                return
            self._fold(event, self.elapsed)
            # Only now: who sees the job settled must find the last event folded.
            self._settled = isinstance(event, Finished | Failed)
        self.changed.set()

    async def _run(self) -> None:
        try:
            async with aclosing(self._backend.stream(self._request)) as events:
                async for event in events:
                    self._emit(event)
                    if self._settled:
                        return
        except AssistantError as error:
            self._emit(error.as_event())
        except Exception as error:  # the last boundary before the page
            log.exception("the backend %r failed", self._backend.name)
            self._emit(
                Failed(
                    FailureKind.INTERNAL,
                    f"{type(error).__name__}: {error}",
                    "This is a defect of the program. Its log has the details. Try again.",
                )
            )
        finally:
            self._emit(INTERRUPTED)


async def tail(
    job: Job, begun: Callable[[], bool], interval: float = COALESCING
) -> AsyncGenerator[None, None]:
    """Yield now, then whenever something changed, and once more when the job is settled.

    At most every `interval` seconds, except that the first text (`begun` turns true) comes at once.
    Closing the generator leaves the job as it is.
    """
    with job.changed.listen() as changed:
        while True:
            changed.clear()
            settled, paced = job.settled, begun()
            yield
            if settled:
                return
            if paced:
                await asyncio.sleep(interval)
            await changed.wait()
