"""Pictures and recordings as files that the page can show."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

from engine.protocol import AudioPart, ImagePart

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "audio/wav": ".wav"}


class MediaFolder:
    """A folder of parts, each named by the hash of its content. Nobody can guess a name."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.path.mkdir(parents=True, exist_ok=True)

    def put(self, part: ImagePart | AudioPart) -> Path:
        """The file of `part`, written if it is not there yet."""
        path = self.path / (hashlib.sha256(part.data).hexdigest() + _SUFFIXES[part.media_type])
        if not path.exists():
            # A page that asks for the file while it is written must not get half of it.
            partial = path.with_suffix(".partial")
            partial.write_bytes(part.data)
            partial.replace(path)
        return path

    def url(self, part: ImagePart | AudioPart) -> str:
        """Where the page finds `part`, relative to the page."""
        return "gradio_api/file=" + quote(str(self.put(part)))
