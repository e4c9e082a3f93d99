"""Writes checkpoints in the standard transformers layout: those on the way as they are, the finished lean."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import nn
from transformers import GenerationConfig, PreTrainedTokenizerFast

from engine.model.modeling import AutoGLMForConditionalGeneration
from engine.model.processing import AutoGLMFeatureExtractor, AutoGLMImageProcessor, AutoGLMProcessor

logger = logging.getLogger(__name__)

Model = AutoGLMForConditionalGeneration


def write_checkpoint(model: Model, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """The model in its own precision, with its training heads, and what feeds it."""
    text = model.config.text
    model.generation_config = GenerationConfig(
        eos_token_id=text.eos_token_id, pad_token_id=text.pad_token_id, max_new_tokens=256, do_sample=False
    )
    for told in ("is_local", "local_files_only"):  # how this tokenizer was loaded is no part of it
        tokenizer.init_kwargs.pop(told, None)
    model.eval().save_pretrained(out)
    AutoGLMProcessor(
        AutoGLMImageProcessor(), AutoGLMFeatureExtractor(feature_size=80), tokenizer
    ).save_pretrained(out)


def export(model: Model, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """The model as it ships, which changes it: without the spelling head, whose work is done, and with two
    bytes for each number that is not INT8. It is run in single precision."""
    model.model.audio.unit_head = None
    model.config.audio.num_units = 0
    halve(model)
    write_checkpoint(model, tokenizer, out)
    logger.info("wrote %s", out)


def halve(model: nn.Module) -> None:
    """Half precision for all floats but the scales of INT8 weights, in place."""
    for module in model.modules():
        for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            if tensor.is_floating_point() and not name.endswith("_scale"):
                tensor.data = tensor.data.to(torch.float16)
