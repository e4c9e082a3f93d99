"""Drawers: where the focus goes, what lies behind them, and that Escape does one thing at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.driver import PATIENCE, App, ChatPage

pytestmark = pytest.mark.browser

#: The button that opens each drawer, the one that closes it, and the drawer.
DRAWERS = (
    ("#settings-toggle", "#settings-close", "#panel"),
    ("#compare-toggle", "#compare-close", "#compare-panel"),
    ("#inspect", "#inspector-close", "#inspector"),
)

COMPOSED_ESCAPE = """() => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true, isComposing: true }))"""


def test_focus_goes_back_to_the_button_only_from_inside_the_drawer(chat: ChatPage) -> None:
    page = chat.page
    chat.ask("something to look at")
    for opens, closes, drawer in DRAWERS:
        for leave in (page.locator(closes).click, lambda: page.keyboard.press("Escape")):
            page.locator(opens).click()
            expect(page.locator(closes)).to_be_focused()
            leave()
            expect(page.locator(drawer)).to_be_hidden()
            expect(page.locator(opens)).to_be_focused()
    for opens, _, drawer in DRAWERS[:2]:
        page.locator(opens).click()
        chat.text.click()
        expect(page.locator(drawer)).to_be_hidden()
        expect(chat.text).to_be_focused()
    for before, after in ((1, 0), (0, 1), (2, 0)):
        page.locator(DRAWERS[before][0]).click()
        # The drawer lies over it; the keyboard gets there.
        page.locator(DRAWERS[after][0]).press("Enter")
        expect(page.locator(DRAWERS[before][2])).to_be_hidden()
        expect(page.locator(DRAWERS[after][1])).to_be_focused()
        page.keyboard.press("Escape")


def test_open_settings_change_their_words_and_stay_open_for_who_listens(chat: ChatPage) -> None:
    page = chat.page
    opens = page.locator("#settings-toggle")
    expect(opens).to_have_attribute("aria-expanded", "false")
    opens.click()
    expect(opens).to_have_attribute("aria-expanded", "true")
    page.locator("#panel").get_by_label("中文").check()
    expect(opens).to_have_attribute("aria-label", "设置")
    expect(page.locator("#panel")).to_contain_text("从本程序发出的内容")
    expect(opens).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(opens).to_have_attribute("aria-expanded", "false")


def test_keyboard_stays_in_a_drawer_that_covers_the_window(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url, viewport={"width": 390, "height": 844})
    page = chat.page
    chat.ask("something to look at")
    for opens, closes, drawer in DRAWERS:
        page.locator(opens).click()
        expect(page.locator(closes)).to_be_focused()
        for _ in range(25):
            page.keyboard.press("Tab")
            # Past its last control is the browser itself.
            assert page.locator(f"{drawer} :focus").count() or page.evaluate(
                "document.activeElement === document.body"
            ), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        page.keyboard.press("Escape")
        expect(page.locator(opens)).to_be_focused()
        chat.text.focus()
        expect(chat.text).to_be_focused()
    page.locator("#inspect").click()
    page.set_viewport_size({"width": 1000, "height": 844})
    chat.text.click()
    expect(chat.text).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 844})
    # A window does not shrink under the very key that is pressed.
    page.wait_for_function("document.querySelector('#composer').closest('[inert]')")
    page.keyboard.press("Control+Shift+O")
    expect(page.locator("#examples")).to_be_visible(timeout=PATIENCE)
    expect(chat.text).to_be_focused()
    expect(page.locator("#inspector")).to_be_hidden()


def test_escape_of_an_input_method_is_not_the_pages(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted:delay=0.1").url)
    chat.send("/long 2000")
    expect(chat.answer).to_contain_text("word 5,", timeout=PATIENCE)
    chat.text.focus()
    chat.page.evaluate(COMPOSED_ESCAPE)
    panel = chat.settings()
    chat.page.evaluate(COMPOSED_ESCAPE)
    expect(panel).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    chat.page.wait_for_timeout(1_000)
    expect(chat.stop_button).to_be_visible()
    chat.page.keyboard.press("Escape")
    chat.wait("stopped")


def test_escape_closes_a_drawer_and_the_recording_goes_on(chat: ChatPage) -> None:
    chat.ask("something to look at")
    chat.page.locator("#record .record-button").click()
    cancel = chat.page.get_by_role("button", name="Cancel the recording")
    expect(cancel).to_be_visible(timeout=PATIENCE)
    for opens, closes, drawer in DRAWERS:
        chat.page.locator(opens).click()
        expect(chat.page.locator(closes)).to_be_focused()
        chat.page.keyboard.press("Escape")
        expect(chat.page.locator(drawer)).to_be_hidden()
        chat.page.wait_for_timeout(200)
        expect(cancel).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(cancel).to_be_hidden()
    expect(chat.tray).to_have_count(0)
