"""People saying digits: the Free Spoken Digit Dataset (Zohar Jackson and others, CC-BY-SA-4.0)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from engine.protocol import AssistantError, FailureKind
from engine.train.lexicon import Split
from engine.train.speech.synthesis import SAMPLE_RATE

HELDOUT_SPEAKERS = frozenset({"george", "lucas", "yweweler"})

_NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[a-z]+)_(?P<index>\d+)\.wav")


class SpokenDigit(NamedTuple):
    """`samples`: float32 [samples], 16 kHz mono, in [-1, 1]; `digit` 0 to 9; `speaker` a first name."""

    samples: np.ndarray
    digit: int
    speaker: str


class DigitsMissing(AssistantError):
    """The folder of spoken digits is absent or holds none."""

    kind = FailureKind.LOAD_FAILED

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"no recordings named DIGIT_SPEAKER_INDEX.wav in {folder}",
            "Get them from github.com/Jakobovski/free-spoken-digit-dataset (its recordings; CC-BY-SA-4.0).",
        )
        self.folder = folder


def find_digits(folder: Path, split: Split) -> list[Path]:
    """The recordings of training speakers, or of held-out ones, by file name. Raises DigitsMissing."""
    named = [(path, name) for path in sorted(folder.glob("*.wav")) if (name := _NAME.fullmatch(path.name))]
    if not named:
        raise DigitsMissing(folder)
    return [path for path, name in named if (name["speaker"] in HELDOUT_SPEAKERS) == (split == "heldout")]


def spoken_digits(folder: Path, split: Split) -> list[SpokenDigit]:
    """Load every digit that a training speaker, or a held-out speaker, says; in the order of the file names.

    Raises DigitsMissing.
    """
    return [_load(path) for path in find_digits(folder, split)]


def _load(path: Path) -> SpokenDigit:
    digit, speaker, _ = path.stem.split("_")
    samples, rate = soundfile.read(path, dtype="float32")
    sound = np.clip(soxr.resample(samples, rate, SAMPLE_RATE), -1.0, 1.0)
    return SpokenDigit(sound, int(digit), speaker)
