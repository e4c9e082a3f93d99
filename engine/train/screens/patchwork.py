"""Screens that follow no plan: bands of anything in any order, on the page or on a panel over it.

Who has seen only tidy layouts takes every new one for one of them (domain randomisation, Tobin et al., 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.train.screens import bars, controls
from engine.train.screens.dense import SPECK, speck
from engine.train.screens.theme import WHITE, hsv, ink_on, luminance, mix, photo, wallpaper
from engine.train.screens.tiles import TileStyle, tile

if TYPE_CHECKING:
    from engine.train.screens.canvas import Colour
    from engine.train.screens.page import Page

KEYS = (
    *("back", "search", "menu", "add", "share", "delete", "edit", "download", "like", "refresh"),
    *("close", "send", "play"),
)
DARK_INK: Colour = (24, 24, 28)
NARROWEST = 260.0  # units: a band is at least as wide


@dataclass(frozen=True, slots=True)
class Ground:
    """What bands are drawn on: from `left` to `right`, in units, and the colours that show there."""

    left: float
    right: float
    ink: Colour
    plain: bool  # of the theme's own colours, on which its controls can be seen
    style: TileStyle

    @property
    def width(self) -> float:
        return self.right - self.left


def patchwork(page: Page) -> None:
    ground = _ground(page)
    page.top += page.rng.uniform(0, 60)
    tools = page.rng.sample(list(BANDS), page.rng.randint(2, 4))
    for _ in range(page.rng.randint(2, 7)):
        left, right = _part(page, ground)
        height = BANDS[page.rng.choice(tools)](
            page, Ground(left, right, ground.ink, ground.plain, ground.style)
        )
        page.top += height + page.rng.uniform(4, 50)
        if page.top > page.bottom - 60:
            return


def _ground(page: Page) -> Ground:
    """The page, a wallpaper or a photo, and perhaps a panel over it; `page.top` and `page.bottom` follow."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    ink, plain = theme.ink, True
    roll = rng.random()
    if roll < 0.35:
        picture, dark = wallpaper(rng, page.heldout)
        canvas.backdrop(picture)
        ink, plain = (WHITE if dark else DARK_INK), False
    elif roll < 0.45:
        canvas.backdrop(photo(rng))
        canvas.dim(rng.uniform(0.4, 0.7))
        ink, plain = WHITE, False
    bars.status_bar(page, ink)
    if plain and page.chance(0.3):
        bars.top_bar(page, page.word("title"), rng.choice([0, 1, 2]))
    left, right = 14.0, canvas.width - 14
    if page.chance(0.4):
        if plain:
            canvas.dim(rng.uniform(0.0, 0.5))
        left, right = rng.uniform(0, 0.12) * canvas.width, canvas.width - rng.uniform(0, 0.12) * canvas.width
        room = page.bottom - page.top
        top, bottom = page.top + rng.uniform(0, 0.4) * room, page.bottom - rng.uniform(0, 0.25) * room
        fill = rng.choice([theme.card, theme.page, WHITE if not theme.dark else theme.card])
        canvas.rounded((left, top, right, bottom), rng.choice([0, 16, 36, 52]), fill)
        page.top, page.bottom, ink, plain = top + 12, bottom, ink_on(fill), True
        if page.chance(0.5):
            _handle(page, (left + right) / 2, theme.line if page.chance(0.6) else ink)
        left, right = left + 14, right - 14
    return Ground(left, right, ink, plain, TileStyle(rng, theme, luminance(ink) > 128))


def _handle(page: Page, x: float, ink: Colour) -> None:
    """The pill at a panel's upper edge by which it is pulled."""
    controls.handle(page, x, page.top + 10, page.rng.uniform(48, 120), page.rng.uniform(5, 12), ink)
    page.top += 30


def _part(page: Page, ground: Ground) -> tuple[float, float]:
    """All of the width, mostly, or some of it."""
    if page.chance(0.6) or ground.width < NARROWEST * 1.3:
        return ground.left, ground.right
    width = page.rng.uniform(NARROWEST, ground.width)
    left = page.rng.uniform(ground.left, ground.right - width)
    return left, left + width


