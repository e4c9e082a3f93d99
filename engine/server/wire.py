"""The engine's events -> OpenAI's chat completions. Pure: no clock, no network, no backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from engine.protocol import (
    AnswerAdded,
    Event,
    Finished,
    FinishReason,
    Queued,
    ReasoningAdded,
    Resplit,
    Score,
    TokenScored,
    Usage,
)
from engine.server.switches import Display

_FINISH: dict[FinishReason, str] = {"stop": "stop", "length": "length", "filtered": "content_filter"}


@dataclass(frozen=True, slots=True)
class Text:
    """What was said so far."""

    reasoning: str = ""
    content: str = ""

    def add(self, event: ReasoningAdded | AnswerAdded | Resplit) -> Text:
        match event:
            case ReasoningAdded():
                return Text(self.reasoning + event.text, self.content)
            case AnswerAdded():
                return Text(self.reasoning, self.content + event.text)
            case Resplit():
                return Text(event.reasoning, event.answer)
        assert_never(event)

    def shown(self, display: Display) -> Text:
        """The same as the client asked to see it."""
        if display == "separate" or not self.reasoning:
            return self
        if display == "hidden":
            return Text("", self.content)
        closed = f"</think>{self.content}" if self.content else ""
        return Text("", f"<think>{self.reasoning}{closed}")

    def fields(self) -> dict[str, str]:
        """Both names of the thinking, as both have their readers; neither where there is none."""
        thinking = {"reasoning_content": self.reasoning, "reasoning": self.reasoning}
        return thinking if self.reasoning else {}


def delta(before: Text, after: Text) -> dict[str, str]:
    """What to add for a reader of `before` to have `after`; empty if nothing.

    Deltas take nothing back. Where the content so far turns out to be thinking, `</think>` says so, as
    it does in the streams of servers that leave the tags in.
    """
    added: dict[str, str] = {}
    if after.reasoning.startswith(before.reasoning):
        added = Text(reasoning=after.reasoning[len(before.reasoning) :]).fields()
    if after.content.startswith(before.content):
        content = after.content[len(before.content) :]
    else:
        added, content = {}, f"</think>{after.content}"
    return added | ({"content": content} if content else {})


def usage_json(usage: Usage) -> dict[str, Any] | None:
    """OpenAI's usage: `prompt_tokens` counts everything that went in. None if nothing is known."""
    text, image, audio = usage.prompt_tokens, usage.image_tokens, usage.audio_tokens
    completion = usage.completion_tokens
    if text is None and completion is None:
        return None
    prompt = (text or 0) + (image or 0) + (audio or 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion or 0,
        "total_tokens": prompt + (completion or 0),
        "prompt_tokens_details": {
            "text_tokens": text or 0,
            "image_tokens": image or 0,
            "audio_tokens": audio or 0,
            "cached_tokens": 0,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
    }


def total(usages: Sequence[Usage]) -> Usage:
    """What all choices of a call took together: the prompt once, and everything that was written."""
    if len(usages) == 1:
        return usages[0]

    def added(counts: list[int | None]) -> int | None:
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    return replace(
        usages[0],
        reasoning_tokens=added([usage.reasoning_tokens for usage in usages]),
        answer_tokens=added([usage.answer_tokens for usage in usages]),
    )


def logprobs_json(tokens: Sequence[TokenScored], display: Display) -> dict[str, Any]:
    """OpenAI's logprobs. The thinking's stand apart or with the answer's, as its text does, or nowhere."""
    thinking = [_token_json(token) for token in tokens if token.thinking and display == "separate"]
    answer = [_token_json(token) for token in tokens if not token.thinking or display == "inline"]
    return {"content": answer, "refusal": None} | ({"reasoning_content": thinking} if thinking else {})


def _token_json(token: TokenScored) -> dict[str, Any]:
    return _score_json(token.chosen) | {"top_logprobs": [_score_json(one) for one in token.likeliest]}


def _score_json(score: Score) -> dict[str, Any]:
    """JSON has no infinity; -9999 is OpenAI's word for what can hardly be."""
    text = score.token.decode("utf-8", "replace")
    return {"token": text, "logprob": max(score.logprob, -9999.0), "bytes": list(score.token)}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every object of one reply carries. `created` is in seconds since 1970."""

    id: str
    model: str
    created: int

    def chunk(
        self,
        delta: dict[str, Any],
        index: int = 0,
        reason: FinishReason | None = None,
        logprobs: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One step of a choice: a piece of text, or the end."""
        finish = None if reason is None else _FINISH[reason]
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return self._object("chat.completion.chunk", [choice])

    def usage_chunk(self, usage: Usage) -> dict[str, Any]:
        return self._object("chat.completion.chunk", []) | {"usage": usage_json(usage)}

    def completion(self, choices: list[dict[str, Any]], usage: Usage) -> dict[str, Any]:
        """The whole reply at once."""
        return self._object("chat.completion", choices) | {"usage": usage_json(usage)}

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        head = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        return head | {"choices": choices}


class Choice:
    """One of a call's choices, put together from its events; `end` is its last."""

    def __init__(self, index: int, display: Display, envelope: Envelope, scored: bool = False) -> None:
        self._index = index
        self._display: Display = display
        self._envelope = envelope
        self._scored = scored
        self._text = Text()
        self._tokens: list[TokenScored] = []  # in a stream those that no chunk has told yet
        self._opened = False
        self.end: Finished | None = None

    def chunks(self, event: Event) -> Iterator[dict[str, Any]]:
        """What a stream tells of `event`. A token's score comes with the text that it brought, or with the
        next.
        """
        if isinstance(event, Queued):
            return
        if not self._opened:
            self._opened = True
            yield self._chunk({"role": "assistant", "content": ""})
        before = self._text.shown(self._display)
        self.add(event)
        if added := delta(before, self._text.shown(self._display)):
            yield self._chunk(added, logprobs=self._told())
        if self.end is not None:
            yield self._chunk({}, self.end.reason, self._told())

    def add(self, event: Event) -> None:
        match event:
            case ReasoningAdded() | AnswerAdded() | Resplit():
                self._text = self._text.add(event)
            case TokenScored():
                self._tokens.append(event)
            case Finished():
                self.end = event
            case _:
                pass

    def whole(self) -> dict[str, Any]:
        """The choice at its end."""
        assert self.end is not None
        text = self._text.shown(self._display)
        message = {"role": "assistant", "content": text.content, "refusal": None} | text.fields()
        logprobs = logprobs_json(self._tokens, self._display) if self._scored else None
        finish = _FINISH[self.end.reason]
        return {"index": self._index, "message": message, "logprobs": logprobs, "finish_reason": finish}

    def _chunk(
        self,
        delta: dict[str, Any],
        reason: FinishReason | None = None,
        logprobs: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        return self._envelope.chunk(delta, self._index, reason, logprobs)

    def _told(self) -> dict[str, Any] | None:
        tokens, self._tokens = self._tokens, []
        return logprobs_json(tokens, self._display) if tokens else None
