"""The routes of the service, on any backend."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form
from fastapi.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response

from engine.protocol import Backend, Event
from engine.server.answering import KEEP_ALIVE, Answer, Attendance, Spoken
from engine.server.call import read_call, remote_media
from engine.server.choices import merge
from engine.server.errors import ApiError, without_paths
from engine.server.guard import AT_ONCE_MAX, BODY_MAX, BODY_PATIENCE, Guard
from engine.server.metrics import CONTENT_TYPE, CountResponses, Meter
from engine.server.options import CHOICES_MAX
from engine.server.refusals import add_refusals
from engine.server.remote_media import MediaFetcher
from engine.server.replies import Completion, Health, Model, ModelList, Transcription, describe, failures
from engine.server.schema import ChatCompletionRequest
from engine.server.transcribing import TranscriptionForm, listening, read_recording, transcribe
from engine.server.wire import Envelope

ROUTES = frozenset({"/health", "/metrics", "/v1/models", "/v1/chat/completions", "/v1/audio/transcriptions"})
DECODERS = 2  # pictures and sounds are decoded for this many requests at a time
_LOCAL_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"

# What the description says of the two routes that run the model.
_STREAMED: dict[str, Any] = {
    "model": Completion,
    "description": "The answer; with `stream`, as server-sent events.",
    "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/StreamEvent"}}},
}
_SPOKEN: dict[str, Any] = {
    "model": Transcription,
    "description": "The words that were heard.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
_REFUSED = failures(
    s400="What is wrong, with the field in `param`; or the text is longer than the context.",
    s401="The key is missing or wrong.",
    s404="There is no model of that name.",
    s408="The body did not arrive within a minute.",
    s413="The body is over 20 MB, a picture or a recording over its limit.",
    s429="The queue is full; `Retry-After` says when to come back.",
)
_FAILED = failures(
    s500="Something unforeseen; the server's log has it.",
    s503="The model is not loaded, or the server is stopping.",
)


def create_app(
    backend: Backend,
    served_name: str | None = None,
    api_key: str | None = None,
    body_max: int = BODY_MAX,
    at_once_max: int = AT_ONCE_MAX,
    keep_alive: float = KEEP_ALIVE,
    media: MediaFetcher | None = None,
    engine: Callable[[], object] | None = None,
    choices_max: int = CHOICES_MAX,
    body_patience: float = BODY_PATIENCE,
) -> FastAPI:
    """The service as an ASGI application, which closes `backend` when it shuts down. Where it is a part of
    another, which does not tell it of that, `state.attendance.end()` ends what is on its way.

    `served_name` is what clients call the model, by default the backend's own name. `body_max` is in
    bytes, `at_once_max` in requests, `keep_alive` and `body_patience` in seconds. `media` fetches what
    requests only name; without it nothing is fetched. `engine` gives what /metrics asks, by default
    `backend`. `choices_max` is the most that one call may ask for.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await backend.aclose()

    meter = Meter(engine or (lambda: backend))
    name = served_name or without_paths(backend.name)
    app = FastAPI(title="AutoGLM", lifespan=lifespan, docs_url=None, redoc_url=None)
    routes = Routes(backend, name, meter, media or MediaFetcher(), keep_alive, choices_max)
    app.state.attendance = routes.attendance
    app.include_router(routes.router)
    described = describe(app.routes, choices_max, secured=api_key is not None)
    app.openapi = lambda: described
    app.add_middleware(
        Guard, api_key=api_key, body_max=body_max, at_once_max=at_once_max, body_patience=body_patience
    )
    app.add_middleware(CountResponses, meter=meter, routes=ROUTES)
    app.add_middleware(
        CORSMiddleware, allow_origin_regex=_LOCAL_PAGES, allow_methods=["*"], allow_headers=["*"]
    )
    add_refusals(app)
    return app


