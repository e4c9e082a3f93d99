"""Chooses the next token."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Scores(NamedTuple):
    """Log-probability of the token that was chosen; (id, log-probability) of the likeliest, best first."""

    chosen: float
    likeliest: tuple[tuple[int, float], ...]


class Sampler:
    """Greedy at temperature 0, else nucleus sampling (Holtzman et al., 2020), from its own seeded generator.

    `seed` None draws one. `logprobs` is how many of the likeliest tokens are scored beside the one that was
    chosen; None scores nothing.
    """

    def __init__(
        self,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int | None = None,
        logprobs: int | None = None,
    ) -> None:
        self.temperature, self.top_p, self.logprobs = temperature, top_p, logprobs
        self.generator = torch.Generator()
        if seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(seed)

    @property
    def greedy(self) -> bool:
        """It takes the likeliest token, always."""
        return self.temperature == 0.0

    def pick(self, logits: Tensor) -> int:
        """The next token's id, from logits [vocabulary] of any dtype and device."""
        if self.greedy:
            return int(logits.argmax())
        probabilities = torch.softmax(logits.float().cpu() / self.temperature, dim=-1)
        if self.top_p < 1.0:
            probabilities = keep_nucleus(probabilities, self.top_p)
        return int(torch.multinomial(probabilities, 1, generator=self.generator))

    def score(self, logits: Tensor, token: int) -> Scores:
        """How likely `token` was by logits [vocabulary], whatever temperature and top_p made of it."""
        scores = torch.log_softmax(logits.float().cpu(), dim=-1)
        best, ids = scores.topk(min(self.logprobs or 0, len(scores)))
        return Scores(float(scores[token]), tuple(zip(ids.tolist(), best.tolist(), strict=True)))


def keep_nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """Zero all but the fewest most likely tokens that together reach `top_p`; at least one stays."""
    ordered, order = probabilities.sort(descending=True)
    dropped = ordered.cumsum(dim=-1) - ordered >= top_p
    dropped[0] = False
    return probabilities.index_fill(-1, order[dropped], 0.0)
