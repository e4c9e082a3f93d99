"""Every conversation of everyone, each seen by its owner only."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autoglm_ui.actions import Action, find
from autoglm_ui.conversation import Conversation, Exchange, Reply, interrupted
from autoglm_ui.store.media import GRACE_SECONDS, MediaFolder, name_of
from autoglm_ui.store.record import (
    Record,
    message_to_json,
    parts_from_json,
    parts_to_json,
    reply_from_json,
    reply_to_json,
)
from autoglm_ui.store.schema import Database
from engine.protocol import AudioPart, ImagePart, Message, TextPart, well_formed

TITLE_LENGTH = 80

#: Seconds after which what was deleted is removed for good.
TRASH_SECONDS = 24 * 3600.0

_SNIPPET = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list of conversations. `updated` is Unix time; `snippet` is where a search found it."""

    id: str
    title: str
    pinned: bool
    updated: float
    snippet: str = ""


class History:
    """The conversations in the folder `path`. Methods are safe to call from any thread.

    Raises `StoreUnusable` if the folder cannot be opened. Everything that writes raises `NotSaved` where
    the disk does not take it, and has changed nothing then.
    """

    def __init__(self, path: Path, media: MediaFolder) -> None:
        self.media = media
        self._database = Database(path)

    # ------------------------------------------------------------------------------ reading

    def entries(self, owner: str, search: str = "", limit: int = 60) -> list[Entry]:
        """The owner's conversations, pinned and newest first; with `search`, those that say it."""
        wanted = well_formed(search).strip().casefold()
        if not wanted:
            rows = self._database.read(
                "SELECT id, title, pinned, updated FROM conversations AS c"
                " WHERE owner = ? AND deleted IS NULL"
                " AND EXISTS (SELECT 1 FROM exchanges WHERE conversation = c.id)"
                " ORDER BY pinned DESC, updated DESC LIMIT ?",
                owner,
                limit,
            )
            return [Entry(row["id"], row["title"], bool(row["pinned"]), row["updated"]) for row in rows]
        rows = self._database.read(
            "SELECT c.id, c.title, c.pinned, c.updated, e.said AS asked, r.said AS answered, c.folded"
            " FROM (SELECT *, casefold(title) AS folded FROM conversations) AS c"
            " JOIN exchanges AS e ON e.conversation = c.id LEFT JOIN replies AS r ON r.exchange = e.id"
            " WHERE c.owner = ?1 AND c.deleted IS NULL"
            " AND (instr(c.folded, ?2) OR instr(e.said, ?2) OR instr(r.said, ?2))"
            " GROUP BY c.id ORDER BY c.pinned DESC, c.updated DESC LIMIT ?3",
            owner,
            wanted,
            limit,
        )
        return [
            Entry(
                row["id"],
                row["title"],
                bool(row["pinned"]),
                row["updated"],
                _snippet((row["asked"], row["answered"] or ""), wanted),
            )
            for row in rows
        ]

    def count(self, owner: str) -> int:
        """How many conversations the owner has."""
        (row,) = self._database.read(
            "SELECT count(*) AS n FROM conversations AS c WHERE owner = ? AND deleted IS NULL"
            " AND EXISTS (SELECT 1 FROM exchanges WHERE conversation = c.id)",
            owner,
        )
        return row["n"]

    def owner(self, id: str) -> str | None:
        """Whose conversation `id` is; None if there is none."""
        rows = self._database.read("SELECT owner FROM conversations WHERE id = ?", id)
        return rows[0]["owner"] if rows else None

    def title(self, id: str) -> str:
        rows = self._database.read("SELECT title FROM conversations WHERE id = ?", id)
        return rows[0]["title"] if rows else ""

    def load(self, id: str, owner: str) -> Record | None:
        """The owner's conversation `id`, deleted or not. A reply that was under way is interrupted."""
        found = self._database.read("SELECT pending FROM conversations WHERE id = ? AND owner = ?", id, owner)
        if not found:
            return None
        replies: dict[str, list[sqlite3.Row]] = {}
        for row in self._database.read(
            "SELECT r.exchange, r.current, r.body FROM replies AS r JOIN exchanges AS e ON e.id = r.exchange"
            " WHERE e.conversation = ? ORDER BY r.rowid",
            id,
        ):
            replies.setdefault(row["exchange"], []).append(row)
        exchanges = tuple(
            self._exchange(row, replies.get(row["id"], []))
            for row in self._database.read(
                "SELECT id, asked, user FROM exchanges WHERE conversation = ? ORDER BY asked, rowid", id
            )
        )
        pending = parts_from_json(json.loads(found[0]["pending"]), self.media.read)
        return Record(
            id, owner, Conversation(exchanges), tuple(p for p in pending if not isinstance(p, TextPart))
        )

    # ------------------------------------------------------------------------------ writing

    def save(self, record: Record, before: Conversation = Conversation()) -> None:
        """Write what of `record` is not in `before`, which was saved earlier.

        Media first: a row never refers to a file that is not whole.
        """
        known = {exchange.id: exchange for exchange in before.exchanges}
        changed = [e for e in record.conversation.exchanges if known.get(e.id) is not e]
        files = [part for exchange in changed if exchange.id not in known for part in _media(exchange.user)]
        now = time.time()
        with self._database.write() as write:
            for part in (*files, *record.pending):
                self.media.put(part)
            write.execute(
                "INSERT INTO conversations (id, owner, created, updated) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (record.id, record.owner, now, now),
            )
            for exchange in changed:
                _save_exchange(write, record.id, exchange)
            write.execute(
                "UPDATE conversations SET pending = ? WHERE id = ?",
                (json.dumps(parts_to_json(record.pending, name_of), ensure_ascii=False), record.id),
            )
            if changed:
                # Whoever goes on with a conversation wants it, deleted elsewhere or not.
                write.execute(
                    "UPDATE conversations SET updated = ?, deleted = NULL WHERE id = ?", (now, record.id)
                )
                write.execute(
                    "UPDATE conversations SET title = ? WHERE id = ? AND title = ''",
                    (_title(record.conversation), record.id),
                )
            write.executemany(
                "INSERT INTO uses (file, conversation) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(name_of(part), record.id) for part in files],
            )

    def rename(self, id: str, owner: str, title: str) -> None:
        """Name a conversation; an empty name changes nothing."""
        name = " ".join(well_formed(title).split())[:TITLE_LENGTH]
        if name:
            self._change(
                "UPDATE conversations SET title = ?, named = 1 WHERE id = ? AND owner = ?", name, id, owner
            )

    def pin(self, id: str, owner: str, pinned: bool) -> None:
        self._change("UPDATE conversations SET pinned = ? WHERE id = ? AND owner = ?", pinned, id, owner)

    def delete(self, id: str, owner: str) -> None:
        """Take a conversation out of the list; `restore` brings it back for a day."""
        self._change(
            "UPDATE conversations SET deleted = ? WHERE id = ? AND owner = ?", time.time(), id, owner
        )

    def restore(self, id: str, owner: str) -> None:
        self._change("UPDATE conversations SET deleted = NULL WHERE id = ? AND owner = ?", id, owner)

    def purge(self, age: float = TRASH_SECONDS, grace: float = GRACE_SECONDS) -> None:
        """Remove for good what was deleted `age` seconds ago, and every file older than `grace` seconds
        that nothing refers to."""
        oldest = time.time() - age
        # The files within the transaction: nobody refers to one anew while it is removed.
        with self._database.write() as write:
            write.execute("DELETE FROM conversations WHERE deleted <= ?", (oldest,))
            write.execute(
                "DELETE FROM conversations WHERE pending = '[]' AND updated <= ?"
                " AND NOT EXISTS (SELECT 1 FROM exchanges WHERE conversation = conversations.id)",
                (oldest,),
            )
            used = {row["file"] for row in write.execute("SELECT file FROM uses")}
            for row in write.execute("SELECT pending FROM conversations WHERE pending <> '[]'"):
                used |= {part["file"] for part in json.loads(row["pending"])}
            self.media.sweep(used, grace)

    def close(self) -> None:
        self._database.close()

    def _change(self, statement: str, *values: object) -> None:
        with self._database.write() as write:
            write.execute(statement, values)

    def _exchange(self, row: sqlite3.Row, replies: Iterable[sqlite3.Row]) -> Exchange:
        message = Message("user", parts_from_json(json.loads(row["user"]), self.media.read))
        current, others = Reply(), []
        for reply in replies:
            found = interrupted(reply_from_json(reply["body"]))
            if reply["current"]:
                current = found
            else:
                others.append(found)
        return Exchange(message, interrupted(current), row["id"], row["asked"], tuple(others))


