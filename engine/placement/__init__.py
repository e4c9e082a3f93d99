"""Which device holds what. Says no before anything is loaded, and what would fit."""

from engine.placement.machine import Device, Machine, survey
from engine.placement.needs import Block, Needs, Precision, measure
from engine.placement.plan import DoesNotFit, Load, Plan, choose, spread
from engine.placement.report import describe

__all__ = [
    "Block",
    "Device",
    "DoesNotFit",
    "Load",
    "Machine",
    "Needs",
    "Plan",
    "Precision",
    "choose",
    "describe",
    "measure",
    "spread",
    "survey",
]
