"""The whole pipeline on a pinch of data: each stage keeps its promise, and its product can be examined."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open  # noqa: E402
from torch import nn  # noqa: E402

from engine.model import register  # noqa: E402
from engine.train import compare, nano  # noqa: E402
from engine.train.audio_stage import colour_mel, shift_mel, trim_mel  # noqa: E402
from engine.train.corpus import in_reading_order  # noqa: E402
from engine.train.dialogues import Utterance  # noqa: E402
from engine.train.distill import Distillation  # noqa: E402
from engine.train.features import HEARINGS, cut_silence, hear_all  # noqa: E402
from engine.train.flops import count_encoder  # noqa: E402
from engine.train.hearing import HearingCorpus  # noqa: E402
from engine.train.pictures import answers, draw_pictures  # noqa: E402
from engine.train.recipe import Recipe  # noqa: E402
from engine.train.scene import Scene, Spot  # noqa: E402
from engine.train.sweep import sweep  # noqa: E402
from engine.train.trainer import Schedule, train  # noqa: E402
from engine.train.vision_stage import NO_DIGIT, NOTHING, ORDERS, PAGES, UNREAD, label_cells  # noqa: E402
from engine.train.workshop import Workshop, add_arguments  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
ROWS = ["student", "teacher", "alone", "distilled", "continued", "pruned", "recovered", "rounded", "int8"]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Workshop, Path, list[dict[str, Any]]]:
    """A nano that has hardly learned anything, where it was made, and the table of its stages."""
    register()
    folder = tmp_path_factory.mktemp("nano")
    work = Workshop(Recipe().scaled(0.0005), folder / "runs", torch.device("cpu"), workers=1)
    rows = nano.make(work, folder / "out")
    return work, folder / "out", rows


def kinds(folder: Path) -> dict[str, str]:
    """The type of each stored tensor."""
    with safe_open(folder / "model.safetensors", "pt") as file:
        return {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118


def logged(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in folder.read_text().splitlines()]


def test_the_table_has_every_stage(made):
    work, _, rows = made
    assert [row["model"] for row in rows] == ROWS
    for row in rows:
        assert 0.0 <= row["score"] <= 1.0 and row["tokens_per_second"] > 0
        assert row["skills"]["screens"].keys() >= {"identity", "describe", "spoken_command"}
    compare.write(rows, work.folder / "table.json")
    text = (work.folder / "table.md").read_text("utf-8")
    assert text.count("| int8 |") == 2 and "| describe |" in text


def test_the_student_is_taught_with_and_without_the_teacher(made):
    work, _, _ = made
    assert all("soft" in row for row in logged(work.folder / "distilled" / "joint.jsonl"))
    assert all("soft" not in row for row in logged(work.folder / "alone" / "joint.jsonl"))
    encoders = [stage().model.vision.encoder.state_dict() for stage in (work.alone, work.distilled)]
    assert all(torch.equal(encoders[0][name], encoders[1][name]) for name in encoders[0]), "the same eyes"


def test_the_teacher_is_the_student_made_deeper(made):
    work, _, rows = made
    layers = [stage().config.text.num_hidden_layers for stage in (work.student, work.teacher)]
    assert layers[1] == work.recipe.depth * layers[0]
    flops = {row["model"]: row["token_flops"] for row in rows}
    assert flops["teacher"] > 1.4 * flops["student"] and flops["distilled"] == flops["student"]


def test_pruning_takes_out_what_was_asked_for_and_recovery_leaves_the_shapes(made):
    work, _, rows = made
    whole, pruned, recovered = (stage().model for stage in (work.distilled, work.pruned, work.recovered))
    for before, after in ((whole.vision, pruned.vision), (whole.audio, pruned.audio)):
        assert count_encoder(after) <= 0.7 * count_encoder(before)
    shapes = [{name: weight.shape for name, weight in one.named_parameters()} for one in (pruned, recovered)]
    assert shapes[0] == shapes[1]
    assert not torch.equal(pruned.audio.encoder.norm.weight, recovered.audio.encoder.norm.weight)
    flops = {row["model"]: row["picture_flops"] + row["speech_flops"] for row in rows}
    assert flops["distilled"] == flops["continued"] > flops["pruned"] == flops["recovered"] == flops["int8"]


def test_what_ships_is_int8_but_for_the_sensitive_layers(made):
    work, out, rows = made
    stored, config = kinds(out), json.loads((out / "config.json").read_text())
    kept = config["quantization_config"]["modules_to_not_convert"]
    linears = {name for name, module in work.aware().named_modules() if type(module) is nn.Linear}
    for name in linears - {"lm_head"} - {"model.audio.unit_head"}:
        assert stored[f"{name}.weight"] == ("F16" if name in kept else "I8"), name
    assert set(work.sensitive()) <= set(kept)
    assert sum(kind == "I8" for kind in stored.values()) > 10
    bytes_of = {row["model"]: row["bytes"] for row in rows}
    assert bytes_of["int8"] == bytes_of["rounded"] < bytes_of["recovered"] < bytes_of["distilled"]
    assert len(list((work.folder / "features").glob("heard-*"))) == 3, "whole, lean, and lean with rounding"
    rounded = work.folder / "exported" / "rounded"
    assert (out / "model.safetensors").read_bytes() != (rounded / "model.safetensors").read_bytes()


def test_it_exports_the_standard_layout_without_training_heads(made):
    work, out, _ = made
    files = {file.name for file in out.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "processor_config.json"} <= files
    assert json.loads((out / "config.json").read_text())["audio_config"]["num_units"] == 0
    assert "is_local" not in json.loads((out / "tokenizer_config.json").read_text())
    assert json.loads((out / "report.json").read_text())["screens"]["identity"]["count"] == 1
    assert "| who are you |" in (out / "README.md").read_text("utf-8")
    assert work.recovered().model.audio.unit_head is not None, "what is kept can still be taught"


def test_it_can_be_asked_about_pictures_of_ones_own(made):
    _, out, _ = made
    pictures = draw_pictures(EXAMPLES, 2, "real")
    assert len(pictures) == 2 and pictures == draw_pictures(EXAMPLES, 2, "real")
    told = list(answers(str(out), pictures, new_tokens=4))
    assert [path for path, _ in told] == pictures
    assert all(len(said) == 2 and all(isinstance(one, str) for one in said) for _, said in told)


def test_each_stage_leaves_a_checkpoint_and_a_log(made):
    work, _, _ = made
    recipe = work.recipe
    for name, course, lessons in (
        ("encoders", recipe.course, ("vision", "audio")),
        ("student", recipe.course, ("looking", "joint")),
        ("teacher", recipe.teaching, ("joint",)),
        ("alone", recipe.apprenticeship, ("joint",)),
        ("distilled", recipe.apprenticeship, ("joint",)),
        ("lean", recipe.recovery, ("vision", "audio")),
        ("recovered", recipe.recovery, ("joint",)),
        ("aware", recipe.rounding, ("joint",)),
    ):
        for lesson in lessons:
            folder, steps = work.folder / name, getattr(course, lesson).steps
            assert torch.load(folder / f"{lesson}.pt", weights_only=True)["step"] == steps >= 2
            assert any("total" in line for line in logged(folder / f"{lesson}.jsonl"))


def test_temperatures_are_tried_on_the_same_student(made):
    work, _, _ = made
    lesson, heldout = work.recipe.apprenticeship.lessons[-1], work.questions(4)
    choices = [Distillation(1.0, 0.0), Distillation(5.0, 0.9)]
    folder = work.folder / "sweep"
    rows = sweep(work.student, work.guide, lesson, choices, folder, heldout)
    assert [(row["temperature"], row["mix"]) for row in rows] == [(1.0, 0.0), (5.0, 0.9)]
    starts = [logged(folder / name / "joint.jsonl")[0]["words"] for name in ("T1-mix0", "T5-mix0.9")]
    assert starts[0] == pytest.approx(starts[1], rel=0.01)
    assert rows[0]["cross_entropy"] != rows[1]["cross_entropy"]


def test_a_recipe_knows_of_which_version_its_drawings_are(monkeypatch):
    before = Recipe().to_json()
    monkeypatch.setattr("engine.train.corpus.VERSION", 0)
    assert Recipe().to_json() != before


def test_a_folder_belongs_to_one_recipe(tmp_path):
    """Nothing of a trial is taken for the real thing."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    trial, real = (parser.parse_args(["--runs", str(tmp_path), "--scale", scale]) for scale in ("0.001", "1"))
    Workshop.of(trial)
    Workshop.of(trial)
    with pytest.raises(SystemExit, match=r"another recipe.*--runs"):
        Workshop.of(real)


