"""Every open conversation. It lives in this process and is found by the id that the visitor's page keeps.

So a reload or a lost connection finds everything where it was. One that nobody used for hours goes, and is
read again when it is asked for.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from dataclasses import dataclass

from autoglm_ui.backends.choice import BackendChoice, BackendPool
from autoglm_ui.jobs import BackgroundLoop
from autoglm_ui.quota import Quota
from autoglm_ui.session import Session
from autoglm_ui.store import Record, Shelf

IDLE_SECONDS = 12 * 3600.0

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, as their page says: whose conversations, and which of them.

    `visitor` and `conversation` are what the browser kept, `user` the name that somebody signed in with;
    each may be missing. `page` is one load of the page; `address` is where it came from, as far as that tells
    visitors apart.
    """

    page: str
    visitor: str | None = None
    conversation: str | None = None
    user: str | None = None
    address: str = ""


class Sessions:
    """Every open conversation, by id; each is its owner's alone."""

    def __init__(
        self,
        loop: BackgroundLoop,
        pool: BackendPool,
        choice: BackendChoice,
        idle: float = IDLE_SECONDS,
        shelf: Shelf | None = None,
        quota: Quota | None = None,
    ) -> None:
        self._quota = quota
        self._loop = loop
        self._pool = pool
        self._choice = choice
        self._idle = idle
        self._shelf = shelf
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._pages: dict[str, str] = {}
        self._visitors: dict[str, str] = {}

    def find(self, visit: Visit) -> Session:
        """The conversation of `visit`, read from the store where it is not open.

        A page that names none has one of its own. One that was never saved, or is somebody else's, is a
        new one.
        """
        with self._lock:
            self._evict()
            owner = self._owner(visit)
            # What the page was last given to show comes first: an event that was on its way meanwhile still
            # names the conversation before.
            known = self._pages.get(visit.page) or _valid(visit.conversation)
            id = known or self._pages.setdefault(visit.page, uuid.uuid4().hex)
            session = self._open(id, owner) or self._open(self._own(visit.page, owner), owner)
            assert session is not None, "an id of the page's own is nobody else's"
            self._pages[visit.page] = session.id
            session.touched = time.monotonic()
            session.payer = owner if visit.user or not visit.address else f"address:{visit.address}"
            return session

    def new(self, visit: Visit, like: Session) -> Session:
        """An empty conversation with the choices of `like`, shown by the page of `visit` from now on."""
        with self._lock:
            session = self._make(uuid.uuid4().hex, like.owner, like.choice)
            _inherit(session, like)
            self._pages[visit.page] = session.id
            return session

    def open(self, id: str, visit: Visit, like: Session) -> Session | None:
        """The conversation `id` of the owner of `like`, shown by the page of `visit` from now on."""
        with self._lock:
            known = id in self._sessions
            session = self._open(id, like.owner, like.choice, must_exist=True)
            if session is None:
                return None
            if not known:
                _inherit(session, like)
            session.touched = time.monotonic()
            self._pages[visit.page] = session.id
            return session

    def stop(self, id: str, owner: str) -> None:
        """End the replies under way in the owner's conversation `id`."""
        with self._lock:
            session = self._sessions.get(id)
        if session is not None and session.owner == owner:
            session.stop()

    def shows(self, page: str, session: Session) -> bool:
        """Whether `page` shows `session` now, not another one."""
        return self._pages.get(page) == session.id

    def visitor(self, visit: Visit) -> str:
        """The id by which the browser of `visit` is known again."""
        with self._lock:
            return self._visitor(visit)

    def answering(self, owner: str) -> frozenset[str]:
        """The ids of the owner's conversations that are being answered."""
        with self._lock:
            sessions = tuple(self._sessions.values())
        return frozenset(s.id for s in sessions if s.owner == owner and s.busy)

    def close(self) -> None:
        """End every session."""
        with self._lock:
            sessions = tuple(self._sessions.values())
            self._sessions.clear()
            self._pages.clear()
        for session in sessions:
            session.close()

    def _visitor(self, visit: Visit) -> str:
        return _valid(visit.visitor) or self._visitors.setdefault(visit.page, uuid.uuid4().hex)

    def _owner(self, visit: Visit) -> str:
        return f"user:{visit.user}" if visit.user else f"visitor:{self._visitor(visit)}"

    def _own(self, page: str, owner: str) -> str:
        """The id of a conversation of `page` that nobody else has."""
        id = self._pages.get(page, "")
        known = self._sessions.get(id)
        taken = known.owner if known else self._shelf.history.owner(id) if self._shelf and id else None
        return id if id and taken in {None, owner} else uuid.uuid4().hex

    def _open(
        self, id: str, owner: str, choice: BackendChoice | None = None, must_exist: bool = False
    ) -> Session | None:
        """The session `id` if it is the owner's, or nobody's yet."""
        if id in self._sessions:
            session = self._sessions[id]
            return session if session.owner == owner else None
        record = self._shelf.load(id, owner) if self._shelf else None
        if record is None and (must_exist or (self._shelf and self._shelf.history.owner(id))):
            return None
        return self._make(id, owner, choice or self._choice, record)

    def _make(self, id: str, owner: str, choice: BackendChoice, record: Record | None = None) -> Session:
        session = Session(id, self._loop, self._pool, choice, owner, self._shelf, record, self._quota)
        self._sessions[id] = session
        return session

    def _evict(self) -> None:
        oldest = time.monotonic() - self._idle
        for id, session in tuple(self._sessions.items()):
            if session.touched < oldest and not session.busy:
                del self._sessions[id]
                session.close()
                if self._shelf:
                    self._shelf.forget(id)
        self._pages = {page: id for page, id in self._pages.items() if id in self._sessions}
        self._visitors = {page: id for page, id in self._visitors.items() if page in self._pages}


def _valid(id: str | None) -> str | None:
    return id if id and _ID.fullmatch(id) else None


def _inherit(session: Session, like: Session) -> None:
    session.language, session.options, session.payer = like.language, like.options, like.payer
    session.compare(like.beside.choice)
