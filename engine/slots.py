"""Who waits, who has a slot, and what the next pass computes: the scheduler's books, without any tensor.

Requests wait in the order in which they came. A slot is a row of the KV cache; those in use are always
0, 1, 2 … without a gap, so that one pass reads one slice. A row takes its slot when a slot is free and the
cache has room for all that it may come to hold, reads its prompt in chunks, and then writes token by token.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from engine.protocol import Busy, OutOfMemory

Job = TypeVar("Job")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the scheduler takes on.

    slots: rows that are answered at once.
    waiting: requests that may wait beside them.
    cache_tokens: tokens of KV cache for all rows together. The cache is a rectangle: as many rows as are in
        use, each as wide as the widest.
    prefill_tokens: most tokens of prompts that one pass reads, so that those who write wait no longer.
    """

    slots: int = 16
    waiting: int = 32
    cache_tokens: int = 1 << 20
    prefill_tokens: int = 512

    def __post_init__(self) -> None:
        for name in ("slots", "cache_tokens", "prefill_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        if self.waiting < 0:
            raise ValueError(f"waiting is {self.waiting}; it must be 0 or more")


@dataclass(eq=False, slots=True)
class Row(Generic[Job]):
    """One request on its way.

    `slot` is None while it waits and after it has left. `width`, the tokens that it may come to hold, is
    None until its prompt is known. `filled` tokens of the prompt have been read; `token` is the last one
    written, at `written_at`; `told` is the place in the queue that it has been told.
    """

    job: Job
    arrival: int
    prompt_tokens: int = 0
    width: int | None = None
    slot: int | None = None
    filled: int = 0
    token: int = 0
    told: int | None = None
    written_at: float | None = None

    @property
    def decoding(self) -> bool:
        """Its whole prompt has been read."""
        return self.slot is not None and self.filled == self.prompt_tokens


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Job]):
    """Tokens `start` to `stop` of a row's prompt, to be read in one pass."""

    row: Row[Job]
    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start

    @property
    def last(self) -> bool:
        """The prompt ends with it: the first token comes out of this pass."""
        return self.stop == self.row.prompt_tokens


@dataclass(frozen=True, slots=True)
class Move:
    """A row's slot changed: what the cache holds in `source` belongs into `target`."""

    source: int
    target: int


@dataclass
class SlotTable(Generic[Job]):
    """The books. Not thread-safe: whoever shares it brings the lock."""

    limits: Limits
    _waiting: deque[Row[Job]] = field(default_factory=deque)
    _running: list[Row[Job]] = field(default_factory=list)
    _arrived: int = 0

    @property
    def waiting(self) -> Sequence[Row[Job]]:
        """Oldest first."""
        return tuple(self._waiting)

    @property
    def running(self) -> Sequence[Row[Job]]:
        """By slot: the row in slot i is number i."""
        return tuple(self._running)

    @property
    def decoding(self) -> Sequence[Row[Job]]:
        """By slot: those whose next token is due."""
        return tuple(row for row in self._running if row.decoding)

    @property
    def cache_tokens(self) -> int:
        """Tokens of the cache that are spoken for."""
        return self._rectangle(self._running)

    def join(self, job: Job) -> Row[Job]:
        """Queue a request whose prompt is not known yet. Raises Busy where too many wait already."""
        if len(self._waiting) + len(self._running) >= self.limits.slots + self.limits.waiting:
            raise Busy(f"{len(self._waiting)} requests are waiting already", "Try again in a moment.")
        row = Row(job, self._arrived)
        self._arrived += 1
        self._waiting.append(row)
        return row

    def measure(self, row: Row[Job], prompt_tokens: int, new_tokens: int) -> None:
        """Its prompt is known. Raises OutOfMemory where the cache could not hold it even if it were alone."""
        if prompt_tokens < 1 or new_tokens < 1:
            raise ValueError(f"a row of {prompt_tokens} and {new_tokens} tokens has nothing to do")
        width = prompt_tokens + new_tokens
        if width > self.limits.cache_tokens:
            raise OutOfMemory(
                f"the request needs {width} tokens of memory and {self.limits.cache_tokens} are set aside",
                "Shorten the conversation, or ask for a shorter answer.",
            )
        row.prompt_tokens, row.width = prompt_tokens, width

    @property
    def admissible(self) -> bool:
        """The one who has waited longest can have a slot now."""
        return bool(self._waiting) and self._fits(self._waiting[0])

    def admit(self) -> Row[Job] | None:
        """Give a slot to the one who has waited longest; None where there is no room for it yet."""
        if not self.admissible:
            return None
        row = self._waiting.popleft()
        row.slot = len(self._running)
        self._running.append(row)
        return row

    def next_prefill(self) -> Sequence[Chunk[Job]]:
        """Chunks to read in one pass: the oldest row's, and as many others no longer than it as fit."""
        pending = sorted((row for row in self._running if not row.decoding), key=lambda row: row.arrival)
        chunks: list[Chunk[Job]] = []
        longest = 0
        for row in pending:
            missing = row.prompt_tokens - row.filled
            longest = longest or min(missing, self.limits.prefill_tokens)
            if (len(chunks) + 1) * longest > self.limits.prefill_tokens:
                break
            chunks.append(Chunk(row, row.filled, row.filled + min(missing, longest)))
        return chunks

    def advance(self, chunk: Chunk[Job]) -> None:
        """The chunk has been read."""
        if chunk.start != chunk.row.filled:
            raise ValueError(f"token {chunk.row.filled} is next, not {chunk.start}")
        chunk.row.filled = chunk.stop

    def leave(self, row: Row[Job]) -> Move | None:
        """Take a row out, wherever it is; the last row moves into the slot that it frees."""
        if row.slot is None:
            if row in self._waiting:
                self._waiting.remove(row)
            return None
        freed, row.slot = row.slot, None
        last = self._running.pop()
        if last is row:
            return None
        move = Move(len(self._running), freed)
        self._running[freed] = last
        last.slot = freed
        return move

    def positions(self) -> Sequence[tuple[Row[Job], int]]:
        """Everyone who waits, and how many must leave before their turn comes; 0: next to be served."""
        if not self._waiting:
            return ()
        head = self._waiting[0]
        blocked = head.width is not None and not self._fits(head)
        free = 0 if blocked else self.limits.slots - len(self._running)
        return tuple((row, max(0, index + 1 - free)) for index, row in enumerate(self._waiting))

    def _fits(self, row: Row[Job]) -> bool:
        if row.width is None or len(self._running) >= self.limits.slots:
            return False
        return self._rectangle([*self._running, row]) <= self.limits.cache_tokens

    @staticmethod
    def _rectangle(rows: Sequence[Row[Job]]) -> int:
        return len(rows) * max((row.width or 0 for row in rows), default=0)
