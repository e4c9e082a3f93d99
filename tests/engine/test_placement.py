"""What a model needs and where it goes, on machines that are made up."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from engine.loading import Loading, read_bytes, read_devices, read_memory  # noqa: E402
from engine.placement import (  # noqa: E402
    Device,
    DoesNotFit,
    Machine,
    Needs,
    Precision,
    choose,
    describe,
    measure,
    survey,
)
from engine.placement.machine import GIB, survey_cpu  # noqa: E402
from engine.protocol import InvalidRequest  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def machine(*gpus: float, ram: float = 16, bfloat16: bool = True) -> Machine:
    """GPUs and a computer of so many GiB, nearly all of it free."""
    made = [
        Device(f"cuda:{index}", "a card", int(size * GIB), int(size * 0.985 * GIB), bfloat16)
        for index, size in enumerate(gpus)
    ]
    return Machine(Device("cpu", "a CPU", int(ram * GIB), int(ram * 0.9 * GIB), False), tuple(made))


@pytest.fixture(scope="module")
def glm4v() -> Needs:
    """GLM-4.1V-9B, which AutoGLM-Phone-9B is, as it is published: 64 k tokens, at most 24,576 patches."""
    from transformers import Glm4vConfig

    config = Glm4vConfig(dtype=torch.bfloat16, text_config={"max_position_embeddings": 65536})
    return measure(config, patches=24576)


@pytest.fixture(scope="module")
def article() -> Needs:
    """The article's architecture at its full size."""
    from engine.model import register
    from engine.model.configuration import phone_9b

    register()
    config = phone_9b()
    config.dtype = torch.bfloat16
    return measure(config)


def test_shapes_are_counted(glm4v: Needs) -> None:
    assert round(glm4v.parameters / 1e9, 2) == 10.29
    assert glm4v.cached * 2 == 40 * 1024  # bytes a token, in bfloat16
    assert (glm4v.kind, glm4v.stored, glm4v.context) == (
        "Glm4vForConditionalGeneration",
        "bfloat16",
        65536,
    )


@pytest.mark.parametrize("name", ["glm4v", "article"])
def test_nine_billion_in_bfloat16_want_two_cards_of_24_gb(name: str, request) -> None:
    needs: Needs = request.getfixturevalue(name)
    whole = Loading(context=needs.context)
    plan = choose(needs, machine(24, 24), whole)
    assert (plan.kind, plan.dtype) == ("balanced", "bfloat16")
    first, second = plan.loads
    assert first.fits and second.fits
    assert abs(first.weights + first.cache - second.weights - second.cache) < GIB
    # One such card is not enough, and is said not to be.
    with pytest.raises(DoesNotFit) as refused:
        choose(needs, machine(24), replace(whole, devices=("cuda",), dtype="bfloat16"))
    assert "two 16 GB GPUs (bfloat16)" in refused.value.remedy
    assert "one 32 GB GPU (bfloat16)" in refused.value.remedy


@pytest.mark.parametrize("name", ["glm4v", "article"])
def test_int8_halves_the_weights_and_comes_before_offloading(name: str, request) -> None:
    needs: Needs = request.getfixturevalue(name)
    full, int8 = needs.weigh(Precision("bfloat16")), needs.weigh(Precision("bfloat16", int8=True))
    assert 0.5 < int8 / full < 0.62
    # Shapes alone: what is counted is what a model of the class comes to hold.
    tight = choose(needs, machine(24), Loading(context=needs.context))
    assert (tight.kind, tight.precision) == ("gpu", Precision("bfloat16", int8=True))
    assert choose(needs, machine(24), Loading(context=needs.context, dtype="bfloat16")).kind == "offload"
    assert choose(needs, machine(48), Loading()).precision == Precision("bfloat16")
    assert choose(needs, machine(48), Loading(dtype="int8")).precision == Precision("bfloat16", int8=True)
    told = describe("phone", needs, machine(24), tight, Loading())
    assert "INT8 and bfloat16" in told and "one 24 GB GPU (INT8 and bfloat16)" in told


def test_layers_stay_whole_and_in_order(glm4v: Needs) -> None:
    plan = choose(glm4v, machine(24, 24), Loading())
    places = [plan.device_map[f"model.language_model.layers.{index}"] for index in range(40)]
    assert places == sorted(places)
    assert 0 < places.count("cuda:0") < 40
    assert set(plan.device_map) == {block.name for block in glm4v.blocks}


def test_the_device_map_covers_the_model(glm4v: Needs) -> None:
    from accelerate.utils import check_device_map
    from transformers import AutoModelForMultimodalLM, Glm4vConfig

    with torch.device("meta"):
        model = AutoModelForMultimodalLM.from_config(Glm4vConfig())
    check_device_map(model, dict(choose(glm4v, machine(24, 24), Loading()).device_map))


def test_one_card_comes_before_two_and_a_shorter_context_before_a_slower_device(glm4v: Needs) -> None:
    assert choose(glm4v, machine(48, 48), Loading()).kind == "gpu"
    assert choose(glm4v, machine(48, 48), Loading()).context == glm4v.context
    small = choose(glm4v, machine(24, ram=64), Loading())
    assert (small.kind, small.context) == ("gpu", 16384)


