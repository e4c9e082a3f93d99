"""Scores every skill on voices, screens and phrasings that training never saw.

`python -m engine.train.evaluate --model DIR --out report.json`
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import platform
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch

from engine.model import register
from engine.train.consistency import ALOUD, consistent
from engine.train.corpus import ScreenCorpus, Source, draw_corpus
from engine.train.dialogues import EVALUATED, Composer, Sample
from engine.train.facts import UNREADABLE
from engine.train.hearing import Amounts, HearingCorpus, record_corpus
from engine.train.heldout import load_media
from engine.train.lexicon import THINGS
from engine.train.replies import SAYINGS
from engine.train.spelling import to_chat
from engine.train.tasks import Expectation

logger = logging.getLogger(__name__)

ANSWER_TOKENS = 160
#: Screens and recordings of the exam, drawn from this seed on: no others that are held out come so far, so
#: what is decided by looking at held-out questions is not decided by looking at these.
EXAM_SCREENS, EXAMINED, EXAM_SEED = 800, Amounts(commands=1500, silent=200, outside=150), 1_000_000
#: Skills that are asked for in words alone; where there is a picture too, it does not matter.
WORDS_ALONE = ("identity", "help", "greeting", "decline", "command", "no_screen")
DECLINES = {answer for _, answer in SAYINGS["decline"].values()}
UNREADABLE_ANSWERS = {answer for pair in UNREADABLE.values() for _, answer in pair.values()}
TAP = re.compile(r'^do\(action="Tap", element=\[(\d{1,3}),(\d{1,3})\]\)$')
NAMES = {name.lower(): thing.key for thing in THINGS for name in (*thing.zh, *thing.en)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer, judged. `score` is 0 or 1, for descriptions the F1 of the things named."""

    sample: Sample
    group: str
    thinking: str
    answer: str
    score: float

    @property
    def consistent(self) -> bool:
        """Whether the thinking leads to the answer; asked only where there was to be some."""
        return consistent(self.thinking, self.answer)

    @property
    def declines(self) -> bool:
        return self.answer in DECLINES


def judge(sample: Sample, answer: str) -> float:
    """How right an answer is, 0 to 1."""
    expectation = sample.expectation
    if expectation.kind == "text":
        return float(answer == sample.turns[-1].answer)
    if expectation.kind == "things":
        return f1(named_things(answer), expectation.things)
    return float(taps_inside(answer, expectation))


def named_things(answer: str) -> list[str]:
    """Keys of the things that a description lists; an unknown word counts as a thing of its own."""
    listed = re.split(r"[:：]", answer, maxsplit=1)[-1].rstrip("。. ")
    words = [word.strip().lower() for word in re.split(r"[、,，]", listed) if word.strip()]
    return [NAMES.get(word, word) for word in words]


def f1(said: Sequence[str], there: frozenset[str]) -> float:
    """Of things named against those that are there, each to be named once: what is said again is wrong."""
    right = len(there.intersection(said))
    return 2 * right / (len(said) + len(there)) if said or there else 1.0


def taps_inside(answer: str, expectation: Expectation) -> bool:
    match = TAP.match(answer)
    if match is None or expectation.box is None:
        return False
    x, y = (int(value) for value in match.groups())
    left, top, right, bottom = expectation.box
    return left <= x <= right and top <= y <= bottom


def group_of(sample: Sample, recordings: HearingCorpus) -> str:
    """The row of the report that a sample counts in."""
    if sample.skill in ("time", "battery", "wifi") and sample.turns[-1].answer in UNREADABLE_ANSWERS:
        return "unreadable"
    if sample.skill == "describe" and sample.expectation.kind == "text":
        return "strange"  # nothing is there to be named
    if sample.skill in ("tap", "screen_and_speech") and sample.expectation.kind == "text":
        return f"{sample.skill}_absent"
    if sample.skill == "spoken_digit" and sample.recording is not None:
        person = recordings.sources[sample.recording] == "person"
        return "spoken_digit_people" if person else "spoken_digit_synthetic"
    return sample.skill


