"""The governor follows a trace of power readings, and the meters read what a kernel writes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from engine import pacing
from engine.loading import Loading
from engine.pacing import LONGEST_PAUSE, BatteryMeter, Governor, Pacer, RaplMeter, find_meter
from engine.protocol import Failed, Finished, LoadFailed, Message, Options, Request, TextPart

# Watts, a second apart: idle, a long answer on a card of 250 W, and idle again.
TRACE = [62, 64, 188, 231, 244, 239, 228, 207, 186, 171, 158, 149, 143, 120, 95, 70, 63, 62, 62, 62, 62, 62]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Trace:
    """A meter that reads out a trace, then nothing."""

    def __init__(self, watts: list[float]) -> None:
        self._watts = iter(watts)

    def read_watts(self) -> float | None:
        return next(self._watts, None)


def test_a_trace_slows_decoding_down_and_lets_it_recover() -> None:
    governor = Governor(budget=200)
    rates = [governor.adjust(watts) for watts in TRACE]
    assert rates[:2] == [1.0, 1.0]
    # 188 to 186 W are over 180, seven times; then 171 to 143 W leave the rate alone until it is below 140.
    assert rates[8] == pytest.approx(0.8**7)
    assert rates[9:13] == pytest.approx([0.8**7] * 4)
    assert rates[13] == pytest.approx(0.8**7 * 1.1)
    assert max(rates) == 1.0 and rates[-1] == pytest.approx(0.8**7 * 1.1**9)


def test_the_rate_keeps_within_its_bounds() -> None:
    governor = Governor(budget=10)
    assert [governor.adjust(1000) for _ in range(100)][-1] == governor.slowest
    assert [governor.adjust(0) for _ in range(100)][-1] == 1.0


def test_a_turn_is_followed_by_the_rest_that_the_rate_asks_for() -> None:
    clock = Clock()
    pacer = Pacer(Governor(budget=200), Trace([300, 300, 100]), clock)
    pacer.close()  # rests are told, not slept

    def turn(seconds: float) -> float:
        clock.now += seconds
        return pacer.pause()

    assert turn(0.4) == 0.0  # no reading yet: full speed
    assert turn(0.6) == pytest.approx(0.6 * (1 / 0.8 - 1))
    assert turn(0.1) == pytest.approx(0.1 * (1 / 0.8 - 1))
    assert turn(1.0) == pytest.approx(1 / 0.64 - 1)
    assert turn(1.0) == pytest.approx(1 / (0.64 * 1.1) - 1)
    # A meter that falls silent changes nothing, and a loop that was idle does not make up for it.
    assert turn(3600.0) <= LONGEST_PAUSE


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n")


def test_rapl_counters_are_summed_and_may_start_again(tmp_path: Path) -> None:
    clock = Clock()
    write(tmp_path / "intel-rapl:0", energy_uj=9_000_000, max_energy_range_uj=9_999_999)
    write(tmp_path / "intel-rapl:1", energy_uj=1_000_000, max_energy_range_uj=9_999_999)
    write(tmp_path / "intel-rapl:0:0", energy_uj=5, max_energy_range_uj=9)  # a part of package 0
    meter = RaplMeter(tmp_path, clock)
    assert meter.read_watts() is None
    clock.now = 2.0
    write(tmp_path / "intel-rapl:0", energy_uj=1_000_000)
    write(tmp_path / "intel-rapl:1", energy_uj=5_000_000)
    assert meter.read_watts() == pytest.approx((2.0 + 4.0) / 2.0)


def test_a_battery_tells_while_it_discharges(tmp_path: Path) -> None:
    write(tmp_path / "AC", online=1)
    write(tmp_path / "BAT0", type="Battery", status="Discharging", power_now=12_500_000)
    write(
        tmp_path / "BAT1",
        type="Battery",
        status="Discharging",
        current_now=1_000_000,
        voltage_now=11_000_000,
    )
    meter = BatteryMeter(tmp_path)
    assert meter.read_watts() == pytest.approx(23.5)
    write(tmp_path / "BAT0", status="Charging")
    write(tmp_path / "BAT1", status="Full")
    assert meter.read_watts() is None


def test_a_meter_that_cannot_be_read_this_time_says_so_and_goes_on(tmp_path: Path) -> None:
    """A battery is pulled out, a counter is taken away: that ends no answer."""
    clock = Clock()
    counter, battery = tmp_path / "powercap" / "intel-rapl:0", tmp_path / "supplies" / "BAT0"
    write(counter, energy_uj=1_000_000, max_energy_range_uj=9_999_999)
    write(battery, type="Battery", status="Discharging", power_now=12_500_000)
    rapl, supply = RaplMeter(counter.parent, clock), BatteryMeter(battery.parent)
    for absent in (counter / "energy_uj", battery / "power_now"):
        absent.unlink()
    clock.now = 1.0
    assert rapl.read_watts() is None and supply.read_watts() is None
    write(counter, energy_uj="")
    write(battery, power_now="")
    clock.now = 2.0
    assert rapl.read_watts() is None and supply.read_watts() is None
    write(counter, energy_uj=7_000_000)
    write(battery, power_now=12_500_000)
    clock.now = 3.0
    assert (rapl.read_watts(), supply.read_watts()) == pytest.approx((2.0, 12.5))
    (battery / "status").unlink()
    assert supply.read_watts() is None


def test_a_supply_that_is_no_battery_or_tells_nothing_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "ucsi-source-psy-1", type="USB", current_now=3_000_000, voltage_now=20_000_000)
    with pytest.raises(ValueError, match="no battery"):
        BatteryMeter(tmp_path)
    write(tmp_path / "BAT0", type="Battery", status="Discharging", current_now=1)  # and no voltage
    write(tmp_path / "BAT1", type="Battery", power_now=1)  # and no status
    with pytest.raises(ValueError, match="no battery"):
        BatteryMeter(tmp_path)
    write(tmp_path / "BAT2", type="Battery", status="Discharging", power_now=5_000_000)
    assert BatteryMeter(tmp_path).read_watts() == pytest.approx(5.0)


def test_gpus_are_told_apart_by_what_they_are_not_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA numbers what it may see, by speed; NVML numbers all by their place. Here both are stood in for."""
    torch = pytest.importorskip("torch")
    watts = {"GPU-aa": 100_000, "GPU-bb": 20_000}
    nvml = ModuleType("pynvml")
    nvml.NVMLError = RuntimeError  # pyright: ignore[reportAttributeAccessIssue]
    nvml.nvmlInit = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    nvml.nvmlDeviceGetHandleByIndex = list(watts).__getitem__  # pyright: ignore[reportAttributeAccessIssue]
    nvml.nvmlDeviceGetHandleByUUID = str  # pyright: ignore[reportAttributeAccessIssue]
    nvml.nvmlDeviceGetPowerUsage = watts.__getitem__  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid="bb"))
    assert find_meter(["cuda:0"]).read_watts() == pytest.approx(20.0)


