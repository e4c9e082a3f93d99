"""One model over several devices: the first rank in this process, each other in a child that is watched.

Tensor parallelism as transformers does it: every rank holds a part of each layer and they add up what they
compute. A child is told each call of the decoder through a pipe, makes it too, and meets this process in the
collectives. A child that dies ends the model with `RankLost`; it leaves nobody waiting. On CPUs the ranks
talk by gloo, on GPUs by NCCL.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from engine.protocol import AssistantError, FailureKind, LoadFailed

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from engine.generate import Decoder
    from engine.kv_cache import Span

#: Seconds that a rank waits for the others, while loading and in a collective.
PATIENCE = 600

#: A child's life: the pipe to the first rank, its own rank, the model's class, folder and type.
Follow = Callable[[Connection, "Rank", Any, str, str], None]


class RankLost(AssistantError):
    """A process that held a part of the model has ended."""

    kind = FailureKind.INTERRUPTED

    def __init__(self, rank: int) -> None:
        super().__init__(
            f"part {rank + 1} of the model has stopped (its process ended)",
            "On the page, trying again loads the model anew; a server must be started again. The log may say "
            "why it ended.",
        )


@dataclass(frozen=True, slots=True)
class Rank:
    """One of `count` processes that hold a model together; they meet at `port` of this machine."""

    index: int
    count: int
    port: int
    device: str

    def join(self) -> None:
        """Meet the other ranks. Raises RuntimeError where they do not come."""
        from torch import distributed

        gpu = self.device != "cpu"
        # The peers of a process that has died are to raise, not to be ended with it.
        os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2")
        os.environ.update(RANK=str(self.index), LOCAL_RANK=str(self.index), WORLD_SIZE=str(self.count))
        if gpu:
            import torch

            torch.cuda.set_device(self.device)
        distributed.init_process_group(
            "nccl" if gpu else "gloo",
            init_method=f"tcp://127.0.0.1:{self.port}",
            rank=self.index,
            world_size=self.count,
            timeout=timedelta(seconds=PATIENCE),
        )

    @staticmethod
    def leave() -> None:
        from torch import distributed

        for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
            os.environ.pop(name, None)
        with contextlib.suppress(RuntimeError):
            if distributed.is_initialized():
                distributed.destroy_process_group()


def load_part(kind: Any, source: str, dtype: str) -> PreTrainedModel:
    """This rank's part of a model; the process group must be there."""
    import torch
    from transformers.distributed.configuration_utils import DistributedConfig

    return kind.from_pretrained(
        source, dtype=getattr(torch, dtype), distributed_config=DistributedConfig(tp_plan="auto")
    ).eval()


def obey(pipe: Connection, decoder: Decoder) -> None:
    """A child's work: say that it is ready, then make every call that it is told, until the pipe closes.

    A call that fails ends the process: it would not be where the first rank is any more.
    """
    import torch

    pipe.send("ready")
    with torch.inference_mode():
        while (call := receive(pipe)) is not None:
            name, arguments = call
            getattr(decoder, name)(*arguments)


