"""Tokens become the text of an answer, which ends where a stop string does."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engine.answer import Writing  # noqa: E402
from engine.checkpoint import Checkpoint  # noqa: E402
from engine.protocol import Capabilities, Message, Options, Request, TextPart  # noqa: E402
from tests.folding import fold  # noqa: E402


def write(processor: Any, text: str, stop: str, *, actions: bool = False) -> tuple[str, str, Writing]:
    """The reasoning and the answer that a page shows in the end of `text`, token by token."""
    tokenizer, unread = processor.tokenizer, lambda request: pytest.fail("nothing is read")
    plan: Any = None
    loaded = Checkpoint(
        plan,
        processor,
        tokenizer.backend_tokenizer,
        frozenset(),
        frozenset(),
        unread,
        Capabilities(False, False, True),
        1024,
        plan,
        actions,
    )
    request = Request((Message("user", (TextPart("?"),)),), Options(stop=(stop,)))
    writing = Writing(request, loaded, 1024, opened=False)
    events = []
    for token in tokenizer(text, add_special_tokens=False)["input_ids"]:
        events += writing.add(token)
        if writing.ended:
            break
    return *fold([*events, *writing.close()]), writing


def test_a_stop_string_in_text_that_turns_out_to_be_the_answer_ends_it(processor):
    """Untagged text is taken for thinking until no action has followed it."""
    reasoning, answer, writing = write(processor, "the first, the second", ", the", actions=True)
    assert (reasoning, answer) == ("", "the first")
    assert writing.stopped


def test_what_was_held_back_for_a_stop_string_is_not_said_twice(processor):
    """It was answer then, and is thinking now."""
    reasoning, answer, writing = write(processor, "why E</think>because", "END")
    assert (reasoning, answer) == ("why E", "because")
    assert not writing.stopped


def test_a_stop_string_after_what_was_split_anew_ends_the_answer(processor):
    reasoning, answer, writing = write(processor, "why</think>one END two", "END")
    assert (reasoning, answer) == ("why", "one ")
    assert writing.ended == "stop"
