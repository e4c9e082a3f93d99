"""What the inspector shows is what the model receives."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest_asyncio
import torch
from PIL import Image

from engine.media import decode_image, read_audio, read_image
from engine.protocol import Insight, Inspectable, Message, Request, TextPart
from engine.runtime import Runtime

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
PICTURE = read_image((EXAMPLES / "home-zh.png").read_bytes())
SOUND = read_audio((EXAMPLES / "open-camera.zh.wav").read_bytes())


@pytest_asyncio.fixture
async def nano() -> AsyncIterator[Runtime]:
    runtime = Runtime("nano")
    yield runtime
    await runtime.aclose()


async def looked(runtime: Runtime, *parts: object) -> Insight:
    return await runtime.inspect(Request((Message("user", (*parts, TextPart("你好"))),)))  # type: ignore[arg-type]


async def test_picture_mel_and_gates_are_those_of_the_request(nano: Runtime) -> None:
    assert isinstance(nano, Inspectable)
    both = await looked(nano, PICTURE, SOUND)
    assert both.perceived and both.perceived.prompt and "你好" in both.perceived.prompt
    (shown,), (mel,) = both.pictures, both.mels
    seen, heard = both.perceived.images[0], both.perceived.audios[0]
    with Image.open(io.BytesIO(shown)) as square:
        assert square.size == (seen.width, seen.height)
        left, top, right, bottom = map(int, seen.content_box)
        content = np.asarray(square.crop((left, top, right, bottom)), dtype=np.int16)
        outside = np.asarray(square)[:, right:]
    original = np.asarray(decode_image(PICTURE).convert("RGB").resize((right, bottom)), dtype=np.int16)
    assert np.abs(content - original).mean() < 6  # the same picture, scaled by another filter
    assert not outside.any()
    with Image.open(io.BytesIO(mel)) as picture:
        assert picture.size == (heard.mel_frames, 80)
    assert both.gates and all(gate.image is not None and gate.audio is not None for gate in both.gates)
    assert all(0 <= (gate.image or 0) + (gate.audio or 0) <= 1 for gate in both.gates)
    assert any((gate.image or 0) > 0 for gate in both.gates)
    assert all(one.used_bytes > 2**20 for one in both.memory)


async def test_gates_tell_only_of_what_was_there(nano: Runtime) -> None:
    spoken = await looked(nano, SOUND)
    assert spoken.gates and all(gate.image is None and gate.audio is not None for gate in spoken.gates)
    assert (await looked(nano)).gates == ()


async def test_parts_of_an_opening_add_up_to_what_the_layer_does(nano: Runtime) -> None:
    """A layer that attends to one part alone opens to it by the whole mean of its gate."""
    await looked(nano)
    checkpoint = nano._checkpoint
    assert checkpoint
    fusion = checkpoint.model.model.language_model.fusions()[0]
    width, tokens = fusion.query.in_features, 6
    torch.manual_seed(0)
    hidden = torch.randn(1, 4, width)
    keys, _ = fusion.remember(torch.randn(1, tokens, fusion.key.in_features))
    with torch.inference_mode():
        parts = fusion.openings(hidden, keys, torch.ones(1, tokens, dtype=torch.bool), [2, 4])
        gate = torch.sigmoid(fusion.gate(fusion.query_norm(hidden))).mean()
        alone = fusion.openings(hidden, keys, torch.arange(tokens)[None] < 2, [2, 4])
    assert torch.allclose(parts.sum(), gate, atol=1e-5)
    assert alone[1] == 0 and torch.allclose(alone[0], gate, atol=1e-5)
