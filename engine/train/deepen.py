"""A teacher out of a student: its decoder made deeper, so that it starts with all that the student knows.

Behind each layer its copies are put in, shut at first: the norms after attention and feed-forward, through
which all of a GLM layer passes into the residual stream, begin at zero, and the gates of the copied
cross-attention closed but for a crack, which lets a gradient through. So the deeper model says what the
shallow one says, without media to the bit and with media nearly, until it learns to use what was added
(Net2DeeperNet, Chen et al., 2016; the copies are those of Gong et al., 2019).
"""

from __future__ import annotations

import copy
import re

import torch
from torch import Tensor

from engine.model.configuration import AutoGLMConfig
from engine.model.modeling import AutoGLMForConditionalGeneration

Model = AutoGLMForConditionalGeneration

#: Bias of a gate that is shut, before its sigmoid: what was copied is let in at two hundredths.
SHUT = -4.0
LAYER = re.compile(r"(model\.language_model\.layers\.)(\d+)(\..+)")
PASSES = ("post_self_attn_layernorm.weight", "post_mlp_layernorm.weight")


def deepen_config(config: AutoGLMConfig, times: int) -> AutoGLMConfig:
    """The configuration with `times` as many decoder layers; copies of a layer that looks look too."""
    deeper = copy.deepcopy(config)
    deeper.text.num_hidden_layers = config.text.num_hidden_layers * times
    deeper.text.fusion_layers = [
        layer * times + place for layer in config.text.fusion_layers for place in range(times)
    ]
    return deeper


def deepen(model: Model, times: int = 2) -> Model:
    """A model with `times` as many decoder layers; the encoders are the same, not copies.

    Raises ValueError for `times` below 1.
    """
    if times < 1:
        raise ValueError(f"a model cannot be made {times} times as deep")
    deeper = Model(deepen_config(model.config, times))
    state: dict[str, Tensor] = {}
    for name, weight in model.state_dict().items():
        if found := LAYER.fullmatch(name):
            head, layer, rest = found.groups()
            for place in range(times):
                copied = f"{head}{int(layer) * times + place}{rest}"
                state[copied] = weight.clone() if place == 0 else shut(rest, weight)
        else:
            state[name] = weight
    deeper.load_state_dict(state)
    deeper.model.vision, deeper.model.audio = model.model.vision, model.model.audio
    return deeper.to(model.device, model.dtype)  # pyright: ignore[reportArgumentType]


def shut(name: str, weight: Tensor) -> Tensor:
    """What a copy of this weight begins with."""
    if name.endswith(PASSES) or name.endswith("fusion.gate.weight"):
        return torch.zeros_like(weight)
    if name.endswith("fusion.gate.bias"):
        return torch.full_like(weight, SHUT)
    return weight.clone()
