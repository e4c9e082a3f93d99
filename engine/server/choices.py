"""The streams of a call's choices, as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from engine.protocol import Event

Stream = AsyncGenerator[Event, None]


async def merge(streams: Sequence[Stream]) -> AsyncGenerator[tuple[int, Event], None]:
    """The events of all `streams` as they come, each with the number of its stream.

    Closing this closes them all, at once. What one of them raises is raised here.
    """
    if len(streams) == 1:
        async with aclosing(streams[0]) as events:
            async for event in events:
                yield 0, event
        return
    waiting: asyncio.Queue[tuple[int, Event | Exception | None]] = asyncio.Queue(len(streams))
    tasks = [asyncio.create_task(_forward(index, stream, waiting)) for index, stream in enumerate(streams)]
    try:
        left = len(tasks)
        while left:
            index, event = await waiting.get()
            if isinstance(event, Exception):
                raise event
            if event is None:
                left -= 1
            else:
                yield index, event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forward(
    index: int, stream: Stream, waiting: asyncio.Queue[tuple[int, Event | Exception | None]]
) -> None:
    """Hand over the events of one stream, and None or what it raised after the last."""
    try:
        async with aclosing(stream):
            async for event in stream:
                await waiting.put((index, event))
    except Exception as error:
        await waiting.put((index, error))
    else:
        await waiting.put((index, None))
