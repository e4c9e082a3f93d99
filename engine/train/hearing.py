"""Recordings as the model will receive them: log-mel frames, with what is said in each."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soxr

from engine.train.corpus import write_whole
from engine.train.dialogues import Utterance, draw_babble, draw_outside, draw_utterance
from engine.train.lexicon import Split
from engine.train.phrases import spell_number, spoken_texts
from engine.train.speech import ENGINES, build_corpus, degrade, phones, spoken_digits
from engine.train.speech.corpus import VERSION, Casting, Line
from engine.train.speech.digits import find_digits
from engine.train.speech.synthesis import INSTALL, SAMPLE_RATE, SynthesizerMissing, speaks_here
from engine.train.speech.voices import Engine

if TYPE_CHECKING:
    from engine.model.processing import AutoGLMFeatureExtractor

logger = logging.getLogger(__name__)

TAKES = 4  # how often a training recording of a person is heard; every other time it is degraded


class Amounts(NamedTuple):
    """How many recordings: of commands and digits, of nobody, of what nano has no skill for, of babble."""

    commands: int
    silent: int
    outside: int
    babble: int = 0

    @classmethod
    def beside(cls, commands: int) -> Amounts:
        """A few of nobody and of what nano has no skill for, beside so many commands and digits."""
        return cls(commands, commands // 20, commands // 10)


@dataclass(frozen=True)
class HearingCorpus:
    """Recordings: `mels` float16 [80, frames of all], cut at `offsets` int64 [n + 1].

    `sources` says who speaks: a synthesizer, "person" or "nobody".
    """

    mels: np.ndarray
    offsets: np.ndarray
    utterances: Sequence[Utterance]
    sources: Sequence[str]

    def __len__(self) -> int:
        return len(self.utterances)

    def mel(self, index: int) -> np.ndarray:
        """float32 [80, frames] of one recording."""
        return self.mels[:, self.offsets[index] : self.offsets[index + 1]].astype(np.float32)


def record_corpus(
    folder: Path, split: Split, amounts: Amounts, workers: int, digits: Path | None, seed: int = 0
) -> HearingCorpus:
    """Synthetic recordings, and people's digits if there are any.

    Made once into `folder`, then opened. `digits` is a folder of the Free Spoken Digit Dataset; without it
    the model learns digits from synthetic voices alone. Raises DigitsMissing, and SynthesizerMissing without
    eSpeak, whose phones are what the ears are taught; without another engine it says so and does without.
    """
    casting = Casting(split, seed, engines_here())
    utterances = draw_utterances(split, amounts, seed)
    people = [] if digits is None else find_digits(digits, split)
    name = corpus_name(utterances, casting, people)
    mels_path, facts_path = folder / f"{name}.npy", folder / f"{name}.json"
    if not facts_path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        mels, said, sources = [], [], []
        for samples, utterance, source in record_all(folder / name, utterances, casting, workers, digits):
            mels.append(analyse(samples))
            said.append(utterance)
            sources.append(source)
        np.save(mels_path, np.concatenate(mels, axis=1))
        offsets = np.cumsum([0] + [mel.shape[1] for mel in mels]).tolist()
        facts = {"offsets": offsets, "utterances": [asdict(one) for one in said], "sources": sources}
        write_whole(facts_path, json.dumps(facts, ensure_ascii=False))
    facts = json.loads(facts_path.read_text("utf-8"))
    return HearingCorpus(
        np.load(mels_path, mmap_mode="r"),
        np.array(facts["offsets"], dtype=np.int64),
        [Utterance(**one) for one in facts["utterances"]],
        facts["sources"],
    )


def engines_here() -> frozenset[Engine]:
    """The engines that can speak on this machine. Raises SynthesizerMissing without eSpeak."""
    here: frozenset[Engine] = frozenset(engine for engine in ENGINES if speaks_here(engine))
    if "espeak" not in here:
        raise SynthesizerMissing("espeak")
    for engine in sorted(ENGINES.keys() - here):
        logger.warning("without the voices of %s, which makes worse ears: %s", engine, INSTALL[engine])
    return here


def corpus_name(utterances: Sequence[Utterance], casting: Casting, people: Sequence[Path]) -> str:
    """What the files of a corpus are called: other words, voices or people, another name."""
    lines = [(one.text, one.language, one.intent) for one in utterances]
    parts = [VERSION, TAKES, casting.seed, sorted(casting.engines), lines]
    parts.append([path.name for path in people])
    seal = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
    return f"hearing-{casting.split}-{len(utterances)}-{seal}"


def draw_utterances(split: Split, amounts: Amounts, seed: int) -> list[Utterance]:
    """What the synthetic voices say."""
    rng = Random(f"hearing/{split}/{seed}")
    return [
        *(draw_utterance(rng, split) for _ in range(amounts.commands)),
        *[Utterance("", "zh", "nothing")] * amounts.silent,
        *(draw_outside(rng, split) for _ in range(amounts.outside)),
        *(draw_babble(rng, split) for _ in range(amounts.babble)),
    ]


def record_all(
    out: Path, utterances: Sequence[Utterance], casting: Casting, workers: int, digits: Path | None
) -> Iterator[tuple[np.ndarray, Utterance, str]]:
    """float32 [samples] at 16 kHz, what is said in them, and by whom."""
    lines: list[Line] = [(one.text, one.language) for one in utterances]
    recordings = build_corpus(lines, out, casting.split, casting.seed, workers, casting.engines)
    for recording, utterance in zip(recordings, utterances, strict=True):
        yield recording.samples, utterance, recording.voice.engine if recording.voice else "nobody"
    if digits is not None:
        degraded = np.random.default_rng(5)
        for spoken in spoken_digits(digits, casting.split):
            utterance = Utterance(spell_number(spoken.digit, "en"), "en", "digit", number=spoken.digit)
            if casting.split == "heldout":
                yield spoken.samples, utterance, "person"
                continue
            # Few people: each take is heard in bodies of several sizes, in another place each time.
            # As they are, people's recordings begin with the word; degraded, with silence.
            for take in range(TAKES):
                sound = resize(spoken.samples, degraded.uniform(0.85, 1.2))
                yield degrade(sound, degraded) if take % 2 else sound, utterance, "person"


def resize(samples: np.ndarray, size: float) -> np.ndarray:
    """The same words from a body `size` times as large: pitch and formants lower, and slower."""
    return soxr.resample(samples, SAMPLE_RATE / size, SAMPLE_RATE)


def analyse(samples: np.ndarray) -> np.ndarray:
    """Log-mel float16 [80, frames], as `AutoGLMFeatureExtractor` makes it."""
    return extractor().analyse(samples).astype(np.float16)


@cache
def extractor() -> AutoGLMFeatureExtractor:
    """The one extractor: building its filter bank takes longer than a recording."""
    from engine.model.processing import AutoGLMFeatureExtractor

    return AutoGLMFeatureExtractor(feature_size=80)


@cache
def known_units() -> tuple[str, ...]:
    """Every phone that nano is taught to hear; their index + 1 is the CTC class.

    Phones and not words: there are a hundred of them, each in many words, so that CTC finds them soon.
    """
    return tuple(
        sorted({phone for text, language in spoken_texts("train") for phone in phones(text, language)})
    )
