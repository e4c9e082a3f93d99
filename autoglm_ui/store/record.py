"""What is kept of one conversation, and its parts and replies as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from autoglm_ui.conversation import Conversation, Reply
from engine.protocol import AudioPart, ImagePart, Message, Part, TextPart

_REPLY = TypeAdapter(Reply)


@dataclass(frozen=True, slots=True)
class Record:
    """A conversation as it stands: whose it is, what was said, and what waits in the composer."""

    id: str
    owner: str
    conversation: Conversation = Conversation()
    pending: tuple[ImagePart | AudioPart, ...] = ()


def parts_to_json(
    parts: Iterable[Part], name: Callable[[ImagePart | AudioPart], str]
) -> list[dict[str, Any]]:
    """Parts without their bytes; `name` says where those are."""
    return [_part_to_json(part, name) for part in parts]


def parts_from_json(values: Iterable[dict[str, Any]], read: Callable[[str], bytes]) -> tuple[Part, ...]:
    """The parts again. A file that is gone leaves its name as text: the rest is worth reading."""
    return tuple(_part_from_json(value, read) for value in values)


def message_to_json(message: Message, name: Callable[[ImagePart | AudioPart], str]) -> str:
    return json.dumps(parts_to_json(message.parts, name), ensure_ascii=False)


def reply_to_json(reply: Reply) -> str:
    return _REPLY.dump_json(reply).decode()


def reply_from_json(text: str | bytes) -> Reply:
    """Raises `ValueError` if `text` describes no reply."""
    return _REPLY.validate_json(text)


def _part_to_json(part: Part, name: Callable[[ImagePart | AudioPart], str]) -> dict[str, Any]:
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text}
        case ImagePart():
            return {
                "type": "image",
                "file": name(part),
                "media_type": part.media_type,
                "width": part.width,
                "height": part.height,
                "name": part.name,
            }
        case AudioPart():
            return {
                "type": "audio",
                "file": name(part),
                "sample_rate": part.sample_rate,
                "seconds": part.seconds,
                "name": part.name,
            }


def _part_from_json(value: dict[str, Any], read: Callable[[str], bytes]) -> Part:
    if value["type"] == "text":
        return TextPart(value["text"])
    try:
        data = read(value["file"])
    except OSError:
        return TextPart(f"[{value['name']}: ?]")
    if value["type"] == "image":
        return ImagePart(data, value["media_type"], value["width"], value["height"], value["name"])
    return AudioPart(data, value["sample_rate"], value["seconds"], name=value["name"])
