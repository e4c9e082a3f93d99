"""Every way in which a server can fail ends in words: what happened, in whose words, what to do."""

import asyncio
import json
import socket
import ssl
import subprocess

import pytest

from autoglm_ui.backends.remote import RemoteBackend
from autoglm_ui.backends.remote.endpoint import Timeouts
from autoglm_ui.backends.remote.failures import EndpointError
from autoglm_ui.backends.remote.refusals import words_of
from engine.protocol import Failed, FailureKind, Perceived
from tests.folding import fold
from tests.ui.conversing import events_of, failure, finish
from tests.ui.endpoints import Endpoint, Exchange, chunk, refusing

KEY = "sk-very-secret-key"


async def failing(endpoint_or_url, **how) -> Failed:
    url = endpoint_or_url.url if isinstance(endpoint_or_url, Endpoint) else endpoint_or_url
    backend = RemoteBackend(url, how.pop("key", KEY), **{"model": "m", **how})
    failed = failure(await events_of(backend))
    assert KEY not in failed.message + failed.remedy
    await backend.aclose()
    return failed


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# ------------------------------------------------------------------------------- nobody there


async def test_nobody_listens():
    port = free_port()
    failed = await failing(f"http://127.0.0.1:{port}/v1")
    assert failed.kind is FailureKind.UNREACHABLE
    assert f"127.0.0.1:{port}" in failed.message
    assert "refused" in failed.message
    assert "Start the server" in failed.remedy


async def test_no_such_host(monkeypatch):
    def getaddrinfo(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    failed = await failing("http://no-such-host.invalid/v1")
    assert failed.kind is FailureKind.UNREACHABLE
    assert "no host of that name" in failed.message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://host/v1",
        "http://",
        "http:///v1",
        "http://a b/",
        "http://h:99999/",
        "http://[::1",
    ],
)
async def test_no_address(url):
    failed = await failing(url)
    assert failed.kind is FailureKind.INVALID_REQUEST
    assert "no address" in failed.message
    assert "http://localhost:8000/v1" in failed.remedy
    backend = RemoteBackend(url)
    assert backend.readiness().state == "failed"
    with pytest.raises(EndpointError):
        await backend.list_models()


