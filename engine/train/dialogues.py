"""Dialogues that teach nano its skills: what is asked, what it should think, what it should answer."""

# ruff: noqa: E501 - sayings stand on one line
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from engine.train.lexicon import APPS, BY_KEY, THINGS, Language
from engine.train.phrases import OUTSIDE, PHRASES, SPOKEN_INTENTS, Split, fill, spell_number, utterance

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """One thing on a screen. `box` is (left, top, right, bottom) in thousandths of the picture's sides."""

    key: str
    box: Box

    @property
    def element(self) -> tuple[int, int]:
        """Its centre in AutoGLM's 0-999 coordinates, to the nearest 5: finer than any finger."""
        left, top, right, bottom = self.box
        x, y = (round((low + high) / 2 / 5) * 5 for low, high in ((left, right), (top, bottom)))
        return min(x, 995), min(y, 995)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the generator knows of a screen. `spots` are in reading order."""

    layout: str
    spots: tuple[Spot, ...]

    def unique(self) -> list[Spot]:
        """The things that are there exactly once, so that naming them names one place."""
        keys = [spot.key for spot in self.spots]
        return [spot for spot in self.spots if keys.count(spot.key) == 1]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a recording says, and what is meant by it; intent "digit" and "nothing" have no phrase."""

    text: str
    language: Language
    intent: str
    key: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    user: str
    thinking: str
    answer: str
    screen: bool = False
    speech: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """How an answer is judged: its text, a set of things, or a tap inside a box."""

    kind: Literal["text", "things", "tap"]
    things: frozenset[str] = frozenset()
    box: Box | None = None


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


# ------------------------------------------------------------------------------------ sayings

LAYOUTS: dict[str, dict[Language, str]] = {
    "home": {"zh": "主屏幕", "en": "a home screen"},
    "settings": {"zh": "设置页面", "en": "a settings page"},
    "dialog": {"zh": "对话框", "en": "a dialog"},
    "player": {"zh": "播放页面", "en": "a player"},
    "chat": {"zh": "聊天页面", "en": "a chat"},
}
ANY_PAGE: dict[Language, str] = {"zh": "应用页面", "en": "an app page"}

SAYINGS: dict[str, dict[Language, tuple[str, str]]] = {
    "identity": {
        "zh": (
            "用户想知道我是谁。",
            "我是 AutoGLM Nano，一个在你自己的电脑上运行的小型演示模型。我能看简单的手机截图，也能听懂中文和英文的语音指令。",
        ),
        "en": (
            "The user wants to know who I am.",
            "I am AutoGLM Nano, a small demo model that runs on your own machine. "
            "I can read simple phone screenshots and understand spoken commands in Chinese and English.",
        ),
    },
    "help": {
        "zh": (
            "用户想知道我会做什么。",
            "我会三件事：说出截图里有哪些应用和按钮；指出要点击的位置；听懂打开、点击、返回、滑动这类语音指令和数字。别的问题我还不会。",
        ),
        "en": (
            "The user wants to know what I can do.",
            "I can do three things: name the apps and buttons in a screenshot, point at what to tap, and understand "
            "spoken commands such as open, tap, go back and swipe, and digits. Other questions are beyond me.",
        ),
    },
    "greeting": {
        "zh": ("用户在打招呼。", "你好！我是 AutoGLM Nano。给我一张手机截图，或者对我说一句指令吧。"),
        "en": (
            "The user says hello.",
            "Hello! I am AutoGLM Nano. Give me a phone screenshot, or speak a command.",
        ),
    },
    "thanks": {"zh": ("用户在道谢。", "不客气！"), "en": ("The user says thanks.", "You are welcome!")},
    "decline": {
        "zh": (
            "这不在我的能力之内。",
            "抱歉，这个我不会。我只会看手机截图、指出点击的位置、听懂简单的语音指令。",
        ),
        "en": (
            "This is outside my skills.",
            "Sorry, I cannot do that. I can only read phone screenshots, point at what to tap, "
            "and understand simple spoken commands.",
        ),
    },
    "no_screen": {
        "zh": ("我没有收到截图。", "请先给我一张手机截图，我才能看。"),
        "en": ("I have not been given a screenshot.", "Please give me a phone screenshot first, so that I can look."),
    },
    "silence": {
        "zh": ("我没有听到说话声。", "我没有听清，请再说一遍。"),
        "en": ("I hear no speech.", "I did not hear any words. Please say it again."),
    },
}  # fmt: skip

