"""Held-out questions with their right answers: how sure a model is of each word it should say.

Finer than right or wrong, and one pass instead of a pass a word: what stages are compared by while they are
tuned. What a model really answers, `evaluate.py` finds out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.train.corpus import ScreenCorpus
from engine.train.dialogues import Composer, Sample
from engine.train.hearing import HearingCorpus
from engine.train.spelling import IGNORED, Speller

BATCH = 16


def load_media(
    samples: Sequence[Sample], screens: ScreenCorpus, recordings: HearingCorpus
) -> dict[str, Tensor]:
    """What the model's `forward` takes for the pictures and recordings of `samples`, in their order."""
    media: dict[str, Tensor] = {}
    shown = [sample.scene for sample in samples if sample.scene is not None]
    if shown:
        pixels = torch.stack([torch.from_numpy(screens.pixels[index].copy()) for index in shown])
        media["pixel_values"] = pixels.permute(0, 3, 1, 2).float() / 255
        media["content_sizes"] = torch.from_numpy(screens.content_sizes[shown])
    spoken = [sample.recording for sample in samples if sample.recording is not None]
    if spoken:
        mels = [torch.from_numpy(recordings.mel(index)).T for index in spoken]
        padded = torch.nn.utils.rnn.pad_sequence(mels, batch_first=True)
        media["input_features"] = padded.transpose(1, 2)
        media["feature_lengths"] = torch.tensor([len(mel) for mel in mels])
    return media


@dataclass(frozen=True)
class Question:
    """A batch: what `forward` takes, and labels int64 [batch, length]."""

    inputs: dict[str, Tensor]
    labels: Tensor


class HeldOut:
    """`count` questions of all skills over held-out screens, voices and phrasings; always the same ones."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        screens: ScreenCorpus,
        recordings: HearingCorpus,
        count: int,
    ) -> None:
        composer, speller = Composer(screens.scenes, recordings.utterances, "heldout"), Speller(tokenizer)
        rng = Random("held out")
        pairs = [(sample, speller.spell(sample)) for sample in (composer.compose(rng) for _ in range(count))]
        pairs.sort(key=lambda pair: len(pair[1].ids))
        self.questions: list[Question] = []
        for start in range(0, count, BATCH):
            samples, spelt = zip(*pairs[start : start + BATCH], strict=True)
            batch = speller.batch(spelt)
            inputs = {"input_ids": batch["input_ids"], **load_media(samples, screens, recordings)}
            self.questions.append(Question(inputs, batch["labels"]))

    @torch.no_grad()
    def answers(self, model: AutoGLMForConditionalGeneration) -> Iterator[tuple[Tensor, Tensor]]:
        """Of each batch, logits float32 [words, vocabulary] and the right words, int64."""
        for question in self.questions:
            inputs = {name: tensor.to(model.device) for name, tensor in question.inputs.items()}
            logits = model(**inputs, use_cache=False).logits[:, :-1].float()
            labels = question.labels[:, 1:].to(logits.device)
            real = labels != IGNORED
            yield logits[real], labels[real]

    def score(self, model: AutoGLMForConditionalGeneration) -> dict[str, float]:
        """Mean cross-entropy a word, nats, and the share of words that the model holds for the likeliest."""
        loss = right = words = 0.0
        for logits, labels in self.answers(model):
            loss += functional.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(-1) == labels).sum().item()
            words += len(labels)
        return {"cross_entropy": loss / words, "words_right": right / words}
