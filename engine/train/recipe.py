"""What nano is made of: how much data, which sizes, how many steps of each stage."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from engine.model.configuration import AutoGLMConfig, nano, tiny
from engine.train import corpus
from engine.train.corpus import ScreenCorpus, draw_corpus
from engine.train.dialogues import SKILLS, TYPED
from engine.train.distill import Distillation
from engine.train.evaluate import ANSWER_TOKENS, EXAM_SCREENS, EXAMINED
from engine.train.hearing import Amounts, HearingCorpus, record_corpus
from engine.train.joint_stage import Lesson
from engine.train.qat import TOLERANCE
from engine.train.speech import corpus as speech_corpus
from engine.train.trainer import Schedule

VISION = Schedule(steps=6500, batch_size=40, learning_rate=2e-3, checkpoint_every=250, bf16=True)
AUDIO = Schedule(
    steps=12_000, batch_size=40, learning_rate=1.2e-3, warmup=200, checkpoint_every=500, bf16=True
)
# First without sound, then everything: what is learned of looking helps with listening.
LOOKING = Schedule(
    steps=2500, batch_size=64, learning_rate=1.5e-3, warmup=100, floor=0.3, checkpoint_every=250, bf16=True
)
JOINT = Schedule(steps=4000, batch_size=64, learning_rate=1.2e-3, warmup=100, checkpoint_every=250, bf16=True)


@dataclass(frozen=True, slots=True)
class Course:
    """The schedules of one model: its eyes, its ears, then what it says."""

    vision: Schedule = VISION
    audio: Schedule = AUDIO
    looking: Schedule | None = LOOKING
    joint: Schedule = JOINT

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        first = () if self.looking is None else (Lesson("looking", TYPED, self.looking),)
        return (*first, Lesson("joint", SKILLS, self.joint))

    def scaled(self, scale: float) -> Course:
        return Course(
            shorten(self.vision, scale),
            shorten(self.audio, scale),
            None if self.looking is None else shorten(self.looking, scale),
            shorten(self.joint, scale),
        )


ENCODERS_DONE = {"vision": replace(VISION, steps=0), "audio": replace(AUDIO, steps=0), "looking": None}
# The teacher, once the student has been made deeper.
TEACHING = Course(**ENCODERS_DONE, joint=replace(JOINT, steps=950, learning_rate=9e-4, stream=1))
# The student, with the teacher and without.
APPRENTICESHIP = Course(
    **ENCODERS_DONE, joint=replace(JOINT, steps=500, learning_rate=7e-4, warmup=50, stream=2)
)
# What a model does again after something was taken from it. Eyes and ears had not learned all they can by
# then, so they go on for long.
RECOVERY = Course(
    replace(VISION, steps=8000, learning_rate=1.5e-3, warmup=60, stream=3),
    replace(AUDIO, steps=6000, learning_rate=1e-3, warmup=50, stream=3),
    None,
    replace(JOINT, steps=300, learning_rate=4e-4, warmup=50, stream=3),
)
# With the rounding of INT8. The eyes have none, since INT8 leaves convolutions as they are; the ears' weights
# stay, and what they hear with their rounding is what is learned from.
ROUNDING = Course(**ENCODERS_DONE, joint=replace(JOINT, steps=200, learning_rate=1.5e-4, warmup=30, stream=4))

#: Below this share the models are tiny too: the pipeline is tried out, nothing is learned.
TRIAL = 0.01


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much data and how many steps. What the bundled nano had of it stands in its card.

    depth: the teacher's decoder has so many times the student's layers.
    texts: dialogues that the vocabulary is made of; vocabulary: its size.
    fewer: the share of its FLOPs that pruning takes out of each encoder; multiple: channels stay in
        multiples of this, which processors like.
    calibration: held-out questions that the sensitivity to INT8 is measured on; tolerance: nats a word that a
        layer's rounding may change before the layer keeps its precision.
    examined: samples of each skill that every model of the table is scored on, over exam_screens and
        exam_speech. The heldout ones are for looking at while it is made.
    """

    size: Callable[..., AutoGLMConfig] = nano
    depth: int = 2
    vocabulary: int = 2048
    context: int = 512
    texts: int = 30_000
    screens: int = 48_000
    mosaics: int = 6_000
    recordings: int = 44_500
    silences: int = 1_000
    outside: int = 8_000
    babble: int = 30_000
    heldout_screens: int = 600
    heldout_recordings: int = 1_200
    heldout_silences: int = 60
    heldout_outside: int = 60
    heldout_babble: int = 100
    course: Course = Course()
    teaching: Course = TEACHING
    apprenticeship: Course = APPRENTICESHIP
    distillation: Distillation = Distillation()
    fewer: float = 0.3
    multiple: int = 8
    recovery: Course = RECOVERY
    rounding: Course = ROUNDING
    calibration: int = 96
    tolerance: float = TOLERANCE
    examined: int = 200
    exam_screens: int = EXAM_SCREENS
    exam_speech: Amounts = EXAMINED
    answer_tokens: int = ANSWER_TOKENS

    @property
    def speech(self) -> Amounts:
        """What the ears are taught on."""
        return Amounts(self.recordings, self.silences, self.outside, self.babble)

    @property
    def heldout_speech(self) -> Amounts:
        return Amounts(
            self.heldout_recordings, self.heldout_silences, self.heldout_outside, self.heldout_babble
        )

    def to_json(self) -> str:
        """All of it, and of which version what it draws and records is; to be read and compared."""
        versions = {"screens": corpus.VERSION, "speech": speech_corpus.VERSION}
        facts = {**asdict(self), "versions": versions}
        return json.dumps(facts, default=lambda size: size.__name__, indent=1) + "\n"

    def scaled(self, scale: float) -> Recipe:
        """So much of the data and of the steps: to try the pipeline out, or to have more of everything."""
        if scale == 1.0:
            return self
        fewest = {
            "texts": 200, "screens": 16, "mosaics": 4, "recordings": 80, "silences": 3, "outside": 3,
            "babble": 3, "heldout_babble": 3,
            "heldout_screens": 6, "heldout_recordings": 80, "heldout_silences": 3, "heldout_outside": 3,
            "calibration": 4, "examined": 1, "exam_screens": 12,
        }  # fmt: skip
        counts = {name: max(least, round(getattr(self, name) * scale)) for name, least in fewest.items()}
        courses = {
            field.name: getattr(self, field.name).scaled(scale)
            for field in fields(self)
            if field.type == "Course"
        }
        least = Amounts(80, 3, 3)
        exam = Amounts(*(max(few, round(n * scale)) for few, n in zip(least, self.exam_speech, strict=True)))
        made = replace(self, **counts, **courses, exam_speech=exam)
        if scale < TRIAL:
            made = replace(made, size=tiny, vocabulary=640, multiple=1, answer_tokens=8)
        return made


