"""Many chats at once: ours, one after another, and transformers' own continuous batching."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from transformers import ContinuousBatchingConfig, GenerationConfig, StoppingCriteria, StoppingCriteriaList

from bench.models import nano_checkpoint, nano_decoder, peer, prompt
from bench.rounds import Clock, Result, interleave
from engine.answer import Answer
from engine.prompt import Prompt
from engine.protocol import Event, Finished, Message, Options, Perceived, Request, TextPart
from engine.scheduler import Scheduler
from engine.slots import Limits

CHATS = (1, 4, 16, 32)
PROMPT, NEW = 64, 48
Outcome = tuple[float, float]  # seconds of `clock` for all, mean wall seconds to a chat's first token


def measure(runs: int, clock: Clock) -> Result:
    """Tokens a second of all chats together, and seconds to the first token of each, on average."""
    result = Result()
    rounds = min(runs, 3)
    for count in CHATS:
        sides = dict(SIDES)
        waits: dict[str, list[float]] = {name: [] for name in sides}

        def speed(side: Callable[[int, Clock], Outcome], name: str, count: int = count, waits=waits) -> float:
            seconds, first = side(count, clock)
            waits[name].append(first)
            return count * NEW / seconds

        measured = {
            name: lambda side=side, name=name, speed=speed: speed(side, name) for name, side in sides.items()
        }
        for name, values in interleave(measured, rounds, f"{count} at once").items():
            result.figures[f"{chats(count)}, {name}, tokens/s"] = values
            result.figures[f"{chats(count)}, {name}, first token, s"] = waits[name][1:]
        ours = f"{chats(count)}, ours, tokens/s"
        for name in list(sides)[1:]:
            goal = {"generate, one after another": 6.0}.get(name, 1.0) if count == 16 else None
            theirs = f"{chats(count)}, {name}, tokens/s"
            result.compare(f"{chats(count)}: ours against {name}", ours, theirs, goal)
    result.notes = [
        f"Prompts of {PROMPT} tokens, {NEW} new each, greedy, text only, {torch.get_num_threads()} threads. "
        "Ours includes making text and events of the tokens; the others give token ids.",
        "The others run nano's decoder as a plain Glm4. Continuous batching is started for each measurement, "
        "which is part of its time; where it is kept running, over HTTP, see Serving.",
    ]
    return result


def chats(count: int) -> str:
    """So many, in words."""
    return f"{count} chat{'s' * (count > 1)}"


def one_by_one(count: int, clock: Clock) -> Outcome:
    """transformers' generate, a chat when the one before has ended."""
    glm = peer()
    firsts: list[float] = []
    started, began = clock(), time.perf_counter()

    class FirstToken(StoppingCriteria):
        """Called after each token; stops nothing."""

        def __init__(self) -> None:
            self.seen = False

        def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Any:
            if not self.seen:
                self.seen = True
                firsts.append(time.perf_counter() - began)
            return torch.zeros(len(input_ids), dtype=torch.bool)

    for chat in range(count):
        watch = StoppingCriteriaList([FirstToken()])
        glm.generate(prompt(PROMPT, chat), max_new_tokens=NEW, do_sample=False, stopping_criteria=watch)
    return clock() - started, statistics.mean(firsts)


def at_once(count: int, clock: Clock) -> Outcome:
    """All in the scheduler, with text and events made of the tokens."""
    loaded = replace(nano_checkpoint(), stop_ids=frozenset())
    scheduler = Scheduler(Limits(slots=max(CHATS), waiting=0))
    scheduler.start(nano_decoder(), 1 << 20)
    ended = threading.Semaphore(0)
    firsts: list[float] = []

    def post(event: Event | None) -> None:
        if isinstance(event, Finished):
            firsts.append(event.timings.first_token or 0.0)
            ended.release()

    request = Request((Message("user", (TextPart("hello"),)),), Options(max_new_tokens=NEW))
    started = clock()
    for chat in range(count):
        answer = Answer(request, post, lambda: False)
        row = scheduler.join(answer)
        answer.read(Prompt(prompt(PROMPT, chat), {}, Perceived(), PROMPT), loaded, NEW)
        scheduler.offer(row, NEW)
    for _ in range(count):
        ended.acquire()
    seconds = clock() - started
    scheduler.close()
    return seconds, statistics.mean(firsts)


def continuous_batching(count: int, clock: Clock) -> Outcome:
    """transformers' own manager, with a cache that is large enough and in the pages that suit it best here.

    It is made anew at each call: one that is kept goes on working while the others are measured.
    """
    prompts = [prompt(PROMPT, chat)[0].tolist() for chat in range(count)]
    started, began = clock(), time.perf_counter()
    outputs = peer().generate_batch(
        prompts,
        generation_config=GenerationConfig(
            max_new_tokens=NEW, do_sample=False, eos_token_id=-1, pad_token_id=0
        ),
        continuous_batching_config=ContinuousBatchingConfig(
            num_blocks=8 * max(CHATS), page_size=32, max_batch_tokens=512, allow_block_sharing=False
        ),
        record_timestamps=True,
    )
    seconds = clock() - started
    lengths = [len(output.generated_tokens) for output in outputs.values()]
    if lengths != [NEW] * count:
        raise RuntimeError(f"the peer wrote {lengths} tokens instead of {NEW} each")
    return seconds, statistics.mean((output.timestamps or [0.0])[0] for output in outputs.values()) - began


SIDES: dict[str, Callable[[int, Clock], Outcome]] = {
    "ours": at_once,
    "generate, one after another": one_by_one,
    "continuous batching of transformers": continuous_batching,
}
