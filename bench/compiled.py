"""torch.compile with a static cache: what it gains a token, and what the first token then costs."""

from __future__ import annotations

import shutil
import time

from bench.decode import step_of
from bench.models import nano_decoder, peer, prompt
from bench.rounds import CLOCKS, Result, Skipped, interleave

PROMPT, NEW, WIDTH = 64, 128, 256


def measure(runs: int) -> Result:
    """Seconds to compile, then milliseconds a token. Raises Skipped where there is no compiler."""
    import torch
    from transformers import StaticCache

    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        raise Skipped("there is no C++ compiler here")
    glm = peer()
    step = torch.compile(glm.forward, fullgraph=True, dynamic=False)
    cache = StaticCache(config=glm.config, max_cache_len=WIDTH)

    def write(count: int) -> float:
        """Milliseconds a token; the prompt is read by the uncompiled modules."""
        with torch.inference_mode():
            cache.reset()
            index = torch.arange(PROMPT)[None]
            logits = glm(input_ids=prompt(PROMPT), position_ids=index, past_key_values=cache).logits
            started = time.perf_counter()
            for place in range(PROMPT, PROMPT + count):
                token = logits[:, -1].argmax(-1, keepdim=True)
                logits = step(
                    input_ids=token, position_ids=torch.tensor([[place]]), past_key_values=cache
                ).logits
            return 1e3 * (time.perf_counter() - started) / count

    began = time.perf_counter()
    write(2)
    compiling = time.perf_counter() - began
    names = "compiled, ms a token", "ours, ms a token"
    wall = CLOCKS["wall"]
    sides = {names[0]: lambda: write(NEW), names[1]: lambda: step_of(nano_decoder(), 1, wall)}
    result = Result(interleave(sides, runs))
    result.figures["until the compiled one has written two tokens, s"] = [compiling]
    result.compare("ours is quicker than the compiled one", *names)
    result.notes = [
        f"transformers' modules with a static cache of {WIDTH} tokens; whatever the compiler kept of earlier "
        "processes shortens the first tokens."
    ]
    return result
