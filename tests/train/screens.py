"""A screen to ask about."""

from __future__ import annotations

from engine.train.scene import Scene, Spot

SCENE = Scene(
    "home",
    (
        Spot("camera", (100, 100, 200, 160)),
        Spot("clock", (700, 100, 800, 160)),
        Spot("switch", (800, 400, 900, 440), "on"),
        Spot("switch", (800, 600, 900, 640), "off"),
    ),
    (Spot("time", (20, 10, 200, 50), "9:05"), Spot("battery", (800, 10, 950, 50), "57")),
)
