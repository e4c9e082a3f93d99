"""The shapes of the article's architecture: one class, from nano to phone-9b."""

from __future__ import annotations

import math
from typing import Any

from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig
from transformers.models.glm4.configuration_glm4 import Glm4Config


@strict
class AutoGLMVisionConfig(PreTrainedConfig):
    """The image encoder: a residual CNN over a square picture.

    Each stage halves the resolution, so `stride` is 2 to the number of stages and the picture becomes
    a grid of `grid_size` x `grid_size` cells, one token a cell.

    Args:
        image_size: side of the square picture, in pixels.
        stage_channels: output channels of each stage.
        stage_blocks: residual blocks of each stage, after its down-sampling convolution.
        block_channels: channels within each residual block, stage by stage; None for those of its stage.
        context_channels: channels within each context block; none for cells that see their surroundings only.
        num_things: kinds of things that the cells are taught to recognise (0: no such head).
        digit_places: digits, of the number in a cell, that the cells are taught to read (0: no such head).
        num_orders: places in reading order that the cells are taught to know (0: no such head).
        num_pages: kinds of pages that the cells are taught to tell apart (0: no such head).
    """

    model_type = "autoglm_phone_vision"
    base_config_key = "vision_config"

    image_size: int = 224
    num_channels: int = 3
    stage_channels: list[int] | tuple[int, ...] = (24, 32, 96, 192)
    stage_blocks: list[int] | tuple[int, ...] = (0, 1, 1, 1)
    block_channels: list[list[int]] | None = None
    context_channels: list[int] | tuple[int, ...] = ()
    num_things: int = 40
    digit_places: int = 0
    num_orders: int = 0
    num_pages: int = 0
    initializer_range: float = 0.02

    def validate_blocks(self) -> None:
        """Part of the strict validation: channels are said for each block, or for none."""
        if self.block_channels is not None:
            counts = [len(stage) for stage in self.block_channels]
            if counts != list(self.stage_blocks):
                raise ValueError(
                    f"block_channels has {counts} entries for stage_blocks {list(self.stage_blocks)}"
                )

    @property
    def stride(self) -> int:
        return 2 ** len(self.stage_channels)

    @property
    def grid_size(self) -> int:
        return self.image_size // self.stride

    @property
    def hidden_size(self) -> int:
        return self.stage_channels[-1]

    @property
    def inner_channels(self) -> list[list[int]]:
        """Channels within each residual block, stage by stage."""
        if self.block_channels is not None:
            return self.block_channels
        return [
            [channels] * blocks
            for channels, blocks in zip(self.stage_channels, self.stage_blocks, strict=True)
        ]


@strict
class AutoGLMAudioConfig(PreTrainedConfig):
    """The speech encoder: convolutions over an 80-band log-mel spectrogram, then attention over time.

    Args:
        num_mel_bins: bands of the spectrogram.
        hidden_size: channels of the frames; the last input convolution makes them, every block adds to them.
        attention_size: width of all heads together; None for `hidden_size`.
        intermediate_size: width of each block's feed-forward layer; `intermediate_sizes`, one a block, says
            otherwise.
        conv_strides: stride in time of each input convolution; their product is `stride`.
        conv_channels: channels of each input convolution but the last; None for `hidden_size`.
        kernel_size: frames that each depthwise convolution sees.
        num_units: units that the frames are taught to spell by CTC, the blank included (0: no such head).
    """

    model_type = "autoglm_phone_audio"
    base_config_key = "audio_config"

    num_mel_bins: int = 80
    hidden_size: int = 192
    num_hidden_layers: int = 6
    num_attention_heads: int = 4
    intermediate_size: int = 576
    kernel_size: int = 11
    conv_strides: list[int] | tuple[int, ...] = (2, 2)
    num_units: int = 0
    attention_size: int | None = None
    intermediate_sizes: list[int] | None = None
    conv_channels: list[int] | None = None
    initializer_range: float = 0.02

    def validate_widths(self) -> None:
        """Part of the strict validation: a width is said for each layer, or for none; heads share theirs."""
        for name, widths, layers in (
            ("intermediate_sizes", self.intermediate_sizes, self.num_hidden_layers),
            ("conv_channels", self.conv_channels, len(self.conv_strides) - 1),
        ):
            if widths is not None and len(widths) != layers:
                raise ValueError(f"{name} has {len(widths)} entries for {layers} layers")
        if self.attention_width % self.num_attention_heads:
            raise ValueError(
                f"{self.num_attention_heads} heads cannot share a width of {self.attention_width}"
            )

    @property
    def stride(self) -> int:
        return math.prod(self.conv_strides)

    @property
    def attention_width(self) -> int:
        return self.attention_size or self.hidden_size

    @property
    def mlp_widths(self) -> list[int]:
        """Width of each block's feed-forward layer."""
        return self.intermediate_sizes or [self.intermediate_size] * self.num_hidden_layers

    @property
    def conv_widths(self) -> list[int]:
        """Channels of each input convolution, the last one's `hidden_size`."""
        between = self.conv_channels
        if between is None:
            between = [self.hidden_size] * (len(self.conv_strides) - 1)
        return [*between, self.hidden_size]


