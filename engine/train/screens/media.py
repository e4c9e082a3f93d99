"""Screens of sound and pictures: music player, video page, photo gallery, camera, map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens import bars, controls
from engine.train.screens.theme import BLACK, WHITE, hsv, mix, photo

if TYPE_CHECKING:
    from engine.train.screens.page import Page


def player(page: Page) -> None:
    """A music player: cover, title, progress, play in the middle; in landscape side by side."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    song, artist = page.word("song"), page.word("artist")
    bars.top_bar(
        page, page.word("title") if page.chance(0.3) else "", rng.choice([0, 1, 2]), ("back", "close")
    )
    page.facts |= {"title": song, "artist": artist}
    wide = canvas.width > canvas.height
    room = page.bottom - page.top
    side = min(canvas.width * (0.4 if wide else 0.78), room * (0.8 if wide else 0.5))
    cover_x = canvas.width * 0.25 if wide else canvas.width / 2
    cover_y = page.top + room / 2 if wide else page.top + 16 + side / 2
    box = (cover_x - side / 2, cover_y - side / 2, cover_x + side / 2, cover_y + side / 2)
    canvas.backdrop(photo(rng), box, rng.choice([0, 20, 40, side / 2]))
    left, right = (canvas.width * 0.5, canvas.width - 40) if wide else (40.0, canvas.width - 40)
    y = page.top + room * 0.22 if wide else cover_y + side / 2 + 50
    middle = (left + right) / 2
    canvas.text(middle, y, song, 40, theme.ink, bold=True, align="center", room=right - left)
    canvas.text(middle, y + 46, artist, 26, theme.faint, align="center", room=right - left)
    y += 112
    controls.slider(page, left, right, y)
    canvas.text(left, y + 36, f"{rng.randrange(5)}:{rng.randrange(60):02d}", 20, theme.faint)
    y += 108
    page.take(["play"])
    size = rng.uniform(92, 120)
    if page.chance(0.6):
        page.badge("play", middle, y, size, theme.accent)
    else:
        page.icon("play", middle, y, size * 0.75, theme.ink)
    for side_x, sign in ((middle - size * 1.05, -1), (middle + size * 1.05, 1)):
        for x in (side_x - 9 * sign, side_x + 9 * sign):
            canvas.polygon([(x - 9 * sign, y - 16), (x + 9 * sign, y), (x - 9 * sign, y + 16)], theme.ink)
        canvas.rectangle((side_x + 18 * sign - 3, y - 16, side_x + 18 * sign + 3, y + 16), theme.ink)
    y += 118
    if y + 40 < page.bottom:
        keys = page.take(["like", "share", "download", "add", "delete", "menu", "refresh"], rng.randint(2, 4))
        for i, key in enumerate(keys):
            page.icon(key, left + (right - left) * (i + 0.5) / len(keys), y, rng.uniform(52, 62), theme.ink)


