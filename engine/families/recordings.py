"""Passes that are recorded once and replayed: CUDA graphs.

A decode step of a small batch costs a GPU little and its launches much; a graph has one. What differs from
step to step comes in one tensor, which stays where it is; all else that the pass reads must stay, too, so a
recording is good only as long as the cache has its size.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

Work = Callable[[], Tensor]
Record = Callable[[Work], Work]


class Recordings:
    """Recorded passes by their shape.

    `record` makes of a pass what runs it again, on the same tensors; None runs every pass anew.
    """

    def __init__(self, record: Record | None) -> None:
        self.record = record
        self._within: Hashable = None
        self._kept: dict[Hashable, tuple[Tensor, Work]] = {}

    def run(
        self, shape: Hashable, within: Hashable, given: Tensor, work: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """`work(given)`, recorded the first time for its `shape` `within` a cache.

        `work` may depend on nothing else that changes. What it returns is good until the next run. Where it
        cannot be recorded, it and all that follow run anew each time.
        """
        if self.record is None:
            return work(given)
        if within != self._within:
            self._within, self._kept = within, {}
        if shape not in self._kept:
            static = given.clone()
            try:
                self._kept[shape] = static, self.record(lambda: work(static))
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                logger.warning("decoding runs without CUDA graphs: %s", error)
                self.record, self._kept = None, {}
                return work(given)
        static, again = self._kept[shape]
        static.copy_(given)
        return again()


def recorder_for(device: torch.device) -> Record | None:
    """CUDA graphs on a GPU, which share their memory; None elsewhere."""
    if device.type != "cuda":
        return None
    pool = torch.cuda.graph_pool_handle()

    def record(work: Work) -> Work:
        # Libraries set themselves up at first use, which must not be recorded.
        aside = torch.cuda.Stream(device)
        aside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(aside):
            work()
        torch.cuda.current_stream(device).wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile: they are no part of it, and no error.
        with torch.cuda.device(device), torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            out = work()

        def replay() -> Tensor:
            graph.replay()
            return out

        return replay

    return record
