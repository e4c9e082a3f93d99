"""What stands before the routes: the key, the number of requests at once, the size and pace of a body."""

from __future__ import annotations

import asyncio
import contextlib
import hmac

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.media.limits import MEBIBYTE
from engine.protocol import Failed, FailureKind
from engine.server.answering import error_response
from engine.server.errors import ApiError

BODY_MAX = 20 * MEBIBYTE
BODY_PATIENCE = 60.0  # seconds
AT_ONCE_MAX = 128  # requests with a body: each is held in memory before the engine's queue sees it
OPEN_PATHS = frozenset({"/health"})


class Guard:
    """ASGI middleware: a bearer key, compared in constant time; at most `body_max` bytes of body, all of them
    within `body_patience` seconds; at most `at_once_max` POST requests at a time.

    `OPEN_PATHS` and OPTIONS need no key; without `api_key` nothing does.
    """

    def __init__(
        self,
        app: ASGIApp,
        api_key: str | None = None,
        body_max: int = BODY_MAX,
        at_once_max: int = AT_ONCE_MAX,
        body_patience: float = BODY_PATIENCE,
    ) -> None:
        self._app = app
        self._key = None if api_key is None else api_key.encode()
        self._body_max = body_max
        self._body_patience = body_patience
        self._at_once_max = at_once_max
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not self._admits(scope):
            await self._refuse(_unauthorized(), scope, receive, send)
        elif _declared(scope) > self._body_max:
            await self._refuse(self._too_large(), scope, receive, send)
        elif scope["method"] != "POST":
            await self._app(scope, self._limited(receive), send)
        elif self._at_once >= self._at_once_max:
            await self._refuse(_busy(self._at_once), scope, receive, send)
        else:
            self._at_once += 1
            try:
                await self._app(scope, self._limited(receive), send)
            finally:
                self._at_once -= 1

    def _admits(self, scope: Scope) -> bool:
        if self._key is None or scope["method"] == "OPTIONS" or scope["path"] in OPEN_PATHS:
            return True
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, key = given.partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(key.strip(), self._key)

    def _too_large(self) -> ApiError:
        text = (
            f"The request is larger than {self._body_max / MEBIBYTE:g} MB. Send smaller pictures or sounds."
        )
        return ApiError(413, text, "request_too_large")

    def _limited(self, receive: Receive) -> Receive:
        """`receive` for a body of unknown length; raises the 413 where it grows too long, and a 408 where it
        comes too slowly. What comes after the body, the end of the connection, may take any time.
        """
        size, whole = 0, False
        deadline = asyncio.get_running_loop().time() + self._body_patience

        async def limited() -> Message:
            nonlocal size, whole
            try:
                async with asyncio.timeout_at(None if whole else deadline):
                    message = await receive()
            except TimeoutError:
                text = f"The body did not arrive within {self._body_patience:g} seconds. Send it again."
                raise HTTPException(408, text, {"Connection": "close"}) from None
            whole = not message.get("more_body")
            size += len(message.get("body", b""))
            if size > self._body_max:
                if message.get("more_body"):
                    await self._drain(receive)
                raise HTTPException(413, self._too_large().message)
            return message

        return limited

    async def _refuse(self, error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
        await self._drain(receive)
        await error_response(error)(scope, receive, send)

    async def _drain(self, receive: Receive) -> None:
        """Read what is still coming, within reason: closing on it would reset the connection, and the
        client would see that and not why it was refused."""
        left = 4 * self._body_max
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._body_patience):
                while left > 0:
                    message = await receive()
                    if not message.get("more_body"):  # the end, or the client has hung up
                        return
                    left -= len(message.get("body", b""))


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _unauthorized() -> ApiError:
    text = "The API key is missing or wrong. Send it as the header: Authorization: Bearer <key>."
    return ApiError(401, text, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


def _busy(count: int) -> ApiError:
    return ApiError.of(
        Failed(FailureKind.BUSY, f"{count} requests are here already", "Try again in a moment.")
    )
