"""Channel pruning: what the loss hardly depends on is taken out of both encoders.

A channel's sensitivity, as the article defines it, is the mean over a batch of the L2 norm over space (over
time, for speech) of the loss's gradient with respect to the channel. Channels below a share of the largest
sensitivity of their group go. What the article's share, 0.1, takes out depends on the encoder: of nano's
first edition no channel of the CNN, an eighth of those of the speech encoder. So a share can also be looked
for that leaves a wanted number of FLOPs. `taylor` is another measure to compare with: gradient times value,
summed over space (Molchanov et al., 2017), which also knows how large a channel is.

The channels really go (`channels.py`). torch-pruning would find the groups by itself, but its measures are of
weights, and the configuration must be told every width anyway, which is most of the work.

`python -m engine.train.prune --model DIR` prints what each share takes out, and what that costs before
recovery.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from engine.model import register
from engine.model.modeling import AutoGLMForConditionalGeneration, AutoGLMVisionModel
from engine.train.audio_stage import AudioStage
from engine.train.channels import Encoder, Kept, cut, groups_of, width_of
from engine.train.corpus import draw_corpus
from engine.train.flops import count_encoder
from engine.train.hearing import Amounts, record_corpus
from engine.train.table import markdown
from engine.train.trainer import Losses
from engine.train.vision_stage import VisionStage

logger = logging.getLogger(__name__)

INNER = re.compile(r"(stage\d+\.)?block\d+|conv\d+")

Criterion = Literal["gradient", "taylor"]
Sensitivities = dict[str, Tensor]

ARTICLE_SHARE = 0.1
BATCHES = 24  # that sensitivities are measured on
BISECTIONS = 20


class ChannelGradients:
    """Adds up the sensitivities of all channels while it is entered: run forward and backward within."""

    def __init__(self, model: Encoder, criterion: Criterion) -> None:
        self.criterion: Criterion = criterion
        self.writers = {writer for group in groups_of(model).values() for writer in group.writers}
        self.modules = {name: model.get_submodule(name) for name in self.writers}
        self.sums: dict[str, Tensor] = {}
        self.hooks: list[torch.utils.hooks.RemovableHandle] = []

    def __enter__(self) -> ChannelGradients:
        self.hooks = [
            module.register_forward_hook(self._watch(name)) for name, module in self.modules.items()
        ]
        return self

    def __exit__(self, *_) -> None:
        for hook in self.hooks:
            hook.remove()

    def _watch(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, _inputs: Any, output: Tensor) -> None:
            value = output.detach()

            def add(gradient: Tensor) -> None:
                self.sums[name] = self.sums.get(name, 0) + self._measure(module, gradient, value)

            output.register_hook(add)

        return hook

    def _measure(self, module: nn.Module, gradient: Tensor, value: Tensor) -> Tensor:
        """[channels], summed over the batch."""
        if isinstance(module, nn.Linear | nn.LayerNorm):  # channels last
            gradient, value = gradient.movedim(-1, 1), value.movedim(-1, 1)
        gradient, value = gradient.flatten(2), value.flatten(2)
        if self.criterion == "taylor":
            return (gradient * value).sum(dim=2).abs().sum(dim=0)
        return gradient.norm(dim=2).sum(dim=0)


def measure(
    model: Encoder,
    loss: Callable[[Any], Losses],
    batches: Iterable[Any],
    criterion: Criterion = "gradient",
) -> Sensitivities:
    """The sensitivity of each channel of each group, [channels] float32; of several writers, their mean."""
    was_training = model.training
    model.eval()
    samples = 0
    with ChannelGradients(model, criterion) as gradients:
        for batch in batches:
            loss(batch)["total"].backward()
            samples += len(next(iter(batch.values())))
            model.zero_grad(set_to_none=True)
    model.train(was_training)
    return {
        name: torch.stack([gradients.sums[writer] for writer in group.writers]).mean(dim=0) / samples
        for name, group in groups_of(model).items()
    }


def choose(sensitivities: Sensitivities, share: float, multiple: int = 1) -> Kept:
    """The channels that reach `share` of the largest sensitivity of their group.

    Of each group as many stay as make a multiple of `multiple`, the most sensitive ones; never none.
    """
    kept = {}
    for name, values in sensitivities.items():
        wanted = max(1, int((values >= share * values.max()).sum()))
        count = min(len(values), math.ceil(wanted / multiple) * multiple)
        kept[name] = values.topk(count).indices.sort().values
    return kept


def choose_by_flops(
    model: Encoder,
    sensitivities: Sensitivities,
    fewer: float,
    multiple: int = 1,
) -> tuple[Kept, float]:
    """The lowest share that takes out at least `fewer` (0 to 1) of the encoder's FLOPs, and what it keeps.

    Raises ValueError where no share does.
    """
    limit = (1 - fewer) * count_encoder(model)
    low, high = 0.0, 1.0
    if count_encoder(cut(model, choose(sensitivities, high, multiple))) > limit:
        raise ValueError(f"{fewer:.0%} fewer FLOPs cannot be had in multiples of {multiple} channels")
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if count_encoder(cut(model, choose(sensitivities, middle, multiple))) > limit:
            low = middle
        else:
            high = middle
    return choose(sensitivities, high, multiple), high


def within_blocks(sensitivities: Sensitivities) -> Sensitivities:
    """Those of channels within a block, and between the ears' first convolutions.

    What a block adds to stays whole: all that comes behind reads it, which a mean gradient does not tell
    (with it, of the eyes' last 192 channels 64 stayed). So do the context blocks, which cost next to nothing.
    """
    return {name: values for name, values in sensitivities.items() if INNER.fullmatch(name)}


def select(
    stage: VisionStage | AudioStage, fewer: float, multiple: int = 8, criterion: Criterion = "gradient"
) -> Kept:
    """The channels that an encoder keeps to have that share of FLOPs fewer. stage: over training data."""
    batches = (stage.draw(step) for step in range(BATCHES))
    sensitivities = within_blocks(measure(stage.model, stage.loss, batches, criterion))
    kept, share = choose_by_flops(stage.model, sensitivities, fewer, multiple)
    smaller = cut(stage.model, kept)
    logger.info("%s: %s", type(smaller).__name__, describe(stage.model, smaller, kept, share))
    return kept


def replace_encoder(model: AutoGLMForConditionalGeneration, smaller: Encoder) -> None:
    """Put a smaller encoder into the whole model, its configuration too."""
    if isinstance(smaller, AutoGLMVisionModel):
        model.model.vision, model.config.vision_config = smaller, smaller.config
    else:
        model.model.audio, model.config.audio_config = smaller, smaller.config


def prune(model: AutoGLMForConditionalGeneration, eyes: Kept, ears: Kept) -> None:
    """Take all but these channels out of both encoders, in place."""
    replace_encoder(model, cut(model.model.vision, eyes))
    replace_encoder(model, cut(model.model.audio, ears))


def describe(
    before: Encoder,
    after: Encoder,
    kept: Kept,
    share: float,
) -> dict[str, float]:
    """What went, of channels, FLOPs and parameters, in shares."""
    groups = groups_of(before)
    channels = sum(width_of(before, groups[name]) for name in kept)
    sizes = [sum(weight.numel() for weight in model.encoder.parameters()) for model in (before, after)]
    return {
        "share": round(share, 4),
        "channels": 1 - sum(len(indices) for indices in kept.values()) / channels,
        "flops": 1 - count_encoder(after) / count_encoder(before),
        "parameters": 1 - sizes[1] / sizes[0],
    }


# ---------------------------------------------------------------------------------------- the table


def try_shares(
    stage: VisionStage | AudioStage,
    judge: VisionStage | AudioStage,
    shares: Sequence[float],
    criterion: Criterion,
) -> list[dict[str, Any]]:
    """What each share takes out, and the held-out figures then, before any recovery."""
    whole = stage.model
    sensitivities = measure(whole, stage.loss, (stage.draw(step) for step in range(BATCHES)), criterion)
    rows: list[dict[str, Any]] = []
    for share in shares:
        kept = choose(sensitivities, share)
        smaller: Any = cut(whole, kept).eval()
        judge.model = smaller
        gone = describe(whole, smaller, kept, share)
        rows.append({"criterion": criterion, **gone, **judge.evaluate()})
        logger.info("%s", rows[-1])
    judge.model = whole  # pyright: ignore[reportAttributeAccessIssue]
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.prune", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--encoder", choices=("vision", "audio"), default="vision")
    parser.add_argument("--criterion", nargs="+", choices=("gradient", "taylor"), default=["gradient"])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, ARTICLE_SHARE, 0.2, 0.3, 0.4, 0.5])
    parser.add_argument("--data", type=Path, default=Path("runs/nano/data"))
    parser.add_argument("--count", type=int, default=800, help="training samples to measure on")
    parser.add_argument("--heldout", type=int, default=300, help="samples to score on")
    parser.add_argument("--digits", type=Path, help="folder of the Free Spoken Digit Dataset's recordings")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="the table as JSON")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    register()
    model = AutoGLMForConditionalGeneration.from_pretrained(options.model, dtype=torch.float32)
    stages: tuple[VisionStage, VisionStage] | tuple[AudioStage, AudioStage]
    if options.encoder == "vision":
        eyes = model.model.vision
        train = draw_corpus(options.data, "train", options.count, options.workers)
        heldout = draw_corpus(options.data, "heldout", options.heldout, options.workers)
        stages = VisionStage(eyes, train, 16, model.device), VisionStage(eyes, heldout, 1, model.device)
    else:
        ears = model.model.audio
        if ears.unit_head is None:
            parser.error(f"{options.model} has no spelling head, so its hearing has no loss to measure with")
        speech = partial(record_corpus, workers=options.workers, digits=options.digits)
        said, heard = options.count, options.heldout
        said = speech(options.data, "train", Amounts.beside(said))
        heard = speech(options.data, "heldout", Amounts.beside(heard))
        stages = AudioStage(ears, said, 16, model.device), AudioStage(ears, heard, 1, model.device)
    rows = [row for criterion in options.criterion for row in try_shares(*stages, options.shares, criterion)]
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    print(markdown(rows))


if __name__ == "__main__":
    main()
