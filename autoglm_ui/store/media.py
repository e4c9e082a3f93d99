"""Pictures and recordings as files, each named by the hash of its content."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import time
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from engine.protocol import AudioPart, ImagePart

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "audio/wav": ".wav"}

#: Seconds for which a file that nothing refers to is kept: another page may be about to.
GRACE_SECONDS = 3600.0


class MediaFolder:
    """A folder of parts. The same content is one file; nobody can guess a name."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.path.mkdir(parents=True, exist_ok=True)

    def put(self, part: ImagePart | AudioPart) -> Path:
        """The file of `part`, written if it is not there yet. Raises `OSError` where it cannot be."""
        path = self.path / name_of(part)
        if not path.exists():
            self._write(path, part.data)
        return path

    def read(self, name: str) -> bytes:
        """The content of the file `name`. Raises `OSError`."""
        return (self.path / Path(name).name).read_bytes()

    def url(self, part: ImagePart | AudioPart) -> str:
        """Where the page finds `part`, relative to the page; the part itself where the disk is full."""
        try:
            return "gradio_api/file=" + quote(str(self.put(part)))
        except OSError:
            return f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"

    def sweep(self, used: Container[str], grace: float = GRACE_SECONDS) -> None:
        """Remove every file that is not `used` and older than `grace` seconds."""
        oldest = time.time() - grace
        for path in tuple(self.path.iterdir()):
            if path.name not in used and path.stat().st_mtime <= oldest:
                path.unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        # Whole or not at all: a page that asks for the file meanwhile must not get half of it, and two
        # that write the same must not take each other's.
        descriptor, partial = tempfile.mkstemp(dir=self.path, suffix=".partial")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(path)
            _sync(self.path)
        except BaseException:
            with suppress(OSError):
                Path(partial).unlink()
            raise


def _sync(folder: Path) -> None:
    """Write the names in `folder` to the disk, too: a file whose name is lost is lost."""
    with suppress(PermissionError):  # Windows opens no folder, and keeps names by itself
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def name_of(part: ImagePart | AudioPart) -> str:
    """The name of the file of `part`."""
    return hashlib.sha256(part.data).hexdigest() + _SUFFIXES[part.media_type]
