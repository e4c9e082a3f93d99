"""Exchanges as messages of the Chatbot component, and the card of a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

import gradio as gr

from autoglm_ui.conversation import Exchange, Reply
from autoglm_ui.store import MediaFolder
from autoglm_ui.view import actions, comparison, phone
from autoglm_ui.view.strings import Strings
from engine.protocol import AudioPart, Failed, ImagePart, TextPart

ChatMessage = dict[str, Any]

# What Markdown, or the mathematics in it, would take for more than a character.
_ACTIVE = re.compile(r"[\\`*_{}\[\]<>()#+\-.!|~$&:=]|(?<= ) |^ ", re.MULTILINE)


def history(exchanges: Iterable[Exchange], media: MediaFolder, strings: Strings) -> list[ChatMessage]:
    """The messages of `exchanges`, oldest first; where others answered, too, a way to look at them."""
    shown: list[ChatMessage] = []
    for exchange in exchanges:
        shown += messages(exchange, media, strings, last=False)
        if others := comparison.answers(exchange, strings):
            shown.append(_component(f'<div class="answers">{others}</div>'))
    return shown


def state(exchange: Exchange) -> tuple[Any, ...]:
    """What the messages of `history` depend on: while it is the same, they are."""
    replies = (exchange.reply, *exchange.others)
    return exchange.id, *((reply.id, reply.status) for reply in replies)


def messages(
    exchange: Exchange, media: MediaFolder, strings: Strings, last: bool = True
) -> list[ChatMessage]:
    """A user message, the thinking in a fold, and the answer.

    The failure of the `last` exchange has its own card with a way to try again; an earlier one is a
    line of text.
    """
    return [question(exchange, media), *answered(exchange, media, strings, last)]


def answered(
    exchange: Exchange, media: MediaFolder, strings: Strings, last: bool = True
) -> list[ChatMessage]:
    """As `messages`, without the question."""
    return [*answer(exchange.reply, strings, last), *_asked(exchange, media, strings, last)]


def answer(reply: Reply, strings: Strings, last: bool = True) -> list[ChatMessage]:
    """What the assistant shows of itself so far."""
    shown = _thinking(reply, strings)
    if reply.answer:
        shown.append(_said(reply.answer))
    if note := _note(reply, strings):
        shown.append(_said(f"*{note}*"))
    if reply.failure is not None and not last:
        shown.append(_said(f"*{plain(strings.failures[reply.failure.kind].title)}*"))
    return shown


def _asked(exchange: Exchange, media: MediaFolder, strings: Strings, last: bool) -> list[ChatMessage]:
    """The card of what the answer asks to be done."""
    picture = actions.shown_picture(exchange)
    # The phone has gone on since earlier answers.
    tools = phone.tools(exchange, strings) if last else ""
    card = actions.card(exchange, media.url(picture) if picture else None, strings, tools)
    return [_component(card)] if card else []


def failure_card(failure: Failed, strings: Strings) -> str:
    """What failed, why, and what to do next, as HTML in which nothing foreign is left unescaped."""
    words = strings.failures[failure.kind]
    why = failure.message if failure.status is None else f"{failure.message} (HTTP {failure.status})"
    # The backend's advice knows the case; ours is in the reader's language.
    advice = failure.remedy if strings.code == "en" else words.remedy
    return (
        '<div class="failure" role="alert">'
        f'<p class="failure-title">{escape(words.title)}</p>'
        f'<p class="failure-why">{escape(_sentence(why))}</p>'
        f'<p class="failure-next">{escape(advice)}</p>'
        "</div>"
    )


def plain(text: str) -> str:
    """`text` so that Markdown shows it as it was typed."""
    return _ACTIVE.sub(lambda found: f"&#{160 if found[0] == ' ' else ord(found[0])};", text)


def question(exchange: Exchange, media: MediaFolder) -> ChatMessage:
    """The user's message: pictures and recordings as files, text as it was typed."""
    content: list[dict[str, Any]] = []
    for part in exchange.user.parts:
        if isinstance(part, TextPart):
            content.append({"type": "text", "text": plain(part.text)})
        else:
            content.append(_file(part, media))
    return {"role": "user", "content": content}


def _file(part: ImagePart | AudioPart, media: MediaFolder) -> dict[str, Any]:
    try:
        path = media.put(part)
    except OSError:  # the disk is full; the rest can be shown all the same
        return {"type": "text", "text": plain(part.name)}
    return {"path": str(path), "alt_text": part.name if isinstance(part, ImagePart) else None}


def _thinking(reply: Reply, strings: Strings) -> list[ChatMessage]:
    """The fold: a spinner and what is going on until text arrives, then the thinking."""
    if not reply.settled and not reply.begun:
        note = strings.loading_queued if reply.status == "loading" else ""
        return [_fold(_expectation(reply, strings), note, pending=True)]
    if not reply.reasoning:
        return []
    if not reply.settled and not reply.answer:
        return [_fold(strings.thinking, reply.reasoning, pending=True)]
    return [_fold(thought_title(reply, strings), reply.reasoning, pending=False)]


def thought_title(reply: Reply, strings: Strings) -> str:
    """``Thought for 3.2 s``, where the time is known."""
    seconds = reply.thinking_seconds
    if seconds is None:
        return strings.thought_untimed
    digits = 2 if seconds < 0.1 else 1 if seconds < 10 else 0
    return strings.thought.format(seconds=f"{seconds:.{digits}f}")


def _expectation(reply: Reply, strings: Strings) -> str:
    if reply.status == "loading":
        return strings.loading.format(name="").strip()
    if reply.position > 0:
        return strings.waiting_behind.format(position=reply.position)
    return strings.waiting


def _note(reply: Reply, strings: Strings) -> str:
    """Why an answer that did not fail is shorter than it might be."""
    if reply.finish == "length":
        return strings.cut_off
    if reply.finish == "filtered":
        return strings.filtered
    if reply.finish == "cancelled" and not reply.answer:
        return strings.stopped_empty
    if reply.status == "done" and not reply.answer:
        return strings.said_nothing
    return ""


def _component(html: str) -> ChatMessage:
    # Not as text: Markdown would take parts of it out.
    return {"role": "assistant", "content": gr.HTML(html, js_on_load=None)}


def _fold(title: str, text: str, pending: bool) -> ChatMessage:
    return _said(text) | {"metadata": {"title": title, "status": "pending" if pending else "done"}}


def _said(text: str) -> ChatMessage:
    # As a dict, not a bare string: Gradio strips the indentation of bare strings, code included.
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "。")) else ".")
