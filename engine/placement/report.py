"""A plan in words, for `--plan`."""

from __future__ import annotations

from engine.loading import Loading
from engine.placement.machine import Machine, format_bytes
from engine.placement.needs import Needs, Precision, format_count
from engine.placement.plan import Plan, what_would_fit

KINDS = {
    "cpu": "on the CPU",
    "gpu": "on one GPU",
    "balanced": "balanced over {} GPUs",
    "parallel": "split over {} devices, a part of every layer on each",
    "offload": "on GPU and CPU: slow, for what is in the CPU's memory travels for every token",
}


def describe(name: str, needs: Needs, machine: Machine, plan: Plan, loading: Loading) -> str:
    """Several lines: the model, what it needs, what is here, what runs where, what else would do."""
    precision = plan.precision
    per_token = needs.cached * precision.size
    lines = [
        f"{name}: {needs.kind}, {format_count(needs.parameters)} parameters, stored as "
        f"{Precision(needs.stored, needs.int8)}",
        "",
        f"needs in {precision}",
        f"  weights   {format_bytes(needs.weigh(precision))}",
        f"  KV cache  {format_bytes(per_token * plan.context)}  ({plan.context:,} tokens, "
        f"{format_bytes(per_token)} each)",
        f"  working   {format_bytes(needs.working(precision, plan.context))} at most (an estimate)",
        "",
        "this machine has",
        *(
            f"  {device.name:<8}{format_bytes(device.free)} free of {format_bytes(device.total)}"
            f"  {device.label}{'' if device.bfloat16 else ', no native bfloat16'}"
            for device in machine.devices
        ),
        "",
        f"plan: {KINDS[plan.kind].format(len(plan.loads))}, {precision}, {plan.context:,} tokens of context",
        *(
            f"  {load.device:<8}{format_bytes(load.weights)} weights + {format_bytes(load.cache)} cache "
            f"+ {format_bytes(load.working)} working = {format_bytes(load.total)} of "
            f"{format_bytes(load.room)} that may be used"
            for load in plan.loads
        ),
    ]
    if would := what_would_fit(needs, loading):
        lines += ["", f"at a context of {loading.context or needs.context:,} tokens it asks for"]
        lines += [f"  {machine}" for machine in would]
    return "\n".join(lines)
