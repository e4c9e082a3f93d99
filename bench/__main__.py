"""`python -m bench`: measure, print, and write the figures with the machine's description."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import answers, machine, page

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> int:
    """Returns the exit status: 0, or 1 where something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", allow_abbrev=False)
    parser.add_argument("--model", default="nano", help="what answers: nano, or a folder with a checkpoint")
    parser.add_argument("--runs", type=int, default=5, help="how often each thing is measured (default: 5)")
    parser.add_argument("--out", type=Path, help=f"the JSON file (default: a new one in {RESULTS.name}/)")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error(f"--runs is {arguments.runs}; it must be 1 or more")
    now = datetime.now(UTC)
    description = machine.describe()
    try:
        figures = page.measure(arguments.runs) | answers.measure(arguments.model, arguments.runs)
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    for name, values in figures.items():
        print(f"{name:40} {statistics.median(values):10.3f}   {min(values):.3f} to {max(values):.3f}")
    report = {
        "measured": now.isoformat(timespec="seconds"),
        "model": arguments.model,
        "machine": description,
        "figures": {name: summary(values) for name, values in figures.items()},
    }
    out = arguments.out or RESULTS / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {out}")
    return 0


def summary(values: list[float]) -> dict[str, object]:
    """The median, and every value it is the median of."""
    return {"median": round(statistics.median(values), 4), "values": [round(value, 4) for value in values]}


if __name__ == "__main__":
    sys.exit(main())
