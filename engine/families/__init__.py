"""Model families: how each one's requests share one decode loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from engine.generate import Decoder


def decoder_for(model: PreTrainedModel) -> Decoder:
    """The decoder that runs this model in slots."""
    from engine.families.autoglm import AutoGLMDecoder
    from engine.generate import SlotDecoder
    from engine.model.modeling import AutoGLMForConditionalGeneration

    if isinstance(model, AutoGLMForConditionalGeneration):
        return AutoGLMDecoder(model)
    return SlotDecoder(model)
