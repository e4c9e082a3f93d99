"""The vocabulary that the engine, the page and the service share.

A `Request` goes in, `Event`s come out, in this order::

    Queued* -> Perceived -> (ReasoningAdded | AnswerAdded | Resplit | TokenScored)* -> Finished | Failed

A stream that ends with neither `Finished` nor `Failed` has failed. This module imports only the
standard library, and nothing in it does work.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

# --------------------------------------------------------------------------------------- parts


def well_formed(text: str) -> str:
    """`text` with each half of an emoji, as a client may cut it off, as U+FFFD.

    No tokenizer, database or connection takes such a half.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True, slots=True)
class TextPart:
    """A run of text, as typed."""

    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A validated still picture, upright (EXIF orientation applied), encoded.

    `data` is a PNG or JPEG file; `width` and `height` are in pixels of that file.
    """

    data: bytes = field(repr=False)
    media_type: Literal["image/png", "image/jpeg"]
    width: int
    height: int
    name: str = "image"


@dataclass(frozen=True, slots=True)
class AudioPart:
    """A validated recording: `data` is a 16-bit PCM WAV file, mono, at `sample_rate` hertz."""

    data: bytes = field(repr=False)
    sample_rate: int
    seconds: float
    media_type: Literal["audio/wav"] = "audio/wav"
    name: str = "audio"


Part = TextPart | ImagePart | AudioPart
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `reasoning` is the thinking of an assistant turn, kept apart from its answer."""

    role: Role
    parts: tuple[Part, ...]
    reasoning: str = ""

    @property
    def text(self) -> str:
        """The text parts, joined by newlines."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def images(self) -> tuple[ImagePart, ...]:
        return tuple(part for part in self.parts if isinstance(part, ImagePart))

    @property
    def audios(self) -> tuple[AudioPart, ...]:
        return tuple(part for part in self.parts if isinstance(part, AudioPart))


# ------------------------------------------------------------------------------------- request


@dataclass(frozen=True, slots=True)
class Options:
    """How to generate.

    `max_new_tokens` 0 reads the prompt and writes nothing. `temperature` 0 is greedy, as is `top_p` 0.
    `top_k` 0 keeps all tokens; `min_p` leaves out those less likely than so large a share of the likeliest.
    `frequency_penalty` is taken off a token's logit for each time it was written, `presence_penalty` once if
    it was; `repetition_penalty` divides (a negative logit: multiplies) that of each token of prompt and
    answer, 1 changes nothing. `logit_bias` is added to the logits of these token ids.
    `seed` None draws a new one for each request. `stop` strings end the answer and are not part of it.
    `logprobs` asks for a `TokenScored` with each token, beside it so many of the likeliest; None asks for
    none. Raises `InvalidRequest` for a value outside its range.
    """

    max_new_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    seed: int | None = None
    stop: tuple[str, ...] = ()
    thinking: bool = True
    logprobs: int | None = None

    def __post_init__(self) -> None:
        for name, (least, most) in OPTION_RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:  # NaN is in no range
                raise InvalidRequest(name, value, f"{least:,} to {most:,}")
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise InvalidRequest("seed", self.seed, "0 to 2^63 - 1, or none")
        if any(not text for text in self.stop):
            raise InvalidRequest("stop", self.stop, "strings that are not empty")
        if self.logprobs is not None and not 0 <= self.logprobs <= 20:
            raise InvalidRequest("logprobs", self.logprobs, "0 to 20, or none")
        if any(token < 0 or not -100 <= bias <= 100 for token, bias in self.logit_bias):
            raise InvalidRequest("logit_bias", self.logit_bias, "token ids, each with -100 to 100")


#: Least and most of each option that is a number.
OPTION_RANGES: Mapping[str, tuple[float, float]] = {
    "max_new_tokens": (0, 1_000_000),
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (0, 1_000_000),
    "min_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0.1, 10),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A conversation whose last message is the user's, and how to answer it."""

    messages: tuple[Message, ...]
    options: Options = Options()

    def __post_init__(self) -> None:
        if not self.messages or self.messages[-1].role != "user":
            raise InvalidRequest("messages", len(self.messages), "a list that ends with a user message")


