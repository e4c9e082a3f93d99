"""The O(n sqrt n) mode against dense attention under the mask that it stands for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

LENGTHS = (1, 7, 8, 9, 37, 64)


@pytest.fixture(scope="module")
def pair():
    """The same weights, sparse and dense."""
    from engine.model import register
    from engine.model.configuration import AutoGLMTextConfig
    from engine.model.modeling import AutoGLMTextModel

    register()

    def make(sparse: bool):
        config = AutoGLMTextConfig(
            vocab_size=100,
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=64,
            fusion_layers=[1],
            pad_token_id=0,
            eos_token_id=[1],
            sparse_attention=sparse,
        )
        return AutoGLMTextModel(config).eval()

    torch.manual_seed(0)
    sparse, dense = make(True), make(False)
    dense.load_state_dict(sparse.state_dict())
    assert sparse.config.sparse_block == 8
    return sparse, dense


def tokens(length: int):
    return torch.randint(2, 100, (2, length), generator=torch.Generator().manual_seed(length))


@torch.no_grad()
@pytest.mark.parametrize("length", LENGTHS)
def test_sparse_equals_dense_under_its_mask(pair, length):
    from engine.model.sparse_attention import sees

    sparse, dense = pair
    index = torch.arange(length)
    mask = sees(index[:, None], index[None, :], 8).expand(2, 1, length, length)
    expected = dense(input_ids=tokens(length), attention_mask=mask, use_cache=False).last_hidden_state
    given = sparse(input_ids=tokens(length), use_cache=False).last_hidden_state
    torch.testing.assert_close(given, expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_it_is_really_sparse(pair):
    sparse, dense = pair
    ids = tokens(64)
    assert not torch.allclose(
        sparse(input_ids=ids, use_cache=False).last_hidden_state,
        dense(input_ids=ids, use_cache=False).last_hidden_state,
        atol=1e-3,
    )


@torch.no_grad()
def test_decoding_token_by_token_equals_prefill(pair):
    sparse, _ = pair
    ids = tokens(40)
    whole = sparse(input_ids=ids, use_cache=False).last_hidden_state
    output = sparse(input_ids=ids[:, :5], use_cache=True)
    steps = [output.last_hidden_state]
    for position in range(5, 40):
        output = sparse(
            input_ids=ids[:, position : position + 1], past_key_values=output.past_key_values, use_cache=True
        )
        steps.append(output.last_hidden_state)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_left_padding_changes_nothing(pair):
    sparse, _ = pair
    ids = tokens(37)
    padded = torch.cat([torch.zeros(2, 3, dtype=torch.long), ids], dim=1)
    mask = torch.ones_like(padded)
    mask[:, :3] = 0
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    given = sparse(input_ids=padded, attention_mask=mask, position_ids=positions, use_cache=False)
    whole = sparse(input_ids=ids, use_cache=False).last_hidden_state
    torch.testing.assert_close(given.last_hidden_state[:, 3:], whole, rtol=1e-4, atol=1e-5)


def test_each_token_sees_about_two_roots():
    from engine.model.sparse_attention import sees

    for length in (256, 1024, 4096):
        block = round(length**0.5)
        index = torch.arange(length)
        seen = sees(index[:, None], index[None, :], block).sum(dim=1)
        assert int(seen.max()) <= 2 * block


def test_the_whole_model_is_sparse_too():
    """Its own kind of attention is not that of the decoder within it."""
    from engine.model.configuration import AutoGLMConfig, AutoGLMTextConfig
    from engine.model.modeling import AutoGLMForConditionalGeneration
    from engine.model.sparse_attention import NAME

    text = AutoGLMTextConfig(
        vocab_size=50, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, fusion_layers=[0], pad_token_id=0, sparse_attention=True,
    )  # fmt: skip
    whole = AutoGLMForConditionalGeneration(AutoGLMConfig(text_config=text))
    assert whole.model.language_model.config._attn_implementation == NAME
