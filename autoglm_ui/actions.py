"""What an answer asks to be done: taps, swipes, boxes and words, read out of any text.

Nothing is evaluated and nothing raises: a piece that begins like an action and cannot be read becomes
`Unreadable`. Understood are AutoGLM-Phone's calls, `do(action="Tap", element=[x, y])` and
`finish(message="…")`; the boxes of GLM-V, `<|begin_of_box|>[[x1, y1, x2, y2]]<|end_of_box|>`; and JSON
such as `{"action_type": "click", "box_2d": [[x1, y1, x2, y2]]}`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

#: AutoGLM-Phone's coordinates: thousandths of the picture's width and height, 0 to 999.
THOUSAND = 1000.0

Unit = Literal["thousandths", "pixels", "fractions"]
Shape = tuple[float, ...]  # x, y or left, top, right, bottom

_OPEN, _CLOSE = "<think>", "</think>"
_MOST = 32  # of one answer; more is a list, not a plan
_READ_MAX = 100_000  # characters that are looked at
_JSON_TRIES = 64
_JSON_MAX = 20_000

_CALL = re.compile(r"(?<![\w.])(?:do\s{0,4}\(\s{0,4}action\s{0,4}=|finish\s{0,4}\((?=\s{0,4}(?:message|\))))")
_NAME = re.compile(r"\s*([A-Za-z_]\w{0,40})\s*=\s*")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_LIST = re.compile(r"\s*([\[({<])")
_WORD = re.compile(r"[^\s,()\[\]\"'“”]{1,200}")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」"}
_CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">"}
_NEXT_ARGUMENT = re.compile(r"\s*(?:,\s*[A-Za-z_]\w*\s*=|,?\s*\)\s*(?:$|[\n<`*.。;；]|do\s*\(|finish\s*\())")
_ANY_END = re.compile(r"\s*[,)]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "", '"': '"', "'": "'", "\\": "\\", "/": "/"}

_BOX_TAG = re.compile(r"<\|begin_of_box\|>(.{0,2000}?)(?:<\|end_of_box\|>|$)", re.DOTALL)
_NUMBERS = r"\s*[-+]?\d+(?:\.\d+)?(?:\s*[,，\s]\s*[-+]?\d+(?:\.\d+)?){1,3}\s*"
_NESTED = re.compile(rf"\[\s*\[{_NUMBERS}\](?:\s*,\s*\[{_NUMBERS}\]){{0,31}}\s*\]")
_FLAT = re.compile(rf"[\[({{<]{_NUMBERS}[\])}}>]")
_INNER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_COORDINATES_ONLY = re.compile(r"[\s\[\](){}<>,，.\d+-]+")

_POINT_KEYS = {
    "point", "coordinate", "coordinates", "position", "element", "click", "start", "start_point",
    "coordinate2", "end", "end_point", "from", "to", "start_coordinate", "end_coordinate",
}  # fmt: skip
_BOX_KEYS = {"box", "bbox", "box_2d", "bbox_2d", "start_box", "end_box", "bounding_box"}
_NAME_KEYS = ("action_type", "action", "type", "name", "function")
_LAST_KEYS = {"end", "end_point", "end_box", "coordinate2", "to", "end_coordinate"}

#: Other tongues' names for what AutoGLM-Phone calls it.
_KNOWN = {
    "click": "Tap", "tap": "Tap", "left_click": "Tap", "press": "Tap", "touch": "Tap",
    "long_press": "Long Press", "longpress": "Long Press", "double_tap": "Double Tap",
    "double_click": "Double Tap", "swipe": "Swipe", "scroll": "Swipe", "drag": "Swipe", "slide": "Swipe",
    "type": "Type", "input": "Type", "input_text": "Type", "type_name": "Type_Name", "back": "Back",
    "navigate_back": "Back", "press_back": "Back", "home": "Home", "navigate_home": "Home",
    "press_home": "Home", "wait": "Wait", "launch": "Launch", "open": "Launch", "open_app": "Launch",
    "finish": "Finish", "finished": "Finish", "complete": "Finish", "done": "Finish", "answer": "Finish",
    "note": "Note", "call_api": "Call_API", "interact": "Interact", "take_over": "Take_over",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """One step. `shapes` are points (x, y) and boxes (left, top, right, bottom), as written, in order.

    `source` is the text that it was read from, `start` where in the answer that begins. `sure` is False
    for bare numbers in a sentence, which may be something else than a place.
    """

    name: str
    source: str
    start: int = 0
    arguments: tuple[tuple[str, str], ...] = ()
    shapes: tuple[Shape, ...] = ()
    sure: bool = True

    @property
    def is_swipe(self) -> bool:
        return self.name == "Swipe" and len(self.shapes) == 2

    def argument(self, *names: str) -> str:
        """The first of these arguments that is there, else an empty string."""
        given = dict(self.arguments)
        return next((given[name] for name in names if name in given), "")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that begins like an action. `reason` says what is wrong with it."""

    source: str
    start: int
    reason: Literal["cut", "argument", "place"]


