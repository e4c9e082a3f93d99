"""What open pages list of the conversations, so that a list drawn anew lists the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from autoglm_ui.view.told import PAGES


@dataclass(frozen=True)
class Listing:
    """What was searched for, and whether the list was opened to its end."""

    search: str = ""
    whole: bool = False


class Listings:
    """The listing of each page; one that was forgotten lists from the top. Safe to call from any thread."""

    def __init__(self, pages: int = PAGES) -> None:
        self._most = pages
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, Listing] = OrderedDict()

    def keep(self, page: str, listing: Listing) -> None:
        with self._lock:
            self._pages[page] = listing
            self._pages.move_to_end(page)
            if len(self._pages) > self._most:
                self._pages.popitem(last=False)

    def of(self, page: str) -> Listing:
        with self._lock:
            return self._pages.get(page, Listing())
