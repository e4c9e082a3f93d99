"""Nano's decoder in ONNX Runtime: the same weights with past and present keys and values, exported here."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from bench.models import peer, prompt

#: What is said where it is not measured.
ABSENT = "ONNX Runtime is not measured: onnx, onnxscript and onnxruntime are not installed (extra `bench`)."


def installed() -> bool:
    """Whether it can be measured here."""
    return all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime", "onnxscript"))


@cache
def session(int8: bool) -> Any:
    """An InferenceSession on as many threads as torch has; INT8 is ONNX Runtime's own dynamic quantization,
    a scale for each channel."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(export()[int8]), options, providers=["CPUExecutionProvider"])


@cache
def export() -> tuple[Path, Path]:
    """The decoder as ONNX files, single precision and INT8, kept until the process ends."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder = Path(_folder().name)
    full, rounded = folder / "decoder.onnx", folder / "decoder-int8.onnx"
    said = io.StringIO()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        warnings.simplefilter("ignore")
        _export(full)
        quantize_dynamic(full, rounded, per_channel=True, weight_type=QuantType.QInt8)
    return full, rounded


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bench-onnx-")


def _export(file: Path) -> None:
    """Inputs: ids, positions [rows, tokens], mask [rows, 1, tokens, past + tokens] float, then each layer's
    keys and values [rows, kv_heads, past, head_dim]; outputs: logits, then keys and values again."""
    import torch
    from transformers import DynamicCache

    glm: Any = peer()
    config = glm.config
    layers = config.num_hidden_layers

    class Step(torch.nn.Module):
        """One pass with explicit past and present."""

        def __init__(self) -> None:
            super().__init__()
            self.glm = glm

        def forward(self, ids: Any, positions: Any, mask: Any, *past: Any) -> tuple[Any, ...]:
            kept: Any = DynamicCache(config=config)
            for layer in range(layers):
                kept.update(past[2 * layer], past[2 * layer + 1], layer)
            logits = self.glm(
                input_ids=ids, position_ids=positions, attention_mask=mask, past_key_values=kept
            ).logits
            states = [states for layer in kept.layers for states in (layer.keys, layer.values)]
            return (logits, *states)

    rows, tokens, held = 2, 3, 5
    # Each a tensor of its own: one given many times would be taken for one input.
    past = [torch.zeros(rows, config.num_key_value_heads, held, config.head_dim) for _ in range(2 * layers)]
    ids = torch.zeros(rows, tokens, dtype=torch.int64)
    free = torch.export.Dim.DYNAMIC
    by_row_and_token = {0: free, 1: free}
    shapes = (
        by_row_and_token,
        by_row_and_token,
        {0: free, 2: free, 3: free},
        ({0: free, 2: free},) * len(past),
    )
    with torch.no_grad():
        program = torch.onnx.export(
            Step().eval(),
            (ids, ids + torch.arange(tokens), torch.zeros(rows, 1, tokens, held + tokens), *past),
            dynamo=True,
            opset_version=20,
            dynamic_shapes=shapes,
            input_names=["ids", "positions", "mask", *(f"past.{index}" for index in range(len(past)))],
            output_names=["logits", *(f"present.{index}" for index in range(len(past)))],
            verbose=False,
        )
    assert program is not None
    program.save(file)


class Chat:
    """`rows` chats, decoded greedily side by side, each with the same prompt of `length` tokens."""

    def __init__(self, int8: bool, length: int, rows: int = 1) -> None:
        import numpy as np
        import onnxruntime

        self._value = onnxruntime.OrtValue.ortvalue_from_numpy
        self._session = session(int8)
        self._names = [given.name for given in self._session.get_inputs()]
        self._outputs = [made.name for made in self._session.get_outputs()]
        config = peer().config
        empty = np.zeros((rows, config.num_key_value_heads, 0, config.head_dim), np.float32)
        self._past = [self._value(empty)] * (2 * config.num_hidden_layers)
        self.rows, self.length = rows, 0
        causal = np.triu(np.full((length, length), np.finfo(np.float32).min), 1)
        mask = np.broadcast_to(causal, (rows, 1, length, length)).astype(np.float32)
        self.tokens = self._run(np.repeat(prompt(length).numpy(), rows, axis=0), mask)

    def step(self) -> None:
        """One token more of each chat."""
        import numpy as np

        self.tokens = self._run(self.tokens, np.zeros((self.rows, 1, 1, self.length + 1), np.float32))

    def _run(self, ids: Any, mask: Any) -> Any:
        import numpy as np

        positions = np.arange(self.length, self.length + ids.shape[1])
        positions = np.broadcast_to(positions, ids.shape).astype(np.int64)
        given = [self._value(np.ascontiguousarray(one)) for one in (ids, positions, mask)]
        feed = dict(zip(self._names, [*given, *self._past], strict=True))
        logits, *self._past = self._session.run_with_ort_values(self._outputs, feed)
        self.length += ids.shape[1]
        return logits.numpy()[:, -1].argmax(-1)[:, None]
