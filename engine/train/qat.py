"""Quantisation-aware training: the model learns with the rounding that INT8 will bring.

While it learns, weights and inputs of the linear layers are rounded as `engine.quantize` will round them: a
weight to 255 steps of its output channel's largest, an input to some steps of its token's largest. The
gradient passes the rounding as if it were not there (the straight-through estimator, Bengio et al., 2013).
Then the same weights are stored as INT8. Layers whose rounding alone changes what is said more than the rest
keep their precision; `rank` measures that.

torchao's QATConfig would round the weights to other steps and the inputs without symmetry, and end in tensors
of its own: what had been trained would not be what is stored and run here.

`python -m engine.train.qat --model DIR` prints what each layer's INT8 costs.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoTokenizer

from engine import quantize
from engine.model import register
from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.train.corpus import draw_corpus
from engine.train.hearing import Amounts, record_corpus
from engine.train.heldout import HeldOut
from engine.train.table import markdown

logger = logging.getLogger(__name__)

Model = AutoGLMForConditionalGeneration

#: Steps from 0 to a token's largest input while it learns: the coarser of the two that CPUs multiply with.
LEVELS = 63
#: Layers of one input, by the last part of their names.
ONE_PRODUCT = (("q_proj", "k_proj", "v_proj"), ("query", "gate"))
#: What a layer may change by its rounding alone, nats a word, before it keeps its precision.
TOLERANCE = 0.002


def round_weight(weight: Tensor) -> Tensor:
    """A weight [outputs, ...] as INT8 keeps it, in its own type; the gradient passes."""
    rounded, scale = quantize.quantize_weight(weight.flatten(1))
    return pass_through(weight, (rounded * scale).view_as(weight).to(weight.dtype))


def round_inputs(states: Tensor, levels: int) -> Tensor:
    """States [..., inputs], each token rounded to `levels` steps of its largest; the gradient passes."""
    exact = states.detach().float()
    step = exact.abs().amax(dim=-1, keepdim=True).clamp(min=1e-30) / levels
    return pass_through(states, ((exact / step).round() * step).to(states.dtype))


def pass_through(exact: Tensor, rounded: Tensor) -> Tensor:
    """The value of `rounded` with the gradient of `exact`."""
    return exact + (rounded - exact).detach()


class FakeInt8Linear(nn.Linear):
    """A linear layer that computes in floats what `Int8Linear` will compute; its weights stay exact.

    levels: steps of its inputs; None leaves the inputs exact, as where the weights alone are INT8.
    """

    levels: int | None = LEVELS

    @classmethod
    def of(cls, linear: nn.Linear, levels: int | None = LEVELS) -> FakeInt8Linear:
        """The same layer, with the same parameters."""
        with torch.device("meta"):
            made = cls(linear.in_features, linear.out_features, linear.bias is not None)
        made.weight, made.bias, made.levels = linear.weight, linear.bias, levels
        return made

    def exact(self) -> nn.Linear:
        with torch.device("meta"):
            made = nn.Linear(self.in_features, self.out_features, self.bias is not None)
        made.weight, made.bias = self.weight, self.bias
        return made

    def forward(self, input: Tensor) -> Tensor:
        states = input if self.levels is None else round_inputs(input, self.levels)
        return functional.linear(states, round_weight(self.weight), self.bias)


def plan(model: Model, kept: Sequence[str] = ()) -> quantize.Int8Config:
    """Which layers keep their precision: those in `kept`, and those that are never stored as INT8."""
    chosen = {name for name, _ in quantize.find_linears(model)} - set(kept)
    linears = [name for name, module in model.named_modules() if type(module) is nn.Linear]
    return quantize.Int8Config([name for name in linears if name not in chosen])


def begin(model: Model, kept: Sequence[str] = (), levels: int | None = LEVELS) -> None:
    """Make the layers that will be INT8 round, in place; those named in `kept` keep their precision."""
    for name, linear in list(quantize.find_linears(model, plan(model, kept))):
        model.set_submodule(name, FakeInt8Linear.of(linear, levels).train(linear.training))


def end(model: Model) -> None:
    """Let no layer round any more, in place."""
    for name, module in list(model.named_modules()):
        if isinstance(module, FakeInt8Linear):
            model.set_submodule(name, module.exact().train(module.training))


def store(model: Model, kept: Sequence[str] = ()) -> None:
    """Turn a model, trained by `begin` or not, into one of stored INT8, in place."""
    end(model)
    quantize.quantize(model, plan(model, kept))


# ------------------------------------------------------------------------------------- sensitivity


@contextmanager
def rounded(module: nn.Module, levels: int | None) -> Iterator[None]:
    """One layer with its weight rounded, and its inputs too unless `levels` is None."""
    weight = module.weight
    assert isinstance(weight, Tensor)
    exact = weight.data
    weight.data = round_weight(exact)
    hook = None
    if levels is not None:
        hook = module.register_forward_pre_hook(lambda _, inputs: (round_inputs(inputs[0], levels),))
    try:
        yield
    finally:
        weight.data = exact
        if hook is not None:
            hook.remove()


def rank(model: Model, heldout: HeldOut, levels: int = LEVELS) -> list[dict[str, Any]]:
    """What the INT8 of each layer alone changes on held-out questions, the most sensitive first.

    Per layer: its parameters; the mean divergence (Kullback-Leibler, nats a word) of what is said from what
    the exact model says, with weights rounded and with inputs rounded too; the rise of the cross-entropy of
    the right words then. Convolutions are listed with their weights alone: INT8 leaves them as they are.
    """
    model.eval()
    exact = [logits.log_softmax(-1) for logits, _ in heldout.answers(model)]
    start = heldout.score(model)["cross_entropy"]
    rows: list[dict[str, Any]] = []
    for name, module in find_layers(model):
        linear = isinstance(module, nn.Linear)
        with rounded(module, None):
            weights = diverge(model, heldout, exact)[0]
        both = rise = None
        if linear:
            with rounded(module, levels):
                both, loss = diverge(model, heldout, exact)
                rise = loss - start
        parameters = sum(parameter.numel() for parameter in module.parameters())
        rows.append(
            {"layer": name, "parameters": parameters, "weights": weights, "inputs too": both, "rise": rise}
        )
        logger.info("%s", rows[-1])
    return sorted(rows, key=lambda row: -(row["inputs too"] or row["weights"]))


def find_layers(model: Model) -> list[tuple[str, nn.Module]]:
    """Linear layers that may become INT8, and convolutions."""
    linears = list(quantize.find_linears(model))
    return [
        *((name, linear) for name, linear in linears if "thing_head" not in name and "unit_head" not in name),
        *(
            (name, module)
            for name, module in model.named_modules()
            if isinstance(module, nn.Conv1d | nn.Conv2d)
        ),
    ]


def diverge(model: Model, heldout: HeldOut, exact: Sequence[Tensor]) -> tuple[float, float]:
    """Divergence from `exact`, log-probabilities per batch, and cross-entropy of the right words."""
    divergence = loss = words = 0.0
    for (logits, labels), wanted in zip(heldout.answers(model), exact, strict=True):
        said = logits.log_softmax(-1)
        divergence += functional.kl_div(said, wanted, reduction="sum", log_target=True).item()
        loss += functional.nll_loss(said, labels, reduction="sum").item()
        words += len(labels)
    return divergence / words, loss / words


def sensitive(rows: Sequence[dict[str, Any]], tolerance: float = TOLERANCE) -> list[str]:
    """The layers that keep their precision: what changes more than `tolerance`, and what is multiplied with
    it at once."""
    layers = [row["layer"] for row in rows if row["inputs too"] is not None]
    found = {row["layer"] for row in rows if row["inputs too"] is not None and row["inputs too"] > tolerance}
    return [layer for layer in layers if not found.isdisjoint(together(layer))]


def together(layer: str) -> list[str]:
    """The layers whose products the engine makes in one, so that they are INT8 together or not at all."""
    parent, _, name = layer.rpartition(".")
    names = next((names for names in ONE_PRODUCT if name in names), (name,))
    return [f"{parent}.{one}" for one in names]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.qat", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the checkpoint, not yet INT8")
    parser.add_argument("--data", type=Path, default=Path("runs/evaluation"), help="where held-out media are")
    parser.add_argument("--count", type=int, default=96, help="held-out questions")
    parser.add_argument("--screens", type=int, default=300)
    parser.add_argument("--recordings", type=int, default=400)
    parser.add_argument("--digits", type=Path, help="folder of the Free Spoken Digit Dataset's recordings")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--levels", type=int, default=LEVELS, help="steps of an input, up from 0")
    parser.add_argument("--out", type=Path, help="the table as JSON")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    register()
    model = AutoGLMForConditionalGeneration.from_pretrained(options.model, dtype=torch.float32)
    heldout = HeldOut(
        AutoTokenizer.from_pretrained(options.model),
        draw_corpus(options.data, "heldout", options.screens, options.workers),
        record_corpus(
            options.data,
            "heldout",
            Amounts.beside(options.recordings),
            options.workers,
            options.digits,
        ),
        options.count,
    )
    rows = rank(model, heldout, options.levels)
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    print(markdown(rows))


if __name__ == "__main__":
    main()
