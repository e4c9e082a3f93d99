"""Pictures with nothing on them that nano knows: photos, text, charts, faces, keys, and phones too far away.

What is to be said of them is that nothing is recognised, instead of something invented.
"""

from __future__ import annotations

import math
from random import Random

from engine.train.screens.canvas import Canvas
from engine.train.screens.dense import dense, speck
from engine.train.screens.icons import families
from engine.train.screens.page import Page
from engine.train.screens.screen import LAYOUTS, Screen, Split, draw_screen, pick_shape
from engine.train.screens.theme import hsv, ink_on, photo, pick_theme, wallpaper

#: Units that a screen seen from afar is wide: a third of a phone and less, so that no icon can be told.
FAR = (110.0, 150.0)
#: How far the points of a mouth are to the left and right, in its face's sizes.
MOUTH = (-0.25, -0.12, 0.0, 0.12, 0.25)


def draw_strange(seed: int, split: Split, *, longer_side: int = 800) -> Screen:
    """The picture of a seed. Without elements and readings."""
    rng = Random(f"strange/{split}/{seed}")
    width, height = pick_shape(rng)
    heldout = split == "heldout"
    canvas = Canvas(width, height, longer_side / 1000, (255, 255, 255))
    theme = pick_theme(rng, heldout)
    page = Page(rng, canvas, theme, rng.choice(["zh", "en"]), families(split == "heldout_icons"), heldout)
    canvas.rectangle((0, 0, width, height), theme.page)
    kinds = (_picture, _text, _chart, _faces, _keys, _keys, _far, _far, _dense, _dense, _dense, _dense)
    rng.choice(kinds)(page, seed, split)
    return Screen(canvas.image, tuple(page.elements), "strange", page.facts, tuple(page.readings))


def _picture(page: Page, seed: int, split: Split) -> None:
    page.canvas.backdrop(photo(page.rng) if page.chance(0.7) else wallpaper(page.rng, page.heldout)[0])


def _text(page: Page, seed: int, split: Split) -> None:
    rng, canvas = page.rng, page.canvas
    size = rng.uniform(20, 40)
    kinds = rng.sample(["text", "chat", "todo", "row", "hint", "file", "song", "question"], 3)
    left, y = rng.uniform(20, 60), rng.uniform(20, 120)
    while y < canvas.height - size:
        if page.chance(0.12):
            y += size
        ink = page.theme.ink if page.chance(0.8) else page.theme.faint
        canvas.text(
            left, y, page.word(rng.choice(kinds)), size, ink, bold=page.chance(0.1), room=canvas.width - left
        )
        y += size * rng.uniform(1.3, 1.8)


def _chart(page: Page, seed: int, split: Split) -> None:
    rng, canvas = page.rng, page.canvas
    canvas.text(40, 60, page.word("title"), 40, page.theme.ink, room=canvas.width - 60)
    count, hue = rng.randint(3, 9), rng.random()
    slot = (canvas.width - 80) / count
    for i in range(count):
        top = rng.uniform(160, canvas.height - 120)
        box = (40 + slot * i + 6, top, 40 + slot * (i + 1) - 6, canvas.height - 60)
        canvas.rectangle(box, hsv(hue + i * rng.choice([0.0, 0.1]), 0.6, 0.8))


def _faces(page: Page, seed: int, split: Split) -> None:
    """A sheet of smileys, as keyboards and chats have them."""
    rng, canvas = page.rng, page.canvas
    columns = rng.randint(4, 8)
    slot, hue = canvas.width / columns, rng.choice([0.13, rng.random()])
    top, bottom = sorted(rng.uniform(0, canvas.height) for _ in range(2))
    y = top if bottom - top > slot else 0.0
    while y + slot < max(bottom, canvas.height * 0.7):
        for column in range(columns):
            x, size = slot * (column + 0.5), slot * rng.uniform(0.6, 0.8)
            canvas.circle(x, y + slot / 2, size, hsv(hue + rng.uniform(-0.03, 0.03), 0.7, 0.95))
            for side in (-1, 1):
                canvas.circle(x + side * size * 0.18, y + slot / 2 - size * 0.1, size * 0.12, (50, 40, 20))
            turn = rng.uniform(-0.15, 0.2)
            mouth = [(x + a * size, y + slot / 2 + size * (0.2 + turn * (1 - 16 * a * a))) for a in MOUTH]
            canvas.stroke(mouth, size * 0.06, (50, 40, 20))
        y += slot


def _dense(page: Page, seed: int, split: Split) -> None:
    dense(page)


def _keys(page: Page, seed: int, split: Split) -> None:
    """A keyboard, or a keypad, some keys with a small glyph; the page above it may be full."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    rows = rng.choice(
        [("qwertyuiop", "asdfghjkl", "zxcvbnm"), ("1234567890", "qwertyuiop", "asdfghjkl", " zxcvbnm "),
         ("123", "456", "789", "*0#"), ("+123 ", "-456 ", "789 ", "*0# ")]
    )  # fmt: skip
    if page.chance(0.5):
        dense(page)
    height = canvas.height * rng.uniform(0.3, 0.6) / len(rows)
    top = rng.choice([canvas.height - height * len(rows) - 60, canvas.height * 0.2])
    for number, row in enumerate(rows):
        slot = canvas.width / max(len(row), len(rows[0]))
        left = (canvas.width - slot * len(row)) / 2
        for column, letter in enumerate(row):
            x, y = left + slot * (column + 0.5), top + height * (number + 0.5)
            half, rise = slot * 0.44, min(height * 0.44, slot * 0.9)
            fill = theme.card if letter != " " or page.chance(0.5) else theme.accent
            canvas.rounded((x - half, y - rise, x + half, y + rise), rng.choice([8, 20, half]), fill)
            if letter == " ":
                speck(page, x, y, ink_on(fill))
            else:
                canvas.text(x, y, letter, min(slot * 0.6, 60), theme.ink, align="center")


def _far(page: Page, seed: int, split: Split) -> None:
    """Several screens side by side, as a desktop or a contact sheet shows them."""
    rng, canvas = page.rng, page.canvas
    columns = math.ceil(canvas.width / rng.uniform(*FAR))
    side = canvas.image.width // columns
    y = 0
    while y < canvas.image.height:
        tallest = 0
        for column in range(columns):
            layout = rng.choice(list(LAYOUTS))
            drawn = draw_screen(seed * 100 + column, split, longer_side=400, layout=layout).image
            shrunk = drawn.resize((side - 4, max(1, round(drawn.height * (side - 4) / drawn.width))))
            if shrunk.width > shrunk.height:
                continue  # a wide one would fill less of its place, and be drawn larger
            canvas.image.paste(shrunk, (column * side + 2, y))
            tallest = max(tallest, shrunk.height)
        y += max(tallest, 40) + 6
        seed += 1