def test_a_stage_that_was_interrupted_goes_on_from_its_checkpoints(made):
    """As after a crash between the last step and the writing of the model: no step is taken again."""
    work, _, _ = made
    before, lines = work.aware().state_dict(), logged(work.folder / "aware" / "joint.jsonl")
    shutil.rmtree(work.folder / "aware" / "model")
    after = work.aware().state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert logged(work.folder / "aware" / "joint.jsonl") == lines


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
    classes, points, *_ = label_cells(scene, np.array([101, 224]), 14, 16)
    assert (classes < NOTHING).sum() == 2
    assert classes[0, 0] == 0
    row, column = np.argwhere(classes < NOTHING)[1]
    assert (row, column) == (7, 3)
    np.testing.assert_allclose(points[row, column], [0.5, 0.5])


def test_numbers_are_read_from_the_right():
    readings = (Spot("time", (0, 0, 200, 40), "9:05"), Spot("battery", (800, 0, 1000, 40), "100"))
    scene = Scene(
        "home", (Spot("switch", (400, 480, 600, 520), "on"), Spot("back", (0, 480, 60, 520))), readings
    )
    digits = label_cells(scene, np.array([101, 224]), 14, 16).digits
    assert digits[0, 0].tolist() == [NO_DIGIT, 9, 0, 5]
    assert digits[0, 5].tolist() == [NO_DIGIT, 1, 0, 0]
    assert digits[7, 3].tolist() == [NO_DIGIT, NO_DIGIT, NO_DIGIT, 1]
    assert (digits[7, 0] == UNREAD).all()


