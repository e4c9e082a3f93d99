"""Dialogues as tokens: the prompt, and after it what nano says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from engine.train.dialogues import Sample

IGNORED = -100
TOKEN_STEP = 16  # lengths are rounded up to this: every new shape costs a matrix library time and memory


def to_chat(sample: Sample) -> list[dict[str, Any]]:
    """A sample as the chat template takes it; only the last turn carries its thinking."""
    chat: list[dict[str, Any]] = []
    for turn in sample.turns:
        media = [{"type": "image"}] * turn.screen + [{"type": "audio"}] * turn.speech
        chat.append({"role": "user", "content": [*media, {"type": "text", "text": turn.user}]})
        chat.append({"role": "assistant", "content": turn.answer})
    return chat


def round_up(count: int, step: int) -> int:
    """The next multiple of `step`."""
    return -(-count // step) * step


def token_id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    """The id of a token that stands for itself, as `<|user|>` does."""
    found = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(found, int), "a list comes back for a list only"
    return found


@dataclass(frozen=True, slots=True)
class Spelt:
    """A sample as tokens.

    ids: the prompt, what is said, the stop token; `prompt` is the prompt's length in tokens.
    said: the thinking and the answer; offsets: the characters of it that each of its tokens covers.
    """

    ids: list[int]
    prompt: int
    said: str
    offsets: list[tuple[int, int]]


class Speller:
    """Samples -> token ids and labels; only what nano says in the last turn is scored."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.stop = token_id(tokenizer, "<|user|>")
        self.padding = token_id(tokenizer, "<|endoftext|>")

    def spell(self, sample: Sample) -> Spelt:
        chat, last = to_chat(sample), sample.turns[-1]
        prompt = self.tokenizer.apply_chat_template(
            chat[:-1], add_generation_prompt=True, tokenize=False, enable_thinking=sample.thinks
        )
        assert isinstance(prompt, str)
        said = f"{last.thinking}</think>\n{last.answer}" if sample.thinks else last.aloud + last.answer
        prompt_ids = self.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        answer = self.tokenizer(said, add_special_tokens=False, return_offsets_mapping=True)
        ids = [*prompt_ids, *answer["input_ids"], self.stop]
        return Spelt(ids, len(prompt_ids), said, answer["offset_mapping"])

    def batch(self, spelt: Sequence[Spelt]) -> dict[str, Tensor]:
        """Right-padded `input_ids` and `labels`, int64 [batch, length]."""
        length = round_up(max(len(one.ids) for one in spelt), TOKEN_STEP)
        input_ids = torch.full((len(spelt), length), self.padding)
        labels = torch.full((len(spelt), length), IGNORED)
        for row, one in enumerate(spelt):
            input_ids[row, : len(one.ids)] = torch.tensor(one.ids)
            labels[row, one.prompt : len(one.ids)] = torch.tensor(one.ids[one.prompt :])
        return {"input_ids": input_ids, "labels": labels}
