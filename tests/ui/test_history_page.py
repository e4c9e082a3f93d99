"""Nothing is ever lost: conversations across reloads, tabs, restarts and power cuts, in a real browser."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage

pytestmark = pytest.mark.browser

SCREEN = EXAMPLES / "settings-en.png"


def words(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"word (\d+),", text)]


@contextmanager
def slow_server(page: Page) -> Iterator[None]:
    """What the page asks of the server inside arrives there at the end."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/queue/join*", hold)
    yield
    for route in waiting:
        route.continue_()
    page.unroute("**/queue/join*")


def test_power_cut_in_mid_answer_loses_at_most_a_second_of_text(
    tmp_path: Path, visit: Callable[..., ChatPage]
) -> None:
    options = ("--model", "scripted:delay=0.05", "--data-dir", str(tmp_path))
    with App(*options) as app:
        port = app.url.rpartition(":")[2]
        chat = visit(app.url)
        chat.ask("the first question")
        chat.attach(SCREEN)
        chat.send("/long 2000")
        expect(chat.answer).to_contain_text("word 40,", timeout=PATIENCE)
        seen = words(chat.answer.inner_text())[-1]
        app.kill()
    with App(*options, "--port", port):
        chat.open()
        expect(chat.page.locator("#history")).to_contain_text("the first question")
        expect(chat.question.locator("img")).to_be_visible()
        expect(chat.failure).to_contain_text("broke off")
        kept = words(chat.answer.inner_text())
        assert kept == list(range(len(kept)))
        assert kept[-1] >= seen - 20, "20 words are a second"
        chat.page.locator("#retry").click()
        expect(chat.answer).to_contain_text("word 3,", timeout=PATIENCE)
        chat.stop_button.click()
        chat.wait("stopped")
    with sqlite3.connect(tmp_path / "conversations.db") as database:
        (integrity,) = database.execute("PRAGMA integrity_check").fetchone()
        answers = database.execute("SELECT count(*) FROM replies").fetchone()
    database.close()
    assert integrity == "ok" and answers == (3,), "the answer that was cut is kept beside the new one"


def test_unsent_text_and_attachments_survive_a_restart(
    tmp_path: Path, visit: Callable[..., ChatPage]
) -> None:
    options = ("--model", "scripted", "--data-dir", str(tmp_path))
    with App(*options) as app:
        port = app.url.rpartition(":")[2]
        chat = visit(app.url)
        chat.attach(SCREEN)
        chat.text.press_sequentially("not sent yet")
        app.kill()
    with App(*options, "--port", port):
        chat.open()
        expect(chat.text).to_have_value("not sent yet")
        expect(chat.tray).to_have_count(1)
        chat.send_button.click()
        chat.wait()
        expect(chat.answer).to_contain_text("Picture received: 720×1600. Text received: not sent yet")
        expect(chat.text).to_have_value("")
        chat.reload()
        expect(chat.tray).to_have_count(0)
        expect(chat.text).to_have_value("")


def test_each_conversation_is_listed_opened_and_has_its_own_draft(chat: ChatPage) -> None:
    chat.ask("about cats")
    chat.text.press_sequentially("more on cats")
    chat.new()
    expect(chat.text).to_have_value("")
    chat.ask("about dogs")
    expect(chat.conversations()).to_have_text(["about dogs", "about cats"])
    chat.conversations().nth(1).click()
    expect(chat.question).to_contain_text("about cats")
    expect(chat.text).to_have_value("more on cats")
    chat.reload()
    expect(chat.question).to_contain_text("about cats")
    expect(chat.text).to_have_value("more on cats")


def test_what_is_typed_before_another_conversation_is_there_goes_into_it(chat: ChatPage) -> None:
    chat.ask("about cats")
    chat.text.press_sequentially("more on cats")
    with slow_server(chat.page):
        chat.page.keyboard.press("Control+Shift+O")
        chat.page.keyboard.type("about dogs")
    expect(chat.page.locator("#examples")).to_be_visible(timeout=PATIENCE)
    expect(chat.text).to_have_value("about dogs")
    with slow_server(chat.page):
        chat.conversations().filter(has_text="about cats").click()
        chat.text.press("Home")
        chat.page.keyboard.type("and ")
    expect(chat.question).to_contain_text("about cats", timeout=PATIENCE)
    expect(chat.text).to_have_value("more on cats\nand ")
    chat.reload()
    expect(chat.text).to_have_value("more on cats\nand ")
    # A conversation in which nothing was said yet stays the new one, and so does its draft.
    chat.text.fill("")
    chat.new()
    with slow_server(chat.page):
        chat.text.press_sequentially("hel")
        chat.page.locator("#new").click()
        chat.text.press_sequentially("lo")
    chat.page.wait_for_timeout(500)
    expect(chat.text).to_have_value("hello")


