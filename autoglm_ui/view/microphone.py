"""Recording with the microphone of this machine, for who sits at it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from html import escape
from math import log10
from typing import Any

import gradio as gr

from autoglm_ui.recorder import MicrophoneUnusable, Recorder, Recording
from autoglm_ui.session import Session
from autoglm_ui.view import notices
from autoglm_ui.view.security import on_this_machine
from autoglm_ui.view.strings import Strings
from engine.media import decode_audio
from engine.protocol import AssistantError, AudioPart

#: Seconds between two looks at the level.
INTERVAL = 0.1

#: Seconds after which a recording ends that no page shows any more.
UNSEEN = 5.0

#: Of the choice of microphones: the browser's own.
BROWSER = ""

_ON_CLICK = "window.autoglmVoice.machine(element, trigger);"

Updates = dict[Any, Any]


def button() -> gr.HTML:
    """Start, stop and cancel; the page's style shows what the state allows."""
    return gr.HTML("", elem_id="machine-record", js_on_load=_ON_CLICK)


def level() -> gr.HTML:
    """Time and level of the recording under way; empty while there is none."""
    return gr.HTML("", elem_id="machine-level")


def choice() -> gr.Dropdown:
    """Of microphones."""
    return gr.Dropdown([], elem_id="microphone", filterable=False, visible=False)


def controls(offered: bool, chosen: bool, strings: Strings) -> str:
    """The buttons. `offered`: the visitor sits at this machine; `chosen`: they want its microphone."""
    words = strings.voice
    state = "chosen" if chosen else "offered" if offered else "none"
    record, stop = escape(words.machine_record, quote=True), escape(words.machine_stop, quote=True)
    cancel = escape(words.cancel, quote=True)
    return (
        f'<span data-machine="{state}" hidden></span>'
        f'<button type="button" class="start" data-recording="start" aria-label="{record}" title="{record}">'
        f'</button><button type="button" class="stop" data-recording="stop" aria-label="{stop}"'
        f' title="{stop}"></button><button type="button" class="cancel" data-recording="cancel"'
        f' aria-label="{cancel}" title="{cancel}"></button>'
    )


def shown(recording: Recording) -> str:
    """Time and level as HTML; the level in decibels from -60 to 0."""
    seconds = int(recording.seconds)
    height = max(0.0, min(1.0, 1 + log10(recording.level + 1e-6) / 3))
    return (
        f'<span class="recording" style="--level: {height:.2f}"><time>{seconds // 60}:{seconds % 60:02d}'
        '</time><i class="meter" aria-hidden="true"></i></span>'
    )


def silent(audio: AudioPart) -> bool:
    """No sample above a thousandth of full scale: below the noise of any microphone that is on."""
    return float(abs(decode_audio(audio)).max(initial=0.0)) < 1e-3


@dataclass(frozen=True)
class MicrophoneWidgets:
    """What the handlers change."""

    visitor: gr.BrowserState
    button: gr.HTML
    level: gr.HTML
    tray: gr.HTML
    notice: gr.HTML
    choice: gr.Dropdown


