"""Recorded answers of real servers, sent again by a real server, fold into what they said."""

import json
from pathlib import Path

import pytest

from autoglm_ui.backends.remote import RemoteBackend
from engine.protocol import FailureKind
from tests.folding import fold
from tests.ui.conversing import events_of, failure, finish
from tests.ui.endpoints import Endpoint, Exchange

STREAMS = Path(__file__).parents[1] / "data" / "streams"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in STREAMS.glob("*.expected.json"))
FINISH = {"stop": "stop", "tool_calls": "stop", "length": "length", None: "stop"}


def recorded(name: str) -> tuple[bytes, str]:
    """The bytes to send and their media type."""
    if (path := STREAMS / f"{name}.sse").exists():
        return path.read_bytes(), "text/event-stream"
    if (path := STREAMS / f"{name}.json").exists():
        return path.read_bytes(), "application/json"
    lines = (STREAMS / f"{name}.chunks.txt").read_text(encoding="utf-8").splitlines()
    return "".join(
        f"data: {line}\n\n" for line in [*filter(None, lines), "[DONE]"]
    ).encode(), "text/event-stream"


def playing(data: bytes, media_type: str, piece: int):
    async def handle(exchange: Exchange) -> None:
        await exchange.head(200, media_type)
        for at in range(0, len(data), piece):
            await exchange.send(data[at : at + piece])

    return handle


def test_there_are_enough():
    assert len(NAMES) >= 20


@pytest.mark.parametrize("piece", [2**20, 97], ids=["at once", "in small pieces"])
@pytest.mark.parametrize("name", NAMES)
async def test_recorded(name, piece):
    expected = json.loads((STREAMS / f"{name}.expected.json").read_text(encoding="utf-8"))
    with Endpoint(playing(*recorded(name), piece)) as endpoint:
        backend = RemoteBackend(endpoint.url, model=expected["model"])
        events = await events_of(backend)
        await backend.aclose()
    assert fold(events) == (expected["reasoning"], expected["content"])
    if expected["error"]:
        failed = failure(events)
        assert expected["error"]["message"] in failed.message
        assert failed.kind is FailureKind.INVALID_REQUEST
        return
    finished = finish(events)
    assert finished.reason == FINISH[expected["finish_reason"]]
    if expected["has_usage"]:
        assert finished.usage.prompt_tokens
        assert finished.usage.completion_tokens
        assert bool(finished.timings.tokens_per_second) == any(fold(events))


async def test_an_emoji_that_came_in_two_halves_is_put_together_and_one_half_is_told():
    def chunk(**delta: str) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"

    pieces = [
        *(chunk(reasoning_content=half) for half in ("so \ud83d", "\ude00")),
        *(chunk(content=half) for half in ("yes \ud83d", "\ude00 no \ud83d", "x", " \ud83d")),
        "data: [DONE]\n\n",
    ]
    with Endpoint(playing("".join(pieces).encode(), "text/event-stream", 2**20)) as endpoint:
        backend = RemoteBackend(endpoint.url, model="m")
        events = await events_of(backend)
        await backend.aclose()
    assert fold(events) == ("so 😀", "yes 😀 no \ufffdx \ufffd")


async def test_usage_is_told_apart():
    with Endpoint(playing(*recorded("deepseek-reasoning"), 999)) as endpoint:
        backend = RemoteBackend(endpoint.url)
        usage = finish(await events_of(backend)).usage
        assert (usage.prompt_tokens, usage.reasoning_tokens, usage.answer_tokens) == (18, 205, 14)
    with Endpoint(playing(*recorded("xai-tool-call"), 999)) as endpoint:
        backend = RemoteBackend(endpoint.url)
        usage = finish(await events_of(backend)).usage
        assert (usage.prompt_tokens, usage.reasoning_tokens, usage.answer_tokens) == (307, 227, 26)
