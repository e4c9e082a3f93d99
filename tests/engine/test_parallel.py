"""Two processes hold one model: they say what one says, and when one is killed nobody is left waiting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from engine import checkpoint as checkpoints  # noqa: E402
from engine.loading import Loading  # noqa: E402
from engine.placement import Machine, measure, spread  # noqa: E402
from engine.placement.machine import GIB, Device  # noqa: E402
from engine.protocol import (  # noqa: E402
    AnswerAdded,
    Event,
    Failed,
    FailureKind,
    Finished,
    InvalidRequest,
    LoadFailed,
    Message,
    Options,
    ReasoningAdded,
    Request,
    TextPart,
)
from engine.runtime import Runtime  # noqa: E402
from tests.engine.published_models import build  # noqa: E402

SPLIT = Loading(devices=("cpu",), tensor_parallel=2)


@pytest.fixture(scope="module", params=["glm4v", "glm4"])
def folder(request, tmp_path_factory) -> Path:
    return build(request.param, tmp_path_factory.mktemp(request.param))


def ask(text: str, **options) -> Request:
    return Request((Message("user", (TextPart(text),)),), Options(**{"max_new_tokens": 12, **options}))


async def answer(runtime: Runtime, request: Request) -> list[Event]:
    return [event async for event in runtime.stream(request)]


def said(events: list[Event]) -> str:
    assert isinstance(events[-1], Finished), events[-1]
    return "".join(event.text for event in events if isinstance(event, AnswerAdded | ReasoningAdded))


@pytest.mark.slow
async def test_two_processes_say_what_one_says_until_one_is_killed(folder: Path) -> None:
    requests = [ask("打开相机"), ask("tap the settings button, please")]
    whole = Runtime(str(folder), loading=Loading(devices=("cpu",)))
    expected = [said(events) for events in await asyncio.gather(*(answer(whole, one) for one in requests))]
    await whole.aclose()

    split = Runtime(str(folder), loading=SPLIT)
    try:
        answers = await asyncio.gather(*(answer(split, one) for one in requests))
        assert [said(events) for events in answers] == expected

        # Sampled, so that no stop token is certain to end it first.
        long = ask("hello", max_new_tokens=900, temperature=1.5, seed=1)
        events: list[Event] = []
        assert split._crew is not None
        (child,) = split._crew.children
        async for event in split.stream(long):
            events.append(event)
            if isinstance(event, AnswerAdded | ReasoningAdded) and child.process.is_alive():
                child.process.kill()
        last = events[-1]
        assert isinstance(last, Failed) and last.kind is FailureKind.INTERRUPTED
        assert "part 2 of the model has stopped" in last.message
        # Who asks next is told, too, and the page knows to load it anew.
        assert isinstance((await answer(split, ask("and now?")))[-1], Failed)
        assert split.readiness().state == "failed"
    finally:
        await split.aclose()
    assert not torch.distributed.is_initialized()


def test_what_cannot_be_split_is_refused(folder: Path, checkpoint: Path) -> None:
    with pytest.raises(LoadFailed, match="cannot be split into 3 parts"):
        checkpoints.load(str(folder), loading=Loading(devices=("cpu",), tensor_parallel=3))
    with pytest.raises(LoadFailed, match="cannot be split into 2 parts"):
        checkpoints.load(str(checkpoint), loading=SPLIT)


def test_each_card_holds_half_of_every_layer() -> None:
    from transformers import Glm4vConfig

    needs = measure(Glm4vConfig(dtype=torch.bfloat16), patches=24576)
    cards = tuple(Device(f"cuda:{index}", "", 24 * GIB, 23 * GIB, True) for index in range(2))
    plan = spread(needs, Machine(Device("cpu", "", 0, 0, False), cards), Loading(tensor_parallel=2))
    first, second = plan.loads
    assert plan.kind == "parallel" and (first.weights, first.cache) == (second.weights, second.cache)
    assert needs.parameters < first.weights < needs.parameters * 2  # bytes: more than half of bfloat16
    with pytest.raises(InvalidRequest, match="tensor_parallel"):
        spread(needs, Machine(cards[0], cards), Loading(tensor_parallel=3))
