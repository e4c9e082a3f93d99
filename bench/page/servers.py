"""The programs that are measured: started, watched from outside, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.page.endpoint import Asked

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 300.0  # seconds


@dataclass(frozen=True)
class Server:
    """A running program with its children; `url` is where it serves, `started` when it was asked to."""

    process: psutil.Process
    url: str
    started: float

    def cpu_seconds(self) -> float:
        """Processor time of the program and its children so far."""
        spent = 0.0
        for process in self._all():
            times = process.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
        return spent

    def memory_bytes(self) -> int:
        """What it holds: the pages of its own, and its share of those that it shares (PSS)."""
        return sum(process.memory_full_info().pss for process in self._all())

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


class Endpoint:
    """The endpoint's address, and what it was asked."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self.url = f"{origin}/v1"

    def asked(self) -> list[Asked]:
        """The requests since the last call."""
        found = httpx.post(f"{self._origin}/record", timeout=30).raise_for_status().json()
        return [Asked(**each) for each in found]


@contextmanager
def local_endpoint() -> Iterator[Endpoint]:
    port = free_port()
    with running([sys.executable, "-m", "bench.page.endpoint", str(port)], {}, port) as server:
        yield Endpoint(server.url)


@contextmanager
def running(command: list[str], environ: Mapping[str, str], port: int) -> Iterator[Server]:
    """`command`, once something answers at `port`; ended with SIGTERM.

    Raises RuntimeError with its last words.
    """
    with tempfile.TemporaryFile() as log:
        started = time.time()
        program = subprocess.Popen(
            command, cwd=_ROOT, env={**os.environ, **environ}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while not _answers(port):
                if program.poll() is not None or time.time() - started > _PATIENCE:
                    log.seek(0)
                    words = log.read().decode(errors="replace").strip().splitlines()
                    ended = f"ended with {program.returncode}" if program.returncode is not None else "hangs"
                    raise RuntimeError(f"{command[0]} {ended}: {(words or ['no word'])[-1]}")
                time.sleep(0.02)
            yield Server(psutil.Process(program.pid), f"http://127.0.0.1:{port}", started)
        finally:
            program.terminate()
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
