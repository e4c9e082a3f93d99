"""What this machine has: memory, and which number formats its devices are good at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GIB = 2**30

CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Device:
    """A CPU or a GPU. `total` and `free` are bytes; `bfloat16` is whether it multiplies in it natively."""

    name: str
    label: str
    total: int
    free: int
    bfloat16: bool

    @property
    def is_gpu(self) -> bool:
        return self.name != "cpu"


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything that a model can be put on."""

    cpu: Device
    gpus: tuple[Device, ...] = ()

    @property
    def devices(self) -> tuple[Device, ...]:
        return (*self.gpus, self.cpu)


def survey() -> Machine:
    """Ask torch and the operating system; nothing is allocated but CUDA's own context."""
    import torch

    gpus = []
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        with torch.cuda.device(index):
            native = torch.cuda.is_bf16_supported(including_emulation=False)
        gpus.append(Device(f"cuda:{index}", torch.cuda.get_device_name(index), total, free, native))
    return Machine(survey_cpu(), tuple(gpus))


def survey_cpu(cgroup: Path = CGROUP) -> Device:
    """The CPU and its memory, within what a container may use."""
    import psutil
    import torch

    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    if (limit := read_bytes(cgroup / "memory.max")) is not None:
        used = read_bytes(cgroup / "memory.current") or 0
        total, free = min(total, limit), min(free, max(0, limit - used))
    features = torch.cpu.get_capabilities()
    # Elsewhere torch emulates bfloat16, at a small part of the speed of float32.
    native = bool(features.get("avx512_bf16") or features.get("amx_bf16") or features.get("bf16"))
    label = str(features.get("cpu_name") or features.get("architecture") or "CPU")
    return Device("cpu", label, total, free, native)


def read_bytes(path: Path) -> int | None:
    """A number in a control group's file; None where there is none or it says "max"."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def format_bytes(count: float) -> str:
    """`count` bytes, to read."""
    for unit, size in (("GiB", GIB), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"
