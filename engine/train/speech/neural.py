"""A voice that was learned from a person: Hibari, an American woman distilled from Kokoro-82M.

It runs in this process from the model inside the package hibari-tts (Apache-2.0); nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import cache

import numpy as np

from engine.protocol import AssistantError, FailureKind

NEURAL_RATE = 24_000

_LOCK = threading.Lock()  # the model may not be run by two threads at once


class VoiceMissing(AssistantError):
    """A package that carries a voice is not installed."""

    kind = FailureKind.LOAD_FAILED

    def __init__(self, package: str, install: str) -> None:
        super().__init__(f"the package {package} is not installed", install)
        self.package = package


def hibari(text: str, tempo: float) -> np.ndarray:
    """Say English words: float32 [samples] at 24 kHz. Raises VoiceMissing."""
    with _LOCK:
        return _hibari()(text, speed=float(np.clip(tempo, 0.5, 2.0)), seed=0)


@cache
def _hibari():
    if importlib.util.find_spec("hibari") is None:
        raise VoiceMissing("hibari-tts", "pip install hibari-tts")
    from hibari import Hibari

    return Hibari(threads=1)
