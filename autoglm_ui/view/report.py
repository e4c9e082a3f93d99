"""A conversation as one HTML file that opens offline, and as Markdown."""

from __future__ import annotations

import base64
import io
import time
from collections import Counter
from dataclasses import replace
from html import escape
from statistics import median

from PIL import Image

from autoglm_ui.conversation import Exchange, Reply
from autoglm_ui.store.archive import Archived
from autoglm_ui.view import actions, charts, comparison, replies
from autoglm_ui.view.strings import Strings
from autoglm_ui.view.theme import ASSETS
from engine.protocol import AudioPart, ImagePart, TextPart

STYLES = (ASSETS / "report.css", ASSETS / "css" / "actions.css")

#: Pixels of the longer side of a picture on which an answer is drawn; the whole picture is in its question.
_DRAWN_ON = 960

# A model's words are in it: nothing may be fetched or run, whoever opens the file.
_POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"


def page(archived: Archived, strings: Strings, saved: float | None = None) -> str:
    """The report: totals and charts, then every question with its pictures, sound, answers and ratings.

    `saved` is Unix time.
    """
    words = strings.review
    title = archived.title or strings.history.untitled
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(saved))
    exchanges = archived.conversation.exchanges
    shown = "".join(
        _exchange(exchange, number, strings) for number, exchange in enumerate(exchanges, start=1)
    )
    return (
        f'<!doctype html><html lang="{strings.code}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>"
        f'<header><p class="kind">AutoGLM · {escape(words.report)}</p><h1>{escape(title)}</h1>'
        f"<p>{escape(words.made.format(date=date))}</p></header>"
        f"{_totals(exchanges, strings)}{_charts(exchanges, strings)}{shown}</main></body></html>"
    )


def text(archived: Archived, strings: Strings) -> str:
    """The conversation as Markdown; pictures and recordings by their names."""
    words = strings.review
    lines = [f"# {archived.title or strings.history.untitled}", ""]
    for exchange in archived.conversation.exchanges:
        lines += [f"## {words.question}", ""]
        for part in exchange.user.parts:
            lines += [_line(part, strings), ""]
        for reply in replies.answered(exchange):
            lines += [f"### {words.answer}: {replies.author(reply, strings)}", ""]
            if reply.reasoning:
                thoughts = "\n".join(f"> {line}".rstrip() for line in reply.reasoning.splitlines())
                lines += [f"> **{replies.thought(reply, strings)}**", ">", thoughts, ""]
            lines += [reply.answer or f"*{words.no_answer}*", ""]
            if failure := reply.failure:
                lines += [f"*{strings.failures[failure.kind].title}: {failure.message}*", ""]
            for step in actions.sentences(replace(exchange, reply=reply), strings):
                lines += [f"*{step}*", ""]
            if figures := replies.measured(reply, strings):
                lines += ["*" + ", ".join(f"{name} {value}" for name, value in figures) + "*", ""]
            if rating := _rating(reply, strings):
                lines += [f"*{words.rating}: {rating}*", ""]
            if reply is not exchange.reply and (apart := comparison.places(exchange, reply, strings)):
                lines += [f"*{apart}*", ""]
    return "\n".join(lines)


def _line(part: TextPart | ImagePart | AudioPart, strings: Strings) -> str:
    words = strings.review
    if isinstance(part, TextPart):
        return part.text
    if isinstance(part, ImagePart):
        return f"*{words.picture.format(name=part.name, width=part.width, height=part.height)}*"
    return f"*{words.recording.format(name=part.name, seconds=f'{part.seconds:.1f}')}*"


def _exchange(exchange: Exchange, number: int, strings: Strings) -> str:
    shown = "".join(
        f'<section class="reply">{replies.figures(reply, strings)}{replies.answer(reply, strings)}'
        f"{_drawn(exchange, reply, strings)}{_rated(reply, strings)}"
        f"{_apart(exchange, reply, strings)}</section>"
        for reply in replies.answered(exchange)
    )
    return (
        f'<article><h2><span>{number}</span></h2><section class="question">'
        f"{replies.question(exchange.user, _inline)}</section>{shown}</article>"
    )


def _drawn(exchange: Exchange, reply: Reply, strings: Strings) -> str:
    """What the answer asks to be done, on the picture that it speaks of."""
    picture = actions.shown_picture(exchange)
    return actions.card(replace(exchange, reply=reply), _smaller(picture) if picture else None, strings)


