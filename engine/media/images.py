"""Pictures: bytes -> `ImagePart` -> pixels."""

from __future__ import annotations

import io
import math
import re
import struct
from typing import TYPE_CHECKING

from engine.media.kinds import Kind, recognise
from engine.media.limits import Limits, check_size, display_name
from engine.media.metadata import without_metadata
from engine.protocol import ImagePart, MediaRefused, MediaTooLarge

if TYPE_CHECKING:
    from PIL.Image import Image

# Still formats that Pillow decodes by itself, each with a signature of its own. EPS would run
# Ghostscript; ICNS and DDS nest other formats.
FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP")
_READABLE = "PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF"
_LOSSY = {"AVIF", "JPEG", "JPEG2000", "MPO", "WEBP"}
_PNG_PIXELS_MAX = 12_000_000  # larger pictures take seconds as PNG, and are photos
_SCANS_MAX = 100  # progressive JPEGs have about ten; thousands would decode for minutes
_ORIENTATION = 0x0112


def read_image(data: bytes, name: str = "image", limits: Limits | None = None) -> ImagePart:
    """`data`, a picture file of any common format, as an upright 8-bit RGB PNG or JPEG.

    The first frame of an animation is taken, EXIF orientation applied, transparency laid on white,
    16-bit, palette and CMYK pictures converted. A JPEG or PNG that is already all that keeps its
    encoded pixels. Metadata (place, camera, comments) is left out. Raises `MediaRefused`.
    """
    limits = limits or Limits()
    name = display_name(name, "image")
    check_size(len(data), limits.image_bytes, name)
    kind = recognise(data)
    if kind.medium != "image":
        raise _wrong_kind(kind, name)
    _check_declared(data, name, limits)
    try:
        return _read(data, name, limits)
    except MediaRefused:
        raise
    except Exception as error:  # codecs raise whatever a broken file makes them raise
        raise _unreadable(kind, name, error) from error


def decode_image(part: ImagePart) -> Image:
    """The pixels of `part`: a loaded Pillow image of mode RGB. Raises `MediaRefused`."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(part.data), formats=("PNG", "JPEG")) as image:
            return image.convert("RGB")
    except Exception as error:
        raise _unreadable(recognise(part.data), part.name, error) from error


def _read(data: bytes, name: str, limits: Limits) -> ImagePart:
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _check_shape(image.size, name, limits)
        source, animated = image.format or "", getattr(image, "is_animated", False)
        image.load()
        orientation = _orientation(image)  # after load: it would load too, and hide a failure
        _check_shape(image.size, name, limits)  # TIFF and ICO know their real size only now
        plain = image.mode == "RGB" and "transparency" not in image.info
        if source in ("PNG", "JPEG") and plain and orientation == 1 and not animated:
            return _part(without_metadata(data), source, image.size, name)
        pixels = _upright(_flattened(image), orientation)
    return _encoded(pixels, source, name)


def _encoded(image: Image, source: str, name: str) -> ImagePart:
    """`image` as PNG where it was exact before, else as a JPEG; a photo keeps its colours at half size."""
    pixels = image.width * image.height
    target = "JPEG" if source in _LOSSY or pixels > _PNG_PIXELS_MAX else "PNG"
    if max(image.size) > 65_500:  # JPEG's own limit
        target = "PNG"
    file = io.BytesIO()
    if target == "JPEG":
        photo = pixels > _PNG_PIXELS_MAX
        image.save(file, target, quality=90 if photo else 95, subsampling="4:2:0" if photo else "4:4:4")
    else:
        image.save(file, target)
    return _part(file.getvalue(), target, image.size, name)


def _part(data: bytes, encoding: str, size: tuple[int, int], name: str) -> ImagePart:
    media_type = "image/png" if encoding == "PNG" else "image/jpeg"
    return ImagePart(data, media_type, *size, name=name)


# ------------------------------------------------------------------------------------- pixels


def _orientation(image: Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is absent or EXIF is broken."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a picture with broken EXIF is still a picture
        return 1
    return value if value in range(1, 9) else 1


def _upright(image: Image, orientation: int) -> Image:
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)
    return image if turn is None else image.transpose(turn)


def _flattened(image: Image) -> Image:
    """Any mode as RGB, with transparency laid on white."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")


