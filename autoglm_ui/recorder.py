"""The microphone of this machine, through PortAudio: for pages that their browser lends none.

A recording ends by itself after speech, as in the browser: the gate is the one of assets/js/voice.js.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import soundfile

from engine.media import Limits, read_audio
from engine.protocol import AssistantError, AudioPart, FailureKind

Samples = npt.NDArray[np.int16]

#: Seconds of sound in one look at its level.
BLOCK = 0.05

#: Seconds without sound from a device after which it counts as gone.
STALLED = 3.0

LIMITS = Limits()

#: A recording ends before it is too long to be attached.
LONGEST = LIMITS.audio_seconds - 1

Problem = Literal["no_library", "no_device", "refused", "taken", "nothing"]

_WORDS: dict[Problem, tuple[str, str]] = {
    "no_library": (
        "this machine's microphone needs PortAudio, which is not installed",
        "On Debian and Ubuntu: sudo apt install libportaudio2. Then start the program again.",
    ),
    "no_device": (
        "this machine has no microphone",
        "Connect one and try again, or attach a recording.",
    ),
    "refused": (
        "this machine's microphone could not be started",
        "Another program may be using it. Choose another one in the settings, or attach a recording.",
    ),
    "taken": (
        "this machine's microphone is recording for another page",
        "End that recording first.",
    ),
    "nothing": (
        "this machine's microphone gave no sound at all",
        "See that it is connected and switched on, or choose another one in the settings.",
    ),
}


class MicrophoneUnusable(AssistantError):
    """There is no recording, and why."""

    kind = FailureKind.BAD_MEDIA

    def __init__(self, problem: Problem, detail: str = "") -> None:
        message, remedy = _WORDS[problem]
        super().__init__(f"{message} ({detail})" if detail else message, remedy)
        self.problem: Problem = problem
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Gate:
    """Tells the end of speech by its energy.

    Speech is what is three times as loud as the quietest moment so far, a hundredth of full scale at
    least; a tenth always is. `spoken` and `silent` are seconds.
    """

    noise: float = 1.0
    spoken: float = 0.0
    silent: float = 0.0

    @property
    def ended(self) -> bool:
        """There was speech, and two seconds of silence since."""
        return self.spoken >= 0.2 and self.silent >= 2.0

    def hear(self, level: float, seconds: float) -> Gate:
        """The gate after `seconds` of sound at `level`, the root of its mean square, full scale 1."""
        noise = min(self.noise, max(level, 1e-4))
        speech = level > min(0.1, max(0.01, 3 * noise))
        return Gate(noise, self.spoken + seconds * speech, 0.0 if speech else self.silent + seconds)


class Recorder:
    """Lends the machine's microphone to one page at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recording: Recording | None = None

    def microphones(self) -> tuple[str, ...]:
        """The names of what can be recorded from, the system's default first.

        Raises `MicrophoneUnusable` without PortAudio.
        """
        with self._lock:
            portaudio = _portaudio()
            if self._recording is None:
                # PortAudio lists what was connected when it began.
                portaudio._terminate()
                portaudio._initialize()
            devices: list[dict[str, Any]] = list(portaudio.query_devices())
            default = portaudio.default.device[0]
        inputs = [device for device in devices if device["max_input_channels"] > 0]
        inputs.sort(key=lambda device: device["index"] != default)
        return tuple(dict.fromkeys(device["name"] for device in inputs))

    def start(self, name: str = "") -> Recording:
        """Record from the microphone `name`, the system's default if empty. Raises `MicrophoneUnusable`."""
        known = self.microphones()
        if not known:
            raise MicrophoneUnusable("no_device")
        with self._lock:
            if self._recording is not None:
                raise MicrophoneUnusable("taken")
            recording = Recording(name if name in known else known[0], self._free)
            self._recording = recording
            return recording

    def close(self) -> None:
        """End the recording under way."""
        with self._lock:
            recording = self._recording
        if recording is not None:
            recording.cancel()

    def _free(self) -> None:
        with self._lock:
            self._recording = None


class Recording:
    """Sound that comes in until `stop`, `cancel`, the end of speech, or the longest time. For any thread."""

    def __init__(self, name: str, ended: Callable[[], None] = lambda: None) -> None:
        portaudio = _portaudio()
        self.name = name
        self._told = ended
        self._lock = threading.Lock()
        self._blocks: list[Samples] = []
        self._frames = 0
        self._last: int | None = None
        self._gate = Gate()
        self._closed = False
        self.cancelled = False
        self._heard_at = time.monotonic()
        self.level = 0.0
        try:
            device = portaudio.query_devices(name, "input")
            self.rate = int(device["default_samplerate"])
            self._stream = portaudio.InputStream(
                device=device["index"],
                samplerate=self.rate,
                blocksize=int(self.rate * BLOCK),
                channels=1,
                dtype="int16",
                callback=self._take,
            )
        except (portaudio.PortAudioError, ValueError) as error:
            raise MicrophoneUnusable("refused", str(error)) from error
        try:
            self._stream.start()
        except portaudio.PortAudioError as error:
            self._stream.close()
            raise MicrophoneUnusable("refused", str(error)) from error

    @property
    def seconds(self) -> float:
        return self._frames / self.rate

    @property
    def begun(self) -> bool:
        """Sound has come."""
        return self._frames > 0

    @property
    def over(self) -> bool:
        """There is nothing more to wait for: everything said before the end is in, or the device is gone."""
        with self._lock:
            whole = self._last is not None and self._frames >= self._last
        return whole or self._closed or time.monotonic() - self._heard_at > STALLED

    def stop(self) -> None:
        """End it once what the device still holds has come: nothing said before this is cut off."""
        with self._lock:
            self._end()

    def cancel(self) -> None:
        """End it now and forget it. Idempotent."""
        self.cancelled = True
        self._close()
        with self._lock:
            self._blocks.clear()
            self._frames = 0

    def finish(self) -> AudioPart:
        """The recording, when it is `over`. Raises `MicrophoneUnusable`, `MediaRefused`."""
        self._close()
        with self._lock:
            blocks = tuple(self._blocks)
        if not blocks:
            raise MicrophoneUnusable("nothing")
        file = io.BytesIO()
        soundfile.write(file, np.concatenate(blocks), self.rate, format="WAV", subtype="PCM_16")
        return read_audio(file.getvalue(), f"recording-{time.strftime('%H%M%S')}.wav", LIMITS)

    def _end(self) -> None:
        if self._last is None:
            self._last = self._frames + int((self._stream.latency + BLOCK) * self.rate)

    def _take(self, block: Samples, frames: int, _time: Any, _status: Any) -> None:
        """Called by PortAudio, in a thread of its own, with `[frames, 1]` samples."""
        samples = block[:, 0].copy()
        level = float(np.sqrt(np.mean(np.square(samples / 32768.0))))
        with self._lock:
            if self._last is not None and self._frames >= self._last:
                return
            self._heard_at = time.monotonic()
            self._blocks.append(samples)
            self._frames += frames
            self.level = level
            self._gate = self._gate.hear(level, frames / self.rate)
            if self._gate.ended or self.seconds >= LONGEST:
                self._end()

    def _close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._stream.abort()
        self._stream.close()
        self._told()


def _portaudio() -> Any:
    """The library. Raises `MicrophoneUnusable` where it is not installed."""
    try:
        import sounddevice
    except OSError as error:
        raise MicrophoneUnusable("no_library") from error
    return sounddevice
