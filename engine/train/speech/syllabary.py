"""Mandarin from a person's own syllables: the voice actress Chu Lo, as recorded for gcin (CC-BY-3.0).

One recording a syllable and tone, set one after another: the sounds are real, the melody is not.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from pypinyin import Style
from pypinyin.contrib.tone_convert import tone3_to_tone
from pypinyin.style import convert

from engine.train.speech.mandarin import syllables
from engine.train.speech.neural import VoiceMissing

SYLLABLE_RATE = 16_000

FOLDER = Path("/usr/share/gcin-voice/ogg")
_TAKE = "5.ogg"  # hers; other takes have other licences
_TONES = {"ˊ": "2", "ˇ": "3", "ˋ": "4", "˙": "1"}  # the first tone has no mark, the neutral one is called 1
_OVERLAP_S = 0.03
_QUIET = 0.02  # of the peak


def recite(text: str, tempo: float) -> np.ndarray:
    """Say Chinese characters: float32 [samples] at 16 kHz, syllables closer together the higher the tempo.

    Raises VoiceMissing, and LookupError where `recitable` says no.
    """
    if not FOLDER.is_dir():
        raise VoiceMissing("gcin-voice", "apt-get install gcin-voice")
    said = [_syllable(name) for name in _with_sandhi(_bopomofo(text))]
    overlap = int(_OVERLAP_S * SYLLABLE_RATE)
    gap = int(SYLLABLE_RATE * max(0.0, 0.09 - 0.08 * tempo))
    sound = np.zeros(sum(one.size + gap for one in said) + overlap, np.float32)
    start = 0
    for one in said:
        sound[start : start + one.size] += one
        start += max(1, one.size + gap - overlap)
    return sound


def recitable(text: str) -> bool:
    """Whether she recorded every syllable of it: she left out a few dozen."""
    return all(_take(name) is not None for name in _with_sandhi(_bopomofo(text)))


def _bopomofo(text: str) -> list[str]:
    """Each syllable as the folder that holds it is called: "你好" -> ["ㄋㄧ3", "ㄏㄠ3"]."""
    names = []
    for syllable in syllables(text):
        if syllable[-1].isdigit():
            spelled = convert(tone3_to_tone(syllable), Style.BOPOMOFO, strict=False)
            names.append("".join(_TONES.get(letter, letter) for letter in spelled))
    return names


def _with_sandhi(names: list[str]) -> list[str]:
    """Of two third tones the first one becomes a second."""
    following = [*names[1:], ""]
    return [
        name[:-1] + "2" if name.endswith("3") and after.endswith("3") else name
        for name, after in zip(names, following, strict=True)
    ]


def _take(name: str) -> Path | None:
    """Where the syllable is recorded, or else the same in another tone."""
    bare = name.rstrip("1234")
    tones = (name.removeprefix(bare), "", "4", "2", "3", "1")
    return next((path for tone in tones if (path := FOLDER / f"{bare}{tone}" / _TAKE).exists()), None)


@cache
def _syllable(name: str) -> np.ndarray:
    """The syllable without the silence around it, its edges faded."""
    path = _take(name)
    if path is None:
        raise LookupError(f"no recording of the syllable {name}")
    samples, rate = soundfile.read(path, dtype="float32")
    sound = soxr.resample(samples, rate, SYLLABLE_RATE)
    loud = np.flatnonzero(np.abs(sound) > _QUIET * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1] + 1] / np.abs(sound).max()
    fade = np.linspace(0, 1, min(int(_OVERLAP_S * SYLLABLE_RATE), sound.size // 2), dtype=np.float32)
    sound[: fade.size] *= fade
    sound[-fade.size :] *= fade[::-1]
    return sound
