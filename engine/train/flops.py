"""Floating-point operations, counted by torch as they run; a multiplication and an addition are two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.model.modeling import AutoGLMAudioModel, AutoGLMForConditionalGeneration, AutoGLMVisionModel

PHONE = (101, 224)  # a tall phone's screenshot in the square, px
SECONDS = 3  # of speech
CONTEXT = 128  # tokens that a token of an answer has before it


@contextmanager
def counting() -> Iterator[FlopCounterMode]:
    """Attention as plain products: torch's own count leaves out the kernel that CPUs take for it."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        yield counter


@torch.no_grad()
def count_encoder(model: AutoGLMVisionModel | AutoGLMAudioModel) -> int:
    """Of the encoder alone, for a phone's screenshot or for three seconds of speech."""
    device = model.device
    if isinstance(model, AutoGLMVisionModel):
        side = model.config.image_size
        inputs = (torch.zeros(1, 3, side, side, device=device), torch.tensor([PHONE], device=device))
    else:
        frames = 100 * SECONDS
        inputs = (
            torch.zeros(1, model.config.num_mel_bins, frames, device=device),
            torch.tensor([frames], device=device),
        )
    was_training = model.training
    model.eval()  # a training batch norm would learn from these zeros
    with counting() as counter:
        model.encoder(*inputs)
    model.train(was_training)
    return counter.get_total_flops()


@torch.no_grad()
def count_token(model: AutoGLMForConditionalGeneration) -> int:
    """Of one token of an answer, 128 tokens before it, looking at a phone's screenshot."""
    past = torch.full((1, CONTEXT), model.config.image_token_id + 2, device=model.device)
    past[0, 0] = model.config.image_token_id
    side = model.config.vision.image_size
    picture = {
        "pixel_values": torch.zeros(1, 3, side, side, device=model.device),
        "content_sizes": torch.tensor([PHONE], device=model.device),
    }
    read = model(past, **picture, use_cache=True)
    assert read.media is not None
    with counting() as counter:
        model(past[:, -1:], past_key_values=read.past_key_values, use_cache=True, **read.media)
    return counter.get_total_flops()
