"""The bytes that a token stands for, which its text alone does not tell: it may be half a character."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BYTE = re.compile("<0x([0-9A-F]{2})>")
_SPACE = "\u2581"  # how SentencePiece writes a space


class TokenBytes:
    """Token id -> bytes, for the two ways in which vocabularies write what is no whole character.

    Byte-level BPE (GPT-2, GLM, Llama 3, Qwen) writes each byte as a character of its own; SentencePiece with
    byte fallback (Llama 2, Gemma) writes a byte as `<0xE4>` and a space as U+2581. Control tokens are their
    names.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        from transformers.convert_slow_tokenizer import bytes_to_unicode

        self._tokenizer = tokenizer
        self._named = {id: token.content for id, token in tokenizer.get_added_tokens_decoder().items()}
        byte_level = "ByteLevel" in _kinds(tokenizer)
        self._byte_of = {char: byte for byte, char in bytes_to_unicode().items()} if byte_level else {}

    def __call__(self, token: int) -> bytes:
        """Empty for an id that the vocabulary does not name: models have more rows than tokens."""
        if token in self._named:
            return self._named[token].encode()
        text = self._tokenizer.id_to_token(token) or ""
        if self._byte_of.keys() >= set(text):
            return bytes(self._byte_of[char] for char in text)
        if byte := _BYTE.fullmatch(text):
            return bytes([int(byte[1], 16)])
        return text.replace(_SPACE, " ").encode()


def _kinds(tokenizer: Tokenizer) -> list[str]:
    """The kinds of decoder that make text of tokens."""
    decoder: Any = tokenizer.decoder
    return list(_types(json.loads(decoder.__getstate__()))) if decoder is not None else []


def _types(decoder: dict[str, Any]) -> Iterator[str]:
    yield decoder["type"]
    for part in decoder.get("decoders", ()):
        yield from _types(part)
