"""The fold: every event in every order that a backend may send, and what is made of it."""

from __future__ import annotations

from functools import reduce

import pytest

from autoglm_ui.conversation import (
    Conversation,
    NothingToRetry,
    Reply,
    StillAnswering,
    apply,
    request,
    retry,
    send,
)
from engine.protocol import (
    AnswerAdded,
    Event,
    Failed,
    FailureKind,
    Finished,
    ImagePart,
    ImageSeen,
    Message,
    Options,
    Perceived,
    Queued,
    ReasoningAdded,
    Resplit,
    TextPart,
    Timings,
    Usage,
)

SEEN = Perceived(images=(ImageSeen(1080, 2400, 224, 224, (61.6, 0, 162.4, 224), tokens=49),), prompt_tokens=7)
BROKEN = Failed(FailureKind.INTERRUPTED, "it ended", "Try again.")


def said(text: str) -> Message:
    return Message("user", (TextPart(text),))


def fold(*events: Event | tuple[Event, float], state: Conversation | None = None) -> Reply:
    """The reply after `events`, each with its time where it is given as a pair."""
    start = send(said("hi"), Conversation()) if state is None else state
    pairs = [event if isinstance(event, tuple) else (event, None) for event in events]
    last = reduce(lambda state, pair: apply(pair[0], state, pair[1]), pairs, start).last
    assert last
    return last.reply


def test_whole_reply_is_folded_from_its_events() -> None:
    reply = fold(
        (Queued(2), 0.0),
        (Queued(reason="loading"), 0.1),
        (SEEN, 0.5),
        (ReasoningAdded("let me "), 1.0),
        (ReasoningAdded("see"), 1.5),
        (AnswerAdded("It is "), 3.0),
        (AnswerAdded("blue."), 3.5),
        (Finished("stop", Usage(answer_tokens=2), Timings(tokens_per_second=20.0)), 4.0),
    )
    assert reply.status == "done" and reply.settled
    assert (reply.reasoning, reply.answer) == ("let me see", "It is blue.")
    assert reply.perceived == SEEN
    assert reply.first_token == 1.0
    assert reply.thinking_seconds == 2.0
    assert reply.timings == Timings(first_token=1.0, total=4.0, tokens_per_second=20.0)
    assert reply.usage == Usage(answer_tokens=2)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "waiting"),
        ([Queued(3)], "waiting"),
        ([Queued(reason="loading")], "loading"),
        ([Queued(reason="loading"), SEEN], "waiting"),
        ([ReasoningAdded("a")], "thinking"),
        ([AnswerAdded("a")], "answering"),
        ([ReasoningAdded("a"), AnswerAdded("b"), ReasoningAdded("c")], "answering"),
        ([AnswerAdded("a"), Finished("length")], "done"),
        ([AnswerAdded("a"), Finished("cancelled")], "stopped"),
        ([AnswerAdded("a"), BROKEN], "failed"),
    ],
)
def test_status_follows_the_events(events: list[Event], status: str) -> None:
    assert fold(*events).status == status


def test_backends_own_timings_go_before_the_pages() -> None:
    reply = fold(
        (ReasoningAdded("a"), 1.0),
        (AnswerAdded("b"), 2.0),
        (Finished("stop", timings=Timings(first_token=0.4, thinking=0.7, total=1.1)), 3.0),
    )
    assert reply.timings.first_token == 0.4
    assert reply.thinking_seconds == 0.7
    assert reply.timings.total == 1.1


def test_thinking_that_was_stopped_lasted_until_then() -> None:
    reply = fold((ReasoningAdded("a"), 1.0), (Finished("cancelled"), 4.0))
    assert reply.thinking_seconds == 3.0


def test_thinking_never_lasts_less_than_no_time() -> None:
    """The whole is timed by the backend, the first token by the page, which hears of it later."""
    reply = fold((ReasoningAdded("a"), 1.0), (Finished("stop", timings=Timings(total=0.9)), 1.1))
    assert reply.thinking_seconds == 0.0


def test_failure_keeps_what_had_arrived() -> None:
    reply = fold(ReasoningAdded("think"), AnswerAdded("half an ans"), BROKEN)
    assert (reply.reasoning, reply.answer, reply.failure) == ("think", "half an ans", BROKEN)


def test_settled_reply_takes_no_more_events() -> None:
    stopped = [AnswerAdded("kept"), Finished("cancelled")]
    assert fold(*stopped, AnswerAdded(" late"), BROKEN, Finished("stop")) == fold(*stopped)


def test_resplit_replaces_both_texts_and_the_answer_has_not_begun() -> None:
    reply = fold(
        (AnswerAdded("this was "), 1.0),
        (AnswerAdded("thinking"), 2.0),
        (Resplit("this was thinking", ""), 3.0),
    )
    assert (reply.reasoning, reply.answer, reply.status) == ("this was thinking", "", "thinking")
    assert reply.answer_began is None
    reply = fold((AnswerAdded("a</think>b"), 1.0), (Resplit("a", "b"), 2.0))
    assert (reply.reasoning, reply.answer, reply.status, reply.answer_began) == ("a", "b", "answering", 2.0)


def test_events_without_a_conversation_change_nothing() -> None:
    assert apply(AnswerAdded("late"), Conversation()) == Conversation()


def test_folding_changes_no_earlier_state() -> None:
    start = send(said("hi"), Conversation())
    apply(AnswerAdded("text"), start)
    assert start == send(said("hi"), Conversation())


def test_nothing_is_sent_or_retried_while_a_reply_is_on_its_way() -> None:
    state = send(said("first"), Conversation())
    with pytest.raises(StillAnswering):
        send(said("second"), state)
    with pytest.raises(StillAnswering):
        retry(state)
    with pytest.raises(NothingToRetry):
        retry(Conversation())


def test_retry_keeps_the_question_with_its_media_and_empties_the_reply() -> None:
    picture = ImagePart(b"png", "image/png", 1, 1)
    message = Message("user", (picture, TextPart("what is it?")))
    failed = apply(BROKEN, send(message, Conversation()))
    again = retry(failed)
    assert again == send(message, Conversation())
    assert again.answering


def test_request_carries_answers_with_their_thinking_and_leaves_failures_out() -> None:
    state = Conversation()
    for text, events in (
        ("one", [ReasoningAdded("why"), AnswerAdded("1"), Finished("stop")]),
        ("two", [AnswerAdded("2, half"), BROKEN]),
        ("three", [ReasoningAdded("only thought"), Finished("cancelled")]),
        ("four", [AnswerAdded("4, stop"), Finished("cancelled")]),
    ):
        state = reduce(lambda state, event: apply(event, state), events, send(said(text), state))
    asked = request(send(said("five"), state), Options(thinking=False))
    assert [(message.role, message.text) for message in asked.messages] == [
        ("user", "one"),
        ("assistant", "1"),
        ("user", "four"),
        ("assistant", "4, stop"),
        ("user", "five"),
    ]
    assert asked.messages[1].reasoning == "why"
    assert asked.options == Options(thinking=False)
