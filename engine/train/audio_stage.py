"""Then the ears: the speech encoder learns to spell the phones it hears, by CTC (Graves et al., 2006)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.modeling import AutoGLMAudioModel
from engine.train.hearing import HearingCorpus, known_units
from engine.train.speech import phones
from engine.train.trainer import Losses, Schedule, train

OFTEN = 3  # recordings of people are few: each comes up so many times as often as a synthetic one
SHORTEST = 12  # frames of speech, of 10 ms: what is shorter is not cut


class AudioStage:
    """Batches and losses of the stage. Recordings of about one length come together."""

    def __init__(
        self,
        model: AutoGLMAudioModel,
        corpus: HearingCorpus,
        batch_size: int,
        device: torch.device,
        bf16: bool = False,
        stream: int = 0,
    ):
        self.model, self.corpus, self.batch_size, self.device = model, corpus, batch_size, device
        self.bf16, self.stream = bf16, stream
        classes = {unit: index for index, unit in enumerate(known_units(), start=1)}
        self.targets = [
            [classes[phone] for phone in phones(utterance.text, utterance.language) if phone in classes]
            if utterance.text
            else []
            for utterance in corpus.utterances
        ]
        turns = [OFTEN if source == "person" else 1 for source in corpus.sources]
        often = np.repeat(np.arange(len(corpus)), turns)
        self.by_length = often[np.argsort(np.diff(corpus.offsets)[often], kind="stable")]

    def draw(self, step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([2, self.stream, step])
        start = rng.integers(0, max(1, len(self.by_length) - 2 * self.batch_size))
        indices = rng.choice(self.by_length[start : start + 2 * self.batch_size], self.batch_size)
        return self.load(indices, rng)

    def load(self, indices: np.ndarray, rng: np.random.Generator | None = None) -> dict[str, Tensor]:
        """Recordings by index; if there is an `rng`, by another voice elsewhere, bands and moments masked."""
        mels = [self.corpus.mel(index) for index in indices]
        if rng is not None:
            mels = [mask_mel(colour_mel(warp_mel(trim_mel(mel, rng), rng), rng), rng) for mel in mels]
        lengths = [mel.shape[1] for mel in mels]
        features = np.zeros((len(mels), 80, max(lengths)), dtype=np.float32)
        for row, mel in zip(features, mels, strict=True):
            row[:, : mel.shape[1]] = mel
        targets = [self.targets[index] for index in indices]
        return {
            "input_features": torch.from_numpy(features).to(self.device),
            "feature_lengths": torch.tensor(lengths, device=self.device),
            "targets": torch.tensor([unit for target in targets for unit in target], dtype=torch.long),
            "target_lengths": torch.tensor([len(target) for target in targets]),
        }

    def loss(self, batch: dict[str, Tensor]) -> Losses:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            features = self.model.encoder(batch["input_features"], batch["feature_lengths"])
            spelt = self.model.spell(features)
        spelt = spelt.float().log_softmax(-1).transpose(0, 1)
        ctc = functional.ctc_loss(
            spelt,
            batch["targets"].to(self.device),
            features.mask.sum(dim=1),
            batch["target_lengths"].to(self.device),
            zero_infinity=True,
        )
        return {"total": ctc}

    @torch.no_grad()
    def evaluate(self, limit: int = 600) -> dict[str, float]:
        """Phone error rate and share of recordings without an error, greedily decoded, by who speaks."""
        indices = np.linspace(0, len(self.corpus) - 1, min(limit, len(self.corpus))).astype(int)
        errors: dict[str, list[tuple[int, int]]] = {}
        for index in indices:
            batch = self.load(np.array([index]))
            features = self.model.encoder(batch["input_features"], batch["feature_lengths"])
            best = self.model.spell(features)[0].argmax(-1).unique_consecutive().tolist()
            heard = [unit for unit in best if unit]
            utterance, source = self.corpus.utterances[index], self.corpus.sources[index]
            group = source if source in ("person", "nobody") else f"{source}_{utterance.language}"
            group += "_babble" if utterance.intent == "babble" else ""
            errors.setdefault(group, []).append(
                (distance(heard, self.targets[index]), len(self.targets[index]))
            )
        figures = {}
        for group, pairs in sorted(errors.items()):
            wrong, total = (sum(column) for column in zip(*pairs, strict=True))
            if total:  # nobody says nothing: there is no share of it to miss
                figures[f"{group}_error_rate"] = wrong / total
            figures[f"{group}_exact"] = sum(errors == 0 for errors, _ in pairs) / len(pairs)
        return figures


def distance(heard: list[int], said: list[int]) -> int:
    """Levenshtein distance between two unit sequences."""
    row = list(range(len(said) + 1))
    for i, unit in enumerate(heard, start=1):
        previous, row[0] = row[0], i
        for j, wanted in enumerate(said, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (unit != wanted))
    return row[-1]


def trim_mel(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A recording cut tightly, one time in three: it begins in the middle of the first sound or just before.

    mel: float32 [80, frames]; the result has no more frames.
    """
    if rng.random() > 1 / 3:
        return mel
    loudness = mel.mean(axis=0)
    low, high = np.percentile(loudness, [10, 95])
    speech = np.flatnonzero(loudness > low + 0.15 * (high - low))
    if speech.size < SHORTEST:
        return mel
    early, late = rng.integers(-3, 4, 2)
    return mel[:, max(0, speech[0] - early) : speech[-1] + 1 + late]


