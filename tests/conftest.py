"""What holds for every test: no network but this machine's own."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

# Read when the libraries are imported, and passed on to the programs that tests start.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# A proxy is not asked for this machine's own addresses, and nobody's settings change what is tested.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
for _name in [name for name in os.environ if name.startswith("AUTOGLM_") and name != "AUTOGLM_FONTS"]:
    del os.environ[_name]


def is_loopback(host: object) -> bool:
    """Whether `host`, as given to connect() or getaddrinfo(), stands for this machine."""
    if host in (None, "", b"", "localhost", b"localhost", "testserver"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: raises ConnectionRefusedError where Python is about to leave this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if not isinstance(address, tuple):  # a Unix socket
            return
        host = address[0]
    else:
        return
    if not is_loopback(host):
        raise ConnectionRefusedError(f"a test tried to reach {host!r}; tests use this machine only")


def pytest_configure() -> None:
    sys.addaudithook(refuse_outside)
