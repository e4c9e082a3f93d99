"""Rating answers and stepping through them, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.driver import PATIENCE, ChatPage

pytestmark = pytest.mark.browser


def test_answers_are_rated_stepped_through_and_saved_as_a_report(chat: ChatPage, tmp_path: Path) -> None:
    chat.ask("the first")
    chat.ask("the second")
    chat.page.locator("#rating").get_by_role("button", name="Good answer").click()
    pressed = chat.page.locator("#rating [aria-pressed=true]")
    expect(pressed).to_have_attribute("aria-label", "Good answer", timeout=PATIENCE)
    chat.page.locator("#rating").get_by_role("button", name="Review").click()
    sheet = chat.page.get_by_role("dialog", name="Review")
    expect(sheet).to_contain_text("2 of 2", timeout=PATIENCE)
    chat.page.keyboard.press("ArrowLeft")
    expect(sheet).to_contain_text("1 of 2", timeout=PATIENCE)
    sheet.get_by_role("button", name="Bad answer").click()
    expect(sheet.get_by_role("button", name="Bad answer")).to_have_attribute(
        "aria-pressed", "true", timeout=PATIENCE
    )
    sheet.get_by_role("button", name="Wrong place").click()
    expect(sheet.get_by_role("button", name="Wrong place")).to_have_attribute(
        "aria-pressed", "true", timeout=PATIENCE
    )
    sheet.get_by_label("A comment, for the report").fill("it is <b>elsewhere</b>")
    sheet.get_by_role("button", name="Next answer").click()
    expect(sheet).to_contain_text("2 of 2", timeout=PATIENCE)
    expect(sheet.get_by_label("A comment")).to_have_value("")
    with chat.page.expect_download(timeout=PATIENCE) as waiting:
        sheet.get_by_role("button", name="Save the report").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    saved = path.read_text(encoding="utf-8")
    assert path.name == "the first.html" and "it is &lt;b&gt;elsewhere&lt;/b&gt;" in saved
    chat.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden(timeout=PATIENCE)
    chat.reload()
    chat.page.locator("#rating").get_by_role("button", name="Review").click()
    expect(sheet).to_contain_text("2 of 2", timeout=PATIENCE)
    expect(sheet.get_by_label("A comment")).to_have_value("")
    chat.page.keyboard.press("ArrowLeft")
    expect(sheet).to_contain_text("1 of 2", timeout=PATIENCE)
    expect(sheet.get_by_label("A comment")).to_have_value("it is <b>elsewhere</b>", timeout=PATIENCE)
    expect(sheet.get_by_role("button", name="Wrong place")).to_have_attribute("aria-pressed", "true")


def test_review_fits_a_phone(chat: ChatPage, visit: Callable[..., ChatPage]) -> None:
    phone = visit(chat.url, locale="zh-CN", viewport={"width": 390, "height": 800}, has_touch=True)
    phone.ask("一个问题")
    phone.page.locator("#rating").get_by_role("button", name="评审").click()
    expect(phone.page.get_by_role("dialog", name="评审")).to_contain_text(
        "第 1 个，共 1 个", timeout=PATIENCE
    )
    assert phone.overflow() == 0
