"""Tiny random checkpoints of published architectures, of the real classes, as their makers save them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

GLM_CONTROLS = [
    "<|endoftext|>",
    "[MASK]",
    "[gMASK]",
    "[sMASK]",
    "<sop>",
    "<eop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
    "<|begin_of_image|>",
    "<|end_of_image|>",
    "<|begin_of_video|>",
    "<|end_of_video|>",
    "<|image|>",
    "<|video|>",
]
# Read by whoever reads the answer: they are no special tokens in the published tokenizers either.
GLM_MARKS = ["<think>", "</think>", "<answer>", "</answer>", "<|begin_of_box|>", "<|end_of_box|>", "/nothink"]

GLM_TEMPLATE = """\
[gMASK]<sop>
{%- for message in messages %}<|{{ message.role }}|>
{% if message.content is string %}{{ message.content }}{% else %}
{%- for part in message.content %}
{%- if part.type == 'image' %}<|begin_of_image|><|image|><|end_of_image|>
{%- elif part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endif %}
{%- if message.role == 'user' and enable_thinking is defined and not enable_thinking %}/nothink{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|assistant|>
{% if enable_thinking is defined and not enable_thinking %}<think></think>
{% endif %}{% endif %}"""

CHATML_CONTROLS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<|audio_bos|>",
    "<|AUDIO|>",
    "<|audio_eos|>",
    "<image>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
]

CHATML_TEMPLATE = """\
{%- for message in messages %}<|im_start|>{{ message.role }}
{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}
{%- if part.type == 'image' %}IMAGE{% elif part.type == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>
{%- elif part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

TEXTS = ["打开相机 屏幕上有什么 tap the settings button", 'do(action="Tap", element=[120,345])'] * 20


def make_tokenizer(controls: Sequence[str], template: str, marks: Sequence[str] = (), **named: str) -> Any:
    """A byte-level BPE as these families have it, a few hundred tokens; `named` ones by their role."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=380, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=controls[0],
        pad_token=controls[0],
        extra_special_tokens=named or list(controls),
        chat_template=template,
    )
    add(made, controls, special=True)
    add(made, marks, special=False)
    return made


def add(tokenizer: Any, names: Sequence[str], *, special: bool) -> None:
    tokenizer.add_tokens([AddedToken(name, special=special) for name in names])


def glm_tokenizer() -> Any:
    return make_tokenizer(GLM_CONTROLS, GLM_TEMPLATE, GLM_MARKS)


def chatml_tokenizer(image: str = "", **named: str) -> Any:
    return make_tokenizer(CHATML_CONTROLS, CHATML_TEMPLATE.replace("IMAGE", image), **named)


def decoder(tokenizer: Any, **more: Any) -> dict[str, Any]:
    """The text part of a configuration."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 1024,
        "pad_token_id": 0,
        **more,
    }


MULTI_AXIS = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]}


def save(folder: Path, model: PreTrainedModel, *feeders: Any, ends: Sequence[int]) -> Path:
    """Weights large enough that media change what is said, and all that feeds them."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(4.0)
    assert model.generation_config is not None
    model.generation_config.eos_token_id = list(ends)
    model.save_pretrained(folder)
    for feeder in feeders:
        feeder.save_pretrained(folder)
    return folder


def glm_vision(folder: Path, tokenizer: Any, configuration: Any, kind: Any, image_processor: Any) -> Path:
    token = tokenizer.convert_tokens_to_ids
    config = configuration(
        text_config=decoder(tokenizer, rope_parameters=MULTI_AXIS),
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "num_heads": 2,
            "out_hidden_size": 64,
            "intermediate_size": 96,
            "image_size": 56,
        },
        image_token_id=token("<|image|>"),
        video_token_id=token("<|video|>"),
        image_start_token_id=token("<|begin_of_image|>"),
        image_end_token_id=token("<|end_of_image|>"),
        video_start_token_id=token("<|begin_of_video|>"),
        video_end_token_id=token("<|end_of_video|>"),
    )
    ends = token(["<|endoftext|>", "<|user|>", "<|observation|>"])
    return save(folder, kind(config), tokenizer, image_processor, ends=ends)


def glm4v(folder: Path) -> Path:
    """As zai-org/AutoGLM-Phone-9B and GLM-4.1V-9B."""
    from transformers import Glm4vConfig, Glm4vForConditionalGeneration
    from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil

    made = Glm4vImageProcessorPil()
    return glm_vision(folder, glm_tokenizer(), Glm4vConfig, Glm4vForConditionalGeneration, made)


def glm46v(folder: Path) -> Path:
    """As GLM-4.6V-Flash."""
    from transformers import Glm46VConfig, Glm46VForConditionalGeneration
    from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil

    tokenizer = glm_tokenizer()
    token = tokenizer.convert_tokens_to_ids
    config = Glm46VConfig(
        text_config={"model_type": "glm4v_text", **decoder(tokenizer, rope_parameters=MULTI_AXIS)},
        vision_config={
            "model_type": "glm4v_vision",
            "depth": 2,
            "hidden_size": 32,
            "num_heads": 2,
            "out_hidden_size": 64,
            "intermediate_size": 96,
            "image_size": 56,
        },
        image_token_id=token("<|image|>"),
        video_token_id=token("<|video|>"),
        image_start_token_id=token("<|begin_of_image|>"),
        image_end_token_id=token("<|end_of_image|>"),
        video_start_token_id=token("<|begin_of_video|>"),
        video_end_token_id=token("<|end_of_video|>"),
    )
    ends = token(["<|endoftext|>", "<|user|>"])
    return save(
        folder, Glm46VForConditionalGeneration(config), tokenizer, Glm46VImageProcessorPil(), ends=ends
    )


def glm4(folder: Path) -> Path:
    """A text model of the GLM-4 family."""
    from transformers import Glm4Config, Glm4ForCausalLM

    tokenizer = glm_tokenizer()
    config = Glm4Config(**decoder(tokenizer))
    ends = tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|user|>"])
    return save(folder, Glm4ForCausalLM(config), tokenizer, ends=ends)


def llama(folder: Path) -> Path:
    """A text model as many are."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = chatml_tokenizer()
    ends = tokenizer.convert_tokens_to_ids(["<|im_end|>"])
    return save(folder, LlamaForCausalLM(LlamaConfig(**decoder(tokenizer))), tokenizer, ends=ends)


