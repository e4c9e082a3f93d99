"""A GPU: decoding at the shape of nine billion parameters, in bfloat16 and INT8, against its bandwidth."""

from __future__ import annotations

import time
from typing import Any

from bench.rounds import Result, Skipped, interleave

ROWS = (1, 4, 16, 64)
PROMPT, NEW = 512, 64


def measure(runs: int) -> Result:
    """Milliseconds a step, prompt tokens a second, and the share of the bandwidth that a step reaches.

    Raises Skipped where there is no GPU.
    """
    import torch

    if not torch.cuda.is_available():
        raise Skipped("there is no GPU here")
    return compare(nine_billion(), torch.device("cuda"), torch.bfloat16, runs)


def nine_billion() -> Any:
    """The shape of GLM-4-9B's decoder, which AutoGLM-Phone-9B has, too."""
    from transformers import Glm4Config

    return Glm4Config(
        vocab_size=151552, hidden_size=4096, intermediate_size=13696, num_hidden_layers=40,
        num_attention_heads=32, num_key_value_heads=2, head_dim=128, max_position_embeddings=4096,
        pad_token_id=0,
    )  # fmt: skip


def compare(config: Any, device: Any, dtype: Any, runs: int) -> Result:
    """Random weights of `config`'s shape in `dtype`, then the same in INT8."""
    import torch
    from transformers import Glm4ForCausalLM

    from engine.quantize import quantize

    torch.manual_seed(0)
    kind: Any = Glm4ForCausalLM
    with torch.device(device):
        model = kind._from_config(config, dtype=dtype).eval()
    result = Result()
    gigabytes = bandwidth(device)
    result.figures["read bandwidth, GB/s"] = [gigabytes]
    for name in ("in full", "INT8"):
        if name == "INT8":
            quantize(model)
        result.figures |= figures(name, model, runs, gigabytes)
    result.compare("INT8 is quicker for one chat", chats(1, "in full"), chats(1, "INT8"), 1.6)
    result.goals["1 chat, in full: share of the bandwidth"] = 0.6
    result.ratios["1 chat, in full: share of the bandwidth"] = result.figures.pop("share, in full")
    result.figures.pop("share, INT8")
    result.notes = [f"Random weights, {PROMPT} tokens of prompt, {NEW} new; steps through CUDA graphs."]
    return result


def figures(name: str, model: Any, runs: int, gigabytes: float) -> dict[str, list[float]]:
    """Of one model: milliseconds a step for several numbers of chats, and how fast a prompt is read."""
    import torch

    from engine.families import decoder_for
    from engine.kv_cache import Span

    decoder: Any = decoder_for(model)
    prompt = torch.arange(PROMPT, device=decoder.device)[None] % decoder.config.vocab_size

    def wait() -> float:
        if decoder.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def read() -> float:
        decoder.place(0, prompt, {})
        started = wait()
        decoder.prefill([Span(0, 0, PROMPT)])
        return PROMPT / (wait() - started)

    def step(rows: int) -> float:
        slots = list(range(rows))
        for slot in slots:
            decoder.place(slot, prompt, {})
            decoder.prefill([Span(slot, 0, PROMPT)])
        tokens = [1] * rows
        started = wait()
        for _ in range(NEW):
            tokens = decoder.decode(slots, tokens).argmax(-1).tolist()
        seconds = wait() - started
        for slot in reversed(slots):
            decoder.clear(slot)
        return 1e3 * seconds / NEW

    sides = {chats(rows, name): lambda rows=rows: step(rows) for rows in ROWS}
    found = interleave(sides | {f"prompt, {name}, tokens/s": read}, runs, name)
    limit = decoder.fused.weight_bytes / gigabytes / 1e6  # ms
    return found | {f"share, {name}": [limit / ms for ms in found[chats(1, name)]]}


def chats(rows: int, name: str) -> str:
    return f"{rows} chat{'s' * (rows > 1)}, {name}, ms a step"


def bandwidth(device: Any) -> float:
    """GB/s of reading half a gigabyte, the best of ten times."""
    import torch

    block, best = torch.zeros(1 << 27, device=device), 0.0
    for _ in range(10):
        started = time.perf_counter()
        float(block.sum())  # waits for the device
        best = max(best, block.numel() * 4 / (time.perf_counter() - started) / 1e9)
    return best
