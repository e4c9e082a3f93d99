"""The head of what slides in at a side: its title, and the button that closes it."""

from __future__ import annotations

from html import escape


def head(title: str, id: str, close: str) -> str:
    """`id` is the button's, by which the scripts know it; `close` what it is called."""
    label = escape(close, quote=True)
    return (
        f'<div class="panel-head"><h2>{escape(title)}</h2>'
        f'<button type="button" id="{id}" class="drawer-close" aria-label="{label}" title="{label}">'
        '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 3l10 10M13 3L3 13"/></svg></button></div>'
    )
