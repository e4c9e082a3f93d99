"""The table of all figures, made from the kept results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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


def write_table(folder: Path, parts: Mapping[str, str]) -> None:
    """README.md beside `folder`, of every result in it, and what there is no result of among `parts`."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    (folder.parent / "README.md").write_text(
        "\n".join([HEAD, *map(section, results), *missing(results, parts)]), encoding="utf-8"
    )


def missing(results: Sequence[dict[str, Any]], parts: Mapping[str, str]) -> list[str]:
    """The parts without figures, in words."""
    measured = {result["part"] for result in results}
    left = [f"- {name}: {what}" for name, what in parts.items() if name not in measured]
    return ["\n".join(["## Without figures", "", *left]) + "\n"] if left else []


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
    ]
    columns = result.get("columns", [])
    plain = {name: each for name, each in result["figures"].items() if column_of(name) not in columns}
    if columns:
        lines += [*matrix(result), ""]
    if plain:
        has_limit = any("limit" in figure for figure in plain.values())
        lines += ["| figure | median | least | most |" + " wanted |" * has_limit]
        lines += ["|---|---:|---:|---:|" + "---|" * has_limit]
        lines += [row(name, each) + f" {wanted(each)} |" * has_limit for name, each in plain.items()]
    if result["ratios"]:
        lines += ["", "| ratio | median | least | most | wanted |", "|---|---:|---:|---:|---|"]
        lines += [row(name, figure) + f" {wanted(figure)} |" for name, figure in result["ratios"].items()]
    lines += ["", *(f"- {note}" for note in result["notes"])] if result["notes"] else []
    return "\n".join(lines) + "\n"


def matrix(result: dict[str, Any]) -> list[str]:
    """The figures named `what, column, unit`: a line for each `what`, with the rivals that are not behind."""
    columns, rivals = result["columns"], result["rivals"]
    lines = [
        "| median (least to most) | " + " | ".join(columns) + " | wanted | ahead |",
        "|---|" + "---:|" * len(columns) + "---|---|",
    ]
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for name, figure in result["figures"].items():
        if column_of(name) in columns:
            what, column, unit = name.split(", ")
            found.setdefault((what, unit), {})[column] = figure
    for (what, unit), figures in found.items():
        ours = figures[columns[0]]
        ahead = [name for name in rivals if name in figures and figures[name]["median"] < ours["median"]]
        cells = [cell(figures[column]) if column in figures else "" for column in columns]
        verdict = f"not of {', '.join(ahead)}" if ahead else "yes" if rivals else ""
        lines.append(f"| {what}, {unit} | " + " | ".join(cells) + f" | {wanted(ours)} | {verdict} |")
    return lines


def column_of(name: str) -> str | None:
    """The column of a figure named `what, column, unit`."""
    parts = name.split(", ")
    return parts[1] if len(parts) == 3 else None


def cell(figure: dict[str, Any]) -> str:
    values = figure["values"]
    return f"{figure['median']:.4g} ({min(values):.4g} to {max(values):.4g})"


def row(name: str, figure: dict[str, Any]) -> str:
    values = figure["values"]
    return f"| {name} | {figure['median']:.4g} | {min(values):.4g} | {max(values):.4g} |"


def wanted(figure: dict[str, Any]) -> str:
    if "goal" in figure:
        return f"{figure['goal']:.4g} or more: {'met' if figure['median'] >= figure['goal'] else 'missed'}"
    if "limit" in figure:
        return f"{figure['limit']:.4g} or less: {'met' if figure['median'] <= figure['limit'] else 'missed'}"
    return ""
