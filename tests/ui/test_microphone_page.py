"""Recording in the page: this machine's microphone, and plain words where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from autoglm_ui.recorder import MicrophoneUnusable, Recorder
from tests.ui.driver import PATIENCE, App, ChatPage
from tests.ui.sound_card import NAME, RATE, SoundCard

pytestmark = pytest.mark.browser

TONE = (np.sin(np.arange(RATE) * 2 * np.pi * 220 / RATE) * 12_000).astype(np.int16)

#: Silence, as a microphone that is switched off gives.
HEARS_NOTHING = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const microphone = context.createMediaStreamDestination();
  const off = new GainNode(context, { gain: 0 });
  const room = new OscillatorNode(context);
  room.connect(off).connect(microphone);
  room.start();
  return microphone.stream;
};
"""
#: As in a page that came over HTTP from another name than this machine's own.
LENDS_NONE = "delete Navigator.prototype.mediaDevices;"
REFUSES = """
navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException("no", "{name}"); }};
"""


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundCard]:
    card = SoundCard(tmp_path)
    for name, value in card.environ.items():
        monkeypatch.setenv(name, value)
    try:
        known = NAME in Recorder().microphones()
    except MicrophoneUnusable:
        known = False
    if not known:
        pytest.skip("this machine's PortAudio is missing or does not speak ALSA")
    yield card
    card.close()


@pytest.fixture
def app(card: SoundCard) -> Iterator[App]:
    with App("--model", "scripted", "--host", "0.0.0.0", environ=card.environ) as app:
        yield app


def test_this_machines_microphone_is_chosen_shown_cancelled_and_ends_after_speech(
    app: App, card: SoundCard, visit: Callable[..., ChatPage]
) -> None:
    chat = visit(app.url)
    page = chat.page
    start, stop, cancel = (page.locator(f"[data-recording={name}]") for name in ("start", "stop", "cancel"))
    expect(start).to_be_hidden()
    chat.settings().get_by_label("Microphone").click()
    page.get_by_role("option", name=NAME).click()
    expect(start).to_be_visible(timeout=PATIENCE)
    chat.close_settings()
    expect(page.locator("#record")).to_be_hidden()

    start.click()
    expect(cancel).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#machine-level time")).to_have_text("0:01", timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(start).to_be_visible(timeout=PATIENCE)
    expect(chat.tray).to_have_count(0)

    start.click()
    expect(stop).to_be_visible(timeout=PATIENCE)
    card.play(TONE)
    expect(chat.tray).to_have_count(1, timeout=PATIENCE)  # by itself
    card.play(TONE[:0])
    expect(start).to_be_visible()
    expect(chat.notice).to_have_count(0)

    chat.reload()  # what was chosen and what was said are still there
    expect(start).to_be_visible()
    expect(chat.tray).to_have_count(1)
    start.click()
    expect(page.locator("#machine-level time")).to_have_text("0:01", timeout=PATIENCE)
    stop.click()
    expect(chat.tray).to_have_count(2, timeout=PATIENCE)
    expect(chat.notice).to_contain_text("silent")
    chat.send_button.click()
    chat.wait()
    expect(chat.answer).to_contain_text("Recording received")


def test_recording_stays_in_the_conversation_in_which_it_was_begun(
    app: App, visit: Callable[..., ChatPage]
) -> None:
    chat = visit(app.url, before=LENDS_NONE)
    page = chat.page
    start, stop, cancel = (page.locator(f"[data-recording={name}]") for name in ("start", "stop", "cancel"))
    chat.ask("the first one")
    start.click()
    expect(page.locator("#machine-level time")).to_have_text("0:01", timeout=PATIENCE)
    chat.new()
    expect(chat.notice).to_contain_text("in which it was begun", timeout=PATIENCE)
    expect(page.locator("#machine-level time")).to_have_count(0)
    expect(chat.tray).to_have_count(0)
    # It is not kept from who goes on: the next recording begins and ends here.
    start.click()
    expect(cancel).to_be_visible(timeout=PATIENCE)
    stop.click()
    expect(chat.tray).to_have_count(1, timeout=PATIENCE)
    chat.conversations().filter(has_text="the first one").click()
    expect(chat.tray).to_have_count(1, timeout=PATIENCE)


def test_page_without_https_offers_this_machines_microphone_to_who_sits_at_it_only(
    app: App, visit: Callable[..., ChatPage]
) -> None:
    here = visit(app.url, before=LENDS_NONE)
    expect(here.page.locator("[data-recording=start]")).to_be_visible(timeout=PATIENCE)
    expect(here.page.locator("#record")).to_be_hidden()
    elsewhere = visit(app.url, before=LENDS_NONE, extra_http_headers={"x-forwarded-for": "203.0.113.7"})
    expect(elsewhere.page.locator("[data-recording=start]")).to_be_hidden()
    elsewhere.page.locator("#record .record-button").click()
    expect(elsewhere.page.locator("#words")).to_contain_text("over HTTPS")
    # Nor by asking for it behind the page's back.
    elsewhere.page.evaluate(
        "document.querySelector('[data-recording=start]').dispatchEvent(new Event('click', {bubbles: true}))"
    )
    expect(elsewhere.notice).to_contain_text("for who sits at it", timeout=PATIENCE)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NotAllowedError", "does not let this page use the microphone"),
        ("NotFoundError", "No microphone was found"),
        ("NotReadableError", "could not be started"),
    ],
)
def test_microphone_that_does_not_start_is_explained(
    launch: Callable[..., App], visit: Callable[..., ChatPage], name: str, said: str
) -> None:
    chat = visit(launch("--model", "scripted").url, before=REFUSES.format(name=name))
    chat.text.fill("typed before")
    chat.page.locator("#record .record-button").click()
    expect(chat.page.locator("#words").get_by_role("alert")).to_contain_text(said, timeout=PATIENCE)
    expect(chat.text).to_have_value("typed before")


def test_silent_recording_is_kept_and_said(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url, before=HEARS_NOTHING)
    chat.record(seconds=1)
    expect(chat.notice).to_contain_text("silent", timeout=PATIENCE)
