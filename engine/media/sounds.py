"""Sounds: bytes -> `AudioPart` -> samples."""

from __future__ import annotations

import io
import re
import wave
from typing import TYPE_CHECKING

from engine.media import ffmpeg
from engine.media.kinds import Kind, recognise
from engine.media.limits import Limits, check_size, display_name
from engine.protocol import AudioPart, MediaRefused, MediaTooLarge

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from soundfile import SoundFile

    Samples = NDArray[np.float32]

SAMPLE_RATE_MAX = 48_000  # of a part; more is resampled
_RATES_TAKEN = range(2_000, 768_001)  # hertz; anything else is a broken header
_CHANNELS_MAX = 64
_FULL_SCALE = 32_768
_OVERSHOOT = 2.0  # lossy codecs exceed full scale by a little and are cut; beyond, the scale is wrong
# What libsndfile says when it cannot tell what is wrong.
_OPAQUE = re.compile("regular file|Unspecified|Internal|not recogni[sz]ed")
_READABLE = "WAV, FLAC, Ogg (Opus, Vorbis) or MP3"


def read_audio(data: bytes, name: str = "audio", limits: Limits | None = None) -> AudioPart:
    """`data`, a sound file of any common format, as a mono 16-bit WAV.

    Channels are averaged, the sample rate is kept up to 48 kHz, samples that are not numbers become
    silence, and a sound far above full scale is scaled down to it. Formats that libsndfile does not know
    (WebM, M4A, AMR) need ffmpeg. Raises `MediaRefused`.
    """
    limits = limits or Limits()
    name = display_name(name, "audio")
    check_size(len(data), limits.audio_bytes, name)
    kind = recognise(data)
    if kind.medium != "audio":
        raise MediaRefused(f"{name} is {kind.name}, which cannot be heard", f"Choose a {_READABLE} file.")
    if kind.demuxer is not None:
        data = ffmpeg.to_wav(data, kind, name, limits.audio_seconds)
    try:
        samples, rate = _decode(data, kind, name, limits)
    except MediaRefused:
        raise
    except Exception as error:  # codecs raise whatever a broken file makes them raise
        raise _damaged(kind, name, str(error) or type(error).__name__) from error
    return _part(samples, rate, name)


def decode_audio(part: AudioPart, sample_rate: int = 16_000) -> Samples:
    """The samples of `part`, float32 [samples] in [-1, 1], at `sample_rate` hertz.

    Raises `MediaRefused` for a part whose bytes are not the WAV file that it says.
    """
    import numpy as np

    try:
        with wave.open(io.BytesIO(part.data)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise wave.Error("not 16-bit mono")
            rate, frames = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise _damaged(recognise(part.data), part.name, str(error)) from error
    samples = np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    return _resampled(samples, rate, sample_rate)


def _decode(data: bytes, kind: Kind, name: str, limits: Limits) -> tuple[Samples, int]:
    import numpy as np
    import soundfile

    with soundfile.SoundFile(io.BytesIO(data)) as file:
        _check_header(file, kind, name)
        rate = file.samplerate
        samples = _mono(file, limits.audio_seconds, name)
    if len(samples) < limits.audio_seconds_min * rate:
        least = f"lasts less than {limits.audio_seconds_min:g} seconds"
        raise MediaRefused(
            f"{name} {least if len(samples) else 'holds no sound'}",
            "Record it again and speak for at least a moment.",
        )
    samples = _finite(samples, kind, name)
    peak = float(np.abs(samples).max())
    if peak > _OVERSHOOT:
        samples = np.divide(samples, peak, dtype=np.float32)
    if rate > SAMPLE_RATE_MAX:
        return _resampled(samples, rate, SAMPLE_RATE_MAX), SAMPLE_RATE_MAX
    return samples, rate


def _finite(samples: Samples, kind: Kind, name: str) -> Samples:
    """`samples` with silence for those that are not numbers; most of them must be."""
    import numpy as np

    finite = np.isfinite(samples)
    if finite.mean() < 0.5:
        raise _damaged(kind, name, "its samples are not numbers")
    return np.where(finite, samples, np.float32(0.0))


def _check_header(file: SoundFile, kind: Kind, name: str) -> None:
    if file.samplerate not in _RATES_TAKEN:
        raise _damaged(kind, name, f"it claims a sample rate of {file.samplerate:,} hertz")
    if not 1 <= file.channels <= _CHANNELS_MAX:
        raise _damaged(kind, name, f"it claims {file.channels:,} channels")


def _mono(file: SoundFile, seconds: float, name: str) -> Samples:
    """The average of all channels, read block by block: the length in the header is not believed."""
    import numpy as np

    blocks: list[Samples] = []
    left = int(seconds * file.samplerate) + 1
    while left > 0:
        block = file.read(min(left, 65_536), dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block.mean(axis=1, dtype=np.float32))
        left -= len(block)
    if left <= 0:
        raise MediaTooLarge(
            f"{name} is longer than the {seconds:g} seconds that can be taken",
            "Cut it, or record a shorter one.",
        )
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def _resampled(samples: Samples, rate: int, target: int) -> Samples:
    if rate == target or not len(samples):
        return samples
    import numpy as np
    import soxr

    return soxr.resample(samples, rate, target).astype(np.float32, copy=False)


def _part(samples: Samples, rate: int, name: str) -> AudioPart:
    import numpy as np

    scaled = np.clip(np.round(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(scaled.astype("<i2").tobytes())
    return AudioPart(file.getvalue(), rate, len(samples) / rate, name=name)


def _damaged(kind: Kind, name: str, detail: str) -> MediaRefused:
    if _OPAQUE.search(detail):
        detail = "its beginning makes no sense"
    detail = " ".join(re.sub(r"Error opening <[^>]*>: |[.]$", "", detail).split())[:120]
    return MediaRefused(f"{name}, {kind.name}, is damaged ({detail})", "Save or record it again.")
