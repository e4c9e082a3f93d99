"""Figures become a table that says what was wanted and whether it was reached."""

from __future__ import annotations

import itertools
import json

import pytest

from bench import report
from bench.rounds import Result, interleave


def test_sides_take_turns_after_one_call_each_to_warm_up():
    calls: list[str] = []
    counter = itertools.count()

    def side(name: str):
        def call() -> float:
            calls.append(name)
            return float(next(counter))

        return call

    values = interleave({"a": side("a"), "b": side("b")}, 3)
    assert calls == ["a", "b"] * 4
    assert values == {"a": [2.0, 4.0, 6.0], "b": [3.0, 5.0, 7.0]}


@pytest.mark.parametrize(("goal", "said"), [(3.0, "3 or more: met"), (3.5, "3.5 or more: missed")])
def test_a_ratio_is_that_of_each_round_and_meets_its_goal_or_not(tmp_path, goal, said):
    result = Result({"theirs, ms": [3.0, 8.0, 12.0], "ours, ms": [1.0, 4.0, 3.0]}, notes=["On paper."])
    result.compare("ours is quicker", "theirs, ms", "ours, ms", goal)
    assert result.ratios["ours is quicker"] == [3.0, 2.0, 4.0]
    machine = {
        "processor": "Abacus", "cores": 2, "accelerators": [], "load_average": 0.1, "commit": "abc",
        "libraries": {"torch": "2"},
    }  # fmt: skip
    kept = {"part": "decode", "what": "beads", "measured": "2026-01-01T00:00:00", "clock": "wall"}
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "decode.json").write_text(json.dumps(kept | {"machine": machine} | result.summary()))
    report.write_table(folder, {"decode": "beads", "gpu": "cards"})
    table = (tmp_path / "README.md").read_text()
    assert "## Decode: beads" in table and "Abacus, 2 cores, load 0.1" in table and "in wall time" in table
    assert "| ours, ms | 3 | 1 | 4 |" in table
    assert f"| ours is quicker | 3 | 2 | 4 | {said} |" in table
    assert "- On paper." in table
    assert table.endswith("## Without figures\n\n- gpu: cards\n")


def test_columns_stand_in_one_table_that_says_who_is_ahead(tmp_path):
    result = Result(
        {
            "gap, ours, ms": [90.0, 100.0, 110.0], "gap, theirs, ms": [200.0, 210.0, 220.0],
            "work, ours, s": [2.0, 2.0, 2.0], "work, theirs, s": [1.0, 1.0, 1.0],
            "wall, raw client, s": [9.0, 9.0, 9.0],
        },
        limits={"gap, ours, ms": 95.0}, columns=["ours", "theirs"], rivals=["theirs"],
    )  # fmt: skip
    result.compare("work of ours", "work, ours, s", "work, theirs, s", most=2.0)
    kept = {"part": "page", "what": "pages", "measured": "2026-01-01T00:00:00", "clock": "wall"}
    machine = {
        "processor": "Abacus", "cores": 2, "accelerators": [], "load_average": 0.1, "commit": "abc",
        "libraries": {"torch": "2"},
    }  # fmt: skip
    table = report.section(kept | {"machine": machine} | result.summary())
    assert "| gap, ms | 100 (90 to 110) | 210 (200 to 220) | 95 or less: missed | yes |" in table
    assert "| work, s | 2 (2 to 2) | 1 (1 to 1) |  | not of theirs |" in table
    assert "| wall, raw client, s | 9 | 9 | 9 |" in table
    assert "| work of ours | 2 | 2 | 2 | 2 or less: met |" in table
