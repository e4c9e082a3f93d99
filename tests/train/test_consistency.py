"""Thinking that leads to the answer, and thinking that does not."""

from __future__ import annotations

from random import Random

import pytest

from engine.train.consistency import consistent
from engine.train.dialogues import SKILLS, Composer, Utterance, draw_outside, draw_utterance
from engine.train.scene import Scene, Spot

SCENES = [
    Scene(
        "settings",
        (
            Spot("camera", (100, 100, 200, 160)),
            Spot("switch", (800, 400, 900, 440), "on"),
            Spot("switch", (800, 600, 900, 640), "off"),
            Spot("checkbox", (800, 700, 900, 740), "on"),
        ),
        (
            Spot("time", (20, 10, 200, 50), "9:05"),
            Spot("battery", (800, 10, 950, 50), "57"),
            Spot("wifi", (700, 10, 750, 50), "on"),
        ),
    ),
    Scene("home", (Spot("clock", (700, 100, 800, 160)), Spot("music", (100, 800, 200, 860)))),
    Scene("strange", ()),
]


def test_everything_that_is_taught_is_consistent():
    rng = Random(0)
    utterances = [draw_utterance(rng, "train") for _ in range(800)]
    utterances += [Utterance("", "zh", "nothing"), draw_outside(rng, "train")]
    composer = Composer(SCENES, utterances, "train")
    for skill in SKILLS:
        for number in range(60):
            last = composer.compose(Random(f"{skill}/{number}"), skill).turns[-1]
            assert consistent(last.thinking, last.answer), (skill, last)


@pytest.mark.parametrize(
    ("thinking", "answer"),
    [
        ("I see Camera at the top left.", 'do(action="Tap", element=[900,900])'),
        ("我看到相机在左上方。", "有，相机在右下方。"),
        ('I hear "seven". It is a digit.', "The digit 4."),
        ("开关从上到下：1 开、2 关、3 开。", "有 2 个开关，2 个开着。"),
        ("From top to bottom: 1 on.", "There is 1 switch, and it is off."),
        ("I count: 1 Camera, 2 Clock.", "There are 3 apps."),
        ("I count: 1 Camera, 3 Clock.", "There are 2 apps."),
        ("The screen says 9:05.", "The time on the screen is 19:05."),
        ("Swipe up.", 'do(action="Swipe", start=[500,250], end=[500,750])'),
        ("用户在打招呼。", "不客气！"),
        ("", 'do(action="Back")'),
        ("Go back one page.", "On the screen"),
    ],
)
def test_a_thought_that_leads_elsewhere_is_noticed(thinking, answer):
    assert not consistent(thinking, answer)


def test_what_was_heard_may_stand_before_the_thought():
    assert consistent('I hear "scroll up". Swipe down.', 'do(action="Swipe", start=[500,250], end=[500,750])')
