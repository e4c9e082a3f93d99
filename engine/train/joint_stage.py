"""Then the decoder: it learns to think and answer, looking at what the encoders see and hear.

The encoders are done, so their features are computed once and kept; the alignment into the shared space,
the gated cross-attention and the decoder learn together.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from engine.model.audio import AudioFeatures
from engine.model.fusion import pad_rows
from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.model.vision import VisionFeatures
from engine.train.corpus import ScreenCorpus
from engine.train.dialogues import Composer, Sample
from engine.train.hearing import HearingCorpus
from engine.train.trainer import Losses, Schedule, train

logger = logging.getLogger(__name__)

IGNORED = -100
SEEN_AT_ONCE = 32
GROUP = 8  # batches that are composed together


@dataclass(frozen=True)
class SeenScreens:
    """What the image encoder makes of a corpus.

    Per screen, cells float16 [cells, channels] and points float32 [cells, 2].
    """

    cells: Sequence[np.ndarray]
    points: Sequence[np.ndarray]


@torch.no_grad()
def see_all(model: AutoGLMForConditionalGeneration, corpus: ScreenCorpus) -> SeenScreens:
    """Encode every screen once, those of one shape together."""
    encoder, device = model.model.vision.encoder.eval(), model.device
    cells: dict[int, np.ndarray] = {}
    points: dict[int, np.ndarray] = {}
    for shape in np.unique(corpus.content_sizes, axis=0):
        alike = np.flatnonzero((corpus.content_sizes == shape).all(axis=1))
        for start in range(0, len(alike), SEEN_AT_ONCE):
            batch = alike[start : start + SEEN_AT_ONCE]
            pixels = torch.from_numpy(corpus.pixels[batch]).permute(0, 3, 1, 2).float().div(255)
            sizes = torch.from_numpy(corpus.content_sizes[batch])
            features = encoder(pixels.to(device), sizes.to(device))
            cells.update(zip(batch.tolist(), features.cells.half().cpu().numpy(), strict=True))
            points.update(zip(batch.tolist(), features.points.cpu().numpy(), strict=True))
    logger.info("saw %d screens", len(corpus))
    indices = range(len(corpus))
    return SeenScreens([cells[index] for index in indices], [points[index] for index in indices])


@torch.no_grad()
def hear_all(model: AutoGLMForConditionalGeneration, corpus: HearingCorpus) -> list[np.ndarray]:
    """Encode every recording once: frames float16 [frames, c] each."""
    encoder, device = model.model.audio.encoder.eval(), model.device
    heard = []
    for index in range(len(corpus)):
        mel = torch.from_numpy(corpus.mel(index))[None].to(device)
        features = encoder(mel, torch.tensor([mel.shape[-1]], device=device))
        heard.append(features.frames[0].half().cpu().numpy())
        if index % 4000 == 3999:
            logger.info("heard %d of %d recordings", index + 1, len(corpus))
    return heard


def to_chat(sample: Sample) -> list[dict[str, Any]]:
    """A sample as the chat template takes it; only the last turn carries its thinking."""
    chat: list[dict[str, Any]] = []
    for turn in sample.turns:
        media = [{"type": "image"}] * turn.screen + [{"type": "audio"}] * turn.speech
        chat.append({"role": "user", "content": [*media, {"type": "text", "text": turn.user}]})
        chat.append({"role": "assistant", "content": turn.answer})
    return chat


def token_id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    found = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(found, int)
    return found


class Speller:
    """Samples -> token ids and labels; only what nano says in the last turn is scored."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.stop = token_id(tokenizer, "<|user|>")
        self.padding = token_id(tokenizer, "<|endoftext|>")

    def spell(self, sample: Sample) -> tuple[list[int], int]:
        """(ids of the prompt and the answer, length of the prompt)."""
        chat, last = to_chat(sample), sample.turns[-1]
        prompt = self.tokenizer.apply_chat_template(
            chat[:-1], add_generation_prompt=True, tokenize=False, enable_thinking=sample.thinks
        )
        assert isinstance(prompt, str)
        answer = f"{last.thinking}</think>\n{last.answer}" if sample.thinks else last.answer
        prompt_ids = self.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        answer_ids = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        return [*prompt_ids, *answer_ids, self.stop], len(prompt_ids)

    def batch(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """Right-padded `input_ids` and `labels`, int64 [batch, length]."""
        spelt = [self.spell(sample) for sample in samples]
        length = max(len(ids) for ids, _ in spelt)
        input_ids = torch.full((len(spelt), length), self.padding)
        labels = torch.full((len(spelt), length), IGNORED)
        for row, (ids, prompt) in enumerate(spelt):
            input_ids[row, : len(ids)] = torch.tensor(ids)
            labels[row, prompt : len(ids)] = torch.tensor(ids[prompt:])
        return {"input_ids": input_ids, "labels": labels}


class JointStage:
    """Batches and losses of the stage."""

    def __init__(
        self,
        model: AutoGLMForConditionalGeneration,
        tokenizer: PreTrainedTokenizerFast,
        composer: Composer,
        seen: SeenScreens,
        heard: Sequence[np.ndarray],
        batch_size: int,
    ) -> None:
        self.model, self.composer, self.batch_size = model, composer, batch_size
        self.seen, self.heard = seen, heard
        self.speller = Speller(tokenizer)
        self.group: tuple[int, list[list[Sample]]] = (-1, [])

    def draw(self, step: int) -> dict[str, Any]:
        group, member = divmod(step, GROUP)
        if self.group[0] != group:
            self.group = (group, self.compose_group(group))
        samples = self.group[1][member]
        return {**self.speller.batch(samples), "samples": samples}

    def compose_group(self, group: int) -> list[list[Sample]]:
        """Some batches at once, each of samples of about one length, in any order."""
        rng = Random(f"joint/{group}")
        pool = [self.composer.compose(rng) for _ in range(GROUP * self.batch_size)]
        pool.sort(key=lambda sample: len(self.speller.spell(sample)[0]))
        batches = [pool[start : start + self.batch_size] for start in range(0, len(pool), self.batch_size)]
        rng.shuffle(batches)
        return batches

    def loss(self, batch: dict[str, Any]) -> Losses:
        device = self.model.device
        memory = self.remember(batch["samples"])
        labels = batch["labels"].to(device)
        hidden = self.model.model.language_model(
            input_ids=batch["input_ids"].to(device), use_cache=False, **memory
        ).last_hidden_state
        scored = labels[:, 1:] != IGNORED
        logits = self.model.lm_head(hidden[:, :-1][scored])
        loss = functional.cross_entropy(logits, labels[:, 1:][scored])
        return {"total": loss}

    def remember(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """The media of a batch, aligned and turned into keys and values; rows without media stay empty."""
        model = self.model.model
        rows: list[list[Tensor]] = [[] for _ in samples]
        screens = [(row, sample.scene) for row, sample in enumerate(samples) if sample.scene is not None]
        if screens:
            for (row, _), state in zip(
                screens, self.align_screens([scene for _, scene in screens]), strict=True
            ):
                rows[row].append(state)
        spoken = [
            (row, sample.recording) for row, sample in enumerate(samples) if sample.recording is not None
        ]
        if spoken:
            for (row, _), state in zip(
                spoken, self.align_speech([index for _, index in spoken]), strict=True
            ):
                rows[row].append(state)
        empty = torch.zeros(0, self.model.config.text.shared_size, device=self.model.device)
        return model.remember(pad_rows([torch.cat([empty, *parts]) for parts in rows]))

    def align_screens(self, scenes: Sequence[int]) -> list[Tensor]:
        cells = [torch.from_numpy(self.seen.cells[index]).float() for index in scenes]
        points = [torch.from_numpy(self.seen.points[index]) for index in scenes]
        flat = VisionFeatures(torch.cat(cells)[None], torch.cat(points)[None], torch.ones(0))
        flat = VisionFeatures(*(tensor.to(self.model.device) for tensor in flat))
        states = self.model.model.vision.alignment(flat)[0]
        return list(states.split([len(item) for item in cells]))

    def align_speech(self, indices: Sequence[int]) -> list[Tensor]:
        frames = [torch.from_numpy(self.heard[index]).float() for index in indices]
        memory = pad_rows(frames)
        features = AudioFeatures(memory.states.to(self.model.device), memory.mask)
        states = self.model.model.audio.alignment(features)
        return [state[: len(item)] for state, item in zip(states, frames, strict=True)]


def teach_dialogue(
    model: AutoGLMForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    composer: Composer,
    screens: ScreenCorpus,
    recordings: HearingCorpus,
    schedule: Schedule,
    folder: Path,
) -> None:
    """Train the decoder, the fusion and both alignments; the encoders stay as they are."""
    for encoder in (model.model.vision.encoder, model.model.audio.encoder):
        encoder.requires_grad_(False)
    seen, heard = see_all(model, screens), hear_all(model, recordings)
    stage = JointStage(model, tokenizer, composer, seen, heard, schedule.batch_size)
    model.train()
    train("joint", model, stage.draw, stage.loss, schedule, folder)
