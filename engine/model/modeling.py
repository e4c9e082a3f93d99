"""The article's figure, top to bottom: encoders, alignment, gated fusion, decoder, task head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Cache, GenerationMixin, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.models.glm4.modeling_glm4 import (
    Glm4Attention,
    Glm4DecoderLayer,
    Glm4Model,
    Glm4PreTrainedModel,
    Glm4RMSNorm,
    Glm4RotaryEmbedding,
)

from engine.model import sparse_attention
from engine.model.audio import AudioEncoder, AudioFeatures
from engine.model.configuration import (
    AutoGLMAudioConfig,
    AutoGLMConfig,
    AutoGLMTextConfig,
    AutoGLMVisionConfig,
)
from engine.model.fusion import (
    AudioAlignment,
    GatedCrossAttention,
    MediaMemory,
    VisionAlignment,
    gather_rows,
    pad_rows,
)
from engine.model.vision import ContextBlock, VisionEncoder, VisionFeatures


class FusionDecoderLayer(Glm4DecoderLayer):
    """A GLM layer, with a gated cross-attention before it where the figure has one."""

    def __init__(self, config: AutoGLMTextConfig, layer_idx: int) -> None:
        super().__init__(config, layer_idx)
        fusion_layers = list(config.fusion_layers)
        self.slot = fusion_layers.index(layer_idx) if layer_idx in fusion_layers else -1
        self.fusion = GatedCrossAttention(config) if layer_idx in fusion_layers else None

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        hidden_states: Tensor,
        media_keys: Tensor | None = None,
        media_values: Tensor | None = None,
        media_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        if self.fusion is not None and media_keys is not None:
            assert media_values is not None and media_mask is not None
            hidden_states = self.fusion(
                hidden_states, media_keys[:, self.slot], media_values[:, self.slot], media_mask
            )
        return super().forward(hidden_states, **kwargs)


class AutoGLMTextModel(Glm4Model):
    """The GLM decoder. Its `forward` is Glm4's; media tensors pass through to the fusion layers."""

    config: AutoGLMTextConfig  # pyright: ignore[reportIncompatibleVariableOverride]
    _no_split_modules = ["FusionDecoderLayer"]
    _can_record_outputs = {"hidden_states": FusionDecoderLayer, "attentions": Glm4Attention}

    def __init__(self, config: AutoGLMTextConfig) -> None:
        Glm4PreTrainedModel.__init__(self, config)
        if config.sparse_attention:
            # The whole model has set its own kind of attention for all its parts.
            config._attn_implementation = sparse_attention.NAME
        self.padding_idx = config.pad_token_id
        self.vocab_size = config.vocab_size
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size, self.padding_idx)
        self.layers = nn.ModuleList(
            FusionDecoderLayer(config, layer_idx) for layer_idx in range(config.num_hidden_layers)
        )
        self.norm = Glm4RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.rotary_emb = Glm4RotaryEmbedding(config=config)
        self.gradient_checkpointing = False
        self.post_init()

    def fusions(self) -> list[GatedCrossAttention]:
        fusions = [getattr(layer, "fusion", None) for layer in self.layers]
        return [fusion for fusion in fusions if isinstance(fusion, GatedCrossAttention)]


class AutoGLMPreTrainedModel(PreTrainedModel):
    """Weights and their initialisation."""

    config_class = AutoGLMConfig
    config: AutoGLMConfig
    base_model_prefix = "model"
    input_modalities = ["image", "audio", "text"]
    supports_gradient_checkpointing = True
    _no_split_modules = ["FusionDecoderLayer", "VisionStage", "AudioBlock"]
    _skip_keys_device_placement = ["past_key_values"]
    _supports_sdpa = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, nn.Conv1d | nn.Conv2d):
            init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, GatedCrossAttention):
            init.constant_(module.gate.bias, self.config.text.gate_bias)
        elif isinstance(module, ContextBlock):
            for wide in (module.along, module.down):
                init.normal_(wide.weight, std=wide.weight[0].numel() ** -0.5)
            init.zeros_(module.expand.weight)  # the block adds nothing at first


