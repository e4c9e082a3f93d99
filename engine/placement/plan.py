"""Chooses what runs where, by arithmetic; a refusal lists what would fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.loading import Loading
from engine.placement.machine import GIB, Device, Machine, format_bytes
from engine.placement.needs import Needs, Precision, format_count
from engine.protocol import InvalidRequest, OutOfMemory

#: The part of a device's free memory that is planned with; the rest is for fragments and for others.
USABLE = 0.9
#: What CUDA's context and libraries take of a GPU before any tensor does: an allowance, not a measurement.
CUDA_CONTEXT = GIB // 2
#: A context is not cut below this to make a model fit: a full-size screenshot is over 3,000 tokens.
SHORTEST_CONTEXT = 8192

Kind = Literal["cpu", "gpu", "balanced", "offload", "parallel"]


@dataclass(frozen=True, slots=True)
class Load:
    """Bytes that a plan puts on one device, and how many it may."""

    device: str
    weights: int
    cache: int
    working: int
    room: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.working

    @property
    def fits(self) -> bool:
        return self.total <= self.room


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs where.

    Args:
        context: tokens of one conversation.
        cache_tokens: tokens of KV cache that fit for all conversations together.
        device_map: the device of every block, as transformers takes it.
    """

    kind: Kind
    precision: Precision
    context: int
    cache_tokens: int
    loads: tuple[Load, ...]
    device_map: Mapping[str, str]

    @property
    def fits(self) -> bool:
        return all(load.fits for load in self.loads)

    @property
    def dtype(self) -> str:
        """The type in which it computes, and of all weights that are not INT8."""
        return self.precision.dtype

    @property
    def device(self) -> str:
        """Where the input goes: the first device."""
        return self.loads[0].device


class DoesNotFit(OutOfMemory):
    """No plan fits. The message says what is needed and what is there, the remedy what would fit."""


def choose(needs: Needs, machine: Machine, loading: Loading) -> Plan:
    """The best plan that fits: GPUs before the CPU, one before several, all before offloading.

    Where the person chose no context, a shorter one comes before a slower device; where they chose no type,
    INT8 does, too.

    Raises:
        DoesNotFit: where nothing does.
        InvalidRequest: where a device is named that is not there.
    """
    machine = limit(machine, loading)
    tried: list[Plan] = []
    for plan in propose(needs, machine, loading):
        if plan.fits:
            return plan if loading.kv_budget is None else keep_budget(plan, needs, loading.kv_budget)
        tried.append(plan)
    raise refusal(needs, machine, loading, tried)


def propose(needs: Needs, machine: Machine, loading: Loading) -> Iterator[Plan]:
    """Every plan worth a try, the best first."""
    # INT8 on a GPU is better than half the model in the CPU's memory.
    choices = [loading, replace(loading, dtype="int8")] if loading.dtype == "auto" else [loading]
    for chosen in choices:
        yield from propose_gpus(needs, machine, chosen)
    if machine.gpus and machine.cpu.free:
        for context in list_contexts(needs, loading):
            precision = pick_precision(needs, machine.gpus, loading)
            yield offload(needs, machine.gpus, machine.cpu, precision, context)
    for chosen in choices:
        yield from propose_cpu(needs, machine, chosen)


def propose_gpus(needs: Needs, machine: Machine, loading: Loading) -> Iterator[Plan]:
    """The whole model on one GPU, or balanced over all."""
    gpus = machine.gpus
    for context in list_contexts(needs, loading):
        for gpu in gpus[:1] if same_size(gpus) else sorted(gpus, key=lambda one: -one.free):
            yield put_on_one(needs, gpu, pick_precision(needs, (gpu,), loading), context)
        if len(gpus) > 1:
            yield balance(needs, gpus, pick_precision(needs, gpus, loading), context)


