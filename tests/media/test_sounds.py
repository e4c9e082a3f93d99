"""Sounds become mono 16-bit WAV files that sound as the original did."""

import io
import shutil
import subprocess
import wave

import numpy as np
import pytest
import soundfile

from engine.media import Limits, decode_audio, ffmpeg, read_audio
from engine.protocol import AudioPart, MediaRefused

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def tone(rate: int = 16_000, seconds: float = 1.0, hertz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


def encoded(
    samples: np.ndarray, rate: int, encoding: str = "WAV", subtype: str | None = "PCM_16", **how
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=encoding, subtype=subtype, **how)
    return file.getvalue()


def pitch(samples: np.ndarray, rate: int = 16_000) -> float:
    """The strongest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


def assert_is_tone(part: AudioPart, seconds: float = 1.0, hertz: float = 440.0) -> None:
    samples = decode_audio(part)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) == pytest.approx(seconds * 16_000, rel=0.1)
    assert pitch(samples) == pytest.approx(hertz, abs=5)
    assert np.sqrt(np.mean(samples[4000:-4000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), abs=0.03)
    with wave.open(io.BytesIO(part.data)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == part.sample_rate
        assert file.getnframes() / part.sample_rate == pytest.approx(part.seconds)


@pytest.mark.parametrize(
    ("encoding", "subtype"),
    [
        *(
            ("WAV", subtype)
            for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
        ),
        *(("WAV", subtype) for subtype in ("MS_ADPCM", "IMA_ADPCM", "GSM610")),
        *(("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
        *(("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("RF64", "PCM_16"), ("WAVEX", "PCM_16")),
    ],
)
def test_formats(encoding, subtype):
    data = encoded(tone(), 16_000, encoding, subtype)
    assert_is_tone(read_audio(data, "a"))


def test_big_endian_wav():
    assert_is_tone(read_audio(encoded(tone(), 16_000, endian="BIG"), "a"))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_the_sample_rate_is_kept(rate):
    part = read_audio(encoded(tone(rate), rate), "a")
    assert part.sample_rate == rate
    assert_is_tone(part)


def test_a_very_high_sample_rate_is_lowered():
    part = read_audio(encoded(tone(192_000), 192_000), "a")
    assert part.sample_rate == 48_000
    assert_is_tone(part)


def test_sixteen_bit_samples_are_exact():
    samples = np.random.default_rng(0).integers(-32768, 32768, 16_000, dtype=np.int16)
    part = read_audio(encoded(samples, 16_000), "a")
    stored, _ = soundfile.read(io.BytesIO(part.data), dtype="int16")
    assert (stored == samples).all()
    assert (decode_audio(part) == samples.astype(np.float32) / 32768).all()


def test_channels_are_averaged():
    stereo = np.stack([tone(), np.zeros(16_000)], axis=1)
    part = read_audio(encoded(stereo, 16_000), "a")
    assert np.abs(decode_audio(part) - tone() / 2).max() < 1e-3


def test_too_loud_is_scaled_and_not_cut():
    part = read_audio(encoded(tone() * 40, 16_000, subtype="FLOAT"), "a")
    samples = decode_audio(part)
    assert np.abs(samples - tone() * 2).max() < 1e-3


def test_silence_is_a_sound():
    assert not decode_audio(read_audio(encoded(np.zeros(16_000), 16_000), "a")).any()


def test_what_a_part_holds_can_be_read_again():
    part = read_audio(encoded(tone(), 16_000, "FLAC"), "/tmp/voice.flac")
    assert part.name == "voice.flac"
    assert read_audio(part.data, part.name) == part


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(audio_bytes=100), "at most"),
        (Limits(audio_seconds=0.5), "longer than the 0.5 seconds"),
        (Limits(audio_seconds_min=2), "less than 2 seconds"),
    ],
)
def test_limits(limits, word):
    with pytest.raises(MediaRefused, match=word):
        read_audio(encoded(tone(), 16_000), "a", limits)


def test_the_limit_itself_is_taken():
    assert read_audio(encoded(tone(), 16_000), "a", Limits(audio_seconds=1.0)).seconds == 1.0


def test_a_part_that_lies_is_refused():
    with pytest.raises(MediaRefused):
        decode_audio(AudioPart(b"not a file", 16_000, 1.0))


# ------------------------------------------------------------------------------------- ffmpeg


def converted(*arguments: str) -> bytes:
    """A second of tone, encoded by ffmpeg: what phones and browsers record."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "wav",
        "-i",
        "pipe:0",
        *arguments[:-1],
        "-f",
        arguments[-1],
        "pipe:1",
    ]
    return subprocess.run(command, input=encoded(tone(), 16_000), capture_output=True, check=True).stdout


@needs_ffmpeg
@pytest.mark.parametrize(
    "arguments",
    [
        ("-c:a", "libopus", "webm"),
        ("-c:a", "libvorbis", "matroska"),
        ("-c:a", "aac", "adts"),
        ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "mp4"),
        ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "ipod"),
        ("-c:a", "wmav2", "asf"),
    ],
    ids=lambda arguments: arguments[-1],
)
def test_formats_that_need_ffmpeg(arguments):
    assert_is_tone(read_audio(converted(*arguments), "a"))


@needs_ffmpeg
def test_an_index_at_the_end(tmp_path):
    target = tmp_path / "memo.m4a"
    source = tmp_path / "source.wav"
    source.write_bytes(encoded(tone(44_100), 44_100))
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, target], check=True)
    assert target.read_bytes().index(b"moov") > target.read_bytes().index(b"mdat")
    part = read_audio(target.read_bytes(), "memo.m4a")
    assert part.sample_rate == 44_100
    assert_is_tone(part)


@needs_ffmpeg
def test_a_video_is_refused(tmp_path):
    target = tmp_path / "film.mp4"
    sources = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-f", "lavfi", "-i", "sine=d=1"]
    subprocess.run(["ffmpeg", "-v", "error", *sources, target], check=True)
    with pytest.raises(MediaRefused, match="video"):
        read_audio(target.read_bytes(), "film.mp4")


@needs_ffmpeg
def test_too_long_for_ffmpeg():
    with pytest.raises(MediaRefused, match="longer"):
        read_audio(converted("-c:a", "libopus", "webm"), "a", Limits(audio_seconds=0.5))


def test_without_ffmpeg(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MediaRefused, match="needs the program ffmpeg") as refusal:
        read_audio(b"\x1a\x45\xdf\xa3" + b"\0" * 100, "voice.webm")
    assert "Install ffmpeg" in refusal.value.remedy


@pytest.mark.skipif(shutil.which("sleep") is None, reason="there is no sleep program")
def test_a_program_that_hangs_is_ended(monkeypatch, tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!{shutil.which('sh')}\nexec {shutil.which('sleep')} 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ffmpeg, "_SECONDS_MAX", 0.2)
    with pytest.raises(MediaRefused, match="took more than"):
        read_audio(b"\x1a\x45\xdf\xa3" + b"\0" * 100, "voice.webm")
