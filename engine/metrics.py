"""What the engine counts of itself, as one frozen picture that anyone may read."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

# Upper bounds in seconds; the last bucket holds what is longer.
REQUEST_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
TOKEN_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often a duration fell into each bucket; `counts` has one more than `bounds`."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float

    @property
    def count(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Totals since the model was loaded, and how things stand now.

    requests: how many ended, by how: stop, length, cancelled, failed, refused.
    cache_tokens: tokens of KV cache that are spoken for, of `cache_limit`.
    queue_seconds: from a request's arrival until it has a slot.
    first_token_seconds: from its arrival to its first token.
    token_seconds: from one token of a request to its next.
    request_seconds: from its arrival to its end.
    """

    slots: int
    running: int
    waiting: int
    cache_tokens: int
    cache_limit: int
    requests: Mapping[str, int]
    prompt_tokens: int
    generated_tokens: int
    passes: int
    queue_seconds: Histogram
    first_token_seconds: Histogram
    token_seconds: Histogram
    request_seconds: Histogram


class Tally:
    """A histogram that is being filled."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect.bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    def frozen(self) -> Histogram:
        return Histogram(self.bounds, tuple(self.counts), self.sum)


@dataclass
class Counters:
    """What the engine's thread counts; others read it through `Metrics`."""

    requests: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    generated_tokens: int = 0
    passes: int = 0
    queue_seconds: Tally = field(default_factory=lambda: Tally(REQUEST_BOUNDS))
    first_token_seconds: Tally = field(default_factory=lambda: Tally(REQUEST_BOUNDS))
    token_seconds: Tally = field(default_factory=lambda: Tally(TOKEN_BOUNDS))
    request_seconds: Tally = field(default_factory=lambda: Tally(REQUEST_BOUNDS))
