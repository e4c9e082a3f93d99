"""The models on nano's way, each made from the ones before it, once, and kept in the runs folder.

    teacher       the larger size, taught by eye, ear and answer
    encoders      nano's own eyes and ears, its decoder still blank
    student       nano taught by the right answers alone
    distilled     nano taught by the teacher too
    pruned        distilled, with channels taken out of both encoders
    recovered     pruned, taught again for a while
    continued     distilled, taught again for as long: what pruning is to be compared with
    aware         recovered, taught with the rounding of INT8

Whatever was interrupted goes on from its last checkpoint; what is kept is opened.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

import torch
from torch import nn
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from engine.model import register
from engine.model.configuration import AutoGLMConfig
from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.model.tokenization import train_tokenizer
from engine.train import qat
from engine.train.audio_stage import AudioStage, teach_hearing
from engine.train.dialogues import Composer
from engine.train.distill import Guide
from engine.train.export import write_checkpoint
from engine.train.hearing import known_units
from engine.train.heldout import HeldOut
from engine.train.joint_stage import teach_dialogue, token_id
from engine.train.prune import prune
from engine.train.recipe import Course, Data, Recipe, prepare
from engine.train.trainer import pick_device
from engine.train.vision_stage import VisionStage, teach_vision

logger = logging.getLogger(__name__)

Model = AutoGLMForConditionalGeneration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command of the workshop takes."""
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/nano"), help="data, models, checkpoints, logs"
    )
    parser.add_argument("--digits", type=Path, help="folder of the Free Spoken Digit Dataset's recordings")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw and record")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="so much of the data and the steps; below 0.01 with tiny models, to see that all of it runs",
    )


