"""Checkpoints side by side: score, parameters, FLOPs, bytes, tokens per second.

`python -m engine.train.compare --out table.json teacher=DIR distilled=DIR int8=DIR`
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from engine.checkpoint import load
from engine.families import decoder_for
from engine.kv_cache import Span
from engine.model import register
from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.train.evaluate import OVERALL, TITLES, Exam, make_report, mean
from engine.train.flops import count_encoder, count_token
from engine.train.table import markdown

logger = logging.getLogger(__name__)

PROMPT, NEW, RUNS = 64, 64, 3


def weigh(folder: Path) -> dict[str, Any]:
    """What a checkpoint is made of: parameters, FLOPs of each part, bytes of its weights on disk.

    Counted on the same shapes in floats: INT8 does as many operations, cheaper ones.
    """
    config: Any = AutoConfig.from_pretrained(folder)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoGLMForConditionalGeneration(config).eval()
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "picture_flops": count_encoder(model.model.vision),
        "speech_flops": count_encoder(model.model.audio),
        "token_flops": count_token(model),
        "bytes": sum(file.stat().st_size for file in folder.glob("*.safetensors")),
    }


def time_tokens(folder: Path) -> float:
    """Tokens a second of one chat, as the engine decodes it on this machine: the best of three."""
    decoder = decoder_for(load(str(folder.resolve())).model)
    ids = torch.arange(PROMPT)[None] % 200 + 20
    best = float("inf")
    with torch.inference_mode():
        for _ in range(RUNS):
            decoder.place(0, ids, {})
            tokens = decoder.prefill([Span(0, 0, PROMPT)]).argmax(-1).tolist()
            started = time.perf_counter()
            for _ in range(NEW):
                tokens = decoder.decode([0], tokens).argmax(-1).tolist()
            best = min(best, time.perf_counter() - started)
            decoder.clear(0)
    return NEW / best


def compare(folders: Mapping[str, Path], exam: Exam) -> list[dict[str, Any]]:
    """A row for each checkpoint.

    `score` is the mean over all skills of their scores, `skills` has each, `report` all of the evaluation.
    """
    rows: list[dict[str, Any]] = []
    for name, folder in folders.items():
        report = make_report(str(folder), exam)
        skills = {
            title: {key: row["score"] for key, row in report[title].items() if key not in OVERALL}
            for title in TITLES.values()
        }
        rows.append(
            {
                "model": name,
                "score": mean(list(skills["screens"].values())),
                **{key: report["screens"][key]["score"] for key in OVERALL},
                "unseen_icons": mean(list(skills["unseen_icon_family"].values())),
                **weigh(folder),
                "tokens_per_second": time_tokens(folder),
                "machine": report["machine"],
                "samples_of_each_skill": exam.count,
                "skills": skills,
                "report": report,
            }
        )
        logger.info("%s", figures(rows[-1]))
    return rows


def figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """What fits into a line of a table."""
    long = ("skills", "report", "machine", "samples_of_each_skill")
    return {key: value for key, value in row.items() if key not in long}


def write(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """`out` as JSON, beside it two tables as Markdown: the models, and each one's skills."""
    lean = [{key: value for key, value in row.items() if key != "report"} for row in rows]
    out.write_text(json.dumps(lean, indent=1) + "\n", "utf-8")
    names = list(dict.fromkeys(name for row in rows for name in row["skills"]["screens"]))
    skills = [
        {"skill": name, **{row["model"]: row["skills"]["screens"].get(name) for row in rows}}
        for name in names
    ]
    out.with_suffix(".md").write_text(
        f"{markdown([figures(row) for row in rows])}\n{markdown(skills)}", "utf-8"
    )


def read_pair(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not separator or not (Path(folder) / "config.json").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FOLDER with a checkpoint in it")
    return name, Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.compare", description=__doc__)
    parser.add_argument("models", type=read_pair, nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="the table, JSON; beside it as Markdown")
    parser.add_argument(
        "--data", type=Path, default=Path("runs/evaluation"), help="where held-out media are made"
    )
    parser.add_argument("--digits", type=Path, help="folder of the Free Spoken Digit Dataset's recordings")
    parser.add_argument("--count", type=int, default=200, help="samples of each skill")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    register()
    exam = Exam(options.data, options.digits, options.count, workers=options.workers)
    write(compare(dict(options.models), exam), options.out)
    print(options.out.with_suffix(".md").read_text("utf-8"))


if __name__ == "__main__":
    main()
