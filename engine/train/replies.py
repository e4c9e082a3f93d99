"""What nano should think and answer, to whatever is asked of it."""

# ruff: noqa: E501 - sayings stand on one line
from __future__ import annotations

from dataclasses import replace

from engine.train.facts import ANY_PAGE, FACTS, LAYOUTS
from engine.train.lexicon import BY_KEY, Language
from engine.train.scene import Scene, place
from engine.train.tasks import TEXT, Expectation, Mention, Reply, Task

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
    "unsure": {
        "zh": ("我没有认出熟悉的图标。", "我不确定：这张图里没有我认得的应用或按钮。"),
        "en": ("I recognise no icon here.", "I am not sure: I recognise no app or button in this picture."),
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


def respond(task: Task, scene: Scene | None) -> Reply:
    """The correct answer. What was heard is repeated before it is thought about."""
    reply = reply_to(task, scene)
    if task.heard is None or task.intent == "nothing":
        return reply
    heard = repeat(task.heard, task.language)
    return replace(
        reply,
        thinking=(heard + reply.thinking).strip(),
        mentions=(Mention(task.heard, None), *reply.mentions),
        aloud=heard + reply.aloud,
    )


def repeat(heard: str, language: Language) -> str:
    return f"我听到“{heard}”。" if language == "zh" else f'I hear "{heard}". '


def reply_to(task: Task, scene: Scene | None) -> Reply:
    language, chinese = task.language, task.language == "zh"
    if task.intent in ("identity", "help", "greeting", "thanks", "decline"):
        return Reply(*SAYINGS[task.intent][language])
    if task.intent == "nothing":
        return Reply(*SAYINGS["silence"][language])
    if task.intent == "digit":
        assert task.number is not None
        thinking = "是一个数字。" if chinese else "It is a digit."
        return Reply(thinking, f"数字 {task.number}。" if chinese else f"The digit {task.number}.")
    if task.intent in ACTIONS:
        return Reply(MEANINGS[task.intent][language], ACTIONS[task.intent])
    if task.intent == "wait":
        thinking = f"要等待 {task.number} 秒。" if chinese else f"Wait {task.number} seconds."
        return Reply(thinking, f'do(action="Wait", duration="{task.number} seconds")')
    if task.intent == "open":
        assert task.key is not None
        name = BY_KEY[task.key].name(language)
        thinking = f"要打开{name}。" if chinese else f"Open {name}."
        return Reply(thinking, f'do(action="Launch", app="{name}")')
    if scene is None:
        return Reply(*SAYINGS["no_screen"][language])
    if task.intent in ("describe", "page") and not scene.spots:
        return Reply(*SAYINGS["unsure"][language])
    if task.intent == "describe":
        return describe(scene, language)
    if task.intent in FACTS:
        return FACTS[task.intent](task, scene)
    assert task.intent in ("tap", "find") and task.key is not None
    return point(task, scene)


def describe(scene: Scene, language: Language) -> Reply:
    """Every kind of thing once, in reading order."""
    mentions = tuple(Mention(BY_KEY[spot.key].name(language), spot) for spot in scene.firsts())
    names = [mention.words for mention in mentions]
    layout = LAYOUTS.get(scene.layout, ANY_PAGE)[language]
    if language == "zh":
        thinking, answer = f"这是{layout}，我从上往下看。", "屏幕上有：" + "、".join(names) + "。"
    else:
        thinking = f"This is {layout}. I look from top to bottom."
        answer = "On the screen: " + ", ".join(names) + "."
    things = frozenset(spot.key for spot in scene.spots)
    return Reply(thinking, answer, Expectation("things", things=things), mentions)


def point(task: Task, scene: Scene) -> Reply:
    assert task.key is not None
    language, chinese = task.language, task.language == "zh"
    name = BY_KEY[task.key].name(language)
    there = [spot for spot in scene.spots if spot.key == task.key]
    if not there:
        if chinese:
            return Reply(f"我找{name}，没有看到。", f"屏幕上没有{name}。")
        return Reply(f"I look for {name} and do not see it.", f"I do not see {name} on the screen.")
    spot = there[0]
    where = place(spot, language)
    thinking = f"我看到{name}在{where}。" if chinese else f"I see {name} at the {where}."
    seen = (Mention(name, spot), Mention(where, spot))
    if task.intent == "find":
        answer = f"有，{name}在{where}。" if chinese else f"Yes, {name} is at the {where}."
        return Reply(thinking, answer, TEXT, seen + seen)
    x, y = spot.element
    answer = f'do(action="Tap", element=[{x},{y}])'
    return Reply(thinking, answer, Expectation("tap", box=spot.box), (*seen, Mention(f"[{x},{y}]", spot)))
