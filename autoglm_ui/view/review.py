"""Ratings, and the review that steps through a conversation answer by answer, as widgets and HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

import gradio as gr

from autoglm_ui.conversation import Conversation, Exchange, Reply
from autoglm_ui.store import MediaFolder
from autoglm_ui.view import actions, replies
from autoglm_ui.view.strings import Strings

_ON_CLICK = "window.autoglmPage.listenReview(element, trigger);"

_UP = "M7 11v9H4v-9zM7 11l4-7.5c1.5 0 2.6 1.1 2.6 2.6v3.4h5a2 2 0 0 1 2 2.3l-1.1 6.5a2 2 0 0 1-2 1.7H7"
_DOWN = "M17 13V4h3v9zM17 13l-4 7.5c-1.5 0-2.6-1.1-2.6-2.6v-3.4h-5a2 2 0 0 1-2-2.3l1.1-6.5a2 2 0 0 1 2-1.7H17"


@dataclass(frozen=True)
class ReviewPanel:
    """The buttons under the last answer, and the sheet; an empty sheet is closed."""

    rating: gr.HTML
    sheet: gr.HTML


def rating() -> gr.HTML:
    return gr.HTML("", elem_id="rating", js_on_load=_ON_CLICK)


def build(rating: gr.HTML) -> ReviewPanel:
    """Place the sheet; call inside a `gr.Blocks`."""
    return ReviewPanel(rating, gr.HTML("", elem_id="review", js_on_load=_ON_CLICK))


def buttons(reply: Reply | None, strings: Strings) -> str:
    """Thumbs for the last answer, and the way to a comment; nothing while there is no whole answer."""
    if reply is None or not reply.settled or not reply.answer:
        return ""
    words = strings.review
    return (
        f'<div class="rating" role="group" aria-label="{escape(words.rate, quote=True)}">'
        f"{_thumbs(reply, strings)}"
        f'<button type="button" class="quiet" data-review="open">{escape(words.review)}</button></div>'
    )


def sheet(conversation: Conversation, title: str, at: int, media: MediaFolder, strings: Strings) -> str:
    """The answer number `at` (from 0) with its question, figures and rating."""
    words, count = strings.review, len(conversation.exchanges)
    at = max(0, min(at, count - 1))
    exchange = conversation.exchanges[at]
    position = escape(words.position.format(number=at + 1, count=count))
    return (
        f'<div class="sheet review" role="dialog" aria-modal="true" data-at="{at}" '
        f'aria-label="{escape(words.review, quote=True)}"><div class="sheet-head">'
        f'<h2>{escape(words.review)}</h2><span class="sheet-title">{escape(title)}</span>'
        f'<button type="button" class="outlined" data-review="report">{escape(words.save_report)}</button>'
        f"{_icon('close', words.close, 'M6 6l12 12M18 6L6 18', closes=True)}</div>"
        f'<div class="sheet-body"><section class="question">'
        f"{replies.question(exchange.user, media.url)}</section>"
        f"{_replies(exchange, media, strings)}</div>"
        f'<div class="sheet-foot">{_icon("previous", words.previous, "M15 5l-7 7 7 7", disabled=at == 0)}'
        f"<span>{position}</span>"
        f"{_icon('next', words.next, 'M9 5l7 7-7 7', disabled=at == count - 1)}</div></div>"
    )


def _replies(exchange: Exchange, media: MediaFolder, strings: Strings) -> str:
    given = replies.answered(exchange)
    shown = _reply(exchange, media, strings)
    others = [reply for reply in given if reply is not exchange.reply]
    if others:
        shown += f"<h3>{escape(strings.review.other_answers)}</h3>"
        shown += "".join(_reply(replace(exchange, reply=reply), media, strings) for reply in others)
    return shown


def _reply(exchange: Exchange, media: MediaFolder, strings: Strings) -> str:
    """The reply of `exchange`, what it asks to be done, and what people think of it."""
    reply, picture = exchange.reply, actions.shown_picture(exchange)
    card = actions.card(exchange, media.url(picture) if picture else None, strings)
    if not reply.settled:
        return f'<p class="nothing">{escape(strings.answering)}</p>'
    words = strings.review
    rate = escape(words.rate, quote=True)
    tags = "".join(
        f'<button type="button" class="tag" data-review="tag" data-tag="{tag}" '
        f'aria-pressed="{str(tag in reply.rating.tags).lower()}">{escape(name)}</button>'
        for tag, name in words.tags.items()
    )
    hint = escape(words.comment_hint, quote=True)
    return (
        f'<section class="reply" data-reply="{escape(reply.id, quote=True)}">'
        f"{replies.figures(reply, strings)}{replies.answer(reply, strings)}{card}"
        f'<div class="opinion"><div class="rating" role="group" aria-label="{rate}">'
        f'{_thumbs(reply, strings)}</div><div class="tags" role="group" '
        f'aria-label="{escape(words.why, quote=True)}">{tags}</div>'
        f'<textarea rows="2" data-comment placeholder="{hint}" aria-label="{hint}" maxlength="2000">'
        f"{escape(reply.rating.comment)}</textarea></div></section>"
    )


def _thumbs(reply: Reply, strings: Strings) -> str:
    words = strings.review
    return "".join(
        f'<button type="button" class="thumb" data-review="{thumb}" data-id="{escape(reply.id, quote=True)}" '
        f'aria-pressed="{str(reply.rating.thumb == thumb).lower()}" aria-label="{escape(name, quote=True)}" '
        f'title="{escape(name, quote=True)}"><svg viewBox="0 0 24 24" aria-hidden="true">'
        f'<path d="{path}"/></svg></button>'
        for thumb, name, path in (("up", words.good, _UP), ("down", words.bad, _DOWN))
    )


def _icon(action: str, label: str, path: str, disabled: bool = False, closes: bool = False) -> str:
    name = escape(label, quote=True)
    return (
        f'<button type="button" class="icon" data-review="{action}" aria-label="{name}" title="{name}"'
        f"{' disabled' if disabled else ''}{' data-close' if closes else ''}>"
        f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg></button>'
    )
