"""Many requests at once: each draws, weighs and scores its tokens by its own options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402
from transformers import LogitsProcessorList  # noqa: E402

from engine.families import decoder_for  # noqa: E402
from engine.protocol import Options  # noqa: E402
from engine.sampler import Sampler  # noqa: E402
from tests.engine.scheduling import Recorder, alone, drawing, tiny_glm  # noqa: E402


def test_a_seed_gives_the_same_tokens_again(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model))
    jobs = [Recorder(inputs[0]["input_ids"], sampler=drawing(1.0, 0.9, seed=seed)) for seed in (7, 7, 8)]
    for job in jobs:
        running.ask(job)
        running.wait([job])
    assert jobs[0].tokens == jobs[1].tokens != jobs[2].tokens


def test_rows_sample_greedily_and_not_side_by_side(engine):
    """One row's sampling does not change another's."""
    model, inputs = tiny_glm()
    running = engine(decoder_for(model))
    greedy = Recorder(inputs[0]["input_ids"], limit=20)
    wild = [Recorder(inputs[0]["input_ids"], limit=20, sampler=drawing(2.0, seed=seed)) for seed in range(3)]
    for job in (*wild, greedy):
        running.ask(job)
    running.wait([*wild, greedy])
    assert greedy.tokens == alone(model, inputs[0], 20)
    assert len({tuple(job.tokens) for job in wild}) == 3


def test_biases_and_penalties_of_a_row_are_its_own_and_what_transformers_makes_of_them(engine):
    """Rows side by side that join and leave, each with others; the reference runs each alone."""
    model, inputs = tiny_glm()
    repeated = alone(model, inputs[0], 24)
    favourite = max(repeated, key=repeated.count)
    assert repeated.count(favourite) > 4, "a model that repeats itself, else this shows nothing"
    given: list[dict[str, Any]] = [
        {"repetition_penalty": 1.6},
        {},
        {"logit_bias": ((favourite, -100.0), (3, 2.5))},
        {"repetition_penalty": 1.3, "logit_bias": ((favourite, -4.0),)},
        {"frequency_penalty": 0.7, "presence_penalty": 0.4},
    ]
    running = engine(decoder_for(model), slots=3, waiting=8, prefill_tokens=16)
    jobs = [
        Recorder(ids, limit=14 + 3 * index, sampler=Sampler(Options(**options), ids[0]))
        for index, (options, ids) in enumerate(zip(given, [one["input_ids"] for one in inputs], strict=False))
    ]
    for job in jobs:
        running.ask(job)
    running.wait(jobs)
    for options, one, job in zip(given, inputs, jobs, strict=False):
        assert job.ended == "length", job.ended
        assert job.tokens == penalised(model, one, job.limit, **options), options
    written = [alone(model, one, job.limit) for one, job in zip(inputs, jobs, strict=False)]
    assert [job.tokens == plain for job, plain in zip(jobs, written, strict=True)] == [
        not options for options in given
    ]


def penalised(
    model,
    inputs: Mapping[str, Tensor],
    limit: int,
    logit_bias: Sequence[tuple[int, float]] = (),
    repetition_penalty: float | None = None,
    frequency_penalty: float = 0.0,
    presence_penalty: float = 0.0,
) -> list[int]:
    """`alone`, with transformers' own bias and repetition penalty, and OpenAI's formula for the others."""
    length = inputs["input_ids"].shape[1]

    def less(input_ids: Tensor, scores: Tensor) -> Tensor:
        for token in set(input_ids[0, length:].tolist()):
            count = input_ids[0, length:].tolist().count(token)
            scores[0, token] -= frequency_penalty * count + presence_penalty
        return scores

    output = model.generate(
        **inputs,
        max_new_tokens=limit,
        min_new_tokens=limit,
        do_sample=False,
        sequence_bias={(token,): bias for token, bias in logit_bias} or None,
        repetition_penalty=repetition_penalty,
        logits_processor=LogitsProcessorList([less]),
    )
    return output[0, length:].tolist()


def test_scores_are_those_of_the_row_alone_and_only_for_who_asks(engine):
    """Beside others, of other lengths, each token has the log-probability that the model alone gives it."""
    model, inputs = tiny_glm()
    running = engine(decoder_for(model))
    asking = [
        Recorder(inputs[0]["input_ids"], sampler=drawing(logprobs=3)),
        Recorder(inputs[2]["input_ids"], sampler=drawing(1.0, 0.9, seed=5, logprobs=0)),
    ]
    silent = Recorder(inputs[3]["input_ids"])
    for job in (*asking, silent):
        running.ask(job)
    running.wait([*asking, silent])
    assert silent.scores == [None] * silent.limit
    assert silent.tokens == alone(model, inputs[3], silent.limit)
    for job in asking:
        whole = torch.cat([job.input_ids, torch.tensor([job.tokens])], dim=1)
        with torch.inference_mode():
            logits = model(whole).logits[0, job.input_ids.shape[1] - 1 : -1]
        wanted = logits.log_softmax(dim=-1)
        for token, scores, expected in zip(job.tokens, job.scores, wanted, strict=True):
            assert scores is not None
            assert scores.chosen == pytest.approx(expected[token].item(), abs=1e-4)
            best, ids = expected.topk(job.sampler.logprobs)
            assert [token for token, _ in scores.likeliest] == ids.tolist()
            assert [score for _, score in scores.likeliest] == pytest.approx(best.tolist(), abs=1e-4)


def test_sampling_of_a_token_that_is_no_number_fails_alone():
    with pytest.raises(RuntimeError):
        drawing(1.0).pick(torch.from_numpy(np.array([np.nan, 1.0])))
