"""Recordings sent to be written down, over real HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from engine.server.transcribing import heard
from tests.engine.calls import error_of
from tests.engine.serving import Service
from tests.engine.test_wire import recording


def send_sound(service: Service, sound: bytes, **fields: Any) -> httpx.Response:
    files = {"file": ("recording.wav", sound)}
    return httpx.post(f"{service.url}/v1/audio/transcriptions", files=files, data=fields, timeout=10)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("我听到“打开相机”。要打开相机。", ("打开相机", "chinese")),
        ('I hear "tap settings". Tap it.', ("tap settings", "english")),
        ("我没有听到说话声。", ("", "chinese")),
        ("I hear no speech.\nI did not hear any words.", ("", "english")),
        ("The user wants to know what I can do.", None),
        ('I hear "tap', None),
    ],
)
def test_only_the_words_between_the_quotes_are_the_transcript(said: str, told: tuple[str, str] | None):
    assert heard(said) == told


def test_a_model_that_does_not_say_what_it_hears_gives_no_transcript(service: Service):
    refused = send_sound(service, recording(0.5), model="scripted")
    assert (refused.status_code, error_of(refused)["code"]) == (422, "speech_not_understood")


@pytest.mark.parametrize(
    ("sound", "fields", "status", "param"),
    [
        (b"no sound at all", {}, 400, "file"),
        (b"", {}, 400, "file"),
        (recording(61), {}, 413, "file"),
        (recording(0.5), {"response_format": "srt"}, 400, "response_format"),
        (recording(0.5), {"response_format": "poem"}, 400, "response_format"),
        (recording(0.5), {"stream": "true"}, 400, "stream"),
        (recording(0.5), {"model": "whisper-1"}, 404, "model"),
    ],
)
def test_what_cannot_be_transcribed_says_why(
    service: Service, sound: bytes, fields: dict[str, Any], status: int, param: str
):
    refused = send_sound(service, sound, **fields)
    assert (refused.status_code, error_of(refused)["param"]) == (status, param)


def test_a_transcription_without_a_file_says_so(service: Service):
    url = f"{service.url}/v1/audio/transcriptions"
    ways: list[dict[str, Any]] = [
        {"data": {"model": "scripted"}},
        {"json": {}},
        {"files": {"other": b"x"}},
        {},
    ]
    for how in ways:
        refused = httpx.post(url, **how)
        assert (refused.status_code, error_of(refused)["param"]) == (400, "file")
