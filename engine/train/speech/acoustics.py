"""What happens to speech between a mouth and a file: rooms, noises, microphones, telephones.

Everything is drawn from the generator that is passed in, so the same generator gives the same sound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import soxr
from numpy.random import Generator
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from engine.train.speech.synthesis import SAMPLE_RATE, speak
from engine.train.speech.voices import voices

SNR_DB = (5.0, 40.0)

_CHATTER = {
    "zh": (
        "今天晚上我们吃什么好呢",
        "他昨天说过要来的",
        "这本书我已经看完了",
        "明天可能会下雨",
        "你最近工作忙不忙",
    ),
    "en": (
        "we should have lunch together some time",
        "she said the train was late again",
        "I finished that book yesterday",
        "it might rain tomorrow afternoon",
        "how has your work been lately",
    ),
}


def degrade(samples: np.ndarray, rng: Generator) -> np.ndarray:
    """Make clean speech sound recorded: float32 [samples] in, float32 [longer or shorter] in [-1, 1] out.

    In order: up to 8 % faster or slower, silence of up to 0.6 s before and after, a room (half the time),
    noise at 5 to 40 dB below the speech, a telephone's or a dull microphone's band (a third of the time), a
    level between -35 and -1 dBFS at the peak, and now and then clipping.
    """
    sound = _change_speed(samples.astype(np.float32), rng.uniform(0.92, 1.08))
    loudness = _rms(sound)
    before, after = (int(rng.uniform(0.0, 0.6) * SAMPLE_RATE) for _ in range(2))
    sound = np.pad(sound, (before, after))
    if rng.random() < 0.5:
        sound = _in_room(sound, rng)
    snr = rng.uniform(*SNR_DB)
    sound = sound + _scaled(_background(sound.size, rng), loudness * 10 ** (-snr / 20))
    if rng.random() < 1 / 3:
        sound = _band_limit(sound, rng)
    return _digitise(sound, rng)


def silence_or_noise(rng: Generator) -> np.ndarray:
    """A recording in which nobody speaks to the phone: float32 [samples], 0.4 to 3 s, in [-1, 1].

    Digital silence, hiss, hum, wind, knocks, beeps, music-like tones, an engine, or several of them.
    """
    samples = int(rng.uniform(0.4, 3.0) * SAMPLE_RATE)
    if rng.random() < 0.08:
        return np.zeros(samples, np.float32)
    sound = np.zeros(samples)
    for _ in range(rng.integers(1, 4)):
        make = _NOT_SPEECH[rng.integers(len(_NOT_SPEECH))]
        sound += _scaled(make(samples, rng), 10 ** rng.uniform(-1.5, 0.0))
    sound += _scaled(_coloured(samples, rng.uniform(0, 2), rng), _rms(sound) * 10 ** rng.uniform(-2.5, -0.5))
    if rng.random() < 0.3:
        sound = _in_room(sound, rng)
    if rng.random() < 0.2:
        sound = _band_limit(sound, rng)
    return _digitise(sound, rng)


# ------------------------------------------------------------------------------------------ the path


def _change_speed(sound: np.ndarray, factor: float) -> np.ndarray:
    return soxr.resample(sound, SAMPLE_RATE * factor, SAMPLE_RATE, quality="MQ")


def _in_room(sound: np.ndarray, rng: Generator) -> np.ndarray:
    """Convolve with a direct path and noise that decays by 60 dB in 0.1 to 0.6 s (Polack's model)."""
    decay_s = rng.uniform(0.1, 0.6)
    time = np.arange(int(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(time.size) * np.exp(-6.9 * time / decay_s)
    tail[: int(rng.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0.0
    response = _scaled(tail, 1.0) * np.sqrt(1 / time.size) * 10 ** (rng.uniform(-15.0, 2.0) / 20)
    response[0] = 1.0
    return fftconvolve(sound, response)[: sound.size]


def _band_limit(sound: np.ndarray, rng: Generator) -> np.ndarray:
    if rng.random() < 0.5:
        low, high = rng.uniform(200, 350), rng.uniform(3200, 3600)  # a telephone
    else:
        low, high = rng.uniform(40, 200), rng.uniform(3500, 7000)  # a cheap microphone, or one in a pocket
    return np.asarray(sosfilt(butter(4, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), sound))


def _digitise(sound: np.ndarray, rng: Generator) -> np.ndarray:
    peak = float(np.abs(sound).max(initial=0.0))
    level = rng.uniform(1.0, 6.0) if rng.random() < 0.05 else -rng.uniform(1.0, 35.0)
    sound = sound * (10 ** (level / 20) / max(peak, 1e-9))
    return np.clip(sound, -1.0, 1.0).astype(np.float32)


# ---------------------------------------------------------------------------------------- the noises


def _background(samples: int, rng: Generator) -> np.ndarray:
    kind = rng.random()
    if kind < 0.2:
        return _coloured(samples, 0.0, rng)
    if kind < 0.5:
        return _coloured(samples, rng.uniform(0.5, 2.0), rng)
    if kind < 0.65:
        return _hum(samples, rng) + 0.3 * _coloured(samples, 1.0, rng)
    if kind < 0.8:
        return _babble(samples, rng)
    return _NOT_SPEECH[rng.integers(len(_NOT_SPEECH))](samples, rng) + 0.1 * _coloured(samples, 1.0, rng)


def _coloured(samples: int, exponent: float, rng: Generator) -> np.ndarray:
    """Noise whose power falls with frequency to the given exponent: 0 white, 1 pink, 2 brown. RMS 1."""
    size = 1 << samples.bit_length()  # an odd length would transform many times slower
    spectrum = np.fft.rfft(rng.standard_normal(size))
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 20.0)
    return _scaled(np.fft.irfft(spectrum * frequency ** (-exponent / 2), size)[:samples], 1.0)


def _hum(samples: int, rng: Generator) -> np.ndarray:
    """The mains: 50 or 60 Hz and its harmonics."""
    return _harmonics(np.full(samples, rng.choice([50.0, 60.0])), rng, falling=1.0)


def _engine(samples: int, rng: Generator) -> np.ndarray:
    """A motor or a fan: low harmonics whose pitch wanders, with noise."""
    wander = np.cumsum(rng.standard_normal(samples)) / SAMPLE_RATE * rng.uniform(0.0, 3.0)
    return _harmonics(rng.uniform(25, 120) * (1 + wander), rng, falling=0.7) + _coloured(samples, 1.5, rng)


def _wind(samples: int, rng: Generator) -> np.ndarray:
    """Low noise that swells and fades."""
    swell = np.interp(np.arange(samples), np.linspace(0, samples, 8), rng.uniform(0.05, 1.0, 8))
    return _coloured(samples, rng.uniform(1.0, 2.5), rng) * swell


def _knocks(samples: int, rng: Generator) -> np.ndarray:
    """Taps, keys, doors: short noise that rings at some frequency."""
    sound = np.zeros(samples)
    for _ in range(rng.integers(1, 15)):
        time = np.arange(int(rng.uniform(0.01, 0.25) * SAMPLE_RATE)) / SAMPLE_RATE
        ring = np.sin(2 * np.pi * rng.uniform(80, 4000) * time)
        burst = rng.standard_normal(time.size) * rng.random() + ring
        burst *= np.exp(-time * rng.uniform(20, 200)) * rng.uniform(0.2, 1.0)
        start = int(rng.integers(samples))
        sound[start : start + time.size] += burst[: samples - start]
    return sound


def _beeps(samples: int, rng: Generator) -> np.ndarray:
    """Pure tones that start, stop and slide: alarms, keys, birds."""
    sound = np.zeros(samples)
    for _ in range(rng.integers(1, 8)):
        start, length = int(rng.integers(samples)), int(rng.uniform(0.03, 0.6) * SAMPLE_RATE)
        pitch = rng.uniform(300, 5000)
        slide = np.linspace(pitch, pitch * rng.choice([1.0, rng.uniform(0.6, 1.6)]), length)
        tone = np.sin(2 * np.pi * np.cumsum(slide) / SAMPLE_RATE) * np.hanning(length) ** 0.3
        sound[start : start + length] += tone[: samples - start]
    return sound


def _music(samples: int, rng: Generator) -> np.ndarray:
    """Plucked notes of one scale, one after the other and together."""
    sound = np.zeros(samples)
    root = rng.uniform(80, 400)
    for _ in range(rng.integers(3, 20)):
        start, length = int(rng.integers(samples)), int(rng.uniform(0.1, 1.0) * SAMPLE_RATE)
        pitch = root * 2 ** (rng.choice([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
        note = _harmonics(np.full(length, pitch), rng, falling=1.2)
        note *= np.exp(-np.arange(length) / SAMPLE_RATE * rng.uniform(1, 8))
        sound[start : start + length] += note[: samples - start]
    return sound


def _crackle(samples: int, rng: Generator) -> np.ndarray:
    """Rain, fire, paper, a bad contact: sparse clicks through a resonance."""
    clicks = rng.standard_normal(samples) * (rng.random(samples) < 10 ** rng.uniform(-4.0, -1.5))
    pole = rng.uniform(0.3, 0.97)
    return np.asarray(lfilter([1.0], [1.0, -2 * pole * np.cos(rng.uniform(0.1, 2.5)), pole**2], clicks))


def _babble(samples: int, rng: Generator) -> np.ndarray:
    """Three to six people talking elsewhere."""
    pool = _chatter()
    sound = np.zeros(samples)
    for _ in range(rng.integers(3, 7)):
        talk = pool[rng.integers(len(pool))]
        loop = np.resize(np.roll(talk, int(rng.integers(talk.size))), samples)
        sound += loop * rng.uniform(0.3, 1.0)
    return sound


@cache
def _chatter() -> tuple[np.ndarray, ...]:
    """What the babble is cut from: everyday sentences by training voices, none of them a command."""
    talks = []
    for language, lines in _CHATTER.items():
        cast = [voice for voice in voices(language, "train") if voice.engine == "espeak"]
        for number, line in enumerate(lines * 2):
            talks.append(speak(line, cast[(number * 11) % len(cast)]))
    return tuple(talks)


_NOT_SPEECH: tuple[Callable[[int, Generator], np.ndarray], ...] = (
    lambda samples, rng: _coloured(samples, rng.uniform(0.0, 2.0), rng),
    _hum,
    _engine,
    _wind,
    _knocks,
    _beeps,
    _music,
    _crackle,
)


def _harmonics(pitch: np.ndarray, rng: Generator, falling: float) -> np.ndarray:
    """A sum of harmonics of a pitch track (Hz at each sample), the n-th about n**-falling as strong."""
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    sound = np.zeros(pitch.size)
    for number in range(1, int(rng.integers(3, 10))):
        if number * pitch.max() < SAMPLE_RATE / 2:
            sound += np.sin(number * phase + rng.uniform(0, 6.28)) * rng.uniform(0.2, 1.0) * number**-falling
    return sound


def _rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if sound.size else 0.0


def _scaled(sound: np.ndarray, rms: float) -> np.ndarray:
    """The sound at the given RMS; silence stays silence."""
    return sound * (rms / max(_rms(sound), 1e-9))
