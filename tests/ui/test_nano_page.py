"""The bundled model in the page, as a person meets it: text, picture, voice, both, and over HTTP."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.ui.driver import EXAMPLES, PATIENCE, ROOT, App, ChatPage

pytestmark = pytest.mark.engine

HOME = EXAMPLES / "home-zh.png"
ON_HOME = ("便签", "浏览器", "手电筒", "日历", "备忘录", "相机", "时钟", "设置", "电话", "音乐", "地图")


@pytest.fixture
def nano(launch: Callable[..., App], visit: Callable[..., ChatPage]) -> ChatPage:
    """A page of the bundled model."""
    return visit(launch("--model", "nano").url, locale="zh-CN")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """`python -m engine.server --model nano`, ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "engine.server", "--model", "nano", "--port", str(port)], cwd=ROOT
    )
    try:
        for _ in range(600):
            try:
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        else:
            pytest.fail("the service did not become ready")
        yield f"{url}/v1"
    finally:
        server.terminate()
        server.wait(20)


def test_it_says_who_it_is(nano: ChatPage) -> None:
    nano.ask("你是谁？")
    expect(nano.answer).to_contain_text("AutoGLM Nano")
    expect(nano.thought).to_contain_text(re.compile("[0-9]"))


def test_it_describes_a_screenshot(nano: ChatPage) -> None:
    nano.attach(HOME)
    nano.send("屏幕上有什么？")
    nano.wait()
    expect(nano.answer).to_contain_text("屏幕上有")
    said = nano.answer.inner_text()
    assert any(name in said for name in ON_HOME), said
    expect(nano.status).to_contain_text("224×224")


def test_it_obeys_a_spoken_command(nano: ChatPage) -> None:
    nano.record(2)
    nano.send()
    nano.wait()
    expect(nano.answer).to_contain_text('do(action="Launch"')


def test_it_looks_and_listens_at_once(nano: ChatPage) -> None:
    nano.attach(HOME)
    nano.record(2)
    nano.send()
    nano.wait()
    expect(nano.answer).to_contain_text("do(action=")


def test_too_long_a_text_is_said_and_stays(nano: ChatPage) -> None:
    nano.send("很长的话，" * 400)
    expect(nano.failure).to_be_visible(timeout=PATIENCE)
    expect(nano.failure).to_contain_text("512")


def test_the_same_model_as_an_endpoint_gives_the_same_answer(
    nano: ChatPage, endpoint: str, launch: Callable[..., App], visit: Callable[..., ChatPage]
) -> None:
    nano.ask("你能做什么？")
    here = nano.answer.inner_text()
    there = visit(launch("--base-url", endpoint).url, locale="zh-CN")
    there.ask("你能做什么？")
    assert there.answer.inner_text() == here
    expect(there.thought).to_be_visible()


def test_what_it_received_can_be_looked_at(nano: ChatPage) -> None:
    nano.attach(HOME, EXAMPLES / "open-camera.zh.wav")
    nano.send("打开相机")
    nano.wait()
    nano.page.locator("#inspect").click()
    drawer = nano.page.locator("#inspector")
    expect(drawer.locator(".gates .gate")).not_to_have_count(0, timeout=PATIENCE)
    pictures = drawer.locator(".pair img")
    expect(pictures).to_have_count(2)
    assert pictures.last.evaluate("(image) => [image.naturalWidth, image.naturalHeight]") == [224, 224]
    assert drawer.locator(".mel img").evaluate("(image) => image.naturalHeight") == 80
    expect(drawer.locator("pre")).to_contain_text("打开相机<|assistant|>")
