"""The strips along a screen's edges: status bar, top bar, bottom bar, and the floating button."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.train.screens.theme import WHITE, ink_on

if TYPE_CHECKING:
    from engine.train.screens.canvas import Colour
    from engine.train.screens.page import Page

TRAILING = (
    "search",
    "menu",
    "add",
    "share",
    "delete",
    "edit",
    "download",
    "like",
    "refresh",
    "close",
    "send",
)
BOTTOM = ("share", "delete", "edit", "download", "like", "add", "refresh", "play", "send", "menu", "search")


def status_bar(page: Page, ink: Colour) -> None:
    """Time, signal, wireless and battery; what it shows is written into the page's facts.

    Most are drawn so large that they can be read in the 224 pixels that the model sees, and are readings of
    the page; the others are as small as on a real phone, and nobody could read them there.
    """
    if page.chance(0.75) and page.canvas.width > 420:
        legible_status_bar(page, ink)
    else:
        small_status_bar(page, ink)


def legible_status_bar(page: Page, ink: Colour) -> None:
    """Digits of 10 pixels and more where the longer side has 224."""
    rng, canvas = page.rng, page.canvas
    height, size = rng.uniform(60, 68), rng.uniform(45, 52)
    if page.bar_fill is not None:
        canvas.rectangle((0, 0, canvas.width, height), page.bar_fill)
        ink = ink_on(page.bar_fill)
    page.top = height
    y, right, battery = height / 2 + 1, canvas.width - rng.uniform(10, 24), rng.randint(1, 100)
    time = page.time_of_day()
    if box := canvas.text(rng.uniform(12, 26), y, time, size, ink, bold=page.chance(0.6)):
        page.read("time", box, time)
    if page.chance(0.85):
        page.facts["battery"] = battery
        box = canvas.text(right, y, f"{battery}%", size, ink, bold=page.chance(0.4), align="right")
        assert box is not None
        page.read("battery", box, str(battery))
        right = box[0] / canvas.scale - 8
    else:
        canvas.rounded((right - 44, y - 12, right, y + 12), 6, ink)
        canvas.rounded((right - 40, y - 8, right - 4, y + 8), 3, ink_on(ink))
        canvas.rectangle((right - 38, y - 6, right - 38 + 32 * battery / 100, y + 6), ink)
        right -= 54
    if right > canvas.width * 0.62:
        _signal(page, right, y, ink, rng.uniform(1.5, 1.8))


def _signal(page: Page, right: float, y: float, ink: Colour, scale: float) -> None:
    """Wi-Fi's fan, where it is on, and the bars of the mobile network left of it where there is room."""
    page.facts["wifi"] = page.chance(0.6)
    foot = y + 10 * scale
    if page.facts["wifi"]:
        page.read("wifi", _fan(page, right - 15 * scale, foot, 20 * scale, ink), "on")
        right -= 36 * scale
    if page.chance(0.5) and right > page.canvas.width * 0.58:
        _bars(page, right, foot, ink, scale)


def _bars(page: Page, right: float, foot: float, ink: Colour, scale: float) -> None:
    bars = page.rng.randint(1, 4)
    for i in range(4):
        height, left = (6 + 4 * i) * scale, right - (24 - 7 * i) * scale
        shade = ink if i < bars else page.theme.line
        page.canvas.rectangle((left, foot - height, left + 4 * scale, foot), shade)
    page.facts["signal"] = bars


def _fan(page: Page, x: float, foot: float, radius: float, ink: Colour) -> tuple[int, int, int, int]:
    arc = [(x + radius * math.sin(turn / 10), foot - radius * math.cos(turn / 10)) for turn in range(-8, 9)]
    return page.canvas.polygon([(x, foot), *arc], ink)


def small_status_bar(page: Page, ink: Colour) -> None:
    rng, canvas = page.rng, page.canvas
    if page.bar_fill is not None:
        canvas.rectangle((0, 0, canvas.width, 46), page.bar_fill)
        ink = ink_on(page.bar_fill)
    time, battery = page.time_of_day(), rng.randint(3, 100)
    y, right = 24.0, canvas.width - 24
    page.top = 46.0
    if page.chance(0.06):
        page.facts["status_bar"] = False
        return
    page.facts["battery"] = battery
    canvas.text(24, y, time, 24, ink, bold=True)
    canvas.rounded((right - 40, y - 9, right, y + 9), 5, ink)
    canvas.rounded((right - 37, y - 6, right - 3, y + 6), 3, ink_on(ink))
    canvas.rectangle((right - 36, y - 5, right - 36 + 32 * battery / 100, y + 5), ink)
    if page.chance(0.5):
        canvas.text(right - 48, y, f"{battery}%", 20, ink, align="right")
        right -= 52
    right -= 52
    _bars(page, right, y + 9, ink, 1.0)
    page.facts["wifi"] = page.chance(0.6)
    if page.facts["wifi"]:
        _fan(page, right - 46, y + 10, 20, ink)


