"""Screens of single apps: player, video, chat, gallery, article, action panel, dialog and the sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens import bars
from engine.train.screens.page import TileStyle
from engine.train.screens.theme import BLACK, WHITE, hsv, mix, photo

if TYPE_CHECKING:
    from engine.train.screens.page import Page

ACTIONS = ("share", "delete", "edit", "download", "like", "add", "refresh", "play", "send", "search", "close", "menu")


def player(page: Page) -> None:
    """A music player: cover, title, progress, play in the middle; in landscape side by side."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    song, artist = page.word("song"), page.word("artist")
    bars.top_bar(page, page.word("title") if page.chance(0.3) else "", rng.choice([0, 1, 2]), ("back", "close"))
    page.facts |= {"title": song, "artist": artist}
    wide = canvas.width > canvas.height
    room = page.bottom - page.top
    side = min(canvas.width * (0.4 if wide else 0.78), room * (0.8 if wide else 0.5))
    cover_x = canvas.width * 0.25 if wide else canvas.width / 2
    cover_y = page.top + room / 2 if wide else page.top + 16 + side / 2
    box = (cover_x - side / 2, cover_y - side / 2, cover_x + side / 2, cover_y + side / 2)
    canvas.backdrop(photo(rng), box, rng.choice([0, 20, 40, side / 2]))
    left, right = (canvas.width * 0.5, canvas.width - 40) if wide else (40.0, canvas.width - 40)
    y = page.top + room * 0.22 if wide else cover_y + side / 2 + 50
    middle = (left + right) / 2
    canvas.text(middle, y, song, 40, theme.ink, bold=True, align="center", room=right - left)
    canvas.text(middle, y + 46, artist, 26, theme.faint, align="center", room=right - left)
    y += 112
    page.slider(left, right, y)
    canvas.text(left, y + 36, f"{rng.randrange(5)}:{rng.randrange(60):02d}", 20, theme.faint)
    y += 108
    page.take(["play"])
    size = rng.uniform(92, 120)
    if page.chance(0.6):
        page.badge("play", middle, y, size, theme.accent)
    else:
        page.icon("play", middle, y, size * 0.75, theme.ink)
    for x in (middle - size * 1.05, middle + size * 1.05):
        canvas.rectangle((x - 14, y - 14, x - 8, y + 14), theme.ink)
        canvas.rectangle((x + 8, y - 14, x + 14, y + 14), theme.ink)
    y += 118
    if y + 40 < canvas.height:
        keys = page.take(["like", "share", "download", "add", "delete", "menu", "refresh"], rng.randint(2, 4))
        for i, key in enumerate(keys):
            page.icon(key, left + (right - left) * (i + 0.5) / len(keys), y, rng.uniform(52, 62), theme.ink)


