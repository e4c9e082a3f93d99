"""Pruning: channels really go, everywhere at once, and what is left is an ordinary model."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from huggingface_hub.errors import StrictDataclassClassValidationError  # noqa: E402
from torch import nn  # noqa: E402
from transformers import AutoModelForMultimodalLM  # noqa: E402

from engine.model.configuration import AutoGLMAudioConfig, AutoGLMVisionConfig  # noqa: E402
from engine.train.channels import cut, groups_of, width_of  # noqa: E402
from engine.train.flops import count_encoder  # noqa: E402
from engine.train.prune import choose, choose_by_flops, measure, replace_encoder  # noqa: E402

EXACT_FREE = ("frames",)  # its layer norms count the channels


def encoders(model):
    return {"vision": model.model.vision, "audio": model.model.audio}


def every_other(model, names):
    """The odd channels of these groups stay."""
    groups = groups_of(model)
    return {name: torch.arange(1, width_of(model, groups[name]), 2) for name in names}


def silence(model, kept):
    """Make zero whatever writes into the channels that go."""
    groups, state = groups_of(model), model.state_dict()
    for name, indices in kept.items():
        gone = [i for i in range(width_of(model, groups[name])) if i not in indices.tolist()]
        for writer in groups[name].writers:
            for tensor, dimension in groups[name].cuts:
                if tensor.startswith(f"{writer}.") and dimension == 0 and not tensor.endswith("running_var"):
                    state[tensor][gone] = 0.0


@pytest.mark.parametrize("which", ["vision", "audio"])
def test_channels_whose_weights_are_zero_change_no_output_when_they_go(model, question, which):
    encoder = encoders(model)[which]
    kept = every_other(encoder, [name for name in groups_of(encoder) if name not in EXACT_FREE])
    with torch.no_grad():
        before = model(**question).logits
        silence(encoder, kept)
        silent = model(**question).logits
        smaller = cut(encoder, kept)
        replace_encoder(model, smaller)
        after = model(**question).logits
    assert not torch.allclose(before, silent, atol=1e-3), "these channels had something to say"
    torch.testing.assert_close(after, silent, rtol=1e-4, atol=1e-5)
    assert count_encoder(smaller) < 0.7 * count_encoder(encoder)


class NormOf(nn.Module):
    """A layer norm that counts only some channels, and gives zero for the others."""

    def __init__(self, norm, indices):
        super().__init__()
        self.norm, self.indices = norm, indices

    def forward(self, states):
        kept = states[..., self.indices]
        weight, bias = self.norm.weight[self.indices], self.norm.bias[self.indices]
        out = torch.zeros_like(states)
        out[..., self.indices] = nn.functional.layer_norm(kept, kept.shape[-1:], weight, bias, self.norm.eps)
        return out


def test_channels_of_the_frames_go_from_residuals_depthwise_convolutions_norms_and_alignment(model, question):
    """What is left equals the whole encoder with those channels silent and out of its layer norms' count."""
    audio = model.model.audio
    kept = every_other(audio, ["frames"])
    inputs = question["input_features"], question["feature_lengths"]
    with torch.no_grad():
        smaller = cut(audio, kept)
        states, features = smaller(*inputs)
        silence(audio, kept)
        for name, module in list(audio.encoder.named_modules()):
            if isinstance(module, nn.LayerNorm):
                audio.encoder.set_submodule(name, NormOf(module, kept["frames"]))
        expected, whole = audio(*inputs)
    torch.testing.assert_close(features.frames, whole.frames[..., kept["frames"]], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(states, expected, rtol=1e-4, atol=1e-5)
    assert smaller.config.attention_width == audio.config.hidden_size, "the heads stay whole"


def test_a_pruned_model_is_an_ordinary_smaller_one(model, question, tmp_path):
    """Its config.json says its widths; from_pretrained builds and fills it."""
    for encoder in encoders(model).values():
        replace_encoder(model, cut(encoder, every_other(encoder, groups_of(encoder))))
    model.save_pretrained(tmp_path)
    loaded, report = AutoModelForMultimodalLM.from_pretrained(
        tmp_path, dtype=torch.float32, output_loading_info=True
    )
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
    assert loaded.config.vision.stage_channels == [4, 4, 8, 8]
    assert loaded.config.vision.block_channels == [[], [4], [], [8]]
    assert loaded.config.audio.hidden_size == 12
    assert loaded.config.audio.intermediate_sizes == [16, 16]
    with torch.no_grad():
        assert torch.equal(loaded(**question).logits, model(**question).logits)


def test_sensitivity_is_the_mean_norm_over_space_of_the_gradient(model, question):
    """As the article defines it, by hand."""
    vision = model.model.vision
    inputs = {name: question[name] for name in ("pixel_values", "content_sizes")}

    def loss(batch):
        states, _ = vision(**batch)
        return {"total": states.square().mean()}

    measured = measure(vision, loss, [inputs, inputs])["stage1.block0"]
    written = []
    hook = (
        vision.encoder.stages[1]
        .blocks[0]
        .first.register_forward_hook(lambda module, given, output: written.append(output))
    )
    (gradient,) = torch.autograd.grad(loss(inputs)["total"], written)
    hook.remove()
    torch.testing.assert_close(measured, gradient.flatten(2).norm(dim=2).mean(dim=0))
    assert all(weight.grad is None for weight in vision.parameters()), "nothing is left behind"


def test_channels_below_the_share_of_the_largest_go():
    values = {"a": torch.tensor([0.5, 0.04, 1.0, 0.1, 0.09]), "b": torch.tensor([0.0, 0.0])}
    kept = choose(values, 0.1)
    assert kept["a"].tolist() == [0, 2, 3]
    assert len(choose({"a": torch.tensor([1.0, 1e-9])}, 1.0)["a"]) == 1, "one stays always"
    assert choose(values, 0.1, multiple=4)["a"].tolist() == [0, 2, 3, 4]


def test_a_wanted_number_of_flops_is_reached(model):
    vision = model.model.vision
    torch.manual_seed(0)
    values = {name: torch.rand(width_of(vision, group)) for name, group in groups_of(vision).items()}
    kept, share = choose_by_flops(vision, values, 0.3)
    fewer = 1 - count_encoder(cut(vision, kept)) / count_encoder(vision)
    assert 0.3 <= fewer < 0.6 and 0 < share < 1
    with pytest.raises(ValueError, match="99% fewer"):
        choose_by_flops(vision, values, 0.99, multiple=8)


def test_widths_that_do_not_fit_the_layers_are_refused():
    with pytest.raises(StrictDataclassClassValidationError, match="block_channels"):
        AutoGLMVisionConfig(block_channels=[[1], [1], [1], [1]])
    with pytest.raises(StrictDataclassClassValidationError, match="intermediate_sizes"):
        AutoGLMAudioConfig(intermediate_sizes=[4])
    with pytest.raises(StrictDataclassClassValidationError, match="4 heads cannot share"):
        AutoGLMAudioConfig(hidden_size=30)