def shorten(schedule: Schedule, scale: float) -> Schedule:
    """So much of the steps, two at least where there are any; for a trial in small batches."""
    if not schedule.steps:
        return schedule
    steps = max(2, round(schedule.steps * scale))
    made = replace(
        schedule,
        steps=steps,
        warmup=max(1, min(schedule.warmup, steps // 4)),
        checkpoint_every=max(1, min(schedule.checkpoint_every, steps)),
        log_every=max(1, min(schedule.log_every, steps)),
    )
    return replace(made, batch_size=4, bf16=False) if scale < TRIAL else made


@dataclass(frozen=True)
class Data:
    """What each stage learns from, and what the encoders are scored on while they learn."""

    screens: ScreenCorpus
    mosaics: ScreenCorpus
    recordings: HearingCorpus
    heldout_screens: dict[str, ScreenCorpus]
    heldout_recordings: HearingCorpus


def prepare(recipe: Recipe, folder: Path, workers: int, digits: Path | None) -> Data:
    """Draw the screens and record the speech, or open them where that is done.

    digits: a folder of the Free Spoken Digit Dataset; without it digits are learned from synthetic voices.
    """
    return Data(
        draw_corpus(folder, "train", recipe.screens, workers),
        draw_corpus(folder, "mosaic", recipe.mosaics, workers),
        record_corpus(folder, "train", recipe.speech, workers, digits),
        {
            "heldout": draw_corpus(folder, "heldout", recipe.heldout_screens, workers),
            "icons": draw_corpus(folder, "heldout_icons", recipe.heldout_screens, workers),
        },
        record_corpus(folder, "heldout", recipe.heldout_speech, workers, digits),
    )
