"""The doctor asks real HTTP servers that behave well and badly, and says which."""

from __future__ import annotations

import json

from autoglm_ui.backends.doctor import PRESETS, SIDE, TARGET, Finding, Found, examine
from autoglm_ui.backends.remote.endpoint import Address
from autoglm_ui.view.words import doctor as words
from engine.protocol import FailureKind
from tests.ui.endpoints import Endpoint, Exchange, chunk, refusing


async def examined(endpoint: Endpoint, model: str | None = None) -> tuple[dict[str, Finding], Found | None]:
    told = [one async for one in examine(endpoint.url, "k", model)]
    findings = {one.step: one for one in told if isinstance(one, Finding)}
    return findings, next((one for one in told if isinstance(one, Found)), None)


async def gifted(exchange: Exchange) -> None:
    """Thinks apart from its answer, points where the disc is and hears what is said."""
    asked = json.dumps(exchange.json)
    answer = "".join(f"{number}, " for number in range(1, 21))
    if "image_url" in asked:
        x, y = (round(1000 * one / SIDE) for one in TARGET)
        answer = f'do(action="Tap", element=[{x},{y}])'
    elif "input_audio" in asked:
        answer = "Tap Settings."
    thinking = [chunk(reasoning_content="hm ")] if "17 times" in asked else []
    await exchange.stream(
        [*thinking, *(chunk(answer[at : at + 4]) for at in range(0, len(answer), 4)), chunk(finish="stop")]
    )


async def plain(exchange: Exchange) -> None:
    """Text only, in one piece; pictures and sound are refused."""
    asked = json.dumps(exchange.json)
    if "image_url" in asked or "input_audio" in asked:
        await exchange.reply(400, {"error": {"message": "this model does not support image or audio input"}})
        return
    await exchange.reply(200, {"choices": [{"message": {"content": "1 2 3"}, "finish_reason": "stop"}]})


async def test_a_gifted_endpoint_passes_and_its_settings_are_found() -> None:
    with Endpoint(gifted, models=["eyes", "other"], owner="vllm") as endpoint:
        findings, found = await examined(endpoint)
    assert {step: one.verdict for step, one in findings.items()} == dict.fromkeys(words.EN.steps, "good")
    assert found == Found(endpoint.url, "eyes", ("eyes", "other"), "vllm")


async def test_a_plain_endpoint_is_told_apart_step_by_step() -> None:
    with Endpoint(plain) as endpoint:
        findings, found = await examined(endpoint)
    assert found
    assert {step: (one.verdict, one.fact) for step, one in findings.items()} == {
        "reachable": ("good", "reachable"),
        "streams": ("fair", "one_piece"),
        "thinks": ("fair", "no_thinking"),
        "sees": ("bad", "no_pictures"),
        "hears": ("bad", "no_sound"),
        "stops": ("good", "stops"),
    }


async def test_one_that_points_elsewhere_and_one_that_points_nowhere() -> None:
    async def elsewhere(exchange: Exchange) -> None:
        await exchange.stream([chunk("do(action="), chunk('"Tap", element=[100,900])'), chunk(finish="stop")])

    async def nowhere(exchange: Exchange) -> None:
        await exchange.stream([chunk("I see "), chunk("a red disc."), chunk(finish="stop")])

    for chat, fact in ((elsewhere, "points_wrong"), (nowhere, "no_place")):
        with Endpoint(chat) as endpoint:
            findings, _ = await examined(endpoint)
        assert (findings["sees"].verdict, findings["sees"].fact) == ("fair", fact)


async def test_what_is_in_vain_is_not_asked() -> None:
    with Endpoint(routes={"/v1/models": refusing(401, {"error": {"message": "bad key"}})}) as endpoint:
        findings, found = await examined(endpoint)
        assert not endpoint.chats
    assert list(findings) == ["reachable"] and found is None
    failure = findings["reachable"].failure
    assert failure and failure.kind is FailureKind.UNAUTHORIZED and failure.remedy
    with Endpoint(models=["one", "two"]) as endpoint:
        findings, _ = await examined(endpoint, "three")
        assert not endpoint.chats
    assert (
        findings["reachable"].fact == "unknown_model"
        and dict(findings["reachable"].values)["listed"] == "one, two"
    )


def test_every_fact_has_words_and_every_preset_is_an_address() -> None:
    for language in (words.EN, words.ZH):
        assert set(language.facts) == set(words.EN.facts) and set(language.advice) <= set(language.facts)
    for _, url in PRESETS:
        assert Address.parse(url).url == url
