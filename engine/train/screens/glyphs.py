"""Rasterised glyphs and words, cached: the same mark at the same size is drawn once per process."""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFont

if TYPE_CHECKING:
    from engine.train.screens.icons import Family


class ScreenFontMissingError(RuntimeError):
    """A font or font package that the generator draws with isn't installed; the message says which."""


_DISTRIBUTIONS = {
    "qtawesome": "qtawesome",
    "bootstrap_icons": "comma-deps-bootstrap-icons",
    "django_static_ionicons": "django-static-ionicons",
}
# (language, bold) -> file name, index in the file, Debian package
_TEXT_FONTS = {
    ("en", False): ("Roboto-Regular.ttf", 0, "fonts-roboto-unhinted"),
    ("en", True): ("Roboto-Medium.ttf", 0, "fonts-roboto-unhinted"),
    ("zh", False): ("NotoSansCJK-Regular.ttc", 2, "fonts-noto-cjk"),
    ("zh", True): ("NotoSansCJK-Bold.ttc", 2, "fonts-noto-cjk"),
}
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "/Library/Fonts")
_MEASURE = 200  # font size in px at which ink extents are measured once


@lru_cache(maxsize=32)
def package_folder(package: str) -> Path:
    """The folder of a package that carries icon fonts, found without importing it (some want Qt).

    Raises ScreenFontMissingError when the package isn't installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ScreenFontMissingError(
            f"Drawing screens needs the icon fonts of {_DISTRIBUTIONS.get(package, package)}: "
            f'install what training needs with `pip install ".[train]"`.'
        )
    return Path(spec.origin).parent


@lru_cache(maxsize=32)
def font_file(name: str, package: str) -> Path:
    """A text font found by its file name in the system's font folders.

    Raises ScreenFontMissingError that names the Debian package which brings it.
    """
    for folder in _FONT_FOLDERS:
        found = min(Path(folder).expanduser().rglob(name), default=None)
        if found is not None:
            return found
    raise ScreenFontMissingError(
        f"Drawing screens needs the font {name}: install it with `apt-get install {package}`, "
        f"or put the file into ~/.local/share/fonts."
    )


def _carried(path: Path) -> Path:
    if not path.is_file():
        raise ScreenFontMissingError(
            f"The icon font {path.name} is not where this version of the generator expects it: "
            f'install the pinned packages with `pip install --force-reinstall ".[train]"`.'
        )
    return path


@lru_cache(maxsize=64)
def _charmap(path: Path) -> dict[str, str]:
    return json.loads(_carried(path).read_text("utf-8"))


@lru_cache(maxsize=96)
def _icon_font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_carried(path)), size)


@lru_cache(maxsize=64)
def _text_font(language: str, bold: bool, size: int) -> ImageFont.FreeTypeFont:
    name, index, package = _TEXT_FONTS[language, bold]
    return ImageFont.truetype(str(font_file(name, package)), size, index=index)


def _mask(font: ImageFont.FreeTypeFont, text: str) -> tuple[Image.Image, int, int]:
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    mask = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font)
    return mask, left, top


@lru_cache(maxsize=1024)
def _ink(path: Path, character: str) -> int:
    # The font's own bounding box spans the advance width, so the ink is measured on the picture.
    mask, _, _ = _mask(_icon_font(path, _MEASURE), character)
    left, top, right, bottom = mask.getbbox() or (0, 0, *mask.size)
    return max(right - left, bottom - top)


@lru_cache(maxsize=16384)
def icon_mask(family: Family, name: str, size: int) -> Image.Image:
    """An L mask whose longer side is about `size` px and that holds the glyph's ink with no margin."""
    folder = package_folder(family.package)
    path = folder / family.font
    name, _, angle = name.partition("@")
    codes = _charmap(folder / family.charmap) if family.charmap else {}
    character = chr(int(codes.get(name) or name.partition("=")[2], 16))
    points = max(4, round(_MEASURE * size / _ink(path, character)))
    if not angle:
        return _trimmed(_mask(_icon_font(path, points), character)[0])
    big = _trimmed(_mask(_icon_font(path, points * 3), character)[0])
    turned = _trimmed(big.rotate(float(angle), Image.Resampling.BICUBIC, expand=True))
    shrink = size / max(turned.size)
    fitted = (max(1, round(turned.width * shrink)), max(1, round(turned.height * shrink)))
    return turned.resize(fitted, Image.Resampling.LANCZOS)


def _trimmed(mask: Image.Image) -> Image.Image:
    return mask.crop(mask.getbbox() or (0, 0, *mask.size))


def _language(text: str) -> str:
    return "en" if text.isascii() else "zh"


@lru_cache(maxsize=8192)
def text_mask(text: str, size: int, bold: bool) -> tuple[Image.Image, int]:
    """An L mask of one line and its top offset in px from the line's top."""
    mask, _, top = _mask(_text_font(_language(text), bold, size), text)
    return mask, top


@lru_cache(maxsize=1024)
def _disc(diameter: int) -> Image.Image:
    big = Image.new("L", (diameter * 4, diameter * 4))
    ImageDraw.Draw(big).ellipse((0, 0, diameter * 4 - 1, diameter * 4 - 1), fill=255)
    return big.reduce(4)


@lru_cache(maxsize=128)
def rounded_mask(width: int, height: int, radius: int) -> Image.Image:
    """An antialiased L mask of a rounded rectangle."""
    radius = min(radius, width // 2, height // 2)
    mask = Image.new("L", (width, height), 255)
    if radius < 1:
        return mask
    disc = _disc(2 * radius)
    for x, left in ((0, 0), (width - radius, radius)):
        for y, top in ((0, 0), (height - radius, radius)):
            mask.paste(disc.crop((left, top, left + radius, top + radius)), (x, y))
    return mask


@lru_cache(maxsize=256)
def squircle_mask(size: int) -> Image.Image:
    """An antialiased L mask of the superellipse |x|^5 + |y|^5 <= 1."""
    big = size * 4
    half = (big - 1) / 2
    mask = Image.new("L", (big, big))
    draw = ImageDraw.Draw(mask)
    for row in range(big):
        reach = max(0.0, 1 - abs((row - half) / half) ** 5) ** 0.2 * half
        draw.line((half - reach, row, half + reach, row), fill=255)
    return mask.reduce(4)


@lru_cache(maxsize=384)
def faded(mask_id: tuple[str, int, int, int], alpha: float) -> Image.Image:
    """A shape mask scaled by `alpha`; mask_id is (shape, width, height, radius)."""
    shape, width, height, radius = mask_id
    mask = squircle_mask(width) if shape == "squircle" else rounded_mask(width, height, radius)
    return mask if alpha >= 1 else ImageChops.multiply(mask, Image.new("L", mask.size, round(255 * alpha)))
