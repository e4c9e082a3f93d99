"""Events on their way from the decode loop to those who read them, each on an event loop of its own.

One reader hears of each token as it comes. Of many, none reads as quickly as that: to be told of every token
by itself costs each of them, and the decode loop beside them, more than the tokens do.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from engine.protocol import AnswerAdded, Event, ReasoningAdded, TokenScored

#: Seconds between two deliveries of text, for each who waits for one beside the first: of 16 readers, each
#: hears 16 times a second.
PACE = 0.004
#: What can wait that long; whatever else happens is told at once.
TEXT = (ReasoningAdded, AnswerAdded, TokenScored)


class Mailbox:
    """Where one reader waits for its events; None is the last.

    Pieces of one text that lie there are read as one.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.told = False  # some text: the first of it is not kept waiting
        self._letters: deque[Event | None] = deque()
        self._arrived = asyncio.Event()

    def put(self, event: Event | None) -> None:
        """On the reader's loop."""
        last = self._letters[-1] if self._letters else None
        if isinstance(event, ReasoningAdded) and isinstance(last, ReasoningAdded):
            self._letters[-1] = ReasoningAdded(last.text + event.text)
        elif isinstance(event, AnswerAdded) and isinstance(last, AnswerAdded):
            self._letters[-1] = AnswerAdded(last.text + event.text)
        else:
            self._letters.append(event)
        self._arrived.set()

    async def take(self) -> Event | None:
        while not self._letters:
            self._arrived.clear()
            await self._arrived.wait()
        return self._letters.popleft()


class Outbox:
    """Events that are not delivered yet: one call a loop takes all of them there.

    clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._letters: dict[asyncio.AbstractEventLoop, list[tuple[Mailbox, Event | None]]] = defaultdict(list)
        self._readers: set[Mailbox] = set()
        self._urgent = False
        self._delivered = 0.0

    def post(self, mailbox: Mailbox, event: Event | None) -> None:
        with self._lock:
            self._letters[mailbox.loop].append((mailbox, event))
            self._readers.add(mailbox)
            if not isinstance(event, TEXT):
                self._urgent = True
            elif not mailbox.told:
                mailbox.told = self._urgent = True

    def flush(self) -> None:
        """Deliver all that was posted."""
        with self._lock:  # held, so that two threads cannot overtake each other
            self._flush()

    def flush_due(self) -> None:
        """Deliver what was posted, unless it is text alone that can be gathered a little longer."""
        with self._lock:
            wait = PACE * (len(self._readers) - 1)
            if self._urgent or self._clock() - self._delivered >= wait:
                self._flush()

    def _flush(self) -> None:
        letters, self._letters = self._letters, defaultdict(list)
        self._readers, self._urgent, self._delivered = set(), False, self._clock()
        for loop, posted in letters.items():
            with contextlib.suppress(RuntimeError):  # the reader's loop has gone
                loop.call_soon_threadsafe(deliver, posted)


def deliver(posted: list[tuple[Mailbox, Event | None]]) -> None:
    """On the loop of these mailboxes."""
    for mailbox, event in posted:
        mailbox.put(event)
