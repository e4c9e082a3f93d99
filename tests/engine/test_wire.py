"""OpenAI's JSON becomes a request, and events become OpenAI's JSON."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from engine.media import read_image
from engine.protocol import (
    OPTION_RANGES,
    AnswerAdded,
    AudioPart,
    Failed,
    FailureKind,
    Finished,
    ImagePart,
    InvalidRequest,
    MediaRefused,
    Options,
    ReasoningAdded,
    Resplit,
    Score,
    TextPart,
    TokenScored,
    Usage,
)
from engine.server.call import MEDIA_MAX, Call, read_call
from engine.server.errors import ApiError, without_paths
from engine.server.options import UNMET
from engine.server.schema import ChatCompletionRequest
from engine.server.switches import Display
from engine.server.wire import Choice, Envelope, Text, delta, logprobs_json, total, usage_json
from engine.thinking import ThinkingSplitter

PENALTIES: Any = {"frequency_penalty": -2, "presence_penalty": 0.5}
QUESTION = [{"role": "user", "content": "What is this?"}]


def read(**body: Any) -> Call:
    return read_call(ChatCompletionRequest.model_validate({"messages": QUESTION} | body))


def refusal(**body: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(**body)
    assert caught.value.status == 400
    assert caught.value.type == "invalid_request_error"
    return caught.value


def picture(width: int = 40, height: int = 30) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, "PNG")
    return file.getvalue()


def recording(seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(bytes(range(256)) * int(seconds * 125))
    return file.getvalue()


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def asking(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def shown(url: object) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


# -------------------------------------------------------------------------------- messages


def test_a_conversation_keeps_its_turns_and_its_thinking():
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "two?"}]},
        {"role": "assistant", "content": "Three.", "reasoning_content": "Counting on."},
        {"role": "assistant", "content": None, "reasoning": "Hm."},
        {"role": "user", "content": "And then?", "name": "Ann"},
    ]
    read_messages = read(messages=messages).request.messages
    assert [(one.role, one.text, one.reasoning) for one in read_messages] == [
        ("system", "Be brief.", ""),
        ("user", "One\ntwo?", ""),
        ("assistant", "Three.", "Counting on."),
        ("assistant", "", "Hm."),
        ("user", "And then?", ""),
    ]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_alone_are_asked(role: str):
    (message,) = read(messages=[{"role": role, "content": "Say hello."}]).request.messages
    assert (message.role, message.text) == ("user", "Say hello.")


def test_nothing_is_asked_after_an_assistant():
    messages = [*QUESTION, {"role": "assistant", "content": "It"}]
    assert refusal(messages=messages).param == "messages"


def test_tools_of_another_server_are_told_as_text():
    called = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"at": "北京"}'}}
    messages = [
        *QUESTION,
        {"role": "assistant", "content": "I look.", "tool_calls": [called, {"id": "c2", "type": "custom"}]},
        {"role": "tool", "content": [{"type": "text", "text": "18 °C"}], "tool_call_id": "c1"},
        {"role": "assistant", "content": None, "function_call": {"name": "wind", "arguments": "{}"}},
        {"role": "function", "name": "wind", "content": "none"},
    ]
    assert [(one.role, one.text) for one in read(messages=messages).request.messages] == [
        ("user", "What is this?"),
        ("assistant", 'I look.\nweather({"at": "北京"})'),
        ("user", "18 °C"),
        ("assistant", "wind({})"),
        ("user", "none"),
    ]


def test_choices_are_requests_about_the_very_same_messages():
    call = read(n=3, seed=2**63 - 2, temperature=1)
    requests = call.requests
    assert [one.options.seed for one in requests] == [2**63 - 2, 2**63 - 1, 0]
    assert {id(one.messages) for one in requests} == {id(call.request.messages)}
    assert [one.options.seed for one in read(n=2, temperature=1).requests] == [None, None]
    assert read().requests == (read().request,)


def test_half_an_emoji_becomes_a_replacement_character():
    call = read(messages=[{"role": "user", "content": "ok \ud83d"}], stop="\ude00")
    assert call.request.messages[0].text == "ok \ufffd"
    assert call.request.options.stop == ("\ufffd",)


# ----------------------------------------------------------------------------------- media


@pytest.mark.parametrize("head", ["data:image/png;base64,", "data:image/jpeg;base64,", "DATA:;base64,"])
def test_a_picture_comes_as_a_data_url(head: str):
    call = read(messages=asking({"type": "text", "text": "Look"}, shown(head + packed(picture()))))
    text, image = call.request.messages[0].parts
    assert text == TextPart("Look")
    assert isinstance(image, ImagePart)
    assert image.data == read_image(picture()).data
    assert (image.width, image.height) == (40, 30)


def test_a_picture_url_may_be_a_plain_string_and_its_padding_missing():
    url = "data:image/png;base64," + packed(picture()).rstrip("=")
    call = read(messages=asking({"type": "image_url", "image_url": url}))
    assert isinstance(call.request.messages[0].parts[0], ImagePart)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": packed(recording()), "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": packed(recording()), "format": "mp3"}},
        {"type": "input_audio", "input_audio": {"data": f"data:audio/wav;base64,{packed(recording())}"}},
        {"type": "audio_url", "audio_url": {"url": f"data:audio/wav;base64,{packed(recording())}"}},
    ],
)
def test_a_recording_is_told_by_its_content(part: dict[str, Any]):
    (audio,) = read(messages=asking(part)).request.messages[0].parts
    assert isinstance(audio, AudioPart)
    assert audio.sample_rate == 16_000
    assert audio.seconds == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/cat.png",
        "http://127.0.0.1:8000/health",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://example.org/cat.png",
        "data:image/png,not-base64",
        "",
    ],
)
def test_nothing_is_fetched(url: str):
    error = refusal(messages=asking(shown(url)))
    assert error.code == "remote_media_refused"
    assert error.param == "messages.0.content.0.image_url.url"


@pytest.mark.parametrize(
    ("part", "code", "param"),
    [
        (shown("data:image/png;base64,a!b"), "invalid_base64", "messages.0.content.0.image_url.url"),
        (shown("data:image/png;base64,"), "bad_media", "messages.0.content.0"),
        (shown(f"data:image/png;base64,{packed(b'hello')}"), "bad_media", "messages.0.content.0"),
        (shown(f"data:image/png;base64,{packed(picture()[:60])}"), "bad_media", "messages.0.content.0"),
        (shown(f"data:image/png;base64,{packed(recording())}"), "bad_media", "messages.0.content.0"),
        (
            {"type": "input_audio", "input_audio": {"data": packed(picture())}},
            "bad_media",
            "messages.0.content.0",
        ),
    ],
)
def test_broken_media_say_which_part_is_broken(part: dict[str, Any], code: str, param: str):
    error = refusal(messages=asking(part))
    assert (error.code, error.param) == (code, param)


def test_the_number_of_pictures_is_bounded_before_any_is_decoded():
    broken = shown("data:image/png;base64,AAAA")
    assert refusal(messages=asking(*[broken] * MEDIA_MAX)).code == "bad_media"
    assert refusal(messages=asking(*[broken] * (MEDIA_MAX + 1))).code == "too_many_media"


@pytest.mark.parametrize("image", [packed(picture()), f"data:image/png;base64,{packed(picture())}"])
def test_a_picture_and_a_question_may_stand_beside_the_messages(image: str):
    (message,) = read(image=image, query="Where is it?").request.messages
    assert message.text == "What is this?\nWhere is it?"
    assert [(one.width, one.height) for one in message.images] == [(40, 30)]
    (again,) = read(image=[image, image], query="What is this?").request.messages
    assert again.text == "What is this?"
    assert len(again.images) == 2


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("a!b", "invalid_base64"),
        (packed(b"hello"), "bad_media"),
        ("https://example.org/cat.png", "remote_media_refused"),
        ("file:///etc/passwd", "remote_media_refused"),
    ],
)
def test_a_picture_beside_the_messages_is_checked_as_any(image: str, code: str):
    assert refusal(image=image).code == code


def test_pictures_beside_the_messages_count_with_those_inside():
    inside = asking(shown(f"data:image/png;base64,{packed(picture())}"))
    assert refusal(image=["AAAA"] * MEDIA_MAX, messages=inside).code == "too_many_media"


# --------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("body", "options"),
    [
        ({}, Options()),
        (dict.fromkeys(["temperature", "top_p", "seed", "stop", "max_tokens", "n", "logprobs"]), Options()),
        ({"max_tokens": 7}, Options(max_new_tokens=7)),
        ({"max_completion_tokens": 8}, Options(max_new_tokens=8)),
        ({"max_tokens": 7, "max_completion_tokens": 8}, Options(max_new_tokens=8)),
        ({"temperature": 1}, Options(temperature=1.0)),
        ({"temperature": 0, "top_p": 0.5}, Options(top_p=0.5)),
        ({"top_k": 40, "min_p": 0.05}, Options(top_k=40, min_p=0.05)),
        ({"top_k": -1}, Options()),
        ({"frequency_penalty": -2, "presence_penalty": 0.5}, Options(**PENALTIES)),
        ({"frequency_penalty": 0, "presence_penalty": 0, "logit_bias": {}}, Options()),
        ({"repetition_penalty": 1.1}, Options(repetition_penalty=1.1)),
        ({"repeat_penalty": 1.1}, Options(repetition_penalty=1.1)),
        ({"repeat_penalty": 1.1, "repetition_penalty": 1.2}, Options(repetition_penalty=1.2)),
        ({"logit_bias": {"7": -100, "0": 1.5, "foo": 0}}, Options(logit_bias=((7, -100), (0, 1.5)))),
        ({"seed": 42}, Options(seed=42)),
        ({"seed": -1}, Options(seed=2**63 - 1)),
        ({"stop": "END"}, Options(stop=("END",))),
        ({"stop": ["a", "b"]}, Options(stop=("a", "b"))),
        ({"stop": []}, Options()),
        ({"n": 1, "logprobs": False, "top_logprobs": 0, "tools": [], "modalities": ["text"]}, Options()),
        ({"tools": [{"type": "function"}], "tool_choice": "none"}, Options()),
        ({"tools": [{"type": "function"}], "tool_choice": "auto", "parallel_tool_calls": True}, Options()),
        ({"functions": [{"name": "f"}], "function_call": "none"}, Options()),
        ({"logprobs": True}, Options(logprobs=0)),
        ({"logprobs": True, "top_logprobs": 5}, Options(logprobs=5)),
        ({"top_logprobs": 3}, Options(logprobs=3)),
        ({"stop": ""}, Options()),
        ({"stop": ["", "END"]}, Options(stop=("END",))),
        ({"max_tokens": 7.0, "n": 1.0, "seed": -1.0}, Options(max_new_tokens=7, seed=2**63 - 1)),
        ({"max_tokens": 10**30}, Options(max_new_tokens=1_000_000)),
        ({"top_p": 0}, Options(top_p=0.0)),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}}, Options()),
        ({"max_tokens": 0}, Options(max_new_tokens=0)),
        ({"response_format": {"type": "text"}, "user": "me", "store": True, "no_such_field": [1]}, Options()),
        (dict.fromkeys(UNMET, 0) | {"min_tokens": None, "guided_json": {}, "stop_token_ids": []}, Options()),
    ],
)
def test_options(body: dict[str, Any], options: Options):
    assert read(**body).request.options == options


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"n": 17}, "n"),
        ({"tools": [{"type": "function"}], "tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required"}}}, "tool_choice"),
        ({"functions": [{"name": "f"}], "function_call": {"name": "f"}}, "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format"),
        ({"logit_bias": {"foo": 1}}, "logit_bias"),
        ({"logit_bias": {"-1": 1}}, "logit_bias"),
        ({"logit_bias": {"1.0": 1}}, "logit_bias"),
        ({"logit_bias": {"٣": 1}}, "logit_bias"),
        ({"logit_bias": {"9" * 5000: 1}}, "logit_bias"),
        *(({name: True}, name) for name in UNMET),
        ({"modalities": ["text", "audio"]}, "modalities"),
    ],
)
def test_what_cannot_be_done_is_refused(body: dict[str, Any], param: str):
    error = refusal(**body)
    assert error.param == param
    assert error.message


def test_the_reference_names_what_is_refused():
    assert [name for name in UNMET if f"`{name}`" not in str(ChatCompletionRequest.__doc__)] == []


@pytest.mark.parametrize(
    "name", ["max_tokens", "max_completion_tokens", *(OPTION_RANGES.keys() - {"max_new_tokens", "top_k"})]
)
def test_the_schema_refuses_exactly_what_the_options_refuse(name: str):
    field = "max_new_tokens" if name.startswith("max_") else name
    least, most = OPTION_RANGES[field]
    values = (-1, 0, 1_000_000) if field == "max_new_tokens" else (least - 0.01, least, 1, most, most + 0.01)

    def is_taken(make: Callable[..., object], keyword: str, value: float) -> bool:
        try:
            make(**{keyword: value})
        except (ValidationError, InvalidRequest):
            return False
        return True

    by_schema = [is_taken(read, name, value) for value in values]
    assert by_schema == [is_taken(Options, field, value) for value in values]
    assert {True, False} == set(by_schema)


OFF = [
    {"enable_thinking": False},
    {"chat_template_kwargs": {"enable_thinking": False}},
    {"chat_template_kwargs": {"thinking": False, "other": 1}},
    {"thinking": {"type": "disabled"}},
    {"thinking": False},
    {"reasoning_effort": "none"},
    {"reasoning": {"enabled": False}},
    {"reasoning": {"effort": "none"}},
    {"reasoning": {"max_tokens": 0}},
    {"think": False},
    {"thinking_budget": 0},
    {"thinking_budget_tokens": 0},
    {"enable_thinking": True, "reasoning_effort": "none"},
]
ON = [
    {},
    {"enable_thinking": None, "chat_template_kwargs": None, "thinking": None, "reasoning": None},
    {"enable_thinking": True},
    {"chat_template_kwargs": {"enable_thinking": True}},
    {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    {"thinking": {"type": "auto"}},
    {"reasoning_effort": "low"},
    {"reasoning": {"effort": "high"}},
    {"reasoning": {"enabled": True, "max_tokens": 100}},
    {"think": True},
    {"think": "medium"},
    {"thinking_budget_tokens": -1},
]


@pytest.mark.parametrize(("body", "thinking"), [(b, False) for b in OFF] + [(b, True) for b in ON], ids=str)
def test_every_thinking_switch(body: dict[str, Any], thinking: bool):
    assert read(**body).request.options.thinking is thinking


@pytest.mark.parametrize(
    ("body", "display"),
    [
        ({}, "separate"),
        ({"include_reasoning": True, "separate_reasoning": True, "reasoning_format": "auto"}, "separate"),
        ({"include_reasoning": False}, "hidden"),
        ({"return_reasoning": False}, "hidden"),
        ({"reasoning": {"exclude": True}}, "hidden"),
        ({"separate_reasoning": False}, "inline"),
        ({"reasoning_format": "none"}, "inline"),
    ],
)
def test_where_the_thinking_goes(body: dict[str, Any], display: Display):
    call = read(**body)
    assert call.display == display
    assert call.request.options.thinking


@pytest.mark.parametrize(
    "body",
    [
        {"enable_thinking": "yes"},
        {"chat_template_kwargs": {"enable_thinking": "false"}},
        {"thinking": {"type": "maybe"}},
        {"reasoning_effort": "a lot"},
        {"reasoning": "high"},
        {"think": 1},
    ],
)
def test_a_switch_that_says_neither_is_an_error(body: dict[str, Any]):
    with pytest.raises(ValidationError):
        read(**body)


# ---------------------------------------------------------------------------------- replies

EVENTS = (ReasoningAdded("It is"), ReasoningAdded(" a cat."), AnswerAdded("A"), AnswerAdded(" cat"))


def streamed(events: Any, display: Display = "separate") -> tuple[dict[str, str], Text]:
    """What a client has after adding up all deltas, and what was told in the end."""
    text, received = Text(), {"reasoning_content": "", "reasoning": "", "content": ""}
    for event in events:
        before, text = text, text.add(event)
        for name, added in delta(before.shown(display), text.shown(display)).items():
            assert added
            received[name] += added
    return received, text.shown(display)


@pytest.mark.parametrize(
    ("display", "reasoning", "content"),
    [
        ("separate", "It is a cat.", "A cat"),
        ("inline", "", "<think>It is a cat.</think>A cat"),
        ("hidden", "", "A cat"),
    ],
)
def test_the_deltas_add_up_to_the_whole(display: Display, reasoning: str, content: str):
    received, whole = streamed(EVENTS, display)
    assert received == {"reasoning_content": reasoning, "reasoning": reasoning, "content": content}
    assert whole == Text(reasoning, content)


def test_thinking_that_was_cut_off_stays_open_inline():
    received, _ = streamed(EVENTS[:2], "inline")
    assert received["content"] == "<think>It is a cat."


def test_no_thinking_leaves_no_field():
    assert Text("", "A cat").fields() == {}
    assert delta(Text(), Text("", "A")) == {"content": "A"}


def test_an_answer_that_was_thinking_is_closed_as_servers_close_it():
    received, whole = streamed([AnswerAdded("Let me see."), Resplit("Let me see.", "A cat")])
    assert received["content"] == "Let me see.</think>A cat"
    assert whole == Text("Let me see.", "A cat")


@pytest.mark.parametrize(
    "written", ["Let me see.</think>A cat", "</think>A cat", "`</think>` is text", "A cat"]
)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_client_that_reads_tags_gets_what_the_engine_split(written: str, size: int):
    """The engine, not told that the prompt had opened `<think>`, finds out when it is closed."""
    engine, client = ThinkingSplitter(), ThinkingSplitter()
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    events = [event for piece in pieces for event in engine.feed(piece)] + engine.close()
    received, whole = streamed(events)
    text = Text()
    for event in client.feed(received["content"]) + client.close():
        text = text.add(event)
    assert text == whole


def test_thinking_that_was_the_answer_is_told_as_the_answer():
    received, whole = streamed([ReasoningAdded("A cat"), Resplit("", "A cat")])
    assert received["content"] == "A cat"
    assert whole == Text("", "A cat")


def test_the_usage_of_several_choices_has_the_prompt_once():
    first, second = Usage(10, 49, None, reasoning_tokens=7, answer_tokens=5), Usage(10, 49, answer_tokens=2)
    assert total([first, second]) == Usage(10, 49, None, reasoning_tokens=7, answer_tokens=7)
    assert total([first]) == first


def test_a_part_of_a_character_is_told_in_bytes():
    half, least = Score("你".encode()[:2], -1.5), Score(b"x", float("-inf"))
    (told,) = logprobs_json([TokenScored(half, (least,))], "separate")["content"]
    assert (told["token"], told["bytes"], told["logprob"]) == ("\ufffd", [0xE4, 0xBD], -1.5)
    assert told["top_logprobs"] == [{"token": "x", "logprob": -9999.0, "bytes": [120]}]


def test_scores_of_tokens_without_text_come_with_the_next_chunk_or_the_last():
    choice = Choice(1, "separate", Envelope("id", "model", 1), scored=True)
    first, second, last = (TokenScored(Score(name.encode(), -1.0)) for name in "abc")
    events = [first, second, AnswerAdded("ab"), last, Finished("stop")]
    chunks = [chunk for event in events for chunk in choice.chunks(event)]
    told = [chunk["choices"][0] for chunk in chunks]
    tokens = ["".join(t["token"] for t in (one["logprobs"] or {"content": []})["content"]) for one in told]
    assert tokens == ["", "ab", "c"]
    assert [one["finish_reason"] for one in told] == [None, None, "stop"]
    assert {one["index"] for one in told} == {1}


def test_usage_counts_everything_that_went_in_and_out():
    usage = usage_json(Usage(10, 49, 25, reasoning_tokens=7, answer_tokens=5))
    assert usage is not None
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (84, 12, 96)
    details = {"text_tokens": 10, "image_tokens": 49, "audio_tokens": 25, "cached_tokens": 0}
    assert usage["prompt_tokens_details"] == details
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 7}


def test_usage_that_nobody_counted_is_not_made_up():
    assert usage_json(Usage()) is None


# ----------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_a_status_and_openais_shape(kind: FailureKind):
    error = ApiError.of(Failed(kind, "it broke", "Mend it."))
    assert 400 <= error.status < 600
    assert error.body["error"].keys() == {"message", "type", "param", "code"}
    assert "it broke. Mend it." in error.message
    assert ("Retry-After" in error.headers) == (error.status == 429)


def test_a_context_that_overflows_says_it_as_clients_look_for_it():
    error = ApiError.of(Failed(FailureKind.TOO_LONG, "too long", "Shorten it."))
    assert error.status == 400
    assert error.code == "context_length_exceeded"
    assert "context_length_exceeded" in error.message


def test_what_nobody_foresaw_is_logged_and_kept_inside(caplog: pytest.LogCaptureFixture):
    error = ApiError.raised(RuntimeError("secret at /srv/models/key"))
    assert error.status == 500
    assert "secret" not in error.message
    assert "secret" in caplog.text


def test_a_named_error_keeps_its_words():
    assert "too small" in ApiError.raised(MediaRefused("too small", "Grow it.")).message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/srv/models/nano has no config.json", "nano has no config.json"),
        ("cannot open '/srv/models/nano/config.json'", "cannot open 'config.json'"),
        ("in ~/models/nano: broken", "in nano: broken"),
        ("in ../models/nano/ now", "in nano now"),
        (r"C:\models\nano is empty", "nano is empty"),
        ("http://localhost:8000/v1/models said 404", "http://localhost:8000/v1/models said 404"),
        ("read 3/4 of it and/or less", "read 3/4 of it and/or less"),
    ],
)
def test_paths_stay_inside(text: str, shown: str):
    assert without_paths(text) == shown
