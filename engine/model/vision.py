"""The image encoder: a square picture becomes a grid of cells, each with what is in it and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.model.configuration import AutoGLMVisionConfig


class VisionFeatures(NamedTuple):
    """What the CNN makes of `n` pictures, one row a cell in reading order.

    cells: [n, cells, channels] float.
    points: [n, cells, 2] float, (x, y) of the centre of the thing in each cell, as fractions 0 to 1 of
        the content's width and height.
    mask: [n, cells] bool, True where the cell shows content rather than padding.
    """

    cells: Tensor
    points: Tensor
    mask: Tensor


def conv_norm(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al., 2015)."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.first = conv_norm(channels, inner)
        self.second = conv_norm(inner, channels)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        inner = torch.relu(self.first(hidden)) * mask
        return torch.relu(hidden + self.second(inner)) * mask


class VisionStage(nn.Module):
    """Halves the resolution, then refines: one block for each entry of `inner`, its channels within."""

    def __init__(self, inputs: int, outputs: int, inner: Sequence[int]) -> None:
        super().__init__()
        self.downsample = conv_norm(inputs, outputs, stride=2)
        self.blocks = nn.ModuleList(ResidualBlock(outputs, channels) for channels in inner)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        hidden = torch.relu(self.downsample(hidden)) * mask
        for block in self.blocks:
            hidden = block(hidden, mask)
        return hidden


class ContextBlock(nn.Module):
    """Tells every cell of all others: a convolution as wide as the grid, along the rows and down the columns.

    What stands where in the reading order, or what kind of page this is, no 3x3 convolution can see. How much
    the wide ones add up depends on the shape of the picture, so no statistics of a batch come after them.
    """

    def __init__(self, channels: int, inner: int, grid: int) -> None:
        super().__init__()
        reach, side = grid - 1, 2 * grid - 1
        self.squeeze = nn.Sequential(nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner))
        self.along = nn.Conv2d(inner, inner, (1, side), padding=(0, reach), groups=inner, bias=False)
        self.down = nn.Conv2d(inner, inner, (side, 1), padding=(reach, 0), groups=inner)
        self.expand = nn.Conv2d(inner, channels, 1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        inner = torch.relu(self.squeeze(hidden)) * mask
        inner = torch.relu(self.down(self.along(inner)))
        return torch.relu(hidden + self.expand(inner)) * mask


class VisionEncoder(nn.Module):
    """CNN over 224x224 RGB in [0, 1].

    The content sits in the top left corner of the square. Everything outside it is held at zero after
    each convolution, as if the picture ended there, so that cropping the padding away changes nothing.
    """

    def __init__(self, config: AutoGLMVisionConfig) -> None:
        super().__init__()
        self.config = config
        channels = (config.num_channels, *config.stage_channels)
        self.stages = nn.ModuleList(
            VisionStage(inputs, outputs, inner)
            for inputs, outputs, inner in zip(channels[:-1], channels[1:], config.inner_channels, strict=True)
        )
        self.context = nn.ModuleList(
            ContextBlock(config.hidden_size, inner, config.grid_size) for inner in config.context_channels
        )
        self.point_head = nn.Linear(config.hidden_size, 2)

    def forward(self, pixel_values: Tensor, content_sizes: Tensor) -> VisionFeatures:
        """Encode pictures.

        Args:
            pixel_values: [n, 3, S, S] float in [0, 1].
            content_sizes: [n, 2] width and height of the content, in pixels of the square.
        """
        stride = self.config.stride
        columns, rows = (-(-int(side) // stride) for side in content_sizes.amax(dim=0).tolist())
        pixels = pixel_values[:, :, : rows * stride, : columns * stride]
        mask = self.content_mask(content_sizes, rows, columns, 1)
        hidden = (2.0 * pixels - 1.0) * mask
        for level, stage in enumerate(self.stages, start=1):
            mask = self.content_mask(content_sizes, rows, columns, 2**level)
            hidden = stage(hidden, mask.to(hidden.dtype))
        for block in self.context:
            hidden = block(hidden, mask.to(hidden.dtype))
        cells = hidden.flatten(2).transpose(1, 2)
        points = self.locate(cells, content_sizes, rows, columns)
        return VisionFeatures(cells, points, mask.flatten(1).bool())

    def content_mask(self, content_sizes: Tensor, rows: int, columns: int, scale: int) -> Tensor:
        """[n, 1, rows, columns] at 1/`scale` of the resolution: 1 where a cell overlaps the content."""
        cells = self.config.stride // scale
        x = torch.arange(columns * cells, device=content_sizes.device) * scale
        y = torch.arange(rows * cells, device=content_sizes.device) * scale
        width, height = content_sizes[:, 0, None], content_sizes[:, 1, None]
        return ((y < height)[:, None, :, None] & (x < width)[:, None, None, :]).float()

    def locate(self, cells: Tensor, content_sizes: Tensor, rows: int, columns: int) -> Tensor:
        """[n, cells, 2]: each cell's own centre, moved by at most one cell to the thing's centre."""
        stride = self.config.stride
        y, x = torch.meshgrid(
            torch.arange(rows, device=cells.device), torch.arange(columns, device=cells.device), indexing="ij"
        )
        centres = torch.stack([x, y], dim=-1).flatten(0, 1) + 0.5
        pixels = (centres + torch.tanh(self.point_head(cells))) * stride
        return (pixels / content_sizes[:, None, :].to(pixels.dtype)).clamp(0.0, 1.0)
