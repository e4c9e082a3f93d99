"""What the meter shows is what a server saw, and nothing else left the program."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from autoglm_ui.meter import Meter
from autoglm_ui.view import meter as shown
from autoglm_ui.view.strings import LANGUAGES
from tests.ui.driver import PATIENCE, ROOT, App, ChatPage
from tests.ui.endpoints import Endpoint


def test_requests_and_bytes_are_counted_by_host() -> None:
    meter = Meter()
    text = shown.shown(LANGUAGES["en"], meter)
    assert "Everything was answered on this machine" in text and "No connection" in text
    meter.asked("a:1", 1200)
    meter.asked("a:1", 300)
    meter.received("a:1", 2_000_000)
    meter.asked("<b>", 0)
    text = shown.shown(LANGUAGES["en"], meter)
    assert "a:1: requests 2, sent 1.5 kB, received 2.0 MB" in text
    assert "&lt;b&gt;: requests 1, sent 0 B, received 0 B" in text


def test_every_connection_to_another_machine_is_seen() -> None:
    # In a process of its own: what watches the interpreter stays for good.
    code = (
        "import socket\n"
        "from autoglm_ui.meter import METER\n"
        "METER.watch(); METER.watch()\n"
        "def connect(address, kind=socket.SOCK_STREAM, family=socket.AF_INET):\n"
        "    with socket.socket(family, kind) as one:\n"
        "        one.settimeout(0.01)\n"
        "        try: one.connect(address)\n"
        "        except OSError: pass\n"
        "connect(('127.0.0.1', 9)); connect(('localhost', 9)); connect(('192.0.2.9', 9), socket.SOCK_DGRAM)\n"
        "connect(('192.0.2.9', 443)); connect(('192.0.2.9', 443))\n"
        "print(METER.connections)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "(('192.0.2.9:443', 2),)"


@pytest.mark.browser
def test_meter_shows_what_the_endpoint_saw(visit: Callable[..., ChatPage]) -> None:
    with Endpoint() as endpoint, App("--base-url", endpoint.url) as app:
        chat = visit(app.url)
        chat.ask("hello there")
        meter = chat.settings().locator("#meter")
        seen = endpoint.exchanges
        sent = sum(len(one.body) for one in seen)
        assert 0 < sent < 1000
        line = f"127.0.0.1:{endpoint.port}: requests {len(seen)}, sent {sent} B, received "
        expect(meter).to_contain_text(line, timeout=PATIENCE)
        expect(meter).to_contain_text(re.compile(r"received [1-9]\d* B"))
        expect(meter).to_contain_text("No connection to another machine was opened.")
        assert [one.path for one in seen].count("/v1/chat/completions") == 1, "one question, one completion"


@pytest.mark.browser
def test_meter_is_not_for_who_cannot_choose_what_answers(
    launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    chat = visit(launch("--model", "scripted", "--lock-backend").url)
    panel = chat.settings()
    expect(panel.locator("#meter")).to_be_empty()
