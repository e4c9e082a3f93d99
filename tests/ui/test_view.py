"""State to widgets: what is foreign is escaped, every word is there in both languages."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.conversation import Conversation, apply, send
from autoglm_ui.session import Attachment
from autoglm_ui.store import MediaFolder
from autoglm_ui.view import chat, status
from autoglm_ui.view.actions import card
from autoglm_ui.view.examples import EXAMPLES, cards
from autoglm_ui.view.strings import EN, LANGUAGES, ZH, Strings, known, preferred
from engine.protocol import (
    AnswerAdded,
    AudioHeard,
    AudioPart,
    Capabilities,
    Event,
    Failed,
    FailureKind,
    Finished,
    ImagePart,
    ImageSeen,
    Message,
    Perceived,
    Queued,
    ReasoningAdded,
    TextPart,
    Timings,
    Usage,
)

HARM = "<img src=x onerror=alert(1)>\"'"


@pytest.fixture
def media(tmp_path: Path) -> MediaFolder:
    return MediaFolder(tmp_path / "media")


def shown(
    media: MediaFolder, *events: Event, strings: Strings = EN, last: bool = True
) -> list[chat.ChatMessage]:
    state = send(Message("user", (TextPart("hi"),)), Conversation())
    for second, event in enumerate(events, start=1):
        state = apply(event, state, float(second))
    assert state.last
    return chat.messages(state.last, media, strings, last)


def texts(messages: list[chat.ChatMessage]) -> list[str]:
    return [part.get("text", "") for message in messages for part in message["content"]]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def words(of: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every field with its name, those of the features' own words included."""
    assert is_dataclass(of)
    for field in fields(of):
        value, name = getattr(of, field.name), prefix + field.name
        if is_dataclass(value):
            yield from words(value, f"{name}.")
        else:
            yield name, value


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_every_word_is_there_and_every_failure_has_words(language: Strings) -> None:
    for name, value in words(language):
        assert value, name
    assert set(language.failures) == set(FailureKind)
    for said in language.failures.values():
        assert said.title and said.remedy


def test_both_languages_fill_in_the_same_facts() -> None:
    chinese = dict(words(ZH))
    for name, english in words(EN):
        if isinstance(english, str):
            assert placeholders(english) == placeholders(str(chinese[name])), name


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh", "zh"),
        ("en-US,en,zh;q=0.5", "en"),
        ("de-DE,de", "en"),
        ("", "en"),
    ],
)
def test_language_is_the_browsers_first(header: str, language: str) -> None:
    assert preferred(header) == language


def test_unknown_language_is_none() -> None:
    assert known("zh") == "zh" and known("fr") is None and known(None) is None


@pytest.mark.parametrize(
    "text", ["*bold*", "# title", "a_b_c", "$5 and $6", "<b>x</b>", "1. one", "`code`", "a&lt;b"]
)
def test_typed_text_is_not_markdown(text: str) -> None:
    escaped = chat.plain(text)
    assert not set("*#_<>`") & set(re.sub(r"&#\d+;", "", escaped))
    assert re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), escaped) == text


def test_text_goes_as_parts_since_bare_strings_lose_their_indentation(media: MediaFolder) -> None:
    code = "    indented\n        more"
    message = shown(media, AnswerAdded(code), Finished("stop"))[-1]
    assert message["content"] == [{"type": "text", "text": code}]


def test_fold_says_what_is_going_on(media: MediaFolder) -> None:
    def fold(*events: Event) -> tuple[str, str]:
        metadata = shown(media, *events)[1]["metadata"]
        return metadata["title"], metadata["status"]

    assert fold() == ("Reading", "pending")
    assert fold(Queued(2)) == ("Waiting, 2 before you", "pending")
    assert fold(Queued(reason="loading")) == ("Loading", "pending")
    assert fold(ReasoningAdded("a")) == ("Thinking", "pending")
    assert fold(ReasoningAdded("a"), AnswerAdded("b")) == ("Thought for 1.0 s", "done")
    long = [ReasoningAdded("a")] * 12
    assert fold(*long, AnswerAdded("b")) == ("Thought for 12 s", "done")


def test_reply_without_thinking_has_no_fold(media: MediaFolder) -> None:
    assert texts(shown(media, AnswerAdded("42"), Finished("stop"))) == ["hi", "42"]


@pytest.mark.parametrize(
    ("reason", "note"),
    [("length", "limit of tokens"), ("filtered", "withheld"), ("cancelled", "before an answer")],
)
def test_short_answer_says_why(media: MediaFolder, reason: str, note: str) -> None:
    assert note in texts(shown(media, Finished(reason)))[-1]  # type: ignore[arg-type]


def test_answer_without_a_word_is_said_to_be_one(media: MediaFolder) -> None:
    assert texts(shown(media, Finished("stop")))[-1] == f"*{EN.said_nothing}*"


def test_short_thinking_has_its_time(media: MediaFolder) -> None:
    replied = send(Message("user", (TextPart("hi"),)), Conversation())
    for second, event in ((1.0, ReasoningAdded("hm")), (1.04, AnswerAdded("yes")), (1.1, Finished("stop"))):
        replied = apply(event, replied, second)
    assert replied.last
    assert chat.thought_title(replied.last.reply, EN) == "Thought for 0.04 s"