def test_the_counters_come_before_the_battery_and_nothing_is_said_plainly(tmp_path: Path) -> None:
    rapl, supplies = tmp_path / "powercap", tmp_path / "supplies"
    with pytest.raises(LoadFailed, match="power that cpu draws cannot be read"):
        find_meter(["cpu"], rapl, supplies)
    write(supplies / "BAT0", type="Battery", status="Discharging", power_now=1)
    assert isinstance(find_meter(["cpu"], rapl, supplies), BatteryMeter)
    write(rapl / "intel-rapl:0", energy_uj=1, max_energy_range_uj=9)
    assert isinstance(find_meter(["cpu"], rapl, supplies), RaplMeter)


async def test_the_runtime_paces_its_decoding(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from engine import runtime

    monkeypatch.setattr(pacing, "INTERVAL", 0.0)
    monkeypatch.setattr(runtime, "find_meter", lambda devices: Trace([300.0] * 3))
    made = runtime.Runtime(str(checkpoint), loading=Loading(power_budget=200.0, devices=("cpu",)))
    request = Request((Message("user", (TextPart("hello"),)),), Options(max_new_tokens=8))
    try:
        *_, last = [event async for event in made.stream(request)]
    finally:
        await made.aclose()
    assert isinstance(last, Finished)
    assert made._pacer is not None
    assert made._pacer.governor.rate == pytest.approx(0.8**3)


async def test_a_budget_that_cannot_be_kept_is_said_at_the_start(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    from engine import runtime

    monkeypatch.setattr(runtime, "find_meter", lambda devices: find_meter(devices, tmp_path, tmp_path))
    made = runtime.Runtime(str(checkpoint), loading=Loading(power_budget=200.0, devices=("cpu",)))
    request = Request((Message("user", (TextPart("hello"),)),))
    try:
        *_, last = [event async for event in made.stream(request)]
    finally:
        await made.aclose()
    assert isinstance(last, Failed) and "cannot be read" in last.message
    assert "--power-budget" in last.remedy
