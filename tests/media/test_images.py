"""Pictures become upright 8-bit RGB files that show what the original showed."""

import io

import numpy as np
import pytest
from PIL import Image

from engine.media import Limits, decode_image, read_image
from engine.protocol import ImagePart, MediaRefused

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green / blue, white: every turn and mirroring of it looks different."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def encoded(image: Image.Image, encoding: str, **how) -> bytes:
    file = io.BytesIO()
    image.save(file, encoding, **how)
    return file.getvalue()


def read(image: Image.Image, encoding: str, **how) -> tuple[ImagePart, np.ndarray]:
    part = read_image(encoded(image, encoding, **how), f"picture.{encoding.lower()}")
    pixels = decode_image(part)
    assert pixels.mode == "RGB"
    assert pixels.size == (part.width, part.height)
    signature = b"\x89PNG" if part.media_type == "image/png" else b"\xff\xd8"
    assert part.data.startswith(signature)
    return part, np.asarray(pixels, dtype=int)


def assert_same(pixels: np.ndarray, image: Image.Image, tolerance: float = 0) -> None:
    assert np.abs(pixels - np.asarray(image.convert("RGB"), dtype=int)).mean() <= tolerance


@pytest.mark.parametrize("encoding", ["PNG", "BMP", "GIF", "TIFF", "PPM", "QOI"])
def test_exact_formats_keep_every_pixel(encoding):
    part, pixels = read(quarters(), encoding)
    assert part.media_type == "image/png"
    assert_same(pixels, quarters())


@pytest.mark.parametrize("encoding", ["JPEG", "WEBP", "AVIF", "JPEG2000", "MPO"])
def test_lossy_formats_keep_the_picture(encoding):
    part, pixels = read(quarters(), encoding)
    assert part.media_type == "image/jpeg"
    assert_same(pixels, quarters(), tolerance=6)


def test_an_icon_gives_its_largest_picture():
    _, pixels = read(quarters(64, 64), "ICO", sizes=[(16, 16), (64, 64)])
    assert_same(pixels, quarters(64, 64))


@pytest.mark.parametrize(("encoding", "how"), [("PNG", {}), ("JPEG", {"quality": 90})])
def test_a_plain_file_keeps_its_bytes(encoding, how):
    data = encoded(quarters(), encoding, **how)
    assert read_image(data, "a").data == data


@pytest.mark.parametrize("encoding", ["PNG", "JPEG"])
def test_metadata_is_left_out_and_the_pixels_are_untouched(encoding):
    exif = Image.Exif()
    exif[0x010E] = "my secret garden"
    exif.get_ifd(0x8825)[1] = "N"
    data = encoded(quarters(), encoding, exif=exif, comment="my secret comment")
    assert b"secret" in data
    part = read_image(data, "a")
    assert b"secret" not in part.data
    assert len(part.data) > len(data) - 400
    assert decode_image(part).tobytes() == Image.open(io.BytesIO(data)).tobytes()
    assert not Image.open(io.BytesIO(part.data)).getexif()


def test_the_colour_profile_stays():
    data = encoded(quarters(), "PNG", icc_profile=b"profile" * 20)
    assert Image.open(io.BytesIO(read_image(data, "a").data)).info["icc_profile"] == b"profile" * 20


@pytest.mark.parametrize("encoding", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(encoding, orientation):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = quarters().transpose(undo[orientation]) if orientation in undo else quarters()
    exif = Image.Exif()
    exif[0x0112] = orientation
    _, pixels = read(stored, encoding, exif=exif.tobytes())
    assert_same(pixels, quarters(), tolerance=6)


def test_transparency_is_laid_on_white():
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 24))
    _, pixels = read(image, "PNG")
    expected = quarters()
    expected.paste(WHITE, (0, 0, 32, 24))
    assert_same(pixels, expected)


@pytest.mark.parametrize("mode", ["P", "LA", "L"])
def test_a_transparent_colour_is_white(mode):
    how = {"transparency": 0} if mode != "LA" else {}
    _, pixels = read(Image.new(mode, (16, 16), 0), "PNG", **how)
    assert (pixels == 255).all()


def test_half_transparent_is_half_white():
    _, pixels = read(Image.new("RGBA", (16, 16), (0, 0, 0, 128)), "PNG")
    assert set(pixels.ravel()) == {127}


@pytest.mark.parametrize(("mode", "encoding"), [("1", "PNG"), ("L", "PNG"), ("P", "GIF"), ("L", "JPEG")])
def test_grey_and_palettes_become_rgb(mode, encoding):
    _, pixels = read(quarters().convert(mode), encoding)
    assert_same(pixels, quarters().convert(mode), tolerance=6)


def test_cmyk_becomes_rgb():
    _, pixels = read(quarters().convert("CMYK"), "JPEG", quality=95)
    assert_same(pixels, quarters(), tolerance=6)


@pytest.mark.parametrize("encoding", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(encoding):
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    _, pixels = read(Image.fromarray(ramp), encoding)
    assert np.abs(pixels[..., 0] - ramp / 257).max() <= 1


def test_fractions_become_eight_bits():
    ramp = np.linspace(-1, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    ramp[0, 0] = np.nan
    _, pixels = read(Image.fromarray(ramp), "TIFF")
    assert pixels.min() == 0
    assert pixels.max() == 255


@pytest.mark.parametrize("encoding", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(encoding):
    frames = [quarters(), Image.new("RGB", (64, 48), BLUE)]
    how = {"lossless": True} if encoding == "WEBP" else {}
    _, pixels = read(frames[0], encoding, save_all=True, append_images=frames[1:], duration=50, **how)
    assert_same(pixels, quarters(), tolerance=6)


def test_what_a_part_holds_can_be_read_again():
    part = read_image(encoded(quarters().convert("RGBA"), "WEBP"), "C:\\fakepath\\shot.webp")
    assert part.name == "shot.webp"
    assert read_image(part.data, part.name) == part


def test_a_long_screenshot_is_taken():
    part = read_image(encoded(Image.new("RGB", (108, 5000)), "PNG"), "a")
    assert (part.width, part.height) == (108, 5000)


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(image_bytes=100), "at most 0.0 MB"),
        (Limits(image_pixels=3000), "64 × 48"),
        (Limits(image_side_min=50), "too small"),
        (Limits(image_aspect_max=1.2), "thin"),
    ],
)
def test_limits(limits, word):
    with pytest.raises(MediaRefused, match=word):
        read_image(encoded(quarters(), "PNG"), "a", limits)


def test_a_sound_is_no_picture():
    with pytest.raises(MediaRefused, match="a WAV sound"):
        read_image(b"RIFF\0\0\0\0WAVEfmt ", "a.png")
