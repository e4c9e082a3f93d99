"""Conversations on disk: whole, their owner's alone, and never overwritten."""

from __future__ import annotations

import gc
import json
import os
import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autoglm_ui.attachments import attach
from autoglm_ui.conversation import Conversation, Exchange, Rating, Reply, apply, beside, rate, retry, send
from autoglm_ui.store import History, MediaFolder, NotSaved, Record, Shelf, StoreUnusable, archive
from engine.protocol import (
    AnswerAdded,
    AudioHeard,
    FailureKind,
    Finished,
    ImagePart,
    ImageSeen,
    MediaRefused,
    Message,
    Perceived,
    ReasoningAdded,
    TextPart,
    Timings,
    Usage,
)
from tests.ui.driver import EXAMPLES

ME, OTHER = "visitor:" + "1" * 32, "visitor:" + "2" * 32
SCREEN = attach(EXAMPLES / "settings-en.png")
SPEECH = attach(EXAMPLES / "tap-settings.en.wav")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "conversations.db", MediaFolder(tmp_path / "media"))
    yield history
    history.close()


def answered(text: str = "打开相机", answer: str = "Done.", id: str = "e1") -> Conversation:
    """A picture and speech, thought about and answered."""
    message = Message("user", (SCREEN, SPEECH, TextPart(text)))
    state = send(message, Conversation(), Reply(id=f"{id}-r1", backend="scripted"), id, 1000.0)
    for at, event in enumerate(
        (
            Perceived(
                (ImageSeen(720, 1600, 224, 224, (0.0, 0.0, 100.8, 224.0), 49),),
                (AudioHeard(1.5, 16_000, 150, 19, "tap"),),
                prompt_tokens=9,
                prompt="<|user|>",
            ),
            ReasoningAdded("a\n  b"),
            AnswerAdded(answer),
            Finished("stop", Usage(1, 49, 19, 3, 4), Timings(0.0, 0.1, 0.2, 0.3, 0.4, 50.0)),
        )
    ):
        state = apply(event, state, float(at))
    return state


def loaded(history: History, id: str = "c1") -> Conversation:
    record = history.load(id, ME)
    assert record
    return record.conversation


def test_everything_of_a_conversation_comes_back(history: History) -> None:
    state = rate("e1-r1", Rating("down", ("wrong place",), "it missed"), answered())
    state = beside(
        Reply(id="e1-r2", backend="other", without=("image",), status="done", answer="x"), "e1", state
    )
    history.save(Record("c1", ME, state, (SCREEN,)))
    record = history.load("c1", ME)
    assert record == Record("c1", ME, state, (SCREEN,))


def test_media_are_stored_once_however_often_they_are_said(history: History) -> None:
    history.save(Record("c1", ME, answered()))
    history.save(Record("c2", ME, answered(id="e2"), (SCREEN, SCREEN)))
    assert len(list(history.media.path.iterdir())) == 2


def test_reply_that_was_under_way_is_interrupted_and_keeps_its_text(history: History) -> None:
    state = send(Message("user", (TextPart("hi"),)), Conversation(), Reply(id="r"), "e", 1.0)
    history.save(Record("c1", ME, apply(AnswerAdded("half a"), state, 0.1)))
    reply = loaded(history).exchanges[0].reply
    assert reply.answer == "half a" and reply.failure
    assert reply.failure.kind is FailureKind.INTERRUPTED


def test_only_what_changed_is_written(history: History) -> None:
    before = answered()
    history.save(Record("c1", ME, before))
    for path in history.media.path.iterdir():
        path.unlink()
    after = send(Message("user", (TextPart("more"),)), before, Reply(id="r2"), "e2", 2000.0)
    history.save(Record("c1", ME, after), before)
    assert not list(history.media.path.iterdir()), "the first message was written again"
    assert [e.user.text for e in loaded(history).exchanges][-1] == "more"


def test_retry_keeps_the_earlier_answer(history: History) -> None:
    state = answered()
    history.save(Record("c1", ME, state))
    again = apply(AnswerAdded("Second."), retry(state, Reply(id="e1-r9")), 0.1)
    history.save(Record("c1", ME, again), state)
    exchange = loaded(history).exchanges[0]
    assert exchange.reply.answer == "Second." and [o.answer for o in exchange.others] == ["Done."]


def test_two_programs_with_one_folder_overwrite_nothing(history: History, tmp_path: Path) -> None:
    second = History(tmp_path / "conversations.db", MediaFolder(tmp_path / "media"))
    start = answered()
    history.save(Record("c1", ME, start))
    here = send(Message("user", (TextPart("here"),)), start, Reply(id="h"), "here", 2000.0)
    there = send(Message("user", (TextPart("there"),)), start, Reply(id="t"), "there", 3000.0)
    history.save(Record("c1", ME, here), start)
    second.save(Record("c1", ME, there), start)
    assert [e.user.text for e in loaded(history).exchanges] == ["打开相机", "here", "there"]
    second.close()