def test_other_conversation_goes_on_answering_while_this_one_is_used(chat: ChatPage) -> None:
    chat.send("/long 200")
    expect(chat.answer).to_contain_text("word 3,", timeout=PATIENCE)
    chat.new()
    expect(chat.page.locator("#entries .busy")).to_be_visible()
    expect(chat.send_button).to_be_visible()
    chat.ask("meanwhile")
    expect(chat.answer).to_contain_text("Text received: meanwhile")
    chat.conversations().filter(has_text="/long").click()
    expect(chat.answer).to_contain_text("word 199, end.", timeout=PATIENCE)
    chat.wait()
    assert words(chat.answer.inner_text()) == list(range(200))


def test_each_tab_stays_with_its_own_conversation(chat: ChatPage) -> None:
    chat.ask("in the first tab")
    second = ChatPage(chat.page.context.new_page(), chat.url)
    expect(second.question).to_contain_text("in the first tab")
    second.new()
    second.ask("in the second tab")
    # The first tab knows nothing of it; what it sends goes where it looks.
    chat.ask("again in the first")
    expect(chat.page.locator("#history")).to_contain_text("in the first tab")
    for tab, said in ((chat, "again in the first"), (second, "in the second tab")):
        tab.reload()
        expect(tab.question).to_contain_text(said)


def test_stale_tab_adds_to_what_another_one_said_and_overwrites_nothing(chat: ChatPage) -> None:
    chat.ask("one")
    second = ChatPage(chat.page.context.new_page(), chat.url)
    expect(second.question).to_contain_text("one")
    second.ask("two")
    chat.ask("three")
    expect(chat.page.locator("#history")).to_contain_text("two")
    second.reload()
    for said in ("one", "two"):
        expect(second.page.locator("#history")).to_contain_text(said)
    expect(second.question).to_contain_text("three")


def test_conversation_is_found_renamed_pinned_deleted_and_brought_back(chat: ChatPage) -> None:
    for said in ("where is the torch", "open the camera", "call mother"):
        chat.new() if chat.question.count() else None
        chat.ask(said)
    titles = chat.conversations()
    expect(titles).to_have_text(["call mother", "open the camera", "where is the torch"])
    chat.page.locator("#search").locator("input, textarea").fill("TORCH")
    expect(titles).to_have_text(["where is the torch"], timeout=PATIENCE)
    chat.page.locator("#search").locator("input, textarea").fill("")
    expect(titles).to_have_count(3, timeout=PATIENCE)
    chat.act("where is the torch", "rename")
    chat.page.locator(".entry-name").fill("My <b>light</b>")
    chat.page.locator(".entry-name").press("Enter")
    expect(titles.filter(has_text="My <b>light</b>")).to_be_visible(timeout=PATIENCE)
    chat.act("My <b>light</b>", "pin")
    expect(titles.first).to_have_text("My <b>light</b>", timeout=PATIENCE)
    chat.act("call mother", "delete")
    expect(chat.page.locator("#examples")).to_be_visible(timeout=PATIENCE)
    expect(titles).to_have_text(["My <b>light</b>", "open the camera"])
    chat.page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(chat.question).to_contain_text("call mother", timeout=PATIENCE)
    expect(titles).to_have_count(3)


def test_list_stays_as_it_was_searched_while_its_hits_are_opened_and_answer(chat: ChatPage) -> None:
    for said in ("where is the torch", "open the camera"):
        chat.new() if chat.question.count() else None
        chat.ask(said)
    titles = chat.conversations()
    search = chat.page.locator("#search").locator("input, textarea")
    search.fill("TORCH")
    expect(titles).to_have_text(["where is the torch"], timeout=PATIENCE)
    titles.first.click()
    expect(chat.question).to_contain_text("where is the torch", timeout=PATIENCE)
    expect(chat.page.locator("#entries [aria-current]")).to_have_count(1)
    expect(titles).to_have_text(["where is the torch"])
    chat.ask("thank you")
    expect(titles).to_have_text(["where is the torch"])
    search.fill("")
    expect(titles).to_have_count(2, timeout=PATIENCE)
    chat.reload()
    expect(titles).to_have_count(2, timeout=PATIENCE)


