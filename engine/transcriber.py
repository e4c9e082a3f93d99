"""Speech as text, for models without an ear: a speech recogniser of transformers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from engine import hub
from engine.media import decode_audio
from engine.protocol import AudioHeard, AudioPart, LoadFailed, MediaRefused, Message, Part, TextPart

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

#: Recognisers such as Whisper hear windows of this many seconds.
WINDOW = 30

#: Transcripts that are remembered, so that a recording is recognised once over the turns of a conversation.
REMEMBERED = 64


class Transcriber:
    """A recogniser that is ready: `hear` turns the recordings of a conversation into text.

    Args:
        model: a sequence-to-sequence (Whisper) or CTC (wav2vec2) model.
        processor: its own.
    """

    def __init__(self, name: str, model: PreTrainedModel, processor: Any) -> None:
        self.name = name
        self._model, self._processor = model, processor
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, str] = OrderedDict()

    @property
    def sampling_rate(self) -> int:
        return int(self._processor.feature_extractor.sampling_rate)

    def hear(self, messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[AudioHeard, ...]]:
        """The conversation with words in place of each recording, and what was heard in the last turn.

        Raises MediaRefused where a recording cannot be decoded, or holds no words.
        """
        told = tuple(
            replace(message, parts=tuple(self._as_text(part) for part in message.parts))
            for message in messages
        )
        heard = tuple(
            AudioHeard(part.seconds, self.sampling_rate, transcript=self.transcribe(part))
            for part in messages[-1].audios
        )
        return told, heard

    def transcribe(self, part: AudioPart) -> str:
        """What is said in `part`. Raises MediaRefused."""
        with self._lock:
            if part.data not in self._known:
                text = self._recognise(decode_audio(part, self.sampling_rate))
                if not text:
                    raise MediaRefused(
                        f"{self.name} heard no words in {part.name}", "Speak again, closer to the microphone."
                    )
                self._known[part.data] = text
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            return self._known[part.data]

    def _as_text(self, part: Part) -> Part:
        return TextPart(self.transcribe(part)) if isinstance(part, AudioPart) else part

    def _recognise(self, samples: NDArray[Any]) -> str:
        """The words in samples [n] float32, window by window."""
        window = WINDOW * self.sampling_rate
        pieces = [samples[start : start + window] for start in range(0, len(samples), window)]
        return " ".join(filter(None, (self._recognise_window(piece) for piece in pieces)))

    @torch.inference_mode()
    def _recognise_window(self, samples: NDArray[Any]) -> str:
        model: Any = self._model
        inputs = self._processor.feature_extractor(
            samples, sampling_rate=self.sampling_rate, return_tensors="pt", return_attention_mask=True
        ).to(model.device)
        features = {
            name: value.to(model.dtype) if value.is_floating_point() else value
            for name, value in inputs.items()
        }
        writes = model.can_generate()
        ids = model.generate(**features) if writes else model(**features).logits.argmax(dim=-1)
        return self._processor.batch_decode(ids, skip_special_tokens=True)[0].strip()


def load_transcriber(name: str, source: str | Path, room: int = 0) -> Transcriber:
    """The recogniser in the folder `source`, on the GPU where its weights fit into `room` bytes.

    Raises LoadFailed where it is damaged or recognises no speech.
    """
    from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CTC_MAPPING,
        MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING,
    )

    try:
        config = AutoConfig.from_pretrained(source)
        kind = type(config)
        if kind in MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING:
            maker: Any = AutoModelForSpeechSeq2Seq
        elif kind in MODEL_FOR_CTC_MAPPING:
            maker = AutoModelForCTC
        else:
            raise LoadFailed(
                f"{name} is a {config.model_type} checkpoint, which recognises no speech",
                "Give --asr a recogniser, for example a Whisper checkpoint.",
            )
        model, loading = maker.from_pretrained(
            source, dtype=torch.float32, use_safetensors=True, output_loading_info=True
        )
        if missing := loading["missing_keys"]:
            raise LoadFailed(
                f"{name} is incomplete: {len(missing)} weights are missing", "Copy or download it again."
            )
        processor = AutoProcessor.from_pretrained(source)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise LoadFailed(
            f"the speech recogniser {name} could not be loaded: {hub.reason(error)}",
            "Check the name, or the folder and its files; a hub id needs the network the first time.",
        ) from error
    if torch.cuda.is_available() and model.get_memory_footprint() <= room:
        model = model.to("cuda")
    return Transcriber(name, model.eval(), processor)
