"""Questions and replies as HTML outside the chat: for the review, the comparison and the report."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from autoglm_ui.conversation import Exchange, Reply
from autoglm_ui.view import markdown
from autoglm_ui.view.strings import Strings
from engine.protocol import AudioPart, ImagePart, Message, TextPart

#: Where a page finds a picture or a recording.
Address = Callable[[ImagePart | AudioPart], str]


def question(message: Message, address: Address) -> str:
    """Pictures, players and what was typed."""
    return "".join(_part(part, address) for part in message.parts)


def answer(reply: Reply, strings: Strings) -> str:
    """The thinking in a fold, the answer, and why it is not whole."""
    shown = ""
    if reply.reasoning:
        shown += (
            f'<details class="thinking"><summary>{escape(thought(reply, strings))}</summary>'
            f'<div class="thoughts">{escape(reply.reasoning)}</div></details>'
        )
    if reply.answer:
        shown += f'<div class="said">{markdown.render(reply.answer)}</div>'
    elif reply.settled:
        shown += f'<p class="nothing">{escape(strings.review.no_answer)}</p>'
    if reply.failure is not None:
        title = strings.failures[reply.failure.kind].title
        shown += f'<p class="failed">{escape(title)} <span>{escape(reply.failure.message)}</span></p>'
    return shown


def thought(reply: Reply, strings: Strings) -> str:
    """How long it thought, where that is known."""
    seconds = reply.thinking_seconds
    if seconds is None:
        return strings.review.thinking
    return strings.thought.format(seconds=f"{seconds:.{1 if seconds >= 0.1 else 2}f}")


def author(reply: Reply, strings: Strings) -> str:
    """What answered, and what was kept from it."""
    left = {"image": strings.review.without_image, "audio": strings.review.without_audio}
    return " · ".join([reply.backend, *(left[kind] for kind in reply.without)]).strip(" ·")


def measured(reply: Reply, strings: Strings) -> list[tuple[str, str]]:
    """Names and figures of what was measured."""
    words, timings = strings.review, reply.timings
    found: list[tuple[str, float | None, str]] = [
        (words.first_token, first_token(reply), words.seconds),
        (words.thought, reply.thinking_seconds if reply.reasoning else None, words.seconds),
        (words.total, timings.total, words.seconds),
    ]
    figures = [
        (name, form.format(seconds=f"{value:.2f}")) for name, value, form in found if value is not None
    ]
    if timings.tokens_per_second is not None:
        figures.append((words.speed, f"{timings.tokens_per_second:.1f}"))
    if reply.usage.completion_tokens is not None:
        figures.append((words.tokens, str(reply.usage.completion_tokens)))
    return figures


def first_token(reply: Reply) -> float | None:
    """Seconds until the first token: the backend's figure, else the page's."""
    return reply.timings.first_token if reply.timings.first_token is not None else reply.first_token


def figures(reply: Reply, strings: Strings) -> str:
    """What answered and what was measured, as a list."""
    items = [(strings.review.backend, author(reply, strings)), *measured(reply, strings)]
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in items if value
    )
    return f'<dl class="figures">{shown}</dl>'


def answered(exchange: Exchange) -> tuple[Reply, ...]:
    """Every reply of `exchange` that has ended, the one that counts first."""
    return tuple(reply for reply in (exchange.reply, *exchange.others) if reply.settled)


def _part(part: TextPart | ImagePart | AudioPart, address: Address) -> str:
    if isinstance(part, TextPart):
        return f'<p class="typed">{escape(part.text)}</p>'
    source, name = escape(address(part), quote=True), escape(part.name, quote=True)
    if isinstance(part, ImagePart):
        return (
            f'<img class="picture" src="{source}" alt="{name}" width="{part.width}" height="{part.height}">'
        )
    return f'<audio controls preload="metadata" src="{source}" aria-label="{name}"></audio>'