def video(page: Page) -> None:
    """A video page: a frame with a large play button, a row of buttons, lines of text."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    if page.chance(0.5):
        bars.top_bar(page, page.word("title"), rng.choice([0, 1, 2]))
    height = min(canvas.width * 0.5625, (page.bottom - page.top) * 0.6)
    frame = photo(rng).point(lambda v: round(v * 0.7))
    canvas.backdrop(frame, (0, page.top, canvas.width, page.top + height))
    page.take(["play"])
    y = page.top + height / 2
    if page.chance(0.5):
        page.badge("play", canvas.width / 2, y, rng.uniform(90, 120), theme.accent if page.chance(0.4) else BLACK)
    else:
        page.icon("play", canvas.width / 2, y, rng.uniform(80, 110), WHITE)
    y = page.top + height + 46
    canvas.text(28, y, page.word("text"), 32, theme.ink, bold=True, room=canvas.width - 40) or canvas.text(
        28, y, page.word("song"), 32, theme.ink, bold=True, room=canvas.width - 40
    )
    page.facts.setdefault("title", "")
    y += 88
    keys = page.take(["like", "share", "download", "add", "delete", "edit", "menu", "send"], rng.randint(3, 5))
    for i, key in enumerate(keys):
        x = canvas.width * (i + 0.5) / len(keys)
        page.icon(key, x, y, rng.uniform(52, 64), theme.ink)
        canvas.text(x, y + 50, str(rng.randint(1, 999)), 20, theme.faint, align="center")
    y += 110
    while y < canvas.height - 70:
        canvas.circle(64, y, 64, hsv(rng.random(), 0.5, 0.8))
        canvas.text(116, y - 16, page.word("person"), 24, theme.faint)
        canvas.text(116, y + 18, page.word("chat"), 26, theme.ink, room=canvas.width - 130)
        y += 104


def chat(page: Page) -> None:
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.facts["bar_fill"] = page.chance(0.3)
    page.take(["send"])
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("person"), rng.choice([0, 1, 1, 2]), ("back",))
    height = 108.0
    top = page.bottom - height
    canvas.rectangle((0, top, canvas.width, canvas.height), theme.card)
    left, right, y = 24.0, canvas.width - 24, top + height / 2
    if page.chance(0.6):
        for key in page.take(["add", "menu"]):
            page.icon(key, left + 28, y, 56, theme.faint)
            left += 74
    if page.chance(0.5):
        page.badge("send", right - 38, y, 76, theme.accent)
        right -= 92
    else:
        page.icon("send", right - 32, y, 62, theme.accent)
        right -= 80
    canvas.rounded((left, y - 34, right, y + 34), 34, theme.page)
    if page.chance(0.5):
        canvas.text(left + 26, y, page.word("chat"), 26, theme.faint, room=right - left - 30)
    y = page.top + 60
    shown = []
    while y < top - 50:
        line = page.word("chat")
        shown.append(line)
        mine = page.chance(0.5)
        width = min(canvas.width - 150, 46 + len(line) * (30 if page.language == "zh" else 16))
        back = theme.accent if mine else theme.card if theme.card != theme.page else theme.line
        start = canvas.width - 24 - width if mine else 92.0
        canvas.rounded((start, y - 34, start + width, y + 34), 26, back)
        canvas.text(start + 22, y, line, 27, theme.on_accent if mine else theme.ink, room=width - 30)
        if not mine:
            bars.initial(page, 48, y, 60, hsv(0.6, 0.5, 0.6))
        y += rng.uniform(86, 118)
    page.facts["messages"] = tuple(shown)


def gallery(page: Page) -> None:
    canvas, rng = page.canvas, page.rng
    bars.status_bar(page, page.theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([1, 2, 3]))
    roll = rng.random()
    if roll < 0.65:
        bars.bottom_bar(page, rng.randint(3, 5))
    columns = rng.choice([1, 2, 3]) if canvas.width < 620 else rng.choice([3, 4])
    gap = rng.choice([4, 10, 16])
    side = (canvas.width - gap * (columns + 1)) / columns
    height = side if columns > 1 else min(side, page.bottom - page.top - 20)
    y = page.top + gap
    ticks = columns > 1 and page.chance(0.4)
    while y + height <= page.bottom:
        for c in range(columns):
            x = gap + c * (side + gap)
            canvas.backdrop(photo(rng), (x, y, x + side, y + height), rng.choice([0, 0, 14]))
            if ticks and page.chance(0.3):
                page.checkbox(x + side - 38, y + 38)
        y += height + gap
    if roll > 0.8:
        bars.floating_button(page)


def article(page: Page) -> None:
    """A text page, as readers and browsers show."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([1, 2, 3]))
    if page.chance(0.7):
        bars.bottom_bar(page, rng.randint(3, 5))
    elif page.chance(0.5):
        bars.floating_button(page)
    y = page.top + 40
    canvas.text(34, y, page.word("song"), 46, theme.ink, bold=True, room=canvas.width - 50)
    y += 66
    while y < page.bottom - 40:
        if page.chance(0.07) and y + 260 < page.bottom:
            canvas.backdrop(photo(rng), (34, y, canvas.width - 34, y + 220), 16)
            y += 252
            continue
        if not canvas.text(34, y, page.word("text"), 27, theme.ink, room=canvas.width - 50):
            canvas.text(34, y, page.word("chat"), 27, theme.ink, room=canvas.width - 50)
        y += 46


def actions(page: Page) -> None:
    """A panel of large buttons with a word under each, as tool apps show."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.facts["bar_fill"] = page.chance(0.3)
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
        canvas.text(x, y + cell * 0.36, page.word("action"), 23, theme.faint, align="center", room=cell - 8)


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
        top = canvas.height - height - 40
    card = mix(theme.card, WHITE, 0.06) if theme.dark else WHITE
    canvas.rounded((left, top, left + width, top + height), rng.choice([16, 36, 52]), card)
    right, inner = left + width - 36, left + 36
    title_room = width - 72
    if page.chance(0.55):
        page.take(["close"])
        page.icon("close", right - 24, top + 54, 50, theme.faint)
        title_room -= 70
    title = page.word("question")
    page.facts["title"] = title
    canvas.text(inner, top + 54, title, 34 if page.language == "zh" else 30, theme.ink, bold=True, room=title_room)
    canvas.text(inner, top + 108, page.word("hint"), 25, theme.faint, room=width - 60)
    y = top + 180
    for kind in extras:
        if kind == "check":
            page.checkbox(inner + 27, y, 54)
            canvas.text(inner + 74, y, page.word("row"), 26, theme.ink, room=width - 150)
        elif kind == "slider":
            page.slider(inner, right, y)
        elif kind == "switch":
            canvas.text(inner, y, page.word("row"), 27, theme.ink, room=width - 190)
            page.switch(right, y, 48)
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
    canvas.rounded((canvas.width / 2 - 40, top + 16, canvas.width / 2 + 40, top + 24), 4, theme.line)
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
        page.tile(key, x, top + 160, min(84, slot * 0.8), style)
        canvas.text(x, top + 222, page.name(key), 22, theme.ink, align="center", room=slot)
    y = top + 304
    while y < canvas.height - 50:
        for key in page.take(ACTIONS):
            page.icon(key, 62, y, 54, theme.ink)
            canvas.text(118, y, page.name(key), 28, theme.ink, room=canvas.width - 140)
        y += 96


def quick(page: Page) -> None:
    """The quick settings panel: round toggles, some of them apps, and a brightness slider."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    y = page.top + 60
    canvas.text(34, y, page.facts.get("time", "9:41"), 60, theme.ink, bold=True)
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
    if y + 40 < canvas.height:
        page.slider(40, canvas.width - 40, y)
    y += 96
    while y + 60 < canvas.height and page.chance(0.7):
        canvas.rounded((24, y - 48, canvas.width - 24, y + 48), 28, theme.card)
        canvas.text(52, y, page.word("row"), 28, theme.ink, room=canvas.width - 220)
        page.switch(canvas.width - 50, y, 46)
        y += 112
