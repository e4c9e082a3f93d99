"""What each OpenAI-compatible server calls things, and how to tell which one answers.

One frozen profile per server. Facts are from the servers' released sources, where there are any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server wants to be asked.

    `thinking_on` and `thinking_off` are the fields of the request body that switch it. `image` and
    `audio` say whether chat messages may hold them, None where it depends on the model.
    `replays_reasoning`: it takes the thinking of earlier turns as `reasoning_content`. `hosts`,
    `owners` (`owned_by` of its models), `headers` (a response header and how it begins) and `port`
    are its marks.
    """

    name: str
    thinking_on: Fields = field(default_factory=dict)
    thinking_off: Fields = field(default_factory=dict)
    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    base_path: str = "/v1"
    image: bool | None = None
    audio: bool | None = None
    streams_usage_on_request: bool = True
    replays_reasoning: bool = False
    hosts: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    port: int | None = None

    def thinking(self, on: bool) -> dict[str, Any]:
        return dict(self.thinking_on if on else self.thinking_off)


def _template(on: bool, **more: Any) -> Fields:
    """Both names that chat templates use; a template ignores the one it does not know."""
    return {"chat_template_kwargs": {"enable_thinking": on, "thinking": on}, **more}


def _typed(on: bool) -> Fields:
    return {"thinking": {"type": "enabled" if on else "disabled"}}


# Ours: engine.server.
AUTOGLM = Dialect(
    "autoglm",
    thinking_on=_template(True),
    thinking_off=_template(False),
    replays_reasoning=True,
    owners=("autoglm",),
)
VLLM = Dialect("vllm", thinking_on=_template(True), thinking_off=_template(False), owners=("vllm",))
SGLANG = Dialect(
    "sglang",
    thinking_on=_template(True, separate_reasoning=True),
    thinking_off=_template(False, separate_reasoning=True),
    owners=("sglang",),
)
LLAMA_CPP = Dialect(
    "llama.cpp",
    thinking_on=_template(True),
    thinking_off=_template(False),
    owners=("llamacpp",),
    headers=(("server", "llama.cpp"),),
)
# Asking a model that cannot think for an effort is an error there, so thinking is only switched off.
OLLAMA = Dialect("ollama", thinking_off={"reasoning_effort": "none"}, owners=("library",), port=11434)
LM_STUDIO = Dialect("lm-studio", owners=("organization_owner",), port=1234)
TRANSFORMERS = Dialect(
    "transformers",
    thinking_on=_template(True),
    thinking_off=_template(False),
    streams_usage_on_request=False,  # the field is refused; usage comes unasked
)
ZAI = Dialect(
    "z.ai",
    thinking_on=_typed(True),
    thinking_off=_typed(False),
    base_path="/api/paas/v4",
    audio=False,
    hosts=("api.z.ai", "open.bigmodel.cn"),
    owners=("z-ai", "zhipuai"),
)
DEEPSEEK = Dialect(
    "deepseek",
    thinking_on=_typed(True),
    thinking_off=_typed(False),
    image=False,
    audio=False,
    hosts=("api.deepseek.com",),
    owners=("deepseek",),
)
OPENROUTER = Dialect(
    "openrouter",
    thinking_on={"reasoning": {"enabled": True}},
    thinking_off={"reasoning": {"enabled": False}},
    base_path="/api/v1",
    hosts=("openrouter.ai",),
)
# Its reasoning models cannot stop thinking, only do it briefly; the others refuse the field.
OPENAI = Dialect(
    "openai",
    thinking_off={"reasoning_effort": "low"},
    token_limit="max_completion_tokens",
    hosts=("api.openai.com",),
    owners=("openai", "openai-internal", "system"),
)
# An unknown server: what most take, and what is refused is left out at the second try.
GENERIC = Dialect("generic", thinking_on=_template(True), thinking_off=_template(False))

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        *(AUTOGLM, VLLM, SGLANG, LLAMA_CPP, OLLAMA, LM_STUDIO, TRANSFORMERS),
        *(ZAI, DEEPSEEK, OPENROUTER, OPENAI, GENERIC),
    )
}


@dataclass(frozen=True, slots=True)
class ModelList:
    """What `GET /models` told: names, their owners, and which models say what they take in."""

    ids: tuple[str, ...] = ()
    owners: frozenset[str] = frozenset()
    inputs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: object, headers: Mapping[str, str]) -> ModelList:
        """Read a response body, whatever it holds."""
        data = body.get("data") if isinstance(body, Mapping) else body
        entries = (
            [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, Sequence) else []
        )
        named = {str(entry["id"]): entry for entry in entries if entry.get("id")}
        owners = frozenset(str(entry.get("owned_by") or "").lower() for entry in named.values()) - {""}
        inputs = {name: modalities for name, entry in named.items() if (modalities := _inputs(entry))}
        return cls(tuple(named), owners, inputs, headers)


def _inputs(entry: Mapping[str, Any]) -> frozenset[str]:
    """Kinds of input that a model says it takes (OpenRouter, and servers that follow it)."""
    architecture = entry.get("architecture")
    holder = architecture if isinstance(architecture, Mapping) else entry
    modalities = holder.get("input_modalities")
    if not isinstance(modalities, Sequence) or isinstance(modalities, str):
        return frozenset()
    return frozenset(str(one).lower() for one in modalities)


def by_host(base_url: str) -> Dialect | None:
    """The service that a public host name belongs to."""
    host = (urlsplit(base_url).hostname or "").lower()
    return next((one for one in DIALECTS.values() if host in one.hosts), None)


def detect(base_url: str, models: ModelList | None = None) -> Dialect:
    """The dialect at `base_url`: by host name, else by what its list of models says, else by port."""
    found = by_host(base_url)
    if found is None and models is not None:
        found = _by_models(models)
    if found is None:
        port = urlsplit(base_url).port
        found = next((one for one in DIALECTS.values() if port and one.port == port), None)
    return found or GENERIC


def _by_models(models: ModelList) -> Dialect | None:
    for dialect in DIALECTS.values():
        if models.owners & set(dialect.owners):
            return dialect
        for header, start in dialect.headers:
            if models.headers.get(header, "").lower().startswith(start):
                return dialect
    return None
