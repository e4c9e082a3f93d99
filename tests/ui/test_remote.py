"""What is sent to a server and what is made of its answers; each test asks a real HTTP server."""

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from autoglm_ui.backends.dialects import DIALECTS, ModelList, detect
from autoglm_ui.backends.remote import RemoteBackend
from engine.media import read_audio, read_image
from engine.protocol import (
    AnswerAdded,
    AudioPart,
    FailureKind,
    ImagePart,
    InvalidRequest,
    Message,
    Queued,
    ReasoningAdded,
    Request,
    Resplit,
    TextPart,
)
from tests.folding import fold
from tests.ui.conversing import asking, events_of, failure, finish, perceived
from tests.ui.endpoints import Endpoint, Exchange, answering, chunk, refusing

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def picture() -> ImagePart:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    return read_image(file.getvalue(), "red.png")


@pytest.fixture
def recording() -> AudioPart:
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(8000) / 5) / 2, 16_000, format="WAV")
    return read_audio(file.getvalue(), "voice.wav")


async def said(*contents: str, model: str = "m", thinking: bool = True) -> tuple[str, str]:
    with Endpoint(answering(*contents), models=[model]) as endpoint:
        return fold(await events_of(RemoteBackend(endpoint.url), asking(thinking=thinking)))


# ------------------------------------------------------------------------------- the request


async def test_a_plain_question():
    with Endpoint(answering("Hi", " there.")) as endpoint:
        backend = RemoteBackend(endpoint.url, "secret-key")
        events = await events_of(backend, asking("Hello?"))
    assert fold(events) == ("", "Hi there.")
    assert finish(events).reason == "stop"
    sent = endpoint.chats[0]
    assert sent["messages"] == [{"role": "user", "content": "Hello?"}]
    assert (sent["model"], sent["stream"], sent["temperature"]) == ("m", True, 0.0)
    assert sent["max_tokens"] == 512
    assert sent["stream_options"] == {"include_usage": True}
    assert not {"top_p", "seed", "stop", "max_completion_tokens", "enable_thinking"} & sent.keys()
    assert all(one.headers["authorization"] == "Bearer secret-key" for one in endpoint.exchanges)


async def test_options():
    options = {"temperature": 0.7, "top_p": 0.9, "seed": 5, "stop": ("END", "X"), "max_new_tokens": 9}
    with Endpoint() as endpoint:
        await events_of(RemoteBackend(endpoint.url), asking(**options))
    sent = endpoint.chats[0]
    assert [sent[name] for name in ("temperature", "top_p", "seed", "stop", "max_tokens")] == [
        *(0.7, 0.9, 5, ["END", "X"], 9)
    ]


async def test_what_else_chooses_tokens_is_sent_where_it_is_not_the_default():
    numbers = {"top_k": 40, "min_p": 0.1, "frequency_penalty": 0.5, "presence_penalty": -1.0}
    numbers |= {"repetition_penalty": 1.2}
    with Endpoint() as endpoint:
        backend = RemoteBackend(endpoint.url)
        await events_of(backend, asking(**numbers, logit_bias=((7, -100.0),)))
        await events_of(backend, asking())
    first, second = endpoint.chats
    assert {name: first[name] for name in numbers} == numbers
    assert first["logit_bias"] == {"7": -100.0}
    assert not {*numbers, "logit_bias"} & second.keys()


