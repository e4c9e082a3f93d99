"""Nano's decode of one chat and of sixteen: ours, transformers' generate, ONNX Runtime, and the floor."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench import onnx_runtime
from bench.ahead import can_compile, compile_ours
from bench.models import nano_decoder, peer, prompt
from bench.rounds import CLOCKS, Clock, Result, interleave, rounded, tell

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generate import Decoder

PROMPT, NEW = 64, 128
MANY = 16
OURS, AHEAD = "ours, ms a token", "ours compiled ahead, ms a token"


def measure(runs: int, clock: Clock) -> Result:
    """Milliseconds a step, greedy, the prompt read before the clock starts or taken off."""
    import torch

    from engine.families.autoglm import FusedAutoGLMDecoder
    from engine.generate import SlotDecoder

    ours, exact = nano_decoder(), nano_decoder(exact=True)
    assert isinstance(ours, FusedAutoGLMDecoder) and isinstance(exact, FusedAutoGLMDecoder)
    full, stored = exact.fused.weight_bytes, ours.fused.weight_bytes
    sides = {
        "transformers generate, ms a token": lambda: generate_token(clock),
        "same modules in slots, ms a token": lambda: step_of(SlotDecoder(peer()), 1, clock),
        OURS: lambda: step_of(ours, 1, clock),
        "ours in single precision, ms a token": lambda: step_of(exact, 1, clock),
        f"{MANY} chats, ours, ms a step": lambda: step_of(ours, MANY, clock),
        f"{MANY} chats, ours in single precision, ms a step": lambda: step_of(exact, MANY, clock),
    }
    if onnx_runtime.installed():
        tell("exporting to ONNX")
        onnx_runtime.export()
        sides |= onnx_sides(clock)
    with tempfile.TemporaryDirectory(prefix="bench-decode-") as folder:
        if can_compile():
            tell("compiling ours")
            ahead, _, _ = compile_ours(Path(folder))
            sides[AHEAD] = lambda: step_of(ahead, 1, clock)
        values = interleave(sides | {"read bandwidth, GB/s": lambda: bandwidth(clock)}, runs)
    speeds = values["read bandwidth, GB/s"]
    for name, size in (("single precision", full), ("what ours reads", stored)):
        values[f"floor of {name}, ms a token"] = [size / speed / 1e6 for speed in speeds]
    result = Result(values)
    compare(result)
    tell("where a step goes")
    result.notes = [
        f"Prompt of {PROMPT} tokens, {NEW} new, greedy, {torch.get_num_threads()} threads.",
        f"The decoder has {rounded(full / 1e6)} MB of single-precision weights. Ours reads "
        f"{rounded(stored / 1e6)} MB a token: INT8, as nano ships, but for what is sensitive and the output "
        "head, which are packed in half precision without loss.",
        "A floor is those bytes over the bandwidth of reading 256 MB in the same round; weights that stay "
        "in the processor's caches can beat it.",
        "Compiled ahead: what `make compile` makes once, for one chat; without it, or a compiler, ours is "
        "as it is in the lines above.",
        "ONNX Runtime runs the same decoder exported with past and present, single precision and its own "
        "dynamic INT8, a scale for each channel; neither side makes text here."
        if onnx_runtime.installed()
        else onnx_runtime.ABSENT,
        where_a_step_goes(ours),
    ]
    return result


def compare(result: Result) -> None:
    """The goals are those of the quickest way that a machine has."""
    ways = {way.partition(",")[0]: way for way in (OURS, AHEAD) if way in result.figures}
    best = min(ways, key=lambda way: statistics.median(result.figures[ways[way]]))
    for way, ours in ways.items():
        wanted = 3.0 if way == best else None
        result.compare(f"{way} is quicker than generate", "transformers generate, ms a token", ours, wanted)
    for name, goal in (("single precision", None), ("INT8", 1.0)):
        theirs = f"ONNX Runtime, {name}, ms a token"
        if theirs in result.figures:
            for way, ours in ways.items():
                wanted = goal if way == best else None
                result.compare(f"{way} is quicker than ONNX Runtime, {name}", theirs, ours, wanted)
            result.compare(
                f"{MANY} chats: ours is quicker than ONNX Runtime, {name}",
                f"{MANY} chats, ONNX Runtime, {name}, ms a step",
                f"{MANY} chats, ours, ms a step",
            )
    result.compare(
        f"{MANY} chats: ours is quicker than without INT8",
        f"{MANY} chats, ours in single precision, ms a step",
        f"{MANY} chats, ours, ms a step",
    )


def generate_token(clock: Clock) -> float:
    """Milliseconds a token of transformers' generate; its prompt and set-up are taken off."""

    def generate(new: int) -> float:
        started = clock()
        peer().generate(prompt(PROMPT), max_new_tokens=new, min_new_tokens=new, do_sample=False)
        return clock() - started

    return 1e3 * (generate(NEW + 1) - generate(1)) / NEW


