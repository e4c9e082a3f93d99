"""What one visitor gets of the machine, and what a public page locks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from autoglm_ui.backends.scripted import Script, ScriptedBackend
from autoglm_ui.quota import LimitedBackend, Quota, QuotaSpent
from autoglm_ui.settings import SPACE_SECONDS, UsageError, read
from engine.protocol import AnswerAdded, Failed, FailureKind, Finished
from tests.ui.conversing import asking
from tests.ui.driver import PATIENCE, App, ChatPage


def test_allowance_is_spent_and_comes_back_with_time() -> None:
    now = 0.0
    quota = Quota(60, now=lambda: now)
    quota.spend("ana", 40)
    assert (quota.left("ana"), quota.left("bob")) == (20, 60)
    quota.admit("ana")
    quota.spend("ana", 30)
    with pytest.raises(QuotaSpent) as spent:
        quota.admit("ana")
    assert spent.value.wait == 900, "15 s are missing to the least; 60 s come back in an hour"
    quota.admit("bob")
    now = 900.0
    quota.admit("ana")
    now = 10_000.0
    assert quota.left("ana") == 60, "no more than the allowance"
    quota.spend("bob", 1)
    assert list(quota._spent) == ["bob"], "who owes nothing is forgotten"


async def test_answer_ends_with_the_allowance_and_keeps_what_came() -> None:
    quota = Quota(0.3)
    backend = LimitedBackend(ScriptedBackend(Script(delay=0.02)), quota, "ana")
    async with asyncio.timeout(60):
        events = [event async for event in backend.stream(asking("/long 1000"))]
    last = events[-1]
    assert isinstance(last, Failed) and last.kind is FailureKind.RATE_LIMITED and "0 s" in last.message
    assert quota.left("ana") <= 0
    assert sum(isinstance(event, AnswerAdded) for event in events) < 500


async def test_answer_within_the_allowance_is_whole_and_is_paid_for() -> None:
    quota = Quota(3600)
    backend = LimitedBackend(ScriptedBackend(Script(delay=0.0)), quota, "ana")
    events = [event async for event in backend.stream(asking("hello"))]
    assert isinstance(events[-1], Finished)
    assert quota.left("ana") < 3600


def test_public_pages_are_locked() -> None:
    space = read([], {"SPACE_ID": "someone/page"})
    assert space.backend_locked and not space.lends_microphone and not space.tells_addresses
    assert space.visitor_seconds == SPACE_SECONDS
    assert read(["--visitor-seconds", "60"], {"SPACE_ID": "x"}).visitor_seconds == 60
    shared = read(["--share"], {})
    assert shared.backend_locked and not shared.lends_microphone and not shared.tells_addresses
    here = read([], {})
    assert not here.backend_locked and here.lends_microphone and here.visitor_seconds is None
    for options in (["--share", "--host", "0.0.0.0"], ["--visitor-seconds", "0"]):
        with pytest.raises(UsageError):
            read(options, {})


@pytest.mark.browser
def test_visitor_is_told_what_is_left_and_when_more_comes(visit: Callable[..., ChatPage]) -> None:
    with App("--model", "scripted:delay=0.2", "--visitor-seconds", "6") as app:
        chat = visit(app.url)
        expect(chat.status).to_contain_text("6 s of answers left")
        chat.send("/long 200")
        chat.wait("failed")
        expect(chat.answer).to_contain_text("word 3,")  # what had come is kept
        expect(chat.failure).to_contain_text("used your 6 s of answers")
        expect(chat.status).to_contain_text("0 s of answers left")
        chat.send("one more")
        expect(chat.notice).to_contain_text("The next can be asked in", timeout=PATIENCE)
        expect(chat.text).to_have_value("one more")
        other = visit(app.url)
        other.send("hello")
        expect(other.answer).to_contain_text("scripted", timeout=PATIENCE)


@pytest.mark.browser
def test_link_that_cannot_be_made_is_said_and_the_page_is_there_all_the_same(
    visit: Callable[..., ChatPage],
) -> None:
    nowhere = {name: "http://127.0.0.1:9" for name in ("HTTPS_PROXY", "https_proxy")}
    with App("--model", "scripted", "--share", environ={**os.environ, **nowhere}) as app:
        chat = visit(app.url)
        chat.ask("hello")
        assert "no public link could be made" in app.log and "Traceback" not in app.log
        expect(chat.settings()).to_contain_text("Chosen by whoever runs this page")
