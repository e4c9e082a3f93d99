"""Which temperature and mix to distill with: `python -m engine.train.sweep --runs runs/nano`.

For each choice the same student is taught on for as long by the same teacher; what it then
misses on held-out questions stands in a table. Its first row is the right answers alone.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.train.distill import Distillation, Guide, Model
from engine.train.heldout import HeldOut
from engine.train.joint_stage import Lesson
from engine.train.table import markdown
from engine.train.workshop import Workshop, add_arguments

logger = logging.getLogger(__name__)


def choices_of(temperatures: Sequence[float], mixes: Sequence[float]) -> list[Distillation]:
    """All of them; a mix of 0 once, since no temperature has a part in it."""
    taught = [Distillation(t, mix) for t in temperatures for mix in mixes if mix > 0]
    return [Distillation(1.0, 0.0), *taught]


def sweep(
    open_student: Callable[[], Model],
    guide: Guide,
    lesson: Lesson,
    choices: Sequence[Distillation],
    folder: Path,
    heldout: HeldOut,
) -> list[dict[str, float]]:
    """A row for each choice: T, the mix, and the figures of `HeldOut.score`, at T = 1.

    open_student: the same student each time.
    """
    rows = []
    for choice in choices:
        student = open_student()
        guide.distill(
            student, guide.perception, [lesson], folder / f"T{choice.temperature:g}-mix{choice.mix:g}", choice
        )
        said = heldout.score(student.eval())
        rows.append({"temperature": choice.temperature, "mix": choice.mix, **said})
        logger.info("T %g, mix %g: %s", choice.temperature, choice.mix, said)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.sweep", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1.0, 2.0, 5.0])
    parser.add_argument("--mixes", type=float, nargs="+", default=[0.5, 0.9])
    parser.add_argument("--steps", type=int, default=400, help="of the student, for each of them")
    parser.add_argument("--count", type=int, default=200, help="held-out questions")
    parser.add_argument(
        "--out", type=Path, help="the table as JSON, beside it as Markdown (default: in --runs)"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    work = Workshop.of(options)
    lesson = work.recipe.apprenticeship.lessons[-1]
    lesson = replace(lesson, schedule=replace(lesson.schedule, steps=options.steps))
    rows = sweep(
        work.student,
        work.guide,
        lesson,
        choices_of(options.temperatures, options.mixes),
        options.runs / "sweep",
        work.questions(options.count),
    )
    out = options.out or options.runs / "distillation.json"
    out.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    out.with_suffix(".md").write_text(markdown(rows), "utf-8")
    print(markdown(rows))


if __name__ == "__main__":
    main()
