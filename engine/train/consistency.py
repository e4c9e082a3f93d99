"""Whether what nano thought leads to what it said, whatever was asked.

A rule pairs the form of an answer with the form of the thinking that leads to it, and says what the two
must share: the place that was seen holds the point that is tapped, as many things were gone through as are
counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.train.facts import COUNTED_NAMES, STATES, UNREADABLE
from engine.train.lexicon import Language
from engine.train.phrases import EN_DIGITS, ZH_DIGITS
from engine.train.replies import ACTIONS, MEANINGS, SAYINGS
from engine.train.scene import place_of

Match = re.Match[str]

HEARD = re.compile(r'^(?:我听到“(.*?)”。|I hear "(.*?)"\. )')
COUNTED = re.compile(r"(?:我数一数|[^：。]+从上到下)：.+?。|(?:I count|From top to bottom): .+?\. ")
# What of its thinking nano says where thinking is off.
ALOUD = re.compile(f"(?:{HEARD.pattern.removeprefix('^')})?(?:{COUNTED.pattern})?")
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Rule:
    """`agree` is given the answer's match and the thinking's; the heard words are `heard`'s."""

    answer: re.Pattern[str]
    thinking: re.Pattern[str]
    agree: Callable[[Match, Match], bool]


def consistent(thinking: str, answer: str) -> bool:
    """Whether one of the rules accepts the two. What was heard may stand before the thinking."""
    heard = HEARD.match(thinking)
    words = next((text for text in heard.groups() if text is not None), "") if heard else ""
    conclusion = thinking[heard.end() :] if heard else thinking
    if digit := DIGIT_ANSWER.fullmatch(answer):
        return conclusion in DIGIT_THOUGHTS and words in names_of_digit(int(digit[1]))
    for rule in RULES:
        said, thought = rule.answer.fullmatch(answer), rule.thinking.fullmatch(conclusion)
        if said and thought and rule.agree(said, thought):
            return True
    return False


DIGIT_ANSWER = re.compile(r"(?:数字 |The digit )(\d)[。.]")
DIGIT_THOUGHTS = ("是一个数字。", "It is a digit.")


def names_of_digit(digit: int) -> tuple[str, str]:
    return ZH_DIGITS[digit], EN_DIGITS[digit]


def same(*names: str) -> Callable[[Match, Match], bool]:
    """The groups of these names are the same in both."""
    return lambda said, thought: all(said[name] == thought[name] for name in names)


def always(_said: Match, _thought: Match) -> bool:
    return True


def in_place(language: Language) -> Callable[[Match, Match], bool]:
    return lambda said, thought: place_of(int(said["x"]), int(said["y"]), language) == thought["place"]


def counted(on: str) -> Callable[[Match, Match], bool]:
    """As many as were gone through, and as many of them on."""

    def agree(said: Match, thought: Match) -> bool:
        items = [item.partition(" ") for item in re.split("、|, ", thought["listed"])]
        listed = [words for _, _, words in items]
        lit = said["lit"] if "lit" in said.groupdict() else None
        in_turn = [ordinal for ordinal, _, _ in items] == [str(place + 1) for place in range(len(items))]
        fits = lit is None or int(lit) == listed.count(on)
        return in_turn and int(said["number"] or 1) == len(listed) and fits

    return agree


