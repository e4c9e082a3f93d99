"""One-click examples: bundled screens and spoken commands, and two questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autoglm_ui.attachments import attach
from autoglm_ui.view.theme import ASSETS
from engine.protocol import Message, Part, TextPart

FOLDER = ASSETS / "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """A question as a person would put it; `files` are in the examples folder."""

    text: str = ""
    files: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(FOLDER / name for name in self.files)

    def message(self) -> Message:
        """The message to send. Raises `MediaRefused` if a file cannot be read."""
        parts: list[Part] = [attach(path) for path in self.paths]
        if self.text:
            parts.append(TextPart(self.text))
        return Message("user", tuple(parts))


EXAMPLES: Mapping[str, Example] = {
    "screen": Example("这个屏幕上有什么？", ("home-screen.png",)),
    "voice": Example(files=("open-camera.zh.wav",)),
    "both": Example(files=("settings-screen.png", "tap-settings.en.wav")),
    "who_zh": Example("你是谁？"),
    "who_en": Example("Who are you?"),
}
