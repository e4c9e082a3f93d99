"""Whatever goes wrong between here and a server, as `Failed`: its own words, its status, what to do."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from autoglm_ui.backends.remote.refusals import Refusal, chain, refusal_of, words_of
from engine.protocol import AssistantError, Failed, FailureKind

_PLAIN = "If the server speaks plain HTTP, begin the address with http:// instead of https://."
_LISTED_MAX = 8
_SHORTEN = "Shorten the message, or begin a new conversation."


class EndpointError(AssistantError):
    """A failure of any kind at an endpoint."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(failure.message, failure.remedy, failure.status)
        self.kind = failure.kind


class StreamError(Exception):
    """An error object that a server sent inside its stream."""

    def __init__(self, error: object) -> None:
        super().__init__(words_of(error))
        self.error = error


class NotAStream(Exception):
    """A server answered 200 with something else than a chat completion."""

    def __init__(self, media_type: str, text: str) -> None:
        super().__init__(media_type)
        self.media_type = media_type
        self.text = text


class CutOff(Exception):
    """A stream ended before the answer did."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request went, to name it in words.

    `listed` are the models that the server says it has. `secret` is never shown.
    """

    name: str
    base_url: str
    model: str
    listed: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    connect_seconds: float = 5.0
    read_seconds: float = 600.0

    def hidden(self, text: str) -> str:
        return text.replace(self.secret, "…") if len(self.secret) > 3 else text


# ------------------------------------------------------------------------------- in our words


def failure_of(error: BaseException, asked: Asked) -> Failed:
    """`error`, raised while `asked` was asked, as the last event of its stream."""
    links = list(chain(error))
    for one in links:
        if isinstance(one, AssistantError):
            return one.as_event()
    refusal = refusal_of(error)
    failure = _refused(refusal, asked) if refusal else _broken(links, asked)
    return Failed(failure.kind, asked.hidden(failure.message), failure.remedy, failure.status)


def _refused(refusal: Refusal, asked: Asked) -> Failed:
    kind, remedy = _meaning(refusal, asked)
    said = f": {refusal.words}" if refusal.words else ""
    return Failed(kind, f"{asked.name} answered HTTP {refusal.status}{said}", remedy, refusal.status)


def _meaning(refusal: Refusal, asked: Asked) -> tuple[FailureKind, str]:
    kind = FailureKind
    if refusal.code in set(FailureKind) - {kind.INTERNAL}:  # another of our servers
        return FailureKind(refusal.code), "Change the request as it says, and try again."
    if refusal.status in (400, 413, 422) and refusal.says_too_long:
        return kind.TOO_LONG, _SHORTEN
    if refusal.says_no_media:
        return kind.UNSUPPORTED, "Remove the attachment, or choose a model that takes it."
    match refusal.status:
        case 401:
            return kind.UNAUTHORIZED, "Check the API key in the settings."
        case 403:
            return kind.UNAUTHORIZED, "Check that this key may use this model, or choose another model."
        case 402:
            return kind.UNAUTHORIZED, "Check the balance of this account."
        case 404 | 405:
            return kind.NOT_FOUND, _not_found(refusal, asked)
        case 408 | 504:
            return kind.TIMED_OUT, "Try again; if it stays so, the server is overloaded."
        case 413:
            return kind.TOO_LONG, "Send a smaller picture or a shorter recording."
        case 429:
            return kind.RATE_LIMITED, _rate_limited(refusal)
        case 503 | 529:
            return kind.BUSY, f"The server is overloaded or starting. {_again(refusal)}"
        case status if status >= 500:
            return kind.SERVER_ERROR, "Try again; if it stays so, the server's own log tells more."
        case _:
            return kind.INVALID_REQUEST, "Change the request as it says, or check the dialect of this server."


def _not_found(refusal: Refusal, asked: Asked) -> str:
    if "model" in refusal.words.lower():
        has = f" It has {', '.join(asked.listed[:_LISTED_MAX])}." if asked.listed else ""
        return f"Check the model's name ({asked.model or 'none given'}) in the settings.{has}"
    if re.search(r"/v\d+$", asked.base_url):
        return "Check the endpoint's address, and that a chat model is served there."
    return f"Most servers want /v1 at the end of the address: {asked.base_url}/v1"


def _rate_limited(refusal: Refusal) -> str:
    if refusal.is_about_money:
        return "Check the quota or the balance of this account."
    return _again(refusal)


def _again(refusal: Refusal) -> str:
    if refusal.retry_after is None:
        return "Wait a moment, then try again."
    return f"Try again in {refusal.retry_after:.0f} seconds."


