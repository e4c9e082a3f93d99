"""The endpoint doctor in the settings: presets, a button, and what it found, as HTML."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from autoglm_ui.backends.doctor import PRESETS, STEPS, Finding, Found, examine
from autoglm_ui.session import Session
from autoglm_ui.view.strings import Strings


@dataclass(frozen=True)
class DoctorPanel:
    """Shown where an endpoint is chosen."""

    group: gr.Column
    preset: gr.Dropdown
    check: gr.Button
    report: gr.HTML


def presets() -> gr.Dropdown:
    return gr.Dropdown(list(PRESETS), value=None, elem_id="preset", visible=False, filterable=False)


def build(preset: gr.Dropdown) -> DoctorPanel:
    """Place the button and the report; call inside the settings."""
    with gr.Column(elem_id="doctor", visible=False, min_width=0) as group:
        check = gr.Button("", elem_id="check", size="sm")
        report = gr.HTML("", elem_id="doctor-report")
    return DoctorPanel(group, preset, check, report)


def labels(panel: DoctorPanel, strings: Strings) -> dict[Any, Any]:
    """Updates of what has words."""
    return {
        panel.preset: gr.update(label=strings.doctor.preset),
        panel.check: gr.update(value=strings.doctor.check),
    }


class DoctorHandlers:
    """What the button does; nothing where visitors may not choose what answers."""

    def __init__(
        self,
        session: Callable[[Any, gr.Request], Session],
        strings: Callable[[Session], Strings],
        locked: bool,
    ) -> None:
        self._session = session
        self._strings = strings
        self._locked = locked

    async def check(
        self, base_url: str, api_key: str, model: str, visitor: Any, request: gr.Request
    ) -> AsyncGenerator[tuple[str, Any, Any], None]:
        """The report as it grows, and the address and the model that work."""
        session = self._session(visitor, request)
        strings = self._strings(session)
        if self._locked:
            yield "", gr.skip(), gr.skip()
            return
        url = base_url.strip()
        choice = session.choice
        key = api_key.strip() or (choice.api_key if choice.base_url == url else None)
        findings: list[Finding] = []
        found: Found | None = None
        yield report(findings, None, True, strings), gr.skip(), gr.skip()
        async for told in examine(url, key, model.strip() or None):
            if isinstance(told, Found):
                found = told
                continue
            findings.append(told)
            yield report(findings, found, True, strings), gr.skip(), gr.skip()
        told_all = report(findings, found, False, strings)
        if found is None:
            yield told_all, gr.skip(), gr.skip()
        else:
            yield told_all, found.base_url, found.model


def report(findings: list[Finding], found: Found | None, asking: bool, strings: Strings) -> str:
    """What was found so far; the step under way is named."""
    words = strings.doctor
    items = [_item(finding, strings) for finding in findings]
    if asking:
        told = {finding.step for finding in findings}
        step = next((step for step in STEPS if step not in told), STEPS[-1])
        items.append(
            f'<li data-verdict="asking"><strong>{escape(words.steps[step])}</strong>'
            f"<p>{escape(words.checking)}…</p></li>"
        )
    foot = f'<p class="hint">{escape(words.filled)}</p>' if found and not asking else ""
    busy = ' aria-busy="true"' if asking else ""
    return (
        f'<section class="doctor" role="status"{busy} aria-label="{escape(words.title, quote=True)}">'
        f"<ul>{''.join(items)}</ul>{foot}</section>"
    )


def _item(finding: Finding, strings: Strings) -> str:
    words, failure = strings.doctor, finding.failure
    said = [words.facts[finding.fact].format(**dict(finding.values))]
    advice = words.advice.get(finding.fact, "")
    if failure is not None:
        said.append(failure.message[:1].upper() + failure.message[1:].rstrip(".") + ".")
        advice = advice or (failure.remedy if strings.code == "en" else strings.failures[failure.kind].remedy)
    if advice and finding.verdict != "good":
        said.append(advice)
    lines = "".join(f"<p>{escape(line)}</p>" for line in said)
    step = escape(words.steps[finding.step])
    return (
        f'<li data-step="{finding.step}" data-verdict="{finding.verdict}"><strong>{step}</strong>{lines}</li>'
    )
