"""A scheduler on a small random model, requests that write down what happens to them, and the reference."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import Glm4Config, Glm4ForCausalLM

from engine.protocol import FinishReason, Options, OutOfMemory
from engine.sampler import Sampler, Scores
from engine.scheduler import Scheduler
from engine.slots import Limits, Row

PATIENCE = 60.0  # seconds until a test that hangs is given up


@dataclass
class Recorder:
    """A `Job` that writes down what happens to it."""

    input_ids: Tensor
    media: Mapping[str, Tensor] = field(default_factory=dict)
    limit: int = 12
    sampler: Sampler = field(default_factory=Sampler)
    on_token: Callable[[int], None] = lambda count: None
    arrived: float = 0.0
    cancelled: bool = False
    tokens: list[int] = field(default_factory=list)
    scores: list[Scores | None] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ended: FinishReason | Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def queued(self, position: int) -> None:
        self.positions.append(position)

    def started(self) -> None:
        assert not self.tokens

    def take(self, token: int, scores: Scores | None) -> FinishReason | None:
        self.tokens.append(token)
        self.scores.append(scores)
        self.on_token(len(self.tokens))
        return "length" if len(self.tokens) == self.limit else None

    def finish(self, reason: FinishReason) -> None:
        self.end(reason)

    def fail(self, error: Exception) -> None:
        self.end(error)

    def end(self, how: FinishReason | Exception) -> None:
        assert self.ended is None, "it ends once"
        self.ended = how
        self.done.set()


def drawing(temperature: float = 0.0, top_p: float = 1.0, **options: Any) -> Sampler:
    return Sampler(Options(temperature=temperature, top_p=top_p, **options))


class Engine:
    """A scheduler on a decoder."""

    def __init__(self, decoder, cache_tokens: int = 1 << 20, **limits: int) -> None:
        self.scheduler = Scheduler(Limits(**limits))
        self.scheduler.start(decoder, cache_tokens)

    def ask(self, job: Recorder) -> Row:
        row = self.scheduler.join(job)
        try:
            self.scheduler.offer(row, job.limit)
        except OutOfMemory:
            self.scheduler.refuse(row)
            raise
        return row

    def wait(self, jobs: Sequence[Recorder]) -> None:
        for job in jobs:
            assert job.done.wait(PATIENCE), "a request was never ended"


def alone(model, inputs: Mapping[str, Tensor], limit: int) -> list[int]:
    """What transformers' own greedy loop writes."""
    output = model.generate(**inputs, max_new_tokens=limit, min_new_tokens=limit, do_sample=False)
    return output[0, inputs["input_ids"].shape[1] :].tolist()


def free_of_ends(model) -> None:
    model.generation_config.eos_token_id = None


def tiny_glm():
    torch.manual_seed(3)
    config = Glm4Config(
        vocab_size=160, hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=12, max_position_embeddings=256, pad_token_id=0,
    )  # fmt: skip
    model = Glm4ForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(4)
    sizes = (5, 1, 90, 17, 40, 33)
    return model, [{"input_ids": torch.randint(1, 160, (1, size), generator=generator)} for size in sizes]
