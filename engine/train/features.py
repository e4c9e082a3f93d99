"""What the encoders make of the training data: computed once for each state of theirs, and kept on disk.

Stages that teach the decoder leave the encoders as they are, and many of them share theirs.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import nn

from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.train.audio_stage import colour_mel, shift_mel, trim_mel, warp_mel
from engine.train.corpus import ScreenCorpus
from engine.train.hearing import HearingCorpus

logger = logging.getLogger(__name__)

Model = AutoGLMForConditionalGeneration

SEEN_AT_ONCE = 32
TIGHTLY = 0.4  # how often the decoder hears next to none of the silence before the words, or after them
HEARINGS = 3  # how often each recording is heard, each time otherwise
HEARING_SEED = 77
WARPED, COLOURED = 0.6, 0.3  # how often it is another throat, and another room


@dataclass(frozen=True)
class SeenScreens:
    """What the image encoder makes of a corpus.

    Per screen, cells float16 [cells, channels] and points float32 [cells, 2].
    """

    cells: Sequence[np.ndarray]
    points: Sequence[np.ndarray]


@dataclass(frozen=True)
class HeardSpeech:
    """What the speech encoder makes of a corpus.

    Per hearing, frames float16 [frames, channels], and the frames at which its spelling head heard a phone.
    All recordings stand there once, then all once more, `HEARINGS` times.
    """

    frames: Sequence[np.ndarray]
    spikes: Sequence[np.ndarray]


def cut_silence(frames: int, spikes: Sequence[int], rng: Random) -> range:
    """The frames that stay where some of the silence around what is said is left out, often nearly all.

    spikes: the frames in which something is said, in order.
    """
    if not len(spikes):
        return range(frames)
    first, last = int(spikes[0]), int(spikes[-1])
    early = rng.randint(1, 4 if rng.random() < TIGHTLY else max(1, first))
    late = rng.randint(2, 5 if rng.random() < TIGHTLY else max(2, frames - last))
    return range(max(0, first - early), min(frames, last + 1 + late))


@torch.no_grad()
def see_all(model: Model, corpus: ScreenCorpus) -> SeenScreens:
    """Encode every screen once, those of one shape together."""
    encoder, device = model.model.vision.encoder.eval(), model.device
    cells: dict[int, np.ndarray] = {}
    points: dict[int, np.ndarray] = {}
    for shape in np.unique(corpus.content_sizes, axis=0):
        alike = np.flatnonzero((corpus.content_sizes == shape).all(axis=1))
        for start in range(0, len(alike), SEEN_AT_ONCE):
            batch = alike[start : start + SEEN_AT_ONCE]
            pixels = torch.from_numpy(corpus.pixels[batch]).permute(0, 3, 1, 2).float().div(255)
            sizes = torch.from_numpy(corpus.content_sizes[batch])
            features = encoder(pixels.to(device), sizes.to(device))
            cells.update(zip(batch.tolist(), features.cells.half().cpu().numpy(), strict=True))
            points.update(zip(batch.tolist(), features.points.cpu().numpy(), strict=True))
    logger.info("saw %d screens", len(corpus))
    indices = range(len(corpus))
    return SeenScreens([cells[index] for index in indices], [points[index] for index in indices])


def vary_mel(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same words, said once more: cut otherwise, often by another speaker, at times in another room.

    mel: float32 [80, frames].
    """
    mel = shift_mel(trim_mel(mel, rng), rng)
    if rng.random() < WARPED:
        mel = warp_mel(mel, rng)
    if rng.random() < COLOURED:
        mel = colour_mel(mel, rng)
    return mel


@torch.no_grad()
def hear_all(model: Model, corpus: HearingCorpus) -> HeardSpeech:
    """Encode every recording `HEARINGS` times, the first time as it was recorded but for the silence."""
    audio, device = model.model.audio.eval(), model.device
    frames, spikes = [], []
    for hearing, index in product(range(HEARINGS), range(len(corpus))):
        rng = np.random.default_rng([HEARING_SEED + hearing, index])
        heard = vary_mel(corpus.mel(index), rng) if hearing else trim_mel(corpus.mel(index), rng)
        mel = torch.from_numpy(heard)[None].to(device)
        features = audio.encoder(mel, torch.tensor([mel.shape[-1]], device=device))
        frames.append(features.frames[0].half().cpu().numpy())
        spikes.append(audio.spell(features)[0].argmax(dim=-1).nonzero()[:, 0].cpu().numpy())
        if index % 4000 == 3999:
            logger.info(
                "heard %d of %d recordings, time %d of %d", index + 1, len(corpus), hearing + 1, HEARINGS
            )
    return HeardSpeech(frames, spikes)


@dataclass(frozen=True)
class Perception:
    """The training data as some encoders have it. content_sizes: int64 [screens, 2], px."""

    seen: SeenScreens
    heard: HeardSpeech
    content_sizes: np.ndarray


def perceive(model: Model, screens: ScreenCorpus, recordings: HearingCorpus, folder: Path) -> Perception:
    """All of the training data through the encoders of `model`, or what `folder` has kept of that.

    Its speech encoder must have the alignment that its spelling head was taught on.
    """
    vision, audio = model.model.vision, model.model.audio

    def see() -> dict[str, Sequence[np.ndarray]]:
        seen = see_all(model, screens)
        return {"cells": seen.cells, "points": seen.points}

    def hear() -> dict[str, Sequence[np.ndarray]]:
        heard = hear_all(model, recordings)
        return {"frames": heard.frames, "spikes": heard.spikes}

    eyes, ears = digest(vision.encoder, len(screens)), digest(audio, HEARINGS * len(recordings))
    return Perception(
        SeenScreens(**keep(folder / f"seen-{eyes}", ("cells", "points"), see)),
        HeardSpeech(**keep(folder / f"heard-{ears}", ("frames", "spikes"), hear)),
        screens.content_sizes,
    )


def digest(module: nn.Module, samples: int) -> str:
    """A name for a state of an encoder, and for how much of the data it is shown."""
    seal = hashlib.sha256(str(samples).encode())
    for part in module.modules():
        seal.update(type(part).__name__.encode())
    for tensor in module.state_dict().values():
        seal.update(tensor.detach().cpu().numpy().tobytes())
    return seal.hexdigest()[:16]


def keep(
    folder: Path, names: Sequence[str], make: Callable[[], dict[str, Sequence[np.ndarray]]]
) -> dict[str, Ragged]:
    """These rows out of `folder`, made and written first where they are not there."""
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        partial.mkdir(parents=True, exist_ok=True)
        for name, rows in make().items():
            np.save(partial / f"{name}-ends.npy", np.cumsum([len(row) for row in rows]))
            np.save(partial / f"{name}.npy", np.concatenate(rows))
        partial.replace(folder)
    return {name: Ragged(folder / f"{name}.npy", folder / f"{name}-ends.npy") for name in names}


class Ragged(Sequence[np.ndarray]):
    """Arrays of different lengths one after another in a memory-mapped file, and where each ends."""

    def __init__(self, values: Path, ends: Path) -> None:
        self.values, self.ends = np.load(values, mmap_mode="r"), np.load(ends)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> np.ndarray:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A copy."""
        if index >= len(self):
            raise IndexError(index)
        start = int(self.ends[index - 1]) if index else 0
        return np.array(self.values[start : int(self.ends[index])])