class AutoGLMVisionModel(AutoGLMPreTrainedModel):
    """Image encoder and its alignment.

    For training, `thing_head` names what each cell shows, `digit_head` reads the number in it, `order_head`
    says which thing it is in reading order, and `page_head` on what kind of page.
    """

    config_class = AutoGLMVisionConfig
    config: AutoGLMVisionConfig  # pyright: ignore[reportIncompatibleVariableOverride]
    main_input_name = "pixel_values"

    def __init__(self, config: AutoGLMVisionConfig, shared_size: int = 512) -> None:
        super().__init__(config)
        self.encoder = VisionEncoder(config)
        self.alignment = VisionAlignment(config, shared_size)
        self.thing_head = nn.Linear(shared_size, config.num_things + 1) if config.num_things else None
        self.digit_head = nn.Linear(shared_size, config.digit_places * 11) if config.digit_places else None
        self.order_head = nn.Linear(shared_size, 2 * (config.num_orders + 1)) if config.num_orders else None
        self.page_head = nn.Linear(shared_size, config.num_pages) if config.num_pages else None
        self.post_init()

    def forward(self, pixel_values: Tensor, content_sizes: Tensor) -> tuple[Tensor, VisionFeatures]:
        """[n, cells, shared_size] aligned states, and the features that they come from."""
        features = self.encoder(pixel_values, content_sizes)
        return self.alignment(features), features

    def name_things(self, features: VisionFeatures) -> Tensor:
        """[n, cells, num_things + 1] logits; the last class is "nothing"."""
        assert self.thing_head is not None, "this checkpoint has no thing head"
        return self.thing_head(self.alignment.content(features.cells))

    def read_digits(self, features: VisionFeatures) -> Tensor:
        """[n, cells, digit_places, 11] logits of a number's digits, right-aligned; the last is "none"."""
        assert self.digit_head is not None, "this checkpoint has no digit head"
        return self.digit_head(self.alignment.content(features.cells)).unflatten(-1, (-1, 11))

    def order_things(self, features: VisionFeatures) -> Tensor:
        """[n, cells, 2, num_orders + 1] logits: which kind of thing it is, of those that are there, and which
        one of its kind, both in reading order; the last class is "not to be counted"."""
        assert self.order_head is not None, "this checkpoint has no order head"
        return self.order_head(self.alignment.content(features.cells)).unflatten(-1, (2, -1))

    def tell_page(self, features: VisionFeatures) -> Tensor:
        """[n, cells, num_pages] logits: each cell's opinion of the page."""
        assert self.page_head is not None, "this checkpoint has no page head"
        return self.page_head(self.alignment.content(features.cells))


class AutoGLMAudioModel(AutoGLMPreTrainedModel):
    """Speech encoder and its alignment; `unit_head` spells what each frame says, for training."""

    config_class = AutoGLMAudioConfig
    config: AutoGLMAudioConfig  # pyright: ignore[reportIncompatibleVariableOverride]
    main_input_name = "input_features"

    def __init__(self, config: AutoGLMAudioConfig, shared_size: int = 512) -> None:
        super().__init__(config)
        self.encoder = AudioEncoder(config)
        self.alignment = AudioAlignment(config, shared_size)
        self.unit_head = nn.Linear(shared_size, config.num_units) if config.num_units else None
        self.post_init()

    def forward(self, input_features: Tensor, feature_lengths: Tensor) -> tuple[Tensor, AudioFeatures]:
        """[n, frames, shared_size] aligned states, and the features that they come from."""
        features = self.encoder(input_features, feature_lengths)
        return self.alignment(features), features

    def spell(self, features: AudioFeatures) -> Tensor:
        """[n, frames, num_units] logits for CTC; unit 0 is the blank."""
        assert self.unit_head is not None, "this checkpoint has no unit head"
        return self.unit_head(self.alignment.content(features.frames))


class AutoGLMModel(AutoGLMPreTrainedModel):
    """Both encoders and the decoder that looks at them."""

    def __init__(self, config: AutoGLMConfig) -> None:
        super().__init__(config)
        shared_size = config.text.shared_size
        self.vision = AutoGLMVisionModel(config.vision, shared_size)
        self.audio = AutoGLMAudioModel(config.audio, shared_size)
        self.language_model = AutoGLMTextModel(config.text)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.embed_tokens

    def set_input_embeddings(self, value: nn.Module) -> None:
        assert isinstance(value, nn.Embedding)
        self.language_model.embed_tokens = value

    def perceive(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        content_sizes: Tensor | None = None,
        input_features: Tensor | None = None,
        feature_lengths: Tensor | None = None,
    ) -> MediaMemory | None:
        """Run the encoders once; None where the batch has no media.

        Args:
            input_ids: [batch, length]; its image and audio tokens say which row each medium belongs to.
            pixel_values, content_sizes: [images, 3, S, S] and [images, 2], all rows' pictures in order.
            input_features, feature_lengths: [recordings, 80, T] and [recordings].

        Raises:
            ValueError: where the prompt's placeholders and the media differ in number.
        """
        rows: list[list[Tensor]] = []
        if pixel_values is not None:
            assert content_sizes is not None, "pixel_values come with content_sizes"
            counts = self._count(input_ids, self.config.image_token_id, len(pixel_values), "image")
            states, seen = self.vision(pixel_values, content_sizes)
            rows.append(gather_rows(states, seen.mask, counts))
        if input_features is not None:
            assert feature_lengths is not None, "input_features come with feature_lengths"
            counts = self._count(input_ids, self.config.audio_token_id, len(input_features), "audio")
            states, heard = self.audio(input_features, feature_lengths)
            rows.append(gather_rows(states, heard.mask, counts))
        if not rows:
            return None
        return pad_rows([torch.cat(parts) for parts in zip(*rows, strict=True)])

    @staticmethod
    def _count(input_ids: Tensor, token_id: int, given: int, kind: str) -> Tensor:
        counts = (input_ids == token_id).sum(dim=1)
        if (wanted := int(counts.sum())) != given:
            raise ValueError(f"the prompt has {wanted} {kind} placeholders for {given} {kind} inputs")
        return counts

    def remember(self, memory: MediaMemory) -> dict[str, Tensor]:
        """Keys and values of every fusion layer, [batch, layers, heads, tokens, head_dim], and the mask."""
        pairs = [fusion.remember(memory.states) for fusion in self.language_model.fusions()]
        return {
            "media_keys": torch.stack([keys for keys, _ in pairs], dim=1),
            "media_values": torch.stack([values for _, values in pairs], dim=1),
            "media_mask": memory.mask,
        }


