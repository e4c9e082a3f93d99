"""INT8 weights: one byte a weight, one scale an output channel, for our architecture and any other.

A weight is `weight` [outputs, inputs] int8 in -127 … 127 times `weight_scale` [outputs, 1] float32. Output
heads, embeddings, norms and convolutions stay as they are.

On an x86 CPU the products are integer products (FBGEMM), their input rounded to int8 with a scale of its own
for each token, so that what a row gives does not depend on the rows beside it. Elsewhere the weights alone
are INT8 and the products are in the type of the input.

`register` makes transformers know the format: a checkpoint whose config.json has the `quantization_config` of
an `Int8Config` loads through from_pretrained, which also quantizes others when it is given one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.core_model_loading import ConversionOps
from transformers.quantizers.auto import (
    AUTO_QUANTIZER_MAPPING,
    register_quantization_config,
    register_quantizer,
)
from transformers.quantizers.base import HfQuantizer, get_keys_to_not_convert
from transformers.quantizers.quantizers_utils import should_convert_module
from transformers.utils.quantization_config import QuantizationConfigMixin

METHOD = "autoglm_int8"

#: What the largest magnitude of a token is at least: one of zeros is divided, too.
TINY = 1e-30

#: Rows up to which a product of INT8 weights with a float input reads the weights as they are; for more rows
#: they are first made floats, which then costs less than it saves.
FEW_ROWS = 16


class Int8Config(QuantizationConfigMixin):
    """What stands in config.json of an INT8 checkpoint.

    Args:
        modules_to_not_convert: linear layers that keep their precision, by name or its end; None for the
            output head and what is tied to the embeddings.
    """

    def __init__(self, modules_to_not_convert: Sequence[str] | None = None, **kwargs: Any) -> None:
        self.quant_method: Any = METHOD
        self.modules_to_not_convert = None if modules_to_not_convert is None else list(modules_to_not_convert)


def quantize_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Round a weight [outputs, inputs] to int8; the scales [outputs, 1] float32 map each channel's largest
    magnitude to 127."""
    exact = weight.detach().float()
    scale = exact.abs().amax(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny) / 127
    return (exact / scale).round().clamp(-127, 127).to(torch.int8), scale


class Int8Linear(nn.Module):
    """A linear layer with INT8 weights, in place of an `nn.Linear`.

    On an x86 CPU the first call packs the weights as FBGEMM reads them and gives up the plain ones, so that
    they are in memory once; `state_dict` has the plain ones always.
    """

    def __init__(self, in_features: int, out_features: int, bias: nn.Parameter | None = None) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = frozen(torch.empty(out_features, in_features, dtype=torch.int8))
        self.weight_scale = frozen(torch.empty(out_features, 1, dtype=torch.float32))
        self.bias = bias
        self._packed: PackedInt8 | None = None

    @classmethod
    def of(cls, linear: nn.Linear) -> Int8Linear:
        """The same layer, its weights rounded."""
        made = cls(linear.in_features, linear.out_features, linear.bias)
        weight, scale = quantize_weight(linear.weight)
        made.weight, made.weight_scale = frozen(weight), frozen(scale)
        return made

    def restored(self, dtype: torch.dtype) -> nn.Linear:
        """A linear layer with the values that these weights stand for."""
        with torch.device("meta"):
            made = nn.Linear(self.in_features, self.out_features, self.bias is not None)
        made.weight = nn.Parameter((self.plain_weight() * self.weight_scale).to(dtype))
        if self.bias is not None:
            made.bias = nn.Parameter(self.bias.data.to(dtype))
        return made

    def plain_weight(self) -> Tensor:
        """[outputs, inputs] int8."""
        return self.weight.data if self._packed is None else self._packed.unpack()

    def forward(self, states: Tensor) -> Tensor:
        """[..., inputs] -> [..., outputs], in the type of `states`."""
        rows = states.reshape(-1, self.in_features)
        if states.device.type == "cpu" and has_integer_products():
            out = self.pack()(rows.float(), rows.new_empty(len(rows), self.out_features, dtype=torch.float32))
            out = out.to(states.dtype)
        else:
            out = multiply(rows, self.weight, self.weight_scale, self.bias)
        return out.view(*states.shape[:-1], self.out_features)

    def pack(self) -> PackedInt8:
        """The packed weights."""
        if self._packed is None:
            bias = None if self.bias is None else self.bias.data
            self._packed = PackedInt8(self.weight.data, self.weight_scale.data, bias)
            self.weight = frozen(self.weight.new_empty(0))
        return self._packed

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.plain_weight()

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


