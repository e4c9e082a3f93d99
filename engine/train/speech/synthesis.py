"""Text to sound.

eSpeak NG and Flite run as one process for each utterance. That is a choice: eSpeak's library keeps its state
from one utterance to the next, so the same text would sound different after another one; a process costs
about 15 ms and always gives the same samples.
"""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from engine.protocol import AssistantError, FailureKind
from engine.train.lexicon import FOREIGN, Language
from engine.train.speech.mandarin import initial_and_final, syllables
from engine.train.speech.neural import NEURAL_RATE, hibari
from engine.train.speech.syllabary import FOLDER, SYLLABLE_RATE, recite
from engine.train.speech.voices import Engine, Voice

SAMPLE_RATE = 16_000

_PEAK = 0.6
_MARGIN_S = 0.04
_ESPEAK_STEPS_PER_SEMITONE = 50 / 12  # its pitch scale of 0 to 99 spans about two octaves around 50
_ESPEAK_RATES = (80, 450)
_FLITE_OWN_RATE = 165
_PROGRAMS: dict[Engine, str] = {
    "espeak": "espeak-ng",
    "flite": "flite",
    "rhvoice": "RHVoice-test",
    "pico": "pico2wave",
}
#: How each engine comes onto a Debian machine; those of its non-free section need that switched on.
INSTALL: dict[Engine, str] = {
    "espeak": "apt-get install espeak-ng flite",
    "flite": "apt-get install espeak-ng flite",
    "hibari": "pip install hibari-tts",
    "rhvoice": "apt-get install rhvoice rhvoice-english",
    "pico": "apt-get install libttspico-utils",
    "gcin": "apt-get install gcin-voice",
}
_PICO_SPEEDS, _RHVOICE_RATES = (20, 500), (20, 300)  # per cent
_MARKUP = re.compile("[<>&]")
_TIMEOUT_S = 30


class SynthesizerMissing(AssistantError):
    """A program which speaks is not installed."""

    kind = FailureKind.LOAD_FAILED

    def __init__(self, engine: Engine) -> None:
        program = _PROGRAMS[engine]
        super().__init__(f"the program {program} is not installed", INSTALL[engine])
        self.program = program


class UnspeakableText(AssistantError):
    """A text that the synthesizer would read wrongly, or not at all."""

    kind = FailureKind.INVALID_REQUEST

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text!r} cannot be spoken: {why}", "Write it in words of the voice's language.")
        self.text = text


def speak(
    text: str, voice: Voice, tempo: float = 1.0, semitones: float = 0.0, size: float = 1.0
) -> np.ndarray:
    """Say a text: float32 [samples], 16 kHz mono, peak 0.6, cut to the speech with 40 ms left around it.

    `tempo` multiplies the voice's own rate, `semitones` moves its pitch. `size` is the speaker's body against
    the voice's own: at 1.1 pitch and formants are a tenth lower, as from a longer throat, at the same tempo.
    A voice without a pitch to set follows `semitones` with its formants too.
    Raises SynthesizerMissing, VoiceMissing, and UnspeakableText for digits and letters of another language.
    """
    _check(text, voice.language)
    if voice.pitch is None:
        size, semitones = size / 2 ** (semitones / 12), 0.0
    sound, rate = _ENGINES[voice.engine](text, voice, tempo * size, semitones)
    sound = trim(soxr.resample(sound, rate / size, SAMPLE_RATE))
    if not sound.size:
        raise UnspeakableText(text, f"{voice.name} made no sound of it")
    return (sound * (_PEAK / np.abs(sound).max())).astype(np.float32)


def phonemes(text: str, language: Language) -> str:
    """What eSpeak understands a text to sound like, in its own phoneme names (tones as digits)."""
    _check(text, language)
    accent = "cmn-latn-pinyin" if language == "zh" else "en-us"
    spelling = _spelling(text, language)
    return _run("espeak", ["-q", "-x", "-v", accent, "-b", "1", "--", spelling]).decode().strip()


def phones(text: str, language: Language) -> tuple[str, ...]:
    """The sounds of a text, without stress and tone: ("en:oU", "en:p", ...), ("zh:d", "zh:a", ...).

    Mandarin by initial and final, English in eSpeak's phoneme names. Raises what `phonemes` raises.
    """
    if language == "zh":
        return tuple(f"zh:{part}" for syllable in syllables(text) for part in initial_and_final(syllable))
    return tuple(phone for word in text.split() for phone in _word_phones(word))


@cache
def _word_phones(word: str) -> tuple[str, ...]:
    _check(word, "en")
    spelled = _run("espeak", ["-q", "-x", "--sep=_", "-v", "en-us", "-b", "1", "--", word]).decode()
    return tuple(f"en:{phone}" for part in spelled.split("_") if (phone := part.strip(" \n',")))


