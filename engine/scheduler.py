"""One decode loop for all requests: they join, prefill in chunks, decode together, and leave.

Each turn of the loop admits who waits, reads one pass of prompts, and writes one token for every row that is
past its prompt. So nobody who writes waits longer than one pass of prompts for the next token, and a request
that arrives is read beside them. What goes wrong with one request ends that request only.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.metrics import Counters, Metrics
from engine.protocol import Busy
from engine.slots import Limits, Row, SlotTable
from engine.turn import Job, Turn

if TYPE_CHECKING:
    from engine.generate import Decoder

logger = logging.getLogger(__name__)


class Scheduler:
    """The loop, its queue and its thread. Requests may join before there is a model to answer them.

    Args:
        limits: see `Limits`.
        after_turn: called on the loop's thread at the end of each turn, when all its jobs have been told.
        lost: called on the loop's thread with what ended the loop, where that was no `close`.
    """

    def __init__(
        self,
        limits: Limits,
        after_turn: Callable[[], None] = lambda: None,
        lost: Callable[[Exception], None] = lambda error: None,
    ) -> None:
        self._table: SlotTable[Job] = SlotTable(limits)
        self._changed = threading.Condition()
        self._after_turn, self._lost = after_turn, lost
        self._counters = Counters()
        self._closed = False
        self._decoder: Decoder | None = None
        self._thread: threading.Thread | None = None

    @property
    def limits(self) -> Limits:
        return self._table.limits

    # ------------------------------------------------------------------------- called by anyone

    def start(self, decoder: Decoder, cache_tokens: int) -> None:
        """There is a model, and room for so many tokens of KV cache: the loop begins."""
        with self._changed:
            if self._closed:
                return
            self._decoder = decoder
            self._table.limits = replace(self._table.limits, cache_tokens=cache_tokens)
            self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
            self._thread.start()

    def join(self, job: Job) -> Row[Job]:
        """Queue a request. Raises Busy."""
        with self._changed:
            try:
                if self._closed:
                    raise Busy("the engine is stopping", "Start it again.")
                row = self._table.join(job)
            except Exception:
                self._counters.requests["refused"] += 1
                raise
            self._tell_positions()
            return row

    def offer(self, row: Row[Job], new_tokens: int) -> None:
        """Its prompt is ready to be read. Raises OutOfMemory where it can never fit."""
        with self._changed:
            if row.job.cancelled or self._closed:
                return
            self._table.measure(row, row.job.input_ids.shape[1], new_tokens)
            self._changed.notify()

    def refuse(self, row: Row[Job]) -> None:
        """Its prompt could not be made, or does not fit: it leaves the queue."""
        with self._changed:
            self._remove_waiting(row, "refused")

    def complete(self, row: Row[Job]) -> None:
        """It asks for no token: its prompt is all that it is told, and it needs no slot."""
        with self._changed:
            if row.job.cancelled or self._closed:
                return
            self._remove_waiting(row, "length")
            row.job.started()
            row.job.finish("length")

    def cancel(self, row: Row[Job]) -> None:
        """It leaves at once if it waits, else before the next token. Nothing happens where it has left."""
        with self._changed:
            row.job.cancelled = True
            if row.slot is None and row in self._table.waiting:
                self._remove_waiting(row, "cancelled")
                row.job.finish("cancelled")
            self._changed.notify()

    def close(self) -> None:
        """End every request and the loop; returns when its thread has ended."""
        with self._changed:
            self._closed = True
            for row in self._table.waiting:
                self._table.leave(row)
                row.job.finish("cancelled")
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self._decoder = None

    def metrics(self) -> Metrics:
        """How things stand. Never waits for the loop's tensors."""
        with self._changed:
            table, counters = self._table, self._counters
            return Metrics(
                slots=table.limits.slots,
                running=len(table.running),
                waiting=len(table.waiting),
                cache_tokens=table.cache_tokens,
                cache_limit=table.limits.cache_tokens,
                requests=dict(counters.requests),
                prompt_tokens=counters.prompt_tokens,
                generated_tokens=counters.generated_tokens,
                passes=counters.passes,
                queue_seconds=counters.queue_seconds.frozen(),
                first_token_seconds=counters.first_token_seconds.frozen(),
                token_seconds=counters.token_seconds.frozen(),
                request_seconds=counters.request_seconds.frozen(),
            )

    # ---------------------------------------------------------------------- the loop's own thread

    def _loop(self) -> None:
        import torch

        assert self._decoder is not None
        turn = Turn(self._decoder, self._leave, self._counters)
        try:
            with torch.inference_mode():
                while self._await_work():
                    self._turn(turn)
        except Exception as error:
            # A defect of the loop itself: whoever waits for it must hear that it has gone.
            logger.exception("the decode loop has ended")
            self._lost(error)
            self._fail_everyone(error)
        self._after_turn()

    def _await_work(self) -> bool:
        """Wait until there is something to do; False when the engine closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._table.running or self._table.admissible)
            if not self._closed:
                return True
        for row in self._table.running:
            row.job.finish("cancelled")
            self._leave(row, "cancelled")
        return False

    def _turn(self, turn: Turn) -> None:
        for row in self._table.running:
            if row.job.cancelled:
                turn.end(row, "cancelled")
        self._admit(turn)
        if chunks := self._table.next_prefill():
            turn.prefill(chunks, self._table.advance)
        if rows := self._table.decoding:
            turn.decode(rows)
        self._after_turn()

    def _fail_everyone(self, error: Exception) -> None:
        with self._changed:
            self._closed = True
            rows = [*self._table.running, *self._table.waiting]
            for row in rows:
                self._table.leave(row)
        for row in rows:
            row.job.fail(error)

    def _admit(self, turn: Turn) -> None:
        """Give out slots. One medium a turn is encoded, since those who write wait for it."""
        while True:
            with self._changed:
                row = self._table.admit()
                if row is None:
                    return
                self._tell_positions()
            if turn.place(row, self._like(row)) and row.job.media:
                return

    def _like(self, row: Row[Job]) -> int | None:
        """The slot of a row with the very same media, which need no encoding again."""
        if not row.job.media:
            return None
        others = (other for other in self._table.running if other is not row)
        return next((other.slot for other in others if other.job.media is row.job.media), None)

    def _leave(self, row: Row[Job], how: str) -> None:
        assert self._decoder is not None
        freed = row.slot
        with self._changed:
            move = self._table.leave(row)
            self._count_end(row, how)
            self._tell_positions()
        if freed is not None:
            self._decoder.clear(freed)
        if move is not None:
            self._decoder.move(move.source, move.target)

    # --------------------------------------------------------------------------- under the lock

    def _remove_waiting(self, row: Row[Job], how: str) -> None:
        self._table.leave(row)
        self._count_end(row, how)
        self._tell_positions()

    def _count_end(self, row: Row[Job], how: str) -> None:
        self._counters.requests[how] += 1
        self._counters.request_seconds.add(time.monotonic() - row.job.arrived)

    def _tell_positions(self) -> None:
        for row, position in self._table.positions():
            if row.told != position:
                row.told = position
                row.job.queued(position)
