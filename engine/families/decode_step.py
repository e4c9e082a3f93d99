"""A decode step of one chat as one module of plain operations, for a compiler to make one function of.

`FusedGlm` runs the same layers in few calls of torch, whose costs a small model's step mostly is. Compiled,
there are none: products are sums that read each weight once, as it is stored, with what comes before and
after them in the same loops. That suits one token. Several are better served by products of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.families.product import Product, stored
from engine.model.sparse_attention import sees
from engine.quantize import TINY

if TYPE_CHECKING:
    from engine.families.glm import FusedGlm, Fusion, Layer, Norm


def settle(states: Tensor) -> Tensor:
    """The same, computed once: a compiler would else compute it anew for each weight that it meets."""
    return states.as_strided(states.shape, states.stride())


class Linear(nn.Module):
    """States [1, inputs] -> [1, outputs], from weights in float, half precision or INT8."""

    weight: Tensor
    scale: Tensor | None
    bias: Tensor | None

    def __init__(self, product: Product) -> None:
        super().__init__()
        weights = stored(product)
        self.levels = weights.levels
        for name in ("weight", "scale", "bias"):
            self.register_buffer(name, getattr(weights, name))

    def forward(self, states: Tensor) -> Tensor:
        largest = None
        if self.levels is not None:
            # As `PackedInt8` rounds. Floats add these integers exactly up to 2 ** 24, or 1040 inputs.
            largest = states.abs().amax(-1, keepdim=True).clamp(min=TINY)
            states = settle((states / largest * self.levels).round())
        out = (self.weight.float() * states).sum(-1)[None]
        if self.scale is not None:
            out = out * self.scale
        if largest is not None:
            out = out * largest
        return out if self.bias is None else out + self.bias

    def extra_repr(self) -> str:
        return f"levels={self.levels}"


class RMSNorm(nn.Module):
    """[1, size] -> [1, size]."""

    weight: Tensor

    def __init__(self, norm: Norm) -> None:
        super().__init__()
        self.eps = norm.eps
        self.register_buffer("weight", norm.weight)

    def forward(self, states: Tensor) -> Tensor:
        return states * torch.rsqrt(states.square().mean(-1, keepdim=True) + self.eps) * self.weight

    def extra_repr(self) -> str:
        return f"eps={self.eps}"


class LookAtMedia(nn.Module):
    """`Fusion` of one row that has media."""

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        self.heads = fusion.heads
        self.norm = RMSNorm(fusion.norm)
        self.query_and_gate, self.out = Linear(fusion.query_and_gate), Linear(fusion.out)

    def forward(self, states: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """keys, values: [heads, tokens, head_dim]."""
        mixed = settle(self.query_and_gate(settle(self.norm(states))))
        query, gate = mixed.chunk(2, dim=-1)
        query = query.view(self.heads, 1, 1, -1)
        attended = attend(query, keys, values, query.shape[-1] ** -0.5)
        return settle(torch.lerp(states, self.out(attended), torch.sigmoid(gate)))

    def extra_repr(self) -> str:
        return f"heads={self.heads}"


class DecoderLayer(nn.Module):
    """One of `FusedGlm`'s layers."""

    def __init__(self, layer: Layer, media: bool) -> None:
        super().__init__()
        self.media_layer = layer.media_layer
        self.fusion = LookAtMedia(layer.fusion) if media and layer.fusion is not None else None
        self.qkv, self.out = Linear(layer.qkv), Linear(layer.out)
        self.gate_up, self.down = Linear(layer.gate_up), Linear(layer.down)
        self.before, self.after = RMSNorm(layer.before), RMSNorm(layer.after)
        self.before_mlp, self.after_mlp = RMSNorm(layer.before_mlp), RMSNorm(layer.after_mlp)

    def extra_repr(self) -> str:
        return f"media_layer={self.media_layer}"


