"""From what the endpoint sent and what the page showed to figures. Pure: times go in, seconds come out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.page.endpoint import ANSWER_FROM, LAST, REASONING

#: (Unix seconds, the number of the newest token on show)
Update = tuple[float, int]
#: (Unix seconds when it began, seconds it took)
LongTask = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page showed of one reply, from the moment Enter was pressed."""

    pressed: float
    updates: tuple[Update, ...]
    long_tasks: tuple[LongTask, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Seconds.

    `first_text` and `first_answer` count from when the endpoint sent the first token of all and of the
    answer; `wall` from Enter to the last token on show; gaps are between two updates that showed more.
    """

    first_text: float
    first_answer: float
    wall: float
    largest_gap: float
    usual_gap: float
    long_tasks: float


def read(seen: Seen, sent: Sequence[float]) -> Timeline:
    """`sent` says when each token went out. Raises ValueError where the page did not show all of it."""
    if not seen.updates or seen.updates[-1][1] < LAST or len(sent) <= REASONING:
        shown = seen.updates[-1][1] if seen.updates else 0
        raise ValueError(f"the page showed token {shown} of {LAST}, the endpoint sent {len(sent)}")
    first, done = seen.updates[0][0], seen.updates[-1][0]
    answered = next(at for at, number in seen.updates if number >= ANSWER_FROM)
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(seen.updates)] or [0.0]
    return Timeline(
        first_text=first - sent[0],
        first_answer=answered - sent[REASONING],
        wall=done - seen.pressed,
        largest_gap=max(gaps),
        usual_gap=percentile(gaps, 0.95),
        long_tasks=sum(took for at, took in seen.long_tasks if seen.pressed <= at <= done),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that `share` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
