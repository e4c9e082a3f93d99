"""Clients that others wrote, against a running service: AUTOGLM_CLIENTS_URL, AUTOGLM_CLIENTS_MODEL.

`make clients` starts the service and runs this in an environment of its own. AUTOGLM_CLIENTS_MEDIA is a site
that has the example pictures and sounds, and from which the service fetches.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import litellm
import openai
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from pydantic import BaseModel

URL = os.environ["AUTOGLM_CLIENTS_URL"]
MODEL = os.environ["AUTOGLM_CLIENTS_MODEL"]
MEDIA = os.environ["AUTOGLM_CLIENTS_MEDIA"]
EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
PICTURE, SOUND = "settings-en.png", "tap-settings.en.wav"
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


def test_openai_gives_choices_and_scores(said: tuple[str, str]) -> None:
    client = openai.OpenAI(base_url=URL, api_key="none")
    whole = client.chat.completions.create(model=MODEL, messages=MESSAGES, n=3, logprobs=True, top_logprobs=2)
    for choice in whole.choices:
        assert choice.message.content == said[1]
        assert choice.logprobs is not None and choice.logprobs.content is not None
        told = b"".join(bytes(token.bytes or ()) for token in choice.logprobs.content)
        assert said[1] in told.decode()
        assert all(len(token.top_logprobs) == 2 for token in choice.logprobs.content)
    with client.chat.completions.stream(model=MODEL, messages=MESSAGES, n=2, logprobs=True) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert [choice.message.content for choice in final.choices] == [said[1]] * 2
    scored = [choice.logprobs.content for choice in final.choices if choice.logprobs]
    assert [len(tokens or ()) for tokens in scored] == [len(whole.choices[0].logprobs.content or ())] * 2


def test_openai_chooses_other_tokens_and_hears_what_cannot_be_done(said: tuple[str, str]) -> None:
    client = openai.OpenAI(base_url=URL, api_key="none")

    def answer(**options: Any) -> Any:
        return client.chat.completions.create(model=MODEL, messages=MESSAGES, **options).choices[0].message

    assert answer(frequency_penalty=0, presence_penalty=0, tools=[], store=False).content == said[1]
    assert answer(frequency_penalty=0.1, extra_body={"repetition_penalty": 5}).content != said[1]
    with pytest.raises(openai.BadRequestError, match="response_format"):
        client.chat.completions.parse(model=MODEL, messages=MESSAGES, response_format=Reply)


class Reply(BaseModel):
    """A form that an answer cannot be held to."""

    name: str


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


def encoded(name: str) -> str:
    return base64.b64encode((EXAMPLES / name).read_bytes()).decode()


class ChatFromOurSite(ChatOpenAI):
    """Pictures that the suite names at a site far away are named at ours."""

    def _get_request_payload(self, *given: Any, **more: Any) -> dict[str, Any]:
        payload = super()._get_request_payload(*given, **more)
        for message in payload["messages"]:
            for part in message["content"] if isinstance(message["content"], list) else ():
                if part.get("image_url", {}).get("url", "").startswith("https://"):
                    part["image_url"]["url"] = f"{MEDIA}/{PICTURE}"
        return payload


NO_CALLS = pytest.mark.skip(reason="the model calls no tools")


class TestLangChain(ChatModelIntegrationTests):
    """langchain-tests' standard suite, without what is refused: calls of tools, enforced formats, PDF
    files. Files that it would fetch from other sites come from ours.
    """

    @pytest.fixture(autouse=True)
    def ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        get = httpx.get

        def get_ours(url: str, **more: Any) -> httpx.Response:
            return get(f"{MEDIA}/{SOUND if url.endswith('.wav') else PICTURE}", **more).raise_for_status()

        monkeypatch.setattr(httpx, "get", get_ours)

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatFromOurSite

    @property
    def chat_model_params(self) -> dict[str, Any]:
        # The name that the service has here makes LangChain ask for OpenAI's other API where there are tools.
        how = {"stream_usage": True, "temperature": 0, "use_responses_api": False}
        return {"model": MODEL, "base_url": URL, "api_key": "none", **how}

    has_tool_calling = True  # histories that have calls; those that want a call are left out below
    has_structured_output = False
    supports_image_inputs = True
    supports_image_urls = True
    supports_image_tool_message = True
    supports_audio_inputs = True
    supports_anthropic_inputs = True
    model_override_value = MODEL  # the one that there is
    supported_usage_metadata_details = {
        "invoke": ["audio_input", "reasoning_output"],
        "stream": ["audio_input", "reasoning_output"],
    }

    def invoke_with_audio_input(self, *, stream: bool = False) -> AIMessage:
        part = {"type": "input_audio", "input_audio": {"data": encoded(SOUND), "format": "wav"}}
        return self.invoke([HumanMessage([part])], stream)

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return self.invoke([HumanMessage(QUESTION)], stream)

    def invoke(self, messages: Any, stream: bool) -> AIMessage:
        model = self.chat_model_class(**self.chat_model_params)
        if not stream:
            return model.invoke(messages)
        whole, *rest = model.stream(messages)
        for chunk in rest:
            whole += chunk
        return whole

    test_tool_calling = NO_CALLS(ChatModelIntegrationTests.test_tool_calling)
    test_tool_calling_async = NO_CALLS(ChatModelIntegrationTests.test_tool_calling_async)
    test_bind_runnables_as_tools = NO_CALLS(ChatModelIntegrationTests.test_bind_runnables_as_tools)
    test_tool_choice = NO_CALLS(ChatModelIntegrationTests.test_tool_choice)
    test_tool_calling_with_no_arguments = NO_CALLS(
        ChatModelIntegrationTests.test_tool_calling_with_no_arguments
    )
    test_structured_few_shot_examples = NO_CALLS(ChatModelIntegrationTests.test_structured_few_shot_examples)
    test_agent_loop = NO_CALLS(ChatModelIntegrationTests.test_agent_loop)
    test_unicode_tool_call_integration = NO_CALLS(
        ChatModelIntegrationTests.test_unicode_tool_call_integration
    )
