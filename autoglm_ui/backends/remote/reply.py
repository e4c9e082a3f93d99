"""Pieces of a server's reply -> events: the thinking split off, time taken, usage read."""

from __future__ import annotations

import time
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from typing import Any

from autoglm_ui.backends.remote.failures import CutOff
from engine.protocol import AnswerAdded, Finished, FinishReason, ReasoningAdded, Resplit, Timings, Usage
from engine.thinking import SplitEvent, ThinkingSplitter

_REASONS: Mapping[str, FinishReason] = {
    **dict.fromkeys(("length", "max_tokens", "model_length", "MAX_TOKENS"), "length"),
    **dict.fromkeys(("content_filter", "sensitive", "safety", "SAFETY"), "filtered"),
}
#: Reasons that some servers give instead of an error.
_BROKEN = {
    "abort": "was stopped by its server",
    "error": "was broken off by its server",
    "network_error": "was broken off by a network error at its server",
    "insufficient_system_resource": "was broken off because its server ran out of resources",
}


class Reply:
    """One reply while it arrives, to a request made at `began` (`time.monotonic`).

    `opened`: a server like this one was seen to leave out the `<think>` that its template writes.
    """

    def __init__(self, began: float, opened: bool, action_answers: bool) -> None:
        self._began = began
        self._opened = opened
        self._action_answers = action_answers
        self._apart = False
        self._splitter: ThinkingSplitter | None = None
        self._reasoning = ""
        self._thoughts, self._contents = _Characters(), _Characters()
        self._first: float | None = None
        self._answered: float | None = None

    @property
    def begun(self) -> bool:
        """Some text has arrived."""
        return self._first is not None

    @property
    def unopened_close(self) -> bool:
        return self._splitter is not None and self._splitter.unopened_close

    def add(self, thinking: str, content: str) -> Iterator[SplitEvent]:
        """The events for one piece of the stream, which may end in the middle of an emoji."""
        yield from self._add(self._thoughts.feed(thinking), self._contents.feed(content))

    def _add(self, thinking: str, content: str) -> Iterator[SplitEvent]:
        if thinking:
            if not self._apart:
                self._apart = True
                yield from self._close_splitter()
            yield self._timed(ReasoningAdded(thinking))
        if content:
            if self._splitter is None:
                opened = self._opened and not self._apart
                self._splitter = ThinkingSplitter(
                    opened, self._action_answers and not self._apart, self._apart
                )
            yield from map(self._timed, self._splitter.feed(content))

    def rest(self) -> Iterator[SplitEvent]:
        """What was held back of a reply that broke off; what it was split into stays as it is."""
        yield from self._add(self._thoughts.end(), self._contents.end())
        yield from (event for event in self._close_splitter() if not isinstance(event, Resplit))

    def finish(self, reason: str | None, done: bool) -> Iterator[SplitEvent | Finished]:
        """What was held back. Raises `CutOff` if the reply is not whole.

        `reason` is the server's; `done` that its mark of the end came.
        """
        yield from self._add(self._thoughts.end(), self._contents.end())
        guessed = self._opened and not self._apart and self._splitter is not None
        closed = guessed and self._splitter is not None and self._splitter.thinking_closed
        yield from self._close_splitter()
        if reason is None and not done:
            raise CutOff("ended its reply before it was finished")
        if reason in _BROKEN:
            raise CutOff(_BROKEN[reason])
        if guessed and not closed and reason != "length" and self._reasoning:
            yield Resplit("", self._reasoning)  # it did not think this time

    def timings(self, served: Mapping[str, Any], usage: Usage) -> Timings:
        """`served` is llama.cpp's own account, which is exact; else what was measured here."""
        total = time.monotonic() - self._began
        first = self._first
        rate = _number(served.get("predicted_per_second"))
        if rate is None and usage.completion_tokens and first is not None and total > first:
            rate = usage.completion_tokens / (total - first)
        prompt_ms = _number(served.get("prompt_ms"))
        thinking = None
        if self._reasoning and first is not None:
            thinking = (total if self._answered is None else self._answered) - first
        return Timings(
            prefill=None if prompt_ms is None else prompt_ms / 1000,
            first_token=first,
            thinking=thinking,
            total=total,
            tokens_per_second=rate,
        )

    def _close_splitter(self) -> Iterator[SplitEvent]:
        if self._splitter is not None:
            yield from map(self._timed, self._splitter.close())
            if self._apart:
                self._splitter = None

    def _timed(self, event: SplitEvent) -> SplitEvent:
        now = time.monotonic() - self._began
        if self._first is None:
            self._first = now
        match event:
            case ReasoningAdded(text):
                self._reasoning += text
            case AnswerAdded():
                self._answered = self._answered or now
            case Resplit(reasoning=reasoning, answer=answer):
                self._reasoning = reasoning
                self._answered = now if answer else None
        return event


class _Characters:
    """Puts the halves of an emoji together that came in two pieces; a half that stays alone is U+FFFD."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-16-le")("replace")

    def feed(self, text: str) -> str:
        return self._decoder.decode(text.encode("utf-16-le", "surrogatepass"))

    def end(self) -> str:
        return self._decoder.decode(b"", final=True)


def finish_reason(reason: str | None) -> FinishReason:
    """Ours for a server's; what is not known ended of itself."""
    return _REASONS.get(reason or "", "stop")


def usage_of(usage: Mapping[str, Any] | None) -> Usage:
    """Tokens as the server counted them. Where it does not count pictures and sound apart,
    `prompt_tokens` holds them too; where it does not count thinking apart, `answer_tokens` does."""
    if not usage:
        return Usage()
    before = _mapping(usage.get("prompt_tokens_details"))
    after = _mapping(usage.get("completion_tokens_details"))
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    image, audio = _count(before.get("image_tokens")), _count(before.get("audio_tokens"))
    text = _count(before.get("text_tokens"))
    if text is None and prompt is not None:
        text = prompt - (image or 0) - (audio or 0)
    reasoning = _count(after.get("reasoning_tokens"))
    if reasoning is None:
        reasoning = _count(usage.get("reasoning_tokens"))
    return Usage(
        text, image or None, audio or None, reasoning or None, _answer(usage, completion, reasoning or 0)
    )


def _answer(usage: Mapping[str, Any], completion: int | None, reasoning: int) -> int | None:
    if completion is None:
        return None
    total, prompt = _count(usage.get("total_tokens")), _count(usage.get("prompt_tokens"))
    apart = total is not None and prompt is not None and total == prompt + completion + reasoning
    return completion if apart or reasoning > completion else completion - reasoning


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
