"""Two answers next to each other: the widgets of it, and their heads and feet as HTML.

Everything foreign is escaped. The whole comparison, with what differs, is in comparison.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from autoglm_ui import conversation
from autoglm_ui.beside import Replay
from autoglm_ui.conversation import Exchange, Left, Reply
from autoglm_ui.session import Session
from autoglm_ui.view import chat, comparison, drawer, replies
from autoglm_ui.view.strings import Strings

_ON_CLICK = "window.autoglmPage.listenCompare(element, trigger);"
_SHEET = "window.autoglmPage.listenCompare(element, trigger, true);"


@dataclass(frozen=True)
class SecondPanel:
    """The drawer in which a second backend is chosen."""

    toggle: gr.HTML
    head: gr.HTML
    hint: gr.HTML
    kind: gr.Radio
    checkpoint: gr.Textbox
    base_url: gr.Textbox
    api_key: gr.Textbox
    remote_model: gr.Textbox
    use: gr.Button
    said: gr.HTML
    replay: gr.Button
    replay_hint: gr.HTML

    @property
    def labelled(self) -> list[Any]:
        """The widgets that `labels` brings up to date."""
        return [
            self.toggle, self.head, self.hint, self.kind, *self.fields, self.use, self.said, self.replay,
            self.replay_hint,
        ]  # fmt: skip

    @property
    def fields(self) -> list[Any]:
        return [self.checkpoint, self.base_url, self.api_key, self.remote_model]


@dataclass(frozen=True)
class Columns:
    """The heads of both columns, and the second one; seen only while a head of it is there.

    The style sheet hides the column, not the server: each time that Gradio changes a column, it copies
    everything in it.
    """

    first_head: gr.HTML
    second_head: gr.HTML
    beside: gr.Chatbot
    foot: gr.HTML


@dataclass(frozen=True)
class Compare:
    """All that the comparison adds to the page.

    `ticket` names what is under way beside the first answer: when it changes, the page begins to follow it.
    So a page on which nothing is compared follows nothing more than before.
    """

    panel: SecondPanel
    columns: Columns
    verdict: gr.HTML
    again: gr.HTML
    progress: gr.HTML
    ticket: gr.Textbox
    sheet: gr.HTML

    @property
    def shown(self) -> list[Any]:
        """The widgets that `updates` brings up to date."""
        columns = self.columns
        return [
            columns.first_head, columns.second_head, columns.beside, columns.foot,
            self.verdict, self.again, self.progress, self.ticket,
        ]  # fmt: skip

    @property
    def clicked(self) -> list[gr.HTML]:
        """The widgets with buttons of their own in them."""
        columns = self.columns
        return [
            columns.first_head, columns.second_head, columns.foot, self.verdict, self.again, self.progress,
            self.sheet,
        ]  # fmt: skip


# ----------------------------------------------------------------------------------- widgets


def panel(locked: bool) -> SecondPanel:
    """The button in the header and its drawer; neither where visitors may not choose what answers."""
    with gr.Column(elem_id="compare", min_width=0, scale=0, visible=not locked):
        toggle = gr.HTML("", elem_id="compare-open")
        with gr.Column(elem_id="compare-panel"):
            head = gr.HTML("")
            hint = gr.HTML("")
            kind = gr.Radio([], elem_id="second-kind")
            checkpoint = gr.Textbox(elem_id="second-checkpoint", visible=False, max_lines=1)
            base_url = gr.Textbox(elem_id="second-base-url", visible=False, max_lines=1)
            api_key = gr.Textbox(elem_id="second-api-key", type="password", visible=False, max_lines=1)
            remote_model = gr.Textbox(elem_id="second-remote-model", visible=False, max_lines=1)
            use = gr.Button("", elem_id="second-use", variant="primary", size="sm")
            said = gr.HTML("", elem_id="second-said")
            replay = gr.Button("", elem_id="replay-start", size="sm")
            replay_hint = gr.HTML("", elem_id="replay-hint")
    return SecondPanel(
        toggle, head, hint, kind, checkpoint, base_url, api_key, remote_model, use, said, replay, replay_hint
    )


def heads() -> tuple[gr.HTML, gr.HTML]:
    """Place the heads, above both columns: they stay in sight, and on phones they change over."""
    with gr.Row(elem_id="heads"):
        first = gr.HTML("", elem_id="first-head", js_on_load=_ON_CLICK)
        second = gr.HTML("", elem_id="second-head", js_on_load=_ON_CLICK)
    return first, second


def second(heads: tuple[gr.HTML, gr.HTML], chatbot: Callable[[str], gr.Chatbot]) -> Columns:
    """Place the second column."""
    with gr.Column(elem_id="second", min_width=0):
        beside = chatbot("beside")
        foot = gr.HTML("", elem_id="second-foot", js_on_load=_ON_CLICK)
    return Columns(*heads, beside, foot)


def again() -> gr.HTML:
    return gr.HTML("", elem_id="again", js_on_load=_ON_CLICK)


def verdict() -> gr.HTML:
    return gr.HTML("", elem_id="verdict", js_on_load=_ON_CLICK)


def progress() -> gr.HTML:
    return gr.HTML("", elem_id="replay", js_on_load=_ON_CLICK)


def build(
    panel: SecondPanel, columns: Columns, verdict: gr.HTML, again: gr.HTML, progress: gr.HTML
) -> Compare:
    """Place the sheet; call inside a `gr.Blocks`."""
    ticket = gr.Textbox(visible="hidden", elem_id="beside-ticket", show_label=False)
    sheet = gr.HTML("", elem_id="comparison", js_on_load=_SHEET)
    return Compare(panel, columns, verdict, again, progress, ticket, sheet)


# ------------------------------------------------------------------------------ what is shown


def updates(compare: Compare, session: Session, answer: Sequence[Any], strings: Strings) -> dict[Any, Any]:
    """Everything of `Compare.shown`; `answer` are the messages of the second column."""
    last, columns = session.conversation.last, compare.columns
    other = last.beside if last else None
    return {
        columns.first_head: head(last.reply, "first", strings) if last and other else "",
        columns.second_head: head(other, "second", strings) if other else "",
        columns.beside: gr.update(value=list(answer)),
        columns.foot: foot(other, session.busy, strings) if other else "",
        compare.verdict: verdict_on(last, other, strings) if last and other and not session.busy else "",
        compare.again: ways_again(session, strings),
        compare.progress: progress_of(session.beside.replay, strings),
        compare.ticket: session.beside.ticket,
    }


def labels(panel: SecondPanel, session: Session, strings: Strings) -> dict[Any, Any]:
    """The drawer's words."""
    words = strings.compare
    kinds = [
        (words.nobody, "nobody"),
        (strings.bundled, "bundled"),
        (strings.checkpoint, "checkpoint"),
        (strings.endpoint, "endpoint"),
    ]
    return {
        panel.toggle: _toggle(strings),
        panel.head: drawer.head(words.title, "compare-close", strings.close),
        panel.hint: f"<p>{escape(words.hint)}</p>",
        panel.kind: gr.update(label=words.beside, choices=kinds),
        panel.checkpoint: gr.update(label=strings.model_path, placeholder=strings.model_path_hint),
        panel.base_url: gr.update(label=strings.url, placeholder="http://localhost:8000/v1"),
        panel.api_key: gr.update(label=strings.key, info=strings.key_hint),
        panel.remote_model: gr.update(label=strings.remote_model, info=strings.remote_model_hint),
        panel.use: gr.update(value=strings.use),
        panel.said: said(session, strings),
        panel.replay: gr.update(value=words.replay),
        panel.replay_hint: f"<p>{escape(words.replay_hint)}</p>",
    }


