"""A decode step that was compiled beforehand: found where it fits, believed where it is right, else left."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engine.families import decoder_for  # noqa: E402
from engine.families.compiled import compile_step, find_step  # noqa: E402
from engine.families.glm import FusedGlm, fuse  # noqa: E402
from engine.kv_cache import Span  # noqa: E402
from engine.model.configuration import AutoGLMConfig, AutoGLMTextConfig  # noqa: E402
from engine.model.modeling import AutoGLMForConditionalGeneration  # noqa: E402

needs_compiler = pytest.mark.skipif(
    shutil.which(os.environ.get("CXX", "g++")) is None, reason="there is no C++ compiler here"
)


def tiny(seed: int = 0, **changed: Any) -> AutoGLMForConditionalGeneration:
    """The article's decoder: a layer without media, and one that looks at them."""
    text = AutoGLMTextConfig(
        **{
            "vocab_size": 64, "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "fusion_layers": [1],
            "max_position_embeddings": 256, "shared_size": 32, "pad_token_id": 0,
        } | changed,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = AutoGLMForConditionalGeneration(AutoGLMConfig(text_config=text)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(4.0)
    return model


def fused(model: AutoGLMForConditionalGeneration) -> FusedGlm:
    made = fuse(model)
    assert made is not None
    return made


@pytest.fixture(scope="module")
def libraries(tmp_path_factory) -> Path:
    """A folder with the compiled step of `tiny`."""
    folder = tmp_path_factory.mktemp("libraries")
    compile_step(fused(tiny()), folder)
    return folder


def write(decoder: Any) -> list[list[int]]:
    """Greedily: one row, then three of which two look at media, then the last of them in the first slot."""
    generator = torch.Generator().manual_seed(5)
    written: list[list[int]] = [[], [], []]
    rows = [0]

    def place(slot: int, length: int, media: int) -> int:
        ids = torch.randint(1, 64, (1, length), generator=generator)
        decoder.place(slot, ids, {})
        if media:
            keys, values = torch.randn(2, 1, 1, 4, media, 12, generator=generator)
            decoder.bank.put(slot, keys, values)
        return int(decoder.prefill([Span(slot, 0, length)]).argmax(-1))

    def go_on(tokens: list[int], count: int) -> list[int]:
        for _ in range(count):
            tokens = decoder.decode(list(range(len(tokens))), tokens).argmax(-1).tolist()
            for row, token in zip(rows, tokens, strict=True):
                written[row].append(token)
        return tokens

    with torch.inference_mode():
        tokens = go_on([place(0, 20, 30)], 9)
        rows += [1, 2]
        tokens = go_on([*tokens, place(1, 33, 0), place(2, 5, 1)], 6)
        decoder.move(2, 0)
        decoder.clear(2)
        decoder.clear(1)
        rows[:] = [2]
        tokens = go_on(tokens[2:], 60)
        decoder.clear(0)
        rows[:] = [1]
        go_on([place(0, 70, 0)], 12)
    return written


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_it_writes_what_is_written_without_it(libraries, seed):
    """With whatever weights: the library has none of its own."""
    model = tiny(seed)
    decoder: Any = decoder_for(model, libraries=libraries)
    assert decoder.fused.compiled is not None
    written = write(decoder)
    assert written == write(decoder_for(model))
    assert len(set(written[2])) > 3, "a model that says more than one thing, else this shows nothing"


@needs_compiler
@pytest.mark.slow
def test_one_that_is_damaged_or_wrong_is_left_with_a_word(libraries, tmp_path, caplog):
    shutil.copytree(libraries, tmp_path, dirs_exist_ok=True)
    (folder,) = tmp_path.iterdir()
    whole = (folder / "text.pt2").read_bytes()
    for content in (whole[: len(whole) // 2], b"", (folder / "media.pt2").read_bytes()):
        (folder / "text.pt2").write_bytes(content)
        caplog.clear()
        assert find_step(fused(tiny()), tmp_path) is None
        (record,) = caplog.records
        assert record.levelno == logging.WARNING and str(folder) in record.message
    (folder / "text.pt2").write_bytes(whole)
    assert find_step(fused(tiny()), tmp_path) is not None


@needs_compiler
@pytest.mark.slow
def test_another_model_does_not_take_it(libraries, caplog):
    caplog.set_level(logging.INFO)
    for model in (tiny(intermediate_size=80), tiny(rms_norm_eps=1e-4), tiny(sparse_attention=True)):
        caplog.clear()
        assert find_step(fused(model), libraries) is None
        assert "python -m engine.compile" in caplog.text


def test_without_libraries_nothing_is_looked_for(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    decoder: Any = decoder_for(tiny(), libraries=tmp_path / "absent")
    assert decoder.fused.compiled is None and not caplog.records


def test_without_a_compiler_the_command_says_so(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "engine.compile", "--model", "nano"],
        env=os.environ | {"CXX": "/nowhere/c++", "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("There is no C++ compiler here: install g++, or name one in CXX.")
    assert "Traceback" not in ended.stderr and not [one for one in tmp_path.rglob("*") if one.is_file()]
