"""Right and wrong answers of a checkpoint as one picture, drawn on what it was shown.

`python -m engine.train.gallery --model assets/nano --out docs/nano-answers.png`
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from engine.model import register
from engine.train.corpus import ScreenCorpus
from engine.train.dialogues import Composer, Sample
from engine.train.evaluate import TAP, Exam, Examiner, Verdict, examine_skill
from engine.train.screens.canvas import Canvas
from engine.train.tasks import Expectation

SKILLS = ("describe", "tap", "time", "count", "reference", "screen_and_speech", "strange")
ASKED, BATCH = 60, 20  # samples of each skill among which a right and a wrong one are looked for
SCALE, WIDTH, HEIGHT, LINE = 2, 460, 660, 22
RIGHT, WRONG, INK, PAPER = (24, 128, 56), (190, 30, 45), (32, 33, 36), (255, 255, 255)


def choose(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """The first right one and the first wrong one, as far as there are such."""
    for wanted in (True, False):
        yield from [verdict for verdict in verdicts if (verdict.score == 1.0) == wanted][:1]


def draw(verdict: Verdict, screens: ScreenCorpus, said: str) -> Image.Image:
    """A tile: the picture as the model received it, the tap and where it should have been, the words."""
    sample = verdict.sample
    canvas = Canvas(WIDTH, HEIGHT, 1.0, PAPER)
    if sample.scene is not None:
        width, height = screens.content_sizes[sample.scene].tolist()
        picture = Image.fromarray(screens.pixels[sample.scene][:height, :width])
        picture = picture.resize((width * SCALE, height * SCALE), Image.Resampling.LANCZOS)
        mark(picture, sample.expectation, verdict.answer)
        canvas.image.paste(picture, ((WIDTH - picture.width) // 2, 8))
    right = verdict.score == 1.0
    last = sample.turns[-1]
    lines = [(f"? {turn.user}", INK) for turn in sample.turns[:-1]]
    lines.append((f"? {last.user or f'({said})'}", INK))
    lines.append((verdict.thinking, (110, 112, 120)))
    lines.append((verdict.answer, RIGHT if right else WRONG))
    if not right:
        lines.append((f"= {last.answer}", RIGHT))
    y = 224 * SCALE + 28
    for text, ink in lines:
        for line in wrap(text):
            canvas.text(10, y, line, 16, ink)
            y += LINE
    return canvas.image


def wrap(text: str) -> list[str]:
    return textwrap.wrap(text, 60 if text.isascii() else 28)[:3]


def mark(picture: Image.Image, expectation: Expectation, answer: str) -> None:
    """The box of what was meant in green, a cross in red where the answer taps."""
    draw = ImageDraw.Draw(picture)
    across, down = picture.width / 1000, picture.height / 1000
    if expectation.box is not None:
        left, top, right, bottom = expectation.box
        draw.rectangle((left * across, top * down, right * across, bottom * down), outline=RIGHT, width=3)
    if match := TAP.match(answer):
        x, y = int(match[1]) * across, int(match[2]) * down
        draw.line((x - 9, y, x + 9, y), fill=WRONG, width=3)
        draw.line((x, y - 9, x, y + 9), fill=WRONG, width=3)


def spoken(sample: Sample, composer: Composer) -> str:
    return "" if sample.recording is None else composer.utterances[sample.recording].text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.gallery", description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="the picture to write")
    parser.add_argument("--data", type=Path, default=Path("runs/evaluation"))
    parser.add_argument("--digits", type=Path, help="folder of the Free Spoken Digit Dataset's recordings")
    options = parser.parse_args()
    register()
    exam = Exam(options.data, options.digits)
    screens, recordings = exam.draw("heldout"), exam.record()
    examiner = Examiner(options.model, screens, recordings, torch.device("cpu"))
    composer = Composer(screens.scenes, recordings.utterances, "heldout")
    columns = [list(choose(list(examine_skill(examiner, composer, skill, ASKED, BATCH)))) for skill in SKILLS]
    sheet = Image.new("RGB", (len(columns) * WIDTH, 2 * HEIGHT), PAPER)
    for column, verdicts in enumerate(columns):
        for verdict in verdicts:
            tile = draw(verdict, screens, spoken(verdict.sample, composer))
            sheet.paste(tile, (column * WIDTH, 0 if verdict.score == 1.0 else HEIGHT))
    sheet.save(options.out, optimize=True)


if __name__ == "__main__":
    main()
