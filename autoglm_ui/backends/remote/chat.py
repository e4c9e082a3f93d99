"""langchain's ChatOpenAI, taught what servers add to the standard. Heavy to import: import it late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr

from autoglm_ui.backends.remote.failures import StreamError
from autoglm_ui.backends.remote.messages import REASONING


@dataclass(slots=True)
class Record:
    """What a stream told besides its text, as the server put it."""

    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
    timings: Mapping[str, Any] | None = None


class ReasoningChatOpenAI(ChatOpenAI):
    """Keeps the thinking that ChatOpenAI drops, and raises the errors that it passes over.

    Thinking comes as `reasoning_content` (SGLang, llama.cpp, DeepSeek, z.ai), `reasoning` (vLLM, Ollama),
    `reasoning_details` (OpenRouter) or typed pieces of `content` (Mistral); each chunk carries it as
    `additional_kwargs["reasoning_content"]`.
    """

    _record: Record = PrivateAttr(default_factory=Record)

    @property
    def record(self) -> Record:
        return self._record

    def payload(self, messages: Sequence[BaseMessage]) -> dict[str, Any]:
        """The request's fields for `messages`, as the SDK is given them."""
        return self._get_request_payload(list(messages))

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict, default_chunk_class: type, base_generation_info: dict | None
    ) -> ChatGenerationChunk | None:
        """Raises `StreamError` for an error object in any place and shape."""
        _raise_error(chunk)
        self._note(chunk)
        choice = _first(chunk)
        content, thinking = _texts(choice.get("delta"))
        plain = {
            "model": chunk.get("model"),
            "choices": [{"delta": {"role": "assistant", "content": content}}],
        }
        generation = super()._convert_chunk_to_generation_chunk(
            plain, default_chunk_class, base_generation_info
        )
        if generation is not None and thinking:
            generation.message.additional_kwargs[REASONING] = thinking
        return generation

    def _note(self, chunk: Mapping[str, Any]) -> None:
        for name in ("usage", "timings"):
            if isinstance(value := chunk.get(name), Mapping):
                setattr(self._record, name, value)
        if reason := _first(chunk).get("finish_reason"):
            self._record.finish_reason = str(reason)

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict:
        """Put the thinking of earlier turns back, which ChatOpenAI leaves out.

        The messages go as `extra_body`: the SDK walks through what it is given as `messages` by the types of
        every field, 0.12 ms for each of them, and finds that they are what they were.
        """
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        messages = self._convert_input(input_).to_messages()
        for message, sent in zip(messages, payload["messages"], strict=True):
            if thinking := message.additional_kwargs.get(REASONING):
                sent[REASONING] = thinking
        payload["extra_body"] = {**(payload.get("extra_body") or {}), "messages": payload["messages"]}
        payload["messages"] = []
        return payload


def _first(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = chunk.get("choices")
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}


def _raise_error(chunk: Mapping[str, Any]) -> None:
    error = chunk.get("error") or _first(chunk).get("error")
    if error:
        raise StreamError(error)
    if chunk.get("object") == "error" or (chunk.get("message") and not chunk.get("choices")):
        raise StreamError(chunk)


def _texts(delta: object) -> tuple[str, str]:
    """The answer and the thinking in one delta."""
    if not isinstance(delta, Mapping):
        return "", ""
    thinking = delta.get("reasoning_content") or delta.get("reasoning") or ""
    if not isinstance(thinking, str) or not thinking:
        thinking = "".join(_details(delta.get("reasoning_details")))
    content = delta.get("content") or delta.get("refusal") or ""
    if isinstance(content, str):
        return content, thinking
    pieces = (
        [piece for piece in content if isinstance(piece, Mapping)] if isinstance(content, Sequence) else []
    )
    said = [piece.get("text") or "" for piece in pieces if piece.get("type") == "text"]
    thought = [_thought(piece.get("thinking")) for piece in pieces if piece.get("type") == "thinking"]
    return "".join(said), thinking + "".join(thought)


def _details(details: object) -> list[str]:
    entries = details if isinstance(details, list) else []
    return [str(one.get("text") or one.get("summary") or "") for one in entries if isinstance(one, Mapping)]


def _thought(thinking: object) -> str:
    if isinstance(thinking, str):
        return thinking
    entries = thinking if isinstance(thinking, list) else []
    return "".join(str(one.get("text") or "") for one in entries if isinstance(one, Mapping))
