#!/usr/bin/env python3
"""A stand-in for the program `adb`, which speaks its command line. Its folder says what is connected.

`phones.json` beside it maps serial numbers to ``{"state", "model", "size", "override", "screen", "fails"}``;
everything that is run is a line of `log.jsonl`. Where `install` puts it, it is found as ``adb``.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from pathlib import Path
from typing import Any


class FakeAdb:
    """The program in `folder`, and what is connected to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.program = folder / "adb"
        self.program.write_text(f"#!{sys.executable}\n" + Path(__file__).read_text().partition("\n")[2])
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)
        self.connect()

    @property
    def path(self) -> str:
        """A search path on which it is found first."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def connect(self, **phones: dict[str, Any]) -> None:
        """Let these phones be connected, and no others."""
        partial = self.folder / "phones.partial"
        partial.write_text(json.dumps(phones))
        partial.replace(self.folder / "phones.json")

    @property
    def log(self) -> list[list[str]]:
        """The words of every call, less the listing of phones."""
        path = self.folder / "log.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [words for words in map(json.loads, lines) if words[0] != "devices"]


def main(words: list[str]) -> int:
    folder = Path(sys.argv[0]).resolve().parent
    phones = json.loads((folder / "phones.json").read_text())
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(words) + "\n")
    if words == ["devices", "-l"]:
        print(
            "* daemon not running; starting now at tcp:5037\n* daemon started successfully", file=sys.stderr
        )
        print("List of devices attached")
        for number, (serial, phone) in enumerate(phones.items(), start=1):
            more = f" product:p model:{phone['model']} device:d" if phone.get("model") else ""
            print(f"{serial:<22} {phone.get('state', 'device')} usb:1-{number}{more} transport_id:{number}")
        print()
        return 0
    if words[:1] != ["-s"]:
        print(
            "adb: error: more than one device/emulator"
            if len(phones) > 1
            else "adb: no devices/emulators found",
            file=sys.stderr,
        )
        return 1
    _, serial, *rest = words
    phone = phones.get(serial)
    if phone is None:
        print(f"adb: device '{serial}' not found", file=sys.stderr)
        return 1
    if phone.get("state", "device") != "device":
        print(f"adb: device {phone['state']}.", file=sys.stderr)
        return 1
    return on_phone(phone, rest)


def on_phone(phone: dict[str, Any], words: list[str]) -> int:
    if phone.get("fails"):
        print(phone["fails"])
        return 0
    if words == ["exec-out", "screencap", "-p"]:
        sys.stdout.buffer.write(phone.get("warning", "").encode())
        if phone.get("screen"):
            sys.stdout.buffer.write(Path(phone["screen"]).read_bytes())
        return 0
    kind, *rest = words
    if kind != "shell":
        return 1
    # As the real one: the words are joined, and the phone's shell reads them.
    read = shlex.split(" ".join(rest))
    if read == ["wm", "size"]:
        print(f"Physical size: {phone.get('size', '1080x2400')}")
        if phone.get("override"):
            print(f"Override size: {phone['override']}")
        return 0
    return 0 if read[:1] == ["input"] else 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
