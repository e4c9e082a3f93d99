"""Makes nano from nothing: `python -m engine.train.nano --out assets/nano`, or `make nano`.

Draw and record; teach nano's eyes and ears, then its answers; make a deeper teacher of it, and distil that
into it; prune both encoders and recover; learn the rounding of INT8; export, and compare what each step did.
Every stage is kept in the runs folder and goes on from its last checkpoint (see `workshop.py`).
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.train import compare, qat
from engine.train.card import write_card
from engine.train.evaluate import Exam
from engine.train.export import export
from engine.train.workshop import Workshop, add_arguments

logger = logging.getLogger(__name__)

Model = AutoGLMForConditionalGeneration

NOTE = (
    "This edition was distilled from a deeper model that had grown out of it. Channels that it hardly used "
    "were taken out of both encoders. Its linear layers are stored as INT8, and it was trained with their "
    "rounding."
)


def stages(work: Workshop) -> dict[str, Callable[[], Model]]:
    """The rows of the table, in the order in which they are made; the last one ships."""

    def rounded(model: Model) -> Model:
        qat.store(model, work.sensitive())
        return model

    return {
        "student": work.student,
        "teacher": work.teacher,
        "alone": work.alone,
        "distilled": work.distilled,
        "continued": work.continued,
        "pruned": work.pruned,
        "recovered": work.recovered,
        "rounded": lambda: rounded(work.recovered()),
        "int8": lambda: rounded(work.aware()),
    }


def make(work: Workshop, out: Path) -> list[dict[str, Any]]:
    """Make all of it, export each as it would ship, `int8` to `out`, and score them; the table's rows."""
    folders = {}
    for name, make_model in stages(work).items():
        folders[name] = out if name == "int8" else work.folder / "exported" / name
        if not (folders[name] / "processor_config.json").exists() or name == "int8":
            export(make_model(), work.tokenizer, folders[name])
    recipe = work.recipe
    exam = Exam(
        work.folder / "data",
        work.digits,
        recipe.examined,
        screens=recipe.exam_screens,
        speech=recipe.exam_speech,
        workers=work.workers,
        device=str(work.device),
        max_new_tokens=recipe.answer_tokens,
    )
    rows = compare.compare(folders, exam)
    describe(rows[-1], out)
    return rows


def describe(row: Mapping[str, Any], out: Path) -> None:
    """Put the report of a checkpoint into its folder, and the card that is made of it."""
    report = {**row["report"], "parameters": row["parameters"]}
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    (out / "README.md").write_text(write_card(report, NOTE), "utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.nano", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished checkpoint")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    work = Workshop.of(options)
    rows = make(work, options.out)
    compare.write(rows, options.runs / "table.json")
    logger.info("%s\n%s", options.runs / "table.md", (options.runs / "table.md").read_text("utf-8"))


if __name__ == "__main__":
    main()
