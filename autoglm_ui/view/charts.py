"""Small charts as inline SVG: they need no script, and print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_ROW = 24
_LEFT, _WIDTH, _RIGHT = 150, 430, 60
_LETTERS = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: its name, its pieces (a class for the colour, and a length), and what stands at its end."""

    name: str
    pieces: tuple[tuple[str, float], ...]
    end: str


def bars(title: str, rows: Sequence[Bar], legend: Sequence[tuple[str, str]] = ()) -> str:
    """Horizontal bars to one scale; `legend` names the classes of the pieces."""
    longest = max((sum(length for _, length in row.pieces) for row in rows), default=0.0) or 1.0
    height = _ROW * len(rows) + 4
    drawn = "".join(_bar(row, number, longest) for number, row in enumerate(rows))
    key = "".join(f'<li><i class="{kind}"></i>{escape(name)}</li>' for kind, name in legend)
    label = escape(title, quote=True)
    return (
        f'<figure class="chart" tabindex="0"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}" role="img" aria-label="{label}">'
        f"{drawn}</svg>" + (f'<ul class="legend">{key}</ul>' if key else "") + "</figure>"
    )


def _bar(row: Bar, number: int, longest: float) -> str:
    top, at = number * _ROW + 4, float(_LEFT)
    name = row.name if len(row.name) <= _LETTERS else row.name[: _LETTERS - 1] + "…"
    shown = f'<text class="name" x="{_LEFT - 8}" y="{top + 13}">{escape(name)}</text>'
    for kind, length in row.pieces:
        width = _WIDTH * length / longest
        shown += f'<rect class="{kind}" x="{at:.1f}" y="{top}" width="{width:.1f}" height="16" rx="2"/>'
        at += width
    return shown + f'<text class="end" x="{at + 6:.1f}" y="{top + 13}">{escape(row.end)}</text>'
