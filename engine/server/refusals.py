"""What the framework refuses, or nobody foresaw, in the shape of every other error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine.server.answering import error_response
from engine.server.errors import ApiError


def add_refusals(app: FastAPI) -> None:
    """Every exception in `app` becomes an `ErrorReply`."""
    app.add_exception_handler(ApiError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_error)


async def _on_error(_: Request, error: Exception) -> Response:
    return error_response(ApiError.raised(error))


async def _on_http_error(_: Request, error: Exception) -> Response:
    """What the framework refuses by itself: an unknown route, a wrong method, a body that is too large."""
    assert isinstance(error, HTTPException)
    codes = {
        404: "not_found",
        405: "method_not_allowed",
        408: "request_too_slow",
        413: "request_too_large",
    }
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
    if not isinstance(error.body, dict | FormData):
        is_json = "json" in request.headers.get("content-type", "")
        text = "The body must be a JSON object, sent with Content-Type: application/json."
        return error_response(ApiError(400 if is_json or not error.body else 415, text, "invalid_body"))
    missing = first["type"] == "missing"
    where = first["loc"][-1:] if missing and not error.body else _where(first["loc"][1:], error.body)
    param = ".".join(map(str, where)) or None
    code = "missing_required_parameter" if missing else "invalid_value"
    return error_response(ApiError(400, f"{param}: {first['msg']}.", code, param))


def _where(location: Sequence[int | str], body: Any) -> list[int | str]:
    """The keys of `location` that lead into `body`; the others name branches of the schema."""
    path: list[int | str] = []
    for depth, key in enumerate(location, 1):
        try:
            body = body[key]
        except (KeyError, IndexError, TypeError):
            absent = depth == len(location) and isinstance(body, Mapping)
            if not absent:
                continue
        path.append(key)
    return path
