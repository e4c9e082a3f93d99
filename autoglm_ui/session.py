"""One conversation: what was said, pending attachments, choices, and the replies under way.

What is said is saved as it comes.
"""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import Future
from dataclasses import dataclass

from autoglm_ui import conversation
from autoglm_ui.backends.choice import BackendChoice, BackendPool
from autoglm_ui.beside import Beside
from autoglm_ui.conversation import Conversation, Left, NothingToRetry, Rating, Reply, StillAnswering
from autoglm_ui.jobs import BackgroundLoop, Job
from autoglm_ui.quota import LimitedBackend, Quota
from autoglm_ui.settings import Language
from autoglm_ui.store import NotSaved, Record, Shelf
from engine.protocol import (
    AssistantError,
    AudioPart,
    Backend,
    Event,
    FailureKind,
    ImagePart,
    Insight,
    Inspectable,
    MediaRefused,
    Message,
    Options,
    Request,
    TextPart,
    well_formed,
)

MAX_ATTACHMENTS = 8

#: Earlier exchanges that a page shows at first. A browser takes 0.2 to 0.6 s to lay out 200 messages
#: anew, and it does so each time one is added.
WINDOW = 15


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
    """One conversation. Methods are safe to call from any thread."""

    def __init__(
        self,
        id: str,
        loop: BackgroundLoop,
        pool: BackendPool,
        choice: BackendChoice,
        owner: str = "",
        shelf: Shelf | None = None,
        record: Record | None = None,
        quota: Quota | None = None,
    ) -> None:
        self.id = id
        self.owner = owner
        #: Whose allowance it is answered from.
        self.payer = owner
        self._quota = quota
        self.language: Language | None = None
        self.options = Options()
        self.window = WINDOW
        self._loop = loop
        self._pool = pool
        self._shelf = shelf
        self._lock = threading.RLock()
        self._choice = choice
        pool.lease(choice)
        self._conversation = record.conversation if record else Conversation()
        self._attachments = tuple(_attachment(part) for part in record.pending) if record else ()
        self._job: Job | None = None
        self.beside = Beside(loop, pool, self._lock, lambda: self._conversation, self._write, self._limited)
        self.touched = time.monotonic()

    # Reading: each is one frozen value, whole at any time.

    @property
    def user(self) -> str | None:
        """The name that its owner signed in with."""
        kind, _, name = self.owner.partition(":")
        return name if kind == "user" else None

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
    def busy(self) -> bool:
        """Some reply is on its way, whether it counts or not."""
        return self._conversation.answering or self.beside.busy

    @property
    def choice(self) -> BackendChoice:
        return self._choice

    @property
    def backend(self) -> Backend:
        return self._pool.get(self._choice)

    @property
    def unsaved(self) -> NotSaved | None:
        """Why what was said is not saved; None if it is."""
        return self._shelf.problem if self._shelf else None

    @property
    def seconds_left(self) -> float | None:
        """Of answering; None without a limit."""
        return max(0.0, self._quota.left(self.payer)) if self._quota else None

    # Changing.

    def attach(self, part: ImagePart | AudioPart, recorded: bool = False) -> None:
        """Put `part` into the composer. Raises `TooManyAttachments`.

        recorded: it was spoken into a microphone just now. Nobody speaks it again, so it is taken although
        there are too many, and sending waits until one is taken out.
        """
        with self._lock:
            if len(self._attachments) >= MAX_ATTACHMENTS and not recorded:
                raise TooManyAttachments
            self._attachments = (*self._attachments, _attachment(part))
            self._save()

    def detach(self, id: str) -> None:
        """Take an attachment out of the composer; one that is not there is no error."""
        with self._lock:
            self._attachments = tuple(item for item in self._attachments if item.id != id)
            self._save()

    def send(self, text: str) -> None:
        """Ask with `text` and the attachments.

        Raises `NothingToSend`, `StillAnswering`, `QuotaSpent`, `TooManyAttachments`: all is kept.
        """
        with self._lock:
            if len(self._attachments) > MAX_ATTACHMENTS:
                raise TooManyAttachments
            parts = tuple(item.part for item in self._attachments)
            typed = (TextPart(well_formed(text)),) if text.strip() else ()
            self._ask(Message("user", (*parts, *typed)), ())

    def ask(self, message: Message) -> None:
        """Ask with `message`, leaving the composer as it is. Raises as `send` does."""
        with self._lock:
            self._ask(message, self._attachments)

    def _ask(self, message: Message, attachments: tuple[Attachment, ...]) -> None:
        if not message.parts:
            raise NothingToSend
        self._must_be_idle()
        self._admit()
        self._conversation = conversation.send(
            message, self._conversation, self._blank(), uuid.uuid4().hex, time.time()
        )
        self._attachments = attachments
        self._answer()

    def retry(self) -> None:
        """Answer the last message again, with a backend loaded anew if it could not be loaded.

        Raises `StillAnswering`, `NothingToRetry`, `QuotaSpent`.
        """
        with self._lock:
            self._must_be_idle()
            self._admit()
            self._conversation = conversation.retry(self._conversation, self._blank())
            self._pool.renew(self._choice)
            self._answer()

    def compare(self, choice: BackendChoice | None) -> None:
        """Ask a second backend everything that the first is asked, from now on; None for no more.

        Raises `StillAnswering`.
        """
        with self._lock:
            self._must_be_idle()
            self.beside.choose(choice)

    def ask_without(self, left: Left) -> None:
        """Ask the last question once more without that kind of media, beside the answer that counts.

        Nothing happens where nothing would be left to ask.

        Raises `StillAnswering`, `NothingToRetry`, `QuotaSpent`.
        """
        with self._lock:
            self._must_be_idle()
            last = self._conversation.last
            if last is None:
                raise NothingToRetry
            asked = conversation.without(left, conversation.request(self._conversation, self.options))
            if asked is not None:
                self._admit()
                self.beside.begin(last.id, asked, self.backend, (left,))

    def replay(self) -> None:
        """Ask the second backend every question again.

        Raises `StillAnswering`, `NothingToRetry`, `NoSecond`, `QuotaSpent`.
        """
        with self._lock:
            self._must_be_idle()
            if self._conversation.last is None:
                raise NothingToRetry
            self._admit()
            self.beside.start_replay(self.options)

    def prefer(self, reply: str) -> None:
        """Let the conversation go on with that other reply. Raises `StillAnswering`."""
        with self._lock:
            self._must_be_idle()
            self._write(conversation.prefer(reply, self._conversation))

    def stop(self) -> None:
        """End every reply under way, keeping its text."""
        self.stop_first()
        self.beside.stop()

    def stop_first(self) -> None:
        """End the reply that counts."""
        if self._job is not None:
            self._job.stop()

    def choose(self, choice: BackendChoice) -> None:
        """Let another backend answer from now on, or load the same again if it could not be loaded.

        Raises `StillAnswering`.
        """
        with self._lock:
            self._must_be_idle()
            if choice == self._choice:
                self._pool.renew(choice)
                return
            self._pool.lease(choice)
            previous, self._choice = self._choice, choice
            self._pool.release(previous)

    def rate(self, reply: str, rating: Rating) -> None:
        """Keep what a person thinks of the reply with that id."""
        with self._lock:
            self._conversation = conversation.rate(reply, rating, self._conversation)
            self._save()

    def inspect(self, request: Request, backend: Backend) -> Future[Insight] | None:
        """What `backend` can show of `request`; None where it shows nothing, or is not ready."""
        if not isinstance(backend, Inspectable) or backend.readiness().state != "ready":
            return None
        return self._loop.submit(backend.inspect(request))

    def close(self) -> None:
        """End the reply under way and let the backend go."""
        self.stop()
        self.beside.close()
        self._pool.release(self._choice)

    def _admit(self) -> None:
        """Raises `QuotaSpent` where nothing more may be asked for now."""
        if self._quota:
            self._quota.admit(self.payer)

    def _limited(self, backend: Backend) -> Backend:
        """`backend`, for as long as the allowance lasts."""
        return LimitedBackend(backend, self._quota, self.payer) if self._quota else backend

    def _must_be_idle(self) -> None:
        if self.busy:
            raise StillAnswering

    def _blank(self) -> Reply:
        return Reply(id=uuid.uuid4().hex, backend=self.backend.name)

    def _answer(self) -> None:
        """Let the backend answer the last question, and the second one, if there is one, the same."""
        last, second = self._conversation.last, self.beside.choice
        assert last is not None, "something was asked"
        request = conversation.request(self._conversation, self.options)
        other: Reply | None = None
        if second is not None:
            self._pool.renew(second)
            other = self.beside.blank(self._pool.get(second))
            self._conversation = conversation.beside(other, last.id, self._conversation)
        # Before it is answered: a question is not lost, whatever becomes of the answer.
        self._save()
        self._job = Job(self._loop, self._limited(self.backend), request, self._fold, self._lock)
        if second is not None and other is not None:
            self.beside.answer(other, request, self._pool.get(second))

    def _fold(self, event: Event, at: float) -> None:
        self._write(conversation.apply(event, self._conversation, at), now=False)

    def _write(self, state: Conversation, now: bool = True) -> None:
        self._conversation = state
        if now:
            self._save()
        elif self._shelf:
            self._shelf.put(self._record)

    @property
    def _record(self) -> Record:
        pending = tuple(item.part for item in self._attachments)
        return Record(self.id, self.owner, self._conversation, pending)

    def _save(self) -> None:
        if self._shelf:
            self._shelf.save(self._record)


def _attachment(part: ImagePart | AudioPart) -> Attachment:
    return Attachment(uuid.uuid4().hex, part)
