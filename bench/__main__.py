"""`python -m bench [part ...]`: measure, print, and write the figures with the machine's description.

Each part of several runs in a process of its own, so that none leaves memory, threads or servers to the next,
and one that hangs is ended and not waited for.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, report
from bench.rounds import CLOCKS, Result, Skipped, tell

PARTS = {
    "page": "the page in a real browser beside others, before the same endpoint",
    "answers": "how fast it answers text, a picture, a voice, and both",
    "load": "from nothing to the first token, and memory",
    "decode": "one chat's speed and that of sixteen against transformers, ONNX Runtime and the floor",
    "compiled": "one chat's speed against torch.compile, AOTInductor and ONNX Runtime, and the compiling",
    "int8": "products of INT8 weights by kernel, and what INT8 changes in nano's answers",
    "cache": "the KV cache against reading everything again",
    "chats": "1 to 32 chats at once against one after another and the peers",
    "serving": "1 to 32 chats over HTTP against transformers serve",
    "attention": "dense against sparse attention",
    "gpu": "nine billion parameters on a GPU, in bfloat16 and INT8, where there is one",
}
# What a person waits for, other processes and devices included.
WALL = ("page", "answers", "load", "compiled", "serving", "gpu")
ROOT = Path(__file__).resolve().parent.parent
#: Seconds that a part has beyond its time, to say where it was.
GRACE = 60.0


def main() -> int:
    """Returns the exit status: 0, or 1 where something could not be measured."""
    arguments = read_arguments()
    parts: list[str] = arguments.parts or list(PARTS)
    arguments.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    if len(parts) == 1:
        ended = [run(parts[0], arguments)]
    else:
        # So that a part does not outlive the command, which Ctrl+C sees to by itself.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        ended = [run_apart(name, arguments) for name in parts]
        print(f"\nbench: all of it took {time.monotonic() - began:.0f} s", file=sys.stderr)
    report.write_table(arguments.out, PARTS)
    return int(not all(ended))


def read_arguments() -> argparse.Namespace:
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
    parser.add_argument(
        "--patience",
        type=float,
        default=3600.0,
        metavar="SECONDS",
        help="a part that takes longer is ended, and says where it was (default: 3600)",
    )
    arguments = parser.parse_args()
    for name in ("runs", "patience"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} is {getattr(arguments, name)}; it must be 1 or more")
    if unknown := [name for name in arguments.parts if name not in PARTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(PARTS)}")
    return arguments


def run(name: str, arguments: argparse.Namespace) -> bool:
    """Measure one part in this process, write what it gave, and say so; False where it failed."""
    print(f"\n{name}: {PARTS[name]}", flush=True)
    began = time.monotonic()
    faulthandler.dump_traceback_later(arguments.patience, exit=True)
    try:
        write(name, measure(name, arguments), arguments)
    except Skipped as why:
        print(f"  skipped, {why}")
    except Exception as error:
        print(f"bench: {name}: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    finally:
        faulthandler.cancel_dump_traceback_later()
    tell(f"{name} took {time.monotonic() - began:.0f} s")
    return True


def run_apart(name: str, arguments: argparse.Namespace) -> bool:
    """`run` in a process of its own, which ends with all that it started; False where it failed."""
    options = {"model": arguments.model, "clock": arguments.clock, "runs": arguments.runs}
    options |= {"patience": arguments.patience, "out": arguments.out.resolve()}
    given = [word for option, value in options.items() for word in (f"--{option}", str(value))]
    program = subprocess.Popen(
        [sys.executable, "-m", "bench", name, *given], cwd=ROOT, start_new_session=True
    )
    try:
        status = program.wait(arguments.patience + GRACE)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    if status in (0, 1):
        return status == 0
    why = f"its process ended with status {status}" if status is not None else "it did not end in time"
    print(f"bench: {name}: {why}", file=sys.stderr)
    return False


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
    text = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
    (arguments.out / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
