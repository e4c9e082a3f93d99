"""Replies in the background: they outlive whoever looks on, stop at once, and end in every case."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator

import pytest

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.jobs import BackgroundLoop, Job, tail
from engine.protocol import (
    AnswerAdded,
    Busy,
    Event,
    Failed,
    FailureKind,
    Finished,
    Message,
    Perceived,
    ReasoningAdded,
    Request,
    TextPart,
)


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop()
    yield loop
    loop.close()


class Listener:
    """What a job folded, as the conversation would."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def fold(self, event: Event, at: float) -> None:
        assert at >= 0
        self.events.append(event)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, AnswerAdded))

    @property
    def begun(self) -> bool:
        return any(isinstance(event, AnswerAdded | ReasoningAdded) for event in self.events)


def asking(text: str) -> Request:
    return Request((Message("user", (TextPart(text),)),))


def until(condition: Callable[[], object]) -> None:
    """Wait for `condition`, up to ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def start(loop: BackgroundLoop, backend: ScriptedBackend, text: str) -> tuple[Job, Listener]:
    listener = Listener()
    return Job(loop, backend, asking(text), listener.fold, threading.RLock()), listener


def test_job_ends_by_itself_with_nobody_looking(loop: BackgroundLoop) -> None:
    job, listener = start(loop, ScriptedBackend(Script(delay=0)), "hello")
    until(lambda: job.settled)
    assert isinstance(listener.events[0], Perceived)
    assert isinstance(listener.events[-1], Finished)
    assert listener.text.endswith("Text received: hello")


def test_stop_keeps_the_text_and_closes_the_backends_stream(loop: BackgroundLoop) -> None:
    backend = ScriptedBackend(Script(delay=0.01))
    job, listener = start(loop, backend, "/long 5000")
    until(lambda: "word 3," in listener.text)
    assert backend.open_streams == 1
    job.stop()
    assert job.settled
    assert listener.events[-1] == Finished("cancelled")
    until(lambda: backend.open_streams == 0)
    length = len(listener.events)
    job.stop()
    time.sleep(0.05)
    assert len(listener.events) == length


def test_stop_before_the_first_event_settles_the_job(loop: BackgroundLoop) -> None:
    backend = ScriptedBackend(Script(load=3600))
    job, listener = start(loop, backend, "hello")
    job.stop()
    assert listener.events[-1] == Finished("cancelled")
    until(lambda: backend.open_streams == 0)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/cut", FailureKind.INTERRUPTED),
        ("/raise", FailureKind.INTERNAL),
        ("/fail rate_limited", FailureKind.RATE_LIMITED),
    ],
)
def test_every_end_is_an_event_and_keeps_what_had_arrived(
    loop: BackgroundLoop, text: str, kind: FailureKind
) -> None:
    job, listener = start(loop, ScriptedBackend(Script(delay=0)), text)
    until(lambda: job.settled)
    last = listener.events[-1]
    assert isinstance(last, Failed) and last.kind is kind
    assert listener.text == "This is a"


def test_named_error_that_a_backend_raises_is_the_failure(loop: BackgroundLoop) -> None:
    class Full(ScriptedBackend):
        async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
            raise Busy("the queue is full", "Try again later.")
            yield

    job, listener = start(loop, Full(), "hello")
    until(lambda: job.settled)
    assert listener.events == [Failed(FailureKind.BUSY, "the queue is full", "Try again later.")]


def test_closing_the_loop_ends_what_runs(caplog: pytest.LogCaptureFixture) -> None:
    loop = BackgroundLoop()
    backend = ScriptedBackend(Script(delay=0.01))
    _, listener = start(loop, backend, "/long 5000")
    until(lambda: listener.begun)
    loop.close()
    assert backend.open_streams == 0
    assert isinstance(listener.events[-1], Failed)
    assert not caplog.records


async def test_tail_shows_the_first_text_at_once_and_the_last_state(loop: BackgroundLoop) -> None:
    job, listener = start(loop, ScriptedBackend(Script(delay=0.002)), "/long 100")
    looks: list[tuple[int, str]] = []
    async for _ in tail(job, lambda: listener.begun, interval=0.05):
        looks.append((len(listener.events), listener.text))
    assert looks[-1] == (len(listener.events), listener.text)
    assert isinstance(listener.events[-1], Finished)
    # Far fewer looks than events: they are paced.
    assert 2 < len(looks) < len(listener.events) / 3


async def test_tail_of_a_settled_job_looks_once(loop: BackgroundLoop) -> None:
    job, listener = start(loop, ScriptedBackend(Script(delay=0)), "hello")
    await asyncio.to_thread(until, lambda: job.settled)
    assert [None async for _ in tail(job, lambda: listener.begun)] == [None]


async def test_leaving_a_tail_leaves_the_job(loop: BackgroundLoop) -> None:
    job, listener = start(loop, ScriptedBackend(Script(delay=0.005)), "/long 50")
    async for _ in tail(job, lambda: listener.begun):
        break
    others = [len([None async for _ in tail(job, lambda: listener.begun, interval=0.01)]) for _ in range(2)]
    assert job.settled and listener.text.endswith("end.")
    assert others[0] > 1 and others[1] == 1
