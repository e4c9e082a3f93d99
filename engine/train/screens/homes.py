"""Screens of app tiles: the home screen, the app drawer, an opened folder."""

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
