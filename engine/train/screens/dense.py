"""Pages as dense as on a real phone: their glyphs are so small that nothing of them is left at 224 pixels.

A phone draws its buttons at 24 dp, six pixels where the model sees it. Who was only shown legible ones takes
any speck for one of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.train.lexicon import THINGS
from engine.train.screens import bars, controls
from engine.train.screens.icons import DRAWN_KEYS
from engine.train.screens.theme import hsv, ink_on, mix

if TYPE_CHECKING:
    from engine.train.screens.canvas import Colour
    from engine.train.screens.page import Page

#: Units that a glyph may be large: four to eight pixels of those that the model sees.
SPECK = (18.0, 34.0)
#: How often a glyph is one of the lexicon, as a person would see on a larger picture.
KNOWN = 0.6
KEYS = tuple(thing.key for thing in THINGS if thing.key not in DRAWN_KEYS)


def dense(page: Page) -> None:
    """A bar, then rows, cards, chips and charts, and perhaps tabs below. Without elements."""
    rng = page.rng
    top = _bar(page) if page.chance(0.85) else 30.0
    bottom = page.canvas.height - (rng.uniform(80, 110) if page.chance(0.5) else 20)
    if bottom < page.canvas.height - 40:
        _tabs(page, bottom)
    blocks = rng.sample((_rows, _rows, _cards, _chips, _graph, _wheel, _grid, _fields), rng.randint(1, 3))
    y = top + rng.uniform(4, 40)
    while y < bottom - 90:
        y = rng.choice(blocks)(page, y, bottom) + rng.uniform(8, 40)


def speck(page: Page, x: float, y: float, fill: Colour, size: float = 0.0) -> None:
    """A glyph of any meaning, too small to be told."""
    size = size or page.rng.uniform(*SPECK)
    if page.chance(1 - KNOWN):
        page.distractor(x, y, size, fill)
        return
    family, name = page.glyph(page.rng.choice(KEYS))
    page.canvas.icon(family, name, x, y, size, fill)


def _line(page: Page, x: float, y: float, size: float, fill: Colour, room: float) -> None:
    """Words of any kind: the first of four that fit."""
    kinds = page.rng.sample(["text", "chat", "todo", "row", "hint", "file", "title", "question", "button"], 4)
    for kind in kinds:
        if page.canvas.text(x, y, page.word(kind), size, fill, bold=page.chance(0.2), room=room):
            return


def _bar(page: Page) -> float:
    """A title with small buttons, on the page or on a colour of its own."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    top, height = rng.uniform(0, 44), rng.uniform(60, 92)
    ink = theme.ink
    if page.chance(0.4):
        fill = rng.choice([theme.accent, hsv(rng.random(), 0.6, 0.6)])
        canvas.rectangle((0, 0, canvas.width, top + height), fill)
        ink = ink_on(fill)
    if top > 26:
        canvas.text(20, 16, page.time_of_day(), rng.uniform(17, 24), ink)
        speck(page, canvas.width - 30, 16, ink, 18)
    y, left = top + height / 2, 24.0
    if page.chance(0.8):
        speck(page, left + 12, y, ink)
        left += 52
    right = canvas.width - 34
    for _ in range(rng.randint(0, 4)):
        speck(page, right, y, ink)
        right -= rng.uniform(46, 62)
    _line(page, left, y, rng.uniform(28, 40), ink, right - left - 30)
    return top + height


def _tabs(page: Page, top: float) -> None:
    rng, canvas, theme = page.rng, page.canvas, page.theme
    canvas.rectangle((0, top, canvas.width, canvas.height), theme.card)
    count, worded = rng.randint(3, 5), page.chance(0.7)
    slot, middle = canvas.width / count, (top + canvas.height) / 2
    chosen = rng.randrange(count)
    for i in range(count):
        ink, x = theme.accent if i == chosen else theme.faint, slot * (i + 0.5)
        if i == chosen and page.chance(0.4):
            canvas.rounded((x - 30, middle - 32, x + 30, middle), 16, mix(theme.card, theme.accent, 0.25))
        speck(page, x, middle - (16 if worded else 0), ink)
        if worded:
            canvas.text(x, middle + 20, page.word("folder"), 18, ink, align="center", room=slot)


