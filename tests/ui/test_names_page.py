"""Who listens to the page hears what everything is called, and what is open."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.ui.driver import EXAMPLES, PATIENCE, ChatPage

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
