"""One-click examples: bundled screens and spoken commands, and two questions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape

from autoglm_ui.attachments import attach
from autoglm_ui.settings import Language
from autoglm_ui.store import MediaFolder
from autoglm_ui.view.strings import Strings
from autoglm_ui.view.theme import ASSETS
from engine.protocol import AudioPart, ImagePart, MediaRefused, Message, TextPart

log = logging.getLogger(__name__)

FOLDER = ASSETS / "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """A question as a person would put it; `files` are names in the examples folder."""

    text: str = ""
    files: tuple[str, ...] = ()

    @property
    def media(self) -> tuple[ImagePart | AudioPart, ...]:
        """The pictures and recordings. Raises `MediaRefused` if one cannot be read."""
        return tuple(_part(name) for name in self.files)

    @property
    def message(self) -> Message:
        """The message to send. Raises `MediaRefused` if a file cannot be read."""
        return Message("user", (*self.media, TextPart(self.text)) if self.text else self.media)


_WHO = {"who_zh": Example("你是谁？"), "who_en": Example("Who are you?")}

EXAMPLES: Mapping[Language, Mapping[str, Example]] = {
    "zh": {
        "screen": Example("这个屏幕上有什么？", ("home-zh.png",)),
        "voice": Example(files=("open-camera.zh.wav",)),
        "both": Example(files=("home-zh.png", "open-camera.zh.wav")),
        **_WHO,
    },
    "en": {
        "screen": Example("What is on this screen?", ("settings-en.png",)),
        "voice": Example(files=("tap-settings.en.wav",)),
        "both": Example(files=("home-zh.png", "tap-settings.en.wav")),
        **_WHO,
    },
}


def cards(media: MediaFolder, strings: Strings) -> str:
    """A button for each example, as HTML; one whose files are not there is left out, and logged."""
    shown: list[str] = []
    for name, example in EXAMPLES[strings.code].items():
        try:
            shown.append(_card(name, example, media, strings))
        except MediaRefused as refusal:
            log.warning("the example %r is left out: %s", name, refusal.message)
    return f'<div class="cards" role="group" aria-label="{escape(strings.examples)}">{"".join(shown)}</div>'


def _card(name: str, example: Example, media: MediaFolder, strings: Strings) -> str:
    pictures = "".join(
        f'<img src="{escape(media.url(part))}" alt="">'
        for part in example.media
        if isinstance(part, ImagePart)
    )
    sound = '<span class="wave"></span>' if any(isinstance(p, AudioPart) for p in example.media) else ""
    label = escape(getattr(strings, f"example_{name}"))
    kind = "with-media" if example.files else "text-only"
    thumbnail = (
        f'<span class="thumbnail" aria-hidden="true">{pictures}{sound}</span>' if example.files else ""
    )
    return (
        f'<button type="button" class="example {kind}" data-example="{name}">{thumbnail}'
        f'<span class="caption">{label}</span></button>'
    )


@cache
def _part(name: str) -> ImagePart | AudioPart:
    return attach(FOLDER / name)
