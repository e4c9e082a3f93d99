"""Makes nano from nothing: `python -m engine.train.nano --out assets/nano`.

Stages, each resumable from its checkpoint in the runs folder: draw and record, teach the eyes, teach the
ears, teach the decoder, export.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import nn
from transformers import GenerationConfig, PreTrainedTokenizerFast

from engine.model import register
from engine.model.configuration import AutoGLMConfig, nano
from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.model.processing import AutoGLMFeatureExtractor, AutoGLMImageProcessor, AutoGLMProcessor
from engine.model.tokenization import train_tokenizer
from engine.train.audio_stage import teach_hearing
from engine.train.corpus import ScreenCorpus, draw_corpus
from engine.train.dialogues import SKILLS, TYPED, Composer
from engine.train.hearing import HearingCorpus, known_units, record_corpus
from engine.train.joint_stage import Lesson, teach_dialogue, token_id
from engine.train.trainer import Schedule, pick_device
from engine.train.vision_stage import teach_vision

logger = logging.getLogger(__name__)

VOCABULARY = 2048
CONTEXT = 512  # tokens of text that nano reads

VISION = Schedule(steps=2600, batch_size=32, learning_rate=2e-3, checkpoint_every=260)
AUDIO = Schedule(steps=4500, batch_size=32, learning_rate=1.5e-3, warmup=200, checkpoint_every=500)
# First without sound, then everything: what is learned of looking helps with listening.
LOOKING = Schedule(
    steps=1000, batch_size=64, learning_rate=1.5e-3, warmup=100, floor=0.3, checkpoint_every=250, bf16=True
)
JOINT = Schedule(steps=2000, batch_size=64, learning_rate=1.2e-3, warmup=100, checkpoint_every=250, bf16=True)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much data and how many steps. What the bundled nano had of it stands in its card."""

    screens: int = 14_000
    mosaics: int = 7_000
    recordings: int = 16_000
    silences: int = 750
    heldout_screens: int = 600
    heldout_recordings: int = 1_200
    heldout_silences: int = 60
    vision: Schedule = VISION
    audio: Schedule = AUDIO
    looking: Schedule = LOOKING
    joint: Schedule = JOINT

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        return (Lesson("looking", TYPED, self.looking), Lesson("joint", SKILLS, self.joint))


@dataclass(frozen=True)
class Data:
    """What each stage learns from, and what the encoders are scored on while they learn."""

    screens: ScreenCorpus
    mosaics: ScreenCorpus
    recordings: HearingCorpus
    heldout_screens: dict[str, ScreenCorpus]
    heldout_recordings: HearingCorpus


def prepare(recipe: Recipe, folder: Path, workers: int, digits: Path | None) -> Data:
    """Draw the screens and record the speech, or open them where that is done."""
    return Data(
        draw_corpus(folder, "train", recipe.screens, workers),
        draw_corpus(folder, "mosaic", recipe.mosaics, workers),
        record_corpus(folder, "train", recipe.recordings, recipe.silences, workers, digits),
        {
            "heldout": draw_corpus(folder, "heldout", recipe.heldout_screens, workers),
            "icons": draw_corpus(folder, "heldout_icons", recipe.heldout_screens, workers),
        },
        record_corpus(folder, "heldout", recipe.heldout_recordings, recipe.heldout_silences, workers, digits),
    )


def make_tokenizer(data: Data) -> PreTrainedTokenizerFast:
    """A vocabulary for what nano reads and says."""
    rng = Random("tokenizer")
    composer = Composer(data.screens.scenes, data.recordings.utterances, "train")
    samples = (composer.compose(rng) for _ in range(30_000))
    texts = (
        text
        for sample in samples
        for turn in sample.turns
        for text in (turn.user, turn.thinking, turn.answer)
    )
    return train_tokenizer(texts, VOCABULARY, CONTEXT)


def make_config(tokenizer: PreTrainedTokenizerFast) -> AutoGLMConfig:
    ids = {name: token_id(tokenizer, f"<|{name}|>") for name in ("image", "audio", "user", "endoftext")}
    return nano(
        len(tokenizer),
        num_units=len(known_units()) + 1,
        image_token_id=ids["image"],
        audio_token_id=ids["audio"],
        pad_token_id=ids["endoftext"],
        eos_token_id=[ids["endoftext"], ids["user"]],
    )


def make_model(config: AutoGLMConfig, device: torch.device) -> AutoGLMForConditionalGeneration:
    torch.manual_seed(0)
    model = AutoGLMForConditionalGeneration(config)
    nn.Module.to(model, device)
    return model


def teach(
    model: AutoGLMForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    data: Data,
    recipe: Recipe,
    folder: Path,
) -> None:
    """All the stages."""
    device = model.device
    teach_vision(
        model.model.vision, data.screens, data.mosaics, data.heldout_screens, recipe.vision, folder, device
    )
    teach_hearing(model.model.audio, data.recordings, data.heldout_recordings, recipe.audio, folder, device)
    composer = Composer(data.screens.scenes, data.recordings.utterances, "train")
    teach_dialogue(model, tokenizer, composer, data.screens, data.recordings, recipe.lessons, folder)


def export(model: AutoGLMForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write the standard transformers layout. The spelling head has done its work and stays behind."""
    model.eval()
    model.model.audio.unit_head = None
    model.config.audio.num_units = 0
    text = model.config.text
    model.generation_config = GenerationConfig(
        eos_token_id=text.eos_token_id, pad_token_id=text.pad_token_id, max_new_tokens=256, do_sample=False
    )
    nn.Module.half(model)  # 2 bytes a weight on disk; it is run in single precision
    model.save_pretrained(out)
    AutoGLMProcessor(
        AutoGLMImageProcessor(), AutoGLMFeatureExtractor(feature_size=80), tokenizer
    ).save_pretrained(out)
    logger.info("wrote %s", out)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.nano", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished checkpoint")
    parser.add_argument("--runs", type=Path, default=Path("runs/nano"), help="data, checkpoints and logs")
    parser.add_argument("--digits", type=Path, help="folder of the Free Spoken Digit Dataset's recordings")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw and record")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    register()
    recipe = Recipe()
    data = prepare(recipe, options.runs / "data", options.workers, options.digits)
    tokenizer = make_tokenizer(data)
    model = make_model(make_config(tokenizer), pick_device(options.device))
    teach(model, tokenizer, data, recipe, options.runs)
    export(model, tokenizer, options.out)


if __name__ == "__main__":
    main()
