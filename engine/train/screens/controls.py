"""What is drawn, not set in an icon font: switch, check box, slider, search field; progress, handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens.theme import WHITE, ink_on, luminance

if TYPE_CHECKING:
    from engine.train.screens.canvas import Colour
    from engine.train.screens.page import Page


def switch(page: Page, right: float, y: float, height: float = 44) -> None:
    """A toggle whose right edge is at `right`; styles of several systems."""
    page.used.add("switch")
    on = page.chance(0.5)
    style = page.style("switch", "pill", "pill", "thin", "outline")
    theme, width = page.theme, height * (1.75 if style != "thin" else 1.9)
    left, top, bottom = right - width, y - height / 2, y + height / 2
    on_fill = page.style("switch on", theme.accent, theme.accent, (52, 199, 89))
    knob_x = right - height / 2 if on else left + height / 2
    if style == "thin":
        groove = height * 0.3
        fill = on_fill if on else theme.line
        box = page.canvas.rounded((left, y - groove, right, y + groove), groove, fill, 0.55)
        knob = on_fill if on else (WHITE if not theme.dark else (190, 190, 196))
        if not theme.dark and not on:
            page.canvas.circle(knob_x, y, height + 4, theme.line)
        page.canvas.circle(knob_x, y, height, knob)
        box = page.canvas.pixels((left, top, right, bottom))
    elif style == "outline" and not on:
        box = page.canvas.rounded((left, top, right, bottom), height / 2, theme.line)
        inset = max(3.0, height * 0.08)
        page.canvas.rounded(
            (left + inset, top + inset, right - inset, bottom - inset), height / 2, theme.card
        )
        page.canvas.circle(knob_x, y, height * 0.5, theme.line)
    else:
        box = page.canvas.rounded((left, top, right, bottom), height / 2, on_fill if on else theme.line)
        page.canvas.circle(knob_x, y, height * 0.82, WHITE)
    page.add("switch", box, on=on)


def checkbox(page: Page, x: float, y: float, size: float = 52) -> None:
    """A check box centred at (x, y), square or rounded, ticked or empty."""
    page.used.add("checkbox")
    on = page.chance(0.5)
    radius = page.style("checkbox", 0.06, 0.16, 0.28) * size
    half, canvas, theme = size / 2, page.canvas, page.theme
    outer = (x - half, y - half, x + half, y + half)
    if on:
        box = canvas.rounded(outer, radius, theme.accent)
        _tick(page, x, y, size, theme.on_accent)
    else:
        edge = max(4.0, size * 0.1)
        box = canvas.rounded(outer, radius, theme.faint)
        inner = (x - half + edge, y - half + edge, x + half - edge, y + half - edge)
        canvas.rounded(inner, max(1.0, radius - edge), theme.card)
    page.add("checkbox", box, on=on)


def _tick(page: Page, x: float, y: float, size: float, fill: Colour) -> None:
    points = [(-0.24, 0.02), (-0.06, 0.2), (0.26, -0.17)]
    page.canvas.stroke([(x + a * size, y + b * size) for a, b in points], size * 0.11, fill)


def slider(page: Page, left: float, right: float, y: float) -> float:
    """A track with a thumb from left to right; returns the value, 0 to 1."""
    page.used.add("slider")
    value = page.rng.uniform(0.12, 0.88)
    thumb = page.rng.choice([34.0, 40.0, 46.0])
    track = page.rng.choice([8.0, 12.0, 16.0])
    at = left + thumb / 2 + (right - left - thumb) * value
    page.canvas.rounded((left, y - track / 2, right, y + track / 2), track / 2, page.theme.line)
    page.canvas.rounded((left, y - track / 2, at, y + track / 2), track / 2, page.theme.accent)
    fill = page.theme.accent if page.chance(0.6) else WHITE
    if luminance(fill) > 200 and not page.theme.dark:
        page.canvas.circle(at, y, thumb + 5, page.theme.faint)
    page.canvas.circle(at, y, thumb, fill)
    page.add("slider", page.canvas.pixels((left, y - thumb / 2, right, y + thumb / 2)), value=round(value, 2))
    return value


def progress(page: Page, left: float, right: float, y: float, back: Colour) -> None:
    """How far something has come. No element: it has no thumb, and nothing can be moved."""
    thick, share = page.rng.uniform(5, 16), page.rng.uniform(0.05, 0.95)
    end = left + thick + (right - left - thick) * share
    page.canvas.rounded((left, y - thick / 2, right, y + thick / 2), thick / 2, back)
    page.canvas.rounded((left, y - thick / 2, end, y + thick / 2), thick / 2, page.theme.accent)


def handle(page: Page, x: float, y: float, width: float, thick: float, ink: Colour) -> None:
    """The pill by which a panel is pulled. No element."""
    box = (x - width / 2, y - thick / 2, x + width / 2, y + thick / 2)
    page.canvas.rounded(box, thick / 2, ink)


def search_bar(page: Page, left: float, right: float, y: float, height: float = 68) -> None:
    """A search field with a magnifier; the element is the whole field."""
    page.used.add("search")
    theme = page.theme
    fill = theme.card if theme.card != theme.page else theme.line
    box = page.canvas.rounded(
        (left, y - height / 2, right, y + height / 2), page.rng.choice([height / 2, 18.0]), fill
    )
    family, name = page.glyph("search")
    size = height * 0.66
    page.canvas.icon(family, name, left + height * 0.58, y, size, ink_on(fill))
    page.canvas.text(
        left + height * 1.1, y, page.word("search"), 27, theme.faint, room=right - left - height * 1.3
    )
    page.add("search", box)
