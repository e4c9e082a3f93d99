"""Sides measured in turns: what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Values = dict[str, list[float]]
Clock = Callable[[], float]

# What a person waits, or what this process's threads work: the latter where others keep the machine busy.
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}


class Skipped(Exception):
    """What cannot be measured on this machine, and why; no failure."""


@dataclass
class Result:
    """What one part of the benchmarks found.

    figures: every value of each figure, in the unit that its name ends with.
    ratios: how many times one side's value is another's, of one round each.
    goals: for a ratio, the least that was wanted.
    limits: for a figure or a ratio, the most that was wanted.
    columns: figures named `what, column, unit` stand in one table with these columns, less being better.
    rivals: those of the columns that the first one is to be ahead of.
    notes: what one must know to read them.
    """

    figures: Values = field(default_factory=dict)
    ratios: Values = field(default_factory=dict)
    goals: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    rivals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def compare(
        self, name: str, slow: str, fast: str, goal: float | None = None, most: float | None = None
    ) -> None:
        """Add the ratio `name` of the figures `slow` and `fast`, round by round.

        `goal` is the least that is wanted, `most` the most.
        """
        pairs = zip(self.figures[slow], self.figures[fast], strict=True)
        self.ratios[name] = [above / below for above, below in pairs]
        if goal is not None:
            self.goals[name] = goal
        if most is not None:
            self.limits[name] = most

    def summary(self) -> dict[str, object]:
        """JSON types only."""
        return {
            "figures": {name: self._summarise(name, values) for name, values in self.figures.items()},
            "ratios": {name: self._summarise(name, values) for name, values in self.ratios.items()},
            **({"columns": self.columns, "rivals": self.rivals} if self.columns else {}),
            "notes": self.notes,
        }

    def _summarise(self, name: str, values: list[float]) -> dict[str, object]:
        wanted = {"goal": self.goals.get(name), "limit": self.limits.get(name)}
        return summarise(values) | {key: value for key, value in wanted.items() if value is not None}


def tell(line: str) -> None:
    """A line of progress, beside the figures."""
    print(f"  … {line}", file=sys.stderr, flush=True)


def interleave(sides: Mapping[str, Callable[[], float]], rounds: int, what: str = "") -> Values:
    """Each side once to warm up, then in turns; what each call returned. `what` they measure is told."""
    prefix = what and f"{what}: "
    tell(f"{prefix}warming up")
    for side in sides.values():
        side()
    values: Values = {name: [] for name in sides}
    for number in range(1, rounds + 1):
        tell(f"{prefix}round {number} of {rounds}")
        for name, side in sides.items():
            values[name].append(side())
    return values


def timed(work: Callable[[], object], clock: Clock) -> Callable[[], float]:
    """`work`, to return how many seconds it took."""

    def measured() -> float:
        started = clock()
        work()
        return clock() - started

    return measured


def summarise(values: list[float]) -> dict[str, object]:
    """The median, and every value it is the median of."""
    return {"median": rounded(statistics.median(values)), "values": [rounded(value) for value in values]}


def rounded(value: float) -> float:
    return float(f"{value:.4g}")
