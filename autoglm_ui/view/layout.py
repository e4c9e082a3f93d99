"""The widgets of the page and where they stand. What they do is in handlers.py."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from autoglm_ui.settings import Settings
from autoglm_ui.view import compare as compare_view
from autoglm_ui.view import doctor as doctor_view
from autoglm_ui.view import inspector as inspector_view
from autoglm_ui.view import microphone as microphone_view
from autoglm_ui.view import phone as phone_view
from autoglm_ui.view import rail as rail_view
from autoglm_ui.view import review as review_view
from autoglm_ui.view.compare import Compare
from autoglm_ui.view.doctor import DoctorPanel
from autoglm_ui.view.inspector import Inspector
from autoglm_ui.view.phone import PhoneWidgets
from autoglm_ui.view.rail import Rail
from autoglm_ui.view.review import ReviewPanel
from autoglm_ui.view.strings import Strings

# Not secret: it only has to be the same after a restart, or every browser would forget its session.
# What protects a session is that its id cannot be guessed.
_STORAGE_SECRET = "autoglm-ui"

_LATEX = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]

_ASK_ON_CLICK = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-example]');
  if (button) trigger('click', { name: button.dataset.example });
});
"""

_TELL_ON_CLICK = "element.addEventListener('click', () => trigger('click', {}));"

