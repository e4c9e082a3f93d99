"""The list of keys opens where nobody is typing, and Escape closes it alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.driver import App, ChatPage

pytestmark = pytest.mark.browser


def test_keys_are_listed_on_demand(launch: Callable[..., App], visit: Callable[..., ChatPage]) -> None:
    chat = visit(launch("--model", "scripted:delay=0.1").url)
    keys = chat.page.locator("#keys")
    chat.text.fill("")
    chat.text.press("?")
    expect(chat.text).to_have_value("?")
    expect(keys).to_be_hidden()
    chat.send("/long 2000")
    expect(chat.answer).to_contain_text("word 5,", timeout=60_000)
    chat.page.locator("#brand").click()
    expect(chat.text).not_to_be_focused()
    chat.page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Search conversations")
    chat.page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(chat.stop_button).to_be_visible()  # the answer was not stopped
    chat.page.keyboard.press("/")
    expect(chat.text).to_be_focused()
    chat.page.keyboard.press("Control+Shift+O")
    expect(chat.page.locator("#examples")).to_be_visible(timeout=60_000)
    expect(chat.text).to_be_focused()


def test_page_can_be_installed_as_an_app(chat: ChatPage) -> None:
    manifest = chat.page.locator("link[rel=manifest]").first.get_attribute("href")
    assert manifest
    told = chat.page.request.get(f"{chat.url}/{manifest.lstrip('/')}").json()
    assert told["name"] == "AutoGLM"
    icon = chat.page.request.get(f"{chat.url}/{told['icons'][0]['src'].lstrip('/')}")
    assert icon.ok and "svg" in icon.text()