def step_of(decoder: Decoder, rows: int, clock: Clock, given: Mapping[str, Tensor] | None = None) -> float:
    """Milliseconds a step of a decoder with so many rows.

    `given` is the prompt of each, `input_ids` [1, length] and its media; without it all are of text.
    """
    import torch

    from engine.kv_cache import Span

    slots = list(range(rows))
    with torch.inference_mode():
        tokens: list[int] = []
        for slot in slots:
            media = dict(given or {"input_ids": prompt(PROMPT, slot)})
            ids = media.pop("input_ids")
            decoder.place(slot, ids, media)
            tokens += decoder.prefill([Span(slot, 0, ids.shape[1])]).argmax(-1).tolist()
        started = clock()
        for _ in range(NEW):
            tokens = decoder.decode(slots, tokens).argmax(-1).tolist()
        seconds = clock() - started
        for slot in reversed(slots):
            decoder.clear(slot)
    return 1e3 * seconds / NEW


#: What a step is made of: operations of torch by a part of their name.
KINDS = {
    "products with weights": ("linear", "mm"),
    "attention": ("scaled_dot_product",),
    "norms": ("norm",),
}


def where_a_step_goes(decoder: Decoder) -> str:
    """The profile of a step of one chat, in words."""
    from torch.profiler import ProfilerActivity, profile

    step_of(decoder, 1, CLOCKS["wall"])
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as seen:
        step_of(decoder, 1, CLOCKS["wall"])
    averages = seen.key_averages()
    times = dict.fromkeys([*KINDS, "the rest, mostly the calls themselves"], 0.0)
    for each in averages:
        kind = next((kind for kind, parts in KINDS.items() if any(part in each.key for part in parts)), None)
        times[kind or list(times)[-1]] += each.self_cpu_time_total
    shares = ", ".join(f"{kind} {100 * time / sum(times.values()):.0f} %" for kind, time in times.items())
    calls = round(sum(each.count for each in averages) / NEW)
    return f"A step of ours, profiled, which slows it down: {shares}; about {calls} calls within torch."


def onnx_step(int8: bool, rows: int, clock: Clock) -> float:
    """Milliseconds a step of ONNX Runtime with so many rows."""
    chat = onnx_runtime.Chat(int8, PROMPT, rows)
    started = clock()
    for _ in range(NEW):
        chat.step()
    return 1e3 * (clock() - started) / NEW


def onnx_sides(clock: Clock) -> dict[str, Callable[[], float]]:
    return {
        "ONNX Runtime, single precision, ms a token": lambda: onnx_step(False, 1, clock),
        "ONNX Runtime, INT8, ms a token": lambda: onnx_step(True, 1, clock),
        f"{MANY} chats, ONNX Runtime, single precision, ms a step": lambda: onnx_step(False, MANY, clock),
        f"{MANY} chats, ONNX Runtime, INT8, ms a step": lambda: onnx_step(True, MANY, clock),
    }


def bandwidth(clock: Clock) -> float:
    """GB/s of reading 256 MB."""
    import torch

    block = torch.zeros(64 * 2**20)
    started = clock()
    block.sum()
    return block.numel() * 4 / (clock() - started) / 1e9