Found = Action | Unreadable


@dataclass(frozen=True, slots=True)
class Placed:
    """An action's shapes on a picture: fractions of its width and height; `inside` says whether all are."""

    unit: Unit
    shapes: tuple[Shape, ...]
    inside: bool

    def pixels(self, width: int, height: int) -> tuple[tuple[int, ...], ...]:
        """The shapes in pixels, as int(fraction * size), which is what AutoGLM-Phone taps."""
        sizes = (width, height)
        return tuple(
            tuple(int(value * sizes[index % 2]) for index, value in enumerate(shape)) for shape in self.shapes
        )

    @property
    def thousandths(self) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(round(value * THOUSAND) for value in shape) for shape in self.shapes)

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """Each shape's point, a box's being its middle."""
        return tuple(middle(shape) for shape in self.shapes)


def middle(shape: Shape) -> tuple[float, float]:
    """A point, or the middle of a box."""
    return (shape[0], shape[1]) if len(shape) == 2 else ((shape[0] + shape[2]) / 2, (shape[1] + shape[3]) / 2)


def place(action: Action, width: int, height: int) -> Placed | None:
    """Where the shapes of `action` lie on a picture of `width` x `height` pixels; None without shapes.

    Numbers up to 1000 are thousandths, as AutoGLM-Phone and GLM-V write them; larger ones can only be
    pixels, and a set of decimal numbers up to 1 can only be fractions.
    """
    if not action.shapes:
        return None
    values = [value for shape in action.shapes for value in shape]
    unit: Unit = "thousandths"
    if max(values) > THOUSAND:
        unit = "pixels"
    elif max(values) <= 1.0 and any(value != int(value) for value in values):
        unit = "fractions"
    scale = {"thousandths": (THOUSAND, THOUSAND), "pixels": (width, height), "fractions": (1.0, 1.0)}[unit]
    shapes = tuple(
        tuple(value / scale[index % 2] for index, value in enumerate(shape)) for shape in action.shapes
    )
    inside = all(0.0 <= value <= 1.0 for shape in shapes for value in shape)
    return Placed(unit, shapes, inside)


def find(text: str) -> tuple[Found, ...]:
    """Every action in `text`, an answer, in the order in which they stand there."""
    whole = text[-_READ_MAX:]
    text, taken = _without_thinking(whole), _Taken()
    found: list[Found] = []
    for read in (_calls, _json, _boxes):
        found += (
            replace(one, source=whole[one.start : one.start + len(one.source)]) for one in read(text, taken)
        )
    return tuple(sorted(found, key=lambda one: one.start)[:_MOST])


# ------------------------------------------------------------------------------------- inside


@dataclass
class _Taken:
    """Parts of the text that an action was read from."""

    spans: list[tuple[int, int]] = field(default_factory=list)

    def add(self, start: int, stop: int) -> None:
        self.spans.append((start, stop))

    def holds(self, start: int) -> bool:
        return any(first <= start < last for first, last in self.spans)


def _without_thinking(text: str) -> str:
    """`text` with literal thinking blanked out, so that places stay what they are."""

    def blank(start: int, stop: int) -> None:
        pieces[start:stop] = " " * (stop - start)

    pieces, at = list(text), 0
    while (start := text.find(_OPEN, at)) >= 0:
        stop = text.find(_CLOSE, start)
        at = len(text) if stop < 0 else stop + len(_CLOSE)
        blank(start, at)
    if (stop := "".join(pieces).rfind(_CLOSE)) >= 0:  # one that nothing opened
        blank(0, stop + len(_CLOSE))
    return "".join(pieces)


def _calls(text: str, taken: _Taken) -> Iterator[Found]:
    position = 0
    while (match := _CALL.search(text, position)) and len(taken.spans) < _MOST:
        reader = _Reader(text, text.index("(", match.start()) + 1)
        try:
            arguments = reader.arguments()
        except _CannotRead as problem:
            following = _CALL.search(text, match.end())
            end = following.start() if following else len(text)
            stop = text.find("\n", match.start(), end)
            stop = end if stop < 0 else stop
            taken.add(match.start(), stop)
            yield Unreadable(text[match.start() : stop].rstrip(), match.start(), problem.reason)
            position = stop if stop > match.start() else match.end()
            continue
        taken.add(match.start(), reader.at)
        position = reader.at
        yield _action(match, arguments, text[match.start() : reader.at])


