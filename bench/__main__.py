"""`python -m bench [part ...]`: measure, print, and write the figures with the machine's description."""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, report
from bench.rounds import CLOCKS, Result, Skipped

PARTS = {
    "page": "the page in a real browser beside others, before the same endpoint",
    "answers": "how fast it answers text, a picture, a voice, and both",
    "load": "from nothing to the first token, and memory",
    "decode": "one chat's speed and that of sixteen against transformers, ONNX Runtime and the floor",
    "compiled": "one chat's speed against torch.compile, and what compiling takes",
    "int8": "products of INT8 weights by kernel, and what INT8 changes in nano's answers",
    "cache": "the KV cache against reading everything again",
    "chats": "1 to 32 chats at once against one after another and the peers",
    "serving": "1 to 32 chats over HTTP against transformers serve",
    "attention": "dense against sparse attention",
    "gpu": "nine billion parameters on a GPU, in bfloat16 and INT8",
}
# What a person waits for, other processes and devices included.
WALL = ("page", "answers", "load", "compiled", "serving", "gpu")


def main() -> int:
    """Returns the exit status: 0, or 1 where something could not be measured."""
    listed = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    parser = argparse.ArgumentParser(prog="python -m bench", allow_abbrev=False)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"what to measure (default: all): {listed}")
    parser.add_argument(
        "--model", default="nano", help="what gives the answers: nano, or a folder with a checkpoint"
    )
    parser.add_argument(
        "--clock",
        choices=sorted(CLOCKS),
        default="wall",
        help="what speed is measured in: wall time, or the processor time of this process, for a machine "
        f"that others keep busy (default: wall); always in wall time: {', '.join(WALL)}",
    )
    parser.add_argument("--runs", type=int, default=5, help="how often each thing is measured (default: 5)")
    parser.add_argument(
        "--out", type=Path, default=report.RESULTS, help="the folder (default: bench/results)"
    )
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error(f"--runs is {arguments.runs}; it must be 1 or more")
    if unknown := [name for name in arguments.parts if name not in PARTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(PARTS)}")
    failed = False
    for name in arguments.parts or PARTS:
        try:
            write(name, measure(name, arguments), arguments)
        except Skipped as why:
            print(f"\n{name}: skipped, {why}")
        except Exception as error:
            # The parts after it are worth their minutes all the same.
            failed = True
            print(f"bench: {name}: {type(error).__name__}: {error}", file=sys.stderr)
    report.write_table(arguments.out)
    return int(failed)


def measure(name: str, arguments: argparse.Namespace) -> Result:
    """Raises RuntimeError where it cannot be measured."""
    part = importlib.import_module(f"bench.{name}")
    if name == "answers":
        return Result(part.measure(arguments.model, arguments.runs))
    if name in WALL:
        found = part.measure(arguments.runs)
        return found if isinstance(found, Result) else Result(found)
    return part.measure(arguments.runs, CLOCKS[arguments.clock])


def write(name: str, result: Result, arguments: argparse.Namespace) -> None:
    """Print the part's figures and keep them in `folder`/name.json, in place of older ones."""
    print(f"\n{name}: {PARTS[name]}")
    for figure, values in (result.figures | result.ratios).items():
        print(f"  {figure:70} {statistics.median(values):10.4g}   {min(values):.4g} to {max(values):.4g}")
    kept = {
        "part": name,
        "what": PARTS[name],
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": arguments.model,
        "clock": "wall" if name in WALL else arguments.clock,
        "machine": machine.describe(),
        **result.summary(),
    }
    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
