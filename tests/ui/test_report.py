"""The report and the Markdown: everything is in them, nothing foreign runs or is fetched."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from autoglm_ui.attachments import attach
from autoglm_ui.conversation import Conversation, Exchange, Rating, Reply
from autoglm_ui.store.archive import Archived
from autoglm_ui.view import markdown, report
from autoglm_ui.view.strings import EN, ZH, Strings
from engine.protocol import Failed, FailureKind, Message, TextPart, Timings, Usage
from tests.ui.driver import EXAMPLES

HARM = "<img src=x onerror=\"document.title='harm'\"><script>document.title='harm'</script>"


def archived() -> Archived:
    good = Reply(
        "done",
        reasoning=f"hm\n  {HARM}",
        answer=f"**Tap** it. {HARM} ![x](https://example.org/leak.png)\n\n```\n  code\n```",
        usage=Usage(reasoning_tokens=10, answer_tokens=32),
        timings=Timings(first_token=0.5, thinking=1.0, total=4.0, tokens_per_second=12.5),
        id="r1",
        backend="nano",
        rating=Rating("up", ("clear",), f"fine {HARM}"),
    )
    slow = replace(good, id="r2", backend="other", without=("image",), rating=Rating("down", ("slow",)))
    failed = Reply("failed", failure=Failed(FailureKind.TIMED_OUT, "no answer", "Wait."), id="r3")
    seen = Message(
        "user",
        (
            attach(EXAMPLES / "settings-en.png"),
            attach(EXAMPLES / "tap-settings.en.wav"),
            TextPart(f"look {HARM}"),
        ),
    )
    asked = Message("user", (TextPart("again"),))
    exchanges = (Exchange(seen, good, "e1", 1.0, (slow,)), Exchange(asked, failed, "e2", 2.0))
    return Archived(f"Trial {HARM}", Conversation(exchanges))


@pytest.mark.browser
@pytest.mark.parametrize(("strings", "said"), [(EN, "Good answer"), (ZH, "回答得好")], ids=["en", "zh"])
def test_report_opens_from_a_file_with_everything_in_it(
    browser: Browser, tmp_path: Path, strings: Strings, said: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(report.page(archived(), strings, saved=0.0), encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 800}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    picture = page.locator("img.picture")
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 720
    sound = page.locator("audio").evaluate(
        """async (audio) => {
            if (audio.readyState < 1) await new Promise((done) => (audio.onloadedmetadata = done));
            return audio.duration;
        }"""
    )
    assert sound == pytest.approx(attach(EXAMPLES / "tap-settings.en.wav").seconds, abs=0.1)  # type: ignore[union-attr]
    expect(page.locator(".rated.up")).to_contain_text(said)
    expect(page.locator(".said pre").first).to_have_text("  code\n")
    # Two answers were timed, both ratings stand in their chart, and so do their tags.
    assert page.locator(".chart").count() == 3
    assert [page.locator(f".chart rect.{kind}").count() for kind in ("answering", "up", "count")] == [2, 1, 2]
    assert page.title().startswith("Trial <img")
    assert page.locator("script, img[src=x]").count() == 0
    assert all(address.startswith(("file:", "data:")) for address in asked), asked
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_places_in_answers_are_drawn_in_the_report_and_written_in_the_markdown() -> None:
    tap = Reply("done", answer='do(action="Tap", element=[500,250])', id="r1", backend="nano")
    asked = Message("user", (attach(EXAMPLES / "settings-en.png"), TextPart("tap it")))
    pointed = Archived("Taps", Conversation((Exchange(asked, tap, "e1", 1.0, (replace(tap, id="r2"),)),)))
    page = report.page(pointed, EN)
    assert page.count('<circle class="dot"') == 2
    assert page.count("<dd>360, 400</dd>") == 2
    assert "pixels 360, 400" in report.text(pointed, EN)


def test_markdown_export_says_what_was_seen_heard_thought_and_rated() -> None:
    text = report.text(archived(), EN)
    for said in (
        "*Picture: settings-en.png, 720×1600*",
        "Recording: tap-settings.en.wav",
        "> **Thought for 1.0 s**",
        "### Answer: nano",
        "### Answer: other · without the picture",
        "First token 0.50 s",
        "*Rating: Good answer · Clear · fine",
        f"*{EN.failures[FailureKind.TIMED_OUT].title}: no answer*",
    ):
        assert said in text
    assert re.search(r"```\n  code\n```", text)


@pytest.mark.parametrize(
    "text",
    [
        HARM,
        "[x](javascript:alert(1))",
        "![x](https://example.org/a.png)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n[x]",
        '`<b onclick="x">`',
    ],
)
def test_answer_as_markdown_has_no_markup_of_its_own(text: str) -> None:
    html = markdown.render(text)
    assert set(re.findall(r"<(\w+)", html)) <= {"p", "a", "code", "br"}
    assert not re.search(r'(?:href|src)="(?!https?:)', html)
