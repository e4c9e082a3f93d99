"""The phone that is connected to this machine: its screen into the composer, a step onto it.

A step is run by a second click that confirms the very command that was shown. What the browser sends
is which step it means, never a command: that is made here from the answer, kept, and run once.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import tempfile
import threading
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from autoglm_ui.actions import Action
from autoglm_ui.conversation import Exchange
from autoglm_ui.phone import Adb, Command, Device, PhoneFailed, commands, performable
from autoglm_ui.session import Session
from autoglm_ui.settings import Settings
from autoglm_ui.view import actions
from autoglm_ui.view.remembered import Visitor
from autoglm_ui.view.security import on_this_machine
from autoglm_ui.view.strings import Strings

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_ON_LOAD = "window.autoglmPage.listenPhone(element, trigger);"


@dataclass(frozen=True)
class PhoneWidgets:
    """The button in the composer, and the step that waits to be confirmed."""

    button: gr.HTML
    step: gr.HTML


@dataclass(frozen=True, slots=True)
class Pending:
    """A step that was shown, and is run if it is confirmed. `token` is known to that page only."""

    token: str
    device: Device
    commands: tuple[Command, ...]


def available(settings: Settings) -> Adb | None:
    """adb, where it is installed and the phone may be used at all."""
    allowed = settings.local if settings.phone is None else settings.phone
    return Adb.find() if allowed else None


def button() -> gr.HTML:
    return gr.HTML("", elem_id="phone", js_on_load=_ON_LOAD)


def step() -> gr.HTML:
    return gr.HTML("", elem_id="phone-step", js_on_load=_ON_LOAD)


def tools(exchange: Exchange, strings: Strings) -> str:
    """A button for each step of the answer that a phone could do; seen only while a phone is there."""
    found = [
        (number, one)
        for number, one in enumerate(actions.asked(exchange))
        if isinstance(one, Action) and one.sure and performable(one)
    ]
    reply = escape(exchange.reply.id, quote=True)
    return "".join(
        f'<button type="button" class="on-phone" data-phone="step" data-step="{number}" data-reply="{reply}">'
        f"{escape(strings.phone.act)}{_which(one, len(found), strings)}</button>"
        for number, one in found
    )


def _which(one: Action, count: int, strings: Strings) -> str:
    return f": {escape(strings.actions.names.get(one.name, one.name))}" if count > 1 else ""


class PhoneHandlers:
    """What the phone's buttons do. `handlers` are the page's; without `everyone`, only who sits here may."""

    def __init__(self, widgets: PhoneWidgets, handlers: Any, adb: Adb, everyone: bool) -> None:
        self._widgets = widgets
        self._handlers = handlers
        self._adb = adb
        self._everyone = everyone
        self._pending: dict[str, Pending] = {}
        self._lock = threading.Lock()

    def connect(self, visitor: gr.BrowserState, attached: list[Any]) -> None:
        """Let the widgets do what they do; `attached` are those that an attachment changes."""
        outputs = [self._widgets.button, self._widgets.step, *attached]
        for widget in (self._widgets.button, self._widgets.step):
            widget.click(self.act, [visitor], outputs, trigger_mode="multiple", **_QUIET)

    def act(self, visitor: Visitor, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        """Look for phones, fetch a screen, show a step, run it, or leave it."""
        if not (self._everyone or on_this_machine(request)):
            return {self._widgets.button: ""}
        session: Session = self._handlers.session(visitor, request)
        strings: Strings = self._handlers.strings(session)
        try:
            match str(event.action):
                case "look":
                    return {self._widgets.button: phones(self._usable(), strings)}
                case "fetch":
                    return self._fetch(self._device(str(event.serial)), visitor, request)
                case "step":
                    return {self._widgets.step: self._show(session, event, strings)}
                case "do":
                    return {self._widgets.step: self._do(session, str(event.token), strings)}
        except PhoneFailed as error:
            return {self._widgets.step: failed(error, strings)}
        with self._lock:
            self._pending.pop(session.id, None)
        return {self._widgets.step: ""}

    def _usable(self) -> tuple[Device, ...]:
        try:
            return self._adb.devices()
        except PhoneFailed:
            return ()

    def _device(self, serial: str) -> Device:
        """The phone with that serial; without one, the first that can be used."""
        devices = self._adb.devices()
        ready = [device for device in devices if device.state == "device"]
        for device in devices if serial else (*ready, *devices):
            if serial and device.serial != serial:
                continue
            if device.state == "unauthorized":
                raise PhoneFailed("unauthorized", f"{device.name} is unauthorized")
            if device.state != "device":
                raise PhoneFailed("offline", f"{device.name} is {device.state}")
            return device
        raise PhoneFailed("gone", "no phone is connected")

    def _fetch(self, device: Device, visitor: Visitor, request: gr.Request) -> dict[Any, Any]:
        """The screen goes the way of every file that is attached."""
        data = self._adb.screen(device.serial)
        name = re.sub(r"[^\w.-]+", "-", device.name)
        folder = tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR"))
        path = Path(folder) / f"{name}.png"
        path.write_bytes(data)
        try:
            return {self._widgets.step: "", **self._handlers.take([str(path)], visitor, request)}
        finally:
            path.unlink()
            path.parent.rmdir()

    def _show(self, session: Session, event: Any, strings: Strings) -> str:
        """The step that was clicked, with the command that would run."""
        found = _find(session, str(event.reply), int(event.step))
        if found is None:
            return _told(strings.phone.outdated, "warning")
        exchange, action = found
        device = self._device(str(event.serial))
        made = commands(action, actions.shown_picture(exchange), self._adb.size(device.serial))
        pending = Pending(secrets.token_hex(16), device, made)
        with self._lock:
            self._pending[session.id] = pending
        return confirmation(pending, self._adb.devices(), event, action, strings)

    def _do(self, session: Session, token: str, strings: Strings) -> str:
        """Run the step that was shown, once."""
        with self._lock:
            pending = self._pending.get(session.id)
            if pending is None or not secrets.compare_digest(pending.token, token):
                return _told(strings.phone.outdated, "warning")
            del self._pending[session.id]
        for command in pending.commands:
            self._adb.perform(pending.device.serial, command)
        words, device = strings.phone, pending.device
        again = (
            f'<button type="button" data-phone="fetch" data-serial="{escape(device.serial, quote=True)}">'
            f"{escape(words.fetch_again)}</button>"
        )
        return _told(words.done.format(name=device.name), "done", again + _cancel(strings.close))


def phones(devices: tuple[Device, ...], strings: Strings) -> str:
    """The button, and the choice between several phones; empty where there is none."""
    if not devices:
        return ""
    words = strings.phone
    first, *others = devices
    label = words.fetch if others else words.fetch_from.format(name=first.name)
    shown = escape(label, quote=True)
    return (
        f'<span class="phones"><button type="button" data-phone="fetch" aria-label="{shown}" title="{shown}">'
        '<svg viewBox="0 0 24 24" aria-hidden="true">'
        '<rect x="4" y="3" width="10" height="18" rx="2.500"/>'
        '<path d="M8 18h2M20.500 6v9M17.500 12l3 3 3-3"/>'
        f"</svg></button>{_choice(devices, '', strings)}</span>"
    )


def confirmation(
    pending: Pending, devices: tuple[Device, ...], event: Any, action: Action, strings: Strings
) -> str:
    """What would be run on which phone, to the letter, and the button that runs it."""
    words, device = strings.phone, pending.device
    name = strings.actions.names.get(action.name, action.name)
    shown = "\n".join(shlex.join(("adb", "-s", device.serial, *each)) for each in pending.commands)
    choice = _choice(devices, device.serial, strings) if len(devices) > 1 else ""
    return (
        f'<section class="phone-step" role="alertdialog" aria-label="{escape(words.act, quote=True)}"'
        f' data-reply="{escape(str(event.reply), quote=True)}" data-step="{int(event.step)}">'
        f"<p><strong>{escape(name)}</strong> · {escape(words.confirm.format(name=device.name))}{choice}</p>"
        f'<p class="hint">{escape(words.exactly)}</p><code>{escape(shown)}</code>'
        f'<div class="buttons"><button type="button" class="go" data-phone="do" data-token="{pending.token}">'
        f"{escape(words.do_it)}</button>{_cancel(words.cancel)}</div></section>"
    )


def failed(error: PhoneFailed, strings: Strings) -> str:
    """What happened and what to do, with adb's own words where ours do not know the case."""
    known = error.reason in {"shape", "refused", "other"}
    detail = f"<span>{escape(error.message)}</span>" if known else ""
    return _told(strings.phone.failures[error.reason], "warning", detail + _cancel(strings.close))