def _save_exchange(write: sqlite3.Connection, conversation: str, exchange: Exchange) -> None:
    write.execute(
        "INSERT INTO exchanges (id, conversation, asked, user, said) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            exchange.id,
            conversation,
            exchange.asked,
            message_to_json(exchange.user, name_of),
            exchange.user.text.casefold(),
        ),
    )
    for reply in (*exchange.others, exchange.reply):
        write.execute(
            "INSERT INTO replies (id, exchange, current, body, said) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET current = excluded.current, body = excluded.body,"
            " said = excluded.said",
            (
                reply.id,
                exchange.id,
                reply is exchange.reply,
                reply_to_json(reply),
                reply.answer.casefold(),
            ),
        )


def _media(message: Message) -> list[ImagePart | AudioPart]:
    return [part for part in message.parts if not isinstance(part, TextPart)]


def _title(conversation: Conversation) -> str:
    """The first thing that was asked in words; of pictures and speech alone, what was answered."""
    for exchange in conversation.exchanges:
        reply = exchange.reply
        for text in (exchange.user.text, _answered(reply.answer) if reply.settled else ""):
            if line := " ".join(text.split()):
                return line[:TITLE_LENGTH]
    return ""


def _answered(answer: str) -> str:
    """`answer`; of one that is nothing but an action, its name and what it is given."""
    match find(answer):
        case (Action() as action,) if action.source.strip() == answer.strip():
            return " ".join([action.name, *(value for _, value in action.arguments)])
    return answer


def _snippet(texts: Iterable[str], wanted: str) -> str:
    for text in texts:
        at = text.find(wanted)
        if at >= 0:
            start = max(0, at - _SNIPPET // 3)
            return ("…" if start else "") + " ".join(text[start : at + _SNIPPET].split())
    return ""
