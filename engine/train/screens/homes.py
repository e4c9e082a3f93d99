"""Screens of app tiles: the home screen, the app drawer, an opened folder, cards of apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.train.screens import bars, controls
from engine.train.screens.theme import BLACK, WHITE, mix, wallpaper
from engine.train.screens.tiles import TileStyle, tile

if TYPE_CHECKING:
    from engine.train.screens.canvas import Box
    from engine.train.screens.page import Page


def _grid(
    page: Page, box: Box, columns: int, rows: int, style: TileStyle, count: int, labelled: bool
) -> None:
    """App tiles in cells of the box; `count` are apps of the lexicon, a few others are distractors."""
    left, top, right, bottom = box
    width, height = (right - left) / columns, (bottom - top) / rows
    size = min(width * 0.8, (height - (34 if labelled else 0)) * 0.82, 104)
    if size < 52:
        return
    size *= page.rng.uniform(max(0.82, 54 / size), 1)
    cells = [(c, r) for r in range(rows) for c in range(columns)]
    keys: list[str | None] = list(page.apps(min(count, len(cells))))
    spare = len(cells) - len(keys)
    keys += [None] * min(spare, page.rng.choice([0, 0, 1, 2]))
    page.rng.shuffle(keys)
    if page.chance(0.4):
        cells = sorted(page.rng.sample(cells, len(keys)), key=lambda cell: (cell[1], cell[0]))
    ink = WHITE if style.dark_behind else (24, 24, 28)
    label_size = 24 if page.language == "zh" else 22
    for key, (c, r) in zip(keys, cells, strict=False):
        x, y = left + width * (c + 0.5), top + height * (r + 0.5) - (14 if labelled else 0)
        tile(page, key, x, y, size, style)
        if labelled:
            word = page.name(key) if key else page.word("other")
            page.canvas.text(x, y + size / 2 + 19, word, label_size, ink, align="center", room=width - 2)


def _behind(page: Page) -> bool:
    picture, dark = wallpaper(page.rng, page.heldout)
    page.canvas.backdrop(picture)
    if page.chance(0.25):
        canvas, rng = page.canvas, page.rng
        for _ in range(rng.randint(1, 4)):
            size = rng.uniform(100, 600)
            shade = mix(BLACK if dark else WHITE, page.theme.accent, 0.5)
            canvas.circle(rng.uniform(0, canvas.width), rng.uniform(0, canvas.height), size, shade, 0.25)
    return dark


def _widget(page: Page, dark: bool) -> None:
    """A large clock, a search bar, or nothing, above the tiles."""
    canvas = page.canvas
    ink = WHITE if dark else (24, 24, 28)
    roll = page.rng.random()
    if roll < 0.35 and canvas.height > canvas.width:
        time = page.time_of_day()
        if box := canvas.text(
            canvas.width / 2, page.top + 80, time, 110, ink, align="center", room=canvas.width - 40
        ):
            page.read("time", box, time)
        date = page.word("date")
        canvas.text(canvas.width / 2, page.top + 160, date, 28, ink, align="center", room=canvas.width - 20)
        page.top += 190
    elif roll < 0.62:
        controls.search_bar(page, 30, canvas.width - 30, page.top + 52)
        page.top += 100


def home(page: Page) -> None:
    canvas, rng = page.canvas, page.rng
    dark = _behind(page)
    page.facts["dark"] = dark
    bars.status_bar(page, WHITE if dark else (24, 24, 28))
    page.top += 10
    _widget(page, dark)
    style = TileStyle(rng, page.theme, dark)
    labelled = page.chance(0.65)
    page.facts["labelled"] = labelled
    portrait = canvas.height > canvas.width
    columns = rng.choice([2, 3, 3, 4, 4] if canvas.width < 620 else ([4, 5] if portrait else [5, 6, 7]))
    dock = page.chance(0.6) and portrait
    if dock:
        top = page.bottom - 124
        if page.chance(0.5):
            canvas.rounded((20, top, canvas.width - 20, page.bottom - 4), 40, WHITE if dark else BLACK, 0.16)
        _grid(page, (24, top, canvas.width - 24, page.bottom - 4), rng.choice([3, 4]), 1, style, 4, False)
        page.bottom = top - 10
    room = page.bottom - page.top
    most = max(1, int(room // 120))
    rows = rng.randint(min(2, most), min(most, 6))
    height = min(room, rows * rng.uniform(118, 170))
    top = rng.choice([page.top, page.bottom - height])
    _grid(
        page, (20, top, canvas.width - 20, top + height), columns, rows, style, rng.randint(3, 11), labelled
    )


def drawer(page: Page) -> None:
    """All apps on a plain ground under a search bar or a title."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    bars.status_bar(page, theme.ink)
    if page.chance(0.45):
        controls.search_bar(page, 28, canvas.width - 28, page.top + 50)
        page.top += 100
    else:
        bars.top_bar(page, page.word("title"), 2)
    style = TileStyle(rng, theme, theme.dark)
    columns = rng.choice([3, 4, 4]) if canvas.width < 620 else rng.choice([5, 6])
    most = max(1, int((page.bottom - page.top - 20) // 130))
    rows = rng.randint(min(2, most), min(most, 5))
    height = min(page.bottom - page.top - 20, rows * rng.uniform(128, 170))
    _grid(
        page,
        (16, page.top, canvas.width - 16, page.top + height),
        columns,
        rows,
        style,
        rng.randint(4, 12),
        True,
    )


def folder(page: Page) -> None:
    """An opened folder of apps over a dimmed home screen."""
    canvas, rng = page.canvas, page.rng
    _behind(page)
    canvas.dim(0.35)
    bars.status_bar(page, WHITE)
    columns, rows = rng.choice([(2, 2), (3, 2), (3, 3)])
    side = min(canvas.width - 60, (canvas.height - 220) * columns / rows * 0.9, 560)
    height = min(side / columns * rows * 1.15, canvas.height - 190)
    left, top = (canvas.width - side) / 2, (canvas.height - height) / 2 + 30
    title = page.word("folder")
    page.facts["title"] = title
    canvas.text(canvas.width / 2, top - 46, title, 42, WHITE, bold=True, align="center")
    light = page.chance(0.5)
    canvas.rounded((left, top, left + side, top + height), 44, WHITE if light else (40, 42, 50))
    style = TileStyle(rng, page.theme, not light)
    inside = (left + 14, top + 14, left + side - 14, top + height - 14)
    _grid(page, inside, columns, rows, style, columns * rows, page.chance(0.7))
    if page.chance(0.4):
        for key in page.take(["close", "add", "edit"]):
            page.badge(key, canvas.width / 2, min(top + height + 64, page.bottom - 46), 84, (70, 72, 80))


def library(page: Page) -> None:
    """All apps in titled cards, a few in each, two or three cards side by side."""
    canvas, rng = page.canvas, page.rng
    dark = _behind(page)
    ink = WHITE if dark else (24, 24, 28)
    bars.status_bar(page, ink)
    if page.chance(0.5):
        controls.search_bar(page, 30, canvas.width - 30, page.top + 50)
        page.top += 100
    columns = 2 if canvas.width < 620 else 3
    gap, titled = rng.uniform(16, 34), page.chance(0.7)
    side = (canvas.width - gap * (columns + 1)) / columns
    height = rng.uniform(0.7, 1.05) * side
    band = height + (50 if titled else 0) + gap
    style = TileStyle(rng, page.theme, dark)
    for row in range(max(1, min(3, int((page.bottom - page.top) // band)))):
        for column in range(columns):
            left, top = gap + column * (side + gap), page.top + 8 + row * band
            canvas.rounded((left, top, left + side, top + height), 34, WHITE if dark else BLACK, 0.18)
            inside = (left + 8, top + 8, left + side - 8, top + height - 8)
            _grid(page, inside, 2, rng.choice([1, 2]), style, rng.randint(1, 3), False)
            if titled:
                word, middle = page.word("folder"), left + side / 2
                canvas.text(middle, top + height + 24, word, 24, ink, align="center", room=side)


def recents(page: Page) -> None:
    """What was open, as cards one over the other, each app's tile on its card's edge."""
    canvas, rng, theme = page.canvas, page.rng, page.theme
    dark = _behind(page)
    canvas.dim(rng.uniform(0, 0.4))
    bars.status_bar(page, WHITE if dark else (24, 24, 28))
    style = TileStyle(rng, theme, dark)
    cleared = page.chance(0.6)
    bottom = page.bottom - (110 if cleared else 10)
    cards = rng.randint(2, 4)
    step = (bottom - page.top) / cards
    inset = rng.uniform(20, 90)
    for i, key in enumerate(page.apps(cards)):
        top = page.top + 8 + step * i
        canvas.rounded((inset, top + 74, canvas.width - inset, top + step - 10), 30, theme.card)
        size, x = rng.uniform(56, 66), inset + rng.uniform(40, 60)
        tile(page, key, x, top + 36, size, style)
        ink = WHITE if dark else (24, 24, 28)
        canvas.text(x + size * 0.7, top + 36, page.name(key), 26, ink, room=canvas.width / 2)
        if page.chance(0.4):
            for action in page.take(["close", "menu", "delete", "share"]):
                page.icon(action, canvas.width - inset - 40, top + 36, 54, ink)
        if step > 190:
            canvas.text(inset + 30, top + 120, page.word("chat"), 24, theme.faint, room=canvas.width - 160)
    if cleared:
        for key in page.take(["close", "delete", "refresh"]):
            page.badge(key, canvas.width / 2, page.bottom - 58, rng.uniform(76, 92), theme.card)
