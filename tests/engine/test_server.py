"""The service over real HTTP, asked by real clients."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families

from autoglm_ui.backends.choice import UnavailableBackend
from autoglm_ui.backends.remote import RemoteBackend
from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.settings import OTHERS, Settings
from engine.loading import Loading
from engine.protocol import (
    AnswerAdded,
    Failed,
    FailureKind,
    Message,
    ReasoningAdded,
    Request,
    Resplit,
    TextPart,
)
from engine.server import replies
from engine.server.call import read_call
from engine.server.reference import write_reference
from engine.server.schema import ChatCompletionRequest
from engine.server.settings import ServerSettings
from engine.server.settings import read as read_settings
from engine.server.transcribing import Transcript, heard
from tests.engine.serving import Service, eventually, serving
from tests.engine.test_wire import OFF, ON, packed, picture, recording

KEY = "sk-nano-ключ"


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


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(ScriptedBackend(Script(delay=0))) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client


# --------------------------------------------------------------------------- health and models


def test_health_and_models(service: Service, client: openai.OpenAI):
    assert httpx.get(f"{service.url}/health").json() == {"status": "ok", "model": "scripted"}
    assert [model.id for model in client.models.list()] == ["scripted"]
    model = client.models.retrieve("scripted")
    assert model.object == "model"
    assert (model.model_extra or {})["architecture"]["input_modalities"] == ["text", "image", "audio"]
    with pytest.raises(openai.NotFoundError, match="There is no model"):
        client.models.retrieve("no/such")


def test_a_model_can_be_served_under_another_name():
    with serving(ScriptedBackend(Script(delay=0)), served_name="org/autoglm-phone-9b") as service:
        assert httpx.get(f"{service.url}/health").json()["model"] == "org/autoglm-phone-9b"
        client = openai.OpenAI(base_url=f"{service.url}/v1", api_key="none")
        assert client.models.retrieve("org/autoglm-phone-9b").id == "org/autoglm-phone-9b"
        assert post(service, ask(model="org/autoglm-phone-9b")).json()["model"] == "org/autoglm-phone-9b"
        assert post(service, ask(model=None)).status_code == 200
        refused = post(service, ask(model="gpt-5"))
        assert (refused.status_code, error_of(refused)["code"]) == (404, "model_not_found")


def test_while_loading_it_says_so_and_a_request_waits():
    backend = ScriptedBackend(Script(delay=0, load=3))
    with serving(backend, keep_alive=0.05) as service:
        health = httpx.get(f"{service.url}/health")
        assert health.status_code == 503
        assert health.json() == {"status": "loading", "model": "scripted", "reason": "reading the script"}
        response = post(service, ask(stream=True))
        assert response.text.startswith(": keep-alive\n\n")
        assert sent_events(response)[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert httpx.get(f"{service.url}/health").status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_failed_to_load_is_a_503_without_its_path(stream: bool):
    failure = Failed(FailureKind.LOAD_FAILED, "/srv/models/secret/nano has no config.json", "Choose another.")
    with serving(UnavailableBackend("nano", failure)) as service:
        health = httpx.get(f"{service.url}/health")
        assert health.status_code == 503
        assert health.json() == {"status": "failed", "model": "nano", "reason": "nano has no config.json"}
        response = post(service, ask(model="nano", stream=stream))
        assert response.status_code == 503
        assert error_of(response)["code"] == "load_failed"
        assert "secret" not in response.text


# ----------------------------------------------------------------------------------- answers


def test_an_answer_at_once(client: openai.OpenAI):
    messages: Any = ask()["messages"]
    completion = client.chat.completions.create(model="scripted", messages=messages)
    (choice,) = completion.choices
    reasoning, answer = fold(ask())
    assert choice.finish_reason == "stop"
    assert choice.message.content == answer
    extra = choice.message.model_extra or {}
    assert extra["reasoning_content"] == extra["reasoning"] == reasoning
    usage = completion.usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == len(reasoning.split())
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_a_streamed_answer(service: Service):
    messages: Any = ask()["messages"]
    received = {"reasoning_content": "", "content": ""}
    finishes = []
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="none") as client:
        async for chunk in await client.chat.completions.create(
            model="scripted", messages=messages, stream=True
        ):
            (choice,) = chunk.choices
            delta = choice.delta.model_dump(exclude_none=True)
            for name in received:
                received[name] += delta.get(name, "")
            finishes.append(choice.finish_reason)
    assert (received["reasoning_content"], received["content"]) == await asyncio.to_thread(fold, ask())
    assert finishes == [None] * (len(finishes) - 1) + ["stop"]


def test_the_shape_of_a_stream(service: Service):
    response = post(service, ask(stream=True, stream_options={"include_usage": True}))
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["cache-control"] == "no-cache"
    first, *deltas, finish, usage = sent_events(response)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    for event in deltas:
        (choice,) = event["choices"]
        assert choice["finish_reason"] is None
        assert choice["delta"].keys() in ({"reasoning_content", "reasoning"}, {"content"})
        assert choice["delta"].get("reasoning") == choice["delta"].get("reasoning_content")
    assert (finish["choices"][0]["delta"], finish["choices"][0]["finish_reason"]) == ({}, "stop")
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == len(deltas)
    assert len({event["id"] for event in [first, *deltas, finish, usage]}) == 1
    assert {event["object"] for event in [first, *deltas, finish, usage]} == {"chat.completion.chunk"}


def test_usage_comes_only_when_asked_for(service: Service):
    events = sent_events(post(service, ask(stream=True)))
    assert all(event["choices"] and "usage" not in event for event in events)


@pytest.mark.parametrize("stream", [False, True])
def test_the_limit_of_tokens_is_a_reason_to_finish(service: Service, stream: bool):
    response = post(service, ask("/long 50", max_tokens=5, stream=stream))
    whole = sent_events(response)[-1] if stream else response.json()
    assert whole["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{packed(picture(64, 48))}"}},
        {"type": "input_audio", "input_audio": {"data": packed(recording(0.5)), "format": "wav"}},
    ],
    ids=["picture", "recording"],
)
def test_a_picture_and_a_recording_arrive(service: Service, part: dict[str, Any], stream: bool):
    body = ask(stream=stream)
    body["messages"][0]["content"] = [{"type": "text", "text": "What is it?"}, part]
    response = post(service, body)
    expected = "Picture received: 64×48." if "image_url" in part else "Recording received: 0.5 s at 16000 Hz."
    if stream:
        deltas = [event["choices"][0]["delta"] for event in sent_events(response)]
        content = "".join(delta.get("content", "") for delta in deltas)
    else:
        content = response.json()["choices"][0]["message"]["content"]
    assert expected in content
    assert content == fold(body)[1]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("body", "thinking"), [(b, False) for b in OFF] + [(b, True) for b in ON], ids=str)
def test_every_thinking_switch(service: Service, body: dict[str, Any], thinking: bool, stream: bool):
    response = post(service, ask(stream=stream, **body))
    assert response.status_code == 200
    assert ("reasoning_content" in response.text) is ('"reasoning":' in response.text) is thinking


def test_thinking_can_be_inline_or_left_out(service: Service):
    reasoning, answer = fold(ask())
    inline = post(service, ask(separate_reasoning=False)).json()["choices"][0]["message"]
    assert inline == {
        "role": "assistant",
        "content": f"<think>{reasoning}</think>{answer}",
        "refusal": None,
    }
    hidden = post(service, ask(include_reasoning=False)).json()["choices"][0]["message"]
    assert hidden == {"role": "assistant", "content": answer, "refusal": None}


# ------------------------------------------------------------------------ choices, logprobs


def test_several_choices_are_each_told_whole_and_counted_together(service: Service):
    one, many = (post(service, ask(n=n)).json() for n in (1, 3))
    assert [choice["index"] for choice in many["choices"]] == [0, 1, 2]
    assert [choice | {"index": 0} for choice in many["choices"]] == one["choices"] * 3
    assert many["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]
    assert many["usage"]["completion_tokens"] == 3 * one["usage"]["completion_tokens"]


def test_several_choices_are_streamed_side_by_side():
    with serving(ScriptedBackend(Script(delay=0.005))) as service:
        body = ask(n=3, stream=True, stream_options={"include_usage": True})
        *events, usage = sent_events(post(service, body))
    assert usage["choices"] == [] and usage["usage"]["completion_tokens"] > 0
    choices = [choice for event in events for choice in event["choices"]]
    told = [[choice for choice in choices if choice["index"] == index] for index in range(3)]
    reasoning, answer = fold(ask())
    for one in told:
        assert one[0]["delta"] == {"role": "assistant", "content": ""}
        assert "".join(choice["delta"].get("content", "") for choice in one) == answer
        assert "".join(choice["delta"].get("reasoning", "") for choice in one) == reasoning
        assert [choice["finish_reason"] for choice in one] == [None] * (len(one) - 1) + ["stop"]
    ends = [choices.index(one[-1]) for one in told]
    begins = [choices.index(one[0]) for one in told]
    assert max(begins) < min(ends), "one after the other"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("text", "code"), [("/fail busy", "rate_limit_exceeded"), ("/raise", "internal")])
def test_a_choice_that_fails_ends_the_call_and_all_others(text: str, code: str, stream: bool):
    backend = ScriptedBackend(Script(delay=0))
    with serving(backend) as service:
        response = post(service, ask(text, n=3, stream=stream))
        assert (sent_events(response)[-1] if stream else response.json())["error"]["code"] == code
        assert eventually(lambda: backend.open_streams == 0)


def test_hanging_up_closes_every_choice():
    backend = ScriptedBackend(Script(delay=0.02))
    with serving(backend) as service:
        client = openai.OpenAI(base_url=f"{service.url}/v1", api_key="none")
        messages: Any = ask("/long 5000")["messages"]
        stream = client.chat.completions.create(model="scripted", messages=messages, stream=True, n=4)
        for _, _chunk in zip(range(8), stream, strict=False):
            pass
        assert backend.open_streams == 4
        stream.close()
        assert eventually(lambda: backend.open_streams == 0)
        with pytest.raises(httpx.ReadTimeout):
            body = ask("/long 5000", n=4)
            httpx.post(f"{service.url}/v1/chat/completions", json=body, timeout=0.5)
        assert eventually(lambda: backend.open_streams == 0)


def test_each_token_is_told_with_its_score_whole_and_streamed(client: openai.OpenAI):
    messages: Any = ask()["messages"]
    asked: Any = {"model": "scripted", "messages": messages, "logprobs": True, "top_logprobs": 2}
    completion = client.chat.completions.create(**asked)
    (choice,) = completion.choices
    assert choice.logprobs is not None and choice.logprobs.content is not None
    assert "".join(token.token for token in choice.logprobs.content) == choice.message.content
    for token in choice.logprobs.content:
        assert bytes(token.bytes or ()).decode() == token.token
        assert token.logprob < 0
        assert [len(token.top_logprobs), token.top_logprobs[0].token] == [2, token.token]
    thinking: Any = (choice.logprobs.model_extra or {})["reasoning_content"]
    assert "".join(token["token"] for token in thinking) == (choice.message.model_extra or {})["reasoning"]
    usage = completion.usage
    assert usage is not None and usage.completion_tokens == len(choice.logprobs.content) + len(thinking)

    streamed: list[Any] = []
    for chunk in client.chat.completions.create(**asked, stream=True):
        delta, logprobs = chunk.choices[0].delta, chunk.choices[0].logprobs
        if delta.content:
            assert logprobs is not None and logprobs.content is not None
            assert "".join(token.token for token in logprobs.content) == delta.content
            streamed += logprobs.content
    assert streamed == choice.logprobs.content


def test_no_scores_are_told_where_none_are_asked_for(service: Service):
    assert post(service, ask()).json()["choices"][0]["logprobs"] is None
    events = sent_events(post(service, ask(stream=True)))
    assert all(event["choices"][0]["logprobs"] is None for event in events)


def test_thinking_that_is_left_out_leaves_its_scores_out(service: Service):
    def logprobs(**more: Any) -> Any:
        return post(service, ask(logprobs=True, **more)).json()["choices"][0]["logprobs"]

    apart, inline = logprobs(), logprobs(separate_reasoning=False)
    assert logprobs(include_reasoning=False) == {"content": apart["content"], "refusal": None}
    assert inline["content"] == apart["reasoning_content"] + apart["content"]
    assert "reasoning_content" not in inline


@pytest.mark.parametrize("stream", [True, False])
def test_a_backend_that_scores_nothing_says_so(stream: bool):
    failure = Failed(FailureKind.BUSY, "it is busy", "Wait.")
    with serving(UnavailableBackend("other", failure)) as service:
        refused = post(service, ask(model="other", logprobs=True, stream=stream))
    assert (refused.status_code, error_of(refused)["param"]) == (400, "logprobs")


def test_no_token_at_all_counts_the_prompt(service: Service):
    whole = post(service, ask("one two three", max_tokens=0)).json()
    (choice,) = whole["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")
    assert (whole["usage"]["prompt_tokens"], whole["usage"]["completion_tokens"]) == (3, 0)


# ----------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (ask(temperature=2.5), "temperature"),
        (ask(temperature="0.5"), "temperature"),
        (ask(top_p=-0.1), "top_p"),
        (ask(top_k=1.5), "top_k"),
        (ask(min_p=1.1), "min_p"),
        (ask(frequency_penalty=2.1), "frequency_penalty"),
        (ask(presence_penalty="1"), "presence_penalty"),
        (ask(repetition_penalty=0), "repetition_penalty"),
        (ask(logit_bias={"5": 101}), "logit_bias.5"),
        (ask(logit_bias={"five": 1}), "logit_bias"),
        (ask(logit_bias=[5]), "logit_bias"),
        (ask(response_format={"type": "json_object"}), "response_format"),
        (ask(guided_json={"type": "object"}), "guided_json"),
        (ask(max_tokens=-1), "max_tokens"),
        (ask(max_completion_tokens=-1), "max_completion_tokens"),
        (ask(max_tokens=1.5), "max_tokens"),
        (ask(seed=2**64), "seed"),
        (ask(stop=["x"] * 17), "stop"),
        (ask(stop=[1]), "stop.0"),
        (ask(n=0), "n"),
        (ask(n=17), "n"),
        (ask(logprobs=5), "logprobs"),
        (ask(logprobs=True, top_logprobs=21), "top_logprobs"),
        (ask(tools=[{"type": "function"}], tool_choice="required"), "tool_choice"),
        (ask(stream="yes"), "stream"),
        (ask(messages=[]), "messages"),
        (ask(messages=None), "messages"),
        ({"model": "scripted"}, "messages"),
        (ask(messages=[{"role": "user", "content": 5}]), "messages.0.content"),
        (ask(messages=[{"content": "Hello"}]), "messages.0.role"),
        (ask(messages=[{"role": "wizard", "content": "Hello"}]), "messages.0.role"),
        (ask(messages=[{"role": "user", "content": [{"type": "video_url"}]}]), "messages.0.content.0"),
        (
            ask(
                messages=[
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"detail": "low"}}]}
                ]
            ),
            "messages.0.content.0.image_url.url",
        ),
        (ask(thinking={"type": "maybe"}), "thinking.type"),
        (ask(chat_template_kwargs={"enable_thinking": "no"}), "chat_template_kwargs.enable_thinking"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_a_400_that_names_the_field(service: Service, body: dict[str, Any], param: str):
    for stream in (body.get("stream", False), True):
        response = post(service, body if "stream" in body else body | {"stream": stream})
        assert response.status_code == 400
        error = error_of(response)
        assert error["type"] == "invalid_request_error"
        assert error["param"] == param
        assert error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b'{"a": "\xff"}', b"[" * 50_000])
def test_a_body_that_is_no_json_object_is_a_400(service: Service, body: bytes):
    headers = {"content-type": "application/json"}
    response = httpx.post(f"{service.url}/v1/chat/completions", content=body, headers=headers)
    assert response.status_code == 400
    error_of(response)


def test_a_form_of_another_site_is_not_taken_for_json(service: Service):
    """A browser sends text/plain anywhere without asking first."""
    body = json.dumps(ask())
    response = httpx.post(
        f"{service.url}/v1/chat/completions", content=body, headers={"content-type": "text/plain"}
    )
    assert response.status_code == 415
    assert "application/json" in error_of(response)["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/chat/completions", 405), ("GET", "/v1/nothing", 404), ("POST", "/health", 405)],
)
def test_what_the_framework_refuses_has_the_same_shape(service: Service, method: str, path: str, status: int):
    response = httpx.request(method, service.url + path)
    assert response.status_code == status
    assert error_of(response)["type"] == "invalid_request_error"


def test_pages_of_this_machine_may_ask_and_others_not(service: Service):
    def allowed(origin: str) -> bool:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = httpx.options(f"{service.url}/v1/chat/completions", headers=headers)
        actual = httpx.get(f"{service.url}/v1/models", headers={"Origin": origin})
        answers = {reply.headers.get("access-control-allow-origin") for reply in (preflight, actual)}
        assert answers in ({origin}, {None})
        return answers == {origin}

    assert allowed("http://localhost:7860")
    assert allowed("https://127.0.0.1")
    assert not allowed("https://localhost.example.org")
    assert not allowed("https://example.org")


# ------------------------------------------------------------------------------ key and size


def test_the_key_is_asked_for_everywhere_but_at_health():
    with serving(ScriptedBackend(Script(delay=0)), api_key=KEY) as service:
        assert httpx.get(f"{service.url}/health").status_code == 200
        bearer = f"Bearer {KEY}".encode()
        wrong = [
            b"",
            b"Bearer",
            b"Bearer nope",
            bearer[:-1],
            bearer + b"x",
            KEY.encode(),
            b"Basic x",
        ]
        for path in ("/v1/models", "/v1/models/scripted", "/openapi.json", "/v1/nothing"):
            for header in wrong:
                refused = httpx.get(service.url + path, headers={b"Authorization": header})
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"] == "Bearer"
                assert error_of(refused)["code"] == "invalid_api_key"
                assert KEY not in refused.text
        assert post(service, ask()).status_code == 401
        for header in (bearer, b"bearer  " + KEY.encode()):
            assert post(service, ask(), headers={b"Authorization": header}).status_code == 200
        preflight = {"Origin": "http://localhost", "Access-Control-Request-Method": "POST"}
        assert httpx.options(f"{service.url}/v1/models", headers=preflight).status_code == 200


def test_a_key_is_never_logged_not_even_to_find_a_defect(caplog: pytest.LogCaptureFixture):
    """Neither here nor where this program is itself the client."""
    right, wrong = "sk-right-0123456789", "sk-wrong-0123456789"

    async def answered(url: str, key: str) -> None:
        async for _ in (backend := RemoteBackend(f"{url}/v1", key)).stream(
            Request((Message("user", (TextPart("Hello"),)),))
        ):
            pass
        await backend.aclose()

    caplog.set_level("DEBUG")
    for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2", "uvicorn"):
        caplog.set_level("DEBUG", name)
    with serving(ScriptedBackend(Script(delay=0)), api_key=right) as service:
        for key in (right, wrong):
            asyncio.run(answered(service.url, key))
            post(service, ask("/raise"), headers={"Authorization": f"Bearer {key}"})
    assert "the script was asked to raise" in caplog.text and "chat/completions" in caplog.text
    assert right not in caplog.text and wrong not in caplog.text


def test_openai_python_sends_the_key():
    with serving(ScriptedBackend(Script(delay=0)), api_key="sk-right") as service:
        with pytest.raises(openai.AuthenticationError, match="API key"):
            openai.OpenAI(base_url=f"{service.url}/v1", api_key="sk-wrong").models.list()
        assert openai.OpenAI(base_url=f"{service.url}/v1", api_key="sk-right").models.list().data


@pytest.mark.parametrize("size", [100_001, 390_000])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_a_413_that_the_client_gets_to_read(declared: bool, size: int):
    whole = b" " * size
    pieces = (whole[start : start + 30_000] for start in range(0, size, 30_000))
    headers = {"content-type": "application/json"}
    with serving(ScriptedBackend(Script(delay=0)), body_max=100_000) as service:
        url = f"{service.url}/v1/chat/completions"
        response = httpx.post(url, content=whole if declared else pieces, headers=headers)
        assert response.status_code == 413
        assert error_of(response)["code"] == "request_too_large"
        assert post(service, ask("x" * 90_000, max_tokens=1)).status_code == 200


@pytest.mark.parametrize("key", ["sk-slow", "sk-other"], ids=["let in", "refused"])
def test_a_body_that_never_ends_is_given_up(key: str):
    """Else so many slow clients as may be here at once would keep everyone out."""
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    )
    with serving(ScriptedBackend(Script(delay=0)), api_key="sk-slow", body_patience=0.3) as service:
        url = httpx.URL(service.url)
        with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
            connection.sendall(head.encode())
            with connection.makefile("rb") as reader:
                told = reader.read().decode()
    status, code = ("408", "request_too_slow") if key == "sk-slow" else ("401", "invalid_api_key")
    assert told.startswith(f"HTTP/1.1 {status}") and code in told


def test_requests_beyond_those_that_memory_is_for_are_told_when_to_come_back():
    backend = ScriptedBackend(Script(load=60))
    with serving(backend, at_once_max=1) as service, httpx.Client(timeout=10) as client:
        listener = threading.Thread(target=listen_a_while, args=[service])
        listener.start()
        assert eventually(lambda: backend.open_streams == 1)
        refused = client.post(f"{service.url}/v1/chat/completions", json=ask())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert error_of(refused)["type"] == "rate_limit_error"
        assert client.get(f"{service.url}/v1/models").status_code == 200
        listener.join()
        assert eventually(lambda: backend.open_streams == 0)
        assert client.post(f"{service.url}/v1/chat/completions", json=ask(n=0)).status_code == 400


def listen_a_while(service: Service) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{service.url}/v1/chat/completions", json=ask(stream=True), timeout=1.0)


def claiming(width: int, height: int) -> bytes:
    """A small PNG file whose header claims another size."""
    header = b"IHDR" + struct.pack(">II", width, height) + picture()[24:29]
    return picture()[:12] + header + struct.pack(">I", zlib.crc32(header)) + picture()[33:]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": f"data:image/png;base64,{packed(claiming(8000, 7000))}"},
        {"type": "input_audio", "input_audio": {"data": packed(recording(61)), "format": "wav"}},
    ],
    ids=["pixels", "seconds"],
)
def test_media_over_a_limit_are_a_413_that_says_the_limit(service: Service, part: dict[str, Any]):
    refused = post(service, ask() | {"messages": [{"role": "user", "content": [part]}]})
    assert refused.status_code == 413
    error = error_of(refused)
    assert (error["code"], error["param"]) == ("media_too_large", "messages.0.content.0")
    assert "50 million" in error["message"] or "60 seconds" in error["message"]


# ------------------------------------------------------------------------------ transcriptions


def send_sound(service: Service, sound: bytes, **fields: Any) -> httpx.Response:
    files = {"file": ("recording.wav", sound)}
    return httpx.post(f"{service.url}/v1/audio/transcriptions", files=files, data=fields, timeout=10)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("我听到“打开相机”。要打开相机。", ("打开相机", "chinese")),
        ('I hear "tap settings". Tap it.', ("tap settings", "english")),
        ("我没有听到说话声。", ("", "chinese")),
        ("I hear no speech.\nI did not hear any words.", ("", "english")),
        ("The user wants to know what I can do.", None),
        ('I hear "tap', None),
    ],
)
def test_only_the_words_between_the_quotes_are_the_transcript(said: str, told: tuple[str, str] | None):
    assert heard(said) == told


def test_a_model_that_does_not_say_what_it_hears_gives_no_transcript(service: Service):
    refused = send_sound(service, recording(0.5), model="scripted")
    assert (refused.status_code, error_of(refused)["code"]) == (422, "speech_not_understood")


@pytest.mark.parametrize(
    ("sound", "fields", "status", "param"),
    [
        (b"no sound at all", {}, 400, "file"),
        (b"", {}, 400, "file"),
        (recording(61), {}, 413, "file"),
        (recording(0.5), {"response_format": "srt"}, 400, "response_format"),
        (recording(0.5), {"response_format": "poem"}, 400, "response_format"),
        (recording(0.5), {"stream": "true"}, 400, "stream"),
        (recording(0.5), {"model": "whisper-1"}, 404, "model"),
    ],
)
def test_what_cannot_be_transcribed_says_why(
    service: Service, sound: bytes, fields: dict[str, Any], status: int, param: str
):
    refused = send_sound(service, sound, **fields)
    assert (refused.status_code, error_of(refused)["param"]) == (status, param)


def test_a_transcription_without_a_file_says_so(service: Service):
    url = f"{service.url}/v1/audio/transcriptions"
    ways: list[dict[str, Any]] = [
        {"data": {"model": "scripted"}},
        {"json": {}},
        {"files": {"other": b"x"}},
        {},
    ]
    for how in ways:
        refused = httpx.post(url, **how)
        assert (refused.status_code, error_of(refused)["param"]) == (400, "file")


def test_hanging_up_on_a_transcription_closes_the_backend():
    backend = ScriptedBackend(Script(load=60))
    with serving(backend) as service:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{service.url}/v1/audio/transcriptions",
                files={"file": ("recording.wav", recording(0.5))},
                timeout=0.5,
            )
        assert eventually(lambda: backend.open_streams == 0)


# ----------------------------------------------------------------------------------- metrics


def test_metrics_count_what_happened():
    with serving(ScriptedBackend(Script(delay=0)), api_key="sk-metrics") as service:
        bearer = {"Authorization": "Bearer sk-metrics"}
        usage = post(service, ask(), headers=bearer).json()["usage"]
        post(service, ask("/fail busy"), headers=bearer)
        post(service, ask())
        httpx.get(f"{service.url}/v1/secret-sk-metrics", headers=bearer)
        assert httpx.get(f"{service.url}/metrics").status_code == 401
        told = httpx.get(f"{service.url}/metrics", headers=bearer)
    assert told.headers["content-type"].startswith("text/plain")
    lines = set(told.text.splitlines())
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    chat = 'autoglm_http_responses_total{route="/v1/chat/completions",status='
    expected = {
        f'{chat}"200"}} 1.0',
        f'{chat}"429"}} 1.0',
        f'{chat}"401"}} 1.0',
        'autoglm_http_responses_total{route="other",status="404"} 1.0',
        'autoglm_requests_total{outcome="stop"} 1.0',
        'autoglm_requests_total{outcome="busy"} 1.0',
        "autoglm_requests_in_flight 0.0",
        f'autoglm_tokens_total{{kind="reasoning"}} {reasoning:.1f}',
        "autoglm_request_seconds_count 2.0",
    }
    assert expected - lines == set()
    assert "sk-metrics" not in told.text
    families = {family.name: family.type for family in text_string_to_metric_families(told.text)}
    assert families["autoglm_requests"] == "counter"
    assert families["autoglm_time_to_first_token_seconds"] == "histogram"


# -------------------------------------------------------------------------- the description


def test_what_is_answered_is_what_is_described(service: Service):
    for more in ({}, {"n": 2, "logprobs": True, "top_logprobs": 2}):
        body = ask(stream=True, stream_options={"include_usage": True}, **more)
        for event in sent_events(post(service, body)):
            replies.Chunk.model_validate(event)
        replies.Completion.model_validate(post(service, ask(**more)).json())
    replies.ErrorReply.model_validate(post(service, ask(n=0)).json())
    replies.ModelList.model_validate(httpx.get(f"{service.url}/v1/models").json())
    replies.Health.model_validate(httpx.get(f"{service.url}/health").json())
    told = Transcript("tap settings", "english", 1.5)
    for shape in ("json", "verbose_json"):
        replies.Transcription.model_validate(told.json(shape))
    described = httpx.get(f"{service.url}/openapi.json").json()
    assert {operation for path in described["paths"].values() for operation in path} == {"get", "post"}


def test_the_reference_is_what_the_code_says():
    written = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    assert written == write_reference(), "python -m engine.server.reference > docs/api.md"


# ----------------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("/fail too_long", 400, "context_length_exceeded"),
        ("/fail busy", 429, "rate_limit_exceeded"),
        ("/fail out_of_memory", 503, "out_of_memory"),
        ("/fail timed_out", 504, "timed_out"),
        ("/cut", 503, "interrupted"),
        ("/raise", 500, "internal"),
    ],
)
def test_a_failure_has_its_status_or_is_an_event_of_the_stream(
    service: Service, text: str, status: int, code: str
):
    whole = post(service, ask(text))
    assert whole.status_code == status
    assert error_of(whole)["code"] == code
    assert ("retry-after" in whole.headers) == (status == 429)

    streamed = post(service, ask(text, stream=True))
    assert streamed.status_code == 200
    *before, last = sent_events(streamed)
    assert last == whole.json()
    assert all(event["choices"][0]["finish_reason"] is None for event in before)
    assert "Traceback" not in whole.text + streamed.text
    assert "the script was asked to raise" not in whole.text + streamed.text


def test_openai_python_raises_a_failure_in_the_stream(client: openai.OpenAI):
    messages: Any = ask("/fail out_of_memory")["messages"]
    content = ""
    with pytest.raises(openai.APIError, match="the script was asked to fail with out_of_memory"):
        for chunk in client.chat.completions.create(model="scripted", messages=messages, stream=True):
            content += chunk.choices[0].delta.content or ""
    assert content == "This is a"


# ---------------------------------------------------------------------------- hanging up


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_hanging_up_before_the_first_byte_closes_the_backend(stream: bool):
    backend = ScriptedBackend(Script(load=60))
    body = json.dumps(ask(stream=stream)).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serving(backend) as service:
        url = httpx.URL(service.url)
        with socket.create_connection((url.host, url.port or 80)) as connection:
            connection.sendall(head.encode() + body)
            assert eventually(lambda: backend.open_streams == 1)
        assert eventually(lambda: backend.open_streams == 0)


def test_hanging_up_in_the_middle_closes_the_backend():
    backend = ScriptedBackend(Script(delay=0.02))
    with serving(backend) as service:
        client = openai.OpenAI(base_url=f"{service.url}/v1", api_key="none")
        messages: Any = ask("/long 5000")["messages"]
        stream = client.chat.completions.create(model="scripted", messages=messages, stream=True)
        for _, _chunk in zip(range(5), stream, strict=False):
            assert backend.open_streams == 1
        stream.close()
        assert eventually(lambda: backend.open_streams == 0)


def test_hanging_up_on_a_whole_answer_closes_the_backend():
    backend = ScriptedBackend(Script(delay=0.02))
    with serving(backend) as service:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{service.url}/v1/chat/completions", json=ask("/long 5000"), timeout=0.5)
        assert eventually(lambda: backend.open_streams == 0)


async def test_of_many_clients_those_who_stay_are_answered():
    backend = ScriptedBackend(Script(delay=0.005))
    with serving(backend) as service:
        async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=None)) as client:

            async def stay() -> str:
                response = await client.post(f"{service.url}/v1/chat/completions", json=ask(stream=True))
                return "".join(
                    event["choices"][0]["delta"].get("content", "") for event in sent_events(response)
                )

            async def leave() -> None:
                body = ask("/long 5000", stream=True)
                async with client.stream("POST", f"{service.url}/v1/chat/completions", json=body) as response:
                    await anext(response.aiter_raw())

            answers = await asyncio.gather(*(stay() if index % 2 else leave() for index in range(32)))
        _, answer = await asyncio.to_thread(fold, ask())
        assert answers[1::2] == [answer] * 16
        assert await asyncio.to_thread(eventually, lambda: backend.open_streams == 0)


def test_stopping_the_server_tells_those_who_still_listen():
    backend = ScriptedBackend(Script(delay=0.02))
    received: list[str] = []
    service = Service(backend)

    def listen() -> None:
        with httpx.stream(
            "POST", f"{service.url}/v1/chat/completions", json=ask("/long 5000", stream=True), timeout=10
        ) as response:
            received.extend(line for line in response.iter_lines() if line)

    listener = threading.Thread(target=listen)
    listener.start()
    assert eventually(lambda: backend.open_streams == 1)
    service.stop()
    listener.join(10)
    assert not listener.is_alive()
    assert received[-1] == "data: [DONE]"
    assert json.loads(received[-2].removeprefix("data: "))["error"]["code"] == "interrupted"
    assert backend.open_streams == 0


# ------------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["--port", "70000"],
        ["--api-key", ""],
        ["--ssl-certfile", "cert.pem"],
        ["--mod", "nano"],
        ["--ssl-certfile", "no-such.pem", "--ssl-keyfile", "no-such.pem"],
        ["--allow-media-host", "http://example.org/"],
        ["--slots", "0"],
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused(arguments: list[str]):
    command = [sys.executable, "-m", "engine.server", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "error:" in ended.stderr


def test_every_option_of_the_command_is_an_environment_variable_too():
    environ = {
        "AUTOGLM_MODEL": "some/model",
        "AUTOGLM_SERVED_MODEL_NAME": "autoglm-phone-9b",
        "AUTOGLM_HOST": "0.0.0.0",
        "AUTOGLM_PORT": "8080",
        "AUTOGLM_API_KEY": "sk-secret",
        "AUTOGLM_SSL_CERTFILE": __file__,
        "AUTOGLM_SSL_KEYFILE": __file__,
        "AUTOGLM_ALLOW_MEDIA_HOST": "example.org,*.example.net",
        "AUTOGLM_SLOTS": "4",
        "AUTOGLM_WAITING": "8",
    }
    given = read_settings([], environ)
    options = ServerSettings.__dataclass_fields__.keys() - {"loading", "plan"}
    assert set(environ) == {f"AUTOGLM_{name.upper()}" for name in options}
    assert given == ServerSettings(
        "some/model",
        "autoglm-phone-9b",
        "0.0.0.0",
        8080,
        "sk-secret",
        __file__,
        __file__,
        ("example.org", "*.example.net"),
        4,
        8,
        Loading(),
        plan=False,
    )
    assert "sk-secret" not in repr(given)
    assert read_settings(["--port", "9000"], environ).port == 9000
    assert read_settings([], {}).host == "127.0.0.1"
    # The page ignores those that are the service's alone.
    assert set(environ) - {f"AUTOGLM_{name.upper()}" for name in Settings.__dataclass_fields__} <= OTHERS


def test_help_does_not_show_the_key(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        read_settings(["--help"], {"AUTOGLM_API_KEY": "sk-secret"})
    assert "sk-secret" not in capsys.readouterr().out
