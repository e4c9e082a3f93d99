"""What feeds a published checkpoint: its processor, loaded without torchvision, and what it can take in."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from engine.protocol import Capabilities

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

THINKING_TAG = "<think>"


def load_processor(source: str, config: PreTrainedConfig) -> Any:
    """The processor of a checkpoint, or its tokenizer where it takes text only.

    Processors that also read video ask for torchvision, which is not installed; theirs are loaded without
    that part. Raises what transformers raises for files that are missing or damaged.
    """
    from transformers import AutoTokenizer
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    kind = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None:
        return AutoTokenizer.from_pretrained(source)
    processor = without_video(kind).from_pretrained(source)
    if processor.chat_template is None:
        processor.chat_template = processor.tokenizer.chat_template
    return processor


def without_video(kind: Any) -> Any:
    """A processor class as `kind`, whose constructor knows no video processor.

    transformers reads from the constructor's signature which parts to load.
    """
    signature = inspect.signature(kind.__init__)
    if "video_processor" not in signature.parameters:
        return kind
    kept = [parameter for name, parameter in signature.parameters.items() if name != "video_processor"]
    names = [one.name for one in kept if one.kind is one.POSITIONAL_OR_KEYWORD and one.name != "self"]

    def construct(self: Any, *parts: Any, **options: Any) -> None:
        kind.__init__(self, **dict(zip(names, parts, strict=False)), **options)

    vars(construct)["__signature__"] = signature.replace(parameters=kept)

    class Silent(kind):
        """`kind` for still pictures."""

        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument is None:
                return None
            return super().check_argument_for_proper_class(argument_name, argument)

    setattr(Silent, "__init__", construct)  # noqa: B010
    Silent.__name__ = Silent.__qualname__ = kind.__name__
    return Silent


def tokenizer_of(processor: Any) -> PreTrainedTokenizerBase:
    return getattr(processor, "tokenizer", processor)


def read_capabilities(config: PreTrainedConfig, processor: Any) -> Capabilities:
    """What the checkpoint takes in: what its model class says, as far as its processor can prepare it."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MULTIMODAL_LM_MAPPING

    kind = MODEL_FOR_MULTIMODAL_LM_MAPPING.get(type(config), None)
    modalities = getattr(kind, "input_modalities", ()) or ()
    tokenizer: Any = tokenizer_of(processor)
    template = getattr(processor, "chat_template", None) or tokenizer.chat_template or ""
    if isinstance(template, dict):
        template = "".join(template.values())
    return Capabilities(
        image="image" in modalities and getattr(processor, "image_processor", None) is not None,
        audio="audio" in modalities and getattr(processor, "feature_extractor", None) is not None,
        thinking=THINKING_TAG in template or THINKING_TAG in tokenizer.get_added_vocab(),
    )


def count_patches(config: PreTrainedConfig, processor: Any, max_pixels: int | None) -> int:
    """How many tokens the largest picture is in the vision encoder, before any merging; 0 without one."""
    vision = getattr(config, "vision_config", None)
    image_processor = getattr(processor, "image_processor", None)
    patch = getattr(vision, "patch_size", None)
    if image_processor is None or not isinstance(patch, int):
        return 0
    count: Any = getattr(image_processor, "get_number_of_image_patches", None)
    if count is None:
        side = getattr(vision, "image_size", 0)
        return (side // patch) ** 2 if isinstance(side, int) else 0
    side = 8192 if max_pixels is None else max(patch, int(max_pixels**0.5))
    return int(count(side, side, {}))
