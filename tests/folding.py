"""What a page would show in the end of some events, without the page."""

from __future__ import annotations

from collections.abc import Iterable

from engine.protocol import AnswerAdded, Event, ReasoningAdded, Resplit


def fold(events: Iterable[Event]) -> tuple[str, str]:
    """Reasoning and answer; no piece of either is empty."""
    reasoning = answer = ""
    for event in events:
        match event:
            case ReasoningAdded(text):
                reasoning += text
            case AnswerAdded(text):
                answer += text
            case Resplit():
                reasoning, answer = event.reasoning, event.answer
        assert not isinstance(event, ReasoningAdded | AnswerAdded) or event.text
    return reasoning, answer
