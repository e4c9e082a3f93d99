"""Draws one screen from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from engine.train.screens import homes, icons, lists, pages
from engine.train.screens.canvas import Canvas
from engine.train.screens.page import Element, Page
from engine.train.screens.theme import pick_theme

if TYPE_CHECKING:
    from PIL.Image import Image

Split = Literal["train", "heldout", "heldout_icons"]

# Layouts and how often each is drawn; the weights keep the lexicon's keys about equally frequent.
LAYOUTS: dict[str, tuple[Callable[[Page], None], float]] = {
    "home": (homes.home, 7.0),
    "drawer": (homes.drawer, 3.6),
    "settings": (lists.settings, 2.2),
    "todo": (lists.todo, 1.1),
    "files": (lists.files, 1.4),
    "player": (pages.player, 1.1),
    "video": (pages.video, 0.8),
    "chat": (pages.chat, 1.1),
    "gallery": (pages.gallery, 1.0),
    "article": (pages.article, 0.9),
    "actions": (pages.actions, 1.2),
    "dialog": (pages.dialog, 1.4),
}
HELDOUT_LAYOUTS: dict[str, tuple[Callable[[Page], None], float]] = {
    "folder": (homes.folder, 1.0),
    "sheet": (pages.sheet, 1.0),
    "quick": (pages.quick, 1.0),
}


FEWEST, MOST = 2, 14  # listed elements on a screen; a draft with fewer or more is drawn anew


@dataclass(frozen=True, slots=True)
class Screen:
    """A synthetic phone screen: an RGB picture, its elements in px boxes, and what else is drawn on it."""

    image: Image
    elements: tuple[Element, ...]
    layout: str
    facts: dict[str, Any]


def draw_screen(seed: int, split: Split, *, longer_side: int = 800, layout: str | None = None) -> Screen:
    """The screen of a seed: the same seed, split and size give the same pixels.

    "train": training families of icons, layouts and themes. "heldout": the same icon families, other
    seeds, wallpapers and accents, and in two of five screens a layout that training never shows.
    "heldout_icons": training layouts and themes with an icon family that training never shows.

    `longer_side` is in px; `layout` asks for one layout by name. Raises ScreenFontMissingError when a font
    isn't installed, ValueError for an unknown split or layout.
    """
    if split not in ("train", "heldout", "heldout_icons"):
        raise ValueError(f"Unknown split {split!r}: use train, heldout or heldout_icons.")
    if layout is not None and layout not in LAYOUTS and layout not in HELDOUT_LAYOUTS:
        known = ", ".join([*LAYOUTS, *HELDOUT_LAYOUTS])
        raise ValueError(f"Unknown layout {layout!r}: use one of {known}.")
    for attempt in range(1000):
        screen = _draw(Random(f"screen/{split}/{seed}/{attempt}"), split, longer_side, layout)
        if FEWEST <= len(screen.elements) <= MOST:
            return screen
    raise AssertionError(f"The layout {layout!r} never shows {FEWEST} to {MOST} elements.")


def _draw(rng: Random, split: Split, longer_side: int, layout: str | None) -> Screen:
    heldout = split == "heldout"
    table = HELDOUT_LAYOUTS if heldout and rng.random() < 0.4 else LAYOUTS
    if layout is not None:
        table = {**LAYOUTS, **HELDOUT_LAYOUTS}
    else:
        layout = rng.choices(list(table), [weight for _, weight in table.values()])[0]
    width, height = _shape(rng)
    theme = pick_theme(rng, heldout)
    canvas = Canvas(width, height, longer_side / 1000, theme.page)
    families = icons.families(split == "heldout_icons")
    page = Page(rng, canvas, theme, rng.choice(["zh", "en"]), families, heldout)
    table[layout][0](page)
    facts = {name: value for name, value in page.facts.items() if not name.startswith("_")}
    return Screen(canvas.image, tuple(page.elements), layout, facts)


def _shape(rng: Random) -> tuple[float, float]:
    """Width and height in units, the longer one 1000: mostly tall phones, sometimes a tablet or landscape."""
    roll = rng.random()
    if roll < 0.86:
        return 1000 / rng.choice([16 / 9, 18 / 9, 19.5 / 9, 20 / 9, 20 / 9, 21 / 9]), 1000.0
    if roll < 0.93:
        return 750.0, 1000.0
    return 1000.0, 1000 / rng.choice([4 / 3, 16 / 9, 18 / 9])
