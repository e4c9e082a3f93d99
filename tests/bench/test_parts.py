"""Parts that this machine may not be able to measure run on a small model, and say so where they cannot."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from bench import gpu, onnx_runtime  # noqa: E402
from bench.rounds import Result, Skipped  # noqa: E402


def test_the_part_for_a_gpu_measures_whatever_device_it_is_given(monkeypatch):
    from transformers import Glm4Config

    config = Glm4Config(
        vocab_size=2048, hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=12, max_position_embeddings=1024, pad_token_id=0,
    )  # fmt: skip
    monkeypatch.setattr(gpu, "ROWS", (1, 2))
    monkeypatch.setattr(gpu, "NEW", 3)
    result = gpu.compare(config, torch.device("cpu"), torch.float32, 1)
    assert {"1 chat, in full, ms a step", "2 chats, INT8, ms a step", "prompt, INT8, tokens/s"} <= set(
        result.figures
    )
    assert result.goals == {
        "INT8 is quicker for one chat": 1.6,
        "1 chat, in full: share of the bandwidth": 0.6,
    }
    assert all(value > 0 for values in result.ratios.values() for value in values)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_part_is_skipped_with_a_word():
    with pytest.raises(Skipped, match="no GPU"):
        gpu.measure(1)


@pytest.mark.skipif(not onnx_runtime.installed(), reason="onnx is not installed (extra bench)")
def test_onnx_runtime_writes_what_the_peer_writes():
    from bench.models import peer, prompt

    chat = onnx_runtime.Chat(False, 16)
    tokens = [int(chat.tokens[0, 0])]
    for _ in range(8):
        chat.step()
        tokens.append(int(chat.tokens[0, 0]))
    glm = peer()
    expected = glm.generate(prompt(16), max_new_tokens=9, min_new_tokens=9, do_sample=False)
    assert tokens == expected[0, 16:].tolist()


def test_what_torch_compiles_writes_what_the_peer_writes():
    """The module that is compiled and exported, run as it is: compiling takes a minute."""
    from bench.compiled import exportable, write
    from bench.models import peer, prompt

    module = exportable()
    with torch.inference_mode():
        written = write(lambda token, place: module(input_ids=token, cache_position=place), 8, 16)
    expected = peer().generate(prompt(16), max_new_tokens=8, min_new_tokens=8, do_sample=False)
    assert written == expected[0, 16:].tolist()


def test_the_choice_is_told_by_its_figures():
    from bench.compiled import MAKING, choice

    def said(ahead: float, onnx: float) -> str:
        cost = {"ours": 0.5, "ours compiled ahead": ahead, "ONNX Runtime": onnx}
        figures = {f"{name}, ms a token": [0.9 * value, value, 2 * value] for name, value in cost.items()}
        return choice(Result(figures | {MAKING: [28.0]}), list(cost))

    assert "ours compiled ahead 0.25 ms, ONNX Runtime 0.4 ms, ours 0.5 ms" in said(0.25, 0.4)
    assert "here in 28 s" in said(0.25, 0.4) and "times as quick" not in said(0.25, 0.4)
    assert "ONNX Runtime is 1.25 times as quick as that" in said(0.5, 0.4)
