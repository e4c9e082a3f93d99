"""Turns a conversation into what a published checkpoint receives, through its own processor and template."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from engine import phone
from engine.media import decode_audio, decode_image
from engine.processors import THINKING_TAG, tokenizer_of
from engine.prompt import Prompt, first_turn, keep_current_media, leave_out, limit_prompt
from engine.protocol import (
    AudioHeard,
    Capabilities,
    ImagePart,
    ImageSeen,
    InvalidRequest,
    Message,
    Perceived,
    Request,
    TextPart,
    TextTooLong,
    Unsupported,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from transformers import PreTrainedConfig

    from engine.transcriber import Transcriber

#: What a processor returns that the model is not given beside the token ids.
TEXT_INPUTS = frozenset({"input_ids", "attention_mask"})

#: What a template may add to a message beside its text: roles and line ends.
ROOM_FOR_A_ROLE = 8


@dataclass(frozen=True)
class PublishedReader:
    """Reads conversations for one checkpoint.

    Args:
        processor: of transformers, or a tokenizer where the model takes text only.
        context: tokens that the model may hold, prompt and answer.
        max_pixels: larger pictures are scaled down to this; None for the processor's own budget.
        is_phone: whether it is AutoGLM-Phone, which has its own prompts.
        transcriber: what turns speech into text where the model has no ear.
        device: where the model's input goes.
    """

    config: PreTrainedConfig
    processor: Any
    capabilities: Capabilities
    context: int
    max_pixels: int | None = None
    is_phone: bool = False
    transcriber: Transcriber | None = None
    device: str = "cpu"

    def read(self, request: Request) -> Prompt:
        """The prompt of a request, its ids on the device and its media on the CPU.

        The newest pictures stay in sight over later turns; sound is heard in its own turn only. The oldest
        turns are left out where they leave the answer no room in the context.

        Raises:
            Unsupported: for a picture or a recording that the model cannot take.
            InvalidRequest: for a conversation that the checkpoint's chat template refuses.
            TextTooLong: where the newest message alone is over the context.
            MediaRefused: where a medium cannot be decoded.
        """
        messages, said = request.messages, ()
        if self.transcriber is not None and not self.capabilities.audio:
            messages, said = self.transcriber.hear(messages)
        messages = keep_current_media(messages)
        self._check_media(messages)
        if self.is_phone:
            messages = phone.as_trained(messages)
        self._check_text(messages[-1:])
        media = {id(part): self._decode(part) for message in messages for part in message.parts}
        dropped = 0
        while True:
            kept = leave_out(messages, dropped)
            encoded = self._encode(kept, media, request.options.thinking)
            ids = encoded["input_ids"]
            excess = ids.shape[1] - limit_prompt(kept, request.options, self.context)
            if excess <= 0:
                break
            if len(kept) == 1:
                raise TextTooLong(ids.shape[1], self.context - 1)
            dropped += self._count_to_drop(kept, excess)
        return self._prompt(kept, encoded, media, said, len(messages) - len(kept))

    # --------------------------------------------------------------------------------- before

    def _check_media(self, messages: Sequence[Message]) -> None:
        takes = self.capabilities
        if not takes.image and any(message.images for message in messages):
            raise Unsupported(
                "this model cannot see pictures", "Remove the picture, or choose a model that can see."
            )
        if not takes.audio and any(message.audios for message in messages):
            raise Unsupported(
                "this model has no ear",
                "Type instead, choose a model that hears, or start with --asr and a speech recogniser.",
            )

    def _check_text(self, newest: Sequence[Message]) -> None:
        """Refuse what is too long by its text alone, before any medium is decoded."""
        length = sum(self._count_text(message) for message in newest)
        if length >= self.context:
            raise TextTooLong(length, self.context - 1)

    def _count_text(self, message: Message) -> int:
        return len(tokenizer_of(self.processor).encode(message.text, add_special_tokens=False))

    def _count_to_drop(self, kept: Sequence[Message], excess: int) -> int:
        """How many of the oldest turns to leave out, so that at least `excess` tokens go; whole exchanges."""
        turns = kept[first_turn(kept) : -1]
        gone = 0
        for index, message in enumerate(turns, 1):
            gone += self._count_text(message) + ROOM_FOR_A_ROLE
            following = turns[index].role if index < len(turns) else "user"
            if gone >= excess and following == "user":
                return index
        return max(1, len(turns))

    def _decode(self, part: Any) -> Any:
        if isinstance(part, TextPart):
            return part.text
        if isinstance(part, ImagePart):
            return self._scale(decode_image(part))
        return decode_audio(part, self.processor.feature_extractor.sampling_rate)

    def _scale(self, image: Image) -> Image:
        """Within the pixel budget, at sides that the model's patches divide, so that it is scaled once."""
        from PIL import Image as pillow

        width, height = image.size
        if self.max_pixels is None or width * height <= self.max_pixels:
            return image
        maker = self.processor.image_processor
        step = int(getattr(maker, "patch_size", None) or 1) * int(getattr(maker, "merge_size", None) or 1)
        scale = (self.max_pixels / (width * height)) ** 0.5
        size = (
            max(step, int(width * scale) // step * step),
            max(step, int(height * scale) // step * step),
        )
        return image.resize(size, pillow.Resampling.BICUBIC, reducing_gap=3.0)

    # ------------------------------------------------------------------------------- encoding

    def _encode(
        self, messages: Sequence[Message], media: Mapping[int, Any], thinking: bool
    ) -> Mapping[str, Tensor]:
        """Through the checkpoint's chat template; control tokens that a person typed become plain text."""
        from jinja2 import TemplateError

        template = tokenizer_of(self.processor).chat_template or self.processor.chat_template
        switch = {"enable_thinking": thinking} if "enable_thinking" in str(template) else {}
        try:
            return self.processor.apply_chat_template(
                [self._to_chat(message, media) for message in messages],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                sanitize_control_tokens=True,
                **switch,
            )
        except TemplateError as error:
            said = str(error).rstrip(".")
            allowed = f"a conversation that this model's chat template takes; it says: {said}"
            raise InvalidRequest("messages", len(messages), allowed) from error

    def _to_chat(self, message: Message, media: Mapping[int, Any]) -> dict[str, Any]:
        """A message as templates take it: media first, then the text."""
        turn: dict[str, Any] = {"role": message.role}
        if message.reasoning:
            turn["reasoning_content"] = message.reasoning
        if self.processor is tokenizer_of(self.processor):
            return turn | {"content": message.text}
        seen = [{"type": "image", "image": media[id(part)]} for part in message.images]
        heard = [{"type": "audio", "audio": media[id(part)]} for part in message.audios]
        return turn | {"content": [*seen, *heard, {"type": "text", "text": message.text}]}

    # ---------------------------------------------------------------------------------- after

    def _prompt(
        self,
        messages: Sequence[Message],
        encoded: Mapping[str, Tensor],
        media: Mapping[int, Any],
        said: tuple[AudioHeard, ...],
        dropped: int,
    ) -> Prompt:
        ids = encoded["input_ids"]
        text = str(tokenizer_of(self.processor).decode(ids[0]))
        given = {name: value for name, value in encoded.items() if name not in TEXT_INPUTS}
        images = [part for message in messages for part in message.images]
        audios = [part for message in messages for part in message.audios]
        image_tokens = count_runs(ids[0], self._token_id("image"))
        audio_tokens = count_runs(ids[0], self._token_id("audio"))
        seen = tuple(
            self._describe(part, media[id(part)].size, index, len(images), given, image_tokens)
            for index, part in enumerate(images)
        )
        heard = tuple(
            AudioHeard(
                part.seconds,
                self.processor.feature_extractor.sampling_rate,
                tokens=share(audio_tokens, index, len(audios)),
            )
            for index, part in enumerate(audios)
        )
        shown = fold_runs(text, [self._placeholder(kind) for kind in ("image", "audio")])
        perceived = Perceived(seen, said or heard, ids.shape[1], shown, dropped)
        opened = text.rstrip().endswith(THINKING_TAG)
        text_tokens = ids.shape[1] - sum(image_tokens) - sum(audio_tokens)
        media_inputs = given if images or audios else {}
        return Prompt(ids.to(self.device), media_inputs, perceived, text_tokens, opened)

    def _token_id(self, kind: str) -> int:
        found = getattr(self.config, f"{kind}_token_id", None) or getattr(
            self.config, f"{kind}_token_index", None
        )
        return -1 if found is None else int(found)

    def _placeholder(self, kind: str) -> str:
        """The control token that stands for a medium in the prompt; empty where there is none."""
        token = self._token_id(kind)
        return "" if token < 0 else str(tokenizer_of(self.processor).decode([token]))

    def _describe(
        self,
        part: ImagePart,
        scaled: tuple[int, int],
        index: int,
        count: int,
        given: Mapping[str, Tensor],
        tokens: Sequence[int],
    ) -> ImageSeen:
        """What the model sees of one picture, and where the original lies in it."""
        maker = self.processor.image_processor
        width, height = scaled
        box: tuple[float, float, float, float] | None = None
        if (grids := given.get("image_grid_thw")) is not None:
            patch = int(maker.patch_size)
            _, rows, columns = grids[index].tolist()
            width, height = columns * patch, rows * patch
        elif (pixels := given.get("pixel_values")) is not None and pixels.dim() == 4 and len(pixels) == count:
            height, width = pixels.shape[-2:]
            box = cropped(scaled, width, height) if getattr(maker, "do_center_crop", False) else None
        box = box or (0.0, 0.0, float(width), float(height))
        return ImageSeen(part.width, part.height, width, height, box, share(tokens, index, count))


def cropped(size: tuple[int, int], width: int, height: int) -> tuple[float, float, float, float]:
    """Where a picture lies whose shorter side was scaled to fill width x height, the middle of it kept."""
    scale = max(width / size[0], height / size[1])
    left, top = (width - size[0] * scale) / 2, (height - size[1] * scale) / 2
    return left, top, left + size[0] * scale, top + size[1] * scale


def count_runs(ids: Tensor, token: int) -> list[int]:
    """Lengths of the unbroken runs of `token` in ids [length]."""
    return [len(list(run)) for found, run in itertools.groupby(ids.tolist()) if found == token]


def share(runs: Sequence[int], index: int, count: int) -> int | None:
    """Tokens of one medium of `count`: its run where each has one, else an equal part; together all."""
    if not runs:
        return None
    equal, rest = divmod(sum(runs), count)
    return runs[index] if len(runs) == count else equal + (index < rest)


def fold_runs(text: str, tokens: Sequence[str]) -> str:
    """A prompt to show: where one of `tokens` is repeated it stands once, with its number."""
    for token in filter(None, tokens):
        run = re.compile(f"(?:{re.escape(token)}){{2,}}")
        text = run.sub(lambda found, token=token: f"{token}×{len(found[0]) // len(token)}", text)
    return text
