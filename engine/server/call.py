"""OpenAI's chat completions -> the engine's vocabulary. Pure: no clock, no network, no backend."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from engine.media import read_audio, read_image
from engine.protocol import (
    AssistantError,
    ImagePart,
    Message,
    Part,
    Request,
    Role,
    TextPart,
)
from engine.server.conversation import (
    AudioUrlContent,
    ChatMessage,
    ContentPart,
    ImageContent,
    InputAudioContent,
    RefusalContent,
    TextContent,
)
from engine.server.errors import ApiError
from engine.server.options import CHOICES_MAX, read_options, refuse_unsupported
from engine.server.schema import ChatCompletionRequest
from engine.server.switches import Display

MEDIA_MAX = 16  # pictures and recordings in one request: each may take a second to decode
# What instructs is the system's; what a tool gave back is told to the model as by the user.
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
    "function": "user",
}
_DATA_URL = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """One POST: what to ask the backend, how often, and how to tell its answers."""

    request: Request
    choices: int = 1
    stream: bool = False
    include_usage: bool = False
    display: Display = "separate"

    @property
    def requests(self) -> tuple[Request, ...]:
        """One for each choice, all about the very same messages; a seed counts up from one to the next."""
        options = self.request.options
        seeds = [None if options.seed is None else (options.seed + k) % 2**63 for k in range(self.choices)]
        return tuple(replace(self.request, options=replace(options, seed=seed)) for seed in seeds)


def read_call(
    body: ChatCompletionRequest,
    fetched: Mapping[str, bytes] | None = None,
    choices_max: int = CHOICES_MAX,
) -> Call:
    """`body` as the engine takes it, its pictures and recordings validated. Raises `ApiError`.

    `fetched` holds what the addresses of `remote_media` lead to.
    """
    refuse_unsupported(body, choices_max)
    options = body.stream_options
    return Call(
        Request(_messages(body, MediaReader(fetched or {})), read_options(body)),
        choices=body.n or 1,
        stream=bool(body.stream),
        include_usage=bool(options and options.include_usage),
        display=body.display,
    )


def remote_media(body: ChatCompletionRequest) -> list[tuple[str, str]]:
    """What `body` only names: each address, and the field that it stands in."""
    return [(url, param) for url, param in _media_urls(body) if url[:5].lower() != "data:"]


def _media_urls(body: ChatCompletionRequest) -> Iterator[tuple[str, str]]:
    for index, message in enumerate(body.messages):
        for place, part in enumerate(message.content if isinstance(message.content, list) else ()):
            param = f"messages.{index}.content.{place}"
            if isinstance(part, ImageContent):
                yield part.url, f"{param}.image_url.url"
            elif isinstance(part, AudioUrlContent):
                yield part.url, f"{param}.audio_url.url"
    for index, image in enumerate(_images(body)):
        if "://" in image[:16]:
            yield image, f"image.{index}"


def _images(body: ChatCompletionRequest) -> list[str]:
    return [body.image] if isinstance(body.image, str) else body.image or []


def _messages(body: ChatCompletionRequest, media: MediaReader) -> tuple[Message, ...]:
    """The conversation. Where only instructions end it, the last one is what is asked."""
    messages = body.messages
    if messages[-1].role == "assistant":
        text = "The last message is the assistant's; a completion needs a user message to answer."
        raise ApiError(400, text, "unsupported_value", "messages")
    content = [part for one in messages if isinstance(one.content, list) for part in one.content]
    count = sum(not isinstance(part, TextContent | RefusalContent) for part in content)
    if count + len(_images(body)) > MEDIA_MAX:
        text = f"At most {MEDIA_MAX} pictures and recordings can be sent in one request."
        raise ApiError(400, text, "too_many_media", "messages")
    roles: list[Role] = [_ROLES[one.role] for one in messages]
    roles[-1] = "user"
    *before, last = (
        Message(role, _parts(one, f"messages.{index}.content", media), _thinking(one))
        for index, (one, role) in enumerate(zip(messages, roles, strict=True))
    )
    return (*before, replace(last, parts=(*last.parts, *_short_way(body, last, media))))


def _short_way(body: ChatCompletionRequest, last: Message, media: MediaReader) -> Iterator[Part]:
    """The pictures of `image`, and `query` unless the last message says the same already."""
    for index, image in enumerate(_images(body)):
        yield media.image(image, f"image.{index}")
    if body.query and body.query.strip() != last.text.strip():
        yield TextPart(body.query)


def _thinking(message: ChatMessage) -> str:
    thinking = message.reasoning_content or message.reasoning or ""
    return thinking if message.role == "assistant" else ""


def _parts(message: ChatMessage, param: str, media: MediaReader) -> tuple[Part, ...]:
    """Content, then the tools that an assistant of another server has called, as text."""
    content = message.content or ()
    if isinstance(content, str):
        said: tuple[Part, ...] = (TextPart(content),)
    else:
        said = tuple(_part(part, f"{param}.{index}", media) for index, part in enumerate(content))
    return (*said, *(TextPart(str(call)) for call in message.calls))


def _part(part: ContentPart, param: str, media: MediaReader) -> Part:
    try:
        match part:
            case TextContent():
                return TextPart(part.text)
            case RefusalContent():
                return TextPart(part.refusal)
            case ImageContent():
                return read_image(media.of_url(part.url, f"{param}.image_url.url"), "the picture")
            case AudioUrlContent():
                return read_audio(media.of_url(part.url, f"{param}.audio_url.url"), "the recording")
            case InputAudioContent():
                data = media.of_field(part.input_audio.data, f"{param}.input_audio.data")
                return read_audio(data, "the recording")
    except AssistantError as error:
        raise ApiError.named(error, param) from error
    assert_never(part)


@dataclass(frozen=True, slots=True)
class MediaReader:
    """The bytes behind base64, data URLs and the addresses in `fetched`. Raises `ApiError`."""

    fetched: Mapping[str, bytes]

    def image(self, text: str, param: str) -> ImagePart:
        """A picture given as any of the three."""
        try:
            return read_image(self.fetched[text] if text in self.fetched else self.of_field(text, param))
        except AssistantError as error:
            raise ApiError.named(error, param) from error

    def of_url(self, url: str, param: str) -> bytes:
        """What a data URL holds, or what was fetched. Nothing is fetched here."""
        if url in self.fetched:
            return self.fetched[url]
        prefix = _DATA_URL.match(url)
        if prefix is None:
            text = "This server does not fetch that. Send the file itself: data:<type>;base64,<data>."
            raise ApiError(400, text, "remote_media_refused", param)
        return _decoded(url[prefix.end() :], param)

    def of_field(self, text: str, param: str) -> bytes:
        """Base64, with or without the head of a data URL."""
        is_url = text[:5].lower() == "data:" or "://" in text[:16]
        return self.of_url(text, param) if is_url else _decoded(text, param)


def _decoded(text: str, param: str) -> bytes:
    packed = "".join(text.split())
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, "This is not base64.", "invalid_base64", param) from error
