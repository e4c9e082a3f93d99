"""What open pages were told, so that each is told only what has changed.

Gradio makes a widget anew on the server, and draws it again in the browser, whenever it is told of it,
whether anything of it changed or not. For the conversation that is up to thirty messages.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

#: Pages that are remembered; one that was forgotten is told everything again.
PAGES = 1000


class Told:
    """The last state of widgets, page by page. Safe to call from any thread."""

    def __init__(self, pages: int = PAGES) -> None:
        self._most = pages
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, dict[Any, Any]] = OrderedDict()

    def news(self, page: str, states: Mapping[Any, Any]) -> set[Any]:
        """The widgets among `states` whose state `page` was not told yet; from now on it was."""
        with self._lock:
            known = self._pages.setdefault(page, {})
            self._pages.move_to_end(page)
            if len(self._pages) > self._most:
                self._pages.popitem(last=False)
            changed = {
                widget for widget, state in states.items() if widget not in known or known[widget] != state
            }
            known.update(states)
            return changed
