"""Loading, settings, languages and windows of the page, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


def test_page_is_up_while_the_model_loads_and_a_message_sent_meanwhile_is_answered(
    visit: Callable[..., ChatPage],
) -> None:
    with App("--model", "scripted:load=30") as app:
        chat = visit(app.url)
        expect(chat.status).to_have_attribute("data-state", "loading")
        expect(chat.status).to_contain_text(
            re.compile(r"Loading scripted:load=30, \d+ %|Loading scripted, \d+ %")
        )
        chat.send("are you there?")
        expect(chat.reply).to_contain_text("Loading", timeout=PATIENCE)
        expect(chat.reply).to_contain_text("will be answered as soon as the model is loaded")
        chat.wait()
        expect(chat.answer).to_contain_text("Text received: are you there?")


def test_status_turns_ready_by_itself_when_the_model_is_loaded(visit: Callable[..., ChatPage]) -> None:
    with App("--model", "scripted:load=6") as app:
        chat = visit(app.url)
        expect(chat.status).to_have_attribute("data-state", "ready", timeout=PATIENCE)


def test_model_that_cannot_be_loaded_is_said_in_the_status_and_in_the_answer(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted:load_failure=1").url)
    expect(chat.status).to_contain_text("scripted could not be loaded")
    chat.send("hello")
    chat.wait("failed")
    expect(chat.failure).to_contain_text("The model could not be loaded")
    expect(chat.failure).to_contain_text("Choose another model.")
    panel = chat.settings()
    panel.locator("#checkpoint input, #checkpoint textarea").fill("scripted")
    panel.locator("#use").click()
    expect(chat.status).to_contain_text("scripted", timeout=PATIENCE)
    chat.close_settings()
    chat.page.locator("#retry").click()
    chat.wait()
    expect(chat.answer).to_contain_text("Text received: hello")


def test_thinking_and_length_are_as_chosen(chat: ChatPage) -> None:
    panel = chat.settings()
    panel.locator("#thinking input").uncheck()
    longest = panel.locator("#max-tokens input[type=number]")
    longest.fill("16")
    longest.press("Enter")
    longest.blur()
    chat.close_settings()
    chat.ask("/long 40")
    expect(chat.thought).to_have_count(0)
    expect(chat.reply).to_contain_text("reached its limit of tokens")
    expect(chat.reply).not_to_contain_text("word 16,")
    chat.reload()
    panel = chat.settings()
    expect(panel.locator("#thinking input")).not_to_be_checked()
    expect(panel.locator("#max-tokens input[type=number]")).to_have_value("16")


def test_key_of_an_endpoint_never_comes_back_to_the_page(chat: ChatPage) -> None:
    panel = chat.settings()
    panel.locator("#backend-kind").get_by_label("An endpoint").check()
    panel.locator("#base-url input, #base-url textarea").fill("http://127.0.0.1:9/v1")
    panel.locator("#api-key input").fill("sk-very-secret")
    panel.locator("#use").click()
    expect(panel.locator("#api-key input")).to_have_value("", timeout=PATIENCE)
    received: list[str] = []
    chat.page.on("response", lambda response: received.append(response.url))
    chat.reload()
    chat.settings()
    expect(chat.page.locator("#base-url input, #base-url textarea")).to_have_value("http://127.0.0.1:9/v1")
    assert "sk-very-secret" not in chat.page.content()
    assert "sk-very-secret" not in chat.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_address_that_cannot_be_one_is_refused_in_words(chat: ChatPage) -> None:
    panel = chat.settings()
    panel.locator("#backend-kind").get_by_label("An endpoint").check()
    panel.locator("#base-url input, #base-url textarea").fill("localhost:8000")
    panel.locator("#use").click()
    expect(panel.locator("#use-said .notice")).to_contain_text("http://", timeout=PATIENCE)


def test_what_was_chosen_is_said_where_it_was_chosen_and_enter_chooses_too(chat: ChatPage) -> None:
    panel = chat.settings()
    panel.locator("#backend-kind").get_by_label("A checkpoint").check()
    path = panel.locator("#checkpoint input, #checkpoint textarea")
    path.fill("scripted:delay=0")
    path.press("Enter")
    expect(panel.locator("#use-said [role=status]")).to_have_text(
        "scripted answers from now on.", timeout=PATIENCE
    )
    panel.locator("#backend-kind").get_by_label("An endpoint").check()
    expect(panel.locator("#use-said")).not_to_contain_text("scripted", timeout=PATIENCE)


def test_page_that_others_can_reach_lets_nobody_choose_what_answers(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted", "--lock-backend").url)
    panel = chat.settings()
    expect(panel).to_contain_text("Chosen by whoever runs this page.")
    expect(panel.locator("#backend-kind")).to_have_count(0)
    expect(panel.locator("#use")).to_have_count(0)


def test_language_is_the_browsers_until_another_is_chosen_and_stays(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url, locale="zh-CN")
    expect(chat.page.locator("#greeting")).to_contain_text("打字提问")
    expect(chat.text).to_have_attribute("placeholder", "输入文字、粘贴截图，或者说话")
    chat.send("/fail unreachable")
    chat.wait("failed")
    expect(chat.failure).to_contain_text("连不上服务器")
    expect(chat.send_button).to_have_text("发送")
    chat.settings().get_by_label("English").check()
    expect(chat.failure).to_contain_text("The server cannot be reached", timeout=PATIENCE)
    expect(chat.send_button).to_have_text("Send")
    expect(chat.thought).to_contain_text("Thought for")
    chat.reload()
    expect(chat.status).to_contain_text("Failed")
    expect(chat.text).to_have_attribute("placeholder", "Write, paste a screenshot, or speak")


def test_other_words_leave_what_is_typed_and_not_used_yet(chat: ChatPage) -> None:
    chat.page.locator("#compare-toggle").click()
    drawer = chat.page.locator("#compare-panel")
    drawer.locator("#second-kind").get_by_label("A checkpoint").check()
    second = drawer.locator("#second-checkpoint input, #second-checkpoint textarea")
    second.fill("some/folder")
    chat.page.keyboard.press("Escape")
    panel = chat.settings()
    panel.locator("#backend-kind").get_by_label("An endpoint").check()
    typed = {"#base-url": "http://127.0.0.1:9/v1", "#api-key": "sk-of-mine", "#remote-model": "eyes"}
    for field, text in typed.items():
        panel.locator(f"{field} input, {field} textarea").fill(text)
    panel.get_by_label("中文").check()
    expect(chat.send_button).to_have_text("发送", timeout=PATIENCE)
    expect(panel.locator("#backend-kind")).to_contain_text("接口")
    for field, text in typed.items():
        expect(panel.locator(f"{field} input, {field} textarea")).to_have_value(text)
    expect(panel.locator("#check")).to_be_visible()
    chat.page.locator("#settings-close").click()
    chat.page.locator("#compare-toggle").click()
    expect(second).to_have_value("some/folder")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_needs_no_sideways_scrolling_and_its_targets_can_be_touched(
    launch: Callable[..., App], visit: Callable[..., ChatPage], scheme: str
) -> None:
    chat = visit(
        launch("--model", "scripted").url, viewport=PHONE, color_scheme=scheme, has_touch=True, is_mobile=True
    )
    assert chat.overflow() <= 0
    for name in ("#attach", "#record .record-button", "#send", "#new", "#settings-toggle"):
        box = chat.page.locator(name).bounding_box()
        assert box and box["width"] >= 44 and box["height"] >= 44, name
    chat.attach(EXAMPLES / "home-zh.png")
    chat.ask("/say " + "unbreakable" * 20 + " | `" + "x = " * 60 + "`")
    assert chat.overflow() <= 0
    chat.ask("/code")
    chat.send("/fail server_error")
    chat.wait("failed")
    assert chat.overflow() <= 0
    chat.settings()
    assert chat.overflow() <= 0
    box = chat.page.locator("#panel").bounding_box()
    assert box and box["x"] >= 0


def test_conversation_stays_at_its_end_unless_scrolled_up(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url, viewport={"width": 390, "height": 640})
    chat.send("/long 240")
    expect(chat.answer).to_contain_text("word 120,", timeout=PATIENCE)
    scroll = chat.page.locator("#scroll")
    assert abs(scroll.evaluate("(element) => element.scrollTop")) < 2  # 0 is the end of a reversed column
    scroll.hover()
    chat.page.mouse.wheel(0, -200)
    chat.page.wait_for_function("document.querySelector('#scroll').scrollTop < -100")
    expect(chat.answer).to_contain_text("word 180,", timeout=PATIENCE)
    assert scroll.evaluate("(element) => element.scrollTop") < -100
    chat.stop_button.click()
    chat.wait("stopped")


def test_icon_buttons_have_names_and_the_keyboard_reaches_the_settings(chat: ChatPage) -> None:
    for name in ("New chat", "Settings", "Send", "Add a picture or a recording"):
        expect(chat.page.get_by_role("button", name=name)).to_be_visible()
    chat.page.locator("#settings-toggle").press("Enter")
    expect(chat.page.locator("#panel")).to_be_visible()
    expect(chat.page.locator("#settings-close")).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator("#panel")).to_be_hidden()
    expect(chat.page.locator("#settings-toggle")).to_be_focused()


def test_microphone_that_the_browser_denies_is_explained(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    refuse = """navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException("no", "NotAllowedError"));"""
    chat = visit(launch("--model", "scripted").url, before=refuse)
    expect(chat.page.locator("[data-microphone=denied]")).to_be_hidden()
    chat.page.locator("#record .record-button").click()
    expect(chat.page.locator("[data-microphone=denied]")).to_contain_text("Allow it", timeout=PATIENCE)
    expect(chat.page.locator("[data-microphone=missing]")).to_be_hidden()
    chat.ask("typing still works")
