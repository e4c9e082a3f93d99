"""Where the decoder should look while it speaks: the generator knows, so it is taught.

Next-token loss alone finds out very late that a name in the answer belongs to one cell of the picture, or a
word to a moment of the recording. So two heads of the first and of the last fusion layer are told: the first
looks at what was just spoken of, the last at what is spoken of next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.model.fusion import GatedCrossAttention
from engine.train.scene import Spot
from engine.train.tasks import Mention

TAUGHT_HEADS = 2
AROUND_FRAMES = 5  # of 40 ms, on both sides of a spoken word: a spelling head fires somewhere within it


class Span(NamedTuple):
    """A mention at characters start to end of what is said."""

    start: int
    end: int
    mention: Mention


def find_mentions(text: str, mentions: Sequence[Mention]) -> list[Span]:
    """Where each mention stands, in order; one that is not there (no thinking, say) is passed over."""
    spans, after = [], 0
    for mention in mentions:
        start = text.find(mention.words, after)
        if start >= 0:
            after = start + len(mention.words)
            spans.append(Span(start, after, mention))
    return spans


@dataclass(frozen=True)
class Surroundings:
    """What one sample may look at: `cells` of its picture, then `frames` of its recording.

    content_size: width and height of the picture's content, in px of `stride` a cell.
    spikes: frames in which something is spoken, in order.
    """

    cells: int = 0
    content_size: tuple[int, int] = (0, 0)
    stride: int = 16
    frames: int = 0
    spikes: Sequence[int] = ()

    def targets(self, span: Span, character: float) -> range:
        """Media tokens that hold what is spoken of at a character: empty where that is not known."""
        if span.mention.spot is not None:
            cell = self.cell_of(span.mention.spot)
            return range(cell, cell + 1) if cell < self.cells else range(0)
        if not self.spikes:
            return range(0)
        progress = (character - span.start) / max(1, span.end - span.start)
        spike = self.spikes[round(min(1.0, max(0.0, progress)) * (len(self.spikes) - 1))]
        first, last = max(0, spike - AROUND_FRAMES), min(self.frames - 1, spike + AROUND_FRAMES)
        return range(self.cells + first, self.cells + last + 1)

    def cell_of(self, spot: Spot) -> int:
        left, top, right, bottom = spot.box
        width, height = self.content_size
        column = int((left + right) / 2000 * width / self.stride)
        row = int((top + bottom) / 2000 * height / self.stride)
        return row * -(-width // self.stride) + column


class Look(NamedTuple):
    """At a position of the answer: the media tokens of what was just, and of what is next, spoken of."""

    behind: range
    ahead: range


NOWHERE = range(0)


def plan_looks(offsets: Sequence[tuple[int, int]], spans: Sequence[Span], around: Surroundings) -> list[Look]:
    """A look for the end of the prompt and for each token of the answer but its last.

    offsets: characters start to end of each token of the answer. Look i is where the model stands after
    i tokens.
    """
    looks = []
    for index in range(len(offsets)):
        behind = ahead = NOWHERE
        if index:
            start, end = offsets[index - 1]
            past = [span for span in spans if span.start < end]
            behind = around.targets(past[-1], (start + end) / 2) if past else NOWHERE
        start, end = offsets[index]
        coming = next((span for span in spans if span.end > start), None)
        ahead = around.targets(coming, (start + end) / 2) if coming else NOWHERE
        looks.append(Look(behind, ahead))
    return looks


def pad_looks(rows: Sequence[tuple[int, Sequence[Look]]], length: int, tokens: int) -> Tensor:
    """Where to look: bool [2 (behind, ahead), batch, length, media tokens].

    rows: per sample, the position of its prompt's last token and the looks from there on.
    """
    masks = np.zeros((2, len(rows), length, tokens), dtype=bool)
    for row, (first, looks) in enumerate(rows):
        for position, look in enumerate(looks, start=first):
            for which, target in enumerate(look):
                masks[which, row, position, target.start : target.stop] = True
    return torch.from_numpy(masks)


class GazeRecorder:
    """Keeps what the first and the last fusion layer were asked, while it is entered."""

    def __init__(self, fusions: Sequence[GatedCrossAttention]) -> None:
        self.fusions = (fusions[0], fusions[-1])
        self.hidden: dict[int, Tensor] = {}
        self.hooks: list[torch.utils.hooks.RemovableHandle] = []

    def __enter__(self) -> GazeRecorder:
        def keep(which: int):
            def hook(_module, inputs) -> None:
                self.hidden[which] = inputs[0]

            return hook

        self.hooks = [
            fusion.register_forward_pre_hook(keep(which)) for which, fusion in enumerate(self.fusions)
        ]
        return self

    def __exit__(self, *_) -> None:
        for hook in self.hooks:
            hook.remove()

    def loss(self, looks: Tensor, memory: dict[str, Tensor]) -> Tensor:
        """Mean of -log(attention on what should be looked at), over the positions that have such.

        looks: as from `pad_looks`. memory: what `AutoGLMModel.remember` made.
        """
        terms = [self._term(which, looks[which], memory) for which in range(len(self.fusions))]
        if not (known := [term for term in terms if term.numel()]):
            return looks.new_zeros((), dtype=torch.float32)
        return torch.cat(known).mean()

    def _term(self, which: int, wanted: Tensor, memory: dict[str, Tensor]) -> Tensor:
        fusion, hidden = self.fusions[which], self.hidden[which]
        keys = memory["media_keys"][:, -which, :TAUGHT_HEADS]  # slot 0 for the first, -1 for the last
        batch, length, _ = hidden.shape
        query = fusion.query(fusion.query_norm(hidden)).view(batch, length, fusion.heads, -1)
        query = query[:, :, :TAUGHT_HEADS].transpose(1, 2)
        scores = (query @ keys.transpose(-1, -2)).float() / query.shape[-1] ** 0.5
        scores = scores.masked_fill(~memory["media_mask"][:, None, None, :], -torch.inf)
        positions = wanted.any(dim=-1).nonzero(as_tuple=True)
        chosen = scores.transpose(1, 2)[positions]  # [positions, heads, tokens]
        logs = functional.log_softmax(chosen, dim=-1)
        return -logs.masked_fill(~wanted[positions][:, None, :], -torch.inf).logsumexp(dim=-1).flatten()