def test_nobody_sees_or_changes_what_is_somebody_elses(history: History) -> None:
    history.save(Record("c1", ME, answered()))
    assert history.load("c1", OTHER) is None and history.entries(OTHER) == []
    assert history.entries(OTHER, "打开") == []
    history.rename("c1", OTHER, "stolen")
    history.pin("c1", OTHER, True)
    history.delete("c1", OTHER)
    assert [(e.title, e.pinned) for e in history.entries(ME)] == [("打开相机", False)]


def test_search_finds_questions_answers_and_names_whatever_the_case(history: History) -> None:
    history.save(Record("c1", ME, answered("Öffne die KAMERA", "Gern.", "e1")))
    history.save(Record("c2", ME, answered("什么", "点击 100% Settings_", "e2")))
    history.rename("c2", ME, "  Mein   Name ")

    def found(text: str) -> list[str]:
        return [entry.id for entry in history.entries(ME, text)]

    assert found("öffne") == found("kamera") == found("GERN") == ["c1"]
    assert found("点击") == found("100%") == found("settings_") == found("mein name") == ["c2"]
    assert found("%") == ["c2"] and found("nowhere") == []
    assert "kamera" in history.entries(ME, "kamera")[0].snippet


def test_what_was_only_spoken_is_named_by_the_action_that_it_asked_for(history: History) -> None:
    history.save(Record("c1", ME, answered("", 'do(action="Launch", app="Camera")')))
    assert history.title("c1") == "Launch Camera"


def test_pinned_come_first_and_deleted_come_back(history: History) -> None:
    for number in range(3):
        history.save(Record(f"c{number}", ME, answered(f"q{number}", id=f"e{number}")))
    history.pin("c0", ME, True)
    assert [e.id for e in history.entries(ME)] == ["c0", "c2", "c1"]
    history.delete("c0", ME)
    assert [e.id for e in history.entries(ME)] == ["c2", "c1"]
    history.restore("c0", ME)
    assert history.count(ME) == 3


def test_deleted_conversation_that_somebody_goes_on_with_comes_back(history: History) -> None:
    state = answered()
    history.save(Record("c1", ME, state))
    history.delete("c1", ME)
    more = send(Message("user", (TextPart("still here"),)), state, Reply(id="r2"), "e2", 2000.0)
    history.save(Record("c1", ME, more), state)
    assert [e.id for e in history.entries(ME)] == ["c1"]


def test_purge_removes_what_was_deleted_and_the_files_that_nothing_refers_to(history: History) -> None:
    shared, alone = SCREEN, replace(SPEECH, data=SPEECH.data + b"\0\0")
    first = Message("user", (shared, alone))
    history.save(Record("c1", ME, send(first, Conversation(), Reply(id="r1"), "e1", 1.0)))
    history.save(Record("c2", ME, Conversation(), (shared,)))
    history.delete("c1", ME)
    history.purge(age=3600, grace=0)
    assert history.load("c1", ME), "it may still be brought back"
    history.purge(age=0, grace=0)
    assert history.load("c1", ME) is None
    assert list(history.media.path.iterdir()) == [history.media.put(shared)]


def test_file_that_is_gone_takes_nothing_else_with_it(history: History) -> None:
    history.save(Record("c1", ME, answered()))
    history.media.put(SCREEN).unlink()
    exchange = loaded(history).exchanges[0]
    assert exchange.user.audios and "打开相机" in exchange.user.text and not exchange.user.images
    history.save(Record("c1", ME, rate("e1-r1", Rating("up"), loaded(history))))
    history.media.put(SCREEN)
    assert loaded(history).exchanges[0].user.images, "what was once saved is not overwritten"


