"""Dialogues that teach nano its skills: how each task is put to it, typed or spoken, with what in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from engine.train.babble import babble
from engine.train.lexicon import APPS, BY_KEY, THINGS, Language
from engine.train.phrases import (
    OUTSIDE,
    PHRASES,
    SPOKEN_INTENTS,
    Split,
    fill,
    speakable,
    spell_number,
    spoken_outside,
    spoken_phrases,
    spoken_texts,
    utterance,
)
from engine.train.questions import COUNTED, QUESTIONS
from engine.train.replies import repeat, respond
from engine.train.scene import Scene
from engine.train.tasks import Expectation, Mention, Task


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a recording says, and what is meant by it: an intent of PHRASES, or one of OWN_SKILLS."""

    text: str
    language: Language
    intent: str
    key: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """`aloud` stands before the answer where thinking is off."""

    user: str
    thinking: str
    answer: str
    screen: bool = False
    speech: bool = False
    aloud: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One dialogue; the last turn is the one to learn and to score."""

    skill: str
    language: Language
    turns: tuple[Turn, ...]
    expectation: Expectation
    thinks: bool = True
    scene: int | None = None
    recording: int | None = None
    mentions: tuple[Mention, ...] = ()


WAYS = {**PHRASES, **QUESTIONS}
FACT_SKILLS = ("time", "battery", "wifi", "count", "page")
# Intents of recordings that have a skill of their own; the others are commands.
OWN_SKILLS = ("digit", "nothing", "decline", "babble")
# Intents that are such words themselves.
POLITE = ("greeting", "thanks")
# What people say around a request: before it, after it.
FRAMES: dict[Language, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "zh": (
        (
            "问一下，", "对了，", "那个，", "我想知道，", "嗯，", "帮个忙，", "顺便问问，", "再问一次，",
            "小助手，", "劳驾，",
        ),
        ("，谢谢", "，好吗", "，行不行", "，快点", "，拜托了"),
    ),
    "en": (
        (
            "Quick question: ", "Hey, ", "Right, ", "One more thing: ", "Sorry, ", "Well, ", "By the way, ",
            "I was wondering: ", "Nano, ", "Now then, ", "Go on, ", "Kindly ", "Be so kind and ",
        ),
        (", thanks", " for me", ", would you", " right now", ", thank you", " if you can", ", quickly"),
    ),
}  # fmt: skip
TEXT_INTENTS = ("identity", "help", "greeting", "thanks")
MOVES = ("back", "home", "swipe_up", "swipe_down", "swipe_left", "swipe_right", "wait")

# How much of what nano has no skill for is words in no order, where there are recordings of such.
BABBLED = 0.15
# In what share of dialogues thinking is switched on.
THINKING = 0.85
# How many of earlier turns were spoken, and of those how many repeat what was heard, for want of thinking.
SPOKEN_BEFORE, REPEATED_BEFORE = 0.2, 0.3

# Skill -> how often it is drawn in training.
SKILLS: dict[str, float] = {
    "identity": 4,
    "help": 5.5,
    "greeting": 5,
    "thanks": 0.5,
    "decline": 6,
    "describe": 18,
    "tap": 16,
    "find": 6,
    "command": 7,
    "no_screen": 2,
    "time": 4,
    "battery": 4,
    "wifi": 3,
    "count": 13,
    "page": 3,
    "strange": 4,
    "reference": 9,
    "spoken_command": 36,
    "spoken_decline": 12,
    "spoken_digit": 8,
    "spoken_silence": 1.5,
    "screen_and_speech": 28,
}

TYPED = {skill: weight for skill, weight in SKILLS.items() if "spoken" not in skill and "speech" not in skill}

EVALUATED = (
    "identity", "help", "greeting", "decline", "describe", "tap", "find", "command", "no_screen",
    "time", "battery", "wifi", "count", "page", "strange", "reference",
    "spoken_command", "spoken_decline", "spoken_digit", "spoken_silence", "screen_and_speech",
)  # fmt: skip


def draw_utterance(
    rng: Random, split: Split, intents: Sequence[str] = (*SPOKEN_INTENTS, "digit")
) -> Utterance:
    """Something for a voice to say."""
    language: Language = rng.choice(("zh", "en"))
    weights = {"tap": 10, "open": 7, "digit": 4, "describe": 2, "wait": 2}
    intent = rng.choices(list(intents), [weights.get(intent, 1) for intent in intents])[0]
    if intent == "digit":
        digit = rng.randrange(10)
        return Utterance(spell_number(digit, language), language, "digit", number=digit)
    phrase = rng.choice(spoken_phrases(intent, language, split))
    thing = rng.choice(THINGS if intent == "tap" else APPS) if intent in ("tap", "open") else None
    number = rng.randint(1, 9) if intent == "wait" else None
    name = rng.choice(thing.names(language)) if thing else ""
    text = utterance(fill(phrase, language, name, number or 0))
    return Utterance(text, language, intent, thing.key if thing else None, number)


def draw_outside(rng: Random, split: Split) -> Utterance:
    """Something for a voice to say that nano has no skill for."""
    language: Language = rng.choice(("zh", "en"))
    return Utterance(utterance(rng.choice(spoken_outside(language, split))), language, "decline")


def draw_babble(rng: Random, split: Split) -> Utterance:
    """Words for a voice to say that ask for nothing together."""
    language: Language = rng.choice(("zh", "en"))
    text = babble(rng, language, split)
    while text in sayings(language):
        text = babble(rng, language, split)
    return Utterance(text, language, "babble")


@cache
def sayings(language: Language) -> frozenset[str]:
    """All that asks for something, or is a digit."""
    splits: tuple[Split, ...] = ("train", "heldout")
    return frozenset(text for split in splits for text, spoken in spoken_texts(split) if spoken == language)


class Composer:
    """Draws samples over a set of scenes and recordings, each named by its index.

    Args:
        scenes: what the screens show.
        utterances: what the recordings say.
        split: which phrasings to use.
    """

    def __init__(self, scenes: Sequence[Scene], utterances: Sequence[Utterance], split: Split) -> None:
        self.scenes = scenes
        self.split: Split = split
        self.utterances = utterances
        self.strange = [index for index, scene in enumerate(scenes) if not scene.spots]
        self.recordings: dict[str, list[int]] = {}
        self.taps: dict[str, list[int]] = {}
        for index, spoken in enumerate(utterances):
            self.recordings.setdefault(spoken.intent, []).append(index)
            if spoken.intent == "tap" and spoken.key is not None:
                self.taps.setdefault(spoken.key, []).append(index)

    def compose(self, rng: Random, skill: str | None = None) -> Sample:
        """One sample of `skill`, or of a skill drawn by weight."""
        if skill is None:
            skill = rng.choices(list(SKILLS), list(SKILLS.values()))[0]
        if skill.startswith("spoken") or skill == "screen_and_speech":
            return self.compose_spoken(rng, skill)
        return self.compose_typed(rng, skill)

    def compose_typed(self, rng: Random, skill: str) -> Sample:
        language: Language = rng.choice(("zh", "en"))
        if skill == "reference":
            return self.compose_reference(rng, language)
        if skill == "strange":
            return self.compose_strange(rng, language)
        looks = skill in ("describe", "tap", "find", *FACT_SKILLS)
        # Talk about other things goes on while a screenshot is there.
        scene_index = (
            self.draw_scene(rng) if looks or (skill not in ("no_screen",) and rng.random() < 0.25) else None
        )
        scene = None if scene_index is None else self.scenes[scene_index]
        intent = skill
        if skill == "command":
            intent = rng.choice(("open", "open", "open", *MOVES))
        elif skill == "no_screen":
            intent = rng.choice(("describe", "tap", "find", "describe", "tap", "find", *FACT_SKILLS))
        if intent == "decline":
            text = vary(rng, rng.choice(OUTSIDE[language].of(self.split)), self.split, language)
            task = Task(intent, language)
        else:
            task, text = self.ask(rng, intent, language, scene)
        return self.finish(rng, skill, task, text, scene_index, None)

    def ask(self, rng: Random, intent: str, language: Language, scene: Scene | None) -> tuple[Task, str]:
        """A typed task and its words."""
        key = number = None
        name = ""
        if intent in ("tap", "find"):
            key = self.draw_target(rng, scene)
        elif intent == "open":
            key = rng.choice(APPS).key
        elif intent == "wait":
            number = rng.randint(1, 9)
        elif intent == "count":
            key = self.draw_counted(rng, scene)
        if intent == "count" and key is not None:
            name = rng.choice(COUNTED[key][language])
        elif key is not None:
            name = rng.choice(BY_KEY[key].names(language))
        phrase = rng.choice(WAYS[intent][language].of(self.split))
        text = vary(
            rng,
            fill(phrase, language, name, number or 0),
            self.split,
            None if intent in POLITE else language,
        )
        return Task(intent, language, key=key, number=number), text

    def compose_strange(self, rng: Random, language: Language) -> Sample:
        """A question about a picture on which there is nothing that nano knows."""
        scene_index = rng.choice(self.strange) if self.strange else self.draw_scene(rng)
        intent = rng.choice(("describe", "describe", "tap", "find", *FACT_SKILLS))
        task, text = self.ask(rng, intent, language, self.scenes[scene_index])
        return self.finish(rng, "strange", task, text, scene_index, None)

    def compose_reference(self, rng: Random, language: Language) -> Sample:
        """Two turns: a thing is spoken of, then "it", or the same is asked of another thing."""
        scene_index = self.draw_scene(rng)
        scene = self.scenes[scene_index]
        first, text = self.ask(rng, rng.choice(("find", "find", "tap")), language, scene)
        intent = rng.choice(("it_tap", "it_tap", "it_find", "another"))
        if intent == "another":
            task = Task(first.intent, language, key=self.draw_target(rng, scene))
        else:
            task = Task(intent.removeprefix("it_"), language, key=first.key)
        assert task.key is not None
        name = rng.choice(BY_KEY[task.key].names(language))
        phrase = fill(rng.choice(WAYS[intent][language].of(self.split)), language, name)
        reply = respond(task, scene)
        last = Turn(vary(rng, phrase, self.split, language), reply.thinking, reply.answer)
        turns = (Turn(text, "", respond(first, scene).answer, screen=True), last)
        thinks = rng.random() < THINKING
        return Sample(
            "reference", language, turns, reply.expectation, thinks, scene_index, None, reply.mentions
        )

    def compose_spoken(self, rng: Random, skill: str) -> Sample:
        if skill == "spoken_silence":
            index = rng.choice(self.recordings["nothing"])
            scene_index = self.draw_scene(rng) if rng.random() < 0.2 else None
            # Without words there is no language to follow: nano then speaks Chinese.
            task = Task("nothing", "zh", heard="")
            return self.finish(rng, skill, task, "", scene_index, index)
        if skill == "spoken_digit":
            index = rng.choice(self.recordings["digit"])
            scene_index = None
        elif skill == "spoken_decline":
            senseless = "babble" in self.recordings and rng.random() < BABBLED
            index = rng.choice(self.recordings["babble" if senseless else "decline"])
            scene_index = self.draw_scene(rng) if rng.random() < 0.25 else None
        elif skill == "spoken_command":
            intents = [intent for intent in self.recordings if intent not in OWN_SKILLS]
            weights = {"tap": 2, "open": 8, "describe": 0.5}
            intent = rng.choices(intents, [weights.get(intent, 1) for intent in intents])[0]
            index = rng.choice(self.recordings[intent])
            looks = 0.5 if intent in ("tap", "describe") else 0.3
            scene_index = self.draw_scene(rng) if rng.random() < looks else None
        else:
            scene_index = self.draw_scene(rng)
            index = self.draw_spoken_target(rng, self.scenes[scene_index])
        spoken = self.utterances[index]
        intent = "decline" if spoken.intent == "babble" else spoken.intent
        task = Task(intent, spoken.language, spoken.text, spoken.key, spoken.number)
        return self.finish(rng, skill, task, "", scene_index, index)

    def draw_scene(self, rng: Random) -> int:
        return rng.randrange(len(self.scenes))

    def draw_counted(self, rng: Random, scene: Scene | None) -> str:
        """A kind of thing to count, mostly one that is there."""
        keys = {spot.key for spot in scene.spots} if scene else set()
        there = [kind for kind in ("switch", "checkbox") if kind in keys]
        return rng.choice([*there, *there, *there, "app", "app", "switch", "checkbox"])

    def draw_target(self, rng: Random, scene: Scene | None) -> str:
        """A thing that is on the screen once; now and then one that is not there at all."""
        if scene is not None and (unique := scene.unique()) and rng.random() < 0.88:
            return rng.choice(unique).key
        present = set() if scene is None else {spot.key for spot in scene.spots}
        return rng.choice([thing for thing in THINGS if thing.key not in present]).key

    def draw_spoken_target(self, rng: Random, scene: Scene) -> int:
        """A recording that asks for something on this screen, or to describe it, or sometimes not there."""
        if rng.random() < 0.12:
            return rng.choice(self.recordings["describe"])
        for _ in range(8):
            if recordings := self.taps.get(self.draw_target(rng, scene)):
                return rng.choice(recordings)
        return rng.choice(self.recordings["tap"])

    def finish(
        self, rng: Random, skill: str, task: Task, text: str, scene_index: int | None, recording: int | None
    ) -> Sample:
        """Add the answer, the thinking switch, and now and then an earlier turn."""
        scene = None if scene_index is None else self.scenes[scene_index]
        reply = respond(task, scene)
        speech = recording is not None
        thinks = rng.random() < THINKING
        last = Turn(text, reply.thinking, reply.answer, scene is not None, speech, reply.aloud)
        turns = (last,)
        if rng.random() < 0.2:
            turns = self.precede(rng, last, scene)
        return Sample(
            skill, task.language, turns, reply.expectation, thinks, scene_index, recording, reply.mentions
        )

    def precede(self, rng: Random, last: Turn, scene: Scene | None) -> tuple[Turn, ...]:
        """An earlier turn before the last one; the screenshot may have come with it."""
        language: Language = rng.choice(("zh", "en"))
        came_earlier = scene is not None and rng.random() < 0.6
        intent = rng.choice(("describe", "tap") if came_earlier else (*TEXT_INTENTS, "open"))
        task, text = self.ask(rng, intent, language, scene if came_earlier else None)
        answer = respond(task, scene if came_earlier else None).answer
        if rng.random() < SPOKEN_BEFORE:
            if rng.random() < REPEATED_BEFORE and (said := speakable((text,), language)):
                answer = repeat(utterance(said[0]), language) + answer
            text = ""
        earlier = Turn(text, "", answer, screen=came_earlier)
        return (earlier, replace(last, screen=last.screen and not came_earlier))


def vary(rng: Random, text: str, split: Split, language: Language | None = None) -> str:
    """Small liberties that people take: words around it, if `language` says which, capitals, full stops."""
    draw = rng.random()
    if split != "train":
        return text
    if language is not None and utterance(framed := frame(rng, text, language)) not in reserved(language):
        text = framed
    if draw < 0.15:
        return text.lower()
    if draw < 0.25 and text and text[-1] not in "？?.。！!":
        return text + ("。" if ord(text[-1]) > 0x2E80 else ".")
    return text


@cache
def reserved(language: Language) -> frozenset[str]:
    """The words of what is kept for evaluation and names nothing."""
    kept = (*OUTSIDE[language].heldout, *(text for way in WAYS.values() for text in way[language].heldout))
    return frozenset(utterance(text) for text in kept)


def frame(rng: Random, text: str, language: Language) -> str:
    """Now and then words around a request that ask for nothing themselves."""
    before, after = FRAMES[language]
    if rng.random() < 0.15:
        capital = language == "en" and text[1:2].islower()
        text = rng.choice(before) + (text[0].lower() + text[1:] if capital else text)
    if rng.random() < 0.1 and text[-1] not in "？?.。！!":
        text += rng.choice(after)
    return text
