"""Draws one screen from a seed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from engine.train.screens import bars, homes, icons, lists, media, panels, patchwork, texts
from engine.train.screens.canvas import Canvas
from engine.train.screens.page import Element, Page
from engine.train.screens.theme import pick_theme

if TYPE_CHECKING:
    from PIL.Image import Image

Split = Literal["train", "heldout", "heldout_icons"]

# Layouts and how often each is drawn; the weights keep the lexicon's keys about equally frequent.
LAYOUTS: dict[str, tuple[Callable[[Page], None], float]] = {
    "home": (homes.home, 7.4),
    "drawer": (homes.drawer, 4.0),
    "settings": (lists.settings, 2.8),
    "todo": (lists.todo, 1.6),
    "files": (lists.files, 1.4),
    "player": (media.player, 0.9),
    "video": (media.video, 0.8),
    "chat": (texts.chat, 0.8),
    "gallery": (media.gallery, 1.0),
    "article": (texts.article, 0.9),
    "actions": (panels.actions, 1.0),
    "dialog": (panels.dialog, 1.4),
}
# What there is to learn from besides: no question of the exam is about one, and editions stay comparable.
PRACTICE_LAYOUTS: dict[str, tuple[Callable[[Page], None], float]] = {
    "patchwork": (patchwork.patchwork, 8.0),
    "library": (homes.library, 2.4),
    "recents": (homes.recents, 1.6),
    "inbox": (lists.inbox, 1.2),
    "store": (lists.store, 2.0),
    "form": (lists.form, 1.6),
    "side": (panels.side, 1.8),
    "board": (panels.board, 1.8),
    "camera": (media.camera, 1.0),
    "profile": (media.profile, 1.0),
    "map": (media.map_page, 1.0),
    "calendar": (texts.calendar, 1.0),
}
HELDOUT_LAYOUTS: dict[str, tuple[Callable[[Page], None], float]] = {
    "folder": (homes.folder, 1.0),
    "sheet": (panels.sheet, 1.0),
    "quick": (panels.quick, 1.0),
}
ALL_LAYOUTS = {**LAYOUTS, **PRACTICE_LAYOUTS, **HELDOUT_LAYOUTS}

FEWEST, MOST = 2, 14  # listed elements on a screen


@dataclass(frozen=True, slots=True)
class Screen:
    """A synthetic phone screen: an RGB picture, its elements in px boxes, and what else is drawn on it.

    readings: what its status bar says, where that can be read at 224 pixels; `state["value"]` has it.
    """

    image: Image
    elements: tuple[Element, ...]
    layout: str
    facts: dict[str, Any]
    readings: tuple[Element, ...] = ()


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
    if layout is not None and layout not in ALL_LAYOUTS:
        known = ", ".join(ALL_LAYOUTS)
        raise ValueError(f"Unknown layout {layout!r}: use one of {known}.")
    for attempt in range(1000):
        screen = _draw(Random(f"screen/{split}/{seed}/{attempt}"), split, longer_side, layout)
        if _keeps_promises(screen):
            return screen
    raise AssertionError(f"The layout {layout!r} has no room for {FEWEST} elements at this size.")


def _keeps_promises(screen: Screen) -> bool:
    """Whether the draft has 2 to 14 elements, all inside the picture, no two of them overlapping."""
    boxes = [element.box for element in screen.elements]
    if not FEWEST <= len(boxes) <= MOST:
        return False
    width, height = screen.image.size
    if any(box[0] < 0 or box[1] < 0 or box[2] > width or box[3] > height for box in boxes):
        return False
    return not any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for a, b in itertools.combinations(boxes, 2)
    )


def _draw(rng: Random, split: Split, longer_side: int, layout: str | None) -> Screen:
    heldout = split == "heldout"
    table = HELDOUT_LAYOUTS if heldout and rng.random() < 0.4 else LAYOUTS
    if split == "train":
        table = {**LAYOUTS, **PRACTICE_LAYOUTS}
    if layout is not None:
        table = ALL_LAYOUTS
    else:
        layout = rng.choices(list(table), [weight for _, weight in table.values()])[0]
    width, height = pick_shape(rng)
    theme = pick_theme(rng, heldout)
    canvas = Canvas(width, height, longer_side / 1000, theme.page)
    families = icons.families(split == "heldout_icons")
    page = Page(rng, canvas, theme, rng.choice(["zh", "en"]), families, heldout)
    bars.reserve_navigation(page)
    table[layout][0](page)
    bars.navigation(page)
    return Screen(canvas.image, tuple(page.elements), layout, page.facts, tuple(page.readings))


def pick_shape(rng: Random) -> tuple[float, float]:
    """Width and height in units, the longer one 1000: mostly tall phones, sometimes a tablet or landscape."""
    roll = rng.random()
    if roll < 0.86:
        return 1000 / rng.choice([16 / 9, 18 / 9, 19.5 / 9, 20 / 9, 20 / 9, 21 / 9]), 1000.0
    if roll < 0.93:
        return 750.0, 1000.0
    return 1000.0, 1000 / rng.choice([4 / 3, 16 / 9, 18 / 9])
