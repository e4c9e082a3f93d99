"""How many threads a pass of a small model runs on: all, or one where that ends sooner.

Threads meet after every operation. On a quiet machine they share its work; where other programs want the same
cores, every meeting waits for a thread that is not running, and a step whose operations take microseconds
takes many times as long as on one thread. A browser that draws the answer is such a program. Which is
quicker is found by trying the other, now and then.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Result = TypeVar("Result")

#: Passes between two trials: after a change, and at most.
SOONEST, LATEST = 8, 256
#: Passes of one trial; the first wakes the threads and is not counted.
TRIAL = 4
#: Passes that the present choice is judged by.
RECENT = 8
#: The other must take less than this part of the time, so that the choice does not sway.
BETTER = 0.9
#: Passes that take so many times as long as at the last trial call for another; a trial ends at a pass that
#: takes twice as many times as long as the present choice does.
WORSE = 2.0


@dataclass(slots=True)
class Choice:
    """The number of threads for passes of about one size."""

    now: int
    other: int
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    tried: list[float] = field(default_factory=list)
    since: int = 0
    interval: int = SOONEST
    usual: float | None = None

    def next(self) -> int:
        return self.other if self.since >= self.interval else self.now

    def took(self, threads: int, seconds: float) -> None:
        """The pass ran on so many threads and took so long."""
        if threads == self.other:
            self._judge(seconds)
            return
        self.recent.append(seconds)
        self.since += 1
        worse = self.usual is not None and statistics.median(self.recent) > WORSE * self.usual
        if worse and len(self.recent) == RECENT:
            self.since = self.interval

    def _judge(self, seconds: float) -> None:
        self.tried.append(seconds)
        present = statistics.median(self.recent)
        hopeless = seconds > 2 * WORSE * present
        if len(self.tried) < TRIAL and not hopeless:
            return
        found = statistics.median(self.tried[1:] or self.tried)
        if found < BETTER * present:
            self.now, self.other, self.interval, self.usual = self.other, self.now, SOONEST, found
            self.recent.clear()
        else:
            self.interval, self.usual = min(LATEST, 2 * self.interval), present
        self.tried.clear()
        self.since = 0


class Threads:
    """Runs passes on the number of threads that suits them, on whatever thread calls.

    Args:
        most: threads that torch may use; with 1 there is nothing to choose.
        use: makes torch compute with so many.
        clock: seconds, monotonic.
    """

    def __init__(
        self, most: int, use: Callable[[int], object], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._most, self._use, self._clock = most, use, clock
        self._choices: dict[int, Choice] = {}

    def run(self, size: int, work: Callable[[], Result]) -> Result:
        """`work()`, a pass over `size` tokens. Whatever runs after it has all threads again."""
        if self._most == 1:
            return work()
        choice = self._choices.setdefault(size.bit_length(), Choice(self._most, 1))
        threads = choice.next()
        if threads != self._most:
            self._use(threads)
        started = self._clock()
        try:
            return work()
        finally:
            choice.took(threads, self._clock() - started)
            if threads != self._most:
                self._use(self._most)
