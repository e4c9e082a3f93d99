"""What the service and its engine count of themselves, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from itertools import accumulate
from typing import Protocol, runtime_checkable

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine import metrics as engine_metrics
from engine.protocol import AnswerAdded, Event, Failed, Finished, ReasoningAdded, Usage

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST


@runtime_checkable
class Counted(Protocol):
    """A backend that counts."""

    def metrics(self) -> engine_metrics.Metrics: ...


class Meter:
    """The counters of one service, and the text that Prometheus reads.

    `engine` gives what answers at the time; one that is `Counted` is told of, too. What clients asked for
    is never a label: names, keys and paths that were made up stay outside.
    """

    def __init__(self, engine: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        prometheus_client.disable_created_metrics()  # one more series beside each, which nobody reads
        self.clock = clock
        self.registry = registry = CollectorRegistry()
        registry.register(EngineCollector(engine))
        self.responses = Counter(
            "autoglm_http_responses", "Responses begun.", ["route", "status"], registry=registry
        )
        self.in_flight = Gauge(
            "autoglm_requests_in_flight", "Requests that wait or are being answered.", registry=registry
        )
        self.ended = Counter(
            "autoglm_requests",
            "Requests that ended, by how; left: nobody listened to the end.",
            ["outcome"],
            registry=registry,
        )
        self.tokens = Counter(
            "autoglm_tokens",
            "Tokens of finished requests, by what they carried.",
            ["kind"],
            registry=registry,
        )
        self.first = self._seconds("autoglm_time_to_first_token_seconds", "From arrival to the first text.")
        self.whole = self._seconds("autoglm_request_seconds", "From arrival to the end.")

    def _seconds(self, name: str, help_text: str) -> prometheus_client.Histogram:
        bounds = engine_metrics.REQUEST_BOUNDS
        return prometheus_client.Histogram(name, help_text, buckets=bounds, registry=self.registry)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return prometheus_client.generate_latest(self.registry)

    async def watch(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """`events` as they are, counted. Closing this closes them."""
        request = _Request(self)
        try:
            async with aclosing(events):
                async for event in events:
                    request.see(event)
                    yield event
        finally:
            request.end()


class _Request:
    """One request on its way."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._came = meter.clock()
        self._spoke = False
        self._outcome = "left"  # unless it is seen to end
        meter.in_flight.inc()

    def see(self, event: Event) -> None:
        match event:
            case ReasoningAdded() | AnswerAdded():
                if not self._spoke:
                    self._spoke = True
                    self._meter.first.observe(self._meter.clock() - self._came)
            case Finished():
                self._outcome = event.reason
                self._count(event.usage)
            case Failed():
                self._outcome = event.kind.value
            case _:
                pass

    def _count(self, usage: Usage) -> None:
        counts = {
            "prompt": usage.prompt_tokens,
            "image": usage.image_tokens,
            "audio": usage.audio_tokens,
            "reasoning": usage.reasoning_tokens,
            "answer": usage.answer_tokens,
        }
        for kind, count in counts.items():
            self._meter.tokens.labels(kind).inc(count or 0)

    def end(self) -> None:
        self._meter.in_flight.dec()
        self._meter.ended.labels(self._outcome).inc()
        self._meter.whole.observe(self._meter.clock() - self._came)


class EngineCollector(Collector):
    """How the engine stands when Prometheus asks: its slots, its queue, its cache and its pace."""

    def __init__(self, engine: Callable[[], object]) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        engine = self._engine()
        if not isinstance(engine, Counted):
            return
        now = engine.metrics()
        for name, value, told in (
            ("slots", now.slots, "Requests that can be answered at once."),
            ("slots_used", now.running, "Requests that have a slot."),
            ("queue", now.waiting, "Requests that wait for a slot."),
            ("cache_tokens", now.cache_tokens, "Tokens of KV cache that are spoken for."),
            ("cache_tokens_limit", now.cache_limit, "Tokens of KV cache that there is room for."),
        ):
            yield GaugeMetricFamily(f"autoglm_engine_{name}", told, value)
        for name, value, told in (
            ("prompt_tokens", now.prompt_tokens, "Tokens of prompts read."),
            ("generated_tokens", now.generated_tokens, "Tokens written, also for those who hung up."),
            ("passes", now.passes, "Passes through the model."),
        ):
            yield CounterMetricFamily(f"autoglm_engine_{name}", told, value)
        yield _histogram("queue_seconds", "From arrival until there is a slot.", now.queue_seconds)
        yield _histogram("token_seconds", "From one token of a request to its next.", now.token_seconds)


def _histogram(name: str, told: str, counted: engine_metrics.Histogram) -> HistogramMetricFamily:
    bounds = [*map(str, counted.bounds), "+Inf"]
    buckets = [(bound, float(count)) for bound, count in zip(bounds, accumulate(counted.counts), strict=True)]
    return HistogramMetricFamily(f"autoglm_engine_{name}", told, buckets, counted.sum)


class CountResponses:
    """ASGI middleware: counts each response by route and status."""

    def __init__(self, app: ASGIApp, meter: Meter, routes: frozenset[str]) -> None:
        self._app = app
        self._meter = meter
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope["path"] if scope["path"] in self._routes else "other"
                self._meter.responses.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)
