"""Answers as HTML for pages that are not Gradio's chat: no foreign markup, nothing fetched, no script."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt


def render(text: str) -> str:
    """`text` as Markdown. HTML in it is shown as it was written; a picture is shown as its link."""
    return _renderer().render(text)


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
