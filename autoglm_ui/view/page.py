"""The page as a whole: widgets, what they do, and how it is served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from autoglm_ui.recorder import Recorder
from autoglm_ui.sessions import Sessions
from autoglm_ui.settings import Settings
from autoglm_ui.store import MediaFolder, Shelf
from autoglm_ui.view import layout, phone
from autoglm_ui.view.comparing import CompareHandlers
from autoglm_ui.view.doctor import DoctorHandlers
from autoglm_ui.view.handlers import Handlers
from autoglm_ui.view.history import HistoryHandlers
from autoglm_ui.view.inspector import InspectorHandlers
from autoglm_ui.view.layout import Page
from autoglm_ui.view.microphone import MicrophoneHandlers, MicrophoneWidgets
from autoglm_ui.view.phone import PhoneHandlers
from autoglm_ui.view.reviewing import ReviewHandlers
from autoglm_ui.view.security import FullDisk, SecurityHeaders, TrustedHosts
from autoglm_ui.view.sign_in import Door, SignIn, user
from autoglm_ui.view.strings import LANGUAGES
from autoglm_ui.view.theme import ICON, script, style, theme

#: Uploads are copied into the media folder once they are checked; Gradio's own copies go after this
#: many seconds.
_UPLOAD_AGE = 3600

#: Seconds between two looks of Gradio's queue for work; a click waits half of it on average.
_QUEUE_PAUSE = 0.01

_THIS_TAB = "(visitor) => window.autoglmPage.thisTab(visitor)"
_SHOWN = "(visitor, text) => window.autoglmPage.shown(visitor, text)"
_SAVE = "(file) => window.autoglmPage.download(file)"
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_KEEP_DRAFT = "(draft, accepted) => window.autoglmPage.takeSent(draft, accepted)"
_RESTORE_DRAFT = "(draft) => window.autoglmPage.restoreDraft(draft)"


def build(
    sessions: Sessions, media: MediaFolder, settings: Settings, shelf: Shelf, recorder: Recorder
) -> gr.Blocks:
    """The page; serve it with `launch_arguments`."""
    # Served where they are: copies of them would need room on a disk that may be full.
    gr.set_static_paths(media.path)
    with gr.Blocks(
        title="AutoGLM",
        analytics_enabled=False,
        fill_width=True,
        fill_height=True,
        delete_cache=(_UPLOAD_AGE, _UPLOAD_AGE),
    ) as demo:
        adb = phone.available(settings)
        page = layout.build(settings, LANGUAGES[settings.lang or "en"], with_phone=adb is not None)
        handlers = Handlers(page, sessions, media, settings, shelf)
        microphone = _microphone(page, handlers, settings, recorder)
        _connect(demo, page, handlers, HistoryHandlers(page, handlers, sessions, shelf), microphone)
        CompareHandlers(page, handlers, sessions, shelf).connect(_shown(page))
        if adb is not None and page.phone is not None:
            by_phone = PhoneHandlers(page.phone, handlers, adb, everyone=bool(settings.phone))
            by_phone.connect(page.visitor, [page.tray, page.notice])
        _connect_review(page, ReviewHandlers(page, handlers, shelf, media))
    # Every visitor's reply is followed at once; what runs at once is for the backend to say.
    demo.queue(default_concurrency_limit=None)
    _spare(demo, page.accepted)
    return demo


def _spare(demo: gr.Blocks, idle: gr.Textbox) -> None:
    """Take from Gradio the work that nobody sees; `idle` is a component that holds next to nothing."""
    # Whenever any event takes a step, its page copies all that is held by each component on which progress
    # would be shown: every output there is, the whole conversation among them, unless one is named.
    for event in demo.fns.values():
        event.show_progress_on = [idle]
    # Its queue looks for work a thousand times a second, which is five hundredths of a core for nothing.
    demo._queue.sleep_when_free = _QUEUE_PAUSE


def launch_arguments(
    media: MediaFolder, settings: Settings, door: Door | None = None, routes: Sequence[BaseRoute] = ()
) -> dict[str, Any]:
    """Arguments of `gr.Blocks.launch` that do not depend on the port. With a `door`, visitors sign in.

    `routes` are served beside the page and before Gradio's own, from the first connection on.
    """
    return {
        "auth_dependency": user if door else None,
        "server_name": settings.host,
        "prevent_thread_lock": True,
        "quiet": True,
        "show_error": False,
        "share": settings.share,
        "run_history": False,
        "footer_links": [],
        "ssr_mode": False,
        "mcp_server": False,
        "pwa": True,
        "enable_monitoring": False,
        "allowed_paths": [str(media.path)],
        "max_file_size": settings.max_upload_mb * 2**20,
        "app_kwargs": {
            "docs_url": None,
            "redoc_url": None,
            "routes": list(routes),
            "middleware": [
                Middleware(TrustedHosts, names=_names(settings)),
                Middleware(SecurityHeaders),
                *([Middleware(SignIn, door=door)] if door else []),
                Middleware(FullDisk),
            ],
        },
        "favicon_path": ICON,
        "theme": theme(),
        "head": _head(),
    }


def _names(settings: Settings) -> tuple[str, ...]:
    """Host names that the page answers to."""
    return (settings.host, *settings.allowed_hosts, *(["*.gradio.live"] if settings.share else []))


def _head() -> str:
    """Style and script of our own. Not by Gradio's `css`: it puts its own classes before each selector,
    so that rules for the root of the page would never match."""
    return f"<style>{style()}</style><script>{script()}</script>"


def _microphone(page: Page, handlers: Handlers, settings: Settings, recorder: Recorder) -> MicrophoneHandlers:
    widgets = MicrophoneWidgets(
        page.visitor, page.machine, page.machine_level, page.tray, page.notice, page.panel.microphone
    )
    return MicrophoneHandlers(
        recorder,
        settings.lends_microphone,
        handlers.session,
        handlers.strings,
        handlers.tray,
        widgets,
    )


def _connect_microphone(page: Page, microphone: MicrophoneHandlers, booted: Any, relabelled: Any) -> None:
    visitor, chosen = page.visitor, page.panel.microphone
    recorded = [page.machine_level, page.tray, page.notice]
    for labelled in (booted, relabelled):
        labelled.then(microphone.arrive, [visitor], [page.machine, chosen], **_QUIET)
    booted.then(microphone.resume, [visitor], recorded, **_QUIET)
    # The end is clicked while the recording is still being shown.
    page.machine.click(microphone.act, [visitor], recorded, trigger_mode="multiple", **_QUIET)
    chosen.input(microphone.choose, [chosen, visitor], [visitor, page.machine], **_QUIET)


def _shown(page: Page) -> list[Any]:
    """What `Handlers.conversation` brings up to date."""
    return [
        page.welcome, page.earlier, page.history, page.live, page.failure, page.copy, page.retry, page.send,
        page.stop, page.status, page.rail.entries, page.review.rating,
        page.inspector.button, *page.compare.shown,
    ]  # fmt: skip


def _connect(
    demo: gr.Blocks,
    page: Page,
    handlers: Handlers,
    history: HistoryHandlers,
    microphone: MicrophoneHandlers,
) -> None:
    quiet = _QUIET
    panel = page.panel
    shown = _shown(page)
    labelled: list[Any] = [
        page.new, page.settings_button, page.words, page.greeting, page.examples, page.text,
        page.attach, page.record, panel.title, panel.language, panel.kind, panel.checkpoint, panel.base_url,
        panel.api_key, panel.remote_model, panel.use, panel.said, panel.locked, panel.thinking,
        panel.temperature,
        panel.max_tokens, page.rail.toggle, page.rail.title, page.rail.search, page.rail.export,
        page.rail.upload, page.inspector.head,
        panel.doctor.group, panel.doctor.preset, panel.doctor.check, panel.aloud, panel.account,
        *page.compare.panel.labelled,
    ]  # fmt: skip
    visitor = page.visitor
    #: Outputs of what lets the page show another conversation.
    whole: list[Any] = [visitor, page.tray, page.notice, *shown]

    def follow(started: Any) -> None:
        """After what begins a reply: stream it, and show the rest when it is settled."""
        # The text first: events are sent in this order.
        tailed = started.then(handlers.tail, [visitor], [page.live], **quiet)
        tailed.then(handlers.settle, [visitor], shown, **quiet)
        started.then(handlers.watch, [visitor], [page.status], **quiet)

    def arrive(shown: Any) -> None:
        """After what may show another conversation: this tab remembers it, and its draft is put in."""
        shown.then(None, [visitor, page.text], [page.text], js=_SHOWN)

    demo.load(None, outputs=[panel.aloud], js="() => window.autoglmVoice.wantsAloud()")
    panel.aloud.input(None, [panel.aloud], js="(wanted) => window.autoglmVoice.aloud(wanted)")
    demo.load(None, js=_RESTORE_DRAFT, inputs=[page.text], outputs=[page.text])
    booted = demo.load(handlers.boot, [visitor], [*whole, *labelled], js=_THIS_TAB, **quiet)
    arrive(booted)
    follow(booted)

    sent = gr.on(
        [page.send.click, page.text.submit],
        handlers.send,
        [page.text, visitor],
        [page.notice, page.accepted, page.tray, *shown],
        **quiet,
    )
    sent.then(None, [page.text, page.accepted], [page.text, page.accepted], js=_KEEP_DRAFT)
    follow(sent)
    follow(page.retry.click(handlers.retry, [visitor], [page.notice, *shown], **quiet))
    follow(page.examples.click(handlers.example, [visitor], [page.notice, *shown], **quiet))
    page.copy.click(None, [page.live], None, js="(messages) => window.autoglmPage.copy(messages)")
    page.stop.click(handlers.stop, [visitor], shown, **quiet)
    page.earlier.click(handlers.earlier, [visitor], shown, **quiet)
    arrive(page.new.click(handlers.new, [visitor], whole, **quiet))
    inspecting = InspectorHandlers(handlers.session, handlers.strings, handlers.url)
    page.inspector.button.click(inspecting.open, [visitor], [page.inspector.body], **quiet)
    page.inspector.body.click(inspecting.turn, [visitor], [page.inspector.body], **quiet)
    _connect_rail(page, whole, history, arrive, follow)

    page.attach.upload(
        handlers.attach, [page.attach, visitor], [page.tray, page.notice, page.attach], **quiet
    )
    page.record.stop_recording(
        handlers.record,
        [page.record, visitor],
        [page.tray, page.notice, page.record],
        js="(recording, visitor) => window.autoglmVoice.taken(recording, visitor)",
        **quiet,
    )
    page.tray.click(handlers.detach, [visitor], [page.tray], **quiet)

    relabelled = panel.language.input(
        handlers.language,
        [panel.language, visitor],
        [*whole, *labelled],
        **quiet,
    )
    _connect_microphone(page, microphone, booted, relabelled)
    page.settings_button.click(handlers.meter, [visitor], [panel.meter], **quiet)
    relabelled.then(handlers.meter, [visitor], [panel.meter], **quiet)
    options = [panel.thinking, panel.temperature, panel.max_tokens]
    for option in (panel.thinking.input, panel.temperature.release, panel.max_tokens.release):
        option(handlers.options, [*options, visitor], [page.notice, visitor], **quiet)
    fields = [panel.checkpoint, panel.base_url, panel.api_key, panel.remote_model]
    doctor = panel.doctor
    panel.kind.input(
        handlers.backend_fields, [panel.kind], [panel.said, *fields, doctor.preset, doctor.group], **quiet
    )
    doctor.preset.input(None, [doctor.preset], [panel.base_url], js="(url) => url")
    checking = DoctorHandlers(handlers.session, handlers.strings, handlers.backend_locked)
    doctor.check.click(
        checking.check,
        [panel.base_url, panel.api_key, panel.remote_model, visitor],
        [doctor.report, panel.base_url, panel.remote_model],
        **quiet,
    )
    chosen = gr.on(
        [panel.use.click, *(field.submit for field in fields)],
        handlers.choose,
        [panel.kind, *fields, visitor],
        [panel.said, panel.api_key, page.status, visitor],
        **quiet,
    )
    chosen.then(handlers.watch, [visitor], [page.status], **quiet)


def _connect_review(page: Page, review: ReviewHandlers) -> None:
    panel, download = page.review, page.rail.download
    for thumbs_or_sheet in (panel.rating, panel.sheet):
        # A comment is kept on the way to the next answer: neither click may be dropped for the other.
        acted = thumbs_or_sheet.click(
            review.act,
            [page.visitor],
            [panel.rating, panel.sheet, download],
            trigger_mode="multiple",
            **_QUIET,
        )
        acted.then(None, [download], None, js=_SAVE)


def _connect_rail(
    page: Page,
    whole: list[Any],
    history: HistoryHandlers,
    arrive: Callable[[Any], None],
    follow: Callable[[Any], None],
) -> None:
    rail, visitor, quiet = page.rail, page.visitor, _QUIET
    for list_or_words in (rail.entries, rail.toast):
        acted = list_or_words.click(history.act, [visitor], [*whole, rail.toast, rail.download], **quiet)
        acted.then(None, [rail.download], None, js=_SAVE)
        arrive(acted)
        follow(acted)
    rail.search.change(
        history.search, [rail.search, visitor], [rail.entries], trigger_mode="always_last", **quiet
    )
    exported = rail.export.click(
        history.export_all, [visitor], [rail.download, rail.toast, page.notice], **quiet
    )
    exported.then(None, [rail.download], None, js=_SAVE)
    arrive(
        rail.upload.upload(history.take, [rail.upload, visitor], [*whole, rail.toast, rail.upload], **quiet)
    )
