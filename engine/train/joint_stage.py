"""Then the decoder: it learns to think and answer, looking at what the encoders see and hear.

The encoders are done, so their features are kept (`features.py`); the alignment into the shared space,
the gated cross-attention and the decoder learn together. While it learns what to say it is also told where
to look for it (`gaze.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from engine.model.audio import AudioFeatures
from engine.model.fusion import MediaMemory, pad_rows
from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.model.vision import VisionFeatures
from engine.train.dialogues import Composer, Sample
from engine.train.features import Perception, cut_silence
from engine.train.gaze import GazeRecorder, Look, Surroundings, find_mentions, pad_looks, plan_looks
from engine.train.misheard import mishear
from engine.train.spelling import IGNORED, Speller, Spelt, round_up
from engine.train.trainer import Losses, Schedule, train

logger = logging.getLogger(__name__)

GROUP = 8  # batches that are composed together
GAZE_WEIGHT = 0.5
# Lengths are rounded up to these, as those of the tokens are.
MEDIA_STEP, SCORED_STEP, CELL_STEP = 32, 512, 1024


@dataclass(frozen=True)
class Lesson:
    """A part of the stage: which skills, each with how often it is drawn, and for how long."""

    name: str
    skills: Mapping[str, float]
    schedule: Schedule


class JointStage:
    """Batches and losses of the stage."""

    def __init__(
        self,
        model: AutoGLMForConditionalGeneration,
        tokenizer: PreTrainedTokenizerFast,
        composer: Composer,
        perception: Perception,
        lesson: Lesson,
    ) -> None:
        self.model, self.composer, self.lesson = model, composer, lesson
        self.seen, self.heard = perception.seen, perception.heard
        self.content_sizes = perception.content_sizes
        self.speller = Speller(tokenizer)
        self.recorder = GazeRecorder(model.model.language_model.fusions())
        self.stream = f"{lesson.name}/{lesson.schedule.stream}"
        self.group: tuple[int, list[list[tuple[Sample, Spelt]]]] = (-1, [])

    def draw(self, step: int) -> dict[str, Any]:
        """The batch of a step: that of `Speller.batch`, its samples, and `looks` as from `plan_batch`."""
        group, member = divmod(step, GROUP)
        if self.group[0] != group:
            self.group = (group, self.compose_group(group))
        samples, spelt = zip(*self.group[1][member], strict=True)
        batch = self.speller.batch(spelt)
        mishear(Random(f"{self.stream}/misheard/{step}"), batch, samples, spelt)
        return {**batch, "samples": samples, "looks": self.plan_batch(samples, spelt, batch["labels"])}

    def compose_group(self, group: int) -> list[list[tuple[Sample, Spelt]]]:
        """Some batches at once, each of samples of about one length, in any order."""
        rng = Random(f"{self.stream}/{group}")
        size = self.lesson.schedule.batch_size
        names, weights = list(self.lesson.skills), list(self.lesson.skills.values())
        samples = [self.composer.compose(rng, skill) for skill in rng.choices(names, weights, k=GROUP * size)]
        pool = [(sample, self.speller.spell(sample)) for sample in samples]
        pool.sort(key=lambda pair: len(pair[1].ids))
        batches = [pool[start : start + size] for start in range(0, len(pool), size)]
        rng.shuffle(batches)
        return batches

    def plan_batch(self, samples: Sequence[Sample], spelt: Sequence[Spelt], labels: Tensor) -> Tensor:
        """Where to look in this batch, as far as it is scored: bool [2, batch, length, media tokens]."""
        surroundings = [self.surround(sample) for sample in samples]
        rows: list[tuple[int, list[Look]]] = []
        for sample, one, around in zip(samples, spelt, surroundings, strict=True):
            spans = find_mentions(one.said, sample.mentions)
            rows.append((one.prompt - 1, plan_looks(one.offsets, spans, around)))
        tokens = round_up(max(around.cells + around.frames for around in surroundings), MEDIA_STEP)
        scored = functional.pad(labels[:, 1:] != IGNORED, (0, 1))
        return pad_looks(rows, labels.shape[1], tokens) & scored[None, :, :, None]

    def surround(self, sample: Sample) -> Surroundings:
        cells = frames = 0
        size, spikes = (0, 0), ()
        if sample.scene is not None:
            cells = len(self.seen.cells[sample.scene])
            width, height = self.content_sizes[sample.scene].tolist()
            size = (width, height)
        if sample.recording is not None:
            part, spikes = self.cut(sample), self.heard.spikes[sample.recording]
            frames, spikes = len(part), (spikes - part.start).tolist()
        return Surroundings(cells, size, self.model.config.vision.stride, frames, spikes)

    def cut(self, sample: Sample) -> range:
        """The frames of its recording that a sample has: where it begins must not tell what is said."""
        assert sample.recording is not None
        frames, spikes = len(self.heard.frames[sample.recording]), self.heard.spikes[sample.recording]
        again = f"{sample.recording}/{sample.scene}/{sample.thinks}/{sample.turns[0].user}"
        return cut_silence(frames, spikes.tolist(), Random(again))

    def loss(self, batch: dict[str, Any]) -> Losses:
        device = self.model.device
        with self.precision():
            memory = self.remember(batch["samples"])
            with self.recorder:
                logits, labels = self.answer(batch, memory)
            gaze = self.recorder.loss(batch["looks"].to(device), memory)
            losses = self.score(batch, logits, labels)
        return {**losses, "total": losses["total"] + GAZE_WEIGHT * gaze, "gaze": gaze}

    def precision(self) -> torch.autocast:
        return torch.autocast(self.model.device.type, torch.bfloat16, enabled=self.lesson.schedule.bf16)

    def answer(self, batch: dict[str, Any], memory: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """What the model would say where it is scored: logits float32 [positions, vocabulary], and labels.

        The positions are filled up to a round number; those that fill have no label.
        """
        device = self.model.device
        hidden = self.model.model.language_model(
            input_ids=batch["input_ids"].to(device), use_cache=False, **memory
        ).last_hidden_state
        hidden, labels = hidden[:, :-1].flatten(0, 1), batch["labels"].to(device)[:, 1:].flatten()
        scored = (labels != IGNORED).nonzero()[:, 0]
        # Filled up with the first position, which is of the prompt and has no label.
        scored = functional.pad(scored, (0, -len(scored) % SCORED_STEP))
        return self.model.lm_head(hidden[scored]).float(), labels[scored]

    def score(self, batch: dict[str, Any], logits: Tensor, labels: Tensor) -> Losses:
        """How far what `answer` gave is from what should be said."""
        words = functional.cross_entropy(logits, labels)
        return {"total": words, "words": words}

    def remember(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        """The media of a batch, aligned and turned into keys and values; rows without media stay empty."""
        model = self.model.model
        rows: list[list[Tensor]] = [[] for _ in samples]
        shown = [row for row, sample in enumerate(samples) if sample.scene is not None]
        spoken = [row for row, sample in enumerate(samples) if sample.recording is not None]
        for places, align in ((shown, self.align_screens), (spoken, self.align_speech)):
            states = align([samples[row] for row in places]) if places else []
            for row, state in zip(places, states, strict=True):
                rows[row].append(state)
        empty = torch.zeros(0, self.model.config.text.shared_size, device=self.model.device)
        states, mask = pad_rows([torch.cat([empty, *parts]) for parts in rows])
        room = -states.shape[1] % MEDIA_STEP
        return model.remember(
            MediaMemory(functional.pad(states, (0, 0, 0, room)), functional.pad(mask, (0, room)))
        )

    def align_screens(self, samples: Sequence[Sample]) -> list[Tensor]:
        """Their screens in the shared space: of each, float32 [cells, shared size]."""
        scenes = [sample.scene for sample in samples if sample.scene is not None]
        cells = [torch.from_numpy(self.seen.cells[index]).float() for index in scenes]
        points = [torch.from_numpy(self.seen.points[index]) for index in scenes]
        room = -sum(len(item) for item in cells) % CELL_STEP
        cells_in, points_in = (
            functional.pad(torch.cat(parts), (0, 0, 0, room))[None] for parts in (cells, points)
        )
        flat = VisionFeatures(cells_in, points_in, torch.ones(0))
        flat = VisionFeatures(*(tensor.to(self.model.device) for tensor in flat))
        states = self.model.model.vision.alignment(flat)[0]
        return list(states.split([*(len(item) for item in cells), room]))[:-1]

    def align_speech(self, samples: Sequence[Sample]) -> list[Tensor]:
        """What `cut` leaves of their recordings, aligned: of each, float32 [frames, shared size]."""
        recordings = [
            (self.heard.frames[sample.recording], self.cut(sample))
            for sample in samples
            if sample.recording is not None
        ]
        frames = [torch.from_numpy(whole[part.start : part.stop]).float() for whole, part in recordings]
        memory = pad_rows(frames)
        features = AudioFeatures(memory.states.to(self.model.device), memory.mask)
        states = self.model.model.audio.alignment(features)
        return [state[: len(item)] for state, item in zip(states, frames, strict=True)]


def teach_dialogue(
    model: AutoGLMForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    composer: Composer,
    perception: Perception,
    lessons: Sequence[Lesson],
    folder: Path,
    make_stage: Callable[..., JointStage] = JointStage,
) -> None:
    """Train the decoder, the fusion and both alignments, lesson by lesson; the encoders stay as they are.

    perception: what the encoders of `model` make of the training data.
    make_stage: takes what `JointStage` takes.
    """
    for encoder in (model.model.vision.encoder, model.model.audio.encoder):
        encoder.requires_grad_(False)
    for lesson in lessons:
        stage = make_stage(model, tokenizer, composer, perception, lesson)
        model.train()
        train(lesson.name, model, stage.draw, stage.loss, lesson.schedule, folder)
