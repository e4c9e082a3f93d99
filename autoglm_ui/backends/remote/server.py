"""What is known of one server, from its first look on; it learns from what the server refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from autoglm_ui.backends.dialects import Dialect, ModelList
from autoglm_ui.backends.remote.endpoint import Address
from autoglm_ui.backends.remote.messages import Style, body_fields
from autoglm_ui.backends.remote.refusals import Refusal
from engine.protocol import Options

_ACTION_MODELS = re.compile("autoglm", re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(
    r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|extra|not permitted|not allowed|no such",
    re.IGNORECASE,
)
_TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Server:
    """`model` is the one that is asked. `refused` are fields that it said it does not know; `refuses_sound`
    that it took no sound in a chat message."""

    address: Address
    dialect: Dialect
    models: ModelList
    model: str
    refused: frozenset[str] = frozenset()
    refuses_sound: bool = False

    @property
    def inputs(self) -> frozenset[str]:
        """What the model says it takes in; empty where nothing is said."""
        return self.models.inputs.get(self.model, frozenset())

    @property
    def is_deaf(self) -> bool:
        """Chat messages there cannot hold sound."""
        silent = bool(self.inputs) and "audio" not in self.inputs
        return self.refuses_sound or self.dialect.audio is False or silent

    @property
    def style(self) -> Style:
        return Style(self.dialect.replays_reasoning, bool(_ACTION_MODELS.search(self.model)))

    def body(self, options: Options) -> dict[str, Any]:
        """The request body but for the model and the messages."""
        fields = body_fields(options, self.dialect)
        return {name: value for name, value in fields.items() if name not in self.refused}

    def deafened(self) -> Server:
        return replace(self, refuses_sound=True)

    def adapted(self, refusal: Refusal, options: Options) -> Server | None:
        """As to be asked next, without what `refusal` says it does not know; None if nothing helps.

        A value that it does not like is no unknown field: that is for the person to change.
        """
        limit = self.dialect.token_limit
        other = next(name for name in _TOKEN_LIMITS if name != limit)
        if refusal.names(limit) and refusal.names(other) and limit not in self.refused:
            dialect = replace(self.dialect, token_limit=other)
            return replace(self, dialect=dialect, refused=self.refused | {limit})
        named = {name for name in self.body(options) if refusal.names(name)} - set(_TOKEN_LIMITS)
        if not named or not _UNKNOWN_FIELD.search(refusal.words):
            return None
        return replace(self, refused=self.refused | named)