def _broken(links: list[BaseException], asked: Asked) -> Failed:
    """A failure without an HTTP status."""
    kind = FailureKind
    names = {name for one in links for name in _class_names(one)}
    said = next((str(one) for one in reversed(links) if str(one)), type(links[0]).__name__)
    for one in links:
        if isinstance(one, StreamError):
            return _stream_error(one.error, asked)
        if isinstance(one, NotAStream):
            return _not_a_stream(one, asked)
        if isinstance(one, json.JSONDecodeError):
            text = f"{asked.name} sent a piece of its answer that is not JSON: {one.doc[:120]!r}"
            return Failed(
                kind.SERVER_ERROR, text, "Try again; if it stays so, the server or a proxy is broken."
            )
        if isinstance(one, UnicodeEncodeError):
            return Failed(
                kind.UNAUTHORIZED,
                "the API key holds characters that no key has",
                "Copy the key again, without quotes, spaces or other signs around it.",
            )
        if isinstance(one, ValueError) and "No generation chunks" in str(one):
            return Failed(
                kind.INTERRUPTED,
                f"{asked.name} ended its reply before it began",
                "Try again; if it stays so, check that the address is that of a chat API.",
            )
        if isinstance(one, CutOff):
            return Failed(kind.INTERRUPTED, f"{asked.name} {one}", "What had arrived is kept. Try again.")
    if type(links[0]).__name__ == "APIError":  # the SDK's, for an error object inside a stream
        return _stream_error(getattr(links[0], "body", None) or said, asked)
    if any("Timeout" in name for name in names) or any(isinstance(one, TimeoutError) for one in links):
        return _timed_out(names, asked)
    return _unreachable(links, names, said, asked)


def _class_names(error: BaseException) -> list[str]:
    return [base.__name__ for base in type(error).__mro__]


def _stream_error(error: object, asked: Asked) -> Failed:
    """An error object in mid-stream often names the HTTP status that it would have had."""
    flat = error if isinstance(error, Mapping) else {}
    inner = flat.get("error")
    source = inner if isinstance(inner, Mapping) else flat
    code = str(source.get("status_code") or source.get("code") or "")
    status = int(code) if code.isdigit() and 400 <= int(code) < 600 else None
    refusal = Refusal(status or 500, words_of(error), code)
    if refusal.says_too_long:
        kind, remedy = FailureKind.TOO_LONG, _SHORTEN
    else:
        kind, remedy = _meaning(refusal, asked)
    return Failed(kind, f"{asked.name} broke off with an error: {refusal.words}", remedy, status)


def _not_a_stream(error: NotAStream, asked: Asked) -> Failed:
    page = "html" in error.media_type or error.text.lstrip()[:1] == "<"
    what = "a web page" if page else error.media_type or "nothing that can be read"
    words = words_of(error.text)
    said = f" ({words[:120]})" if words else ""
    remedy = f"Check the address: it should be the API and not a web site, for example {asked.base_url}/v1"
    if re.search(r"/v\d+$", asked.base_url) or not page:
        remedy = "Check the endpoint's address, and that no login page or proxy stands before it."
    return Failed(
        FailureKind.SERVER_ERROR, f"{asked.name} answered with {what}{said}, not with a reply", remedy, 200
    )


def _timed_out(names: set[str], asked: Asked) -> Failed:
    if "ConnectTimeout" in names:
        remedy = "Check the address, the network and whether the server is on."
        if asked.base_url.startswith("https:"):
            remedy += f" {_PLAIN}"
        text = f"{asked.base_url} did not answer within {asked.connect_seconds:g} seconds"
        return Failed(FailureKind.UNREACHABLE, text, remedy)
    return Failed(
        FailureKind.TIMED_OUT,
        f"{asked.name} sent nothing for {asked.read_seconds:g} seconds",
        "Try again; a shorter message or a smaller picture takes less time.",
    )


def _unreachable(links: list[BaseException], names: set[str], said: str, asked: Asked) -> Failed:
    kind = FailureKind
    for one in links:
        if isinstance(one, socket.gaierror):
            return Failed(
                kind.UNREACHABLE, f"there is no host of that name: {asked.base_url}", "Check the address."
            )
        if isinstance(one, ssl.SSLError):
            return _tls(one, asked)
        if isinstance(one, ConnectionRefusedError):
            return _nobody_listens(asked)
    if re.search(r"name or service|nodename nor|name resolution|getaddrinfo", said, re.IGNORECASE):
        return Failed(
            kind.UNREACHABLE, f"there is no host of that name: {asked.base_url}", "Check the address."
        )
    if "InvalidURL" in names or "UnsupportedProtocol" in names:
        return bad_address(asked.base_url)
    if "ConnectError" in names:
        return _nobody_listens(asked)
    if names & {"ReadError", "RemoteProtocolError", "WriteError", "ConnectionResetError", "CloseError"}:
        return Failed(
            kind.INTERRUPTED,
            f"the connection to {asked.name} broke ({said})",
            "What had arrived is kept. Try again.",
        )
    if "APIConnectionError" in names:
        return Failed(kind.UNREACHABLE, f"{asked.base_url} could not be reached: {said}", "Try again.")
    return Failed(
        kind.INTERNAL,
        f"{type(links[0]).__name__}: {said}",
        "This is a defect of the program. Its log has the details. Try again.",
    )


def _nobody_listens(asked: Asked) -> Failed:
    return Failed(
        FailureKind.UNREACHABLE,
        f"nothing listens at {asked.base_url} (connection refused)",
        "Start the server, or check the address and the port.",
    )


def _tls(error: ssl.SSLError, asked: Asked) -> Failed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failed(
            FailureKind.UNREACHABLE,
            f"the certificate of {asked.base_url} is not trusted: {error.verify_message}",
            "Use the name that the certificate is for, or name its authority in SSL_CERT_FILE.",
        )
    return Failed(
        FailureKind.UNREACHABLE,
        f"no secure connection to {asked.base_url}: {error.reason or error}",
        _PLAIN,
    )


def bad_address(base_url: str) -> Failed:
    return Failed(
        FailureKind.INVALID_REQUEST,
        f"{base_url!r} is no address of a server",
        "Give one like http://localhost:8000/v1",
    )
