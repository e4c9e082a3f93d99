"""What a browser remembers of a visitor's settings, from one visit to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autoglm_ui.backends.choice import BackendChoice
from engine.protocol import InvalidRequest, Options

Visitor = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """`choice` is None where what answers is as the program was started, `second` where nothing answers
    beside it; a key is never remembered."""

    options: Options = Options()
    choice: BackendChoice | None = None
    second: BackendChoice | None = None

    @classmethod
    def read(cls, visitor: Visitor, default: BackendChoice) -> Remembered:
        """What `visitor` holds; what is not right in it is left out.

        A choice was made against a `default`: where the program was started with another one since, that
        one is newer.
        """
        kept = visitor or {}
        choice, second = kept.get("choice"), kept.get("second")
        return cls(
            _options(kept.get("options")),
            _choice(choice)
            if isinstance(choice, dict) and choice.get("instead_of") == _name(default)
            else None,
            _choice(second) if isinstance(second, dict) else None,
        )


def options_to_json(options: Options) -> dict[str, Any]:
    return {
        "max_new_tokens": options.max_new_tokens,
        "temperature": options.temperature,
        "thinking": options.thinking,
    }


def choice_to_json(choice: BackendChoice, default: BackendChoice) -> dict[str, Any] | None:
    """`choice` without its key; None where it is the `default`."""
    if choice == default:
        return None
    return {**_named(choice), "instead_of": _name(default)}


def second_to_json(second: BackendChoice | None) -> dict[str, Any] | None:
    """What answers beside the first, without its key; None where nothing does."""
    return None if second is None else _named(second)


def _options(kept: Any) -> Options:
    try:
        return Options(
            max_new_tokens=int(kept["max_new_tokens"]),
            temperature=float(kept["temperature"]),
            thinking=bool(kept["thinking"]),
        )
    except (TypeError, KeyError, ValueError, InvalidRequest):
        return Options()


def _named(choice: BackendChoice) -> dict[str, Any]:
    return {"model": choice.model, "base_url": choice.base_url}


def _choice(kept: dict[str, Any]) -> BackendChoice | None:
    model, base_url = kept.get("model"), kept.get("base_url")
    if not all(value is None or isinstance(value, str) for value in (model, base_url)):
        return None
    return BackendChoice(model, base_url) if model or base_url else None


def _name(choice: BackendChoice) -> str:
    return f"{choice.base_url or ''} {choice.model or ''}"
