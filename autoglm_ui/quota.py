"""How much of the machine one visitor gets: seconds of answering, which come back with time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from engine.protocol import (
    AssistantError,
    Backend,
    Capabilities,
    Event,
    Failed,
    FailureKind,
    Queued,
    Readiness,
    Request,
)

#: Seconds within which a whole allowance comes back.
WINDOW = 3600.0

#: A question is taken if so much is left: less would only begin an answer.
LEAST = 5.0


class QuotaSpent(AssistantError):
    """The visitor has used what one gets. `wait` is seconds until the next question is taken."""

    kind = FailureKind.RATE_LIMITED

    def __init__(self, allowance: float, wait: float) -> None:
        super().__init__(
            f"you have used your {allowance:.0f} s of answers for now",
            f"Ask again in {math.ceil(wait)} s.",
        )
        self.allowance = allowance
        self.wait = wait


class Quota:
    """Seconds of answering for each visitor. Waiting for one's turn costs nothing. For any thread."""

    def __init__(self, allowance: float, now: Callable[[], float] = time.monotonic) -> None:
        self.allowance = allowance
        self._now = now
        self._lock = threading.Lock()
        #: Of each visitor: seconds spent, as of when.
        self._spent: dict[str, tuple[float, float]] = {}

    def left(self, visitor: str) -> float:
        """Seconds that `visitor` has left; may be below 0."""
        with self._lock:
            spent, at = self._spent.get(visitor, (0.0, 0.0))
        return self.allowance - max(0.0, spent - self._returned(at))

    def admit(self, visitor: str) -> None:
        """Raises `QuotaSpent` where too little is left for a question."""
        least = min(LEAST, self.allowance)
        left = self.left(visitor)
        if left < least:
            raise QuotaSpent(self.allowance, (least - left) * WINDOW / self.allowance)

    def spend(self, visitor: str, seconds: float) -> None:
        with self._lock:
            now = self._now()
            spent, at = self._spent.get(visitor, (0.0, now))
            self._spent[visitor] = (max(0.0, spent - self._returned(at)) + seconds, now)
            for other, (owed, since) in tuple(self._spent.items()):
                if owed <= self._returned(since):
                    del self._spent[other]

    def _returned(self, since: float) -> float:
        return (self._now() - since) * self.allowance / WINDOW


class LimitedBackend:
    """A `backend` that answers `visitor` for as long as their allowance lasts."""

    def __init__(self, backend: Backend, quota: Quota, visitor: str) -> None:
        self._backend = backend
        self._quota = quota
        self._visitor = visitor

    @property
    def name(self) -> str:
        return self._backend.name

    def readiness(self) -> Readiness:
        return self._backend.readiness()

    def capabilities(self) -> Capabilities:
        return self._backend.capabilities()

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """The backend's events; ends with a failure, what came before kept, when nothing is left."""
        began: float | None = None
        left = self._quota.left(self._visitor)
        try:
            async with aclosing(self._backend.stream(request)) as events:
                async for event in events:
                    if began is None and not isinstance(event, Queued):
                        began = time.monotonic()
                    yield event
                    if began is not None and time.monotonic() - began > left:
                        spent = QuotaSpent(self._quota.allowance, WINDOW * LEAST / self._quota.allowance)
                        yield Failed(FailureKind.RATE_LIMITED, spent.message, spent.remedy)
                        return
        finally:
            if began is not None:
                self._quota.spend(self._visitor, time.monotonic() - began)

    async def aclose(self) -> None:
        """Nothing: others may use it still."""
