"""GLM's decoder layers in few and large operations, for a CPU or one GPU.

A step of a small model is mostly the cost of its operations' calls: transformers' layers make some forty a
layer, these make about twenty, on buffers that are kept. Queries, keys and values come from one product, the
rotation is one complex product in place, and what a pass reads of the cache is a view. The weights are those
of the model's own modules, shared, not copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.models.glm4.modeling_glm4 import Glm4ForCausalLM

from engine.families.product import make_product
from engine.families.recordings import Recordings, recorder_for
from engine.generate import SlotDecoder
from engine.kv_cache import GRAIN, Pass, SlotCache, SlotLayer
from engine.model.fusion import GatedCrossAttention
from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.model.sparse_attention import sees
from engine.quantize import Int8Linear

Attend = Callable[[SlotLayer], Tensor]


class FusedGlmDecoder(SlotDecoder):
    """A Glm4 text model in slots, in few operations."""

    def __init__(self, model: PreTrainedModel, fused: FusedGlm) -> None:
        super().__init__(model)
        self.fused = fused

    def _forward(self, step: Pass, positions: Tensor, **given: Any) -> Tensor:
        self.cache.aim(step)
        return self.fused.run(self.cache, step, positions, **given)


class MediaView(NamedTuple):
    """The media that the rows of a pass look at.

    keys, values: [layers, rows, heads, tokens, head_dim]; mask: [rows, tokens] bool; present: [rows, 1] bool,
    False for a row without media.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor
    present: Tensor


class OneChatStep(Protocol):
    """Another way to write a token of a chat that is alone."""

    def run(
        self, cache: SlotCache, length: int, token: Tensor, position: Tensor, media: MediaView | None
    ) -> Tensor:
        """Logits [1, vocabulary] after `token` [1] int64, the last of `length` in slot 0, turned by
        `position` [1] int64."""
        ...


class Doubled:
    """States [tokens, size] with room beside them, as `Norm` takes them."""

    def __init__(self, tokens: int, size: int, like: Tensor) -> None:
        self.whole = like.new_empty(tokens, 2 * size)
        self.states, self.mirror = self.whole.chunk(2, dim=1)


class Norm:
    """Glm4RMSNorm. On a CPU x/rms(x) is the layer norm of [x, -x], whose mean is 0: a third of the time."""

    def __init__(self, weight: Tensor, eps: float) -> None:
        self.size, self.eps, self.weight = weight.shape[0], eps, weight
        self.mirrored = torch.cat([weight, weight]) if weight.device.type == "cpu" else None

    def __call__(self, doubled: Doubled) -> Tensor:
        """[tokens, size]."""
        if self.mirrored is None:
            return torch.rms_norm(doubled.states, (self.size,), self.weight, self.eps)
        torch.neg(doubled.states, out=doubled.mirror)
        both = torch.layer_norm(doubled.whole, self.mirrored.shape, self.mirrored, None, self.eps)
        return both.narrow(1, 0, self.size)