@strict
class AutoGLMTextConfig(Glm4Config):
    """The GLM decoder, with a gated cross-attention before the layers in `fusion_layers`.

    Args:
        shared_size: width of the space in which both encoders are aligned (the article: 512).
        fusion_layers: indices of the decoder layers that look at the media first.
        fusion_heads: heads of each cross-attention.
        gate_bias: initial bias of the gate before its sigmoid; negative keeps it nearly closed.
        sparse_attention: True for the O(n sqrt n) self-attention of `sparse_attention.py`.
        sparse_block: its block length in tokens; None means sqrt(max_position_embeddings).
    """

    model_type = "autoglm_phone_text"
    base_config_key = "text_config"

    shared_size: int = 512
    fusion_layers: list[int] | tuple[int, ...] = (1, 2, 3)
    fusion_heads: int = 4
    gate_bias: float = -1.0
    sparse_attention: bool = False
    sparse_block: int | None = None

    def __post_init__(self, **kwargs):
        if self.sparse_block is None:
            self.sparse_block = round(math.sqrt(self.max_position_embeddings))
        if self.sparse_attention:
            kwargs.setdefault("attn_implementation", "autoglm_sparse")
        super().__post_init__(**kwargs)

    def validate_fusion(self) -> None:
        """Part of the strict validation: every fusion layer exists, once."""
        layers = list(self.fusion_layers)
        if sorted(set(layers)) != layers or any(not 0 <= i < self.num_hidden_layers for i in layers):
            raise ValueError(
                f"fusion_layers {layers} must be ascending indices below {self.num_hidden_layers}"
            )


@strict
class AutoGLMConfig(PreTrainedConfig):
    """The whole model: two encoders, their alignment, and the decoder.

    `image_token_id` and `audio_token_id` mark in the prompt where a picture or a recording belongs; one
    token each, since the media themselves are read by cross-attention.
    """

    model_type = "autoglm_phone"
    sub_configs_defaults = {  # pyright: ignore[reportAssignmentType]
        "vision_config": AutoGLMVisionConfig,
        "audio_config": AutoGLMAudioConfig,
        "text_config": AutoGLMTextConfig,
    }
    keys_to_ignore_at_inference = ["past_key_values"]

    vision_config: dict | PreTrainedConfig | None = None
    audio_config: dict | PreTrainedConfig | None = None
    text_config: dict | PreTrainedConfig | None = None
    image_token_id: int = 13
    audio_token_id: int = 14
    tie_word_embeddings: bool = True
    initializer_range: float = 0.02

    @property
    def vision(self) -> AutoGLMVisionConfig:
        assert isinstance(self.vision_config, AutoGLMVisionConfig)
        return self.vision_config

    @property
    def audio(self) -> AutoGLMAudioConfig:
        assert isinstance(self.audio_config, AutoGLMAudioConfig)
        return self.audio_config

    @property
    def text(self) -> AutoGLMTextConfig:
        assert isinstance(self.text_config, AutoGLMTextConfig)
        return self.text_config


# What this repository's pipeline teaches its eyes: the things of its lexicon, numbers of four digits, the
# reading order of so many things, and the kinds of pages that it has names for.
EYES: dict[str, Any] = {"num_things": 43, "digit_places": 4, "num_orders": 20, "num_pages": 6}


def nano(vocab_size: int, num_units: int = 0, **token_ids) -> AutoGLMConfig:
    """The bundled size: small enough that two CPU cores train it.

    `token_ids` are the ids of the tokenizer: `pad_token_id`, `eos_token_id` (a list), `image_token_id`,
    `audio_token_id`.
    """
    vision = AutoGLMVisionConfig(stage_blocks=(0, 1, 2, 2), context_channels=(96, 96), **EYES)
    audio = AutoGLMAudioConfig(num_hidden_layers=10, num_units=num_units)
    return assemble(vision, audio, vocab_size, token_ids, fusion_layers=[1, 3])


def tiny(vocab_size: int, num_units: int = 0, **token_ids) -> AutoGLMConfig:
    """Every part, as small as can be: to try something out in seconds. Arguments as for `nano`."""
    vision = AutoGLMVisionConfig(
        stage_channels=(8, 8, 16, 16), stage_blocks=(0, 1, 0, 1), context_channels=(8,), **EYES
    )
    audio = AutoGLMAudioConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, num_units=num_units
    )
    return assemble(
        vision,
        audio,
        vocab_size,
        token_ids,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        shared_size=32,
        fusion_layers=[0, 1],
        fusion_heads=2,
    )


def assemble(
    vision: AutoGLMVisionConfig,
    audio: AutoGLMAudioConfig,
    vocab_size: int,
    token_ids: dict[str, Any],
    **sizes: Any,
) -> AutoGLMConfig:
    """A whole configuration; `sizes` are the decoder's, where they are not nano's."""
    text_ids = dict(token_ids)
    special = {name: text_ids.pop(name) for name in ("image_token_id", "audio_token_id") if name in text_ids}
    decoder = {
        "hidden_size": 256,
        "intermediate_size": 704,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "fusion_heads": 4,
        **sizes,
    }
    text = AutoGLMTextConfig(
        vocab_size=vocab_size,
        max_position_embeddings=1024,
        rms_norm_eps=1e-6,
        attention_bias=True,
        tie_word_embeddings=True,
        **decoder,
        **text_ids,
    )
    return AutoGLMConfig(vision_config=vision, audio_config=audio, text_config=text, **special)


def phone_9b() -> AutoGLMConfig:
    """The article's size: a GLM-4-9B decoder with four fusion layers, about 9.6 billion parameters."""
    text = AutoGLMTextConfig(fusion_layers=[9, 19, 29, 39], fusion_heads=32, tie_word_embeddings=False)
    vision = AutoGLMVisionConfig(stage_channels=(64, 128, 256, 512), stage_blocks=(1, 2, 3, 6))
    audio = AutoGLMAudioConfig(
        hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072
    )
    return AutoGLMConfig(
        vision_config=vision,
        audio_config=audio,
        text_config=text,
        image_token_id=151363,
        audio_token_id=151364,
        tie_word_embeddings=False,
    )