class MicrophoneHandlers:
    """What the buttons do. `allowed`: whether the program lends its microphone at all."""

    def __init__(
        self,
        recorder: Recorder,
        allowed: bool,
        session: Callable[[Any, gr.Request], Session],
        strings: Callable[[Session], Strings],
        tray: Callable[[Session], str],
        widgets: MicrophoneWidgets,
    ) -> None:
        self._recorder = recorder
        self._allowed = allowed
        self._session = session
        self._strings = strings
        self._tray = tray
        self._widgets = widgets
        self._under_way: dict[str, _Kept] = {}  # by owner: they may have gone on to another conversation

    def offered(self, request: gr.Request) -> bool:
        """Whether the visitor may record with this machine's microphone: who sits elsewhere may not."""
        return self._allowed and on_this_machine(request)

    def names(self, request: gr.Request) -> tuple[str, ...]:
        """The microphones that the visitor may choose."""
        if not self.offered(request):
            return ()
        try:
            return self._recorder.microphones()
        except MicrophoneUnusable:
            return ()

    def arrive(self, visitor: Any, request: gr.Request) -> Updates:
        """What a page offers that was opened, or whose language was changed."""
        strings = self._strings(self._session(visitor, request))
        names, words = self.names(request), strings.voice
        chosen = (visitor or {}).get("microphone") or BROWSER
        value = chosen if chosen in names else BROWSER
        return {
            self._widgets.button: controls(self.offered(request), value != BROWSER, strings),
            self._widgets.choice: gr.update(
                label=words.microphone,
                info=words.microphone_hint,
                choices=[(words.browsers, BROWSER), *((name, name) for name in names)],
                value=value,
                visible=bool(names),
            ),
        }

    def choose(self, name: str, visitor: Any, request: gr.Request) -> Updates:
        """Record with the microphone `name` from now on, or with the browser's."""
        strings = self._strings(self._session(visitor, request))
        return {
            self._widgets.visitor: {**(visitor or {}), "microphone": name},
            self._widgets.button: controls(self.offered(request), name != BROWSER, strings),
        }

    async def act(self, visitor: Any, request: gr.Request, event: gr.EventData) -> AsyncGenerator[Any, None]:
        """Begin, end or forget a recording; the one that begins it shows it until it is attached."""
        session = await asyncio.to_thread(self._session, visitor, request)
        strings = self._strings(session)
        kept = self._under_way.get(session.owner)
        if event.action != "start":
            if kept and event.action == "stop":
                kept.recording.stop()
            elif kept:
                kept.recording.cancel()
            yield gr.skip()
            return
        if not self.offered(request):
            yield {self._widgets.notice: notices.plain(strings.voice.elsewhere)}
            return
        try:
            recording = await asyncio.to_thread(self._recorder.start, (visitor or {}).get("microphone") or "")
        except MicrophoneUnusable as error:
            yield {self._widgets.notice: problem(error, strings)}
            return
        kept = self._under_way[session.owner] = _Kept(recording, session, self._under_way)
        kept.begin()
        yield {self._widgets.notice: "", self._widgets.level: shown(recording)}
        async for updates in self._follow(kept, visitor, request):
            yield updates

    async def resume(self, visitor: Any, request: gr.Request) -> AsyncGenerator[Any, None]:
        """Show the recording under way in a page that was loaded anew."""
        session = await asyncio.to_thread(self._session, visitor, request)
        kept = self._under_way.get(session.owner)
        if kept is None or kept.session is not session:
            yield gr.skip()
            return
        async for updates in self._follow(kept, visitor, request):
            yield updates

    async def _follow(self, kept: _Kept, visitor: Any, request: gr.Request) -> AsyncGenerator[Any, None]:
        """Show a recording until it is attached; one that is over already is told of, too.

        It ends when its page goes on to another conversation, and stays in its own.
        """
        session = kept.session
        while not kept.done.is_set():
            kept.seen = time.monotonic()
            yield {self._widgets.level: shown(kept.recording)}
            await asyncio.sleep(INTERVAL)
            session = await asyncio.to_thread(self._session, visitor, request)
            if session is not kept.session:
                kept.recording.stop()
                break
        await asyncio.to_thread(kept.done.wait)
        strings = self._strings(session)
        told = ""
        if session is not kept.session and kept.part is not None:
            told = notices.plain(strings.voice.left_behind)
        elif kept.problem is not None:
            told = problem(kept.problem, strings)
        elif kept.part is not None and silent(kept.part):
            told = notices.plain(strings.voice.machine_silent.format(name=kept.recording.name))
        yield {self._widgets.level: "", self._widgets.tray: self._tray(session), self._widgets.notice: told}


class _Kept:
    """A recording that is attached when it is over, whether or not the page is still there."""

    def __init__(self, recording: Recording, session: Session, under_way: dict[str, _Kept]) -> None:
        self.recording = recording
        self.seen = time.monotonic()
        self.done = threading.Event()
        self.part: AudioPart | None = None
        self.problem: AssistantError | None = None
        self.session = session
        self._under_way = under_way

    def begin(self) -> None:
        threading.Thread(target=self._keep, name="recording", daemon=True).start()

    def _keep(self) -> None:
        while not self.recording.over:
            time.sleep(0.02)
            if time.monotonic() - self.seen > UNSEEN:
                self.recording.stop()
        try:
            if not self.recording.cancelled:
                self.part = self.recording.finish()
                self.session.attach(self.part, recorded=True)
        except AssistantError as error:
            self.problem = error
        finally:
            if self._under_way.get(self.session.owner) is self:
                del self._under_way[self.session.owner]
            self.done.set()


def problem(error: AssistantError, strings: Strings) -> str:
    """Why there is no recording, and what to do."""
    if not isinstance(error, MicrophoneUnusable):
        return notices.about(error, strings)
    sentence = strings.voice.problems[error.problem]
    return notices.plain(f"{sentence} ({error.detail})" if error.detail else sentence)
