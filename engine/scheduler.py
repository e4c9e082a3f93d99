"""One decode loop for all requests: they join, prefill in chunks, decode together, and leave.

Each turn of the loop admits who waits, reads one pass of prompts, and writes one token for every row that is
past its prompt. So nobody who writes waits longer than one pass of prompts for the next token, and a request
that arrives is read beside them. What goes wrong with one request ends that request only.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.metrics import Counters, Metrics
from engine.protocol import Busy, FinishReason
from engine.slots import Chunk, Limits, Row, SlotTable

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generate import Decoder
    from engine.sampler import Sampler, Scores

logger = logging.getLogger(__name__)

Item = TypeVar("Item")


class Job(Protocol):
    """One request as the scheduler sees it. Its methods are called on the loop's thread, `queued` on any."""

    arrived: float  # time.monotonic()
    cancelled: bool
    sampler: Sampler

    @property
    def input_ids(self) -> Tensor:
        """[1, length] int64."""
        ...

    @property
    def media(self) -> Mapping[str, Tensor]: ...

    def queued(self, position: int) -> None:
        """Its place in the queue has changed."""
        ...

    def started(self) -> None:
        """It has a slot."""
        ...

    def take(self, token: int, scores: Scores | None) -> FinishReason | None:
        """The next token, and its scores where its sampler makes them; why the answer ends, if it does."""
        ...

    def finish(self, reason: FinishReason) -> None:
        """It leaves its slot, or the queue. Nothing follows."""
        ...

    def fail(self, error: Exception) -> None:
        """It leaves its slot, or the queue, because of an error. Nothing follows."""
        ...


class Scheduler:
    """The loop, its queue and its thread. Requests may join before there is a model to answer them.

    Args:
        limits: see `Limits`.
        after_turn: called on the loop's thread at the end of each turn, when all its jobs have been told.
    """

    def __init__(self, limits: Limits, after_turn: Callable[[], None] = lambda: None) -> None:
        self._table: SlotTable[Job] = SlotTable(limits)
        self._changed = threading.Condition()
        self._after_turn = after_turn
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


class Turn:
    """The tensor work of the loop's turns, and who fails where it fails."""

    def __init__(self, decoder: Decoder, leave: Callable[[Row[Job], str], None], counters: Counters) -> None:
        self._decoder, self._leave, self._counters = decoder, leave, counters

    def place(self, row: Row[Job], like: int | None) -> bool:
        """Put a row into its slot, its media encoded or as in the slot `like`; False where that failed."""
        assert row.slot is not None
        self._counters.queue_seconds.add(time.monotonic() - row.job.arrived)
        try:
            row.job.started()
            self._decoder.place(row.slot, row.job.input_ids, row.job.media, like)
        except Exception as error:
            self._fail(row, error)
            return False
        self._counters.prompt_tokens += row.prompt_tokens
        return True

    def prefill(self, chunks: Sequence[Chunk[Job]], advance: Callable[[Chunk[Job]], None]) -> None:
        """Read these chunks; rows whose prompt ends write their first token."""

        def read(parts: Sequence[Chunk[Job]]) -> Tensor:
            from engine.kv_cache import Span

            return self._decoder.prefill([Span(slot_of(part.row), part.start, part.stop) for part in parts])

        done, logits = self._attempt(chunks, read, lambda chunk: chunk.row)
        for chunk in done:
            advance(chunk)
        last = [index for index, chunk in enumerate(done) if chunk.last]
        if last:
            self._write([done[index].row for index in last], logits[last])

    def decode(self, rows: Sequence[Row[Job]]) -> None:
        """One more token for each of these rows."""

        def step(parts: Sequence[Row[Job]]) -> Tensor:
            return self._decoder.decode([slot_of(row) for row in parts], [row.token for row in parts])

        done, logits = self._attempt(rows, step, lambda row: row)
        if done:
            self._write(done, logits)

    def end(self, row: Row[Job], reason: FinishReason) -> None:
        row.job.finish(reason)
        self._leave(row, reason)

    def _fail(self, row: Row[Job], error: Exception) -> None:
        logger.debug("a request failed", exc_info=error)
        row.job.fail(error)
        self._leave(row, "failed")

    def _attempt(
        self,
        items: Sequence[Item],
        run: Callable[[Sequence[Item]], Tensor],
        row_of: Callable[[Item], Row[Job]],
    ) -> tuple[Sequence[Item], Tensor]:
        """Run all together; where that fails, each alone, so that only who is to blame fails."""
        import torch

        self._counters.passes += 1
        try:
            return items, run(items)
        except Exception as error:
            if len(items) == 1:
                self._fail(row_of(items[0]), error)
                return (), torch.empty(0)
            logger.warning("a pass over %d requests failed (%s); each is tried alone", len(items), error)
        done = [self._attempt([item], run, row_of) for item in items]
        kept = [(part[0], logits) for part, logits in done if part]
        logits = torch.cat([logits for _, logits in kept]) if kept else torch.empty(0)
        return [item for item, _ in kept], logits

    def _write(self, rows: Sequence[Row[Job]], logits: Tensor) -> None:
        """Pick each row's next token from logits [rows, vocabulary] and hand it over."""
        likeliest = logits.argmax(dim=-1).tolist()
        now = time.monotonic()
        for index, row in enumerate(rows):
            sampler = row.job.sampler
            try:
                row.token = likeliest[index] if sampler.greedy else sampler.pick(logits[index])
                scored = None if sampler.logprobs is None else sampler.score(logits[index], row.token)
                reason = row.job.take(row.token, scored)
            except Exception as error:
                self._fail(row, error)
                continue
            self._count_token(row, now)
            if reason is not None:
                self.end(row, reason)

    def _count_token(self, row: Row[Job], now: float) -> None:
        counters = self._counters
        counters.generated_tokens += 1
        if row.written_at is None:
            counters.first_token_seconds.add(now - row.job.arrived)
        else:
            counters.token_seconds.add(now - row.written_at)
        row.written_at = now


def slot_of(row: Row[Job]) -> int:
    assert row.slot is not None, "only rows with a slot are run"
    return row.slot
