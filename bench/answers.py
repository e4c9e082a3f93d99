"""How fast the engine answers: text, a picture, a voice, and both together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from bench.rounds import tell
from engine.media import read_audio, read_image
from engine.protocol import Failed, Finished, Message, Options, Part, Request, TextPart, Timings
from engine.runtime import Runtime

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
OPTIONS = Options(max_new_tokens=64)


def questions() -> Mapping[str, tuple[Part, ...]]:
    """One question of each kind, from the bundled examples."""
    picture = min(EXAMPLES.glob("*.png"))
    voice = min(EXAMPLES.glob("*.wav"))
    seen = read_image(picture.read_bytes(), picture.name)
    heard = read_audio(voice.read_bytes(), voice.name)
    return {
        "text": (TextPart("你是谁？"),),
        "picture": (seen, TextPart("这个屏幕上有什么？")),
        "voice": (heard,),
        "picture_and_voice": (seen, heard),
    }


def measure(model: str, runs: int) -> dict[str, list[float]]:
    """Seconds to load, then for each question first token (s), whole answer (s) and speed (tokens/s).

    The first answer of each kind is left out: it pays for what is set up once. Raises
    `RuntimeError` with what the engine said, if it cannot answer.
    """
    return asyncio.run(_measure(model, runs))


async def _measure(model: str, runs: int) -> dict[str, list[float]]:
    tell("loading")
    started = time.perf_counter()
    runtime = Runtime(model)
    try:
        while (readiness := runtime.readiness()).state == "loading":
            await asyncio.sleep(0.005)
        if readiness.failure is not None:
            raise RuntimeError(f"{readiness.failure.message}. {readiness.failure.remedy}")
        figures = {"load_seconds": [time.perf_counter() - started]}
        for name, parts in questions().items():
            tell(name.replace("_", " "))
            request = Request((Message("user", parts),), OPTIONS)
            timings = [await answer(runtime, request) for _ in range(runs + 1)][1:]
            figures[f"{name}_first_token_seconds"] = [timing.first_token or 0.0 for timing in timings]
            figures[f"{name}_total_seconds"] = [timing.total or 0.0 for timing in timings]
            figures[f"{name}_tokens_per_second"] = [timing.tokens_per_second or 0.0 for timing in timings]
        return figures
    finally:
        await runtime.aclose()


async def answer(runtime: Runtime, request: Request) -> Timings:
    """What the engine measured of one answer. Raises `RuntimeError` if there is none."""
    async for event in runtime.stream(request):
        match event:
            case Finished():
                return event.timings
            case Failed():
                raise RuntimeError(f"{event.message}. {event.remedy}")
    raise RuntimeError("the stream ended without an end")
