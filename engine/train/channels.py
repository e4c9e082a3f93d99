"""Which weights of the encoders belong to one channel, and how to take channels out for good.

A channel can only go everywhere at once: where it is written, where it is read, and in each residual
addition, depthwise convolution and norm on the way. The configuration says the widths of every layer, so the
smaller encoder is an ordinary one, built from its own configuration and filled with the weights that stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor, nn

from engine.model.configuration import AutoGLMAudioConfig, AutoGLMVisionConfig
from engine.model.modeling import AutoGLMAudioModel, AutoGLMVisionModel

#: Per group, the indices of the channels that stay, ascending.
Kept = Mapping[str, Tensor]

Config = TypeVar("Config", AutoGLMVisionConfig, AutoGLMAudioConfig)
Encoder = AutoGLMVisionModel | AutoGLMAudioModel

NORM = ("weight", "bias", "running_mean", "running_var")
LAYER = ("weight", "bias")


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that several layers share.

    cuts: the tensors that hold them, by their names in the state, and the dimension in which they do.
    writers: the layers whose output they are.
    """

    cuts: tuple[tuple[str, int], ...]
    writers: tuple[str, ...]


def groups_of(model: Encoder) -> dict[str, Group]:
    """The groups of an encoder, by name."""
    if isinstance(model, AutoGLMVisionModel):
        return vision_groups(model.config)
    return audio_groups(model.config)


def vision_groups(config: AutoGLMVisionConfig) -> dict[str, Group]:
    """`stage0` …: what a stage hands on, through every shortcut. `stage1.block0` …: within a block.

    `context0` …: within a context block.
    """
    groups: dict[str, Group] = {}
    last = len(config.stage_channels) - 1
    for level, blocks in enumerate(config.stage_blocks):
        stage = f"encoder.stages.{level}"
        cuts, writers = conv_norm_outputs(f"{stage}.downsample"), [f"{stage}.downsample"]
        for index in range(blocks):
            block = f"{stage}.blocks.{index}"
            groups[f"stage{level}.block{index}"] = Group(
                (*conv_norm_outputs(f"{block}.first"), (f"{block}.second.0.weight", 1)), (f"{block}.first",)
            )
            cuts += [(f"{block}.first.0.weight", 1), *conv_norm_outputs(f"{block}.second")]
            writers.append(f"{block}.second")
        if level < last:
            cuts.append((f"encoder.stages.{level + 1}.downsample.0.weight", 1))
        else:
            cuts += [("encoder.point_head.weight", 1), ("alignment.content.weight", 1)]
            for index in range(len(config.context_channels)):
                block = f"encoder.context.{index}"
                groups[f"context{index}"] = context_group(block)
                cuts += [(f"{block}.squeeze.0.weight", 1), *outputs(f"{block}.expand")]
                writers.append(f"{block}.expand")
        groups[f"stage{level}"] = Group(tuple(cuts), tuple(writers))
    return groups


def context_group(block: str) -> Group:
    return Group(
        (
            *conv_norm_outputs(f"{block}.squeeze"),
            (f"{block}.along.weight", 0),
            *outputs(f"{block}.down"),
            (f"{block}.expand.weight", 1),
        ),
        (f"{block}.squeeze",),
    )


def conv_norm_outputs(name: str) -> list[tuple[str, int]]:
    return [(f"{name}.0.weight", 0), *((f"{name}.1.{tensor}", 0) for tensor in NORM)]


