"""The GLM tokenizer and chat template, at the size that a corpus needs."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

# The GLM family's control tokens. The first ids are theirs, so that every corpus gives the same ones.
CONTROL_TOKENS = (
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
    "<|begin_of_audio|>",
    "<|image|>",
    "<|audio|>",
    "<|end_of_audio|>",
    "/nothink",
)
# Kept in decoded text, where the thinking splitter looks for them.
THINKING_TOKENS = ("<think>", "</think>")

# GLM-4's pre-tokenizer, with every digit apart so that coordinates are spelt digit by digit.
PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CHAT_TEMPLATE = """\
[gMASK]<sop>
{%- macro content(message) -%}
{%- if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'image' -%}
<|begin_of_image|><|image|><|end_of_image|>
{%- elif part.type == 'audio' -%}
<|begin_of_audio|><|audio|><|end_of_audio|>
{%- elif part.type == 'text' -%}
{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{%- set thinks = enable_thinking is not defined or enable_thinking -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
<|system|>{{ '\n' }}{{ content(message) }}
{%- elif message.role == 'user' -%}
<|user|>{{ '\n' }}{{ content(message) }}
{%- if not thinks %}/nothink{% endif -%}
{%- elif message.role == 'assistant' -%}
<|assistant|>{{ '\n' }}<think>{{ message.reasoning_content or '' }}</think>{{ '\n' }}{{ content(message) }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|assistant|>{{ '\n' }}
{%- if thinks %}<think>{% else %}<think></think>{{ '\n' }}{% endif -%}
{%- endif -%}
"""


def train_tokenizer(texts: Iterable[str], vocab_size: int, model_max_length: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE over `texts`; any text in any language can be encoded, if in more tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(THINKING_TOKENS),
        min_frequency=2,
        special_tokens=list(CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in THINKING_TOKENS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|endoftext|>",
        eos_token="<|user|>",
        padding_side="left",
        model_max_length=model_max_length,
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
        chat_template=CHAT_TEMPLATE,
    )
