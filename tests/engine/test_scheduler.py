"""Many requests at once: they wait, leave and fail, and none harms another."""

from __future__ import annotations

import threading

import pytest

torch = pytest.importorskip("torch")

from engine.families import decoder_for  # noqa: E402
from engine.families.alone import LoneDecoder  # noqa: E402
from engine.generate import SlotDecoder  # noqa: E402
from engine.protocol import Busy, OutOfMemory  # noqa: E402
from engine.scheduler import Scheduler  # noqa: E402
from engine.slots import Limits, Row  # noqa: E402
from tests.engine.scheduling import PATIENCE, Recorder, alone, free_of_ends, tiny_glm  # noqa: E402


class Faulty(SlotDecoder):
    """Fails where it is told to."""

    bad_token = 159

    def place(self, slot, input_ids, media, like=None):
        if "broken" in media:
            raise RuntimeError("the picture cannot be encoded")
        super().place(slot, input_ids, media, like)

    def _forward(self, step, positions, **given):
        if (given["input_ids"] == self.bad_token).any():
            raise RuntimeError("this row brings the pass down")
        return super()._forward(step, positions, **given)


def test_what_goes_wrong_with_one_request_ends_only_that_one(engine):
    model, inputs = tiny_glm()
    ids = [one["input_ids"].clamp(max=150) for one in inputs[:3]]
    expected = [alone(model, {"input_ids": one}, 30) for one in ids]

    class Explosive(Recorder):
        def take(self, token, scores):
            if len(self.tokens) == 5:
                raise ValueError("its text cannot be made")
            return super().take(token, scores)

    good = [Recorder(one, limit=30) for one in ids]
    broken = Recorder(ids[0], {"broken": torch.zeros(1)})
    poisoned = Recorder(torch.cat([ids[2], torch.tensor([[Faulty.bad_token]])], dim=1))
    explosive = Explosive(ids[1], limit=30)
    running = engine(Faulty(model), slots=8)
    for job in (good[0], broken, good[1], poisoned, explosive, good[2]):
        running.ask(job)
    everyone = [*good, broken, poisoned, explosive]
    running.wait(everyone)
    assert [job.tokens for job in good] == expected
    assert isinstance(broken.ended, RuntimeError) and "picture" in str(broken.ended)
    assert isinstance(poisoned.ended, RuntimeError) and "brings the pass down" in str(poisoned.ended)
    assert isinstance(explosive.ended, ValueError)
    assert running.scheduler.metrics().requests == {"length": 3, "failed": 3}


class FaultyAlone(LoneDecoder):
    """Fails at a token of a prompt, and where a row has come to a length."""

    bad_token, bad_length = 159, 94

    def _run(self, slot, inputs):
        if (inputs["input_ids"] == self.bad_token).any():
            raise RuntimeError("this prompt cannot be read")
        if self.lone[slot].cache.get_seq_length() == self.bad_length:
            raise RuntimeError("this row cannot go on")
        return super()._run(slot, inputs)


def test_a_fault_of_one_row_leaves_those_that_take_turns_with_it_as_they_were(engine):
    """Such rows run one after another, so that those before the fault have run already when it comes."""
    model, inputs = tiny_glm()
    free_of_ends(model)
    ids = [one["input_ids"].clamp(max=150) for one in inputs[:4]]
    good = [Recorder(ids[0], limit=20), Recorder(ids[3], limit=20)]
    unreadable = Recorder(torch.cat([ids[1], torch.tensor([[FaultyAlone.bad_token]])], dim=1))
    failing = Recorder(ids[2])
    running = engine(FaultyAlone(model), slots=4)
    with running.scheduler._changed:  # so that they are read and decoded together
        for job in (good[0], unreadable, good[1], failing):
            running.ask(job)
    running.wait([*good, unreadable, failing])
    assert [job.ended for job in good] == ["length"] * 2
    assert [job.tokens for job in good] == [alone(model, {"input_ids": ids[index]}, 20) for index in (0, 3)]
    assert str(unreadable.ended) == "this prompt cannot be read" and not unreadable.tokens
    assert str(failing.ended) == "this row cannot go on" and len(failing.tokens) == 5


def test_cancelling_frees_the_slot_at_the_next_token(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=1)
    first = Recorder(inputs[0]["input_ids"], limit=200)
    second = Recorder(inputs[1]["input_ids"], limit=3)
    rows: list[Row] = []
    first.on_token = lambda count: running.scheduler.cancel(rows[0]) if count == 4 else None
    with running.scheduler._changed:  # so that the first does not run before its row is known
        rows.append(running.ask(first))
        running.ask(second)
    running.wait([first, second])
    assert first.ended == "cancelled" and len(first.tokens) == 4
    assert second.ended == "length"


def test_cancelling_ends_the_reading_of_a_long_prompt(engine):
    """What is left of it is not read, and who comes next does not see what was."""
    model, inputs = tiny_glm()
    free_of_ends(model)
    decoder = decoder_for(model)
    running = engine(decoder, slots=1, prefill_tokens=24)
    read, rows, prefill = [], [], decoder.prefill

    def watched(spans):
        read.extend(spans)
        running.scheduler.cancel(rows[0])
        return prefill(spans)

    decoder.prefill = watched
    long, after = Recorder(inputs[2]["input_ids"]), Recorder(inputs[3]["input_ids"])
    with running.scheduler._changed:  # so that it does not run before its row is known
        rows.append(running.ask(long))
    running.wait([long])
    assert long.ended == "cancelled" and not long.tokens
    assert [(start, stop) for _, start, stop in read] == [(0, 24)]
    running.ask(after)
    running.wait([after])
    assert after.tokens == alone(model, inputs[3], after.limit)


