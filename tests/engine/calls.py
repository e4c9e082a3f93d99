"""Calls of the chat endpoint, what is read from their responses, and what they should say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from engine.protocol import AnswerAdded, ReasoningAdded, Request, Resplit
from engine.server.call import read_call
from engine.server.schema import ChatCompletionRequest
from tests.engine.serving import Service


def ask(text: str = "Hello there", **options: Any) -> dict[str, Any]:
    return {"model": "scripted", "messages": [{"role": "user", "content": text}]} | options


def post(service: Service, body: Any, **how: Any) -> httpx.Response:
    return httpx.post(f"{service.url}/v1/chat/completions", json=body, timeout=10, **how)


def sent_events(response: httpx.Response) -> list[Any]:
    """The data of each event; the last one is the word [DONE]."""
    assert response.headers["content-type"].startswith("text/event-stream")
    *lines, last = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert last == "[DONE]"
    return [json.loads(line) for line in lines]


def error_of(response: httpx.Response) -> dict[str, Any]:
    error = response.json()["error"]
    assert response.json().keys() == {"error"}
    assert error.keys() == {"message", "type", "param", "code"}
    return error


def fold(body: dict[str, Any]) -> tuple[str, str]:
    """Reasoning and answer of the script, asked directly."""
    request = read_call(ChatCompletionRequest.model_validate(body)).request
    return asyncio.run(_fold(ScriptedBackend(Script(delay=0)), request))


async def _fold(backend: ScriptedBackend, request: Request) -> tuple[str, str]:
    reasoning, answer = "", ""
    async for event in backend.stream(request):
        match event:
            case ReasoningAdded():
                reasoning += event.text
            case AnswerAdded():
                answer += event.text
            case Resplit():
                reasoning, answer = event.reasoning, event.answer
    return reasoning, answer
