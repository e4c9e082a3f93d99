"""One chat's decode step from a library that AOTInductor made beforehand, where there is one that fits.

`python -m engine.compile` makes it, which takes a compiler and a minute; here it is only loaded. It fits the
model's shapes, this version of torch and of the step, and this processor, all of which its folder is named
by. It has no weights of its own: they are handed to it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor

from engine.families import decode_step
from engine.families.decode_step import DecodeStep
from engine.families.glm import FusedGlm, MediaView
from engine.families.trial import check
from engine.kv_cache import GRAIN, SlotCache

logger = logging.getLogger(__name__)

Step = Callable[..., Tensor]

TEXT, MEDIA = "text.pt2", "media.pt2"


class CannotCompile(Exception):
    """Why no library can be made of this model on this machine, in a sentence."""


class Library:
    """A compiled `DecodeStep` with its weights."""

    def __init__(self, path: Path, step: DecodeStep) -> None:
        """Raises RuntimeError where `path` holds no library of this step."""
        from torch._C._aoti import AOTIModelPackageLoader

        # One thread at a time runs it, which then waits for no other.
        self._loader = AOTIModelPackageLoader(str(path), "model", True, 1, -1)
        weights = dict(step.named_buffers())
        wanted = set(self._loader.get_constant_fqns())
        if wanted != set(weights):
            raise RuntimeError(f"it has other weights: {', '.join(sorted(wanted ^ set(weights)))}")
        # The library points to them; they must stay where they are.
        self._weights = weights
        self._loader.load_constants(weights, False, True, True, False)

    def __call__(self, *given: Tensor) -> Tensor:
        return self._loader.run(list(given))[0]


class CompiledStep:
    """`OneChatStep` by `DecodeStep`, that without media and that with them.

    Args:
        text, media: `DecodeStep.forward`, the layers of the cache given one after another.
    """

    def __init__(self, text: Step, media: Step | None = None) -> None:
        self._text, self._media = text, media
        self._index = torch.arange(GRAIN)
        self._looked: tuple[MediaView | None, tuple[Tensor, ...]] = (None, ())

    def run(
        self, cache: SlotCache, length: int, token: Tensor, position: Tensor, media: MediaView | None
    ) -> Tensor:
        """See `OneChatStep.run`."""
        if length > len(self._index):
            self._index = torch.arange(2 * length)
        states = [layer.states for layer in cache.layers]  # type: ignore[attr-defined]
        given = (token, position, self._index[:length], *states)
        if media is None:
            return self._text(*given)
        assert self._media is not None, "a model without fusion layers has no media"
        if self._looked[0] is not media:
            self._looked = media, (media.keys[:, 0].contiguous(), media.values[:, 0].contiguous())
        return self._media(*given, *self._looked[1])


# ------------------------------------------------------------------------------------------ making


def compile_step(fused: FusedGlm, folder: Path) -> Path:
    """Make the libraries of a model in `folder`, in one of their own; returns that. Raises CannotCompile."""
    if not fits(fused):
        raise CannotCompile(
            "A step is compiled for a CPU, in single precision or INT8, with no more threads than processors."
        )
    made = folder / fingerprint(DecodeStep(fused, fused.looks))
    with compiler():
        for name in (TEXT, MEDIA)[: 1 + fused.looks]:
            export(fused, name == MEDIA, made / name)
    return made


@contextmanager
def compiler() -> Iterator[None]:
    """Inductor, which then leaves nothing behind. Raises CannotCompile where it finds no compiler."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import CppCompileError, InvalidCxxCompiler
    from torch._inductor.utils import fresh_cache

    threads, level = torch.get_num_threads(), logging.getLogger("torch").level
    logging.getLogger("torch").setLevel(logging.ERROR)
    # With as many threads as there are processors the code takes as many as it finds set when it runs.
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        with fresh_cache(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            get_cpp_compiler()
            yield
    except InvalidCxxCompiler as error:
        raise CannotCompile("There is no C++ compiler here: install g++, or name one in CXX.") from error
    except CppCompileError as error:
        raise CannotCompile(f"The C++ compiler failed: {error}") from error
    finally:
        torch.set_num_threads(threads)
        logging.getLogger("torch").setLevel(level)


def export(fused: FusedGlm, media: bool, path: Path) -> None:
    """Compile one kind of step to a file."""
    from torch._inductor import aoti_compile_and_package
    from torch.export import Dim

    def free(shape: tuple[int, ...], *dims: int) -> tuple[Tensor, Any]:
        return torch.zeros(shape), dict.fromkeys(dims, Dim.DYNAMIC)

    path.parent.mkdir(parents=True, exist_ok=True)
    shape, layers = fused.shape, len(fused.layers)
    # Each a tensor of its own: the same one twice would become one input.
    token, position = (torch.ones(1, dtype=torch.int64) for _ in range(2))
    kept, freed = free((2, 3, shape.kv_heads, 3 * GRAIN, shape.head_dim), 1, 3)
    given: tuple[Any, ...] = (token, position, torch.arange(100), [kept.clone() for _ in range(layers)])
    dynamic: tuple[Any, ...] = (None, None, {0: Dim.DYNAMIC}, [freed] * layers)
    if media:
        fusions, heads, size = fused.media_shape
        looked, freed = free((fusions, heads, 50, size), 2)
        given, dynamic = (*given, looked, looked.clone()), (*dynamic, freed, freed)
    with torch.no_grad():
        # Copies, since what shares memory would become one.
        step = DecodeStep(fused, media)._apply(torch.clone)
        program = torch.export.export(step, given, dynamic_shapes=dynamic, strict=False)
        settings = {
            "always_keep_tensor_constants": True,
            "aot_inductor.package_constants_in_so": False,
            "aot_inductor.precompile_headers": False,
        }
        aoti_compile_and_package(program, package_path=str(path), inductor_configs=settings)


# ----------------------------------------------------------------------------------------- finding


def default_folder() -> Path:
    """Where this user's libraries are."""
    return platformdirs.user_cache_path("autoglm-ui", appauthor=False) / "steps"


def find_step(fused: FusedGlm, folder: Path) -> CompiledStep | None:
    """The compiled step of this model, or None where `folder` has none that fits and gives what it should."""
    if not fits(fused) or not any(folder.glob(f"*/{TEXT}")):
        return None
    steps = [DecodeStep(fused, media) for media in (False, True)[: 1 + fused.looks]]
    made = folder / fingerprint(steps[-1])
    if not made.is_dir():
        logger.info("none of the libraries in %s fits: python -m engine.compile makes one", folder)
        return None
    try:
        libraries = [Library(made / name, step) for name, step in zip((TEXT, MEDIA), steps, strict=False)]
        found = CompiledStep(*libraries)
        check(fused, found)
    except (ImportError, RuntimeError, OSError) as error:
        logger.warning("the library in %s is not used: %s", made, error)
        return None
    logger.info("one chat's tokens come from the library in %s", made)
    return found


def fits(fused: FusedGlm) -> bool:
    """Whether a compiled step can run this model: its sums over threads have room for one a processor."""
    kept = fused.embedding
    threads = torch.get_num_threads() <= (os.cpu_count() or 1)
    return kept.device.type == "cpu" and kept.dtype == torch.float32 and threads


def fingerprint(step: DecodeStep) -> str:
    """What a library depends on besides the weights' values, in 32 characters."""
    facts = {
        "made by": [Path(file).read_text(encoding="utf-8") for file in (decode_step.__file__, __file__)],
        "settings": str(step),
        "weights": [(name, list(one.shape), str(one.dtype)) for name, one in step.named_buffers()],
        "torch": (torch.__version__, torch.version.git_version),
        "processor": (platform.machine(), os.cpu_count(), sorted(instructions())),
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def instructions() -> set[str]:
    """The kinds of instructions that the processor knows, any of which a compiler may use."""
    known = {f"{name}={value}" for name, value in torch.cpu.get_capabilities().items()}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return known
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return known | set(flags.split())
