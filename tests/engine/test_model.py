"""The architecture: what the article promises of it, on a small random model of the real classes."""

from __future__ import annotations

from copy import deepcopy

import pytest

torch = pytest.importorskip("torch")

IMAGE = "<|begin_of_image|><|image|><|end_of_image|>"
AUDIO = "<|begin_of_audio|><|audio|><|end_of_audio|>"


def prompt(content: str) -> str:
    return f"[gMASK]<sop><|user|>\n{content}<|assistant|>\n<think>"


@pytest.fixture(scope="module")
def batch(processor, screenshot, voice):
    """Four rows: a picture, a sound, both, neither; of different lengths and shapes."""
    wide = screenshot.rotate(90, expand=True)
    texts = [
        prompt(f"{IMAGE}屏幕上有什么？"),
        prompt(AUDIO),
        prompt(f"{IMAGE}{AUDIO}tap"),
        prompt("打开相机"),
    ]
    rows = [([screenshot], []), ([], [voice]), ([wide], [voice[:9000]]), ([], [])]
    whole = processor(texts, images=[screenshot, wide], audio=[voice, voice[:9000]])
    single = [
        processor([text], images=images or None, audio=audio or None)
        for text, (images, audio) in zip(texts, rows, strict=True)
    ]
    return whole, single


def generate(model, inputs, **options):
    output = model.generate(**inputs, max_new_tokens=10, do_sample=False, **options)
    return output[:, inputs["input_ids"].shape[1] :]


def test_generate_with_cache_equals_generate_without(model, batch):
    whole, _ = batch
    assert torch.equal(generate(model, whole), generate(model, whole, use_cache=False))


def test_rows_of_a_batch_equal_single_rows(model, batch):
    whole, single = batch
    together = generate(model, whole)
    for row, inputs in enumerate(single):
        assert torch.equal(together[row], generate(model, inputs)[0]), f"row {row}"


