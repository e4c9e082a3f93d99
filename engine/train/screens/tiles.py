"""App icons on their tiles, in the manners of several launchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens.theme import WHITE, hsv, ink_on

if TYPE_CHECKING:
    from random import Random

    from engine.train.screens.canvas import Colour
    from engine.train.screens.page import Page
    from engine.train.screens.theme import Theme

# The hue that launchers mostly give an app; half of the tiles take any other.
_HUES = {
    "phone": 0.36, "messages": 0.36, "camera": 0.6, "mail": 0.58, "music": 0.96, "health": 0.97,
    "weather": 0.57, "notes": 0.13, "maps": 0.38, "calendar": 0.0, "settings": 0.6, "files": 0.58,
    "store": 0.56, "shopping": 0.07, "wallet": 0.1, "recorder": 0.02, "clock": 0.7, "contacts": 0.09,
}  # fmt: skip


class TileStyle:
    """How a launcher draws app icons: tile shape, colours, how much of the tile the glyph fills."""

    def __init__(self, rng: Random, theme: Theme, dark_behind: bool) -> None:
        self.shape = rng.choice(["circle", "squircle", "squircle", "square", "none"])
        self.corner = rng.uniform(0.1, 0.3)
        self.filling = rng.uniform(0.58, 0.74) if self.shape != "circle" else rng.uniform(0.56, 0.64)
        self.mode = rng.choice(["bright", "bright", "gradient", "white", "mono", "glass", "pastel"])
        self.alpha = 1.0
        self.counted = rng.random() < 0.3  # some apps carry a red count of what is unread
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


def tile(page: Page, key: str | None, x: float, y: float, size: float, style: TileStyle) -> None:
    """An app's icon tile; without a key a distractor app."""
    family, name = page.unknown() if key is None else page.glyph(key)
    back, ink, back_to = style.colours(page.rng, key)
    half, canvas = size / 2, page.canvas
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
    if style.counted and page.chance(0.12):
        canvas.circle(x + half * 0.82, y - half * 0.82, size * 0.32, (240, 52, 52))
        canvas.text(
            x + half * 0.82, y - half * 0.82, str(page.rng.randint(1, 9)), size * 0.24, WHITE, align="center"
        )
    if key is not None:
        page.add(key, box)