def chosen(panel: SecondPanel, session: Session) -> dict[Any, dict[str, Any]]:
    """What was chosen in the drawer."""
    choice = session.beside.choice
    kind = choice.kind if choice else "nobody"
    model = (choice.model or "") if choice else ""
    checkpoint, endpoint = kind == "checkpoint", kind == "endpoint"
    return {
        panel.kind: gr.update(value=kind),
        panel.checkpoint: gr.update(value=model if checkpoint else "", visible=checkpoint),
        panel.base_url: gr.update(value=(choice.base_url or "") if choice else "", visible=endpoint),
        # The key itself never goes back to a browser.
        panel.api_key: gr.update(value="", visible=endpoint),
        panel.remote_model: gr.update(value=model if endpoint else "", visible=endpoint),
    }


def said(session: Session, strings: Strings) -> str:
    """Who answers beside the first; empty if nobody does."""
    backend = session.beside.backend
    if backend is None:
        return ""
    return f'<p role="status">{escape(strings.compare.now_beside.format(name=backend.name))}</p>'


def head(reply: Reply, which: str, strings: Strings) -> str:
    """What answers, how far it is, and what was measured of it so far."""
    words = strings.compare
    stop = ""
    if not reply.settled:
        label = escape(words.stop_one, quote=True)
        stop = (
            f'<button type="button" class="stop-one" data-compare="stop-{which}" aria-label="{label}"'
            f' title="{label}"></button>'
        )
    figures = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in replies.measured(reply, strings)
    )
    state = "" if reply.status == "done" else f'<span class="state">{escape(_state(reply, strings))}</span>'
    author, number = escape(replies.author(reply, strings)), 1 if which == "first" else 2
    return (
        f'<div class="column-head" data-state="{reply.status}" data-column="{which}"><div class="who">'
        f'<span class="number of-{number}">{number}</span><strong>{author}</strong>'
        f'{state}{stop}</div><dl class="figures">{figures}</dl></div>'
    )


