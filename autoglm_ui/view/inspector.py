"""The drawer that shows what the model received for a turn, as HTML; everything foreign is escaped."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from autoglm_ui import conversation
from autoglm_ui.conversation import Exchange, Reply
from autoglm_ui.session import Session
from autoglm_ui.view import drawer, notices, replies
from autoglm_ui.view.strings import Strings
from engine.media import decode_audio
from engine.protocol import (
    AssistantError,
    AudioHeard,
    AudioPart,
    Backend,
    DeviceMemory,
    Gate,
    ImagePart,
    ImageSeen,
    Insight,
    Perceived,
    Request,
)

#: Below these peaks and means of full scale a recording is silent, or hard to hear.
SILENT_PEAK = 1e-3
QUIET_MEAN = 10 ** (-50 / 20)

_COLUMNS = 240  # of a drawn waveform
_TURN_ON_CLICK = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-turn]');
  if (button) trigger('click', { turn: button.dataset.turn, reply: button.dataset.reply ?? '' });
});
"""


@dataclass(frozen=True)
class Inspector:
    """The button under the answer, and the drawer at the right."""

    button: gr.Button
    head: gr.HTML
    body: gr.HTML


def button(strings: Strings) -> gr.Button:
    return gr.Button(strings.inspector.open, elem_id="inspect", size="sm", visible=False)


def build(button: gr.Button) -> Inspector:
    """Place the drawer; call inside a `gr.Blocks`."""
    with gr.Column(elem_id="inspector", min_width=0):
        head = gr.HTML("", elem_id="inspector-head")
        body = gr.HTML("", elem_id="inspector-body", js_on_load=_TURN_ON_CLICK)
    return Inspector(button, head, body)


class InspectorHandlers:
    """What the drawer does. `session` finds the visitor's, `url` where the page finds a file."""

    def __init__(
        self,
        session: Callable[[Any, gr.Request], Session],
        strings: Callable[[Session], Strings],
        url: Callable[[ImagePart | AudioPart], str],
    ) -> None:
        self._session = session
        self._strings = strings
        self._url = url

    async def open(self, visitor: Any, request: gr.Request) -> AsyncGenerator[str, None]:
        """Show the newest turn."""
        async for shown in self._show(self._session(visitor, request), None, ""):
            yield shown

    async def turn(self, visitor: Any, request: gr.Request, event: gr.EventData) -> AsyncGenerator[str, None]:
        """Show another turn, or what another answer to it was made of."""
        session = self._session(visitor, request)
        async for shown in self._show(session, int(event.turn), str(event.reply)):
            yield shown

    async def _show(self, session: Session, turn: int | None, reply: str) -> AsyncGenerator[str, None]:
        """What is known of the turn at once, and more when the backend has looked.

        `reply` is the id of the answer to it; without one, that which counts.
        """
        strings, state = self._strings(session), session.conversation
        count = len(state.exchanges)
        number = count if turn is None else max(1, min(turn, count))
        if not count:
            yield f'<p class="hint">{escape(strings.inspector.nothing)}</p>'
            return
        exchange = state.exchanges[number - 1]
        given = replies.answered(exchange)
        chosen = next((each for each in given if each.id == reply), exchange.reply)
        head = _turns(number, count, strings) + _answers(number, given, chosen, strings)
        beside = chosen is not exchange.reply
        exchange = replace(exchange, reply=chosen)
        backend = _of(chosen, session) if beside else session.backend
        asked = self._asked(session, number, chosen, beside)
        looked = session.inspect(asked, backend) if asked is not None and backend is not None else None
        if looked is None:
            yield head + shown(exchange, None, self._url, strings)
            return
        looking = f'<p class="hint" role="status">{escape(strings.inspector.looking)}…</p>'
        yield head + looking + shown(exchange, None, self._url, strings, looking=True)
        try:
            insight = await asyncio.wrap_future(looked)
        except AssistantError as error:
            yield head + notices.about(error, strings) + shown(exchange, None, self._url, strings)
            return
        notes = "" if number == count and session.job else _hint(strings.inspector.rebuilt)
        if number < count and not beside:
            notes += _hint(strings.inspector.other_backend.format(name=session.backend.name))
        yield head + notes + shown(exchange, insight, self._url, strings)

    @staticmethod
    def _asked(session: Session, number: int, reply: Reply, beside: bool) -> Request | None:
        """What the backend was asked: to the letter for the newest turn, else made anew.

        None where without the media that were left out nothing was left.
        """
        state = session.conversation
        if not beside and number == len(state.exchanges) and session.job is not None:
            return session.job.request
        asked = conversation.turn(number - 1, state, session.options)
        for left in reply.without:
            if asked is not None:
                asked = conversation.without(left, asked)
        return asked