async def test_no_key_sends_none(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-another-service")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with Endpoint() as endpoint:
        for key in (None, "", "  "):
            assert finish(await events_of(RemoteBackend(endpoint.url, key)))
    for exchange in endpoint.exchanges:
        assert "authorization" not in exchange.headers
        assert "of-another-service" not in str(exchange.headers)


def test_tracing_of_other_programs_sees_nothing():
    script = """
import asyncio
from autoglm_ui.backends.remote import RemoteBackend
from langchain_core.tracers.langchain import wait_for_all_tracers
from tests.ui.conversing import events_of
from tests.ui.endpoints import Endpoint
import os
with Endpoint() as endpoint, Endpoint() as tracer:
    os.environ["LANGSMITH_ENDPOINT"] = tracer.origin
    asyncio.run(events_of(RemoteBackend(endpoint.url)))
    wait_for_all_tracers()
    assert endpoint.chats
    assert not tracer.exchanges, [one.path for one in tracer.exchanges]
"""
    environment = {**os.environ, "LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "x"}
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, env=environment, check=True, timeout=120)


async def test_a_proxy_is_not_asked_for_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Endpoint() as endpoint:
        assert finish(await events_of(RemoteBackend(endpoint.url)))


async def test_history_and_pictures(picture):
    messages = (
        Message("system", (TextPart("Be brief."),)),
        Message("user", (picture, TextPart("What is it?"))),
        Message("assistant", (TextPart("Red."),), reasoning="It is red."),
        Message("user", (TextPart("And"), TextPart("now?"))),
    )
    with Endpoint() as endpoint:
        events = await events_of(RemoteBackend(endpoint.url), Request(messages))
    system, first, answer, last = endpoint.chats[0]["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    image, text = first["content"]
    prefix, _, data = image["image_url"]["url"].partition(",")
    assert (image["type"], prefix) == ("image_url", "data:image/png;base64")
    assert base64.b64decode(data) == picture.data
    assert text == {"type": "text", "text": "What is it?"}
    assert answer == {"role": "assistant", "content": "Red."}, "thinking is not replayed"
    assert last == {"role": "user", "content": "And\nnow?"}
    [seen] = perceived(events).images
    assert (seen.original_width, seen.original_height, seen.width, seen.height) == (40, 30, 40, 30)
    assert seen.content_box == (0, 0, 40, 30)
    assert seen.tokens is None


async def test_our_own_server_gets_the_thinking_back():
    messages = (
        Message("user", (TextPart("a"),)),
        Message("assistant", (TextPart("b"),), reasoning="why b"),
        Message("user", (TextPart("c"),)),
    )
    with Endpoint(owner="autoglm") as endpoint:
        await events_of(RemoteBackend(endpoint.url), Request(messages))
    assert endpoint.chats[0]["messages"][1] == {
        "role": "assistant",
        "content": "b",
        "reasoning_content": "why b",
    }


async def test_autoglm_phone_gets_its_own_format_back_and_one_picture(picture):
    action = 'do(action="Back")'
    messages = (
        Message("user", (picture, TextPart("a"))),
        Message("assistant", (TextPart(action),), reasoning="why"),
        Message("user", (picture, TextPart("c"))),
    )
    with Endpoint(answering(f"点击返回。{action}"), models=["autoglm-phone-9b"], owner="vllm") as endpoint:
        events = await events_of(RemoteBackend(endpoint.url), Request(messages))
    first, answer, last = endpoint.chats[0]["messages"]
    assert first["content"] == "a"
    assert answer["content"] == f"<think>why</think>\n<answer>{action}</answer>"
    assert [part["type"] for part in last["content"]] == ["image_url", "text"]
    assert len(perceived(events).images) == 1
    assert fold(events) == ("点击返回。", action)


# ------------------------------------------------------------------------------- thinking


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_thinking_in_a_field(field):
    async def handle(exchange: Exchange) -> None:
        pieces = [
            chunk("", role="assistant"),
            chunk(**{field: "I "}),
            chunk(**{field: "see."}),
            chunk("\n\nYes"),
        ]
        await exchange.stream([*pieces, chunk(" </think>"), chunk(finish="stop")])

    with Endpoint(handle) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url))
    assert fold(events) == ("I see.", "\n\nYes </think>"), "what the server cut is left as it is"
    assert events[1:4] == [ReasoningAdded("I "), ReasoningAdded("see."), AnswerAdded("\n\nYes")]
    assert finish(events).timings.thinking is not None


