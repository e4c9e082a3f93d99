"""The whole pipeline on a pinch of data: it runs, resumes, exports, and what it exports can be examined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.model import register  # noqa: E402
from engine.train import nano  # noqa: E402
from engine.train.corpus import in_reading_order  # noqa: E402
from engine.train.dialogues import Composer, Sample, Turn  # noqa: E402
from engine.train.evaluate import Examiner, examine, judge, named_things, summarise, wilson  # noqa: E402
from engine.train.replies import Expectation  # noqa: E402
from engine.train.scene import Scene, Spot  # noqa: E402
from engine.train.trainer import Schedule, train  # noqa: E402
from engine.train.vision_stage import NOTHING, label_cells  # noqa: E402

PINCH = Schedule(steps=2, batch_size=4, learning_rate=1e-3, warmup=1, checkpoint_every=1, log_every=1)
RECIPE = nano.Recipe(
    screens=12,
    mosaics=3,
    recordings=60,
    silences=3,
    heldout_screens=6,
    heldout_recordings=60,
    heldout_silences=3,
    vision=PINCH,
    audio=PINCH,
    looking=PINCH,
    joint=PINCH,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, nano.Data]:
    """A nano that has hardly learned anything, and the data that it saw."""
    register()
    folder = tmp_path_factory.mktemp("nano")
    data = nano.prepare(RECIPE, folder / "data", 1, None)
    tokenizer = nano.make_tokenizer(data)
    model = nano.make_model(nano.make_config(tokenizer), torch.device("cpu"))
    nano.teach(model, tokenizer, data, RECIPE, folder / "runs")
    nano.export(model, tokenizer, folder / "out")
    return folder, data


def test_it_exports_the_standard_layout_without_training_heads(made):
    folder, _ = made
    files = {file.name for file in (folder / "out").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "processor_config.json"} <= files
    assert json.loads((folder / "out" / "config.json").read_text())["audio_config"]["num_units"] == 0


def test_each_stage_leaves_a_checkpoint_and_a_log(made):
    folder, _ = made
    for stage in ("vision", "audio", "looking", "joint"):
        assert torch.load(folder / "runs" / f"{stage}.pt", weights_only=True)["step"] == 2
        lines = [json.loads(line) for line in (folder / "runs" / f"{stage}.jsonl").read_text().splitlines()]
        assert any("total" in line for line in lines)


def test_what_it_exports_can_be_examined(made):
    folder, data = made
    screens, recordings = data.heldout_screens["heldout"], data.heldout_recordings
    examiner = Examiner(str(folder / "out"), screens, recordings, torch.device("cpu"), max_new_tokens=8)
    composer = Composer(screens.scenes, recordings.utterances, "heldout")
    report = summarise(list(examine(examiner, composer, 2, 2)))
    assert report["identity"]["count"] == 2
    assert 0.0 <= report["describe"]["score"] <= 1.0


class Interrupted(Exception):
    """What ends a run in the middle."""


def fit(folder: Path, interrupted_at: int | None = None) -> Any:
    """Fit a line, saving every 4 of 12 steps; its weights."""
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)

    def draw(step: int) -> Any:
        if step == interrupted_at:
            raise Interrupted
        return torch.randn(8, 4, generator=torch.Generator().manual_seed(step))

    def loss(batch: Any) -> Any:
        return {"total": (model(batch) - batch.sum(dim=1, keepdim=True)).square().mean()}

    schedule = Schedule(steps=12, batch_size=8, learning_rate=0.1, warmup=2, checkpoint_every=4)
    train("line", model, draw, loss, schedule, folder)
    return model.weight.detach()


def test_training_resumes_where_it_stopped(tmp_path):
    """Interrupted and resumed equals uninterrupted, to the last bit."""
    with pytest.raises(Interrupted):
        fit(tmp_path / "parts", interrupted_at=6)
    assert torch.load(tmp_path / "parts" / "line.pt", weights_only=True)["step"] == 4
    assert torch.equal(fit(tmp_path / "parts"), fit(tmp_path / "whole"))


def test_cells_hold_the_things_whose_centre_they_cover():
    scene = Scene("home", (Spot("camera", (0, 0, 100, 40)), Spot("slider", (400, 480, 600, 520))))
    classes, points = label_cells(scene, np.array([101, 224]), 14, 16)
    assert (classes < NOTHING).sum() == 2
    assert classes[0, 0] == 0
    row, column = np.argwhere(classes < NOTHING)[1]
    assert (row, column) == (7, 3)
    np.testing.assert_allclose(points[row, column], [0.5, 0.5])


def test_reading_order_is_rows_then_columns():
    spots = [Spot(key, box) for key, box in (
        ("clock", (500, 105, 600, 155)), ("camera", (100, 100, 200, 150)), ("back", (10, 10, 60, 50)),
    )]  # fmt: skip
    assert [spot.key for spot in in_reading_order(spots)] == ["back", "camera", "clock"]


def sample(expectation: Expectation, answer: str = "") -> Sample:
    return Sample("tap", "en", (Turn("", "", answer),), expectation)


def test_answers_are_judged():
    tap = sample(Expectation("tap", box=(700.0, 100.0, 800.0, 160.0)))
    assert judge(tap, 'do(action="Tap", element=[750,130])') == 1.0
    assert judge(tap, 'do(action="Tap", element=[650,130])') == 0.0
    assert judge(tap, "do(action='Tap'") == 0.0
    things = sample(Expectation("things", things=frozenset({"camera", "clock"})))
    assert judge(things, "On the screen: Camera, Clock.") == 1.0
    assert judge(things, "屏幕上有：相机、龙。") == pytest.approx(0.5)
    assert judge(sample(Expectation("text"), "right"), "wrong") == 0.0


def test_synonyms_count_as_the_thing():
    assert named_things("On the screen: Gallery, heart.") == {"photos", "like"}


def test_the_interval_is_wilsons():
    low, high = wilson(0.9, 100)
    assert low == pytest.approx(0.826, abs=0.001)
    assert high == pytest.approx(0.945, abs=0.001)