def speaks_here(engine: Engine) -> bool:
    """Whether the engine is installed on this machine."""
    if engine == "hibari":
        return importlib.util.find_spec("hibari") is not None
    if engine == "gcin":
        return FOLDER.is_dir()
    return shutil.which(_PROGRAMS[engine]) is not None


def trim(sound: np.ndarray, floor: float = 0.01) -> np.ndarray:
    """Cut a 16 kHz sound to where it is louder than `floor` of its peak, with 40 ms left on either side."""
    peak = float(np.abs(sound).max(initial=0.0))
    if peak == 0.0:
        return sound[:0]
    loud = np.flatnonzero(np.abs(sound) > floor * peak)
    margin = int(_MARGIN_S * SAMPLE_RATE)
    return sound[max(0, loud[0] - margin) : loud[-1] + 1 + margin]


def _check(text: str, language: Language) -> None:
    if not text.strip():
        raise UnspeakableText(text, "it is empty")
    if foreign := FOREIGN[language].search(text):
        raise UnspeakableText(text, f"{foreign.group()!r} would be read in the wrong language")


def _spelling(text: str, language: Language) -> str:
    """What to hand to eSpeak: its Mandarin voice reads pinyin, and picks wrong readings from characters."""
    return " ".join(syllables(text)) if language == "zh" else text


def _espeak(text: str, voice: Voice, tempo: float, semitones: float) -> tuple[np.ndarray, int]:
    rate = int(np.clip(round(voice.rate * tempo), *_ESPEAK_RATES))
    assert voice.pitch is not None, voice
    pitch = int(np.clip(round(voice.pitch + semitones * _ESPEAK_STEPS_PER_SEMITONE), 0, 99))
    options = ["-v", voice.name, "-s", str(rate), "-p", str(pitch), "-b", "1", "--stdout"]
    return _decode(_run("espeak", [*options, "--", _spelling(text, voice.language)]))


def _flite(text: str, voice: Voice, tempo: float, semitones: float) -> tuple[np.ndarray, int]:
    stretch = _FLITE_OWN_RATE / (voice.rate * tempo)
    options = ["-voice", voice.name, "--setf", f"duration_stretch={stretch:.3f}"]
    if voice.pitch is not None:
        options += ["--setf", f"int_f0_target_mean={voice.pitch * 2 ** (semitones / 12):.1f}"]
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "speech.wav")  # flite seeks back to write the header, so it needs a real file
        _run("flite", [*options, "-o", str(wav), "-t", text])
        return _decode(wav.read_bytes())


def _hibari(text: str, voice: Voice, tempo: float, semitones: float) -> tuple[np.ndarray, int]:
    return hibari(text, tempo), NEURAL_RATE


def _rhvoice(text: str, voice: Voice, tempo: float, semitones: float) -> tuple[np.ndarray, int]:
    rate = int(np.clip(round(100 * tempo), *_RHVOICE_RATES))
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "speech.wav")
        _run("rhvoice", ["-p", voice.name, "-r", str(rate), "-o", str(wav)], text)
        return _decode(wav.read_bytes())


def _pico(text: str, voice: Voice, tempo: float, semitones: float) -> tuple[np.ndarray, int]:
    speed = int(np.clip(round(100 * tempo), *_PICO_SPEEDS))
    plain = _MARKUP.sub(" ", text)  # which it would obey, or read aloud where it is escaped
    marked = f'<speed level="{speed}">{plain}</speed>'
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "speech.wav")
        _run("pico", ["-l", voice.name, "-w", str(wav), marked])
        return _decode(wav.read_bytes())


def _gcin(text: str, voice: Voice, tempo: float, semitones: float) -> tuple[np.ndarray, int]:
    return recite(text, tempo), SYLLABLE_RATE


_ENGINES: dict[Engine, Callable[[str, Voice, float, float], tuple[np.ndarray, int]]] = {
    "espeak": _espeak,
    "flite": _flite,
    "hibari": _hibari,
    "rhvoice": _rhvoice,
    "pico": _pico,
    "gcin": _gcin,
}


def _decode(wav: bytes) -> tuple[np.ndarray, int]:
    # A wav that was written to a pipe carries no true length; soundfile reads to the end of the bytes.
    return soundfile.read(io.BytesIO(wav), dtype="float32")


def _run(engine: Engine, options: list[str], text: str = "") -> bytes:
    program = _PROGRAMS[engine]
    try:
        done = subprocess.run(
            [program, *options], input=text.encode(), capture_output=True, check=True, timeout=_TIMEOUT_S
        )
    except FileNotFoundError:
        raise SynthesizerMissing(engine) from None
    return done.stdout