def audio_groups(config: AutoGLMAudioConfig) -> dict[str, Group]:
    """`conv0` …: between input convolutions. `block0` …: within a feed-forward layer. `frames`: what all
    blocks add to.

    The heads stay whole. Without a channel of `frames` the layer norms average over fewer: where that was
    zero, they then give other values than before, which recovery has to make good.
    """
    groups: dict[str, Group] = {}
    last = len(config.conv_strides) - 1
    for index in range(last):
        name = f"encoder.convs.{index}"
        groups[f"conv{index}"] = Group((*outputs(name), (f"encoder.convs.{index + 1}.weight", 1)), (name,))
    cuts, writers = outputs(f"encoder.convs.{last}"), [f"encoder.convs.{last}"]
    for index in range(config.num_hidden_layers):
        block = f"encoder.blocks.{index}"
        groups[f"block{index}"] = Group(
            (*outputs(f"{block}.mlp.0"), (f"{block}.mlp.2.weight", 1)), (f"{block}.mlp.0",)
        )
        cuts += [*outputs(f"{block}.conv"), *outputs(f"{block}.conv_norm")]
        writers += [f"{block}.conv_norm", f"{block}.mlp.2"]
        if index >= config.num_hidden_layers // 2:
            cuts += [*outputs(f"{block}.attention_norm"), (f"{block}.qkv.weight", 1)]
            cuts += outputs(f"{block}.attention_out")
            writers.append(f"{block}.attention_out")
        cuts += [*outputs(f"{block}.mlp_norm"), (f"{block}.mlp.0.weight", 1), *outputs(f"{block}.mlp.2")]
    cuts += [*outputs("encoder.norm"), ("alignment.content.weight", 1)]
    groups["frames"] = Group(tuple(cuts), tuple(writers))
    return groups


def outputs(name: str) -> list[tuple[str, int]]:
    return [(f"{name}.{tensor}", 0) for tensor in LAYER]


# ---------------------------------------------------------------------------------------- cutting


def cut(model: Encoder, kept: Kept) -> Encoder:
    """A smaller encoder with the channels that are kept; groups that are not named stay whole.

    Raises KeyError for a group that this encoder does not have.
    """
    groups = groups_of(model)
    state = dict(model.state_dict())
    for name, indices in kept.items():
        for tensor, dimension in groups[name].cuts:
            state[tensor] = state[tensor].index_select(dimension, indices.to(state[tensor].device))
    widths = {name: len(indices) for name, indices in kept.items()}
    shared = model.alignment.content.out_features
    smaller: Encoder
    if isinstance(model, AutoGLMVisionModel):
        smaller = AutoGLMVisionModel(narrow(model.config, widths), shared)
    else:
        smaller = AutoGLMAudioModel(narrow(model.config, widths), shared)
    smaller.load_state_dict(state)
    nn.Module.to(smaller, model.device, model.dtype)
    return smaller.train(model.training)


def narrow(config: Config, widths: Mapping[str, int]) -> Config:
    """The configuration of an encoder whose groups have these widths."""
    config = deepcopy(config)
    if isinstance(config, AutoGLMVisionConfig):
        narrow_vision(config, widths)
    else:
        narrow_audio(config, widths)
    config.validate()
    return config


def narrow_vision(config: AutoGLMVisionConfig, widths: Mapping[str, int]) -> None:
    inner = [
        [widths.get(f"stage{level}.block{index}", width) for index, width in enumerate(stage)]
        for level, stage in enumerate(config.inner_channels)
    ]
    config.stage_channels = [
        widths.get(f"stage{level}", width) for level, width in enumerate(config.stage_channels)
    ]
    config.block_channels = inner
    config.context_channels = [
        widths.get(f"context{index}", width) for index, width in enumerate(config.context_channels)
    ]


def narrow_audio(config: AutoGLMAudioConfig, widths: Mapping[str, int]) -> None:
    config.attention_size = config.attention_width
    config.conv_channels = [
        widths.get(f"conv{index}", width) for index, width in enumerate(config.conv_widths[:-1])
    ]
    config.intermediate_sizes = [
        widths.get(f"block{index}", width) for index, width in enumerate(config.mlp_widths)
    ]
    config.hidden_size = widths.get("frames", config.hidden_size)


def width_of(model: Encoder, group: Group) -> int:
    tensor, dimension = group.cuts[0]
    return model.state_dict()[tensor].shape[dimension]
