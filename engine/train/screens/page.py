"""A page in the making: canvas, theme, language, and the elements put on it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.train.lexicon import APPS, BY_KEY, Language
from engine.train.screens import words
from engine.train.screens.theme import WHITE, hsv, ink_on, luminance

if TYPE_CHECKING:
    from random import Random

    from engine.train.screens.canvas import Box, Canvas, Colour
    from engine.train.screens.icons import Family
    from engine.train.screens.theme import Theme


@dataclass(frozen=True, slots=True)
class Element:
    """A thing of the lexicon on a screen; box is (left, top, right, bottom) of its visible extent in px."""

    key: str
    box: tuple[int, int, int, int]
    state: dict[str, Any] = field(default_factory=dict)


LEGIBLE = 52.0  # units: 11.6 px when the screen is fitted into 224 x 224
# Keys with few places to appear in are asked for more often, so that the stream stays balanced.
_WEIGHT = {"back": 1.0}
_REPEATABLE = frozenset({"switch", "checkbox"})
_APP_KEYS = tuple(thing.key for thing in APPS)
_HUES = {
    "phone": 0.36, "messages": 0.36, "camera": 0.6, "mail": 0.58, "music": 0.96, "health": 0.97,
    "weather": 0.57, "notes": 0.13, "maps": 0.38, "calendar": 0.0, "settings": 0.6, "files": 0.58,
    "store": 0.56, "shopping": 0.07, "wallet": 0.1, "recorder": 0.02, "clock": 0.7, "contacts": 0.09,
}  # fmt: skip


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
        self.used: set[str] = set()
        self.facts: dict[str, Any] = {"language": language, "dark": theme.dark}
        self.bar_ink: Colour = theme.ink
        self.top = 0.0
        self.bottom = canvas.height

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
        return self.rng.choice(words.WORDS[self.language][kind])

    def name(self, key: str) -> str:
        names = BY_KEY[key].names(self.language)
        return names[0] if self.rng.random() < 0.8 else self.rng.choice(names)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _glyph(self, key: str) -> tuple[Family, str]:
        able = [family for family in self.families if key in family.glyphs]
        family = self.family if self.family in able and not self.mixed else self.rng.choice(able)
        return family, self.rng.choice(family.glyphs[key])

    # -- elements ---------------------------------------------------------------------------------

    def add(self, key: str, box: tuple[int, ...], **state: Any) -> None:
        left, top, right, bottom = box
        self.elements.append(Element(key, (left, top, right, bottom), state))

    def icon(self, key: str, x: float, y: float, size: float, fill: Colour) -> None:
        """A bare glyph as an element; `key` must have been taken. Never smaller than stays legible."""
        size = max(size, LEGIBLE)
        family, name = self._glyph(key)
        box = self.canvas.icon(family, name, x, y, size, fill)
        state = {"shape": "thumb" if "thumb" in name else "heart"} if key == "like" else {}
        self.add(key, box, **state)

    def badge(self, key: str, x: float, y: float, size: float, back: Colour, round_: bool = True) -> None:
        """A glyph on a filled disc or rounded square; the element is the whole badge."""
        family, name = self._glyph(key)
        half = size / 2
        box = self.canvas.rounded(
            (x - half, y - half, x + half, y + half), half if round_ else size * 0.28, back
        )
        self.canvas.icon(family, name, x, y, size * 0.56, ink_on(back))
        state = {"shape": "thumb" if "thumb" in name else "heart"} if key == "like" else {}
        self.add(key, box, **state)

    def distractor(self, x: float, y: float, size: float, fill: Colour) -> None:
        """A glyph that names nothing of the lexicon."""
        family = self.family if self.family.distractors else self.families[0]
        self.canvas.icon(family, self.rng.choice(family.distractors), x, y, size, fill)

    def switch(self, right: float, y: float, height: float = 44) -> None:
        """A toggle whose right edge is at `right`; styles of several systems."""
        self.used.add("switch")
        on = self.chance(0.5)
        style = self.facts.setdefault("_switch", self.rng.choice(["pill", "pill", "thin", "outline"]))
        theme, width = self.theme, height * (1.75 if style != "thin" else 1.9)
        left, top, bottom = right - width, y - height / 2, y + height / 2
        on_fill = self.facts.setdefault(
            "_switch_on", self.rng.choice([theme.accent, theme.accent, (52, 199, 89)])
        )
        knob_x = right - height / 2 if on else left + height / 2
        if style == "thin":
            groove = height * 0.3
            fill = on_fill if on else theme.line
            box = self.canvas.rounded((left, y - groove, right, y + groove), groove, fill, 0.55)
            knob = on_fill if on else (WHITE if not theme.dark else (190, 190, 196))
            if not theme.dark and not on:
                self.canvas.circle(knob_x, y, height + 4, theme.line)
            self.canvas.circle(knob_x, y, height, knob)
            box = self.canvas.pixels((left, top, right, bottom))
        elif style == "outline" and not on:
            box = self.canvas.rounded((left, top, right, bottom), height / 2, theme.line)
            inset = max(3.0, height * 0.08)
            self.canvas.rounded(
                (left + inset, top + inset, right - inset, bottom - inset), height / 2, theme.card
            )
            self.canvas.circle(knob_x, y, height * 0.5, theme.line)
        else:
            box = self.canvas.rounded((left, top, right, bottom), height / 2, on_fill if on else theme.line)
            self.canvas.circle(knob_x, y, height * 0.82, WHITE)
        self.add("switch", box, on=on)

    def checkbox(self, x: float, y: float, size: float = 52) -> None:
        """A check box centred at (x, y), square or rounded, ticked or empty."""
        self.used.add("checkbox")
        on = self.chance(0.5)
        radius = self.facts.setdefault("_box_radius", self.rng.choice([0.06, 0.16, 0.28])) * size
        half, canvas, theme = size / 2, self.canvas, self.theme
        outer = (x - half, y - half, x + half, y + half)
        if on:
            box = canvas.rounded(outer, radius, theme.accent)
            self._tick(x, y, size, theme.on_accent)
        else:
            edge = max(4.0, size * 0.1)
            box = canvas.rounded(outer, radius, theme.faint)
            inner = (x - half + edge, y - half + edge, x + half - edge, y + half - edge)
            canvas.rounded(inner, max(1.0, radius - edge), theme.card)
        self.add("checkbox", box, on=on)

    def _tick(self, x: float, y: float, size: float, fill: Colour) -> None:
        points = [(-0.24, 0.02), (-0.06, 0.2), (0.26, -0.17)]
        self.canvas.stroke([(x + a * size, y + b * size) for a, b in points], size * 0.11, fill)

    def slider(self, left: float, right: float, y: float) -> float:
        """A track with a thumb from left to right; returns the value, 0 to 1."""
        self.used.add("slider")
        value = self.rng.uniform(0.12, 0.88)
        thumb = self.rng.choice([34.0, 40.0, 46.0])
        track = self.rng.choice([8.0, 12.0, 16.0])
        at = left + thumb / 2 + (right - left - thumb) * value
        self.canvas.rounded((left, y - track / 2, right, y + track / 2), track / 2, self.theme.line)
        self.canvas.rounded((left, y - track / 2, at, y + track / 2), track / 2, self.theme.accent)
        fill = self.theme.accent if self.chance(0.6) else WHITE
        if luminance(fill) > 200 and not self.theme.dark:
            self.canvas.circle(at, y, thumb + 5, self.theme.faint)
        self.canvas.circle(at, y, thumb, fill)
        self.add("slider", self.canvas.pixels((left, y - thumb / 2, right, y + thumb / 2)), value=round(value, 2))
        return value

    def search_bar(self, left: float, right: float, y: float, height: float = 68) -> None:
        """A search field with a magnifier; the element is the whole field."""
        self.used.add("search")
        theme = self.theme
        fill = theme.card if theme.card != theme.page else theme.line
        box = self.canvas.rounded(
            (left, y - height / 2, right, y + height / 2), self.rng.choice([height / 2, 18.0]), fill
        )
        family, name = self._glyph("search")
        size = height * 0.66
        self.canvas.icon(family, name, left + height * 0.58, y, size, ink_on(fill))
        self.canvas.text(
            left + height * 1.1, y, self.word("search"), 27, theme.faint, room=right - left - height * 1.3
        )
        self.add("search", box)

    def tile(self, key: str | None, x: float, y: float, size: float, style: TileStyle) -> None:
        """An app's icon tile; without a key a distractor app."""
        if key is None:
            family = self.family if self.family.distractors else self.families[0]
            name = self.rng.choice(family.distractors)
        else:
            family, name = self._glyph(key)
        back, ink, back_to = style.colours(self.rng, key)
        half, canvas = size / 2, self.canvas
        outer = (x - half, y - half, x + half, y + half)
        box = canvas.pixels(outer)
        if style.shape == "squircle":
            box = canvas.squircle(outer, back, style.alpha, back_to)
        elif style.shape == "circle":
            box = canvas.rounded(outer, half, back, style.alpha, back_to)
        elif style.shape == "square":
            box = canvas.rounded(outer, size * style.corner, back, style.alpha, back_to)
        if style.shape == "none":
            box = canvas.icon(family, name, x, y, size * 0.92, ink)
        else:
            canvas.icon(family, name, x, y, size * style.filling, ink)
        if key is not None:
            self.add(key, box)


