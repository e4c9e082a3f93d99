"""What the generator knows of a screen: which things are where."""

from __future__ import annotations

from dataclasses import dataclass

from engine.train.lexicon import Language

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """One thing on a screen. `box` is (left, top, right, bottom) in thousandths of the picture's sides.

    value: what can be read off it: "14:35", "57" per cent, "on" or "off"; "" for most things.
    """

    key: str
    box: Box
    value: str = ""

    @property
    def element(self) -> tuple[int, int]:
        """Its centre in AutoGLM's 0-999 coordinates, to the nearest 5: finer than any finger."""
        left, top, right, bottom = self.box
        x, y = (round((low + high) / 2 / 5) * 5 for low, high in ((left, right), (top, bottom)))
        return min(x, 995), min(y, 995)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the generator knows of a screen.

    spots: the things on it, in reading order; readings: what its status bar says, as far as it is legible.
    """

    layout: str
    spots: tuple[Spot, ...]
    readings: tuple[Spot, ...] = ()

    def reading(self, key: str) -> Spot | None:
        """The first reading of that key, if it can be read."""
        return next((spot for spot in self.readings if spot.key == key), None)

    def unique(self) -> list[Spot]:
        """The things that are there exactly once, so that naming them names one place."""
        keys = [spot.key for spot in self.spots]
        return [spot for spot in self.spots if keys.count(spot.key) == 1]

    def firsts(self) -> list[Spot]:
        """The first thing of each key, in reading order."""
        first: dict[str, Spot] = {}
        for spot in self.spots:
            first.setdefault(spot.key, spot)
        return list(first.values())


PLACES: dict[Language, tuple[str, ...]] = {
    "zh": ("左上方", "上方", "右上方", "左侧", "中间", "右侧", "左下方", "下方", "右下方"),
    "en": (
        *("top left", "top", "top right"),
        *("left", "middle", "right"),
        *("bottom left", "bottom", "bottom right"),
    ),
}


def place(spot: Spot, language: Language) -> str:
    """Where a thing is, in thirds: the words that come before its coordinates."""
    return place_of(*spot.element, language)


def place_of(x: int, y: int, language: Language) -> str:
    """The third in which a point in 0-999 coordinates lies."""
    column, row = (min(2, value * 3 // 1000) for value in (x, y))
    return PLACES[language][3 * row + column]
