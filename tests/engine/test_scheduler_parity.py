"""Many requests at once: each is answered as if it were alone, whatever the model and the media."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from engine.checkpoint import load  # noqa: E402
from engine.families import decoder_for  # noqa: E402
from engine.families.compiled import CompiledStep  # noqa: E402
from engine.families.decode_step import DecodeStep  # noqa: E402
from engine.loading import Loading  # noqa: E402
from engine.model.configuration import AutoGLMConfig, AutoGLMTextConfig  # noqa: E402
from engine.model.modeling import AutoGLMForConditionalGeneration  # noqa: E402
from engine.quantize import quantize  # noqa: E402
from engine.sampler import Sampler  # noqa: E402
from tests.engine.scheduling import Recorder, alone, drawing, free_of_ends, tiny_glm  # noqa: E402


def prompts(processor, pictures: Sequence, recordings: Sequence) -> list[dict[str, Tensor]]:
    """Text, picture, recording, and both, of different lengths."""
    texts = ["屏幕上有什么？", "tap", "打开相机 and then tap the settings button " * 3]
    made = []
    for index, text in enumerate(texts * 2):
        picture, recording = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 0), (2, 1)][index]
        marks = "<|image|>" * picture + "<|audio|>" * recording
        inputs = processor(
            f"[gMASK]<sop><|user|>\n{marks}{text}<|assistant|>\n<think>",
            images=[pictures[(index + k) % len(pictures)] for k in range(picture)] or None,
            audio=[recordings[index % len(recordings)]] if recording else None,
        )
        inputs.pop("attention_mask")
        made.append(dict(inputs))
    return made


def tiny_sparse(processor):
    text = AutoGLMTextConfig(
        vocab_size=len(processor.tokenizer), hidden_size=48, intermediate_size=64, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=12, max_position_embeddings=256,
        shared_size=32, fusion_layers=[1], sparse_attention=True, sparse_block=8, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(5)
    return AutoGLMForConditionalGeneration(AutoGLMConfig(text_config=text)).eval()


@pytest.fixture(params=["article", "nano", "nano-int8", "sparse", "glm4", "glm4-int8"])
def family(request, processor, model, screenshot, voice):
    """A model and prompts for it."""
    if request.param.startswith("glm4"):
        made, inputs = tiny_glm()
        if request.param.endswith("int8"):
            made = quantize(made)
    elif request.param == "sparse":
        made = tiny_sparse(processor)
        made.config.image_token_id, made.config.audio_token_id = (
            model.config.image_token_id,
            model.config.audio_token_id,
        )
        inputs = prompts(processor, [screenshot], [voice])
    elif request.param == "article":
        made, inputs = copy.deepcopy(model), prompts(processor, [screenshot], [voice, voice[:9000]])
    else:
        loaded = load("nano", loading=Loading(dtype="int8" if request.param.endswith("int8") else "auto"))
        made = loaded.model
        inputs = prompts(
            loaded.processor, [screenshot, screenshot.rotate(90, expand=True)], [voice, voice[:9000]]
        )
    free_of_ends(made)
    return made, inputs


def test_each_of_many_is_answered_as_if_alone(engine, family):
    """They join while others write, wait for slots, and are read in chunks of other rows' lengths."""
    model, inputs = family
    limits = [17, 9, 14, 24, 11, 20]
    expected = [alone(model, one, limit) for one, limit in zip(inputs, limits, strict=True)]
    running = engine(decoder_for(model), slots=4, waiting=8, prefill_tokens=24)
    jobs = [
        Recorder(one["input_ids"], {name: part for name, part in one.items() if name != "input_ids"}, limit)
        for one, limit in zip(inputs, limits, strict=True)
    ]
    # The first starts alone; each token of it brings another.
    jobs[0].on_token = lambda count: running.ask(jobs[count // 2]) if count in (2, 4, 6, 8, 10) else None
    running.ask(jobs[0])
    running.wait(jobs)
    for index, (job, wanted) in enumerate(zip(jobs, expected, strict=True)):
        assert job.ended == "length", (index, job.ended)
        assert job.tokens == wanted, f"request {index}"


def test_the_step_that_is_compiled_answers_each_as_if_alone(engine, family):
    """As it is, not compiled, which takes a minute: for each alone, then until and while others are there."""
    model, inputs = family
    limits = [17, 9, 14, 24, 11, 20]
    expected = [alone(model, one, limit) for one, limit in zip(inputs, limits, strict=True)]
    decoder: Any = decoder_for(model)
    steps: list[int] = []

    def uncompiled(media: bool):
        step, layers = DecodeStep(decoder.fused, media), len(decoder.fused.layers)

        def run(*given: Tensor) -> Tensor:
            steps.append(len(steps))
            return step(*given[:3], given[3 : 3 + layers], *given[3 + layers :])

        return run

    decoder.fused.compiled = CompiledStep(*map(uncompiled, (False, True)[: 1 + decoder.fused.looks]))
    running = engine(decoder, slots=4, waiting=8, prefill_tokens=24)

    def ask_for_all(after: Callable[[Recorder], None]) -> None:
        jobs = [
            Recorder(one["input_ids"], {name: one[name] for name in one if name != "input_ids"}, limit)
            for one, limit in zip(inputs, limits, strict=True)
        ]
        for job in jobs:
            running.ask(job)
            after(job)
        running.wait(jobs)
        assert [job.tokens for job in jobs] == expected

    ask_for_all(lambda job: running.wait([job]))
    assert len(steps) >= sum(limits) - len(limits), "all but the first, which the prompt gives"
    steps.clear()
    ask_for_all(lambda job: None)
    assert len(steps) < sum(limits) / 2, "the others were written side by side"


def test_who_has_the_same_media_takes_what_they_were_encoded_to(engine, processor, model, screenshot, voice):
    """Choices of one call: the encoders run once, and each choice is what it would be alone."""
    (inputs,) = prompts(processor, [screenshot], [voice])[3:4]
    ids, media = inputs.pop("input_ids"), inputs
    free_of_ends(model)
    decoder = decoder_for(model)
    encoded = []
    remember = model.remember
    model.remember = lambda *given, **named: encoded.append(1) or remember(*given, **named)
    try:
        running = engine(decoder, slots=3)
        samplers = [Sampler(), *(drawing(1.5, seed=seed) for seed in range(4))]
        jobs = [Recorder(ids, media, 20 + index, sampler) for index, sampler in enumerate(samplers)]
        for job in jobs:
            running.ask(job)
        running.wait(jobs)
        together = len(encoded)
        for seed in range(4):
            again = Recorder(ids, dict(media), 21 + seed, drawing(1.5, seed=seed))
            running.ask(again)
            running.wait([again])
            assert again.tokens == jobs[1 + seed].tokens
    finally:
        del model.remember
    assert together == 1
    assert len(encoded) == together + 4
    assert jobs[0].tokens == alone(model, {"input_ids": ids, **media}, 20)
