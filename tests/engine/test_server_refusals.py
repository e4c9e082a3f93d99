"""What is refused and what fails over HTTP: each says what, and why."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from tests.engine.calls import ask, error_of, post, sent_events
from tests.engine.serving import Service

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