class TestFullDisk:
    @pytest.fixture
    def full(self) -> Iterator[None]:
        """No file may grow over 100 kB."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    @staticmethod
    def large() -> Record:
        text = "word " * 100_000
        return Record(
            "c2", ME, send(Message("user", (TextPart(text),)), Conversation(), Reply(id="r"), "e2", 2.0)
        )

    def test_nothing_is_half_written_and_what_was_there_stays(self, history: History, full: None) -> None:
        history.save(Record("c1", ME, Conversation(), ()))
        with pytest.raises(NotSaved):
            history.save(self.large())
        picture = ImagePart(os.urandom(200_000), "image/png", 10, 10)
        message = Message("user", (picture,))
        with pytest.raises(NotSaved):
            history.save(Record("c3", ME, send(message, Conversation(), Reply(id="r3"), "e3", 3.0)))
        assert history.load("c1", ME) and not history.load("c2", ME) and not history.load("c3", ME)
        assert list(history.media.path.iterdir()) == []

    def test_what_could_not_be_saved_is_saved_when_there_is_room(self, history: History) -> None:
        shelf = Shelf(history, interval=0.01, patience=0.01)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            shelf.save(self.large())
            assert shelf.problem
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        until = time.monotonic() + 30
        while shelf.problem and time.monotonic() < until:
            time.sleep(0.01)
        assert not shelf.problem
        assert loaded(history, "c2").exchanges[0].user == self.large().conversation.exchanges[0].user
        shelf.close()


def test_shelf_saves_while_an_answer_comes_and_all_of_it_in_the_end(history: History) -> None:
    shelf = Shelf(history, interval=0.01)
    state = send(Message("user", (TextPart("hi"),)), Conversation(), Reply(id="r"), "e", 1.0)
    seen: set[int] = set()
    for number in range(200):
        state = apply(AnswerAdded(f"{number} "), state, 0.1)
        shelf.put(Record("c1", ME, state))
        time.sleep(0.002)
        if record := history.load("c1", ME):
            seen.add(len(record.conversation.exchanges[0].reply.answer))
    assert len(seen) > 3, "it was saved on the way"
    shelf.close()
    assert loaded(history).exchanges[0].reply.answer.endswith("199 ")
    assert not [thread for thread in threading.enumerate() if thread.name == "saving"]


def spoilt(id: str) -> Record:
    """Half an emoji in it, as nothing can write it."""
    message = Message("user", (TextPart("half \ud83d"),))
    return Record(id, ME, send(message, Conversation(), Reply(id=f"{id}-r"), f"{id}-e", 2.0))


def test_what_cannot_be_written_of_one_conversation_keeps_no_other_from_it(history: History) -> None:
    shelf = Shelf(history, interval=0.01, patience=0.01)
    shelf.save(spoilt("c2"))
    assert shelf.problem and "UnicodeEncodeError" in shelf.problem.message
    shelf.save(Record("c1", ME, answered()))
    assert loaded(history) == answered()
    shelf.put(Record("c3", ME, answered(id="e3")))
    until = time.monotonic() + 30
    while not history.load("c3", ME) and time.monotonic() < until:
        time.sleep(0.01)
    assert loaded(history, "c3").exchanges, "the thread that saves goes on"
    shelf.close()


def test_half_an_emoji_gets_in_nowhere(history: History) -> None:
    history.save(Record("c1", ME, answered("robot")))
    history.rename("c1", ME, "name \ud83d")
    assert [entry.title for entry in history.entries(ME, "name \ud83d")] == ["name \ufffd"]
    text = archive.dump([archive.Archived("title", answered("robot"))]).replace("robot", "robot \\ud83d")
    (read,) = archive.load(text)
    assert read.conversation.exchanges[0].user.text == "robot \ufffd"


def test_what_nobody_has_open_is_not_kept_in_memory(history: History) -> None:
    shelf = Shelf(history, interval=0.01)
    shelf.save(Record("c1", ME, answered(id="only")))

    def kept() -> list[object]:
        gc.collect()
        return [one for one in gc.get_objects() if isinstance(one, Exchange) and one.id == "only"]

    assert kept()
    shelf.forget("c1")
    assert not kept()
    assert loaded(history) == answered(id="only")
    shelf.close()


def test_what_waits_for_room_is_found_again(history: History) -> None:
    shelf = Shelf(history, interval=0.01, patience=0.01)
    record = Record("c1", ME, answered(), (SCREEN,))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        shelf.save(record)
        shelf.forget("c1")
        assert shelf.problem and not history.load("c1", ME)
        assert shelf.load("c1", ME) == record and shelf.load("c1", OTHER) is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    shelf.close()
    assert loaded(history) == record.conversation


def test_shelf_that_is_closed_while_it_begins_to_write_ends(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(history, interval=0.01)
    clear = shelf._wake.clear

    def closed_just_before() -> None:
        shelf._ending.set()
        shelf._wake.set()
        clear()

    monkeypatch.setattr(shelf._wake, "clear", closed_just_before)
    shelf._wake.set()
    shelf._thread.join(5)
    assert not shelf._thread.is_alive()


def test_folder_that_cannot_be_read_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnusable, match="cannot be opened"):
        History(path, MediaFolder(tmp_path / "media"))
    assert path.read_bytes() == b"no database at all" * 100
    path.unlink()
    History(path, MediaFolder(tmp_path / "media")).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreUnusable, match="newer version"):
        History(path, MediaFolder(tmp_path / "media"))


class TestArchive:
    def test_what_was_exported_is_imported_whole(self) -> None:
        state = rate("e1-r1", Rating("up", (), "good"), answered())
        text = archive.dump([archive.Archived("My talk", state)])
        (found,) = archive.load(text)
        assert found.title == "My talk"
        (exchange,) = found.conversation.exchanges
        assert exchange.user == state.exchanges[0].user and exchange.asked == 1000.0
        assert replace(exchange.reply, id="e1-r1") == state.exchanges[0].reply
        assert exchange.id != "e1", "it stands beside the one it was made from"

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"format": "autoglm-conversations", "version": 1}', "\x00"]
    )
    def test_other_files_are_refused_in_words(self, text: str) -> None:
        with pytest.raises(archive.NotAnArchive):
            archive.load(text)

    def test_picture_that_is_none_is_refused(self) -> None:
        whole = json.loads(archive.dump([archive.Archived("t", answered())]))
        whole["media"] = dict.fromkeys(whole["media"], "AAAA")
        with pytest.raises(MediaRefused):
            archive.load(json.dumps(whole))
