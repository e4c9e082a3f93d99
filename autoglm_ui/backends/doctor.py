"""Examines an endpoint: is it there, what has it, does it stream, think, see, hear and stop.

Each step asks the endpoint as the page would and tells one `Finding`; nothing is taken from what a server
says about itself. The picture has one red disc whose place is known, the sound two known words.
"""

from __future__ import annotations

import asyncio
import io
import math
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw

from autoglm_ui.actions import Action, find, place
from autoglm_ui.backends.remote import RemoteBackend
from engine.media import read_audio, read_image
from engine.protocol import (
    AnswerAdded,
    AssistantError,
    Event,
    Failed,
    ImagePart,
    Message,
    Options,
    Part,
    Perceived,
    ReasoningAdded,
    Request,
    Resplit,
    TextPart,
)

Step = Literal["reachable", "streams", "thinks", "sees", "hears", "stops"]
Verdict = Literal["good", "fair", "bad"]

STEPS: tuple[Step, ...] = ("reachable", "streams", "thinks", "sees", "hears", "stops")

#: Where the endpoints of common servers are.
PRESETS: tuple[tuple[str, str], ...] = (
    ("vLLM", "http://localhost:8000/v1"),
    ("SGLang", "http://localhost:30000/v1"),
    ("llama.cpp", "http://localhost:8080/v1"),
    ("Ollama", "http://localhost:11434/v1"),
    ("LM Studio", "http://localhost:1234/v1"),
    ("z.ai", "https://api.z.ai/api/paas/v4"),
    ("OpenAI", "https://api.openai.com/v1"),
    ("OpenRouter", "https://openrouter.ai/api/v1"),
)

#: Seconds that one step may take; a model that was not loaded yet takes long for its first answer.
PATIENCE = 120.0

SIDE, TARGET, RADIUS = 600, (420, 180), 40
#: Thousandths of the picture by which a tap may miss the disc's middle: the disc's own size and a little.
NEAR = 90.0
_SOUND = Path(__file__).resolve().parents[2] / "assets" / "examples" / "tap-settings.en.wav"
_SPOKEN = ("setting", "设置")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found. `fact` names the sentence that says it; `values` fill that in.

    `failure` is what the endpoint failed with, where it did.
    """

    step: Step
    verdict: Verdict
    fact: str
    values: tuple[tuple[str, str], ...] = ()
    failure: Failed | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The settings that work."""

    base_url: str
    model: str
    models: tuple[str, ...]
    dialect: str


async def examine(
    base_url: str, api_key: str | None, model: str | None, patience: float = PATIENCE
) -> AsyncGenerator[Finding | Found, None]:
    """Each finding as it comes, `Found` after the first that went well; ends where all else is in vain."""
    backend = RemoteBackend(base_url, api_key, model)
    try:
        try:
            models = await asyncio.wait_for(backend.list_models(), patience)
        except AssistantError as error:
            yield Finding("reachable", "bad", "unreachable", failure=error.as_event())
            return
        except TimeoutError:
            yield Finding("reachable", "bad", "slow", (("seconds", f"{patience:.0f}"),))
            return
        if not models and not model:
            yield Finding("reachable", "bad", "no_models")
            return
        if model and models and model not in models:
            listed = ", ".join(models[:8])
            yield Finding("reachable", "bad", "unknown_model", (("model", model), ("listed", listed)))
            return
        streams = await _within(patience, "streams", _streams(backend))
        settings = backend.found
        if settings is not None:
            yield Finding(
                "reachable",
                "good",
                "reachable" if models else "reachable_unlisted",
                (("count", str(len(models))), ("model", settings.model), ("dialect", settings.dialect.name)),
            )
            yield Found(settings.address.shown, settings.model, tuple(models), settings.dialect.name)
        yield streams
        if streams.verdict == "bad":
            return
        yield await _within(patience, "thinks", _thinks(backend))
        yield await _within(patience, "sees", _sees(backend))
        yield await _within(patience, "hears", _hears(backend))
        yield await _within(patience, "stops", _stops(backend))
    finally:
        await backend.aclose()


