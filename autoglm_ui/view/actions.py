"""The card under an answer: what it asks to be done, drawn on the picture of that turn.

Marks are placed in percent of the picture, so that they are right at every width.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from autoglm_ui.actions import Action, Found, Placed, Shape, find, place
from autoglm_ui.conversation import Exchange
from autoglm_ui.view.strings import Strings
from engine.protocol import ImagePart

_TAP_RADIUS = 13


def card(exchange: Exchange, url: str | None, strings: Strings, tools: str = "") -> str:
    """What the settled answer asks to be done, as HTML; empty where it asks nothing.

    `url` is where the page finds the picture that it speaks of, the turn's last one. `tools` is HTML
    for the foot of the card.
    """
    picture = shown_picture(exchange)
    found = asked(exchange)
    if not found:
        return ""
    places = [place(one, picture.width, picture.height) if picture else None for one in _actions(found)]
    drawn = [(one, at) for one, at in zip(_actions(found), places, strict=True) if at is not None]
    figure = ""
    if picture is not None and url is not None and drawn:
        figure = _figure(picture, url, drawn, strings)
    whole = exchange.reply.answer.strip()
    steps = "".join(_step(one, picture, whole, strings) for one in found)
    title = escape(strings.actions.title, quote=True)
    foot = f'<div class="tools">{tools}</div>' if tools else ""
    # Not a landmark: there may be one under every answer.
    return (
        f'<section class="action-card" role="group" aria-label="{title}">'
        f"{figure}<ol>{steps}</ol>{foot}</section>"
    )


def asked(exchange: Exchange) -> tuple[Found, ...]:
    """What is shown of the answer's actions: all once it is settled; guesses only beside a picture."""
    if not exchange.reply.settled:
        return ()
    picture = shown_picture(exchange)
    found = find(exchange.reply.answer)
    return tuple(one for one in found if not isinstance(one, Action) or one.sure or picture is not None)


def shown_picture(exchange: Exchange) -> ImagePart | None:
    """The picture that places in the answer are on."""
    return exchange.user.images[-1] if exchange.user.images else None


def overlay(drawn: Sequence[tuple[Action, Placed]]) -> str:
    """Taps, swipes and boxes as SVG to lie over the picture, whatever size that is shown in."""
    numbered = len(drawn) > 1
    marks = "".join(
        mark(one, at, str(number) if numbered else "") for number, (one, at) in enumerate(drawn, start=1)
    )
    return f'<svg class="marks" aria-hidden="true">{marks}</svg>'


def _actions(found: Sequence[Found]) -> list[Action]:
    return [one for one in found if isinstance(one, Action)]


def _figure(picture: ImagePart, url: str, drawn: Sequence[tuple[Action, Placed]], strings: Strings) -> str:
    alt = escape(strings.actions.picture, quote=True)
    wide = " wide" if picture.width > picture.height else ""
    return (
        f'<figure class="marked{wide}"><img src="{escape(url, quote=True)}" alt="{alt}"'
        f' width="{picture.width}" height="{picture.height}">{overlay(drawn)}</figure>'
    )


def mark(action: Action, at: Placed, label: str) -> str:
    """One action as SVG: its points, its box, the way from one end to the other."""
    parts = [_box(shape) for shape in at.shapes if len(shape) == 4]
    points = at.points
    if action.is_swipe:
        (x1, y1), (x2, y2) = points
        ends = f'x1="{_percent(x1)}" y1="{_percent(y1)}" x2="{_percent(x2)}" y2="{_percent(y2)}"'
        parts.append(f'<line class="halo" {ends}/><line {ends}/>')
        parts.append(_dot(x1, y1, 6) + _ring(x2, y2))
    elif action.name != "Box":
        parts += [_ring(x, y) + _dot(x, y, 3) for x, y in points]
    if label:
        x, y = points[0]
        parts.append(f'<text x="{_percent(x)}" y="{_percent(y)}" dx="16" dy="-10">{label}</text>')
    return "".join(parts)


