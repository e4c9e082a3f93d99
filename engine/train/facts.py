"""What a screen says of itself: the time, the charge, what is switched on, how many, what page it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.train.lexicon import BY_KEY, Language
from engine.train.scene import Scene
from engine.train.tasks import TEXT, Mention, Reply, Task

LAYOUTS: dict[str, dict[Language, str]] = {
    "home": {"zh": "主屏幕", "en": "a home screen"},
    "settings": {"zh": "设置页面", "en": "a settings page"},
    "dialog": {"zh": "对话框", "en": "a dialog"},
    "player": {"zh": "播放页面", "en": "a player"},
    "chat": {"zh": "聊天页面", "en": "a chat"},
}
ANY_PAGE: dict[Language, str] = {"zh": "应用页面", "en": "an app page"}

COUNTED_NAMES: dict[str, dict[Language, tuple[str, str]]] = {
    "switch": {"zh": ("开关", "开关"), "en": ("switch", "switches")},
    "checkbox": {"zh": ("复选框", "复选框"), "en": ("checkbox", "checkboxes")},
}
# How each is said to be, one and one: on, then off.
STATES: dict[str, dict[Language, tuple[str, str]]] = {
    "switch": {"zh": ("开", "关"), "en": ("on", "off")},
    "checkbox": {"zh": ("勾", "空"), "en": ("ticked", "empty")},
}

UNREADABLE: dict[str, dict[Language, tuple[str, str]]] = {
    "time": {
        "zh": ("我找时间，看不清。", "屏幕上的时间我看不清。"),
        "en": ("I look for the time and cannot read it.", "I cannot read a time on this screen."),
    },
    "battery": {
        "zh": ("我找电量，看不清。", "屏幕上的电量我看不清。"),
        "en": (
            "I look for the battery level and cannot read it.",
            "I cannot read a battery level on this screen.",
        ),
    },
    "wifi": {
        "zh": ("我找无线信号，看不清。", "状态栏我看不清，不知道无线网络开没开。"),
        "en": (
            "I look for the Wi-Fi sign and cannot tell.",
            "I cannot read the status bar, so I cannot tell.",
        ),
    },
}


# What a reading is said to be: the thinking, the answer.
SAID: dict[str, dict[Language, tuple[str, str]]] = {
    "time": {
        "zh": ("屏幕上写着{value}。", "屏幕上的时间是 {value}。"),
        "en": ("The screen says {value}.", "The time on the screen is {value}."),
    },
    "battery": {
        "zh": ("状态栏里写着{value}%。", "电量是 {value}%。"),
        "en": ("The status bar says {value}%.", "The battery is at {value}%."),
    },
}


def read_out(task: Task, scene: Scene) -> Reply:
    """The time or the charge."""
    spot = scene.reading(task.intent)
    if spot is None:
        return Reply(*UNREADABLE[task.intent][task.language])
    thinking, answer = (text.format(value=spot.value) for text in SAID[task.intent][task.language])
    return Reply(thinking, answer, TEXT, (Mention(spot.value, spot),) * 2)


def tell_wifi(task: Task, scene: Scene) -> Reply:
    language, chinese, spot = task.language, task.language == "zh", scene.reading("wifi")
    if spot is not None:
        sign = "无线信号" if chinese else "Wi-Fi sign"
        thinking = f"我看到{sign}。" if chinese else f"I see the {sign}."
        answer = "无线网络开着。" if chinese else "Wi-Fi is on."
        return Reply(thinking, answer, TEXT, (Mention(sign, spot),))
    if scene.reading("battery") is None:
        return Reply(*UNREADABLE["wifi"][language])
    if chinese:
        return Reply("状态栏里没有无线信号。", "没有无线信号，无线网络没开。")
    return Reply("There is no Wi-Fi sign in the status bar.", "I see no Wi-Fi sign, so it is off.")


def numbered(mentions: Sequence[Mention], language: Language) -> str:
    """ "1 Clock, 2 Maps": who counts aloud knows the number at the end."""
    return ("、" if language == "zh" else ", ").join(
        f"{number} {mention.words}" for number, mention in enumerate(mentions, 1)
    )


def count(task: Task, scene: Scene) -> Reply:
    """The things of a kind are gone through first, so that there is something to count."""
    assert task.key is not None
    if task.key == "app":
        return count_apps(task, scene)
    chinese, (one, many) = task.language == "zh", COUNTED_NAMES[task.key][task.language]
    on, off = STATES[task.key][task.language]
    spots = [spot for spot in scene.spots if spot.key == task.key]
    if not spots:
        if chinese:
            return Reply(f"我没有看到{one}。", f"屏幕上没有{one}。")
        return Reply(f"I see no {one}.", f"There is no {one} on the screen.")
    mentions = tuple(Mention(on if spot.value == "on" else off, spot) for spot in spots)
    listed = numbered(mentions, task.language)
    number, lit = len(spots), sum(spot.value == "on" for spot in spots)
    if chinese:
        answer = f"有 {number} 个{one}，{lit} 个{on}着。"
        thinking = f"{one}从上到下：{listed}。"
        return Reply(thinking, answer, TEXT, mentions, aloud=thinking)
    answer = f"There are {number} {many}, {lit} of them {on}."
    if number == 1:
        answer = f"There is 1 {one}, and it is {on if lit else off}."
    thinking = f"From top to bottom: {listed}."
    return Reply(thinking, answer, TEXT, mentions, aloud=f"{thinking} ")


def count_apps(task: Task, scene: Scene) -> Reply:
    chinese = task.language == "zh"
    spots = [spot for spot in scene.firsts() if BY_KEY[spot.key].kind == "app"]
    mentions = tuple(Mention(BY_KEY[spot.key].name(task.language), spot) for spot in spots)
    listed = numbered(mentions, task.language)
    if not spots:
        if chinese:
            return Reply("我没有看到应用。", "屏幕上没有我认得的应用。")
        return Reply("I see no apps.", "There is no app that I know on the screen.")
    if chinese:
        thinking = f"我数一数：{listed}。"
        return Reply(thinking, f"有 {len(spots)} 个应用。", TEXT, mentions, aloud=thinking)
    thinking = f"I count: {listed}."
    verb, noun = ("is", "app") if len(spots) == 1 else ("are", "apps")
    return Reply(thinking, f"There {verb} {len(spots)} {noun}.", TEXT, mentions, aloud=f"{thinking} ")


def tell_page(task: Task, scene: Scene) -> Reply:
    name = LAYOUTS.get(scene.layout, ANY_PAGE)[task.language]
    if task.language == "zh":
        return Reply("我看整个画面。", f"这是{name}。")
    return Reply("I look at the whole picture.", f"This is {name}.")


FACTS: dict[str, Callable[[Task, Scene], Reply]] = {
    "time": read_out,
    "battery": read_out,
    "wifi": tell_wifi,
    "count": count,
    "page": tell_page,
}
