"""Finds a checkpoint and loads it: the bundled nano by name, a folder, or an id on the hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.protocol import LoadFailed, OutOfMemory

if TYPE_CHECKING:
    from engine.model.modeling import AutoGLMForConditionalGeneration
    from engine.model.processing import AutoGLMProcessor

BUNDLED = {"nano": Path(__file__).resolve().parent.parent / "assets" / "nano"}

Report = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to run, with what feeds it."""

    model: AutoGLMForConditionalGeneration
    processor: AutoGLMProcessor
    stop_ids: frozenset[int]


def locate(name: str) -> str:
    """The folder or hub id behind a model's name. Raises LoadFailed where a path does not exist."""
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
    return name


def load(name: str, report: Report = lambda stage, progress: None) -> Checkpoint:
    """Load a checkpoint onto the GPU if there is one, else the CPU.

    Args:
        name: nano, a folder, or a hub id.
        report: called with each stage and the share done, 0 to 1.

    Raises:
        LoadFailed: where it is absent, unreachable, damaged or of an architecture that is not ours.
        OutOfMemory: where the device is too small for it.
    """
    source = locate(name)
    report("starting the engine", 0.05)
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForMultimodalLM, AutoProcessor
    from transformers.utils import logging as transformers_logging

    from engine.model import register
    from engine.model.configuration import AutoGLMConfig

    transformers_logging.disable_progress_bar()
    register()
    try:
        report("reading the configuration", 0.4)
        config = AutoConfig.from_pretrained(source)
        if not isinstance(config, AutoGLMConfig):
            raise LoadFailed(
                f"{name} is a {config.model_type} checkpoint",
                "In this process the engine runs autoglm_phone checkpoints. Serve others with vLLM or "
                "another OpenAI-compatible server and connect to it as an endpoint.",
            )
        processor = AutoProcessor.from_pretrained(source)
        report("reading the weights", 0.6)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        # Most CPUs multiply half precision far more slowly than single.
        model, loading = AutoModelForMultimodalLM.from_pretrained(
            source,
            config=config,
            dtype="auto" if device == "cuda" else torch.float32,
            output_loading_info=True,
        )
        if missing := loading["missing_keys"]:
            raise LoadFailed(
                f"{name} is incomplete: {len(missing)} weights are missing, {sorted(missing)[0]} the first",
                "Copy or download the checkpoint again.",
            )
        report("moving to the device", 0.9)
        model = model.to(device).eval()
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(
            f"{name} does not fit into the device's memory", "Choose a smaller model or a larger device."
        ) from error
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise LoadFailed(
            f"{name} could not be loaded: {first_line(error)}",
            "Check the name, or the folder and its files; a hub id needs the network the first time.",
        ) from error
    ends = model.generation_config.eos_token_id
    stop_ids = frozenset([ends] if isinstance(ends, int) else ends or [])
    return Checkpoint(model, processor, stop_ids)


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
