"""What leaves this program: every request to an endpoint with its bytes, every connection to another machine.

Two counts that can be held against each other: the HTTP client counts what it sends and receives, and the
interpreter itself tells of each connection that any Python code opens (PEP 578). What native code opens by
itself, such as the hub's transfer library, is seen by neither.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Traffic:
    """With one host since the program began; `sent` and `received` are bytes of bodies."""

    host: str
    requests: int = 0
    sent: int = 0
    received: int = 0


class Meter:
    """Counts. Methods are safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traffic: dict[str, Traffic] = {}
        self._connections: Counter[str] = Counter()
        self._watching = False

    @property
    def traffic(self) -> tuple[Traffic, ...]:
        """Of each host that was asked something, in the order of the first time."""
        with self._lock:
            return tuple(self._traffic.values())

    @property
    def connections(self) -> tuple[tuple[str, int], ...]:
        """Addresses of other machines, and how many connections were opened to each."""
        with self._lock:
            return tuple(self._connections.items())

    def asked(self, host: str, sent: int) -> None:
        """A request of `sent` bytes went out."""
        with self._lock:
            known = self._traffic.get(host, Traffic(host))
            self._traffic[host] = replace(known, requests=known.requests + 1, sent=known.sent + sent)

    def received(self, host: str, size: int) -> None:
        """`size` bytes of an answer came in."""
        with self._lock:
            known = self._traffic.get(host, Traffic(host))
            self._traffic[host] = replace(known, received=known.received + size)

    def watch(self) -> None:
        """Count connections from now on; it cannot be ended, only the program can."""
        if not self._watching:
            self._watching = True
            sys.addaudithook(self._audit)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        # Called at every audited event of the interpreter: anything but a comparison would be felt.
        if event == "socket.connect":
            self._connected(*args)

    def _connected(self, connection: socket.socket, address: Any) -> None:
        if not isinstance(address, tuple) or connection.type & 0xF != socket.SOCK_STREAM:
            return
        host = str(address[0]).partition("%")[0]
        try:
            here = ipaddress.ip_address(host).is_loopback
        except ValueError:
            here = host == "localhost"
        if not here:
            with self._lock:
                self._connections[f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"] += 1


#: Of this process, as its connections are.
METER = Meter()
