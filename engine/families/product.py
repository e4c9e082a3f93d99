"""The products of a decoder's weights with its states, in the quickest way that a device has for them.

Linears of the same input become one product, whose results stand side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from engine.quantize import Int8Linear, PackedInt8, has_integer_products, multiply

#: Weights of one product that may be packed beside the modules' own: they are in memory twice then.
PACKED_MOST = 1 << 22

Linear = nn.Linear | Int8Linear


class Product(Protocol):
    """states [tokens, inputs] -> states @ weight.T + bias [tokens, outputs].

    `bytes`: what it reads of weights.
    """

    bytes: int

    def __call__(self, states: Tensor, out: Tensor) -> Tensor:
        """Written to `out`."""
        ...


def make_product(*linears: Linear) -> Product:
    """The product of one linear layer, or of several that have the same input."""
    rounded = [linear for linear in linears if isinstance(linear, Int8Linear)]
    if rounded:
        assert len(rounded) == len(linears), "linears of one input are INT8 together"
        return make_int8_product(rounded)
    plain = [linear for linear in linears if isinstance(linear, nn.Linear)]
    weight, bias = join([linear.weight.data for linear in plain]), join_biases(plain)
    if fits_half(weight):
        return HalfProduct(weight, bias)
    if len(plain) > 1:
        share(plain, weight)
    return PlainProduct(weight, bias)


def make_int8_product(linears: Sequence[Int8Linear]) -> Product:
    """Packed for integer products where a CPU has them; large ones are the modules' own, side by side."""
    weight = linears[0].weight_scale
    if weight.device.type != "cpu" or not has_integer_products():
        return Int8Product(linears)
    if sum(linear.in_features * linear.out_features for linear in linears) > PACKED_MOST:
        return RowOfProducts(
            [linear.pack() for linear in linears], [linear.out_features for linear in linears]
        )
    weights = join([linear.plain_weight() for linear in linears])
    scales = join([linear.weight_scale.data for linear in linears])
    return PackedInt8(weights, scales, join_biases(linears), keep=True)


class PlainProduct:
    """Weights [outputs, inputs] as they are."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight, self.bias = weight.t(), bias
        self.bytes = weight.numel() * weight.element_size()

    def __call__(self, states: Tensor, out: Tensor) -> Tensor:
        if self.bias is None:
            return torch.mm(states, self.weight, out=out)
        return torch.addmm(self.bias, states, self.weight, out=out)


class HalfProduct:
    """Weights packed in half precision by FBGEMM: a step reads half as many bytes, and the sums are in single
    precision as before."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.packed: Any = torch.ops.quantized.linear_prepack_fp16(weight, bias)
        self.bytes = weight.numel() * 2

    def __call__(self, states: Tensor, out: Tensor) -> Tensor:
        return out.copy_(torch.ops.quantized.linear_dynamic_fp16(states, self.packed))


class Int8Product:
    """INT8 weights, made floats as they are read: for GPUs, and CPUs without integer products."""

    def __init__(self, linears: Sequence[Int8Linear]) -> None:
        self.weight = join([linear.weight.data for linear in linears])
        self.scale = join([linear.weight_scale.data for linear in linears])
        self.bias = join_biases(linears)
        self.bytes = self.weight.numel()
        if len(linears) > 1:
            share(linears, self.weight)

    def __call__(self, states: Tensor, out: Tensor) -> Tensor:
        return out.copy_(multiply(states, self.weight, self.scale, self.bias))


class RowOfProducts:
    """Several products of the same states, their results side by side."""

    def __init__(self, products: Sequence[Product], outputs: Sequence[int]) -> None:
        self.products, self.outputs = products, list(outputs)
        self.bytes = sum(product.bytes for product in products)

    def __call__(self, states: Tensor, out: Tensor) -> Tensor:
        for product, part in zip(self.products, out.split(self.outputs, dim=1), strict=True):
            product(states, part)
        return out


class Stored(NamedTuple):
    """A product's weights, for another way to multiply by them.

    weight: [outputs, inputs], float32, float16, or int8 with `scale` [outputs] float32; bias: [outputs].
    levels: steps from 0 to the largest input where the input is rounded, too, else None.
    """

    weight: Tensor
    scale: Tensor | None = None
    bias: Tensor | None = None
    levels: int | None = None


def stored(product: Product) -> Stored:
    """Its weights as it reads them: its own tensors, but copies of what is packed."""
    match product:
        case PlainProduct():
            return Stored(product.weight.t(), bias=product.bias)
        case HalfProduct():
            weight, bias = torch.ops.quantized.linear_unpack_fp16(product.packed)
            return Stored(weight.half(), bias=bias)
        case PackedInt8():
            return Stored(product.unpack(), product.scale, product.bias, product.levels)
        case Int8Product():
            return Stored(product.weight, product.scale[:, 0], product.bias)
        case RowOfProducts():
            parts = [stored(part) for part in product.products]
            return Stored(*(join_stored(values) for values in zip(*parts, strict=True)))
    raise TypeError(f"{type(product).__name__} does not tell its weights")


def join_stored(values: Sequence[Any]) -> Any:
    """What the parts of a row of products have in common, or their tensors one after another."""
    return join(values) if isinstance(values[0], Tensor) else values[0]


def fits_half(weight: Tensor) -> bool:
    """Whether half precision holds these weights, but for what is lost in any sum of them, as with a
    checkpoint that was saved so."""
    if weight.device.type != "cpu" or weight.dtype != torch.float32 or weight.numel() > PACKED_MOST:
        return False
    if not has_integer_products():
        return False
    return bool((weight.half().float() - weight).abs().max() <= 2.0**-25)


def join(parts: Sequence[Tensor]) -> Tensor:
    """Their rows one after another."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def join_biases(linears: Sequence[Linear]) -> Tensor | None:
    biases = [linear.bias.data for linear in linears if linear.bias is not None]
    return join(biases) if biases else None


def share(linears: Sequence[Linear], weight: Tensor) -> None:
    """Make the linears' weights views of `weight`, their rows one after another."""
    start = 0
    for linear in linears:
        linear.weight.data = weight[start : start + linear.out_features]
        start += linear.out_features