def _of(reply: Reply, session: Session) -> Backend | None:
    """What gave `reply`, where it still answers in this conversation."""
    both = (session.backend, session.beside.backend)
    # Two may have one name; what was asked again without a medium, the first was asked.
    for backend in both if reply.without else reversed(both):
        if backend is not None and _is_called(backend.name, reply.backend):
            return backend
    return None


def _is_called(name: str, then: str) -> bool:
    """Whether `name` was once `then`: an endpoint goes by its address until its model is known."""
    return name == then or name.endswith(f"@ {then}")


def head(strings: Strings) -> str:
    """The title, and the button that closes the drawer."""
    return drawer.head(strings.inspector.title, "inspector-close", strings.inspector.close)


def shown(
    exchange: Exchange,
    insight: Insight | None,
    url: Callable[[ImagePart | AudioPart], str],
    strings: Strings,
    looking: bool = False,
) -> str:
    """Everything known of one turn, section by section; `looking` says that more is to come."""
    words, reply = strings.inspector, exchange.reply
    perceived = (insight.perceived if insight else None) or reply.perceived or Perceived()
    insight = insight or Insight()
    remote = f'<p class="notice">{escape(words.remote)}</p>' if insight.sent else ""
    images, audios = exchange.user.images, exchange.user.audios
    seen = perceived.images[-len(images) :] if images else ()
    heard = perceived.audios[-len(audios) :] if audios else ()
    pictures = insight.pictures[-len(images) :] if images else ()
    mels = insight.mels[-len(audios) :] if audios else ()
    prompt = perceived.prompt
    return "".join(
        (
            remote,
            *(
                _picture(
                    part, _at(seen, index), _at(pictures, index), bool(insight.sent), looking, url, strings
                )
                for index, part in enumerate(images)
            ),
            *(
                _recording(part, _at(heard, index), _at(mels, index), url, strings)
                for index, part in enumerate(audios)
            ),
            _gates(insight.gates, strings),
            _times(reply, strings),
            _tokens(reply, perceived, strings),
            _memory(insight.memory, strings),
            _text(words.prompt, words.prompt_hint.format(count=perceived.prompt_tokens), prompt or ""),
            _text(words.sent, words.sent_hint, insight.sent),
        )
    )


# ------------------------------------------------------------------------------------ sections


def _turns(number: int, count: int, strings: Strings) -> str:
    words = strings.inspector
    if count < 2:
        return ""
    step = (
        '<button type="button" data-turn="{turn}" aria-label="{label}" title="{label}"{off}>{sign}</button>'
    )
    before = step.format(
        turn=number - 1, label=escape(words.earlier), off="" if number > 1 else " disabled", sign="‹"
    )
    after = step.format(
        turn=number + 1, label=escape(words.later), off="" if number < count else " disabled", sign="›"
    )
    told = escape(words.turn.format(number=number, count=count))
    return f'<div class="turns">{before}<span>{told}</span>{after}</div>'


def _answers(number: int, given: Sequence[Reply], chosen: Reply, strings: Strings) -> str:
    """The answers to the turn to choose from, where there are several."""
    if len(given) < 2:
        return ""
    buttons = "".join(
        f'<button type="button" class="tag" data-turn="{number}" data-reply="{escape(reply.id, quote=True)}"'
        f' aria-pressed="{str(reply is chosen).lower()}">{escape(replies.author(reply, strings))}</button>'
        for reply in given
    )
    label = escape(strings.inspector.whose, quote=True)
    return f'<div class="tags" role="group" aria-label="{label}">{buttons}</div>'


