"""AutoGLM-Phone's own way of being asked: its system prompt, and its earlier answers as it wrote them.

The published checkpoint was trained on such prompts: a date, its role, the form of an answer, the actions and
their arguments, with coordinates from 0 to 999 of the whole picture. This is our wording of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from engine.protocol import Message, TextPart

WEEKDAYS = "一二三四五六日"

ACTIONS = """\
do(action="Launch", app="…")
do(action="Tap", element=[x,y])
do(action="Tap", element=[x,y], message="…")
do(action="Type", text="…")
do(action="Type_Name", text="…")
do(action="Interact")
do(action="Swipe", start=[x1,y1], end=[x2,y2])
do(action="Note", message="…")
do(action="Call_API", instruction="…")
do(action="Long Press", element=[x,y])
do(action="Double Tap", element=[x,y])
do(action="Take_over", message="…")
do(action="Back")
do(action="Home")
do(action="Wait", duration="x seconds")
finish(message="…")"""

CHINESE = """\
今天的日期是: {date}
你是一个手机操作助手。根据用户的任务和当前屏幕截图，决定下一步操作。

严格按以下格式回答：
<think>{{think}}</think>
<answer>{{action}}</answer>
{{think}} 说明为什么选择这个操作；{{action}} 是下列操作之一：
{actions}

坐标从左上角 (0,0) 到右下角 (999,999)，相对于整个屏幕。涉及付款、隐私等敏感点击时给 Tap 加上 \
message；需要登录或验证时用 Take_over；任务完成、无法完成或只需回答问题时用 finish。"""

ENGLISH = """\
The current date: {date}
You operate a phone. From the user's task and the current screenshot, decide on the next action.

Answer in exactly this form:
<think>{{think}}</think>
<answer>{{action}}</answer>
{{think}} says why; {{action}} is one of:
{actions}

Coordinates run from (0,0) at the top left to (999,999) at the bottom right of the whole screen. Give Tap a \
message where it pays or shows something private; use Take_over for logins and checks; use finish when the \
task is done, cannot be done, or is a question."""


def is_phone(name: str) -> bool:
    """Whether a checkpoint's name says that it is AutoGLM-Phone."""
    return bool(re.search(r"autoglm[-_ ]?phone", name, re.IGNORECASE))


def system_prompt(task: str, today: date) -> str:
    """The prompt in the language of `task`."""
    if re.search(r"[\u4e00-\u9fff]", task):
        day = f"{today.year}年{today.month:02d}月{today.day:02d}日 星期{WEEKDAYS[today.weekday()]}"
        return CHINESE.format(date=day, actions=ACTIONS)
    return ENGLISH.format(date=today.strftime("%Y-%m-%d, %A"), actions=ACTIONS)


def as_trained(messages: Sequence[Message], today: date | None = None) -> tuple[Message, ...]:
    """A conversation as AutoGLM-Phone knows it. A system message of the person's own stays as it is."""
    told = tuple(as_written(message) if message.role == "assistant" else message for message in messages)
    if told and told[0].role == "system":
        return told
    task = next((message.text for message in told if message.role == "user"), "")
    prompt = system_prompt(task, today or date.today())
    return (Message("system", (TextPart(prompt),)), *told)


def as_written(message: Message) -> Message:
    """An earlier answer with the tags that it was written with."""
    text = f"<think>{message.reasoning}</think>\n<answer>{message.text}</answer>"
    return replace(message, parts=(TextPart(text),), reasoning="")