def test_logits_of_padded_rows_equal_single_rows(model, batch):
    whole, single = batch
    positions = (whole["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        together = model(**whole, position_ids=positions).logits
        for row, inputs in enumerate(single):
            alone = model(**inputs).logits[0]
            torch.testing.assert_close(together[row, -len(alone) :], alone, rtol=1e-4, atol=1e-4)


def test_media_change_what_is_said(model, processor, screenshot, voice):
    inputs = processor([prompt(f"{IMAGE}tap")], images=[screenshot])
    other = processor([prompt(f"{IMAGE}tap")], images=[screenshot.transpose(1)])
    with torch.no_grad():
        assert not torch.allclose(model(**inputs).logits, model(**other).logits, atol=1e-3)
    spoken = processor([prompt(AUDIO)], audio=[voice])
    silent = processor([prompt(AUDIO)], audio=[voice * 0])
    with torch.no_grad():
        assert not torch.allclose(model(**spoken).logits, model(**silent).logits, atol=1e-3)


def test_gate_is_zero_for_rows_without_media(model):
    fusion = model.model.language_model.layers[0].fusion
    hidden = torch.randn(2, 5, 64)
    keys, values = fusion.remember(torch.randn(2, 7, 48))
    mask = torch.tensor([[True] * 7, [False] * 7])
    with torch.no_grad():
        out = fusion(hidden, keys, values, mask)
    assert torch.equal(out[1], hidden[1])
    assert not torch.allclose(out[0], hidden[0])


def test_fusion_is_the_article_formula(model):
    """out = g * attend(q, k, v) + (1 - g) * q, recomputed by hand."""
    fusion = model.model.language_model.layers[0].fusion
    hidden, states = torch.randn(1, 4, 64), torch.randn(1, 6, 48)
    with torch.no_grad():
        out = fusion(hidden, *fusion.remember(states), torch.ones(1, 6, dtype=torch.bool))
        normed = fusion.query_norm(hidden)
        heads = []
        for head in range(4):
            part = slice(16 * head, 16 * head + 16)
            query, key, value = (
                layer(source)[0, :, part]
                for layer, source in ((fusion.query, normed), (fusion.key, states), (fusion.value, states))
            )
            heads.append(torch.softmax(query @ key.T / 4.0, dim=-1) @ value)
        attended = fusion.out(torch.cat(heads, dim=-1))
        gate = torch.sigmoid(fusion.gate(normed))[0]
        expected = gate * attended + (1 - gate) * hidden[0]
    torch.testing.assert_close(out[0], expected, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def eyes():
    """An image encoder with a context block that is not at its start any more, where it adds nothing."""
    from engine.model.configuration import AutoGLMVisionConfig
    from engine.model.vision import VisionEncoder

    torch.manual_seed(0)
    config = AutoGLMVisionConfig(
        stage_channels=(8, 8, 16, 16), stage_blocks=(0, 1, 0, 1), context_channels=(8,)
    )
    return VisionEncoder(config).eval()


def test_every_cell_knows_of_every_other(eyes):
    """What is in the first cell reaches the last one, in a picture as tall and as wide as any."""
    alone = deepcopy(eyes)
    alone.context = torch.nn.ModuleList()
    for encoder, reached in ((eyes, True), (alone, False)):
        pixels = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(3), requires_grad=True)
        encoder(pixels, torch.tensor([[224, 224]])).cells[0, -1].sum().backward()
        assert pixels.grad is not None
        assert bool(pixels.grad[0, :, :16, :16].abs().max() > 0) == reached


def test_what_cells_know_of_the_page_ends_where_the_picture_does(eyes):
    """A tall picture encoded alone equals the same beside a wide one, whose batch is not cropped."""
    pixels = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(4))
    sizes = torch.tensor([[101, 224], [224, 101]])
    both, alone = eyes(pixels, sizes), eyes(pixels[:1], sizes[:1])
    there = both.mask[0]
    torch.testing.assert_close(both.cells[0, there], alone.cells[0, alone.mask[0]], rtol=1e-4, atol=1e-5)


def test_padding_of_the_picture_changes_nothing(model, processor, screenshot):
    """A tall picture encoded alone equals the same beside a wide one, whose batch is not cropped."""
    both = processor.image_processor([screenshot, screenshot.rotate(90, expand=True)])
    alone = processor.image_processor([screenshot])
    with torch.no_grad():
        one, features = model.model.vision(**alone)
        two, wide = model.model.vision(**both)
    torch.testing.assert_close(one[0][features.mask[0]], two[0][wide.mask[0]], rtol=1e-4, atol=1e-4)


def test_placeholders_and_media_must_agree(model, processor, screenshot):
    inputs = processor([prompt("no place for it")], images=[screenshot])
    with pytest.raises(ValueError, match="0 image placeholders for 1"):
        model(**inputs)


def test_save_and_load_give_the_same_model(checkpoint, model, batch):
    from transformers import AutoModelForImageTextToText, AutoModelForMultimodalLM, AutoProcessor

    from engine.model.processing import AutoGLMProcessor

    whole, _ = batch
    expected = generate(model, whole)
    for auto in (AutoModelForMultimodalLM, AutoModelForImageTextToText):
        loaded = auto.from_pretrained(checkpoint).eval()
        assert torch.equal(generate(loaded, whole), expected)
    assert isinstance(AutoProcessor.from_pretrained(checkpoint), AutoGLMProcessor)


def test_phone_9b_has_nine_billion_parameters():
    from engine.model.configuration import phone_9b
    from engine.model.modeling import AutoGLMForConditionalGeneration

    with torch.device("meta"):
        model = AutoGLMForConditionalGeneration(phone_9b())
    count = sum(parameter.numel() for parameter in model.parameters())
    assert 9.0e9 < count < 10.5e9


def test_unknown_fusion_layer_is_refused():
    from engine.model.configuration import AutoGLMTextConfig

    with pytest.raises(Exception, match="fusion_layers"):
        AutoGLMTextConfig(num_hidden_layers=4, fusion_layers=[4])
