"""One answer being written: token ids become text, text becomes reasoning and answer, and events tell it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.protocol import (
    AnswerAdded,
    AssistantError,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    OutOfMemory,
    Queued,
    ReasoningAdded,
    Request,
    Resplit,
    Score,
    Timings,
    TokenScored,
    Usage,
)
from engine.stopping import StopMatcher
from engine.thinking import ThinkingSplitter
from engine.token_bytes import TokenBytes

if TYPE_CHECKING:
    from torch import Tensor

    from engine.checkpoint import Checkpoint
    from engine.prompt import Prompt
    from engine.sampler import Sampler, Scores

logger = logging.getLogger(__name__)


class Answer:
    """A `Job` of the scheduler: it takes tokens and posts events, and None after the last.

    Args:
        request: what is answered.
        post: takes each event; called on the engine's threads.
        loading: tells whether the model is still being loaded.
    """

    def __init__(
        self, request: Request, post: Callable[[Event | None], None], loading: Callable[[], bool]
    ) -> None:
        self.request, self.options = request, request.options
        self.post, self.loading = post, loading
        self.arrived = time.monotonic()
        self.cancelled = False
        self._written: Writing | None = None
        self._started: float | None = None
        self._ended = False

    def read(self, prompt: Prompt, checkpoint: Checkpoint, limit: int) -> None:
        """Its prompt is ready; at most `limit` tokens will be written."""
        from engine.sampler import Sampler

        self.sampler: Sampler = Sampler(self.options, prompt.input_ids[0])
        self.prompt = prompt
        self._written = Writing(self.request, checkpoint, limit, prompt.thinking_opened)

    @property
    def input_ids(self) -> Tensor:
        return self.prompt.input_ids

    @property
    def media(self) -> Mapping[str, Tensor]:
        return self.prompt.media

    def queued(self, position: int) -> None:
        if self.loading():
            self.post(Queued(position, "loading"))
        elif position:
            self.post(Queued(position, "busy"))

    def started(self) -> None:
        self._started = time.monotonic()
        self.post(self.prompt.perceived)

    def take(self, token: int, scores: Scores | None) -> FinishReason | None:
        assert self._written is not None
        for event in self._written.add(token, scores):
            self.post(event)
        return self._written.ended

    def finish(self, reason: FinishReason) -> None:
        usage, timings = Usage(), Timings(total=time.monotonic() - self.arrived)
        if self._written is not None and self._started is not None:
            for event in self._written.close():
                self.post(event)
            if self._written.stopped and reason == "length":
                reason = "stop"
            usage, timings = self._usage(self._written), self._timings(self._written, self._started)
        self._end(Finished(reason, usage, timings))

    def fail(self, error: Exception) -> None:
        self._end(as_failure(error))

    def _end(self, event: Finished | Failed) -> None:
        if not self._ended:
            self._ended = True
            self.post(event)
            self.post(None)

    def _usage(self, written: Writing) -> Usage:
        return Usage(
            prompt_tokens=self.prompt.text_tokens,
            image_tokens=self.prompt.image_tokens,
            audio_tokens=self.prompt.audio_tokens,
            reasoning_tokens=written.reasoning_tokens,
            answer_tokens=written.answer_tokens,
        )

    def _timings(self, written: Writing, started: float) -> Timings:
        ended = time.monotonic()
        first, thought = written.first_token, written.thought
        count = written.reasoning_tokens + written.answer_tokens
        return Timings(
            queued=started - self.arrived,
            prefill=None if first is None else first - started,
            first_token=None if first is None else first - self.arrived,
            thinking=None if first is None or thought is None else thought - first,
            total=ended - self.arrived,
            tokens_per_second=None if first is None or count < 2 else (count - 1) / max(1e-9, ended - first),
        )


class Writing:
    """The text that tokens become, and when it is complete: `ended` says why."""

    def __init__(self, request: Request, checkpoint: Checkpoint, limit: int, opened: bool) -> None:
        from tokenizers.decoders import DecodeStream

        self._checkpoint, self._limit = checkpoint, limit
        self._detokenizer = DecodeStream(skip_special_tokens=False)
        self._splitter = ThinkingSplitter(opened, checkpoint.action_answers)
        self._stops = StopMatcher(request.options.stop)
        self._bytes_of = None if request.options.logprobs is None else TokenBytes(checkpoint.tokenizer)
        self.reasoning_tokens = self.answer_tokens = 0
        self.first_token: float | None = None
        self.thought: float | None = None
        self.ended: FinishReason | None = None

    @property
    def stopped(self) -> bool:
        """A stop string has come up in the answer, which ends before it."""
        return self._stops.matched

    def add(self, token: int, scores: Scores | None = None) -> Iterator[Event]:
        """One more token; text comes out once it is whole characters."""
        if token in self._checkpoint.stop_ids:
            self.ended = "stop"
            return
        self.first_token = self.first_token or time.monotonic()
        was_thinking = self._splitter.in_thinking
        if was_thinking:
            self.reasoning_tokens += 1
        else:
            self.answer_tokens += 1
        if scores is not None:
            yield self._scored(token, scores, was_thinking)
        hidden = token in self._checkpoint.hidden_ids
        if not hidden and (text := self._detokenizer.step(self._checkpoint.tokenizer, token)):
            yield from self._filter_stops(self._splitter.feed(text))
        if was_thinking and self._splitter.thinking_closed:
            self.thought = time.monotonic()
        if self.stopped:
            self.ended = "stop"
        elif self.reasoning_tokens + self.answer_tokens >= self._limit:
            self.ended = "length"

    def _scored(self, token: int, scores: Scores, thinking: bool) -> TokenScored:
        assert self._bytes_of is not None
        likeliest = tuple(Score(self._bytes_of(other), logprob) for other, logprob in scores.likeliest)
        return TokenScored(Score(self._bytes_of(token), scores.chosen), likeliest, thinking)

    def close(self) -> Iterator[Event]:
        """No more tokens: what was held back."""
        yield from self._filter_stops(self._splitter.close())
        if rest := self._stops.close():
            yield AnswerAdded(rest)

    def _filter_stops(self, events: list[ReasoningAdded | AnswerAdded | Resplit]) -> Iterator[Event]:
        """Cut the answer at a stop string; the thinking may contain one."""
        for event in events:
            if isinstance(event, AnswerAdded):
                if text := self._stops.feed(event.text):
                    yield AnswerAdded(text)
            elif isinstance(event, Resplit):
                # What was held back is in it, too.
                self._stops = StopMatcher(self._stops.stops)
                yield replace(event, answer=self._stops.feed(event.answer))
            else:
                yield event


def as_failure(error: Exception) -> Failed:
    """The event that a request ends with; what nobody foresaw is logged here."""
    import torch

    if isinstance(error, AssistantError):
        return error.as_event()
    if isinstance(error, torch.OutOfMemoryError):
        remedy = "Shorten the conversation or choose a smaller model."
        return OutOfMemory("the device has no memory left for this request", remedy).as_event()
    logger.error("a request failed", exc_info=error)
    return unexpected(error, FailureKind.INTERNAL)


def unexpected(error: Exception, kind: FailureKind) -> Failed:
    """A failure that nobody foresaw: named, logged where it happened, never a traceback for the person."""
    return Failed(
        kind,
        f"the engine stopped unexpectedly ({type(error).__name__})",
        "Try again. If it happens again, the log has the details to report.",
    )