def exactly(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def fixed_rules() -> Iterator[Rule]:
    """Sayings and actions: each has its own thought."""
    for language in LANGUAGES:
        for table in (SAYINGS, UNREADABLE):
            for pair in table.values():
                thinking, answer = pair[language]
                yield Rule(exactly(answer), exactly(thinking), always)
        for intent, action in ACTIONS.items():
            yield Rule(exactly(action), exactly(MEANINGS[intent][language]), always)


def counting_rules() -> Iterator[Rule]:
    for kind in STATES:
        (zh, _), (one, many) = COUNTED_NAMES[kind]["zh"], COUNTED_NAMES[kind]["en"]
        (on_zh, _), (on, off) = STATES[kind]["zh"], STATES[kind]["en"]
        yield Rule(
            re.compile(rf"有 (?P<number>\d+) 个{zh}，(?P<lit>\d+) 个{on_zh}着。"),
            re.compile(rf"{zh}从上到下：(?P<listed>.+)。"),
            counted(on_zh),
        )
        yield Rule(
            re.compile(rf"There are (?P<number>\d+) {many}, (?P<lit>\d+) of them {on}\."),
            re.compile(r"From top to bottom: (?P<listed>.+)\."),
            counted(on),
        )
        yield Rule(
            re.compile(rf"There is 1 {one}, and it is (?P<state>{on}|{off})\."),
            re.compile(r"From top to bottom: 1 (?P<state>\w+)\."),
            same("state"),
        )
        yield Rule(exactly(f"屏幕上没有{zh}。"), exactly(f"我没有看到{zh}。"), always)
        yield Rule(exactly(f"There is no {one} on the screen."), exactly(f"I see no {one}."), always)


def pattern_rules() -> Iterator[Rule]:
    """Thinking and answer as they are, in both languages; groups of one name must agree."""
    tap = r'do\(action="Tap", element=\[(?P<x>\d+),(?P<y>\d+)\]\)'
    seen_zh, seen = r"我看到(?P<name>.+)在(?P<place>.+)。", r"I see (?P<name>.+) at the (?P<place>.+)\."
    yield Rule(re.compile(tap), re.compile(seen_zh), in_place("zh"))
    yield Rule(re.compile(tap), re.compile(seen), in_place("en"))
    launch = re.compile(r'do\(action="Launch", app="(?P<name>.+)"\)')
    wait = re.compile(r'do\(action="Wait", duration="(?P<number>\d+) seconds"\)')
    pairs: list[tuple[str | re.Pattern[str], str, tuple[str, ...]]] = [
        (r"有，(?P<name>.+)在(?P<place>.+)。", seen_zh, ("name", "place")),
        (r"Yes, (?P<name>.+) is at the (?P<place>.+)\.", seen, ("name", "place")),
        (r"屏幕上没有(?P<name>.+)。", r"我找(?P<name>.+)，没有看到。", ("name",)),
        (
            r"I do not see (?P<name>.+) on the screen\.",
            r"I look for (?P<name>.+) and do not see it\.",
            ("name",),
        ),
        (launch, r"要打开(?P<name>.+)。", ("name",)),
        (launch, r"Open (?P<name>.+)\.", ("name",)),
        (wait, r"要等待 (?P<number>\d+) 秒。", ("number",)),
        (wait, r"Wait (?P<number>\d+) seconds\.", ("number",)),
        (r"屏幕上的时间是 (?P<value>.+)。", r"屏幕上写着(?P<value>.+)。", ("value",)),
        (r"The time on the screen is (?P<value>.+)\.", r"The screen says (?P<value>.+)\.", ("value",)),
        (r"电量是 (?P<value>\d+)%。", r"状态栏里写着(?P<value>\d+)%。", ("value",)),
        (r"The battery is at (?P<value>\d+)%\.", r"The status bar says (?P<value>\d+)%\.", ("value",)),
        (r"无线网络开着。", r"我看到无线信号。", ()),
        (r"Wi-Fi is on\.", r"I see the Wi-Fi sign\.", ()),
        (r"没有无线信号，无线网络没开。", r"状态栏里没有无线信号。", ()),
        (r"I see no Wi-Fi sign, so it is off\.", r"There is no Wi-Fi sign in the status bar\.", ()),
        (r"屏幕上没有我认得的应用。", r"我没有看到应用。", ()),
        (r"There is no app that I know on the screen\.", r"I see no apps\.", ()),
        (r"这是.+。", r"我看整个画面。", ()),
        (r"This is .+\.", r"I look at the whole picture\.", ()),
        (r"屏幕上有：.+。", r"这是.+，我从上往下看。", ()),
        (r"On the screen: .+\.", r"This is .+\. I look from top to bottom\.", ()),
    ]  # fmt: skip
    for answer, thinking, names in pairs:
        yield Rule(re.compile(answer), re.compile(thinking), same(*names))
    for answer, thinking in (
        (r"有 (?P<number>\d+) 个应用。", r"我数一数：(?P<listed>.+)。"),
        (r"There (?:is|are) (?P<number>\d+) apps?\.", r"I count: (?P<listed>.+)\."),
    ):
        yield Rule(re.compile(answer), re.compile(thinking), counted(""))


RULES = (*fixed_rules(), *counting_rules(), *pattern_rules())
