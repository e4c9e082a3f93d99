"""The program, a browser with a microphone, and one page, for the tests of the page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.ui.driver import EXAMPLES, ROOT, App, ChatPage

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def spoken_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spoken command as Chromium's fake microphone reads it: 48 kHz, mono, 16 bit, with a pause at the
    end, since it loops."""
    samples, rate = soundfile.read(EXAMPLES / "open-camera.zh.wav", dtype="float32")
    resampled = soxr.resample(samples, rate, 48_000)
    path = tmp_path_factory.mktemp("microphone") / "say.wav"
    soundfile.write(path, np.concatenate([resampled, np.zeros(24_000, np.float32)]), 48_000, "PCM_16")
    return path


# Of a module, not of the session: while Playwright runs it holds the thread's event loop, and tests
# in other modules need theirs.
@pytest.fixture(scope="module")
def browser(spoken_command: Path) -> Iterator[Browser]:
    """Chromium, with the spoken command in place of a microphone."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.fail(f"no browser to test in; install one of: {', '.join(CHROMIUM)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={spoken_command}",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., App]]:
    """Start the program with options, or give the one that was started with the same ones."""
    with ExitStack() as running:
        apps: dict[tuple[str, ...], App] = {}

        def start(*options: str) -> App:
            if options not in apps:
                apps[options] = running.enter_context(App(*options))
            return apps[options]

        yield start


_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test itself failed, for `visit`."""
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., ChatPage]]:
    """Open a page as a new visitor: `visit(url, locale=…, viewport=…, color_scheme=…)`.

    `before` is a script that runs in the page before its own. Pages of a test that failed are left as
    pictures in test-results/.
    """
    contexts: list[BrowserContext] = []

    def open_page(url: str, before: str = "", **options: object) -> ChatPage:
        choices = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(permissions=["microphone"], **choices)  # type: ignore[arg-type]
        contexts.append(context)
        if before:
            context.add_init_script(before)
        return ChatPage(context.new_page(), url)

    yield open_page
    for number, context in enumerate(contexts):
        if request.node.stash.get(_failed, False):
            name = re.sub(r"\W+", "-", request.node.name)
            context.pages[0].screenshot(path=ROOT / "test-results" / f"{name}-{number}.png")
        context.close()


@pytest.fixture
def chat(launch: Callable[..., App], visit: Callable[..., ChatPage]) -> ChatPage:
    """A page of the scripted stand-in, in English."""
    return visit(launch("--model", "scripted").url)
