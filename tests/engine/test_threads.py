"""Passes run on one thread or on all, whichever is quicker at the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from engine.threads import LATEST, Threads


@dataclass
class Machine:
    """Counts seconds by hand: a pass takes what `cost` says of the threads that it runs on."""

    cost: Callable[[int], float]
    now: float = 0.0
    using: int = 4
    ran: list[int] = field(default_factory=list)

    def threads(self, most: int = 4) -> Threads:
        return Threads(most, self.use, lambda: self.now)

    def use(self, count: int) -> None:
        self.using = count

    def work(self) -> str:
        self.ran.append(self.using)
        self.now += self.cost(self.using)
        return "logits"


def run(threads: Threads, machine: Machine, passes: int, size: int = 1) -> list[int]:
    """On how many threads each of the last passes ran."""
    start = len(machine.ran)
    for _ in range(passes):
        assert threads.run(size, machine.work) == "logits"
        assert machine.using == 4, "what follows has all threads"
    return machine.ran[start:]


def test_on_a_quiet_machine_nearly_all_passes_run_on_all_threads():
    machine = Machine(lambda count: 1.0 / count)
    ran = run(machine.threads(), machine, 4 * LATEST)
    assert ran.count(1) < 30
    assert set(ran[-LATEST // 2 :]) <= {4, 1} and ran[-1] == 4


def test_where_others_hold_up_the_threads_one_is_enough():
    machine = Machine(lambda count: 1.0 if count == 1 else 40.0)
    ran = run(machine.threads(), machine, 4 * LATEST)
    assert ran[:8] == [4] * 8
    assert ran[16:].count(4) < 10  # a trial ends at the first pass that is hopeless


def test_it_notices_soon_that_others_have_come_and_that_they_have_gone():
    machine = Machine(lambda count: 1.0 / count)
    threads = machine.threads()
    run(threads, machine, 4 * LATEST)
    machine.cost = lambda count: 1.0 if count == 1 else 40.0
    assert run(threads, machine, 20)[-1] == 1
    machine.cost = lambda count: 1.0 / count
    assert run(threads, machine, LATEST + 20)[-1] == 4


def test_passes_of_another_size_have_a_choice_of_their_own():
    machine = Machine(lambda count: 1.0)
    threads = machine.threads()
    machine.cost = lambda count: 1.0 if count == 1 else 40.0
    run(threads, machine, 40)
    machine.cost = lambda count: 1.0 / count
    assert run(threads, machine, 8, size=512) == [4] * 8


def test_a_pass_that_fails_leaves_all_threads_to_what_follows():
    machine = Machine(lambda count: 1.0 if count == 1 else 40.0)
    threads = machine.threads()
    run(threads, machine, 40)

    def fail() -> None:
        assert machine.using == 1
        raise RuntimeError("out of room")

    with pytest.raises(RuntimeError, match="out of room"):
        threads.run(1, fail)
    assert machine.using == 4


def test_with_one_thread_there_is_nothing_to_choose():
    machine = Machine(lambda count: 1.0)
    threads = machine.threads(most=1)
    machine.use = lambda count: pytest.fail("the number of threads is left alone")  # type: ignore[method-assign]
    assert set(run(threads, machine, 100)) == {4}
