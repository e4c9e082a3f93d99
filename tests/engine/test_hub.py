"""A checkpoint comes from a hub once, shows how far it is, continues where it stopped, serves offline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.engine.hub_server import Hub, serve

ROOT = Path(__file__).resolve().parents[2]

FETCH = """
import json, sys
from engine import hub
from engine.protocol import LoadFailed
said = []
try:
    whole = sys.argv[2] == "all"
    where = str(hub.fetch(sys.argv[1], lambda stage, share: said.append((stage, share)), weights=whole))
    print(json.dumps({"folder": where, "said": said}))
except LoadFailed as error:
    print(json.dumps({"failed": error.message, "remedy": error.remedy}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a model on the hub has; the weights are 30 MB of numbers."""
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "glm4"}')
    (made / "model.safetensors").write_bytes(bytes(range(256)) * 120_000)
    (made / "pytorch_model.bin").write_bytes(b"pickled")
    return made


def fetch(hub: Hub | None, home: Path, name: str = "owner/model", what: str = "all", **environ: str) -> dict:
    """In a program of its own, since the hub's address is read when its library is imported."""
    address = hub.url if hub else "http://127.0.0.1:9"
    environment = os.environ | {
        "HF_ENDPOINT": address,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "PYTHONPATH": str(ROOT),
        **environ,
    }
    ended = subprocess.run(
        [sys.executable, "-c", FETCH, name, what],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(ended.stdout.splitlines()[-1])


def test_a_download_shows_its_share_and_is_used_again_without_a_network(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as hub:
        fetched = fetch(hub, tmp_path / "home")
    shares = [share for stage, share in fetched["said"] if stage == "downloading"]
    assert shares == sorted(shares) and shares[-1] == 1.0
    here = Path(fetched["folder"])
    assert (here / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    assert not (here / "pytorch_model.bin").exists()
    assert fetch(None, tmp_path / "home")["folder"] == fetched["folder"]


def test_an_interrupted_download_continues_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    half = (folder / "model.safetensors").stat().st_size // 2
    with serve(folder) as hub:
        hub.cut = True
        fetched = fetch(hub, tmp_path / "home")
        if "failed" in fetched:
            assert "continues where it stopped" in fetched["remedy"]
            fetched = fetch(hub, tmp_path / "home")
        assert any(0 < int(asked[6:].partition("-")[0]) <= half for asked in hub.ranges), hub.ranges
    here = Path(fetched["folder"])
    assert (here / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_a_plan_takes_the_small_files_only(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as hub:
        here = Path(fetch(hub, tmp_path / "home", what="small")["folder"])
    assert [file.name for file in here.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("name", "environ", "said"),
    [
        ("owner/model", {}, "cannot be reached"),
        ("owner/model", {"HF_HUB_OFFLINE": "1"}, "may not be asked"),
        ("no such model!", {}, "neither a folder nor the name"),
    ],
)
def test_without_a_network_it_says_what_to_do(
    tmp_path: Path, name: str, environ: dict[str, str], said: str
) -> None:
    failed = fetch(None, tmp_path / "home", name, **environ)
    assert said in failed["failed"]
    assert "folder" in failed["remedy"]


def test_a_model_that_the_hub_has_not_is_named(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as hub:
        failed = fetch(hub, tmp_path / "home", "owner/other")
    assert "owner/other" in failed["failed"]
