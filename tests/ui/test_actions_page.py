"""What an answer points at is drawn on the picture of its turn, where it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.driver import EXAMPLES, App, ChatPage

pytestmark = pytest.mark.browser

SCREEN = EXAMPLES / "settings-en.png"


def centre_on(picture: Locator, mark: Locator) -> tuple[float, float]:
    """Where the middle of `mark` is, in thousandths of the shown picture."""
    mark.scroll_into_view_if_needed()
    outer, inner = picture.bounding_box(), mark.bounding_box()
    assert outer and inner
    x, y = inner["x"] + inner["width"] / 2 - outer["x"], inner["y"] + inner["height"] / 2 - outer["y"]
    return 1000 * x / outer["width"], 1000 * y / outer["height"]


@pytest.mark.parametrize("width", [1280, 390])
def test_tap_is_drawn_where_it_is_at_every_width(
    launch: Callable[..., App], visit: Callable[..., ChatPage], width: int
) -> None:
    chat = visit(launch("--model", "scripted").url, viewport={"width": width, "height": 800})
    chat.attach(SCREEN)
    chat.ask('/say do(action="Tap", element=[250,800])')
    card = chat.live.locator(".action-card")
    expect(card).to_contain_text("250, 800")
    expect(card).to_contain_text("180, 1280")  # pixels of 720 x 1600
    picture = card.locator("img")
    picture.evaluate("async (image) => { await image.decode(); }")
    box = picture.bounding_box()
    assert box and abs(box["width"] / box["height"] - 720 / 1600) < 0.01
    x, y = centre_on(picture, card.locator("circle.dot"))
    assert abs(x - 250) < 4 and abs(y - 800) < 4
    assert chat.overflow() <= 0


def test_card_stays_in_history_and_after_a_reload_and_what_is_unreadable_is_said(chat: ChatPage) -> None:
    chat.attach(SCREEN)
    chat.ask('/say do(action="Swipe", start=[500,800], end=[500,200]) then do(action="Tap", element=[1,')
    expect(chat.live.locator(".action-card line")).to_have_count(2)
    expect(chat.live.locator(".unreadable")).to_contain_text("could not be read")
    expect(chat.live.locator(".unreadable code")).to_have_text('do(action="Tap", element=[1,')
    chat.ask("thanks")
    expect(chat.live.locator(".action-card")).to_have_count(0)
    expect(chat.page.locator("#history .action-card")).to_have_count(1)
    chat.reload()
    expect(chat.page.locator("#history .action-card line")).to_have_count(2)


def test_words_of_an_action_are_shown_as_text(chat: ChatPage) -> None:
    chat.ask('/say do(action="Type", text="<img src=x onerror=alert(1)>")')
    card = chat.live.locator(".action-card")
    expect(card.locator(".said")).to_have_text("<img src=x onerror=alert(1)>")
    expect(card.locator("img")).to_have_count(0)
