"""Several choices of one call, and the scores of their tokens."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from autoglm_ui.backends.choice import UnavailableBackend
from autoglm_ui.backends.scripted import Script, ScriptedBackend
from engine.protocol import Failed, FailureKind
from tests.engine.calls import ask, error_of, fold, post, sent_events
from tests.engine.serving import Service, eventually, serving


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
