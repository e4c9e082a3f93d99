"""Stop strings in text that arrives in pieces."""

from __future__ import annotations


class StopMatcher:
    """Passes text through until one of `stops` appears; the stop string and what follows are dropped.

    No more is held back than what could be the start of a stop string.
    """

    def __init__(self, stops: tuple[str, ...]) -> None:
        self.stops = stops
        self.matched = False
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece; the text that is now certain."""
        if self.matched or not self.stops:
            return "" if self.matched else text
        text = self._held + text
        found = [index for stop in self.stops if (index := text.find(stop)) >= 0]
        if found:
            self.matched, self._held = True, ""
            return text[: min(found)]
        held = max(self._overlap(text, stop) for stop in self.stops)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def close(self) -> str:
        """The text has ended; what was held back."""
        held, self._held = self._held, ""
        return held

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        """How much of the end of `text` begins `stop`."""
        longest = min(len(text), len(stop) - 1)
        return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
