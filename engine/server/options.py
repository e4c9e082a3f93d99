"""What a call asks for besides its messages: as `Options`, or refused where this server cannot do it."""

from __future__ import annotations

import re
from typing import Any

from engine.protocol import InvalidRequest, Options
from engine.server.errors import ApiError
from engine.server.schema import ChatCompletionRequest

CHOICES_MAX = 16  # answers to one call: as many as the engine writes at once
_TOKEN_ID = re.compile(r"0|[1-9][0-9]{0,8}")
_SAME_NAMES = (
    "temperature",
    "top_p",
    "min_p",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
)
_TOKENS_MAX = 1_000_000  # no context is longer; who asks for more wants all that fits
_UNFORMED = "This server writes free text; it cannot hold an answer to a grammar, a schema or a choice."
_UNENDED = "An answer ends where the model ends it, at one of stop, or at max_tokens."
# What other servers can be asked for and this one cannot do.
UNMET = {
    **dict.fromkeys(("structured_outputs", "json_schema", "grammar", "regex", "ebnf"), _UNFORMED),
    **dict.fromkeys(("guided_json", "guided_regex", "guided_choice", "guided_grammar"), _UNFORMED),
    **dict.fromkeys(("min_tokens", "ignore_eos", "stop_token_ids"), _UNENDED),
    **dict.fromkeys(("echo", "prompt_logprobs"), "This server tells what is written, not the prompt."),
    "bad_words": "This server bans tokens, not words: see logit_bias.",
    "use_beam_search": "This server searches no beams; ask for n choices.",
    "continue_final_message": "This server begins a new message; the last one must be a user's.",
}


def refuse_unsupported(body: ChatCompletionRequest, choices_max: int) -> None:
    """Raises `ApiError` for the first thing that is asked for and cannot be done."""
    wanted = {
        "n": ((body.n or 1) > choices_max, f"This server gives at most {choices_max} choices."),
        "tool_choice": (body.must_call, "The model calls no tools. Leave the choice to it: auto or none."),
        "response_format": (
            body.response_format and body.response_format.type != "text",
            "This server writes text; it cannot enforce another response_format.",
        ),
        "modalities": (
            set(body.modalities or ()) - {"text"},
            'This server answers in text; modalities must be ["text"].',
        ),
    }
    others = body.model_extra or {}
    wanted |= {name: (others.get(name), message) for name, message in UNMET.items()}
    for param, (asked, message) in wanted.items():
        if asked:
            raise ApiError(400, message, "unsupported_value", param)


def read_options(body: ChatCompletionRequest) -> Options:
    """How to generate. Raises `ApiError`."""
    limit = "max_tokens" if body.max_completion_tokens is None else "max_completion_tokens"
    asked = getattr(body, limit)
    stops = [body.stop] if isinstance(body.stop, str) else body.stop or ()
    given: dict[str, Any] = {
        "max_new_tokens": None if asked is None else min(asked, _TOKENS_MAX),
        "top_k": None if body.top_k is None else max(0, body.top_k),
        "repetition_penalty": body.repeat_penalty,
        "logit_bias": _biases(body),
        "seed": None if body.seed is None else body.seed % 2**63,
        "stop": tuple(filter(None, stops)),
        "thinking": body.wants_thinking,
        "logprobs": body.scores,
    }
    for name in _SAME_NAMES:
        if (value := getattr(body, name)) is not None:
            given[name] = value
    try:
        return Options(**{name: value for name, value in given.items() if value is not None})
    except InvalidRequest as error:
        param = limit if error.name == "max_new_tokens" else error.name
        raise ApiError.of(error.as_event(), param) from error


def _biases(body: ChatCompletionRequest) -> tuple[tuple[int, float], ...]:
    """By token id. What a bias of 0 stands at does not matter, as for OpenAI."""
    biases = {name: bias for name, bias in (body.logit_bias or {}).items() if bias}
    for name in biases:
        if not _TOKEN_ID.fullmatch(name):
            text = f'{name[:40]!r} is no id of a token; logit_bias is like {{"123": -100}}.'
            raise ApiError(400, text, "invalid_value", "logit_bias")
    return tuple((int(name), bias) for name, bias in biases.items())
