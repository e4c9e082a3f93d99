"""Who may sign in: names with hashes of their passwords, and how fast passwords may be tried.

`python -m autoglm_ui.accounts FILE NAME` writes such a file.
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import hmac
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NAME_LENGTH = 64

#: Longer ones are hashed no better, and cost whoever checks them.
PASSWORD_LENGTH = 1024

# The cost of one guess, as OWASP's cheat sheet on storing passwords has it: 32 MB, about 0.2 s.
_N, _R, _P = 2**15, 8, 3
_MEMORY = 64 * 2**20


class AccountsUnusable(Exception):
    """The names and passwords cannot be read, in words for who starts the program."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Names and hashes; a hash is as `hashed` makes it."""

    hashes: Mapping[str, str]

    @classmethod
    def of(cls, option: str) -> Accounts:
        """Of a file's name, or of `NAME:PASSWORD` pairs with commas between. Raises `AccountsUnusable`."""
        path = Path(option).expanduser()
        if path.is_file():
            return cls.read(path)
        if ":" not in option:
            raise AccountsUnusable(
                f"--auth: there is no file {option}. Make it: python -m autoglm_ui.accounts {option} NAME"
            )
        pairs = [pair.partition(":") for pair in option.split(",") if pair.strip()]
        for name, _, password in pairs:
            _check_name(name.strip())
            if not password:
                raise AccountsUnusable(f"--auth: {name.strip()} has no password.")
        return cls({name.strip(): hashed(password) for name, _, password in pairs})

    @classmethod
    def read(cls, path: Path) -> Accounts:
        """A file with `NAME:HASH` on each line. Raises `AccountsUnusable`."""
        hashes: dict[str, str] = {}
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise AccountsUnusable(f"--auth: {path} cannot be read ({error}).") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, hash_ = line.partition(":")
            _check_name(name.strip())
            if _parsed(hash_.strip()) is None:
                raise AccountsUnusable(
                    f"--auth: line {number} of {path} holds no hash of a password. "
                    f"Write it: python -m autoglm_ui.accounts {path} {name.strip()}"
                )
            hashes[name.strip()] = hash_.strip()
        if not hashes:
            raise AccountsUnusable(
                f"--auth: {path} names nobody. Add somebody: python -m autoglm_ui.accounts {path} NAME"
            )
        return cls(hashes)

    def verify(self, name: str, password: str) -> bool:
        """Whether it is that one's password; takes as long for a name that nobody has."""
        known = self.hashes.get(name)
        right = _matches(password, known or _NOBODY)
        return right and known is not None


def hashed(password: str) -> str:
    """`scrypt$N$r$p$salt$hash` of `password`, with a salt of its own."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(_scrypt(password, salt, _N, _R, _P))}"


def _matches(password: str, known: str) -> bool:
    parsed = _parsed(known)
    if parsed is None or len(password) > PASSWORD_LENGTH:
        return False
    n, r, p, salt, expected = parsed
    return hmac.compare_digest(_scrypt(password, salt, n, r, p), expected)


def _parsed(text: str) -> tuple[int, int, int, bytes, bytes] | None:
    kind, *fields = text.split("$")
    if kind != "scrypt" or len(fields) != 5:
        return None
    try:
        n, r, p = (int(field) for field in fields[:3])
        salt, expected = (base64.b64decode(field, validate=True) for field in fields[3:])
    except ValueError:
        return None
    return n, r, p, salt, expected


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


#: Of a password that nobody can type: checked where there is no such name.
_NOBODY = f"scrypt${_N}${_R}${_P}${_text(bytes(16))}${_text(bytes(32))}"


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_LENGTH or not name.isprintable() or set(name) & set(":,"):
        raise AccountsUnusable(
            f"--auth: {name!r} is no name: 1 to {NAME_LENGTH} characters without colons and commas."
        )


class Throttle:
    """Slows the guessing of passwords, by whatever key is counted. Methods are safe to call from any thread.

    After `free` failures each further one doubles the wait, from 5 seconds up to 15 minutes; an hour
    without failures forgets them.
    """

    FIRST, LONGEST, FORGET, KEYS = 5.0, 900.0, 3600.0, 10_000

    def __init__(self, free: int, now: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._now = now
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, float]] = {}

    def wait(self, key: str) -> float:
        """Seconds until `key` may try again."""
        with self._lock:
            count, last = self._failures.get(key, (0, 0.0))
        if count < self._free:
            return 0.0
        pause = min(self.FIRST * 2.0 ** min(count - self._free, 20), self.LONGEST)
        return max(0.0, last + pause - self._now())

    def failed(self, key: str) -> None:
        with self._lock:
            now = self._now()
            count, last = self._failures.pop(key, (0, now))
            self._failures[key] = (1 if now - last > self.FORGET else count + 1, now)
            while len(self._failures) > self.KEYS:
                # The one that failed longest ago: each failure moves its key to the end.
                self._failures.pop(next(iter(self._failures)))

    def succeeded(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)


def main(argv: Sequence[str] | None = None) -> int:
    """Write a name and the hash of its password into a file that only this user may read."""
    parser = argparse.ArgumentParser(
        prog="python -m autoglm_ui.accounts", description="Let somebody sign in to the page (app.py --auth)."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("name")
    given = parser.parse_args(argv)
    try:
        _check_name(given.name)
        hashes = dict(Accounts.read(given.file).hashes) if given.file.exists() else {}
    except AccountsUnusable as error:
        print(error, file=sys.stderr)
        return 2
    password = _asked(given.name)
    if password is None:
        return 1
    hashes[given.name] = hashed(password)
    text = "".join(f"{name}:{hash_}\n" for name, hash_ in hashes.items())
    descriptor = os.open(given.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{given.name} may sign in: python app.py --auth {given.file}")
    return 0


def _asked(name: str) -> str | None:
    """A password, from the keyboard twice or from the first line of a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n") or None
    password = getpass.getpass(f"Password of {name}: ")
    if len(password) < 8:
        print("At least 8 characters, please.", file=sys.stderr)
        return None
    if getpass.getpass("Once more: ") != password:
        print("These were two different ones; nothing was written.", file=sys.stderr)
        return None
    return password


if __name__ == "__main__":
    sys.exit(main())