def wilson(score: float, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927).

    Of a mean of scores between 0 and 1 it is rather too wide: they vary less than zeros and ones do.
    """
    z = 1.96
    centre = (score + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(score * (1 - score) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def independent(samples: Sequence[Sample]) -> int:
    """How many of some questions are apart from each other.

    Those about one picture or one recording may stand or fall together, and so may those in the same words
    where words are all there is. Where a picture and a recording matter, the fewer of the two count.
    """
    words = {sample.turns[-1].user for sample in samples if sample.skill in WORDS_ALONE}
    asked = [sample for sample in samples if sample.skill not in WORDS_ALONE]
    heard = {sample.recording for sample in asked if sample.recording is not None}
    seen = {sample.scene for sample in asked if not sample.skill.startswith("spoken")} - {None}
    media = min(len(heard), len(seen)) if heard and seen else len(heard) + len(seen)
    return len(words) + media


class Examiner:
    """Puts samples to a checkpoint, greedily, in batches."""

    def __init__(
        self,
        folder: str,
        screens: ScreenCorpus,
        recordings: HearingCorpus,
        device: torch.device,
        max_new_tokens: int = ANSWER_TOKENS,
    ) -> None:
        from transformers import AutoModelForMultimodalLM, AutoProcessor

        self.model = AutoModelForMultimodalLM.from_pretrained(folder, dtype=torch.float32)
        self.model = self.model.to(device).eval()
        self.processor = AutoProcessor.from_pretrained(folder)
        self.screens, self.recordings = screens, recordings
        self.max_new_tokens = max_new_tokens
        self.tokens, self.seconds = 0, 0.0

    def answer(self, samples: Sequence[Sample]) -> list[tuple[str, str]]:
        """(thinking, answer) of each sample."""
        tokenizer = self.processor.tokenizer
        prompts = [
            tokenizer.apply_chat_template(
                to_chat(sample)[:-1],
                add_generation_prompt=True,
                tokenize=False,
                enable_thinking=sample.thinks,
            )
            for sample in samples
        ]
        inputs = {**tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False)}
        inputs.update(load_media(samples, self.screens, self.recordings))
        inputs = {name: tensor.to(self.model.device) for name, tensor in inputs.items()}
        started = time.monotonic()
        output = self.model.generate(**inputs, max_new_tokens=self.max_new_tokens, do_sample=False)
        self.seconds += time.monotonic() - started
        new = output[:, inputs["input_ids"].shape[1] :]
        self.tokens += int((new != tokenizer.pad_token_id).sum())
        return [
            split_thinking(tokenizer.decode(row, skip_special_tokens=True), sample.thinks)
            for row, sample in zip(new, samples, strict=True)
        ]


def split_thinking(text: str, thinks: bool) -> tuple[str, str]:
    """Thinking and answer; where thinking is off, what the answer begins with instead (`Reply.aloud`)."""
    if not thinks:
        aloud = ALOUD.match(text)
        assert aloud is not None, "it matches nothing, too"
        return aloud[0].strip(), text[aloud.end() :].strip()
    thinking, _, answer = text.partition("</think>")
    return thinking.strip(), answer.strip()


def examine(examiner: Examiner, composer: Composer, count: int, batch_size: int) -> Iterator[Verdict]:
    """`count` samples of each skill."""
    for skill in EVALUATED:
        yield from examine_skill(examiner, composer, skill, count, batch_size)
        logger.info("examined %s", skill)


def examine_skill(
    examiner: Examiner, composer: Composer, skill: str, count: int, batch_size: int
) -> Iterator[Verdict]:
    """`count` samples of one skill, always the same ones."""
    rng = Random(f"evaluate/{skill}")
    samples = [composer.compose(rng, skill) for _ in range(count)]
    for start in range(0, count, batch_size):
        batch = samples[start : start + batch_size]
        for sample, (thinking, answer) in zip(batch, examiner.answer(batch), strict=True):
            group = group_of(sample, examiner.recordings)
            yield Verdict(sample, group, thinking, answer, judge(sample, answer))


def summarise(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Per group: count, score with its interval, per language, and some wrong answers."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.group, []).append(verdict)
    rows = {name: summarise_group(group) for name, group in sorted(groups.items())}
    thought = [verdict for verdict in verdicts if verdict.sample.thinks]
    asked = [verdict for verdict in verdicts if "decline" not in verdict.sample.skill]
    return {
        **rows,
        OVERALL[0]: score_of(thought, [float(verdict.consistent) for verdict in thought]),
        OVERALL[1]: score_of(asked, [float(verdict.declines) for verdict in asked]),
    }


def score_of(verdicts: Sequence[Verdict], scores: Sequence[float]) -> dict[str, Any]:
    """Their mean, with the 95 % interval of as many as are independent, skill by skill."""
    by_skill: dict[str, list[Sample]] = {}
    for verdict in verdicts:
        by_skill.setdefault(verdict.group, []).append(verdict.sample)
    apart = sum(independent(samples) for samples in by_skill.values())
    score = mean(scores)
    interval = [round(bound, 4) for bound in wilson(score, apart)]
    return {"count": len(scores), "independent": apart, "score": round(score, 4), "interval": interval}


def summarise_group(group: Sequence[Verdict]) -> dict[str, Any]:
    return {
        **score_of(group, [verdict.score for verdict in group]),
        "thinking": {
            name: round(mean([v.score for v in group if v.sample.thinks == thinks]), 4)
            for name, thinks in (("on", True), ("off", False))
            if any(v.sample.thinks == thinks for v in group)
        },
        "languages": {
            language: round(mean([v.score for v in group if v.sample.language == language]), 4)
            for language in sorted({verdict.sample.language for verdict in group})
        },
        "mistakes": [
            {
                "asked": verdict.sample.turns[-1].user,
                "thinking": verdict.thinking,
                "answer": verdict.answer,
                "right": verdict.sample.turns[-1].answer,
            }
            for verdict in group
            if verdict.score < 1.0
        ][:5],
    }


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@dataclass(frozen=True, slots=True)
class Exam:
    """What a checkpoint is asked: `count` samples of each skill, over held-out media that are made in `data`.

    digits: folder of the Free Spoken Digit Dataset's recordings, if it is there.
    """

    data: Path
    digits: Path | None = None
    count: int = 200
    batch_size: int = 20
    screens: int = EXAM_SCREENS
    speech: Amounts = EXAMINED
    workers: int = 2
    device: str = "cpu"
    max_new_tokens: int = ANSWER_TOKENS

    def record(self) -> HearingCorpus:
        """What it lets hear."""
        return record_corpus(self.data, "heldout", self.speech, self.workers, self.digits, EXAM_SEED)

    def draw(self, source: Source) -> ScreenCorpus:
        """What it shows."""
        return draw_corpus(self.data, source, self.screens, self.workers, EXAM_SEED)


# Rows over all skills, which are no skills themselves.
OVERALL = ("thinking_leads_to_answer", "wrongly_declined")
TITLES: dict[Source, str] = {"heldout": "screens", "heldout_icons": "unseen_icon_family"}


def make_report(folder: str, exam: Exam) -> dict[str, Any]:
    """The scores of a checkpoint, with what it is and how fast it was."""
    recordings = exam.record()
    report: dict[str, Any] = {
        "model": Path(folder).name,
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
    }
    for split, title in TITLES.items():
        screens = exam.draw(split)
        examiner = Examiner(folder, screens, recordings, torch.device(exam.device), exam.max_new_tokens)
        composer = Composer(screens.scenes, recordings.utterances, "heldout")
        # Before it runs: INT8 weights are packed then.
        report["parameters"] = sum(parameter.numel() for parameter in examiner.model.parameters())
        verdicts = list(examine(examiner, composer, exam.count, exam.batch_size))
        report[title] = summarise(verdicts)
        report["tokens_per_second_in_batches"] = round(examiner.tokens / examiner.seconds, 1)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.evaluate", description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="the report, JSON")
    parser.add_argument(
        "--data", type=Path, default=Path("runs/evaluation"), help="where held-out media are made"
    )
    parser.add_argument("--digits", type=Path, help="folder of the Free Spoken Digit Dataset's recordings")
    parser.add_argument("--count", type=int, default=200, help="samples of each skill")
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    register()
    exam = Exam(
        options.data,
        options.digits,
        options.count,
        options.batch_size,
        workers=options.workers,
        device=options.device,
    )
    report = make_report(options.model, exam)
    options.out.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    for title in TITLES.values():
        for group, row in report[title].items():
            print(f"{title:20} {group:26} {row['score']:.3f} of {row['count']}  {row['interval']}")


if __name__ == "__main__":
    main()