def test_things_are_numbered_in_reading_order_once_a_kind_and_within_their_kind():
    at = {name: (x, y, x + 60, y + 30) for name, x, y in (
        ("one", 100, 100), ("two", 600, 100), ("three", 100, 500), ("four", 600, 500),
    )}  # fmt: skip
    spots = (
        Spot("switch", at["one"], "on"),
        Spot("back", at["two"]),
        Spot("switch", at["three"], "off"),
        Spot("camera", at["four"]),
    )
    labels = label_cells(Scene("settings", spots), np.array([101, 224]), 14, 16)
    numbered = {
        (row, column): labels.orders[row, column].tolist()
        for row, column in np.argwhere(labels.classes < NOTHING)
    }
    assert list(numbered.values()) == [[0, 0], [1, 0], [ORDERS, 1], [2, 0]]
    assert (labels.orders[labels.classes == NOTHING] == ORDERS).all()
    assert set(labels.pages.flat) == {PAGES.index("a settings page")}
    assert set(label_cells(Scene("patchwork", spots), np.array([101, 224]), 14, 16).pages.flat) == {
        PAGES.index("an app page")
    }


def test_a_practice_sheet_has_no_order_and_a_picture_of_nothing_is_no_page():
    sheet = label_cells(Scene("mosaic", (Spot("camera", (0, 0, 100, 40)),)), np.array([101, 224]), 14, 16)
    strange = label_cells(Scene("strange", ()), np.array([101, 224]), 14, 16)
    assert (sheet.orders == UNREAD).all() and (sheet.pages == UNREAD).all()
    assert (strange.orders == ORDERS).all() and (strange.pages == UNREAD).all()