def claim(folder: Path, recipe: Recipe) -> None:
    """Write down in a runs folder what is made there. Raises SystemExit where it was something else."""
    path, text = folder / "recipe.json", recipe.to_json()
    if path.exists() and path.read_text("utf-8") != text:
        raise SystemExit(
            f"{folder} holds what was made by another recipe ({path}). Give another folder with --runs, or "
            f"delete this one."
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@dataclass(frozen=True)
class Workshop:
    """Where nano is made.

    folder: what is made is kept here, so one folder belongs to one recipe.
    """

    recipe: Recipe
    folder: Path
    device: torch.device
    workers: int = 2
    digits: Path | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> Workshop:
        """From the options that `add_arguments` adds."""
        register()
        recipe = Recipe().scaled(options.scale)
        claim(options.runs, recipe)
        return cls(recipe, options.runs, pick_device(options.device), options.workers, options.digits)

    # ------------------------------------------------------------------------------ materials

    @cached_property
    def data(self) -> Data:
        return prepare(self.recipe, self.folder / "data", self.workers, self.digits)

    @cached_property
    def composer(self) -> Composer:
        return Composer(self.data.screens.scenes, self.data.recordings.utterances, "train")

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """A vocabulary for what nano reads and says."""
        folder = self.folder / "tokenizer"
        if not (folder / "tokenizer.json").exists():
            rng = Random("tokenizer")
            samples = (self.composer.compose(rng) for _ in range(self.recipe.texts))
            texts = (
                text
                for sample in samples
                for turn in sample.turns
                for text in (turn.user, turn.thinking, turn.answer)
            )
            train_tokenizer(texts, self.recipe.vocabulary, self.recipe.context).save_pretrained(folder)
        return AutoTokenizer.from_pretrained(folder)

    @cached_property
    def guide(self) -> Guide:
        """The teacher, ready to teach."""
        lesson = self.recipe.course.lessons[-1]
        return Guide(self.teacher(), self.tokenizer, self.data.screens, self.data.recordings, lesson)

    def questions(self, count: int) -> HeldOut:
        return HeldOut(
            self.tokenizer, self.data.heldout_screens["heldout"], self.data.heldout_recordings, count
        )

    def blank(self, size: Callable[..., AutoGLMConfig]) -> Model:
        """A model of this size that has learned nothing."""
        ids = {
            name: token_id(self.tokenizer, f"<|{name}|>") for name in ("image", "audio", "user", "endoftext")
        }
        config = size(
            len(self.tokenizer),
            num_units=len(known_units()) + 1,
            image_token_id=ids["image"],
            audio_token_id=ids["audio"],
            pad_token_id=ids["endoftext"],
            eos_token_id=[ids["endoftext"], ids["user"]],
        )
        torch.manual_seed(0)
        return self.place(Model(config))

    def place(self, model: Model) -> Model:
        nn.Module.to(model, self.device)
        return model

    def keep(self, name: str, make: Callable[[Path], Model]) -> Model:
        """The model of this name, made in its folder if it is not there yet."""
        folder = self.folder / name / "model"
        if not folder.exists():
            logger.info("making %s", name)
            partial = folder.with_name("partial")
            write_checkpoint(make(self.folder / name), self.tokenizer, partial)
            partial.replace(folder)
        return self.place(Model.from_pretrained(folder, dtype=torch.float32))

    # --------------------------------------------------------------------------------- models

    def teacher(self) -> Model:
        def make(folder: Path) -> Model:
            model = self.blank(self.recipe.teacher)
            self.teach_encoders(model, self.recipe.course, folder)
            return self.teach_answers(model, self.recipe.course, folder)

        return self.keep("teacher", make)

    def with_encoders(self) -> Model:
        def make(folder: Path) -> Model:
            model = self.blank(self.recipe.student)
            return self.teach_encoders(model, self.recipe.course, folder)

        return self.keep("encoders", make)

    def student(self) -> Model:
        return self.keep(
            "student", lambda folder: self.teach_answers(self.with_encoders(), self.recipe.course, folder)
        )

    def distilled(self) -> Model:
        return self.keep(
            "distilled", lambda folder: self.distill(self.with_encoders(), self.recipe.course, folder)
        )

    def pruned(self) -> Model:
        def make(_folder: Path) -> Model:
            model = self.distilled()
            eyes = VisionStage(model.model.vision, self.data.screens, 16, self.device)
            ears = AudioStage(model.model.audio, self.data.recordings, 16, self.device)
            prune(model, eyes, ears, self.recipe.fewer, self.recipe.multiple)
            return model

        return self.keep("pruned", make)

    def recovered(self) -> Model:
        return self.keep("recovered", lambda folder: self.teach_again(self.pruned(), folder))

    def continued(self) -> Model:
        return self.keep("continued", lambda folder: self.teach_again(self.distilled(), folder))

    def aware(self) -> Model:
        """Its weights are kept exact; `qat.store` rounds them, but for the layers of `sensitive`."""

        def make(folder: Path) -> Model:
            model, kept = self.recovered(), self.sensitive()
            qat.begin(model, kept)
            self.teach_encoders(model, self.recipe.rounding, folder)
            self.distill(model, self.recipe.rounding, folder)
            qat.end(model)
            return model

        return self.keep("aware", make)

    def sensitive(self) -> list[str]:
        """The layers that keep their precision, by what INT8 does to each of `recovered`."""
        path = self.folder / "sensitivity.json"
        if not path.exists():
            rows = qat.rank(self.recovered(), self.questions(self.recipe.calibration))
            path.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
        return qat.sensitive(json.loads(path.read_text("utf-8")), self.recipe.tolerance)

    # -------------------------------------------------------------------------------- lessons

    def teach_encoders(self, model: Model, course: Course, folder: Path) -> Model:
        data, vision, audio = self.data, model.model.vision, model.model.audio
        if course.vision.steps:
            screens = data.screens, data.mosaics, data.heldout_screens
            teach_vision(vision, *screens, course.vision, folder, self.device)
        if course.audio.steps:
            speech = data.recordings, data.heldout_recordings
            teach_hearing(audio, *speech, course.audio, folder, self.device)
        return model

    def teach_answers(self, model: Model, course: Course, folder: Path) -> Model:
        data = self.composer, self.data.screens, self.data.recordings
        teach_dialogue(model, self.tokenizer, *data, course.lessons, folder)
        return model

    def distill(self, model: Model, course: Course, folder: Path) -> Model:
        self.guide.distill(model, course.lessons, folder, self.recipe.distillation)
        return model

    def teach_again(self, model: Model, folder: Path) -> Model:
        """All that the recovery has, from the encoders on."""
        self.teach_encoders(model, self.recipe.recovery, folder)
        return self.distill(model, self.recipe.recovery, folder)