def frozen(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)


# -------------------------------------------------------------------------------------- products


@cache
def has_integer_products() -> bool:
    """Whether FBGEMM is here, whose products these are: it comes with torch for x86 CPUs."""
    return "fbgemm" in torch.backends.quantized.supported_engines


@cache
def count_levels() -> int:
    """Steps from 0 to the largest input: 127, or 63 on CPUs that add two products in 16 bits and would
    overflow."""
    return 127 if torch.cpu.get_capabilities().get("avx512_vnni") else 63


class PackedInt8:
    """states [tokens, inputs] -> [tokens, outputs] float32, by integer products of packed weights.

    Each token is divided by its largest magnitude, rounded, multiplied, and multiplied back. One call at a
    time.

    Args:
        weight, scale: as in `Int8Linear`; bias: [outputs] or None.
        keep: hold the plain weights, too, from which one token alone is quicker, and is the same.

    `scale` [outputs] float32 is that of the integer sums.
    """

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None, *, keep: bool = False) -> None:
        self.bias = None if bias is None else bias.float()
        self.levels, self.bytes = count_levels(), weight.numel()
        zeros = torch.zeros(len(scale), dtype=torch.int64)
        with warnings.catch_warnings():
            # torch means to drop quantized tensors, which here live for this one line; torch is pinned. By
            # way of `torch.ops` the warning would pass this filter by, and reach the terminal.
            warnings.simplefilter("ignore", UserWarning)
            make: Any = getattr(torch, "_make_per_channel_quantized_tensor")  # noqa: B009 - torch hides it
            quantized = make(weight, scale[:, 0].double(), zeros, 0)
        self._packed: Any = torch.ops.quantized.linear_prepack(quantized, None)
        self._multiply: Any = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default
        self._plain = weight.t() if keep and self.levels == 127 else None
        self.scale = scale[:, 0] * (1 / self.levels)
        outputs, inputs = weight.shape
        self._token = torch.empty(1, inputs), torch.empty(1, inputs, dtype=torch.int8)
        self._sums = torch.empty(1, outputs, dtype=torch.int32)

    def __call__(self, states: Tensor, out: Tensor) -> Tensor:
        """Written to `out`; both float32."""
        if self._plain is not None and len(states) == 1:
            product, largest = self._multiply_one(states, self._plain)
        else:
            largest = states.abs().amax(dim=1, keepdim=True).clamp_(min=TINY)
            product = self._multiply(states / largest, 1 / self.levels, self.levels + 1, self._packed)
        if self.bias is None:
            return torch.mul(product, largest, out=out)
        return torch.addcmul(self.bias, product, largest, out=out)

    def _multiply_one(self, states: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The product of one token that has been divided by its largest magnitude, and that magnitude."""
        scaled, rounded = self._token
        largest = torch.linalg.vector_norm(states, torch.inf, 1, True).clamp_min_(TINY)
        rounded.copy_(torch.div(states, largest, out=scaled).mul_(self.levels).round_())
        sums = torch.ops.aten._int_mm.out(rounded, weight, out=self._sums)
        return sums * self.scale, largest

    def unpack(self) -> Tensor:
        """The weights as they were, [outputs, inputs] int8."""
        if self._plain is not None:
            return self._plain.t()
        return torch.ops.quantized.linear_unpack(self._packed)[0].int_repr()


def multiply(states: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """states [tokens, inputs] of any float type -> [tokens, outputs], with INT8 weights made floats."""
    if len(states) <= FEW_ROWS and states.dtype != torch.float32:
        out = torch.ops.aten._weight_int8pack_mm(states, weight, scale[:, 0].to(states.dtype))
    else:
        out = functional.linear(states, weight.to(states.dtype)) * scale[:, 0].to(states.dtype)
    return out if bias is None else out + bias


# ------------------------------------------------------------------------------ which layers, and how


def find_linears(model: PreTrainedModel, config: Int8Config | None = None) -> Iterator[tuple[str, nn.Linear]]:
    """The linear layers that become INT8."""
    chosen = None if config is None else config.modules_to_not_convert
    kept = get_keys_to_not_convert(model) if chosen is None else list(chosen)
    for name, module in model.named_modules():
        if type(module) is nn.Linear and should_convert_module(name, kept):
            yield name, module


def quantize(model: PreTrainedModel, config: Int8Config | None = None) -> PreTrainedModel:
    """Make a loaded model's linear layers INT8, in place; `save_pretrained` then writes an INT8 checkpoint.

    The names of the layers that kept their precision are written to the configuration.
    """
    config = config or Int8Config()
    chosen = list(find_linears(model, config))
    if config.modules_to_not_convert is None:
        config.modules_to_not_convert = get_keys_to_not_convert(model)
    for name, linear in chosen:
        model.set_submodule(name, Int8Linear.of(linear))
    quantizer = Int8Quantizer(config)
    setattr(model, "hf_quantizer", quantizer)  # noqa: B010 - for save_pretrained, as from_pretrained does
    quantizer.postprocess_model(model)
    return model


class Int8Quantizer(HfQuantizer):
    """What transformers asks when it loads or saves an INT8 model."""

    quantization_config: Int8Config

    def param_needs_quantization(self, model: PreTrainedModel, param_name: str, **kwargs: Any) -> bool:
        if self.pre_quantized or not param_name.endswith(".weight"):
            return False
        return isinstance(model.get_submodule(param_name.removesuffix(".weight")), Int8Linear)

    def get_quantize_ops(self) -> ConversionOps:
        return RoundToInt8()

    def _process_model_before_weight_loading(self, model: PreTrainedModel, **kwargs: Any) -> PreTrainedModel:
        config = self.quantization_config
        chosen = list(find_linears(model, config))
        if config.modules_to_not_convert is None:
            config.modules_to_not_convert = get_keys_to_not_convert(model)
        with torch.device("meta"):
            for name, linear in chosen:
                model.set_submodule(name, Int8Linear(linear.in_features, linear.out_features, linear.bias))
        return model

    def _dequantize(self, model: PreTrainedModel, dtype: torch.dtype | str | None = None) -> PreTrainedModel:
        """For `model.dequantize()`: floats again, to be taught or to be compared with."""
        kind = getattr(torch, dtype) if isinstance(dtype, str) else dtype or torch.float32
        for name, module in list(model.named_modules()):
            if isinstance(module, Int8Linear):
                model.set_submodule(name, module.restored(kind))
        return model

    def is_serializable(self) -> Any:
        return True

    @property
    def is_trainable(self) -> Any:
        return False


class RoundToInt8(ConversionOps):
    """A weight as it is read -> its int8 weight and scale."""

    def convert(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input_dict: dict[str, Any], full_layer_name: str, **kwargs: Any
    ) -> dict[str, Tensor]:
        (value,) = input_dict.values()
        weight, scale = quantize_weight(value[0] if isinstance(value, list) else value)
        return {full_layer_name: weight, f"{full_layer_name}_scale": scale}


def register() -> None:
    """Make transformers know the format, once."""
    if METHOD not in AUTO_QUANTIZER_MAPPING:
        register_quantization_config(METHOD)(Int8Config)
        register_quantizer(METHOD)(Int8Quantizer)
