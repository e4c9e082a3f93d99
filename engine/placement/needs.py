"""What a model needs: weights, KV cache and working memory, from its shapes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.quantize import METHOD, Int8Config, find_linears

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}

#: Prompt tokens that go through the decoder at once, at most.
CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Precision:
    """What a model's numbers are: `dtype`, but for the weights that `int8` says are in one byte."""

    dtype: str
    int8: bool = False

    def __str__(self) -> str:
        return f"INT8 and {self.dtype}" if self.int8 else self.dtype

    @property
    def size(self) -> int:
        """Bytes of a number that is not INT8."""
        return BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the model that stays on one device. Counts are of numbers, not bytes.

    Args:
        weights: its parameters.
        linear: those of them that INT8 keeps in one byte; channels: their rows, each with a float32 scale.
        cached: numbers that it keeps of each token of the context; 0 for all but decoder layers.
        produced: numbers that its linear layers write for each token that passes.
        sees: whether it belongs to an encoder of pictures or sound, not to the decoder.
    """

    name: str
    weights: int
    cached: int = 0
    produced: int = 0
    sees: bool = False
    linear: int = 0
    channels: int = 0

    def weigh(self, precision: Precision) -> int:
        """Bytes of its weights."""
        if not precision.int8:
            return self.weights * precision.size
        return (self.weights - self.linear) * precision.size + self.linear + self.channels * BYTES["float32"]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model needs, whatever holds it.

    Args:
        kind: the model's class.
        stored: the type in which the checkpoint keeps its weights.
        int8: whether it keeps those of its linear layers as INT8.
        blocks: in the order in which they run.
        context: tokens that the model can read.
        patches: tokens that the largest picture is in its encoder; 0 without one.
    """

    kind: str
    stored: str
    blocks: tuple[Block, ...]
    context: int
    vocabulary: int
    patches: int = 0
    int8: bool = False

    @property
    def parameters(self) -> int:
        return sum(block.weights for block in self.blocks)

    @property
    def cached(self) -> int:
        """Numbers kept of each token of the context."""
        return sum(block.cached for block in self.blocks)

    def weigh(self, precision: Precision) -> int:
        """Bytes of all weights."""
        return sum(block.weigh(precision) for block in self.blocks)

    def working(self, precision: Precision, context: int) -> int:
        """Bytes of activations at the worst moment, an estimate from above: every result of the linear
        layers of one block, for a chunk of the prompt or for the largest picture, and the logits; for INT8
        also one block's weights as floats.

        Attention is taken to be fused: its scores are never whole in memory.
        """
        floats = max(block.linear for block in self.blocks) * precision.size if precision.int8 else 0
        seen = [block.produced * self.patches for block in self.blocks if block.sees]
        read = [block.produced * min(CHUNK, context) for block in self.blocks if not block.sees]
        return max([0, *seen, *read]) * precision.size + self.vocabulary * BYTES["float32"] + floats


def measure(config: PreTrainedConfig, kind: type[PreTrainedModel] | None = None, patches: int = 0) -> Needs:
    """Build the model of `config` on the meta device, which holds shapes and no numbers, and count.

    Args:
        kind: the model's class; None for the one that the Auto classes know.
        patches: see `Needs`.
    """
    import torch
    from transformers import AutoModelForMultimodalLM

    with torch.device("meta"):
        model = AutoModelForMultimodalLM.from_config(config) if kind is None else kind(config)
    text = config.get_text_config(decoder=True)
    stored = str(config.dtype or torch.float32).removeprefix("torch.")
    kept = read_int8(config)
    return Needs(
        type(model).__name__,
        stored if stored in BYTES else "float32",
        tuple(list_blocks(model, kept or Int8Config())),
        getattr(text, "max_position_embeddings", None) or 4096,
        text.vocab_size,
        patches,
        kept is not None,
    )


def read_int8(config: PreTrainedConfig) -> Int8Config | None:
    """The INT8 settings of a checkpoint that is stored so, else None."""
    found: Any = getattr(config, "quantization_config", None)
    if found is None:
        return None
    found = found if isinstance(found, dict) else found.to_dict()
    return Int8Config(**found) if found.get("quant_method") == METHOD else None


def list_blocks(model: PreTrainedModel, int8: Int8Config) -> Iterator[Block]:
    """The parts of `model` that must not be split; tied weights are counted where they are first."""
    counted: set[int] = set()
    decoder = model.get_decoder()
    layers = {id(layer) for layer in getattr(decoder, "layers", [])}
    text = {id(module) for module in decoder.modules()} | {id(model.get_output_embeddings())}
    whole = set(model._no_split_modules or [])
    cached = count_cached(model.config.get_text_config(decoder=True))
    model.tie_weights()
    linears = {id(linear): linear for _, linear in find_linears(model, int8)}

    def walk(module: nn.Module, name: str) -> Iterator[Block]:
        children = list(module.named_children())
        if children and not (type(module).__name__ in whole or id(module) in layers):
            for own, parameter in module.named_parameters(recurse=False):
                yield Block(f"{name}.{own}".lstrip("."), count([parameter]), sees=id(module) not in text)
            for child_name, child in children:
                yield from walk(child, f"{name}.{child_name}".lstrip("."))
            return
        weights = count(module.parameters())
        if weights or any(True for _ in module.buffers()):
            produced = sum(out_features(part) for part in module.modules())
            packed = [linears[id(part)] for part in module.modules() if id(part) in linears]
            kept = cached if id(module) in layers else 0
            # The output embedding is asked for the last token only.
            last = module is model.get_output_embeddings()
            yield Block(
                name,
                weights,
                kept,
                0 if last else produced,
                sees=id(module) not in text,
                linear=sum(linear.weight.numel() for linear in packed),
                channels=sum(linear.out_features for linear in packed),
            )

    def count(parameters: Any) -> int:
        fresh = [one for one in parameters if id(one) not in counted]
        counted.update(id(one) for one in fresh)
        return sum(one.numel() for one in fresh)

    yield from walk(model, "")


def count_cached(text: PreTrainedConfig) -> int:
    """Numbers that one decoder layer keeps of a token: its keys and values."""
    heads = getattr(text, "num_attention_heads", 1)
    groups = getattr(text, "num_key_value_heads", None) or heads
    size = getattr(text, "head_dim", None) or text.hidden_size // heads
    return 2 * groups * size


def out_features(module: nn.Module) -> int:
    return int(getattr(module, "out_features", 0))


def format_count(count: int) -> str:
    """A number of parameters, to read."""
    return f"{count / 1e9:.2f} billion" if count >= 1e8 else f"{count / 1e6:.1f} million"
