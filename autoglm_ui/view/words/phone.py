"""The words of the phone that is connected to this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autoglm_ui.phone import Reason


@dataclass(frozen=True, slots=True)
class PhoneWords:
    """Names in braces are filled in with `str.format`; `failures` say what happened and what to do."""

    fetch: str
    fetch_from: str
    which: str
    act: str
    confirm: str
    exactly: str
    do_it: str
    cancel: str
    done: str
    fetch_again: str
    outdated: str
    failures: Mapping[Reason, str]


EN = PhoneWords(
    fetch="Fetch the phone's screen",
    fetch_from="Fetch the screen of {name}",
    which="Which phone",
    act="Do it on the phone",
    confirm="Do this on {name}?",
    exactly="Exactly this is run:",
    do_it="Do it",
    cancel="Cancel",
    done="Done on {name}.",
    fetch_again="Fetch its screen",
    outdated="This step is no longer there. Choose it again.",
    failures={
        "no_adb": "adb could not be started. Is it still installed?",
        "gone": "The phone is no longer connected. Plug it in again.",
        "unauthorized": "The phone has not allowed this machine yet. Unlock it and confirm “Allow USB "
        "debugging”.",
        "offline": "The phone is connected and does not answer. Unplug it and plug it in again.",
        "timed_out": "The phone took too long to answer. Is it unlocked?",
        "no_picture": "The phone gave no picture of its screen. Some apps forbid it.",
        "refused": "The phone refused. Some need “USB debugging (security settings)” in the developer "
        "options.",
        "shape": "The places are not on a picture of this phone's screen. Fetch its screen first, and ask "
        "with that.",
        "text": "Through adb only letters, digits and simple punctuation can be typed. Type this by hand.",
        "other": "adb could not do it.",
    },
)

ZH = PhoneWords(
    fetch="获取手机屏幕",
    fetch_from="获取 {name} 的屏幕",
    which="哪部手机",
    act="在手机上执行",
    confirm="在 {name} 上执行这一步？",
    exactly="将执行的正是：",
    do_it="执行",
    cancel="取消",
    done="已在 {name} 上执行。",
    fetch_again="获取它的屏幕",
    outdated="这一步已经不在了，请重新选择。",
    failures={
        "no_adb": "adb 无法启动。它还在吗？",
        "gone": "手机已断开，请重新连接。",
        "unauthorized": "手机还没有允许这台电脑。请解锁手机，并在“允许 USB 调试”中确认。",
        "offline": "手机已连接但没有响应，请拔下数据线再插上。",
        "timed_out": "手机响应太慢。它解锁了吗？",
        "no_picture": "手机没有给出屏幕图片，有些应用不允许截屏。",
        "refused": "手机拒绝了。有些手机需要在开发者选项中打开“USB 调试（安全设置）”。",
        "shape": "这些位置不在这部手机的屏幕图片上。请先获取它的屏幕，再用那张图提问。",
        "text": "adb 只能输入字母、数字和简单的标点，请手动输入这段文字。",
        "other": "adb 没能完成。",
    },
)
