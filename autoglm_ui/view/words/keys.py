"""The words of the list of keys."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyWords:
    """`keys` are pairs of a key and what it does."""

    title: str
    close: str
    keys: tuple[tuple[str, str], ...]


EN = KeyWords(
    title="Keys",
    close="Close",
    keys=(
        ("Enter", "Send"),
        ("Shift+Enter", "New line"),
        ("Esc", "Stop the answer, cancel a recording, close what is open"),
        ("Ctrl+K", "Search conversations"),
        ("Ctrl+Shift+O", "New chat"),
        ("/", "Write a message"),
        ("?", "This list"),
    ),
)

ZH = KeyWords(
    title="快捷键",
    close="关闭",
    keys=(
        ("Enter", "发送"),
        ("Shift+Enter", "换行"),
        ("Esc", "停止回答、取消录音、关闭打开的内容"),
        ("Ctrl+K", "搜索对话"),
        ("Ctrl+Shift+O", "新对话"),
        ("/", "写消息"),
        ("?", "这个列表"),
    ),
)
