"""How Mandarin is read aloud: characters to pinyin syllables."""

from __future__ import annotations

import re
from functools import cache

from pypinyin import Style, lazy_pinyin

# What the dictionary reads differently from people who talk to a phone.
_READINGS = {
    "长按": "chang2 an4",
    "调大": "tiao2 da4",
    "调小": "tiao2 xiao3",
    "调高": "tiao2 gao1",
    "调低": "tiao2 di1",
    "调亮": "tiao2 liang4",
    "调暗": "tiao2 an4",
    "重试": "chong2 shi4",
    "一下": "yi2 xia4",
    "一秒": "yi4 miao3",
    "一页": "yi2 ye4",
    "都会": "dou1 hui4",
}
_SPECIAL = re.compile(f"({'|'.join(_READINGS)})")


@cache
def initial_and_final(syllable: str) -> tuple[str, ...]:
    """The parts of a syllable as `syllables` reads it, without its tone: "xiang4" -> ("x", "iang")."""
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    parts = (to_initials(syllable, strict=False), to_finals(syllable, strict=False))
    return tuple(part for part in parts if part)


def syllables(text: str) -> list[str]:
    """Read Chinese characters, one syllable each: its tone as a digit (5 is neutral), ü as v: ["lv4", "se4"].

    Punctuation is kept as it is. The tones are the dictionary's: third-tone sandhi is the voice's work.
    """
    read: list[str] = []
    for piece in _SPECIAL.split(text):
        if piece in _READINGS:
            read += _READINGS[piece].split()
        elif piece:
            read += lazy_pinyin(piece, style=Style.TONE3, neutral_tone_with_five=True)
    return read
