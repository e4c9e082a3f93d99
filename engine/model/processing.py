"""What the model receives: any picture as 224x224 RGB, any recording as 80-band mel, text as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import BatchFeature, ProcessorMixin, WhisperFeatureExtractor
from transformers.image_processing_utils import BaseImageProcessor


class AutoGLMImageProcessor(BaseImageProcessor):
    """Any picture -> [3, size, size] float32 RGB in [0, 1].

    The aspect ratio is kept: the picture is scaled until its longer side fills the square and put into
    the top left corner; the rest is black and is masked by `content_sizes`. So a point (x, y) of the
    square is (x / width, y / height) of the original picture, with (width, height) the content size.
    """

    model_input_names = ["pixel_values", "content_sizes"]

    def __init__(self, image_size: int = 224, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.image_size = image_size

    def content_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) in pixels of the square that an original of `width` x `height` fills."""
        scale = self.image_size / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def fit(self, image: Image.Image) -> tuple[Image.Image, tuple[int, int]]:
        """The square picture that the model sees, and the size of the content in its top left corner."""
        width, height = self.content_size(*image.size)
        square = Image.new("RGB", (self.image_size, self.image_size))
        resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
        square.paste(resized, (0, 0))
        return square, (width, height)

    def preprocess(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, images: Image.Image | Sequence[Image.Image], return_tensors: str | None = "pt", **kwargs: Any
    ) -> BatchFeature:
        """Pictures -> `pixel_values` [n, 3, size, size] float32 and `content_sizes` [n, 2] int64."""
        pictures = [images] if isinstance(images, Image.Image) else list(images)
        fitted = [self.fit(picture) for picture in pictures]
        pixels = np.stack([np.asarray(square, dtype=np.float32).transpose(2, 0, 1) for square, _ in fitted])
        sizes = np.array([size for _, size in fitted], dtype=np.int64)
        data = {"pixel_values": pixels / np.float32(255.0), "content_sizes": sizes}
        return BatchFeature(data, tensor_type=return_tensors)


class AutoGLMFeatureExtractor(WhisperFeatureExtractor):
    """16 kHz mono samples -> log-mel, 80 bands, one frame every 10 ms, without Whisper's 30 s padding.

    Each recording is analysed by itself and padded with zeros afterwards, so that a row of a batch equals
    the same recording alone.
    """

    model_input_names = ["input_features", "feature_lengths"]
    SHORTEST = 400  # samples; one analysis window

    def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        audio: np.ndarray | Sequence[np.ndarray],
        sampling_rate: int = 16_000,
        return_tensors: str | None = "pt",
        **kwargs: Any,
    ) -> BatchFeature:
        """Recordings -> `input_features` [n, 80, T] float32 and `feature_lengths` [n] int64.

        Args:
            audio: float32 [samples] in [-1, 1], one or several.

        Raises:
            ValueError: where `sampling_rate` is not that of the model.
        """
        if sampling_rate != self.sampling_rate:
            raise ValueError(f"resample to {self.sampling_rate} Hz first; got {sampling_rate} Hz")
        recordings = [audio] if isinstance(audio, np.ndarray) else list(audio)
        mels = [self.analyse(np.asarray(samples, dtype=np.float32)) for samples in recordings]
        lengths = np.array([mel.shape[1] for mel in mels], dtype=np.int64)
        features = np.zeros((len(mels), self.feature_size, int(lengths.max())), dtype=np.float32)
        for row, mel in zip(features, mels, strict=True):
            row[:, : mel.shape[1]] = mel
        data = {"input_features": features, "feature_lengths": lengths}
        return BatchFeature(data, tensor_type=return_tensors)

    def analyse(self, samples: np.ndarray) -> np.ndarray:
        """One recording [samples] -> log-mel [80, samples // 160]."""
        if len(samples) < self.SHORTEST:
            samples = np.pad(samples, (0, self.SHORTEST - len(samples)))
        return self._torch_extract_fbank_features(samples[None], device="cpu")[0]


class AutoGLMProcessor(ProcessorMixin):
    """Tokenizer, image processor and feature extractor in one, for `AutoProcessor`."""

    def __init__(
        self, image_processor: Any = None, feature_extractor: Any = None, tokenizer: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(image_processor, feature_extractor, tokenizer, **kwargs)

    @property
    def model_input_names(self) -> list[str]:
        return [
            *self.tokenizer.model_input_names,
            *self.image_processor.model_input_names,
            *self.feature_extractor.model_input_names,
        ]

    def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        text: str | list[str] | None = None,
        images: Image.Image | Sequence[Image.Image] | None = None,
        audio: np.ndarray | Sequence[np.ndarray] | None = None,
        **kwargs: Any,
    ) -> BatchFeature:
        """Everything that `AutoGLMForConditionalGeneration.forward` takes, as tensors.

        `images` and `audio` are flat lists over the batch, in the order of their placeholders in `text`;
        nested lists, one a row, are flattened. Keyword arguments go to the tokenizer.
        """
        sampling_rate = kwargs.pop("sampling_rate", self.feature_extractor.sampling_rate)
        kwargs.pop("return_tensors", None)
        data: dict[str, torch.Tensor] = {}
        if text is not None:
            kwargs.setdefault("padding", True)
            texts = [text] if isinstance(text, str) else text
            data.update(self.tokenizer(texts, return_tensors="pt", add_special_tokens=False, **kwargs))
        if images is not None and (pictures := flatten(images)):
            data.update(self.image_processor(pictures, return_tensors="pt"))
        if audio is not None and (recordings := flatten(audio)):
            data.update(self.feature_extractor(recordings, sampling_rate=sampling_rate, return_tensors="pt"))
        return BatchFeature(data)


def flatten(media: Any) -> list[Any]:
    """One medium, a list of them, or a list of lists of them -> a flat list without None."""
    if isinstance(media, list | tuple):
        return [item for part in media for item in flatten(part)]
    return [] if media is None else [media]