def test_list_that_was_opened_to_its_end_stays_open(chat: ChatPage, tmp_path: Path) -> None:
    chat.ask("one of many")
    chat.conversations()
    with chat.page.expect_download() as waiting:
        chat.act("one of many", "json")
    path = tmp_path / "many.json"
    waiting.value.save_as(path)
    archive = json.loads(path.read_text(encoding="utf-8"))
    archive["conversations"] *= 61
    path.write_text(json.dumps(archive), encoding="utf-8")
    chat.page.locator("#rail-foot input[type=file]").set_input_files(path)
    titles = chat.conversations()
    expect(titles).to_have_count(60, timeout=PATIENCE)
    chat.page.locator("#entries .rail-more").click()  # the list scrolls, so that a mouse gets there
    expect(titles).to_have_count(62, timeout=PATIENCE)
    chat.ask("again")
    chat.page.locator("#entries .entry").last.click()
    expect(chat.page.locator("#entries li:last-child [aria-current]")).to_be_visible(timeout=PATIENCE)
    expect(titles).to_have_count(62)


def test_list_that_is_drawn_anew_leaves_the_name_being_typed_and_the_open_menu(chat: ChatPage) -> None:
    chat.ask("about cats")
    chat.new()
    titles, name = chat.conversations(), chat.page.locator(".entry-name")
    for said, renamed in (("/long 61", "about cats"), ("/long 62", "/long 62")):
        chat.send(said)
        expect(chat.answer).to_contain_text("word 3,", timeout=PATIENCE)
        chat.act(renamed, "rename")
        name.fill("half ")
        chat.wait()
        expect(chat.page.locator("#entries .busy")).to_have_count(0)
        expect(name).to_be_focused()
        chat.page.keyboard.type(f"a name after {said}")
        name.press("Enter")
        expect(titles.filter(has_text=f"half a name after {said}")).to_be_visible(timeout=PATIENCE)
        expect(name).to_have_count(0)
        chat.new()
    chat.send("/long 63")
    expect(chat.answer).to_contain_text("word 3,", timeout=PATIENCE)
    item = chat.page.locator("#entries li", has_text="after /long 61")
    item.hover()
    item.locator("[data-menu]").click()
    chat.wait()
    expect(chat.page.locator("#entries .busy")).to_have_count(0)
    chat.page.locator("#entry-actions [data-action=delete]").click(timeout=5_000)
    expect(titles).to_have_text(["/long 63", "half a name after /long 62", "/long 61"], timeout=PATIENCE)


def test_exported_conversation_is_imported_with_its_picture(chat: ChatPage, tmp_path: Path) -> None:
    chat.attach(SCREEN)
    chat.ask("look")
    chat.conversations()
    with chat.page.expect_download() as waiting:
        chat.act("look", "json")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "look.json"
    assert len(json.loads(path.read_text(encoding="utf-8"))["media"]) == 1
    chat.act("look", "delete")
    expect(chat.page.locator("#examples")).to_be_visible(timeout=PATIENCE)
    chat.page.locator("#rail-foot input[type=file]").set_input_files(path)
    expect(chat.question.locator("img")).to_be_visible(timeout=PATIENCE)
    expect(chat.answer).to_contain_text("Picture received: 720×1600.")
    chat.page.locator("#rail-foot input[type=file]").set_input_files(SCREEN)
    expect(chat.notice).to_contain_text("settings-en.png cannot be imported", timeout=PATIENCE)


def test_visitors_list_their_own_conversations_only(chat: ChatPage, visit: Callable[..., ChatPage]) -> None:
    chat.ask("a secret of mine")
    other = visit(chat.url)
    other.ask("theirs")
    expect(other.conversations()).to_have_text(["theirs"])
    # Not even by its id.
    mine = chat.page.evaluate("sessionStorage.getItem('autoglm-conversation')")
    other.page.evaluate("(id) => sessionStorage.setItem('autoglm-conversation', id)", mine)
    other.reload()
    expect(other.conversation).not_to_contain_text("a secret of mine")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_list_is_a_drawer_on_a_phone(chat: ChatPage, visit: Callable[..., ChatPage], locale: str) -> None:
    phone = visit(chat.url, locale=locale, viewport={"width": 390, "height": 800}, has_touch=True)
    rail = phone.page.locator("#rail")
    expect(rail).to_be_hidden()
    phone.ask("on the phone")
    phone.new()
    expect(phone.conversations()).to_have_text(["on the phone"])
    assert phone.overflow() == 0
    phone.page.keyboard.press("Escape")
    expect(rail).to_be_hidden()
    phone.conversations().first.click()
    expect(rail).to_be_hidden()
    expect(phone.question).to_contain_text("on the phone", timeout=PATIENCE)