def foot(reply: Reply, busy: bool, strings: Strings) -> str:
    """Why the second answer failed, and the way to go on with it."""
    shown = chat.failure_card(reply.failure, strings) if reply.failure is not None else ""
    if reply.settled and reply.answer and not busy:
        shown += comparison.button("prefer", strings.compare.go_on, "outlined", reply.id)
    return shown


def verdict_on(exchange: Exchange, other: Reply, strings: Strings) -> str:
    """How far apart the two places are, and the way to all that differs."""
    sentence = comparison.places(exchange, other, strings)
    shown = f"<p>{escape(sentence)}</p>" if sentence else ""
    return f"{shown}{comparison.button('show', strings.compare.show_differences, 'outlined', exchange.id)}"


def ways_again(session: Session, strings: Strings) -> str:
    """Ask again without a medium that the last question had, and look at the other answers to it."""
    last, words = session.conversation.last, strings.compare
    if last is None or session.busy:
        return ""
    shown = ""
    ways: list[tuple[Left, str, bool]] = [
        ("image", words.again_without_image, bool(last.user.images)),
        ("audio", words.again_without_audio, bool(last.user.audios)),
    ]
    request = conversation.request(session.conversation, session.options)
    for left, label, had in ways:
        if had and conversation.without(left, request) is not None:
            shown += comparison.button(f"without-{left}", label, "quiet")
    if last.beside is None:
        shown += comparison.answers(last, strings)
    return shown


def progress_of(replay: Replay | None, strings: Strings) -> str:
    """How far the replay is; with its end, the way to the differences."""
    if replay is None:
        return ""
    words = strings.compare
    form = {
        "running": words.replaying,
        "done": words.replayed,
        "stopped": words.replay_stopped,
        "failed": words.replay_failed,
    }[replay.state]
    sentence = form.format(name=replay.backend, done=replay.done, total=replay.total)
    buttons = comparison.button("show-replay", words.show_differences, "outlined") if replay.done else ""
    if replay.state == "running":
        buttons += comparison.button("stop", strings.stop, "outlined")
    else:
        close = escape(strings.close, quote=True)
        buttons += (
            f'<button type="button" class="quiet" data-compare="forget-replay" aria-label="{close}"'
            f' title="{close}">×</button>'
        )
    part = replay.done / replay.total if replay.total else 0.0
    return (
        f'<div class="replay" data-state="{replay.state}"><span role="status">{escape(sentence)}</span>'
        f'<span class="bar" style="--progress: {part:.3f}" aria-hidden="true"></span>{buttons}</div>'
    )


def _state(reply: Reply, strings: Strings) -> str:
    words = strings.compare
    return {
        "waiting": words.waiting,
        "loading": strings.loading.format(name="").strip(),
        "thinking": words.thinking,
        "answering": words.answering,
        "done": "",
        "stopped": words.stopped,
        "failed": words.failed,
    }[reply.status]


def _toggle(strings: Strings) -> str:
    label = escape(strings.compare.title, quote=True)
    return (
        '<button type="button" id="compare-toggle" aria-expanded="false" aria-controls="compare-panel"'
        f' aria-label="{label}" title="{label}"><svg viewBox="0 0 24 24" aria-hidden="true">'
        '<rect x="3.5" y="5" width="7" height="14" rx="2"/>'
        '<rect x="13.5" y="5" width="7" height="14" rx="2"/>'
        "</svg></button>"
    )
