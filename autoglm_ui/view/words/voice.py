"""The words of recording and of reading aloud."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoiceWords:
    cancel: str
    aloud: str
    aloud_hint: str


EN = VoiceWords(
    cancel="Cancel the recording (Esc)",
    aloud="Read answers aloud",
    aloud_hint="With this browser's own voice; nothing is sent for it",
)

ZH = VoiceWords(
    cancel="取消录音（Esc）",
    aloud="朗读回答",
    aloud_hint="用浏览器自带的语音，不发送任何内容",
)
