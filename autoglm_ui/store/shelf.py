"""Saves conversations while they change: at once where asked, else within half a second."""

from __future__ import annotations

import logging
import threading

from autoglm_ui.conversation import Conversation
from autoglm_ui.store.history import History
from autoglm_ui.store.record import Record
from autoglm_ui.store.schema import NotSaved

log = logging.getLogger(__name__)

#: Seconds of text that may be lost when the program is killed.
INTERVAL = 0.5

#: Seconds between two removals of what was deleted a day ago.
PURGING = 3600.0

#: Seconds between attempts while the disk takes nothing.
PATIENCE = 2.0

_EXPORT = "It stays in this program's memory: save it as a file before the program ends."


class Shelf:
    """The newest record of each conversation that is not written yet, and a thread that writes them."""

    def __init__(self, history: History, interval: float = INTERVAL, patience: float = PATIENCE) -> None:
        self.history = history
        self._interval = interval
        self._patience = patience
        self._waiting: dict[str, Record] = {}
        #: As the store has them; what is no longer open goes from here.
        self._saved: dict[str, Conversation] = {}
        self._forgotten: set[str] = set()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._problem: NotSaved | None = None
        self._thread = threading.Thread(target=self._run, name="saving", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> NotSaved | None:
        """Why the last attempt to save failed; None if it did not."""
        return self._problem

    def load(self, id: str, owner: str) -> Record | None:
        """The owner's conversation `id` as it was saved, or as it still waits to be."""
        with self._lock:
            self._forgotten.discard(id)
            waiting = self._waiting.get(id)
        if waiting is not None:
            return waiting if waiting.owner == owner else None
        record = self.history.load(id, owner)
        if record is not None:
            with self._lock:
                self._saved[id] = record.conversation
        return record

    def forget(self, id: str) -> None:
        """Let go of a conversation that nobody has open; what of it is not written yet stays until it is."""
        with self._lock:
            if id in self._waiting:
                self._forgotten.add(id)
            else:
                self._saved.pop(id, None)

    def put(self, record: Record) -> None:
        """Save `record` soon."""
        self._take(record)
        self._wake.set()

    def save(self, record: Record) -> None:
        """Save `record` now; if that does not work, it is tried again until it does."""
        self._take(record)
        self.flush()

    def flush(self) -> None:
        """Write everything that waits."""
        with self._writing:
            with self._lock:
                records = tuple(self._waiting.values())
            problem = None
            for record in records:
                try:
                    self.history.save(record, self._saved.get(record.id, Conversation()))
                except NotSaved as error:
                    problem = error
                    continue
                except Exception as error:
                    # What cannot be written of one conversation must not keep the others from it.
                    if not self._problem:
                        log.exception("conversation %s", record.id)
                    problem = NotSaved(f"{type(error).__name__}: {error}", _EXPORT)
                    continue
                self._written(record)
            if problem and not self._problem:
                log.warning("%s. %s", problem.message, problem.remedy)
            self._problem = problem
        if problem:
            self._wake.set()

    def _take(self, record: Record) -> None:
        with self._lock:
            self._waiting[record.id] = record

    def _written(self, record: Record) -> None:
        with self._lock:
            self._saved[record.id] = record.conversation
            if self._waiting.get(record.id) is not record:
                return
            del self._waiting[record.id]
            if record.id in self._forgotten:
                self._forgotten.discard(record.id)
                del self._saved[record.id]

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._ending.set()
        self._wake.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        self._purge()
        # Asked each time: `close` may wake us just before we clear what it woke us with.
        while not self._ending.is_set():
            if not self._wake.wait(PURGING):
                self._purge()
                continue
            # Not at each piece of text: what comes within the interval is written together.
            if self._ending.wait(self._patience if self._problem else self._interval):
                return
            self._wake.clear()
            self.flush()

    def _purge(self) -> None:
        try:
            self.history.purge()
        except NotSaved as error:
            log.warning("what was deleted could not be removed: %s", error.reason)
