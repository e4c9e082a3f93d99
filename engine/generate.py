"""What the scheduler asks of a model family, and the family of plain transformers decoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from engine.kv_cache import Pass, SlotCache, Span
from engine.threads import Threads

#: Parameters of a model whose passes may be quicker on one thread than on all. One of the larger ones would
#: be held up by the trial alone.
SMALL = 1 << 26


class Decoder(Protocol):
    """A model that answers many requests at once, each in a slot of its own.

    A request is placed into a slot, its prompt is read in spans from first to last, then it is decoded token
    by token; rows that prefill and rows that decode share the slots. Slots in use are 0, 1, 2 …; when one is
    freed, the last is moved into it. One thread calls.
    """

    @property
    def context(self) -> int:
        """Most tokens that a row may hold, prompt and answer."""
        ...

    @property
    def bytes_per_token(self) -> int:
        """KV cache that a token of a row takes."""
        ...

    @property
    def shares_passes(self) -> bool:
        """Rows that are run together share one pass, which changes none of them where it fails."""
        ...

    def place(
        self, slot: int, input_ids: Tensor, media: Mapping[str, Tensor], like: int | None = None
    ) -> None:
        """Take a prompt [1, length] int64 into a free slot and encode its media, once.

        `like` is a slot whose row has the same prompt and media: what they were encoded to is taken from it.
        """
        ...

    def prefill(self, spans: Sequence[Span]) -> Tensor:
        """Read a part of each prompt; logits [spans, vocabulary] after the last token of each part."""
        ...

    def decode(self, slots: Sequence[int], tokens: Sequence[int]) -> Tensor:
        """Append one token to each of these rows; logits [slots, vocabulary] of the next."""
        ...

    def limit(self, tokens: int) -> None:
        """The KV cache of all rows together is to take no more than so many tokens, rounding aside."""
        ...

    def move(self, source: int, target: int) -> None:
        """The row in `source` goes into `target`, whose own row has left."""
        ...

    def clear(self, slot: int) -> None:
        """The row in `slot` has left; what it held besides the cache is freed."""
        ...


@dataclass
class Reading:
    """A prompt as its model reads it.

    embeds: [length, hidden] where media have been merged into the text, else None.
    positions: [axes, length] int64, the rotary positions; `offset` is what the position of a written token
        has more than its index (multi-axis positions make it negative).
    length: tokens that are in the cache.
    """

    ids: Tensor
    positions: Tensor
    embeds: Tensor | None = None
    offset: int = 0
    length: int = 0
    media: dict[str, Tensor] = field(default_factory=dict)


class SlotDecoder:
    """`Decoder` on a transformers model with plain causal attention, through its own forward.

    Families derive from it: `read` merges media into a prompt, `extras` adds what a pass must be given.
    """

    shares_passes: bool = True

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.config = model.config.get_text_config()
        self.cache = SlotCache(self.config.num_hidden_layers, self._held)
        self.rows: dict[int, Reading] = {}
        small = model.device.type == "cpu" and model.num_parameters() <= SMALL
        self.threads = Threads(torch.get_num_threads() if small else 1, torch.set_num_threads)

    @property
    def context(self) -> int:
        return int(self.config.max_position_embeddings)

    @property
    def bytes_per_token(self) -> int:
        config = self.config
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return 2 * config.num_hidden_layers * heads * size * self.model.dtype.itemsize

    def read(self, input_ids: Tensor, media: Mapping[str, Tensor]) -> Reading:
        """What the model will read. Raises ValueError for media, which plain text models do not take."""
        if media:
            raise ValueError(f"{type(self.model).__name__} takes no {', '.join(media)}")
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)[None]
        return Reading(input_ids[0], positions)

    def extras(self, slots: Sequence[int]) -> dict[str, Any]:
        """More keyword arguments for the model's forward over these slots."""
        return {}

    @torch.inference_mode()
    def place(
        self, slot: int, input_ids: Tensor, media: Mapping[str, Tensor], like: int | None = None
    ) -> None:
        known = None if like is None else self.rows[like]
        self.rows[slot] = self.read(input_ids, media) if known is None else replace(known, length=0)

    @torch.inference_mode()
    def prefill(self, spans: Sequence[Span]) -> Tensor:
        step = Pass.of(spans)
        parts = [(self.rows[span.slot], span) for span in spans]
        positions = stack([row.positions[:, span.start : span.stop] for row, span in parts], dim=1)
        if any(row.embeds is not None for row, _ in parts):
            given = stack([self._embed(row)[span.start : span.stop] for row, span in parts])
            logits = self._run_pass(step, positions, inputs_embeds=given)
        else:
            given = stack([row.ids[span.start : span.stop] for row, span in parts])
            logits = self._run_pass(step, positions, input_ids=given)
        for row, span in parts:
            row.length = span.stop
        return logits

    @torch.inference_mode()
    def decode(self, slots: Sequence[int], tokens: Sequence[int]) -> Tensor:
        # Every slot below the last runs along, so that the pass reads one slice of the cache.
        due = dict(zip(slots, tokens, strict=True))
        span = range(max(slots) + 1)
        rows = [self.rows.get(slot) for slot in span]
        starts = [row.length if row else 0 for row in rows]
        step = Pass(span, starts, [int(slot in due) for slot in span], 1)
        axes = next(row.positions.shape[0] for row in rows if row)
        places = [start + (row.offset if row else 0) for row, start in zip(rows, starts, strict=True)]
        device = self.device
        logits = self._run_pass(
            step,
            torch.tensor(places, device=device)[None, :, None].expand(axes, -1, 1),
            input_ids=torch.tensor([[due.get(slot, 0)] for slot in span], device=device),
        )
        for slot in slots:
            self.rows[slot].length += 1
        return logits if len(slots) == len(span) else logits[list(slots)]

    def limit(self, tokens: int) -> None:
        self.cache.most = tokens

    def _held(self) -> tuple[int, int]:
        """Slots in use, and tokens of their longest row."""
        return max(self.rows, default=-1) + 1, max((row.length for row in self.rows.values()), default=0)

    def move(self, source: int, target: int) -> None:
        row = self.rows[target] = self.rows.pop(source)
        # The cache grows with what is read: a row of which nothing is may have a slot beyond its last.
        if row.length:
            self.cache.move(source, target, row.length)

    def clear(self, slot: int) -> None:
        self.rows.pop(slot, None)

    @property
    def device(self) -> torch.device:
        return self.model.get_input_embeddings().weight.device  # type: ignore[union-attr]

    def _embed(self, row: Reading) -> Tensor:
        return self.model.get_input_embeddings()(row.ids) if row.embeds is None else row.embeds

    def _run_pass(self, step: Pass, positions: Tensor, **given: Tensor) -> Tensor:
        """`_forward`, on the number of threads that suits it."""
        size = len(step.slots) * step.longest
        return self.threads.run(size, lambda: self._forward(step, positions, **given))

    def _forward(self, step: Pass, positions: Tensor, **given: Tensor) -> Tensor:
        """Logits [rows, vocabulary] after each row's last token of this pass.

        positions: [axes, rows, tokens] int64; given: input_ids or inputs_embeds, [rows, tokens, ...].
        """
        self.cache.aim(step)
        mask = step.mask(positions.device)
        last = [max(0, length - 1) for length in step.lengths]
        kept = sorted(set(last))
        output = self.model(
            position_ids=positions[0] if len(positions) == 1 else positions,
            attention_mask=mask,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=torch.tensor(kept, device=positions.device),
            **given,
            **self.extras(step.slots),
        )
        return output.logits[range(len(last)), [kept.index(index) for index in last]]


def stack(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of different lengths as rows of one, zeros behind them.

    parts: [length] or [length, hidden] with dim 0, [axes, length] with dim 1.
    """
    if dim == 1:
        return pad_sequence([part.T for part in parts], batch_first=True).permute(2, 0, 1)
    return pad_sequence(list(parts), batch_first=True)
