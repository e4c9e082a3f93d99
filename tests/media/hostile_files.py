"""Hostile files that are made here, each by a few lines that show what is wrong with it."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import soundfile
from PIL import Image

MAKERS: dict[str, Callable[[], bytes]] = {}


def hostile(name: str):
    def keep(make: Callable[[], bytes]) -> Callable[[], bytes]:
        MAKERS[name] = make
        return make

    return keep


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, *chunks: bytes, rows: bytes = b"\0" * 64, depth: int = 8, colour: int = 2
) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + body + png_chunk(b"IEND", b"")


def picture(encoding: str, side: int = 64, **how) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(file, encoding, **how)
    return file.getvalue()


def wav(
    data: bytes = b"\0\0" * 8000,
    *,
    rate: int = 16000,
    channels: int = 1,
    bits: int = 16,
    form: int = 1,
    size: int | None = None,
) -> bytes:
    block = max(1, channels * bits // 8) & 0xFFFF
    header = struct.pack("<HHIIHH", form, channels, rate, (rate * block) & 0xFFFFFFFF, block, bits)
    size = len(data) if size is None else size
    return (
        b"RIFF" + struct.pack("<I", min(36 + size, 0xFFFFFFFF)) + b"WAVEfmt " + struct.pack("<I", 16) + header
        + b"data" + struct.pack("<I", size) + data
    )  # fmt: skip


def wav_floats(samples: np.ndarray) -> bytes:
    return wav(samples.astype("<f4").tobytes(), bits=32, form=3)


def sound(encoding: str, subtype: str | None = None, seconds: float = 1.0, rate: int = 16000) -> bytes:
    file = io.BytesIO()
    tone = 0.3 * np.sin(np.arange(int(seconds * rate)) * 0.1)
    soundfile.write(file, tone, rate, format=encoding, subtype=subtype)
    return file.getvalue()


# ----------------------------------------------------------------------- not a picture, not a sound

TEXTS = {
    "empty.png": b"",
    "one-byte.png": b"\x89",
    "signature-only.png": b"\x89PNG\r\n\x1a\n",
    "text.png": "这是一个文本文件。\nNot a picture.\n".encode(),
    "page.png": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "drawing-with-entities.svg": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aa">]><svg>&a;</svg>',
    "document.pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>",
    "document.jpg": b"PK\x03\x04" + b"\0" * 100,
    "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(%pipe%id) (w) file",
    "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100,
    "playlist.wav": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "zeros.jpg": b"\0" * 5000,
    "noise.png": np.random.default_rng(0).bytes(5000),
}
for text_name, text_data in TEXTS.items():
    MAKERS[text_name] = lambda data=text_data: data

# ------------------------------------------------------------------------------------- pictures

ROWS_64 = b"\0" * (64 * 193)  # of a 64 × 64 RGB picture


def zeros(side: int) -> bytes:
    """A black square of one bit per pixel: a small file, however large the square."""
    return png(side, side, rows=b"\0" * (side * (side // 8 + 1)), depth=1, colour=0)


def tiff(*entries: tuple[int, int], following: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


def icon(nested: bytes) -> bytes:
    return b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0" + struct.pack("<II", len(nested), 22) + nested


def bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 99, 0, 0, 54, 40, width, height, 1, 24, *[0] * 6)


def webp_canvas(size: bytes) -> bytes:
    return b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + size + b"ANIM\x06\0\0\0" + b"\0" * 6


def gif_screen(size: bytes) -> bytes:
    return b"GIF89a" + size + b"\0\0\0,\0\0\0\0" + size + b"\0\x02\x02L\x01\0;"


MAKERS |= {
    "png-claims-2^31.png": lambda: png(2**31 - 1, 2**31 - 1),
    "png-claims-60000.png": lambda: png(60000, 60000),
    "png-claims-zero.png": lambda: png(0, 0),
    "png-real-bomb.png": lambda: zeros(20000),
    "png-at-the-limit.png": lambda: zeros(7000),
    "png-long-and-thin.png": lambda: png(40000, 9, rows=b"\0" * (9 * (40000 * 3 + 1))),
    "png-text-bomb.png": lambda: png(
        64, 64, png_chunk(b"zTXt", b"k\0\0" + zlib.compress(b"a" * 2**27)), rows=ROWS_64
    ),
    "png-profile-bomb.png": lambda: png(
        64, 64, png_chunk(b"iCCP", b"k\0\0" + zlib.compress(b"a" * 2**27)), rows=ROWS_64
    ),
    "gif-claims-65535.gif": lambda: gif_screen(b"\xff" * 4),
    "bmp-claims-2^30.bmp": lambda: bmp(2**30, 2**30),
    "webp-claims-2^24.webp": lambda: webp_canvas(b"\xff" * 6),
    "tiff-claims-2^31.tif": lambda: tiff((256, 2**31 - 1), (257, 2**31 - 1)),
    "tiff-points-at-itself.tif": lambda: tiff((256, 64), following=8),
    "icon-with-a-bomb.ico": lambda: icon(png(30000, 30000)),
    "icon-without-entries.ico": lambda: b"\0\0\1\0\0\0",
    "qoi-claims-2^32.qoi": lambda: b"qoif" + struct.pack(">IIBB", 2**32 - 1, 2**32 - 1, 4, 0) + b"\0" * 8,
    "pnm-claims-10^9.ppm": lambda: b"P6 1000000000 1000000000 255\n" + b"\0" * 100,
    "pnm-endless-number.ppm": lambda: b"P6 " + b"9" * 100_000,
    "jpeg-without-end.jpg": lambda: picture("JPEG")[:-40],
    "png-cut-in-half.png": lambda: picture("PNG")[:90],
    "webp-cut-in-half.webp": lambda: picture("WEBP")[:100],
    "avif-cut-in-half.avif": lambda: picture("AVIF")[:400],
    "jpeg2000-cut-in-half.jp2": lambda: picture("JPEG2000")[:150],
    "two-pixels.png": lambda: picture("PNG", side=2),
}


@hostile("jpeg-claims-65535.jpg")
def _jpeg_bomb() -> bytes:
    data = bytearray(picture("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


@hostile("jpeg-of-many-scans.jpg")
def _jpeg_scans() -> bytes:
    data = picture("JPEG", side=512, progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * 2000 + b"\xff\xd9"


@hostile("png-broken-checksum.png")
def _png_checksum() -> bytes:
    data = bytearray(picture("PNG"))
    data[29] ^= 0xFF
    return bytes(data)


# ------------------------------------------------------------------------------------- sounds

MAKERS |= {
    "wav-no-samples.wav": lambda: wav(b""),
    "wav-one-sample.wav": lambda: wav(b"\1\0"),
    "wav-claims-4-gigabytes.wav": lambda: wav(size=2**32 - 1),
    "wav-claims-more-than-it-has.wav": lambda: wav(size=2**30),
    "wav-rate-zero.wav": lambda: wav(rate=0),
    "wav-rate-one.wav": lambda: wav(rate=1),
    "wav-rate-4-gigahertz.wav": lambda: wav(rate=4_000_000_000),
    "wav-65535-channels.wav": lambda: wav(channels=65535),
    "wav-no-channels.wav": lambda: wav(channels=0),
    "wav-1000-channels.wav": lambda: wav(b"\0\0" * 16000, channels=1000),
    "wav-0-bits.wav": lambda: wav(bits=0),
    "wav-255-bits.wav": lambda: wav(bits=255),
    "wav-unknown-codec.wav": lambda: wav(form=0x1234),
    "wav-all-nan.wav": lambda: wav_floats(np.full(8000, np.nan)),
    "wav-some-nan.wav": lambda: wav_floats(np.tile([0.5, np.nan, np.inf, -0.5, 0.1], 3000)),
    "wav-far-too-loud.wav": lambda: wav_floats(np.linspace(-3e38, 3e38, 8000)),
    "wav-too-long.wav": lambda: wav(b"\0\0" * 8000 * 61, rate=8000),
    "wav-header-only.wav": lambda: wav(b"")[:20],
    "wav-chunk-of-2^32.wav": lambda: b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\xff" + b"\0" * 100,
    "flac-cut-in-half.flac": lambda: sound("FLAC")[: len(sound("FLAC")) // 2],
    "flac-header-only.flac": lambda: sound("FLAC")[:42],
    "ogg-cut-in-half.ogg": lambda: sound("OGG", "VORBIS")[:3000],
    "ogg-header-only.ogg": lambda: sound("OGG", "VORBIS")[:58],
    "opus-cut-in-half.opus": lambda: sound("OGG", "OPUS")[:1000],
    "mp3-cut-in-a-frame.mp3": lambda: sound("MP3", "MPEG_LAYER_III")[:1001],
    "mp3-tag-only.mp3": lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"\0" * 500,
    "webm-noise.webm": lambda: b"\x1a\x45\xdf\xa3" + np.random.default_rng(1).bytes(3000),
    "webm-playlist.webm": lambda: b"\x1a\x45\xdf\xa3\n#EXTM3U\nfile:///etc/passwd\n",
    "m4a-noise.m4a": lambda: b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom" + np.random.default_rng(2).bytes(3000),
    "amr-noise.amr": lambda: b"#!AMR\n" + np.random.default_rng(3).bytes(300),
    "windows-media.wma": lambda: b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + np.random.default_rng(4).bytes(3000),
}
