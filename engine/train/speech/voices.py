"""Who speaks: every synthetic speaker, and which of them the model never hears while it learns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from engine.train.lexicon import Language, Split

Engine = Literal["espeak", "flite", "hibari", "rhvoice", "pico", "gcin"]


@dataclass(frozen=True, slots=True)
class Voice:
    """One synthetic speaker.

    `name` is what the engine calls it: accent+variant for espeak, the voice for the others. `pitch` is its
    usual pitch: 0 to 99 for espeak (50 is the variant's own), mean Hz for flite, None where it keeps
    the pitch of its recordings. `rate` is in words a minute.
    """

    engine: Engine
    language: Language
    name: str
    pitch: int | None
    rate: int

    @property
    def speaker(self) -> str:
        """The person, whatever the accent: what the two splits must not share."""
        return self.name.rpartition("+")[2]


# eSpeak's variants are speakers: other formants, another pitch, another source of voice. Variants that were
# derived from one another share a line and a side of the split; else a held-out voice would be a training
# voice under another name. Left out: whispers, croaks, robots, echoes and jokes.
_VARIANTS: dict[Split, tuple[str, ...]] = {
    "train": (
        *("f1", "f2", "f5"),
        *("m2", "m4", "m6"),
        *("m7", "m8", "Nguyen"),
        *("klatt", "klatt2", "klatt3", "klatt4"),
        *("Diogo", "Henrique", "Hugo", "michel", "miguel", "anika"),
        *("Gene", "Gene2"),
        *("steph", "steph3"),
        *("iven", "iven3"),
        *("max", "paul"),
        *("rob", "robert", "quincy"),
        *("Alex", "Annie", "pedro", "sandro", "ed", "grandma"),
    ),
    "heldout": (
        *("f3", "f4", "linda", "belinda", "aunty"),
        *("m1", "m3", "Mike"),
        *("edward", "edward2", "benjamin"),
        *("Mario", "Michael"),
        *("antonio", "Andrea", "Denis", "victor"),
    ),
}

_MANDARIN = "cmn-latn-pinyin"  # in eSpeak NG 1.51, cmn and zh read the tones aloud as English numbers
_ENGLISH_ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland", "en-gb-x-gbclan", "en-029")

# Voices made from recordings of a person.
_NATURAL: dict[Split, tuple[Voice, ...]] = {
    "train": (
        Voice("hibari", "en", "heart", None, 165),
        Voice("flite", "en", "slt", 170, 165),
        Voice("flite", "en", "awb", 125, 165),
        Voice("flite", "en", "kal16", 105, 165),
        *(Voice("rhvoice", "en", name, None, 165) for name in ("bdl", "clb", "alan")),
        *(Voice("pico", "en", accent, None, 165) for accent in ("en-US", "en-GB")),
        Voice("gcin", "zh", "lo", None, 175),
    ),
    "heldout": (Voice("flite", "en", "rms", None, 165),),
}


@cache
def voices(language: Language, split: Split) -> tuple[Voice, ...]:
    """Every voice of a language on one side of the split; no speaker is on both sides in any language."""
    variants = _VARIANTS[split]
    natural = tuple(voice for voice in _NATURAL[split] if voice.language == language)
    if language == "zh":
        return natural + tuple(
            Voice("espeak", "zh", f"{_MANDARIN}+{variant}", 50, 175) for variant in variants
        )
    formant = tuple(
        Voice("espeak", "en", f"{accent}+{variant}", 50, 165)
        for variant in variants
        for accent in _ENGLISH_ACCENTS
    )
    return natural + formant
