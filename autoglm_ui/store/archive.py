"""Conversations as one JSON text, pictures and recordings included: to keep, to move, to read again."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from autoglm_ui.conversation import Conversation, Exchange, Reply, interrupted
from autoglm_ui.store.media import name_of
from autoglm_ui.store.record import parts_from_json, parts_to_json, reply_from_json, reply_to_json
from engine.media import Limits, read_audio, read_image
from engine.protocol import (
    AssistantError,
    AudioPart,
    FailureKind,
    ImagePart,
    Message,
    Part,
    TextPart,
    well_formed,
)

FORMAT = "autoglm-conversations"
VERSION = 1
LIMITS = Limits()


class NotAnArchive(AssistantError):
    """A file that holds no conversations."""

    kind = FailureKind.BAD_MEDIA

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "Choose a JSON file that this program has saved.")


@dataclass(frozen=True, slots=True)
class Archived:
    """A conversation with its name."""

    title: str
    conversation: Conversation


def dump(conversations: Iterable[Archived]) -> str:
    """The archive of `conversations`, each picture and recording once."""
    media: dict[str, str] = {}

    def name(part: ImagePart | AudioPart) -> str:
        name = name_of(part)
        media.setdefault(name, base64.b64encode(part.data).decode())
        return name

    entries = [
        {
            "title": archived.title,
            "exchanges": [
                {
                    "asked": exchange.asked,
                    "user": parts_to_json(exchange.user.parts, name),
                    "reply": json.loads(reply_to_json(exchange.reply)),
                    "others": [json.loads(reply_to_json(other)) for other in exchange.others],
                }
                for exchange in archived.conversation.exchanges
            ],
        }
        for archived in conversations
    ]
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "saved": time.time(),
        "conversations": entries,
        "media": media,
    }
    return json.dumps(whole, ensure_ascii=False)


def load(text: str, limits: Limits = LIMITS) -> list[Archived]:
    """The conversations of an archive, as new ones. Raises `NotAnArchive`, `MediaRefused`.

    Pictures and recordings are checked as attached ones are.
    """
    try:
        # Once more through JSON: only what is read shows half an emoji that was written as an escape.
        whole = json.loads(well_formed(json.dumps(json.loads(text), ensure_ascii=False)))
        if not isinstance(whole, dict) or whole.get("format") != FORMAT:
            raise NotAnArchive("the file holds no conversations of this program")
        if whole["version"] != VERSION:
            raise NotAnArchive("the file is of a newer version of this program")
        media = {name: base64.b64decode(data, validate=True) for name, data in whole["media"].items()}
        return [
            Archived(
                str(entry["title"]),
                Conversation(tuple(_exchange(value, media, limits) for value in entry["exchanges"])),
            )
            for entry in whole["conversations"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAnArchive(f"the file is damaged ({type(error).__name__}: {error})") from error


def _exchange(value: dict[str, Any], media: dict[str, bytes], limits: Limits) -> Exchange:
    parts = parts_from_json(value["user"], media.__getitem__)
    message = Message("user", tuple(_checked(part, limits) for part in parts))
    others = tuple(_reply(other) for other in value["others"])
    return Exchange(message, _reply(value["reply"]), uuid.uuid4().hex, float(value["asked"]), others)


def _reply(value: object) -> Reply:
    return replace(interrupted(reply_from_json(json.dumps(value))), id=uuid.uuid4().hex)


def _checked(part: Part, limits: Limits) -> Part:
    if isinstance(part, TextPart):
        return part
    read = read_image if isinstance(part, ImagePart) else read_audio
    return read(part.data, part.name, limits)