def test_what_else_is_heard_keeps_its_shape_and_stays_speech():
    mel = np.random.default_rng(0).normal(0.0, 0.3, (80, 120)).astype(np.float32)
    coloured = [colour_mel(mel, np.random.default_rng(seed)) for seed in range(20)]
    for other in coloured:
        assert other.shape == mel.shape and other.dtype == np.float32
        assert np.corrcoef(other.ravel(), mel.ravel())[0, 1] > 0.3
    floors = [other.min() for other in coloured]
    assert min(floors) < mel.min() + 0.2 < max(floors)  # half the time there is a noise


def test_a_recording_cut_tightly_begins_with_the_word():
    mel = np.full((80, 100), -1.0, dtype=np.float32)
    mel[:, 40:70] = 0.5
    cuts = [trim_mel(mel, np.random.default_rng(seed)) for seed in range(60)]
    tight = [cut for cut in cuts if cut.shape[1] < 100]
    assert 10 <= len(tight) <= 30
    assert all(24 <= cut.shape[1] <= 36 and (cut[0] == 0.5).sum() >= 24 for cut in tight)
    assert len({cut.shape[1] for cut in tight}) > 3
    click = np.full((80, 100), -1.0, dtype=np.float32)
    click[:, 50:54] = 0.5  # too short to be cut further
    assert all(trim_mel(click, np.random.default_rng(seed)).shape == click.shape for seed in range(20))


def test_a_word_begins_anywhere_in_a_frame():
    mel = np.full((80, 100), -1.0, dtype=np.float32)
    mel[:, 40:] = 0.5
    shifted = [shift_mel(mel, np.random.default_rng(seed)) for seed in range(60)]
    assert {int(one[0].argmax()) for one in shifted} == set(range(37, 44))
    assert all((one[:, -60:] == 0.5).all() and one.shape[0] == 80 for one in shifted)


def test_each_recording_is_heard_several_times_and_not_the_same_way(model):
    lengths = [60, 200, 120]
    noise = np.random.default_rng(0).normal(0.0, 0.3, (80, sum(lengths))).astype(np.float16)
    said = [Utterance(text, "en", "back") for text in ("one", "another", "a third")]
    heard = hear_all(model, HearingCorpus(noise, np.cumsum([0, *lengths]), said, ["person"] * 3))
    assert len(heard.frames) == len(heard.spikes) == HEARINGS * 3
    for index, length in enumerate(lengths):
        again = heard.frames[index::3]
        assert all(0.3 * length / 4 < len(frames) < 1.3 * length / 4 + 2 for frames in again)
        assert len({frames.tobytes() for frames in again}) >= 2


def test_the_silence_around_what_is_said_differs_and_no_word_is_cut():
    spikes = [12, 13, 20, 31]
    parts = [cut_silence(50, spikes, Random(seed)) for seed in range(300)]
    assert all(0 <= part.start < 12 and 33 <= part.stop <= 50 for part in parts)
    assert sum(part.start >= 8 for part in parts) > 100 and min(part.start for part in parts) == 0
    assert {len(part) for part in parts} >= set(range(26, 44))
    assert cut_silence(50, [], Random(0)) == range(50)
    # Cut tightly already: nothing is there to be left out.
    assert all(cut_silence(5, [0, 4], Random(seed)) == range(5) for seed in range(20))


def test_reading_order_is_rows_then_columns():
    spots = [Spot(key, box) for key, box in (
        ("clock", (500, 105, 600, 155)), ("camera", (100, 100, 200, 150)), ("back", (10, 10, 60, 50)),
    )]  # fmt: skip
    assert [spot.key for spot in in_reading_order(spots)] == ["back", "camera", "clock"]