def propose_cpu(needs: Needs, machine: Machine, loading: Loading) -> Iterator[Plan]:
    """The whole model on the CPU."""
    if machine.cpu.free:
        for context in list_contexts(needs, loading):
            yield put_on_one(needs, machine.cpu, pick_precision(needs, (machine.cpu,), loading), context)


def spread(needs: Needs, machine: Machine, loading: Loading) -> Plan:
    """Every layer on all of several devices, a part of it on each: GPUs, or processes on the CPU.

    Raises:
        DoesNotFit: where a part is larger than its device.
        InvalidRequest: where there are fewer GPUs than parts.
    """
    machine = limit(machine, loading)
    count = loading.tensor_parallel
    if 0 < len(machine.gpus) < count:
        raise InvalidRequest("tensor_parallel", count, f"at most {len(machine.gpus)}, the GPUs here")
    cpu = replace(machine.cpu, free=machine.cpu.free // count)
    devices = machine.gpus[:count] or (cpu,) * count
    precision = pick_precision(needs, devices, loading)
    tried: list[Plan] = []
    for context in list_contexts(needs, loading):
        loads = tuple(put_part(needs, device, count, precision, context) for device in devices)
        plan = Plan("parallel", precision, context, count_cache_tokens(loads, context), loads, {})
        if plan.fits:
            return plan if loading.kv_budget is None else keep_budget(plan, needs, loading.kv_budget)
        tried.append(plan)
    raise refusal(needs, machine, loading, tried)


def put_part(needs: Needs, device: Device, count: int, precision: Precision, context: int) -> Load:
    """One part of `count`: decoder layers are divided, all else is on every device."""
    weights = sum(block.weigh(precision) // (count if block.cached else 1) for block in needs.blocks)
    cache = needs.cached // count * context * precision.size
    return Load(device.name, weights, cache, needs.working(precision, context), room(device))


def list_contexts(needs: Needs, loading: Loading) -> list[int]:
    """The chosen context alone, or the model's own and its halves."""
    if loading.context is not None:
        return [min(loading.context, needs.context)]
    contexts = [needs.context]
    while contexts[-1] // 2 >= SHORTEST_CONTEXT:
        contexts.append(contexts[-1] // 2)
    return contexts


def pick_precision(needs: Needs, devices: Sequence[Device], loading: Loading) -> Precision:
    """The chosen type, or the checkpoint's own where every device is good at it.

    A CPU computes in float32 unless it is native in the bfloat16 that the checkpoint has; a GPU without
    bfloat16 takes float16 instead. INT8 is a matter of the weights alone: a checkpoint that keeps them so
    has them so in memory, whatever the rest is.
    """
    int8 = needs.int8 or loading.dtype == "int8"
    if loading.dtype not in {"auto", "int8"}:
        return Precision(loading.dtype, int8)
    if any(not device.is_gpu for device in devices):
        native = all(device.bfloat16 for device in devices)
        return Precision("bfloat16" if needs.stored == "bfloat16" and native else "float32", int8)
    if needs.stored == "bfloat16" and not all(device.bfloat16 for device in devices):
        return Precision("float16", int8)
    return Precision(needs.stored, int8)


def limit(machine: Machine, loading: Loading) -> Machine:
    """`machine` without the devices and the memory that were not allowed."""
    names = {device.name for device in machine.devices}
    for name in (*loading.devices, *loading.max_memory):
        if name not in names and not (name == "cuda" and machine.gpus):
            raise InvalidRequest("devices", name, f"of this machine, which has {', '.join(sorted(names))}")

    def allowed(device: Device) -> bool:
        kind = device.name.partition(":")[0]
        return not loading.devices or bool({device.name, kind} & set(loading.devices))

    def capped(device: Device) -> Device:
        if not allowed(device):
            return replace(device, free=0)
        most = loading.max_memory.get(device.name, loading.max_memory.get(device.name.partition(":")[0]))
        # What a person allows is meant as it is said; of the rest a tenth is left.
        return device if most is None else replace(device, free=min(device.free, round(most / USABLE)))

    return Machine(capped(machine.cpu), tuple(capped(gpu) for gpu in machine.gpus if allowed(gpu)))


def keep_budget(plan: Plan, needs: Needs, budget: int) -> Plan:
    """The plan with no more KV cache than `budget` bytes. Raises DoesNotFit where no conversation fits."""
    tokens = min(plan.cache_tokens, budget // max(1, needs.cached * plan.precision.size))
    if tokens < 1:
        raise DoesNotFit(
            f"a KV cache of {format_bytes(budget)} holds no token", "Give --kv-budget more, or leave it out."
        )
    return replace(plan, cache_tokens=tokens, context=min(plan.context, tokens))


def count_cache_tokens(loads: Sequence[Load], context: int) -> int:
    """Tokens of KV cache that fit beside the weights; on a CPU, whose memory others want too, in half."""
    fit = [
        int((load.room - load.weights - load.working) * (1.0 if load.device != "cpu" else 0.5))
        * context
        // load.cache
        for load in loads
        if load.cache
    ]
    return max([context, min(fit, default=context)])


def same_size(devices: Sequence[Device]) -> bool:
    return len({device.free // GIB for device in devices}) <= 1


def room(device: Device) -> int:
    """Bytes of `device` that may be planned with."""
    return max(0, int(device.free * USABLE) - (CUDA_CONTEXT if device.is_gpu else 0))


def put_on_one(needs: Needs, device: Device, precision: Precision, context: int) -> Plan:
    kind: Kind = "gpu" if device.is_gpu else "cpu"
    return lay_out(kind, needs, (device,), precision, context, lambda name: device.name)


def balance(needs: Needs, gpus: Sequence[Device], precision: Precision, context: int) -> Plan:
    """Consecutive blocks on each GPU, as much on each as it has room for in proportion."""
    return lay_out(
        "balanced", needs, gpus, precision, context, fill(needs, gpus, precision, context, spread=True)
    )


def offload(needs: Needs, gpus: Sequence[Device], cpu: Device, precision: Precision, context: int) -> Plan:
    """GPUs filled one after another; the last blocks stay in the CPU's memory and travel when needed."""
    devices = (*gpus, cpu)
    return lay_out(
        "offload", needs, devices, precision, context, fill(needs, devices, precision, context, spread=False)
    )


def fill(
    needs: Needs, devices: Sequence[Device], precision: Precision, context: int, *, spread: bool
) -> Callable[[str], str]:
    """Assign blocks in order. With `spread`, all rooms fill up in the same proportion."""
    working = needs.working(precision, context)
    rooms = [max(1, room(device) - working) for device in devices]
    sizes = {
        block.name: block.weigh(precision) + block.cached * context * precision.size for block in needs.blocks
    }
    share = min(1.0, sum(sizes.values()) / sum(rooms)) if spread else 1.0
    where: dict[str, str] = {}
    index, used = 0, 0
    for name, size in sizes.items():
        # By its middle, so that rounding errors do not all end up on the last device.
        needed = used + (size / 2 if spread else size)
        if index + 1 < len(devices) and needed > rooms[index] * share:
            index, used = index + 1, (used - rooms[index] * share if spread else 0)
        where[name] = devices[index].name
        used += size
    return where.__getitem__


def lay_out(
    kind: Kind,
    needs: Needs,
    devices: Sequence[Device],
    precision: Precision,
    context: int,
    where: Callable[[str], str],
) -> Plan:
    """The plan that puts every block where `where` says, with its sums."""
    device_map = {block.name: where(block.name) for block in needs.blocks}
    working = needs.working(precision, context)
    loads = tuple(
        Load(
            device.name,
            sum(block.weigh(precision) for block in needs.blocks if device_map[block.name] == device.name),
            sum(block.cached for block in needs.blocks if device_map[block.name] == device.name)
            * context
            * precision.size,
            working,
            room(device),
        )
        for device in devices
    )
    return Plan(kind, precision, context, count_cache_tokens(loads, context), loads, device_map)


# ------------------------------------------------------------------------------------ refusals

#: Memory of the GPUs that are sold, in GiB, and of computers.
GPU_SIZES = (6, 8, 12, 16, 24, 32, 48, 80, 96, 141)
CPU_SIZES = (8, 16, 32, 64, 128, 256)


def what_would_fit(needs: Needs, loading: Loading) -> list[str]:
    """The smallest machine of each kind on which the model runs at its best, and those for INT8: by the same
    arithmetic."""
    found = list(list_smallest(needs, loading))
    if loading.dtype == "auto" and not needs.int8:
        found += list_smallest(needs, replace(loading, dtype="int8"))
    return found


def list_smallest(needs: Needs, loading: Loading) -> Iterator[str]:
    """The smallest GPU, pair of GPUs and CPU, the pair only of smaller GPUs than the one."""
    loading = replace(loading, devices=(), max_memory={}, context=loading.context or needs.context)
    smaller = GPU_SIZES
    for count, word in ((1, "one {} GB GPU"), (2, "two {} GB GPUs")):
        for size in smaller:
            gpus = tuple(Device(f"cuda:{n}", "", size * GIB, size * GIB, True) for n in range(count))
            plans = propose_gpus(needs, Machine(Device("cpu", "", 0, 0, False), gpus), loading)
            if best := next((plan for plan in plans if plan.fits), None):
                yield f"{word.format(size)} ({best.precision})"
                smaller = GPU_SIZES[: GPU_SIZES.index(size)]
                break
    for size in CPU_SIZES:
        cpu = Device("cpu", "", size * GIB, size * GIB, False)
        plan = next(propose_cpu(needs, Machine(cpu), loading))
        if plan.fits:
            yield f"a CPU with {size} GB of memory ({plan.precision})"
            break


def refusal(needs: Needs, machine: Machine, loading: Loading, tried: Sequence[Plan]) -> DoesNotFit:
    """Why nothing fits here, and what would: shorter contexts, half precision, larger machines."""
    have = ", ".join(
        f"{device.name} with {format_bytes(room(device))} to use" for device in machine.devices if device.free
    )
    wanted = min(tried, key=lambda plan: sum(load.total for load in plan.loads), default=None)
    need = ""
    if wanted is not None:
        size = format_bytes(sum(one.total for one in wanted.loads))
        need = f" needs at least {size} in {wanted.precision} with {wanted.context:,} tokens of context"
    message = (
        f"{needs.kind} with {format_count(needs.parameters)} parameters{need or ' needs a device'}; "
        f"this machine has {have or 'no device that may be used'}"
    )
    here = list(list_remedies(needs, machine, loading))
    there = what_would_fit(needs, loading)
    remedies = ([f"Here it would fit with {' or '.join(here)}."] if here else []) + (
        [f"It would fit on {', or '.join(there)}."] if there else []
    )
    return DoesNotFit(message, " ".join(remedies) or "Choose a smaller model.")


def list_remedies(needs: Needs, machine: Machine, loading: Loading) -> Iterator[str]:
    """Options with which the model would fit on this machine."""
    for option, changed in (
        (f"--context {SHORTEST_CONTEXT}", replace(loading, context=SHORTEST_CONTEXT)),
        ("--dtype bfloat16", replace(loading, dtype="bfloat16")),
        ("--dtype int8", replace(loading, dtype="int8")),
        (
            f"--dtype bfloat16 --context {SHORTEST_CONTEXT}",
            replace(loading, dtype="bfloat16", context=SHORTEST_CONTEXT),
        ),
    ):
        if changed != loading and any(plan.fits for plan in propose(needs, machine, changed)):
            yield option
            return
