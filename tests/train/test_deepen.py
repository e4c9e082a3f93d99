"""A deeper model out of a shallow one: it says the same until it is taught, and can be taught."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from engine.model.configuration import tiny  # noqa: E402
from engine.model.modeling import AutoGLMForConditionalGeneration  # noqa: E402
from engine.train.deepen import deepen  # noqa: E402


@pytest.fixture
def shallow():
    torch.manual_seed(0)
    config = tiny(640, image_token_id=5, audio_token_id=6, pad_token_id=0, eos_token_id=[1])
    return AutoGLMForConditionalGeneration(config).eval()


@torch.no_grad()
def say(model, media: bool):
    ids = torch.tensor([[7, 5, 9, 11, 30]]) if media else torch.tensor([[7, 9, 11, 30, 2]])
    picture = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    given = {"pixel_values": picture, "content_sizes": torch.tensor([[100, 224]])} if media else {}
    return model(input_ids=ids, use_cache=False, **given).logits


def test_before_it_is_taught_it_says_what_the_shallow_one_says(shallow):
    deeper = deepen(shallow, 3).eval()
    assert deeper.config.text.num_hidden_layers == 3 * shallow.config.text.num_hidden_layers
    assert len(deeper.model.language_model.fusions()) == 3 * len(shallow.model.language_model.fusions())
    torch.testing.assert_close(say(deeper, media=False), say(shallow, media=False), rtol=1e-5, atol=1e-6)
    # The gates of what was copied are nearly shut: a sigmoid is never zero.
    apart = (say(deeper, media=True) - say(shallow, media=True)).abs().max()
    assert apart < 0.2 * say(shallow, media=True).std()


def test_every_layer_of_it_learns(shallow):
    deeper = deepen(shallow, 2).train()
    optimizer = torch.optim.AdamW(deeper.parameters(), lr=1e-2)
    before = {name: weight.clone() for name, weight in deeper.named_parameters()}
    for _ in range(2):  # what is behind a norm of zero is reached by the second step
        deeper(
            input_ids=torch.tensor([[7, 9, 11, 30]]), labels=torch.tensor([[7, 9, 11, 30]])
        ).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    for layer in range(deeper.config.text.num_hidden_layers):
        for part in ("self_attn.q_proj.weight", "mlp.down_proj.weight", "post_mlp_layernorm.weight"):
            name = f"model.language_model.layers.{layer}.{part}"
            assert not torch.equal(before[name], deeper.get_parameter(name)), name


def test_a_model_cannot_be_made_no_times_as_deep(shallow):
    with pytest.raises(ValueError, match="0 times"):
        deepen(shallow, 0)
