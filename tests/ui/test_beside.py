"""Answers beside the one that counts: the same bytes to both, stopped, saved, and asked again."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest

from autoglm_ui import conversation
from autoglm_ui.backends.choice import BackendChoice, BackendPool
from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.beside import NoSecond
from autoglm_ui.conversation import Conversation, Exchange, Reply, StillAnswering
from autoglm_ui.jobs import BackgroundLoop
from autoglm_ui.session import Session
from autoglm_ui.sessions import Sessions, Visit
from autoglm_ui.store import History, MediaFolder, Shelf
from engine.protocol import AudioPart, Event, ImagePart, Message, Options, Request, TextPart

FIRST, SECOND = BackendChoice("scripted:delay=0"), BackendChoice("scripted:delay=0.001")
SLOW, SLOWER = BackendChoice("scripted:delay=0.01"), BackendChoice("scripted:delay=0.02")
PICTURE = ImagePart(b"png", "image/png", 720, 1600)
SOUND = AudioPart(b"wav", 16_000, 1.5)


class Listening(ScriptedBackend):
    """The stand-in, which keeps what it was asked."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.asked: list[Request] = []
        self.closed = False

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        async for event in super().stream(request):
            yield event

    async def aclose(self) -> None:
        self.closed = True


class House:
    """A session, and the backends that were made for it by choice."""

    def __init__(self, folder: Path) -> None:
        self.loop = BackgroundLoop()
        self.made: dict[BackendChoice, Listening] = {}
        self.pool = BackendPool(self.loop, self._make)
        self.history = History(folder / "conversations.db", MediaFolder(folder / "media"))
        self.shelf = Shelf(self.history, interval=0.01)
        self.session = Session("0" * 32, self.loop, self.pool, FIRST, "me", self.shelf)

    def saved(self) -> Conversation:
        self.shelf.flush()
        record = self.history.load(self.session.id, "me")
        assert record
        return record.conversation

    def close(self) -> None:
        self.session.close()
        self.shelf.close()
        self.loop.close()
        self.history.close()

    def _make(self, choice: BackendChoice) -> Listening:
        self.made[choice] = Listening(Script.parse(choice.model or ""))
        return self.made[choice]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def ask(session: Session, text: str) -> Exchange:
    """Ask and wait until everyone has answered."""
    session.send(text)
    return idle(session)


def idle(session: Session) -> Exchange:
    until(lambda: not session.busy)
    assert session.conversation.last
    return session.conversation.last


def test_both_are_asked_the_very_same(house: House) -> None:
    session = house.session
    ask(session, "before there were two")
    session.compare(SECOND)
    session.attach(PICTURE)
    exchange = ask(session, "look")
    assert house.made[FIRST].asked[-1] is house.made[SECOND].asked[-1]
    assert [message.text for message in house.made[SECOND].asked[-1].messages][::2] == [
        "before there were two",
        "look",
    ]
    assert exchange.beside and exchange.beside.answer == exchange.reply.answer
    assert exchange.beside.compared and not exchange.reply.compared
    assert exchange.beside.timings.total and exchange.beside.id != exchange.reply.id


def test_what_is_said_next_goes_on_with_the_first_until_the_other_is_preferred(house: House) -> None:
    session = house.session
    session.compare(SECOND)
    session.options = Options(thinking=False)
    ask(session, "/say one")
    session.compare(None)
    session.ask_without("image")
    assert idle(session).beside, "without a picture it is asked all the same"
    session.retry()
    exchange = idle(session)
    assert [other.compared for other in exchange.others] == [True, True, False]
    session.prefer(exchange.others[0].id)
    exchange = idle(session)
    assert exchange.reply.answer == "one" and not exchange.reply.compared
    assert house.saved().exchanges[-1].reply.id == exchange.reply.id


@pytest.mark.parametrize("which", ["both", "first", "second"])
def test_each_can_be_stopped_and_both_at_once(house: House, which: str) -> None:
    session = house.session
    session.choose(SLOW)
    session.compare(SLOWER)
    session.send("/long 5000")
    until(lambda: (last := session.conversation.last) and last.reply.answer and last.others[0].answer)
    {"both": session.stop, "first": session.stop_first, "second": session.beside.stop}[which]()
    last = session.conversation.last
    assert last and last.beside
    stopped = (last.reply.status == "stopped", last.beside.status == "stopped")
    assert stopped == (which != "second", which != "first")
    assert session.busy is (which != "both")
    session.stop()
    until(lambda: not house.made[SLOW].open_streams and not house.made[SLOWER].open_streams)


def test_nothing_else_is_begun_while_either_answers(house: House) -> None:
    session = house.session
    session.compare(SLOWER)
    session.send("/long 5000")
    until(lambda: not session.conversation.answering)  # the first has no delay
    for begin in (
        lambda: session.send("another"),
        session.retry,
        lambda: session.choose(SLOW),
        lambda: session.compare(None),
        lambda: session.ask_without("image"),
        session.replay,
        lambda: session.prefer("x"),
    ):
        with pytest.raises(StillAnswering):
            begin()
    session.stop()


