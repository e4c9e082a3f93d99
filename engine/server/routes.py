"""The routes of the service, on any backend."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from engine.protocol import Backend
from engine.server.answering import KEEP_ALIVE, Answer, error_response
from engine.server.errors import ApiError, without_paths
from engine.server.guard import BODY_MAX, Guard
from engine.server.schema import ChatCompletionRequest
from engine.server.wire import Envelope, read_call

DECODERS = 2  # pictures and sounds are decoded for this many requests at a time
_LOCAL_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


def create_app(
    backend: Backend,
    served_name: str | None = None,
    api_key: str | None = None,
    body_max: int = BODY_MAX,
    keep_alive: float = KEEP_ALIVE,
) -> FastAPI:
    """The service as an ASGI application, which closes `backend` when it shuts down.

    `served_name` is what clients call the model, by default the backend's own name. `body_max` is in
    bytes, `keep_alive` in seconds.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await backend.aclose()

    app = FastAPI(title="AutoGLM", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(Routes(backend, served_name or without_paths(backend.name), keep_alive).router)
    app.add_middleware(Guard, api_key=api_key, body_max=body_max)
    app.add_middleware(
        CORSMiddleware, allow_origin_regex=_LOCAL_PAGES, allow_methods=["*"], allow_headers=["*"]
    )
    app.add_exception_handler(ApiError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_error)
    return app


class Routes:
    """What the service answers, for the one model `name` of `backend`."""

    def __init__(self, backend: Backend, name: str, keep_alive: float) -> None:
        self._backend = backend
        self._name = name
        self._keep_alive = keep_alive
        self._started = int(time.time())
        self._decoding = asyncio.Semaphore(DECODERS)
        self.router = router = APIRouter()
        router.add_api_route("/health", self.health)
        router.add_api_route("/v1/models", self.list_models, operation_id="listModels")
        router.add_api_route("/v1/models/{model:path}", self.retrieve_model, operation_id="retrieveModel")
        router.add_api_route(
            "/v1/chat/completions", self.complete, methods=["POST"], operation_id="createChatCompletion"
        )

    async def health(self) -> Response:
        """200 when a request would be answered; 503 and the reason while it would not."""
        readiness = self._backend.readiness()
        if readiness.state == "ready":
            return JSONResponse({"status": "ok", "model": self._name})
        reason = without_paths(readiness.detail or readiness.state)
        state = {"status": readiness.state, "model": self._name, "reason": reason}
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
        async with self._decoding:
            call = await asyncio.to_thread(read_call, body)
        envelope = Envelope(f"chatcmpl-{uuid.uuid4().hex}", self._name, int(time.time()))
        return Answer(self._backend.stream(call.request), call, envelope, self._keep_alive)

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


# -------------------------------------------------------------------------------------- errors


async def _on_error(_: Request, error: Exception) -> Response:
    return error_response(ApiError.raised(error))


async def _on_http_error(_: Request, error: Exception) -> Response:
    """What the framework refuses by itself: an unknown route, a wrong method, a body that is too large."""
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}
    code = codes.get(error.status_code, "invalid_request")
    return error_response(ApiError(error.status_code, error.detail, code, headers=error.headers))


async def _on_invalid(request: Request, error: Exception) -> Response:
    """A body that is not what the schema says: the first thing wrong with it."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return error_response(
            ApiError(400, f"The body is not JSON: {first['ctx']['error']}.", "invalid_json")
        )
    if not isinstance(error.body, dict):
        is_json = "json" in request.headers.get("content-type", "")
        text = "The body must be a JSON object, sent with Content-Type: application/json."
        return error_response(ApiError(400 if is_json or not error.body else 415, text, "invalid_body"))
    param = ".".join(map(str, _where(first["loc"][1:], error.body))) or None
    missing = first["type"] == "missing"
    code = "missing_required_parameter" if missing else "invalid_value"
    return error_response(ApiError(400, f"{param}: {first['msg']}.", code, param))


def _where(location: Sequence[int | str], body: Any) -> list[int | str]:
    """The keys of `location` that lead into `body`; the others name branches of the schema."""
    path: list[int | str] = []
    for depth, key in enumerate(location, 1):
        try:
            body = body[key]
        except (KeyError, IndexError, TypeError):
            absent = depth == len(location) and isinstance(body, dict)
            if not absent:
                continue
        path.append(key)
    return path