def test_action_that_is_the_whole_answer_stands_once(media: MediaFolder) -> None:
    def code(answer: str) -> int:
        replied = send(Message("user", (TextPart("hi"),)), Conversation())
        for event in (AnswerAdded(answer), Finished("stop")):
            replied = apply(event, replied)
        assert replied.last
        return card(replied.last, None, EN).count("<code>")

    action = 'do(action="Launch", app="Camera")'
    assert code(action) == 0
    assert code(f"I open it: {action}") == 1


def test_failure_is_a_card_at_the_end_and_a_line_further_up(media: MediaFolder) -> None:
    failed = [AnswerAdded("half"), Failed(FailureKind.UNREACHABLE, "no route", "Check it.")]
    assert texts(shown(media, *failed)) == ["hi", "half"]
    assert "cannot be reached" in texts(shown(media, *failed, last=False))[-1]


def test_failure_card_says_what_why_and_what_next_and_escapes_all(media: MediaFolder) -> None:
    failure = Failed(FailureKind.SERVER_ERROR, f"upstream said {HARM}", f"Restart {HARM}", 502)
    for strings in LANGUAGES.values():
        card = chat.failure_card(failure, strings)
        assert strings.failures[failure.kind].title in card
        assert "HTTP 502" in card
        assert "<img" not in card
    assert "Restart" in chat.failure_card(failure, EN)
    assert ZH.failures[failure.kind].remedy in chat.failure_card(failure, ZH)


def test_media_are_files_named_by_their_content(media: MediaFolder) -> None:
    picture = ImagePart(b"\x89PNG picture", "image/png", 1, 1, "screen.png")
    path = media.put(picture)
    assert path == media.put(picture) and path.suffix == ".png"
    assert path.read_bytes() == picture.data
    assert [file.name for file in media.path.iterdir()] == [path.name]


def test_tray_names_what_it_removes_and_escapes_names(media: MediaFolder) -> None:
    items = [
        Attachment("id1", ImagePart(b"p", "image/png", 720, 1600, HARM)),
        Attachment("id2", AudioPart(b"w", 16_000, 1.0, name="say.wav")),
    ]
    html = status.tray(items, media, EN)
    assert html.count("<img ") == 1 and "onerror=alert(1)>" not in html
    assert 'data-remove="id1"' in html and 'aria-label="Remove say.wav"' in html
    assert "720×1600" in html
    assert status.tray([], media, EN) == ""


def test_status_tells_what_the_model_saw_and_how_fast_it_was() -> None:
    state = send(Message("user", (TextPart("hi"),)), Conversation())
    perceived = Perceived(
        images=(ImageSeen(1080, 2400, 224, 224, (0, 0, 1, 1)),),
        audios=(AudioHeard(2.13, 16_000), AudioHeard(1.0, 16_000, transcript="打开<相机>")),
        dropped_messages=4,
    )
    for event in (
        perceived,
        AnswerAdded("x"),
        Finished("stop", Usage(answer_tokens=12), Timings(first_token=0.123, tokens_per_second=45.4)),
    ):
        state = apply(event, state, 1.0)
    assert state.last
    line = status.status_line(ScriptedBackend(), state.last.reply, EN)
    for fact in (
        "saw 224×224 from 1080×2400",
        "heard 2.1 s",
        "heard “打开&lt;相机&gt;”",
        "the oldest 4 turns did not fit",
        "first token 0.12 s",
        "45 tokens/s",
        "12 tokens",
    ):
        assert fact in line
    assert 'data-state="done"' in line


def test_status_tells_how_a_backend_stands() -> None:
    loading = status.status_line(ScriptedBackend(Script(load=3600)), None, EN)
    assert 'data-state="loading"' in loading and "Loading scripted, 0 %" in loading
    failed = status.status_line(ScriptedBackend(Script(load_failure=True)), None, ZH)
    assert 'data-state="failed"' in failed and "scripted 加载失败" in failed
    assert ZH.failures[FailureKind.LOAD_FAILED].remedy in failed
    assert 'data-state="ready"' in status.status_line(ScriptedBackend(), None, EN)


def test_status_says_what_a_model_cannot_take_in() -> None:
    class Deaf(ScriptedBackend):
        def capabilities(self) -> Capabilities:
            return Capabilities(image=True, audio=False, thinking=True)

    assert "has no ear" in status.status_line(Deaf(), None, EN)
    assert "听不了声音" in status.status_line(Deaf(), None, ZH)
    whole = status.status_line(ScriptedBackend(), None, EN)
    assert EN.no_ear not in whole and EN.no_eye not in whole


@pytest.mark.parametrize("strings", LANGUAGES.values(), ids=list(LANGUAGES))
def test_every_example_can_be_asked_and_is_shown(media: MediaFolder, strings: Strings) -> None:
    html = cards(media, strings)
    for name, example in EXAMPLES[strings.code].items():
        assert f'data-example="{name}"' in html
        assert example.message.parts
