"""Containers that libsndfile does not read, decoded by ffmpeg where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from engine.media.kinds import Kind
from engine.protocol import MediaRefused

_SECONDS_MAX = 20.0  # wall time; a minute of sound takes well under one second
_ALLOCATION_MAX = 64 * 2**20  # bytes in one piece
_VIDEO = re.compile(r"^\s*Stream #\S+: Video:(?!.*attached pic)", re.MULTILINE)


def to_wav(data: bytes, kind: Kind, name: str, seconds: float) -> bytes:
    """The first sound track of `data` as a 16-bit WAV file, cut a second after `seconds`.

    The container is the one that was recognised and no protocol but `file` is allowed, so that a
    playlist cannot make ffmpeg open anything else. Raises `MediaRefused`.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise MediaRefused(
            f"{name} is {kind.name}; reading it needs the program ffmpeg, which is not installed here",
            "Install ffmpeg, or save the sound as WAV, MP3 or Ogg.",
        )
    with tempfile.TemporaryDirectory(prefix="autoglm-") as folder:
        # A file and not a pipe: most M4A files have their index at the end.
        source, target = Path(folder, "source"), Path(folder, "target.wav")
        source.write_bytes(data)
        report = _run([program, *_arguments(source, target, kind, seconds)], kind, name)
        if _VIDEO.search(report):
            raise MediaRefused(f"{name} is a video", "Save its sound as WAV or MP3, or take a screenshot.")
        if not target.exists():
            raise _damaged(kind, name, report)
        return target.read_bytes()


def _arguments(source: Path, target: Path, kind: Kind, seconds: float) -> list[str]:
    options = ["-hide_banner", "-nostdin", "-threads", "1", "-max_alloc", str(_ALLOCATION_MAX)]
    options += ["-protocol_whitelist", "file", "-f", kind.demuxer or "", "-i", f"file:{source}"]
    options += ["-map", "0:a:0", "-t", str(seconds + 1), "-c:a", "pcm_s16le", "-f", "wav"]
    return [*options, f"file:{target}"]


def _run(command: list[str], kind: Kind, name: str) -> str:
    """What ffmpeg reports. Raises `MediaRefused` when it fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired as error:
        raise MediaRefused(
            f"{name} took more than {_SECONDS_MAX:.0f} seconds to decode", "Save the sound as WAV or MP3."
        ) from error
    report = done.stderr.decode(errors="replace")
    if done.returncode and not _VIDEO.search(report):
        raise _damaged(kind, name, report)
    return report


def _damaged(kind: Kind, name: str, report: str) -> MediaRefused:
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    if any("matches no streams" in line for line in lines):
        return MediaRefused(f"{name}, {kind.name}, holds no sound", "Choose a file with a sound track.")
    reason = re.sub(r"file:\S*|\[[^\]]*\]", "", lines[-1] if lines else "no reason given").strip(" :")
    return MediaRefused(f"{name}, {kind.name}, is damaged ({reason[:120]})", "Save or record it again.")
