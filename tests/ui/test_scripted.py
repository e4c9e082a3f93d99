"""The stand-in keeps the contract of a backend, or tests that use it would show nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from engine.protocol import (
    AnswerAdded,
    Backend,
    Event,
    Failed,
    FailureKind,
    Finished,
    InvalidRequest,
    Message,
    Options,
    Perceived,
    Queued,
    ReasoningAdded,
    Request,
    Resplit,
    TextPart,
)


def asking(text: str, **options: bool | int) -> Request:
    return Request((Message("user", (TextPart(text),)),), Options(**options))  # type: ignore[arg-type]


async def collect(stream: AsyncGenerator[Event, None]) -> list[Event]:
    return [event async for event in stream]


async def test_order_of_events_is_that_of_the_protocol() -> None:
    backend: Backend = ScriptedBackend(Script(delay=0, load=0.06))
    events = await collect(backend.stream(asking("hello")))
    kinds = [type(event) for event in events]
    assert kinds[0] is Queued and kinds[-1] is Finished
    shape = [kind for index, kind in enumerate(kinds) if index == 0 or kind is not kinds[index - 1]]
    assert shape == [Queued, Perceived, ReasoningAdded, AnswerAdded, Finished]


async def test_same_request_gives_the_same_texts() -> None:
    backend = ScriptedBackend(Script(delay=0))
    runs = [await collect(backend.stream(asking("hello"))) for _ in range(2)]
    assert [event for event in runs[0] if not isinstance(event, Finished)] == [
        event for event in runs[1] if not isinstance(event, Finished)
    ]


async def test_thinking_can_be_off_and_length_is_kept() -> None:
    events = await collect(
        ScriptedBackend(Script(delay=0)).stream(asking("/long 9", thinking=False, max_new_tokens=3))
    )
    assert not any(isinstance(event, ReasoningAdded) for event in events)
    assert sum(isinstance(event, AnswerAdded) for event in events) == 3
    assert isinstance(events[-1], Finished) and events[-1].reason == "length"


async def test_pieces_join_to_the_text() -> None:
    text = "  two  spaces\n\tand  a tab "
    events = await collect(ScriptedBackend(Script(delay=0)).stream(asking(f"/say {text}")))
    assert "".join(event.text for event in events if isinstance(event, AnswerAdded)) == text


@pytest.mark.parametrize("kind", FailureKind)
async def test_every_kind_of_failure_can_be_had(kind: FailureKind) -> None:
    events = await collect(ScriptedBackend(Script(delay=0)).stream(asking(f"/fail {kind}")))
    assert isinstance(events[-1], Failed) and events[-1].kind is kind


async def test_resplit_can_be_had() -> None:
    events = await collect(ScriptedBackend(Script(delay=0)).stream(asking("/resplit")))
    assert any(isinstance(event, Resplit) for event in events) and isinstance(events[-1], Finished)


async def test_closing_ends_the_stream() -> None:
    backend = ScriptedBackend(Script(delay=0))
    async with aclosing(backend.stream(asking("/long 1000"))) as events:
        async for _ in events:
            assert backend.open_streams == 1
            break
    assert backend.open_streams == 0


def test_spec_is_read_and_what_it_does_not_know_refused() -> None:
    assert Script.parse("scripted") == Script()
    assert Script.parse("scripted:delay=0.5,load=2,load_failure=1,failures=3") == Script(0.5, 2.0, True, 3)
    for spec in ("scripted:speed=1", "scripted:delay=soon"):
        with pytest.raises(InvalidRequest):
            Script.parse(spec)
