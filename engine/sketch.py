"""A checkpoint before its weights: where it is, what it is, what it needs and what feeds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import hub
from engine.placement import Needs, measure
from engine.protocol import Capabilities, LoadFailed

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

BUNDLED = {"nano": Path(__file__).resolve().parent.parent / "assets" / "nano"}

Report = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Sketch:
    """A checkpoint before its weights: what it is, what it needs and what feeds it."""

    name: str
    source: str
    config: PreTrainedConfig
    kind: type[PreTrainedModel]
    processor: Any
    needs: Needs

    @property
    def is_ours(self) -> bool:
        from engine.model.configuration import AutoGLMConfig

        return isinstance(self.config, AutoGLMConfig)

    @property
    def capabilities(self) -> Capabilities:
        from engine.processors import read_capabilities

        if self.is_ours:
            return Capabilities(image=True, audio=True, thinking=True)
        return read_capabilities(self.config, self.processor)


def locate(name: str, report: Report = lambda stage, progress: None, *, weights: bool = True) -> str:
    """The folder of a model by its name; a hub id is downloaded. Raises LoadFailed."""
    if name in BUNDLED:
        return str(BUNDLED[name])
    if name.startswith((".", "/", "~")):
        folder = Path(name).expanduser()
        if not (folder / "config.json").is_file():
            raise LoadFailed(
                f"{name} is not a checkpoint: it has no config.json",
                "Give the folder that save_pretrained wrote, a hub id, or nano for the bundled model.",
            )
        return str(folder)
    return str(hub.fetch(name, report, weights=weights))


def sketch(name: str, source: str, max_pixels: int | None = None) -> Sketch:
    """Read everything but the weights. Raises LoadFailed for what cannot be run here."""
    from transformers import AutoConfig, AutoProcessor
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_MULTIMODAL_LM_MAPPING,
    )

    from engine.model import register
    from engine.model.configuration import AutoGLMConfig
    from engine.processors import count_patches, load_processor

    register()
    with named_failures(name):
        config = AutoConfig.from_pretrained(source)
        kinds: Any = MODEL_FOR_MULTIMODAL_LM_MAPPING.get(type(config), None)
        kinds = kinds or MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
        kind = kinds[0] if isinstance(kinds, tuple) else kinds
        if kind is None:
            raise LoadFailed(
                f"{name} is a {config.model_type} checkpoint, which does not write text from text or media",
                "Choose a chat model: one that transformers loads as image-text-to-text, multimodal or "
                "causal language model.",
            )
        if isinstance(config, AutoGLMConfig):
            return Sketch(
                name, source, config, kind, AutoProcessor.from_pretrained(source), measure(config, kind)
            )
        processor = load_processor(source, config)
        patches = count_patches(config, processor, max_pixels)
        return Sketch(name, source, config, kind, processor, measure(config, kind, patches))


class named_failures:
    """Turns what transformers raises for a checkpoint that is missing, damaged or unknown into LoadFailed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from safetensors import SafetensorError

        if isinstance(error, OSError | ValueError | RuntimeError | KeyError | ImportError | SafetensorError):
            import torch

            if isinstance(error, torch.OutOfMemoryError):
                return
            raise LoadFailed(
                f"{self.name} could not be loaded: {hub.reason(error)}",
                "Check the name, or the folder and its files; a hub id needs the network the first time.",
            ) from error
