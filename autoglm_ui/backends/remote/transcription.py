"""Speech as text, from a server's own transcription route."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from autoglm_ui.backends.dialects import ModelList
from autoglm_ui.backends.remote.refusals import refusal_of
from autoglm_ui.backends.remote.server import Server
from engine.protocol import AudioPart, MediaRefused, Request, Unsupported

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_RECOGNISERS = re.compile(r"whisper|transcri|\basr\b|-asr|sensevoice|paraformer", re.IGNORECASE)
_KEPT = "The recording is kept. Type the message instead, or choose a model that hears."
_KEPT_MAX = 64
_NOT_ABOUT_THE_ROUTE = frozenset({401, 402, 403, 429})


class Transcripts:
    """What recordings say, each written down once. `model` None takes the server's recogniser."""

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._texts: dict[AudioPart, str] = {}

    def known(self, request: Request) -> dict[AudioPart, str]:
        """Of the recordings of `request` those that were written down."""
        return {audio: self._texts[audio] for audio in _audios(request) if audio in self._texts}

    async def of(
        self, request: Request, server: Server, client: AsyncOpenAI, where: str
    ) -> dict[AudioPart, str]:
        """Of all recordings of `request`. Raises as `transcribe` does."""
        model = self._model or recogniser(server.models, server.model)
        for audio in _audios(request):
            if audio not in self._texts:
                self._texts[audio] = await transcribe(client, audio, model, where)
        texts = self.known(request)
        while len(self._texts) > _KEPT_MAX:
            self._texts.pop(next(iter(self._texts)))
        return texts


def _audios(request: Request) -> list[AudioPart]:
    return [audio for message in request.messages for audio in message.audios]


def recogniser(models: ModelList, chat_model: str) -> str:
    """The listed model that writes speech down; the chat model where none is named so."""
    return next((name for name in models.ids if _RECOGNISERS.search(name)), chat_model)


async def transcribe(client: AsyncOpenAI, part: AudioPart, model: str, where: str) -> str:
    """What is said in `part`, by `POST /audio/transcriptions`.

    Raises `Unsupported` where that route cannot do it, `MediaRefused` when it understood nothing, and
    what the SDK raises when nobody answers or the key is refused.
    """
    import openai

    try:
        reply = await client.audio.transcriptions.create(
            model=model, file=("recording.wav", part.data, part.media_type)
        )
    except openai.APIStatusError as error:
        refusal = refusal_of(error)
        if refusal is None or refusal.status in _NOT_ABOUT_THE_ROUTE:
            raise
        words = f": {refusal.words}" if refusal.words else ""
        raise Unsupported(
            f"{where} takes no sound, and its transcription route answered HTTP {refusal.status}{words}",
            _KEPT,
            refusal.status,
        ) from error
    text = getattr(reply, "text", None) or ""
    if not text.strip():
        raise MediaRefused(
            f"{where} takes no sound, and its transcription route understood nothing", f"Speak again. {_KEPT}"
        )
    return text.strip()