async def test_thinking_in_both_fields_is_not_doubled():
    async def handle(exchange: Exchange) -> None:
        await exchange.stream([chunk(reasoning="a", reasoning_content="a"), chunk("b", finish="stop")])

    with Endpoint(handle) as endpoint:
        assert fold(await events_of(RemoteBackend(endpoint.url))) == ("a", "b")


async def test_thinking_in_details():
    async def handle(exchange: Exchange) -> None:
        details = [{"type": "reasoning.text", "text": "a"}, {"type": "reasoning.summary", "summary": "b"}]
        await exchange.stream([chunk(reasoning_details=details), chunk("c", finish="stop")])

    with Endpoint(handle) as endpoint:
        assert fold(await events_of(RemoteBackend(endpoint.url))) == ("ab", "c")


async def test_thinking_in_tags():
    assert await said("<th", "ink>a", "\n</think", ">\n\nb") == ("a", "b")
    assert await said("a</think>b") == ("a", "b")
    assert await said("no tags") == ("", "no tags")
    assert await said("<think>never closed") == ("never closed", "")
    assert await said("<|begin_of_box|>[[1,2,3,4]]<|end_of_box|>") == ("", "[[1,2,3,4]]")


async def test_thinking_that_the_template_opened_streams_as_thinking_the_next_time():
    with Endpoint(answering("why", " so", "</think>", "because")) as endpoint:
        backend = RemoteBackend(endpoint.url)
        first, second = await events_of(backend), await events_of(backend)
        assert Resplit("why so", "") in first
        assert second[1:4] == [ReasoningAdded("why"), ReasoningAdded(" so"), AnswerAdded("because")]
        endpoint.routes["/v1/chat/completions"] = answering("no", " thought")
        assert fold(await events_of(backend)) == ("", "no thought")
        assert fold(await events_of(backend, asking(thinking=False))) == ("", "no thought")


async def test_a_whole_answer_in_one_piece():
    reply = {
        "choices": [
            {
                "message": {"role": "assistant", "content": "b", "reasoning_content": "a"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
    with Endpoint(refusing(200, reply)) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url))
    assert fold(events) == ("a", "b")
    assert finish(events).usage.prompt_tokens == 3


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "filtered"),
        ("tool_calls", "stop"),
        ("eos", "stop"),
    ],
)
async def test_finish_reasons(theirs, ours):
    with Endpoint(answering("a", finish=theirs)) as endpoint:
        assert finish(await events_of(RemoteBackend(endpoint.url))).reason == ours


async def test_usage_and_timings():
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1050,
        "prompt_tokens_details": {"image_tokens": 900, "audio_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    timings = {"prompt_ms": 250.0, "predicted_per_second": 33.5}

    async def handle(exchange: Exchange) -> None:
        await exchange.stream(
            [chunk("a"), chunk(finish="stop"), {"choices": [], "usage": usage, "timings": timings}]
        )

    with Endpoint(handle) as endpoint:
        finished = finish(await events_of(RemoteBackend(endpoint.url)))
    used = finished.usage
    assert (used.prompt_tokens, used.image_tokens, used.audio_tokens) == (60, 900, 40)
    assert (used.reasoning_tokens, used.answer_tokens) == (20, 30)
    assert (finished.timings.prefill, finished.timings.tokens_per_second) == (0.25, 33.5)
    assert 0 < (finished.timings.first_token or 0) <= (finished.timings.total or 0)


async def test_comments_and_odd_chunks_are_passed_over():
    async def handle(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(": ping\n\n: ping\n\n")
        odd = [
            {"choices": []},
            {"choices": [{"index": 0}]},
            {"choices": [{"delta": None}]},
            {"usage": None},
            {},
        ]
        odd += [{"choices": [{"delta": {"content": None, "role": None}}]}, chunk("a"), chunk(finish="stop")]
        for one in odd:
            await exchange.send(f"event: message\ndata:{json.dumps(one)}\r\n\r\n: ping\n\n")

    with Endpoint(handle) as endpoint:
        assert fold(await events_of(RemoteBackend(endpoint.url))) == ("", "a")


# ------------------------------------------------------------------------------- sound


async def test_sound_is_sent_as_wav(recording):
    with Endpoint(answering("A tone.")) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url), asking(recording, "What is it?"))
    sound, text = endpoint.chats[0]["messages"][0]["content"]
    assert sound["type"] == "input_audio"
    assert sound["input_audio"]["format"] == "wav"
    assert base64.b64decode(sound["input_audio"]["data"]) == recording.data
    assert text["text"] == "What is it?"
    [heard] = perceived(events).audios
    assert (heard.seconds, heard.sample_rate, heard.transcript) == (0.5, 16_000, None)


