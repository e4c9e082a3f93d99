"""A real server on a free loopback port, for tests of the service and of its clients."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from engine.protocol import Backend
from engine.server.routes import create_app

PATIENCE = 10.0  # seconds until a test gives up


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether `condition` becomes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Service:
    """A running server: its `url`, and `stop`, which returns when it has stopped."""

    def __init__(self, backend: Backend, graceful: int = 1, **options: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        app = create_app(backend, **options)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=graceful)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="service")
        self._thread.start()
        assert eventually(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@contextmanager
def serving(backend: Backend, **options: Any) -> Iterator[Service]:
    """`backend` behind real HTTP; `options` are those of `create_app`."""
    service = Service(backend, **options)
    try:
        yield service
    finally:
        service.stop()