class DecodeStep(nn.Module):
    """One token of the row in slot 0, over the slot cache's own tensors.

    Args:
        fused: whose weights these are, shared where they are stored as they are read here.
        media: for a row that looks at media; else it has none.
    """

    embedding: Tensor
    turns: Tensor

    def __init__(self, fused: FusedGlm, media: bool) -> None:
        super().__init__()
        self.shape, self.scale, self.block = fused.shape, fused.scale, fused.block
        self.register_buffer("embedding", fused.embedding)
        self.register_buffer("turns", torch.view_as_real(fused.turns[:, 0]))
        self.layers = nn.ModuleList(DecoderLayer(layer, media) for layer in fused.layers)
        self.norm, self.head = RMSNorm(fused.norm), Linear(fused.head)

    def forward(
        self,
        token: Tensor,
        position: Tensor,
        index: Tensor,
        cache: Sequence[Tensor],
        media_keys: Tensor | None = None,
        media_values: Tensor | None = None,
    ) -> Tensor:
        """Logits [1, vocabulary].

        Args:
            token: [1] int64.
            position: [1] int64, of the rotation.
            index: [length] int64, 0, 1, … to the token's own, which is written there.
            cache: of each layer [2, slots, kv_heads, width, head_dim], changed in place.
            media_keys, media_values: [layers, heads, tokens, head_dim].
        """
        states = settle(self.embedding.index_select(0, token))
        cos, sin = self._angles(position)
        hidden = None
        if self.block is not None:
            hidden = torch.where(sees(index[-1:], index, self.block), 0.0, -torch.inf)
        for layer, kept in zip(self.layers, cache, strict=True):
            assert isinstance(layer, DecoderLayer)
            if layer.fusion is not None and media_keys is not None and media_values is not None:
                media = media_keys[layer.media_layer], media_values[layer.media_layer]
                states = layer.fusion(states, *media)
            attended = self._attend(layer, settle(layer.before(states)), (cos, sin), index, hidden, kept)
            states = settle(states + layer.after(settle(layer.out(attended))))
            gate, up = settle(layer.gate_up(settle(layer.before_mlp(states)))).chunk(2, dim=-1)
            inner = settle(functional.silu(gate) * up)
            states = settle(states + layer.after_mlp(settle(layer.down(inner))))
        return self.head(settle(self.norm(states)))

    def _angles(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """What a head's own values, and their neighbours', are multiplied by: [1, head_dim] each."""
        turn = self.turns.index_select(0, position.clamp(max=len(self.turns) - 1))
        cos, sin = turn.repeat_interleave(2, dim=1).unbind(-1)
        sign = torch.where(torch.arange(self.shape.rotary) % 2 == 0, -1.0, 1.0)
        rest = (0, self.shape.head_dim - self.shape.rotary)
        return settle(functional.pad(cos, rest, value=1.0)), settle(functional.pad(sin * sign, rest))

    def _attend(
        self,
        layer: DecoderLayer,
        states: Tensor,
        angles: tuple[Tensor, Tensor],
        index: Tensor,
        hidden: Tensor | None,
        kept: Tensor,
    ) -> Tensor:
        """[1, heads * head_dim]; the token's key and value are then in `kept`."""
        heads, kv_heads, size = self.shape.heads, self.shape.kv_heads, self.shape.head_dim
        qkv = settle(layer.qkv(states)).view(-1, size)
        turning, values = qkv.split([heads + kv_heads, kv_heads])
        neighbours = turning.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
        turned = settle(turning * angles[0] + neighbours * angles[1])
        queries, keys = turned.split([heads, kv_heads])
        key, value, slot = torch.zeros(1, dtype=torch.int64), torch.ones(1, dtype=torch.int64), 0
        row, last = torch.full((1,), slot), index[-1:]
        places = torch.arange(kv_heads)
        kept.index_put_((key, row, places, last), keys)
        kept.index_put_((value, row, places, last), values)
        seen = kept[:, slot, :, : index.shape[0]]
        return attend(queries.view(kv_heads, -1, 1, size), seen[0], seen[1], self.scale, hidden)

    def extra_repr(self) -> str:
        return f"{self.shape}, scale={self.scale}, block={self.block}"


def attend(
    queries: Tensor, keys: Tensor, values: Tensor, scale: float, hidden: Tensor | None = None
) -> Tensor:
    """Softmax attention of one token, [1, heads * head_dim].

    queries: [kv_heads, heads of each, 1, head_dim]; keys, values: [kv_heads, length, head_dim];
    hidden: [length], added to the scores.
    """
    scores = (queries * keys[:, None]).sum(-1) * scale
    if hidden is not None:
        scores = scores + hidden
    shares = settle(torch.exp(scores - scores.amax(-1, keepdim=True)))
    mixed = (shares[..., None] * values[:, None]).sum(-2) / shares.sum(-1, keepdim=True)
    return settle(mixed).view(1, -1)
