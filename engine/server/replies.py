"""What the service answers, for its own description; `wire.py` writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ErrorDetail(_Reply):
    message: str
    """What failed, why, and what to do next; no path and no traceback of the server."""
    type: Literal["invalid_request_error", "rate_limit_error", "server_error"]
    param: str | None
    """The field that is wrong, dotted: `messages.0.content.1.image_url.url`."""
    code: str | None


class ErrorReply(_Reply):
    """Every refusal and failure, whatever its status; in a stream, the event before `[DONE]`."""

    error: ErrorDetail


class Health(_Reply):
    status: Literal["ok", "loading", "failed"]
    model: str
    reason: str | None = None
    """Why not ok; absent when it is."""
    remedy: str | None = None
    """What to do where it has failed; the server does not try again by itself."""


class Modalities(_Reply):
    input_modalities: list[Literal["text", "image", "audio"]]
    output_modalities: list[Literal["text"]]


class Model(_Reply):
    id: str
    object: Literal["model"]
    created: int
    """Seconds since 1970."""
    owned_by: str
    architecture: Modalities


class ModelList(_Reply):
    object: Literal["list"]
    data: list[Model]


class PromptDetails(_Reply):
    text_tokens: int
    image_tokens: int
    audio_tokens: int
    cached_tokens: int


class CompletionDetails(_Reply):
    reasoning_tokens: int


class TokenUsage(_Reply):
    prompt_tokens: int
    """Everything that went in: text, pictures and sound."""
    completion_tokens: int
    """Everything that came out: thinking and answer."""
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


class TokenScore(_Reply):
    token: str
    """As text; U+FFFD where it is a part of a character."""
    logprob: float
    """Natural logarithm, -9999 where there is next to none."""
    bytes: list[int]
    """What it is in UTF-8, exactly."""


class TokenLogprob(TokenScore):
    top_logprobs: list[TokenScore]
    """The likeliest tokens here, best first; as many as `top_logprobs` asks for."""


class Logprobs(_Reply):
    """One entry for each token that `usage` counts, also for those that only end or mark the text."""

    content: list[TokenLogprob]
    refusal: None
    reasoning_content: list[TokenLogprob] | None = None
    """The thinking's; absent where there is none here, or it is left out or inline."""


class AnswerMessage(_Reply):
    role: Literal["assistant"]
    content: str
    refusal: None
    reasoning_content: str | None = None
    """The thinking; absent where there is none or it was not asked for."""
    reasoning: str | None = None
    """The same under the name that other clients read."""


class Choice(_Reply):
    index: int
    message: AnswerMessage
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length", "content_filter"]


class Completion(_Reply):
    """The whole answer, where `stream` is not set."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: TokenUsage | None


class Delta(_Reply):
    """What to append. The first has the role, the last is empty."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class ChunkChoice(_Reply):
    index: int
    delta: Delta
    logprobs: Logprobs | None
    """Of the tokens since the last chunk of this choice that had some."""
    finish_reason: Literal["stop", "length", "content_filter"] | None


class Chunk(_Reply):
    """What one event of a stream says."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: TokenUsage | None = None
    """Only in the last chunk, which has no choices, and only with `stream_options.include_usage`."""


class StreamEvent(_Reply):
    """One server-sent event. The stream ends with the data `[DONE]`, also after an error."""

    event: Literal["message"] = "message"
    data: str


class DurationUsage(_Reply):
    type: Literal["duration"]
    seconds: float


class Transcription(_Reply):
    """With `response_format` json; `text` gives the words alone."""

    text: str
    """Empty where the model says that nobody spoke."""
    usage: DurationUsage
    task: Literal["transcribe"] | None = None
    """This and the following only with verbose_json."""
    language: str | None = None
    """chinese or english; empty where it is not told."""
    duration: float | None = None
    """Seconds."""


def failures(**said: str) -> dict[int | str, dict[str, Any]]:
    """The statuses of a route, `s400="…"`, as FastAPI's `responses` takes them."""
    return {
        int(name[1:]): {"model": ErrorReply, "description": description} for name, description in said.items()
    }


def describe(routes: Sequence[Any], choices_max: int, secured: bool = False) -> dict[str, Any]:
    """The OpenAPI description of `routes`: FastAPI's own, without the 422 that this service never gives.

    `choices_max` is the most choices of one call; `secured` says that a key is asked for.
    """
    described = get_openapi(title="AutoGLM", version="1", routes=routes)
    schemas = described["components"]["schemas"]
    for operation in (operation for path in described["paths"].values() for operation in path.values()):
        body = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
        if body.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
            del operation["responses"]["422"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in (Chunk, StreamEvent):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    said = [{"$ref": f"#/components/schemas/{name}"} for name in ("Chunk", "ErrorReply")]
    told = {"contentMediaType": "application/json", "contentSchema": {"anyOf": said}}
    end = {"type": "string", "const": "[DONE]"}
    schemas["StreamEvent"]["properties"]["data"] = {"anyOf": [end, {"type": "string"} | told]}
    count, _ = schemas["ChatCompletionRequest"]["properties"]["n"]["anyOf"]
    count["maximum"] = choices_max
    if secured:
        described["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        described["security"] = [{"key": []}]
        described["paths"]["/health"]["get"]["security"] = []
    described["components"]["schemas"] = dict(sorted(schemas.items()))
    return described
