"""Drives the program and its page as a person would; the tests say what must be seen.

`App` is `python app.py` in a process of its own. `ChatPage` is one open page of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

import httpx
from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "assets" / "examples"

#: Milliseconds. Generous: machines that run tests are shared.
PATIENCE = 60_000

_ADDRESS = re.compile(r"http://\S+:\d+")


class App:
    """`python app.py OPTIONS` with a page that is up; ended with SIGTERM."""

    def __init__(self, *options: str, environ: dict[str, str] | None = None) -> None:
        self._lines: list[str] = []
        self._up = threading.Event()
        # Not among the conversations of whoever runs the tests.
        self._folder = tempfile.TemporaryDirectory(prefix="autoglm-test-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--port", "0", "--no-browser", *options],
            cwd=ROOT,
            env={**os.environ, "AUTOGLM_DATA_DIR": self._folder.name, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._up.wait(PATIENCE / 1000) or self.process.poll() is not None:
            self.end()
            raise AssertionError(f"app.py did not come up:\n{self.log}")
        address = _ADDRESS.search(self.log)
        assert address, self.log
        self.url = address.group()

    @property
    def log(self) -> str:
        """All that it has printed."""
        return "".join(self._lines)

    def health(self) -> dict[str, str]:
        return httpx.get(f"{self.url}/health").raise_for_status().json()

    def end(self) -> int:
        """Ask it to end, and wait for its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE / 1000)
        finally:
            self.process.kill()
        self._reader.join(5)
        self._folder.cleanup()
        return status

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def __enter__(self) -> App:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.append(line)
            if _ADDRESS.search(line):
                self._up.set()
        self._up.set()


class Wire:
    """A TCP line to `port` of this machine that can be cut and mended; `url` is its near end."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._here = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{self._here[1]}"
        self._listen()

    def cut(self) -> None:
        """Break every connection and take no new ones."""
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def mend(self) -> None:
        """Take connections again."""
        self._listener = socket.create_server(self._here)
        self._listen()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while listener.fileno() != -1:
            # A browser that gave up before its turn came is no reason to take no more connections.
            with contextlib.suppress(OSError):
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


class ChatPage:
    """One open page. What it offers is what a person can do; each action waits until it is done."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.text = page.locator("#composer textarea")
        self.send_button = page.locator("#send")
        self.stop_button = page.locator("#stop")
        self.conversation = page.locator("#conversation")
        self.live = page.locator("#live")
        self.question = self.live.locator(".user-row")
        self.reply = self.live.locator(".bot-row")
        self.thought = self.live.locator(".thought-group")
        self.answer = self.reply.locator(".message-content").last
        self.failure = page.locator("#failure .failure")
        self.notice = page.locator("#notice .notice")
        self.tray = page.locator("#tray .attachment")
        self.status = page.locator("#status .status-line")
        self.open()

    def open(self) -> None:
        """Load the page and wait until the server has filled it in."""
        # A page whose server is back loads itself anew, perhaps at this very moment.
        self.page.goto("about:blank")
        self.page.goto(self.url)
        self.ready()

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    def ready(self) -> None:
        """The page knows its visitor: the status line is the last thing to be filled in."""
        expect(self.status).to_be_visible(timeout=PATIENCE)

    def send(self, text: str = "") -> None:
        """Type `text` and press Enter."""
        self.text.fill(text)
        self.text.press("Enter")

    def wait(self, state: str = "done") -> None:
        """Wait until the reply is settled as `state`: done, stopped or failed."""
        expect(self.send_button).to_be_visible(timeout=PATIENCE)
        expect(self.status).to_have_attribute("data-state", state, timeout=PATIENCE)

    def ask(self, text: str) -> None:
        """Send `text` and wait for the whole answer to it."""
        self.send(text)
        expect(self.question).to_contain_text(text.splitlines()[0], timeout=PATIENCE)
        self.wait()

    def attach(self, *paths: Path) -> None:
        """Choose files in the file dialogue and wait until all are attached."""
        before = self.tray.count()
        self.page.locator("#composer input[type=file]").set_input_files([str(path) for path in paths])
        expect(self.tray).to_have_count(before + len(paths), timeout=PATIENCE)

    def record(self, seconds: int = 2) -> None:
        """Record from the microphone until the page's own clock shows `seconds`."""
        before = self.tray.count()
        recorder = self.page.locator("#record")
        recorder.locator(".record-button").click()
        expect(recorder.locator("time")).to_have_text(f"0:{seconds:02d}", timeout=PATIENCE)
        recorder.locator(".stop-button").click()
        expect(self.tray).to_have_count(before + 1, timeout=PATIENCE)

    def give(self, kind: str, path: Path, media_type: str) -> None:
        """Paste (`kind` "paste") or drop ("drop") a file over the page."""
        self.page.evaluate(
            """async ([kind, bytes, name, type]) => {
                const file = new File([new Uint8Array(bytes)], name, { type });
                const data = new DataTransfer();
                data.items.add(file);
                const target = document.querySelector("#composer textarea");
                const init = { bubbles: true, cancelable: true };
                const event = kind === "paste"
                  ? new ClipboardEvent("paste", { ...init, clipboardData: data })
                  : new DragEvent("drop", { ...init, dataTransfer: data });
                target.dispatchEvent(event);
            }""",
            [kind, list(path.read_bytes()), path.name, media_type],
        )

    def conversations(self) -> Locator:
        """The titles in the list; opens the drawer where it is one."""
        if not self.page.locator("#rail").is_visible():
            self.page.locator("#rail-toggle").click()
        return self.page.locator("#entries .entry-title")

    def act(self, title: str, action: str) -> None:
        """Choose `action` in the menu of the conversation with that title."""
        item = self.page.locator("#entries li", has_text=title)
        item.hover()
        item.locator("[data-menu]").click()
        self.page.locator(f"#entry-actions [data-action={action}]").click()

    def new(self) -> None:
        """Begin another conversation."""
        self.page.locator("#new").click()
        expect(self.page.locator("#examples")).to_be_visible(timeout=PATIENCE)

    def settings(self) -> Locator:
        """Open the settings and give their panel."""
        self.page.locator("#settings-toggle").click()
        panel = self.page.locator("#panel")
        expect(panel).to_be_visible()
        return panel

    def close_settings(self) -> None:
        self.page.locator("#settings-close").click()
        expect(self.page.locator("#panel")).to_be_hidden()

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
