"""Request -> events, on a model in this process: where text, pixels, sound and generation meet.

One thread loads the model and then makes prompts, in the order in which the requests came; the scheduler's
thread runs the model for all of them at once. The event loop that reads the events is never blocked.
Importing this module does not import torch.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.answer import Answer, unexpected
from engine.loading import Loading
from engine.mailbox import Mailbox, Outbox
from engine.metrics import Metrics
from engine.pacing import Governor, Pacer, find_meter
from engine.protocol import (
    AssistantError,
    Busy,
    Capabilities,
    Event,
    FailureKind,
    Insight,
    InvalidRequest,
    LoadFailed,
    Readiness,
    Request,
    TextTooLong,
)
from engine.scheduler import Scheduler
from engine.slots import Limits, Row
from engine.turn import Job

if TYPE_CHECKING:
    from engine.checkpoint import Checkpoint
    from engine.generate import Decoder
    from engine.parallel import Crew
    from engine.prompt import Prompt

logger = logging.getLogger(__name__)


class Runtime:
    """A `Backend` on this machine. It begins to load at once, in the background.

    Args:
        model: nano, a folder with a checkpoint, or a hub id.
        limits: how many requests are answered at once and may wait.
        loading: where it runs, in which type, and what else was chosen about it.
    """

    def __init__(self, model: str = "nano", limits: Limits = Limits(), loading: Loading = Loading()) -> None:
        self._model, self._loading = model, loading
        self._checkpoint: Checkpoint | None = None
        self._context = 0
        self._load_error: AssistantError = LoadFailed("the model is not loaded", "Try again.")
        self._readiness = Readiness("loading", "starting the engine", 0.0)
        self._closing = False
        self._outbox = Outbox()
        self._pacer: Pacer | None = None
        self._crew: Crew | None = None
        self._asked: weakref.WeakSet[Answer] = weakref.WeakSet()  # those with a prompt, until they are told
        self._scheduler = Scheduler(limits, self._end_turn, self._lose)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="prompts")
        self._worker.submit(self._load)

    @property
    def name(self) -> str:
        return self._model

    def readiness(self) -> Readiness:
        return self._readiness

    def capabilities(self) -> Capabilities:
        loaded = self._checkpoint
        takes = Capabilities(image=True, audio=True, thinking=True) if loaded is None else loaded.capabilities
        return replace(takes, logprobs=True)

    def metrics(self) -> Metrics:
        """What the engine has done, and how busy it is now. Never blocks."""
        return self._scheduler.metrics()

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """See `Backend.stream`."""
        mailbox = Mailbox()
        try:
            row = self._enqueue(request, mailbox)
        except AssistantError as error:
            yield error.as_event()
            return
        try:
            while (event := await mailbox.take()) is not None:
                yield event
        finally:
            self._scheduler.cancel(row)

    async def inspect(self, request: Request) -> Insight:
        """What the model receives for `request`: its prompt is made anew, and read where it has gates.

        Raises AssistantError: what keeps the prompt from being made, and Busy where the engine stops.
        """
        if self._closing:
            raise stopping()
        try:
            return await asyncio.wrap_future(self._worker.submit(self._inspect, request))
        except asyncio.CancelledError:
            asker = asyncio.current_task()
            if self._closing and asker is not None and not asker.cancelling():
                raise stopping() from None
            raise

    async def aclose(self) -> None:
        """Stop every request at its next token, and a load at its next stage; free the model."""
        self._closing = True
        if self._pacer is not None:
            self._pacer.close()
        await asyncio.to_thread(self._scheduler.close)
        self._outbox.flush()
        await asyncio.to_thread(self._worker.shutdown, wait=True, cancel_futures=True)
        if self._crew is not None:
            await asyncio.to_thread(self._crew.close)
        self._checkpoint = None

    def _enqueue(self, request: Request, mailbox: Mailbox) -> Row[Job]:
        """Raises what keeps the engine from answering at all: that it is full, or has no model any more."""
        if self._readiness.state == "failed":
            raise self._load_error
        answer = Answer(request, lambda event: self._outbox.post(mailbox, event), self._is_loading)
        row = self._scheduler.join(answer)
        self._worker.submit(self._prepare, answer, row)
        self._outbox.flush()
        return row

    def _end_turn(self) -> None:
        """On the scheduler's thread, when all who were answered in a turn have been told."""
        if self._pacer is None:
            self._outbox.flush_due()
        else:
            self._outbox.flush()
            self._pacer.pause()

    def _lose(self, error: Exception) -> None:
        """On the scheduler's thread: its loop has ended by a defect, and nobody will be answered any more."""
        self._fail_for_good(as_load_error(error, self._model))

    def _is_loading(self) -> bool:
        return self._readiness.state == "loading"

    # -------------------------------------------------------------------- the thread for prompts

    def _load(self) -> None:
        from engine import checkpoint
        from engine.families import decoder_for
        from engine.families.compiled import default_folder
        from engine.families.part import follow

        def report(stage: str, progress: float | None) -> None:
            if self._closing:
                raise stopping()
            self._readiness = Readiness("loading", stage, progress)

        try:
            loaded = checkpoint.load(self._model, report, self._loading, follow)
            split = loaded.crew is not None
            decoder: Decoder = decoder_for(loaded.model, split=split, libraries=default_folder())
            if loaded.crew is not None:
                from engine.parallel import LeadingDecoder

                loaded.crew.lost = self._fail_for_good
                self._crew, decoder = loaded.crew, LeadingDecoder(decoder, loaded.crew)
            if self._loading.power_budget is not None:
                meter = find_meter([load.device for load in loaded.plan.loads])
                self._pacer = Pacer(Governor(self._loading.power_budget), meter)
            self._checkpoint, self._context = loaded, loaded.context
            tokens = min(self._scheduler.limits.slots * loaded.context, loaded.plan.cache_tokens)
            decoder.limit(tokens)
            self._scheduler.start(decoder, tokens)
            self._readiness = Readiness("ready", progress=1.0)
        except Exception as error:
            if not self._closing:
                self._fail_for_good(as_load_error(error, self._model))

    def _fail_for_good(self, error: AssistantError) -> None:
        """There is no model, or no more; who asks is told why, and whoever keeps the log."""
        logger.error("%s. %s", error.message, error.remedy)
        self._load_error, self._checkpoint = error, None
        failure = error.as_event()
        self._readiness = Readiness("failed", failure.message, failure=failure)

    def _prepare(self, answer: Answer, row: Row[Job]) -> None:
        """Make one request's prompt, which says how much room it needs."""
        if answer.cancelled:
            return
        try:
            if limit := self._read(answer):
                self._scheduler.offer(row, limit)
            else:
                self._scheduler.complete(row)
        except Exception as error:
            self._scheduler.refuse(row)
            answer.fail(error)
        self._outbox.flush()

    def _inspect(self, request: Request) -> Insight:
        from engine.insight import look

        if self._checkpoint is None:
            raise stopping() if self._closing else self._load_error
        return look(self._checkpoint.model, self._checkpoint.read(request))

    def _prompt_beside(self, answer: Answer) -> Prompt | None:
        """The prompt of another request for the very same messages: choices of one call share theirs."""
        messages, options = answer.request.messages, answer.options
        read_as = options.thinking, options.max_new_tokens
        same = (
            other.prompt
            for other in self._asked
            if other.request.messages is messages
            and (other.options.thinking, other.options.max_new_tokens) == read_as
        )
        return next(same, None)

    def _read(self, answer: Answer) -> int:
        """Returns the most tokens that the answer may have."""
        if self._checkpoint is None:
            raise self._load_error
        loaded = self._checkpoint
        for token, _ in answer.options.logit_bias:
            if token >= loaded.vocabulary:
                raise InvalidRequest("logit_bias", token, f"ids of tokens, 0 to {loaded.vocabulary - 1:,}")
        prompt = self._prompt_beside(answer) or loaded.read(answer.request)
        length = prompt.input_ids.shape[1]
        if length >= self._context:
            raise TextTooLong(length, self._context - 1)
        limit = min(answer.options.max_new_tokens, self._context - length)
        answer.read(prompt, loaded, limit)
        self._asked.add(answer)
        return limit


def stopping() -> Busy:
    """The failure of who still asks when the engine closes."""
    return Busy("the engine is stopping", "Start it again.")


def as_load_error(error: Exception, model: str) -> AssistantError:
    """The named failure of a load; what nobody foresaw is logged here."""
    if isinstance(error, AssistantError):
        return error
    logger.error("%s cannot be run", model, exc_info=error)
    failure = unexpected(error, FailureKind.LOAD_FAILED)
    return LoadFailed(failure.message, failure.remedy)
