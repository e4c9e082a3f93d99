"""How long a person waits for the page: from the command to the first answer of its server."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_WAIT = 120.0  # seconds


def measure(runs: int) -> dict[str, list[float]]:
    """Seconds until the page was served and MB that its process then held, for each of `runs` starts."""
    seconds, megabytes = [], []
    for _ in range(runs):
        started = time.perf_counter()
        command = [sys.executable, "app.py", "--model", "scripted", "--no-browser", "--port", "0"]
        with (
            tempfile.TemporaryDirectory() as folder,
            subprocess.Popen(
                [*command, "--data-dir", folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
            ) as program,
        ):
            try:
                with urllib.request.urlopen(_address(program), timeout=_WAIT) as page:
                    page.read()
                seconds.append(time.perf_counter() - started)
                megabytes.append(_resident(program.pid) / 1e6)
            finally:
                program.terminate()
                program.communicate()  # its last words, which it could not say into a closed pipe
    return {"page_seconds": seconds, "page_resident_mb": megabytes}


def _address(program: subprocess.Popen[str]) -> str:
    """The address that the program prints. Raises `RuntimeError` if it ends first."""
    assert program.stdout is not None
    for line in program.stdout:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise RuntimeError("the page did not start; what it said is above")


def _resident(process: int) -> int:
    """Bytes of memory that `process` holds (Linux)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found, status
    return int(found[1]) * 1024