class Fusion:
    """A `GatedCrossAttention`: query and gate in one product."""

    def __init__(self, module: GatedCrossAttention) -> None:
        self.norm = Norm(module.query_norm.weight.data, module.query_norm.variance_epsilon)
        self.query_and_gate, self.out = make_product(module.query, module.gate), make_product(module.out)
        self.heads = module.heads

    def __call__(self, doubled: Doubled, layer: int, media: MediaView, mask: Tensor, present: Tensor) -> None:
        """Mix the media into the states in place. mask: [rows, 1, 1, tokens] float; present: [tokens, 1]."""
        states, size = doubled.states, self.norm.size
        query, gate = self.query_and_gate(self.norm(doubled), torch.empty_like(doubled.whole)).chunk(
            2, dim=-1
        )
        rows = media.keys.shape[1]
        query = query.reshape(rows, -1, self.heads, size // self.heads).transpose(1, 2)
        attended = functional.scaled_dot_product_attention(
            query, media.keys[layer], media.values[layer], attn_mask=mask
        )
        attended = attended.transpose(1, 2).reshape(states.shape)
        attended = self.out(attended, torch.empty_like(attended))
        states.copy_(torch.lerp(states, attended, torch.sigmoid(gate) * present))


class Layer:
    """A `Glm4DecoderLayer`, or another of the same parts."""

    def __init__(self, module: Any) -> None:
        attention, mlp = module.self_attn, module.mlp
        self.qkv = make_product(attention.q_proj, attention.k_proj, attention.v_proj)
        self.out, self.gate_up, self.down = map(
            make_product, (attention.o_proj, mlp.gate_up_proj, mlp.down_proj)
        )
        norms = (
            module.input_layernorm,
            module.post_self_attn_layernorm,
            module.post_attention_layernorm,
            module.post_mlp_layernorm,
        )
        self.before, self.after, self.before_mlp, self.after_mlp = (
            Norm(norm.weight.data, norm.variance_epsilon) for norm in norms
        )
        fusion = getattr(module, "fusion", None)
        self.fusion = None if fusion is None else Fusion(fusion)
        self.media_layer: int = getattr(module, "slot", -1)


class Shape(NamedTuple):
    """hidden, intermediate; query heads, key heads, their size, and how much of it is rotated."""

    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    rotary: int


class Workspace:
    """Buffers for a pass over `rows` x `tokens`, and the views of them that it needs."""

    def __init__(self, rows: int, tokens: int, shape: Shape, like: Tensor) -> None:
        count, size = rows * tokens, shape.head_dim
        self.trunk, self.branch = Doubled(count, shape.hidden, like), Doubled(count, shape.hidden, like)
        self.embedded = like.new_empty(count, shape.hidden)
        self.qkv = like.new_empty(count, (shape.heads + 2 * shape.kv_heads) * size)
        turned = self.qkv[:, : (shape.heads + shape.kv_heads) * size].unflatten(1, (-1, size))
        self.turned = turned[..., : shape.rotary]
        self.queries = self.qkv[:, : shape.heads * size]
        kv = self.qkv[:, shape.heads * size :].view(rows, tokens, 2, shape.kv_heads, size)
        self.kv = kv.permute(2, 0, 3, 1, 4)
        self.gate_up = like.new_empty(count, 2 * shape.inner)
        self.gate, self.up = self.gate_up.chunk(2, dim=1)
        # Pairs of neighbours are rotated, which is a complex product; there is none for half precision.
        pairs = self.turned.unflatten(-1, (-1, 2))
        self.complex = torch.view_as_complex(pairs) if like.dtype == torch.float32 else None

    def rotate(self, turns: Tensor) -> None:
        """Rotate queries and keys in place by `turns` [tokens, 1, rotary / 2] complex."""
        if self.complex is not None:
            self.complex.mul_(turns)
            return
        pairs = torch.view_as_complex(self.turned.float().unflatten(-1, (-1, 2)))
        self.turned.copy_(torch.view_as_real(pairs * turns).flatten(-2))


class FusedGlm:
    """The decoder of a model with Glm4's layers: token ids or embeddings -> logits, over a `SlotCache`.

    `compiled`, where there is one, writes the tokens of a chat that is alone.
    """

    def __init__(self, text: Any, head: nn.Linear) -> None:
        config = text.config
        self.embedding, self.head = text.embed_tokens.weight.data, make_product(head)
        self.layers = [Layer(module) for module in text.layers]
        self.norm = Norm(text.norm.weight.data, text.norm.variance_epsilon)
        self.block = config.sparse_block if getattr(config, "sparse_attention", False) else None
        self.turns, self.axes = turns(text), axes(text)
        attention = text.layers[0].self_attn
        self.shape = Shape(
            config.hidden_size,
            config.intermediate_size,
            config.num_attention_heads,
            config.num_key_value_heads,
            attention.head_dim,
            2 * self.turns.shape[-1],
        )
        self.vocabulary = head.out_features
        self.scale = float(attention.scaling)
        self.recordings = Recordings(recorder_for(self.embedding.device))
        self.compiled: OneChatStep | None = None
        self._workspaces: dict[int, Workspace] = {}
        self._views: tuple[object, dict[SlotLayer, tuple[Tensor, Tensor]]] = (None, {})

    def run(
        self,
        cache: SlotCache,
        step: Pass,
        positions: Tensor,
        media: MediaView | None = None,
        *,
        input_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
    ) -> Tensor:
        """Logits [rows, vocabulary] after each row's last token.

        positions: [axes, rows, tokens] int64, of the rotation; input_ids: [rows, tokens] int64, or
        inputs_embeds: [rows, tokens, hidden].
        """
        for kept in cache.layers:
            assert isinstance(kept, SlotLayer)
            kept.fit(self.shape.kv_heads, self.shape.head_dim, self.embedding)
        if input_ids is not None and step.longest == 1 and list(step.slots) == list(range(len(step.slots))):
            return self._decode(cache, step, positions, input_ids, media)
        rows, tokens = len(step.slots), step.longest
        space = self._workspace(rows, tokens)
        if inputs_embeds is not None:
            space.trunk.states.copy_(inputs_embeds.flatten(0, 1))
        else:
            assert input_ids is not None, "a pass is given ids or embeddings"
            space.trunk.states.copy_(self.embedding.index_select(0, input_ids.reshape(-1)))
        index = torch.tensor(step.starts, device=positions.device)[:, None]
        index = index + torch.arange(tokens, device=positions.device)
        places = cache.places(self.shape.kv_heads, positions.device)
        looks = None if media is None else look(media, tokens, self.embedding.dtype)
        ends = self._pass(
            cache, space, self._angles(positions), places, self._attend_all(index, space), looks
        )
        if tokens > 1:
            ends = ends[[row * tokens + max(0, length - 1) for row, length in enumerate(step.lengths)]]
        return self.head(ends, ends.new_empty(rows, self.vocabulary))

    def _decode(
        self, cache: SlotCache, step: Pass, positions: Tensor, input_ids: Tensor, media: MediaView | None
    ) -> Tensor:
        """One token in each of the first slots; all that differs from step to step is one tensor."""
        rows, device = len(step.slots), positions.device
        if self.compiled is not None and rows == 1:
            return self.compiled.run(cache, step.reach, input_ids[:, 0], positions[-1, :, 0], media)
        # A row of no new token writes into the scratch column.
        spans = zip(step.starts, step.lengths, strict=True)
        starts = torch.tensor([start if new else cache.width - 1 for start, new in spans], device=device)
        length = self._length(cache)
        looks = None if media is None else look(media, 1, self.embedding.dtype)

        def work(ids: Tensor, starts: Tensor, positions: Tensor) -> Tensor:
            space, places = self._workspace(rows, 1), positions.clamp(max=len(self.turns) - 1)
            torch.index_select(self.embedding, 0, ids, out=space.embedded)
            space.trunk.states.copy_(space.embedded)
            attend = self._attend_last(cache, starts[:, None], length, space)
            columns = cache.columns(self.shape.kv_heads, device)[:, :rows] + starts[:, None]
            ends = self._pass(cache, space, self.turns.index_select(0, places), columns, attend, looks)
            return self.head(ends, ends.new_empty(rows, self.vocabulary))

        given = input_ids[:, 0], starts, positions[-1, :, 0]
        if self.recordings.record is None or looks is not None:
            return work(*given)
        shape, within = (rows, length), (id(cache), cache.slots, cache.width)
        return self.recordings.run(shape, within, torch.stack(given), lambda given: work(*given))

    def _pass(
        self, cache: SlotCache, space: Workspace, angles: Tensor, places: Tensor, attend: Attend, looks: Any
    ) -> Tensor:
        """The layers over what the trunk holds: [tokens, hidden], normed."""
        trunk, branch = space.trunk, space.branch
        for layer, kept in zip(self.layers, cache.layers, strict=True):
            assert isinstance(kept, SlotLayer)
            if layer.fusion is not None and looks is not None:
                layer.fusion(trunk, layer.media_layer, *looks)
            layer.qkv(layer.before(trunk), space.qkv)
            space.rotate(angles)
            kept.write(places, space.kv)
            layer.out(attend(kept), branch.states)
            trunk.states.add_(layer.after(branch))
            layer.gate_up(layer.before_mlp(trunk), space.gate_up)
            layer.down(functional.silu(space.gate).mul_(space.up), branch.states)
            trunk.states.add_(layer.after_mlp(branch))
        return self.norm(trunk)

    def _angles(self, positions: Tensor) -> Tensor:
        """Rotations [tokens, 1, rotary / 2] complex64 at positions [axes, rows, tokens]."""
        places = positions.flatten(1).clamp(max=len(self.turns) - 1)
        if len(places) == 1:
            return self.turns.index_select(0, places[0])
        return self.turns[:, 0].gather(0, places[self.axes].T)[:, None]

    def _length(self, cache: SlotCache) -> int:
        """Tokens of the cache that a decode pass reads.

        A whole number of grains, so that views of it last for many steps; a power of two of them where
        passes are recorded, so that few are.
        """
        grains = -(-cache.step.reach // GRAIN)
        if self.recordings.record is not None:
            grains = 1 << (grains - 1).bit_length()
        return min(cache.width, grains * GRAIN)

    @property
    def looks(self) -> bool:
        """Whether some layers look at media."""
        return any(layer.fusion is not None for layer in self.layers)

    @property
    def media_shape(self) -> tuple[int, int, int]:
        """Of a model that looks at media: fusion layers, their heads, and the size of these."""
        fusions = [layer.fusion for layer in self.layers if layer.fusion is not None]
        return len(fusions), fusions[0].heads, self.shape.hidden // fusions[0].heads

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a step reads, without the fusion layers'."""
        products = [
            part for layer in self.layers for part in (layer.qkv, layer.out, layer.gate_up, layer.down)
        ]
        return sum(product.bytes for product in (*products, self.head))

    def _workspace(self, rows: int, tokens: int) -> Workspace:
        if tokens > 1:
            return Workspace(rows, tokens, self.shape, self.embedding)
        if rows not in self._workspaces:
            self._workspaces[rows] = Workspace(rows, 1, self.shape, self.embedding)
        return self._workspaces[rows]

    def _mask(self, index: Tensor, length: int) -> Tensor:
        """What tokens at `index` [rows, tokens] see of `length`: [rows, tokens, length] bool."""
        keys = torch.arange(length, device=index.device)
        if self.block is not None:
            return sees(index[..., None], keys, self.block)
        return keys <= index[..., None]

    def _attend_all(self, index: Tensor, space: Workspace) -> Attend:
        """Attention of many tokens of each row, [tokens, heads * head_dim] in the order of the states."""
        heads, size = self.shape.heads, self.shape.head_dim
        rows, tokens = index.shape

        def attend(kept: SlotLayer) -> Tensor:
            keys, values = kept.read()
            mask = self._mask(index, keys.shape[2])[:, None]
            queries = space.queries.view(rows, tokens, heads, size).transpose(1, 2)
            attended = functional.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask, scale=self.scale, enable_gqa=True
            )
            return attended.transpose(1, 2).reshape(rows * tokens, heads * size)

        return attend

    def _attend_last(self, cache: SlotCache, index: Tensor, length: int, space: Workspace) -> Attend:
        """Attention of one token in each of the first slots, over `length` tokens of the cache.

        The queries of a key head stand where more tokens of one query would.
        """
        rows = len(index)
        unseen = ~self._mask(index, length)[:, None]
        mask = torch.zeros_like(unseen, dtype=space.queries.dtype).masked_fill_(unseen, -torch.inf)
        views = self._views_of(cache, rows, length)
        queries = space.queries.unflatten(1, (self.shape.kv_heads, -1, self.shape.head_dim))

        def attend(kept: SlotLayer) -> Tensor:
            if kept not in views:
                assert kept.states is not None
                keys, values = kept.states[:, :rows, :, :length]
                views[kept] = keys, values
            attended = functional.scaled_dot_product_attention(
                queries, *views[kept], attn_mask=mask, scale=self.scale
            )
            return attended.reshape(rows, -1)

        return attend

    def _views_of(self, cache: SlotCache, rows: int, length: int) -> dict[SlotLayer, tuple[Tensor, Tensor]]:
        key = (id(cache), cache.slots, cache.width, rows, length)
        if self._views[0] != key:
            self._views = (key, {})
        return self._views[1]


def look(media: MediaView, tokens: int, dtype: torch.dtype) -> tuple[MediaView, Tensor, Tensor]:
    """What `Fusion` takes of the media in a pass of `tokens` a row."""
    hidden = torch.zeros_like(media.mask, dtype=dtype)
    hidden.masked_fill_(~(media.mask | ~media.present), -torch.inf)
    return media, hidden[:, None, None], media.present.to(dtype).repeat_interleave(tokens, dim=0)


def turns(text: Any) -> Tensor:
    """The rotation of each position: [positions, 1, rotary / 2] complex64."""
    rates = text.rotary_emb.inv_freq.float()
    positions = torch.arange(text.config.max_position_embeddings, device=rates.device)
    angles = torch.outer(positions.float(), rates)
    return torch.polar(torch.full_like(angles, text.rotary_emb.attention_scaling), angles)[:, None]


def axes(text: Any) -> Tensor:
    """Which axis of the positions turns each pair, where they have three: [rotary / 2] int64."""
    rates = text.rotary_emb.inv_freq
    sections = torch.tensor(getattr(text.rotary_emb, "mrope_section", [len(rates)]), device=rates.device)
    return torch.arange(len(sections), device=rates.device).remainder(3).repeat_interleave(sections)


def find_text(model: PreTrainedModel) -> Any:
    """The text decoder of a model with Glm4's layers, else None. Glm4v's differ in their positions alone."""
    if isinstance(model, AutoGLMForConditionalGeneration):
        return model.model.language_model
    if type(model) is Glm4ForCausalLM:
        return model.model
    if model.config.model_type in {"glm4v", "glm46v"}:
        found: Any = model.get_decoder()
        return found if found.config.model_type == "glm4v_text" else None
    return None


def fuse(model: PreTrainedModel) -> FusedGlm | None:
    """The decoder of `model` in few operations, or None where it must run through its own modules.

    That is so for other architectures, and for weights that are quantized in another way than ours, offloaded
    or spread over devices.
    """
    text = find_text(model)
    if text is None:
        return None
    head: Any = model.get_output_embeddings()
    config = text.config
    modules = [*text.modules(), head]
    linears = [module for module in modules if hasattr(module, "in_features")]
    rounded = {
        id(tensor) for one in linears if type(one) is Int8Linear for tensor in (one.weight, one.weight_scale)
    }
    tensors = [
        tensor
        for module in modules
        for tensor in module.parameters(recurse=False)
        if id(tensor) not in rounded
    ]
    plain = all(
        type(tensor) is nn.Parameter
        and (tensor.device, tensor.dtype) == (tensors[0].device, tensors[0].dtype)
        for tensor in tensors
    )
    # Offloading and tensor parallelism work by hooks, which products of weights would go past.
    hooked = any(
        hasattr(module, "_hf_hook") or module._forward_hooks or module._forward_pre_hooks
        for module in modules
    )
    if (
        not plain
        or hooked
        or not tensors[0].is_floating_point()
        or any(type(linear) not in {nn.Linear, Int8Linear} for linear in linears)
        or config.hidden_act != "silu"
        or text.rotary_emb.rope_type != "default"
    ):
        return None
    return FusedGlm(text, head)
