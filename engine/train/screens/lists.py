"""Screens of rows: settings, to-do lists, files, letters, apps to install, forms."""

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


def inbox(page: Page) -> None:
    """Letters: who, what about, and marks at the right; a search field may lie over them."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.colour_bar(0.25)
    bars.status_bar(page, theme.ink)
    if page.chance(0.5):
        controls.search_bar(page, 24, canvas.width - 24, page.top + 48)
        page.top += 96
    else:
        bars.top_bar(page, page.word("title"), rng.choice([1, 2]), ("menu", "back"))
    if page.chance(0.5):
        bars.floating_button(page, ("edit", "send", "add"))
    else:
        bars.bottom_bar(page, rng.randint(2, 4))
    height, ticks = rng.uniform(112, 150), page.chance(0.3)
    for y in _rows(page, height, rng.randint(3, 6)):
        left, right = 30.0, canvas.width - 30
        if ticks:
            controls.checkbox(page, left + 28, y)
        else:
            bars.initial(page, left + 32, y, 64, hsv(rng.random(), 0.5, 0.7))
        left += 84
        if page.chance(0.4):
            for key in page.take(("like", "delete", "download", "share")):
                page.icon(key, right - 28, y, 54, theme.faint)
            right -= 70
        canvas.text(left, y - 34, page.word("person"), 28, theme.ink, bold=True, room=right - left)
        canvas.text(left, y + 2, page.word("chat"), 25, theme.ink, room=right - left)
        canvas.text(left, y + 36, page.word("hint"), 22, theme.faint, room=right - left)


def store(page: Page) -> None:
    """Apps to install: a tile, its name, and a button at the end of the row."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    if page.chance(0.5):
        bars.top_bar(page, page.word("title"), rng.choice([0, 1]))
    if page.chance(0.4):
        top = page.top + 10
        canvas.backdrop(photo(rng), (24, top, canvas.width - 24, top + 190), 28)
        page.top += 210
    if page.chance(0.4):
        bars.bottom_bar(page, rng.randint(2, 4))
    height = rng.uniform(108, 150)
    style = TileStyle(rng, theme, theme.dark)
    filled = page.chance(0.5)
    for y in _rows(page, height, rng.randint(3, 6)):
        left, right, size = 28.0, canvas.width - 28, min(92.0, height * 0.7)
        word = page.word("other")
        for key in page.apps(1):
            tile(page, key, left + size / 2, y, size, style)
            word = page.name(key)
        left += size + 22
        if page.chance(0.45):
            for key in page.take(("download", "refresh", "play", "delete", "add", "share")):
                if filled:
                    page.badge(key, right - 38, y, 72, theme.accent)
                else:
                    page.icon(key, right - 32, y, 58, theme.accent)
            right -= 90
        canvas.text(left, y - 18, word, 29, theme.ink, room=right - left)
        canvas.text(left, y + 20, page.word("hint"), 22, theme.faint, room=right - left)


def form(page: Page) -> None:
    """Fields to fill in, boxes to tick, and large buttons under them."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.colour_bar(0.3)
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([0, 1]), ("back", "close"))
    left, right, y = 40.0, canvas.width - 40, page.top + 20
    kinds = rng.choices(("field", "box", "boxes", "switch", "slider"), [4, 3, 1, 2, 1], k=rng.randint(3, 7))
    for kind in kinds:
        if y + 120 > page.bottom - 130:
            break
        if kind == "field":
            canvas.text(left, y + 14, page.word("row"), 24, theme.faint, room=right - left)
            canvas.rounded((left, y + 32, right, y + 98), 16, theme.line)
            if page.chance(0.35):
                for key in page.take(("edit", "search", "close", "menu", "add")):
                    page.icon(key, right - 44, y + 65, 52, theme.ink)
        elif kind == "box":
            controls.checkbox(page, left + 28, y + 52)
            canvas.text(left + 72, y + 52, page.word("row"), 27, theme.ink, room=right - left - 80)
        elif kind == "boxes":
            for i in range(rng.randint(2, 3)):
                x = left + 28 + i * (right - left) / 3
                controls.checkbox(page, x, y + 52)
                canvas.text(x + 40, y + 52, page.word("folder"), 24, theme.ink, room=(right - left) / 3 - 80)
        elif kind == "switch":
            canvas.text(left, y + 52, page.word("row"), 28, theme.ink, room=right - left - 120)
            controls.switch(page, right, y + 52, 48)
        elif "slider" not in page.used:
            canvas.text(left, y + 22, page.word("row"), 24, theme.faint, room=right - left)
            controls.slider(page, left, right, y + 70)
        y += 116
    canvas.rounded((left, y + 16, right, y + 96), 40, theme.accent)
    canvas.text(
        canvas.width / 2, y + 56, page.word("button"), 30, theme.on_accent, align="center", room=right - left
    )
    if y + 220 < page.bottom:
        keys = page.take(ROW_KEYS, rng.randint(0, 3))
        for i, key in enumerate(keys):
            x = left + (right - left) * (i + 0.5) / len(keys)
            page.badge(key, x, y + 160, 76, theme.line)
