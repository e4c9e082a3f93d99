"""What a person does in the page, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage, Wire

pytestmark = pytest.mark.browser

SCREEN = EXAMPLES / "settings-en.png"


def test_text_is_answered_with_the_thinking_shown_live_and_then_folded(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted:delay=0.1").url)
    chat.send("hello there")
    expect(chat.question).to_contain_text("hello there", timeout=PATIENCE)
    expect(chat.thought).to_contain_text("I am a script", timeout=PATIENCE)
    expect(chat.thought).to_contain_text("Thinking")
    expect(chat.text).to_have_value("")
    chat.wait()
    expect(chat.answer).to_have_text("This is a scripted stand-in, not a model. Text received: hello there")
    expect(chat.thought).to_contain_text(re.compile(r"Thought for \d"))
    expect(chat.thought).not_to_contain_text("I am a script")
    chat.thought.get_by_role("button").first.click()
    expect(chat.thought).to_contain_text("I am a script")
    expect(chat.status).to_contain_text(re.compile(r"first token \d+\.\d\d s"))
    expect(chat.status).to_contain_text(re.compile(r"\d+ tokens/s"))


#: Notes the frames that hold text of thinking under way, folded to nothing.
_WATCH_THE_FOLD = """() => {
    window.hiddenText = [];
    const look = () => {
        const fold = document.querySelector("#live .thought-group:has(.loading-spinner)");
        const text = fold?.querySelector(":scope > :not(.title)");
        if (text?.textContent.trim() && text.clientHeight < 20) window.hiddenText.push(text.clientHeight);
        requestAnimationFrame(look);
    };
    look();
}"""


def test_thinking_is_seen_in_the_frame_in_which_it_comes(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted:delay=0.1").url)
    chat.page.evaluate(_WATCH_THE_FOLD)
    chat.send("hello there")
    expect(chat.thought).to_contain_text("I am a script, so I only list", timeout=PATIENCE)
    assert chat.page.evaluate("window.hiddenText") == []
    chat.wait()


def test_shift_enter_is_a_new_line_and_a_text_is_shown_as_typed(chat: ChatPage) -> None:
    chat.text.fill("1. *first*")
    chat.text.press("Shift+Enter")
    chat.text.press_sequentially("  # second <b>$x$</b>")
    expect(chat.text).to_have_value("1. *first*\n  # second <b>$x$</b>")
    chat.text.press("Enter")
    chat.wait()
    shown = chat.question.locator(".md").inner_text()
    assert shown.replace("\u00a0", " ") == "1. *first*\n  # second <b>$x$</b>"


def test_enter_that_ends_a_choice_of_an_input_method_does_not_send(chat: ChatPage) -> None:
    chat.text.fill("nihao")
    chat.text.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "keyCode": 229})
    chat.text.press_sequentially("!")
    expect(chat.text).to_have_value("nihao!")
    expect(chat.live).to_be_hidden()


def test_picture_is_attached_removed_attached_and_sent(chat: ChatPage) -> None:
    chat.attach(SCREEN)
    thumbnail = chat.tray.locator("img")
    assert thumbnail.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 720
    chat.tray.get_by_role("button", name="Remove").click()
    expect(chat.tray).to_have_count(0)
    chat.attach(SCREEN)
    chat.ask("look")
    expect(chat.question.locator("img")).to_be_visible()
    expect(chat.answer).to_contain_text("Picture received: 720×1600.")
    expect(chat.status).to_contain_text("saw 224×224 from 720×1600")
    expect(chat.tray).to_have_count(0)


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_picture_is_pasted_and_dropped(chat: ChatPage, way: str) -> None:
    chat.text.fill("typed before")
    chat.give(way, SCREEN, "image/png")
    expect(chat.tray.locator("img")).to_be_visible(timeout=PATIENCE)
    expect(chat.text).to_have_value("typed before")
    chat.send_button.click()
    chat.wait()
    expect(chat.answer).to_contain_text("Picture received: 720×1600. Text received: typed before")


def test_recording_attaches_at_once_with_a_player_and_is_sent_without_text(chat: ChatPage) -> None:
    chat.record(seconds=2)
    player = chat.tray.locator("audio")
    seconds = player.evaluate(
        """async (audio) => {
            const loaded = new Promise((done) => audio.addEventListener("loadedmetadata", done));
            if (audio.readyState < 1) await loaded;
            return audio.duration;
        }"""
    )
    assert 1.8 < seconds < 30
    expect(chat.notice).to_have_count(0)  # it was not silent
    chat.send_button.click()
    chat.wait()
    expect(chat.answer).to_contain_text(re.compile(r"Recording received: \d+\.\d s at 16000 Hz\."))
    expect(chat.status).to_contain_text(re.compile(r"heard \d+\.\d s"))


def test_recording_beyond_the_limit_is_kept_and_sending_waits(chat: ChatPage) -> None:
    for _ in range(4):
        chat.attach(SCREEN, SCREEN)
    chat.record(seconds=1)
    expect(chat.tray).to_have_count(9)
    chat.send("look")
    expect(chat.notice).to_contain_text("Take one out, then send")
    expect(chat.text).to_have_value("look")
    chat.tray.first.get_by_role("button").click()
    expect(chat.tray).to_have_count(8)
    chat.send_button.click()
    chat.wait()
    expect(chat.answer).to_contain_text("Recording received")


def test_picture_and_recording_go_together(chat: ChatPage) -> None:
    chat.attach(SCREEN)
    chat.record(seconds=1)
    chat.send_button.click()
    chat.wait()
    expect(chat.answer).to_contain_text(re.compile(r"Picture received: 720×1600\. Recording received: \d"))


def test_file_that_is_neither_is_refused_and_all_else_stays(chat: ChatPage, tmp_path: Path) -> None:
    note = tmp_path / "notes.png"
    note.write_text("no picture at all")
    chat.attach(SCREEN)
    chat.text.fill("still here")
    chat.page.locator("#composer input[type=file]").set_input_files(str(note))
    expect(chat.notice).to_contain_text("notes.png cannot be used", timeout=PATIENCE)
    expect(chat.text).to_have_value("still here")
    expect(chat.tray).to_have_count(1)


def test_nothing_to_send_is_said(chat: ChatPage) -> None:
    chat.send_button.click()
    expect(chat.notice).to_contain_text("Type something", timeout=PATIENCE)


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_stop_takes_the_place_of_send_and_keeps_the_text(chat: ChatPage, way: str) -> None:
    chat.send("/long 2000")
    expect(chat.answer).to_contain_text("word 5,", timeout=PATIENCE)
    expect(chat.send_button).to_be_hidden()
    if way == "button":
        chat.stop_button.click()
    else:
        chat.page.keyboard.press("Escape")
    chat.wait("stopped")
    text = chat.answer.inner_text()
    assert "word 5," in text and "word 1999" not in text
    chat.ask("and now?")  # what was stopped takes no more text, and the next answer comes
    assert text in chat.page.locator("#history").inner_text()


def test_reload_in_mid_answer_loses_nothing(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url)
    chat.attach(SCREEN)
    chat.send("/long 150")
    expect(chat.answer).to_contain_text("word 5,", timeout=PATIENCE)
    chat.text.press_sequentially("a draft")
    chat.attach(SCREEN)
    chat.reload()
    expect(chat.stop_button).to_be_visible()
    expect(chat.question).to_contain_text("/long 150")
    expect(chat.question.locator("img")).to_be_visible()
    expect(chat.text).to_have_value("a draft")
    expect(chat.tray).to_have_count(1)
    chat.wait()
    words = re.findall(r"word (\d+),", chat.answer.inner_text())
    assert [int(word) for word in words] == list(range(150))
    chat.reload()
    expect(chat.answer).to_contain_text("word 149, end.")


def test_page_that_was_closed_does_not_stop_the_answer(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url)
    chat.send("/long 100")
    expect(chat.answer).to_contain_text("word 1,", timeout=PATIENCE)
    chat.page.goto("about:blank")
    chat.open()
    chat.wait()
    expect(chat.answer).to_contain_text("word 99, end.")


def test_lost_connection_is_mended_by_itself_and_loses_nothing(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    app = launch("--model", "scripted")
    wire = Wire(int(app.url.rpartition(":")[2]))
    chat = visit(wire.url)
    chat.send("/long 250")
    expect(chat.answer).to_contain_text("word 5,", timeout=PATIENCE)
    chat.text.press_sequentially("a draft")
    wire.cut()
    expect(chat.page.locator("body")).to_contain_text("reconnection", timeout=PATIENCE)
    wire.mend()
    expect(chat.answer).to_contain_text("word 249, end.", timeout=PATIENCE)
    expect(chat.text).to_have_value("a draft")
    chat.wait()
    wire.cut()


def test_typing_goes_on_while_the_answer_comes_and_a_second_message_waits_in_the_composer(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted:delay=0.1").url)  # slow enough for a busy machine
    chat.send("/long 2000")
    expect(chat.answer).to_contain_text("word 1,", timeout=PATIENCE)
    chat.send("and another thing")
    expect(chat.notice).to_contain_text("still answering", timeout=PATIENCE)
    expect(chat.text).to_have_value("and another thing")
    chat.stop_button.click()
    chat.wait("stopped")
    chat.text.press("Enter")
    chat.wait()
    expect(chat.answer).to_contain_text("Text received: and another thing")
    expect(chat.notice).to_have_count(0)


def test_failure_keeps_what_was_asked_and_retry_answers_it(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted:failures=1").url)
    chat.attach(SCREEN)
    chat.send("please look")
    expect(chat.failure).to_contain_text("The server failed", timeout=PATIENCE)
    expect(chat.failure).to_contain_text("HTTP 500")
    expect(chat.answer).to_have_text("This is a")  # what had arrived
    expect(chat.question).to_contain_text("please look")
    expect(chat.question.locator("img")).to_be_visible()
    chat.page.locator("#retry").click()
    chat.wait()
    expect(chat.failure).to_be_hidden()
    expect(chat.answer).to_contain_text("Picture received: 720×1600. Text received: please look")


def test_failed_question_is_left_out_of_the_next_one_but_stays_in_sight(chat: ChatPage) -> None:
    chat.send("/fail unauthorized")
    chat.wait("failed")
    expect(chat.failure).to_contain_text("The server refused the key")
    chat.ask("hello")
    chat.thought.get_by_role("button").first.click()
    expect(chat.thought).to_contain_text("message number 1 of this conversation")
    expect(chat.page.locator("#history")).to_contain_text("The server refused the key")


@pytest.mark.parametrize(
    ("command", "said"), [("/cut", "broke off"), ("/raise", "Something went wrong here")]
)
def test_stream_that_breaks_off_is_a_failure_with_a_way_on(chat: ChatPage, command: str, said: str) -> None:
    chat.send(command)
    chat.wait("failed")
    expect(chat.failure).to_contain_text(said)
    expect(chat.failure).not_to_contain_text("Traceback")
    expect(chat.page.locator("#retry")).to_be_visible()


def test_examples_are_asked_with_one_click(chat: ChatPage) -> None:
    chat.text.fill("my draft")
    chat.page.locator("#examples").get_by_role("button", name="A screen and a spoken command").click()
    expect(chat.question.locator("img")).to_be_visible(timeout=PATIENCE)
    chat.wait()
    expect(chat.answer).to_contain_text(
        re.compile(r"Picture received: 720×1600\. Recording received: 1\.\d s")
    )
    expect(chat.text).to_have_value("my draft")


def test_long_conversation_shows_its_end_and_the_rest_on_demand(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted:delay=0").url)
    for number in range(18):
        chat.ask(f"question {number:02d}.")
    expect(chat.conversation).to_contain_text("question 02.")
    expect(chat.conversation).not_to_contain_text("question 01.")
    chat.page.locator("#earlier").click()
    expect(chat.conversation).to_contain_text("question 00.")
    expect(chat.page.locator("#earlier")).to_be_hidden()


def test_two_visitors_see_their_own_conversation_only(chat: ChatPage, visit: Callable[..., ChatPage]) -> None:
    other = visit(chat.url)
    chat.ask("mine")
    other.ask("theirs")
    other.reload()
    expect(other.conversation).to_contain_text("theirs")
    expect(other.conversation).not_to_contain_text("mine")
    chat.reload()
    expect(chat.conversation).not_to_contain_text("theirs")


def test_copy_puts_the_answer_on_the_clipboard_without_the_thinking(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.ask("/code")
    chat.page.locator("#copy").click()
    expect(chat.page.locator("#copy")).to_have_class(re.compile("copied"))
    copied = chat.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("```python\ndef tap(") and "\n    if x < 0:\n        raise" in copied


def test_indentation_of_code_survives(chat: ChatPage) -> None:
    chat.ask("/code")
    expect(chat.answer.locator("pre")).to_contain_text("    if x < 0:\n        raise ValueError(x)")


def test_answer_runs_no_script_and_fetches_nothing_from_elsewhere(chat: ChatPage) -> None:
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.ask(
        "/say <img src=x onerror='window.harm=1'><script>window.harm=1</script>"
        "<a href='javascript:window.harm=1'>link</a> ![x](https://example.org/leak.png) safe"
    )
    expect(chat.answer).to_contain_text("safe")
    assert chat.page.evaluate("window.harm") is None
    loaded = chat.page.locator("#live img[src*='example.org']")
    assert all(not width for width in loaded.evaluate_all("(images) => images.map((i) => i.naturalWidth)"))


def test_page_asks_nobody_but_its_server(launch: Callable[..., App], visit: Callable[..., ChatPage]) -> None:
    url = launch("--model", "scripted").url
    chat = visit(url)
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.reload()
    chat.ask("hello $$x^2$$")
    strangers = [address for address in asked if not address.startswith((url, "data:", "blob:"))]
    assert asked and not strangers
