"""How the decoder looks at pictures and listens: alignment in one space, then gated cross-attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers.models.glm4.modeling_glm4 import Glm4RMSNorm

from engine.model.audio import AudioFeatures
from engine.model.configuration import AutoGLMAudioConfig, AutoGLMTextConfig, AutoGLMVisionConfig
from engine.model.vision import VisionFeatures

# Waves per picture side. The coordinates that the decoder writes are decimal, so the tens are here too.
PLACE_WAVES = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 30.0)
# Periods of the time code, in frames: from one syllable to a long sentence.
TIME_PERIODS = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


class MediaMemory(NamedTuple):
    """What the decoder may look at, per batch row, pictures before sound.

    states: [batch, tokens, shared_size] float, in the shared space.
    mask: [batch, tokens] bool, False where padded; a row of False has no media.
    """

    states: Tensor
    mask: Tensor


class VisionAlignment(nn.Module):
    """Cells into the shared space: what is there, plus where it is."""

    def __init__(self, config: AutoGLMVisionConfig, shared_size: int) -> None:
        super().__init__()
        self.content = nn.Linear(config.hidden_size, shared_size)
        self.norm = nn.LayerNorm(shared_size)
        self.place = nn.Sequential(
            nn.Linear(4 * len(PLACE_WAVES), 128), nn.GELU(), nn.Linear(128, shared_size)
        )
        # Of its own, so that the place is not drowned by a content that was taught first.
        self.place_norm = nn.LayerNorm(shared_size)

    def forward(self, features: VisionFeatures) -> Tensor:
        """[n, cells, shared_size] float."""
        place = self.place_norm(self.place(wave_code(features.points, PLACE_WAVES)))
        return self.norm(self.content(features.cells)) + place


class AudioAlignment(nn.Module):
    """Frames into the shared space: what is said, plus when."""

    def __init__(self, config: AutoGLMAudioConfig, shared_size: int) -> None:
        super().__init__()
        self.content = nn.Linear(config.hidden_size, shared_size)
        self.norm = nn.LayerNorm(shared_size)
        self.time = nn.Linear(2 * len(TIME_PERIODS), shared_size)
        self.time_norm = nn.LayerNorm(shared_size)

    def forward(self, features: AudioFeatures) -> Tensor:
        """[n, frames, shared_size] float."""
        frames = features.frames
        index = torch.arange(frames.shape[1], device=frames.device, dtype=frames.dtype)
        time = self.time(wave_code(index[:, None], tuple(1.0 / period for period in TIME_PERIODS)))
        return self.norm(self.content(frames)) + self.time_norm(time)


def wave_code(values: Tensor, waves: tuple[float, ...]) -> Tensor:
    """Sines and cosines of `values` [..., k] at `waves` turns per unit: [..., 2 * k * len(waves)]."""
    turns = values[..., None] * values.new_tensor(waves) * (2.0 * math.pi)
    return torch.cat([turns.sin(), turns.cos()], dim=-1).flatten(-2)


def gather_rows(states: Tensor, mask: Tensor, counts: Tensor) -> list[Tensor]:
    """Split media states [n, tokens, d] into one tensor [tokens of the row, d] per batch row.

    counts: [batch] how many of the n media belong to each row, in order.
    """
    items = [item[kept] for item, kept in zip(states, mask, strict=True)]
    rows, start = [], 0
    for count in counts.tolist():
        rows.append(
            torch.cat(items[start : start + count]) if count else states.new_zeros(0, states.shape[-1])
        )
        start += count
    return rows


def pad_rows(rows: list[Tensor]) -> MediaMemory:
    """Rows of different lengths into one padded memory."""
    states = pad_sequence(rows, batch_first=True)
    lengths = torch.tensor([len(row) for row in rows], device=states.device)
    return MediaMemory(states, torch.arange(states.shape[1], device=states.device) < lengths[:, None])


class GatedCrossAttention(nn.Module):
    """The article's fusion: out = g * attend(q, k, v) + (1 - g) * q.

    q is the decoder's hidden state, k and v are made of the media in the shared space, and g in (0, 1) is
    learned, one gate a channel, from q itself. A row without media has g = 0: its text passes unchanged.
    """

    def __init__(self, config: AutoGLMTextConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.fusion_heads
        self.query_norm = Glm4RMSNorm(width, eps=config.rms_norm_eps)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(config.shared_size, width)
        self.value = nn.Linear(config.shared_size, width)
        self.out = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)

    def remember(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the media, each [batch, heads, tokens, head_dim]: made once a request."""
        shape = (*states.shape[:2], self.heads, -1)
        return (
            self.key(states).view(shape).transpose(1, 2),
            self.value(states).view(shape).transpose(1, 2),
        )

    def forward(self, hidden: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        """Mix the media into the text.

        Args:
            hidden: [batch, length, hidden_size] float.
            keys, values: [batch, heads, tokens, head_dim] from `remember`.
            mask: [batch, tokens] bool, True for real media tokens.
        """
        batch, length, width = hidden.shape
        normed = self.query_norm(hidden)
        query = self.query(normed).view(batch, length, self.heads, -1).transpose(1, 2)
        present = mask.any(dim=1)
        # A row without media may look anywhere: its gate is zero, and no key at all would give NaN.
        visible = (mask | ~present[:, None])[:, None, None, :]
        attended = functional.scaled_dot_product_attention(query, keys, values, attn_mask=visible)
        attended = self.out(attended.transpose(1, 2).reshape(batch, length, width))
        gate = torch.sigmoid(self.gate(normed)) * present[:, None, None].to(hidden.dtype)
        return gate * attended + (1.0 - gate) * hidden

    def openings(self, hidden: Tensor, keys: Tensor, mask: Tensor, parts: Sequence[int]) -> Tensor:
        """How far the gate opens to consecutive parts of the media, each 0 to 1: [len(parts)] float32.

        The gate's mean over channels times the share of attention that falls on the part, averaged over
        the tokens of `hidden`. The parts add up to the mean of the gate.

        Args:
            hidden: [1, length, hidden_size]; keys, mask: as for `forward`.
            parts: how many media tokens each part has, in their order.
        """
        normed = self.query_norm(hidden)
        query = self.query(normed).view(1, hidden.shape[1], self.heads, -1).transpose(1, 2)
        scores = query @ keys.transpose(-1, -2) * query.shape[-1] ** -0.5
        scores = scores.masked_fill(~mask[:, None, None, :], float("-inf"))
        shares = scores.float().softmax(dim=-1).mean(dim=1)[0]  # [length, tokens]
        gate = torch.sigmoid(self.gate(normed)).float().mean(dim=-1)[0]  # [length]
        looked = [part.sum(dim=-1) for part in shares[:, : sum(parts)].split(list(parts), dim=-1)]
        return torch.stack([(gate * part).mean() for part in looked])