def _action(match: re.Match[str], arguments: dict[str, Any], source: str) -> Found:
    name = str(arguments.pop("action", "")) or "Finish"
    name = _KNOWN.get(name.strip().lower().replace(" ", "_"), name.strip())
    shapes: list[Shape] = []
    words: list[tuple[str, str]] = []
    for key, value in arguments.items():
        if isinstance(value, list):
            found = list(_shapes(value))
            if not found:
                return Unreadable(source, match.start(), "place")
            shapes += found
        else:
            words.append((key, str(value)))
    needs = {"Tap": 1, "Long Press": 1, "Double Tap": 1, "Swipe": 2}.get(name, 0)
    if len(shapes) < needs:
        return Unreadable(source, match.start(), "place")
    return Action(name, source, match.start(), tuple(words), tuple(shapes))


class _CannotRead(Exception):
    def __init__(self, reason: Literal["cut", "argument"]) -> None:
        super().__init__(reason)
        self.reason: Literal["cut", "argument"] = reason


class _Reader:
    """Reads `name=value, …)` from `at` on."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            self._space(",")
            if self._here() == ")":
                self.at += 1
                return found
            name = _NAME.match(self.text, self.at)
            if name is None:
                raise _CannotRead("argument" if self._here() else "cut")
            self.at = name.end()
            found[name[1]] = self._value()
            self._space()
            if self._here() not in {",", ")"}:
                raise _CannotRead("argument" if self._here() else "cut")

    def _here(self) -> str:
        return self.text[self.at : self.at + 1]

    def _space(self, also: str = "") -> None:
        while self._here() and (self._here().isspace() or self._here() in also):
            self.at += 1

    def _value(self) -> Any:
        opening = self._here()
        if not opening:
            raise _CannotRead("cut")
        if opening in _QUOTES:
            return self._string(_QUOTES[opening])
        if _LIST.match(self.text, self.at):
            return self._list(opening)
        word = _WORD.match(self.text, self.at)
        if word is None:
            raise _CannotRead("argument")
        self.at = word.end()
        return word[0]

    def _string(self, quote: str) -> str:
        """Up to the quote that ends it: models do not always escape those inside."""
        start = self.at + 1
        ends = [at for at in self._quotes(start, quote) if _NEXT_ARGUMENT.match(self.text, at + 1)]
        if not ends:
            ends = [at for at in self._quotes(start, quote) if _ANY_END.match(self.text, at + 1)]
        if not ends:
            raise _CannotRead("cut")
        self.at = ends[0] + 1
        return re.sub(
            r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), self.text[start : ends[0]], flags=re.S
        )

    def _quotes(self, start: int, quote: str) -> list[int]:
        following = _CALL.search(self.text, start)
        stop = following.start() if following else len(self.text)
        places: list[int] = []
        at = self.text.find(quote, start, stop)
        while at >= 0 and len(places) < 200:
            behind = at - len(self.text[start:at].rstrip("\\")) - start
            if behind % 2 == 0:
                places.append(at)
            at = self.text.find(quote, at + 1, stop)
        return places

    def _list(self, opening: str) -> list[Any]:
        closing, self.at = _CLOSING[opening], self.at + 1
        values: list[Any] = []
        while len(values) < _MOST:
            self._space(",，;")
            here = self._here()
            if here == closing:
                self.at += 1
                return values
            if here in {"[", "("} and opening in {"[", "("} and not any(values):
                values.append(_Reader(self.text, self.at)._list_into(self))
                continue
            quoted = here in {'"', "'"}
            self.at += quoted
            number = _NUMBER.match(self.text, self.at)
            if number is None:
                raise _CannotRead("argument" if here else "cut")
            values.append(float(number[0]))
            self.at = number.end() + quoted
        raise _CannotRead("argument")

    def _list_into(self, outer: _Reader) -> list[Any]:
        """A list of plain numbers inside a list; deeper ones are not places."""
        closing, self.at = _CLOSING[self._here()], self.at + 1
        values: list[Any] = []
        while len(values) < 5:
            self._space(",，;")
            if self._here() == closing:
                outer.at = self.at + 1
                return values
            number = _NUMBER.match(self.text, self.at)
            if number is None:
                break
            values.append(float(number[0]))
            self.at = number.end()
        raise _CannotRead("argument" if self._here() else "cut")


def _shapes(value: Any) -> Iterator[Shape]:
    """The points and boxes in a list of 2 or 4 numbers, or in lists of such."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
        try:
            numbers = tuple(float(one) for one in value)
        except OverflowError:
            return
        if len(numbers) in {2, 4} and all(math.isfinite(number) and abs(number) < 1e6 for number in numbers):
            yield numbers
        return
    for one in value[:_MOST]:
        if isinstance(one, Sequence) and not any(isinstance(deeper, Sequence) for deeper in one):
            yield from _shapes(one)