# -------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """One picture as the model received it.

    `original_*` and `width`/`height` are in pixels before and after processing. `content_box` is
    (left, top, right, bottom) of the original picture inside the processed one, in its pixels:
    original x = (x - left) / (right - left) * original_width. `tokens` is None where a remote
    server does not tell.
    """

    original_width: int
    original_height: int
    width: int
    height: int
    content_box: tuple[float, float, float, float]
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class AudioHeard:
    """One recording as the model received it; None where a remote server does not tell.

    `transcript` is set when a speech recogniser turned the sound into text for a model without an
    ear.
    """

    seconds: float
    sample_rate: int
    mel_frames: int | None = None
    tokens: int | None = None
    transcript: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, by what they carried. `prompt_tokens` counts text only; None where not told."""

    prompt_tokens: int | None = None
    image_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    answer_tokens: int | None = None

    @property
    def completion_tokens(self) -> int | None:
        """Reasoning and answer together."""
        if self.reasoning_tokens is None and self.answer_tokens is None:
            return None
        return (self.reasoning_tokens or 0) + (self.answer_tokens or 0)


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of wall time since the request was made; None where it does not apply."""

    queued: float | None = None
    prefill: float | None = None
    first_token: float | None = None
    thinking: float | None = None
    total: float | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits: `position` others are before it, or the model is still loading."""

    position: int = 0
    reason: Literal["busy", "loading"] = "busy"


@dataclass(frozen=True, slots=True)
class Perceived:
    """Exactly what the model received, known when the prompt is ready and before any output.

    `prompt` is the whole prompt text with its control tokens, None for a remote server.
    `dropped_messages` counts the oldest turns that did not fit the context.
    """

    images: tuple[ImageSeen, ...] = ()
    audios: tuple[AudioHeard, ...] = ()
    prompt_tokens: int | None = None
    prompt: str | None = None
    dropped_messages: int = 0


@dataclass(frozen=True, slots=True)
class ReasoningAdded:
    """A piece of the thinking, to append."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerAdded:
    """A piece of the answer, to append."""

    text: str


@dataclass(frozen=True, slots=True)
class Resplit:
    """What had been added is split anew: `reasoning` and `answer` replace both texts.

    Rare. Text streams in before its end is known, and some servers tell only later what it was: a
    `</think>` that nothing opened makes the answer so far the thinking.
    """

    reasoning: str
    answer: str


@dataclass(frozen=True, slots=True)
class Score:
    """A token and its natural log-probability, by the model's own distribution before temperature and top_p.

    `token` is its bytes: UTF-8, or a part of a character where the character has several tokens.
    """

    token: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenScored:
    """A token was chosen; told before the text that it brings, and only where `Options.logprobs` asks.

    Each token that `Usage` counts is told once, and `thinking` says on which side it is counted.
    `likeliest` are the tokens with the highest scores, best first, whether one was chosen or not.
    """

    chosen: Score
    likeliest: tuple[Score, ...] = ()
    thinking: bool = False


FinishReason = Literal["stop", "length", "cancelled", "filtered"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The stream is complete. `cancelled` means that the user stopped it."""

    reason: FinishReason
    usage: Usage = Usage()
    timings: Timings = Timings()