ACTIONS = {
    "back": 'do(action="Back")',
    "home": 'do(action="Home")',
    "swipe_up": 'do(action="Swipe", start=[500,750], end=[500,250])',
    "swipe_down": 'do(action="Swipe", start=[500,250], end=[500,750])',
    "swipe_left": 'do(action="Swipe", start=[800,500], end=[200,500])',
    "swipe_right": 'do(action="Swipe", start=[200,500], end=[800,500])',
}
MEANINGS: dict[str, dict[Language, str]] = {
    "back": {"zh": "要返回上一页。", "en": "Go back one page."},
    "home": {"zh": "要回到主屏幕。", "en": "Go to the home screen."},
    "swipe_up": {"zh": "要向上滑动。", "en": "Swipe up."},
    "swipe_down": {"zh": "要向下滑动。", "en": "Swipe down."},
    "swipe_left": {"zh": "要向左滑动。", "en": "Swipe left."},
    "swipe_right": {"zh": "要向右滑动。", "en": "Swipe right."},
}


def place(spot: Spot, language: Language) -> str:
    """Where a thing is, in thirds: the words that come before its coordinates."""
    x, y = (min(2, value * 3 // 1000) for value in spot.element)
    if language == "zh":
        names = ("左上方", "上方", "右上方", "左侧", "中间", "右侧", "左下方", "下方", "右下方")
    else:
        names = (
            "top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right",
        )  # fmt: skip
    return names[3 * y + x]


def things_named(scene: Scene) -> list[str]:
    """Keys in reading order, each once."""
    return list(dict.fromkeys(spot.key for spot in scene.spots))


# ----------------------------------------------------------------------------------- last turns


@dataclass(frozen=True, slots=True)
class Task:
    """What the last turn asks: an intent with its thing or number, typed or spoken, with or without a screen."""

    intent: str
    language: Language
    heard: str | None = None
    key: str | None = None
    number: int | None = None


def respond(task: Task, scene: Scene | None) -> tuple[str, str, Expectation]:
    """(thinking, answer, expectation) of a correct answer."""
    thinking, answer, expectation = _respond(task, scene)
    if task.heard is not None and task.intent != "nothing":
        heard = f"我听到“{task.heard}”。" if task.language == "zh" else f'I hear "{task.heard}". '
        thinking = (heard + thinking).strip()
    return thinking, answer, expectation


def _respond(task: Task, scene: Scene | None) -> tuple[str, str, Expectation]:
    language, chinese = task.language, task.language == "zh"
    text = Expectation("text")
    if task.intent in ("identity", "help", "greeting", "thanks", "decline"):
        return *SAYINGS[task.intent][language], text
    if task.intent == "nothing":
        return *SAYINGS["silence"][language], text
    if task.intent == "digit":
        assert task.number is not None
        thinking = "是一个数字。" if chinese else "It is a digit."
        return thinking, f"数字 {task.number}。" if chinese else f"The digit {task.number}.", text
    if task.intent in ACTIONS:
        return MEANINGS[task.intent][language], ACTIONS[task.intent], text
    if task.intent == "wait":
        thinking = f"要等待 {task.number} 秒。" if chinese else f"Wait {task.number} seconds."
        return thinking, f'do(action="Wait", duration="{task.number} seconds")', text
    if task.intent == "open":
        assert task.key is not None
        name = BY_KEY[task.key].name(language)
        thinking = f"要打开{name}。" if chinese else f"Open {name}."
        return thinking, f'do(action="Launch", app="{name}")', text
    if scene is None:
        return *SAYINGS["no_screen"][language], text
    if task.intent == "describe":
        return describe(scene, language)
    assert task.intent in ("tap", "find") and task.key is not None
    return point(task, scene)


def describe(scene: Scene, language: Language) -> tuple[str, str, Expectation]:
    keys = things_named(scene)
    names = [BY_KEY[key].name(language) for key in keys]
    layout = LAYOUTS.get(scene.layout, ANY_PAGE)[language]
    expectation = Expectation("things", things=frozenset(keys))
    if language == "zh":
        return f"这是{layout}，我从上往下看。", "屏幕上有：" + "、".join(names) + "。", expectation
    return (
        f"This is {layout}. I look from top to bottom.",
        "On the screen: " + ", ".join(names) + ".",
        expectation,
    )


def point(task: Task, scene: Scene) -> tuple[str, str, Expectation]:
    assert task.key is not None
    language, chinese = task.language, task.language == "zh"
    name = BY_KEY[task.key].name(language)
    there = [spot for spot in scene.spots if spot.key == task.key]
    if not there:
        if chinese:
            return f"我找{name}，没有看到。", f"屏幕上没有{name}。", Expectation("text")
        return (
            f"I look for {name} and do not see it.",
            f"I do not see {name} on the screen.",
            Expectation("text"),
        )
    spot = there[0]
    where = place(spot, language)
    thinking = f"我看到{name}在{where}。" if chinese else f"I see {name} at the {where}."
    if task.intent == "find":
        return (
            thinking,
            f"有，{name}在{where}。" if chinese else f"Yes, {name} is at the {where}.",
            Expectation("text"),
        )
    x, y = spot.element
    return thinking, f'do(action="Tap", element=[{x},{y}])', Expectation("tap", box=spot.box)


# ------------------------------------------------------------------------------------ composing

TEXT_INTENTS = ("identity", "help", "greeting", "thanks")
MOVES = ("back", "home", "swipe_up", "swipe_down", "swipe_left", "swipe_right", "wait")

# Skill -> how often it is drawn in training.
SKILLS: dict[str, float] = {
    "identity": 4,
    "help": 4,
    "greeting": 1.5,
    "thanks": 0.5,
    "decline": 6,
    "describe": 16,
    "tap": 22,
    "find": 5,
    "command": 5,
    "no_screen": 2,
    "spoken_command": 16,
    "spoken_digit": 5,
    "spoken_silence": 1.5,
    "screen_and_speech": 18,
}

EVALUATED = (
    "identity", "help", "greeting", "decline", "describe", "tap", "find", "command", "no_screen",
    "spoken_command", "spoken_digit", "spoken_silence", "screen_and_speech",
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
    phrase = rng.choice(PHRASES[intent][language].of(split))
    thing = rng.choice(THINGS if intent == "tap" else APPS) if intent in ("tap", "open") else None
    number = rng.randint(1, 9) if intent == "wait" else None
    name = rng.choice(thing.names(language)) if thing else ""
    text = utterance(fill(phrase, language, name, number or 0))
    return Utterance(text, language, intent, thing.key if thing else None, number)


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
        looks = skill in ("describe", "tap", "find")
        # Talk about other things goes on while a screenshot is there.
        scene_index = (
            self.draw_scene(rng) if looks or (skill not in ("no_screen",) and rng.random() < 0.25) else None
        )
        scene = None if scene_index is None else self.scenes[scene_index]
        intent = skill
        if skill == "command":
            intent = rng.choice(("open", "open", "open", *MOVES))
        elif skill == "no_screen":
            intent = rng.choice(("describe", "tap", "find"))
        if intent == "decline":
            task, text = Task(intent, language), rng.choice(OUTSIDE[language].of(self.split))
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
        if key is not None:
            name = rng.choice(BY_KEY[key].names(language))
        phrase = rng.choice(PHRASES[intent][language].of(self.split))
        text = vary(rng, fill(phrase, language, name, number or 0), self.split)
        return Task(intent, language, key=key, number=number), text

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
        elif skill == "spoken_command":
            intents = [intent for intent in self.recordings if intent not in ("digit", "nothing")]
            weights = {"tap": 2, "open": 8, "describe": 0.5}
            intent = rng.choices(intents, [weights.get(intent, 1) for intent in intents])[0]
            index = rng.choice(self.recordings[intent])
            scene_index = (
                self.draw_scene(rng) if intent in ("tap", "describe") and rng.random() < 0.5 else None
            )
        else:
            scene_index = self.draw_scene(rng)
            index = self.draw_spoken_target(rng, self.scenes[scene_index])
        spoken = self.utterances[index]
        task = Task(spoken.intent, spoken.language, spoken.text, spoken.key, spoken.number)
        return self.finish(rng, skill, task, "", scene_index, index)

    def draw_scene(self, rng: Random) -> int:
        return rng.randrange(len(self.scenes))

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
        thinking, answer, expectation = respond(task, scene)
        thinks = rng.random() < 0.85
        last = Turn(text, thinking, answer, screen=scene is not None, speech=recording is not None)
        turns = (last,)
        if rng.random() < 0.2:
            turns = self.precede(rng, last, scene)
        return Sample(skill, task.language, turns, expectation, thinks, scene_index, recording)

    def precede(self, rng: Random, last: Turn, scene: Scene | None) -> tuple[Turn, ...]:
        """An earlier turn before the last one; the screenshot may have come with it."""
        language: Language = rng.choice(("zh", "en"))
        came_earlier = scene is not None and rng.random() < 0.6
        intent = rng.choice(("describe", "tap") if came_earlier else (*TEXT_INTENTS, "open"))
        task, text = self.ask(rng, intent, language, scene if came_earlier else None)
        _, answer, _ = respond(task, scene if came_earlier else None)
        earlier = Turn("" if rng.random() < 0.2 else text, "", answer, screen=came_earlier)
        shown = last.screen and not came_earlier
        return (earlier, Turn(last.user, last.thinking, last.answer, shown, last.speech))


def vary(rng: Random, text: str, split: Split) -> str:
    """Small liberties that people take with capitals and full stops."""
    draw = rng.random()
    if split == "train" and draw < 0.15:
        return text.lower()
    if split == "train" and draw < 0.25 and text and text[-1] not in "？?.。！!":
        return text + ("。" if ord(text[-1]) > 0x2E80 else ".")
    return text
