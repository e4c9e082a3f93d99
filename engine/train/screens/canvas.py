"""The sheet that layouts draw on. Lengths are in units: the longer side of a screen is 1000 of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from engine.train.screens import glyphs

if TYPE_CHECKING:
    from engine.train.screens.icons import Family

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """The colour at t between a (t=0) and b (t=1)."""
    return (
        round(a[0] + (b[0] - a[0]) * t),
        round(a[1] + (b[1] - a[1]) * t),
        round(a[2] + (b[2] - a[2]) * t),
    )


class Canvas:
    """An RGB picture of `width` x `height` units at `scale` pixels a unit."""

    def __init__(self, width: float, height: float, scale: float, background: Colour) -> None:
        self.width = width
        self.height = height
        self.scale = scale
        self.image = Image.new("RGB", (round(width * scale), round(height * scale)), background)

    def px(self, length: float) -> int:
        return round(length * self.scale)

    def pixels(self, box: Box) -> tuple[int, int, int, int]:
        left, top, right, bottom = (self.px(v) for v in box)
        return left, top, max(left + 1, right), max(top + 1, bottom)

    def rectangle(self, box: Box, fill: Colour) -> None:
        self.image.paste(fill, self.pixels(box))

    def rounded(
        self, box: Box, radius: float, fill: Colour, alpha: float = 1, fill_to: Colour | None = None
    ) -> tuple[int, int, int, int]:
        """A rounded rectangle, filled flat or with a vertical gradient; returns its pixel box."""
        left, top, right, bottom = self.pixels(box)
        width, height = right - left, bottom - top
        self._stamp(("rounded", width, height, self.px(radius)), (left, top), fill, alpha, fill_to)
        return left, top, right, bottom

    def squircle(
        self, box: Box, fill: Colour, alpha: float = 1, fill_to: Colour | None = None
    ) -> tuple[int, int, int, int]:
        left, top, right, _ = self.pixels(box)
        size = right - left
        self._stamp(("squircle", size, size, 0), (left, top), fill, alpha, fill_to)
        return left, top, left + size, top + size

    def circle(self, x: float, y: float, diameter: float, fill: Colour, alpha: float = 1) -> tuple[int, ...]:
        r = diameter / 2
        return self.rounded((x - r, y - r, x + r, y + r), r, fill, alpha)

    def _stamp(
        self,
        mask_id: tuple[str, int, int, int],
        corner: tuple[int, int],
        fill: Colour,
        alpha: float,
        fill_to: Colour | None,
    ) -> None:
        mask = glyphs.faded(mask_id, round(alpha, 2))
        if fill_to is None:
            self.image.paste(fill, (*corner, corner[0] + mask.width, corner[1] + mask.height), mask)
            return
        ramp = Image.new("RGB", (1, 2), fill)
        ramp.putpixel((0, 1), fill_to)
        self.image.paste(ramp.resize(mask.size, Image.Resampling.BILINEAR), corner, mask)

    def icon(
        self, family: Family, name: str, x: float, y: float, size: float, fill: Colour
    ) -> tuple[int, int, int, int]:
        """A glyph centred at (x, y) whose longer side is `size` units; returns its pixel box."""
        mask = glyphs.icon_mask(family, name, max(3, self.px(size)))
        left = self.px(x) - mask.width // 2
        top = self.px(y) - mask.height // 2
        self.image.paste(fill, (left, top, left + mask.width, top + mask.height), mask)
        return left, top, left + mask.width, top + mask.height

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        fill: Colour,
        *,
        bold: bool = False,
        align: str = "left",
        room: float | None = None,
    ) -> tuple[int, int, int, int] | None:
        """One line with its vertical middle at y; its pixel box, None where it does not fit into `room`."""
        mask, _ = glyphs.text_mask(text, max(6, self.px(size)), bold)
        if room is not None and mask.width > self.px(room):
            return None
        left = self.px(x) - {"left": 0, "center": mask.width // 2, "right": mask.width}[align]
        top = self.px(y) - mask.height // 2
        box = (left, top, left + mask.width, top + mask.height)
        self.image.paste(fill, box, mask)
        return box

    def stroke(self, points: list[tuple[float, float]], width: float, fill: Colour) -> None:
        """A line through points, drawn at four times the size and shrunk, for smooth edges."""
        margin = width
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, top = self.px(min(xs) - margin), self.px(min(ys) - margin)
        right, bottom = self.px(max(xs) + margin), self.px(max(ys) + margin)
        mask = Image.new("L", ((right - left) * 4, (bottom - top) * 4))
        path = [((x * self.scale - left) * 4, (y * self.scale - top) * 4) for x, y in points]
        ImageDraw.Draw(mask).line(path, fill=255, width=max(2, round(width * self.scale * 4)), joint="curve")
        self.image.paste(fill, (left, top, right, bottom), mask.reduce(4))

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> tuple[int, int, int, int]:
        """A filled polygon with smooth edges; returns its pixel box."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, top, right, bottom = self.pixels((min(xs), min(ys), max(xs), max(ys)))
        mask = Image.new("L", ((right - left) * 4, (bottom - top) * 4))
        ImageDraw.Draw(mask).polygon(
            [((x * self.scale - left) * 4, (y * self.scale - top) * 4) for x, y in points], fill=255
        )
        self.image.paste(fill, (left, top, right, bottom), mask.reduce(4))
        return left, top, right, bottom

    def colour_at(self, x: float, y: float) -> Colour:
        pixel = self.image.getpixel(
            (min(self.px(x), self.image.width - 1), min(self.px(y), self.image.height - 1))
        )
        assert isinstance(pixel, tuple)
        return pixel[0], pixel[1], pixel[2]

    def backdrop(self, picture: Image.Image, box: Box | None = None, radius: float = 0) -> None:
        """Stretches a small picture over the box (the whole sheet without one)."""
        left, top, right, bottom = self.pixels(box or (0, 0, self.width, self.height))
        stretched = picture.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        if radius:
            self.image.paste(stretched, (left, top), glyphs.rounded_mask(*stretched.size, self.px(radius)))
        else:
            self.image.paste(stretched, (left, top))

    def dim(self, amount: float) -> None:
        """Darkens everything drawn so far."""
        self.image = Image.eval(self.image, lambda v: round(v * (1 - amount)))
