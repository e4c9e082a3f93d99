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
    for found in (NAMELESS, WRONG):
        assert chat.page.evaluate(found) == []
