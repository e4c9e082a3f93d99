"""Distillation: the student learns what the teacher would say, and how surely (Hinton et al., 2015).

At temperature T the teacher's and the student's logits are divided by T before the softmax, so that what the
teacher holds for possible is seen beside what it holds for right. The gradients of that shrink with T², so
the soft cross-entropy is multiplied by it, then mixed with that of the right answers. In use T is 1.

The article's T is 5; `sweep.py` tries others, and other mixes, on a student of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.train.dialogues import Composer
from engine.train.features import Perception
from engine.train.joint_stage import JointStage, Lesson, teach_dialogue
from engine.train.spelling import IGNORED
from engine.train.trainer import Losses

Model = AutoGLMForConditionalGeneration


@dataclass(frozen=True, slots=True)
class Distillation:
    """temperature: T; mix: the share of the soft loss, 0 for right answers alone, 1 for the teacher alone."""

    temperature: float = 5.0
    mix: float = 0.5

    def __post_init__(self) -> None:
        if self.temperature <= 0 or not 0 <= self.mix <= 1:
            raise ValueError(f"a temperature above 0 and a mix of 0 to 1 are needed, not {self}")


def soft_cross_entropy(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the student's softened words with the teacher's, times T².

    student, teacher: logits [positions, vocabulary]; the mean over positions is returned.
    """
    wanted = functional.softmax(teacher / temperature, dim=-1)
    said = functional.log_softmax(student / temperature, dim=-1)
    return -(wanted * said).sum(dim=-1).mean() * temperature**2


class DistillStage(JointStage):
    """The joint stage of a student, beside that of its teacher.

    guide: the teacher's stage, over the same screens and recordings as its own encoders see and hear them.
    """

    def __init__(self, *stage: Any, guide: JointStage, distillation: Distillation) -> None:
        super().__init__(*stage)
        self.guide, self.distillation = guide, distillation

    def score(self, batch: dict[str, Any], logits: Tensor, labels: Tensor) -> Losses:
        words = functional.cross_entropy(logits, labels)
        with torch.no_grad():
            taught, _ = self.guide.answer(batch, self.guide.remember(batch["samples"]))
        real = labels != IGNORED
        soft = soft_cross_entropy(logits[real], taught[real], self.distillation.temperature)
        total = self.distillation.mix * soft + (1 - self.distillation.mix) * words
        return {"total": total, "words": words, "soft": soft}


@dataclass(frozen=True)
class Guide:
    """A teacher at work; `perception` is what its own encoders make of the training data.

    It must have been made with the student's tokenizer, and have a grid and frames of the student's size.
    """

    teacher: Model
    tokenizer: PreTrainedTokenizerFast
    composer: Composer
    perception: Perception
    lesson: Lesson

    @cached_property
    def stage(self) -> JointStage:
        teacher = self.teacher.eval().requires_grad_(False)
        return JointStage(teacher, self.tokenizer, self.composer, self.perception, self.lesson)

    def distill(
        self,
        student: Model,
        perception: Perception,
        lessons: Sequence[Lesson],
        folder: Path,
        distillation: Distillation,
    ) -> None:
        """Train the student's decoder, fusion and alignments in place, lesson by lesson.

        perception: what the student's encoders make of the training data.
        """
        make_stage = partial(DistillStage, guide=self.stage, distillation=distillation)
        teach_dialogue(student, self.tokenizer, self.composer, perception, lessons, folder, make_stage)
