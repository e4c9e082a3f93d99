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
    report.write_table(folder)
    table = (tmp_path / "README.md").read_text()
    assert "## Decode: beads" in table and "Abacus, 2 cores, load 0.1" in table and "in wall time" in table
    assert "| ours, ms | 3 | 1 | 4 |" in table
    assert f"| ours is quicker | 3 | 2 | 4 | {said} |" in table
    assert "- On paper." in table
