"""Passes of few operations, and those that are replayed: only where they give what the modules give."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engine.families import decoder_for  # noqa: E402
from engine.families.glm import fuse  # noqa: E402
from engine.families.product import HalfProduct, PlainProduct, make_product  # noqa: E402
from engine.families.recordings import Recordings  # noqa: E402
from engine.quantize import quantize  # noqa: E402
from tests.engine.scheduling import Recorder, alone, free_of_ends, tiny_glm  # noqa: E402


@pytest.mark.parametrize("why", ["hooked", "quantized", "other"])
def test_what_the_few_operations_would_go_past_runs_through_its_own_modules(why):
    class Quantized(torch.nn.Linear):
        """Not the product that it looks like."""

    model, _ = tiny_glm()
    first: Any = model.model.layers[0]
    if why == "hooked":
        first.mlp.register_forward_hook(lambda module, given, output: output)
    elif why == "quantized":
        first.mlp.down_proj = Quantized(64, 48, bias=False)
    else:
        model.config.hidden_act = "gelu"
    assert fuse(model) is None


def test_weights_are_packed_only_where_that_loses_nothing():
    linear = torch.nn.Linear(64, 48)
    states = torch.randn(3, 64)
    rough = make_product(linear)
    assert isinstance(rough, PlainProduct)
    linear.weight.data = linear.weight.data.half().float()
    packed = make_product(linear)
    assert isinstance(packed, HalfProduct) and packed.bytes == rough.bytes // 2
    with torch.inference_mode():
        torch.testing.assert_close(packed(states, torch.empty(3, 48)), linear(states), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("int8", [False, True])
def test_passes_that_are_replayed_write_what_others_write(engine, int8):
    """On a CPU a recording does its work again, on the tensors that it was made with, as a graph does."""
    model, inputs = tiny_glm()
    free_of_ends(model)
    if int8:
        quantize(model)
    limits = [70, 9, 14, 24, 11, 20]
    expected = [alone(model, one, limit) for one, limit in zip(inputs, limits, strict=True)]
    decoder: Any = decoder_for(model)
    made: list[int] = []

    def record(work):
        made.append(len(made))
        return work

    decoder.fused.recordings = Recordings(record)
    running = engine(decoder, slots=4, waiting=8, prefill_tokens=24)
    jobs = [Recorder(one["input_ids"], limit=limit) for one, limit in zip(inputs, limits, strict=True)]
    for job in jobs:
        running.ask(job)
    running.wait(jobs)
    assert [job.tokens for job in jobs] == expected
    assert 0 < len(made) < max(limits) / 2


def test_what_cannot_be_recorded_runs_anew():
    def refuse(work):
        raise RuntimeError("operation not permitted when stream is capturing")

    recordings = Recordings(refuse)
    for value in (1.0, 2.0):
        assert recordings.run("shape", "cache", torch.tensor([value]), lambda given: given * 2) == 2 * value
    assert recordings.record is None


def test_a_recording_ends_with_the_cache_that_it_reads():
    works: list[Any] = []

    def record(work):
        works.append(work())
        return work

    recordings = Recordings(record)
    for within in ("one", "one", "two"):
        recordings.run(3, within, torch.ones(1), lambda given: given + 1)
    assert len(works) == 2