@dataclass
class AutoGLMOutput(CausalLMOutputWithPast):
    """transformers' causal output; `media` is what `remember` made, to pass to the next step."""

    media: dict[str, Tensor] | None = None


MEDIA_INPUTS = ("pixel_values", "content_sizes", "input_features", "feature_lengths")


class AutoGLMForConditionalGeneration(AutoGLMPreTrainedModel, GenerationMixin):
    """The model with its task head: next-token logits."""

    _tied_weights_keys = {"lm_head.weight": "model.language_model.embed_tokens.weight"}
    _tp_plan = {"lm_head": "colwise_gather_output"}

    def __init__(self, config: AutoGLMConfig) -> None:
        super().__init__(config)
        self.model = AutoGLMModel(config)
        self.lm_head = nn.Linear(config.text.hidden_size, config.text.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.model.set_input_embeddings(value)

    def remember(self, input_ids: Tensor, **media: Tensor | None) -> dict[str, Tensor]:
        """Encode the media of a batch once: the media tensors that `forward` takes, or {} without any."""
        memory = self.model.perceive(input_ids, **media)
        return {} if memory is None else self.model.remember(memory)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        pixel_values: Tensor | None = None,
        content_sizes: Tensor | None = None,
        input_features: Tensor | None = None,
        feature_lengths: Tensor | None = None,
        media_keys: Tensor | None = None,
        media_values: Tensor | None = None,
        media_mask: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        **kwargs: Any,
    ) -> AutoGLMOutput:
        """One pass of the decoder, and of the encoders where media come as pixels and mel.

        Args:
            input_ids: [batch, length] int64.
            attention_mask: [batch, past + length], 0 where padded.
            pixel_values, content_sizes, input_features, feature_lengths: see `AutoGLMModel.perceive`.
            media_keys, media_values, media_mask: what `remember` returned, instead of them.
            labels: [batch, length] int64, -100 where not scored.
            logits_to_keep: as in transformers; 0 keeps all.
        """
        media: dict[str, Tensor] = {}
        if media_keys is not None and media_values is not None and media_mask is not None:
            media = {"media_keys": media_keys, "media_values": media_values, "media_mask": media_mask}
        elif pixel_values is not None or input_features is not None:
            assert input_ids is not None, "media need input_ids, which say where they belong"
            media = self.remember(
                input_ids,
                pixel_values=pixel_values,
                content_sizes=content_sizes,
                input_features=input_features,
                feature_lengths=feature_lengths,
            )
        outputs = self.model.language_model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            **media,
            **kwargs,
        )
        hidden = outputs.last_hidden_state
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(hidden[:, kept])
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=logits.shape[-1], **kwargs)
        return AutoGLMOutput(
            loss=loss,
            logits=logits,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
            media=media or None,
        )

    def _prepare_model_inputs(
        self, inputs: Tensor | None, bos_token_id: Tensor | None, model_kwargs: dict[str, Any]
    ) -> tuple[Tensor, str | None, dict[str, Any]]:
        """`generate` encodes the media here, before its loop, so that they are read once a request."""
        prepare = super()._prepare_model_inputs  # pyright: ignore[reportAttributeAccessIssue]
        inputs, name, model_kwargs = prepare(inputs, bos_token_id, model_kwargs)
        assert inputs is not None
        given = {key: model_kwargs.pop(key) for key in MEDIA_INPUTS if key in model_kwargs}
        if any(value is not None for value in given.values()):
            model_kwargs.update(self.remember(inputs, **given))
        return inputs, name, model_kwargs
