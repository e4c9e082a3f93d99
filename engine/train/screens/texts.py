"""Screens of text: a chat, an article, a calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens import bars, controls
from engine.train.screens.theme import hsv, photo

if TYPE_CHECKING:
    from engine.train.screens.page import Page


def chat(page: Page) -> None:
    canvas, rng, theme = page.canvas, page.rng, page.theme
    page.colour_bar(0.3)
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


def calendar(page: Page) -> None:
    """A month of days, and what is planned under it."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("date"), rng.choice([1, 2]), ("menu", "back"))
    if page.chance(0.5):
        bars.floating_button(page, ("add", "edit", "search"))
    slot, row, first = (canvas.width - 40) / 7, rng.uniform(56, 74), rng.randrange(7)
    marked = rng.randint(1, 30)
    for day in range(1, 31):
        x, y = 20 + slot * ((day + first) % 7 + 0.5), page.top + 36 + row * ((day + first) // 7)
        if day == marked:
            canvas.circle(x, y, 54, theme.accent)
        ink = theme.on_accent if day == marked else theme.ink
        canvas.text(x, y, str(day), 26, ink, align="center")
    y = page.top + row * 6 + 60
    while y + 50 < page.bottom:
        if page.chance(0.6):
            controls.checkbox(page, 56, y)
        else:
            canvas.rounded((30, y - 30, 38, y + 30), 4, hsv(rng.random(), 0.6, 0.8))
        canvas.text(104, y, page.word("todo"), 28, theme.ink, room=canvas.width - 230)
        if page.chance(0.3):
            for key in page.take(["share", "delete", "edit", "like"]):
                page.icon(key, canvas.width - 60, y, 54, theme.faint)
        y += rng.uniform(84, 104)
