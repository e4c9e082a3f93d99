"""What a file is, told by its first bytes; suffixes and claimed media types are not believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """A recognised sort of file.

    `medium` is what it can become. `name` is a noun phrase for a person. `demuxer` is what ffmpeg
    calls the container, set where only ffmpeg reads it.
    """

    medium: Literal["image", "audio", "other"]
    name: str
    demuxer: str | None = None


_MP3 = Kind("audio", "an MP3 sound")
_AAC = Kind("audio", "an AAC sound", "aac")
_PORTABLE_BITMAPS = tuple(b"P%d%c" % (digit, space) for digit in range(1, 8) for space in b" \t\r\n#")
_MAX_HEAD = 4096

# The start of a file, and what it then is. Longer starts come first.
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", Kind("image", "a PNG picture")),
    (b"\xff\xd8\xff", Kind("image", "a JPEG picture")),
    (b"GIF87a", Kind("image", "a GIF picture")),
    (b"GIF89a", Kind("image", "a GIF picture")),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Kind("image", "a JPEG 2000 picture")),
    (b"\xff\x4f\xff\x51", Kind("image", "a JPEG 2000 picture")),
    (b"II*\x00", Kind("image", "a TIFF picture")),
    (b"MM\x00*", Kind("image", "a TIFF picture")),
    (b"II+\x00", Kind("image", "a TIFF picture")),
    (b"MM\x00+", Kind("image", "a TIFF picture")),
    (b"\x00\x00\x01\x00", Kind("image", "an icon")),
    (b"qoif", Kind("image", "a QOI picture")),
    (b"8BPS", Kind("other", "a Photoshop document")),
    (b"fLaC", Kind("audio", "a FLAC sound")),
    (b"OggS", Kind("audio", "an Ogg sound")),
    (b"ID3", _MP3),
    (b"FORM", Kind("audio", "an AIFF sound")),
    (b".snd", Kind("audio", "an AU sound")),
    (b"caff", Kind("audio", "a CAF sound")),
    (b"RF64", Kind("audio", "a WAV sound")),
    (b"#!AMR", Kind("audio", "an AMR sound", "amr")),
    (b"\x1a\x45\xdf\xa3", Kind("audio", "a WebM or Matroska recording", "matroska")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind("audio", "a Windows Media recording", "asf")),
    (b"%PDF", Kind("other", "a PDF document")),
    (b"%!PS", Kind("other", "a PostScript document")),
    (b"PK\x03\x04", Kind("other", "a ZIP archive or an Office document")),
    (b"\xd0\xcf\x11\xe0", Kind("other", "an old Office document")),
    (b"\x1f\x8b", Kind("other", "a gzip archive")),
    (b"7z\xbc\xaf", Kind("other", "a 7-Zip archive")),
    (b"Rar!", Kind("other", "a RAR archive")),
    (b"\x7fELF", Kind("other", "a program")),
    (b"MZ", Kind("other", "a program")),
    (b"\x00\x00\x01\xba", Kind("other", "an MPEG video")),
    (b"FLV\x01", Kind("other", "a Flash video")),
    (b"FWS", Kind("other", "a Flash animation")),
    (b"CWS", Kind("other", "a Flash animation")),
    (b"BM", Kind("image", "a BMP picture")),
)
_RIFF = {
    b"WAVE": Kind("audio", "a WAV sound"),
    b"WEBP": Kind("image", "a WebP picture"),
    b"AVI ": Kind("other", "an AVI video"),
}
_HEIC = Kind("other", "an HEIC picture")
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), Kind("image", "an AVIF picture")),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), _HEIC),
    **dict.fromkeys((b"M4A ", b"M4B "), Kind("audio", "an M4A sound", "mov")),
    **dict.fromkeys((b"jp2 ",), Kind("image", "a JPEG 2000 picture")),
}
_MP4 = Kind("audio", "an MP4 or 3GP recording", "mov")
UNKNOWN = Kind("other", "a file of an unknown type")


def recognise(data: bytes) -> Kind:
    """The kind of the file that starts with `data`; `UNKNOWN` when nothing fits."""
    head = data[:_MAX_HEAD]
    if head[:4] in (b"RIFF", b"RIFX") and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.startswith(_PORTABLE_BITMAPS):
        return Kind("image", "a PNM picture")
    for start, kind in _MAGIC:
        if head.startswith(start):
            return kind
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # An MPEG audio frame; layer bits 00 are an AAC stream.
        return _AAC if head[1] & 0x06 == 0 else _MP3
    return _text(head)


def _iso_media(head: bytes) -> Kind:
    """AVIF, HEIC, M4A and MP4 share one container; the brands after `ftyp` tell them apart."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), _MP4)


def _text(head: bytes) -> Kind:
    lowered = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lowered.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return Kind("other", "a web page (HTML)")
    if lowered.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")):
        name = "an SVG drawing" if b"<svg" in lowered else "an XML file"
        return Kind("other", name)
    text = head.decode("utf-8", errors="ignore")
    lost = len(head) - len(text.encode())
    readable = all(character.isprintable() or character in "\t\r\n\f" for character in text)
    return Kind("other", "a text file") if head and lost <= 3 and readable else UNKNOWN
