"""An Android phone through adb: its screen, and the one step that somebody has confirmed.

No shell of this machine is involved: programs are run by their words. What follows `adb shell` is read
by the phone's own shell, though, so those words are only ever numbers, names of keys, and text of
characters that mean nothing to a shell.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Literal

from autoglm_ui.actions import Action, place
from engine.protocol import AssistantError, FailureKind, ImagePart

Reason = Literal[
    "no_adb",
    "gone",
    "unauthorized",
    "offline",
    "timed_out",
    "no_picture",
    "refused",
    "shape",
    "text",
    "other",
]
Command = tuple[str, ...]

#: What adb can do on a phone of AutoGLM-Phone's actions.
PERFORMED = frozenset({"Tap", "Long Press", "Double Tap", "Swipe", "Type", "Type_Name", "Back", "Home"})

HOLD_MS = 1000
SWIPE_MS = 300

_PNG = b"\x89PNG\r\n\x1a\n"
_SERIAL = re.compile(r"[\w.:\[\]%()-]{1,200}")
_HARMLESS = re.compile(r"[A-Za-z0-9 .,:@_+=/][A-Za-z0-9 .,:@_+=/-]{0,199}")
_SIZE = re.compile(r"(?:Physical|Override) size: (\d{1,5})x(\d{1,5})")
_KEYS = {"Back": "KEYCODE_BACK", "Home": "KEYCODE_HOME"}

#: How far the picture's shape may be from the screen's: a part of its width over its height.
_SAME_SHAPE = 0.02


class PhoneFailed(AssistantError):
    """adb or the phone did not do it; `reason` is for the page's own words."""

    kind = FailureKind.UNREACHABLE

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message, "Check the cable and USB debugging, then try again.")
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Device:
    """A phone as adb lists it; `state` is ``device`` where it can be used."""

    serial: str
    state: str
    model: str = ""

    @property
    def name(self) -> str:
        return self.model.replace("_", " ") or self.serial


class Adb:
    """The program `adb`. Methods block for as long as it takes, and raise `PhoneFailed`."""

    def __init__(self, program: str, patience: float = 20.0) -> None:
        self._program = program
        self._patience = patience

    @classmethod
    def find(cls) -> Adb | None:
        """The adb on the path, None if there is none."""
        program = shutil.which("adb")
        return cls(program) if program else None

    def devices(self) -> tuple[Device, ...]:
        """Every phone that is connected, usable or not."""
        found: list[Device] = []
        for line in self._run(("devices", "-l")).decode(errors="replace").splitlines():
            words = line.split()
            if len(words) < 2 or line.startswith(("List of", "*")) or not _SERIAL.fullmatch(words[0]):
                continue
            model = next((word.partition(":")[2] for word in words[2:] if word.startswith("model:")), "")
            found.append(Device(words[0], words[1], model))
        return tuple(found)

    def screen(self, serial: str) -> bytes:
        """What the phone shows, as a PNG file."""
        data = self._run(_to(serial, "exec-out", "screencap", "-p"))
        # Phones with two displays say so in words before the picture.
        start = data.find(_PNG)
        if start < 0:
            raise PhoneFailed("no_picture", "the phone gave no picture of its screen")
        return data[start:]

    def size(self, serial: str) -> tuple[int, int]:
        """Width and height of the screen in pixels, held upright."""
        said = self._run(_to(serial, "shell", "wm", "size")).decode(errors="replace")
        sizes = _SIZE.findall(said)
        if not sizes:
            raise PhoneFailed("other", f"the phone does not tell its size ({said.strip()[:100]})")
        width, height = sizes[-1]  # an override comes last, and is what taps are counted in
        return int(width), int(height)

    def perform(self, serial: str, command: Command) -> None:
        """Do one thing on the phone: a `command` of `commands`."""
        said = self._run(_to(serial, *command)).decode(errors="replace").strip()
        if "Exception" in said or said.startswith("Error"):
            # Old phones report no exit status.
            raise PhoneFailed("refused", said.splitlines()[0][:200])

    def _run(self, words: Command) -> bytes:
        try:
            done = subprocess.run(
                (self._program, *words),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PhoneFailed("timed_out", f"adb did not end within {self._patience:.0f} s") from None
        except OSError as error:
            raise PhoneFailed("no_adb", f"adb could not be started ({error.strerror})") from error
        if done.returncode != 0:
            raise _failure(done.stderr + done.stdout)
        return done.stdout


def commands(action: Action, picture: ImagePart | None, screen: tuple[int, int]) -> tuple[Command, ...]:
    """What does `action` on a phone with that `screen`, as words that follow ``adb -s SERIAL``.

    Places count as parts of `picture`, which must have the shape of the screen, upright or turned. Raises
    `PhoneFailed` with the reason ``shape`` or ``text``.
    """
    if action.name in _KEYS:
        return (_input("keyevent", _KEYS[action.name]),)
    if action.name in {"Type", "Type_Name"}:
        return (_input("text", _harmless(action.argument("text"))),)
    points = _points(action, picture, screen)
    if action.is_swipe:
        return (_input("swipe", *points[0], *points[1], SWIPE_MS),)
    x, y = points[0]
    if action.name == "Long Press":
        return (_input("swipe", x, y, x, y, HOLD_MS),)
    return (_input("tap", x, y),) * (2 if action.name == "Double Tap" else 1)


def performable(action: Action) -> bool:
    """Whether a phone could be told to do `action`."""
    if action.name not in PERFORMED:
        return False
    if action.name in {"Back", "Home"}:
        return True
    if action.name in {"Type", "Type_Name"}:
        return bool(action.argument("text"))
    return len(action.shapes) == (2 if action.name == "Swipe" else 1)


def _points(
    action: Action, picture: ImagePart | None, screen: tuple[int, int]
) -> tuple[tuple[int, int], ...]:
    """The places of `action` in pixels of the screen as it is held."""
    placed = place(action, picture.width, picture.height) if picture else None
    if picture is None or placed is None:
        raise PhoneFailed("shape", "there is no picture of a screen in this turn")
    width, height = screen
    if (picture.width > picture.height) != (width > height):
        width, height = height, width
    if abs(picture.width / picture.height * height / width - 1) > _SAME_SHAPE or not placed.inside:
        raise PhoneFailed(
            "shape",
            f"the picture is {picture.width}×{picture.height}, the phone's screen {width}×{height}",
        )
    return tuple((min(int(x * width), width - 1), min(int(y * height), height - 1)) for x, y in placed.points)


def _input(kind: str, *words: str | int) -> Command:
    return ("shell", "input", kind, *map(str, words))


def _harmless(text: str) -> str:
    """`text` as ``input text`` takes it."""
    if not _HARMLESS.fullmatch(text):
        raise PhoneFailed("text", "adb types letters, digits and simple punctuation only")
    return text.replace(" ", "%s")


def _to(serial: str, *words: str) -> Command:
    if not _SERIAL.fullmatch(serial) or serial.startswith("-"):
        raise PhoneFailed("gone", "that is no name of a phone")
    return ("-s", serial, *words)


def _failure(said: bytes) -> PhoneFailed:
    text = " ".join(said.decode(errors="replace").split())[:200]
    known: tuple[tuple[str, Reason], ...] = (
        ("unauthorized", "unauthorized"),
        ("offline", "offline"),
        ("not found", "gone"),
        ("no devices", "gone"),
        ("Exception", "refused"),
    )
    for word, reason in known:
        if word in text:
            return PhoneFailed(reason, text)
    return PhoneFailed("other", text or "adb failed without a word")
