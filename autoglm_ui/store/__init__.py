"""Conversations in SQLite, their pictures and recordings beside it."""

from autoglm_ui.store.history import Entry, History
from autoglm_ui.store.media import MediaFolder
from autoglm_ui.store.record import Record
from autoglm_ui.store.schema import NotSaved, StoreUnusable
from autoglm_ui.store.shelf import Shelf

__all__ = ["Entry", "History", "MediaFolder", "NotSaved", "Record", "Shelf", "StoreUnusable"]
