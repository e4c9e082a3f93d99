"""Pictures and sounds that a request only names: fetched from the hosts that the operator allows.

A server that fetches what strangers name can be aimed at the network it stands in. So nothing is fetched
unless its host is on the list; a name must lead to public addresses only; the connection goes to the very
address that was checked, so that a name cannot change its mind in between (DNS rebinding); and each
redirect is checked as if it had been sent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import SplitResult, urljoin, urlsplit

from engine.media.limits import MEBIBYTE
from engine.server.errors import ApiError

REDIRECTS_MAX = 3
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve_name(host: str, port: int) -> list[str]:
    """Every address of `host`. Raises OSError where the name leads nowhere."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """One entry of the list: `example.org`, `*.example.org` (any below it), `192.168.0.7:9000`.

    Without a port the ports of http and https are meant. A plain address is taken as it is, private or
    not: whoever writes it means that machine.
    """

    pattern: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> AllowedHost:
        """Raises ValueError for what is no host."""
        parts = urlsplit(f"//{text.strip()}")
        if not parts.hostname or parts.path or parts.username is not None or parts.query or parts.fragment:
            raise ValueError(f"{text!r} is no host; write example.org, *.example.org or 192.168.0.7:9000")
        if "*" in parts.hostname.removeprefix("*."):
            raise ValueError(f"{text!r}: only *. at the beginning stands for any name")
        return cls(parts.hostname, parts.port)

    def admits(self, host: str, port: int, scheme: str) -> bool:
        return fnmatchcase(host, self.pattern) and port == (self.port or _PORTS[scheme])


class MediaFetcher:
    """Fetches from `hosts`, by default none.

    `size_max` bytes and `patience` seconds are for all that one request names. `resolve` finds the
    addresses of a name.
    """

    def __init__(
        self,
        hosts: Iterable[str] = (),
        size_max: int = 20 * MEBIBYTE,
        patience: float = 15.0,
        resolve: Resolve = resolve_name,
    ) -> None:
        self._hosts = [AllowedHost.parse(host) for host in hosts]
        self._size_max = size_max
        self._patience = patience
        self._resolve = resolve

    async def fetch(self, named: Iterable[tuple[str, str]]) -> dict[str, bytes]:
        """What each URL of (URL, field that names it) holds. Raises `ApiError`."""
        held: dict[str, bytes] = {}
        at = None
        try:
            async with asyncio.timeout(self._patience):
                for url, param in named:
                    at = param
                    if url not in held:
                        held[url] = await self._get(url, self._size_max - sum(map(len, held.values())), param)
        except TimeoutError:
            text = f"The media could not be fetched within {self._patience:g} seconds. Send the file itself."
            raise ApiError(400, text, "remote_media_failed", at) from None
        return held

    async def _get(self, url: str, size_max: int, param: str) -> bytes:
        import httpx2

        options = {"trust_env": False, "follow_redirects": False, "timeout": self._patience}
        async with httpx2.AsyncClient(**options) as client:
            for _ in range(REDIRECTS_MAX + 1):
                parts = self._allowed(url, param)
                pinned, host, extensions = await self._pinned(parts, param)
                headers = {"Host": host, "Accept-Encoding": "identity", "User-Agent": "autoglm-server"}
                try:
                    async with client.stream(
                        "GET", pinned, headers=headers, extensions=extensions
                    ) as response:
                        if response.is_redirect:
                            url = urljoin(url, response.headers.get("location", ""))
                            continue
                        if response.status_code != 200:
                            raise _failed(f"its host answered HTTP {response.status_code}", param)
                        return await _read(response.aiter_raw(), size_max, param)
                except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                    raise _failed("its host could not be reached", param) from error
        raise _failed(f"it is redirected more than {REDIRECTS_MAX} times", param)

    def _allowed(self, url: str, param: str) -> SplitResult:
        """`url` taken apart. Raises `ApiError` unless its host is on the list."""
        try:
            parts = urlsplit(url)
            host, scheme = parts.hostname or "", parts.scheme
            port = parts.port or _PORTS.get(scheme, 0)
        except ValueError:
            host, scheme, port, parts = "", "", 0, urlsplit("")
        admitted = scheme in _PORTS and any(known.admits(host, port, scheme) for known in self._hosts)
        if not admitted or "@" in parts.netloc:
            raise _refused("This server does not fetch from there", param)
        return parts

    async def _pinned(self, parts: SplitResult, param: str) -> tuple[str, str, dict[str, str]]:
        """The URL with an address that was checked, the Host header, and the name TLS has to prove."""
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        address = host if _is_address(host) else await self._public_address(host, port, param)
        netloc = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        target = f"{parts.scheme}://{netloc}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
        return target, parts.netloc, {"sni_hostname": host} if parts.scheme == "https" else {}

    async def _public_address(self, host: str, port: int, param: str) -> str:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise _failed("its host has no address", param)
        if not all(is_public(address) for address in addresses):
            raise _refused("That name leads to a private address", param)
        return addresses[0]


def is_public(text: str) -> bool:
    """Whether the address `text` is one of the internet, and none that hides another kind."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            hidden = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if hidden:
            return is_public(str(hidden))
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _read(pieces: AsyncIterator[bytes], size_max: int, param: str) -> bytes:
    data = bytearray()
    async for piece in pieces:
        data += piece
        if len(data) > size_max:
            text = "The media that this request names are larger than this server takes. Send smaller ones."
            raise ApiError(413, text, "media_too_large", param)
    return bytes(data)


def _refused(why: str, param: str) -> ApiError:
    text = f"{why}. Send the file itself: data:<type>;base64,<data>."
    return ApiError(400, text, "remote_media_refused", param)


def _failed(why: str, param: str) -> ApiError:
    return ApiError(400, f"The media could not be fetched: {why}.", "remote_media_failed", param)
