"""Splits a stream of text into thinking and answer, while it arrives.

Models write their thinking inline, `<think>…</think>answer`, and servers pass it on in many shapes:
opened by the template so that only `</think>` arrives, doubled, empty, cut off, or (AutoGLM-Phone)
with no tag at all before `do(action=`. `ThinkingSplitter` reads them all. It holds back no more than
what could be the start of a tag, and the way the text is cut into pieces never changes the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto

from engine.protocol import AnswerAdded, ReasoningAdded, Resplit

OPEN, CLOSE = "<think>", "</think>"
ANSWER_OPEN, ANSWER_CLOSE = "<answer>", "</answer>"
BOXES = ("<|begin_of_box|>", "<|end_of_box|>")
ACTIONS = ("do(action=", "finish(message=")
LINE_ENDS = "\r\n"

SplitEvent = ReasoningAdded | AnswerAdded | Resplit


class _Mode(Enum):
    START = auto()  # nothing but white space yet
    THINKING = auto()  # inside <think>
    BARE = auto()  # untagged text that an action will end
    ANSWER = auto()


def _alternation(tags: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, tags)))


_TAGS: dict[_Mode, tuple[str, ...]] = {
    _Mode.START: (OPEN, CLOSE),
    _Mode.THINKING: (OPEN, CLOSE, *BOXES),
    _Mode.BARE: (CLOSE, ANSWER_OPEN, *ACTIONS, *BOXES),
    _Mode.ANSWER: (OPEN, CLOSE, ANSWER_OPEN, ANSWER_CLOSE, *BOXES),
}
_LAST_ACTION = re.compile(r"(?:<answer>\s*)?(?P<action>(?:do|finish)\(.*\))\s*(?:</answer>)?\s*", re.DOTALL)
_PATTERNS = {mode: _alternation(tags) for mode, tags in _TAGS.items()}


class _Channel:
    """The text of one side so far, and whether its end is inside Markdown code."""

    def __init__(self, text: str = "") -> None:
        self._pieces: list[str] = []
        self._line = ""
        self._in_fence = False
        self.blank = True
        self.add(text)

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def in_inline_code(self) -> bool:
        """An odd number of backtick runs on this line: what comes next is quoted."""
        return not self._is_fence(self._line) and len(re.findall("`+", self._line)) % 2 == 1

    @property
    def in_code(self) -> bool:
        return self._in_fence or self.in_inline_code

    @staticmethod
    def _is_fence(line: str) -> bool:
        return line.lstrip().startswith("```")

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self.blank = self.blank and not text.strip()
        *complete, last = text.split("\n")
        for line in complete:
            self._in_fence ^= self._is_fence(self._line + line)
            self._line = ""
        self._line += last


class ThinkingSplitter:
    """Turns pieces of text into `ReasoningAdded` and `AnswerAdded`.

    `opened` says that the prompt already ended with `<think>`. `action_answers` says that untagged
    text before `do(action=` or `finish(message=` is thinking, as AutoGLM-Phone writes it. `apart` says
    that the thinking came by another way and this text is the answer.

    Rules: `<think>` counts at the very start only, and one block of thinking is read; tags anywhere
    else are text. A tag inside Markdown code is text too. Line ends next to a tag belong to the tag.
    `<answer>` around the answer and box markers are dropped. Where the text so far turns out to have
    been the other thing (a `</think>` that nothing opened; no action after untagged text) a `Resplit`
    says so.
    """

    def __init__(self, opened: bool = False, action_answers: bool = False, apart: bool = False) -> None:
        self._mode = _Mode.THINKING if opened else _Mode.ANSWER if apart else _Mode.START
        self._action_answers = action_answers
        self._pending = ""
        self._reasoning = _Channel()
        self._answer = _Channel()
        self._think_seen = opened or apart
        self._close_seen = apart
        self._trim = opened  # line ends next belong to the tag before
        self._unopened_close = False
        self._answer_opened = False
        self._literal_open = False
        self._quoted_close: int | None = None  # where in the reasoning a quoted `</think>` stands
        self._events: list[SplitEvent] = []

    @property
    def thinking_closed(self) -> bool:
        """A `</think>` ended the thinking."""
        return self._close_seen

    @property
    def in_thinking(self) -> bool:
        """What comes next is thinking, as far as is known."""
        return self._mode is _Mode.THINKING

    @property
    def unopened_close(self) -> bool:
        """A `</think>` arrived that nothing had opened: this server's template opens it."""
        return self._unopened_close

    def feed(self, text: str) -> list[SplitEvent]:
        """Take the next piece; returns what can be told of it, in order."""
        self._pending += text
        while self._pending and self._advance():
            pass
        return self._take_events()

    def close(self) -> list[SplitEvent]:
        """The text has ended; returns what was held back. The splitter is not used again."""
        if self._mode is _Mode.START:
            self._mode = _Mode.ANSWER
        rest, self._pending = self._pending, ""
        if self._mode is _Mode.ANSWER:
            self._emit(self._without_stray_close(rest))
        else:
            self._emit(rest)
            self._settle_unclosed()
        return self._take_events()

    # ------------------------------------------------------------------------------- one step

    def _advance(self) -> bool:
        """Consume up to the next tag; False when more text is needed."""
        if self._mode is _Mode.START:
            return self._advance_start()
        match = _PATTERNS[self._mode].search(self._pending)
        if match is None:
            held = self._held()
            self._emit(self._pending[: len(self._pending) - held])
            self._pending = self._pending[len(self._pending) - held :]
            return False
        tag, before, after = match.group(), self._pending[: match.start()], self._pending[match.end() :]
        if tag == ANSWER_CLOSE and not self._answer_opened and not after.strip():
            # Dropped at the very end, text anywhere else: wait for what follows.
            kept = before.rstrip(LINE_ENDS)
            self._emit(kept)
            self._pending = self._pending[len(kept) :]
            return False
        self._pending = after
        handle = {
            _Mode.THINKING: self._on_thinking_tag,
            _Mode.BARE: self._on_bare_tag,
            _Mode.ANSWER: self._on_answer_tag,
        }[self._mode]
        handle(before, tag)
        return True

    def _advance_start(self) -> bool:
        text = self._pending.lstrip()
        for tag, mode in ((OPEN, _Mode.THINKING), (CLOSE, _Mode.ANSWER)):
            if text.startswith(tag):
                self._think_seen = True
                self._close_seen = tag == CLOSE
                self._unopened_close = tag == CLOSE
                self._mode, self._pending, self._trim = mode, text[len(tag) :], True
                return True
            if tag.startswith(text):
                return False
        self._mode = _Mode.BARE if self._action_answers else _Mode.ANSWER
        return True

    def _on_thinking_tag(self, before: str, tag: str) -> None:
        if tag == CLOSE:
            trimmed = before.rstrip(LINE_ENDS)
            self._emit(trimmed)
            if not (trimmed == before and self._reasoning.in_inline_code):
                self._close_seen = self._trim = True
                self._mode = _Mode.ANSWER
                return
            self._quoted_close = len(self._reasoning.text)
            self._emit(tag)
            return
        self._emit(before)
        doubled = tag == OPEN and self._reasoning.blank
        if not doubled and (tag == OPEN or self._reasoning.in_inline_code):
            self._emit(tag)

    def _on_bare_tag(self, before: str, tag: str) -> None:
        trimmed = before.rstrip(LINE_ENDS)
        self._emit(before if tag in BOXES else trimmed)
        if trimmed == before and self._reasoning.in_inline_code:
            self._emit(tag)
            return
        if tag in BOXES:
            return
        self._mode = _Mode.ANSWER
        self._answer_opened = tag == ANSWER_OPEN
        self._think_seen = self._close_seen = self._unopened_close = tag == CLOSE
        self._trim = tag not in ACTIONS
        if tag in ACTIONS:
            self._emit(tag)

    def _on_answer_tag(self, before: str, tag: str) -> None:
        if tag == ANSWER_CLOSE and self._answer_opened:
            self._emit(trimmed := before.rstrip(LINE_ENDS))
            if trimmed == before and self._answer.in_code:
                self._emit(tag)
            return
        self._emit(before)
        if self._is_markup(tag):
            self._answer_opened |= tag == ANSWER_OPEN
            self._trim |= tag not in BOXES
            return
        if tag == OPEN and self._answer.blank and self._think_seen:
            self._mode = _Mode.THINKING  # the template closed an empty block, the model opened its own
            if not self._reasoning.blank:
                self._trim = False
                self._emit("\n")
            self._trim = True
            return
        if tag == CLOSE and not (self._think_seen or self._literal_open or self._answer.in_code):
            self._think_seen = self._close_seen = self._unopened_close = self._trim = True
            self._replace(self._reasoning.text + self._answer.text.strip(LINE_ENDS), "")
            return
        self._literal_open |= tag == OPEN
        self._emit(tag)

    def _is_markup(self, tag: str) -> bool:
        """Whether `tag`, met in the answer, stands around it and is no part of it."""
        if tag in BOXES:
            return not self._answer.in_code
        if not self._answer.blank:
            return False
        return tag == ANSWER_OPEN or (tag == CLOSE and self._close_seen)

    # ------------------------------------------------------------------------------- the end

    def _without_stray_close(self, rest: str) -> str:
        """`</answer>` at the very end is no part of an answer that came after thinking."""
        wrapped = self._think_seen or self._action_answers
        if wrapped and rest.strip() == ANSWER_CLOSE and not self._answer.in_code:
            return ""
        return rest.rstrip() if self._answer_opened else rest

    def _settle_unclosed(self) -> None:
        """The text ended before `</think>`, or before an action."""
        text = self._reasoning.text
        if self._mode is _Mode.BARE:
            self._replace("", text)
        elif self._quoted_close is not None:
            quoted = self._quoted_close
            line = text[quoted + len(CLOSE) :].split("\n", 1)[0]
            if "`" not in line:  # the backtick before it was never paired: it did end the thinking
                answer = text[quoted + len(CLOSE) :].lstrip(LINE_ENDS)
                self._close_seen = True
                self._replace(text[:quoted], answer)
        elif self._action_answers and (action := self._last_action(text)):
            self._replace(text[: action.start()].rstrip(LINE_ENDS), action["action"])

    @staticmethod
    def _last_action(text: str) -> re.Match[str] | None:
        """An action that `text` ends with, although no `</think>` came before it."""
        start = max(map(text.rfind, ACTIONS))
        if start < 0:
            return None
        opened = text.rfind(ANSWER_OPEN, 0, start)
        if opened >= 0 and not text[opened + len(ANSWER_OPEN) : start].strip():
            start = opened
        return _LAST_ACTION.fullmatch(text, start)

    # ------------------------------------------------------------------------------- emission

    def _held(self) -> int:
        """How many characters at the end could be the start of a tag."""
        tags = _TAGS[self._mode]
        longest = max(map(len, tags)) - 1
        held = 0
        for size in range(min(longest, len(self._pending)), 0, -1):
            if any(tag.startswith(self._pending[-size:]) for tag in tags if len(tag) > size):
                held = size
                break
        kept = self._pending[: len(self._pending) - held]
        return held + len(kept) - len(kept.rstrip(LINE_ENDS))

    def _emit(self, text: str) -> None:
        channel = self._answer if self._mode is _Mode.ANSWER else self._reasoning
        if self._trim:
            text = text.lstrip(LINE_ENDS)
        if not text:
            return
        self._trim = False
        channel.add(text)
        kind = AnswerAdded if self._mode is _Mode.ANSWER else ReasoningAdded
        last = self._events[-1] if self._events else None
        if isinstance(last, kind):
            self._events[-1] = kind(last.text + text)
        else:
            self._events.append(kind(text))

    def _replace(self, reasoning: str, answer: str) -> None:
        self._reasoning, self._answer = _Channel(reasoning), _Channel(answer)
        self._events.append(Resplit(reasoning, answer))

    def _take_events(self) -> list[SplitEvent]:
        events, self._events = self._events, []
        return events
