"""Visitors: each has their own talk and choices; nothing typed is lost, nobody is kept for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from autoglm_ui.backends.choice import BackendChoice, BackendPool, UnavailableBackend
from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.conversation import StillAnswering
from autoglm_ui.jobs import BackgroundLoop
from autoglm_ui.session import MAX_ATTACHMENTS, NothingToSend, Session, TooManyAttachments
from autoglm_ui.sessions import Sessions, Visit
from engine.protocol import AudioPart, FailureKind, ImagePart, Options

SCRIPT = BackendChoice("scripted:delay=0")
SLOW = BackendChoice("scripted:delay=0.01")
PICTURE = ImagePart(b"png", "image/png", 720, 1600)
SOUND = AudioPart(b"wav", 16_000, 1.5)


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    loop = BackgroundLoop()
    yield loop
    loop.close()


@pytest.fixture
def pool(loop: BackgroundLoop) -> BackendPool:
    return BackendPool(loop)


@pytest.fixture
def session(loop: BackgroundLoop, pool: BackendPool) -> Iterator[Session]:
    session = Session("0" * 32, loop, pool, SCRIPT)
    yield session
    session.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def answered(session: Session) -> str:
    until(lambda: not session.conversation.answering)
    assert session.reply
    return session.reply.answer


def test_message_takes_the_attachments_with_it(session: Session) -> None:
    session.attach(PICTURE)
    session.attach(SOUND)
    session.send("look and listen")
    assert session.attachments == ()
    assert "720×1600" in answered(session) and "1.5 s" in answered(session)
    assert session.conversation.last
    assert session.conversation.last.user.images == (PICTURE,)


def test_half_an_emoji_is_asked_as_a_sign_that_it_is_missing(session: Session) -> None:
    session.send("half \ud83d")
    assert answered(session)
    assert session.conversation.exchanges[0].user.text == "half \ufffd"


def test_refused_message_leaves_everything_in_the_composer(session: Session) -> None:
    session.choose(SLOW)
    session.send("/long 5000")
    session.attach(PICTURE)
    with pytest.raises(StillAnswering):
        session.send("second")
    assert [item.part for item in session.attachments] == [PICTURE]
    session.stop()
    session.detach(session.attachments[0].id)
    with pytest.raises(NothingToSend):
        session.send("  \n ")


def test_attachments_are_limited_and_taken_out_one_by_one(session: Session) -> None:
    for _ in range(MAX_ATTACHMENTS):
        session.attach(PICTURE)
    with pytest.raises(TooManyAttachments):
        session.attach(SOUND)
    first, second, *_ = session.attachments
    session.detach(first.id)
    session.detach(first.id)
    assert session.attachments[0] == second and len(session.attachments) == MAX_ATTACHMENTS - 1


def test_recording_is_taken_although_there_are_too_many_and_sending_waits(session: Session) -> None:
    for _ in range(MAX_ATTACHMENTS):
        session.attach(PICTURE)
    session.attach(SOUND, recorded=True)
    assert session.attachments[-1].part == SOUND
    with pytest.raises(TooManyAttachments):
        session.send("look and listen")
    assert len(session.attachments) == MAX_ATTACHMENTS + 1
    session.detach(session.attachments[0].id)
    session.send("look and listen")
    assert answered(session)


def test_options_are_those_of_the_moment_of_asking(session: Session) -> None:
    session.options = Options(thinking=False, max_new_tokens=4)
    session.send("/long 20")
    assert answered(session) == "word 0, word 1,"
    assert session.reply and session.reply.finish == "length" and session.reply.reasoning == ""


def test_retry_asks_the_same_again(session: Session) -> None:
    session.choose(BackendChoice("scripted:delay=0,failures=1"))
    session.attach(PICTURE)
    session.send("please")
    until(lambda: session.reply and session.reply.failure)
    session.retry()
    assert "720×1600" in answered(session)


def test_backend_is_not_changed_under_a_reply(session: Session) -> None:
    session.choose(SLOW)
    session.send("/long 5000")
    with pytest.raises(StillAnswering):
        session.choose(SCRIPT)


def test_backends_are_shared_by_choice_and_closed_with_the_last_who_chose(
    loop: BackgroundLoop, pool: BackendPool
) -> None:
    one, two = Session("1" * 32, loop, pool, SCRIPT), Session("2" * 32, loop, pool, SCRIPT)
    assert one.backend is two.backend
    first = one.backend
    one.choose(SLOW)
    assert one.backend is not first and two.backend is first
    two.choose(SLOW)
    one.choose(SCRIPT)
    assert one.backend is not first
    one.close()
    two.close()


@pytest.mark.parametrize("model", ["scripted:speed=1", "scripted:delay=soon"])
def test_backend_that_cannot_be_made_says_why_instead_of_answering(session: Session, model: str) -> None:
    session.choose(BackendChoice(model))
    assert isinstance(session.backend, UnavailableBackend)
    assert session.backend.readiness().state == "failed"
    session.send("hello")
    answered(session)
    assert session.reply and session.reply.failure
    assert session.reply.failure.kind is FailureKind.INVALID_REQUEST


def test_model_that_could_not_be_loaded_is_loaded_again_on_retry_and_only_then(loop: BackgroundLoop) -> None:
    made: list[ScriptedBackend] = []

    def make(choice: BackendChoice) -> ScriptedBackend:
        made.append(ScriptedBackend(Script(delay=0, load_failure=not made)))
        return made[-1]

    session = Session("0" * 32, loop, BackendPool(loop, make), SCRIPT)
    session.send("hello")
    until(lambda: session.reply and session.reply.failure)
    session.retry()
    assert answered(session).endswith("Text received: hello")
    session.retry()
    answered(session)
    session.choose(SCRIPT)
    assert len(made) == 2
    session.close()


def test_key_is_in_no_representation_of_a_choice() -> None:
    assert "sk-secret" not in repr(BackendChoice("m", "http://h/v1", "sk-secret"))


class TestRegistry:
    @pytest.fixture
    def sessions(self, loop: BackgroundLoop, pool: BackendPool) -> Iterator[Sessions]:
        sessions = Sessions(loop, pool, SCRIPT)
        yield sessions
        sessions.close()

    def test_visitor_is_found_again_by_id(self, sessions: Sessions) -> None:
        visit = Visit("page one")
        first, visitor = sessions.find(visit), sessions.visitor(visit)
        assert sessions.find(Visit("page two", visitor, first.id)) is first

    def test_conversation_of_somebody_else_is_not_found(self, sessions: Sessions) -> None:
        mine = sessions.find(Visit("one", "1" * 32))
        theirs = sessions.find(Visit("two", "2" * 32, mine.id))
        assert theirs is not mine and theirs.id != mine.id
        assert sessions.open(mine.id, Visit("two", "2" * 32), theirs) is None
        sessions.stop(mine.id, theirs.owner)
        assert sessions.find(Visit("one", "1" * 32)) is mine

    def test_user_who_signed_in_has_one_history_whatever_the_browser(self, sessions: Sessions) -> None:
        ann = sessions.find(Visit("one", "1" * 32, user="ann"))
        assert sessions.find(Visit("two", "2" * 32, ann.id, user="ann")) is ann
        assert sessions.find(Visit("three", "1" * 32, ann.id, user="bob")) is not ann
        assert sessions.find(Visit("four", "1" * 32, ann.id)) is not ann

    def test_new_conversation_leaves_the_old_one_answering_and_keeps_the_choices(
        self, loop: BackgroundLoop, pool: BackendPool
    ) -> None:
        sessions = Sessions(loop, pool, SLOW)
        visit = Visit("page", "1" * 32)
        old = sessions.find(visit)
        old.options, old.language = Options(thinking=False), "zh"
        old.send("/long 5000")
        new = sessions.new(visit, old)
        assert new.options == old.options and new.language == "zh" and new.choice == old.choice
        assert not new.conversation.exchanges and old.conversation.answering
        assert sessions.shows("page", new) and not sessions.shows("page", old)
        assert sessions.answering(old.owner) == {old.id}
        assert sessions.open(old.id, visit, new) is old
        sessions.close()

    def test_event_that_was_on_its_way_does_not_bring_the_former_conversation_back(
        self, sessions: Sessions
    ) -> None:
        former = sessions.find(Visit("page"))
        stale = Visit("page", sessions.visitor(Visit("page")), former.id)
        new = sessions.new(stale, former)
        assert sessions.find(stale) is new and sessions.shows("page", new)

    def test_page_that_does_not_know_its_id_yet_gets_one_session(self, sessions: Sessions) -> None:
        assert sessions.find(Visit("page")) is sessions.find(Visit("page"))
        assert sessions.find(Visit("page")) is not sessions.find(Visit("other page"))

    def test_id_of_before_a_restart_begins_an_empty_session(self, sessions: Sessions) -> None:
        assert sessions.find(Visit("page", None, "a" * 32)).id == "a" * 32
        assert sessions.find(Visit("page", None, "a" * 32)).conversation.exchanges == ()

    @pytest.mark.parametrize("forged", ["", "short", "../../etc/passwd", "A" * 32, "a" * 33])
    def test_id_that_is_none_is_not_taken(self, sessions: Sessions, forged: str) -> None:
        assert sessions.find(Visit("page", forged, forged)).id != forged

    def test_idle_session_goes_unless_it_is_answering(self, loop: BackgroundLoop, pool: BackendPool) -> None:
        sessions = Sessions(loop, pool, SLOW)
        busy, idle = sessions.find(Visit("busy", "1" * 32)), sessions.find(Visit("idle", "2" * 32))
        busy.send("/long 5000")
        busy.touched = idle.touched = float("-inf")
        assert sessions.find(Visit("later", "1" * 32, busy.id)) is busy
        assert sessions.find(Visit("later", "2" * 32, idle.id)) is not idle
        sessions.close()
