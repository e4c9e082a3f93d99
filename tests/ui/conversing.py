"""Asking a backend, and folding what it says."""

from __future__ import annotations

import asyncio
from typing import Any

from engine.protocol import (
    Event,
    Failed,
    Finished,
    Message,
    Options,
    Part,
    Perceived,
    Queued,
    Request,
    TextPart,
)

PATIENCE = 30.0


def asking(*parts: Part | str, **options: Any) -> Request:
    """A request of one user message."""
    given = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
    return Request((Message("user", given or (TextPart("Hello?"),)),), Options(**options))


async def events_of(backend: Any, request: Request | None = None) -> list[Event]:
    """Every event of one reply; the order that the vocabulary promises is checked."""
    async with asyncio.timeout(PATIENCE):
        events = [event async for event in backend.stream(request or asking())]
    kinds = [type(event) for event in events]
    assert kinds[-1] in (Finished, Failed), kinds
    assert not {Finished, Failed} & set(kinds[:-1])
    rest = [kind for kind in kinds[:-1] if kind is not Queued]
    assert rest == [] or (rest[0] is Perceived and rest.count(Perceived) == 1), kinds
    return events


def failure(events: list[Event]) -> Failed:
    assert isinstance(events[-1], Failed), events
    assert events[-1].message
    assert events[-1].remedy.strip(), "it says what to do"
    return events[-1]


def finish(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished), events
    return events[-1]


def perceived(events: list[Event]) -> Perceived:
    return next(event for event in events if isinstance(event, Perceived))
