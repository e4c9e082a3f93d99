"""One recording: somebody says a text somewhere."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from engine.train.lexicon import Language, Split
from engine.train.speech.acoustics import degrade
from engine.train.speech.syllabary import recitable
from engine.train.speech.synthesis import speak
from engine.train.speech.voices import Engine, Voice, voices

# How often each engine speaks, where a language has it: few voices are natural, so they speak more often than
# their number, and each in many sizes.
ENGINES: dict[Engine, float] = {
    "espeak": 0.35, "flite": 0.2, "hibari": 0.15, "rhvoice": 0.2, "pico": 0.1, "gcin": 0.15,
}  # fmt: skip

_TEMPO = (0.75, 1.35)
_SEMITONES = 2.5
_SIZE = (0.88, 1.2)
_WOMEN: tuple[Engine, ...] = ("hibari", "pico", "gcin")
_WOMAN_SIZE = (0.85, 1.35)  # for engines with women's voices only: from a child to nearly a man


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """`samples`: float32 [samples], 16 kHz mono, in [-1, 1]. `voice` is None where nobody speaks."""

    samples: np.ndarray
    voice: Voice | None
    text: str


def record(
    text: str, language: Language, seed: int, split: Split, engines: frozenset[Engine] = frozenset(ENGINES)
) -> Recording:
    """Somebody says `text`, at some speed and pitch, in some room: decided by the arguments alone.

    Raises what `speak` raises.
    """
    rng = np.random.default_rng([seed, zlib.crc32(f"{split}/{language}/{text}".encode())])
    able = engines if language == "en" or recitable(text) else engines - {"gcin"}
    voice = choose_voice(language, split, able, rng)
    semitones = 0.0 if voice.pitch is None else rng.normal(0.0, _SEMITONES)
    size = rng.uniform(*(_WOMAN_SIZE if voice.engine in _WOMEN else _SIZE))
    clean = speak(text, voice, rng.uniform(*_TEMPO), semitones, size)
    return Recording(degrade(clean, rng), voice, text)


def choose_voice(
    language: Language, split: Split, engines: frozenset[Engine], rng: np.random.Generator
) -> Voice:
    """Draw a voice: first the engine, by its share, then one of its voices. Raises ValueError without any."""
    cast: dict[Engine, list[Voice]] = {}
    for voice in voices(language, split):
        if voice.engine in engines:
            cast.setdefault(voice.engine, []).append(voice)
    if not cast:
        raise ValueError(f"none of {sorted(engines)} has a {split} voice in {language}")
    able = list(cast)
    shares = np.array([ENGINES[engine] for engine in able])
    chosen = cast[able[rng.choice(len(able), p=shares / shares.sum())]]
    return chosen[rng.integers(len(chosen))]
