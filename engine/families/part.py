"""A process that holds one part of a model and runs it beside the first."""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection
from typing import Any

from engine.parallel import Rank, load_part, obey


def follow(pipe: Connection, rank: Rank, kind: Any, source: str, dtype: str) -> None:
    """Load this rank's part, then make every call that the first rank makes, until it closes the pipe."""
    # Ctrl+C reaches every process of a terminal; this one ends with the first rank.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch

    from engine.families import decoder_for

    torch.set_num_threads(max(1, torch.get_num_threads() // rank.count))
    rank.join()
    obey(pipe, decoder_for(load_part(kind, source, dtype), split=True))
    rank.leave()
