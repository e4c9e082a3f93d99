"""`python -m bench.page.endpoint PORT`: an OpenAI-compatible endpoint that always answers in the same time.

It thinks in 900 tokens and answers in 300, one every 8 ms of its own clock: a token that was late does not
delay the next. Every token carries its number, so that whoever looks at a page knows how far it is. What was
asked, and when each token went out, is told at /record.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

REASONING, ANSWER = 900, 300  # tokens
PAUSE = 0.008  # seconds between two tokens
#: Numbers of the answer's tokens begin here.
ANSWER_FROM = 1001
#: The last number of a whole reply.
LAST = ANSWER_FROM + ANSWER - 1
MODEL = "bench"
#: What the measured question says; anything else is answered at once, in one word.
QUESTION = "Measure this answer, please."
SHORT = "acknowledged"

_TEXT = "the screen shows a row of icons and one is open so tap it then look again for what has changed below"
_WORDS = tuple(_TEXT.split())
_NUMBER = re.compile(r"[a-z](\d{1,4})\b")


@dataclass
class Asked:
    """One request as it came. `body_bytes` is its size; times are Unix seconds.

    `measured` tells the question from everything else, which a page asks without being asked to.
    """

    path: str
    body_bytes: int
    at: float
    measured: bool = False
    sent: list[float] = field(default_factory=list)


def reasoning() -> Iterator[str]:
    """Sentences of ten words, six to a paragraph."""
    for number in range(1, REASONING + 1):
        end = "." if number % 10 == 0 else ""
        yield f"{_word(number)}{end}" + ("\n\n" if number % 60 == 0 else " ")


def answer() -> Iterator[str]:
    """Markdown as assistants write it: paragraphs, a list, bold words, a block of code."""
    for place in range(ANSWER):
        word = _word(ANSWER_FROM + place)
        part, at = divmod(place, 75)
        match part:
            case 1:  # a list of fifteen items, five words each
                before, after = ("- " if at % 5 == 0 else ""), ("\n" if at % 5 == 4 else " ")
            case 2:  # code, five words to a line
                before = "```python\n" if at == 0 else ""
                after = "\n```\n\n" if at == 74 else "\n" if at % 5 == 4 else " "
            case _:
                before, after = "", ".\n\n" if at % 25 == 24 else " "
                if at % 12 == 0:
                    word = f"**{word}**"
        yield before + word + after


def number(text: str) -> int:
    """The number of the last token in `text`; 0 where there is none."""
    found = _NUMBER.findall(text)
    return int(found[-1]) if found else 0


def chunks() -> Iterator[dict[str, str]]:
    """The deltas of a whole reply: one for each token."""
    yield from ({"reasoning_content": text} for text in reasoning())
    yield from ({"content": text} for text in answer())


def is_measured(body: Any) -> bool:
    """Whether a request is the measured question itself, and not a task made of it."""
    messages = body.get("messages") or [{}]
    content = messages[-1].get("content") or ""
    if not isinstance(content, str):
        content = "".join(part.get("text", "") for part in content)
    return content.strip() == QUESTION


def create_app() -> Any:
    """The endpoint as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    record: list[Asked] = []

    async def models(request: Request) -> Response:
        record.append(Asked(request.url.path, 0, time.time()))
        return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": MODEL}]})

    async def chat(request: Request) -> Response:
        raw = await request.body()
        body = json.loads(raw)
        asked = Asked(request.url.path, len(raw), time.time(), is_measured(body))
        record.append(asked)
        deltas = list(chunks()) if asked.measured else [{"content": SHORT}]
        if not body.get("stream"):
            text = "".join(delta.get("content", "") for delta in deltas)
            return JSONResponse(_whole(text))
        return StreamingResponse(_stream(deltas, asked), media_type="text/event-stream")

    async def told(request: Request) -> Response:
        """What was asked since the last look."""
        found = [asdict(asked) for asked in record]
        record.clear()
        return JSONResponse(found)

    return Starlette(
        routes=[
            Route("/v1/models", models),
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/record", told, methods=["POST"]),
        ]
    )


async def _stream(deltas: list[dict[str, str]], asked: Asked) -> AsyncIterator[str]:
    began = time.monotonic()
    yield _event({"role": "assistant", "content": ""})
    for place, delta in enumerate(deltas):
        await asyncio.sleep(max(0.0, began + PAUSE * place - time.monotonic()))
        asked.sent.append(time.time())
        yield _event(delta)
    yield _event({}, "stop")
    yield "data: [DONE]\n\n"


def _event(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


def _whole(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice]}


def _word(number: int) -> str:
    return f"{_WORDS[number % len(_WORDS)]}{number}"


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(create_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
