"""gr.ChatInterface before an endpoint: `PORT BASE_URL`.

A yield for each token, the thinking as a message with a title, as Gradio's guides on streaming and on agents
have it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import gradio as gr
from openai import OpenAI

client = OpenAI(base_url=sys.argv[2], api_key="none")


def respond(message: str, history: list[dict[str, Any]]) -> Iterator[list[gr.ChatMessage]]:
    said = [{"role": m["role"], "content": m["content"]} for m in history if not m.get("metadata")]
    messages: Any = [*said, {"role": "user", "content": message}]
    thinking, answer = "", ""
    for chunk in client.chat.completions.create(model="bench", messages=messages, stream=True):
        delta = chunk.choices[0].delta
        thinking += getattr(delta, "reasoning_content", None) or ""
        answer += delta.content or ""
        shown = []
        if thinking:
            status = "done" if answer else "pending"
            shown = [gr.ChatMessage(thinking, metadata={"title": "Thinking", "status": status})]
        if answer:
            shown.append(gr.ChatMessage(answer))
        yield shown


if __name__ == "__main__":
    gr.ChatInterface(respond).launch(server_port=int(sys.argv[1]), quiet=True)
