"""A scripted stand-in for tests and demos of the page: the whole contract, and no model.

It says what it received, so that a test can see that a picture, a recording or an option arrived.
Words in the message steer it; `SCRIPT` lists them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, fields
from typing import Any

from engine.protocol import (
    AnswerAdded,
    AudioHeard,
    Capabilities,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    ImagePart,
    ImageSeen,
    InvalidRequest,
    LoadFailed,
    Message,
    Perceived,
    Queued,
    Readiness,
    ReasoningAdded,
    Request,
    Resplit,
    Score,
    Timings,
    TokenScored,
    Usage,
)

#: Words at the start of a message, and what they make the script do.
SCRIPT = {
    "/fail KIND": "fail with that kind after a few words, for example /fail unreachable",
    "/cut": "end the stream without a last event",
    "/raise": "raise an exception in the middle of the stream",
    "/long N": "answer with N words",
    "/say TEXT": "answer with TEXT, whatever it holds",
    "/code": "answer with a listing",
    "/resplit": "find out in the end that the answer so far was thinking",
}

CODE = """```python
def tap(x: int, y: int) -> str:
    if x < 0:
        raise ValueError(x)
    return f"tap {x},{y}"
```"""

_SIDE = 224


@dataclass(frozen=True, slots=True)
class Script:
    """How the stand-in behaves.

    `delay`: seconds between two pieces of text. `load`: seconds until it is ready. `load_failure`:
    it never becomes ready. `failures`: this many requests fail first.
    """

    delay: float = 0.02
    load: float = 0.0
    load_failure: bool = False
    failures: int = 0

    @classmethod
    def parse(cls, spec: str) -> Script:
        """Read ``scripted:delay=0.1,load=2,load_failure=1,failures=1``. Raises `InvalidRequest`."""
        _, _, arguments = spec.partition(":")
        known = {field.name: type(field.default) for field in fields(cls)}
        values: dict[str, Any] = {}
        for argument in filter(None, arguments.split(",")):
            name, _, value = argument.partition("=")
            if name not in known:
                raise InvalidRequest("--model", spec, f"scripted:NAME=VALUE with {', '.join(known)}")
            try:
                number = float(value)
            except ValueError:
                raise InvalidRequest(name, value, "a number") from None
            values[name] = known[name](number)
        return cls(**values)


class ScriptedBackend:
    """Implements `engine.protocol.Backend` by a script; the same request gives the same events."""

    def __init__(self, script: Script | None = None) -> None:
        self._script = script or Script()
        self._made = time.monotonic()
        self._failures_left = self._script.failures
        #: Streams that were opened and not closed yet.
        self.open_streams = 0

    @property
    def name(self) -> str:
        return "scripted"

    def readiness(self) -> Readiness:
        passed = time.monotonic() - self._made
        if passed < self._script.load:
            return Readiness("loading", "reading the script", passed / self._script.load)
        if self._script.load_failure:
            failure = LoadFailed("the script says that it cannot be loaded", "Choose another model.")
            return Readiness("failed", failure.message, failure=failure.as_event())
        return Readiness("ready")

    def capabilities(self) -> Capabilities:
        return Capabilities(image=True, audio=True, thinking=True, logprobs=True)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        began = time.monotonic()
        self.open_streams += 1
        try:
            async for event in self._events(request, began):
                yield event
        finally:
            self.open_streams -= 1

    async def aclose(self) -> None:
        """Nothing to free."""

    async def _events(self, request: Request, began: float) -> AsyncGenerator[Event, None]:
        while (readiness := self.readiness()).state == "loading":
            yield Queued(reason="loading")
            await asyncio.sleep(0.05)
        if readiness.failure is not None:
            yield readiness.failure
            return
        message = request.messages[-1]
        yield _perceived(message)
        command, _, argument = message.text.partition(" ")
        if self._failures_left > 0:
            self._failures_left -= 1
            command, argument = "/fail", "server_error"

        first_token: float | None = None
        thinking: float | None = None
        reasoning_tokens = answer_tokens = 0
        reason: FinishReason = "stop"
        if request.options.thinking and request.options.max_new_tokens:
            for piece in _words(_thoughts(request)):
                await asyncio.sleep(self._script.delay)
                first_token = first_token or time.monotonic() - began
                reasoning_tokens += 1
                if request.options.logprobs is not None:
                    yield _scored(piece, request.options.logprobs, thinking=True)
                yield ReasoningAdded(piece)
            thinking = time.monotonic() - began
        for piece in _words(_answer(request)):
            if answer_tokens == request.options.max_new_tokens:
                reason = "length"
                break
            await asyncio.sleep(self._script.delay)
            first_token = first_token or time.monotonic() - began
            answer_tokens += 1
            if request.options.logprobs is not None:
                yield _scored(piece, request.options.logprobs, thinking=False)
            yield AnswerAdded(piece)
            if command in {"/fail", "/cut", "/raise"} and answer_tokens == 3:
                if command == "/fail":
                    yield _failure(argument)
                elif command == "/raise":
                    raise RuntimeError("the script was asked to raise")
                return
        if command == "/resplit":
            yield Resplit(_thoughts(request) + _answer(request), "Now I answer.")
        total = time.monotonic() - began
        tokens = reasoning_tokens + answer_tokens
        yield Finished(
            reason,
            Usage(
                prompt_tokens=len(message.text.split()),
                reasoning_tokens=reasoning_tokens,
                answer_tokens=answer_tokens,
            ),
            Timings(
                queued=0.0,
                first_token=first_token,
                thinking=thinking,
                total=total,
                tokens_per_second=tokens / total if total else None,
            ),
        )


def _thoughts(request: Request) -> str:
    message = request.messages[-1]
    received = [f"a picture of {image.width}×{image.height}" for image in message.images]
    received += [f"{audio.seconds:.1f} seconds of sound" for audio in message.audios]
    if message.text:
        received.append("some text")
    return (
        f"I am a script, so I only list what came in: {', '.join(received) or 'nothing'}. "
        f"It is message number {len(request.messages)} of this conversation."
    )


def _answer(request: Request) -> str:
    message = request.messages[-1]
    command, _, argument = message.text.partition(" ")
    if command == "/say":
        return argument
    if command == "/code":
        return CODE
    if command == "/long":
        return " ".join(f"word {number}," for number in range(int(argument or 200))) + " end."
    lines = ["This is a scripted stand-in, not a model."]
    lines += [f"Picture received: {image.width}×{image.height}." for image in message.images]
    lines += [
        f"Recording received: {audio.seconds:.1f} s at {audio.sample_rate} Hz." for audio in message.audios
    ]
    if message.text:
        lines.append(f"Text received: {message.text}")
    return " ".join(lines)


def _scored(piece: str, likeliest: int, thinking: bool) -> TokenScored:
    """A word is a token, and the longer the less likely; the next likeliest are the same with a number."""
    score = -0.25 * len(piece)
    others = [Score(f"{piece}{rank or ''}".encode(), score - rank) for rank in range(likeliest)]
    return TokenScored(Score(piece.encode(), score), tuple(others), thinking)


def _failure(kind: str) -> Failed:
    try:
        known = FailureKind(kind.strip())
    except ValueError:
        known = FailureKind.SERVER_ERROR
    status = {FailureKind.SERVER_ERROR: 500, FailureKind.UNAUTHORIZED: 401}.get(known)
    return Failed(known, f"the script was asked to fail with {known.value}", "Send it again.", status)


def _words(text: str) -> Iterator[str]:
    """`text` in pieces that join to it again, cut before each space."""
    start = 0
    for index in range(1, len(text)):
        if text[index] == " " and text[index - 1] != " ":
            yield text[start:index]
            start = index
    if start < len(text):
        yield text[start:]


def _perceived(message: Message) -> Perceived:
    return Perceived(
        images=tuple(_seen(image) for image in message.images),
        audios=tuple(
            AudioHeard(
                audio.seconds,
                16_000,
                mel_frames=round(audio.seconds * 100),
                tokens=round(audio.seconds * 12.5),
            )
            for audio in message.audios
        ),
        prompt_tokens=len(message.text.split()),
        prompt=message.text,
    )


def _seen(image: ImagePart) -> ImageSeen:
    """The picture fitted into a square, as a model with a 224-pixel encoder takes it."""
    scale = _SIDE / max(image.width, image.height)
    width, height = image.width * scale, image.height * scale
    left, top = (_SIDE - width) / 2, (_SIDE - height) / 2
    box = (left, top, left + width, top + height)
    return ImageSeen(image.width, image.height, _SIDE, _SIDE, box, tokens=49)
