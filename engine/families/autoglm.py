"""The article's architecture in slots: each row looks at its own media through the fusion layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.families.glm import FusedGlm, MediaView
from engine.generate import Reading, SlotDecoder
from engine.kv_cache import Pass
from engine.model.modeling import AutoGLMForConditionalGeneration


class MediaBank:
    """Keys and values of every slot's media, preallocated: rows of different numbers of media tokens.

    keys, values: [layers, slots, heads, width, head_dim]; counts: media tokens of each slot that has some.
    """

    def __init__(self) -> None:
        self.keys = self.values = torch.empty(0, 0, 0, 0, 0)
        self.counts: dict[int, int] = {}
        self._seen: tuple[Sequence[int], MediaView] | None = None

    def put(self, slot: int, keys: Tensor, values: Tensor) -> None:
        """One row's media, [1, layers, heads, tokens, head_dim]."""
        tokens = keys.shape[3]
        self._reserve(slot + 1, tokens, keys)
        self.keys[:, slot, :, :tokens] = keys[0]
        self.values[:, slot, :, :tokens] = values[0]
        self.counts[slot] = tokens
        self._seen = None

    def move(self, source: int, target: int) -> None:
        self.copy(source, target)
        self.clear(source)

    def copy(self, source: int, target: int) -> None:
        self.clear(target)
        if tokens := self.counts.get(source, 0):
            self._reserve(target + 1, tokens, self.keys)
            self.keys[:, target, :, :tokens] = self.keys[:, source, :, :tokens]
            self.values[:, target, :, :tokens] = self.values[:, source, :, :tokens]
            self.counts[target] = tokens

    def clear(self, slot: int) -> None:
        self.counts.pop(slot, None)
        self._seen = None

    def seen_by(self, slots: Sequence[int]) -> MediaView | None:
        """What a pass over `slots` looks at; None where none of them has media."""
        slots = tuple(slots)
        counts = [self.counts.get(slot, 0) for slot in slots]
        if not any(counts):
            return None
        if self._seen is None or self._seen[0] != slots:
            self._seen = slots, self._view(slots, counts)
        return self._seen[1]

    def _view(self, slots: tuple[int, ...], counts: list[int]) -> MediaView:
        width, first = max(counts), slots[0]
        self._reserve(max(slots) + 1, width, self.keys)
        in_line = slots == tuple(range(first, first + len(slots)))
        rows = slice(first, first + len(slots)) if in_line else list(slots)
        known = torch.tensor(counts, device=self.keys.device)[:, None]
        mask = torch.arange(width, device=known.device) < known
        keys, values = self.keys[:, rows, :, :width], self.values[:, rows, :, :width]
        return MediaView(keys, values, mask, known > 0)

    def _reserve(self, slots: int, width: int, like: Tensor) -> None:
        held = self.keys
        if slots <= held.shape[1] and width <= held.shape[3]:
            return
        rows = held.shape[1] if slots <= held.shape[1] else max(slots, 2 * held.shape[1])
        shape = (
            held.shape[0] or like.shape[1],
            rows,
            like.shape[2],
            max(width, held.shape[3]),
            like.shape[4],
        )
        self.keys, self.values = (self._grown(part, shape, like) for part in (self.keys, self.values))

    @staticmethod
    def _grown(held: Tensor, shape: tuple[int, ...], like: Tensor) -> Tensor:
        larger = like.new_zeros(shape)
        if held.numel():
            larger[:, : held.shape[1], :, : held.shape[3]] = held
        return larger


class AutoGLMDecoder(SlotDecoder):
    """Media are encoded when a row is placed; text rows beside them pass the fusion layers unchanged."""

    model: AutoGLMForConditionalGeneration

    def __init__(self, model: AutoGLMForConditionalGeneration) -> None:
        super().__init__(model)
        self.bank = MediaBank()

    def read(self, input_ids: Tensor, media: Mapping[str, Tensor]) -> Reading:
        reading = super().read(input_ids, {})
        if media:
            reading.media = self.model.remember(input_ids, **media)
        return reading

    def place(
        self, slot: int, input_ids: Tensor, media: Mapping[str, Tensor], like: int | None = None
    ) -> None:
        super().place(slot, input_ids, media, like)
        with torch.inference_mode():
            if like is not None:
                self.bank.copy(like, slot)
            elif kept := self.rows[slot].media:
                self.bank.put(slot, kept.pop("media_keys"), kept.pop("media_values"))

    def move(self, source: int, target: int) -> None:
        super().move(source, target)
        self.bank.move(source, target)

    def clear(self, slot: int) -> None:
        super().clear(slot)
        self.bank.clear(slot)

    def extras(self, slots: Sequence[int]) -> dict[str, Any]:
        media = self.bank.seen_by(slots)
        if media is None:
            return {}
        keys, values = media.keys.transpose(0, 1), media.values.transpose(0, 1)
        return {"media_keys": keys, "media_values": values, "media_mask": media.mask}


class FusedAutoGLMDecoder(AutoGLMDecoder):
    """The same in few operations, see `engine.families.glm`."""

    def __init__(self, model: AutoGLMForConditionalGeneration, fused: FusedGlm) -> None:
        super().__init__(model)
        self.fused = fused

    def _forward(self, step: Pass, positions: Tensor, **given: Any) -> Tensor:
        self.cache.aim(step)
        return self.fused.run(self.cache, step, positions, self.bank.seen_by(step.slots), **given)
