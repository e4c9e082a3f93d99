"""`python -m engine.compile`: make one chat's decode step quicker on this machine, once.

The model's step is compiled to a library in this user's cache folder, held against the engine's own
operations, and kept where it is quicker than they are. The engine looks there when it loads the model.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from engine.loading import DType, Loading
from engine.protocol import AssistantError

if TYPE_CHECKING:
    from engine.families.compiled import CompiledStep
    from engine.families.glm import FusedGlm

#: Tokens of one trial, and how often both sides are tried in turns.
TOKENS, ROUNDS = 64, 9


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 where nothing was compiled."""
    chosen = read_arguments(arguments)
    try:
        return make(chosen.model, Loading(dtype=chosen.dtype))
    except AssistantError as error:
        print(f"{error.message}. {error.remedy}", file=sys.stderr)
    except OSError as error:
        print(f"The library could not be written: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped; nothing was kept.", file=sys.stderr)
    return 1


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m engine.compile", description="Make one chat's answers quicker on this CPU, once."
    )
    parser.add_argument("--model", default="nano", help="nano, a folder, or a hub id (default: nano)")
    parser.add_argument("--dtype", choices=get_args(DType), default="auto", help="as the app is given it")
    return parser.parse_args(arguments)


def make(model: str, loading: Loading) -> int:
    """Compile, try and keep the step of a model. Raises AssistantError where it cannot be loaded."""
    from engine import checkpoint
    from engine.families.compiled import CannotCompile, compile_step, default_folder, find_step
    from engine.families.glm import fuse

    fused = fuse(checkpoint.load(model, loading=loading).model)
    if fused is None:
        print(f"{model} runs through its own modules; only GLM's decoders are compiled.", file=sys.stderr)
        return 1
    folder = default_folder()
    folder.mkdir(parents=True, exist_ok=True)
    print("Compiling, which takes a minute or so …", flush=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="making-") as making:
        try:
            made = compile_step(fused, Path(making))
        except CannotCompile as error:
            print(error, file=sys.stderr)
            return 1
        step = find_step(fused, Path(making))
        if step is None:
            print("The library does not give what the engine's own operations give.", file=sys.stderr)
            return 1
        if not all([is_quicker(fused, step, media) for media in (False, True)[: 1 + fused.looks]]):
            print("It is not quicker here, so it is not kept.")
            return 0
        kept = folder / made.name
        shutil.rmtree(kept, ignore_errors=True)
        made.rename(kept)
    print(f"Kept in {kept}.")
    return 0


def is_quicker(fused: FusedGlm, step: CompiledStep, media: bool) -> bool:
    """Tell what a token takes, without media or with about a picture's, and whether compiling gains."""
    seconds = time_steps(fused, (None, step), media)
    own, compiled = (1e3 * value for value in seconds)
    what = "with a picture" if media else "of text"
    print(f"A token of a chat {what}: {own:.3g} ms as the engine runs it, {compiled:.3g} ms compiled.")
    return compiled < own


def time_steps(fused: FusedGlm, steps: Sequence[CompiledStep | None], media: bool) -> list[float]:
    """Seconds a token of each, the median of several trials in turns."""
    from engine.families.trial import Trial

    trials = [(Trial(fused, media), step) for step in steps]
    found: list[list[float]] = [[] for _ in steps]
    for _ in range(ROUNDS):
        for (trial, step), values in zip(trials, found, strict=True):
            started = time.perf_counter()
            trial.write(step, TOKENS)
            values.append((time.perf_counter() - started) / TOKENS)
    return [statistics.median(values) for values in found]


if __name__ == "__main__":
    sys.exit(main())
