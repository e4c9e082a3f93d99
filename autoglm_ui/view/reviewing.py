"""What ratings and the review do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from autoglm_ui.conversation import find_reply
from autoglm_ui.session import Session
from autoglm_ui.store import MediaFolder, Shelf
from autoglm_ui.store.archive import Archived
from autoglm_ui.view import exports, report, review
from autoglm_ui.view.handlers import Handlers, Updates
from autoglm_ui.view.layout import Page
from autoglm_ui.view.remembered import Visitor
from engine.protocol import well_formed

_COMMENT_LENGTH = 2000


class ReviewHandlers:
    """Event handlers of the thumbs and of the review's sheet."""

    def __init__(self, page: Page, handlers: Handlers, shelf: Shelf, media: MediaFolder) -> None:
        self._page = page
        self._handlers = handlers
        self._shelf = shelf
        self._media = media

    def act(self, visitor: Visitor, request: gr.Request, event: gr.EventData) -> Updates:
        """Rate, step, save or close, as was clicked."""
        session = self._handlers.session(visitor, request)
        action, at = str(event.action), int(event.at)
        panel, blank = self._page.review, {self._page.rail.download: None}
        match action:
            case "close":
                return blank | {panel.sheet: "", panel.rating: self._buttons(session)}
            case "report":
                return {self._page.rail.download: self._report(session)}
            case "comment":
                # The sheet stays as it is: somebody may still be typing.
                self._rate(session, event)
                return blank
            case "open":
                return blank | self._sheet(session, len(session.conversation.exchanges) - 1)
            case "previous" | "next":
                return blank | self._sheet(session, at + (1 if action == "next" else -1))
        self._rate(session, event)
        shown = self._sheet(session, at) if event.sheet else {}
        return blank | {panel.rating: self._buttons(session)} | shown

    def _sheet(self, session: Session, at: int) -> Updates:
        if not session.conversation.exchanges:
            return {}
        title = self._shelf.history.title(session.id)
        shown = review.sheet(session.conversation, title, at, self._media, self._handlers.strings(session))
        return {self._page.review.sheet: shown}

    def _buttons(self, session: Session) -> str:
        return review.buttons(session.reply, self._handlers.strings(session))

    def _report(self, session: Session) -> str:
        strings = self._handlers.strings(session)
        archived = Archived(self._shelf.history.title(session.id), session.conversation)
        return exports.file(report.page(archived, strings), archived.title or strings.review.report, "html")

    @staticmethod
    def _rate(session: Session, event: Any) -> None:
        """What was clicked, into the rating of the reply that it was clicked at."""
        reply = find_reply(str(event.id), session.conversation)
        if reply is None:
            return
        rating, action = reply.rating, str(event.action)
        if action in {"up", "down"}:
            rating = replace(rating, thumb=None if rating.thumb == action else action)
        elif action == "tag":
            tag = str(event.tag)
            tags = tuple(each for each in rating.tags if each != tag)
            rating = replace(rating, tags=tags if tag in rating.tags else (*tags, tag))
        elif action == "comment":
            rating = replace(rating, comment=well_formed(str(event.text)[:_COMMENT_LENGTH]))
        session.rate(reply.id, rating)
