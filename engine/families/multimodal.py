"""Published models that merge media into their text: their own forward makes what their decoder reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from engine.families.glm import FusedGlm
from engine.generate import Reading, SlotDecoder
from engine.kv_cache import Pass


class DecoderReached(Exception):
    """A forward pass has come to the text decoder, with these arguments."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__()
        self.given = given


def merge_media(model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> dict[str, Any]:
    """What `model` gives its text decoder for a prompt: its encoders run, its decoder does not.

    Every multimodal model of transformers merges in its own way; this asks the model itself.
    """

    def stop(module: nn.Module, arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        raise DecoderReached(given)

    hook = model.get_decoder().register_forward_pre_hook(stop, with_kwargs=True)
    try:
        model(**inputs, use_cache=False)
    except DecoderReached as reached:
        return reached.given
    finally:
        hook.remove()
    raise TypeError(f"{type(model).__name__} answers without its text decoder")


class MultimodalDecoder(SlotDecoder):
    """Slots for models whose media become part of the text, with rotary positions of one axis or three."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model)
        rope = getattr(self.config, "rope_parameters", None) or {}
        self.axes = 3 if "mrope_section" in rope else 1

    def read(self, input_ids: Tensor, media: Mapping[str, Tensor]) -> Reading:
        """The prompt with its media merged in; the encoders run here, once."""
        device = self.device
        input_ids = input_ids.to(device)
        length = input_ids.shape[1]
        if not media:
            return Reading(input_ids[0], torch.arange(length, device=device).expand(self.axes, -1))
        inputs = {name: move_input(tensor, self.model) for name, tensor in media.items()}
        given = merge_media(self.model, {"input_ids": input_ids, **inputs})
        positions = torch.arange(length, device=device).expand(self.axes, -1)
        if self.axes > 1:
            # [axes, 1, length]; some models put the plain positions before the three.
            positions = given["position_ids"][-self.axes :, 0]
        offset = int(positions.max()) + 1 - length
        return Reading(input_ids[0], positions, given["inputs_embeds"][0], offset)


class FusedMultimodalDecoder(MultimodalDecoder):
    """The same in few operations, see `engine.families.glm`."""

    def __init__(self, model: PreTrainedModel, fused: FusedGlm) -> None:
        super().__init__(model)
        self.fused = fused

    def _forward(self, step: Pass, positions: Tensor, **given: Any) -> Tensor:
        self.cache.aim(step)
        return self.fused.run(self.cache, step, positions, **given)


def move_input(tensor: Tensor, model: PreTrainedModel) -> Tensor:
    """To the model's device; pixels and mel in its type."""
    return tensor.to(model.device, model.dtype if tensor.is_floating_point() else None)
