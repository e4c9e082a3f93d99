"""How to load a model: what a person may choose at the start. Read once, frozen; standard library only."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

DType = Literal["auto", "float32", "bfloat16", "float16", "int8"]

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


@dataclass(frozen=True, slots=True)
class Loading:
    """Choices about a model in this process; the defaults leave them to the engine.

    Args:
        devices: which devices may hold the model, `cpu`, `cuda` (all GPUs) or `cuda:0`; empty for all.
        max_memory: bytes at most to be used of a device, by its name.
        dtype: of the weights; `auto` takes what the checkpoint and the device are both good at, `int8` is
            for those of linear layers only.
        context: tokens of one conversation that are kept; None for as many as the model reads and fit.
        max_pixels: of one picture as the model sees it; None for the checkpoint's own budget.
        tensor_parallel: how many devices hold a part of every layer; 1 for none.
        kv_budget: bytes of KV cache for all conversations together; None for what the plan leaves.
        power_budget: watts that decoding may draw; None for no limit.
        asr: a speech recogniser for models without an ear, a folder or a hub id.
    """

    devices: tuple[str, ...] = ()
    max_memory: Mapping[str, int] = field(default_factory=dict)
    dtype: DType = "auto"
    context: int | None = None
    max_pixels: int | None = None
    tensor_parallel: int = 1
    kv_budget: int | None = None
    power_budget: float | None = None
    asr: str | None = None


NAMES = frozenset(one.name for one in fields(Loading))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `Loading`, in a group of their own, without defaults."""
    group = parser.add_argument_group("where a model of this process runs")
    group.add_argument(
        "--devices",
        type=read_devices,
        metavar="NAME,…",
        help="the devices that may hold it: cpu, cuda for all GPUs, or cuda:0,cuda:1 (default: any)",
    )
    group.add_argument(
        "--max-memory",
        type=read_memory,
        metavar="NAME=SIZE,…",
        help="use at most so much of a device, for example cuda:0=20GiB,cpu=32GiB (default: nine tenths of "
        "what is free)",
    )
    group.add_argument(
        "--dtype",
        choices=get_args(DType),
        help="the type of the weights; auto takes the checkpoint's own where the device is good at it, else "
        "float32 on a CPU, and int8 where nothing else fits; int8 is for linear layers, the rest is as with "
        "auto (default: auto)",
    )
    group.add_argument(
        "--context",
        type=read_count,
        metavar="TOKENS",
        help="how much of a conversation is kept (default: all that the model can read, or as much as fits)",
    )
    group.add_argument(
        "--tensor-parallel",
        type=read_count,
        metavar="N",
        help="split every layer over N GPUs, each run by a process of its own, instead of whole layers on "
        "each (default: 1)",
    )
    group.add_argument(
        "--kv-budget",
        type=read_bytes,
        metavar="SIZE",
        help="use at most so much memory for the KV cache of all conversations together, for example 4GiB "
        "(default: what the weights leave; on a CPU half of that)",
    )
    group.add_argument(
        "--power-budget",
        type=read_watts,
        metavar="WATTS",
        help="write more slowly when the GPU, the CPU or the battery gives more than nine tenths of so much "
        "(default: no limit)",
    )
    group.add_argument(
        "--max-pixels",
        type=read_count,
        metavar="N",
        help="scale pictures down to at most N pixels before the model sees them (default: the checkpoint's "
        "own budget)",
    )
    group.add_argument(
        "--asr",
        metavar="PATH|HUB_ID",
        help="a speech recogniser of transformers (such as Whisper), which makes text of speech for a model "
        "that has no ear",
    )


def read_devices(text: str) -> tuple[str, ...]:
    """Device names from `cuda:0,cuda:1`. Raises ArgumentTypeError for a name that no device can have."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if name != "auto" and not re.fullmatch(r"cpu|cuda(:\d+)?", name):
            raise argparse.ArgumentTypeError(
                f"{name!r} is no device; devices are cpu, cuda and cuda:0, cuda:1, …"
            )
    return () if "auto" in names else names


def read_memory(text: str) -> dict[str, int]:
    """Bytes by device from `cuda:0=20GiB,cpu=32GiB`. Raises ArgumentTypeError."""
    sizes: dict[str, int] = {}
    for entry in filter(None, (one.strip() for one in text.split(","))):
        name, separator, size = entry.partition("=")
        if not separator or not re.fullmatch(r"cpu|cuda(:\d+)?", name.strip().lower()):
            raise argparse.ArgumentTypeError(f"{entry!r} is not of the form cuda:0=20GiB or cpu=32GiB")
        sizes[name.strip().lower()] = read_bytes(size)
    return sizes


def read_bytes(text: str) -> int:
    """Bytes from `20GiB`, `512 MB` or `1.5G`. Raises ArgumentTypeError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?I?B?)\s*", text.upper())
    unit = match and {"K": "KIB", "M": "MIB", "G": "GIB", "B": ""}.get(match[2], match[2])
    if match is None or unit not in _UNITS:
        raise argparse.ArgumentTypeError(
            f"{text.strip()!r} is no size; write 20GiB, 512MB or a number of bytes"
        )
    return int(float(match[1]) * _UNITS[unit])


def read_watts(text: str) -> float:
    """Watts above 0. Raises ArgumentTypeError."""
    try:
        watts = float(text)
    except ValueError:
        watts = 0.0
    if not 0 < watts < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of watts above 0")
    return watts


def read_count(text: str) -> int:
    """A whole number of 1 or more. Raises ArgumentTypeError."""
    if not text.strip().isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return int(text)
