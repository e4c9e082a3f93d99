"""Pictures with nothing on them that nano knows: photos, pages of text, charts, screens seen from too far.

What is to be said of them is that nothing is recognised, instead of something invented.
"""

from __future__ import annotations

import math
from random import Random

from engine.train.screens.canvas import Canvas
from engine.train.screens.icons import families
from engine.train.screens.page import Page
from engine.train.screens.screen import LAYOUTS, Screen, Split, draw_screen, pick_shape
from engine.train.screens.theme import hsv, photo, pick_theme, wallpaper

#: Units that a screen seen from afar is wide: a third of a phone and less, so that no icon can be told.
FAR = (110.0, 150.0)


def draw_strange(seed: int, split: Split, *, longer_side: int = 800) -> Screen:
    """The picture of a seed. Without elements and readings."""
    rng = Random(f"strange/{split}/{seed}")
    width, height = pick_shape(rng)
    heldout = split == "heldout"
    canvas = Canvas(width, height, longer_side / 1000, (255, 255, 255))
    theme = pick_theme(rng, heldout)
    page = Page(rng, canvas, theme, rng.choice(["zh", "en"]), families(split == "heldout_icons"), heldout)
    canvas.rectangle((0, 0, width, height), theme.page)
    rng.choice((_picture, _text, _text, _chart, _far, _far))(page, seed, split)
    return Screen(canvas.image, (), "strange", page.facts)


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
