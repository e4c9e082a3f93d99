"""How two replies to one question differ: their words, their places on the picture, their seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from autoglm_ui.actions import Action, Placed, find, place
from autoglm_ui.conversation import Reply
from engine.protocol import ImagePart

#: Words that are compared; the time grows with their square.
MOST_WORDS = 2000

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that both have, or only one of them."""

    of: Literal["both", "first", "second"]
    text: str


@dataclass(frozen=True, slots=True)
class Pointed:
    """What an answer points at first, on a picture."""

    action: Action
    placed: Placed


@dataclass(frozen=True, slots=True)
class Distance:
    """From one point to another: in pixels of the picture, and in thousandths of its width and height."""

    pixels: float
    thousandths: float


def words(first: str, second: str) -> tuple[Piece, ...] | None:
    """`second` against `first`, word by word; None where they are too long for that."""
    ours, theirs = _WORD.findall(first), _WORD.findall(second)
    if max(len(ours), len(theirs)) > MOST_WORDS:
        return None
    return tuple(_pieces(ours, theirs))


def pointed(reply: Reply, picture: ImagePart | None) -> Pointed | None:
    """The first place that the settled `reply` names on `picture`."""
    if picture is None or not reply.settled:
        return None
    for one in find(reply.answer):
        if isinstance(one, Action) and (at := place(one, picture.width, picture.height)) is not None:
            return Pointed(one, at)
    return None


def distance(first: Pointed, second: Pointed, picture: ImagePart) -> Distance:
    """Between the points; of a box the middle counts, of a swipe its start."""
    (x1, y1), (x2, y2) = first.placed.points[0], second.placed.points[0]
    across, down = x2 - x1, y2 - y1
    return Distance(
        math.hypot(across * picture.width, down * picture.height), 1000 * math.hypot(across, down)
    )


def _pieces(ours: list[str], theirs: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, start, stop, other_start, other_stop in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("both", "".join(ours[start:stop]))
            continue
        if stop > start:
            yield Piece("first", "".join(ours[start:stop]))
        if other_stop > other_start:
            yield Piece("second", "".join(theirs[other_start:other_stop]))