NO_SOUND = {
    "vllm": (400, {"error": {"message": "At most 0 audio(s) may be provided in one prompt.", "code": 400}}),
    "llama.cpp": (500, {"error": {"code": 500, "message": "audio input is not supported - hint: mmproj"}}),
    "openrouter": (404, {"error": {"message": "No endpoints found that support input audio", "code": 404}}),
    "serde": (422, {"detail": "messages[0]: unknown variant `input_audio`, expected `text`"}),
    "pydantic": (
        422,
        {
            "detail": [
                {"loc": ["body", "messages", 0, "content", "input_audio"], "msg": "Extra inputs not allowed"}
            ]
        },
    ),
}


@pytest.mark.parametrize("server", NO_SOUND)
async def test_sound_becomes_text_where_chat_takes_none(server, recording):
    async def handle(exchange: Exchange) -> None:
        if "input_audio" in exchange.body.decode():
            await exchange.reply(*NO_SOUND[server])
        else:
            await answering("It is red.")(exchange)

    routes = {"/v1/audio/transcriptions": refusing(200, {"text": " What colour is it? "})}
    with Endpoint(handle, models=["m", "whisper-large-v3"], routes=routes) as endpoint:
        backend = RemoteBackend(endpoint.url)
        events = await events_of(backend, asking(recording))
        assert fold(events) == ("", "It is red.")
        assert perceived(events).audios[0].transcript == "What colour is it?"
        assert endpoint.chats[-1]["messages"] == [{"role": "user", "content": "What colour is it?"}]
        [form] = [one for one in endpoint.exchanges if "transcriptions" in one.path]
        assert recording.data in form.body
        assert b"whisper-large-v3" in form.body
        asked = len(endpoint.exchanges)
        await events_of(backend, asking(recording, "Really?"))
        assert len(endpoint.exchanges) == asked + 1, "it is remembered that chat is deaf, and what was said"


@pytest.mark.parametrize(
    ("route", "words"),
    [(None, "HTTP 404"), (refusing(400, {"error": "not an ASR model"}), "not an ASR model")],
)
async def test_sound_that_nobody_takes(route, words, recording):
    routes = {"/v1/audio/transcriptions": route} if route else {}
    with Endpoint(refusing(*NO_SOUND["vllm"]), routes=routes) as endpoint:
        failed = failure(await events_of(RemoteBackend(endpoint.url), asking(recording)))
    assert failed.kind is FailureKind.UNSUPPORTED
    assert words in failed.message
    assert "takes no sound" in failed.message
    assert "The recording is kept" in failed.remedy


async def test_a_recording_without_words(recording):
    routes = {"/v1/audio/transcriptions": refusing(200, {"text": " "})}
    with Endpoint(refusing(*NO_SOUND["vllm"]), routes=routes) as endpoint:
        failed = failure(await events_of(RemoteBackend(endpoint.url), asking(recording)))
    assert failed.kind is FailureKind.BAD_MEDIA


async def test_pictures_that_nobody_takes(picture):
    body = {"error": {"message": "This model does not support image input"}}
    with Endpoint(refusing(400, body)) as endpoint:
        failed = failure(await events_of(RemoteBackend(endpoint.url), asking(picture)))
    assert failed.kind is FailureKind.UNSUPPORTED
    assert failed.status == 400


# ------------------------------------------------------------------------------- dialects


