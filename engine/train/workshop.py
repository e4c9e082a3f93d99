"""The models on nano's way, each made from the ones before it, once, and kept in the runs folder.

    encoders      eyes and ears, the decoder still blank
    student       taught by the right answers
    teacher       the student made deeper, and taught on
    alone         the student taught on without the teacher: what distillation is to be compared with
    distilled     the student taught on for as long by the teacher, too
    lean          encoders, with channels taken out of both, taught again for a while
    pruned        distilled, without those channels
    recovered     pruned, with the lean encoders, taught again for a while
    continued     distilled, its decoder taught again for as long, with the encoders that pruning began with
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
from engine.train.channels import Kept
from engine.train.corpus import write_whole
from engine.train.deepen import deepen
from engine.train.dialogues import Composer
from engine.train.distill import Guide
from engine.train.export import write_checkpoint
from engine.train.features import HEARINGS, Perception, perceive
from engine.train.hearing import known_units
from engine.train.heldout import HeldOut
from engine.train.joint_stage import teach_dialogue
from engine.train.prune import prune, select
from engine.train.recipe import Course, Data, Recipe, prepare
from engine.train.spelling import token_id
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
        # A recording that is heard again is one more recording.
        utterances = [*self.data.recordings.utterances] * HEARINGS
        return Composer(self.data.screens.scenes, utterances, "train")

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
        lesson = self.recipe.apprenticeship.lessons[-1]
        return Guide(self.teacher(), self.tokenizer, self.composer, self.perception, lesson)

    @cached_property
    def perception(self) -> Perception:
        """The training data as the whole encoders have it."""
        return self.perceive(self.with_encoders())

    def perceive(self, encoders: Model) -> Perception:
        return perceive(encoders, self.data.screens, self.data.recordings, self.folder / "features")

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

    def with_encoders(self) -> Model:
        def make(folder: Path) -> Model:
            model = self.blank(self.recipe.size)
            return self.teach_encoders(model, self.recipe.course, folder)

        return self.keep("encoders", make)

    def student(self) -> Model:
        return self.keep(
            "student", lambda folder: self.teach_answers(self.with_encoders(), self.recipe.course, folder)
        )

    def teacher(self) -> Model:
        def make(folder: Path) -> Model:
            deeper = deepen(self.student(), self.recipe.depth)
            return self.teach_answers(deeper, self.recipe.teaching, folder)

        return self.keep("teacher", make)

    def alone(self) -> Model:
        return self.keep(
            "alone", lambda folder: self.teach_answers(self.student(), self.recipe.apprenticeship, folder)
        )

    def distilled(self) -> Model:
        return self.keep(
            "distilled", lambda folder: self.distill(self.student(), self.recipe.apprenticeship, folder)
        )

    def lean_encoders(self) -> Model:
        """`encoders` with fewer channels, taught again. Theirs is the alignment that their heads were taught
        on, so what a channel is worth is measured there; in the students it has moved on."""

        def make(folder: Path) -> Model:
            model = self.with_encoders()
            prune(model, *self.kept_channels())
            return self.teach_encoders(model, self.recipe.recovery, folder)

        return self.keep("lean", make)

    def kept_channels(self) -> tuple[Kept, Kept]:
        """Of the eyes and of the ears, by group."""
        path = self.folder / "channels.json"
        if not path.exists():
            model, recipe = self.with_encoders().model, self.recipe
            eyes = VisionStage(model.vision, self.data.screens, 16, self.device)
            ears = AudioStage(model.audio, self.data.recordings, 16, self.device)
            found = [select(stage, recipe.fewer, recipe.multiple) for stage in (eyes, ears)]
            lists = [{name: kept.tolist() for name, kept in groups.items()} for groups in found]
            write_whole(path, json.dumps(lists) + "\n")
        eyes, ears = json.loads(path.read_text("utf-8"))
        return to_indices(eyes), to_indices(ears)

    def pruned(self) -> Model:
        def make(_folder: Path) -> Model:
            model = self.distilled()
            prune(model, *self.kept_channels())
            return model

        return self.keep("pruned", make)

    def recovered(self) -> Model:
        def make(folder: Path) -> Model:
            model, lean = self.pruned(), self.lean_encoders()
            for own, taught in (
                (model.model.vision, lean.model.vision),
                (model.model.audio, lean.model.audio),
            ):
                own.encoder.load_state_dict(taught.encoder.state_dict())
            return self.distill(model, self.recipe.recovery, folder, self.perceive(lean))

        return self.keep("recovered", make)

    def continued(self) -> Model:
        return self.keep(
            "continued", lambda folder: self.distill(self.distilled(), self.recipe.recovery, folder)
        )

    def aware(self) -> Model:
        """Its weights are kept exact; `qat.store` rounds them, but for the layers of `sensitive`."""

        def make(folder: Path) -> Model:
            model, lean = self.recovered(), self.lean_encoders()
            for one in (model, lean):
                qat.begin(one, self.sensitive())
            self.distill(model, self.recipe.rounding, folder, self.perceive(lean))
            qat.end(model)
            return model

        return self.keep("aware", make)

    def sensitive(self) -> list[str]:
        """The layers that keep their precision, by what INT8 does to each of `recovered`."""
        path = self.folder / "sensitivity.json"
        if not path.exists():
            rows = qat.rank(self.recovered(), self.questions(self.recipe.calibration))
            write_whole(path, json.dumps(rows, indent=1) + "\n")
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
        teach_dialogue(model, self.tokenizer, self.composer, self.perception, course.lessons, folder)
        return model

    def distill(
        self, model: Model, course: Course, folder: Path, perception: Perception | None = None
    ) -> Model:
        """perception: that of the model's encoders, where they are not the whole ones."""
        perception = perception or self.perception
        self.guide.distill(model, perception, course.lessons, folder, self.recipe.distillation)
        return model


def to_indices(groups: dict[str, list[int]]) -> Kept:
    return {name: torch.tensor(indices) for name, indices in groups.items()}
