"""This machine's microphone: an ALSA device that hears what the test plays, through the real PortAudio."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from autoglm_ui.recorder import Gate, MicrophoneUnusable, Recorder
from engine.media import decode_audio
from tests.ui.driver import ROOT
from tests.ui.sound_card import NAME, RATE, Sound, SoundCard, environ

BLOCK = 0.05


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass within 30 s")


@pytest.fixture
def hear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Sound | None], Recorder]]:
    """A recorder whose microphone hears a sound, or silence at the pace of a clock."""
    with ExitStack() as cleanup:

        def listen(sound: Sound | None = None) -> Recorder:
            if sound is None:
                card = SoundCard(tmp_path)
                cleanup.callback(card.close)
                seen = card.environ
            else:
                (tmp_path / "sound.raw").write_bytes(sound.tobytes())
                seen = environ(tmp_path / "sound.raw")
            for name, value in seen.items():
                monkeypatch.setenv(name, value)
            recorder = Recorder()
            cleanup.callback(recorder.close)
            try:
                if NAME in recorder.microphones():
                    return recorder
            except MicrophoneUnusable as error:
                pytest.skip(f"{error.message}. {error.remedy}")
            pytest.skip("this PortAudio does not speak ALSA")

        yield listen


def test_first_and_last_moment_are_never_cut(hear: Callable[..., Recorder]) -> None:
    # A line that climbs: each sample tells when it was played.
    steps = 500  # a second; it climbs for longer than a recording may last
    climb = np.repeat(np.arange(62 * steps), RATE // steps).astype(np.int16)
    recording = hear(climb).start(NAME)
    until(lambda: recording.begun)
    heard = recording.seconds
    recording.stop()
    until(lambda: recording.over)
    part = recording.finish()
    samples = decode_audio(part) * 32_768
    assert samples[0] < 2, "the first sample is there"
    assert part.seconds >= heard + 0.05, "what the device still held when it was stopped is there"
    middle = samples[1000:-1000]
    assert np.diff(middle).min() > -1 and np.diff(middle).max() < 2, "nothing in between is missing"
    assert samples[-1000] >= (part.seconds - 0.1) * steps


def test_recording_ends_by_itself_after_speech(hear: Callable[..., Recorder]) -> None:
    tone = (np.sin(np.arange(RATE) * 2 * np.pi * 220 / RATE) * 12_000).astype(np.int16)
    quiet = np.zeros(RATE, np.int16)
    recording = hear(np.concatenate([quiet, tone, *[quiet] * 60])).start()
    until(lambda: recording.over)
    samples = decode_audio(recording.finish())
    assert 3.9 < len(samples) / 16_000 < 6, "silence, a second of speech, and two that told its end"
    assert np.abs(samples[16_000:32_000]).max() > 0.3


def test_recording_ends_before_it_is_too_long_to_be_attached(hear: Callable[..., Recorder]) -> None:
    recording = hear(np.full(90 * RATE, 9000, np.int16)).start()
    until(lambda: recording.over)
    assert 58 < recording.finish().seconds <= 60


def test_cancelled_recording_is_forgotten_and_the_microphone_is_free_again(
    hear: Callable[..., Recorder],
) -> None:
    recorder = hear()
    recording = recorder.start(NAME)
    until(lambda: recording.begun)
    with pytest.raises(MicrophoneUnusable) as taken:
        recorder.start(NAME)
    assert taken.value.problem == "taken"
    recording.cancel()
    recording.cancel()
    with pytest.raises(MicrophoneUnusable) as nothing:
        recording.finish()
    assert nothing.value.problem == "nothing"
    recorder.start(NAME).cancel()


def test_microphone_that_is_gone_is_not_asked_for(hear: Callable[..., Recorder]) -> None:
    recorder = hear()
    recording = recorder.start("unplugged last week")
    assert recording.name in recorder.microphones()
    recording.cancel()


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        ("import ctypes.util; ctypes.util.find_library = lambda name: None", "no_library"),
        ("import sounddevice; sounddevice.query_devices = lambda: []", "no_device"),
    ],
)
def test_machine_without_portaudio_or_microphone_says_so(before: str, problem: str) -> None:
    code = (
        f"{before}\n"
        "from autoglm_ui.recorder import MicrophoneUnusable, Recorder\n"
        "try:\n    Recorder().start()\n"
        "except MicrophoneUnusable as error:\n    print(error.problem, error.remedy)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith((problem, "no_library")) and len(done.stdout) > 30


@pytest.mark.parametrize(
    ("levels", "ended"),
    [
        ([0.0] * 100, False),  # nobody spoke
        ([0.2] * 200, False),  # still speaking
        ([0.2] * 2 + [0.0] * 100, False),  # a knock
        ([0.2] * 10 + [0.0] * 39, False),  # a pause
        ([0.2] * 10 + [0.0] * 41, True),
        ([0.02] * 20 + [0.09] * 10 + [0.02] * 41, True),  # a fan hums all the while
        ([0.005] * 10 + [0.0] * 41, False),  # whatever is as soft as that is no speech
    ],
)
def test_gate_tells_the_end_of_speech(levels: list[float], ended: bool) -> None:
    gate = Gate()
    for level in levels:
        gate = gate.hear(level, BLOCK)
    assert gate.ended is ended