def qwen2(folder: Path) -> Path:
    """A text model of the Qwen family."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = chatml_tokenizer()
    ends = tokenizer.convert_tokens_to_ids(["<|im_end|>"])
    return save(folder, Qwen2ForCausalLM(Qwen2Config(**decoder(tokenizer))), tokenizer, ends=ends)


def qwen25vl(folder: Path) -> Path:
    """As Qwen2.5-VL."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    tokenizer = chatml_tokenizer("<|vision_start|><|image_pad|><|vision_end|>")
    token = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config=decoder(
            tokenizer,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]},
        ),
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "num_heads": 2,
            "out_hidden_size": 64,
            "intermediate_size": 96,
            "fullatt_block_indexes": [1],
        },
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    return save(folder, model, tokenizer, Qwen2VLImageProcessorPil(), ends=token(["<|im_end|>"]))


def llava(folder: Path) -> Path:
    """As LLaVA-1.5: a square cut out of the middle of the picture."""
    from transformers import LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer = chatml_tokenizer("<image>")
    token = tokenizer.convert_tokens_to_ids
    config = LlavaConfig(
        text_config={"model_type": "llama", **decoder(tokenizer)},
        vision_config={
            "model_type": "clip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
            "projection_dim": 32,
        },
        image_token_index=token("<image>"),
        image_seq_length=16,
    )
    processor = LlavaProcessor(
        CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        image_token="<image>",
        num_additional_image_tokens=1,
        chat_template=tokenizer.chat_template,
    )
    model = LlavaForConditionalGeneration(config)
    return save(folder, model, processor, ends=token(["<|im_end|>"]))


def gemma3(folder: Path) -> Path:
    """As Gemma 3: windows in some layers, and pictures whose tokens see each other both ways."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3Processor
    from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

    tokenizer = chatml_tokenizer(
        "<start_of_image>",
        boi_token="<start_of_image>",
        eoi_token="<end_of_image>",
        image_token="<image_soft_token>",
    )
    token = tokenizer.convert_tokens_to_ids
    config = Gemma3Config(
        text_config=decoder(
            tokenizer,
            sliding_window=16,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
        },
        mm_tokens_per_image=4,
        boi_token_index=token("<start_of_image>"),
        eoi_token_index=token("<end_of_image>"),
        image_token_index=token("<image_soft_token>"),
    )
    processor = Gemma3Processor(
        Gemma3ImageProcessorPil(size={"height": 56, "width": 56}),
        tokenizer,
        image_seq_length=4,
        chat_template=tokenizer.chat_template,
    )
    return save(folder, Gemma3ForConditionalGeneration(config), processor, ends=token(["<|im_end|>"]))


def qwen2audio(folder: Path) -> Path:
    """As Qwen2-Audio: a model with an ear and no eye."""
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2AudioProcessor,
        WhisperFeatureExtractor,
    )

    tokenizer = chatml_tokenizer()
    token = tokenizer.convert_tokens_to_ids
    config = Qwen2AudioConfig(
        text_config={"model_type": "qwen2", **decoder(tokenizer)},
        audio_config={
            "d_model": 32,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "num_mel_bins": 80,
            "max_source_positions": 1500,
        },
        audio_token_index=token("<|AUDIO|>"),
    )
    processor = Qwen2AudioProcessor(
        WhisperFeatureExtractor(feature_size=80), tokenizer, chat_template=tokenizer.chat_template
    )
    return save(folder, Qwen2AudioForConditionalGeneration(config), processor, ends=token(["<|im_end|>"]))


def whisper(folder: Path) -> Path:
    """A speech recogniser."""
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    plain = json.loads(make_tokenizer(["<|endoftext|>"], "").backend_tokenizer.to_str())["model"]
    tokenizer: Any = WhisperTokenizer(vocab=plain["vocab"], merges=[tuple(pair) for pair in plain["merges"]])
    add(tokenizer, ["<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>"], special=True)
    token = tokenizer.convert_tokens_to_ids
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_target_positions=64,
        pad_token_id=token("<|endoftext|>"),
        bos_token_id=token("<|endoftext|>"),
        eos_token_id=token("<|endoftext|>"),
        decoder_start_token_id=token("<|startoftranscript|>"),
        begin_suppress_tokens=None,
        suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    assert model.generation_config is not None
    model.generation_config.max_length = 24
    processor = WhisperProcessor(WhisperFeatureExtractor(feature_size=80), tokenizer)
    return save(folder, model, processor, ends=token(["<|endoftext|>"]))


BUILDERS: dict[str, Callable[[Path], Path]] = {
    build.__name__: build
    for build in (glm4v, glm46v, glm4, llama, qwen2, qwen25vl, llava, gemma3, qwen2audio)
}


def build(name: str, folder: Path) -> Path:
    """The checkpoint of that name, always with the same weights."""
    torch.manual_seed(0)
    return BUILDERS[name](folder)
