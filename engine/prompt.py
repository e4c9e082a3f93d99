"""Turns a conversation into exactly what the model receives: token ids, pixels and mel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from engine.media import decode_audio, decode_image
from engine.protocol import AudioHeard, ImageSeen, Message, Options, Perceived, Request, TextTooLong

if TYPE_CHECKING:
    from torch import Tensor

    from engine.model.modeling import AutoGLMForConditionalGeneration
    from engine.model.processing import AutoGLMProcessor


@dataclass(frozen=True)
class Prompt:
    """input_ids [1, length] int64; media: the encoders' inputs; perceived: what the person is told of it.

    `text_tokens` are those of input_ids that no medium stands for: some models read media as tokens of their
    prompt, others beside it. `thinking_opened` says that the prompt ends inside `<think>`.
    """

    input_ids: Tensor
    media: dict[str, Tensor]
    perceived: Perceived
    text_tokens: int
    thinking_opened: bool = False

    @property
    def image_tokens(self) -> int:
        return sum(seen.tokens or 0 for seen in self.perceived.images)

    @property
    def audio_tokens(self) -> int:
        return sum(heard.tokens or 0 for heard in self.perceived.audios)


def build_prompt(
    request: Request,
    model: AutoGLMForConditionalGeneration,
    processor: AutoGLMProcessor,
    context: int | None = None,
) -> Prompt:
    """Read the conversation as the model will.

    The newest pictures stay in sight over later turns; sound is heard in its own turn only. The oldest
    turns are left out where the text is over the model's limit, or leaves the answer no room in `context`,
    tokens of prompt and answer together; None for as many as the model has positions.

    Raises:
        TextTooLong: where the newest message alone is over the limit; before any medium is decoded.
        MediaRefused: where a medium cannot be decoded.
    """
    messages = keep_current_media(request.messages)
    context = context or int(model.config.get_text_config().max_position_embeddings)
    ids, dropped = fit_context(messages, request.options, processor, context)
    messages = leave_out(messages, dropped)
    media: dict[str, Tensor] = {}
    images = [part for message in messages for part in message.images]
    audios = [part for message in messages for part in message.audios]
    seen: tuple[ImageSeen, ...] = ()
    heard: tuple[AudioHeard, ...] = ()
    if images:
        media.update(processor.image_processor([decode_image(part) for part in images]))
        seen = tuple(
            describe_image(
                part.width, part.height, size.tolist(), processor.image_processor.image_size, model
            )
            for part, size in zip(images, media["content_sizes"], strict=True)
        )
    if audios:
        rate = processor.feature_extractor.sampling_rate
        media.update(processor.feature_extractor([decode_audio(part, rate) for part in audios]))
        stride = model.config.audio.stride
        heard = tuple(
            AudioHeard(part.seconds, rate, mel_frames=int(frames), tokens=-(-int(frames) // stride))
            for part, frames in zip(audios, media["feature_lengths"], strict=True)
        )
    text = processor.tokenizer.decode(ids)
    perceived = Perceived(seen, heard, len(ids), text, dropped)
    device = model.device
    return Prompt(
        torch.tensor([ids], device=device),
        {name: tensor.to(device) for name, tensor in media.items()},
        perceived,
        text_tokens=len(ids),
        thinking_opened=request.options.thinking,
    )


def keep_current_media(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Drop pictures older than the newest ones, and sound of earlier turns."""
    with_images = [index for index, message in enumerate(messages) if message.images]
    newest = with_images[-1] if with_images else -1
    last = len(messages) - 1

    def current(index: int, message: Message) -> Message:
        hidden = (() if index == newest else message.images) + (() if index == last else message.audios)
        if not hidden:
            return message
        return replace(message, parts=tuple(part for part in message.parts if part not in hidden))

    return tuple(current(index, message) for index, message in enumerate(messages))


def fit_context(
    messages: Sequence[Message], options: Options, processor: AutoGLMProcessor, context: int
) -> tuple[list[int], int]:
    """Token ids of the prompt, and how many of the oldest messages were left out.

    A prompt keeps to what the model was trained to read, and to its part of `context`.
    """
    length, longest = 0, processor.tokenizer.model_max_length
    for dropped in range(len(messages)):
        kept = leave_out(messages, dropped)
        if dropped and len(kept) > 1 and kept[first_turn(kept)].role == "assistant":
            continue
        ids = encode(kept, options.thinking, processor)
        length = len(ids)
        if length <= min(longest, limit_prompt(kept, options, context)):
            return ids, dropped
    raise TextTooLong(length, min(longest, context - 1))


def first_turn(messages: Sequence[Message]) -> int:
    """Index of the first message that is not the system's."""
    return 1 if messages and messages[0].role == "system" else 0


def limit_prompt(messages: Sequence[Message], options: Options, context: int) -> int:
    """Most tokens that a prompt of `messages` may have in a context of so many tokens.

    Old turns leave the answer the room that it may take, up to half of the context. The newest message and
    the system's, which no turn replaces, may leave it a single token.
    """
    old_turns = len(messages) - first_turn(messages) > 1
    return context - max(1, min(options.max_new_tokens, context // 2) if old_turns else 1)


def leave_out(messages: Sequence[Message], count: int) -> tuple[Message, ...]:
    """Without the oldest `count` messages; the system's stays until it is the only one to give up."""
    start = first_turn(messages)
    if start + count >= len(messages):
        return tuple(messages[-1:])
    return (*messages[:start], *messages[start + count :])


def encode(messages: Sequence[Message], thinking: bool, processor: AutoGLMProcessor) -> list[int]:
    """Through the chat template; control tokens that a person typed become plain text."""
    encoded = processor.tokenizer.apply_chat_template(
        [to_chat(message) for message in messages],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        sanitize_control_tokens=True,
        enable_thinking=thinking,
    )
    return list(encoded["input_ids"])


def to_chat(message: Message) -> dict[str, Any]:
    """A message as chat templates take it: media first, as in AutoGLM-Phone's own prompts."""
    content = [{"type": "image"} for _ in message.images] + [{"type": "audio"} for _ in message.audios]
    return {"role": message.role, "content": [*content, {"type": "text", "text": message.text}]}


def describe_image(
    width: int, height: int, content: list[int], side: int, model: AutoGLMForConditionalGeneration
) -> ImageSeen:
    stride = model.config.vision.stride
    tokens = -(-content[0] // stride) * -(-content[1] // stride)
    return ImageSeen(width, height, side, side, (0.0, 0.0, float(content[0]), float(content[1])), tokens)
