"""Files that a browser saves."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path


def file(text: str, title: str, suffix: str) -> str:
    """A file with `text`, named after `title`, among the uploads, which go when the program ends."""
    name = re.sub(r"[^\w -]+", " ", title).strip()[:60].strip() or "conversation"
    path = Path(tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR"))) / f"{name}.{suffix}"
    path.write_text(text, encoding="utf-8")
    return str(path)
