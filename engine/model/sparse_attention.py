"""Self-attention that costs O(n sqrt n): the "fixed" pattern of Child et al., 2019 (arXiv:1904.10509).

The text is cut into blocks of b tokens. A token sees its own block up to itself, and the last token of
every earlier block, which has seen that block and stands for it. With b near sqrt(n) each token sees
about 2 sqrt(n) others, and two layers join any pair.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "autoglm_sparse"


def sees(query_index: Tensor, key_index: Tensor, block: int) -> Tensor:
    """The pattern itself: bool, True where the token at `query_index` sees the one at `key_index`."""
    same_block = query_index // block == key_index // block
    stands_for_block = key_index % block == block - 1
    return (key_index <= query_index) & (same_block | stands_for_block)


def attend_sparsely(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: object,
) -> tuple[Tensor, None]:
    """transformers' attention interface.

    Args:
        query: [batch, heads, q, d] float; the last q of the positions in `key`.
        key, value: [batch, kv_heads, n, d] float.
        attention_mask: None for plain causal rows, else [batch, 1, q, n] bool.

    Returns:
        [batch, q, heads, d] float, and None for the weights.
    """
    block: int = getattr(module.config, "sparse_block")  # noqa: B009 - of AutoGLMTextConfig
    groups = query.shape[1] // key.shape[1]
    key, value = (states.repeat_interleave(groups, dim=1) for states in (key, value))
    scaling = float(query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        visible = attention_mask & pattern_in_rows(attention_mask, block)
        attended = attend(query, key, value, visible, scaling, dropout)
    elif query.shape[2] == 1:
        attended = attend_last(query, key, value, block, scaling)
    else:
        attended = attend_blocks(query, key, value, block, scaling, dropout)
    return attended.transpose(1, 2).contiguous(), None


def attend(
    query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None, scaling: float, dropout: float = 0.0
) -> Tensor:
    return functional.scaled_dot_product_attention(
        query, key, value, attn_mask=visible, dropout_p=dropout, scale=scaling
    )


def pattern_in_rows(mask: Tensor, block: int) -> Tensor:
    """The pattern [batch, 1, q, n] of a causal mask whose rows begin and end anywhere.

    Counted from each row's first real token; a query stands at the last token that it may see, itself.
    """
    keys = mask.shape[-1]
    start = mask[:, :, -1].int().argmax(dim=-1)[:, :, None, None]
    key_index = torch.arange(keys, device=mask.device)[None, None, None, :] - start
    query_index = keys - 1 - mask.flip(-1).int().argmax(dim=-1)[..., None] - start
    return sees(query_index, key_index, block)


def attend_last(query: Tensor, key: Tensor, value: Tensor, block: int, scaling: float) -> Tensor:
    """Decode: one query at the last position, against its block and the earlier blocks' last tokens."""
    last = key.shape[2] - 1
    start = last // block * block

    def seen(states: Tensor) -> Tensor:
        return torch.cat([states[:, :, block - 1 : start : block], states[:, :, start:]], dim=2)

    return attend(query, seen(key), seen(value), None, scaling)


def attend_blocks(
    query: Tensor, key: Tensor, value: Tensor, block: int, scaling: float, dropout: float
) -> Tensor:
    """Prefill: every position at once, [batch, heads, n, d], in n/b blocks of b queries and b + n/b keys."""
    batch, heads, length, size = query.shape
    blocks = -(-length // block)
    padding = blocks * block - length

    def cut(states: Tensor) -> Tensor:
        padded = functional.pad(states, (0, 0, 0, padding))
        return padded.view(batch, heads, blocks, block, size)

    def with_summaries(states: Tensor) -> Tensor:
        own = cut(states)
        summaries = own[:, :, :, -1].unsqueeze(2).expand(batch, heads, blocks, blocks, size)
        return torch.cat([own, summaries], dim=3)

    index = torch.arange(block, device=query.device)
    own = (index[None, :] <= index[:, None]).expand(blocks, block, block)
    order = torch.arange(blocks, device=query.device)
    earlier = (order[None, :] < order[:, None])[:, None, :].expand(blocks, block, blocks)
    visible = torch.cat([own, earlier], dim=-1)
    attended = attend(cut(query), with_summaries(key), with_summaries(value), visible, scaling, dropout)
    return attended.reshape(batch, heads, blocks * block, size)[:, :, :length]


def register() -> None:
    """Make the mode known to transformers as an attention implementation."""
    ALL_ATTENTION_FUNCTIONS.register(NAME, attend_sparsely)
    ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
