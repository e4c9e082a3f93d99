"""The scheduler's books: whatever comes and goes, in whatever order, they balance. No tensor is involved."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.protocol import Busy, OutOfMemory
from engine.slots import Limits, Row, SlotTable


class Comings(RuleBasedStateMachine):
    """Requests join, are measured, admitted, read, and leave; a list of names stands for the cache."""

    @initialize(
        slots=st.integers(1, 5),
        waiting=st.integers(0, 5),
        cache_tokens=st.integers(20, 120),
        prefill_tokens=st.integers(1, 24),
    )
    def begin(self, slots: int, waiting: int, cache_tokens: int, prefill_tokens: int) -> None:
        self.limits = Limits(slots, waiting, cache_tokens, prefill_tokens)
        self.table: SlotTable[int] = SlotTable(self.limits)
        self.cache: dict[int, int] = {}
        self.joined = self.served = 0
        self.unmeasured: list[Row[int]] = []
        self.gone: set[int] = set()

    @rule()
    def join(self) -> None:
        full = len(self.table.waiting) + len(self.table.running) >= self.limits.slots + self.limits.waiting
        try:
            row = self.table.join(self.joined)
        except Busy:
            assert full
            return
        assert not full
        self.joined += 1
        self.unmeasured.append(row)

    @precondition(lambda self: self.unmeasured)
    @rule(prompt=st.integers(1, 60), new=st.integers(1, 60))
    def measure(self, prompt: int, new: int) -> None:
        row = self.unmeasured.pop(0)
        if row.job in self.gone:
            return
        try:
            self.table.measure(row, prompt, new)
            assert prompt + new <= self.limits.cache_tokens
        except OutOfMemory:
            assert prompt + new > self.limits.cache_tokens
            self.depart(row)

    @rule()
    def admit(self) -> None:
        first = next(iter(self.table.waiting), None)
        row = self.table.admit()
        if row is not None:
            assert row is first, "nobody overtakes"
            assert row.slot is not None and row.slot not in self.cache
            self.cache[row.slot] = row.job

    @rule()
    def prefill(self) -> None:
        chunks = self.table.next_prefill()
        reading = [row for row in self.table.running if not row.decoding]
        assert bool(chunks) == bool(reading)
        if not chunks:
            return
        assert chunks[0].row is min(reading, key=lambda row: row.arrival), "the oldest is always read"
        assert len({chunk.row.job for chunk in chunks}) == len(chunks)
        longest = max(chunk.length for chunk in chunks)
        assert longest == chunks[0].length
        assert len(chunks) * longest <= self.limits.prefill_tokens
        for chunk in chunks:
            assert chunk.start == chunk.row.filled < chunk.stop <= chunk.row.prompt_tokens
            self.table.advance(chunk)
            assert chunk.row.decoding == chunk.last

    @precondition(lambda self: self.table.running or self.table.waiting)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.depart(data.draw(st.sampled_from([*self.table.running, *self.table.waiting])))

    def depart(self, row: Row[int]) -> None:
        self.gone.add(row.job)
        slot = row.slot
        move = self.table.leave(row)
        if slot is not None:
            del self.cache[slot]
        if move is not None:
            assert move.target == slot
            self.cache[move.target] = self.cache.pop(move.source)
        assert row.slot is None
        assert self.table.leave(row) is None, "who has left can leave again"

    @invariant()
    def slots_have_no_gap_and_hold_their_own_rows(self) -> None:
        assert [row.slot for row in self.table.running] == list(range(len(self.table.running)))
        assert self.cache == {row.slot: row.job for row in self.table.running}
        assert len(self.table.running) <= self.limits.slots

    @invariant()
    def the_cache_holds_what_it_promised(self) -> None:
        widths = [row.width or 0 for row in self.table.running]
        assert self.table.cache_tokens == len(widths) * max(widths, default=0) <= self.limits.cache_tokens

    @invariant()
    def the_queue_is_in_order_and_bounded(self) -> None:
        arrivals = [row.arrival for row in self.table.waiting]
        assert arrivals == sorted(arrivals)
        assert len(arrivals) <= self.limits.slots + self.limits.waiting
        positions = [position for _, position in self.table.positions()]
        assert positions == sorted(positions)
        assert len(positions) == len(arrivals)
        if positions and len(self.table.running) == self.limits.slots:
            assert positions == list(range(1, len(positions) + 1))

    def teardown(self) -> None:
        """Whoever is still there is served within a bounded number of turns."""
        if not hasattr(self, "table"):
            return
        while self.unmeasured:
            self.measure(1, 1)
        for _ in range(1000):
            while self.table.admissible:
                self.admit()
            if not self.table.running:
                break
            self.prefill()
            for row in self.table.decoding:
                self.depart(row)
        assert not self.table.running and not self.table.waiting


Comings.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_whatever_comes_and_goes_the_books_balance = Comings.TestCase


def filled(table: SlotTable[str], *widths: int) -> list[Row[str]]:
    rows = []
    for index, width in enumerate(widths):
        row = table.join(f"r{index}")
        table.measure(row, width - 1, 1)
        rows.append(row)
    return rows


def test_a_wide_request_waits_for_room_and_is_not_overtaken() -> None:
    table: SlotTable[str] = SlotTable(Limits(slots=4, cache_tokens=100))
    first, wide, narrow = filled(table, 40, 60, 10)
    assert table.admit() is first
    assert table.admit() is None, "two rows as wide as 60 are more than 100"
    assert [position for _, position in table.positions()] == [1, 2]
    table.leave(first)
    assert table.admit() is wide
    assert table.admit() is None
    table.leave(wide)
    assert table.admit() is narrow


def test_a_long_prompt_is_read_in_chunks_beside_short_ones() -> None:
    table: SlotTable[str] = SlotTable(Limits(slots=3, prefill_tokens=100))
    long, *short = filled(table, 251, 31, 31)
    while table.admit():
        pass
    passes = []
    while chunks := table.next_prefill():
        passes.append([(chunk.row.job, chunk.start, chunk.stop) for chunk in chunks])
        for chunk in chunks:
            table.advance(chunk)
    assert passes == [
        [("r0", 0, 100)],
        [("r0", 100, 200)],
        [("r0", 200, 250), ("r1", 0, 30)],
        [("r2", 0, 30)],
    ]
    assert long.decoding and all(row.decoding for row in short)


@pytest.mark.parametrize("wrong", [{"slots": 0}, {"waiting": -1}, {"cache_tokens": 0}, {"prefill_tokens": 0}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)
