"""The article's architecture. `register` makes transformers' Auto classes know it."""

from __future__ import annotations


def register() -> None:
    """Register every class with transformers, once; called by whoever loads or trains a model."""
    from transformers import (
        AutoConfig,
        AutoFeatureExtractor,
        AutoImageProcessor,
        AutoModelForImageTextToText,
        AutoModelForMultimodalLM,
        AutoProcessor,
    )

    from engine import quantize
    from engine.model import configuration, modeling, processing, sparse_attention

    for config in (
        configuration.AutoGLMConfig,
        configuration.AutoGLMVisionConfig,
        configuration.AutoGLMAudioConfig,
        configuration.AutoGLMTextConfig,
    ):
        AutoConfig.register(config.model_type, config, exist_ok=True)
    whole = configuration.AutoGLMConfig
    for auto in (AutoModelForMultimodalLM, AutoModelForImageTextToText):
        auto.register(whole, modeling.AutoGLMForConditionalGeneration, exist_ok=True)
    AutoImageProcessor.register(
        whole, image_processor_classes={"pil": processing.AutoGLMImageProcessor}, exist_ok=True
    )
    AutoFeatureExtractor.register(whole, processing.AutoGLMFeatureExtractor, exist_ok=True)
    AutoProcessor.register(whole, processing.AutoGLMProcessor, exist_ok=True)
    sparse_attention.register()
    quantize.register()
