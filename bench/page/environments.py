"""The peers' own environments: made once, kept in the user's cache."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

FOLDER = platformdirs.user_cache_path("autoglm-ui") / "bench"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that holds `packages`, at exact versions, and nothing of ours."""

    name: str
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def make(self) -> None:
        """Install it unless it is there. Raises RuntimeError with what pip said."""
        stamp, wanted = self.folder / "packages", "\n".join(self.packages)
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return
        print(f"bench: installing {', '.join(self.packages)} in {self.folder}", file=sys.stderr)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        _run(sys.executable, "-m", "venv", "--clear", str(self.folder))
        _run(self.program("python"), "-m", "pip", "install", "--quiet", "--no-input", *self.packages)
        stamp.write_text(wanted, encoding="utf-8")


def _run(*command: str) -> None:
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ran.returncode:
        errors = [line for line in ran.stdout.splitlines() if line.startswith("ERROR")]
        raise RuntimeError(
            "could not be installed: " + (errors or ran.stdout.splitlines() or ["no word"])[-1]
        )