@pytest.mark.parametrize(
    ("url", "models", "name"),
    [
        ("http://localhost:8000/v1", ModelList(owners=frozenset({"vllm"})), "vllm"),
        ("http://localhost:30000/v1", ModelList(owners=frozenset({"sglang"})), "sglang"),
        ("http://localhost:8080/v1", ModelList(owners=frozenset({"llamacpp"})), "llama.cpp"),
        ("http://localhost:8080/v1", ModelList(headers={"server": "llama.cpp"}), "llama.cpp"),
        ("http://localhost:11434/v1", None, "ollama"),
        ("http://gpu:11434/v1", ModelList(owners=frozenset({"library"})), "ollama"),
        ("http://localhost:1234/v1", None, "lm-studio"),
        ("https://api.z.ai/api/paas/v4", None, "z.ai"),
        ("https://open.bigmodel.cn/api/paas/v4", None, "z.ai"),
        ("https://api.deepseek.com", None, "deepseek"),
        ("https://openrouter.ai/api/v1", None, "openrouter"),
        ("https://api.openai.com/v1", None, "openai"),
        ("http://127.0.0.1:8000/v1", ModelList(owners=frozenset({"autoglm"})), "autoglm"),
        ("http://api.openai.com.evil.example/v1", None, "generic"),
        ("http://localhost:5000/v1", ModelList(owners=frozenset({"me"})), "generic"),
    ],
)
def test_detection(url, models, name):
    assert detect(url, models).name == name


