"""What the list of conversations does: open, find, rename, pin, delete and bring back."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import gradio as gr

from autoglm_ui.conversation import Conversation
from autoglm_ui.session import Session
from autoglm_ui.sessions import Sessions
from autoglm_ui.store import Record, Shelf, archive
from autoglm_ui.view import exports, notices, rail, report
from autoglm_ui.view.handlers import Handlers, Updates
from autoglm_ui.view.layout import Page
from autoglm_ui.view.listings import Listing
from autoglm_ui.view.remembered import Visitor
from engine.protocol import AssistantError


class HistoryHandlers:
    """Event handlers of the column at the left."""

    def __init__(self, page: Page, handlers: Handlers, sessions: Sessions, shelf: Shelf) -> None:
        self._page = page
        self._handlers = handlers
        self._sessions = sessions
        self._shelf = shelf

    def act(self, visitor: Visitor, request: gr.Request, event: gr.EventData) -> Updates:
        """Do what was clicked in the list or in the words about it."""
        session = self._handlers.session(visitor, request)
        strings = self._handlers.strings(session)
        blank: Updates = {self._page.rail.toast: "", self._page.rail.download: None}
        try:
            return blank | self._do(event.action, str(event.id), event, session, visitor, request)
        except AssistantError as error:
            return blank | {self._page.notice: notices.about(error, strings)}
        except OSError as error:
            return blank | {self._page.notice: notices.not_exported(error, strings)}

    def search(self, text: str, visitor: Visitor, request: gr.Request) -> str:
        return self._handlers.entries(self._handlers.session(visitor, request), request, Listing(text))

    def export_all(self, visitor: Visitor, request: gr.Request) -> Updates:
        """Every conversation of the visitor as one file."""
        session = self._handlers.session(visitor, request)
        history = self._shelf.history
        self._shelf.flush()
        entries = history.entries(session.owner, limit=history.count(session.owner))
        strings = self._handlers.strings(session)
        blank: Updates = {self._page.rail.download: None, self._page.rail.toast: ""}
        if not entries:
            return blank | {self._page.rail.toast: rail.told(strings.history.nothing_to_export)}
        archived = [self._archived(entry.id, session.owner) for entry in entries]
        try:
            return blank | {self._page.rail.download: exports.file(archive.dump(archived), "autoglm", "json")}
        except OSError as error:
            return blank | {self._page.notice: notices.not_exported(error, strings)}

    def take(self, path: str | None, visitor: Visitor, request: gr.Request) -> Updates:
        """Add the conversations of a file to the list, and show the first of them."""
        session = self._handlers.session(visitor, request)
        strings = self._handlers.strings(session)
        blank: Updates = {self._page.rail.upload: None}
        if not path:
            return blank
        try:
            found = archive.load(Path(path).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            error: AssistantError = archive.NotAnArchive("the file is no text")
            return blank | {self._page.notice: notices.not_imported(Path(path).name, error, strings)}
        except AssistantError as error:
            return blank | {self._page.notice: notices.not_imported(Path(path).name, error, strings)}
        first = ""
        try:
            for archived in found:
                record = Record(uuid.uuid4().hex, session.owner, archived.conversation)
                self._shelf.history.save(record)
                self._shelf.history.rename(record.id, session.owner, archived.title)
                first = first or record.id
        except AssistantError as error:
            return blank | {self._page.notice: notices.about(error, strings)}
        told = {self._page.rail.toast: rail.told(strings.history.imported.format(count=len(found)))}
        shown = self._open(first, session, visitor, request) if first else {}
        return blank | shown | told

    def _archived(self, id: str, owner: str) -> archive.Archived:
        record = self._shelf.history.load(id, owner)
        conversation = record.conversation if record else Conversation()
        return archive.Archived(self._shelf.history.title(id), conversation)

    def _export(self, kind: str, id: str, session: Session) -> Updates:
        self._shelf.flush()
        strings = self._handlers.strings(session)
        archived = self._archived(id, session.owner)
        match kind:
            case "html":
                text, suffix = report.page(archived, strings), "html"
            case "markdown":
                text, suffix = report.text(archived, strings), "md"
            case _:
                text, suffix = archive.dump([archived]), "json"
        title = archived.title or strings.history.untitled
        return {self._page.rail.download: exports.file(text, title, suffix)}

    def _do(
        self,
        action: str,
        id: str,
        event: Any,
        session: Session,
        visitor: Visitor,
        request: gr.Request,
    ) -> Updates:
        history, page, owner = self._shelf.history, self._page, session.owner
        match action:
            case "open" | "restore":
                if action == "restore":
                    history.restore(id, owner)
                return self._open(id, session, visitor, request)
            case "all":
                return {page.rail.entries: self._handlers.entries(session, request, Listing(whole=True))}
            case "json" | "markdown" | "html":
                return self._export(action, id, session)
            case "rename":
                history.rename(id, owner, str(event.title))
            case "pin" | "unpin":
                history.pin(id, owner, action == "pin")
            case "delete":
                return self._delete(id, session, visitor, request)
        return {page.rail.entries: self._handlers.entries(session, request)}

    def _open(self, id: str, session: Session, visitor: Visitor, request: gr.Request) -> Updates:
        visit = self._handlers.visit(visitor, request)
        opened = self._sessions.open(id, visit, session)
        if opened is None:
            gone = notices.plain(self._handlers.strings(session).history.gone)
            return {
                self._page.notice: gone,
                self._page.rail.entries: self._handlers.entries(session, request),
            }
        return self._handlers.show(opened, visitor, request)

    def _delete(self, id: str, session: Session, visitor: Visitor, request: gr.Request) -> Updates:
        """Take it out of the list; whoever looks at it gets a new one. A reply under way ends."""
        visit = self._handlers.visit(visitor, request)
        title = self._shelf.history.title(id)
        self._sessions.stop(id, session.owner)
        # After the last words were saved, which would bring it back.
        self._shelf.flush()
        self._shelf.history.delete(id, session.owner)
        shown = self._sessions.new(visit, session) if id == session.id else session
        updates = self._handlers.show(shown, visitor, request)
        return updates | {
            self._page.rail.toast: rail.undo(title, id, self._handlers.strings(session)),
        }
