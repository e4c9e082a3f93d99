"""A real Chromium that asks in a page and notes what it shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from bench.page.endpoint import LAST, QUESTION, SHORT
from bench.page.sides import Side
from bench.page.timeline import Seen

PROBE = Path(__file__).with_name("probe.js")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 180_000  # milliseconds


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises RuntimeError where there is none."""
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found is None:
        raise RuntimeError(f"no browser to measure in; install one of {', '.join(_CHROMIUM)}")
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", *quiet])
        yield browser
        browser.close()


def processor_seconds() -> float:
    """Processor time of the browser so far: drawing without a graphics card is work of another process."""
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "chrom" in process.name():
                times = process.cpu_times()
                spent += times.user + times.system
    return spent


class Tab:
    """One open page of a side, as a person who was never there before sees it."""

    def __init__(self, browser: Browser, side: Side, url: str) -> None:
        self.side = side
        self._context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
        self._context.set_default_timeout(_PATIENCE)
        self._context.add_init_script(path=PROBE)
        self.page: Page = self._context.new_page()
        self._url = url
        if side.greeting:
            # Playwright does this whenever that button stands in the way.
            self.page.add_locator_handler(self.page.locator(side.greeting), lambda button: button.click())
        self.open()
        self._devtools = self._context.new_cdp_session(self.page)
        # Processor time of the page's main thread; the default counts what others took of the machine, too.
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def open(self) -> None:
        """Load the page and wait until one can type in it."""
        self.page.goto(self._url)
        self.page.locator(self.side.composer).first.wait_for()

    def greet(self) -> None:
        """One short exchange, which pays for what a page and its server set up once."""
        self._ask("Hello")
        self.page.get_by_text(SHORT).last.wait_for()

    def measure(self) -> Seen:
        """Ask the question and watch until the whole reply is on show."""
        self.page.evaluate("bench.start()")
        self._ask(QUESTION)
        self.page.evaluate(f"bench.until({LAST})")
        seen = self.page.evaluate("bench.seen()")
        return Seen(seen["pressed"], tuple(map(tuple, seen["updates"])), tuple(map(tuple, seen["longTasks"])))

    def main_thread_seconds(self) -> float:
        """Processor time of the page's main thread so far."""
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    def close(self) -> None:
        self._context.close()

    def _ask(self, text: str) -> None:
        self.page.locator(self.side.composer).first.click()
        self.page.keyboard.insert_text(text)
        if self.side.takes:
            self.page.locator(self.side.takes).wait_for()
        self.page.keyboard.press("Enter")