def test_both_are_saved_as_they_come_and_what_was_cut_off_is_said(house: House) -> None:
    session = house.session
    session.compare(SLOWER)
    session.send("/long 5000")
    until(lambda: (last := session.conversation.last) and last.reply.settled and last.others[0].answer)
    saved = house.saved().exchanges[-1]
    assert saved.reply.status == "done" and saved.reply.answer.startswith("word 0,")
    assert saved.beside and saved.beside.answer.startswith("word") and saved.beside.failure
    session.stop()


def test_second_backend_is_closed_when_nobody_wants_it(house: House) -> None:
    house.session.compare(SECOND)
    house.session.compare(SECOND)
    house.session.compare(None)
    until(lambda: house.made[SECOND].closed)
    assert house.session.beside.backend is None


def test_new_conversation_keeps_the_second_backend(house: House) -> None:
    sessions = Sessions(house.loop, house.pool, FIRST)
    visit = Visit("page", "1" * 32)
    old = sessions.find(visit)
    old.compare(SECOND)
    assert sessions.new(visit, old).beside.choice == SECOND
    sessions.close()
    until(lambda: house.made[SECOND].closed)


def test_answer_without_the_picture_is_given_without_any(house: House) -> None:
    session = house.session
    session.attach(PICTURE)
    ask(session, "what is here?")
    session.attach(PICTURE)
    ask(session, "")
    session.attach(PICTURE)
    session.attach(SOUND)
    ask(session, "and here?")
    session.ask_without("image")
    exchange = idle(session)
    asked = house.made[FIRST].asked[-1]
    assert not any(message.images for message in asked.messages)
    assert [message.text for message in asked.messages if message.role == "user"] == [
        "what is here?",
        "and here?",
    ], "a question that was a picture only goes with its answer"
    assert exchange.beside and exchange.beside.without == ("image",)
    assert "Picture" not in exchange.beside.answer and "Recording" in exchange.beside.answer
    session.ask_without("audio")
    exchange = idle(session)
    assert exchange.beside and exchange.beside.without == ("audio",)
    assert "Picture" in exchange.beside.answer and "Recording" not in exchange.beside.answer
    assert [other.without for other in house.saved().exchanges[-1].others] == [("image",), ("audio",)]


def test_question_of_which_nothing_would_be_left_is_not_asked(house: House) -> None:
    house.session.attach(SOUND)
    ask(house.session, "")
    house.session.ask_without("audio")
    assert not house.session.busy and idle(house.session).others == ()
    picture = Request((Message("user", (PICTURE,)),))
    assert conversation.without("image", picture) is None
    assert conversation.without("audio", picture) == picture


def test_replay_asks_every_question_with_the_history_that_it_had(house: House) -> None:
    session = house.session
    session.attach(PICTURE)
    for text in ("look", "/say two", "three"):
        ask(session, text)
    with pytest.raises(NoSecond):
        session.replay()
    session.compare(SECOND)
    session.replay()
    until(lambda: session.beside.replay and session.beside.replay.state == "done")
    assert house.made[SECOND].asked == house.made[FIRST].asked
    assert session.beside.replay and session.beside.replay.done == 3
    assert not session.busy
    for exchange in house.saved().exchanges:
        assert exchange.beside and exchange.beside.answer == exchange.reply.answer
    session.beside.forget_replay()
    assert session.beside.replay is None


def test_replay_is_stopped_where_it_is_and_keeps_what_it_has(house: House) -> None:
    session = house.session
    for text in ("one", "/long 5000", "three"):
        ask(session, text)
    session.compare(SLOW)
    session.replay()
    until(lambda: (beside := session.conversation.exchanges[1].beside) and beside.answer)
    session.stop()
    assert session.beside.replay
    assert (session.beside.replay.state, session.beside.replay.done) == ("stopped", 1)
    until(lambda: not house.made[SLOW].open_streams)
    first, second, third = session.conversation.exchanges
    assert first.beside and first.beside.status == "done"
    assert second.beside and second.beside.status == "stopped" and third.beside is None
    assert not session.busy


def test_replay_ends_where_no_question_can_be_answered(house: House) -> None:
    session = house.session
    for text in ("one", "two"):
        ask(session, text)
    session.compare(BackendChoice("scripted:load_failure=1"))
    session.replay()
    until(lambda: not session.busy)
    assert session.beside.replay
    assert (session.beside.replay.state, session.beside.replay.done) == ("failed", 1)
    assert session.conversation.exchanges[1].others == ()


def test_answers_of_before_there_were_comparisons_are_read(house: House) -> None:
    exchange = Exchange(Message("user", (TextPart("q"),)), Reply("done"), others=(Reply("done", answer="x"),))
    assert exchange.beside is None, "an answer that was asked for again was not asked for to be compared"
