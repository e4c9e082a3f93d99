"""A small random model of the article's architecture, of the real classes; what feeds it, and what serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

if TYPE_CHECKING:
    import openai

    from tests.engine.serving import Service


@pytest.fixture(scope="session")
def processor():
    from engine.model import register
    from engine.model.processing import AutoGLMFeatureExtractor, AutoGLMImageProcessor, AutoGLMProcessor
    from engine.model.tokenization import train_tokenizer

    register()
    texts = [
        "打开相机",
        "屏幕上有什么？",
        "tap the settings button",
        'do(action="Tap", element=[120,345])',
    ] * 30
    tokenizer = train_tokenizer(texts, vocab_size=640, model_max_length=128)
    return AutoGLMProcessor(AutoGLMImageProcessor(), AutoGLMFeatureExtractor(feature_size=80), tokenizer)


@pytest.fixture(scope="session")
def model(processor):
    from engine.model.configuration import (
        AutoGLMAudioConfig,
        AutoGLMConfig,
        AutoGLMTextConfig,
        AutoGLMVisionConfig,
    )
    from engine.model.modeling import AutoGLMForConditionalGeneration

    def token(name: str) -> int:
        return processor.tokenizer.convert_tokens_to_ids(name)

    text = AutoGLMTextConfig(
        vocab_size=len(processor.tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=256,
        shared_size=48,
        fusion_layers=[0, 2],
        fusion_heads=4,
        pad_token_id=processor.tokenizer.pad_token_id,
        eos_token_id=[token("<|endoftext|>"), token("<|user|>")],
        tie_word_embeddings=True,
    )
    config = AutoGLMConfig(
        vision_config=AutoGLMVisionConfig(
            stage_channels=(8, 8, 16, 16), stage_blocks=(0, 1, 0, 1), num_things=5
        ),
        audio_config=AutoGLMAudioConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, num_units=7
        ),
        text_config=text,
        image_token_id=token("<|image|>"),
        audio_token_id=token("<|audio|>"),
    )
    torch.manual_seed(0)
    made = AutoGLMForConditionalGeneration(config)
    # Larger weights than at the start of training, so that pictures and sounds change what is said.
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() > 1:
                parameter.mul_(3.0)
    return made.eval()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory, model, processor) -> Path:
    """The same model, saved."""
    folder = tmp_path_factory.mktemp("checkpoint")
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def screenshot() -> Image.Image:
    """A tall phone screen of coloured squares, 360 x 800."""
    rng = np.random.default_rng(1)
    squares = rng.integers(0, 255, (20, 9, 3), dtype=np.uint8)
    return Image.fromarray(squares).resize((360, 800), Image.Resampling.NEAREST)


@pytest.fixture(scope="session")
def voice() -> np.ndarray:
    """1.5 s of a gliding tone with harmonics, float32 at 16 kHz."""
    time = np.arange(24_000) / 16_000
    tones = [np.sin(2 * np.pi * (200 + 80 * time) * k * time) / k for k in (1, 2, 3)]
    return (0.2 * np.sum(tones, axis=0)).astype(np.float32)


@pytest.fixture
def engine():
    """Makes schedulers on decoders; all are closed at the end."""
    from tests.engine.scheduling import Engine

    made: list[Engine] = []

    def make(decoder, **limits: int) -> Engine:
        made.append(Engine(decoder, **limits))
        return made[-1]

    yield make
    for each in made:
        each.scheduler.close()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """The script behind real HTTP."""
    from autoglm_ui.backends.scripted import Script, ScriptedBackend
    from tests.engine.serving import serving

    with serving(ScriptedBackend(Script(delay=0))) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[openai.OpenAI]:
    import openai

    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client
