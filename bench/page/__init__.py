"""The page in a real browser beside others, all before the same endpoint.

Each round starts every program anew, one after another, and asks each one the same question: 900 tokens of
thinking and 300 of answer, one every 8 ms. Ours is asked again after 200 and after 1,000 messages.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Error

from bench.page import history, timeline
from bench.page.browser import Tab, chromium, processor_seconds
from bench.page.endpoint import ANSWER, MODEL, PAUSE, QUESTION, REASONING, number
from bench.page.servers import Endpoint, Server, free_port, local_endpoint, running
from bench.page.sides import OURS, PEERS, Side
from bench.rounds import Result, tell

ROUNDS = 3
HISTORIES = (200, 1000)  # messages
#: The most that is wanted: milliseconds, times the raw client's, times that without a history.
FIRST_TEXT_MS, WALL, FLAT = 150.0, 1.02, 1.1
FIRST_TEXT, MAIN_THREAD = "first text after the first token", "main thread of the page"
BROWSER, PROCESSOR = "processor of the browser", "processor of the server"
#: Seconds after the last token in which a page may still ask for something.
AFTERMATH = 2.0

Note = Callable[[str, str, float], None]  # what, unit, value


def measure(runs: int) -> Result:
    """Raises RuntimeError without a browser, or where our own page fails; a peer that fails is left out."""
    result = Result()
    sides = [OURS, *(side for side in PEERS if _installed(side, result.notes))]
    with chromium() as browser, local_endpoint() as backend:
        rounds = min(runs, ROUNDS)
        for turn in range(1, rounds + 1):
            _note(result, "raw client")("wall", "s", raw_client(backend))
            for side in tuple(sides):
                tell(f"round {turn} of {rounds}: {side.name}")
                try:
                    _round(browser, side, backend, result)
                except (Error, OSError, RuntimeError, ValueError) as error:
                    if side is OURS:
                        raise RuntimeError(f"our own page: {error}") from error
                    sides.remove(side)
                    _forget(side, result)
                    result.notes.append(f"{side.name} is left out: {str(error).splitlines()[0]}")
    _compare(result, [side.name for side in sides])
    return result


def raw_client(backend: Endpoint) -> float:
    """Seconds until a client without a page has the last token."""
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    began, last = time.time(), 0.0
    with httpx.stream("POST", f"{backend.url}/chat/completions", json=body, timeout=60) as response:
        for line in response.iter_lines():
            if number(line):
                last = time.time()
    backend.asked()
    return last - began


def _round(browser: Browser, side: Side, backend: Endpoint, result: Result) -> None:
    note = _note(result, side.name)
    with tempfile.TemporaryDirectory(prefix="autoglm-bench-") as folder:
        port = free_port()
        command, environ = side.start(port, backend.url, Path(folder))
        with running(command, environ, port) as server, _open(browser, side, server) as first:
            note("cold start to a usable page", "s", time.time() - server.started)
            first.greet()
            with _open(browser, side, server) as fresh:
                _ask(fresh, server, backend, note)
            note("memory of the server", "MB", server.memory_bytes() / 1e6)
            if side is OURS:
                _histories(first, server, backend, Path(folder), result)


def _ask(tab: Tab, server: Server, backend: Endpoint, note: Note) -> None:
    """One measured question in a page that is open."""
    time.sleep(AFTERMATH)
    backend.asked()
    before = server.cpu_seconds(), tab.main_thread_seconds(), processor_seconds()
    seen = tab.measure()
    after = server.cpu_seconds(), tab.main_thread_seconds(), processor_seconds()
    worked, rendered, drawn = (late - early for early, late in zip(before, after, strict=True))
    time.sleep(AFTERMATH)
    asked = backend.asked()
    [sent] = [each.sent for each in asked if each.measured]
    times = timeline.read(seen, sent)
    note(FIRST_TEXT, "ms", times.first_text * 1e3)
    note("first text of the answer after its first token", "ms", times.first_answer * 1e3)
    note("wall", "s", times.wall)
    note("largest gap between updates", "ms", times.largest_gap * 1e3)
    note("95th percentile of gaps", "ms", times.usual_gap * 1e3)
    note("long tasks", "ms", times.long_tasks * 1e3)
    note(MAIN_THREAD, "s", rendered)
    note(BROWSER, "s", drawn)
    note(PROCESSOR, "s", worked)
    note("requests for one message", "count", len(asked))
    note("sent for one message", "kB", sum(each.body_bytes for each in asked) / 1e3)


def _histories(tab: Tab, server: Server, backend: Endpoint, folder: Path, result: Result) -> None:
    """Ask in conversations that are long already."""
    for messages in HISTORIES:
        question = history.fill(folder, messages)
        tab.open()
        tab.page.locator("#entries .entry-title").first.click()
        tab.page.locator("#live", has_text=question).wait_for()
        _ask(tab, server, backend, _note(result, _after(messages)))


def _compare(result: Result, columns: list[str]) -> None:
    """Our goals, and the table of who did what."""
    for column in (OURS.name, *map(_after, HISTORIES)):
        result.limits[f"{FIRST_TEXT}, {column}, ms"] = FIRST_TEXT_MS
    result.compare("wall against the raw client", "wall, ours, s", "wall, raw client, s", most=WALL)
    longest = _after(HISTORIES[-1])
    for name in (MAIN_THREAD, BROWSER, PROCESSOR):
        ratio = f"{name}: {longest} against none"
        result.compare(ratio, f"{name}, {longest}, s", f"{name}, ours, s", most=FLAT)
    result.columns = [*columns, *map(_after, HISTORIES)]
    result.rivals = columns[1:]
    tokens = f"{REASONING} tokens of thinking and {ANSWER} of answer, one every {PAUSE * 1e3:.0f} ms"
    result.notes += [
        f"{tokens}, from one local endpoint. Each program is started anew for each round and greeted once; "
        "then a visitor who is new to it asks. Less is better in every row.",
        "Text counts as shown once the frame that holds it is painted, and not while it is folded away: "
        "Chainlit and open-webui fold the thinking, so their first text is the answer's.",
        "Seconds of the server, the browser and its main thread are processor time, which leaves out what "
        "others took of the machine; waits, gaps and long tasks do not. No graphics card helps.",
    ]


def _installed(side: Side, notes: list[str]) -> bool:
    try:
        if side.environment:
            side.environment.make()
    except (RuntimeError, OSError) as error:
        notes.append(f"{side.name} is left out: it {error}")
        return False
    return True


@contextmanager
def _open(browser: Browser, side: Side, server: Server) -> Iterator[Tab]:
    tab = Tab(browser, side, server.url)
    try:
        yield tab
    finally:
        tab.close()


def _note(result: Result, column: str) -> Note:
    def note(what: str, unit: str, value: float) -> None:
        result.figures.setdefault(f"{what}, {column}, {unit}", []).append(value)

    return note


def _forget(side: Side, result: Result) -> None:
    for name in [name for name in result.figures if name.split(", ")[1] == side.name]:
        del result.figures[name]


def _after(messages: int) -> str:
    return f"ours after {messages:,} messages"