def _picture(
    part: ImagePart,
    seen: ImageSeen | None,
    received: bytes | None,
    remote: bool,
    looking: bool,
    url: Callable[[ImagePart | AudioPart], str],
    strings: Strings,
) -> str:
    words = strings.inspector
    original = _figure(url(part), words.original, words.size.format(width=part.width, height=part.height))
    if seen is None:
        return _section(words.pictures, f'<div class="pair">{original}</div>')
    size = words.size.format(width=seen.width, height=seen.height)
    if received is not None:
        pair = original + _figure(_data(received), words.received, size)
    elif remote or looking:
        pair = original
    else:
        pair = original + f'<p class="hint">{escape(words.not_shown.format(size=size))}</p>'
    left, top, right, bottom = seen.content_box
    facts = [words.untold if seen.tokens is None else words.image_tokens.format(count=seen.tokens)]
    if not remote and right > left and bottom > top:
        facts.append(
            words.mapping.format(
                x=f"{seen.original_width / (right - left):.2f}",
                y=f"{seen.original_height / (bottom - top):.2f}",
                # Not "-0": what arithmetic leaves of nothing.
                **{
                    name: f"{round(value, 1) + 0.0:g}"
                    for name, value in zip(_SIDES, seen.content_box, strict=True)
                },
            )
        )
    return _section(words.pictures, f'<div class="pair">{pair}</div>' + "".join(map(_hint, facts)))


_SIDES = ("left", "top", "right", "bottom")


def _recording(
    part: AudioPart,
    heard: AudioHeard | None,
    mel: bytes | None,
    url: Callable[[ImagePart | AudioPart], str],
    strings: Strings,
) -> str:
    words = strings.inspector
    try:
        samples = decode_audio(part)
    except AssistantError as error:
        return _section(words.sound, notices.about(error, strings))
    peak = float(np.abs(samples).max(initial=0.0))
    mean = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    warning = ""
    if peak < SILENT_PEAK:
        warning = words.silent
    elif mean < QUIET_MEAN:
        warning = words.quiet
    elif float(np.mean(np.abs(samples) > 0.999)) > 0.001:
        warning = words.clipped
    facts = [words.duration.format(seconds=f"{part.seconds:.1f}", rate=part.sample_rate)]
    if peak >= SILENT_PEAK:
        facts.append(words.level.format(peak=_decibels(peak), mean=_decibels(mean)))
    if heard is not None and heard.transcript is not None:
        facts.append(words.transcript.format(text=heard.transcript))
    if heard is not None and heard.mel_frames is not None:
        facts.append(words.mel_frames.format(frames=heard.mel_frames))
    if heard is not None and heard.tokens is not None:
        facts.append(words.audio_tokens.format(count=heard.tokens))
    picture = (
        f'<figure class="mel"><img src="{_data(mel)}" alt="{escape(words.mel, quote=True)}">'
        f"<figcaption>{escape(words.mel)}</figcaption></figure>"
        if mel is not None
        else ""
    )
    player = f'<audio controls preload="metadata" src="{escape(url(part), quote=True)}"></audio>'
    warned = f'<p class="notice" role="alert">{escape(warning)}</p>' if warning else ""
    return _section(
        words.sound,
        warned + waveform(samples, words.waveform) + player + "".join(map(_hint, facts)) + picture,
    )


def waveform(samples: np.ndarray, label: str) -> str:
    """float32 [samples] in [-1, 1] as an SVG: the loudest of each column, up and down."""
    columns = np.array_split(np.abs(samples), min(_COLUMNS, max(1, len(samples))))
    heights = [max(0.5, 48 * float(column.max(initial=0.0))) for column in columns]
    step = _COLUMNS / len(heights)
    path = "".join(
        f"M{(index + 0.5) * step:.1f} {50 - height:.1f}V{50 + height:.1f}"
        for index, height in enumerate(heights)
    )
    return (
        f'<svg class="waveform" viewBox="0 0 {_COLUMNS} 100" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label, quote=True)}"><path d="{path}"/></svg>'
    )


