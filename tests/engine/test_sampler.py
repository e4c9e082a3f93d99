"""The choice of the next token."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


@pytest.fixture
def logits():
    return torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))


def draw(logits, count: int = 400, **options) -> list[int]:
    from engine.sampler import Sampler

    sampler = Sampler(**options)
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
    from engine.sampler import Sampler

    for sampler in (Sampler(logprobs=2), Sampler(0.1, 0.2, logprobs=2)):
        scores = sampler.score(logits + 7.0, 2)
        assert scores.chosen == pytest.approx(math.log(0.15), abs=1e-5)
        assert [token for token, _ in scores.likeliest] == [0, 1]
        assert [score for _, score in scores.likeliest] == pytest.approx([math.log(0.5), math.log(0.3)])
    assert Sampler(logprobs=0).score(logits, 0).likeliest == ()
    assert len(Sampler(logprobs=20).score(logits, 0).likeliest) == 4  # no more than there are


def test_lower_temperature_is_bolder(logits):
    cold = draw(logits, 1000, temperature=0.3, seed=1).count(0)
    warm = draw(logits, 1000, temperature=1.5, seed=1).count(0)
    assert cold > 800 > warm
