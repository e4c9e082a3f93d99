"""What was said: frozen state, and the one pure fold of events into it.

Send, retry, reload and replay all go through `apply`; nothing else changes a reply. Functions here
do no input or output and read no clock: a caller that wants durations passes the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from engine.protocol import (
    AnswerAdded,
    AssistantError,
    AudioPart,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    ImagePart,
    Message,
    Options,
    Perceived,
    Queued,
    ReasoningAdded,
    Request,
    Resplit,
    TextPart,
    Timings,
    TokenScored,
    Usage,
)

Status = Literal["waiting", "loading", "thinking", "answering", "done", "stopped", "failed"]

Thumb = Literal["up", "down"]

#: What an answer was given without, to see what it was worth.
Left = Literal["image", "audio"]

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
class Rating:
    """What a person thinks of a reply."""

    thumb: Thumb | None = None
    tags: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One assistant turn, from the moment it was asked for until it is settled.

    `backend` is the name of what answers; `without` are the kinds of media that were kept from it;
    `compared` says that it was asked for to stand beside the reply that counts.
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
    id: str = ""
    backend: str = ""
    without: tuple[Left, ...] = ()
    compared: bool = False
    rating: Rating = field(default_factory=Rating)

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
        # The end may be the backend's figure, the beginning is the page's: their clocks differ by a little.
        return max(0.0, end - self.first_token)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A user message and the reply to it.

    `asked` is Unix time. `others` are replies that do not count for what is asked next, oldest first:
    given earlier and asked for again, or given by another backend for comparison.
    """

    user: Message
    reply: Reply = field(default_factory=Reply)
    id: str = ""
    asked: float = 0.0
    others: tuple[Reply, ...] = ()

    @property
    def beside(self) -> Reply | None:
        """The newest reply that was asked for to stand beside the one that counts."""
        return next((other for other in reversed(self.others) if other.compared), None)


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


INTERRUPTED = Failed(
    FailureKind.INTERRUPTED,
    "the reply ended before it was finished",
    "What had arrived is kept. Try again.",
)


def send(
    message: Message, state: Conversation, reply: Reply = Reply(), id: str = "", asked: float = 0.0
) -> Conversation:
    """`state` with `message` and the blank `reply` at the end. Raises `StillAnswering`."""
    if state.answering:
        raise StillAnswering
    return Conversation((*state.exchanges, Exchange(message, reply, id, asked)))


def retry(state: Conversation, reply: Reply = Reply()) -> Conversation:
    """`state` with the blank `reply` in place of the last one, which is kept beside it if it said anything.

    Raises `StillAnswering`, `NothingToRetry`.
    """
    if state.answering:
        raise StillAnswering
    if state.last is None:
        raise NothingToRetry
    last = state.last
    others = (*last.others, last.reply) if last.reply.begun else last.others
    return _with(last, replace(last, reply=reply, others=others), state)


def beside(reply: Reply, exchange: str, state: Conversation) -> Conversation:
    """`state` with the blank `reply` among the others of the exchange with that id."""
    found = find(exchange, state)
    return _with(found, replace(found, others=(*found.others, reply)), state) if found else state


def prefer(reply: str, state: Conversation) -> Conversation:
    """`state` with that other, settled reply in the place of the one that counts."""
    for exchange in state.exchanges:
        for other in exchange.others:
            if other.id == reply and other.settled and exchange.reply.settled:
                others = tuple(exchange.reply if each is other else each for each in exchange.others)
                counts = replace(other, compared=False)
                return _with(exchange, replace(exchange, reply=counts, others=others), state)
    return state


def rate(reply: str, rating: Rating, state: Conversation) -> Conversation:
    """`state` with what a person thinks of the reply with that id."""
    return _replaced(reply, lambda found: replace(found, rating=rating), state)


def find(exchange: str, state: Conversation) -> Exchange | None:
    """The exchange with that id."""
    return next((each for each in state.exchanges if each.id == exchange), None)


def find_reply(reply: str, state: Conversation) -> Reply | None:
    """The reply with that id, whether it counts or not."""
    given = (each for exchange in state.exchanges for each in (exchange.reply, *exchange.others))
    return next((each for each in given if each.id == reply), None)


def interrupted(reply: Reply) -> Reply:
    """`reply` as it is when the program that asked for it has ended."""
    return reply if reply.settled else _fold(INTERRUPTED, reply, None)


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


def turn(number: int, state: Conversation, options: Options) -> Request:
    """What to ask a backend for the reply to exchange `number` (from 0), with what was said before it."""
    return request(Conversation(state.exchanges[: number + 1]), options)


def without(left: Left, asked: Request) -> Request | None:
    """`asked` with nothing of that kind of media in it, the earlier turns included.

    None if that leaves nothing to ask. An earlier question that was nothing else goes with its answer.
    """
    kind = ImagePart if left == "image" else AudioPart
    kept: list[Message] = []
    for message in asked.messages:
        parts = tuple(part for part in message.parts if not isinstance(part, kind))
        if message.role == "assistant" and kept and not kept[-1].parts:
            kept.pop()
        else:
            kept.append(replace(message, parts=parts))
    return Request(tuple(kept), asked.options) if kept[-1].parts else None


def apply(event: Event, state: Conversation, at: float | None = None) -> Conversation:
    """`state` after `event`, which came `at` seconds after the request was made.

    A settled reply takes no more events: what a stopped stream still had under way is dropped.
    """
    if not state.answering or state.last is None:
        return state
    return _with_reply(_fold(event, state.last.reply, at), state)


def apply_beside(event: Event, reply: str, state: Conversation, at: float | None = None) -> Conversation:
    """`state` after `event` of the other reply with that id."""
    return _replaced(reply, lambda found: found if found.settled else _fold(event, found, at), state)


def _fold(event: Event, reply: Reply, at: float | None) -> Reply:
    match event:
        case Queued(position=position, reason=reason):
            return replace(reply, status="loading" if reason == "loading" else "waiting", position=position)
        case Perceived():
            return replace(reply, status="waiting", position=0, perceived=event)
        case TokenScored():
            return reply  # the page asks for none
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


def _with(old: Exchange, new: Exchange, state: Conversation) -> Conversation:
    """`state` with `new` in the place of `old`."""
    return Conversation(tuple(new if each is old else each for each in state.exchanges))


def _replaced(id: str, change: Callable[[Reply], Reply], state: Conversation) -> Conversation:
    """`state` with `change` made to the reply with that id, wherever it is."""
    for exchange in state.exchanges:
        if exchange.reply.id == id:
            return _with(exchange, replace(exchange, reply=change(exchange.reply)), state)
        for other in exchange.others:
            if other.id == id:
                others = tuple(change(each) if each is other else each for each in exchange.others)
                return _with(exchange, replace(exchange, others=others), state)
    return state
