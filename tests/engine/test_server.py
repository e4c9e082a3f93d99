"""The service over real HTTP, asked by real clients."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families

from autoglm_ui.backends.choice import UnavailableBackend
from autoglm_ui.backends.scripted import Script, ScriptedBackend
from engine.protocol import Failed, FailureKind
from engine.server import replies
from engine.server.reference import write_reference
from engine.server.transcribing import Transcript
from tests.engine.calls import ask, error_of, fold, post, sent_events
from tests.engine.serving import Service, serving
from tests.engine.test_wire import OFF, ON, packed, picture, recording

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
        assert health.json() == {
            "status": "failed",
            "model": "nano",
            "reason": "nano has no config.json",
            "remedy": "Choose another.",
        }
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
