"""Pictures that a request only names: fetched where that is allowed, and from nowhere else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from engine.server.errors import ApiError
from engine.server.remote_media import AllowedHost, MediaFetcher, is_public
from tests.engine.serving import serving
from tests.engine.test_wire import asking, packed, picture, shown


class Shelf(BaseHTTPRequestHandler):
    """Pictures, and ways elsewhere."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"]))  # type: ignore[attr-defined]
        name, _, argument = self.path[1:].partition("?")
        status = {"away": 302, "gone": 404}.get(name, 200)
        body = {"picture": picture(64, 48), "large": bytes(300_000)}.get(name, b"")
        self.send_response(status)
        if name == "away":
            self.send_header("Location", argument)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def shelf() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def there() -> Iterator[ThreadingHTTPServer]:
    with shelf() as server:
        yield server


def get(fetcher: MediaFetcher, url: str) -> bytes:
    return asyncio.run(fetcher.fetch([(url, "image")]))[url]


def refusal(fetcher: MediaFetcher, url: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        get(fetcher, url)
    assert caught.value.param == "image"
    return caught.value


def leading_to(*addresses: str) -> Any:
    """A resolver whose answer changes each time, as that of someone who rebinds a name."""
    answers = iter(addresses)

    async def resolve(host: str, port: int) -> list[str]:
        return [next(answers)]

    return resolve


def test_an_allowed_host_is_fetched_from(there: ThreadingHTTPServer):
    port = there.server_port
    url = f"http://127.0.0.1:{port}/picture"
    fetcher = MediaFetcher([f"127.0.0.1:{port}"])
    assert get(fetcher, url) == picture(64, 48)
    assert get(fetcher, f"http://127.0.0.1:{port}/away?{url}") == picture(64, 48)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/picture",
        "http://localhost:{port}/picture",
        "https://images.example.org.evil.example/cat.png",
        "http://images.example.org:8080/cat.png",
        "http://images.example.org@127.0.0.1:{port}/picture",
        "http://user:password@images.example.org/cat.png",
        "file:///etc/passwd",
        "file://images.example.org/etc/passwd",
        "ftp://images.example.org/cat.png",
        "gopher://images.example.org/cat.png",
        "http://[::1",
        "http:///cat.png",
        "images.example.org/cat.png",
        "",
    ],
)
def test_what_is_not_on_the_list_is_never_asked(there: ThreadingHTTPServer, url: str):
    asked = len(there.asked)  # type: ignore[attr-defined]
    fetcher = MediaFetcher(["images.example.org"], resolve=leading_to("127.0.0.1"))
    assert refusal(fetcher, url.format(port=there.server_port)).code == "remote_media_refused"
    assert len(there.asked) == asked  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str):
    assert not is_public(address)
    fetcher = MediaFetcher(["images.example.org"], resolve=leading_to(address))
    error = refusal(fetcher, "https://images.example.org/cat.png")
    assert (error.status, error.code) == (400, "remote_media_refused")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_an_address_of_the_internet_is_public(address: str):
    assert is_public(address)


def test_the_connection_goes_to_the_address_that_was_checked():
    """A name that is public when it is checked and private a moment later gains nothing by that. (That
    connection is refused here, as all that leave this machine, and the refusal names where it went.)"""
    answers = iter(["93.184.215.14", "127.0.0.1"])

    async def resolve(host: str, port: int) -> list[str]:
        return [next(answers)]

    error = refusal(
        MediaFetcher(["images.example.org"], resolve=resolve), "http://images.example.org/cat.png"
    )
    assert error.code == "remote_media_failed"
    reasons: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        reasons.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    assert any("'93.184.215.14'" in reason for reason in reasons), reasons
    assert next(answers) == "127.0.0.1"


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost:{port}/picture",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//10.0.0.1/cat.png",
    ],
)
def test_a_redirect_is_checked_as_if_it_had_been_sent(there: ThreadingHTTPServer, target: str):
    port = there.server_port
    url = f"http://127.0.0.1:{port}/away?{target.format(port=port)}"
    assert refusal(MediaFetcher([f"127.0.0.1:{port}"]), url).code == "remote_media_refused"


def test_redirects_end(there: ThreadingHTTPServer):
    port = there.server_port
    error = refusal(MediaFetcher([f"127.0.0.1:{port}"]), f"http://127.0.0.1:{port}/away?/away")
    assert "redirected" in error.message


def test_what_is_too_large_or_not_there_is_said(there: ThreadingHTTPServer):
    base = f"http://127.0.0.1:{there.server_port}"
    fetcher = MediaFetcher([base.removeprefix("http://")], size_max=100_000)
    error = refusal(fetcher, f"{base}/large")
    assert (error.status, error.code) == (413, "media_too_large")
    assert "HTTP 404" in refusal(fetcher, f"{base}/gone").message


def test_a_host_that_never_answers_is_given_up():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        error = refusal(MediaFetcher([host], patience=0.2), f"http://{host}/picture")
    assert error.code == "remote_media_failed"


@pytest.mark.parametrize(
    "text", ["", "http://example.org", "example.org/path", "a*.example.org", "a@b", "x:y"]
)
def test_what_is_no_host_cannot_be_allowed(text: str):
    with pytest.raises(ValueError):
        AllowedHost.parse(text)


def test_a_star_stands_for_names_below():
    known = AllowedHost.parse("*.example.org")
    assert known.admits("a.example.org", 443, "https")
    assert not known.admits("example.org", 443, "https")
    assert not known.admits("a.example.org.evil.example", 443, "https")


def test_a_picture_by_its_address_over_http(there: ThreadingHTTPServer):
    url = f"http://127.0.0.1:{there.server_port}/picture"
    media = MediaFetcher([f"127.0.0.1:{there.server_port}"])
    with serving(ScriptedBackend(Script(delay=0)), media=media) as service:

        def answer(body: dict[str, Any]) -> str:
            response = httpx.post(f"{service.url}/v1/chat/completions", json=body, timeout=10)
            assert response.status_code == 200, response.text
            return response.json()["choices"][0]["message"]["content"]

        expected = "Picture received: 64×48."
        assert expected in answer({"messages": asking(shown(url))})
        question = [{"role": "user", "content": "What is it?"}]
        for image in (url, packed(picture(64, 48)), f"data:image/png;base64,{packed(picture(64, 48))}"):
            said = answer({"messages": question, "image": image, "query": "Where is it?"})
            assert expected in said
            assert said.endswith("Text received: What is it?\nWhere is it?")
