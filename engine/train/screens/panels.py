"""Panels: large buttons, cards, a dialog, a menu from the side, a sheet from below, quick settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens import bars, controls
from engine.train.screens.theme import WHITE, hsv, mix, photo
from engine.train.screens.tiles import TileStyle, tile

if TYPE_CHECKING:
    from engine.train.screens.page import Page

ACTIONS = (
    "share",
    "delete",
    "edit",
    "download",
    "like",
    "add",
    "refresh",
    "play",
    "send",
    "search",
    "close",
    "menu",
)


def actions(page: Page) -> None:
    """A panel of large buttons with a word under each, as tool apps show."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.colour_bar(0.3)
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([0, 1]), ("back", "menu", "close"))
    columns = rng.choice([2, 3]) if canvas.width < 620 else rng.choice([3, 4])
    keys = page.take(ACTIONS, rng.randint(3, 8))
    rows = -(-len(keys) // columns)
    cell = min((canvas.width - 40) / columns, (page.bottom - page.top - 30) / rows)
    start = (canvas.width - cell * columns) / 2
    filled, carded, round_ = page.chance(0.5), page.chance(0.5), page.chance(0.6)
    hue = rng.random() if page.chance(0.4) else None
    for i, key in enumerate(keys):
        x, y = start + cell * (i % columns + 0.5), page.top + 16 + cell * (i // columns + 0.5)
        if carded:
            half = cell / 2 - 8
            canvas.rounded((x - half, y - half, x + half, y + half), 26, theme.card)
        tint = theme.accent if hue is None else hsv(hue + i * 0.13, 0.6, 0.75)
        if filled:
            page.badge(key, x, y - 14, min(cell * 0.6, 110), tint, round_)
        else:
            page.icon(key, x, y - 14, min(cell * 0.44, 84), tint if page.chance(0.5) else theme.ink)
        canvas.text(x, y + cell * 0.36, page.caption(key), 23, theme.faint, align="center", room=cell - 8)


def dialog(page: Page) -> None:
    """A question over a dimmed page."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    if page.chance(0.4):
        canvas.backdrop(photo(rng))
    else:
        for i in range(8):
            canvas.rounded((24, 120 + i * 104, canvas.width - 24, 204 + i * 104), 20, theme.card)
    canvas.dim(rng.uniform(0.35, 0.6))
    bars.status_bar(page, WHITE)
    width = min(canvas.width - 60, 560)
    extras = [kind for kind in ("check", "slider", "switch", "icons") if page.chance(0.45)][:3]
    height = 230 + 92 * len(extras)
    left, top = (canvas.width - width) / 2, (canvas.height - height) / 2
    if page.chance(0.3) and canvas.height > canvas.width:
        top = page.bottom - height - 24
    card = mix(theme.card, WHITE, 0.06) if theme.dark else WHITE
    canvas.rounded((left, top, left + width, top + height), rng.choice([16, 36, 52]), card)
    right, inner = left + width - 36, left + 36
    title_room = width - 72
    if page.chance(0.55):
        page.take(["close"])
        page.icon("close", right - 24, top + 54, 50, theme.faint)
        title_room -= 70
    title = page.word("question")
    shown = canvas.text(
        inner, top + 54, title, 34 if page.language == "zh" else 30, theme.ink, bold=True, room=title_room
    )
    if shown:
        page.facts["title"] = title
    canvas.text(inner, top + 108, page.word("hint"), 25, theme.faint, room=width - 60)
    y = top + 180
    for kind in extras:
        if kind == "check":
            controls.checkbox(page, inner + 27, y, 54)
            canvas.text(inner + 74, y, page.word("row"), 26, theme.ink, room=width - 150)
        elif kind == "slider":
            controls.slider(page, inner, right, y)
        elif kind == "switch":
            canvas.text(inner, y, page.word("row"), 27, theme.ink, room=width - 190)
            controls.switch(page, right, y, 48)
        else:
            keys = page.take(ACTIONS, rng.randint(2, 4))
            for i, key in enumerate(keys):
                page.icon(key, inner + (right - inner) * (i + 0.5) / len(keys), y, 58, theme.ink)
        y += 92
    y = top + height - 48
    first, second = page.word("button"), page.word("button")
    canvas.text(right - 20, y, second, 28, theme.accent, bold=True, align="right", room=width / 2 - 40)
    if first != second:
        canvas.text(inner + 20, y, first, 28, theme.faint, bold=True, room=width / 2 - 40)


def sheet(page: Page) -> None:
    """A sheet that slid up from below: a row of apps to share with, then actions."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    canvas.backdrop(photo(rng))
    canvas.dim(0.3)
    bars.status_bar(page, WHITE)
    height = min(canvas.height * 0.72, 560)
    top = canvas.height - height
    canvas.rounded((0, top, canvas.width, canvas.height + 60), 44, theme.card)
    controls.handle(page, canvas.width / 2, top + 20, 80, 8, theme.line)
    title = page.word("action")
    page.facts["title"] = title
    canvas.text(34, top + 64, title, 34, theme.ink, bold=True)
    if page.chance(0.6):
        page.take(["close"])
        page.icon("close", canvas.width - 56, top + 64, 52, theme.faint)
    style = TileStyle(rng, theme, theme.dark)
    columns = 4 if canvas.width < 620 else 6
    slot = (canvas.width - 30) / columns
    for i, key in enumerate(page.apps(columns)):
        x = 15 + slot * (i + 0.5)
        tile(page, key, x, top + 160, min(84, slot * 0.8), style)
        canvas.text(x, top + 222, page.name(key), 22, theme.ink, align="center", room=slot)
    y = top + 304
    while y < page.bottom - 40:
        for key in page.take(ACTIONS):
            page.icon(key, 62, y, 54, theme.ink)
            canvas.text(118, y, page.caption(key), 28, theme.ink, room=canvas.width - 140)
        y += 96


def quick(page: Page) -> None:
    """The quick settings panel: round toggles, some of them apps, and a brightness slider."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    y = page.top + 60
    time = page.time_of_day()
    if box := canvas.text(34, y, time, 60, theme.ink, bold=True):
        page.read("time", box, time)
    right = canvas.width - 60
    for key in page.take(["edit", "settings", "search", "menu"], 2):
        page.icon(key, right, y, 54, theme.ink)
        right -= 84
    columns = 4 if canvas.width < 620 else 6
    slot = (canvas.width - 30) / columns
    keys: list[str | None] = [*page.apps(rng.randint(3, 6)), None, None]
    rng.shuffle(keys)
    y += 118
    for i, key in enumerate(keys):
        x, middle = 15 + slot * (i % columns + 0.5), y + (i // columns) * 140
        on = page.chance(0.4)
        back = theme.accent if on else theme.line
        if key is None:
            canvas.circle(x, middle, 88, back)
            page.distractor(x, middle, 46, theme.on_accent if on else theme.ink)
        else:
            page.badge(key, x, middle, 88, back)
            canvas.text(x, middle + 64, page.name(key), 22, theme.ink, align="center", room=slot)
    y += (len(keys) + columns - 1) // columns * 140
    if y + 40 < page.bottom:
        controls.slider(page, 40, canvas.width - 40, y)
    y += 96
    while y + 60 < page.bottom and page.chance(0.7):
        canvas.rounded((24, y - 48, canvas.width - 24, y + 48), 28, theme.card)
        canvas.text(52, y, page.word("row"), 28, theme.ink, room=canvas.width - 220)
        controls.switch(page, canvas.width - 50, y, 46)
        y += 112


def side(page: Page) -> None:
    """A menu that came in from the left or the right over a dimmed page."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    if page.chance(0.5):
        canvas.backdrop(photo(rng))
    canvas.dim(rng.uniform(0.2, 0.5))
    bars.status_bar(page, WHITE)
    width = min(canvas.width * rng.uniform(0.68, 0.86), 560)
    left = 0.0 if page.chance(0.75) else canvas.width - width
    canvas.rectangle((left, page.top, left + width, canvas.height), theme.card)
    inner, right, y = left + 30, left + width - 30, page.top + 20
    if page.chance(0.6):
        bars.initial(page, inner + 44, y + 60, 88, hsv(rng.random(), 0.5, 0.7))
        canvas.text(inner + 106, y + 60, page.word("person"), 32, theme.ink, room=width - 240)
        if page.chance(0.5):
            for key in page.take(["close", "edit", "settings", "menu"]):
                page.icon(key, right - 28, y + 60, 54, theme.ink)
        y += 136
    height, apps = rng.uniform(84, 108), page.chance(0.4)
    style = TileStyle(rng, theme, theme.dark)
    for _ in range(rng.randint(3, 7)):
        if y + height > page.bottom - 10:
            break
        middle = y + height / 2
        if page.chance(0.2):
            canvas.text(inner, middle, page.word("row"), 27, theme.ink, room=width - 180)
            controls.switch(page, right, middle, 46)
        elif apps:
            for key in page.apps(1):
                tile(page, key, inner + 34, middle, 66, style)
                canvas.text(inner + 90, middle, page.name(key), 28, theme.ink, room=width - 150)
        else:
            for key in page.take(ACTIONS):
                page.icon(key, inner + 30, middle, 54, theme.ink)
                canvas.text(inner + 86, middle, page.caption(key), 28, theme.ink, room=width - 150)
        y += height
        if page.chance(0.2):
            canvas.rectangle((inner, y, right, y + 2), theme.line)


def board(page: Page) -> None:
    """Cards side by side, as for the lamps of a house: a sign above, a word, a switch or a slider."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([0, 1, 2]), ("back", "menu"))
    columns = 2 if canvas.width < 620 else 3
    gap = rng.uniform(14, 26)
    width = (canvas.width - gap * (columns + 1)) / columns
    height = rng.uniform(150, 230)
    style = TileStyle(rng, theme, theme.dark)
    rows = max(1, min(4, int((page.bottom - page.top - 10) // (height + gap))))
    for place in range(rows * columns):
        left = gap + place % columns * (width + gap)
        top = page.top + 10 + place // columns * (height + gap)
        canvas.rounded((left, top, left + width, top + height), 30, theme.card)
        roll = rng.random()
        if roll < 0.35:
            for key in page.apps(1):
                tile(page, key, left + 50, top + 50, 70, style)
                canvas.text(left + 20, top + 112, page.name(key), 24, theme.ink, room=width - 30)
        elif roll < 0.6:
            for key in page.take(ACTIONS):
                page.icon(key, left + 50, top + 50, 58, theme.accent)
                canvas.text(left + 20, top + 112, page.caption(key), 24, theme.ink, room=width - 30)
        else:
            page.distractor(left + 46, top + 46, 40, theme.faint)
            canvas.text(left + 20, top + 112, page.word("row"), 24, theme.ink, room=width - 30)
        if page.chance(0.4):
            controls.switch(page, left + width - 18, top + 46, 44)
        elif height > 200 and "slider" not in page.used and page.chance(0.3):
            controls.slider(page, left + 20, left + width - 20, top + height - 40)