def _find(session: Session, reply: str, number: int) -> tuple[Exchange, Action] | None:
    """Step `number` of that answer to the last question: the phone has gone on since earlier ones."""
    last = session.conversation.last
    if last is None:
        return None
    for exchange in (last, *(replace(last, reply=other) for other in last.others)):
        found = actions.asked(exchange)
        if exchange.reply.id == reply and 0 <= number < len(found):
            one = found[number]
            return (exchange, one) if isinstance(one, Action) and one.sure and performable(one) else None
    return None


def _choice(devices: tuple[Device, ...], chosen: str, strings: Strings) -> str:
    if len(devices) < 2:
        return ""
    options = "".join(
        f'<option value="{escape(each.serial, quote=True)}"{" selected" if each.serial == chosen else ""}>'
        f"{escape(each.name)} · {escape(each.serial)}</option>"
        for each in devices
    )
    label = escape(strings.phone.which, quote=True)
    return f'<select data-phone-choice aria-label="{label}">{options}</select>'


def _cancel(label: str) -> str:
    return f'<button type="button" data-phone="cancel">{escape(label)}</button>'


def _told(sentence: str, kind: str, more: str = "") -> str:
    role = "status" if kind == "done" else "alert"
    return f'<section class="phone-step {kind}" role="{role}"><p>{escape(sentence)}</p>{more}</section>'
