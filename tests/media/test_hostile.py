"""Every malformed file is a valid part or a refusal in plain words: no crash, no hang, no huge memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.media import read_audio, read_image
from engine.protocol import MediaRefused
from tests.media.hostile_files import MAKERS

REPOSITORY = Path(__file__).parents[2]
COLLECTED = REPOSITORY / "tests" / "data" / "hostile"
FILES = sorted(
    str(p.relative_to(COLLECTED)) for p in COLLECTED.rglob("*") if p.is_file() and p.suffix != ".md"
)
CASES = FILES + sorted(MAKERS)

# What must become a part, and as what; everything else may be refused.
MUST_BE_READ = {
    "image/pillow/hopper_orientation_5.jpg": ("image/jpeg", [128, 128]),
    "image/pillow/exif-dpi-zerodivision.jpg": ("image/jpeg", [200, 200]),
    "image/pillow/hopper_bad_exif.jpg": ("image/jpeg", [500, 500]),
    "image/pillow/12in16bit.tif": ("image/png", [100, 100]),
    "image/pillow/1_trns.png": ("image/png", [64, 64]),
    "image/pillow/hopper.avif": ("image/jpeg", [128, 128]),
    "image/pillow/chunk_no_fdat.png": ("image/png", [128, 64]),
    "image/corkami/lossless.jpg": ("image/jpeg", [141, 188]),
    "png-at-the-limit.png": ("image/jpeg", [7000, 7000]),
    "wav-claims-4-gigabytes.wav": ("audio/wav", [16000, 0.5]),
    "wav-claims-more-than-it-has.wav": ("audio/wav", [16000, 0.5]),
    "wav-some-nan.wav": ("audio/wav", [16000, 15000 / 16000]),
    "wav-far-too-loud.wav": ("audio/wav", [16000, 0.5]),
}
# What must be refused, and a word of the reason.
MUST_BE_REFUSED = {
    "empty.png": "empty",
    "text.png": "text file",
    "page.png": "web page",
    "drawing.svg": "SVG",
    "document.pdf": "PDF",
    "photo.heic": "HEIC",
    "png-claims-60000.png": "3,600 million pixels",
    "png-real-bomb.png": "400 million pixels",
    "webp-claims-2^24.webp": "16777216 × 16777216",
    "icon-with-a-bomb.ico": "30000 × 30000",
    "jpeg-of-many-scans.jpg": "scans",
    "png-long-and-thin.png": "long and thin",
    "two-pixels.png": "too small",
    "image/pillow/truncated_image.png": "cut off",
    "wav-no-samples.wav": "no sound",
    "wav-too-long.wav": "longer than the 60 seconds",
    "wav-rate-one.wav": "sample rate of 1 hertz",
    "wav-rate-4-gigahertz.wav": "damaged",
    "wav-1000-channels.wav": "1,000 channels",
    "wav-all-nan.wav": "not numbers",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, dict]:
    """Case -> what one limited process made of it, reading every file as picture and as sound."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = {str(COLLECTED / name): name for name in FILES}
    for name, make in MAKERS.items():
        (folder / name).write_bytes(make())
        paths[str(folder / name)] = name
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.media.read_limited"],
        input="\n".join(paths),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"it ended after {results[-1:]}: {done.stderr[-500:]}"
    return {paths[result["path"]]: result for result in results}


def test_there_are_more_than_a_hundred():
    assert len(CASES) > 150


@pytest.mark.parametrize("name", CASES)
def test_a_part_or_a_refusal(name, outcomes):
    result = outcomes[name]
    for medium in ("image", "audio"):
        assert "error" not in result[medium], result
        if "refused" in result[medium]:
            assert_plain(result[medium], Path(name).name)
    image, audio = result["image"], result["audio"]
    assert "refused" in image or "refused" in audio, "it cannot be both"
    if "part" in image:
        assert image["decoded"] == image["size"]
    if "part" in audio:
        rate, seconds = audio["size"]
        assert 2000 <= rate <= 48000
        assert 0 < seconds <= 60
        assert audio["length"] == pytest.approx(seconds * 16000, abs=1)


def assert_plain(refusal: dict, name: str) -> None:
    message, remedy = refusal["refused"], refusal["remedy"]
    assert name in message or "…" in message, "it says which file"
    assert remedy.endswith("."), "it says what to do"
    for jargon in ("<_io", "0x", "Traceback", "Error(", "Exception", "/tmp"):
        assert jargon not in message.replace(name, "") + remedy, refusal


def test_memory_stays_small(outcomes):
    assert max(result["peak"] for result in outcomes.values()) < 1.2 * 2**30


@pytest.mark.parametrize("name", MUST_BE_READ)
def test_mended(name, outcomes):
    media_type, size = MUST_BE_READ[name]
    result = outcomes[name]["audio" if media_type == "audio/wav" else "image"]
    assert (result.get("part"), result.get("size")) == (media_type, size), result


@pytest.mark.parametrize("name", MUST_BE_REFUSED)
def test_refused_by_name(name, outcomes):
    medium = "audio" if name.startswith("wav") else "image"
    assert MUST_BE_REFUSED[name] in outcomes[name][medium]["refused"]


@pytest.mark.parametrize("read", [read_image, read_audio])
@pytest.mark.parametrize("name", ["../../etc/passwd\n.png", "x" * 400 + ".png", "a\x1b[31m\u202e.png", ""])
def test_a_hostile_name_is_shown_harmlessly(read, name):
    with pytest.raises(MediaRefused) as refusal:
        read(b"nothing", name)
    shown = refusal.value.message
    assert shown.isprintable()
    assert "/" not in shown
    assert len(shown) < 140
