"""A row to try a decode step on: what it gives, and how long that takes."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from engine.families.glm import FusedGlm, MediaView, OneChatStep
from engine.kv_cache import Pass, SlotCache
from engine.threads import Threads

#: Tokens that a compiled step writes before it is believed.
TRIED = 4
#: How far its logits may be from those of the engine's own operations, as a part of the largest: what is
#: rounded to INT8 may fall to the other side.
CLOSE = 0.02


class Trial:
    """A row of its own in a cache of its own, to see what a step gives."""

    def __init__(self, fused: FusedGlm, media: bool) -> None:
        self.fused, self.cache = fused, SlotCache(len(fused.layers))
        self.media = look_at_noise(fused) if media else None
        self.threads = Threads(torch.get_num_threads(), torch.set_num_threads)

    @torch.inference_mode()
    def write(self, step: OneChatStep | None, count: int) -> Tensor:
        """Logits [count, vocabulary] of the first tokens, with a compiled step or the fused operations."""
        kept, self.fused.compiled = self.fused.compiled, step
        logits = []
        try:
            for index in range(count):
                one = Pass([0], [index], [1], 1)
                self.cache.aim(one)
                token = torch.full((1, 1), (7 * index + 3) % self.fused.vocabulary)
                position = torch.full((1, 1, 1), index)
                run = partial(self.fused.run, self.cache, one, position, self.media, input_ids=token)
                logits.append(self.threads.run(1, run))
        finally:
            self.fused.compiled = kept
        return torch.cat(logits)


def look_at_noise(fused: FusedGlm) -> MediaView:
    """As many media tokens as a picture has about."""
    layers, heads, size = fused.media_shape
    generator = torch.Generator().manual_seed(0)
    keys, values = torch.randn(2, layers, 1, heads, 100, size, generator=generator)
    return MediaView(keys, values, torch.ones(1, 100, dtype=torch.bool), torch.ones(1, 1, dtype=torch.bool))


def check(fused: FusedGlm, step: OneChatStep) -> None:
    """Raises RuntimeError where the step does not give what the fused operations give."""
    for media in (False, True)[: 1 + fused.looks]:
        expected, given = (Trial(fused, media).write(one, TRIED) for one in (None, step))
        if not bool((given - expected).abs().max() <= CLOSE * expected.abs().max()):
            raise RuntimeError("it does not give what the engine's own operations give")
