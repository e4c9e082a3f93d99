"""The tables, and a connection to them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.protocol import AssistantError, FailureKind

VERSION = 1

# Exchanges are only ever added, and a reply is changed only by who made it: two programs that share the
# file cannot overwrite each other's.
_TABLES = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    named INTEGER NOT NULL DEFAULT 0,
    pinned INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    deleted REAL,
    pending TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX conversations_by_owner ON conversations (owner, updated);
CREATE TABLE exchanges (
    id TEXT PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    asked REAL NOT NULL,
    user TEXT NOT NULL,
    said TEXT NOT NULL
);
CREATE INDEX exchanges_by_conversation ON exchanges (conversation, asked);
CREATE TABLE replies (
    id TEXT PRIMARY KEY,
    exchange TEXT NOT NULL REFERENCES exchanges ON DELETE CASCADE,
    current INTEGER NOT NULL,
    body TEXT NOT NULL,
    said TEXT NOT NULL
);
CREATE INDEX replies_by_exchange ON replies (exchange);
CREATE TABLE uses (
    file TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    PRIMARY KEY (file, conversation)
) WITHOUT ROWID;
CREATE INDEX uses_by_conversation ON uses (conversation);
"""


_MAKE_ROOM = "Make room on the disk. Until then it stays in this program's memory and is tried again."


class NotSaved(AssistantError):
    """What was said could not be written; it is still in this program's memory."""

    kind = FailureKind.INTERNAL

    def __init__(self, reason: str, remedy: str = _MAKE_ROOM) -> None:
        super().__init__(f"the conversation could not be saved ({reason})", remedy)
        self.reason = reason


class StoreUnusable(AssistantError):
    """The folder of conversations cannot be opened."""

    kind = FailureKind.LOAD_FAILED


class Database:
    """One connection, for any thread. Writes are whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreUnusable`."""
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=5.0, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.create_function("casefold", 1, str.casefold, deterministic=True)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What is told to be saved is on the disk, also when the power goes: it is written twice a
            # second at most.
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._prepare(path)
        except sqlite3.Error as error:
            raise StoreUnusable(
                f"the conversations in {path} cannot be opened ({error})",
                "Move that file away to begin a new one, or name another folder: --data-dir DIR.",
            ) from error

    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction. Raises `NotSaved` if the disk does not take it; nothing of it is kept then."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise NotSaved(str(error)) from error
            except OSError as error:
                raise NotSaved(error.strerror or str(error)) from error

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _prepare(self, path: Path) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
        elif version != VERSION:
            raise StoreUnusable(
                f"the conversations in {path} are of a newer version of this program",
                "Use that version, or name another folder: --data-dir DIR.",
            )
