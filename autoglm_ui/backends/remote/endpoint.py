"""The address of a server, its key, and the connections to it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakKeyDictionary

from autoglm_ui.backends.remote.failures import EndpointError, bad_address
from engine.protocol import Failed, FailureKind

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI


_PASTED = re.compile(r"/(chat/completions|completions|models|responses)/?$")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds of silence after which a step has failed. A long prompt is silent until it is read."""

    connect: float = 5.0
    read: float = 600.0
    models: float = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """A checked base URL without a slash at its end."""

    url: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises `EndpointError` for what is no http(s) URL."""
        cleaned = _PASTED.sub("", text.strip().rstrip("/"))
        try:
            parts = urlsplit(cleaned)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise EndpointError(bad_address(text)) from error
        if not valid or not cleaned.isprintable() or " " in cleaned:
            raise EndpointError(bad_address(text))
        return cls(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")))

    @property
    def has_path(self) -> bool:
        return bool(urlsplit(self.url).path)

    @property
    def host(self) -> str:
        """Host and port, without a user name or a password."""
        parts = urlsplit(self.url)
        name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        return f"{name}:{parts.port}" if parts.port else name

    @property
    def is_loopback(self) -> bool:
        name = urlsplit(self.url).hostname or ""
        return name in ("localhost", "::1") or name.startswith("127.")

    @property
    def shown(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{self.host}{parts.path}"

    def under(self, path: str) -> Address:
        return Address(self.url + path)


def checked_key(key: str | None) -> str:
    """`key` without the white space of copying. Raises `EndpointError` for what cannot be sent."""
    key = (key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise EndpointError(
            Failed(
                FailureKind.UNAUTHORIZED,
                "the API key holds characters that no key has",
                "Copy the key again, without quotes, spaces or other signs around it.",
            )
        )
    return key


@dataclass(slots=True)
class Connections:
    """One HTTP client for each event loop that asks: a connection belongs to the loop that made it."""

    key: str = field(repr=False)
    timeouts: Timeouts
    _clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncOpenAI] = field(
        default_factory=WeakKeyDictionary, repr=False
    )

    def client(self, address: Address) -> AsyncOpenAI:
        """The client of the running loop, set to `address`."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._made(address)
        client.base_url = address.url
        return client

    async def aclose(self) -> None:
        """Close the running loop's connections, and forget those of others."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        self._clients.clear()
        if client is not None:
            await client.close()

    def _made(self, address: Address) -> AsyncOpenAI:
        import openai

        from autoglm_ui.backends.remote.counting import count_request, count_response
        from autoglm_ui.backends.remote.tap import observe

        timeout = openai.Timeout(self.timeouts.read, connect=self.timeouts.connect)
        # A proxy of the environment cannot reach this machine.
        names = ("all://", "http://", "https://") if address.is_loopback else ()
        direct: dict[str, Any] = dict.fromkeys(names)
        hooks = {
            "request": [count_request] if self.key else [_without_key, count_request],
            "response": [count_response, observe],
        }
        http = openai.DefaultAsyncHttpxClient(timeout=timeout, mounts=direct, event_hooks=hooks)
        client = openai.AsyncOpenAI(
            api_key=self.key or "none",
            base_url=address.url,
            max_retries=0,
            timeout=timeout,
            http_client=http,
            default_headers={"Accept-Encoding": "identity"},  # the tap reads along
        )
        # The SDK takes these from the environment: what is meant for another service stays here.
        client.organization = client.project = client.admin_api_key = None
        return client


async def _without_key(request: httpx2.Request) -> None:
    """The SDK always sends a key; a server without one may refuse it."""
    request.headers.pop("Authorization", None)