def test_who_has_a_slot_and_nothing_read_moves_down_when_another_leaves(engine):
    """The cache has no row for it yet: it grows with the first chunk that is read."""
    model, inputs = tiny_glm()
    free_of_ends(model)
    running = engine(decoder_for(model), slots=3, prefill_tokens=24)
    longs = [Recorder(inputs[2]["input_ids"]), Recorder(inputs[4]["input_ids"])]

    def send_the_others(count: int) -> None:
        if count == 1:
            for job in longs:
                running.ask(job)

    # It ends in the very turn that gives both others their slots and reads a chunk of the first of them.
    short = Recorder(inputs[0]["input_ids"], limit=3, on_token=send_the_others)
    running.ask(short)
    running.wait([short, *longs])
    assert [job.ended for job in (short, *longs)] == ["length"] * 3
    assert [job.tokens for job in longs] == [alone(model, inputs[index], 12) for index in (2, 4)]


def test_where_the_loop_itself_fails_everyone_is_told():
    class Gone(SlotDecoder):
        def clear(self, slot):
            raise RuntimeError("the device is gone")

    model, inputs = tiny_glm()
    lost: list[Exception] = []
    scheduler = Scheduler(Limits(slots=2), lost=lost.append)
    jobs = [Recorder(inputs[0]["input_ids"], limit=limit) for limit in (2, 200, 200)]
    for job in jobs:
        scheduler.offer(scheduler.join(job), job.limit)
    scheduler.start(Gone(model), 1 << 20)
    for job in jobs:
        assert job.done.wait(PATIENCE)
    assert jobs[0].ended == "length"
    assert [str(job.ended) for job in jobs[1:]] == ["the device is gone"] * 2
    assert [str(error) for error in lost] == ["the device is gone"]
    scheduler.close()


def test_who_waits_hears_its_position_and_can_leave_at_once(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=1, waiting=3)
    begun, held = threading.Event(), threading.Event()

    def hold(count: int) -> None:
        begun.set()
        held.wait(PATIENCE)

    first = Recorder(inputs[0]["input_ids"], limit=4, on_token=hold)
    others = [Recorder(inputs[1]["input_ids"], limit=2) for _ in range(3)]
    running.ask(first)
    assert begun.wait(PATIENCE)
    rows = [running.ask(job) for job in others]
    with pytest.raises(Busy):
        running.ask(Recorder(inputs[1]["input_ids"]))
    running.scheduler.cancel(rows[1])
    assert others[1].ended == "cancelled" and not others[1].tokens
    metrics = running.scheduler.metrics()
    assert (metrics.running, metrics.waiting) == (1, 2)
    held.set()
    running.wait([first, *others])
    assert others[2].positions == [3, 2, 1, 0]
    assert others[0].positions == [1, 0]


def test_a_request_that_can_never_fit_is_refused_before_any_work(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), cache_tokens=100)
    with pytest.raises(OutOfMemory):
        running.ask(Recorder(inputs[2]["input_ids"], limit=11))
    metrics = running.scheduler.metrics()
    assert metrics.requests == {"refused": 1} and metrics.passes == 0
    fits = Recorder(inputs[2]["input_ids"], limit=10)
    running.ask(fits)
    running.wait([fits])
    assert fits.ended == "length"


def test_closing_ends_everyone(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=2)
    begun = threading.Event()
    jobs = [Recorder(inputs[0]["input_ids"], limit=200, on_token=lambda count: begun.set()) for _ in range(5)]
    for job in jobs:
        running.ask(job)
    assert begun.wait(PATIENCE)
    running.scheduler.close()
    assert [job.ended for job in jobs] == ["cancelled"] * 5
    with pytest.raises(Busy):
        running.ask(Recorder(inputs[0]["input_ids"]))


def test_the_counters_tell_what_was_done(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=2)
    jobs = [Recorder(one["input_ids"], limit=5) for one in inputs[:4]]
    for job in jobs:
        running.ask(job)
    running.wait(jobs)
    running.scheduler.close()
    metrics = running.scheduler.metrics()
    assert metrics.requests == {"length": 4}
    assert metrics.prompt_tokens == sum(one["input_ids"].shape[1] for one in inputs[:4])
    assert metrics.generated_tokens == 20
    assert metrics.first_token_seconds.count == metrics.queue_seconds.count == 4
    assert metrics.token_seconds.count == 16
    assert metrics.running == metrics.waiting == metrics.cache_tokens == 0
    assert len(metrics.token_seconds.counts) == len(metrics.token_seconds.bounds) + 1


def test_who_asks_for_no_token_is_done_without_a_pass(engine):
    _, inputs = tiny_glm()
    scheduler = Scheduler(Limits())  # without a model, so that nothing but the books can answer
    job = Recorder(inputs[0]["input_ids"])
    scheduler.complete(scheduler.join(job))
    assert job.ended == "length" and not job.tokens
    assert scheduler.metrics().requests == {"length": 1} and scheduler.metrics().waiting == 0
