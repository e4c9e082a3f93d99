"""Model families: how each one's requests share one decode loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedModel

    from engine.generate import Decoder


#: Models of plain causal attention over text and merged media, tested to answer in slots as alone.
SHARING = frozenset({"glm4", "glm46v", "glm4v", "llama", "llava", "qwen2", "qwen2_5_vl"})
SHARING_TEXT = frozenset({"glm4", "glm4v_text", "llama", "qwen2", "qwen2_5_vl_text"})


def decoder_for(model: PreTrainedModel, *, split: bool = False, libraries: Path | None = None) -> Decoder:
    """The decoder that runs this model: rows share their passes where that is known to change nothing.

    `split` says that this is one part of it, whose modules must run themselves: they talk to the others.
    `libraries` is a folder that may have a compiled step of this model, see `engine.families.compiled`.
    """
    from engine.families.alone import LoneDecoder
    from engine.families.autoglm import AutoGLMDecoder, FusedAutoGLMDecoder
    from engine.families.glm import FusedGlmDecoder, fuse
    from engine.families.multimodal import FusedMultimodalDecoder, MultimodalDecoder
    from engine.model.modeling import AutoGLMForConditionalGeneration

    fused = None if split else fuse(model)
    if fused is not None and libraries is not None:
        from engine.families.compiled import find_step

        fused.compiled = find_step(fused, libraries)
    if isinstance(model, AutoGLMForConditionalGeneration):
        return AutoGLMDecoder(model) if fused is None else FusedAutoGLMDecoder(model, fused)
    if fused is not None:
        kind = FusedGlmDecoder if model.config.model_type == "glm4" else FusedMultimodalDecoder
        return kind(model, fused)
    text = model.config.get_text_config(decoder=True)
    layers = set(getattr(text, "layer_types", None) or ["full_attention"])
    windowed = getattr(text, "use_sliding_window", False) or layers != {"full_attention"}
    known = model.config.model_type in SHARING and text.model_type in SHARING_TEXT
    if known and not windowed:
        return MultimodalDecoder(model)
    return LoneDecoder(model)
