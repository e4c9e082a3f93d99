"""The list of conversations, as HTML in which everything foreign is escaped."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import groupby

import gradio as gr

from autoglm_ui.store import Entry
from autoglm_ui.view import drawer
from autoglm_ui.view.strings import Strings

#: Conversations that the list shows at first.
LISTED = 60

_ON_CLICK = "window.autoglmPage.listen(element, trigger);"
_UNDO_ON_CLICK = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-undo]');
  if (button) trigger('click', { action: 'restore', id: button.dataset.undo });
});
"""


@dataclass(frozen=True)
class Rail:
    """The column at the left, a drawer on phones."""

    toggle: gr.HTML
    title: gr.HTML
    search: gr.Textbox
    entries: gr.HTML
    export: gr.Button
    upload: gr.UploadButton
    download: gr.File
    toast: gr.HTML


def toggle() -> gr.HTML:
    return gr.HTML("", elem_id="rail-open")


def build(toggle: gr.HTML, toast: gr.HTML) -> Rail:
    """Place the column; call inside a `gr.Blocks`."""
    with gr.Column(elem_id="rail", min_width=0):
        title = gr.HTML("", elem_id="rail-title")
        search = gr.Textbox(
            show_label=False, container=False, lines=1, max_lines=1, type="text", elem_id="search"
        )
        entries = gr.HTML("", elem_id="entries", js_on_load=_ON_CLICK)
        with gr.Row(elem_id="rail-foot"):
            upload = gr.UploadButton("", elem_id="import", size="sm", file_count="single")
            export = gr.Button("", elem_id="export-all", size="sm")
        download = gr.File(visible="hidden", elem_id="download")
    return Rail(toggle, title, search, entries, export, upload, download, toast)


def toast() -> gr.HTML:
    return gr.HTML("", elem_id="toast", js_on_load=_UNDO_ON_CLICK)


def listed(
    entries: Iterable[Entry],
    current: str,
    answering: frozenset[str],
    search: str,
    total: int,
    strings: Strings,
    now: float | None = None,
) -> str:
    """The conversations under the days they were last changed on, and the menu of each."""
    words, found = strings.history, tuple(entries)
    if not found:
        empty = words.none_found.format(text=search.strip()) if search.strip() else words.none
        return f'<p class="rail-empty">{escape(empty)}</p>'
    days = _Days(time.time() if now is None else now, strings)
    groups = [
        f"<h3>{escape(name)}</h3><ul>{''.join(_item(e, current, answering, strings) for e in members)}</ul>"
        for name, members in groupby(found, days.name)
    ]
    more = ""
    if not search.strip() and total > len(found):
        label = escape(words.more.format(count=total))
        more = f'<button type="button" class="rail-more" data-action="all">{label}</button>'
    label = escape(words.conversations, quote=True)
    return f'<nav aria-label="{label}">{"".join(groups)}{more}</nav>{_menu(strings)}'


def head(strings: Strings) -> str:
    """The title, and where the list is a drawer the button that closes it."""
    return drawer.head(strings.history.conversations, "rail-close", strings.history.hide)


def toggle_button(strings: Strings) -> str:
    """The button that shows and hides the list; the page's script swaps the two labels."""
    show, hide = escape(strings.history.show, quote=True), escape(strings.history.hide, quote=True)
    return (
        f'<button type="button" id="rail-toggle" aria-controls="rail" aria-expanded="false"'
        f' aria-label="{show}" title="{show}" data-show="{show}" data-hide="{hide}">'
        '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="3.5" y="4.5" width="17" height="15" rx="3"/>'
        '<path d="M9.5 4.5v15"/></svg></button>'
    )


def undo(entry_title: str, id: str, strings: Strings) -> str:
    """What was deleted, and the way back."""
    words = strings.history
    title = entry_title or words.untitled
    return (
        f'<div class="toast" role="status"><span>{escape(words.deleted.format(title=title))}</span>'
        f'<button type="button" data-undo="{escape(id, quote=True)}">{escape(words.undo)}</button></div>'
    )


def told(sentence: str) -> str:
    """One sentence that goes by itself."""
    return f'<div class="toast" role="status"><span>{escape(sentence)}</span></div>'


def _item(entry: Entry, current: str, answering: frozenset[str], strings: Strings) -> str:
    words = strings.history
    title = entry.title or words.untitled
    shown, id = escape(title, quote=True), escape(entry.id, quote=True)
    here = ' aria-current="page"' if entry.id == current else ""
    busy = (
        f'<span class="busy" role="img" aria-label="{escape(words.answering, quote=True)}"></span>'
        if entry.id in answering
        else ""
    )
    snippet = f'<span class="snippet">{escape(entry.snippet)}</span>' if entry.snippet else ""
    menu = escape(words.menu.format(title=title), quote=True)
    return (
        f'<li data-id="{id}" data-title="{shown}"{" data-pinned" if entry.pinned else ""}>'
        f'<button type="button" class="entry" data-action="open"{here} title="{shown}">'
        f'<span class="entry-title">{shown}</span>{busy}{snippet}</button>'
        f'<button type="button" class="entry-menu" data-menu aria-haspopup="menu" aria-label="{menu}">'
        '<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="3" cy="8" r="1.3"/>'
        '<circle cx="8" cy="8" r="1.3"/><circle cx="13" cy="8" r="1.3"/></svg></button></li>'
    )


def _menu(strings: Strings) -> str:
    words = strings.history
    actions = {
        "pin": words.pin,
        "unpin": words.unpin,
        "rename": words.rename,
        "html": strings.review.export_html,
        "markdown": strings.review.export_markdown,
        "json": words.export_json,
        "delete": words.delete,
    }
    items = "".join(
        f'<button type="button" role="menuitem" data-action="{action}">{escape(label)}</button>'
        for action, label in actions.items()
    )
    return f'<div id="entry-actions" role="menu" hidden>{items}</div>'


class _Days:
    """Names of days, seen from `now` in this machine's time zone."""

    def __init__(self, now: float, strings: Strings) -> None:
        self._words = strings.history
        today = time.localtime(now)
        self._midnight = time.mktime((today.tm_year, today.tm_mon, today.tm_mday, 0, 0, 0, 0, 0, -1))

    def name(self, entry: Entry) -> str:
        if entry.pinned:
            return self._words.pinned
        for days, name in ((0, self._words.today), (1, self._words.yesterday), (7, self._words.week)):
            if entry.updated >= self._midnight - days * 86_400:
                return name
        return self._words.older
