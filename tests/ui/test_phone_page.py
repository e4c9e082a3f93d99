"""A phone in the page: its screen is fetched, and one confirmed step is done on it, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.adb import FakeAdb
from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage

pytestmark = pytest.mark.browser

SCREEN = EXAMPLES / "settings-en.png"
PIXEL = {"model": "Pixel_7", "size": "1080x2400", "screen": str(SCREEN)}
TABLET = {"model": "Tab", "size": "1600x1200", "screen": str(SCREEN)}


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeAdb:
    return FakeAdb(Path(tmp_path_factory.mktemp("adb")))


@pytest.fixture(scope="module")
def app(fake: FakeAdb) -> Iterator[App]:
    with App("--model", "scripted:delay=0", environ={"PATH": fake.path}) as app:
        yield app


def test_screen_is_fetched_and_a_step_is_done_by_the_second_click_only(
    app: App, fake: FakeAdb, visit: Callable[..., ChatPage]
) -> None:
    fake.connect(R5CT=PIXEL)
    chat = visit(app.url)
    page, step = chat.page, chat.page.locator("#phone-step section")
    page.get_by_role("button", name="Fetch the screen of Pixel 7").click(timeout=PATIENCE)
    expect(chat.tray).to_have_count(1, timeout=PATIENCE)
    chat.ask('/say do(action="Tap", element=[500,250])')
    expect(chat.answer).not_to_contain_text("Picture")
    act = chat.live.get_by_role("button", name="Do it on the phone")
    beside, alone = act.bounding_box(), chat.page.locator("#inspect").bounding_box()
    assert beside and alone and beside["height"] == alone["height"]
    act.click()
    expect(step.locator("code")).to_have_text("adb -s R5CT shell input tap 540 600", timeout=PATIENCE)
    expect(step.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(step).to_have_count(0, timeout=PATIENCE)
    taps = ["-s", "R5CT", "shell", "input", "tap", "540", "600"]
    assert taps not in fake.log
    act.click()
    step.get_by_role("button", name="Do it").click(timeout=PATIENCE)
    expect(step).to_contain_text("Done on Pixel 7.", timeout=PATIENCE)
    assert fake.log.count(taps) == 1
    step.get_by_role("button", name="Fetch its screen").click()
    expect(chat.tray).to_have_count(1, timeout=PATIENCE)
    chat.ask("next")
    expect(page.locator("#history .on-phone")).to_have_count(0)


def test_of_several_phones_one_is_chosen_and_failures_are_said_in_plain_words(
    app: App, fake: FakeAdb, visit: Callable[..., ChatPage]
) -> None:
    fake.connect(R5CT=PIXEL, tablet=TABLET)
    chat = visit(app.url, locale="zh-CN", viewport={"width": 390, "height": 800}, has_touch=True)
    chat.attach(SCREEN)
    chat.ask('/say do(action="Tap", element=[500,250])')
    step = chat.page.locator("#phone-step section")
    chat.live.get_by_role("button", name="在手机上执行").click(timeout=PATIENCE)
    expect(step.locator("code")).to_contain_text("R5CT", timeout=PATIENCE)
    assert chat.overflow() == 0
    step.locator("select").select_option("tablet")
    expect(step).to_contain_text("不在这部手机的屏幕图片上", timeout=PATIENCE)
    chat.page.locator("#phone select").select_option("R5CT")
    chat.live.get_by_role("button", name="在手机上执行").click()
    expect(step.locator("code")).to_contain_text("R5CT", timeout=PATIENCE)
    fake.connect(R5CT={**PIXEL, "state": "unauthorized"})
    step.get_by_role("button", name="执行", exact=True).click()
    expect(step).to_contain_text("请解锁手机", timeout=PATIENCE)


def test_nothing_is_shown_without_a_phone_or_without_adb(
    app: App, fake: FakeAdb, chat: ChatPage, visit: Callable[..., ChatPage]
) -> None:
    fake.connect()
    without_phone = visit(app.url)
    for page in (without_phone, chat):
        page.attach(SCREEN)
        page.ask('/say do(action="Tap", element=[500,250])')
        expect(page.live.locator(".action-card")).to_be_visible()
        expect(page.live.locator(".on-phone")).to_be_hidden()
    expect(without_phone.page.locator("#phone button")).to_have_count(0)
    expect(chat.page.locator("#phone, #phone-step")).to_have_count(0)


def test_visitor_who_does_not_sit_here_sees_no_phone(
    app: App, fake: FakeAdb, visit: Callable[..., ChatPage]
) -> None:
    fake.connect(R5CT=PIXEL)
    chat = visit(app.url, extra_http_headers={"x-forwarded-for": "203.0.113.7"})
    chat.attach(SCREEN)
    chat.ask('/say do(action="Tap", element=[500,250])')
    calls = len(fake.log)
    chat.live.locator(".on-phone").evaluate("(button) => button.click()")
    expect(chat.page.locator("#phone button")).to_have_count(0)
    chat.ask("and on")
    expect(chat.page.locator("#phone-step section")).to_have_count(0)
    assert len(fake.log) == calls
