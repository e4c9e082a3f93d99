"""How answers are judged, and what of what was said is the answer."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

pytest.importorskip("torch")

import numpy as np

from engine.train.corpus import draw_corpus
from engine.train.dialogues import Composer, Sample, Turn
from engine.train.evaluate import (
    EXAM_SEED,
    EXAMINED,
    Exam,
    Verdict,
    group_of,
    independent,
    judge,
    named_things,
    split_thinking,
    summarise,
    wilson,
)
from engine.train.hearing import HearingCorpus, draw_utterances
from engine.train.lexicon import Language
from engine.train.replies import SAYINGS, respond
from engine.train.scene import Scene
from engine.train.tasks import Expectation, Task
from tests.train.screens import SCENE

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def sample(expectation: Expectation, answer: str = "") -> Sample:
    return Sample("tap", "en", (Turn("", "", answer),), expectation)


def test_answers_are_judged():
    tap = sample(Expectation("tap", box=(700.0, 100.0, 800.0, 160.0)))
    assert judge(tap, 'do(action="Tap", element=[750,130])') == 1.0
    assert judge(tap, 'do(action="Tap", element=[650,130])') == 0.0
    assert judge(tap, "do(action='Tap'") == 0.0
    things = sample(Expectation("things", things=frozenset({"camera", "clock"})))
    assert judge(things, "On the screen: Camera, Clock.") == 1.0
    assert judge(things, "屏幕上有：相机、龙。") == pytest.approx(0.5)
    assert judge(sample(Expectation("text"), "right"), "wrong") == 0.0


def test_what_stands_before_an_answer_without_thinking_is_no_part_of_it():
    assert split_thinking("The digit 5.", False) == ("", "The digit 5.")
    for language in LANGUAGES:
        for task in (
            Task("open", language, heard="open a camera", key="camera"),
            Task("decline", language, heard="what do you say"),
            Task("tap", language, heard="tap it", key="clock"),
            Task("count", language, key="app"),
            Task("count", language, key="switch"),
            Task("count", language, heard="how many", key="switch"),
        ):
            reply = respond(task, SCENE)
            assert reply.aloud
            aloud, answer = split_thinking(reply.aloud + reply.answer, False)
            assert (aloud, answer) == (reply.aloud.strip(), reply.answer)
    said = split_thinking(f'I hear "sing". {SAYINGS["decline"]["en"][1]}', False)
    verdict = Verdict(sample(Expectation("text")), "", *said, 0.0)
    assert verdict.declines


def test_synonyms_count_as_the_thing():
    assert named_things("On the screen: Gallery, heart.") == ["photos", "like"]


def test_what_is_named_twice_is_once_too_often():
    things = sample(Expectation("things", things=frozenset({"camera", "clock"})))
    assert judge(things, "On the screen: Camera, Clock, Camera, Clock.") == pytest.approx(2 / 3)


def test_only_what_is_apart_narrows_the_interval():
    def asked(skill: str, user: str = "", scene: int | None = None, recording: int | None = None) -> Sample:
        turns = (Turn(user, "", "right"),)
        return Sample(skill, "en", turns, Expectation("text"), scene=scene, recording=recording)

    assert independent([asked("help", text, scene) for text in "abc" for scene in range(9)]) == 3
    assert independent([asked("find", text, scene) for text in "abc" for scene in range(2)]) == 2
    assert independent([asked("spoken_silence", scene=n, recording=n % 4) for n in range(12)]) == 4
    assert independent([asked("screen_and_speech", scene=n, recording=n % 5) for n in range(15)]) == 5
    assert independent([asked("screen_and_speech", scene=n % 3, recording=n) for n in range(15)]) == 3
    same = [Verdict(asked("strange", scene=n % 8), "strange", "", "right", 1.0) for n in range(64)]
    row = summarise(same)["strange"]
    assert (row["count"], row["independent"]) == (64, 8)
    assert row["interval"] == [round(bound, 4) for bound in wilson(1.0, 8)]


def test_a_description_of_nothing_is_not_averaged_with_lists_of_things(tmp_path: Path):
    recordings = HearingCorpus(np.zeros((80, 0), np.float16), np.zeros(1, np.int64), [], [])
    composer = Composer([Scene("strange", ())], [], "heldout")
    assert group_of(composer.compose(Random(0), "describe"), recordings) == "strange"
    composer = Composer([SCENE], [], "heldout")
    assert group_of(composer.compose(Random(0), "describe"), recordings) == "describe"


def test_the_exam_shows_what_was_not_looked_at_before(tmp_path: Path):
    exam = Exam(tmp_path, screens=12, workers=1)
    pixels = exam.draw("heldout").pixels
    before = draw_corpus(tmp_path, "heldout", 12, 1).pixels
    assert pixels.shape == before.shape
    assert not any((one == other).all() for one in pixels for other in before)
    said = [{one.text for one in draw_utterances("heldout", EXAMINED, seed)} for seed in (0, EXAM_SEED)]
    assert said[0] != said[1]


def test_the_interval_is_wilsons():
    low, high = wilson(0.9, 100)
    assert low == pytest.approx(0.826, abs=0.001)
    assert high == pytest.approx(0.945, abs=0.001)
