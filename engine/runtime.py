"""Request -> events, on a model in this process: where text, pixels, sound and generation meet.

The model loads on the runtime's own thread, which then answers one request after another; the event loop
that reads the events is never blocked. Importing this module does not import torch.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.protocol import (
    AnswerAdded,
    AssistantError,
    Busy,
    Capabilities,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    OutOfMemory,
    Queued,
    Readiness,
    ReasoningAdded,
    Request,
    Resplit,
    Timings,
    Usage,
)
from engine.stopping import StopMatcher
from engine.thinking import ThinkingSplitter

if TYPE_CHECKING:
    from engine.checkpoint import Checkpoint
    from engine.prompt import Prompt

logger = logging.getLogger(__name__)

MOST_WAITING = 32


@dataclass(eq=False)
class Ticket:
    """One request in the queue, and how its events reach the reader's event loop."""

    request: Request
    post: Callable[[Event | None], None]
    made: float = field(default_factory=time.monotonic)
    cancelled: threading.Event = field(default_factory=threading.Event)


class Runtime:
    """A `Backend` on this machine. It begins to load at once, in the background.

    Args:
        model: nano, a folder with a checkpoint, or a hub id.
    """

    def __init__(self, model: str = "nano") -> None:
        self._model = model
        self._checkpoint: Checkpoint | None = None
        self._readiness = Readiness("loading", "starting the engine", 0.0)
        self._tickets: list[Ticket] = []
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._worker.submit(self._load)

    @property
    def name(self) -> str:
        return self._model

    def readiness(self) -> Readiness:
        return self._readiness

    def capabilities(self) -> Capabilities:
        return Capabilities(image=True, audio=True, thinking=True)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """See `Backend.stream`."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Event | None] = asyncio.Queue()

        def post(event: Event | None) -> None:
            with contextlib.suppress(RuntimeError):  # the reader's loop has gone
                loop.call_soon_threadsafe(events.put_nowait, event)

        ticket = Ticket(request, post)
        try:
            self._enqueue(ticket)
            while (event := await events.get()) is not None:
                yield event
        except AssistantError as error:
            yield error.as_event()
        finally:
            ticket.cancelled.set()
            self._leave(ticket)

    async def aclose(self) -> None:
        """Stop every request at its next token and free the model."""
        with self._lock:
            for ticket in self._tickets:
                ticket.cancelled.set()
        await asyncio.to_thread(self._worker.shutdown, wait=True, cancel_futures=False)
        self._checkpoint = None

    # ---------------------------------------------------------------------------------- queue

    def _enqueue(self, ticket: Ticket) -> None:
        with self._lock:
            if len(self._tickets) >= MOST_WAITING:
                raise Busy(f"{MOST_WAITING} requests are waiting already", "Try again in a moment.")
            self._tickets.append(ticket)
            position = len(self._tickets) - 1
        if self._readiness.state == "loading":
            ticket.post(Queued(position, "loading"))
        elif position:
            ticket.post(Queued(position, "busy"))
        self._worker.submit(self._serve, ticket)

    def _leave(self, ticket: Ticket) -> None:
        """Take a ticket out of the queue and tell those behind it their new position."""
        with self._lock:
            if ticket not in self._tickets:
                return
            index = self._tickets.index(ticket)
            self._tickets.remove(ticket)
            behind = list(enumerate(self._tickets))[max(index, 1) :]
        reason = "loading" if self._readiness.state == "loading" else "busy"
        for position, waiting in behind:
            waiting.post(Queued(position, reason))

    # --------------------------------------------------------------------- the engine's thread

    def _load(self) -> None:
        from engine import checkpoint

        def report(stage: str, progress: float | None) -> None:
            self._readiness = Readiness("loading", stage, progress)

        try:
            self._checkpoint = checkpoint.load(self._model, report)
            self._readiness = Readiness("ready", progress=1.0)
        except AssistantError as error:
            self._readiness = Readiness("failed", error.message, failure=error.as_event())
        except Exception as error:
            logger.exception("loading %s failed", self._model)
            self._readiness = Readiness(
                "failed", str(error), failure=unexpected(error, FailureKind.LOAD_FAILED)
            )

    def _serve(self, ticket: Ticket) -> None:
        """Answer one request; its last event is Finished or Failed, then None."""
        try:
            if not ticket.cancelled.is_set():
                for event in self._answer(ticket):
                    ticket.post(event)
        except AssistantError as error:
            ticket.post(error.as_event())
        except Exception as error:
            import torch

            if isinstance(error, torch.OutOfMemoryError):
                remedy = "Shorten the conversation or choose a smaller model."
                ticket.post(OutOfMemory("the device has no memory left for this request", remedy).as_event())
            else:
                logger.exception("a request failed")
                ticket.post(unexpected(error, FailureKind.INTERNAL))
        finally:
            self._leave(ticket)
            ticket.post(None)

    def _answer(self, ticket: Ticket) -> Iterator[Event]:
        from engine.prompt import build_prompt

        if self._checkpoint is None:
            yield self._readiness.failure or unexpected(RuntimeError("no model"), FailureKind.LOAD_FAILED)
            return
        started = time.monotonic()
        prompt = build_prompt(ticket.request, self._checkpoint.model, self._checkpoint.processor)
        yield prompt.perceived
        yield from Answer(ticket, self._checkpoint, prompt, started).events()


class Answer:
    """One answer being written: token ids become text, text becomes reasoning and answer."""

    def __init__(self, ticket: Ticket, checkpoint: Checkpoint, prompt: Prompt, started: float) -> None:
        from tokenizers.decoders import DecodeStream

        self.ticket, self.checkpoint, self.prompt, self.started = ticket, checkpoint, prompt, started
        self.options = ticket.request.options
        self.detokenizer = DecodeStream(skip_special_tokens=True)
        self.splitter = ThinkingSplitter(opened=self.options.thinking)
        self.stops = StopMatcher(self.options.stop)
        self.reasoning_tokens = self.answer_tokens = 0
        self.first_token: float | None = None
        self.thought: float | None = None

    def events(self) -> Iterator[Event]:
        from engine.generate import generate
        from engine.sampler import Sampler

        model, options = self.checkpoint.model, self.options
        sampler = Sampler(options.temperature, options.top_p, options.seed)
        room = model.config.get_text_config().max_position_embeddings - self.prompt.input_ids.shape[1]
        limit = min(options.max_new_tokens, room)
        reason: FinishReason = "length"
        tokens = generate(
            model, self.prompt.input_ids, self.prompt.media, sampler, self.checkpoint.stop_ids, limit
        )
        with contextlib.closing(tokens):
            for token in tokens:
                if self.ticket.cancelled.is_set():
                    reason = "cancelled"
                    break
                if token in self.checkpoint.stop_ids:
                    reason = "stop"
                    break
                yield from self.add(token)
                if self.stops.matched:
                    reason = "stop"
                    break
        yield from self.filter_stops(self.splitter.close())
        if rest := self.stops.close():
            yield AnswerAdded(rest)
        yield Finished(reason, self.usage(), self.timings())

    def add(self, token: int) -> Iterator[Event]:
        """One more token; text comes out once it is whole characters."""
        self.first_token = self.first_token or time.monotonic()
        was_thinking = self.options.thinking and not self.splitter.thinking_closed
        if was_thinking:
            self.reasoning_tokens += 1
        else:
            self.answer_tokens += 1
        text = self.detokenizer.step(self.checkpoint.processor.tokenizer.backend_tokenizer, token)
        if text:
            yield from self.filter_stops(self.splitter.feed(text))
        if was_thinking and self.splitter.thinking_closed:
            self.thought = time.monotonic()

    def filter_stops(self, events: list[ReasoningAdded | AnswerAdded | Resplit]) -> Iterator[Event]:
        """Cut the answer at a stop string; the thinking may contain one."""
        for event in events:
            if isinstance(event, AnswerAdded):
                if text := self.stops.feed(event.text):
                    yield AnswerAdded(text)
            else:
                yield event

    def usage(self) -> Usage:
        return Usage(
            prompt_tokens=self.prompt.input_ids.shape[1],
            image_tokens=self.prompt.image_tokens,
            audio_tokens=self.prompt.audio_tokens,
            reasoning_tokens=self.reasoning_tokens,
            answer_tokens=self.answer_tokens,
        )

    def timings(self) -> Timings:
        made, ended = self.ticket.made, time.monotonic()
        first = self.first_token
        count = self.reasoning_tokens + self.answer_tokens
        return Timings(
            queued=self.started - made,
            prefill=None if first is None else first - self.started,
            first_token=None if first is None else first - made,
            thinking=None if first is None or self.thought is None else self.thought - first,
            total=ended - made,
            tokens_per_second=None if first is None or count < 2 else (count - 1) / max(1e-9, ended - first),
        )


def unexpected(error: Exception, kind: FailureKind) -> Failed:
    """A failure that nobody foresaw: named, logged where it happened, never a traceback for the person."""
    return Failed(
        kind,
        f"the engine stopped unexpectedly ({type(error).__name__})",
        "Try again. If it happens again, the log has the details to report.",
    )
