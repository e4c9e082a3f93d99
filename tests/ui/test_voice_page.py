"""Recording shows its level, can be cancelled and ends after speech; answers are read aloud if wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.driver import PATIENCE, App, ChatPage

pytestmark = pytest.mark.browser

# A voice of one and a half seconds, then silence: a real stream, made in the page.
SPEAKS_AND_STOPS = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const voice = new OscillatorNode(context, { frequency: 220 });
  const gain = new GainNode(context, { gain: 0.4 });
  const microphone = context.createMediaStreamDestination();
  voice.connect(gain).connect(microphone);
  voice.start();
  const watch = setInterval(() => {
    const stop = [...document.querySelectorAll("#record .stop-button")].find((each) => each.offsetParent);
    if (!stop) return;
    clearInterval(watch);
    setTimeout(() => { gain.gain.value = 0; }, 1500);
  }, 50);
  return microphone.stream;
};
"""
NOTES_WHAT_IS_SAID = """
window.said = [];
speechSynthesis.speak = (utterance) => window.said.push([utterance.lang, utterance.text]);
"""


def test_level_is_shown_and_a_cancelled_recording_is_not_attached(chat: ChatPage) -> None:
    chat.page.locator("#record .record-button").click()
    cancel = chat.page.get_by_role("button", name="Cancel the recording")
    expect(cancel).to_be_visible(timeout=PATIENCE)
    chat.page.wait_for_function(
        "() => Number(document.querySelector('#voice-controls').style.getPropertyValue('--level')) > 0.2",
        timeout=PATIENCE,
    )
    cancel.click()
    expect(cancel).to_be_hidden()
    chat.record(seconds=1)  # the next one is attached, and it is the only one
    expect(chat.tray).to_have_count(1)


def test_recording_ends_by_itself_after_speech_and_keeps_all_of_it(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url, before=SPEAKS_AND_STOPS)
    chat.page.locator("#record .record-button").click()
    expect(chat.tray).to_have_count(1, timeout=PATIENCE)
    seconds = chat.tray.locator("audio").evaluate(
        """async (audio) => {
            const loaded = new Promise((done) => audio.addEventListener("loadedmetadata", done));
            if (audio.readyState < 1) await loaded;
            return audio.duration;
        }"""
    )
    assert seconds > 3  # the voice, and the silence that told its end


def test_answers_are_read_aloud_only_where_that_was_switched_on(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted").url, before=NOTES_WHAT_IS_SAID)
    chat.ask("/say quiet")
    chat.settings().get_by_label("Read answers aloud").check()
    chat.close_settings()
    chat.ask("/say 你好")
    chat.page.wait_for_function("() => window.said.length > 0", timeout=PATIENCE)
    assert chat.page.evaluate("window.said") == [["zh-CN", "你好"]]
    chat.reload()
    expect(chat.settings().get_by_label("Read answers aloud")).to_be_checked()
