"""Colours of one screen: light or dark, an accent, a wallpaper. The split parts the accents too."""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from engine.train.screens.canvas import Colour, mix

if TYPE_CHECKING:
    from random import Random

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
_TRAIN_ACCENTS = "#1a73e8 #0a84ff #34a853 #4caf50 #e53935 #ff7043 #7e57c2 #009688 #f4b400 #5c6bc0 #37474f"
_HELDOUT_ACCENTS = "#d81b60 #00acc1 #8d6e63 #c0ca33 #3f51b5 #ff2d92"


def colour(code: str) -> Colour:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def luminance(c: Colour) -> float:
    """Perceived lightness, 0 to 255."""
    return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]


def ink_on(c: Colour) -> Colour:
    """Black or white, whichever reads on the colour."""
    return WHITE if luminance(c) < 165 else (24, 24, 28)


@dataclass(frozen=True, slots=True)
class Theme:
    dark: bool
    accent: Colour
    page: Colour
    card: Colour
    ink: Colour
    faint: Colour  # second text
    line: Colour  # outlines, tracks of what is off

    @property
    def on_accent(self) -> Colour:
        return ink_on(self.accent)


def pick_theme(rng: Random, heldout: bool) -> Theme:
    accent = colour(rng.choice((_HELDOUT_ACCENTS if heldout else _TRAIN_ACCENTS).split()))
    dark = rng.random() < 0.42
    if dark:
        page = rng.choice([(0, 0, 0), (18, 18, 18), (24, 26, 32), mix((16, 16, 20), accent, 0.12)])
        card = mix(page, WHITE, rng.uniform(0.06, 0.14))
        return Theme(
            True, mix(accent, WHITE, 0.2), page, card, (236, 236, 240), (150, 152, 160), (92, 94, 104)
        )
    page = rng.choice([WHITE, (245, 245, 248), (250, 247, 240), mix(WHITE, accent, 0.08)])
    card = WHITE if page != WHITE else mix(WHITE, rng.choice([(120, 120, 130), accent]), 0.1)
    return Theme(False, accent, page, card, (26, 26, 30), (120, 122, 130), (186, 188, 196))


def wallpaper(rng: Random, heldout: bool) -> tuple[Image.Image, bool]:
    """A small picture to stretch, and whether it is dark. Smooth, as home screens' wallpapers mostly are."""
    if rng.random() < 0.12:
        return Image.eval(_landscape(rng, 120, 260), lambda v: round(v * 0.55)), True
    dark = rng.random() < 0.6
    low, high = (0.05, 0.5) if dark else (0.75, 1.0)
    hue = rng.random()
    spread = rng.choice([0.04, 0.12, 0.35])
    columns, rows = rng.choice(
        [(1, 2), (2, 2), (2, 3), (3, 5), (4, 8)] if not heldout else [(5, 3), (2, 1), (3, 3)]
    )
    picture = Image.new("RGB", (columns, rows))
    for x in range(columns):
        for y in range(rows):
            saturation = rng.uniform(0.2, 0.85) if dark else rng.uniform(0.05, 0.4)
            picture.putpixel(
                (x, y), hsv(hue + rng.uniform(-spread, spread), saturation, rng.uniform(low, high))
            )
    if rng.random() < 0.35:
        picture = _scenery(rng, picture, hue + rng.choice([0, 0, 0.4]), dark)
    return picture, dark


def _scenery(rng: Random, sky: Image.Image, hue: float, dark: bool) -> Image.Image:
    """Hills, towers or rings over a sky: edges in the background that are no icons. Drawn twice as large."""
    picture = sky.resize((180, 360), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    kind = rng.choice(["hills", "towers", "rings"])
    for layer in range(rng.randint(1, 3)):
        shade = hsv(
            hue + 0.05 * layer,
            rng.uniform(0.2, 0.7),
            rng.uniform(0.05, 0.4) if dark else rng.uniform(0.7, 0.95),
        )
        base = 120 + 70 * layer + rng.randint(0, 60)
        if kind == "hills":
            points = [(x, base + rng.randint(-36, 36)) for x in range(0, 181, rng.choice([20, 36, 60]))]
            draw.polygon([(0, 360), *points, (180, points[-1][1]), (180, 360)], fill=shade)
        elif kind == "towers":
            for x in range(0, 180, rng.choice([18, 28])):
                draw.rectangle((x, base + rng.randint(-40, 80), x + 16, 480), fill=shade)
        else:
            x, y, r = rng.randint(0, 180), rng.randint(0, 360), rng.randint(20, 120)
            draw.ellipse((x - r, y - r, x + r, y + r), outline=shade, width=rng.randint(4, 24))
    return picture.reduce(2)


def photo(rng: Random) -> Image.Image:
    """A small picture that stands for a photo or cover: a landscape, a poster, or a play of colours."""
    hue, roll = rng.random(), rng.random()
    if roll < 0.5:
        return _landscape(rng, 120, 120)
    picture = Image.new("RGB", (3, 3))
    for i in range(9):
        picture.putpixel(
            (i % 3, i // 3),
            hsv(hue + rng.uniform(-0.15, 0.15), rng.uniform(0.2, 0.9), rng.uniform(0.3, 0.95)),
        )
    if roll < 0.75:
        return _scenery(rng, picture, hue + rng.choice([0.1, 0.45]), rng.random() < 0.5)
    return picture


def _landscape(rng: Random, width: int, height: int) -> Image.Image:
    """Sky, now and then a sun, and waves of hills that darken towards the viewer; drawn twice as large."""
    hue = rng.choice([rng.uniform(0.5, 0.65), rng.uniform(0.0, 0.12), rng.uniform(0.7, 0.95)])
    sky = Image.new("RGB", (1, 2), hsv(hue, rng.uniform(0.25, 0.6), rng.uniform(0.7, 1.0)))
    sky.putpixel((0, 1), hsv(hue + rng.uniform(-0.1, 0.1), 0.15, 1.0))
    right, low = width * 2, height * 2
    picture = sky.resize((right, low), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(picture)
    if rng.random() < 0.5:
        x, y, r = (
            right * rng.uniform(0.15, 0.85),
            low * rng.uniform(0.12, 0.45),
            right * rng.uniform(0.06, 0.13),
        )
        draw.ellipse((x - r, y - r, x + r, y + r), fill=hsv(rng.uniform(0.05, 0.16), 0.35, 1.0))
    ground, layers = rng.random(), rng.randint(2, 4)
    for layer in range(layers):
        base = low * (0.45 + 0.42 * layer / layers + rng.uniform(-0.06, 0.06))
        swing, bend, shift = (
            right * rng.uniform(0.03, 0.15),
            rng.uniform(2.4, 8.4) / right,
            rng.uniform(0, 6.3),
        )
        ridge = [(x, base + swing * math.sin(bend * x + shift)) for x in range(0, right + 6, 6)]
        shade = hsv(ground + 0.04 * layer, 0.35 + 0.12 * layer, 0.75 - 0.16 * layer)
        draw.polygon([(0, low), *ridge, (right, low)], fill=shade)
    return picture.reduce(2)
