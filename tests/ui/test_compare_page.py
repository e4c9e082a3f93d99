"""Two answers next to each other, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage, Wire
from tests.ui.endpoints import Endpoint, answering

pytestmark = pytest.mark.browser

SCREEN = EXAMPLES / "settings-en.png"


class Pair:
    """The two columns of a page."""

    def __init__(self, chat: ChatPage) -> None:
        page = chat.page
        self.chat = chat
        self.page = page
        self.heads = page.locator("#heads .column-head")
        self.first = page.locator("#live .bot-row .message-content").last
        self.second = page.locator("#beside .bot-row .message-content").last
        self.verdict = page.locator("#verdict")
        self.sheet = page.locator("#comparison .sheet")

    def choose(self, kind: str, field: str, value: str) -> None:
        """Let a second backend answer from now on."""
        self.page.locator("#compare-toggle").click()
        self.page.locator(f"#second-kind input[value={kind}]").check()
        self.page.locator(f"#{field}").locator("input, textarea").fill(value)
        self.page.locator("#second-use").click()
        expect(self.page.locator("#second-said [role=status]")).to_be_visible(timeout=PATIENCE)
        self.page.locator("#compare-close").click()

    def settled(self) -> None:
        """Both have ended, and the page knows."""
        expect(self.verdict.locator("button")).to_be_visible(timeout=PATIENCE)
        expect(self.chat.send_button).to_be_visible(timeout=PATIENCE)

    def figure(self, column: int, name: str) -> Locator:
        return self.heads.nth(column).locator("div", has=self.page.get_by_text(name, exact=True))


@pytest.fixture
def pair(chat: ChatPage) -> Pair:
    """The scripted stand-in, and a slower one beside it."""
    pair = Pair(chat)
    pair.choose("checkpoint", "second-checkpoint", "scripted:delay=0.05")
    return pair


def test_both_stream_next_to_each_other_survive_a_reload_and_either_goes_on(pair: Pair) -> None:
    chat = pair.chat
    chat.attach(SCREEN)
    chat.send("/long 120")
    expect(pair.first).to_contain_text("word 5,", timeout=PATIENCE)
    expect(pair.second).to_contain_text("word 1,", timeout=PATIENCE)
    left, right = pair.first.bounding_box(), pair.second.bounding_box()
    assert left and right and left["x"] + left["width"] <= right["x"]
    chat.reload()
    expect(pair.second).to_contain_text("word 30,", timeout=PATIENCE)
    expect(chat.page.locator("#history .user-row")).to_contain_text("/long 120")
    pair.settled()
    for column in (pair.first, pair.second):
        numbers = re.findall(r"word (\d+),", column.inner_text())
        assert [int(number) for number in numbers] == list(range(120))
    for column in (0, 1):
        for name in ("First token", "Thought for", "Whole answer", "Tokens per second"):
            expect(pair.figure(column, name)).to_contain_text(re.compile(r"\d+\.\d"))
    pair.page.get_by_role("button", name="Continue with this one").click()
    expect(pair.page.locator("#second")).to_be_hidden(timeout=PATIENCE)
    expect(chat.question).to_contain_text("/long 120")
    expect(chat.answer).to_contain_text("word 119, end.")
    expect(chat.page.locator("#again")).to_contain_text("2 answers")


def test_lost_connection_loses_neither_answer(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    wire = Wire(int(launch("--model", "scripted").url.rpartition(":")[2]))
    pair = Pair(visit(wire.url))
    pair.choose("checkpoint", "second-checkpoint", "scripted:delay=0.04")
    pair.chat.send("/long 200")
    expect(pair.second).to_contain_text("word 5,", timeout=PATIENCE)
    wire.cut()
    expect(pair.page.locator("body")).to_contain_text("reconnection", timeout=PATIENCE)
    wire.mend()
    expect(pair.first).to_contain_text("word 199, end.", timeout=PATIENCE)
    expect(pair.second).to_contain_text("word 199, end.", timeout=PATIENCE)
    pair.settled()
    wire.cut()


def test_each_column_is_stopped_by_itself_and_stop_ends_both(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    pair = Pair(visit(launch("--model", "scripted:delay=0.1").url))  # slow enough for a busy machine
    pair.choose("checkpoint", "second-checkpoint", "scripted:delay=0.15")
    pair.chat.send("/long 2000")
    expect(pair.second).to_contain_text("word 2,", timeout=PATIENCE)
    pair.heads.nth(0).get_by_role("button", name="Stop this one").press("Enter")
    expect(pair.heads.nth(0)).to_have_attribute("data-state", "stopped", timeout=PATIENCE)
    expect(pair.heads.nth(1)).to_have_attribute("data-state", "answering")
    expect(pair.chat.stop_button).to_be_visible()
    pair.chat.stop_button.click()
    expect(pair.heads.nth(1)).to_have_attribute("data-state", "stopped", timeout=PATIENCE)
    pair.settled()
    assert "end." not in pair.first.inner_text() + pair.second.inner_text()


def test_places_that_two_models_point_at_are_measured_on_the_picture(
    chat: ChatPage,
) -> None:
    with Endpoint(answering('do(action="Tap", ', "element=[600,250])"), models=("other",)) as endpoint:
        pair = Pair(chat)
        pair.choose("endpoint", "second-base-url", endpoint.url)
        chat.attach(SCREEN)
        chat.send('/say do(action="Tap", element=[500,250])')
        pair.settled()
        expect(pair.verdict).to_contain_text("72 pixels apart on the picture of 720×1600, 100 thousandths")
        expect(pair.page.locator("#pair .action-card")).to_have_count(2)
        chat.page.locator("#inspect").click()
        drawer = chat.page.locator("#inspector")
        answers = drawer.get_by_role("group", name="Whose answer").get_by_role("button")
        expect(answers).to_have_count(2, timeout=PATIENCE)
        expect(answers.first).to_have_attribute("aria-pressed", "true")
        answers.last.click()
        expect(drawer.locator("pre").last).to_contain_text(f"POST {endpoint.url}", timeout=PATIENCE)
        expect(answers.last).to_have_attribute("aria-pressed", "true")
        chat.page.keyboard.press("Escape")
        pair.verdict.get_by_role("button", name="Show the differences").click()
        expect(pair.sheet.locator(".marks circle.dot")).to_have_count(2, timeout=PATIENCE)
        expect(pair.sheet.locator("del")).to_contain_text(["only in the first", "500"])
        expect(pair.sheet.locator(".measured tbody tr").first).to_contain_text("First token")
        pair.page.keyboard.press("Escape")
        expect(pair.sheet).to_be_hidden(timeout=PATIENCE)
    chat.send("and without it?")
    expect(pair.page.locator("#second-foot .failure")).to_contain_text("cannot be reached", timeout=PATIENCE)
    expect(pair.first).to_contain_text("and without it?")


def test_question_is_asked_again_without_its_picture_and_both_stay_to_be_compared(chat: ChatPage) -> None:
    pair = Pair(chat)
    chat.ask("hello")
    expect(chat.page.locator("#again button")).to_have_count(0)
    chat.attach(SCREEN)
    chat.ask("look")
    chat.page.get_by_role("button", name="Without the picture").click()
    expect(pair.heads.nth(1)).to_contain_text("without the picture", timeout=PATIENCE)
    pair.settled()
    expect(pair.first).to_contain_text("Picture received")
    expect(pair.second).to_have_text("This is a scripted stand-in, not a model. Text received: look")
    chat.ask("next")
    expect(pair.page.locator("#second")).to_be_hidden()
    chat.page.locator("#history").get_by_role("button", name="2 answers").click()
    expect(pair.sheet).to_contain_text("without the picture", timeout=PATIENCE)
    expect(pair.sheet.locator("del").last).to_contain_text("Picture received")


def test_ways_to_ask_again_stand_in_one_line(chat: ChatPage) -> None:
    chat.attach(SCREEN)
    chat.attach(EXAMPLES / "tap-settings.en.wav")
    chat.ask("look and listen")
    expect(chat.page.locator("#again button")).to_have_count(2)
    boxes = [
        button.bounding_box()
        for button in (*chat.page.locator("#again button").all(), chat.page.locator("#copy"))
    ]
    assert len({(box["y"], box["height"]) for box in boxes if box}) == 1, boxes


def test_conversation_is_asked_again_of_another_model_and_stopped_on_the_way(
    chat: ChatPage,
) -> None:
    pair, page = Pair(chat), chat.page
    for text in ("first", "/long 150", "third"):
        chat.ask(text)
    page.locator("#compare-toggle").click()
    page.locator("#replay-start").click()
    expect(page.locator("#second-said .notice")).to_contain_text("Choose who answers", timeout=PATIENCE)
    page.locator("#compare-close").click()
    pair.choose("checkpoint", "second-checkpoint", "scripted:delay=0.06")
    page.locator("#compare-toggle").click()
    page.locator("#replay-start").click()
    progress = page.locator("#replay .replay")
    expect(progress).to_contain_text("Asking scripted again: 1 of 3", timeout=PATIENCE)
    chat.reload()
    expect(progress).to_contain_text("1 of 3", timeout=PATIENCE)
    progress.get_by_role("button", name="Stop").click()
    expect(progress).to_contain_text("Stopped. scripted was asked again: 1 of 3", timeout=PATIENCE)
    progress.get_by_role("button", name="Show the differences").click()
    expect(pair.sheet.locator(".compared")).to_have_count(1, timeout=PATIENCE)
    expect(pair.sheet).to_contain_text("Both say the same, word for word.")


def test_two_answers_on_a_phone_are_changed_over_by_their_heads_without_sideways_scroll(
    chat: ChatPage, visit: Callable[..., ChatPage]
) -> None:
    phone = visit(chat.url, locale="zh-CN", viewport={"width": 390, "height": 800}, has_touch=True)
    pair = Pair(phone)
    pair.choose("checkpoint", "second-checkpoint", "scripted:delay=0")
    phone.send("你好")
    pair.settled()
    assert phone.overflow() == 0
    pair.heads.nth(1).click()
    expect(pair.second).to_be_in_viewport(ratio=1, timeout=PATIENCE)
    pair.heads.nth(0).click()
    expect(pair.first).to_be_in_viewport(ratio=1, timeout=PATIENCE)
    pair.verdict.get_by_role("button", name="显示差别").click()
    expect(pair.sheet).to_contain_text("两个回答一字不差。", timeout=PATIENCE)
    assert phone.overflow() == 0


def test_visitors_who_may_not_choose_what_answers_cannot_add_a_second(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted", "--lock-backend").url)
    chat.attach(SCREEN)
    chat.ask("look")
    expect(chat.page.locator("#compare-toggle")).to_have_count(0)
    expect(chat.page.get_by_role("button", name="Without the picture")).to_be_visible()
