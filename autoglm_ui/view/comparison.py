"""All that differs between the answers to a question, as HTML: words, places and seconds.

Everything foreign is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import median

from autoglm_ui import differences
from autoglm_ui.conversation import Exchange, Reply
from autoglm_ui.view import actions, replies
from autoglm_ui.view.strings import Strings

#: An exchange, and which of its other replies stands beside the one that counts.
Pair = tuple[Exchange, Reply]


def sheet(pairs: Sequence[Pair], last: str, title: str, address: replies.Address, strings: Strings) -> str:
    """A full-page panel with each pair; `last` is the exchange with which the conversation goes on."""
    words = strings.compare
    close = escape(words.close, quote=True)
    several = len(pairs) > 1
    shown = "".join(
        _pair(exchange, other, "" if several else last, not several, address, strings)
        for exchange, other in pairs
    )
    summary = _summary(pairs, strings) if several else ""
    return (
        f'<div class="sheet comparison" role="dialog" aria-modal="true"'
        f' aria-label="{escape(words.title, quote=True)}">'
        f'<div class="sheet-head"><h2>{escape(words.title)}</h2>'
        f'<span class="sheet-title">{escape(title)}</span>'
        f'<button type="button" class="icon" data-compare="close" data-close aria-label="{close}"'
        f' title="{close}"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg>'
        f'</button></div><div class="sheet-body">{summary}{shown or _nothing(strings)}</div></div>'
    )


def places(exchange: Exchange, other: Reply, strings: Strings) -> str:
    """How far apart the two answers point, as a sentence; empty where neither points anywhere."""
    words, picture = strings.compare, actions.shown_picture(exchange)
    ours = differences.pointed(exchange.reply, picture)
    theirs = differences.pointed(other, picture)
    if picture is None or (ours is None and theirs is None):
        return ""
    if ours is None or theirs is None:
        return words.only_one_points
    apart = differences.distance(ours, theirs, picture)
    if apart.pixels < 0.5:
        return words.same_place
    return words.apart.format(
        pixels=f"{apart.pixels:.0f}",
        width=picture.width,
        height=picture.height,
        thousandths=f"{apart.thousandths:.0f}",
    )


def answers(exchange: Exchange, strings: Strings) -> str:
    """The way to the other answers that `exchange` has; empty if it has none."""
    count = len(replies.answered(exchange))
    if count < 2:
        return ""
    return button("show", strings.compare.answers.format(count=count), "quiet", exchange.id)


def button(action: str, label: str, kind: str, id: str = "") -> str:
    """A button whose click `CompareHandlers.act` is told of."""
    return (
        f'<button type="button" class="{kind}" data-compare="{action}" data-id="{escape(id, quote=True)}">'
        f"{escape(label)}</button>"
    )


def _nothing(strings: Strings) -> str:
    return f'<p class="nothing">{escape(strings.compare.not_yet)}</p>'


def _pair(
    exchange: Exchange, other: Reply, last: str, choose: bool, address: replies.Address, strings: Strings
) -> str:
    goes_on = exchange.id == last
    return (
        f'<article class="compared"><section class="question">'
        f"{replies.question(exchange.user, address)}</section>"
        f"{_others(exchange, other, strings) if choose else ''}{_measured(exchange.reply, other, strings)}"
        f"{_places(exchange, other, address, strings)}"
        f'<div class="columns">{_column(exchange.reply, strings, "", goes_on)}'
        f"{_column(other, strings, other.id, goes_on)}</div>"
        f"{_words(exchange.reply, other, strings)}</article>"
    )


def _column(reply: Reply, strings: Strings, id: str, goes_on: bool) -> str:
    """One answer; with `id`, it can become the one that counts."""
    foot = ""
    if goes_on and not id:
        foot = f'<p class="nothing">{escape(strings.compare.goes_on)}</p>'
    elif goes_on and reply.answer:
        foot = button("prefer", strings.compare.go_on, "outlined", id)
    return (
        f'<section class="reply"><h3>{_who(reply, 2 if id else 1, strings)}</h3>'
        f"{replies.answer(reply, strings)}{foot}</section>"
    )


def _who(reply: Reply, number: int, strings: Strings) -> str:
    name = escape(replies.author(reply, strings))
    return f'<span class="number of-{number}">{number}</span> {name}'


def _others(exchange: Exchange, shown: Reply, strings: Strings) -> str:
    """The other answers to choose from, where there are several."""
    given = [reply for reply in replies.answered(exchange) if reply is not exchange.reply]
    if len(given) < 2:
        return ""
    buttons = "".join(
        f'<button type="button" class="tag" data-compare="other" data-id="{escape(reply.id, quote=True)}"'
        f' data-exchange="{escape(exchange.id, quote=True)}"'
        f' aria-pressed="{str(reply is shown).lower()}">'
        f"{escape(replies.author(reply, strings))}</button>"
        for reply in given
    )
    label = escape(strings.review.other_answers, quote=True)
    return f'<div class="tags" role="group" aria-label="{label}">{buttons}</div>'


def _measured(first: Reply, second: Reply, strings: Strings) -> str:
    """What was measured of both, and the difference."""
    words = strings.review
    rows = [
        (words.first_token, replies.first_token(first), replies.first_token(second), 2, words.seconds),
        (words.thought, _thought(first), _thought(second), 2, words.seconds),
        (words.total, first.timings.total, second.timings.total, 2, words.seconds),
        (words.speed, first.timings.tokens_per_second, second.timings.tokens_per_second, 1, "{seconds}"),
        (words.tokens, first.usage.completion_tokens, second.usage.completion_tokens, 0, "{seconds}"),
    ]
    shown = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{_figure(ours, digits, form)}{_figure(theirs, digits, form)}'
        f"{_figure(_less(theirs, ours), digits, form, sign=True)}</tr>"
        for name, ours, theirs, digits, form in rows
        if ours is not None or theirs is not None
    )
    names = "".join(
        f'<th scope="col">{name}</th>'
        for name in (_who(first, 1, strings), _who(second, 2, strings), escape(strings.compare.difference))
    )
    head = f'<thead><tr><th scope="col">{escape(strings.compare.figure)}</th>{names}</tr></thead>'
    return f'<table class="measured">{head}<tbody>{shown}</tbody></table>' if shown else ""


def _thought(reply: Reply) -> float | None:
    return reply.thinking_seconds if reply.reasoning else None


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _figure(value: float | None, digits: int, form: str, sign: bool = False) -> str:
    if value is None:
        return "<td></td>"
    shown = round(value, digits)
    number = f"{shown:+.{digits}f}" if sign and shown else f"{abs(shown):.{digits}f}"
    return f"<td>{escape(form.format(seconds=number.replace('-', '−')))}</td>"


def _places(exchange: Exchange, other: Reply, address: replies.Address, strings: Strings) -> str:
    """Both places on the picture, and how far apart they are."""
    sentence = places(exchange, other, strings)
    picture = actions.shown_picture(exchange)
    if not sentence or picture is None:
        return ""
    marked = [
        (number, found)
        for number, reply in enumerate((exchange.reply, other), start=1)
        if (found := differences.pointed(reply, picture)) is not None
    ]
    marks = "".join(
        f'<g class="of-{number}">{actions.mark(one.action, one.placed, str(number))}</g>'
        for number, one in marked
    )
    source, alt = escape(address(picture), quote=True), escape(strings.compare.picture, quote=True)
    wide = " wide" if picture.width > picture.height else ""
    return (
        f'<div class="places-apart"><figure class="marked{wide}"><img src="{source}" alt="{alt}"'
        f' width="{picture.width}" height="{picture.height}">'
        f'<svg class="marks" aria-hidden="true">{marks}</svg></figure><p>{escape(sentence)}</p></div>'
    )


def _words(first: Reply, second: Reply, strings: Strings) -> str:
    """The second answer against the first, word by word."""
    words = strings.compare
    if not first.answer or not second.answer:
        return ""
    title = f"<h3>{escape(words.differences)}</h3>"
    if first.answer == second.answer:
        return f"<div class='words'>{title}<p>{escape(words.same_words)}</p></div>"
    pieces = differences.words(first.answer, second.answer)
    if pieces is None:
        return f"<div class='words'>{title}<p>{escape(words.too_long)}</p></div>"
    tags = {"both": "span", "first": "del", "second": "ins"}
    shown = "".join(f"<{tags[piece.of]}>{escape(piece.text)}</{tags[piece.of]}>" for piece in pieces)
    legend = f"<del>{escape(words.only_first)}</del> <ins>{escape(words.only_second)}</ins>"
    return f'<div class="words">{title}<p class="legend">{legend}</p><p class="diff">{shown}</p></div>'


def _summary(pairs: Sequence[Pair], strings: Strings) -> str:
    """The whole replay in a few figures."""
    words = strings.compare
    alike = sum(exchange.reply.answer == other.answer for exchange, other in pairs)
    rows = [(words.turns, str(len(pairs))), (words.turns_alike, str(alike))]
    for name, read in (
        (strings.review.first_token, replies.first_token),
        (strings.review.total, _total),
    ):
        ours = [value for exchange, _ in pairs if (value := read(exchange.reply)) is not None]
        theirs = [value for _, other in pairs if (value := read(other)) is not None]
        if ours and theirs:
            shown = " → ".join(
                strings.review.seconds.format(seconds=f"{median(values):.2f}") for values in (ours, theirs)
            )
            rows.append((f"{name}, {strings.review.median}", shown))
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return f'<dl class="totals">{items}</dl>'


def _total(reply: Reply) -> float | None:
    return reply.timings.total
