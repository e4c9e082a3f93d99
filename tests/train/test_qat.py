"""Quantisation-aware training: what is trained is what is stored and run."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from transformers import AutoModelForMultimodalLM  # noqa: E402

from engine import quantize  # noqa: E402
from engine.train import qat  # noqa: E402
from engine.train.heldout import HeldOut, Question  # noqa: E402

#: Of the largest logit. Both round the same way: what differs are sums of floats in another order, and now
#: and then an input that lies between two steps.
SAME = 0.02


def levels_here() -> int | None:
    """How this machine's products round their inputs."""
    return quantize.count_levels() if quantize.has_integer_products() else None


def test_stored_int8_says_what_was_trained(model, question, tmp_path):
    """Fake == real, after a way through the disk."""
    kept = ["model.language_model.layers.0.mlp.down_proj"]
    with torch.no_grad():
        exact = model(**question).logits
        qat.begin(model, kept, levels_here())
        fake = model(**question).logits
    qat.store(model, kept)
    model.save_pretrained(tmp_path)
    loaded = AutoModelForMultimodalLM.from_pretrained(tmp_path, dtype=torch.float32)
    with torch.no_grad():
        real = loaded(**question).logits
    largest = exact.abs().max()
    assert (fake - exact).abs().max() > 1e-3 * largest, "rounding does something"
    assert (real - fake).abs().max() < SAME * largest
    assert (real - fake).abs().mean() < 0.1 * (fake - exact).abs().mean()


def test_what_is_stored_are_bytes_and_what_was_kept_are_floats(model, tmp_path):
    kept = ["model.language_model.layers.0.mlp.down_proj"]
    qat.begin(model, kept)
    qat.store(model, kept)
    model.save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    assert kinds["model.language_model.layers.1.mlp.down_proj.weight"] == "I8"
    assert kinds["model.language_model.layers.0.mlp.down_proj.weight"] == "F32"
    assert kinds["model.vision.encoder.stages.1.downsample.0.weight"] == "F32"
    named = json.loads((tmp_path / "config.json").read_text())["quantization_config"]
    assert kept[0] in named["modules_to_not_convert"]


def test_the_gradient_passes_the_rounding(model):
    """Straight through: that of the product of the rounded weight with the rounded input."""
    linear = nn.Linear(12, 5)
    fake = qat.FakeInt8Linear.of(linear)
    states = torch.randn(3, 12, requires_grad=True)
    fake(states).square().sum().backward()
    weight, inputs = qat.round_weight(linear.weight).detach(), qat.round_inputs(states, qat.LEVELS).detach()
    said = functional.linear(inputs, weight, linear.bias.detach())
    torch.testing.assert_close(linear.weight.grad, 2 * said.T @ inputs)
    torch.testing.assert_close(states.grad, 2 * said @ weight)
    assert not torch.equal(weight, linear.weight)


def test_inputs_are_rounded_token_by_token():
    """A large token does not coarsen the others."""
    small, large = torch.randn(1, 16), 1000 * torch.randn(1, 16)
    together = qat.round_inputs(torch.cat([small, large]), 63)
    assert torch.equal(together[:1], qat.round_inputs(small, 63))
    assert torch.equal(qat.round_inputs(torch.zeros(2, 4), 63), torch.zeros(2, 4))


def test_training_that_rounds_resumes_from_the_same_names(model):
    """A checkpoint made while rounding is one of the exact model."""
    before = model.state_dict().keys()
    qat.begin(model)
    assert any(isinstance(module, qat.FakeInt8Linear) for module in model.modules())
    assert model.state_dict().keys() == before
    qat.end(model)
    assert not any(isinstance(module, qat.FakeInt8Linear) for module in model.modules())


def test_what_is_multiplied_at_once_keeps_its_precision_together():
    rows = [
        {"layer": "layers.0.self_attn.k_proj", "inputs too": 0.5},
        {"layer": "convs.0", "inputs too": None},
        {"layer": "layers.0.self_attn.q_proj", "inputs too": 0.01},
        {"layer": "layers.1.self_attn.q_proj", "inputs too": 0.01},
        {"layer": "layers.0.fusion.gate", "inputs too": 0.3},
        {"layer": "layers.0.fusion.query", "inputs too": 0.0},
        {"layer": "layers.0.fusion.key", "inputs too": 0.0},
    ]
    assert qat.sensitive(rows, 0.1) == [
        "layers.0.self_attn.k_proj", "layers.0.self_attn.q_proj",
        "layers.0.fusion.gate", "layers.0.fusion.query",
    ]  # fmt: skip


def test_layers_are_ranked_by_what_their_rounding_changes(model, question):
    """A layer with one weight far above the others loses the others, and is found."""
    heldout = HeldOut.__new__(HeldOut)
    heldout.questions = [Question(question, question["input_ids"])]
    layer = model.model.language_model.layers[1]
    with torch.no_grad():
        layer.mlp.down_proj.weight[:, 0] = 400.0 * layer.mlp.down_proj.weight.abs().max()
        layer.mlp.gate_up_proj.weight[0] = 0.0  # what that weight is multiplied with
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    rows = qat.rank(model, heldout)
    assert rows[0]["layer"] == "model.language_model.layers.1.mlp.down_proj"
    others = max(row["inputs too"] or 0.0 for row in rows[1:])
    assert qat.sensitive(rows, others) == [rows[0]["layer"]]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    convolutions = [row for row in rows if row["inputs too"] is None]
    assert convolutions and all(row["weights"] > -1e-6 for row in convolutions)  # but for what floats lose