def shift_mel(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Begun up to 30 ms sooner or later: where in a frame of the encoder's, 40 ms, a word begins changes it.

    mel: float32 [80, frames]; the result has up to three more or fewer.
    """
    frames = int(rng.integers(0, 4))
    if rng.random() < 0.5:
        return mel[:, frames:]
    return np.pad(mel, ((0, 0), (frames, 0)), mode="edge")


def warp_mel(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another speaker's throat and tempo: bands stretched (Jaitly and Hinton, 2013), and time.

    mel: float32 [80, frames]; the result has up to a fifth more or fewer frames.
    """
    bands, frames = mel.shape
    longer = max(1, round(frames * rng.uniform(0.82, 1.2)))
    columns = np.linspace(0, frames - 1, longer)
    rows = np.clip(np.arange(bands) * rng.uniform(0.84, 1.18), 0, bands - 1)
    return sample_between(sample_between(mel, rows, 0), columns, 1)


def sample_between(mel: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Values at fractional `places` along an axis, linearly between its own."""
    below = places.astype(int)
    above = np.minimum(below + 1, mel.shape[axis] - 1)
    share = np.expand_dims((places - below).astype(np.float32), 1 - axis)
    return mel.take(below, axis) * (1 - share) + mel.take(above, axis) * share


def colour_mel(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another microphone in another room: a smooth curve over the bands, and half the time a floor of noise.

    mel: float32 [80, frames], of which 1 is 40 dB.
    """
    bands = np.arange(len(mel))
    curve = np.interp(bands, np.linspace(0, bands[-1], 6), rng.normal(0.0, 0.1, 6))
    mel = mel + curve[:, None].astype(np.float32)
    if rng.random() < 0.5:
        return mel
    tilt = rng.uniform(-0.3, 0.1) * bands / bands[-1]
    floor = mel.max() - rng.uniform(0.6, 1.6) + tilt[:, None] + rng.normal(0.0, 0.04, mel.shape)
    return np.log10(10 ** (4 * mel) + 10 ** (4 * floor)).astype(np.float32) / 4


def mask_mel(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """SpecAugment (Park et al., 2019): hide two runs of bands and two of frames; shift the level."""
    mel = mel + np.float32(rng.uniform(-0.15, 0.15))
    frames = mel.shape[1]
    for _ in range(2):
        bands, start = rng.integers(0, 14), rng.integers(0, 80)
        mel[start : start + bands] = mel.mean()
        width, start = rng.integers(0, max(2, frames // 12)), rng.integers(0, frames)
        mel[:, start : start + width] = mel.mean()
    return mel


def teach_hearing(
    model: AutoGLMAudioModel,
    corpus: HearingCorpus,
    heldout: HearingCorpus,
    schedule: Schedule,
    folder: Path,
    device: torch.device,
) -> None:
    """Train the speech encoder; held-out voices are scored at each checkpoint."""
    nn.Module.to(model, device)
    model.train()
    stage = AudioStage(model, corpus, schedule.batch_size, device, schedule.bf16, schedule.stream)
    judge = AudioStage(model, heldout, 1, device)
    train("audio", model, stage.draw, stage.loss, schedule, folder, judge.evaluate)
