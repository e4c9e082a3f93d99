"""Nano's decode of one chat: ours, transformers' generate on the same weights, and the floor."""

from __future__ import annotations

from bench.models import nano_decoder, peer, prompt
from bench.rounds import Clock, Result, interleave, rounded

PROMPT, NEW = 64, 128


def measure(runs: int, clock: Clock) -> Result:
    """Milliseconds a token, greedy, prompt read before the clock starts or taken off."""
    import torch

    from engine.families.autoglm import FusedAutoGLMDecoder
    from engine.generate import Decoder, SlotDecoder
    from engine.kv_cache import Span

    glm, ids = peer(), prompt(PROMPT)
    plain = SlotDecoder(glm)

    def generate(new: int) -> float:
        started = clock()
        glm.generate(ids, max_new_tokens=new, min_new_tokens=new, do_sample=False)
        return clock() - started

    def peer_token() -> float:
        return 1e3 * (generate(NEW + 1) - generate(1)) / NEW

    def token_of(decoder: Decoder) -> float:
        with torch.inference_mode():
            decoder.place(0, ids, {})
            token = decoder.prefill([Span(0, 0, PROMPT)]).argmax(-1).tolist()
            started = clock()
            for _ in range(NEW):
                token = decoder.decode([0], token).argmax(-1).tolist()
            seconds = clock() - started
            decoder.clear(0)
        return 1e3 * seconds / NEW

    ours = nano_decoder()
    assert isinstance(ours, FusedAutoGLMDecoder), "nano runs in few operations"
    full = sum(part.numel() for part in glm.parameters()) * 4
    stored = ours.fused.weight_bytes
    block = torch.zeros(64 * 2**20)

    def bandwidth() -> float:
        started = clock()
        block.sum()
        return block.numel() * 4 / (clock() - started) / 1e9

    values = interleave(
        {
            "transformers generate, ms a token": peer_token,
            "same modules in slots, ms a token": lambda: token_of(plain),
            "ours, ms a token": lambda: token_of(ours),
            "read bandwidth, GB/s": bandwidth,
        },
        runs,
    )
    speeds = values["read bandwidth, GB/s"]
    values["floor of single precision, ms a token"] = [full / speed / 1e6 for speed in speeds]
    values["floor of the bytes that ours reads, ms a token"] = [stored / speed / 1e6 for speed in speeds]
    result = Result(values)
    result.compare(
        "ours is quicker than generate", "transformers generate, ms a token", "ours, ms a token", 3.0
    )
    result.notes = [
        f"Prompt of {PROMPT} tokens, {NEW} new, greedy, {torch.get_num_threads()} threads.",
        f"The decoder has {rounded(full / 1e6)} MB of single-precision weights; ours reads "
        f"{rounded(stored / 1e6)} MB a token, since they are packed in half precision without loss.",
        "A floor is those bytes over the bandwidth of reading 256 MB in the same round; weights that stay "
        "in the processor's caches can beat it.",
    ]
    return result