SWITCHES = {
    "vllm": ({"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}, "max_tokens"),
    "sglang": (
        {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}, "separate_reasoning": True},
        "max_tokens",
    ),
    "llama.cpp": ({"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}, "max_tokens"),
    "ollama": ({"reasoning_effort": "none"}, "max_tokens"),
    "lm-studio": ({}, "max_tokens"),
    "z.ai": ({"thinking": {"type": "disabled"}}, "max_tokens"),
    "deepseek": ({"thinking": {"type": "disabled"}}, "max_tokens"),
    "openrouter": ({"reasoning": {"enabled": False}}, "max_tokens"),
    "openai": ({"reasoning_effort": "low"}, "max_completion_tokens"),
    "transformers": ({"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}, "max_tokens"),
    "autoglm": ({"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}, "max_tokens"),
    "generic": ({"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}, "max_tokens"),
}
SWITCH_FIELDS = {"chat_template_kwargs", "thinking", "reasoning", "reasoning_effort", "separate_reasoning"}


@pytest.mark.parametrize("name", DIALECTS)
async def test_thinking_off_in_every_dialect(name):
    switch, limit = SWITCHES[name]
    with Endpoint() as endpoint:
        backend = RemoteBackend(endpoint.url, model="m", dialect=name)
        await events_of(backend, asking(thinking=False, max_new_tokens=7))
        await events_of(backend, asking(thinking=True))
    off, on = endpoint.chats
    assert {key: off[key] for key in SWITCH_FIELDS & off.keys()} == switch
    assert off[limit] == 7
    assert {key: on[key] for key in SWITCH_FIELDS & on.keys()} == dict(DIALECTS[name].thinking_on)
    assert ("stream_options" in on) == (name != "transformers")
    assert len(endpoint.exchanges) == 2, "with model and dialect given, nothing else is asked"


def test_an_unknown_dialect_is_an_error():
    with pytest.raises(InvalidRequest, match="dialect"):
        RemoteBackend("http://localhost/v1", dialect="martian")


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Unrecognized request argument supplied: chat_template_kwargs", "chat_template_kwargs"),
        ("Unsupported fields in the request: {'stream_options'}", "stream_options"),
        ("Unsupported value: 'temperature' does not support 0.0 with this model.", "temperature"),
    ],
)
async def test_a_field_that_the_server_does_not_know_is_left_out_from_then_on(message, field):
    async def handle(exchange: Exchange) -> None:
        if field in exchange.json:
            await exchange.reply(422, {"detail": message})
        else:
            await answering("ok")(exchange)

    with Endpoint(handle) as endpoint:
        backend = RemoteBackend(endpoint.url)
        assert fold(await events_of(backend)) == ("", "ok")
        assert fold(await events_of(backend)) == ("", "ok")
    assert [field in body for body in endpoint.chats] == [True, False, False]


async def test_the_other_name_of_the_token_limit():
    message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."

    async def handle(exchange: Exchange) -> None:
        if "max_tokens" in exchange.json:
            await exchange.reply(400, {"error": {"message": message}})
        else:
            await answering("ok")(exchange)

    with Endpoint(handle) as endpoint:
        assert fold(await events_of(RemoteBackend(endpoint.url), asking(max_new_tokens=5))) == ("", "ok")
    assert endpoint.chats[-1]["max_completion_tokens"] == 5


async def test_a_value_out_of_range_is_told_and_not_dropped():
    body = {"error": {"message": "temperature must be between 0 and 1"}}
    with Endpoint(refusing(400, body)) as endpoint:
        failed = failure(await events_of(RemoteBackend(endpoint.url), asking(temperature=1.5)))
    assert failed.kind is FailureKind.INVALID_REQUEST
    assert "between 0 and 1" in failed.message
    assert len(endpoint.chats) == 1


async def test_a_server_that_refuses_everything_is_not_asked_for_ever():
    body = {"error": {"message": "unknown fields: temperature stream_options chat_template_kwargs model"}}
    with Endpoint(refusing(400, body)) as endpoint:
        assert failure(await events_of(RemoteBackend(endpoint.url))).kind is FailureKind.INVALID_REQUEST
    assert len(endpoint.chats) < 5


# ------------------------------------------------------------------------------- the address


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/models"])
async def test_addresses_as_people_give_them(suffix):
    with Endpoint() as endpoint:
        assert finish(await events_of(RemoteBackend(endpoint.origin + suffix)))


async def test_an_api_without_v1():
    with Endpoint() as endpoint:
        endpoint.routes["/models"] = endpoint.routes.pop("/v1/models")
        endpoint.routes["/chat/completions"] = endpoint.routes.pop("/v1/chat/completions")
        assert finish(await events_of(RemoteBackend(endpoint.origin)))


async def test_a_web_site_at_every_path_but_the_api():
    page = refusing(200, "<!doctype html><title>Open Chat</title>", "text/html")
    with Endpoint(routes={"/models": page, "/chat/completions": page}) as endpoint:
        assert finish(await events_of(RemoteBackend(endpoint.origin)))


async def test_a_server_without_a_list_of_models():
    with Endpoint(routes={"/v1/models": refusing(404, {"detail": "Not Found"})}) as endpoint:
        assert finish(await events_of(RemoteBackend(endpoint.url, model="given")))
        assert endpoint.chats[0]["model"] == "given"
        failed = failure(await events_of(RemoteBackend(endpoint.url)))
    assert failed.kind is FailureKind.NOT_FOUND
    assert "Name the model" in failed.remedy


async def test_models():
    with Endpoint(models=["a", "b"]) as endpoint:
        backend = RemoteBackend(endpoint.url)
        assert backend.name == f"127.0.0.1:{endpoint.port}"
        assert await backend.list_models() == ["a", "b"]
        await events_of(backend)
        assert backend.name == f"a @ 127.0.0.1:{endpoint.port}"
        assert endpoint.chats[0]["model"] == "a"


def test_state():
    backend = RemoteBackend("http://user:word@localhost:8000/v1", "secret", "m")
    assert backend.readiness().state == "ready"
    assert backend.readiness().detail == "http://localhost:8000/v1"
    assert backend.name == "m @ localhost:8000"
    assert "secret" not in repr(backend) + str(vars(backend))
    assert "word" not in repr(backend)
    capabilities = backend.capabilities()
    assert (capabilities.image, capabilities.audio, capabilities.thinking) == (True, True, True)
    assert not RemoteBackend("https://api.deepseek.com", "k", "m").capabilities().image


async def test_one_backend_in_two_event_loops():
    with Endpoint() as endpoint:
        backend = RemoteBackend(endpoint.url)
        assert finish(await events_of(backend))
        other = await asyncio.to_thread(lambda: asyncio.run(events_of(backend)))
        assert finish(other)
        assert finish(await events_of(backend))
        await backend.aclose()


async def test_two_requests_at_once_do_not_mix():
    async def handle(exchange: Exchange) -> None:
        word = exchange.json["messages"][0]["content"]
        await exchange.stream([*(chunk(word) for _ in range(20)), chunk(finish="stop")], pause=0.002)

    with Endpoint(handle) as endpoint:
        backend = RemoteBackend(endpoint.url)
        replies = await asyncio.gather(*(events_of(backend, asking(word)) for word in "abc"))
    assert [fold(events) for events in replies] == [("", word * 20) for word in "abc"]


# ------------------------------------------------------------------------------- loading


async def test_a_model_that_is_still_loading_is_waited_for(monkeypatch):
    monkeypatch.setattr("autoglm_ui.backends.remote.backend._LOADING_PAUSE", 0.01)
    asked = []

    async def handle(exchange: Exchange) -> None:
        asked.append(exchange)
        if len(asked) < 4:
            await exchange.reply(503, {"error": {"code": 503, "message": "Loading model"}})
        else:
            await answering("ready")(exchange)

    with Endpoint(handle) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url))
    assert events[:3] == [Queued(reason="loading")] * 3
    assert fold(events) == ("", "ready")


# ------------------------------------------------------------------------------- stopping


async def running(backend: RemoteBackend, until: type | None) -> asyncio.Task:
    """A task that reads the stream; it is returned once `until` came (None: once it was asked)."""
    came = asyncio.Event()

    async def read() -> None:
        async for event in backend.stream(asking()):
            if until is not None and isinstance(event, until):
                came.set()

    task = asyncio.create_task(read())
    if until is not None:
        await asyncio.wait_for(came.wait(), 30)
    return task


async def assert_gone(endpoint: Endpoint) -> None:
    """The server sees the client go while it is still at work."""
    assert await asyncio.to_thread(endpoint.gone.wait, 5), "the server never saw it"


async def hanging(exchange: Exchange) -> None:
    await asyncio.sleep(60)


async def hanging_after_words(exchange: Exchange) -> None:
    await exchange.head()
    await exchange.send(f"data: {json.dumps(chunk('word'))}\n\n")
    await asyncio.sleep(60)


async def test_stop_before_the_first_byte_reaches_the_server():
    with Endpoint(hanging) as endpoint:
        task = await running(RemoteBackend(endpoint.url, model="m", dialect="vllm"), None)
        assert await asyncio.to_thread(endpoint.asked.wait, 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        await assert_gone(endpoint)


async def test_stop_in_mid_stream_reaches_the_server():
    with Endpoint(hanging_after_words) as endpoint:
        task = await running(RemoteBackend(endpoint.url, model="m", dialect="vllm"), AnswerAdded)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        await assert_gone(endpoint)


async def test_closing_the_generator_reaches_the_server():
    with Endpoint(hanging_after_words) as endpoint:
        stream = RemoteBackend(endpoint.url, model="m", dialect="vllm").stream(asking())
        async for event in stream:
            if isinstance(event, AnswerAdded):
                break
        await stream.aclose()
        await assert_gone(endpoint)


async def test_stop_while_it_loads():
    with Endpoint(refusing(503, {"error": {"message": "Loading model"}})) as endpoint:
        task = await running(RemoteBackend(endpoint.url), Queued)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def test_after_a_stop_the_next_request_is_answered():
    with Endpoint(hanging_after_words) as endpoint:
        backend = RemoteBackend(endpoint.url, model="m", dialect="vllm")
        task = await running(backend, AnswerAdded)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        endpoint.routes["/v1/chat/completions"] = answering("fine")
        assert fold(await events_of(backend)) == ("", "fine")
