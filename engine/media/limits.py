"""How large media may be, and how a refusal names a file."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol import MediaRefused, MediaTooLarge

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file; `image_pixels` is width times height, sides are in pixels.

    The defaults admit a 50-megapixel phone photo, a scrolled screenshot and a minute of speech.
    """

    image_bytes: int = 20 * MEBIBYTE
    image_pixels: int = 50_000_000
    image_side_min: int = 8
    image_aspect_max: float = 100.0
    audio_bytes: int = 50 * MEBIBYTE
    audio_seconds: float = 60.0
    audio_seconds_min: float = 0.05


def display_name(name: str, fallback: str) -> str:
    """`name` without folders and control characters, at most 60 characters long."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(character for character in base if character.isprintable()).strip()
    return shown if len(shown) <= 60 else f"{shown[:40]}…{shown[-19:]}" if shown else fallback


def megabytes(size: int) -> str:
    """`size` bytes in MB, to read."""
    return f"{size / MEBIBYTE:.1f} MB"


def check_size(size: int, limit: int, name: str) -> None:
    """Raises `MediaRefused` for an empty file, `MediaTooLarge` for one of `size` bytes over `limit`."""
    if not size:
        raise MediaRefused(f"{name} is empty (0 bytes)", "Choose the file again, or save it anew.")
    if size > limit:
        raise MediaTooLarge(
            f"{name} is {megabytes(size)} large; at most {megabytes(limit)} can be taken",
            "Make the file smaller and try again.",
        )