@pytest.mark.parametrize("key", ["ключ", "“sk-1”", "sk-1\n2", "密钥"])
async def test_a_key_that_cannot_be_sent(key):
    with Endpoint() as endpoint:
        failed = await failing(endpoint, key=key)
        assert not endpoint.exchanges
    assert failed.kind is FailureKind.UNAUTHORIZED
    assert "key" in failed.message
    assert key not in failed.message


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("tls")
    files = ["-keyout", folder / "key", "-out", folder / "cert", "-days", "2", "-subj", "/CN=localhost"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(["openssl", "req", *kind, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context


async def test_a_certificate_that_is_not_trusted(certificate):
    with Endpoint(tls=certificate) as endpoint:
        failed = await failing(endpoint)
    assert failed.kind is FailureKind.UNREACHABLE
    assert "certificate" in failed.message
    assert "SSL_CERT_FILE" in failed.remedy


async def test_https_to_a_server_that_speaks_http():
    with Endpoint() as endpoint:
        failed = await failing(endpoint.url.replace("http:", "https:"))
    assert failed.kind is FailureKind.UNREACHABLE
    assert "http://" in failed.remedy


async def test_http_to_a_server_that_speaks_https(certificate):
    with Endpoint(tls=certificate) as endpoint:
        failed = await failing(endpoint.url.replace("https:", "http:"))
    assert failed.kind in (FailureKind.UNREACHABLE, FailureKind.INTERRUPTED)


async def test_a_connection_that_is_never_accepted():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        held = []
        for _ in range(4):  # fill the queue: further connections get no answer at all
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            held.append(one)
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        failed = await failing(url, timeouts=Timeouts(connect=0.3, read=0.5, models=0.3))
        for one in held:
            one.close()
    assert failed.kind is FailureKind.UNREACHABLE
    assert "0.3 seconds" in failed.message


async def test_a_server_that_says_nothing():
    async def silent(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    with Endpoint(silent) as endpoint:
        failed = await failing(endpoint, timeouts=Timeouts(read=0.3))
    assert failed.kind is FailureKind.TIMED_OUT
    assert "0.3 seconds" in failed.message


# ------------------------------------------------------------------------------- HTTP errors

NESTED = {"error": {"message": "the server's own words", "type": "t", "code": None}}

STATUSES = {
    400: (FailureKind.INVALID_REQUEST, ""),
    401: (FailureKind.UNAUTHORIZED, "API key"),
    402: (FailureKind.UNAUTHORIZED, "balance"),
    403: (FailureKind.UNAUTHORIZED, "key"),
    404: (FailureKind.NOT_FOUND, ""),
    405: (FailureKind.NOT_FOUND, ""),
    408: (FailureKind.TIMED_OUT, "Try again"),
    409: (FailureKind.INVALID_REQUEST, ""),
    413: (FailureKind.TOO_LONG, "smaller"),
    418: (FailureKind.INVALID_REQUEST, ""),
    422: (FailureKind.INVALID_REQUEST, ""),
    429: (FailureKind.RATE_LIMITED, "try again"),
    500: (FailureKind.SERVER_ERROR, "Try again"),
    502: (FailureKind.SERVER_ERROR, "Try again"),
    503: (FailureKind.BUSY, "overloaded"),
    504: (FailureKind.TIMED_OUT, "overloaded"),
    529: (FailureKind.BUSY, "overloaded"),
}


@pytest.mark.parametrize("status", STATUSES)
async def test_status(status):
    with Endpoint(refusing(status, NESTED)) as endpoint:
        failed = await failing(endpoint)
        assert len(endpoint.chats) == 1, "nothing is tried again in silence"
    kind, remedy = STATUSES[status]
    assert (failed.kind, failed.status) == (kind, status)
    assert f"HTTP {status}" in failed.message
    assert "the server's own words" in failed.message
    assert remedy in failed.remedy


BODIES = {
    "nested": (NESTED, "the server's own words"),
    "flat": ({"object": "error", "message": "flat words", "code": 400}, "flat words"),
    "error is a string": ({"error": "string words"}, "string words"),
    "detail": ({"detail": "detail words"}, "detail words"),
    "pydantic": (
        {"detail": [{"loc": ["body", "temperature"], "msg": "too hot"}]},
        "body.temperature: too hot",
    ),
    "something else": ({"reason": "odd words"}, "odd words"),
    "text": ("plain words", "plain words"),
    "a page": ("<html><head><title>413 Entity Too Large</title></head><body>nginx", "413 Entity Too Large"),
    "nothing": ("", "HTTP 400"),
    "a list": ([{"error": {"message": "listed words"}}], "listed words"),
    "long": ({"error": {"message": "x" * 5000}}, "xxx…"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_words_of_every_shape(name):
    body, words = BODIES[name]
    with Endpoint(refusing(400, body, None if not isinstance(body, str) else "text/plain")) as endpoint:
        failed = await failing(endpoint)
    assert words in failed.message
    assert len(failed.message) < 600
    assert "<" not in failed.message


async def test_the_key_is_not_repeated():
    with Endpoint(refusing(401, {"error": {"message": f"Incorrect API key provided: {KEY}."}})) as endpoint:
        failed = await failing(endpoint)
    assert "Incorrect API key provided: …" in failed.message


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000",
        "the request exceeds the available context size (4096 tokens), try increasing it",
        "context_length_exceeded: the text is 900 tokens long",
        "Input length (30000) is longer than the maximum context",
    ],
)
async def test_too_long(words):
    with Endpoint(refusing(400, {"error": {"message": words}})) as endpoint:
        failed = await failing(endpoint)
    assert failed.kind is FailureKind.TOO_LONG
    assert "Shorten" in failed.remedy


async def test_a_wrong_model():
    body = {"error": {"message": "The model `m` does not exist.", "code": 404}}
    with Endpoint(refusing(404, body), models=["a", "b"]) as endpoint:
        failed = await failing(endpoint)
    assert failed.kind is FailureKind.NOT_FOUND
    assert "model's name (m)" in failed.remedy
    assert "It has a, b." in failed.remedy


async def test_a_wrong_path_suggests_v1():
    with Endpoint() as endpoint:
        failed = await failing(f"{endpoint.origin}/api", dialect="vllm")
    assert failed.kind is FailureKind.NOT_FOUND
    assert f"{endpoint.origin}/api/v1" in failed.remedy


async def test_retry_after_is_shown_and_not_slept():
    with Endpoint(refusing(429, NESTED, Retry_After="77")) as endpoint:
        async with asyncio.timeout(20):
            failed = await failing(endpoint)
    assert "77 seconds" in failed.remedy


async def test_no_quota_is_no_matter_of_waiting():
    body = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    with Endpoint(refusing(429, body)) as endpoint:
        failed = await failing(endpoint)
    assert "quota" in failed.remedy


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("bad_media", FailureKind.BAD_MEDIA),
        ("unsupported", FailureKind.UNSUPPORTED),
        ("busy", FailureKind.BUSY),
    ],
)
async def test_our_own_server_names_the_kind(code, kind):
    with Endpoint(refusing(400, {"error": {"message": "words", "code": code}})) as endpoint:
        assert (await failing(endpoint)).kind is kind


async def test_a_refused_key_is_seen_at_the_first_look():
    with Endpoint(routes={"/v1/models": refusing(401, {"error": "Unauthorized"})}) as endpoint:
        failed = await failing(endpoint, model=None)
        assert not endpoint.chats
        with pytest.raises(EndpointError) as error:
            await RemoteBackend(endpoint.url, KEY).list_models()
    assert failed.kind is error.value.kind is FailureKind.UNAUTHORIZED
    assert "Unauthorized" in failed.message


# ------------------------------------------------------------------------------- 200, and yet

WEB_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        (WEB_PAGE, "text/html; charset=utf-8", "a web page (Sign in)"),
        ("not json", "application/json", "not json"),
        ('["a", "list"]', "application/json", "not with a reply"),
        ('{"hello": "world"}', "application/json", "hello"),
    ],
)
async def test_not_a_stream(body, media_type, words):
    with Endpoint(refusing(200, body, media_type)) as endpoint:
        failed = await failing(endpoint)
    assert failed.kind is FailureKind.SERVER_ERROR
    assert words in failed.message
    assert failed.status == 200