def _json(text: str, taken: _Taken) -> Iterator[Found]:
    """JSON objects, alone or in a list, that say where or what."""
    decoder = json.JSONDecoder()
    for tries, match in enumerate(re.finditer(r"[\[{]\s{0,20}[{\"]", text)):
        if tries >= _JSON_TRIES:
            return
        if taken.holds(match.start()):
            continue
        try:
            value, length = decoder.raw_decode(text[match.start() : match.start() + _JSON_MAX])
        except (ValueError, RecursionError):
            if re.match(r'\{\s*"(?:action_type|box_2d|bbox_2d)"', text[match.start() : match.start() + 60]):
                taken.add(match.start(), len(text))
                yield Unreadable(text[match.start() :].rstrip(), match.start(), "cut")
            continue
        entries = value if isinstance(value, list) else [value]
        read = [_from_json(one) for one in entries[:_MOST] if isinstance(one, Mapping)]
        source = text[match.start() : match.start() + length]
        known = [one for one in read if one is not None]
        if known:
            taken.add(match.start(), match.start() + length)
        for name, arguments, shapes in known:
            yield Action(name, source, match.start(), arguments, shapes)


def _from_json(
    entry: Mapping[str, Any],
) -> tuple[str, tuple[tuple[str, str], ...], tuple[Shape, ...]] | None:
    """Name, words and shapes of one JSON object; None where it is about something else."""
    inner = entry.get("arguments", entry.get("parameters"))
    flat = {**entry, **inner} if isinstance(inner, Mapping) else dict(entry)
    named = next((str(flat[key]) for key in _NAME_KEYS if isinstance(flat.get(key), str)), "")
    if isinstance(inner, Mapping):
        named = next((str(inner[key]) for key in _NAME_KEYS if isinstance(inner.get(key), str)), named)
    first: list[Shape] = []
    last: list[Shape] = []
    words: list[tuple[str, str]] = []
    for key, value in list(flat.items())[:_MOST]:
        short = str(key).lower()
        if short in _POINT_KEYS | _BOX_KEYS and (found := list(_shapes(value))):
            (last if short in _LAST_KEYS else first).extend(found)
        elif isinstance(value, str | int | float) and key not in {*_NAME_KEYS, "x", "y"}:
            words.append((str(key), str(value)))
    first += _shapes([flat.get("x"), flat.get("y")])
    name = _KNOWN.get(named.strip().lower().replace(" ", "_").replace("-", "_"), "")
    shapes = (*first, *last)
    if not name and not shapes:
        return None
    return name or named.strip() or ("Box" if len(shapes[0]) == 4 else "Point"), tuple(words), shapes


def _boxes(text: str, taken: _Taken) -> Iterator[Found]:
    """Bracketed numbers: in the tags of GLM-V, in double brackets, alone, or somewhere in a sentence."""
    for match in _BOX_TAG.finditer(text):
        if taken.holds(match.start()):
            continue
        inner = match[1]
        shapes = list(_bracketed(inner))
        if shapes:
            taken.add(match.start(), match.end())
            yield _shown(shapes, match[0], match.start())
        elif inner.strip() and _COORDINATES_ONLY.fullmatch(inner) and re.search(r"[\[({<]", inner):
            taken.add(match.start(), match.end())
            yield Unreadable(match[0], match.start(), "place")
    for match in _NESTED.finditer(text):
        shapes = list(_bracketed(match[0]))
        if shapes and not taken.holds(match.start()):
            taken.add(match.start(), match.end())
            yield _shown(shapes, match[0], match.start())
    alone = text.strip()
    for match in _FLAT.finditer(text):
        numbers = tuple(float(number) for number in _INNER.findall(match[0]))
        if taken.holds(match.start()) or len(numbers) not in {2, 4}:
            continue
        is_box = len(numbers) == 4 and numbers[0] < numbers[2] and numbers[1] < numbers[3]
        if match[0] == alone or is_box:
            yield _shown([numbers], match[0], match.start(), sure=match[0] == alone)


def _bracketed(text: str) -> Iterator[Shape]:
    for match in _FLAT.finditer(text):
        numbers = [float(number) for number in _INNER.findall(match[0])]
        yield from _shapes(numbers)


def _shown(shapes: Sequence[Shape], source: str, start: int, sure: bool = True) -> Action:
    name = "Box" if len(shapes[0]) == 4 else "Point"
    return Action(name, source, start, (), tuple(shapes), sure)
