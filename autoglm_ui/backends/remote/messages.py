"""A conversation as langchain messages, and options as fields of the request body."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autoglm_ui.backends.dialects import Dialect
from engine.protocol import (
    AudioHeard,
    AudioPart,
    ImagePart,
    ImageSeen,
    Message,
    Options,
    Part,
    Perceived,
    TextPart,
)

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

REASONING = "reasoning_content"

# Sent only where they are not the default: some servers do not know them all.
_SAMPLING = ("top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty")
_DEFAULTS = Options()
_SHOWN_MAX = 400
_ENCODED = re.compile(r"(?:data:[\w/;,+.-]*)?[A-Za-z0-9+/=]*")


@dataclass(frozen=True, slots=True)
class Style:
    """How a conversation is put. `inline_thinking`: earlier thinking goes back in tags, and only the
    newest picture is sent, as AutoGLM-Phone was trained. `transcripts` replace recordings by text."""

    replays_reasoning: bool = False
    inline_thinking: bool = False
    transcripts: Mapping[AudioPart, str] | None = None


def body_fields(options: Options, dialect: Dialect) -> dict[str, Any]:
    """Everything of the request body but the model and the messages."""
    fields: dict[str, Any] = {
        dialect.token_limit: options.max_new_tokens,
        "temperature": options.temperature,
        **dialect.thinking(options.thinking),
    }
    for name in _SAMPLING:
        if (value := getattr(options, name)) != getattr(_DEFAULTS, name):
            fields[name] = value
    if options.logit_bias:
        fields["logit_bias"] = {str(token): bias for token, bias in options.logit_bias}
    if options.seed is not None:
        fields["seed"] = options.seed
    if options.stop:
        fields["stop"] = list(options.stop)
    if dialect.streams_usage_on_request:
        fields["stream_options"] = {"include_usage": True}
    return fields


def langchain_messages(messages: Sequence[Message], style: Style) -> list[BaseMessage]:
    """`messages` for `ChatOpenAI`: text as strings, media as OpenAI's parts."""
    return [_message(message, style) for message in sent(messages, style)]


def sent(messages: Sequence[Message], style: Style) -> tuple[Message, ...]:
    """`messages` with what `style` leaves out left out."""
    if not style.inline_thinking:
        return tuple(messages)
    pictures = [index for index, message in enumerate(messages) if message.images]
    newest = pictures[-1] if pictures else -1
    return tuple(
        message if index == newest or not message.images else _without_images(message)
        for index, message in enumerate(messages)
    )


def _without_images(message: Message) -> Message:
    kept = tuple(part for part in message.parts if not isinstance(part, ImagePart))
    return Message(message.role, kept or (TextPart(""),), message.reasoning)


def perceived(messages: Sequence[Message], style: Style) -> Perceived:
    """What a server receives of `messages`: pictures in their own size, recordings in seconds."""
    shown = sent(messages, style)
    images = [image for message in shown for image in message.images]
    audios = [audio for message in shown for audio in message.audios]
    transcripts = style.transcripts or {}
    return Perceived(
        images=tuple(
            ImageSeen(one.width, one.height, one.width, one.height, (0, 0, one.width, one.height))
            for one in images
        ),
        audios=tuple(
            AudioHeard(one.seconds, one.sample_rate, transcript=transcripts.get(one)) for one in audios
        ),
    )


def _message(message: Message, style: Style) -> BaseMessage:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    if message.role == "assistant":
        text, extra = message.text, {}
        if message.reasoning and style.inline_thinking:
            text = f"<think>{message.reasoning}</think>\n<answer>{text}</answer>"
        elif message.reasoning and style.replays_reasoning:
            extra = {REASONING: message.reasoning}
        return AIMessage(text, additional_kwargs=extra)
    parts = [_replaced(part, style.transcripts or {}) for part in message.parts]
    if all(isinstance(part, TextPart) for part in parts):
        content: Any = "\n".join(part.text for part in parts if isinstance(part, TextPart))
    else:
        content = [_part(part) for part in parts if not (isinstance(part, TextPart) and not part.text)]
    return SystemMessage(content) if message.role == "system" else HumanMessage(content)


def _replaced(part: Part, transcripts: Mapping[AudioPart, str]) -> Part:
    if isinstance(part, AudioPart) and part in transcripts:
        return TextPart(transcripts[part])
    return part


def _part(part: Part) -> dict[str, Any]:
    match part:
        case TextPart(text):
            return {"type": "text", "text": text}
        case ImagePart():
            url = f"data:{part.media_type};base64,{_base64(part.data)}"
            return {"type": "image_url", "image_url": {"url": url}}
        case AudioPart():
            return {"type": "input_audio", "input_audio": {"data": _base64(part.data), "format": "wav"}}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def shortened(body: object) -> str:
    """`body` as JSON to read: encoded media are cut to their beginning and length."""

    def cut(value: object) -> object:
        if isinstance(value, str) and len(value) > _SHOWN_MAX and _ENCODED.fullmatch(value[:_SHOWN_MAX]):
            return f"{value[:40]}… ({len(value):,} characters)"
        if isinstance(value, Mapping):
            return {key: cut(one) for key, one in value.items()}
        return [cut(one) for one in value] if isinstance(value, list | tuple) else value

    return json.dumps(cut(body), ensure_ascii=False, indent=2)