def receive(pipe: Connection) -> tuple[str, tuple[Any, ...]] | None:
    """The next call; None when the first rank has gone."""
    try:
        return pickle.loads(pipe.recv_bytes())
    except (EOFError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Child:
    """A process that holds one part, and the way to it."""

    rank: int
    process: Any
    pipe: Connection


class Crew:
    """The children of one model, and the watch over them. One crew can be there at a time in a process.

    Args:
        devices: of every rank, this process's first.
        kind: the model's class; source: the folder of its checkpoint; dtype: of its weights.
        follow: the whole life of a child.

    `lost` is called once, on any thread, when a child has died.
    """

    def __init__(self, devices: Sequence[str], kind: Any, source: str, dtype: str, follow: Follow) -> None:
        self.error: RankLost | None = None
        self.lost: Callable[[RankLost], None] = lambda error: None
        self._closing = False
        self._devices, self._kind, self._source, self._dtype = tuple(devices), kind, source, dtype
        port = free_port()
        self._rank = Rank(0, len(devices), port, devices[0])
        context = multiprocessing.get_context("spawn")
        self.children: list[Child] = []
        for index, device in enumerate(devices[1:], 1):
            ours, theirs = context.Pipe()
            rank = Rank(index, len(devices), port, device)
            process = context.Process(
                target=follow, args=(theirs, rank, kind, source, dtype), name=f"rank-{index}", daemon=True
            )
            process.start()
            theirs.close()
            self.children.append(Child(index, process, ours))
        self._watch = threading.Thread(target=self._watch_children, name="ranks", daemon=True)
        self._watch.start()

    def load(self) -> PreTrainedModel:
        """This process's part, when the children have theirs. Raises LoadFailed where one has died."""
        try:
            self._rank.join()
            model = load_part(self._kind, self._source, self._dtype)
            for child in self.children:
                child.pipe.recv()
        except (RuntimeError, EOFError, OSError) as error:
            self.close()
            raise LoadFailed(
                f"the model could not be spread over {', '.join(self._devices)}: {first_line(error)}",
                "Leave out --tensor-parallel; the log says what ended the other process.",
            ) from error
        return model

    def tell(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Have every child make a call. Raises RankLost."""
        self.check()
        message = pickle.dumps((name, arguments))
        for child in self.children:
            try:
                child.pipe.send_bytes(message)
            except OSError as error:
                raise self._lose(child.rank) from error

    def check(self) -> None:
        """Raises RankLost where a child has died."""
        if self.error is not None:
            raise self.error
        for child in self.children:
            if not child.process.is_alive():
                raise self._lose(child.rank)

    def close(self) -> None:
        """End the children and the meeting. Nothing happens the second time."""
        if self._closing:
            return
        self._closing = True
        for child in self.children:
            child.pipe.close()
        self._rank.leave()
        for child in self.children:
            child.process.join(5)
            if child.process.is_alive():
                child.process.terminate()
                child.process.join()

    def _watch_children(self) -> None:
        sentinels = {child.process.sentinel: child.rank for child in self.children}
        ended = wait(list(sentinels))
        if not self._closing:
            self._lose(sentinels[ended[0]])  # pyright: ignore[reportArgumentType]

    def _lose(self, rank: int) -> RankLost:
        if self.error is None:
            self.error = RankLost(rank)
            self._abort()
            self.lost(self.error)
        return self.error

    def _abort(self) -> None:
        """Free this process from a collective of NCCL, which does not notice a dead peer; gloo does."""
        from torch import distributed

        if distributed.is_initialized() and distributed.get_backend() == "nccl":
            from torch.distributed import distributed_c10d

            distributed_c10d._abort_process_group()


class LeadingDecoder:
    """A `Decoder` whose every call the crew makes, too."""

    def __init__(self, decoder: Decoder, crew: Crew) -> None:
        self._decoder, self._crew = decoder, crew

    @property
    def context(self) -> int:
        return self._decoder.context

    @property
    def bytes_per_token(self) -> int:
        return self._decoder.bytes_per_token

    @property
    def shares_passes(self) -> bool:
        return self._decoder.shares_passes

    def place(
        self, slot: int, input_ids: Tensor, media: Mapping[str, Tensor], like: int | None = None
    ) -> None:
        media = {name: one.cpu() for name, one in media.items()}
        self._together("place", slot, input_ids.cpu(), media, like)

    def prefill(self, spans: Sequence[Span]) -> Tensor:
        return self._together("prefill", list(spans))

    def decode(self, slots: Sequence[int], tokens: Sequence[int]) -> Tensor:
        return self._together("decode", list(slots), list(tokens))

    def limit(self, tokens: int) -> None:
        self._together("limit", tokens)

    def move(self, source: int, target: int) -> None:
        self._after("move", source, target)

    def clear(self, slot: int) -> None:
        self._after("clear", slot)

    def _after(self, name: str, *arguments: int) -> None:
        """Bookkeeping, which also ends what a lost crew has begun."""
        with contextlib.suppress(RankLost):
            self._crew.tell(name, arguments)
        getattr(self._decoder, name)(*arguments)

    def _together(self, name: str, *arguments: Any) -> Any:
        self._crew.tell(name, arguments)
        try:
            result = getattr(self._decoder, name)(*arguments)
        except RuntimeError:
            # gloo says so within moments of the death of a peer; its process may take a little longer to end.
            for child in self._crew.children:
                child.process.join(0.5)
            self._crew.check()
            raise
        self._crew.check()
        return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
