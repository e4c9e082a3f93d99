"""One visitor each: conversation, pending attachments, choices, and the reply under way.

A session lives in this process and is found by the id that the visitor's browser keeps, so that a
reload or a lost connection finds everything where it was. Sessions that nobody used for hours go.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from dataclasses import dataclass

from autoglm_ui import conversation
from autoglm_ui.backends.choice import BackendChoice, BackendPool
from autoglm_ui.conversation import Conversation, Reply, StillAnswering
from autoglm_ui.jobs import BackgroundLoop, Job
from autoglm_ui.settings import Language
from engine.protocol import (
    AssistantError,
    AudioPart,
    Backend,
    Event,
    FailureKind,
    ImagePart,
    MediaRefused,
    Message,
    Options,
    TextPart,
)

IDLE_SECONDS = 12 * 3600.0
MAX_ATTACHMENTS = 8

#: Earlier exchanges that a page shows at first. A browser takes 0.2 to 0.6 s to lay out 200 messages
#: anew, and it does so each time one is added.
WINDOW = 15

_ID = re.compile(r"[0-9a-f]{32}")


class NothingToSend(AssistantError):
    """Send without text, picture or recording."""

    kind = FailureKind.INVALID_REQUEST

    def __init__(self) -> None:
        super().__init__("there is nothing to send", "Type, add a picture, or speak.")


class TooManyAttachments(MediaRefused):
    """More attachments than one message takes."""

    def __init__(self) -> None:
        super().__init__(
            f"a message takes at most {MAX_ATTACHMENTS} attachments", "Send these first, or remove one."
        )


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or a recording that waits in the composer."""

    id: str
    part: ImagePart | AudioPart


class Session:
    """One visitor. Methods are safe to call from any thread."""

    def __init__(self, id: str, loop: BackgroundLoop, pool: BackendPool, choice: BackendChoice) -> None:
        self.id = id
        self.language: Language | None = None
        self.options = Options()
        self.window = WINDOW
        self._loop = loop
        self._pool = pool
        self._lock = threading.RLock()
        self._choice = choice
        pool.lease(choice)
        self._conversation = Conversation()
        self._attachments: tuple[Attachment, ...] = ()
        self._job: Job | None = None
        self.touched = time.monotonic()

    # Reading: each is one frozen value, whole at any time.

    @property
    def conversation(self) -> Conversation:
        return self._conversation

    @property
    def reply(self) -> Reply | None:
        last = self._conversation.last
        return last.reply if last else None

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self._attachments

    @property
    def job(self) -> Job | None:
        """The reply under way, or the last one."""
        return self._job

    @property
    def choice(self) -> BackendChoice:
        return self._choice

    @property
    def backend(self) -> Backend:
        return self._pool.get(self._choice)

    # Changing.

    def attach(self, part: ImagePart | AudioPart) -> None:
        """Put `part` into the composer. Raises `TooManyAttachments`."""
        with self._lock:
            if len(self._attachments) >= MAX_ATTACHMENTS:
                raise TooManyAttachments
            self._attachments = (*self._attachments, Attachment(uuid.uuid4().hex, part))

    def detach(self, id: str) -> None:
        """Take an attachment out of the composer; one that is not there is no error."""
        with self._lock:
            self._attachments = tuple(item for item in self._attachments if item.id != id)

    def send(self, text: str) -> None:
        """Ask with `text` and the attachments. Raises `NothingToSend`, `StillAnswering`: all is kept."""
        with self._lock:
            parts = tuple(item.part for item in self._attachments)
            self.ask(Message("user", (*parts, TextPart(text)) if text.strip() else parts))
            self._attachments = ()

    def ask(self, message: Message) -> None:
        """Ask with `message`, leaving the composer as it is. Raises as `send` does."""
        if not message.parts:
            raise NothingToSend
        with self._lock:
            self._conversation = conversation.send(message, self._conversation)
            self._answer()

    def retry(self) -> None:
        """Answer the last message again, with a backend loaded anew if it could not be loaded.

        Raises `StillAnswering`, `NothingToRetry`.
        """
        with self._lock:
            self._conversation = conversation.retry(self._conversation)
            self._pool.renew(self._choice)
            self._answer()

    def stop(self) -> None:
        """End the reply under way, keeping its text."""
        if self._job is not None:
            self._job.stop()

    def clear(self) -> None:
        """Begin a new conversation; a reply under way is ended."""
        with self._lock:
            self.stop()
            self._conversation = Conversation()
            self._job = None
            self.window = WINDOW

    def choose(self, choice: BackendChoice) -> None:
        """Let another backend answer from now on, or load the same again if it could not be loaded.

        Raises `StillAnswering`.
        """
        with self._lock:
            if self._conversation.answering:
                raise StillAnswering
            if choice == self._choice:
                self._pool.renew(choice)
                return
            self._pool.lease(choice)
            previous, self._choice = self._choice, choice
            self._pool.release(previous)

    def close(self) -> None:
        """End the reply under way and let the backend go."""
        self.clear()
        self._pool.release(self._choice)

    def _answer(self) -> None:
        request = conversation.request(self._conversation, self.options)
        self._job = Job(self._loop, self.backend, request, self._fold, self._lock)

    def _fold(self, event: Event, at: float) -> None:
        self._conversation = conversation.apply(event, self._conversation, at)


class Sessions:
    """Every visitor's session, by id."""

    def __init__(
        self, loop: BackgroundLoop, pool: BackendPool, choice: BackendChoice, idle: float = IDLE_SECONDS
    ) -> None:
        self._loop = loop
        self._pool = pool
        self._choice = choice
        self._idle = idle
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._pages: dict[str, str] = {}

    def find(self, id: str | None, page: str) -> Session:
        """The session of `id`; without an id, one that belongs to `page` (one load of the page).

        An id that no session has (the program was started anew) begins an empty one.
        """
        with self._lock:
            self._evict()
            known = id if id and _ID.fullmatch(id) else self._pages.setdefault(page, uuid.uuid4().hex)
            if known not in self._sessions:
                self._sessions[known] = Session(known, self._loop, self._pool, self._choice)
            session = self._sessions[known]
            session.touched = time.monotonic()
            return session

    def close(self) -> None:
        """End every session."""
        with self._lock:
            sessions = tuple(self._sessions.values())
            self._sessions.clear()
            self._pages.clear()
        for session in sessions:
            session.close()

    def _evict(self) -> None:
        oldest = time.monotonic() - self._idle
        for id, session in tuple(self._sessions.items()):
            if session.touched < oldest and not session.conversation.answering:
                del self._sessions[id]
                session.close()
        self._pages = {page: id for page, id in self._pages.items() if id in self._sessions}
