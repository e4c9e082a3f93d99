"""The door: nothing of the page is served to who has not signed in, whichever route asks for it.

Not Gradio's own `auth`: that leaves the routes beside the page open, lets passwords be tried without end,
and forgets everybody at each start.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import math
import os
import secrets
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from autoglm_ui.accounts import Accounts, Throttle
from autoglm_ui.settings import Language
from autoglm_ui.view.strings import LANGUAGES, Strings, preferred
from autoglm_ui.view.theme import ASSETS

STYLE = ASSETS / "sign_in.css"

#: Seconds for which a browser stays signed in.
LASTING = 14 * 24 * 3600

#: Open to everybody: what a load balancer asks, what Gradio asks itself at the start, and what asks for a
#: key of its own.
OPEN = ("/health", "/gradio_api/startup-events")
KEYED = ("/v1/", "/metrics")

_BODY_MAX = 8192
_USER = "autoglm.user"


def user(connection: HTTPConnection) -> str | None:
    """Who signed in; Gradio asks this for each of its requests."""
    return connection.scope.get(_USER)


@dataclass(frozen=True, slots=True)
class Door:
    """What the door knows. `embedded`: the page is shown within another site's, as a Space is."""

    accounts: Accounts
    secret: bytes
    language: Language | None = None
    embedded: bool = False

    def cookie(self) -> str:
        """The cookie's name: of this door only, since ports do not keep cookies apart."""
        return f"autoglm-{hashlib.sha256(self.secret).hexdigest()[:8]}"

    def token(self, name: str, until: int) -> str:
        """A proof that `name` signed in, valid until Unix time `until`, or until the password is changed."""
        told = f"{base64.urlsafe_b64encode(name.encode()).decode()}.{until}"
        return f"{told}.{self._seal(told, name)}"

    def holder(self, token: str) -> str | None:
        """Whose `token` it is; None if it is nobody's any more."""
        told, _, seal = token.rpartition(".")
        encoded, _, until = told.partition(".")
        try:
            name = base64.urlsafe_b64decode(encoded).decode()
            valid = int(until) > time.time()
        except ValueError:
            return None
        right = hmac.compare_digest(seal, self._seal(told, name))
        return name if right and valid and name in self.accounts.hashes else None

    def _seal(self, told: str, name: str) -> str:
        known = self.accounts.hashes.get(name, "")
        return hmac.new(self.secret, f"{told}\n{known}".encode(), hashlib.sha256).hexdigest()


def secret(folder: Path) -> bytes:
    """32 bytes that only this user may read, the same at each start. Raises `OSError`."""
    path = folder / "sign-in.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = path.read_bytes()
        if len(found) == 32:
            return found
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        made = secrets.token_bytes(32)
        file.write(made)
    return made


