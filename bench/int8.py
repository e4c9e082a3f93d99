"""INT8: what a product costs by kernel and size, and what rounding the weights changes in nano's answers."""

from __future__ import annotations

from collections.abc import Callable

from bench.models import exact_nano, nano_checkpoint
from bench.rounds import Clock, Result, interleave, tell

#: Inputs and outputs of one layer: nano's gate and up, and the query of a model of nine billion.
SIZES = ((256, 1408), (4096, 4096))
ROWS = (1, 16, 256)
WORK = 1 << 31  # products of numbers in one measured turn, at most
TEXTS = (
    "who are you?", "what can you do?", "你是谁？", "你能做什么？", "hello", "tap the settings button",
    "打开相机", "what is on the screen?", "你好", "what time is it?", "讲个笑话", "write a poem",
)  # fmt: skip


def measure(runs: int, clock: Clock) -> Result:
    """Microseconds of one product by kernel, then what INT8 changes."""
    result = Result()
    for inputs, outputs in SIZES:
        for rows in ROWS:
            size = f"{inputs} to {outputs}, {rows} rows"
            sides = {f"{size}, {name}, us": side for name, side in products(inputs, outputs, rows).items()}
            repeats = max(2, min(200, WORK // (rows * inputs * outputs)))
            timed = {name: repeated(side, repeats, clock) for name, side in sides.items()}
            result.figures |= interleave(timed, runs, size)
            ours = f"{size}, INT8, us"
            for name in ("single precision", "bfloat16"):
                result.compare(f"{size}: INT8 is quicker than {name}", f"{size}, {name}, us", ours)
    tell("what INT8 changes in nano's answers")
    result.figures |= changes()
    result.notes = [
        "INT8 is what `--dtype int8` runs here, which finds a scale for each token first; weight-only "
        "INT8 is torch's `_weight_int8pack_mm` on bfloat16; half precision is packed by FBGEMM.",
        f"Changes: {len(TEXTS)} questions answered greedily with the values of the INT8 weights in single "
        "precision, the same tokens then read in INT8: what rounding the states changes.",
    ]
    return result


def products(inputs: int, outputs: int, rows: int) -> dict[str, Callable[[], object]]:
    """The same product by every kernel that this torch has for it."""
    import torch
    from torch.nn import functional

    from engine.quantize import Int8Linear, has_integer_products, quantize_weight

    linear = torch.nn.Linear(inputs, outputs)
    states = torch.randn(rows, inputs)
    small, half = linear.weight.data.bfloat16(), states.bfloat16()
    rounded = Int8Linear.of(linear)
    weight, scale = quantize_weight(linear.weight)
    scales = scale[:, 0].bfloat16()
    made: dict[str, Callable[[], object]] = {
        "single precision": lambda: functional.linear(states, linear.weight, linear.bias),
        "bfloat16": lambda: functional.linear(half, small),
        "INT8": lambda: rounded(states),
        "weight-only INT8": lambda: torch.ops.aten._weight_int8pack_mm(half, weight, scales),
    }
    if has_integer_products():
        packed = torch.ops.quantized.linear_prepack_fp16(linear.weight.data, linear.bias.data)
        made["half precision, packed"] = lambda: torch.ops.quantized.linear_dynamic_fp16(states, packed)
    return made


def repeated(work: Callable[[], object], times: int, clock: Clock) -> Callable[[], float]:
    """Microseconds of one `work`."""
    import torch

    def measured() -> float:
        with torch.inference_mode():
            started = clock()
            for _ in range(times):
                work()
            return 1e6 * (clock() - started) / times

    return measured


def changes() -> dict[str, list[float]]:
    """What INT8 changes in what nano says of its own accord."""
    import torch

    full, rounded = exact_nano(), nano_checkpoint().model
    tokenizer = nano_checkpoint().processor.tokenizer
    divergences, alike = [], []
    for text in TEXTS:
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, return_tensors="pt"
        )["input_ids"]
        with torch.inference_mode():
            written = full.generate(prompt, max_new_tokens=64, do_sample=False)
            exact, near = (
                one(input_ids=written).logits[0, prompt.shape[1] - 1 : -1].double().log_softmax(-1)
                for one in (full, rounded)
            )
        divergences += (exact.exp() * (exact - near)).sum(-1).tolist()
        alike += (exact.argmax(-1) == near.argmax(-1)).double().tolist()
    return {
        "divergence of INT8 (KL), nats a token": [sum(divergences) / len(divergences)],
        "tokens whose likeliest stays the same, %": [100 * sum(alike) / len(alike)],
        "tokens compared": [float(len(alike))],
    }