def video(page: Page) -> None:
    """A video page: a frame with a large play button, a row of buttons, lines of text."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    if page.chance(0.5):
        bars.top_bar(page, page.word("title"), rng.choice([0, 1, 2]))
    height = min(canvas.width * 0.5625, (page.bottom - page.top) * 0.6)
    canvas.backdrop(photo(rng), (0, page.top, canvas.width, page.top + height))
    canvas.rounded((0, page.top, canvas.width, page.top + height), 0, BLACK, 0.35)
    page.take(["play"])
    y = page.top + height / 2
    if page.chance(0.5):
        page.badge(
            "play", canvas.width / 2, y, rng.uniform(90, 120), theme.accent if page.chance(0.4) else BLACK
        )
    else:
        page.icon("play", canvas.width / 2, y, rng.uniform(80, 110), WHITE)
    y = page.top + height + 46
    page.facts["video"] = page.word("song")
    canvas.text(28, y, page.facts["video"], 32, theme.ink, bold=True)
    y += 88
    keys = page.take(
        ["like", "share", "download", "add", "delete", "edit", "menu", "send"], rng.randint(3, 5)
    )
    for i, key in enumerate(keys):
        x = canvas.width * (i + 0.5) / len(keys)
        page.icon(key, x, y, rng.uniform(52, 64), theme.ink)
        canvas.text(x, y + 50, str(rng.randint(1, 999)), 20, theme.faint, align="center")
    y += 110
    while y < page.bottom - 60:
        canvas.circle(64, y, 64, hsv(rng.random(), 0.5, 0.8))
        canvas.text(116, y - 16, page.word("person"), 24, theme.faint)
        canvas.text(116, y + 18, page.word("chat"), 26, theme.ink, room=canvas.width - 130)
        y += 104


def gallery(page: Page) -> None:
    canvas, rng = page.canvas, page.rng
    bars.status_bar(page, page.theme.ink)
    bars.top_bar(page, page.word("title"), rng.choice([1, 2, 3]))
    roll = rng.random()
    if roll < 0.65:
        bars.bottom_bar(page, rng.randint(3, 5))
    columns = rng.choice([1, 2, 3]) if canvas.width < 620 else rng.choice([3, 4])
    gap = rng.choice([4, 10, 16])
    side = (canvas.width - gap * (columns + 1)) / columns
    height = side if columns > 1 else min(side, page.bottom - page.top - 20)
    y = page.top + gap
    ticks = columns > 1 and page.chance(0.4)
    while y + height <= page.bottom:
        for c in range(columns):
            x = gap + c * (side + gap)
            canvas.backdrop(photo(rng), (x, y, x + side, y + height), rng.choice([0, 0, 14]))
            if ticks and page.chance(0.3):
                controls.checkbox(page, x + side - 38, y + 38)
        y += height + gap
    if roll > 0.8:
        bars.floating_button(page)


def camera(page: Page) -> None:
    """What the camera sees, a row of buttons over it, the shutter and more under it."""
    canvas, rng = page.canvas, page.rng
    canvas.backdrop(photo(rng))
    bars.status_bar(page, WHITE)
    head, foot = page.top + rng.uniform(84, 110), page.bottom - rng.uniform(200, 270)
    dark = page.chance(0.6)
    if dark:
        canvas.rectangle((0, page.top, canvas.width, head), BLACK)
        canvas.rectangle((0, foot, canvas.width, canvas.height), BLACK)
    keys = page.take(["close", "settings", "refresh", "menu", "like", "edit", "back"], rng.randint(2, 4))
    for i, key in enumerate(keys):
        page.icon(key, canvas.width * (i + 0.5) / len(keys), (page.top + head) / 2, 56, WHITE)
    if page.chance(0.4):
        controls.slider(page, canvas.width * 0.2, canvas.width * 0.8, foot - 50)
    for i in range(4):
        x = canvas.width * (i + 0.5) / 4
        canvas.text(x, foot + 30, page.word("folder"), 22, WHITE, align="center", room=canvas.width / 4)
    y = foot + (page.bottom - foot) * 0.62
    canvas.circle(canvas.width / 2, y, 112, WHITE)
    canvas.circle(canvas.width / 2, y, 96, BLACK if page.chance(0.5) else (220, 60, 50))
    for x in (canvas.width * 0.2, canvas.width * 0.8):
        if page.chance(0.3):
            canvas.backdrop(photo(rng), (x - 40, y - 40, x + 40, y + 40), 40)
            continue
        for key in page.apps(1) if page.chance(0.4) else page.take(["refresh", "play", "share", "edit"]):
            page.badge(key, x, y, rng.uniform(72, 88), (60, 62, 70))


def profile(page: Page) -> None:
    """Somebody's page: a large picture, a name, what one can do, then pictures."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    bars.top_bar(page, page.word("title") if page.chance(0.4) else "", rng.choice([1, 2]))
    middle, y = canvas.width / 2, page.top + 20
    size = rng.uniform(110, 190)
    canvas.backdrop(photo(rng), (middle - size / 2, y, middle + size / 2, y + size), size / 2)
    y += size + 40
    canvas.text(middle, y, page.word("person"), 36, theme.ink, bold=True, align="center")
    y += 96
    keys = page.take(["like", "share", "send", "add", "edit", "phone", "messages", "mail"], rng.randint(2, 5))
    round_, badges = page.chance(0.5), page.chance(0.6)
    for i, key in enumerate(keys):
        x = canvas.width * (i + 0.5) / len(keys)
        if badges:
            page.badge(key, x, y, 84, theme.accent if page.chance(0.5) else theme.line, round_)
        else:
            page.icon(key, x, y, 60, theme.ink)
    y += 80
    side = (canvas.width - 40) / 3
    while y + side < page.bottom - 110:
        for column in range(3):
            x = 10 + column * (side + 10)
            canvas.backdrop(photo(rng), (x, y, x + side, y + side))
        y += side + 10
    if page.bottom - y > 106:
        bars.bottom_bar(page, rng.randint(2, 4))


def map_page(page: Page) -> None:
    """A map: a search field over it, buttons down one side, and a card about one place."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    canvas.rectangle((0, 0, canvas.width, canvas.height), mix(theme.page, (120, 170, 120), 0.25))
    for _ in range(rng.randint(6, 14)):
        points = [(rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)) for _ in range(2)]
        canvas.stroke(points, rng.uniform(6, 22), mix(theme.page, theme.line, rng.random()))
    bars.status_bar(page, theme.ink)
    if page.chance(0.7):
        controls.search_bar(page, 26, canvas.width - 26, page.top + 50)
        page.top += 100
    if page.chance(0.7):
        height = rng.uniform(180, 260)
        top = page.bottom - height
        canvas.rounded((14, top, canvas.width - 14, page.bottom - 8), 30, theme.card)
        canvas.text(40, top + 44, page.word("song"), 32, theme.ink, bold=True, room=canvas.width - 80)
        keys = page.take(["share", "like", "send", "download", "phone", "close", "edit"], rng.randint(2, 4))
        for i, key in enumerate(keys):
            x = 30 + (canvas.width - 60) * (i + 0.5) / len(keys)
            page.icon(key, x, top + height - 70, 58, theme.accent)
        page.bottom = top
    x, y = rng.choice([66.0, canvas.width - 66]), page.top + rng.uniform(50, 120)
    for _ in range(rng.randint(1, 4)):
        if y + 60 > page.bottom:
            return
        buttons = ("add", "refresh", "menu", "send", "edit")
        for key in page.apps(1) if page.chance(0.3) else page.take(buttons):
            page.badge(key, x, y, rng.uniform(76, 88), theme.card, page.chance(0.7))
        y += rng.uniform(100, 130)
