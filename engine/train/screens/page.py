"""A page in the making: canvas, theme, language, and the elements put on it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.train.lexicon import APPS, BY_KEY, Language
from engine.train.screens import words
from engine.train.screens.theme import ink_on

if TYPE_CHECKING:
    from random import Random

    from engine.train.screens.canvas import Canvas, Colour
    from engine.train.screens.icons import Family
    from engine.train.screens.theme import Theme


@dataclass(frozen=True, slots=True)
class Element:
    """A thing of the lexicon on a screen; box is (left, top, right, bottom) of its visible extent in px."""

    key: str
    box: tuple[int, int, int, int]
    state: dict[str, Any] = field(default_factory=dict)


LEGIBLE = 52.0  # units: 11.6 px when the screen is fitted into 224 x 224
# Keys that some layouts always show are asked for less often, so that the stream stays balanced.
_WEIGHT = {"back": 0.55, "close": 0.45, "search": 0.35, "send": 0.6, "add": 0.7, "menu": 0.6, "play": 0.7}
_REPEATABLE = frozenset({"switch", "checkbox"})
_APP_KEYS = tuple(thing.key for thing in APPS)


class Page:
    """What every layout draws with: it finds glyphs, avoids saying a key twice, and keeps the elements."""

    def __init__(
        self,
        rng: Random,
        canvas: Canvas,
        theme: Theme,
        language: Language,
        families: tuple[Family, ...],
        heldout: bool,
    ) -> None:
        self.rng = rng
        self.canvas = canvas
        self.theme = theme
        self.language: Language = language
        self.families = families
        self.heldout = heldout
        self.family = rng.choice([family for family in families if len(family.glyphs) > 25])
        self.mixed = rng.random() < 0.3
        self.elements: list[Element] = []
        self.readings: list[Element] = []
        self.used: set[str] = set()
        self.facts: dict[str, Any] = {"language": language, "dark": theme.dark}
        self.bar_fill: Colour | None = None  # of a coloured top bar
        self._unsaid: dict[str, list[str]] = {}
        self._styles: dict[str, Any] = {}
        self.top = 0.0
        self.bottom = canvas.height
        self.navigation = ""

    # -- choosing ---------------------------------------------------------------------------------

    def take(self, keys: tuple[str, ...] | list[str], count: int = 1) -> list[str]:
        """Up to `count` different keys of `keys` that this page doesn't show yet, now reserved."""
        free = [key for key in keys if key in _REPEATABLE or key not in self.used]
        chosen: list[str] = []
        while free and len(chosen) < count:
            key = self.rng.choices(free, [_WEIGHT.get(k, 1.0) for k in free])[0]
            free.remove(key)
            chosen.append(key)
        self.used.update(chosen)
        return chosen

    def apps(self, count: int) -> list[str]:
        return self.take(_APP_KEYS, count)

    def word(self, kind: str) -> str:
        """A word or line of that kind; none comes twice before all have come."""
        left = self._unsaid.get(kind)
        if not left:
            left = self._unsaid[kind] = list(words.WORDS[self.language][kind])
            self.rng.shuffle(left)
        return left.pop()

    def time_of_day(self) -> str:
        """The one time that this page shows wherever it shows one; kept in the facts."""
        hour, minute = self.rng.randrange(24), self.rng.randrange(60)
        padded = self.language == "zh" or self.chance(0.5)
        return self.facts.setdefault("time", f"{hour:02d}:{minute:02d}" if padded else f"{hour}:{minute:02d}")

    def caption(self, key: str) -> str:
        """The word that an app prints under a control."""
        return words.CAPTIONS[self.language].get(key) or self.name(key)

    def colour_bar(self, probability: float) -> None:
        """Gives the top bar the accent colour with that probability."""
        if self.chance(probability):
            self.bar_fill = self.theme.accent

    def style(self, name: str, *choices: Any) -> Any:
        """One of the choices, the same each time on this page: a system draws its controls alike."""
        if name not in self._styles:
            self._styles[name] = self.rng.choice(choices)
        return self._styles[name]

    def name(self, key: str) -> str:
        names = BY_KEY[key].names(self.language)
        return names[0] if self.rng.random() < 0.8 else self.rng.choice(names)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def glyph(self, key: str) -> tuple[Family, str]:
        able = [family for family in self.families if key in family.glyphs]
        family = self.family if self.family in able and not self.mixed else self.rng.choice(able)
        return family, self.rng.choice(family.glyphs[key])

    def unknown(self) -> tuple[Family, str]:
        """A glyph that names nothing of the lexicon."""
        family = self.family if self.family.distractors else self.families[0]
        return family, self.rng.choice(family.distractors)

    # -- elements ---------------------------------------------------------------------------------

    def add(self, key: str, box: tuple[int, ...], **state: Any) -> None:
        left, top, right, bottom = box
        self.elements.append(Element(key, (left, top, right, bottom), state))

    def read(self, key: str, box: tuple[int, int, int, int], value: str) -> None:
        """Something legible that is read rather than pointed at: the time, the battery, the Wi-Fi sign."""
        self.readings.append(Element(key, box, {"value": value}))

    def icon(self, key: str, x: float, y: float, size: float, fill: Colour) -> None:
        """A bare glyph as an element; `key` must have been taken. Never smaller than stays legible."""
        size = max(size, LEGIBLE)
        family, name = self.glyph(key)
        box = self.canvas.icon(family, name, x, y, size, fill)
        self.add(key, box)

    def badge(self, key: str, x: float, y: float, size: float, back: Colour, round_: bool = True) -> None:
        """A glyph on a filled disc or rounded square; the element is the whole badge."""
        family, name = self.glyph(key)
        half = size / 2
        box = self.canvas.rounded(
            (x - half, y - half, x + half, y + half), half if round_ else size * 0.28, back
        )
        self.canvas.icon(family, name, x, y, size * 0.56, ink_on(back))
        self.add(key, box)

    def distractor(self, x: float, y: float, size: float, fill: Colour) -> None:
        """A glyph that names nothing of the lexicon."""
        family, name = self.unknown()
        self.canvas.icon(family, name, x, y, size, fill)
