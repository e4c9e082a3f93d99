"""Events from the decode loop's thread to their readers: gathered where many read, late for none."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from engine.mailbox import PACE, Mailbox, Outbox
from engine.protocol import AnswerAdded, Finished, Queued, ReasoningAdded

END = Finished("stop")


async def test_who_reads_slowly_gets_what_lies_there_in_one_piece():
    mailbox = Mailbox()
    thinking = [ReasoningAdded("I "), ReasoningAdded("think.")]
    for event in (
        Queued(0, "loading"),
        *thinking,
        AnswerAdded("So "),
        AnswerAdded("it "),
        AnswerAdded("is."),
    ):
        mailbox.put(event)
    assert await mailbox.take() == Queued(0, "loading")
    assert await mailbox.take() == ReasoningAdded("I think.")
    mailbox.put(AnswerAdded(" Yes."))
    mailbox.put(None)
    assert await mailbox.take() == AnswerAdded("So it is. Yes.")
    assert await mailbox.take() is None


def post(outbox: Outbox, mailboxes: list[Mailbox], *events) -> None:
    """On another thread, as the decode loop does, a turn's end after it."""

    def turn() -> None:
        for event in events:
            for mailbox in mailboxes:
                outbox.post(mailbox, event)
        outbox.flush_due()

    thread = threading.Thread(target=turn)
    thread.start()
    thread.join()


async def arrived(mailbox: Mailbox) -> list:
    """All that lies there: taking it does not wait, and what would wait is given up."""
    await asyncio.sleep(0)  # what was delivered is put
    taken = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            while True:
                taken.append(await mailbox.take())
    return taken


async def test_one_reader_hears_of_every_token_at_once():
    outbox, mailbox = Outbox(clock=lambda: 0.0), Mailbox()
    for word in ("It ", "is."):
        post(outbox, [mailbox], AnswerAdded(word))
        assert await arrived(mailbox) == [AnswerAdded(word)]


async def test_many_readers_get_the_first_text_at_once_and_the_rest_gathered():
    now = 0.0
    outbox, mailboxes = Outbox(clock=lambda: now), [Mailbox() for _ in range(16)]
    post(outbox, mailboxes, AnswerAdded("It "))
    assert await arrived(mailboxes[7]) == [AnswerAdded("It ")]
    post(outbox, mailboxes, AnswerAdded("is "))
    now = 14 * PACE
    post(outbox, mailboxes, AnswerAdded("only "))
    assert await arrived(mailboxes[7]) == []
    now = 15 * PACE
    post(outbox, mailboxes, AnswerAdded("text."))
    assert await arrived(mailboxes[7]) == [AnswerAdded("is only text.")]


async def test_whatever_else_happens_is_told_at_once_with_the_text_before_it():
    outbox, mailboxes = Outbox(clock=lambda: 0.0), [Mailbox() for _ in range(16)]
    post(outbox, mailboxes, AnswerAdded("It "))
    await arrived(mailboxes[3])
    post(outbox, mailboxes, AnswerAdded("is."))
    post(outbox, mailboxes[3:4], END, None)
    assert await arrived(mailboxes[3]) == [AnswerAdded("is."), END, None]


async def test_a_new_reader_does_not_wait_for_the_others_to_be_told():
    outbox, mailboxes = Outbox(clock=lambda: 0.0), [Mailbox() for _ in range(16)]
    post(outbox, mailboxes, AnswerAdded("It "))
    await arrived(mailboxes[0])
    late = Mailbox()
    post(outbox, [*mailboxes, late], ReasoningAdded("Hm"))
    assert await arrived(late) == [ReasoningAdded("Hm")]
