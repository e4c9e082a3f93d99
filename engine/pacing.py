"""Keeps the power that decoding draws near a budget, by slowing it down: the article's governor.

Above 90 % of the budget the rate is multiplied by 0.8, below 70 % by 1.1, up to full speed. What is drawn is
read from NVML (GPUs), from RAPL's energy counters (CPU packages) or from a battery that discharges.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.protocol import LoadFailed

#: Seconds between two readings.
INTERVAL = 1.0

#: Seconds of one pause at most, so that a cancelled answer does not linger.
LONGEST_PAUSE = 1.0

POWERCAP = Path("/sys/class/powercap")
POWER_SUPPLY = Path("/sys/class/power_supply")


class PowerMeter(Protocol):
    """Tells what is drawn."""

    def read_watts(self) -> float | None:
        """Watts now, or on the mean since the last reading; None where it cannot be told this time."""
        ...


@dataclass(slots=True)
class Governor:
    """The share of full speed that a power budget allows.

    Args:
        budget: watts.
        rate: of full speed, 0 to 1.
        slowest: the rate does not fall below this, so that an answer always ends.
    """

    budget: float
    rate: float = 1.0
    slowest: float = 0.05

    HIGH = 0.9
    LOW = 0.7
    SLOWER = 0.8
    FASTER = 1.1

    def adjust(self, watts: float) -> float:
        """Take a reading; the new rate."""
        if watts > self.HIGH * self.budget:
            self.rate = max(self.slowest, self.rate * self.SLOWER)
        elif watts < self.LOW * self.budget:
            self.rate = min(1.0, self.rate * self.FASTER)
        return self.rate


class Pacer:
    """Pauses between the turns of a decode loop, as long as the governor asks.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(
        self, governor: Governor, meter: PowerMeter, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.governor = governor
        self._meter, self._clock = meter, clock
        self._closed = threading.Event()
        self._read_at = self._ended_at = clock()

    def pause(self) -> float:
        """Called after a turn of work; sleeps, and returns for how long.

        A turn that took t seconds is followed by t · (1 / rate − 1) of rest.
        """
        now = self._clock()
        if now - self._read_at >= INTERVAL:
            self._read_at = now
            if (watts := self._meter.read_watts()) is not None:
                self.governor.adjust(watts)
        worked = min(now - self._ended_at, LONGEST_PAUSE)
        rest = min(LONGEST_PAUSE, worked * (1.0 / self.governor.rate - 1.0))
        if rest > 0:
            self._closed.wait(rest)
        self._ended_at = self._clock()
        return rest

    def close(self) -> None:
        """Wake who pauses; nobody pauses again."""
        self._closed.set()


# -------------------------------------------------------------------------------------- meters


class GpuMeter:
    """The sum of GPUs, by NVML. Raises what NVML raises where there is none that tells.

    Args:
        indices: as CUDA numbers the GPUs. NVML numbers them in another order, and those that this process
            may not see, too; their UUIDs are the same to both.
    """

    def __init__(self, indices: Sequence[int]) -> None:
        import pynvml
        import torch

        pynvml.nvmlInit()
        self._nvml = pynvml
        uuids = [f"GPU-{torch.cuda.get_device_properties(index).uuid}" for index in indices]
        self._handles = [pynvml.nvmlDeviceGetHandleByUUID(uuid) for uuid in uuids]
        self._read()

    def read_watts(self) -> float | None:
        try:
            return self._read()
        except self._nvml.NVMLError:
            return None

    def _read(self) -> float:
        return sum(self._nvml.nvmlDeviceGetPowerUsage(handle) for handle in self._handles) / 1000


class RaplMeter:
    """The sum of the CPU packages, from counters of microjoules that start again at their range.

    Raises OSError where the counters may not be read, ValueError where there are none.
    """

    def __init__(self, root: Path = POWERCAP, clock: Callable[[], float] = time.monotonic) -> None:
        self._packages = sorted(folder for folder in root.glob("intel-rapl:*") if folder.name.count(":") == 1)
        if not self._packages:
            raise ValueError("no RAPL counters")
        self._clock = clock
        self._ranges = [read_number(folder / "max_energy_range_uj") for folder in self._packages]
        self._energies, self._at = self._read(), clock()

    def read_watts(self) -> float | None:
        try:
            energies, now = self._read(), self._clock()
        except (OSError, ValueError):
            return None
        seconds = now - self._at
        used = sum(
            (new - old) % (limit + 1)
            for new, old, limit in zip(energies, self._energies, self._ranges, strict=True)
        )
        self._energies, self._at = energies, now
        return used / 1e6 / seconds if seconds > 0 else None

    def _read(self) -> list[int]:
        return [read_number(folder / "energy_uj") for folder in self._packages]


class BatteryMeter:
    """What a battery gives while it discharges. Raises ValueError where there is none that tells."""

    def __init__(self, root: Path = POWER_SUPPLY) -> None:
        self._batteries = [folder for folder in sorted(root.glob("*")) if self._tells(folder)]
        if not self._batteries:
            raise ValueError("no battery")

    def read_watts(self) -> float | None:
        try:
            given = [self._read(folder) for folder in self._batteries]
        except (OSError, ValueError):
            return None
        drawn = [watts for watts in given if watts is not None]
        return sum(drawn) if drawn else None

    @classmethod
    def _tells(cls, folder: Path) -> bool:
        """It is a battery, no charger, and says what is asked of it."""
        try:
            if read_word(folder / "type") != "Battery":
                return False
            cls._read_power(folder)
            cls._read(folder)
        except (OSError, ValueError):
            return False
        return True

    @classmethod
    def _read(cls, folder: Path) -> float | None:
        """Watts; None where it does not discharge."""
        return cls._read_power(folder) if read_word(folder / "status") == "Discharging" else None

    @staticmethod
    def _read_power(folder: Path) -> float:
        if (folder / "power_now").exists():
            return read_number(folder / "power_now") / 1e6
        return read_number(folder / "current_now") * read_number(folder / "voltage_now") / 1e12


def read_word(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def read_number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def find_meter(
    devices: Sequence[str], powercap: Path = POWERCAP, power_supply: Path = POWER_SUPPLY
) -> PowerMeter:
    """What tells the power of `devices`: NVML for GPUs; for a CPU its counters, else the battery.

    Raises LoadFailed where nothing does.
    """
    gpus = [int(name.partition(":")[2] or 0) for name in devices if name.startswith("cuda")]
    makers: list[Callable[[], PowerMeter]] = [
        lambda: RaplMeter(powercap),
        lambda: BatteryMeter(power_supply),
    ]
    if gpus:
        makers = [lambda: GpuMeter(gpus)]
    reasons = []
    for make in makers:
        try:
            return make()
        except Exception as error:  # NVML's errors share no base with the others
            reasons.append(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    raise LoadFailed(
        f"the power that {', '.join(devices)} draws cannot be read ({'; '.join(reasons)})",
        "Leave out --power-budget, or let this user read it (RAPL: /sys/class/powercap/*/energy_uj).",
    )
