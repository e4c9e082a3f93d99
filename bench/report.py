"""The table of all figures, made from the kept results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CLOCKS = {"wall": "wall time", "cpu": "processor time of the measuring process"}
RESULTS = Path(__file__).resolve().parent / "results"

HEAD = """# Figures

Made by `make bench` from [results/](results); do not edit. One part alone: `make bench ARGS="decode"`. Each
figure is the median of its rounds, with the least and the most; sides that are compared take turns, and a
ratio is the median of the rounds' own ratios. A load well above the number of cores says that something else
ran on the machine at the same time: then trust the ratios more than the figures.
"""


def write_table(folder: Path) -> None:
    """README.md beside `folder`, of every result in it."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    (folder.parent / "README.md").write_text("\n".join([HEAD, *map(section, results)]), encoding="utf-8")


def section(result: dict[str, Any]) -> str:
    """One part in Markdown."""
    machine = result["machine"]
    lines = [
        f"## {result['part'].capitalize()}: {result['what']}",
        "",
        f"{result['measured'][:10]}, {machine['processor']}, {machine['cores']} cores"
        + "".join(f", {name}" for name in machine["accelerators"])
        + f", load {machine['load_average']:.1f}, torch {machine['libraries']['torch']}, "
        f"commit {machine['commit']}, in {CLOCKS[result['clock']]}.",
        "",
        "| figure | median | least | most |",
        "|---|---:|---:|---:|",
        *(row(name, figure) for name, figure in result["figures"].items()),
    ]
    if result["ratios"]:
        lines += ["", "| ratio | median | least | most | wanted |", "|---|---:|---:|---:|---|"]
        lines += [row(name, figure) + f" {wanted(figure)} |" for name, figure in result["ratios"].items()]
    lines += ["", *(f"- {note}" for note in result["notes"])] if result["notes"] else []
    return "\n".join(lines) + "\n"


def row(name: str, figure: dict[str, Any]) -> str:
    values = figure["values"]
    return f"| {name} | {figure['median']:.4g} | {min(values):.4g} | {max(values):.4g} |"


def wanted(figure: dict[str, Any]) -> str:
    if "goal" not in figure:
        return ""
    return f"{figure['goal']:.4g} or more: {'met' if figure['median'] >= figure['goal'] else 'missed'}"
