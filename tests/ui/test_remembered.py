"""What a browser remembers of a visitor's settings, and what it may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from autoglm_ui.backends.choice import BackendChoice
from autoglm_ui.view.remembered import Remembered, choice_to_json, options_to_json, second_to_json
from engine.protocol import Options
from tests.ui.driver import PATIENCE, App, ChatPage

NANO = BackendChoice()
THERE = BackendChoice("glm", "http://localhost:8000/v1", "sk-secret")


def test_choices_come_back_without_the_key() -> None:
    options = Options(max_new_tokens=64, temperature=0.5, thinking=False)
    visitor = {
        "options": options_to_json(options),
        "choice": choice_to_json(THERE, NANO),
        "second": second_to_json(THERE),
    }
    assert "sk-secret" not in repr(visitor)
    known = Remembered.read(visitor, NANO)
    there = BackendChoice("glm", "http://localhost:8000/v1")
    assert known == Remembered(options, there, there)
    assert second_to_json(None) is None


def test_newer_choice_on_the_command_line_wins() -> None:
    visitor = {"choice": choice_to_json(THERE, NANO)}
    assert Remembered.read(visitor, BackendChoice("./another")).choice is None
    assert choice_to_json(NANO, NANO) is None


@pytest.mark.parametrize(
    "visitor",
    [
        None,
        {},
        {"options": None, "choice": []},
        {"options": {"max_new_tokens": -1, "temperature": 0, "thinking": True}},
        {"options": {"max_new_tokens": "many"}, "choice": {"model": {}, "instead_of": " nano"}},
        {"choice": {"instead_of": " nano"}, "second": {"model": 3}},
        {"second": "scripted"},
    ],
)
def test_what_is_not_right_is_left_out(visitor: dict[str, Any] | None) -> None:
    assert Remembered.read(visitor, NANO) == Remembered()


@pytest.mark.browser
def test_settings_survive_a_restart(tmp_path: Path, visit: Callable[..., ChatPage]) -> None:
    options = ("--model", "scripted", "--data-dir", str(tmp_path))
    with App(*options) as app:
        port = app.url.rpartition(":")[2]
        chat = visit(app.url)
        panel = chat.settings()
        panel.get_by_label("Think before answering").uncheck()
        panel.get_by_text("A checkpoint").click()
        panel.get_by_label("Folder or Hugging Face name").fill("scripted:delay=0")
        panel.get_by_role("button", name="Use this").click()
        chat.close_settings()
        chat.new()
        chat.ask("hello")
        expect(chat.thought).to_have_count(0)
        chat.page.locator("#compare-toggle").click()
        second = chat.page.locator("#compare-panel")
        second.get_by_text("A checkpoint").click()
        second.get_by_label("Folder or Hugging Face name").fill("scripted:delay=0.001")
        second.get_by_label("Folder or Hugging Face name").press("Enter")
        expect(second.locator("#second-said")).to_contain_text("scripted", timeout=PATIENCE)
        chat.page.locator("#compare-close").click()
    with App(*options, "--port", port):
        chat.open()
        panel = chat.settings()
        expect(panel.get_by_label("Think before answering")).not_to_be_checked(timeout=PATIENCE)
        expect(panel.get_by_label("Folder or Hugging Face name")).to_have_value("scripted:delay=0")
        chat.close_settings()
        chat.send("hello again")
        for column in ("#live", "#beside"):
            answer = chat.page.locator(column)
            expect(answer).to_contain_text("Text received: hello again", timeout=PATIENCE)
        chat.wait()
        expect(chat.thought).to_have_count(0)
