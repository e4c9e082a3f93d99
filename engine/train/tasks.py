"""What nano is asked, and what a right answer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.train.lexicon import Language
from engine.train.scene import Box, Spot


@dataclass(frozen=True, slots=True)
class Expectation:
    """How an answer is judged: its text, a set of things, or a tap inside a box."""

    kind: Literal["text", "things", "tap"]
    things: frozenset[str] = frozenset()
    box: Box | None = None


TEXT = Expectation("text")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that speak of something perceived: a thing on the screen, or (None) what is said in the sound."""

    words: str
    spot: Spot | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A correct answer. `mentions` are in the order of the thinking and the answer after it.

    aloud: what of the thinking stands before the answer where thinking is off. Nobody acts on what was only
    said before it has words for it, or knows a number before it has counted.
    """

    thinking: str
    answer: str
    expectation: Expectation = TEXT
    mentions: tuple[Mention, ...] = ()
    aloud: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """What the last turn asks: an intent with its thing or number; `heard` is what was said, if spoken."""

    intent: str
    language: Language
    heard: str | None = None
    key: str | None = None
    number: int | None = None
