"""A file that a person gave the page -> a validated part; every limit and refusal on the way.

What a file is, its content says: browsers name recordings `blob`, and pictures `.jpg` that are none.
"""

from __future__ import annotations

import stat
from pathlib import Path

from engine.media import Limits, check_size, display_name, read_audio, read_image, recognise
from engine.protocol import AudioPart, ImagePart, MediaRefused

LIMITS = Limits()

_HEAD_BYTES = 4096
_CHOOSE = "Choose a picture (PNG, JPEG, WebP …) or a recording (WAV, MP3, FLAC, Ogg …)."


def attach(path: Path, limits: Limits = LIMITS) -> ImagePart | AudioPart:
    """The picture or recording in the file at `path`. Raises `MediaRefused`.

    A file over the limit is refused before it is read.
    """
    name = display_name(path.name, "file")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MediaRefused(f"{name} is no file", _CHOOSE)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            medium = _medium(head, name)
            limit = limits.image_bytes if medium == "image" else limits.audio_bytes
            check_size(status.st_size, limit, name)
            data = head + file.read(limit)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MediaRefused(f"{name} could not be opened ({reason})", "Choose the file again.") from error
    read = read_image if medium == "image" else read_audio
    return read(data, name, limits)


def _medium(head: bytes, name: str) -> str:
    """`image` or `audio`; what was meant as a picture is refused as one."""
    kind = recognise(head)
    if kind.medium != "other":
        return kind.medium
    if not head or "picture" in kind.name or "drawing" in kind.name:
        return "image"
    raise MediaRefused(f"{name} is {kind.name}, neither a picture nor a recording", _CHOOSE)
