"""The tensor work of one turn of the decode loop, and the requests that it is done for.

What goes wrong with one request ends that request only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.metrics import Counters
from engine.protocol import FinishReason
from engine.slots import Chunk, Row

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
        """Run all together; where that fails, each alone, so that only who is to blame fails.

        Rows that take turns run alone from the start: those before a fault could not be run once more.
        """
        import torch

        if len(items) == 1 or self._decoder.shares_passes:
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
