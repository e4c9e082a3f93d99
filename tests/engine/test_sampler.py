"""The choice of the next token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engine.protocol import InvalidRequest, Options  # noqa: E402


@pytest.fixture
def logits():
    return torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))


def sampler_of(prompt: Sequence[int] = (), **options):
    from engine.sampler import Sampler

    return Sampler(Options(**options), torch.tensor(prompt, dtype=torch.int64))


def draw(logits, count: int = 400, **options) -> list[int]:
    sampler = sampler_of(**options)
    return [sampler.pick(logits) for _ in range(count)]


def test_temperature_zero_is_greedy(logits):
    assert set(draw(logits, temperature=0.0)) == {0}


def test_a_seed_gives_the_same_tokens(logits):
    first, second = (draw(logits, temperature=1.0, seed=7) for _ in range(2))
    assert first == second
    assert first != draw(logits, temperature=1.0, seed=8)


def test_no_seed_gives_others(logits):
    assert draw(logits, temperature=1.0) != draw(logits, temperature=1.0)


def test_shares_follow_the_probabilities(logits):
    drawn = draw(logits, 4000, temperature=1.0, seed=1)
    assert abs(drawn.count(0) / 4000 - 0.5) < 0.04
    assert abs(drawn.count(3) / 4000 - 0.05) < 0.02


def test_top_p_keeps_the_fewest_that_reach_it(logits):
    assert set(draw(logits, temperature=1.0, top_p=0.75, seed=1)) == {0, 1}
    assert set(draw(logits, temperature=1.0, top_p=0.01, seed=1)) == {0}
    assert set(draw(logits, temperature=2.0, top_p=0.0, seed=1)) == {0}


def test_scores_are_the_models_own_whatever_the_temperature(logits):
    for sampler in (sampler_of(logprobs=2), sampler_of(temperature=0.1, top_p=0.2, logprobs=2)):
        scores = sampler.score(logits + 7.0, 2)
        assert scores.chosen == pytest.approx(math.log(0.15), abs=1e-5)
        assert [token for token, _ in scores.likeliest] == [0, 1]
        assert [score for _, score in scores.likeliest] == pytest.approx([math.log(0.5), math.log(0.3)])
    assert sampler_of(logprobs=0).score(logits, 0).likeliest == ()
    assert len(sampler_of(logprobs=20).score(logits, 0).likeliest) == 4  # no more than there are


def test_lower_temperature_is_bolder(logits):
    cold = draw(logits, 1000, temperature=0.3, seed=1).count(0)
    warm = draw(logits, 1000, temperature=1.5, seed=1).count(0)
    assert cold > 800 > warm


def test_a_temperature_next_to_nothing_is_greedy(logits):
    """A division by it would leave no number."""
    assert set(draw(logits, temperature=5e-324)) == {0}
    assert sampler_of(temperature=1e-9).greedy


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 1},
        {"top_k": 40},
        {"top_k": 10_000},
        {"min_p": 0.2},
        {"min_p": 1.0},
        {"min_p": 0.05, "top_k": 30, "top_p": 0.7},
        {"top_k": 12, "top_p": 0.5},
    ],
    ids=str,
)
@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7])
def test_what_is_left_to_draw_from_is_what_transformers_leaves(options: dict[str, Any], temperature: float):
    from transformers import (
        LogitsProcessorList,
        MinPLogitsWarper,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    makers: dict[str, Any] = {"min_p": MinPLogitsWarper, "top_k": TopKLogitsWarper, "top_p": TopPLogitsWarper}
    wanted = [TemperatureLogitsWarper(temperature)]
    wanted += [make(options[name]) for name, make in makers.items() if name in options]
    logits = 3.0 * torch.randn(200, generator=torch.Generator().manual_seed(3))
    expected = LogitsProcessorList(wanted)(torch.zeros(1, 0), logits[None])[0].softmax(dim=-1)
    shares = sampler_of(temperature=temperature, **options).shares(logits)
    shares = shares / shares.sum()
    assert torch.equal(shares > 0, expected > 0)
    assert torch.allclose(shares, expected, atol=1e-6)
    drawn = draw(logits, temperature=temperature, seed=1, **options)
    assert {token for token in drawn if expected[token] == 0} == set()


# ----------------------------------------------------------------------------- biases, penalties


def reference(logits: Sequence[float], prompt: Sequence[int], written: Sequence[int], options: Options):
    """The logits after biases and penalties, token by token as the definitions read."""
    changed = []
    for token, given in enumerate(logits):
        logit = given + dict(options.logit_bias).get(token, 0.0)
        if token in prompt or token in written:
            factor = options.repetition_penalty
            logit *= 1 / factor if logit > 0 else factor
        count = list(written).count(token)
        changed.append(logit - options.frequency_penalty * count - options.presence_penalty * (count > 0))
    return changed


@pytest.mark.parametrize(
    "options",
    [
        {"frequency_penalty": 0.8},
        {"frequency_penalty": -1.1},
        {"presence_penalty": 1.5},
        {"repetition_penalty": 1.4},
        {"repetition_penalty": 0.6},
        {"logit_bias": ((2, 3.5), (0, -100.0))},
        {
            "frequency_penalty": 0.3,
            "presence_penalty": -0.2,
            "repetition_penalty": 1.2,
            "logit_bias": ((1, 1.0),),
        },
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_each_token_is_the_likeliest_after_biases_and_penalties(options: dict[str, Any], dtype):
    prompt = [4, 4, 1]
    rows = 2.0 * torch.randn(60, 6, generator=torch.Generator().manual_seed(5)).to(dtype)
    sampler = sampler_of(prompt, **options)
    written: list[int] = []
    for logits in rows:
        before = logits.clone()
        expected = reference(logits.tolist(), prompt, written, Options(**options))
        token = sampler.pick(logits)
        assert token == max(range(6), key=expected.__getitem__)
        assert torch.equal(logits, before), "what the model said is not changed: it is scored after"
        written.append(token)
    assert written != [int(logits.argmax()) for logits in rows]


def test_penalties_change_what_is_drawn_as_the_reference_says(logits):
    options = {"temperature": 0.8, "presence_penalty": 1.0, "logit_bias": ((3, 2.0),), "seed": 2}
    prompt, counts, expected = [0], torch.zeros(4), torch.zeros(4)
    for seed in range(2000):
        sampler = sampler_of(prompt, **options | {"seed": seed})
        first, second = sampler.pick(logits), sampler.pick(logits)
        counts[second] += 1
        changed = reference(logits.tolist(), prompt, [first], Options(**options))
        expected += torch.softmax(torch.tensor(changed) / 0.8, dim=-1)
    assert torch.allclose(counts / 2000, expected / 2000, atol=0.04)


def test_a_bias_can_ban_a_token_and_force_another(logits):
    assert set(draw(logits, temperature=1.0, logit_bias=((0, -100.0),))) == {1, 2, 3}
    assert set(draw(logits, logit_bias=((3, 100.0),))) == {3}
    assert set(draw(logits, temperature=1.0, logit_bias=((3, 100.0),))) == {3}


def test_penalties_are_remembered_by_one_answer_only(logits):
    options: dict[str, Any] = {"presence_penalty": 2.0}
    first, second = sampler_of(**options), sampler_of(**options)
    assert [first.pick(logits) for _ in range(4)] == [0, 1, 2, 0]
    assert second.pick(logits) == 0


def test_a_prompt_may_hold_ids_that_cannot_be_written(logits):
    assert sampler_of([0, 500], repetition_penalty=2.0).pick(logits) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"frequency_penalty": 2.1},
        {"presence_penalty": float("nan")},
        {"repetition_penalty": 0.0},
        {"min_p": -0.1},
        {"top_k": -1},
        {"logit_bias": ((1, 101.0),)},
        {"logit_bias": ((-1, 1.0),)},
        {"logit_bias": ((1, float("nan")),)},
    ],
    ids=str,
)
def test_what_no_sampler_takes_is_refused(options: dict[str, Any]):
    with pytest.raises(InvalidRequest):
        Options(**options)
