"""The KV cache of many requests: one row each, preallocated, read and written in place."""

from __future__ import annotations

from collections.abc import Sequence
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


class Aim(NamedTuple):
    """Where one pass reads and writes.

    rows: the slots that it runs, in order.
    flat: [rows * tokens] int64, for each new token its place in the cache seen as [slots * width].
    length: tokens of each row that are read, the new ones included.
    """

    rows: slice | Tensor
    flat: Tensor
    length: int


class SlotCache(Cache):
    """Keys and values of every slot, for transformers' modules (through `update`) and the engine's own.

    Each layer keeps one tensor [slots, width, 2, kv_heads, head_dim], on the device and in the dtype of the
    first keys that it is given: keys and values of a token lie side by side, so that one write stores both.
    It grows by doubling as slots and tokens come. The last column is scratch: padding is written there.

    Before each pass `aim` says which slots it runs and where its tokens belong.
    """

    def __init__(self, layers: int) -> None:
        self.slots = 0
        self.width = 0
        self.target = Aim(slice(0, 0), torch.empty(0, dtype=torch.int64), 0)
        super().__init__(layers=[SlotLayer(self) for _ in range(layers)])

    def reserve(self, slots: int, width: int) -> None:
        """Make room for `slots` rows of `width` tokens, and the scratch column beside them."""
        if slots > self.slots:
            self.slots = max(slots, 2 * self.slots)
        if width + 1 > self.width:
            self.width = -(-max(width + 1, 2 * self.width) // GRAIN) * GRAIN

    def aim(self, step: Pass) -> None:
        """The next pass is `step`."""
        self.reserve(max(step.slots) + 1, step.reach)
        scratch = self.width - 1
        flat = [
            slot * self.width + (start + index if index < length else scratch)
            for slot, start, length in zip(step.slots, step.starts, step.lengths, strict=True)
            for index in range(step.longest)
        ]
        first = step.slots[0]
        in_line = all(slot == first + index for index, slot in enumerate(step.slots))
        rows = slice(first, first + len(step.slots)) if in_line else torch.tensor(step.slots)
        self.target = Aim(rows, torch.tensor(flat), step.reach)

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
        shape = (self.cache.slots, self.cache.width, 2, key_states.shape[1], key_states.shape[3])
        self.fit(shape, key_states)
        self.is_initialized = True

    def fit(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """The states, [slots, width, 2, kv_heads, head_dim], no smaller than `shape`."""
        held = self.states
        if held is not None and held.shape[:2] == shape[:2]:
            return held
        # Zeros, since what is masked out is still multiplied by 0, and 0 * NaN is NaN.
        self.states = like.new_zeros(shape)
        if held is not None:
            self.states[: held.shape[0], : held.shape[1]] = held
        return self.states

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Store [rows, kv_heads, tokens, head_dim]; all keys and values of these rows, of the same shape."""
        self.lazy_initialization(key_states, value_states)
        assert self.states is not None
        rows, flat, length = self.cache.target
        device = key_states.device
        new = torch.stack([key_states, value_states], dim=3).permute(0, 2, 3, 1, 4)
        self.states.flatten(0, 1).index_copy_(0, flat.to(device), new.flatten(0, 1))
        read = self.states[rows if isinstance(rows, slice) else rows.to(device), :length]
        return read[:, :, 0].transpose(1, 2), read[:, :, 1].transpose(1, 2)

    def move(self, source: int, target: int, length: int) -> None:
        if self.states is not None:
            self.states[target, :length] = self.states[source, :length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.cache.target.length, 0

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return -1
