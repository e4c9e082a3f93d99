"""What the page may load, and under which names it may be asked for."""

from __future__ import annotations

import errno
import ipaddress
import logging
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

#: Nothing from other machines: a model's answer cannot make the browser fetch a picture that tells
#: a stranger what was said. Gradio itself needs inline and evaluated scripts.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "form-action 'self'",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
    )
)

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # Not to others; without it to the page itself, forms would not tell where they were sent from.
    "referrer-policy": "same-origin",
}


class SecurityHeaders:
    """Adds the content security policy to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


#: What a proxy adds to what it passes on.
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def on_this_machine(request: Any) -> bool:
    """Whether who asks sits at the machine that serves the page; in doubt, not.

    The connection comes from this machine's own address, nothing on the way says that it was passed on,
    and the page was opened under such an address, too: behind a proxy, everybody seems to be here.
    """
    scope, headers = request.request.scope, request.headers
    client, server = scope.get("client"), scope.get("server")
    if not client or any(name in headers for name in _PASSED_ON):
        return False
    here = {server[0]} if server else set()
    origin = urlsplit(headers.get("origin") or f"//{headers.get('host', '')}").hostname or ""
    return _own(client[0], here) and _own(origin, here)


def came_from(request: Any) -> str:
    """The address that a request came from; empty where it is this machine's own, as behind a proxy."""
    client = request.request.scope.get("client")
    return "" if not client or _own(client[0], set()) else client[0]


def _own(host: str, here: set[str]) -> bool:
    try:
        return host == "localhost" or host in here or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


#: What the system says when there is no room for a file.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FullDisk:
    """Answers 507 instead of 500 where there is no room on the disk: the page keeps what it sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def noticing(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noticing)
        except OSError as error:
            if error.errno not in _FULL or began or scope["type"] != "http":
                raise
            log.warning("no room on the disk for %s", scope["path"])
            response = PlainTextResponse("There is no room on this machine's disk.\n", status_code=507)
            await response(scope, receive, send)


class TrustedHosts:
    """Refuses requests for other host names: a stranger's site whose name points at this machine.

    Plain addresses are taken as they are, since no name can be pointed elsewhere behind them;
    starlette's own TrustedHostMiddleware cannot say that, and a page served to a local network is
    asked for by address.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = ("localhost", *names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or self._trusted(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            "This page does not answer to that host name. Whoever runs it can allow the name: "
            "--allowed-hosts NAME\n",
            status_code=400,
        )
        await refusal(scope, receive, send)

    def _trusted(self, host: str) -> bool:
        name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return any(fnmatch(name.lower(), known) for known in self._names)
        return True
