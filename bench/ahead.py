"""Our decode step of one chat compiled ahead, as `python -m engine.compile` makes it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.models import nano_checkpoint

if TYPE_CHECKING:
    from engine.generate import Decoder


def can_compile() -> bool:
    """Whether there is a C++ compiler on the path."""
    return any(shutil.which(name) for name in ("c++", "g++", "clang++"))


def compile_ours(folder: Path) -> tuple[Decoder, list[float], list[float]]:
    """Nano's decoder with a compiled step; seconds to make it, and to find it again."""
    from engine.families import decoder_for
    from engine.families.autoglm import FusedAutoGLMDecoder
    from engine.families.compiled import compile_step, find_step

    decoder = decoder_for(nano_checkpoint().model)
    assert isinstance(decoder, FusedAutoGLMDecoder)
    began = time.perf_counter()
    compile_step(decoder.fused, folder)
    made = time.perf_counter()
    decoder.fused.compiled = find_step(decoder.fused, folder)
    found = time.perf_counter()
    assert decoder.fused.compiled is not None, "what was just made is found"
    return decoder, [made - began], [found - made]
