"""What goes wrong, in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from engine.protocol import AssistantError, Failed, FailureKind, MediaTooLarge

log = logging.getLogger(__name__)

# Failures of a backend that itself asks a server are a bad gateway here, not the caller's fault.
_STATUS = {
    FailureKind.INVALID_REQUEST: 400,
    FailureKind.TOO_LONG: 400,
    FailureKind.BAD_MEDIA: 400,
    FailureKind.UNSUPPORTED: 400,
    FailureKind.BUSY: 429,
    FailureKind.RATE_LIMITED: 429,
    FailureKind.UNREACHABLE: 502,
    FailureKind.UNAUTHORIZED: 502,
    FailureKind.NOT_FOUND: 502,
    FailureKind.SERVER_ERROR: 502,
    FailureKind.LOAD_FAILED: 503,
    FailureKind.OUT_OF_MEMORY: 503,
    FailureKind.INTERRUPTED: 503,
    FailureKind.TIMED_OUT: 504,
}
_CODE = {FailureKind.TOO_LONG: "context_length_exceeded", FailureKind.BUSY: "rate_limit_exceeded"}
_RETRY_AFTER = {"Retry-After": "1"}

_PATH = re.compile(
    r"(?<![\w:/.])(?:~|\.{1,2})?(?:/[^\s/'\"<>]+){2,}/?"  # /a/b, ~/a/b, ../a/b, and no part of a URL
    r"|\b[A-Za-z]:(?:\\[^\s\\'\"<>]+)+"
)


class ApiError(Exception):
    """A refusal or a failure as the client sees it. `param` is the field that is wrong, dotted."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = without_paths(message)
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    @property
    def type(self) -> str:
        if self.status == 429:
            return "rate_limit_error"
        return "invalid_request_error" if self.status < 500 else "server_error"

    @property
    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": error}

    @classmethod
    def of(cls, failure: Failed, param: str | None = None) -> ApiError:
        """`failure` of a backend, with the remedy and the status that its kind calls for."""
        status = _STATUS.get(failure.kind, 500)
        code = _CODE.get(failure.kind, failure.kind.value)
        message = f"{failure.message}. {failure.remedy}"
        if failure.kind is FailureKind.TOO_LONG:
            message = f"context_length_exceeded: {message}"
        return cls(status, message, code, param, _RETRY_AFTER if status == 429 else None)

    @classmethod
    def named(cls, error: AssistantError, param: str | None = None) -> ApiError:
        """A failure that the engine has a name for; media over a limit are a 413."""
        if isinstance(error, MediaTooLarge):
            return cls(413, f"{error.message}. {error.remedy}", "media_too_large", param)
        return cls.of(error.as_event(), param)

    @classmethod
    def raised(cls, error: Exception) -> ApiError:
        """`error`, whatever it is. What nobody foresaw is logged here and stays here."""
        if isinstance(error, ApiError):
            return error
        if isinstance(error, AssistantError):
            return cls.named(error)
        log.error("a request failed", exc_info=error)
        message = "Something went wrong inside the server. Try again; the server's log has the details."
        return cls(500, message, FailureKind.INTERNAL.value)


def interrupted(why: str) -> ApiError:
    """The answer stops before its end while a client still listens."""
    return ApiError.of(Failed(FailureKind.INTERRUPTED, why, "Try again."))


def without_paths(text: str) -> str:
    """`text` with only the last name of each file path, and with nothing that UTF-8 cannot say."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _PATH.sub(lambda path: re.split(r"[/\\]", path[0].rstrip("/\\"))[-1], text)
