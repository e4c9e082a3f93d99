"""What was sent to an endpoint can be looked at, and the endpoint examined, in the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage
from tests.ui.endpoints import Endpoint, answering
from tests.ui.test_doctor import gifted

pytestmark = pytest.mark.browser


def test_request_is_shown_as_sent_with_its_key_masked_and_turns_can_be_changed(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    with Endpoint(answering("Hello."), models=["m1"]) as endpoint:
        chat = visit(launch("--base-url", endpoint.url, "--api-key", "sk-secret-1234").url)
        chat.attach(EXAMPLES / "settings-en.png", EXAMPLES / "tap-settings.en.wav")
        chat.ask("first <b>question</b>")
        chat.ask("second question")
        chat.page.locator("#inspect").click()
        drawer = chat.page.locator("#inspector")
        sent = drawer.locator("pre").last
        expect(sent).to_contain_text("second question", timeout=PATIENCE)
        expect(sent).to_contain_text("POST http://127.0.0.1")
        expect(sent).to_contain_text('"model": "m1"')
        expect(sent).to_contain_text("data:image/png;base64,")
        expect(drawer).to_contain_text("cannot be seen from here")
        assert "sk-secret" not in chat.page.content()
        assert len(sent.inner_text()) < 5_000
        body = endpoint.chats[-1]
        assert all(f'"{name}"' in sent.inner_text() for name in body)
        drawer.get_by_role("button", name="Turn before").click()
        expect(drawer.locator(".pair img")).to_have_count(1, timeout=PATIENCE)
        expect(drawer.locator(".waveform")).to_be_visible()
        expect(sent).not_to_contain_text("second question", timeout=PATIENCE)
        chat.page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()


def test_endpoint_is_examined_and_what_works_is_filled_in(chat: ChatPage) -> None:
    with Endpoint(gifted, models=["eyes"], owner="vllm") as endpoint:
        panel = chat.settings()
        panel.get_by_label("An endpoint").check()
        panel.locator("#base-url input, #base-url textarea").first.fill(endpoint.origin)
        panel.locator("#check").click()
        expect(panel.locator('.doctor li[data-verdict="good"]')).to_have_count(6, timeout=2 * PATIENCE)
        expect(panel.locator("#base-url input, #base-url textarea").first).to_have_value(endpoint.url)
        expect(panel.locator("#remote-model input, #remote-model textarea").first).to_have_value("eyes")
