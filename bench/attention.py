"""Dense against sparse attention: how the cost of reading grows with the text."""

from __future__ import annotations

import math
import statistics

from bench.rounds import Clock, Result, interleave, timed

LENGTHS = (512, 1024, 2048, 4096, 8192)
HEADS, SIZE = 4, 64


def measure(runs: int, clock: Clock) -> Result:
    """Milliseconds to attend from every token of a text, in one layer of nano's shape."""
    import torch
    from torch.nn import functional

    from engine.model.sparse_attention import attend_blocks

    result = Result()
    for length in LENGTHS:
        query, key, value = torch.randn(3, 1, HEADS, length, SIZE)
        block = round(math.sqrt(length))

        def dense(query=query, key=key, value=value) -> None:
            functional.scaled_dot_product_attention(query, key, value, is_causal=True)

        def sparse(query=query, key=key, value=value, block=block) -> None:
            attend_blocks(query, key, value, block, SIZE**-0.5, 0.0)

        names = f"n = {length}, dense, ms", f"n = {length}, sparse, ms"
        with torch.inference_mode():
            sides = {names[0]: timed(dense, clock), names[1]: timed(sparse, clock)}
            values = interleave(sides, runs, f"n = {length}")
        result.figures |= {name: [1e3 * seconds for seconds in found] for name, found in values.items()}
        result.compare(f"sparse is quicker at n = {length}", *names)
    grown = {kind: growth(result, kind) for kind in ("dense", "sparse")}
    result.notes = [
        f"{HEADS} heads of {SIZE}, blocks of sqrt(n) tokens.",
        f"From n = {LENGTHS[1]} to {LENGTHS[-1]} dense grows as n^{grown['dense']:.2f} and sparse as "
        f"n^{grown['sparse']:.2f}; by arithmetic n^2 and n^1.5.",
    ]
    return result


def growth(result: Result, kind: str) -> float:
    """The exponent p of cost ~ n^p, by least squares over all but the shortest length."""
    points = [
        (math.log(length), math.log(statistics.median(result.figures[f"n = {length}, {kind}, ms"])))
        for length in LENGTHS[1:]
    ]
    return statistics.linear_regression(*zip(*points, strict=True)).slope
