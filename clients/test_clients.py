"""Clients that others wrote, against a running service: AUTOGLM_CLIENTS_URL, AUTOGLM_CLIENTS_MODEL.

`make clients` starts the service and runs this in an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import litellm
import openai
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

URL = os.environ["AUTOGLM_CLIENTS_URL"]
MODEL = os.environ["AUTOGLM_CLIENTS_MODEL"]
QUESTION = "你是谁？"
MESSAGES: Any = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module")
def said() -> tuple[str, str]:
    """Thinking and answer of nano, greedily, as openai-python reads them."""
    client = openai.OpenAI(base_url=URL, api_key="none")
    message = client.chat.completions.create(model=MODEL, messages=MESSAGES).choices[0].message
    assert message.content and "AutoGLM" in message.content
    return (message.model_extra or {})["reasoning_content"], message.content


def test_openai_streams_the_same(said: tuple[str, str]) -> None:
    client = openai.OpenAI(base_url=URL, api_key="none")
    chunks = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == said[1]


async def test_openai_streams_the_same_asynchronously(said: tuple[str, str]) -> None:
    async with openai.AsyncOpenAI(base_url=URL, api_key="none") as client:
        stream = await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == said[1]


@pytest.mark.parametrize("stream", [False, True])
def test_litellm(said: tuple[str, str], stream: bool) -> None:
    answered: Any = litellm.completion(
        model=f"openai/{MODEL}", messages=MESSAGES, api_base=URL, api_key="none", stream=stream
    )
    if stream:
        answered = litellm.stream_chunk_builder(list(answered), messages=MESSAGES)
    message = answered.choices[0].message
    assert (message.reasoning_content, message.content) == said


def test_llm(said: tuple[str, str], tmp_path: Path) -> None:
    known = [{"model_id": MODEL, "model_name": MODEL, "api_base": URL}]
    (tmp_path / "extra-openai-models.yaml").write_text(json.dumps(known), encoding="utf-8")
    for options in ([], ["--no-stream"]):
        answered = subprocess.run(
            [sys.executable, "-m", "llm", "-m", MODEL, "--key", "none", *options, QUESTION],
            env=os.environ | {"LLM_USER_PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said[1] in answered.stdout


def test_curl(said: tuple[str, str]) -> None:
    body = json.dumps({"model": MODEL, "messages": MESSAGES})
    command = ["curl", "-sf", f"{URL}/chat/completions", "-H", "Content-Type: application/json", "-d", body]
    answered = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert answered["choices"][0]["message"]["content"] == said[1]


class TestLangChain(ChatModelIntegrationTests):
    """langchain-tests' standard suite, without what the service refuses (tools, enforced formats) and the
    media tests, which fetch their files from another site.
    """

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": MODEL, "base_url": URL, "api_key": "none", "stream_usage": True, "temperature": 0}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False
