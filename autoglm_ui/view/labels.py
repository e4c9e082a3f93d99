"""The page's words in the visitor's language, and the visitor's own choices, put on the widgets."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from autoglm_ui.recorder import LONGEST
from autoglm_ui.session import Session
from autoglm_ui.store import MediaFolder
from autoglm_ui.view import compare, doctor, drawer, inspector, keys, rail
from autoglm_ui.view.examples import cards
from autoglm_ui.view.layout import Page
from autoglm_ui.view.sign_in import signed_in, signed_out
from autoglm_ui.view.strings import Strings


def of(
    page: Page, session: Session, media: MediaFolder, strings: Strings, max_upload_mb: int
) -> dict[Any, Any]:
    """Updates of everything that has words, less what comes and goes with the talk.

    Words only: a field keeps what was typed into it, which nobody else knows yet.
    """
    return {
        page.new: gr.update(value=strings.new),
        page.settings_button: _settings_button(strings),
        page.words: (signed_out(session.user, strings) if session.user else "")
        + _words(strings, max_upload_mb),
        page.greeting: _greeting(strings),
        page.text: gr.update(label=strings.message, placeholder=strings.placeholder),
        page.attach: gr.update(label=strings.attach),
        page.record: gr.update(label=strings.record),
        page.examples: cards(media, strings),
        page.inspector.head: inspector.head(strings),
        page.rail.toggle: rail.toggle_button(strings),
        page.rail.title: rail.head(strings),
        page.rail.search: gr.update(label=strings.history.search, placeholder=strings.history.search),
        page.rail.export: gr.update(value=strings.history.export_all),
        page.rail.upload: gr.update(label=strings.history.import_file),
        **_panel(page, session, strings),
        **compare.labels(page.compare.panel, session, strings),
    }


def chosen(page: Page, session: Session) -> dict[Any, dict[str, Any]]:
    """Updates of everything that shows a choice, for a page that was just opened."""
    panel, choice, options = page.panel, session.choice, session.options
    to_choose = page.panel.kind.visible is not False
    checkpoint, endpoint = (to_choose and choice.kind == kind for kind in ("checkpoint", "endpoint"))
    return {
        panel.language: gr.update(value=session.language),
        panel.kind: gr.update(value=choice.kind),
        panel.checkpoint: gr.update(
            value=choice.model if choice.kind == "checkpoint" else "", visible=checkpoint
        ),
        panel.base_url: gr.update(value=choice.base_url or "", visible=endpoint),
        # The key itself never goes back to a browser.
        panel.api_key: gr.update(value="", visible=endpoint),
        panel.remote_model: gr.update(
            value=(choice.model or "") if choice.kind == "endpoint" else "", visible=endpoint
        ),
        panel.doctor.preset: gr.update(visible=endpoint),
        panel.doctor.group: gr.update(visible=endpoint),
        panel.thinking: gr.update(value=options.thinking),
        panel.temperature: gr.update(value=options.temperature),
        panel.max_tokens: gr.update(value=options.max_new_tokens),
        **compare.chosen(page.compare.panel, session),
    }


def _greeting(strings: Strings) -> str:
    return f"<p>{escape(strings.welcome)}</p>"


def _panel(page: Page, session: Session, strings: Strings) -> dict[Any, Any]:
    panel = page.panel
    kinds = [
        (strings.bundled, "bundled"),
        (strings.checkpoint, "checkpoint"),
        (strings.endpoint, "endpoint"),
    ]
    return {
        panel.title: drawer.head(strings.settings, "settings-close", strings.close),
        panel.language: gr.update(label=strings.language),
        panel.kind: gr.update(label=strings.backend, choices=kinds),
        panel.checkpoint: gr.update(label=strings.model_path, placeholder=strings.model_path_hint),
        panel.base_url: gr.update(label=strings.url, placeholder="http://localhost:8000/v1"),
        panel.api_key: gr.update(label=strings.key, info=strings.key_hint),
        panel.remote_model: gr.update(label=strings.remote_model, info=strings.remote_model_hint),
        **doctor.labels(panel.doctor, strings),
        panel.use: gr.update(value=strings.use),
        panel.said: "",
        panel.locked: f"<p>{escape(strings.backend_locked)}</p>",
        panel.thinking: gr.update(label=strings.think, info=strings.think_hint),
        panel.account: signed_in(session.user, strings) if session.user else "",
        panel.aloud: gr.update(label=strings.voice.aloud, info=strings.voice.aloud_hint),
        panel.temperature: gr.update(label=strings.temperature, info=strings.temperature_hint),
        panel.max_tokens: gr.update(label=strings.max_tokens),
    }


def said(session: Session, strings: Strings) -> str:
    """What answers from now on."""
    return f'<p role="status">{escape(strings.now_answers.format(name=session.backend.name))}</p>'


def _settings_button(strings: Strings) -> str:
    label = escape(strings.settings, quote=True)
    return (
        '<button type="button" id="settings-toggle" aria-expanded="false" aria-controls="panel"'
        f' aria-label="{label}" title="{label}">'
        '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 7h9M17 7h3M4 17h3M11 17h9"/>'
        '<circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/></svg></button>'
    )


def _words(strings: Strings, max_upload_mb: int) -> str:
    """What the script of the page says: only the browser knows when a microphone or an upload fails."""
    uploads = {
        "full": strings.upload_full,
        "failed": strings.upload_failed,
        "large": strings.upload_large.format(size=max_upload_mb),
    }
    sentences = {
        "insecure": strings.microphone_insecure,
        "denied": strings.microphone_denied,
        "missing": strings.microphone_missing,
        "failed": strings.microphone_failed,
    }
    language = (
        f'<span data-language="{strings.code}" data-most="{max_upload_mb * 2**20}"'
        f' data-picture="{escape(strings.picture, quote=True)}" hidden></span>'
    )
    cancel = (
        f'<span data-voice-cancel="{escape(strings.voice.cancel, quote=True)}"'
        f' data-voice-longest="{LONGEST:.0f}" hidden></span>'
    )
    return (
        language
        + cancel
        + keys.dialog(strings)
        + "".join(
            f'<p class="notice" role="alert" data-{kind}="{name}" hidden>{escape(sentence)}</p>'
            for kind, words in (("microphone", sentences), ("upload", uploads))
            for name, sentence in words.items()
        )
    )
