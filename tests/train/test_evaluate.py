"""How answers are judged, and what of what was said is the answer."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from engine.train.dialogues import Sample, Turn
from engine.train.evaluate import Verdict, judge, named_things, split_thinking, wilson
from engine.train.lexicon import Language
from engine.train.replies import SAYINGS, respond
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
    assert named_things("On the screen: Gallery, heart.") == {"photos", "like"}


def test_the_interval_is_wilsons():
    low, high = wilson(0.9, 100)
    assert low == pytest.approx(0.826, abs=0.001)
    assert high == pytest.approx(0.945, abs=0.001)
