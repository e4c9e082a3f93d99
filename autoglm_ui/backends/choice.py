"""Which backend answers, by name; and the pool that makes, shares and closes them."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.jobs import BackgroundLoop
from autoglm_ui.settings import Settings
from engine.loading import Loading
from engine.protocol import (
    AssistantError,
    Backend,
    Capabilities,
    Event,
    Failed,
    FailureKind,
    Readiness,
    Request,
)

log = logging.getLogger(__name__)

BUNDLED = "nano"
SCRIPTED = "scripted"

Kind = Literal["bundled", "checkpoint", "endpoint"]


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """What a person chose to be answered by.

    `model` is the bundled model's name, a path or a hub id, or the name at the endpoint (may be
    None there). Equal choices share one backend.
    """

    model: str | None = BUNDLED
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)

    @property
    def kind(self) -> Kind:
        if self.base_url is not None:
            return "endpoint"
        return "bundled" if self.model == BUNDLED else "checkpoint"

    @classmethod
    def of(cls, settings: Settings) -> BackendChoice:
        """The choice made on the command line."""
        if settings.base_url is not None:
            return cls(settings.remote_model, settings.base_url, settings.api_key)
        return cls(settings.model)


def make(choice: BackendChoice, loading: Loading = Loading()) -> Backend:
    """The backend of `choice`; begins to load at once. Raises `AssistantError`, `ImportError`.

    `loading` is for models of this process, whichever is chosen.
    """
    if choice.base_url is not None:
        from autoglm_ui.backends.remote import RemoteBackend

        return RemoteBackend(choice.base_url, choice.api_key, choice.model)
    model = choice.model or BUNDLED
    if model.partition(":")[0] == SCRIPTED:
        return ScriptedBackend(Script.parse(model))
    from autoglm_ui.backends.inprocess import InProcessBackend

    return InProcessBackend(model, loading=loading)


class UnavailableBackend:
    """Stands where a backend could not even be made; says why, and answers nothing."""

    def __init__(self, name: str, failure: Failed) -> None:
        self._name = name
        self._failure = failure

    @property
    def name(self) -> str:
        return self._name

    def readiness(self) -> Readiness:
        return Readiness("failed", self._failure.message, failure=self._failure)

    def capabilities(self) -> Capabilities:
        return Capabilities(image=True, audio=True, thinking=True)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        yield self._failure

    async def aclose(self) -> None:
        """Nothing to free."""


class BackendPool:
    """One backend per choice, shared by everyone who chose it, closed when nobody does."""

    def __init__(self, loop: BackgroundLoop, make: Callable[[BackendChoice], Backend] = make) -> None:
        self._loop = loop
        self._make = make
        self._lock = threading.Lock()
        self._backends: dict[BackendChoice, Backend] = {}
        self._leases: Counter[BackendChoice] = Counter()

    def lease(self, choice: BackendChoice) -> Backend:
        """The backend of `choice`, kept until `release` was called as often as this."""
        with self._lock:
            self._leases[choice] += 1
            if choice not in self._backends:
                self._backends[choice] = self._made(choice)
            return self._backends[choice]

    def get(self, choice: BackendChoice) -> Backend:
        """The backend of a leased `choice`; not always the same one, see `renew`."""
        return self._backends[choice]

    def renew(self, choice: BackendChoice) -> None:
        """Make the backend of a leased `choice` anew if it could not be loaded."""
        with self._lock:
            failed = self._backends[choice]
            if failed.readiness().state != "failed":
                return
            self._backends[choice] = self._made(choice)
        self._loop.submit(failed.aclose())

    def release(self, choice: BackendChoice) -> None:
        with self._lock:
            self._leases[choice] -= 1
            if self._leases[choice] > 0:
                return
            del self._leases[choice]
            backend = self._backends.pop(choice)
        self._loop.submit(backend.aclose())

    def close(self, timeout: float = 5.0) -> None:
        """Close every backend, waiting up to `timeout` seconds for each."""
        with self._lock:
            backends = tuple(self._backends.values())
            self._backends.clear()
            self._leases.clear()
        for backend in backends:
            try:
                self._loop.submit(backend.aclose()).result(timeout)
            except Exception:  # the program ends all the same
                log.exception("closing %r failed", backend.name)

    def find(self, choice: BackendChoice) -> Backend:
        """Like `get`; after `close` one that says so."""
        with self._lock:
            backend = self._backends.get(choice)
        if backend is not None:
            return backend
        return UnavailableBackend(
            choice.model or BUNDLED,
            Failed(FailureKind.INTERRUPTED, "the program is ending", "Start it again."),
        )

    def _made(self, choice: BackendChoice) -> Backend:
        name = choice.model or choice.base_url or BUNDLED
        try:
            return self._make(choice)
        except AssistantError as error:
            return UnavailableBackend(name, error.as_event())
        except ImportError as error:
            remedy = 'Install the engine: pip install ".[engine]". Or choose an endpoint in the settings.'
            log.warning("%s cannot be used: %s", name, error)
            return UnavailableBackend(name, Failed(FailureKind.LOAD_FAILED, str(error), remedy))


class PooledBackend:
    """The backend of a leased `choice`, whichever the pool holds at the time; the pool closes it."""

    def __init__(self, pool: BackendPool, choice: BackendChoice) -> None:
        self._pool = pool
        self._choice = choice

    @property
    def name(self) -> str:
        return self._pool.find(self._choice).name

    def readiness(self) -> Readiness:
        return self._pool.find(self._choice).readiness()

    def capabilities(self) -> Capabilities:
        return self._pool.find(self._choice).capabilities()

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        async with aclosing(self._pool.find(self._choice).stream(request)) as events:
            async for event in events:
                yield event

    async def aclose(self) -> None:
        """Nothing: others may use it still."""
