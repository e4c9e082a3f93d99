"""The compilers of torch beside our own path: what they gain a token, and what the first token then costs.

`torch.compile` works when the program runs; AOTInductor makes a library beforehand, which is loaded. Both get
transformers' modules with a static cache; AOTInductor also gets our own step, on the slot cache, as
`python -m engine.compile` makes it.
"""

from __future__ import annotations

import copy
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import onnx_runtime
from bench.ahead import can_compile, compile_ours
from bench.decode import NEW, PROMPT, onnx_step, step_of
from bench.models import nano_decoder, peer, picture_prompt, prompt
from bench.rounds import CLOCKS, Result, Skipped, interleave, rounded, tell

if TYPE_CHECKING:
    from torch import Tensor


WIDTH = 256  # tokens
OURS, OURS_AHEAD = "ours", "ours compiled ahead"
COMPILED, AHEAD = "torch.compile", "AOTInductor"
ONNX, ONNX_INT8 = "ONNX Runtime", "ONNX Runtime in INT8"

MAKING = "until the libraries of ours are made, s"
FINDING = "until those that are there are found and tried, s"

#: One token and its place in the text, [1, 1] int64 and [1] int64 -> logits [1, 1, vocabulary].
Step = Callable[["Tensor", "Tensor"], "Tensor"]


def measure(runs: int) -> Result:
    """Seconds to compile, then milliseconds a token. Raises Skipped where there is no compiler."""
    if not can_compile():
        raise Skipped("there is no C++ compiler here")
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-compiled-") as folder:
        steps: dict[str, Step] = {}
        for name, make in ((COMPILED, compile_now), (AHEAD, partial(compile_ahead, Path(folder)))):
            tell(f"compiling with {name}")
            began = time.perf_counter()
            steps[name] = make()
            write(steps[name], 2)
            figures[f"until {name} has written two tokens, s"] = [time.perf_counter() - began]
        figures[f"until a library of {AHEAD} that is there has, s"] = [load_again(Path(folder))]
        tell(f"compiling {OURS}")
        ahead, figures[MAKING], figures[FINDING] = compile_ours(Path(folder, "ours"))
        wall = CLOCKS["wall"]
        sides = {OURS: lambda: step_of(nano_decoder(), 1, wall), OURS_AHEAD: lambda: step_of(ahead, 1, wall)}
        sides |= {name: partial(timed_step, step) for name, step in steps.items()}
        if onnx_runtime.installed():
            tell("exporting to ONNX")
            onnx_runtime.export()
            sides |= {ONNX: lambda: onnx_step(False, 1, wall), ONNX_INT8: lambda: onnx_step(True, 1, wall)}
        everything = {f"{name}, ms a token": side for name, side in sides.items()}
        for name, decoder in ((OURS, nano_decoder()), (OURS_AHEAD, ahead)):
            looking = partial(step_of, decoder, 1, wall, picture_prompt())
            everything[f"{name}, with a picture, ms a token"] = looking
        values = interleave(everything, runs)
    result = Result(values | figures)
    compare(result, list(sides))
    result.notes = [
        f"{COMPILED} and {AHEAD}: transformers' modules with a static cache of {WIDTH} tokens, one token a "
        "step. Whatever the compiler kept of earlier processes shortens the first tokens.",
        f"{OURS_AHEAD}: the decoder as the scheduler runs it, rows and media and all, its library found in a "
        "folder; several chats at once are written as without it.",
        choice(result, list(sides)),
    ]
    return result


def compare(result: Result, sides: list[str]) -> None:
    for fast in (OURS, OURS_AHEAD):
        for slow in sides:
            if slow not in {OURS_AHEAD, fast}:
                result.compare(f"{fast} is quicker than {slow}", f"{slow}, ms a token", f"{fast}, ms a token")
    result.compare(
        f"{OURS_AHEAD} is quicker than {OURS}, with a picture",
        f"{OURS}, with a picture, ms a token",
        f"{OURS_AHEAD}, with a picture, ms a token",
    )


def compile_now() -> Step:
    """The decoder compiled as it first runs."""
    import torch

    glm = exportable()
    step = torch.compile(glm.forward, fullgraph=True, dynamic=False)
    return lambda token, place: step(input_ids=token, cache_position=place)


def compile_ahead(folder: Path) -> Step:
    """The decoder exported, compiled to a library in `folder` and loaded from it."""
    import torch
    from torch._inductor import aoti_compile_and_package

    given = {"input_ids": torch.zeros(1, 1, dtype=torch.int64), "cache_position": torch.tensor([0])}
    logging.getLogger("torch").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(exportable(), (), given, strict=True)
        aoti_compile_and_package(program, package_path=str(library(folder)))
    return load(folder)


def load(folder: Path) -> Step:
    from torch._inductor import aoti_load_package

    step = aoti_load_package(str(library(folder)))
    return lambda token, place: step(input_ids=token, cache_position=place)


def load_again(folder: Path) -> float:
    """Seconds to load the library that `compile_ahead` made, and write two tokens."""
    began = time.perf_counter()
    write(load(folder), 2)
    return time.perf_counter() - began


def library(folder: Path) -> Path:
    return folder / "step.pt2"


def exportable() -> Any:
    """Nano's decoder as transformers makes it ready for export: its static cache is part of it."""
    from transformers.integrations.executorch import TorchExportableModuleWithStaticCache

    glm = copy.deepcopy(peer())
    glm.generation_config.cache_implementation = "static"
    glm.generation_config.use_cache = True
    return TorchExportableModuleWithStaticCache(glm, batch_size=1, max_cache_len=WIDTH)


def write(step: Step, count: int, length: int = 1) -> list[int]:
    """`count` tokens, greedily, after a prompt of `length`."""
    return _write(step, count, length)[0]


def timed_step(step: Step) -> float:
    """Milliseconds a token after the prompt, which is read token by token, too."""
    return _write(step, NEW, PROMPT)[1]


def _write(step: Step, count: int, length: int) -> tuple[list[int], float]:
    import torch

    ids, written = prompt(length), []
    with torch.inference_mode():
        read = [
            step(ids[:, place : place + 1].contiguous(), torch.tensor([place])) for place in range(length)
        ]
        logits = read[-1]
        started = time.perf_counter()
        for place in range(length, length + count):
            token = logits[:, -1].argmax(-1, keepdim=True)
            written.append(int(token))
            logits = step(token, torch.tensor([place]))
        seconds = time.perf_counter() - started
    return written, 1e3 * seconds / count


def choice(result: Result, sides: list[str]) -> str:
    """Which of them the figures are for, in words."""
    cost = {name: statistics.median(result.figures[f"{name}, ms a token"]) for name in sides}
    order = sorted(cost, key=lambda one: cost[one])
    figures = ", ".join(f"{name} {rounded(cost[name])} ms" for name in order)
    best, making = order[0], statistics.median(result.figures[MAKING])
    ours = (
        "The engine starts with its own operations, and has a chat that is alone written by its compiled "
        f"step once `python -m engine.compile` has made that, here in {making:.0f} s."
    )
    if best in {OURS, OURS_AHEAD}:
        return f"A token costs {figures}. {ours}"
    run = min(cost[OURS], cost[OURS_AHEAD])
    return (
        f"A token costs {figures}. {ours} {best} is {run / cost[best]:.2f} times as quick as that; it runs "
        "one row of text, whose cache no other row can join and no picture reach."
    )
