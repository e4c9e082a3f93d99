"""One recording: somebody says a text somewhere."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from engine.train.lexicon import Language
from engine.train.speech.acoustics import degrade
from engine.train.speech.synthesis import speak
from engine.train.speech.voices import Split, Voice, voices

_FLITE_SHARE = 0.35  # of English: far fewer voices than eSpeak's, but nearer to people
_TEMPO = (0.75, 1.35)
_SEMITONES = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """`samples`: float32 [samples], 16 kHz mono, in [-1, 1]. `voice` is None where nobody speaks."""

    samples: np.ndarray
    voice: Voice | None
    text: str


def record(text: str, language: Language, seed: int, split: Split) -> Recording:
    """Somebody says `text`, at some speed and pitch, in some room: decided by the arguments alone.

    Raises what `speak` raises.
    """
    rng = np.random.default_rng([seed, zlib.crc32(f"{split}/{language}/{text}".encode())])
    voice = choose_voice(language, split, rng)
    clean = speak(text, voice, rng.uniform(*_TEMPO), rng.normal(0.0, _SEMITONES))
    return Recording(degrade(clean, rng), voice, text)


def choose_voice(language: Language, split: Split, rng: np.random.Generator) -> Voice:
    """Draw a voice: first the engine, then one of its voices."""
    flite = language == "en" and rng.random() < _FLITE_SHARE
    cast = [voice for voice in voices(language, split) if (voice.engine == "flite") == flite]
    return cast[rng.integers(len(cast))]
