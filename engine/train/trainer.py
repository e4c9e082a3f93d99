"""The training loop that every stage shares: resumable, logged, the same on CPU and GPU."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

logger = logging.getLogger(__name__)

Losses = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn: linear warm-up, then a cosine down to `floor` of the rate.

    learning_rate is AdamW's; checkpoint_every and log_every are in steps. bf16 multiplies matrices in
    bfloat16, where a stage can. stream: which draws of a stage; who is taught on takes others than before.
    """

    steps: int
    batch_size: int
    learning_rate: float
    warmup: int = 100
    floor: float = 0.02
    weight_decay: float = 0.01
    clip: float = 1.0
    checkpoint_every: int = 250
    log_every: int = 50
    bf16: bool = False
    stream: int = 0

    def rate(self, step: int) -> float:
        """The learning rate at a step, as a fraction of the highest."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.floor + (1.0 - self.floor) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


def pick_device(name: str = "auto") -> torch.device:
    """The GPU when there is one."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def train(
    name: str,
    model: nn.Module,
    draw: Callable[[int], Any],
    loss: Callable[[Any], Losses],
    schedule: Schedule,
    folder: Path,
    evaluate: Callable[[], dict[str, float]] | None = None,
) -> None:
    """Train `model` in place, from the last checkpoint in `folder` if there is one.

    Args:
        draw: step -> batch; a function of the step alone, so that a resumed run sees the same data.
        loss: batch -> named losses, of which "total" is minimised.
        evaluate: called at each checkpoint; its figures go into the log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / f"{name}.pt"
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        learned, lr=schedule.learning_rate, betas=(0.9, 0.98), weight_decay=schedule.weight_decay
    )
    first = resume(checkpoint, model, optimizer)
    log = Log(folder / f"{name}.jsonl", name, schedule)
    with ThreadPoolExecutor(1) as loader:
        upcoming = loader.submit(draw, first)
        for step in range(first, schedule.steps):
            batch = upcoming.result()
            upcoming = loader.submit(draw, step + 1)
            for group in optimizer.param_groups:
                group["lr"] = schedule.learning_rate * schedule.rate(step)
            losses = loss(batch)
            optimizer.zero_grad(set_to_none=True)
            losses["total"].backward()
            nn.utils.clip_grad_norm_(learned, schedule.clip)
            optimizer.step()
            log.add(step, losses)
            done = step + 1
            if done % schedule.checkpoint_every == 0 or done == schedule.steps:
                save(checkpoint, model, optimizer, done)
                if evaluate is not None:
                    model.eval()
                    log.write(done, evaluate())
                    model.train()
        upcoming.cancel()


def resume(checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load a checkpoint if there is one; the step to go on with."""
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    logger.info("resumed %s at step %d", checkpoint.stem, state["step"])
    return state["step"]


def save(checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write a checkpoint so that a crash leaves the old one or the new one, never half of one."""
    partial = checkpoint.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, partial)
    partial.replace(checkpoint)


class Log:
    """Mean losses, to the logger and to a JSON line each."""

    def __init__(self, path: Path, name: str, schedule: Schedule) -> None:
        self.path, self.name, self.schedule = path, name, schedule
        self.sums: dict[str, float] = {}
        self.count = 0
        self.since = time.monotonic()

    def add(self, step: int, losses: Losses) -> None:
        for key, value in losses.items():
            self.sums[key] = self.sums.get(key, 0.0) + value.detach().item()
        self.count += 1
        if (step + 1) % self.schedule.log_every == 0:
            means = {key: value / self.count for key, value in self.sums.items()}
            self.write(step + 1, {**means, "seconds_per_step": (time.monotonic() - self.since) / self.count})
            self.sums, self.count, self.since = {}, 0, time.monotonic()

    def write(self, step: int, figures: dict[str, float]) -> None:
        words = " ".join(f"{key} {value:.4f}" for key, value in figures.items())
        logger.info("%s %d/%d %s", self.name, step, self.schedule.steps, words)
        with self.path.open("a") as lines:
            lines.write(json.dumps({"step": step, **figures}) + "\n")
