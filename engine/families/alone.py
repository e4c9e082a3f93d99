"""Any other model of transformers: each row by itself, with the cache that transformers makes for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Cache, DynamicCache, PreTrainedModel

from engine.families.multimodal import move_input
from engine.generate import SlotDecoder
from engine.kv_cache import Span


@dataclass
class Lone:
    """One row: its prompt, its cache, and what its model keeps of it on its modules."""

    inputs: dict[str, Tensor]
    cache: Cache
    kept: dict[int, Any] = field(default_factory=dict)


class LoneDecoder(SlotDecoder):
    """Rows take turns instead of sharing a pass: for models whose attention or cache is not plain causal.

    Slower for many at once, right for every model that transformers can generate with.
    """

    shares_passes = False

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model)
        self.lone: dict[int, Lone] = {}
        self.stateful = list(find_stateful(model))

    @torch.inference_mode()
    def place(
        self, slot: int, input_ids: Tensor, media: Mapping[str, Tensor], like: int | None = None
    ) -> None:
        """See `Decoder.place`. Media are encoded with the prompt, for each row anew."""
        inputs = {name: move_input(tensor, self.model) for name, tensor in media.items()}
        cache = DynamicCache(config=self.config)
        self.lone[slot] = Lone({"input_ids": input_ids.to(self.device), **inputs}, cache)

    @torch.inference_mode()
    def prefill(self, spans: Sequence[Span]) -> Tensor:
        """The whole prompt at once, when its last part is asked for; zeros after the parts before."""
        return torch.cat([self._read(span) for span in spans])

    @torch.inference_mode()
    def decode(self, slots: Sequence[int], tokens: Sequence[int]) -> Tensor:
        steps = zip(slots, tokens, strict=True)
        return torch.cat(
            [
                self._run(slot, {"input_ids": torch.tensor([[token]], device=self.device)})
                for slot, token in steps
            ]
        )

    def move(self, source: int, target: int) -> None:
        self.lone[target] = self.lone.pop(source)

    def clear(self, slot: int) -> None:
        self.lone.pop(slot, None)

    def _read(self, span: Span) -> Tensor:
        inputs = self.lone[span.slot].inputs
        if span.stop < inputs["input_ids"].shape[1]:
            return torch.zeros(1, self.config.vocab_size, device=self.device)
        self.lone[span.slot].inputs = {}
        return self._run(span.slot, inputs)

    def _run(self, slot: int, inputs: Mapping[str, Tensor]) -> Tensor:
        """Logits [1, vocabulary] after these inputs. The model's own memory of a row is that of this row."""
        row = self.lone[slot]
        for index, module in enumerate(self.stateful):
            module.rope_deltas = row.kept.get(index)
        output = self.model(**inputs, past_key_values=row.cache, use_cache=True, logits_to_keep=1)
        row.kept = {index: module.rope_deltas for index, module in enumerate(self.stateful)}
        return output.logits[:, -1]


def find_stateful(model: nn.Module) -> Iterator[Any]:
    """Modules that keep the positions of the prompt that they saw last."""
    return (module for module in model.modules() if hasattr(module, "rope_deltas"))