class Routes:
    """What the service answers, for the one model `name` of `backend`."""

    def __init__(
        self,
        backend: Backend,
        name: str,
        meter: Meter,
        media: MediaFetcher,
        keep_alive: float = KEEP_ALIVE,
        choices_max: int = CHOICES_MAX,
    ) -> None:
        self._backend = backend
        self._name = name
        self._keep_alive = keep_alive
        self._choices_max = choices_max
        self._meter = meter
        self._media = media
        self._started = int(time.time())
        self._decoding = asyncio.Semaphore(DECODERS)
        self.attendance = Attendance()
        self.router = APIRouter()
        self._connect(self.router.add_api_route)

    def _connect(self, add: Callable[..., None]) -> None:
        """Put each method at its path, with what the description says of it."""
        add("/health", self.health, responses={200: {"model": Health}, 503: {"model": Health}})
        add("/v1/models", self.list_models, operation_id="listModels", response_model=ModelList)
        add(
            "/v1/models/{model:path}",
            self.retrieve_model,
            operation_id="retrieveModel",
            response_model=Model,
            responses=failures(s404="There is no model of that name."),
        )
        add(
            "/v1/chat/completions",
            self.complete,
            methods=["POST"],
            operation_id="createChatCompletion",
            responses={200: _STREAMED} | _REFUSED | _FAILED,
        )
        unheard = failures(s422="The model does not say which words it hears.")
        add(
            "/v1/audio/transcriptions",
            self.transcribe,
            methods=["POST"],
            operation_id="createTranscription",
            responses={200: _SPOKEN} | _REFUSED | unheard | _FAILED,
        )
        add(
            "/metrics",
            self.metrics,
            operation_id="metrics",
            response_class=PlainTextResponse,
            responses={200: {"description": "Prometheus' text format.", "content": {"text/plain": {}}}},
        )

    async def health(self) -> Response:
        """200 when a request would be answered; 503 and the reason while it would not.

        A model that has failed to load stays so: the remedy says what to do before a new start.
        """
        readiness = self._backend.readiness()
        if readiness.state == "ready":
            return JSONResponse({"status": "ok", "model": self._name})
        reason = without_paths(readiness.detail or readiness.state)
        state = {"status": readiness.state, "model": self._name, "reason": reason}
        if readiness.failure is not None:
            state["remedy"] = without_paths(readiness.failure.remedy)
        return JSONResponse(state, 503, {"Retry-After": "1"} if readiness.state == "loading" else None)

    async def list_models(self) -> dict[str, Any]:
        """The one model that is served."""
        return {"object": "list", "data": [self._describe()]}

    async def retrieve_model(self, model: str) -> dict[str, Any]:
        """The model of that name; 404 for any other."""
        self._check_name(model)
        return self._describe()

    async def complete(self, body: ChatCompletionRequest) -> Response:
        """Answer a conversation, as a stream of chunks or whole."""
        self._check_name(body.model)
        if body.scores is not None and not self._backend.capabilities().logprobs:
            text = f"{self._name} tells no log-probabilities here; leave logprobs out."
            raise ApiError(400, text, "unsupported_value", "logprobs")
        fetched = await self._media.fetch(remote_media(body))
        async with self._decoding:
            call = await asyncio.to_thread(read_call, body, fetched, self._choices_max)
        envelope = Envelope(f"chatcmpl-{uuid.uuid4().hex}", self._name, int(time.time()))
        choices = [self._meter.watch(self._backend.stream(request)) for request in call.requests]
        return Answer(merge(choices), call, envelope, self.attendance, self._keep_alive)

    async def transcribe(
        self, form: Annotated[TranscriptionForm, Form(media_type="multipart/form-data")]
    ) -> Response:
        """The words that the model hears in a recording."""
        self._check_name(form.model)
        form.refuse_unsupported()
        if not self._backend.capabilities().audio:
            text = f"{self._name} has no ear: it cannot transcribe. Choose a model that hears."
            raise ApiError(400, text, "unsupported", "file")
        data = await form.file.read()
        async with self._decoding:
            recording = await asyncio.to_thread(read_recording, data)

        async def write(events: AsyncGenerator[Event, None]) -> Response:
            transcript = await transcribe(events, recording)
            if form.response_format == "text":
                return PlainTextResponse(f"{transcript.text}\n")
            return JSONResponse(transcript.json(form.response_format or "json"))

        events = self._meter.watch(self._backend.stream(listening(recording)))
        return Spoken(events, "a transcription", self.attendance, write)

    async def metrics(self) -> Response:
        """How busy the service is and was, for Prometheus."""
        return Response(self._meter.text(), media_type=CONTENT_TYPE)

    def _check_name(self, asked: str | None) -> None:
        if asked not in (None, "", self._name):
            text = f"There is no model {asked!r} here; this server has {self._name!r}."
            raise ApiError(404, text, "model_not_found", "model")

    def _describe(self) -> dict[str, Any]:
        takes = self._backend.capabilities()
        inputs = ["text"] + ["image"] * takes.image + ["audio"] * takes.audio
        modalities = {"input_modalities": inputs, "output_modalities": ["text"]}
        entry = {"id": self._name, "object": "model", "created": self._started, "owned_by": "autoglm"}
        return entry | {"architecture": modalities}
