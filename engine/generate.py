"""The generation loop: prefill, then one token a step with a KV cache. It yields token ids, nothing else."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import torch
from transformers import DynamicCache

from engine.sampler import Sampler

if TYPE_CHECKING:
    from torch import Tensor

    from engine.model.modeling import AutoGLMForConditionalGeneration


@torch.inference_mode()
def generate(
    model: AutoGLMForConditionalGeneration,
    input_ids: Tensor,
    media: dict[str, Tensor],
    sampler: Sampler,
    stop_ids: frozenset[int],
    max_new_tokens: int,
) -> Generator[int, None, None]:
    """Yield the ids that `model` writes after a prompt, a stop id included, at most `max_new_tokens`.

    The encoders run once, before the first token, and the fusion layers' keys and values are kept. Closing
    the generator ends the work.

    Args:
        input_ids: [1, length] int64.
        media: pixel_values, content_sizes, input_features, feature_lengths, as far as the prompt has them.
    """
    remembered = model.remember(input_ids, **media) if media else {}
    cache = DynamicCache(config=model.config.get_text_config())
    step = input_ids
    for _ in range(max_new_tokens):
        output = model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1, **remembered)
        token = sampler.pick(output.logits[0, -1])
        yield token
        if token in stop_ids:
            return
        step = torch.tensor([[token]], device=input_ids.device)
