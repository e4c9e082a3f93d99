"""The bytes of a token, in the two ways in which vocabularies write them."""

from __future__ import annotations

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from engine.token_bytes import TokenBytes

TEXT = 'naïve 你好 👋🏽 do(action="Tap")\n\tend'


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(["do tap the end"], trainer)
    return tokenizer


def byte_fallback() -> Tokenizer:
    """As Llama 2 and Gemma have it: pieces of words, and bytes where there is no piece."""
    pieces = [(piece, -1.0) for piece in ("<unk>", "\u2581do", "do", "end", *'aenptv()="T', "\u2581")]
    pieces += [(f"<0x{byte:02X}>", -9.0) for byte in range(256)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    parts = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(parts)
    return tokenizer


@pytest.mark.parametrize("make", [byte_level, byte_fallback])
def test_the_bytes_of_the_tokens_are_the_text(make):
    tokenizer = make()
    bytes_of = TokenBytes(tokenizer)
    tokens = [bytes_of(token) for token in tokenizer.encode(TEXT).ids]
    assert b"".join(tokens).decode() == TEXT
    assert any(token.decode("utf-8", "replace") == "\ufffd" for token in tokens), "no character was split"


def test_control_tokens_are_their_names_and_what_has_none_is_empty():
    tokenizer = byte_level()
    tokenizer.add_special_tokens([AddedToken("<|用户|>", special=True)])
    bytes_of = TokenBytes(tokenizer)
    control = tokenizer.token_to_id("<|用户|>")
    assert control is not None
    assert bytes_of(control).decode() == "<|用户|>"
    assert bytes_of(100_000) == b""


def test_every_token_of_the_bundled_model_is_bytes():
    from engine.sketch import BUNDLED

    tokenizer = Tokenizer.from_file(str(BUNDLED["nano"] / "tokenizer.json"))
    bytes_of = TokenBytes(tokenizer)
    assert all(bytes_of(token) for token in range(tokenizer.get_vocab_size()))
    ids = tokenizer.encode(TEXT, add_special_tokens=False).ids
    assert b"".join(map(bytes_of, ids)).decode() == TEXT
