"""The words of recording and of reading aloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autoglm_ui.recorder import Problem


@dataclass(frozen=True, slots=True)
class VoiceWords:
    """Names in braces are filled in with `str.format`. `problems`: why there is no recording."""

    cancel: str
    aloud: str
    aloud_hint: str
    microphone: str
    microphone_hint: str
    browsers: str
    machine_record: str
    machine_stop: str
    machine_silent: str
    elsewhere: str
    left_behind: str
    problems: Mapping[Problem, str]


EN = VoiceWords(
    cancel="Cancel the recording (Esc)",
    aloud="Read answers aloud",
    aloud_hint="With this browser's own voice; nothing is sent for it",
    microphone="Microphone",
    microphone_hint="This machine's own work in pages without HTTPS, too",
    browsers="The browser's",
    machine_record="Record with this machine's microphone",
    machine_stop="End the recording",
    machine_silent="This recording is silent. Is {name} switched on? Another microphone can be chosen in the "
    "settings.",
    elsewhere="This machine's microphone is for who sits at it. Attach a recording instead.",
    left_behind="The recording is in the conversation in which it was begun.",
    problems={
        "no_library": "This machine's microphone needs PortAudio, which is not installed. On Debian and "
        "Ubuntu: sudo apt install libportaudio2. Then start the program again.",
        "no_device": "This machine has no microphone. Connect one and try again, or attach a recording.",
        "refused": "This machine's microphone could not be started; another program may be using it. Choose "
        "another one in the settings, or attach a recording.",
        "taken": "This machine's microphone is recording for another page. End that recording first.",
        "nothing": "This machine's microphone gave no sound at all. See that it is connected and switched "
        "on, or choose another one in the settings.",
    },
)

ZH = VoiceWords(
    cancel="取消录音（Esc）",
    aloud="朗读回答",
    aloud_hint="用浏览器自带的语音，不发送任何内容",
    microphone="麦克风",
    microphone_hint="本机的麦克风在没有 HTTPS 的页面里也能用",
    browsers="浏览器的麦克风",
    machine_record="用本机麦克风录音",
    machine_stop="结束录音",
    machine_silent="这段录音没有声音。{name} 打开了吗？可以在设置中换一个麦克风。",
    elsewhere="只有坐在这台机器前的人才能用它的麦克风。请改为添加录音文件。",
    left_behind="录音在开始录它的那个对话里。",
    problems={
        "no_library": "本机麦克风需要 PortAudio，但没有安装。在 Debian 和 Ubuntu 上请运行 "
        "sudo apt install libportaudio2，然后重新启动程序。",
        "no_device": "本机没有麦克风。请连接后重试，或者添加录音文件。",
        "refused": "本机麦克风无法启动，可能正被其他程序使用。请在设置中换一个，或者添加录音文件。",
        "taken": "本机麦克风正在为另一个页面录音。请先结束那段录音。",
        "nothing": "本机麦克风没有传来任何声音。请确认它已连接并打开，或在设置中换一个。",
    },
)
