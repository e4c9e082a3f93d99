"""INT8 weights: what is lost, what is stored, and that nobody's answer depends on who is answered beside."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402
from torch import nn  # noqa: E402

from engine import checkpoint as checkpoints  # noqa: E402
from engine.loading import Loading  # noqa: E402
from engine.placement import Precision  # noqa: E402
from engine.protocol import Message, Options, Part, Request, TextPart  # noqa: E402
from engine.quantize import (  # noqa: E402
    Int8Config,
    Int8Linear,
    PackedInt8,
    count_levels,
    find_linears,
    has_integer_products,
    multiply,
    quantize,
    quantize_weight,
)
from tests.engine.published_models import build  # noqa: E402
from tests.engine.test_published import answer_all, generate, picture, said  # noqa: E402

HERE = Loading(devices=("cpu",), dtype="int8")
integer_products = pytest.mark.skipif(not has_integer_products(), reason="this CPU has no integer products")


def test_each_channel_has_its_own_scale_and_its_largest_weight_is_exact():
    weight = torch.randn(5, 7) * torch.tensor([[1e-4], [1.0], [300.0], [0.1], [0.0]])
    rounded, scale = quantize_weight(weight)
    assert rounded.dtype == torch.int8 and scale.shape == (5, 1)
    assert ((rounded * scale - weight).abs() <= scale / 2 * 1.001).all()
    largest = weight.abs().argmax(dim=1)
    rows = torch.arange(4)
    torch.testing.assert_close((rounded * scale)[rows, largest[:4]], weight[rows, largest[:4]])
    assert not rounded[4].any() and torch.isfinite(scale).all()


@integer_products
@pytest.mark.parametrize(("inputs", "outputs"), [(64, 48), (1, 1), (37, 129)])
@pytest.mark.parametrize("levels", [127, 63])
def test_integer_products_are_near_the_exact_ones(inputs, outputs, levels, monkeypatch):
    """63 levels: CPUs without VNNI, whose sums of two products must stay below 2^15."""
    monkeypatch.setattr("engine.quantize.count_levels", lambda: levels)
    linear, states = nn.Linear(inputs, outputs), torch.randn(9, inputs)
    states[3] = 0.0
    states[4] *= 1e4
    weight, scale = quantize_weight(linear.weight)
    packed = PackedInt8(weight, scale, linear.bias.data)
    with torch.inference_mode():
        out = packed(states, torch.empty(9, outputs))
        exact = states @ (weight * scale).T + linear.bias
    # Each of the inputs is off by half a step at most.
    step = states.abs().amax(dim=1, keepdim=True) / levels
    assert ((out - exact).abs() <= step / 2 * (weight.abs() * scale).sum(dim=1) * 1.01 + 1e-5).all()
    assert torch.equal(out[3], linear.bias.data)
    assert torch.equal(packed.unpack(), weight)


@integer_products
def test_a_row_does_not_depend_on_the_rows_beside_it():
    torch.manual_seed(0)
    weight, scale = quantize_weight(torch.randn(96, 64))
    states = torch.randn(40, 64)
    states[7] *= 1e6
    states[8] = 0.0
    together = PackedInt8(weight, scale, None)(states, torch.empty(40, 96))
    for keep in (False, True):
        packed = PackedInt8(weight, scale, None, keep=keep)
        alone = torch.cat([packed(row[None], torch.empty(1, 96)) for row in states])
        assert torch.equal(together, alone)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("rows", [1, 5, 40])
def test_weights_are_made_floats_where_there_are_no_integer_products(dtype, rows):
    """What a GPU runs, and a CPU that is no x86."""
    torch.manual_seed(0)
    linear, states = nn.Linear(64, 96), torch.randn(rows, 64).to(dtype)
    weight, scale = quantize_weight(linear.weight)
    bias = linear.bias.data.to(dtype)
    out = multiply(states, weight, scale, bias)
    exact = states.float() @ (weight * scale).T + bias.float()
    assert out.dtype == dtype
    torch.testing.assert_close(out.float(), exact, rtol=2e-2, atol=2e-2)


def test_a_layer_takes_any_shape_and_gives_its_weights_back(monkeypatch):
    linear = nn.Linear(64, 48)
    layer = Int8Linear.of(linear)
    before = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    states = torch.randn(2, 3, 64)
    out = layer(states)
    torch.testing.assert_close(out, linear(states), rtol=0.1, atol=0.05)
    assert layer(states.bfloat16()).dtype == torch.bfloat16
    after = layer.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    # The same layer without integer products is the same function.
    monkeypatch.setattr("engine.quantize.has_integer_products", lambda: False)
    other = Int8Linear.of(linear)
    torch.testing.assert_close(other(states), out, rtol=0.1, atol=0.05)


@integer_products
def test_levels_are_what_the_cpu_can_add():
    vnni = bool(torch.cpu.get_capabilities().get("avx512_vnni"))
    assert count_levels() == (127 if vnni else 63)


def test_an_int8_checkpoint_is_stored_and_loads_through_from_pretrained(checkpoint, model, tmp_path):
    """Rounded in memory, and rounded while it is read: the files are the same, and so is the model."""
    from transformers import AutoModelForMultimodalLM

    ids = torch.arange(20, 60)[None]
    quantize(copy.deepcopy(model)).save_pretrained(tmp_path / "one")
    read = AutoModelForMultimodalLM.from_pretrained(checkpoint, quantization_config=Int8Config())
    read.save_pretrained(tmp_path / "two")
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    bytes_of = [(folder / "model.safetensors").stat().st_size for folder in (checkpoint, tmp_path / "one")]
    assert bytes_of[1] < 0.5 * bytes_of[0]
    again = AutoModelForMultimodalLM.from_pretrained(tmp_path / "one").eval()
    linears = [module for module in again.modules() if hasattr(module, "in_features")]
    assert {type(module) for module in linears} == {Int8Linear, nn.Linear}
    assert type(again.lm_head) is nn.Linear and again.lm_head.weight is again.get_input_embeddings().weight
    with torch.inference_mode():
        assert torch.equal(again(input_ids=ids).logits, read.eval()(input_ids=ids).logits)
    stored = json.loads((tmp_path / "one" / "config.json").read_text())["quantization_config"]
    assert stored["quant_method"] == "autoglm_int8" and "lm_head" in stored["modules_to_not_convert"]


def test_layers_that_are_to_keep_their_precision_do(model):
    config = Int8Config(["lm_head", "fusion.gate", "model.vision"])
    made = quantize(copy.deepcopy(model), config)
    kept = {name for name, module in made.named_modules() if type(module) is nn.Linear}
    assert "model.language_model.layers.0.fusion.gate" in kept
    assert any(name.startswith("model.vision.") for name in kept)
    assert not any(name.startswith("model.audio.") for name in kept)


@pytest.mark.parametrize("stored", [False, True], ids=["rounded while it is read", "stored so"])
async def test_nano_in_int8_says_almost_everything_that_it_says(stored: bool, tmp_path: Path) -> None:
    """Greedy answers in INT8 beside those of the same weights as floats, and the plan that says how they are
    held."""
    plain = checkpoints.load("nano", loading=Loading(devices=("cpu",)))
    plain = replace(plain, model=plain.model.dequantize())
    folder = "nano"
    if not stored:
        plain.model.save_pretrained(tmp_path)
        plain.processor.save_pretrained(tmp_path)
        folder = str(tmp_path)
    loading = Loading(devices=("cpu",), dtype="auto" if stored else "int8")
    loaded = checkpoints.load(folder, loading=loading)
    assert loaded.plan.precision == Precision("float32", int8=True)
    texts = ["你是谁？", "who are you?", "what can you do?", "你能做什么？", "hello"]
    brief = Options(max_new_tokens=64, thinking=False)
    requests = [Request((Message("user", (TextPart(text),)),), brief) for text in texts]
    answers = [said(events) for events in await answer_all(Path(folder), requests, loading)]
    assert answers == [generate(loaded, request) for request in requests]
    alike = [answer == generate(plain, request) for answer, request in zip(answers, requests, strict=True)]
    assert sum(alike) >= 4, answers


@pytest.mark.parametrize("name", ["glm4v", "glm4", "llava"])
async def test_published_checkpoints_say_in_int8_what_generate_says_of_the_same_weights(
    name: str, tmp_path: Path
) -> None:
    folder = build(name, tmp_path)
    parts: list[tuple[Part, ...]] = [(TextPart("打开相机"),), (TextPart("tap the settings, please"),)]
    if name != "glm4":
        parts.append((picture(300, 620), TextPart("hello")))
    requests = [Request((Message("user", part),), Options(max_new_tokens=12)) for part in parts]
    answers = await answer_all(folder, requests, HERE)
    loaded = checkpoints.load(str(folder), loading=HERE)
    assert any(isinstance(module, Int8Linear) for module in loaded.model.modules())
    assert [said(events) for events in answers] == [generate(loaded, request) for request in requests]


@integer_products
def test_the_shipped_model_loads_and_answers_without_a_word_of_torch_in_the_terminal():
    """A new process, since torch says such a thing once in each."""
    program = """
import torch
from engine import checkpoint
model = checkpoint.load("nano").model
with torch.inference_mode():
    model(torch.tensor([[5, 6]]))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Warning" not in ran.stderr, ran.stderr


def test_an_int8_model_can_be_made_floats_again_with_the_values_it_had(model):
    exact = {name: linear.weight.detach().clone() for name, linear in find_linears(model)}
    rounded = {name: quantize_weight(weight) for name, weight in exact.items()}
    restored = quantize(copy.deepcopy(model)).dequantize()
    assert not any(isinstance(module, Int8Linear) for module in restored.modules())
    assert "quantization_config" not in restored.config.to_dict()
    for name, (weight, scale) in rounded.items():
        layer = restored.get_submodule(name)
        torch.testing.assert_close(layer.weight, weight * scale, rtol=0, atol=0)
        assert layer.weight.requires_grad