class FailureKind(StrEnum):
    """Why a request failed; the page words each kind in its own language."""

    INVALID_REQUEST = "invalid_request"
    TOO_LONG = "too_long"
    BAD_MEDIA = "bad_media"
    UNSUPPORTED = "unsupported"
    LOAD_FAILED = "load_failed"
    OUT_OF_MEMORY = "out_of_memory"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"
    SERVER_ERROR = "server_error"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed: what happened, and what the person can do next.

    `status` is the HTTP status of a remote server, where one answered.
    """

    kind: FailureKind
    message: str
    remedy: str
    status: int | None = None


Event = Queued | Perceived | ReasoningAdded | AnswerAdded | Resplit | TokenScored | Finished | Failed


# -------------------------------------------------------------------------------------- errors


class AssistantError(Exception):
    """A named failure, raised at a boundary; `as_event` is what the stream ends with."""

    kind = FailureKind.INTERNAL

    def __init__(self, message: str, remedy: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.status = status

    def as_event(self) -> Failed:
        return Failed(self.kind, self.message, self.remedy, self.status)


class InvalidRequest(AssistantError):
    """An option or a message is outside what any model accepts."""

    kind = FailureKind.INVALID_REQUEST

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name} is {value!r}", f"{name} must be {allowed}.")
        self.name = name


class TextTooLong(AssistantError):
    """The newest message alone is longer than the model's context."""

    kind = FailureKind.TOO_LONG

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(
            f"the text is {tokens} tokens long and this model reads at most {limit}",
            "Shorten the message, or choose a larger model.",
        )
        self.tokens = tokens
        self.limit = limit


class MediaRefused(AssistantError):
    """A picture or a recording that cannot be read, or is over a limit."""

    kind = FailureKind.BAD_MEDIA


class MediaTooLarge(MediaRefused):
    """It may be sound, but it has more bytes, pixels or seconds than are taken."""


class Unsupported(AssistantError):
    """The model or the endpoint cannot take what was sent."""

    kind = FailureKind.UNSUPPORTED


class LoadFailed(AssistantError):
    """The model could not be loaded."""

    kind = FailureKind.LOAD_FAILED


class OutOfMemory(AssistantError):
    """The device has too little memory for this request."""

    kind = FailureKind.OUT_OF_MEMORY


class Busy(AssistantError):
    """The queue is full."""

    kind = FailureKind.BUSY


# ------------------------------------------------------------------------------------- insight


@dataclass(frozen=True, slots=True)
class Gate:
    """How far one fusion layer opened while the prompt was read, 0 to 1.

    The mean over tokens and channels of the gate g, shared out by where the layer looked: `image` and
    `audio` add up to that mean. None for a kind of medium that was not there.
    """

    layer: int
    image: float | None
    audio: float | None


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Bytes in use on a device by this program; `total_bytes` None where it is not known."""

    device: str
    used_bytes: int
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """What a backend can show of a request beyond its events, made anew when it is asked for.

    `pictures` and `mels` are PNG files of exactly what the model receives, in the order of
    `perceived.images` and `perceived.audios`; empty where that cannot be shown. `sent` is what went over
    the network, for a remote server: keys masked, media shortened.
    """

    perceived: Perceived | None = None
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    mels: tuple[bytes, ...] = field(default=(), repr=False)
    gates: tuple[Gate, ...] = ()
    memory: tuple[DeviceMemory, ...] = ()
    sent: str = field(default="", repr=False)


# ------------------------------------------------------------------------------------- backend


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model takes in and gives out; `logprobs`: it tells of each token, where `Options` asks."""

    image: bool
    audio: bool
    thinking: bool
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Readiness:
    """Where a backend stands. `progress` is 0 to 1 while loading, None where it is not known."""

    state: Literal["loading", "ready", "failed"]
    detail: str = ""
    progress: float | None = None
    failure: Failed | None = None


class Backend(Protocol):
    """The whole contract between the page and whatever answers: this process or a server."""

    @property
    def name(self) -> str:
        """What the page calls it, for example ``nano`` or ``autoglm-phone-9b @ localhost:8000``."""
        ...

    def readiness(self) -> Readiness:
        """The state now; never blocks."""
        ...

    def capabilities(self) -> Capabilities:
        """What it takes in; before it is loaded, what is expected of it. Never blocks."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Answer `request`. Closing the generator stops the work at once, wherever it is.

        A backend that is still loading yields `Queued(reason="loading")` and waits. Failures come
        as a last `Failed` event, not as exceptions.
        """
        ...

    async def aclose(self) -> None:
        """Free the model or the connections. The backend is not used again."""
        ...


@runtime_checkable
class Inspectable(Protocol):
    """A `Backend` that can show what a request becomes."""

    async def inspect(self, request: Request) -> Insight:
        """What the model receives for `request`. Raises `AssistantError`."""
        ...
