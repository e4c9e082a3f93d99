"""A tiny random model of the article's architecture, and what is put to it."""

from __future__ import annotations

import pytest


@pytest.fixture
def model():
    torch = pytest.importorskip("torch")
    from engine.model import register
    from engine.model.configuration import tiny
    from engine.model.modeling import AutoGLMForConditionalGeneration

    register()
    torch.manual_seed(0)
    ids = {"image_token_id": 5, "audio_token_id": 6, "pad_token_id": 0, "eos_token_id": [0]}
    made = AutoGLMForConditionalGeneration(tiny(64, num_units=9, **ids))
    with torch.no_grad():
        for name, tensor in made.named_parameters():
            # Larger than at the start of training, so that everything changes what is said.
            tensor.mul_(4.0) if tensor.dim() > 1 else tensor.add_(0.1 * torch.randn_like(tensor))
            assert tensor.isfinite().all(), name
        for name, buffer in made.named_buffers():
            if "running" in name:
                buffer.add_(0.1 * torch.rand_like(buffer))
    return made.eval()


@pytest.fixture
def question():
    """Two rows, each with a picture and a recording, of different sizes."""
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(1)
    return {
        "input_ids": torch.tensor([[5, 6, 9, 10, 11, 12], [5, 6, 20, 21, 22, 23]]),
        "pixel_values": torch.rand(2, 3, 224, 224, generator=generator),
        "content_sizes": torch.tensor([[101, 224], [90, 160]]),
        "input_features": torch.randn(2, 80, 60, generator=generator),
        "feature_lengths": torch.tensor([60, 41]),
    }