def probe_picture() -> ImagePart:
    """A white square with one red disc, its middle at `TARGET`."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    x, y = TARGET
    ImageDraw.Draw(image).ellipse((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), fill=(220, 20, 20))
    file = io.BytesIO()
    image.save(file, "PNG")
    return read_image(file.getvalue(), "probe.png")


# --------------------------------------------------------------------------------------- steps


@dataclass
class _Heard:
    """What came of one request."""

    pieces: int = 0
    first: float | None = None
    reasoning: str = ""
    answer: str = ""
    perceived: Perceived | None = None
    failure: Failed | None = None

    def add(self, event: Event, at: float) -> None:
        if isinstance(event, ReasoningAdded | AnswerAdded):
            self.pieces += 1
            self.first = at if self.first is None else self.first
        match event:
            case ReasoningAdded(text):
                self.reasoning += text
            case AnswerAdded(text):
                self.answer += text
            case Resplit(reasoning, answer):
                self.reasoning, self.answer = reasoning, answer
            case Perceived():
                self.perceived = event
            case Failed():
                self.failure = event


async def _within(patience: float, step: Step, finding: object) -> Finding:
    try:
        return await asyncio.wait_for(finding, patience)  # type: ignore[arg-type]
    except TimeoutError:
        return Finding(step, "bad", "slow", (("seconds", f"{patience:.0f}"),))


def _request(*parts: Part, thinking: bool = False, tokens: int = 256) -> Request:
    return Request((Message("user", parts),), Options(max_new_tokens=tokens, thinking=thinking))


async def _ask(backend: RemoteBackend, request: Request) -> _Heard:
    heard, began = _Heard(), time.monotonic()
    async with aclosing(backend.stream(request)) as events:
        async for event in events:
            heard.add(event, time.monotonic() - began)
    return heard


async def _streams(backend: RemoteBackend) -> Finding:
    heard = await _ask(backend, _request(TextPart("Count from 1 to 20."), tokens=128))
    if heard.failure is not None:
        return Finding("streams", "bad", "failed", failure=heard.failure)
    if not heard.pieces:
        return Finding("streams", "bad", "empty")
    first = (("seconds", f"{heard.first or 0:.1f}"), ("pieces", str(heard.pieces)))
    if heard.pieces == 1:
        return Finding("streams", "fair", "one_piece", first)
    return Finding("streams", "good", "streams", first)


async def _thinks(backend: RemoteBackend) -> Finding:
    heard = await _ask(backend, _request(TextPart("What is 17 times 23?"), thinking=True, tokens=512))
    if heard.failure is not None:
        return Finding("thinks", "bad", "failed", failure=heard.failure)
    if not heard.reasoning.strip():
        return Finding("thinks", "fair", "no_thinking")
    dialect = backend.found.dialect.name if backend.found else ""
    return Finding("thinks", "good", "thinks", (("dialect", dialect),))


async def _sees(backend: RemoteBackend) -> Finding:
    picture = probe_picture()
    question = (
        'Tap the red circle. Answer with nothing but do(action="Tap", element=[x, y]), '
        "where x and y are 0 to 999, from the top left corner of the picture."
    )
    heard = await _ask(backend, _request(picture, TextPart(question)))
    if heard.failure is not None:
        return Finding("sees", "bad", "no_pictures", failure=heard.failure)
    places = [one for one in find(heard.answer) if isinstance(one, Action) and one.shapes]
    at = place(places[0], SIDE, SIDE) if places else None
    if at is None:
        return Finding("sees", "fair", "no_place", (("answer", _short(heard.answer)),))
    x, y = at.points[0]
    miss = 1000 * math.hypot(x - TARGET[0] / SIDE, y - TARGET[1] / SIDE)
    return Finding(
        "sees",
        "good" if miss <= NEAR else "fair",
        "sees" if miss <= NEAR else "points_wrong",
        (("miss", f"{miss:.0f}"),),
    )


async def _hears(backend: RemoteBackend) -> Finding:
    sound = read_audio(_SOUND.read_bytes(), _SOUND.name)
    heard = await _ask(backend, _request(sound, TextPart("Write down what is said in this recording.")))
    if heard.failure is not None:
        return Finding("hears", "bad", "no_sound", failure=heard.failure)
    audios = heard.perceived.audios if heard.perceived else ()
    if audios and audios[0].transcript is not None:
        return Finding("hears", "fair", "transcribes", (("text", _short(audios[0].transcript)),))
    if any(word in heard.answer.lower() for word in _SPOKEN):
        return Finding("hears", "good", "hears")
    return Finding("hears", "fair", "not_understood", (("answer", _short(heard.answer)),))


async def _stops(backend: RemoteBackend) -> Finding:
    """Close a long answer after its first piece; what the server does then cannot be seen."""
    request = _request(TextPart("Count from 1 to 500, one number a line."), tokens=2048)
    async with aclosing(backend.stream(request)) as events:
        async for event in events:
            if isinstance(event, Failed):
                return Finding("stops", "bad", "failed", failure=event)
            if isinstance(event, ReasoningAdded | AnswerAdded):
                break
        began = time.monotonic()
    closed = time.monotonic() - began
    after = await _ask(backend, _request(TextPart("Say yes."), tokens=16))
    if after.failure is not None:
        return Finding("stops", "fair", "busy_after_stop", failure=after.failure)
    return Finding("stops", "good", "stops", (("seconds", f"{closed:.2f}"),))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:119] + "…"
