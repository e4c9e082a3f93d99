"""What the repository promises of itself: pins, commands, contracts, sizes, words."""

from __future__ import annotations

import re
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirement_name(requirement: str) -> str:
    """`langchain-openai` of "langchain-openai[x]>=1.7,<2 ; marker"."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return match[0].lower().replace("_", "-")


def read_pins(path: Path) -> dict[str, str]:
    """Name to version of a file of exact pins. Fails for a line that is not one."""
    pins = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)( ; .+)?", line)
        assert match, f"{path.name}: {line!r} is not an exact pin"
        pins[match[1].lower()] = match[2]
    return pins


def direct_requirements(*extras: str) -> list[str]:
    requirements = list(PROJECT["dependencies"])
    for extra in extras:
        requirements += PROJECT["optional-dependencies"][extra]
    return [requirement for requirement in requirements if requirement_name(requirement) != PROJECT["name"]]


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.txt"])
def test_torch_is_exact_and_alone(name: str) -> None:
    pins = read_pins(ROOT / name)
    assert pins["torch"] == "2.13.0"
    assert not {"torchvision", "torchaudio"} & pins.keys()


def test_constraints_hold_every_requirement() -> None:
    pins = read_pins(ROOT / "constraints.txt")
    names = {requirement_name(requirement) for requirement in direct_requirements("engine", "train", "dev")}
    assert names <= pins.keys()


def test_a_space_gets_what_the_base_and_the_engine_need() -> None:
    names = {requirement_name(requirement) for requirement in direct_requirements("engine")}
    pins = read_pins(ROOT / "requirements.txt")
    constraints = read_pins(ROOT / "constraints.txt")
    assert pins == {name: constraints[name] for name in names}


def test_base_install_has_no_torch() -> None:
    assert "torch" not in {requirement_name(requirement) for requirement in direct_requirements("dev")}


def test_network_is_refused_but_for_loopback() -> None:
    with pytest.raises(ConnectionRefusedError, match="this machine only"):
        socket.create_connection(("203.0.113.1", 80), timeout=1)
    with pytest.raises(ConnectionRefusedError, match="this machine only"):
        socket.getaddrinfo("example.org", 80)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
