"""The request meter in the settings."""

from __future__ import annotations

from html import escape

from autoglm_ui.meter import METER, Meter
from autoglm_ui.view.strings import Strings


def shown(strings: Strings, meter: Meter = METER) -> str:
    """What went out since the program began, as HTML."""
    words = strings.meter
    lines = [
        words.traffic.format(
            host=one.host, requests=one.requests, sent=size(one.sent), received=size(one.received)
        )
        for one in meter.traffic
    ] or [words.nothing]
    connections = ", ".join(f"{address} ×{count}" for address, count in meter.connections)
    lines.append(words.connections.format(list=connections) if connections else words.no_connections)
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h3>{escape(words.title)}</h3><ul>{items}</ul><p>{escape(words.since)}</p>"


def size(count: int) -> str:
    """Bytes to read: `812 B`, `24.8 kB`, `3.1 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
