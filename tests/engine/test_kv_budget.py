"""The KV cache keeps to its budget, whatever rows came and went, and the answers stay the same."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from engine.kv_cache import GRAIN, Pass, SlotCache, SlotLayer  # noqa: E402
from engine.loading import Loading  # noqa: E402
from engine.protocol import (  # noqa: E402
    AnswerAdded,
    Finished,
    Message,
    Options,
    ReasoningAdded,
    Request,
    TextPart,
)
from engine.runtime import Runtime  # noqa: E402
from tests.engine.published_models import build  # noqa: E402

TOKENS = 512
TOKEN_BYTES = 3 * 2 * 2 * 16 * 4  # layers, keys and values, heads, size, float32


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build("glm4", tmp_path_factory.mktemp("glm4"))


def ask(text: str, tokens: int) -> Request:
    return Request(
        (Message("user", (TextPart(text),)),), Options(max_new_tokens=tokens, seed=1, temperature=2)
    )


async def converse(folder: Path, loading: Loading) -> tuple[list[str], int]:
    """Short answers at once, a long one beside a short one, a long one; and the most that was allocated."""
    runtime = Runtime(str(folder), loading=loading)
    largest = 0

    async def answer(request: Request) -> str:
        nonlocal largest
        pieces: list[str] = []
        event = None
        async for event in runtime.stream(request):
            if isinstance(event, AnswerAdded | ReasoningAdded):
                pieces.append(event.text)
                cache = getattr(runtime._scheduler._decoder, "cache", None)
                largest = max(largest, 0 if cache is None else cache.slots * cache.width)
        assert isinstance(event, Finished), event
        return "".join(pieces)

    try:
        said = [
            *await asyncio.gather(*(answer(ask(f"hello {index}", 20)) for index in range(6))),
            *await asyncio.gather(answer(ask("a long one", 190)), answer(ask("short", 5))),
            await answer(ask("word " * 20, 380)),
        ]
    finally:
        await runtime.aclose()
    return said, largest


async def test_rows_that_come_and_go_stay_within_the_budget(folder: Path) -> None:
    expected, free = await converse(folder, Loading(devices=("cpu",)))
    budget = Loading(devices=("cpu",), kv_budget=TOKENS * TOKEN_BYTES)
    said, kept = await converse(folder, budget)
    assert said == expected
    assert kept <= TOKENS + 8 * GRAIN < free


def test_on_each_gpu_the_cache_has_a_pool_of_its_own(monkeypatch) -> None:
    """Only the decision: no GPU is asked. What torch's own class and function take is checked."""
    takes, uses = inspect.signature(torch.cuda.MemPool), inspect.signature(torch.cuda.use_mem_pool)
    made: list[dict[str, object]] = []
    used: list[tuple[object, object]] = []

    def make(**options: object) -> str:
        made.append(takes.bind(**options).arguments)
        return f"pool {len(made)}"

    def use(*given: object) -> nullcontext[None]:
        pool, device = uses.bind(*given).args
        used.append((pool, device))
        return nullcontext()

    monkeypatch.setattr(torch.cuda, "MemPool", make)
    monkeypatch.setattr(torch.cuda, "use_mem_pool", use)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    cache = SlotCache(2)
    first, second = torch.device("cuda:0"), torch.device("cuda:1")
    for device in (torch.device("cpu"), first, second, first):
        with cache.memory(device):
            pass
    assert used == [("pool 1", first), ("pool 2", second), ("pool 1", first)]
    assert made == [{"use_on_oom": True}] * 2


def test_the_cache_is_allocated_in_its_memory_and_only_as_it_grows(monkeypatch) -> None:
    cache, inside = SlotCache(2), []

    @contextmanager
    def memory(device):
        before = [layer.states for layer in cache.layers if isinstance(layer, SlotLayer)]
        yield
        inside.append((device.type, [states is None for states in before]))

    monkeypatch.setattr(cache, "memory", memory)

    def aim(reach: int) -> None:
        cache.aim(Pass([0], [reach - 1], [1], 1))
        for layer in cache.layers:
            assert isinstance(layer, SlotLayer)
            layer.fit(2, 4, torch.zeros(1))

    aim(10)
    aim(20)
    assert inside == [("cpu", [True, True]), ("cpu", [False, True])]
    aim(200)
    assert len(inside) == 4