def _gates(gates: Sequence[Gate], strings: Strings) -> str:
    if not gates:
        return ""
    words = strings.inspector

    def bar(kind: str, name: str, value: float | None) -> str:
        if value is None:
            return ""
        return (
            f'<span class="gate {kind}"><i style="--open: {value:.4f}"></i>'
            f"<b>{escape(name)} {100 * value:.1f} %</b></span>"
        )

    rows = "".join(
        f"<div><dt>{escape(words.layer.format(number=gate.layer + 1))}</dt>"
        f"<dd>{bar('picture', words.image, gate.image)}{bar('sound', words.audio, gate.audio)}</dd></div>"
        for gate in gates
    )
    return _section(words.gates, _hint(words.gates_hint) + f'<dl class="gates">{rows}</dl>')


def _times(reply: Reply, strings: Strings) -> str:
    words, times = strings.inspector, reply.timings
    thinking, first = reply.thinking_seconds, times.first_token
    answered = None
    if times.total is not None and first is not None:
        answered = max(0.0, times.total - first - (thinking or 0.0))
    rows = [
        (words.queued, times.queued),
        (words.prefill, times.prefill),
        (words.first_token, first if first is not None else reply.first_token),
        (words.thinking, thinking),
        (words.answer, answered),
        (words.total, times.total),
    ]
    shown = [
        (name, words.seconds.format(seconds=f"{value:.2f}")) for name, value in rows if value is not None
    ]
    if times.tokens_per_second is not None:
        shown.append((words.speed, f"{times.tokens_per_second:.1f}"))
    return _facts(words.times, shown)


def _tokens(reply: Reply, perceived: Perceived, strings: Strings) -> str:
    words, usage = strings.inspector, reply.usage
    prompt = usage.prompt_tokens if usage.prompt_tokens is not None else perceived.prompt_tokens
    rows = [
        (words.prompt_tokens, prompt),
        (words.pictures, usage.image_tokens or None),
        (words.sound, usage.audio_tokens or None),
        (words.reasoning_tokens, usage.reasoning_tokens),
        (words.answer_tokens, usage.answer_tokens),
    ]
    return _facts(words.tokens, [(name, f"{value:,}") for name, value in rows if value is not None])


def _memory(memory: Sequence[DeviceMemory], strings: Strings) -> str:
    words = strings.inspector

    def told(one: DeviceMemory) -> str:
        used = f"{one.used_bytes / 1e9:.2f}"
        if one.total_bytes is None:
            return f"{used} GB"
        return words.memory_of.format(used=used, total=f"{one.total_bytes / 1e9:.1f}")

    return _facts(words.memory, [(one.device, told(one)) for one in memory])


def _text(title: str, hint: str, text: str) -> str:
    if not text:
        return ""
    return (
        f"<details open><summary><h3>{escape(title)}</h3></summary>{_hint(hint)}"
        f'<pre tabindex="0">{escape(text)}</pre></details>'
    )


# -------------------------------------------------------------------------------------- pieces


def _facts(title: str, rows: Iterable[tuple[str, str]]) -> str:
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return _section(title, f'<dl class="facts">{shown}</dl>') if shown else ""


def _section(title: str, inside: str) -> str:
    return f"<section><h3>{escape(title)}</h3>{inside}</section>"


def _figure(source: str, caption: str, size: str) -> str:
    return (
        f'<figure><img src="{escape(source, quote=True)}" alt="{escape(caption, quote=True)}">'
        f"<figcaption><b>{escape(caption)}</b> {escape(size)}</figcaption></figure>"
    )


def _hint(text: str) -> str:
    return f'<p class="hint">{escape(text)}</p>'


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _decibels(level: float) -> str:
    return f"{20 * np.log10(max(level, 1e-6)):.0f}"


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None
