"""What a server says when it refuses: its status, its words, and what they are about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WORDS_MAX = 400  # characters of a server's own words that are shown
_TOO_LONG = re.compile(
    r"context.?length|context.?window|maximum context|max_model_len|prompt is too long|too many tokens"
    r"|exceeds? the (available )?context|longer than the maximum|input tokens exceed|reduce the length",
    re.IGNORECASE,
)
_AUDIO = re.compile(r"audio|sound|speech|multi-?modal|modalit", re.IGNORECASE)
_MEDIA = re.compile(rf"{_AUDIO.pattern}|image|vision|picture", re.IGNORECASE)
# Servers say that they take no picture or sound with any of these statuses (llama.cpp: 500).
_INPUT_REFUSED = frozenset({400, 404, 415, 422, 500, 501})
_NOT_TAKEN = re.compile(
    r"support|accept|multi-?modal|modalit|at most 0|may be provided|unknown variant|unexpected|invalid"
    r"|does not match|only|expected|not allowed|cannot",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"quota|balance|billing|credit|payment|arrears|欠费|余额", re.IGNORECASE)
_LOADING = re.compile(r"loading|warming up|starting up", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP error: its status, the server's words, its code and its Retry-After in seconds."""

    status: int
    words: str
    code: str = ""
    retry_after: float | None = None

    @property
    def says_no_audio(self) -> bool:
        return self._is_about_input and bool(_AUDIO.search(self.words))

    @property
    def says_no_media(self) -> bool:
        return self._is_about_input and bool(_MEDIA.search(self.words))

    @property
    def _is_about_input(self) -> bool:
        return self.status in _INPUT_REFUSED and bool(_NOT_TAKEN.search(self.words))

    @property
    def says_too_long(self) -> bool:
        return bool(_TOO_LONG.search(f"{self.words} {self.code}"))

    @property
    def is_about_money(self) -> bool:
        return bool(_QUOTA.search(self.words))

    @property
    def is_loading(self) -> bool:
        """The model is there and being loaded; it will answer."""
        return self.status == 503 and bool(_LOADING.search(self.words))

    def names(self, field: str) -> bool:
        """It complains of the body's field `field`."""
        return self.status in (400, 422) and bool(re.search(rf"\b{field}\b", self.words))


# ------------------------------------------------------------------------------- what it says


def words_of(body: object) -> str:
    """The message in an error body of any shape: nested, flat, a list of complaints, text, a page."""
    words = _message(body)
    if "<" in words and (title := re.search(r"<title[^>]*>(.*?)</title>", words, re.DOTALL | re.IGNORECASE)):
        words = title[1]
    elif words.lstrip().startswith("<"):
        words = re.sub(r"<[^>]+>", " ", words)
    words = " ".join(words.split())
    return words if len(words) <= _WORDS_MAX else f"{words[:_WORDS_MAX]}…"


def _message(body: object) -> str:
    match body:
        case None:
            return ""
        case str():
            return body
        case Mapping():
            for name in ("error", "message", "detail", "msg", "error_msg"):
                if body.get(name):
                    return _located(body, _message(body[name]))
            return json.dumps(dict(body), ensure_ascii=False, default=str) if body else ""
        case Sequence():
            return "; ".join(_message(one) for one in body)
        case _:
            return str(body)


def _located(body: Mapping[str, Any], message: str) -> str:
    """A complaint of FastAPI or pydantic, with the field it is about."""
    location = body.get("loc")
    if not isinstance(location, Sequence) or isinstance(location, str):
        return message
    return f"{'.'.join(str(part) for part in location)}: {message}"


def refusal_of(error: BaseException) -> Refusal | None:
    """The HTTP error in `error` or behind it."""
    for one in chain(error):
        response = getattr(one, "response", None)
        status = getattr(one, "status_code", None)
        if response is None or not isinstance(status, int):
            continue
        body = getattr(one, "body", None)
        code = str(body.get("code") or "") if isinstance(body, Mapping) else ""
        words = words_of(body) or words_of(_text(response))
        return Refusal(status, words, code, _seconds(response.headers.get("retry-after")))
    return None


def _text(response: Any) -> str:
    try:
        return response.text
    except Exception:  # it was not read, or is no text
        return ""


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; a date is not worth a clock that may differ."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def chain(error: BaseException) -> Iterator[BaseException]:
    """`error`, and what it was raised from."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