def test_unequal_cards_are_filled_in_proportion(glm4v: Needs) -> None:
    plan = choose(glm4v, machine(24, 12), Loading())
    first, second = plan.loads
    assert plan.kind == "balanced" and plan.fits
    assert 1.5 < first.weights / second.weights < 3


def test_what_the_cards_cannot_hold_goes_to_the_cpu(glm4v: Needs) -> None:
    plan = choose(glm4v, machine(8, 8, ram=32), Loading(dtype="bfloat16"))
    assert plan.kind == "offload"
    assert plan.device_map["lm_head"] == "cpu"
    assert all(load.fits for load in plan.loads)
    assert choose(glm4v, machine(ram=64), Loading()).dtype == "float32"


def test_cards_without_bfloat16_take_float16(glm4v: Needs) -> None:
    assert choose(glm4v, machine(48, bfloat16=False), Loading()).dtype == "float16"
    assert choose(glm4v, machine(96, bfloat16=False), Loading(dtype="float32")).dtype == "float32"


def test_a_cpu_takes_half_precision_only_where_it_is_native(glm4v: Needs) -> None:
    plain = machine(ram=64)
    native = Machine(Device("cpu", "", 64 * GIB, 60 * GIB, True))
    assert choose(glm4v, plain, Loading()).dtype == "float32"
    assert choose(glm4v, native, Loading()).dtype == "bfloat16"


def test_only_what_was_allowed_is_used(glm4v: Needs) -> None:
    two = machine(48, 48, ram=128)
    assert choose(glm4v, two, Loading(devices=("cuda:1",))).device == "cuda:1"
    assert choose(glm4v, two, Loading(devices=("cpu",))).device == "cpu"
    capped = Loading(max_memory={"cuda": 14 * GIB}, devices=("cuda",))
    plan = choose(glm4v, two, capped)
    assert plan.kind == "balanced"
    assert all(load.room <= 14 * GIB for load in plan.loads)
    with pytest.raises(InvalidRequest, match="cuda:7"):
        choose(glm4v, two, Loading(devices=("cuda:7",)))


def test_a_refusal_says_what_is_needed_what_is_there_and_what_would_fit(glm4v: Needs) -> None:
    with pytest.raises(DoesNotFit) as refused:
        choose(glm4v, machine(ram=16), Loading(context=65536))
    assert "10.29 billion parameters needs at least" in refused.value.message
    assert "cpu with 13.0 GiB to use" in refused.value.message
    assert "one 32 GB GPU (bfloat16)" in refused.value.remedy
    with pytest.raises(DoesNotFit) as refused:
        choose(glm4v, machine(ram=30), Loading(dtype="float32"))
    assert "Here it would fit with --dtype bfloat16" in refused.value.remedy
    with pytest.raises(DoesNotFit) as refused:
        choose(glm4v, machine(ram=24), Loading(dtype="bfloat16"))
    assert "Here it would fit with --dtype int8" in refused.value.remedy


def test_the_description_has_every_sum(glm4v: Needs) -> None:
    here = machine(24, 24)
    told = describe("phone", glm4v, here, choose(glm4v, here, Loading()), Loading())
    for said in ("10.29 billion parameters", "19.2 GiB", "40.0 KiB each", "balanced over 2 GPUs", "cuda:1"):
        assert said in told


def test_a_container_has_what_its_group_allows(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{2 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{GIB}\n")
    cpu = survey_cpu(tmp_path)
    assert cpu.total == 2 * GIB and cpu.free <= GIB
    (tmp_path / "memory.max").write_text("max\n")
    assert survey_cpu(tmp_path).total == survey().cpu.total


def test_sizes_and_devices_are_read() -> None:
    assert read_bytes("20GiB") == 20 * GIB and read_bytes("1.5 GB") == 1_500_000_000
    assert read_memory("cuda:0=1GiB, cpu=2G") == {"cuda:0": GIB, "cpu": 2 * GIB}
    assert read_devices("cuda:0,CPU") == ("cuda:0", "cpu") and read_devices("auto") == ()


@pytest.mark.parametrize("command", [["app.py"], ["-m", "engine.server"]])
def test_plan_is_printed_and_nothing_is_loaded(command: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, *command, "--plan", "--context", "512"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "plan: on the CPU" in ended.stdout or "plan: on one GPU" in ended.stdout
    assert "512 tokens of context" in ended.stdout
    refused = subprocess.run(
        [sys.executable, *command, "--plan", "--max-memory", "cpu=1MB", "--devices", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "needs at least" in refused.stderr and "It would fit on" in refused.stderr


def test_the_allocator_is_set_unless_a_person_has() -> None:
    from engine.checkpoint import set_allocator

    fresh: dict[str, str] = {}
    set_allocator(fresh)
    assert fresh == {"PYTORCH_ALLOC_CONF": "expandable_segments:True"}
    for name in ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"):
        own = {name: "backend:native"}
        set_allocator(own)
        assert own == {name: "backend:native"}


def test_the_kv_budget_limits_the_context(glm4v: Needs) -> None:
    plan = choose(glm4v, machine(48), Loading(kv_budget=GIB))
    assert plan.cache_tokens == plan.context == GIB // (40 * 1024)
    roomy = choose(glm4v, machine(48), Loading())
    assert roomy.cache_tokens > roomy.context
    with pytest.raises(DoesNotFit, match="holds no token"):
        choose(glm4v, machine(48), Loading(kv_budget=1))