def _box(shape: Shape) -> str:
    left, top, right, bottom = min(shape[0::2]), min(shape[1::2]), max(shape[0::2]), max(shape[1::2])
    sides = (
        f'x="{_percent(left)}" y="{_percent(top)}"'
        f' width="{_percent(right - left)}" height="{_percent(bottom - top)}"'
    )
    return f'<rect class="halo" {sides}/><rect {sides}/>'


def _ring(x: float, y: float) -> str:
    centre = f'cx="{_percent(x)}" cy="{_percent(y)}" r="{_TAP_RADIUS}"'
    return f'<circle class="halo" {centre}/><circle {centre}/>'


def _dot(x: float, y: float, radius: int) -> str:
    return f'<circle class="dot" cx="{_percent(x)}" cy="{_percent(y)}" r="{radius}"/>'


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.3f}%"


def _step(one: Found, picture: ImagePart | None, whole: str, strings: Strings) -> str:
    """One step; as it was written, too, where that is not all that was said anyway."""
    words = strings.actions
    source = f"<code>{escape(one.source)}</code>" if one.source.strip() != whole else ""
    if not isinstance(one, Action):
        why = {"cut": words.cut, "argument": words.argument, "place": words.place}[one.reason]
        return (
            f'<li class="unreadable" role="alert"><strong>{escape(words.unreadable)}</strong>'
            f"<p>{escape(why)}</p>{source}</li>"
        )
    name = words.names.get(one.name, one.name)
    said = "".join(f'<p class="said">{escape(value)}</p>' for _, value in one.arguments if value.strip())
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in _notes(one, picture, strings))
    return f"<li><strong>{escape(name)}</strong>{said}{_numbers(one, picture, strings)}{notes}{source}</li>"


def sentences(exchange: Exchange, strings: Strings) -> list[str]:
    """What the settled answer asks to be done, each step with its place, as plain text."""
    picture = shown_picture(exchange)
    return [
        " · ".join(
            [strings.actions.names.get(one.name, one.name)]
            + [value for _, value in one.arguments if value.strip()]
            + [f"{name} {_joined(shapes)}" for name, shapes in _rows(one, picture, strings)]
        )
        for one in _actions(asked(exchange))
    ]


def _numbers(action: Action, picture: ImagePart | None, strings: Strings) -> str:
    rows = _rows(action, picture, strings)
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{_joined(shapes)}</dd></div>" for name, shapes in rows)
    return f'<dl class="places">{shown}</dl>' if rows else ""


def _rows(
    action: Action, picture: ImagePart | None, strings: Strings
) -> list[tuple[str, Sequence[Sequence[float]]]]:
    """The place as written, in thousandths and in pixels, each with its name; nothing without a place."""
    if not action.shapes:
        return []
    words = strings.actions
    rows: list[tuple[str, Sequence[Sequence[float]]]] = [(words.as_written, action.shapes)]
    if picture is not None and (at := place(action, picture.width, picture.height)) is not None:
        rows += [
            (words.thousandths, at.thousandths),
            (words.pixels, at.pixels(picture.width, picture.height)),
        ]
    return rows


def _joined(shapes: Sequence[Sequence[float]]) -> str:
    return " → ".join(", ".join(f"{value:g}" for value in shape) for shape in shapes)


def _notes(action: Action, picture: ImagePart | None, strings: Strings) -> list[str]:
    words = strings.actions
    notes: list[str] = []
    if not action.sure:
        notes.append(words.guess)
    if not action.shapes:
        return notes
    if picture is None:
        return [*notes, words.no_picture]
    at = place(action, picture.width, picture.height)
    assert at is not None, "it has shapes"
    if at.unit == "pixels":
        notes.append(words.read_as_pixels)
    elif at.unit == "fractions":
        notes.append(words.read_as_fractions)
    if not at.inside:
        notes.append(words.outside.format(width=picture.width, height=picture.height))
    return notes