class TileStyle:
    """How a launcher draws app icons: tile shape, colours, how much of the tile the glyph fills."""

    def __init__(self, rng: Random, theme: Theme, dark_behind: bool) -> None:
        self.shape = rng.choice(["circle", "squircle", "squircle", "square", "none"])
        self.corner = rng.uniform(0.1, 0.3)
        self.filling = rng.uniform(0.58, 0.74) if self.shape != "circle" else rng.uniform(0.56, 0.64)
        self.mode = rng.choice(["bright", "bright", "gradient", "white", "mono", "glass", "pastel"])
        self.alpha = 1.0
        self.dark_behind = dark_behind
        self.hue = rng.random()
        self.theme = theme

    def colours(self, rng: Random, key: str | None) -> tuple[Colour, Colour, Colour | None]:
        """Tile, glyph and (for a gradient) the tile's lower colour."""
        hue = _HUES.get(key or "", rng.random()) if rng.random() < 0.5 else rng.random()
        bright = hsv(hue, rng.uniform(0.55, 0.95), rng.uniform(0.55, 0.9))
        if self.shape == "none":
            if self.mode in ("mono", "glass", "white"):
                ink = WHITE if self.dark_behind else (30, 30, 36)
            else:
                ink = hsv(hue, 0.4, 1.0) if self.dark_behind else hsv(hue, 0.9, 0.55)
            return WHITE, ink, None
        if self.mode == "bright":
            return bright, ink_on(bright), None
        if self.mode == "gradient":
            return bright, ink_on(bright), hsv(hue + 0.06, 0.9, 0.55)
        if self.mode == "white":
            return WHITE, hsv(hue, 0.85, 0.7), None
        if self.mode == "pastel":
            return hsv(hue, 0.22, 1.0), hsv(hue, 0.9, 0.45), None
        if self.mode == "glass":
            self.alpha = 0.3
            return (WHITE, WHITE, None) if self.dark_behind else ((40, 40, 50), (20, 20, 24), None)
        back = hsv(self.hue, 0.35, 0.25) if self.dark_behind else hsv(self.hue, 0.2, 0.95)
        return back, hsv(self.hue, 0.25, 1.0) if self.dark_behind else hsv(self.hue, 0.8, 0.35), None
