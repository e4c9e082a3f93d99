"""Practice sheets: dozens of icons and controls on patches of many themes, to learn their looks quickly.

A screen shows about seven things; a sheet of the same cost shows ten times as many.
"""

from __future__ import annotations

from random import Random

from engine.train.lexicon import THINGS
from engine.train.screens import controls, icons
from engine.train.screens.canvas import Canvas
from engine.train.screens.page import LEGIBLE, Page
from engine.train.screens.screen import Screen
from engine.train.screens.theme import WHITE, ink_on, pick_theme, wallpaper
from engine.train.screens.tiles import TileStyle, tile

_DRAWN = {"switch": 44.0, "checkbox": 52.0}


def draw_mosaic(seed: int) -> Screen:
    """The practice sheet of a seed, square, of the training families."""
    rng = Random(f"mosaic/{seed}")
    canvas = Canvas(1000.0, 1000.0, rng.choice([0.448, 0.6, 0.8]), WHITE)
    page = Page(rng, canvas, pick_theme(rng, False), rng.choice(["zh", "en"]), icons.families(False), False)
    rows = rng.randint(9, 12)
    height = canvas.height / rows
    for row in range(rows):
        if row == 0 or rng.random() < 0.6:
            page.theme = pick_theme(rng, False)
            page.family = rng.choice([family for family in page.families if len(family.glyphs) > 25])
            page._styles.clear()
            dark = _ground(page, row * height, height)
            style = TileStyle(rng, page.theme, dark)
        else:
            canvas.rectangle((0, row * height, canvas.width, (row + 1) * height), page.theme.page)
            style = TileStyle(rng, page.theme, page.theme.dark)
        _fill_row(page, row * height, height, style)
    return Screen(canvas.image, tuple(page.elements), "mosaic", page.facts, tuple(page.readings))


def _ground(page: Page, top: float, height: float) -> bool:
    """The backdrop of a row: a piece of wallpaper or the theme's page; whether it is dark."""
    canvas = page.canvas
    canvas.rectangle((0, top, canvas.width, top + height), page.theme.page)
    if page.rng.random() < 0.5:
        return page.theme.dark
    picture, dark = wallpaper(page.rng, False)
    size = (canvas.px(canvas.width), canvas.px(height) + 1)
    canvas.image.paste(picture.convert("RGB").resize(size), (0, canvas.px(top)))
    return dark


def _fill_row(page: Page, top: float, height: float, style: TileStyle) -> None:
    rng, left = page.rng, 0.0
    while left < page.canvas.width - LEGIBLE:
        width = min(rng.uniform(0.85, 1.5) * height, page.canvas.width - left)
        size = rng.uniform(LEGIBLE, max(LEGIBLE + 1, min(width, height) * 0.92))
        x = left + width / 2 + rng.uniform(-0.5, 0.5) * max(0.0, width - size)
        y = top + height / 2 + rng.uniform(-0.5, 0.5) * max(0.0, height - size)
        roll = rng.random()
        if roll < 0.06:
            page.distractor(x, y, size, page.theme.ink if not style.dark_behind else WHITE)
        elif roll < 0.26:
            width = _write(page, left, y, style)
        elif roll < 0.94:
            _put(page, rng.choice(THINGS).key, x, y, size, style, left + width)
        left += width


def _write(page: Page, left: float, y: float, style: TileStyle) -> float:
    """A time or a charge; how much room it took."""
    rng, canvas = page.rng, page.canvas
    ink = WHITE if style.dark_behind else page.theme.ink
    size, bold = rng.uniform(43, 56), rng.random() < 0.5
    hour, minute, charge = rng.randrange(24), rng.randrange(60), rng.randint(1, 100)
    key, value, text = rng.choice([
        ("time", f"{hour:02d}:{minute:02d}", f"{hour:02d}:{minute:02d}"),
        ("time", f"{hour}:{minute:02d}", f"{hour}:{minute:02d}"),
        ("battery", str(charge), f"{charge}%"),
    ])  # fmt: skip
    box = canvas.text(left + 6, y, text, size, ink, bold=bold, room=canvas.width - left - 6)
    if box is None:
        return LEGIBLE
    page.read(key, box, value)
    return (box[2] - box[0]) / canvas.scale + 16


def _put(page: Page, key: str, x: float, y: float, size: float, style: TileStyle, right: float) -> None:
    """One thing, in one of the ways that screens show it."""
    rng, theme = page.rng, page.theme
    ink = WHITE if style.dark_behind else theme.ink
    if key == "switch":
        controls.switch(page, min(x + size * 0.8, right), y, _DRAWN[key])
    elif key == "checkbox":
        controls.checkbox(page, x, y, min(size, 60.0))
    elif key == "slider":
        left = max(0.0, x - size)
        controls.slider(page, left, min(left + rng.uniform(2, 3) * size, right), y)
    elif any(key == thing.key and thing.kind == "app" for thing in THINGS) and rng.random() < 0.8:
        tile(page, key, x, y, size, style)
    elif rng.random() < 0.3:
        back = rng.choice([theme.accent, theme.card, theme.line])
        page.badge(key, x, y, size, back, rng.random() < 0.6)
    else:
        page.icon(key, x, y, size, rng.choice([ink, ink, theme.accent, ink_on(theme.page)]))
