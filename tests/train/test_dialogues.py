"""What nano is taught to say, and how its answers are judged."""

from __future__ import annotations

from random import Random

import pytest

from engine.train.dialogues import SKILLS, Composer, Utterance, draw_utterance
from engine.train.lexicon import THINGS
from engine.train.phrases import PHRASES, expand, spoken_texts, utterance
from engine.train.replies import Expectation, Mention, Task, respond
from engine.train.scene import Scene, Spot, place

SCENE = Scene(
    "home",
    (
        Spot("camera", (100, 100, 200, 160)),
        Spot("clock", (700, 100, 800, 160)),
        Spot("switch", (800, 400, 900, 440)),
        Spot("switch", (800, 600, 900, 640)),
    ),
)


@pytest.fixture(scope="module")
def composer() -> Composer:
    rng = Random(0)
    utterances = [draw_utterance(rng, "train") for _ in range(3000)]
    return Composer([SCENE] * 3, [*utterances, Utterance("", "zh", "nothing")], "train")


def test_a_tap_points_into_its_box():
    reply = respond(Task("tap", "zh", key="clock"), SCENE)
    assert reply.answer == 'do(action="Tap", element=[750,130])'
    assert reply.expectation == Expectation("tap", box=(700, 100, 800, 160))
    assert "时钟" in reply.thinking and "右上方" in reply.thinking
    clock = SCENE.spots[1]
    assert reply.mentions == (Mention("时钟", clock), Mention("右上方", clock), Mention("[750,130]", clock))


def test_what_is_not_there_is_not_tapped():
    for language in ("zh", "en"):
        reply = respond(Task("tap", language, key="music"), SCENE)
        assert "do(" not in reply.answer
        assert reply.expectation.kind == "text"


def test_without_a_screen_nano_asks_for_one():
    assert "screenshot first" in respond(Task("tap", "en", key="clock"), None).answer


def test_a_description_names_each_thing_once():
    reply = respond(Task("describe", "zh"), SCENE)
    assert reply.answer == "屏幕上有：相机、时钟、开关。"
    assert reply.expectation.things == {"camera", "clock", "switch"}


def test_speech_is_repeated_before_it_is_obeyed():
    reply = respond(Task("open", "en", heard="open the camera", key="camera"), None)
    assert reply.thinking.startswith('I hear "open the camera". ')
    assert reply.answer == 'do(action="Launch", app="Camera")'
    assert reply.mentions == (Mention("open the camera", None),)


def test_places_are_the_nine_thirds():
    assert place(Spot("back", (0, 0, 60, 40)), "en") == "top left"
    assert place(Spot("back", (940, 960, 1000, 1000)), "en") == "bottom right"
    assert place(Spot("back", (450, 480, 550, 520)), "zh") == "中间"


def test_every_skill_is_drawn_and_the_same_seed_gives_the_same(composer):
    drawn = {composer.compose(Random(n)).skill for n in range(600)}
    assert drawn == set(SKILLS)
    assert [composer.compose(Random(n)) for n in range(50)] == [
        composer.compose(Random(n)) for n in range(50)
    ]


def test_a_picture_is_in_the_prompt_exactly_where_there_is_a_scene(composer):
    for n in range(400):
        sample = composer.compose(Random(n))
        assert sum(turn.screen for turn in sample.turns) == (sample.scene is not None)
        assert sample.turns[-1].speech == (sample.recording is not None)


def test_only_unique_things_are_asked_for(composer):
    taps = [composer.compose(Random(n), "tap") for n in range(300)]
    assert all("开关" not in tap.turns[-1].user and "switch" not in tap.turns[-1].user for tap in taps)


def test_no_phrasing_of_the_evaluation_was_trained_on():
    for intent, languages in PHRASES.items():
        for language, phrases in languages.items():
            train = {utterance(text) for text in phrases.train}
            shared = [text for text in phrases.heldout if utterance(text) in train]
            assert not shared, (intent, language, shared)
            assert len(train) > len(phrases.heldout) / 2


def test_a_pattern_stands_for_each_of_its_choices():
    assert list(expand("(a|b|)c(d|)")) == ["acd", "ac", "bcd", "bc", "cd", "c"]


def test_every_name_can_be_spoken():
    spoken = {text for text, _ in spoken_texts("train")}
    for thing in THINGS:
        for name in (*thing.zh, *thing.en):
            assert any(name.lower() in text for text in spoken), name