async def test_an_error_object_with_status_200():
    with Endpoint(refusing(200, NESTED)) as endpoint:
        failed = await failing(endpoint)
    assert "the server's own words" in failed.message


@pytest.mark.parametrize("media_type", ["text/event-stream", "text/plain", "application/octet-stream"])
@pytest.mark.parametrize("body", ["", "\n\n", ": ping\n\n", "data: [DONE]\n\n", "OK"])
async def test_nothing(body, media_type):
    with Endpoint(refusing(200, body, media_type)) as endpoint:
        failed = await failing(endpoint)
    assert failed.kind is FailureKind.INTERRUPTED


# ------------------------------------------------------------------------------- in mid-stream


def breaking(tail: str | bytes, *, finish: bool = False):
    """A handler that streams two words, then `tail` as it is, and closes the connection."""

    async def handle(exchange: Exchange) -> None:
        await exchange.head()
        pieces = [chunk("two "), chunk("words")] + ([chunk(finish="stop")] if finish else [])
        for piece in pieces:
            await exchange.send(f"data: {json.dumps(piece)}\n\n")
        await exchange.send(tail)

    return handle


async def breaking_off(tail: str | bytes) -> Failed:
    with Endpoint(breaking(tail)) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url, KEY, "m"))
    assert fold(events) == ("", "two words"), "what had arrived is kept"
    assert any(isinstance(event, Perceived) for event in events)
    return failure(events)


MID_STREAM = {
    "nested": ('data: {"error": {"message": "no memory", "code": 500}}\n\n', FailureKind.SERVER_ERROR),
    "flat": (
        'data: {"object": "error", "message": "no memory", "code": 400}\n\n',
        FailureKind.INVALID_REQUEST,
    ),
    "flat without a mark": ('data: {"message": "no memory"}\n\n', FailureKind.SERVER_ERROR),
    "error is a string": ('data: {"error": "no memory"}\n\n', FailureKind.SERVER_ERROR),
    "an error event": (
        'event: error\ndata: {"error": {"message": "no memory"}}\n\n',
        FailureKind.SERVER_ERROR,
    ),
    "in a choice": (
        'data: {"choices": [{"delta": {}, "error": {"message": "no memory", "code": 502}}]}\n\n',
        FailureKind.SERVER_ERROR,
    ),
    "rate limited": (
        'data: {"error": {"message": "no memory", "code": 429}}\n\n',
        FailureKind.RATE_LIMITED,
    ),
    "followed by the end": (
        'data: {"error": {"message": "no memory"}}\n\ndata: [DONE]\n\n',
        FailureKind.SERVER_ERROR,
    ),
}


