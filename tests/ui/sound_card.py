"""A microphone without hardware: an ALSA device, as real as any to PortAudio, that hears what we write.

ALSA lets time pass by one buffer whenever it was given something to read. From a file that is at once:
an hour of it is heard within seconds, and every sample in its place. From a pipe it is when we write,
and what we leave of its buffer unwritten is heard as whatever was in that memory before.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import termios
import threading
from array import array
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autoglm_ui.recorder import BLOCK

RATE = 48_000
NAME = "spoken"

Sound = npt.NDArray[np.int16]

#: Seconds between two writes into the pipe, and samples in each: all that a recorder asks for at a time.
_PAUSE = 0.05
_STEP = int(RATE * BLOCK)

#: Bytes in the pipe from which on nobody listens: what is heard then is gone.
_UNHEARD = 4 * 2 * _STEP

_DEVICES = """
pcm.source {{
  type file
  slave.pcm "null"
  file "/dev/null"
  infile "{source}"
  format "raw"
}}
pcm.{name} {{
  type plug
  slave {{ pcm "source" rate {rate} channels 1 format S16_LE }}
}}
pcm.!default "{name}"
"""


def environ(source: Path) -> dict[str, str]:
    """What makes a program see a microphone that hears what is in `source`, 48 kHz mono 16 bit."""
    config = source.with_suffix(".asoundrc")
    config.write_text(_DEVICES.format(source=source, name=NAME, rate=RATE))
    return {"ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{config}"}


class SoundCard:
    """A microphone in an otherwise silent room, until something is played in it."""

    def __init__(self, folder: Path) -> None:
        pipe = folder / "microphone"
        os.mkfifo(pipe)
        self.environ = environ(pipe)
        self._sound = np.zeros(0, np.int16)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        # Open at both ends, so that the pipe is there with and without a listener.
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def play(self, sound: Sound) -> None:
        """Let the microphone hear `sound`, in pieces, and nothing any more of what was played before."""
        with self._lock:
            self._sound = sound
            with contextlib.suppress(BlockingIOError):
                while os.read(self._pipe, 1 << 16):
                    pass

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._pipe)

    def _write(self) -> None:
        while not self._ended.wait(_PAUSE):
            with self._lock:
                piece, self._sound = self._sound[:_STEP], self._sound[_STEP:]
                block = np.zeros(_STEP, np.int16)
                block[: len(piece)] = piece
                if self._unread() < _UNHEARD:
                    os.write(self._pipe, block.tobytes())

    def _unread(self) -> int:
        waiting = array("i", [0])
        fcntl.ioctl(self._pipe, termios.FIONREAD, waiting)
        return waiting[0]
