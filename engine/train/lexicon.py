"""What nano knows by name: the apps and controls it can point at, in Chinese and English.

The first name in each language is the one that nano says; the others are what people also say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]
Split = Literal["train", "heldout"]
#: What a voice of each language cannot read.
FOREIGN: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"[0-9A-Za-z]"),
    "en": re.compile(r"[^\x20-\x7e]|[0-9]"),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One nameable thing on a phone screen. `key` is stable and is the dense label of the encoders."""

    key: str
    kind: Literal["app", "control", "reading"]
    zh: tuple[str, ...]
    en: tuple[str, ...]

    def names(self, language: Language) -> tuple[str, ...]:
        return self.zh if language == "zh" else self.en

    def name(self, language: Language) -> str:
        return self.names(language)[0]


def _app(key: str, zh: str, en: str) -> Thing:
    return Thing(key, "app", tuple(zh.split("|")), tuple(en.split("|")))


def _control(key: str, zh: str, en: str) -> Thing:
    return Thing(key, "control", tuple(zh.split("|")), tuple(en.split("|")))


THINGS: tuple[Thing, ...] = (
    _app("camera", "相机|照相机", "Camera"),
    _app("photos", "相册|图库", "Photos|Gallery"),
    _app("clock", "时钟|闹钟", "Clock|Alarm"),
    _app("calendar", "日历", "Calendar"),
    _app("calculator", "计算器", "Calculator"),
    _app("settings", "设置", "Settings"),
    _app("phone", "电话|拨号", "Phone|Dialer"),
    _app("messages", "短信|信息", "Messages|Texts"),
    _app("mail", "邮件|邮箱", "Mail|Email"),
    _app("browser", "浏览器", "Browser|Web browser"),
    _app("maps", "地图", "Maps|Map"),
    _app("music", "音乐", "Music"),
    _app("video", "视频", "Video|Videos"),
    _app("weather", "天气", "Weather"),
    _app("notes", "备忘录|便签", "Notes|Notepad"),
    _app("files", "文件|文件管理", "Files|File manager"),
    _app("store", "应用商店|应用市场", "App Store|Store"),
    _app("contacts", "通讯录|联系人", "Contacts"),
    _app("recorder", "录音机|录音", "Recorder|Voice recorder"),
    _app("health", "健康", "Health"),
    _app("wallet", "钱包", "Wallet"),
    _app("compass", "指南针", "Compass"),
    _app("flashlight", "手电筒", "Flashlight|Torch"),
    _app("shopping", "购物", "Shopping"),
    _control("back", "返回按钮|返回键", "back button|back arrow"),
    _control("search", "搜索按钮|搜索框", "search button|search box"),
    _control("switch", "开关", "switch|toggle"),
    _control("menu", "菜单按钮|菜单", "menu button|menu"),
    _control("add", "添加按钮|加号", "add button|plus button"),
    _control("close", "关闭按钮|叉号", "close button|cross"),
    _control("share", "分享按钮", "share button"),
    _control("delete", "删除按钮|垃圾桶", "delete button|trash button"),
    _control("edit", "编辑按钮|铅笔", "edit button|pencil"),
    _control("download", "下载按钮", "download button"),
    _control("play", "播放按钮", "play button"),
    _control("like", "点赞按钮|爱心", "like button|heart"),
    _control("send", "发送按钮", "send button"),
    _control("checkbox", "复选框|勾选框", "checkbox|check box"),
    _control("slider", "滑块", "slider"),
    _control("refresh", "刷新按钮", "refresh button|reload button"),
)

# What the status bar says. It is read, not pointed at, and no description lists it.
READINGS: tuple[Thing, ...] = (
    Thing("time", "reading", ("时间",), ("time",)),
    Thing("battery", "reading", ("电量",), ("battery",)),
    Thing("wifi", "reading", ("无线网络",), ("Wi-Fi",)),
)

BY_KEY: dict[str, Thing] = {thing.key: thing for thing in (*THINGS, *READINGS)}
APPS: tuple[Thing, ...] = tuple(thing for thing in THINGS if thing.kind == "app")
CONTROLS: tuple[Thing, ...] = tuple(thing for thing in THINGS if thing.kind == "control")