def _smaller(part: ImagePart) -> str:
    """The picture in the size in which it is drawn on: a file twice as long would be harder to send."""
    image = Image.open(io.BytesIO(part.data)).convert("RGB")
    image.thumbnail((_DRAWN_ON, _DRAWN_ON))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _inline(part: ImagePart | AudioPart) -> str:
    return f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"


def _rated(reply: Reply, strings: Strings) -> str:
    if not (said := _rating(reply, strings)):
        return ""
    kind = escape(reply.rating.thumb or "none", quote=True)
    return f'<p class="rated {kind}">{escape(said)}</p>'


def _apart(exchange: Exchange, reply: Reply, strings: Strings) -> str:
    """How far from the answer that counts another one points."""
    if reply is exchange.reply or not (sentence := comparison.places(exchange, reply, strings)):
        return ""
    return f'<p class="nothing">{escape(sentence)}</p>'


def _rating(reply: Reply, strings: Strings) -> str:
    """The rating in words; empty if there is none."""
    words, rating = strings.review, reply.rating
    thumb = {"up": words.good, "down": words.bad, None: ""}[rating.thumb]
    tags = ", ".join(words.tags.get(tag, tag) for tag in rating.tags)
    return " · ".join(filter(None, (thumb, tags, rating.comment)))


def _totals(exchanges: tuple[Exchange, ...], strings: Strings) -> str:
    words = strings.review
    given = [reply for exchange in exchanges for reply in replies.answered(exchange)]
    thumbs = Counter(reply.rating.thumb for reply in given)
    totals = [
        (words.answers, str(len(given))),
        (words.rated_good, str(thumbs["up"])),
        (words.rated_bad, str(thumbs["down"])),
        (words.failures, str(sum(reply.status == "failed" for reply in given))),
        (f"{words.first_token}, {words.median}", _middle([replies.first_token(r) for r in given], strings)),
        (f"{words.total}, {words.median}", _middle([r.timings.total for r in given], strings)),
        (words.tokens, str(sum(r.usage.completion_tokens or 0 for r in given))),
    ]
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in totals if value
    )
    return f'<dl class="totals">{shown}</dl>'


def _middle(values: list[float | None], strings: Strings) -> str:
    known = [value for value in values if value is not None]
    return strings.review.seconds.format(seconds=f"{median(known):.2f}") if known else ""


def _charts(exchanges: tuple[Exchange, ...], strings: Strings) -> str:
    words = strings.review
    rows: list[charts.Bar] = []
    ratings: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for number, exchange in enumerate(exchanges, start=1):
        for reply in replies.answered(exchange):
            ratings[reply.rating.thumb or "none"] += 1
            tags.update(reply.rating.tags)
            if row := _times(reply, number, strings):
                rows.append(row)
    shown = ""
    if rows:
        legend = [("waiting", words.waiting), ("thinking", words.thinking), ("answering", words.answering)]
        shown += charts.bars(words.chart_times, rows, legend)
    if ratings["up"] or ratings["down"]:
        names = {"up": words.rated_good, "down": words.rated_bad, "none": words.unrated}
        shown += charts.bars(words.chart_ratings, _counts(ratings, names, kind=True))
    if tags:
        shown += charts.bars(words.chart_tags, _counts(tags, dict(words.tags)))
    return f'<div class="charts">{shown}</div>' if shown else ""


def _counts(counted: Counter[str], names: dict[str, str], kind: bool = False) -> list[charts.Bar]:
    order = names if kind else [name for name, _ in counted.most_common()]
    return [
        charts.Bar(
            names.get(name, name), ((name if kind else "count", float(counted[name])),), str(counted[name])
        )
        for name in order
    ]


def _times(reply: Reply, number: int, strings: Strings) -> charts.Bar | None:
    """Where the seconds of one answer went."""
    total = reply.timings.total
    if total is None:
        return None
    first = min(replies.first_token(reply) or 0.0, total)
    thinking = min(reply.thinking_seconds or 0.0, total - first) if reply.reasoning else 0.0
    pieces = (("waiting", first), ("thinking", thinking), ("answering", total - first - thinking))
    name = f"{number} · {replies.author(reply, strings)}"
    return charts.Bar(name, pieces, strings.review.seconds.format(seconds=f"{total:.2f}"))