def _rows(page: Page, top: float, bottom: float) -> float:
    """A heading, then lines of one or two texts with a speck before them, behind them, or both."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    left, right = rng.uniform(16, 40), canvas.width - rng.uniform(16, 40)
    if page.chance(0.4):
        _line(page, left, top + 14, rng.uniform(18, 26), theme.accent, right - left)
        top += 40
    height, double = rng.uniform(48, 92), page.chance(0.5)
    head = rng.choice(["none", "speck", "speck", "disc", "avatar"])
    tail = rng.choice(["none", "speck", "small", "number", "button"])
    hue, ruled = rng.random(), page.chance(0.3)
    for _ in range(rng.randint(2, 9)):
        if top + height > bottom:
            break
        y = top + height / 2
        x, end = _head(page, head, left, y, hue), _tail(page, tail, right, y)
        size = rng.uniform(20, 29)
        _line(page, x, y - (13 if double else 0), size, theme.ink, end - x)
        if double:
            _line(page, x, y + 16, size * 0.75, theme.faint, end - x)
        top += height
        if ruled:
            canvas.rectangle((x, top - 1, right, top + 1), theme.line)
    return top


def _head(page: Page, kind: str, left: float, y: float, hue: float) -> float:
    """What a line begins with; returns where its words may begin."""
    rng, theme = page.rng, page.theme
    if kind == "none":
        return left
    if kind == "speck":
        speck(page, left + 16, y, rng.choice([theme.ink, theme.faint, hsv(hue, 0.6, 0.7)]))
        return left + 56
    size = rng.uniform(34, 48)
    fill = hsv(hue + (rng.random() if kind == "avatar" else 0.0), 0.55, 0.7)
    if kind == "avatar":
        bars.initial(page, left + 20, y, size, fill)
    else:
        page.canvas.circle(left + 20, y, size, fill)
        speck(page, left + 20, y, ink_on(fill), size * 0.5)
    return left + 64


def _tail(page: Page, kind: str, right: float, y: float) -> float:
    """What a line ends with; returns where its words must end."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    if kind == "none":
        return right
    if kind == "number":
        canvas.text(right, y, str(rng.randint(0, 4000)), 22, theme.faint, align="right")
        return right - 70
    if kind == "button":
        canvas.rounded((right - 84, y - 19, right, y + 19), 19, theme.accent)
        canvas.text(right - 42, y, page.word("button"), 19, theme.on_accent, align="center", room=76)
        return right - 100
    speck(page, right - 14, y, theme.faint, 18 if kind == "small" else 0.0)
    return right - 44


def _cards(page: Page, top: float, bottom: float) -> float:
    rng, canvas, theme = page.rng, page.canvas, page.theme
    columns = rng.choice([1, 1, 2, 2, 3])
    height, gap = min(rng.uniform(90, 220), bottom - top), rng.uniform(8, 20)
    width = (canvas.width - gap) / columns - gap
    tinted, radius = page.chance(0.4), rng.choice([8, 20, 32])
    for column in range(columns):
        left = gap + (width + gap) * column
        fill = hsv(rng.random(), 0.35, 0.8) if tinted else theme.card
        ink = ink_on(fill) if tinted else theme.ink
        canvas.rounded((left, top, left + width, top + height), radius, fill)
        if page.chance(0.7):
            speck(page, left + 28, top + 30, ink)
        if page.chance(0.5):
            speck(page, left + width - 28, top + 30, ink)
        y = top + rng.uniform(50, 80)
        while y < top + height - 16:
            _line(page, left + 16, y, rng.uniform(18, 34), ink, width - 32)
            y += rng.uniform(30, 44)
    return top + height


def _chips(page: Page, top: float, bottom: float) -> float:
    rng, canvas, theme = page.rng, page.canvas, page.theme
    x, height, filled = 20.0, rng.uniform(34, 50), page.chance(0.5)
    radius = height / 2 if page.chance(0.6) else 10
    while x < canvas.width - 80:
        width = min(rng.uniform(60, 170), canvas.width - 20 - x)
        fill = rng.choice([theme.accent, theme.line, hsv(rng.random(), 0.5, 0.7)]) if filled else theme.card
        canvas.rounded((x, top, x + width, top + height), radius, fill)
        middle = top + height / 2
        if page.chance(0.4):
            speck(page, x + 22, middle, ink_on(fill), height * 0.5)
        canvas.text(
            x + width / 2 + 10,
            middle,
            page.word("folder"),
            height * 0.45,
            ink_on(fill),
            align="center",
            room=width - 40,
        )
        x += width + rng.uniform(8, 16)
    return top + height