def _eight_bit(image: Image) -> Image:
    """16- and 32-bit grey as 8-bit; values beyond 16 bits, and fractions, by their own range."""
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    low, high = float(values.min()), float(values.max())
    if image.mode != "F" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0 if high > 255 or ";16" in image.mode else 255.0
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(np.clip(scaled, 0, 255).round().astype(np.uint8))


# ------------------------------------------------------------------------------------- refusals


def _check_declared(data: bytes, name: str, limits: Limits) -> None:
    """Refuse sizes that a decoder would allocate for before it tells them."""
    if data[8:16] == b"WEBPVP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        _check_shape((width, height), name, limits)
    if data[:4] == b"\x00\x00\x01\x00":
        for size in _icon_sizes(data):
            _check_shape(size, name, limits)
    if data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > _SCANS_MAX:
        raise MediaRefused(
            f"{name} is a JPEG picture with more than {_SCANS_MAX} scans, made to keep a reader busy",
            "Open it in a picture editor and save it anew.",
        )


def _icon_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height of each picture inside an icon: PNG files, or bitmaps of double height."""
    sizes = []
    for entry in range(int.from_bytes(data[4:6], "little")):
        at = int.from_bytes(data[6 + 16 * entry + 12 : 6 + 16 * entry + 16], "little")
        head = data[at : at + 24]
        if len(head) < 24:
            continue
        if head.startswith(b"\x89PNG"):
            sizes.append(struct.unpack(">II", head[16:24]))
        else:
            width, height = struct.unpack("<ii", head[4:12])
            sizes.append((abs(width), abs(height) // 2))
    return sizes


def _check_shape(size: tuple[int, int], name: str, limits: Limits) -> None:
    width, height = size
    if width * height > limits.image_pixels:
        side = math.isqrt(limits.image_pixels)
        raise MediaTooLarge(
            f"{name} is {width} × {height} pixels, more than the {limits.image_pixels // 10**6} million "
            "that can be taken",
            f"Scale it down, for example to {side} × {side} pixels or less, and try again.",
        )
    if min(size) < limits.image_side_min:
        raise MediaRefused(
            f"{name} is {width} × {height} pixels, too small to show anything",
            f"Choose a picture of at least {limits.image_side_min} pixels on each side.",
        )
    if max(size) > limits.image_aspect_max * min(size):
        raise MediaRefused(
            f"{name} is {width} × {height} pixels, too long and thin to read",
            f"Cut it into pieces at most {limits.image_aspect_max:.0f} times as long as wide.",
        )


def _wrong_kind(kind: Kind, name: str) -> MediaRefused:
    remedy = f"Choose a {_READABLE} picture."
    if "HEIC" in kind.name or "SVG" in kind.name or "document" in kind.name or "web page" in kind.name:
        remedy = f"Take a screenshot of it, or save it as PNG or JPEG. {remedy}"
    return MediaRefused(f"{name} is {kind.name}, which cannot be read as a picture", remedy)


def _unreadable(kind: Kind, name: str, error: Exception) -> MediaRefused:
    from PIL import UnidentifiedImageError
    from PIL.Image import DecompressionBombError

    if isinstance(error, DecompressionBombError):
        claimed = re.search(r"\((\d+) pixels\)", str(error))
        millions = f"{int(claimed[1]) // 10**6:,} million" if claimed else "too many"
        what = f"claims to hold {millions} pixels, more than can be taken"
    elif isinstance(error, MemoryError):
        what = "needs more memory than there is"
    elif "truncated" in str(error).lower() or isinstance(error, EOFError):
        what = "is cut off: the file ends before the picture does"
    elif isinstance(error, UnidentifiedImageError):
        what = "is damaged: its beginning makes no sense"
    else:
        detail = " ".join(str(error).split()).removeprefix("b'")[:120]
        what = f"is damaged ({detail or type(error).__name__})"
    remedy = "Save or download it again, or take a screenshot of it."
    refusal = MediaTooLarge if isinstance(error, DecompressionBombError) else MediaRefused
    return refusal(f"{name}, {kind.name}, {what}", remedy)
