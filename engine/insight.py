"""What the model receives for a request, to be looked at: pictures, mel, gates and memory."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.protocol import DeviceMemory, Gate, Insight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from engine.prompt import Prompt


def look(model: nn.Module, prompt: Prompt) -> Insight:
    """Everything that can be shown of `prompt`; reads it once more where `model` has gates."""
    return Insight(
        perceived=prompt.perceived,
        pictures=pictures(prompt.media),
        mels=mels(prompt.media),
        gates=gates(model, prompt),
        memory=memory(),
    )


def pictures(media: Mapping[str, Tensor]) -> tuple[bytes, ...]:
    """The squares that our own architecture sees, as PNG; none for what other models cut into patches."""
    from PIL import Image

    if "content_sizes" not in media:
        return ()
    pixels = (media["pixel_values"].float().cpu() * 255).round().clamp(0, 255).byte()
    return tuple(_png(Image.fromarray(one.permute(1, 2, 0).numpy())) for one in pixels)


def mels(media: Mapping[str, Tensor]) -> tuple[bytes, ...]:
    """Each recording's log-mel as a grey PNG, one pixel a frame and band, low tones at the bottom."""
    from PIL import Image

    if "feature_lengths" not in media:
        return ()
    shown: list[bytes] = []
    for mel, frames in zip(media["input_features"].float().cpu(), media["feature_lengths"], strict=True):
        heard = mel[:, : int(frames)].flip(0)
        low, high = float(heard.min()), float(heard.max())
        scaled = (heard - low) / max(high - low, 1e-6) * 255
        shown.append(_png(Image.fromarray(scaled.round().byte().numpy())))
    return tuple(shown)


def gates(model: nn.Module, prompt: Prompt) -> tuple[Gate, ...]:
    """How far each fusion layer opens while `model` reads `prompt`; none without media or fusion layers."""
    import torch

    from engine.model.modeling import AutoGLMForConditionalGeneration

    parts = [prompt.image_tokens, prompt.audio_tokens]
    if not isinstance(model, AutoGLMForConditionalGeneration) or not any(parts):
        return ()
    decoder = model.model.language_model
    numbers = [
        index for index, layer in enumerate(decoder.layers) if getattr(layer, "fusion", None) is not None
    ]
    layers = dict(zip(decoder.fusions(), numbers, strict=True))
    opened: dict[int, list[float]] = {}
    here = threading.get_ident()

    def note(module: Any, given: tuple[Any, ...]) -> None:
        # The scheduler's thread runs the same layers for others meanwhile.
        if threading.get_ident() == here:
            hidden, keys, _, mask = given
            opened[layers[module]] = module.openings(hidden, keys, mask, parts).tolist()

    handles = [module.register_forward_pre_hook(note) for module in layers]
    try:
        with torch.inference_mode():
            model(input_ids=prompt.input_ids, use_cache=False, logits_to_keep=1, **prompt.media)
    finally:
        for handle in handles:
            handle.remove()
    return tuple(
        Gate(index, image if parts[0] else None, audio if parts[1] else None)
        for index, (image, audio) in sorted(opened.items())
    )


def memory() -> tuple[DeviceMemory, ...]:
    """What this process holds in memory, and what torch holds on each GPU."""
    import torch

    page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    held: list[DeviceMemory] = []
    statistics = Path("/proc/self/statm")
    if statistics.exists():  # Linux
        held.append(DeviceMemory("cpu", int(statistics.read_text().split()[1]) * page, pages * page))
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            total = torch.cuda.get_device_properties(index).total_memory
            held.append(DeviceMemory(f"cuda:{index}", torch.cuda.memory_reserved(index), total))
    return tuple(held)


def _png(image: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
