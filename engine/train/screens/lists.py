"""Screens of rows: settings, to-do lists, files, forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens import bars, controls
from engine.train.screens.theme import hsv, photo
from engine.train.screens.tiles import TileStyle, tile

if TYPE_CHECKING:
    from engine.train.screens.page import Page

ROW_KEYS = ("download", "delete", "edit", "play", "like", "share", "refresh", "add", "menu", "close", "send")


def _rows(page: Page, height: float, most: int) -> list[float]:
    """The middles of the rows that fit between the page's top and bottom."""
    count = max(1, min(most, int((page.bottom - page.top - 10) // height)))
    return [page.top + 8 + height * (i + 0.5) for i in range(count)]


def settings(page: Page) -> None:
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.colour_bar(0.2)
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([0, 1, 1, 2]), ("back",))
    if "search" not in page.used and page.chance(0.2):
        controls.search_bar(page, 26, canvas.width - 26, page.top + 44)
        page.top += 90
    height = rng.uniform(92, 126)
    middles = _rows(page, height, rng.randint(4, 8))
    carded = page.chance(0.5)
    if carded:
        canvas.rounded(
            (16, page.top, canvas.width - 16, page.top + 16 + height * len(middles)), 30, theme.card
        )
    apps = page.chance(0.35)
    style = TileStyle(rng, theme, theme.dark)
    heads = rng.choice(["glyph", "disc", "none"])
    for y in middles:
        _setting(page, y, height, apps, heads, style)
        if not carded and page.chance(0.7):
            canvas.rectangle((26, y + height / 2 - 1, canvas.width - 26, y + height / 2), theme.line)


def _setting(page: Page, y: float, height: float, apps: bool, heads: str, style: TileStyle) -> None:
    canvas, rng, theme = page.canvas, page.rng, page.theme
    left, right = 36.0, canvas.width - 36
    word = page.word("row")
    if apps and page.chance(0.6):
        for key in page.apps(1):
            size = min(height * 0.68, 72)
            tile(page, key, left + size / 2, y, size, style)
            word = page.name(key)
            left += size + 22
    elif heads == "disc":
        canvas.circle(left + 26, y, 56, hsv(rng.random(), 0.6, 0.8))
        left += 76
    elif heads == "glyph" and page.chance(0.6):
        page.distractor(left + 22, y, 36, theme.accent)
        left += 66
    roll = rng.random()
    if roll < 0.36:
        controls.switch(page, right, y, rng.choice([42, 46, 50]))
        right -= 104
    elif roll < 0.46:
        controls.checkbox(page, right - 28, y, 54)
        right -= 76
    elif roll < 0.6 and "slider" not in page.used and right - left > 250:
        canvas.text(left, y - height * 0.22, word, 26, theme.ink, room=right - left)
        controls.slider(page, left, right, y + height * 0.18)
        return
    elif roll < 0.72:
        for key in page.take(ROW_KEYS):
            page.icon(key, right - 28, y, 54, theme.faint if page.chance(0.5) else theme.accent)
        right -= 80
    elif roll < 0.86:
        canvas.text(right, y, ">", 30, theme.faint, align="right")
        right -= 30
    if page.chance(0.4) and height > 100:
        canvas.text(left, y - 18, word, 29, theme.ink, room=right - left)
        canvas.text(left, y + 22, page.word("hint"), 22, theme.faint, room=right - left)
    else:
        canvas.text(left, y, word, 30, theme.ink, room=right - left)


def todo(page: Page) -> None:
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.colour_bar(0.35)
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([1, 2, 2]), ("menu", "back", "close"))
    if page.chance(0.65):
        bars.floating_button(page)
    elif page.chance(0.6):
        bars.bottom_bar(page, rng.randint(2, 4))
    height = rng.uniform(88, 112)
    boxes = page.chance(0.75)
    trailing = page.chance(0.4)
    for y in _rows(page, height, rng.randint(3, 6)):
        left, right = 34.0, canvas.width - 34
        if page.chance(0.5):
            canvas.rounded((18, y - height / 2 + 5, canvas.width - 18, y + height / 2 - 5), 22, theme.card)
        if boxes and page.chance(0.8):
            controls.checkbox(page, left + 28, y)
        left += 76 if boxes else 0
        if trailing and page.chance(0.5):
            for key in page.take(ROW_KEYS):
                page.icon(key, right - 28, y, 52, theme.faint)
            right -= 70
        canvas.text(left, y, page.word("todo"), 31, theme.ink, room=right - left)


def files(page: Page) -> None:
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.colour_bar(0.25)
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([1, 2, 3]))
    if page.chance(0.4):
        bars.bottom_bar(page, rng.randint(3, 5))
    elif page.chance(0.5):
        bars.floating_button(page)
    height = rng.uniform(104, 134)
    heads = rng.choice(["photo", "app", "disc"])
    style = TileStyle(rng, theme, theme.dark)
    for y in _rows(page, height, rng.randint(3, 6)):
        left, right, size = 30.0, canvas.width - 32, min(84.0, height * 0.7)
        if heads == "photo":
            canvas.backdrop(photo(rng), (left, y - size / 2, left + size, y + size / 2), 14)
        elif heads == "disc":
            bars.initial(page, left + size / 2, y, size, hsv(rng.random(), 0.6, 0.7))
        else:
            for key in page.apps(1):
                tile(page, key, left + size / 2, y, size, style)
        left += size + 22
        if page.chance(0.6):
            for key in page.take(ROW_KEYS):
                page.icon(
                    key, right - 28, y, rng.uniform(52, 60), theme.accent if page.chance(0.5) else theme.ink
                )
                right -= 76
        canvas.text(left, y - 18, page.word("file"), 29, theme.ink, room=right - left)
        canvas.text(left, y + 22, page.word("hint"), 22, theme.faint, room=right - left)
