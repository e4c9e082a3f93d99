"""Distillation: the soft loss, and a student that comes nearer to its teacher than right answers bring it."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from engine.train.distill import Distillation, DistillStage, soft_cross_entropy  # noqa: E402
from engine.train.spelling import IGNORED  # noqa: E402
from engine.train.sweep import choices_of  # noqa: E402


def test_at_temperature_one_it_is_the_cross_entropy_with_the_teachers_words():
    student, teacher = torch.randn(6, 9), torch.randn(6, 9)
    expected = functional.cross_entropy(student, teacher.softmax(-1))
    torch.testing.assert_close(soft_cross_entropy(student, teacher, 1.0), expected)


def test_its_gradients_keep_their_size_at_any_temperature():
    """T² makes up for the 1/T² with which they shrink; at high T they tend to the logits' difference."""
    student = torch.randn(4, 50, requires_grad=True)
    teacher = torch.randn(4, 50)
    (gradient,) = torch.autograd.grad(soft_cross_entropy(student, teacher, 200.0), student)
    centred = [logits - logits.mean(dim=1, keepdim=True) for logits in (student.detach(), teacher)]
    torch.testing.assert_close(gradient, (centred[0] - centred[1]) / 50 / 4, rtol=0.05, atol=1e-4)


class Speaker:
    """A teacher's stage that says what it is told."""

    def __init__(self, logits):
        self.logits = logits

    def remember(self, samples):
        return {}

    def answer(self, batch, memory):
        return self.logits, batch["labels"]


def stage_of(teacher, distillation):
    stage = DistillStage.__new__(DistillStage)
    speaker: Any = Speaker(teacher)
    stage.guide, stage.distillation = speaker, distillation
    return stage


def test_soft_and_hard_losses_are_mixed_and_filled_positions_do_not_count():
    logits, teacher = torch.randn(4, 7), torch.randn(4, 7)
    labels = torch.tensor([3, 1, IGNORED, IGNORED])
    losses = stage_of(teacher, Distillation(5.0, 0.25)).score(
        {"samples": [], "labels": labels}, logits, labels
    )
    soft = soft_cross_entropy(logits[:2], teacher[:2], 5.0)
    hard = functional.cross_entropy(logits[:2], labels[:2])
    torch.testing.assert_close(losses["total"], 0.25 * soft + 0.75 * hard)
    torch.testing.assert_close(losses["words"], hard)


def test_a_student_comes_nearer_to_its_teacher_than_right_answers_bring_it():
    torch.manual_seed(0)
    teacher = 2.0 * torch.randn(20, 9)
    labels = teacher.argmax(-1)

    def distance(distillation: Distillation) -> float:
        stage, said = stage_of(teacher, distillation), torch.zeros(20, 9, requires_grad=True)
        optimizer = torch.optim.Adam([said], lr=0.1)
        for _ in range(60):
            optimizer.zero_grad()
            stage.score({"samples": [], "labels": labels}, said, labels)["total"].backward()
            optimizer.step()
        said = said.detach().log_softmax(-1)
        return functional.kl_div(said, teacher.log_softmax(-1), log_target=True, reduction="batchmean").item()

    assert distance(Distillation(5.0, 0.9)) < 0.1 < distance(Distillation(5.0, 0.0))


def test_a_temperature_or_mix_out_of_bounds_is_refused():
    for wrong in ((0.0, 0.5), (5.0, 1.5), (5.0, -0.1)):
        with pytest.raises(ValueError, match="temperature above 0"):
            Distillation(*wrong)


def test_the_sweep_has_the_right_answers_alone_once():
    choices = choices_of([1.0, 5.0], [0.0, 0.5, 0.9])
    assert [(choice.temperature, choice.mix) for choice in choices] == [
        (1.0, 0.0), (1.0, 0.5), (1.0, 0.9), (5.0, 0.5), (5.0, 0.9),
    ]  # fmt: skip
