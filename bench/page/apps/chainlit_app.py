"""Chainlit before the endpoint `BASE_URL`: the thinking as a step, then the answer as a message."""

from __future__ import annotations

import os

import chainlit as cl  # pyright: ignore[reportMissingImports]  # only in the environment of its own
from openai import AsyncOpenAI

client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key="none")


@cl.on_message
async def respond(message: cl.Message) -> None:
    """Each token is handed on as it comes, as Chainlit's guide on streaming has it."""
    messages = cl.chat_context.to_openai()
    stream = await client.chat.completions.create(model="bench", messages=messages, stream=True)
    deltas = (chunk.choices[0].delta async for chunk in stream)
    answer = cl.Message(content="")
    delta = await anext(deltas)
    while not (delta.content or thought(delta)):
        delta = await anext(deltas)
    if thought(delta):
        async with cl.Step(name="Thinking") as thinking:
            while text := thought(delta):
                await thinking.stream_token(text)
                delta = await anext(deltas)
    while delta is not None:
        if delta.content:
            await answer.stream_token(delta.content)
        delta = await anext(deltas, None)
    await answer.send()


def thought(delta: object) -> str:
    return getattr(delta, "reasoning_content", None) or ""
