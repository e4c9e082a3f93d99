"""The KV cache against reading everything again, and the cost of a token as the text grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.models import larger, nano_decoder, peer, prompt
from bench.rounds import Clock, Result, interleave, timed

LENGTHS = (64, 128, 256, 512)
LARGER = (64, 128)  # of the larger model, which takes seconds a text
PLACES = (64, 256, 512, 960)
STEPS = 32


def measure(runs: int, clock: Clock) -> Result:
    """Seconds to write texts of several lengths, and milliseconds a token at several places."""
    import torch
    from transformers import DynamicCache

    start = prompt(8)

    def write(glm: Any, length: int, cached: bool) -> Callable[[], float]:
        @torch.inference_mode()
        def work() -> None:
            cache = DynamicCache(config=glm.config) if cached else None
            ids = given = start
            for _ in range(length):
                output = glm(input_ids=given, past_key_values=cache, use_cache=cached, logits_to_keep=1)
                token = output.logits[:, -1].argmax(-1, keepdim=True)
                ids = torch.cat([ids, token], dim=1)
                given = token if cached else ids

        return timed(work, clock)

    result = Result()
    cases = [(peer(), "", length) for length in LENGTHS] + [
        (larger(), "larger, ", length) for length in LARGER
    ]
    for glm, name, length in cases:
        again, kept = f"{name}{length} tokens, all read again, s", f"{name}{length} tokens, KV cache, s"
        sides = {again: write(glm, length, False), kept: write(glm, length, True)}
        # The longest texts take seconds without a cache; fewer rounds of them say enough.
        result.figures |= interleave(
            sides, 1 if name else min(runs, 1024 // length), f"{name}{length} tokens"
        )
        goal = 3.4 if length == LENGTHS[-1] else None
        result.compare(f"{name}KV cache is quicker at {length} tokens", again, kept, goal)
    steps = {f"token {place}, ours, ms": at(place, clock) for place in PLACES}
    result.figures |= interleave(steps, runs, "cost of a token")
    result.compare(
        "last token against first", f"token {PLACES[-1]}, ours, ms", f"token {PLACES[0]}, ours, ms"
    )
    result.notes = [
        "Both sides run transformers' modules on nano's decoder, so that the cache is all that differs.",
        f"The larger model: {sum(part.numel() for part in larger().parameters()) / 1e6:.0f} million random "
        "parameters.",
        f"Cost of a token: mean of {STEPS} steps that begin at that place of one text.",
    ]
    return result


def at(place: int, clock: Clock) -> Callable[[], float]:
    """Milliseconds a token of ours, `place` tokens into a text."""
    import torch

    from engine.kv_cache import Span

    decoder, ids = nano_decoder(), prompt(place)

    @torch.inference_mode()
    def step() -> float:
        decoder.place(0, ids, {})
        token = decoder.prefill([Span(0, 0, place)]).argmax(-1).tolist()
        started = clock()
        for _ in range(STEPS):
            token = decoder.decode([0], token).argmax(-1).tolist()
        seconds = clock() - started
        decoder.clear(0)
        return 1e3 * seconds / STEPS

    return step
