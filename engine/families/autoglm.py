"""The article's architecture in slots: each row looks at its own media through the fusion layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.generate import Reading, SlotDecoder
from engine.model.modeling import AutoGLMForConditionalGeneration


class MediaBank:
    """Keys and values of every slot's media, preallocated: rows of different numbers of media tokens.

    keys, values: [slots, layers, heads, width, head_dim]; counts: media tokens of each slot.
    """

    def __init__(self) -> None:
        self.keys = self.values = torch.empty(0)
        self.counts: dict[int, int] = {}

    def put(self, slot: int, keys: Tensor, values: Tensor) -> None:
        """One row's media, [1, layers, heads, tokens, head_dim]."""
        _, layers, heads, tokens, size = keys.shape
        if self.keys.dim() == 1:
            self.keys = self.values = keys.new_zeros(0, layers, heads, 0, size)
        slots, width = self.keys.shape[0], self.keys.shape[3]
        if slot >= slots or tokens > width:
            rows = slots if slot < slots else max(slot + 1, 2 * slots)
            shape = (rows, layers, heads, max(tokens, width), size)
            self.keys, self.values = grown(self.keys, shape), grown(self.values, shape)
        self.keys[slot, :, :, :tokens] = keys[0]
        self.values[slot, :, :, :tokens] = values[0]
        self.counts[slot] = tokens

    def move(self, source: int, target: int) -> None:
        if tokens := self.counts.pop(source, 0):
            self.keys[target, :, :, :tokens] = self.keys[source, :, :, :tokens]
            self.values[target, :, :, :tokens] = self.values[source, :, :, :tokens]
            self.counts[target] = tokens

    def clear(self, slot: int) -> None:
        self.counts.pop(slot, None)

    def seen_by(self, slots: Sequence[int]) -> dict[str, Tensor]:
        """What the fusion layers of a pass over `slots` are given; nothing where none has media."""
        counts = [self.counts.get(slot, 0) for slot in slots]
        if not any(counts):
            return {}
        width, rows = max(counts), len(self.keys)
        known = torch.tensor([min(slot, rows - 1) for slot in slots], device=self.keys.device)
        tokens = torch.arange(width, device=known.device)
        return {
            "media_keys": self.keys[known, :, :, :width],
            "media_values": self.values[known, :, :, :width],
            "media_mask": tokens < torch.tensor(counts, device=known.device)[:, None],
        }


def grown(held: Tensor, shape: tuple[int, ...]) -> Tensor:
    larger = held.new_zeros(shape)
    larger[: held.shape[0], :, :, : held.shape[3]] = held
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

    def place(self, slot: int, input_ids: Tensor, media: Mapping[str, Tensor]) -> None:
        super().place(slot, input_ids, media)
        with torch.inference_mode():
            if kept := self.rows[slot].media:
                self.bank.put(slot, kept.pop("media_keys"), kept.pop("media_values"))

    def move(self, source: int, target: int) -> None:
        super().move(source, target)
        self.bank.move(source, target)

    def clear(self, slot: int) -> None:
        super().clear(slot)
        self.bank.clear(slot)

    def extras(self, slots: Sequence[int]) -> dict[str, Any]:
        return self.bank.seen_by(slots)
