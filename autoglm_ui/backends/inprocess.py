"""The model in this process: the engine's own runtime is a `Backend` already."""

from __future__ import annotations

from engine.runtime import Runtime as InProcessBackend

__all__ = ["InProcessBackend"]
