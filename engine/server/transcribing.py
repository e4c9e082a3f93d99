"""Speech as text, through a model's recogniser, or its ear.

A recogniser that listens for a model without an ear tells the words itself. A model that hears is no
dictation machine: asked with a recording alone, it says in its thinking which words it heard before it acts
on them. Those words, between their quotes, are the transcript; nothing else that it says is.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict

from engine.media import read_audio
from engine.protocol import (
    AnswerAdded,
    AssistantError,
    AudioHeard,
    AudioPart,
    Event,
    Failed,
    Finished,
    Message,
    Options,
    Perceived,
    ReasoningAdded,
    Request,
    Resplit,
)
from engine.server.errors import ApiError, interrupted

Language = Literal["chinese", "english"]

_TOKENS_MAX = 128  # the words are told first
_HEARD: tuple[tuple[re.Pattern[str], Language], ...] = (
    (re.compile(r"我听到[“\"「](.*?)[”\"」]", re.DOTALL), "chinese"),
    (re.compile(r"I hear [\"“](.*?)[\"”]", re.DOTALL), "english"),
)
_NOTHING: tuple[tuple[re.Pattern[str], Language], ...] = (
    (re.compile(r"我没有听到|我没有听清"), "chinese"),
    (re.compile(r"I hear no speech|I did not hear"), "english"),
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard. `text` is empty where the model says that nobody spoke; a recogniser does not tell
    the language.
    """

    text: str
    language: Language | None
    seconds: float

    def json(self, shape: str) -> dict[str, Any]:
        """As OpenAI tells it; without times of words or segments, which nobody measured."""
        if shape == "verbose_json":
            head = {"task": "transcribe", "language": self.language or "", "duration": self.seconds}
            return head | {"text": self.text, "usage": self._usage()}
        return {"text": self.text, "usage": self._usage()}

    def _usage(self) -> dict[str, Any]:
        return {"type": "duration", "seconds": self.seconds}


class TranscriptionForm(BaseModel):
    """What a client may send to POST /v1/audio/transcriptions, as multipart/form-data.

    Fields that are not named here are ignored. `language`, `prompt` and `temperature` are hints that the
    model does not take: it tells the language by itself, and greedily.
    """

    model_config = ConfigDict(extra="ignore")

    file: UploadFile
    model: str | None = None
    response_format: Literal["json", "text", "verbose_json", "srt", "vtt", "diarized_json"] | None = None
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    stream: bool | None = None

    def refuse_unsupported(self) -> None:
        """Raises `ApiError` for what would need times that nobody measured, and for a stream."""
        if self.response_format in ("srt", "vtt", "diarized_json"):
            text = "This server measures no times of words; response_format is json, text or verbose_json."
            raise ApiError(400, text, "unsupported_value", "response_format")
        if self.stream:
            text = "This server tells the words all at once; leave stream out."
            raise ApiError(400, text, "unsupported_value", "stream")


def read_recording(data: bytes) -> AudioPart:
    """The uploaded sound, validated. Raises `ApiError`."""
    try:
        return read_audio(data, "the recording")
    except AssistantError as error:
        raise ApiError.named(error, "file") from error


def listening(recording: AudioPart) -> Request:
    """The request that makes the model say what it hears."""
    return Request((Message("user", (recording,)),), Options(_TOKENS_MAX, thinking=True))


def heard(said: str) -> tuple[str, Language] | None:
    """The words that the model says it hears; None if it says nothing of what it hears."""
    for pattern, language in _HEARD:
        if match := pattern.search(said):
            return match[1].strip(), language
    for pattern, language in _NOTHING:
        if pattern.search(said):
            return "", language
    return None


async def transcribe(events: AsyncIterator[Event], recording: AudioPart) -> Transcript:
    """The words that are told in `events`. Raises `ApiError`."""
    reasoning = answer = ""
    async for event in events:
        match event:
            case Failed():
                raise ApiError.of(event, "file")
            case Perceived(audios=(AudioHeard(transcript=str(text)),)):
                return Transcript(text, None, round(recording.seconds, 3))
            case ReasoningAdded():
                reasoning += event.text
            case AnswerAdded():
                answer += event.text
            case Resplit():
                reasoning, answer = event.reasoning, event.answer
            case _:
                pass
        ended = isinstance(event, Finished)
        if ended and event.reason == "cancelled":
            raise interrupted("the server is stopping")
        if ended:
            if (told := heard(f"{reasoning}\n{answer}")) is not None:
                return Transcript(*told, round(recording.seconds, 3))
            text = "The model did not say which words it hears. Speak again, closer to the microphone."
            raise ApiError(422, text, "speech_not_understood", "file")
    raise interrupted("the answer ended before it was finished")
