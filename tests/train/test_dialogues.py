"""What nano is taught to say, and how its answers are judged."""

from __future__ import annotations

from random import Random

import pytest

from engine.train.babble import WORDS, words_of
from engine.train.consistency import HEARD
from engine.train.dialogues import (
    BABBLED,
    SKILLS,
    WAYS,
    Composer,
    Utterance,
    draw_babble,
    draw_outside,
    draw_utterance,
    reserved,
    sayings,
    vary,
)
from engine.train.lexicon import THINGS, Language
from engine.train.phrases import expand, spoken_texts, utterance
from engine.train.replies import SAYINGS, respond
from engine.train.scene import Scene, Spot, place
from engine.train.tasks import Expectation, Mention, Task
from tests.train.screens import SCENE


@pytest.fixture(scope="module")
def composer() -> Composer:
    rng = Random(0)
    utterances = [draw_utterance(rng, "train") for _ in range(3000)]
    utterances += [Utterance("", "zh", "nothing"), draw_outside(rng, "train")]
    utterances.append(Utterance("wine settings", "en", "babble"))
    return Composer([SCENE] * 3, utterances, "train")


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


def test_a_screen_says_its_time_and_its_charge():
    time = respond(Task("time", "en"), SCENE)
    assert (time.thinking, time.answer) == ("The screen says 9:05.", "The time on the screen is 9:05.")
    assert time.mentions[0] == Mention("9:05", SCENE.readings[0])
    assert respond(Task("battery", "zh"), SCENE).answer == "电量是 57%。"
    assert respond(Task("wifi", "en"), SCENE).answer == "I see no Wi-Fi sign, so it is off."


def test_what_cannot_be_read_is_not_invented():
    blind = Scene("home", SCENE.spots)
    for intent in ("time", "battery", "wifi"):
        assert "cannot" in respond(Task(intent, "en"), blind).answer


def test_what_is_counted_is_gone_through_first():
    reply = respond(Task("count", "zh", key="switch"), SCENE)
    assert (reply.thinking, reply.answer) == ("开关从上到下：1 开、2 关。", "有 2 个开关，1 个开着。")
    assert [mention.spot for mention in reply.mentions] == list(SCENE.spots[2:])
    assert respond(Task("count", "en", key="app"), SCENE).answer == "There are 2 apps."
    assert "no checkbox" in respond(Task("count", "en", key="checkbox"), SCENE).answer


def test_of_a_picture_without_anything_known_nano_says_that_it_is_unsure():
    assert "not sure" in respond(Task("describe", "en"), Scene("strange", ())).answer


def test_a_reference_is_to_what_the_turn_before_spoke_of(composer):
    for number in range(100):
        sample = composer.compose(Random(number), "reference")
        first, last = sample.turns
        assert first.screen and not last.screen
        if last.user.lower().rstrip(".。") in ("tap it", "点它"):
            assert sample.expectation.kind == "tap" or "没有" in last.answer or "not" in last.answer


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


def test_without_thinking_the_answer_repeats_what_was_heard_and_goes_through_what_it_counts(composer):
    spoken = respond(Task("open", "zh", heard="打开相机", key="camera"), None)
    assert spoken.aloud + spoken.answer == '我听到“打开相机”。do(action="Launch", app="相机")'
    counted = respond(Task("count", "en", key="app"), SCENE)
    assert counted.aloud + counted.answer == "I count: 1 Camera, 2 Clock. There are 2 apps."
    assert respond(Task("tap", "en", key="clock"), SCENE).aloud == ""
    assert respond(Task("nothing", "zh", heard=""), None).aloud == ""
    drawn = [composer.compose(Random(n), "screen_and_speech") for n in range(20)]
    assert all(sample.turns[-1].aloud in sample.turns[-1].thinking for sample in drawn)


def test_words_in_no_order_are_written_down_and_declined(composer):
    drawn = [composer.compose(Random(n), "spoken_decline") for n in range(200)]
    senseless = [sample for sample in drawn if "wine settings" in sample.turns[-1].thinking]
    assert abs(len(senseless) / len(drawn) - BABBLED) < 0.08
    assert {sample.turns[-1].answer for sample in senseless} == {SAYINGS["decline"]["en"][1]}
    for split in ("train", "heldout"):
        texts = {draw_babble(Random(n), split).text for n in range(200)}
        assert len(texts) > 150 and not any(character.isdigit() for text in texts for character in text)
        assert not texts & (sayings("zh") | sayings("en"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_of_held_out_babble_are_in_none_that_is_trained_on(language: Language):
    train, heldout = (words_of(language, split) for split in ("train", "heldout"))
    assert not set(train) & set(heldout) and set(train) | set(heldout) == set(WORDS[language])
    assert 0.08 < len(heldout) / len(WORDS[language]) < 0.17


@pytest.mark.parametrize(("language", "text", "kept"), [
    ("en", "What can you do", "What can you do for me?"),
    ("en", "write a song", "Write a song for me"),
])  # fmt: skip
def test_words_around_a_request_never_make_one_that_is_kept_for_evaluation(
    language: Language, text: str, kept: str
):
    assert utterance(kept) in reserved(language)
    varied = {utterance(vary(Random(n), text, "train", language)) for n in range(3000)}
    assert utterance(kept) not in varied and any(one.startswith("hey") for one in varied)


def test_any_command_may_be_spoken_beside_a_picture(composer):
    drawn = [composer.compose(Random(n), "spoken_command") for n in range(400)]
    launched = [sample for sample in drawn if "Launch" in sample.turns[-1].answer]
    beside = [sample for sample in launched if sample.scene is not None]
    assert 0.15 < len(beside) / len(launched) < 0.45


def test_a_spoken_turn_before_repeats_what_can_be_heard(composer):
    earlier = [composer.compose(Random(n), "help").turns[0].answer for n in range(900)]
    repeated = [match[1] or match[2] for answer in earlier if (match := HEARD.match(answer))]
    assert repeated and all(utterance(text) == text for text in repeated)


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
    for intent, languages in WAYS.items():
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


def test_words_around_a_request_are_practised_and_never_examined():
    asked = {split: {frame_of(split, seed) for seed in range(300)} for split in ("train", "heldout")}
    assert asked["heldout"] == {"What is on this screen?"}
    assert {"By the way, what is on this screen?", "what is on this screen?"} <= asked["train"]


def frame_of(split, seed: int) -> str:
    return vary(Random(seed), "What is on this screen?", split, "en")


def test_what_is_spoken_outside_its_skills_is_heard_and_declined(composer):
    for seed in range(20):
        sample = composer.compose(Random(seed), "spoken_decline")
        said = composer.utterances[sample.recording]
        assert said.intent in ("decline", "babble") and said.text in sample.turns[-1].thinking
        assert sample.turns[-1].answer in {answer for _, answer in SAYINGS["decline"].values()}
        assert composer.utterances[composer.compose(Random(seed), "spoken_command").recording] != said