_REMOVE_ON_CLICK = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-remove]');
  if (button) trigger('click', { id: button.dataset.remove });
});
"""


@dataclass(frozen=True)
class Page:
    """Every widget that a handler reads or changes."""

    visitor: gr.BrowserState
    new: gr.Button
    settings_button: gr.HTML
    welcome: gr.Column
    greeting: gr.HTML
    examples: gr.HTML
    earlier: gr.Button
    history: gr.Chatbot
    live: gr.Chatbot
    failure: gr.HTML
    copy: gr.Button
    retry: gr.Button
    notice: gr.HTML
    words: gr.HTML
    tray: gr.HTML
    text: gr.Textbox
    accepted: gr.Textbox
    attach: gr.UploadButton
    record: gr.Audio
    machine: gr.HTML
    machine_level: gr.HTML
    send: gr.Button
    stop: gr.Button
    status: gr.HTML
    panel: SettingsPanel
    rail: Rail
    review: ReviewPanel
    inspector: Inspector
    compare: Compare
    phone: PhoneWidgets | None


@dataclass(frozen=True)
class SettingsPanel:
    """The drawer at the right."""

    title: gr.HTML
    language: gr.Radio
    kind: gr.Radio
    checkpoint: gr.Textbox
    base_url: gr.Textbox
    api_key: gr.Textbox
    remote_model: gr.Textbox
    use: gr.Button
    said: gr.HTML
    locked: gr.HTML
    thinking: gr.Checkbox
    temperature: gr.Slider
    max_tokens: gr.Slider
    doctor: DoctorPanel
    aloud: gr.Checkbox
    microphone: gr.Dropdown
    account: gr.HTML
    meter: gr.HTML


def build(settings: Settings, strings: Strings, with_phone: bool = False) -> Page:
    """Place every widget, those of the phone where it can be used; call inside a `gr.Blocks`."""
    visitor = gr.BrowserState(None, storage_key="autoglm-visitor", secret=_STORAGE_SECRET)
    with gr.Row(elem_id="header"):
        rail_toggle = rail_view.toggle()
        gr.HTML(_BRAND, elem_id="brand")
        new = gr.Button(strings.new, elem_id="new", elem_classes="icon-button", size="sm")
        second = compare_view.panel(settings.backend_locked)
        with gr.Column(elem_id="settings", min_width=0, scale=0):
            settings_button = gr.HTML("", elem_id="settings-open", js_on_load=_TELL_ON_CLICK)
            panel = _settings_panel(settings, strings)
    with gr.Column(elem_id="scroll"), gr.Column(elem_id="conversation"):
        with gr.Column(elem_id="welcome") as welcome:
            greeting = gr.HTML("", elem_id="greeting")
            examples = gr.HTML("", elem_id="examples", js_on_load=_ASK_ON_CLICK)
        earlier = gr.Button(strings.earlier, elem_id="earlier", size="sm", visible=False)
        history = _chatbot("history")
        heads = compare_view.heads()
        with gr.Row(elem_id="pair"):
            with gr.Column(elem_id="first", min_width=0):
                live = _chatbot("live")
                with gr.Row(elem_id="turn"):
                    failure = gr.HTML("", elem_id="failure", visible=False)
                    copy = gr.Button(strings.copy, elem_id="copy", size="sm", visible=False)
                    retry = gr.Button(strings.retry, elem_id="retry", size="sm", visible=False)
                    again = compare_view.again()
                    inspect = inspector_view.button(strings)
                    rating = review_view.rating()
            columns = compare_view.second(heads, _chatbot)
        verdict = compare_view.verdict()
    with gr.Column(elem_id="dock"):
        toast = rail_view.toast()
        progress = compare_view.progress()
        notice = gr.HTML("", elem_id="notice")
        words = gr.HTML("", elem_id="words")
        phone_step = phone_view.step() if with_phone else None
        with gr.Column(elem_id="composer"):
            tray = gr.HTML("", elem_id="tray", js_on_load=_REMOVE_ON_CLICK)
            text = gr.Textbox(
                lines=1,
                max_lines=8,
                show_label=False,
                label=strings.message,
                container=False,
                autofocus=True,
                elem_id="text",
            )
            with gr.Row(elem_id="tools"):
                attach = gr.UploadButton(
                    strings.attach,
                    file_count="multiple",
                    elem_id="attach",
                    elem_classes="icon-button",
                    size="sm",
                )
                record = gr.Audio(
                    sources=["microphone"],
                    type="filepath",
                    format="wav",
                    label=strings.record,
                    show_label=False,
                    container=False,
                    editable=False,
                    buttons=[],
                    waveform_options=gr.WaveformOptions(sample_rate=16_000, show_recording_waveform=False),
                    elem_id="record",
                )
                machine = microphone_view.button()
                machine_level = microphone_view.level()
                phone_button = phone_view.button() if with_phone else None
                send = gr.Button(strings.send, elem_id="send", variant="primary", size="sm")
                stop = gr.Button(strings.stop, elem_id="stop", size="sm", visible=False)
        status = gr.HTML("", elem_id="status")
        accepted = gr.Textbox(visible="hidden", elem_id="accepted", show_label=False)
    rail = rail_view.build(rail_toggle, toast)
    review = review_view.build(rating)
    inspector = inspector_view.build(inspect)
    phone = PhoneWidgets(phone_button, phone_step) if phone_button and phone_step else None
    compare = compare_view.build(second, columns, verdict, again, progress)
    return Page(
        visitor, new, settings_button, welcome, greeting, examples, earlier, history, live, failure, copy,
        retry, notice, words, tray, text, accepted, attach, record, machine, machine_level,
        send, stop, status, panel, rail, review, inspector,
        compare, phone,
    )  # fmt: skip


def _chatbot(elem_id: str) -> gr.Chatbot:
    return gr.Chatbot(
        [],
        elem_id=elem_id,
        elem_classes="chat",
        show_label=False,
        container=False,
        height=None,
        layout="bubble",
        buttons=["copy"],
        autoscroll=False,
        sanitize_html=True,
        latex_delimiters=_LATEX,
        feedback_options=None,
        placeholder="",
    )


def _settings_panel(settings: Settings, strings: Strings) -> SettingsPanel:
    with gr.Column(elem_id="panel"):
        title = gr.HTML("", elem_id="panel-title")
        language = gr.Radio([("中文", "zh"), ("English", "en")], value=strings.code, elem_id="language")
        kind = gr.Radio([], elem_id="backend-kind", visible=not settings.backend_locked)
        checkpoint = gr.Textbox(elem_id="checkpoint", visible=False, max_lines=1)
        preset = doctor_view.presets()
        base_url = gr.Textbox(elem_id="base-url", visible=False, max_lines=1)
        api_key = gr.Textbox(elem_id="api-key", type="password", visible=False, max_lines=1)
        remote_model = gr.Textbox(elem_id="remote-model", visible=False, max_lines=1)
        doctor = doctor_view.build(preset)
        use = gr.Button(
            strings.use, elem_id="use", variant="primary", size="sm", visible=not settings.backend_locked
        )
        said = gr.HTML("", elem_id="use-said")
        locked = gr.HTML("", elem_id="locked", visible=settings.backend_locked)
        thinking = gr.Checkbox(True, elem_id="thinking")
        aloud = gr.Checkbox(False, elem_id="aloud")
        microphone = microphone_view.choice()
        temperature = gr.Slider(0.0, 2.0, value=0.0, step=0.1, buttons=[], elem_id="temperature")
        max_tokens = gr.Slider(16, 4096, value=512, step=16, buttons=[], elem_id="max-tokens")
        meter = gr.HTML("", elem_id="meter")
        account = gr.HTML("", elem_id="account", visible=settings.auth is not None)
    return SettingsPanel(
        title, language, kind, checkpoint, base_url, api_key, remote_model, use, said, locked, thinking,
        temperature, max_tokens, doctor, aloud, microphone, account, meter,
    )  # fmt: skip


_BRAND = """
<div class="brand">
<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="6" y="2.5" width="12" height="19" rx="3"/>
<circle cx="12" cy="11" r="3.2"/><path d="M10 18.6h4"/></svg>
<h1>AutoGLM</h1></div>
"""
