"""A file becomes a part by what it holds; what cannot become one is refused by name."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from autoglm_ui.attachments import attach
from engine.media import Limits
from engine.protocol import AudioPart, ImagePart, MediaRefused

HOSTILE = Path(__file__).parents[1] / "data" / "hostile"
HOSTILE_FILES = sorted(path for path in HOSTILE.rglob("*.*") if path.name != "CREDITS.md")


@pytest.fixture
def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 30), "red").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def recording() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(8000), 16_000, format="WAV")
    return file.getvalue()


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.wav", "blob", "a.jpeg"])
def test_content_decides_and_not_the_name(name, picture, recording, tmp_path):
    part = attach(write(tmp_path, name, picture))
    assert isinstance(part, ImagePart)
    assert (part.width, part.height, part.name) == (20, 30, name)
    part = attach(write(tmp_path, name, recording))
    assert isinstance(part, AudioPart)
    assert (part.seconds, part.name) == (0.5, name)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"%PDF-1.4", "a PDF document"),
        (b"<html>", "a web page"),
        (b"<svg/>", "an SVG drawing"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "an HEIC picture"),
        ("你好".encode(), "a text file"),
        (b"\x01\x02\x03", "unknown type"),
    ],
)
def test_refused_by_what_it_is(data, word, tmp_path):
    with pytest.raises(MediaRefused, match=word) as refusal:
        attach(write(tmp_path, "file.png", data))
    assert refusal.value.remedy


def test_over_the_limit_is_refused_without_reading(picture, tmp_path):
    path = write(tmp_path, "huge.png", picture)
    os.truncate(path, 3 * 2**40)  # a hole: it takes no room
    with pytest.raises(MediaRefused, match=r"3145728\.0 MB"):
        attach(path)


def test_the_limits_of_pictures_and_sounds_differ(picture, recording, tmp_path):
    limits = Limits(image_bytes=len(picture) - 1, audio_bytes=len(recording))
    assert attach(write(tmp_path, "a.wav", recording), limits)
    with pytest.raises(MediaRefused, match="at most"):
        attach(write(tmp_path, "a.png", picture), limits)


def test_no_file(tmp_path):
    with pytest.raises(MediaRefused, match=r"gone\.png could not be opened"):
        attach(tmp_path / "gone.png")
    with pytest.raises(MediaRefused, match="is no file"):
        attach(tmp_path)


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(MediaRefused, match="is no file"):
        attach(tmp_path / "pipe.png")


@pytest.mark.parametrize("path", HOSTILE_FILES, ids=lambda path: path.name)
def test_hostile_files(path):
    try:
        part = attach(path)
    except MediaRefused as refusal:
        assert path.name[:30] in refusal.message
        assert refusal.remedy
    else:
        assert part.data