def _graph(page: Page, top: float, bottom: float) -> float:
    """A line over the days, perhaps filled, or bars, with small numbers below."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    foot, count = min(top + rng.uniform(120, 280), bottom), rng.randint(5, 12)
    left, slot = 30.0, (canvas.width - 60) / count
    colour = rng.choice([theme.accent, hsv(rng.random(), 0.7, 0.8)])
    heights = [foot - 30 - rng.random() * (foot - top - 40) for _ in range(count)]
    points = [(left + slot * (i + 0.5), y) for i, y in enumerate(heights)]
    if page.chance(0.4):
        for x, y in points:
            canvas.rounded((x - slot * 0.35, y, x + slot * 0.35, foot - 26), rng.choice([0, 6]), colour)
    else:
        if page.chance(0.5):
            area = [(points[0][0], foot - 26), *points, (points[-1][0], foot - 26)]
            canvas.polygon(area, mix(theme.page, colour, 0.5))
        canvas.stroke(points, rng.uniform(3, 8), colour)
        if page.chance(0.5):
            for x, y in points:
                canvas.circle(x, y, rng.uniform(8, 16), colour)
    for i, (x, _) in enumerate(points):
        canvas.text(x, foot - 12, str(i + 1), 17, theme.faint, align="center")
    return foot


def _wheel(page: Page, top: float, bottom: float) -> float:
    """Shares of a whole, as a pie or a ring."""
    rng, canvas = page.rng, page.canvas
    size = min(rng.uniform(120, 300), bottom - top, canvas.width - 40)
    x, y = rng.uniform(size / 2 + 10, canvas.width - size / 2 - 10), top + size / 2
    turn, hue = 0.0, rng.random()
    while turn < 2 * math.pi:
        end = min(turn + rng.uniform(0.3, 1.6), 2 * math.pi)
        steps = [turn + (end - turn) * step / 12 for step in range(13)]
        rim = [(x + size / 2 * math.cos(a), y + size / 2 * math.sin(a)) for a in steps]
        canvas.polygon([(x, y), *rim], hsv(hue, 0.6, 0.85))
        turn, hue = end, hue + rng.uniform(0.08, 0.3)
    if page.chance(0.5):
        canvas.circle(x, y, size * rng.uniform(0.4, 0.7), page.theme.page)
    return top + size


def _grid(page: Page, top: float, bottom: float) -> float:
    """Numbers or specks in cells: a calendar, a table, a palette."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    columns, height = rng.randint(4, 7), rng.uniform(36, 60)
    slot, kind = canvas.width / columns, rng.choice(["number", "speck", "dot", "number"])
    for row in range(rng.randint(2, 6)):
        if top + height > bottom:
            break
        for column in range(columns):
            x, y = slot * (column + 0.5), top + height / 2
            if kind == "dot":
                canvas.circle(x, y, height * 0.7, hsv(rng.random(), 0.6, 0.85))
            elif kind == "speck":
                speck(page, x, y, theme.ink)
            else:
                if page.chance(0.08):
                    canvas.circle(x, y, height * 0.8, theme.accent)
                canvas.text(x, y, str(row * columns + column + 1), height * 0.4, theme.ink, align="center")
        top += height
    return top


def _fields(page: Page, top: float, bottom: float) -> float:
    """Boxes to write into, bars of progress, and buttons that are words."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    left, right = 30.0, canvas.width - 30
    for _ in range(rng.randint(1, 4)):
        height = rng.uniform(44, 64)
        if top + height > bottom:
            break
        kind, y = rng.choice(["field", "progress", "button"]), top + height / 2
        if kind == "progress":
            controls.progress(page, left, right, y, theme.line)
        else:
            fill = theme.accent if kind == "button" else theme.card
            canvas.rounded((left, top, right, top + height), rng.choice([6, 14, height / 2]), fill)
            if page.chance(0.4):
                speck(page, left + 30, y, ink_on(fill))
            _line(page, left + 60, y, 24, ink_on(fill), right - left - 120)
        top += height + rng.uniform(10, 24)
    return top