def _slots(page: Page, ground: Ground, fewest: float) -> list[float]:
    """The middles of some places side by side, none narrower than `fewest`."""
    count = page.rng.randint(1, max(1, int(ground.width // fewest)))
    slot = min(ground.width / count, page.rng.uniform(fewest, fewest * 2))
    start = ground.left + (ground.width - slot * count) * page.rng.choice([0.0, 0.5, 1.0])
    return [start + slot * (i + 0.5) for i in range(count)]


def _tiles(page: Page, ground: Ground) -> float:
    labelled, size = page.chance(0.5), page.rng.uniform(56, 108)
    height = size + (46 if labelled else 10)
    rows, slots = page.rng.randint(1, 3), _slots(page, ground, size * 1.15)
    for row in range(rows):
        y = page.top + height * row + size / 2
        if y + size / 2 > page.bottom:
            return height * row
        for x, key in zip(slots, page.apps(len(slots)), strict=False):
            shown = None if page.chance(0.08) else key
            tile(page, shown, x, y, size, ground.style)
            if labelled:
                word = page.name(key) if shown else page.word("other")
                page.canvas.text(x, y + size / 2 + 19, word, 22, ground.ink, align="center", room=size * 1.3)
    return height * rows


def _buttons(page: Page, ground: Ground) -> float:
    """Bare glyphs, or glyphs on discs; of apps, too."""
    size, badges, named = page.rng.uniform(54, 100), page.chance(0.5), page.chance(0.4)
    slots = _slots(page, ground, size * 1.25)
    back, round_ = hsv(page.rng.random(), 0.5, 0.8), page.chance(0.6)
    y = page.top + size / 2
    if y + size / 2 > page.bottom:
        return size
    for x in slots:
        for key in page.apps(1) if page.chance(0.3) else page.take(KEYS):
            if badges:
                page.badge(key, x, y, size, page.theme.accent if page.chance(0.3) else back, round_)
            else:
                page.icon(key, x, y, size * 0.8, ground.ink)
            if named:
                word = page.caption(key)
                page.canvas.text(x, y + size / 2 + 20, word, 22, ground.ink, align="center", room=size * 1.25)
    return size + (44 if named else 0)


def _rows(page: Page, ground: Ground) -> float:
    """Lines of words with something before them, something behind them, or both."""
    canvas, height = page.canvas, page.rng.uniform(78, 120)
    rows, carded = page.rng.randint(1, 4), not ground.plain or page.chance(0.3)
    head, tail = page.rng.choice(["none", "tile", "icon", "box"]), page.rng.choice(["none", "switch", "icon"])
    style = TileStyle(page.rng, page.theme, page.theme.dark) if carded else ground.style
    for row in range(rows):
        y = page.top + height * (row + 0.5)
        if y + height / 2 > page.bottom:
            return height * row
        ink, left, right = ground.ink, ground.left + 12, ground.right - 12
        if carded:
            canvas.rounded(
                (ground.left, y - height / 2 + 4, ground.right, y + height / 2 - 4), 24, page.theme.card
            )
            ink = page.theme.ink
        word = page.word("row")
        if head == "tile":
            for key in page.apps(1):
                tile(page, key, left + 36, y, 68, style)
                word = page.name(key)
        elif head == "icon":
            for key in page.take(KEYS):
                page.icon(key, left + 32, y, 54, ink)
                word = page.caption(key)
        elif head == "box":
            controls.checkbox(page, left + 30, y)
        left += 0 if head == "none" else 86
        if tail == "switch":
            controls.switch(page, right, y, 46)
        elif tail == "icon":
            for key in page.take(KEYS):
                page.icon(key, right - 30, y, 54, ink)
        canvas.text(left, y, word, 29, ink, room=right - left - (0 if tail == "none" else 100))
    return height * rows


def _slider(page: Page, ground: Ground) -> float:
    if "slider" not in page.used and page.top + 70 < page.bottom:
        if not ground.plain:
            page.canvas.rounded((ground.left, page.top, ground.right, page.top + 66), 30, page.theme.card)
        controls.slider(page, ground.left + 16, ground.right - 16, page.top + 33)
    return 70


def _search(page: Page, ground: Ground) -> float:
    if "search" not in page.used and page.top + 76 < page.bottom:
        controls.search_bar(page, ground.left, ground.right, page.top + 38)
    return 76


def _words(page: Page, ground: Ground) -> float:
    size, lines = page.rng.uniform(22, 46), page.rng.randint(1, 5)
    for line in range(lines):
        y = page.top + size * (1.5 * line + 0.7)
        page.canvas.text(ground.left + 8, y, page.word("hint"), size, ground.ink, room=ground.width)
    return size * 1.5 * lines


def _specks(page: Page, ground: Ground) -> float:
    """Glyphs too small to be told, among words or in a line."""
    size, step = page.rng.uniform(*SPECK), page.rng.uniform(44, 130)
    x, y = ground.left + step / 2, page.top + 24
    while x < ground.right - size / 2:
        if page.chance(0.25):
            word = page.word("folder")
            page.canvas.text(x, y, word, size * 0.8, ground.ink, align="center", room=step)
        else:
            speck(page, x, y, ground.ink, size)
        x += step
    return 48


def _progress(page: Page, ground: Ground) -> float:
    back = page.theme.line if ground.plain else mix(ground.ink, page.theme.line, 0.7)
    controls.progress(page, ground.left, ground.right, page.top + 20, back)
    return 40


def _clock(page: Page, ground: Ground) -> float:
    size, time = page.rng.uniform(58, 120), page.time_of_day()
    if page.top + size * 1.2 > page.bottom:
        return size * 1.2
    place = page.rng.choice([ground.left + 8, (ground.left + ground.right) / 2])
    align = "left" if place == ground.left + 8 else "center"
    box = page.canvas.text(
        place, page.top + size * 0.6, time, size, ground.ink, align=align, room=ground.width - 16
    )
    if box and not any(reading.key == "time" for reading in page.readings):
        page.read("time", box, time)
    return size * 1.2


def _picture(page: Page, ground: Ground) -> float:
    height = min(page.rng.uniform(80, 300), page.bottom - page.top)
    box = (ground.left, page.top, ground.right, page.top + height)
    if height > 20:
        page.canvas.backdrop(photo(page.rng), box, page.rng.choice([0, 20, 40]))
    return height


BANDS: dict[str, Callable[[Page, Ground], float]] = {
    "tiles": _tiles,
    "buttons": _buttons,
    "rows": _rows,
    "slider": _slider,
    "search": _search,
    "words": _words,
    "clock": _clock,
    "picture": _picture,
    "specks": _specks,
    "progress": _progress,
}