class SignIn:
    """ASGI middleware: signs in, signs out, and lets nobody else pass."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door
        # Whoever tries from one address, and whoever is tried from many.
        self._addresses = Throttle(free=5)
        self._names = Throttle(free=20)
        # A hash takes 32 MB and a core: not as many at once as somebody sends.
        self._hashing = asyncio.Semaphore(2)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        name = self._door.holder(connection.cookies.get(self._door.cookie(), ""))
        path = scope["path"].rstrip("/") or "/"
        if scope["type"] == "http" and path in {"/sign-in", "/sign-out", "/login", "/logout"}:
            response = await self._answer(Request(scope, receive), path, name)
            await response(scope, receive, send)
        elif name is not None or path in OPEN or scope["path"].startswith(KEYED):
            await self._app({**scope, _USER: name}, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._refusal(scope)(scope, receive, send)

    async def _answer(self, request: Request, path: str, name: str | None) -> Response:
        if request.method != "POST":
            return RedirectResponse("./", 303) if name else self._form(request)
        if not _same_origin(request.headers):
            return PlainTextResponse("Sign in from the page itself.\n", status_code=403)
        if path in {"/sign-out", "/logout"}:
            response = RedirectResponse("sign-in", 303)
            response.delete_cookie(self._door.cookie())
            return response
        return await self._sign_in(request)

    async def _sign_in(self, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _BODY_MAX:
                return self._form(request, status=413)
        fields = parse_qs(body.decode(errors="replace"))
        name, password = (fields.get(key, [""])[0] for key in ("name", "password"))
        name = name.strip()
        address = _network(request)
        wait = max(self._addresses.wait(address), self._names.wait(name))
        if wait:
            return self._form(request, name, status=429, wait=math.ceil(wait))
        # Counted before it is known: many tries at once are many tries.
        self._addresses.failed(address)
        self._names.failed(name)
        async with self._hashing:
            right = await asyncio.to_thread(self._door.accounts.verify, name, password)
        if not right:
            return self._form(request, name, status=401)
        self._addresses.succeeded(address)
        self._names.succeeded(name)
        response = RedirectResponse("./", 303)
        response.set_cookie(
            self._door.cookie(),
            self._door.token(name, int(time.time()) + LASTING),
            max_age=LASTING,
            httponly=True,
            secure=self._door.embedded or request.url.scheme == "https",
            samesite="none" if self._door.embedded else "lax",
        )
        if self._door.embedded:
            # Browsers keep cookies of embedded pages only if they are set apart for each site.
            response.headers["set-cookie"] += "; Partitioned"
        return response

    def _form(self, request: HTTPConnection, name: str = "", status: int = 200, wait: int = 0) -> Response:
        strings = self._strings(request)
        said = {401: strings.sign_in.wrong, 429: strings.sign_in.wait.format(seconds=wait)}.get(status, "")
        headers = {"cache-control": "no-store"} | ({"retry-after": str(wait)} if wait else {})
        return HTMLResponse(form(strings, name, said), status_code=status, headers=headers)

    def _refusal(self, scope: Scope) -> Response:
        headers = Headers(scope=scope)
        if scope["method"] in {"GET", "HEAD"} and "text/html" in headers.get("accept", "*/*"):
            return RedirectResponse(f"{scope.get('root_path', '')}/sign-in", 303)
        strings = self._strings(HTTPConnection(scope))
        return PlainTextResponse(
            strings.sign_in.expired + "\n", status_code=401, headers={"x-sign-in": "/sign-in"}
        )

    def _strings(self, request: HTTPConnection) -> Strings:
        header = request.headers.get("accept-language", "")
        return LANGUAGES[self._door.language or preferred(header)]


def form(strings: Strings, name: str = "", said: str = "") -> str:
    """The page to sign in with; `said` is why it did not work."""
    words = strings.sign_in
    focus = ("", " autofocus") if name else (" autofocus", "")
    problem = f'<p role="alert">{escape(said)}</p>' if said else ""
    described = ' aria-describedby="problem"' if said else ""
    return (
        f'<!doctype html><html lang="{strings.code}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(words.title)} · AutoGLM</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body><main>"
        '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="6" y="2.5" width="12" height="19" rx="3"/>'
        '<circle cx="12" cy="11" r="3.2"/><path d="M10 18.6h4"/></svg><h1>AutoGLM</h1>'
        f'<form method="post" action="sign-in"><div id="problem">{problem}</div>'
        f'<label for="name">{escape(words.name)}</label><input id="name" name="name" required'
        f' autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64"'
        f' value="{escape(name, quote=True)}"{focus[0]}>'
        f'<label for="password">{escape(words.password)}</label><input id="password" name="password"'
        f' type="password" required autocomplete="current-password" maxlength="1024"{focus[1]}{described}>'
        f"<button>{escape(words.submit)}</button></form></main></body></html>"
    )


def signed_in(name: str, strings: Strings) -> str:
    """Who signed in, and the way out."""
    words = strings.sign_in
    return (
        f'<form id="sign-out" method="post" action="sign-out"><span>'
        f"{escape(words.signed_in.format(name=name))}</span>"
        f"<button>{escape(words.sign_out)}</button></form>"
    )


def signed_out(name: str, strings: Strings) -> str:
    """The way back in, for a page that is open; its script shows it when it is needed."""
    words = strings.sign_in
    title, kept = escape(words.signed_out), escape(words.kept.format(name=name))
    password = escape(words.password, quote=True)
    return (
        f'<form id="signed-out" class="notice" method="post" action="sign-in"'
        f' data-failed="{escape(words.unreachable, quote=True)}">'
        f'<p role="alert"><strong>{title}</strong> <span>{kept}</span></p><p role="status"></p>'
        f'<input name="name" value="{escape(name, quote=True)}" autocomplete="username" readonly hidden>'
        f'<input name="password" type="password" required autocomplete="current-password" maxlength="1024"'
        f' aria-label="{password}" placeholder="{password}"><button>{escape(words.submit)}</button></form>'
    )


def _same_origin(headers: Headers) -> bool:
    """Whether a form was sent from this page, not from another site in the visitor's name."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None or origin is None:
        return site in {"same-origin", "none", None}
    known = {headers.get("host", "").lower(), headers.get("x-forwarded-host", "").lower()}
    return urlsplit(origin).netloc.lower() in known - {""}


def _network(request: Request) -> str:
    """The address that asks; of IPv6 the network, of which one visitor has as many as they like."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
