"""Tables of figures, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a row, one column for each key of the first."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([show(row.get(key)) for key in columns] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(value: Any) -> str:
    """A figure to four digits, large ones with their thousands apart; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
