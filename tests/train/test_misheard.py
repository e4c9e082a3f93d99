"""Words that nano is told it heard though they were not said: which change, and what is scored then."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

from engine.model.modeling import AutoGLMForConditionalGeneration  # noqa: E402
from engine.train.dialogues import Composer, Sample, Utterance  # noqa: E402
from engine.train.features import HeardSpeech, Perception, SeenScreens  # noqa: E402
from engine.train.joint_stage import JointStage, Lesson  # noqa: E402
from engine.train.misheard import find_heard, mishear  # noqa: E402
from engine.train.recipe import Course, Recipe  # noqa: E402
from engine.train.scene import Scene, Spot  # noqa: E402
from engine.train.spelling import IGNORED, Speller  # noqa: E402
from engine.train.trainer import Schedule  # noqa: E402

NANO = Path(__file__).parents[2] / "assets/nano"
SCENE = Scene("home", (Spot("clock", (700, 100, 800, 160)), Spot("camera", (100, 400, 200, 460))))
SAID = (
    Utterance("please tap on the clock now", "en", "tap", "clock"),
    Utterance("请帮我点一下相机", "zh", "tap", "camera"),
    Utterance("看屏幕上有什么", "zh", "describe"),
    Utterance("seven", "en", "digit", number=7),
    Utterance("what is the weather today", "en", "decline"),
    Utterance("", "zh", "nothing"),
)


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller(AutoTokenizer.from_pretrained(NANO))


@pytest.fixture
def composer() -> Composer:
    return Composer([SCENE], SAID, "train")


def test_what_was_heard_is_found_where_it_is_repeated(speller: Speller, composer: Composer):
    rng = Random(1)
    for skill in ("screen_and_speech", "spoken_command", "spoken_digit", "spoken_decline"):
        for sample in (composer.compose(rng, skill) for _ in range(20)):
            spelt = speller.spell(sample)
            span = find_heard(sample, spelt)
            said = speller.tokenizer.decode(spelt.ids[span.start : span.stop])
            assert isinstance(said, str) and sample.recording is not None
            assert SAID[sample.recording].text in said
            assert len(said) <= len(SAID[sample.recording].text) + 2, "more than a quotation mark"
    for skill in ("tap", "describe", "identity", "spoken_silence"):
        sample = composer.compose(rng, skill)
        assert not find_heard(sample, speller.spell(sample)), skill


def test_only_words_that_were_heard_are_replaced_and_nothing_after_them_is_scored(
    speller: Speller, composer: Composer
):
    rng = Random(2)
    samples = [
        composer.compose(rng, skill)
        for skill in ("screen_and_speech", "spoken_command", "tap", "spoken_decline") * 30
    ]
    spelt = [speller.spell(sample) for sample in samples]
    right, batch = speller.batch(spelt), speller.batch(spelt)
    mishear(Random(3), batch, samples, spelt)
    changed = 0
    for row, (sample, one) in enumerate(zip(samples, spelt, strict=True)):
        span = find_heard(sample, one)
        replaced = (batch["input_ids"][row] != right["input_ids"][row]).nonzero()[:, 0].tolist()
        assert set(replaced) <= set(span)
        labels, wanted = batch["labels"][row], right["labels"][row]
        if torch.equal(labels, wanted):
            assert not replaced
            continue
        changed += 1
        closed = span.stop + 1  # with the quotation mark after what was heard
        assert torch.equal(labels[:closed], wanted[:closed])
        assert (labels[closed:] == IGNORED).all()
    assert 10 < changed < 45  # of 90 with speech; somewhat less than every third


def test_who_is_taught_on_is_asked_something_else(
    model: AutoGLMForConditionalGeneration, speller: Speller, composer: Composer
):
    empty = Perception(SeenScreens([], []), HeardSpeech([], []), np.zeros((0, 2)))

    def asked(course: Course) -> list[Sample]:
        lesson = replace(course.lessons[-1], skills={"tap": 1.0, "help": 1.0})
        stage = JointStage(model, speller.tokenizer, composer, empty, lesson)
        return [sample for batch in stage.compose_group(0) for sample, _ in batch]

    recipe = Recipe()
    courses = (recipe.course, recipe.teaching, recipe.apprenticeship, recipe.recovery, recipe.rounding)
    drawn = [asked(course) for course in courses]
    assert drawn[2] == asked(recipe.apprenticeship), "the same with the teacher and without"
    assert all(one != other for one, other in itertools.combinations(drawn, 2))
    streams = {(course.vision.stream, course.audio.stream) for course in courses if course.vision.steps}
    assert len(streams) == 2, "eyes and ears are taught twice"


def test_where_to_look_is_told_as_far_as_the_answer_is_scored(
    model: AutoGLMForConditionalGeneration, speller: Speller, composer: Composer
):
    cells, frames = np.zeros((98, 4), np.float16), np.zeros((40, 4), np.float16)
    seen = SeenScreens([cells], [cells[:, :2]])
    heard = HeardSpeech([frames] * len(SAID), [np.arange(10, 30)] * len(SAID))
    perception = Perception(seen, heard, np.array([[101, 224]]))
    lesson = Lesson("joint", {"screen_and_speech": 1.0}, Schedule(steps=8, batch_size=16, learning_rate=1e-3))
    stage = JointStage(model, speller.tokenizer, composer, perception, lesson)
    for step in range(8):
        batch = stage.draw(step)
        looks, labels = batch["looks"].any(dim=-1).any(dim=0), batch["labels"]
        assert looks.any(dim=-1).all(), "something of each sample is looked for"
        ahead = functional.pad(labels[:, 1:], (0, 1), value=IGNORED)
        assert not (looks & (ahead == IGNORED)).any()
