"""The speech encoder: an 80-band log-mel spectrogram becomes a row of frames, 40 ms each."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.configuration import AutoGLMAudioConfig


class AudioFeatures(NamedTuple):
    """What the encoder makes of `n` recordings.

    frames: [n, frames, channels] float.
    mask: [n, frames] bool, True where there is sound rather than padding.
    """

    frames: Tensor
    mask: Tensor


class AudioBlock(nn.Module):
    """Depthwise convolution, optional self-attention over all frames, and a feed-forward layer."""

    def __init__(self, config: AutoGLMAudioConfig, attends: bool, mlp_width: int) -> None:
        super().__init__()
        width, inner = config.hidden_size, config.attention_width
        self.heads = config.num_attention_heads
        self.conv = nn.Conv1d(width, width, config.kernel_size, padding=config.kernel_size // 2, groups=width)
        self.conv_norm = nn.LayerNorm(width)
        self.attention_norm = nn.LayerNorm(width) if attends else None
        self.qkv = nn.Linear(width, 3 * inner) if attends else None
        self.attention_out = nn.Linear(inner, width) if attends else None
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, mlp_width), nn.GELU(), nn.Linear(mlp_width, width))

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        kept = frames * mask[:, :, None]
        frames = frames + self.conv_norm(self.conv(kept.transpose(1, 2)).transpose(1, 2))
        if self.attention_norm is not None:
            frames = frames + self.attend(self.attention_norm(frames), mask)
        return frames + self.mlp(self.mlp_norm(frames))

    def attend(self, frames: Tensor, mask: Tensor) -> Tensor:
        assert self.qkv is not None and self.attention_out is not None
        n, length, _ = frames.shape
        query, key, value = self.qkv(frames).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask[:, None, None, :]
        )
        return self.attention_out(attended.transpose(1, 2).reshape(n, length, -1))


class AudioEncoder(nn.Module):
    """Strided convolutions bring 10 ms frames down to 40 ms; the upper half of the blocks attends."""

    def __init__(self, config: AutoGLMAudioConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.num_mel_bins, *config.conv_widths]
        self.convs = nn.ModuleList(
            nn.Conv1d(inputs, outputs, kernel_size=5, stride=stride, padding=2)
            for inputs, outputs, stride in zip(widths[:-1], widths[1:], config.conv_strides, strict=True)
        )
        half = config.num_hidden_layers // 2
        self.blocks = nn.ModuleList(
            AudioBlock(config, index >= half, width) for index, width in enumerate(config.mlp_widths)
        )
        self.norm = nn.LayerNorm(config.hidden_size)

    def forward(self, input_features: Tensor, feature_lengths: Tensor) -> AudioFeatures:
        """Encode recordings.

        Args:
            input_features: [n, 80, T] log-mel, zero where padded, one frame every 10 ms.
            feature_lengths: [n] frames of each recording.
        """
        lengths = feature_lengths
        mask = frame_mask(lengths, input_features.shape[-1])
        hidden = input_features * mask[:, None, :]
        for conv, stride in zip(self.convs, self.config.conv_strides, strict=True):
            hidden = functional.gelu(conv(hidden))
            lengths = -(-lengths // stride)
            mask = frame_mask(lengths, hidden.shape[-1])
            hidden = hidden * mask[:, None, :]
        frames = hidden.transpose(1, 2)
        for block in self.blocks:
            frames = block(frames, mask)
        return AudioFeatures(self.norm(frames), mask)


def frame_mask(lengths: Tensor, size: int) -> Tensor:
    """[n, size] bool: True for the first `lengths` frames of each row."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]