def top_bar(
    page: Page, title: str, trailing: int, leading: tuple[str, ...] = ("back", "close", "menu")
) -> None:
    """A bar with a leading button, the title and up to `trailing` buttons; the title may be large, below."""
    rng, canvas, theme = page.rng, page.canvas, page.theme
    height = rng.uniform(84, 104)
    y = page.top + height / 2
    ink = theme.ink
    if page.bar_fill is not None:
        canvas.rectangle((0, page.top - 1, canvas.width, page.top + height), page.bar_fill)
        ink = ink_on(page.bar_fill)
    size = rng.uniform(53, 66)
    left, right = 26.0, canvas.width - 26
    if leading and page.chance(0.85):
        for key in page.take(leading):
            page.icon(key, left + size / 2, y, size, ink)
            left += size + 24
    limit = int((right - left - 120) // (size + 22))
    keys = page.take(TRAILING, max(0, min(trailing, limit)))
    for key in reversed(keys):
        page.icon(key, right - size / 2, y, size, ink)
        right -= size + 22
    page.top += height
    if page.chance(0.25) and canvas.height > canvas.width:
        shown = canvas.text(30, page.top + 34, title, 52, theme.ink, bold=True, room=canvas.width - 60)
        page.top += 84
    elif page.chance(0.3):
        middle = (left + right) / 2
        shown = canvas.text(middle, y, title, 34, ink, bold=True, align="center", room=right - left)
    else:
        shown = canvas.text(left, y, title, 34, ink, bold=True, room=right - left)
    if shown and title:
        page.facts["title"] = title


def bottom_bar(page: Page, count: int, keys: tuple[str, ...] = BOTTOM) -> None:
    """A strip of equally spaced buttons, some with a word under them."""
    canvas, theme, rng = page.canvas, page.theme, page.rng
    height = rng.uniform(96, 120)
    top = page.bottom - height
    canvas.rectangle((0, top, canvas.width, canvas.height), theme.card)
    canvas.rectangle((0, top, canvas.width, top + 2), theme.line)
    chosen = page.take(list(keys), min(count, int(canvas.width // 90)))
    worded = page.chance(0.4)
    size = rng.uniform(50, 58) if worded else rng.uniform(54, 66)
    slot = canvas.width / max(1, len(chosen))
    for i, key in enumerate(chosen):
        x = slot * (i + 0.5)
        tint = theme.accent if page.chance(0.2) else theme.ink
        page.icon(key, x, top + height * (0.4 if worded else 0.5), size, tint)
        if worded:
            canvas.text(x, top + height - 20, page.caption(key), 20, theme.faint, align="center", room=slot)
    page.bottom = top


def floating_button(
    page: Page, keys: tuple[str, ...] = ("add", "edit", "send", "play", "search", "refresh")
) -> None:
    canvas, rng = page.canvas, page.rng
    size = rng.uniform(88, 112)
    for key in page.take(list(keys)):
        x, y = canvas.width - 34 - size / 2, page.bottom - 34 - size / 2
        page.badge(key, x, y, size, page.theme.accent, page.chance(0.6))
        page.bottom -= 34 + size


def reserve_navigation(page: Page) -> None:
    """Decides what the system shows at the lower edge and keeps that room free.

    Where it is the three system buttons, the triangle is the page's back button.
    """
    page.navigation = page.rng.choices(["none", "line", "buttons"], [0.45, 0.45, 0.1])[0]
    if page.navigation == "line":
        page.bottom -= 26
    elif page.navigation == "buttons" and page.take(["back"]):
        page.bottom -= 84


def navigation(page: Page) -> None:
    """Draws what reserve_navigation chose, in the ink that reads on what lies below."""
    canvas = page.canvas
    middle, y = canvas.width / 2, canvas.height - (12 if page.navigation == "line" else 42)
    ink = ink_on(canvas.colour_at(middle, y))
    if page.navigation == "line":
        canvas.rounded((middle - 70, y - 4, middle + 70, y + 4), 4, ink)
    elif page.navigation == "buttons":
        left, size = middle - canvas.width * 0.28, 54.0
        points = [
            (left - size * 0.42, y),
            (left + size * 0.42, y - size / 2),
            (left + size * 0.42, y + size / 2),
        ]
        page.add("back", canvas.polygon(points, ink))
        canvas.circle(middle, y, 40, ink)
        right = middle + canvas.width * 0.28
        canvas.rounded((right - 18, y - 18, right + 18, y + 18), 4, ink)


def initial(page: Page, x: float, y: float, size: float, fill: Colour) -> None:
    """A round avatar with a letter, as contact lists draw people without a photo."""
    page.canvas.circle(x, y, size, fill)
    page.canvas.text(x, y, page.word("person")[0], size * 0.5, WHITE, bold=True, align="center")
