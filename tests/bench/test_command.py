"""A part of the benchmarks runs in a process of its own, which ends with all that it started."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import pytest

command = pytest.importorskip("bench.__main__")

PROGRAM = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
open("child", "w").write(str(child.pid))
{what}
"""


def is_running(pid: int) -> bool:
    """Not even as a process that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("what", "well", "said"),
    [
        ("sys.exit(0)", True, ""),
        ("sys.exit(1)", False, ""),
        ("os.abort()", False, "ended with status -6"),
        ("time.sleep(600)", False, "did not end in time"),
    ],
)
def test_none_takes_the_others_along(tmp_path, monkeypatch, capsys, what, well, said):
    package = tmp_path / "bench"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM.format(what=what))
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "GRACE", 0.0)
    patience = 3.0 if "did not end" in said else 60.0
    arguments = argparse.Namespace(model="nano", clock="wall", runs=1, patience=patience, out=tmp_path)
    assert command.run_apart("decode", arguments) is well
    assert said in capsys.readouterr().err
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 30
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(child), os.kill(child, 9)
