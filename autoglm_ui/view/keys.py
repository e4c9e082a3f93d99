"""The list of keys, as a dialog that the page's script opens."""

from __future__ import annotations

from html import escape

from autoglm_ui.view.strings import Strings


def dialog(strings: Strings) -> str:
    words = strings.keys
    rows = "".join(
        f"<div><dt><kbd>{escape(key)}</kbd></dt><dd>{escape(what)}</dd></div>" for key, what in words.keys
    )
    return (
        f'<dialog id="keys" aria-label="{escape(words.title, quote=True)}"><h2>{escape(words.title)}</h2>'
        f'<dl>{rows}</dl><button type="button" data-close-keys>{escape(words.close)}</button></dialog>'
    )
