"""The KV cache of many requests: one row each, preallocated, read and written in place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

GRAIN = 64  # tokens; the width is a multiple of this


class Span(NamedTuple):
    """Tokens `start` to `stop` of the prompt in `slot`."""

    slot: int
    start: int
    stop: int


class Pass(NamedTuple):
    """One pass of the model: `lengths[i]` new tokens of `slots[i]` from index `starts[i]`.

    Rows are padded to `longest`. A row of no new tokens runs along and changes nothing.
    """

    slots: Sequence[int]
    starts: Sequence[int]
    lengths: Sequence[int]
    longest: int

    @classmethod
    def of(cls, spans: Sequence[Span]) -> Pass:
        lengths = [stop - start for _, start, stop in spans]
        return cls([span.slot for span in spans], [span.start for span in spans], lengths, max(lengths))

    @property
    def reach(self) -> int:
        """Tokens of the longest row after this pass."""
        return max(start + length for start, length in zip(self.starts, self.lengths, strict=True))

    def mask(self, device: torch.device) -> Tensor:
        """[rows, 1, longest, reach] bool: each new token sees the row up to itself."""
        starts = torch.tensor(self.starts, device=device)[:, None, None, None]
        index = torch.arange(self.longest, device=device)[:, None]
        return torch.arange(self.reach, device=device) <= starts + index


def grain(tokens: int) -> int:
    """The next multiple of GRAIN."""
    return -(-tokens // GRAIN) * GRAIN


class SlotCache(Cache):
    """Keys and values of every slot, for transformers' modules (through `update`) and the engine's own.

    Each layer keeps one tensor [2, slots, kv_heads, width, head_dim], keys before values, on the device and
    in the dtype of the first keys that it is given. It grows by doubling as slots and tokens come. The last
    column is scratch: padding is written there.

    Before each pass `aim` says which slots it runs and where its tokens belong. Near `most` tokens it no
    longer doubles, and gives back rows and columns that nobody uses; `held` tells those in use.
    """

    def __init__(self, layers: int, held: Callable[[], tuple[int, int]] = lambda: (0, 0)) -> None:
        self.slots = 0
        self.width = 0
        self.most = sys.maxsize
        self.held = held
        self.step = Pass((), (), (), 0)
        self._places: Tensor | None = None
        self._columns: tuple[object, Tensor] | None = None
        self._pools: dict[torch.device, torch.cuda.MemPool] = {}
        super().__init__(layers=[SlotLayer(self) for _ in range(layers)])

    def reserve(self, slots: int, width: int) -> None:
        """Make room for `slots` rows of `width` tokens, and the scratch column beside them."""
        rows = self.slots if slots <= self.slots else max(slots, 2 * self.slots)
        columns = self.width if width < self.width else grain(max(width + 1, 2 * self.width))
        if rows * columns > self.most:
            used, longest = self.held()
            rows, columns = max(slots, used), grain(max(width, longest) + 1)
        self.slots, self.width = rows, columns

    def memory(self, device: torch.device) -> AbstractContextManager[None]:
        """Within it the cache's tensors are allocated. On a GPU they have a pool of their own.

        What the cache outgrows serves its next size there, with no small tensor of a pass in between; what is
        free in it is lent where the GPU has nothing else left.
        """
        if device.type != "cuda":
            return nullcontext()
        if device not in self._pools:
            with torch.cuda.device(device):
                self._pools[device] = torch.cuda.MemPool(use_on_oom=True)
        return torch.cuda.use_mem_pool(self._pools[device], device)

    def aim(self, step: Pass) -> None:
        """The next pass is `step`."""
        self.reserve(max(step.slots) + 1, step.reach)
        self.step, self._places = step, None

    def places(self, kv_heads: int, device: torch.device) -> Tensor:
        """Where the pass writes: [2, rows, kv_heads, tokens] int64, of a layer seen as [..., head_dim]."""
        if self._places is None or self._places.device != device:
            step, scratch, size = self.step, self.width - 1, kv_heads * self.width
            tokens = [
                [
                    slot * size + (start + index if index < length else scratch)
                    for index in range(step.longest)
                ]
                for slot, start, length in zip(step.slots, step.starts, step.lengths, strict=True)
            ]
            heads = torch.arange(kv_heads, device=device)[:, None] * self.width
            keys = torch.tensor(tokens, device=device)[:, None] + heads
            self._places = torch.stack([keys, keys + self.slots * size])
        return self._places

    def columns(self, kv_heads: int, device: torch.device) -> Tensor:
        """Where the first token of each slot is, [2, slots, kv_heads] int64, of a layer as for `places`."""
        key = (self.slots, self.width, kv_heads, device)
        if self._columns is None or self._columns[0] != key:
            first = torch.arange(2 * self.slots * kv_heads, device=device) * self.width
            self._columns = key, first.view(2, self.slots, kv_heads)
        return self._columns[1]

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of one slot into another."""
        for layer in self.layers:
            assert isinstance(layer, SlotLayer)
            layer.move(source, target, length)


class SlotLayer(CacheLayerMixin):
    """One layer of a `SlotCache`."""

    is_sliding = False

    def __init__(self, cache: SlotCache) -> None:
        super().__init__()
        self.cache = cache
        self.states: Tensor | None = None

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Allocate, or grow to what the cache has reserved.

        Raises ValueError where keys and values differ in shape.
        """
        if key_states.shape != value_states.shape:
            raise ValueError("a slot cache needs keys and values of one shape")
        self.fit(key_states.shape[1], key_states.shape[3], key_states)
        self.is_initialized = True

    def fit(self, kv_heads: int, head_dim: int, like: Tensor) -> Tensor:
        """The states [2, slots, kv_heads, width, head_dim], as large as the cache has reserved."""
        cache, held = self.cache, self.states
        if held is not None and held.shape[1] == cache.slots and held.shape[3] == cache.width:
            return held
        # Zeros, since what is masked out is still multiplied by 0, and 0 * NaN is NaN.
        with cache.memory(like.device):
            states = like.new_zeros(2, cache.slots, kv_heads, cache.width, head_dim)
        if held is not None:
            kept = held[:, : cache.slots, :, : cache.width]
            states[:, : kept.shape[1], :, : kept.shape[3]] = kept
        self.states = states
        return states

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Store [rows, kv_heads, tokens, head_dim]; all keys and values of these rows, of the same shape."""
        self.lazy_initialization(key_states, value_states)
        places = self.cache.places(key_states.shape[1], key_states.device)
        self.write(places, torch.stack([key_states, value_states]))
        keys, values = self.read()
        return keys, values

    def write(self, places: Tensor, states: Tensor) -> None:
        """Store `states` [..., head_dim] in `places` [...], which `SlotCache.places` gives."""
        assert self.states is not None
        self.states.flatten(0, 3).index_copy_(0, places.reshape(-1), states.reshape(-1, states.shape[-1]))

    def read(self) -> tuple[Tensor, Tensor]:
        """Keys and values of the pass, each [rows, kv_heads, reach, head_dim]; views if slots are in line."""
        assert self.states is not None
        slots, step = list(self.cache.step.slots), self.cache.step
        in_line = slots == list(range(slots[0], slots[0] + len(slots)))
        rows = slice(slots[0], slots[0] + len(slots)) if in_line else slots
        return self.states[0][rows][:, :, : step.reach], self.states[1][rows][:, :, : step.reach]

    def move(self, source: int, target: int, length: int) -> None:
        if self.states is not None:
            self.states[:, target, :, :length] = self.states[:, source, :, :length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.cache.step.reach, 0

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return -1
