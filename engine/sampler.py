"""Chooses the next token."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from engine.protocol import Options

COLDEST = 1e-5  # temperatures below are greedy: nothing but the likeliest token has a share left


class Scores(NamedTuple):
    """Log-probability of the token that was chosen; (id, log-probability) of the likeliest, best first."""

    chosen: float
    likeliest: tuple[tuple[int, float], ...]


class Sampler:
    """Chooses one answer's tokens, one after the other, as its `Options` say; from its own seeded generator.

    Biases and penalties change the logits, then the likeliest is taken at temperature 0, else one is drawn:
    after the temperature `min_p`, `top_k` and `top_p` (nucleus sampling, Holtzman et al., 2020) leave out the
    unlikely, in this order, as in vLLM.

    Args:
        options: what the request asks for.
        prompt: ids of its prompt, [length] int64, which `repetition_penalty` looks at.
    """

    def __init__(self, options: Options = Options(), prompt: Tensor | None = None) -> None:
        self.options, self.logprobs = options, options.logprobs
        self._cold = options.temperature < COLDEST
        self._penalties = Penalties(options, prompt) if Penalties.are_in(options) else None
        self.generator = torch.Generator()
        if options.seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(options.seed)
        #: It takes the model's own likeliest token, always.
        self.greedy = self._cold and self._penalties is None

    def pick(self, logits: Tensor) -> int:
        """The next token's id, from logits [vocabulary] of any dtype and device. It counts as written."""
        if self.greedy:
            return int(logits.argmax())
        logits = logits.float().cpu()
        if self._penalties is not None:
            logits = self._penalties.applied(logits)
        if self._cold:
            token = int(logits.argmax())
        else:
            token = int(torch.multinomial(self.shares(logits), 1, generator=self.generator))
        if self._penalties is not None:
            self._penalties.count(token)
        return token

    def shares(self, logits: Tensor) -> Tensor:
        """How likely each token is to be drawn, [vocabulary] float32, from logits [vocabulary] float32."""
        options = self.options
        shares = torch.softmax(logits / options.temperature, dim=-1)
        if options.min_p > 0.0:
            shares = drop_below(shares, options.min_p * shares.max())
        if 0 < options.top_k < len(shares):
            shares = drop_below(shares, shares.topk(options.top_k).values[-1])
        return keep_nucleus(shares, options.top_p) if options.top_p < 1.0 else shares

    def score(self, logits: Tensor, token: int) -> Scores:
        """How likely `token` was by logits [vocabulary], whatever the options made of it."""
        scores = torch.log_softmax(logits.float().cpu(), dim=-1)
        best, ids = scores.topk(min(self.logprobs or 0, len(scores)))
        return Scores(float(scores[token]), tuple(zip(ids.tolist(), best.tolist(), strict=True)))


class Penalties:
    """What biases and penalties make of one answer's logits; it remembers what was written.

    Frequency and presence look at the answer, thinking included, as OpenAI and vLLM define them; repetition
    at the prompt, too (Keskar et al., 2019). Biases come first, then repetition, then the other two.
    """

    def __init__(self, options: Options, prompt: Tensor | None) -> None:
        self._options = options
        self._biased = torch.tensor([token for token, _ in options.logit_bias], dtype=torch.int64)
        self._biases = torch.tensor([bias for _, bias in options.logit_bias], dtype=torch.float32)
        self._prompt = torch.empty(0, dtype=torch.int64) if prompt is None else prompt.cpu()
        self._written = torch.empty(0)  # [vocabulary] float32: how often each token was
        self._said = torch.empty(0, dtype=torch.bool)  # [vocabulary]: in prompt or answer

    @staticmethod
    def are_in(options: Options) -> bool:
        """They ask for any."""
        off = options.frequency_penalty == options.presence_penalty == 0.0
        return not off or options.repetition_penalty != 1.0 or bool(options.logit_bias)

    def applied(self, logits: Tensor) -> Tensor:
        """The logits to choose from; [vocabulary] float32 both, and what is given stays as it is."""
        self._fit(len(logits))
        options = self._options
        logits = logits.index_add(0, self._biased, self._biases)
        if options.repetition_penalty != 1.0:
            factor = options.repetition_penalty
            less = torch.where(logits > 0, logits / factor, logits * factor)
            logits = torch.where(self._said, less, logits)
        frequency, presence = options.frequency_penalty, options.presence_penalty
        return logits - frequency * self._written - presence * (self._written > 0)

    def count(self, token: int) -> None:
        """It was written."""
        self._written[token] += 1
        self._said[token] = True

    def _fit(self, vocabulary: int) -> None:
        """Room for what is remembered, once the size of the vocabulary is seen."""
        if len(self._written) != vocabulary:
            self._written = torch.zeros(vocabulary)
            self._said = torch.zeros(vocabulary, dtype=torch.bool)
            self._said[self._prompt[self._prompt < vocabulary]] = True


def drop_below(shares: Tensor, least: Tensor) -> Tensor:
    """Zero all that are less than `least`; what is left adds up to 1 again."""
    kept = torch.where(shares < least, 0.0, shares)
    return kept / kept.sum()


def keep_nucleus(shares: Tensor, top_p: float) -> Tensor:
    """Zero all but the fewest most likely tokens that together reach `top_p`; at least one stays."""
    ordered, order = shares.sort(descending=True)
    dropped = ordered.cumsum(dim=-1) - ordered >= top_p
    dropped[0] = False
    return shares.index_fill(-1, order[dropped], 0.0)
