"""The words of the card that shows what an answer asks to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionWords:
    """`names` by AutoGLM-Phone's own; names in braces are filled in with `str.format`."""

    title: str
    names: Mapping[str, str]
    as_written: str
    thousandths: str
    pixels: str
    read_as_pixels: str
    read_as_fractions: str
    guess: str
    outside: str
    no_picture: str
    picture: str
    unreadable: str
    cut: str
    argument: str
    place: str


EN = ActionWords(
    title="What to do",
    names={
        "Tap": "Tap",
        "Long Press": "Press and hold",
        "Double Tap": "Tap twice",
        "Swipe": "Swipe",
        "Type": "Type",
        "Type_Name": "Type a name",
        "Launch": "Open an app",
        "Back": "Go back",
        "Home": "Go to the home screen",
        "Wait": "Wait",
        "Note": "Note down",
        "Call_API": "Sum up",
        "Interact": "Ask the person to choose",
        "Take_over": "Hand over to the person",
        "Finish": "Finished",
        "Box": "A box",
        "Point": "A point",
    },
    as_written="as written",
    thousandths="0–999",
    pixels="pixels",
    read_as_pixels="Some numbers are above 1000, so all were read as pixels.",
    read_as_fractions="The numbers are decimals up to 1, so they were read as parts of the whole.",
    guess="Bare numbers in a sentence: they may mean something else.",
    outside="This lies outside of the picture of {width}×{height}.",
    no_picture="There is no picture in this turn to show it on.",
    picture="The picture with what the answer points at",
    unreadable="This looks like an action and could not be read",
    cut="It breaks off.",
    argument="One of its arguments makes no sense.",
    place="It does not say where: a place is two numbers, a box four, a swipe two places.",
)

ZH = ActionWords(
    title="要做的操作",
    names={
        "Tap": "点击",
        "Long Press": "长按",
        "Double Tap": "双击",
        "Swipe": "滑动",
        "Type": "输入",
        "Type_Name": "输入姓名",
        "Launch": "打开应用",
        "Back": "返回",
        "Home": "回到主屏幕",
        "Wait": "等待",
        "Note": "记录",
        "Call_API": "总结",
        "Interact": "请人选择",
        "Take_over": "交给人操作",
        "Finish": "完成",
        "Box": "方框",
        "Point": "位置",
    },
    as_written="原文",
    thousandths="0–999",
    pixels="像素",
    read_as_pixels="有数字大于 1000，因此都按像素读取。",
    read_as_fractions="数字都是不超过 1 的小数，因此按比例读取。",
    guess="句子里的数字，也可能不是位置。",
    outside="这个位置在 {width}×{height} 的图片之外。",
    no_picture="这一轮没有图片，无法画出位置。",
    picture="标出了回答所指位置的图片",
    unreadable="这像是一个操作，但读不出来",
    cut="它没有写完。",
    argument="其中一个参数没有意义。",
    place="没有说明位置：位置是两个数，方框是四个数，滑动是两个位置。",
)
