"""Who listens to the page hears what everything is called, and what is open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage

pytestmark = pytest.mark.browser

#: What can be used and has no name: by its label, its text, or the picture in it.
NAMELESS = """() => {
  const named = (one) =>
    one.getAttribute("aria-label")?.trim() || one.title?.trim() || one.innerText?.trim() || one.placeholder ||
    one.labels?.length || one.getAttribute("aria-labelledby") || one.querySelector("img[alt]:not([alt=''])");
  const used = "button, a[href], input, textarea, select, [role=button], [role=menuitem], audio[controls]";
  return [...document.querySelectorAll(used)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]"))
    .filter((one) => !named(one))
    .map((one) => one.outerHTML.slice(0, 200));
}"""

#: Buttons within buttons, and names of what has no role.
WRONG = """() => [
  ...document.querySelectorAll("[role=button] :is(button, [tabindex='0']), button button"),
  ...document.querySelectorAll("div[aria-label]:not([role]), span[aria-label]:not([role])"),
].filter((one) => one.checkVisibility() && !one.closest("[inert]"))
  .map((one) => one.outerHTML.slice(0, 200))"""

#: Buttons and fields lower than 44 px; what belongs to a label is touched by that.
SMALL = """() => [...document.querySelectorAll("button, textarea, input, select, summary")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]"))
  .filter((one) => !one.matches("[type=radio], [type=checkbox], [type=file]"))
  .filter((one) => one.getBoundingClientRect().height < 43.5)
  .map((one) => one.outerHTML.slice(0, 120))"""


def test_everything_has_a_name_and_the_fold_tells_whether_it_is_open(chat: ChatPage) -> None:
    chat.attach(EXAMPLES / "settings-en.png")
    chat.record(seconds=1)
    assert chat.page.evaluate(NAMELESS) == []
    chat.ask('/say do(action="Tap", element=[500,300])')
    fold = chat.thought.get_by_role("button", name="Thought for")
    expect(fold).to_have_attribute("aria-expanded", "false", timeout=PATIENCE)
    fold.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true", timeout=PATIENCE)
    chat.settings()
    expect(chat.page.get_by_role("dialog", name="Settings")).to_be_visible()
    expect(chat.page.locator("#rail-close")).to_be_hidden()  # the list is no drawer here
    for found in (NAMELESS, WRONG):
        assert chat.page.evaluate(found) == []


def test_cards_are_no_landmarks_of_one_name(chat: ChatPage) -> None:
    for app in ("Camera", "Clock"):
        chat.ask(f'/say do(action="Launch", app="{app}")')
    expect(chat.page.get_by_role("group", name="What to do")).to_have_count(2, timeout=PATIENCE)
    expect(chat.page.get_by_role("region", name="What to do")).to_have_count(0)


def test_question_is_asked_and_read_with_the_keyboard_alone(chat: ChatPage) -> None:
    page = chat.page
    page.locator("#brand").click()
    order: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if order[-1] == "TEXTAREA":
            break
    assert order[-1] == "TEXTAREA", order
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(chat.answer).to_contain_text("Text received: hello", timeout=PATIENCE)
    chat.wait()
    # Whole, with what was said before it: not what stood there when the state came.
    expect(page.locator("#announcer")).to_have_text(chat.answer.inner_text().strip(), timeout=PATIENCE)
    expect(chat.text).to_be_focused()


def test_what_a_finger_touches_is_large_enough(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    phone = visit(
        launch("--model", "scripted").url,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    )
    phone.ask('/say do(action="Launch", app="Camera")')
    assert phone.page.evaluate(SMALL) == []
    phone.page.locator("#record .record-button").click()
    expect(phone.page.locator("#record time")).to_have_text("0:01", timeout=PATIENCE)
    send, composer = phone.send_button.bounding_box(), phone.page.locator("#composer").bounding_box()
    assert send and composer and send["x"] + send["width"] < composer["x"] + composer["width"]
    phone.page.keyboard.press("Escape")
    phone.settings()
    assert phone.page.evaluate(SMALL) == []
    close = phone.page.locator("#settings-close")
    phone.page.locator("#panel").evaluate("(panel) => panel.scrollTo(0, panel.scrollHeight)")
    expect(close).to_be_in_viewport(ratio=1)
