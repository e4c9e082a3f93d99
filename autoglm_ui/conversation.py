"""What was said: frozen state, and the one pure fold of events into it.

Send, retry, reload and replay all go through `apply`; nothing else changes a reply. Functions here
do no input or output and read no clock: a caller that wants durations passes the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from engine.protocol import (
    AnswerAdded,
    AssistantError,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    Message,
    Options,
    Perceived,
    Queued,
    ReasoningAdded,
    Request,
    Resplit,
    TextPart,
    Timings,
    Usage,
)

Status = Literal["waiting", "loading", "thinking", "answering", "done", "stopped", "failed"]

_SETTLED: frozenset[Status] = frozenset({"done", "stopped", "failed"})


class StillAnswering(AssistantError):
    """A second message while the first is being answered."""

    kind = FailureKind.BUSY

    def __init__(self) -> None:
        super().__init__("the last message is still being answered", "Wait for the answer, or stop it.")


class NothingToRetry(AssistantError):
    """Retry on an empty conversation."""

    kind = FailureKind.INVALID_REQUEST

    def __init__(self) -> None:
        super().__init__("nothing was asked yet", "Send a message first.")


@dataclass(frozen=True, slots=True)
class Reply:
    """One assistant turn, from the moment it was asked for until it is settled.

    `first_token` and `answer_began` are seconds since the request, as the page measured them;
    `timings` are the backend's own, where it gave them.
    """

    status: Status = "waiting"
    position: int = 0
    perceived: Perceived | None = None
    reasoning: str = ""
    answer: str = ""
    first_token: float | None = None
    answer_began: float | None = None
    finish: FinishReason | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    failure: Failed | None = None

    @property
    def settled(self) -> bool:
        """Nothing more will be added."""
        return self.status in _SETTLED

    @property
    def begun(self) -> bool:
        """Some of its text has arrived."""
        return bool(self.reasoning or self.answer)

    @property
    def thinking_seconds(self) -> float | None:
        """How long it thought: the backend's figure, else the page's; None until it is known."""
        if self.timings.thinking is not None:
            return self.timings.thinking
        end = self.answer_began if self.answer_began is not None else self.timings.total
        if not self.reasoning or end is None or self.first_token is None:
            return None
        return end - self.first_token


@dataclass(frozen=True, slots=True)
class Exchange:
    """A user message and the reply to it."""

    user: Message
    reply: Reply = field(default_factory=Reply)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Exchanges, oldest first. Only the last one can be unsettled."""

    exchanges: tuple[Exchange, ...] = ()

    @property
    def last(self) -> Exchange | None:
        return self.exchanges[-1] if self.exchanges else None

    @property
    def answering(self) -> bool:
        """A reply is on its way."""
        return self.last is not None and not self.last.reply.settled


# ----------------------------------------------------------------------------------- transitions


def send(message: Message, state: Conversation) -> Conversation:
    """`state` with `message` and an empty reply at the end. Raises `StillAnswering`."""
    if state.answering:
        raise StillAnswering
    return Conversation((*state.exchanges, Exchange(message)))


def retry(state: Conversation) -> Conversation:
    """`state` with the last reply empty again. Raises `StillAnswering`, `NothingToRetry`."""
    if state.answering:
        raise StillAnswering
    if state.last is None:
        raise NothingToRetry
    return _with_reply(Reply(), state)


def request(state: Conversation, options: Options) -> Request:
    """What to ask the backend for the last reply.

    An exchange that came to no answer is left out: what made it fail would fail again, and a model
    expects that every question before the last one was answered.
    """
    messages: list[Message] = []
    for exchange in state.exchanges[:-1]:
        reply = exchange.reply
        if reply.answer and reply.status != "failed":
            answer = Message("assistant", (TextPart(reply.answer),), reasoning=reply.reasoning)
            messages += [exchange.user, answer]
    if state.last is not None:
        messages.append(state.last.user)
    return Request(tuple(messages), options)


def apply(event: Event, state: Conversation, at: float | None = None) -> Conversation:
    """`state` after `event`, which came `at` seconds after the request was made.

    A settled reply takes no more events: what a stopped stream still had under way is dropped.
    """
    if not state.answering or state.last is None:
        return state
    return _with_reply(_fold(event, state.last.reply, at), state)


def _fold(event: Event, reply: Reply, at: float | None) -> Reply:
    match event:
        case Queued(position=position, reason=reason):
            return replace(reply, status="loading" if reason == "loading" else "waiting", position=position)
        case Perceived():
            return replace(reply, status="waiting", position=0, perceived=event)
        case ReasoningAdded(text=text):
            return replace(
                reply,
                # Some servers think again after a first piece of the answer.
                status="answering" if reply.answer else "thinking",
                reasoning=reply.reasoning + text,
                first_token=_first(reply.first_token, at),
            )
        case AnswerAdded(text=text):
            return replace(
                reply,
                status="answering",
                answer=reply.answer + text,
                first_token=_first(reply.first_token, at),
                answer_began=_first(reply.answer_began, at),
            )
        case Resplit(reasoning=reasoning, answer=answer):
            return replace(
                reply,
                status="answering" if answer else "thinking",
                reasoning=reasoning,
                answer=answer,
                # What was taken for the answer was thinking: the answer begins now, or is yet to.
                answer_began=at if answer else None,
            )
        case Finished(reason=reason, usage=usage, timings=timings):
            return replace(
                reply,
                status="stopped" if reason == "cancelled" else "done",
                finish=reason,
                usage=usage,
                timings=_measured(timings, reply, at),
            )
        case Failed():
            measured = _measured(Timings(), reply, at)
            return replace(reply, status="failed", failure=event, timings=measured)
    assert_never(event)


def _first(known: float | None, at: float | None) -> float | None:
    return at if known is None else known


def _measured(timings: Timings, reply: Reply, at: float | None) -> Timings:
    """The backend's timings, with what it did not tell filled in from the page's own clock."""
    return replace(
        timings,
        first_token=_first(timings.first_token, reply.first_token),
        total=_first(timings.total, at),
    )


def _with_reply(reply: Reply, state: Conversation) -> Conversation:
    *earlier, last = state.exchanges
    return Conversation((*earlier, replace(last, reply=reply)))
