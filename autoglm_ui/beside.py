"""Replies beside those that count: of a second backend, without a medium, and of a replay."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from autoglm_ui import conversation
from autoglm_ui.backends.choice import BackendChoice, BackendPool
from autoglm_ui.conversation import Conversation, Left, Reply
from autoglm_ui.jobs import BackgroundLoop, Job
from engine.protocol import AssistantError, Backend, Event, Failed, FailureKind, Options, Request

#: What fails for one question in these ways fails for every other.
_HOPELESS = frozenset(
    {
        FailureKind.LOAD_FAILED,
        FailureKind.NOT_FOUND,
        FailureKind.RATE_LIMITED,
        FailureKind.TIMED_OUT,
        FailureKind.UNAUTHORIZED,
        FailureKind.UNREACHABLE,
    }
)


class NoSecond(AssistantError):
    """Something is asked of a second backend, and none was chosen."""

    kind = FailureKind.INVALID_REQUEST

    def __init__(self) -> None:
        super().__init__("there is no second backend", "Choose what should answer beside the first.")


@dataclass(frozen=True, slots=True)
class Replay:
    """How far a conversation has been asked again: `done` of `total` turns were answered by `backend`."""

    backend: str
    total: int
    done: int = 0
    state: Literal["running", "done", "stopped", "failed"] = "running"


class Beside:
    """The second backend of one conversation, and the reply under way beside the one that counts.

    `lock` is the conversation's own; `read` and `write` give and take it, `write` with whether it must be
    saved at once. `limited` makes a backend stop where it must.
    """

    def __init__(
        self,
        loop: BackgroundLoop,
        pool: BackendPool,
        lock: threading.RLock,
        read: Callable[[], Conversation],
        write: Callable[[Conversation, bool], None],
        limited: Callable[[Backend], Backend] = lambda backend: backend,
    ) -> None:
        self._loop = loop
        self._pool = pool
        self._lock = lock
        self._read = read
        self._write = write
        self._limited = limited
        self._choice: BackendChoice | None = None
        self._job: Job | None = None
        self._replay: Replay | None = None
        self._ticket = ""

    @property
    def choice(self) -> BackendChoice | None:
        """The second backend, which is asked everything that the first is; None for none."""
        return self._choice

    @property
    def backend(self) -> Backend | None:
        return self._pool.get(self._choice) if self._choice is not None else None

    @property
    def job(self) -> Job | None:
        """The reply under way, or the last one."""
        return self._job

    @property
    def replay(self) -> Replay | None:
        """The replay under way, or the last one."""
        return self._replay

    @property
    def ticket(self) -> str:
        """A name for what is under way, a reply or a whole replay; empty if nothing is."""
        return self._ticket if self.busy else ""

    @property
    def busy(self) -> bool:
        return bool(self._job and not self._job.settled) or self._running()

    def choose(self, choice: BackendChoice | None) -> None:
        """Ask another second backend from now on, or none. Not while it is `busy`."""
        if choice == self._choice:
            if choice is not None:
                self._pool.renew(choice)
            return
        if choice is not None:
            self._pool.lease(choice)
        previous, self._choice = self._choice, choice
        if previous is not None:
            self._pool.release(previous)

    def blank(self, backend: Backend, without: tuple[Left, ...] = ()) -> Reply:
        return Reply(id=uuid.uuid4().hex, backend=backend.name, without=without, compared=True)

    def answer(self, reply: Reply, request: Request, backend: Backend) -> Job:
        """Let `backend` answer `request`; what it says is folded into the other reply with that id."""

        def fold(event: Event, at: float) -> None:
            self._write(conversation.apply_beside(event, reply.id, self._read(), at), False)

        if not self._running():
            self._ticket = reply.id
        self._job = Job(self._loop, self._limited(backend), request, fold, self._lock)
        return self._job

    def begin(self, exchange: str, request: Request, backend: Backend, without: tuple[Left, ...] = ()) -> Job:
        """A new reply beside that of the exchange with that id."""
        reply = self.blank(backend, without)
        self._write(conversation.beside(reply, exchange, self._read()), True)
        return self.answer(reply, request, backend)

    def start_replay(self, options: Options) -> None:
        """Ask the second backend every question again, one after the other, with the history that it had.

        Raises `NoSecond`.
        """
        if self._choice is None:
            raise NoSecond
        self._pool.renew(self._choice)
        state, backend = self._read(), self._pool.get(self._choice)
        self._replay, self._ticket = Replay(backend.name, len(state.exchanges)), uuid.uuid4().hex
        self._loop.submit(self._ask_again(state, options, backend))

    def forget_replay(self) -> None:
        """Say nothing more of a replay that is over; the answers stay."""
        with self._lock:
            if not self._running():
                self._replay = None

    def stop(self) -> None:
        """End the reply and the replay under way, keeping their text."""
        with self._lock:
            if self._replay and self._running():
                self._replay = replace(self._replay, state="stopped")
            if self._job is not None:
                self._job.stop()

    def close(self) -> None:
        self.stop()
        if self._choice is not None:
            self._pool.release(self._choice)
            self._choice = None

    async def _ask_again(self, state: Conversation, options: Options, backend: Backend) -> None:
        for number, exchange in enumerate(state.exchanges):
            with self._lock:
                if not self._running():
                    return
                request = conversation.turn(number, state, options)
                job = self.begin(exchange.id, request, backend)
            await job.ended()
            with self._lock:
                if self._replay is None or not self._running():
                    return
                over = "failed" if self._hopeless(exchange.id) else "running"
                self._replay = replace(self._replay, done=number + 1, state=over)
        with self._lock:
            if self._replay is not None and self._running():
                self._replay = replace(self._replay, state="done")

    def _running(self) -> bool:
        return self._replay is not None and self._replay.state == "running"

    def _hopeless(self, exchange: str) -> Failed | None:
        found = conversation.find(exchange, self._read())
        reply = found.beside if found else None
        failure = reply.failure if reply else None
        return failure if failure and failure.kind in _HOPELESS else None