@pytest.mark.parametrize("name", MID_STREAM)
async def test_an_error_object_in_the_stream(name):
    tail, kind = MID_STREAM[name]
    failed = await breaking_off(tail)
    assert "no memory" in failed.message
    assert failed.kind is kind


async def test_too_long_in_the_stream():
    failed = await breaking_off('data: {"error": {"message": "context_length_exceeded: too long"}}\n\n')
    assert failed.kind is FailureKind.TOO_LONG


@pytest.mark.parametrize(
    "tail",
    ["", "data: ", 'data: {"choices": [{"delta": {"content": "hal', ": ping\n\n", "event: message\n"],
    ids=["no end", "an empty event", "half an event", "a comment", "half a frame"],
)
async def test_a_stream_that_just_ends_has_failed(tail):
    failed = await breaking_off(tail)
    assert failed.kind is FailureKind.INTERRUPTED
    assert "kept" in failed.remedy


async def test_json_that_is_none():
    failed = await breaking_off("data: {nonsense}\n\n")
    assert failed.kind is FailureKind.SERVER_ERROR
    assert "{nonsense}" in failed.message


async def test_a_connection_that_breaks():
    async def handle(exchange: Exchange) -> None:
        await exchange.head(200, "text/event-stream", Content_Length="100000")
        await exchange.send(f"data: {json.dumps(chunk('two words'))}\n\n")

    with Endpoint(handle) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url, KEY, "m"))
    assert fold(events) == ("", "two words")
    failed = failure(events)
    assert failed.kind is FailureKind.INTERRUPTED
    assert "broke" in failed.message


async def test_what_could_have_been_a_tag_is_kept():
    async def handle(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.send(f"data: {json.dumps(chunk('is a <'))}\n\ndata: nonsense\n\n")

    with Endpoint(handle) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url, KEY, "m"))
    assert failure(events).kind is FailureKind.SERVER_ERROR
    assert fold(events) == ("", "is a <")


async def test_another_model_after_a_restart():
    with Endpoint(models=["old"]) as endpoint:
        backend = RemoteBackend(endpoint.url)
        assert fold(await events_of(backend)) == ("", "Hello.")
        port = endpoint.port
    assert failure(await events_of(backend)).kind is FailureKind.UNREACHABLE
    with Endpoint(models=["new"], port=port) as endpoint:
        assert fold(await events_of(backend)) == ("", "Hello.")
        assert endpoint.chats[0]["model"] == "new"


async def test_silence_in_mid_stream():
    async def handle(exchange: Exchange) -> None:
        await breaking("")(exchange)
        await asyncio.sleep(60)

    with Endpoint(handle) as endpoint:
        backend = RemoteBackend(endpoint.url, KEY, "m", timeouts=Timeouts(read=0.3))
        events = await events_of(backend)
    assert fold(events) == ("", "two words")
    assert failure(events).kind is FailureKind.TIMED_OUT


@pytest.mark.parametrize("reason", ["abort", "error", "network_error", "insufficient_system_resource"])
async def test_reasons_that_are_failures(reason):
    tail = f"data: {json.dumps(chunk(finish=reason))}\n\ndata: [DONE]\n\n"
    assert (await breaking_off(tail)).kind is FailureKind.INTERRUPTED


async def test_an_end_mark_without_a_reason_is_an_end():
    with Endpoint(breaking("data: [DONE]\n\n")) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url, KEY, "m"))
    assert finish(events).reason == "stop"


async def test_a_reason_without_an_end_mark_is_an_end():
    with Endpoint(breaking("", finish=True)) as endpoint:
        events = await events_of(RemoteBackend(endpoint.url, KEY, "m"))
    assert finish(events).reason == "stop"


async def test_after_a_failure_the_next_request_is_answered():
    with Endpoint(breaking("")) as endpoint:
        backend = RemoteBackend(endpoint.url, KEY, "m")
        failure(await events_of(backend))
        endpoint.routes["/v1/chat/completions"] = breaking("", finish=True)
        assert fold(await events_of(backend)) == ("", "two words")


async def test_a_server_that_comes_later():
    """The first look is not remembered when nobody answered."""
    port = free_port()
    backend = RemoteBackend(f"http://127.0.0.1:{port}/v1")
    assert failure(await events_of(backend)).kind is FailureKind.UNREACHABLE
    with Endpoint(port=port):
        assert fold(await events_of(backend)) == ("", "Hello.")


def test_words_of_nothing():
    assert words_of(None) == words_of({}) == ""
