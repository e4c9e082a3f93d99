"""What the comparison does: choose a second backend, ask again, follow, stop, go on with either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import gradio as gr

from autoglm_ui.beside import NoSecond
from autoglm_ui.conversation import Exchange, Reply, find, find_reply
from autoglm_ui.jobs import tail
from autoglm_ui.session import Session
from autoglm_ui.sessions import Sessions
from autoglm_ui.store import Shelf
from autoglm_ui.view import chat, compare, comparison, notices
from autoglm_ui.view.handlers import STATUS_INTERVAL, Handlers, Updates, described
from autoglm_ui.view.layout import Page
from autoglm_ui.view.remembered import Visitor
from engine.protocol import AssistantError

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class CompareHandlers:
    """Event handlers of the second column, its drawer and its sheet."""

    def __init__(self, page: Page, handlers: Handlers, sessions: Sessions, shelf: Shelf) -> None:
        self._page = page
        self._handlers = handlers
        self._sessions = sessions
        self._shelf = shelf

    def connect(self, shown: list[Any]) -> None:
        """Let the widgets do what they do; `shown` are those that the conversation is shown in."""
        compare, visitor = self._page.compare, self._page.visitor
        panel, columns = compare.panel, compare.columns
        panel.kind.input(self.fields, [panel.kind], panel.fields, **_QUIET)
        chosen = [panel.kind, *panel.fields, visitor]
        used = [panel.use.click, *(field.submit for field in panel.fields)]
        gr.on(used, self.choose, chosen, [panel.said, panel.api_key, visitor], **_QUIET)
        replayed = panel.replay.click(self.replay, [visitor], [panel.said, *shown], **_QUIET)
        replayed.then(None, None, None, js="() => window.autoglmPage.replayAsked()")
        for clicked in compare.clicked:
            clicked.click(self.act, [visitor], [self._page.notice, compare.sheet, *shown], **_QUIET)
        # Follow what is under way beside the first answer; a page on which nothing is, follows nothing.
        under_way = compare.ticket.change(None, None, None, js="() => {}", trigger_mode="multiple")
        tailed = under_way.then(self.tail, [visitor], [columns.beside], **_QUIET)
        tailed.then(self.settle, [visitor], shown, **_QUIET)
        # Beside the text, not after it: listeners of one event run one after the other.
        heads = [columns.first_head, columns.second_head, compare.progress]
        watched = under_way.then(self.watch, [visitor], heads, **_QUIET)
        watched.then(self._handlers.watch, [visitor], [self._page.status], **_QUIET)

    # -------------------------------------------------------------------------------- drawer

    def fields(self, kind: str) -> Updates:
        """Show the fields that the kind of backend needs."""
        panel = self._page.compare.panel
        shown = {field: gr.update(visible=kind == "endpoint") for field in panel.fields[1:]}
        return {panel.checkpoint: gr.update(visible=kind == "checkpoint"), **shown}

    def choose(
        self,
        kind: str,
        checkpoint: str,
        base_url: str,
        api_key: str,
        remote_model: str,
        visitor: Visitor,
        request: gr.Request,
    ) -> Updates:
        """Let a second backend answer from now on, or nobody. The key goes no further than the session."""
        session = self._handlers.session(visitor, request)
        strings, panel = self._handlers.strings(session), self._page.compare.panel
        if self._handlers.backend_locked:
            return {panel.said: notices.plain(strings.backend_locked)}
        now = session.beside.choice or session.choice
        try:
            choice = None
            if kind != "nobody":
                choice = described(kind, checkpoint, base_url, api_key, remote_model, now)
            session.compare(choice)
        except AssistantError as error:
            return {panel.said: notices.about(error, strings)}
        return {
            panel.said: compare.said(session, strings),
            panel.api_key: "",
            self._page.visitor: self._handlers.remembering(session, visitor, request),
        }

    def replay(self, visitor: Visitor, request: gr.Request) -> Updates:
        """Ask the second backend the whole conversation again."""
        session = self._handlers.session(visitor, request)
        strings, panel = self._handlers.strings(session), self._page.compare.panel
        try:
            session.replay()
        except NoSecond:
            return {panel.said: notices.plain(strings.compare.no_second)}
        except AssistantError as error:
            return {panel.said: notices.about(error, strings)}
        return {panel.said: compare.said(session, strings), **self._handlers.conversation(session, request)}

    # ------------------------------------------------------------------------------- columns

    def act(self, visitor: Visitor, request: gr.Request, event: gr.EventData) -> Updates:
        """Do what was clicked in a column, under it or in the sheet."""
        session = self._handlers.session(visitor, request)
        sheet, id = self._page.compare.sheet, str(event.id)
        blank: Updates = {self._page.notice: ""}
        try:
            match str(event.action):
                case "close":
                    return blank | {sheet: ""}
                case "show" | "other":
                    return blank | {sheet: self._sheet(session, _pairs(session, event))}
                case "show-replay":
                    return blank | {sheet: self._sheet(session, _replayed(session))}
                case "stop-first":
                    session.stop_first()
                case "stop-second":
                    session.beside.stop()
                case "stop":
                    session.stop()
                case "forget-replay":
                    session.beside.forget_replay()
                case "without-image":
                    session.ask_without("image")
                case "without-audio":
                    session.ask_without("audio")
                case "prefer":
                    session.prefer(id)
        except AssistantError as error:
            strings = self._handlers.strings(session)
            return blank | {self._page.notice: notices.about(error, strings)}
        return blank | {sheet: ""} | self._handlers.conversation(session, request)

    async def tail(self, visitor: Visitor, request: gr.Request) -> AsyncGenerator[Any, None]:
        """Follow the second answer under way; the one output is its Chatbot."""
        session = self._handlers.session(visitor, request)
        strings = self._handlers.strings(session)
        # A generator that says nothing would empty the widget.
        yield gr.skip()
        while session.beside.busy and self._shown(session, request):
            job = session.beside.job
            if job is None or job.settled or self._second(session) is None:
                # A replay is at an earlier turn.
                await asyncio.sleep(STATUS_INTERVAL)
                continue
            async for _ in tail(job, lambda: bool((reply := self._second(session)) and reply.begun)):
                reply = self._second(session)
                if not self._shown(session, request):
                    return
                if session.beside.job is job and reply is not None:
                    yield chat.answer(reply, strings)

    async def watch(self, visitor: Visitor, request: gr.Request) -> AsyncGenerator[Any, None]:
        """Keep the heads of both columns, and how far a replay is, up to date while something goes on."""
        session = self._handlers.session(visitor, request)
        before: tuple[str, str, str] | None = None
        yield gr.skip(), gr.skip(), gr.skip()
        while self._shown(session, request):
            # Before the look: Gradio says the last state once more in the end, which must be the true one.
            busy, shown = session.busy, self._heads(session)
            if shown != before:
                before = shown
                yield shown
            if not busy:
                return
            await asyncio.sleep(STATUS_INTERVAL)

    def settle(self, visitor: Visitor, request: gr.Request) -> Updates:
        """The second answer is over: show everything once."""
        return self._handlers.conversation(self._handlers.session(visitor, request), request)

    def _shown(self, session: Session, request: gr.Request) -> bool:
        return self._sessions.shows(request.session_hash or "", session)

    def _heads(self, session: Session) -> tuple[str, str, str]:
        last, strings = session.conversation.last, self._handlers.strings(session)
        progress = compare.progress_of(session.beside.replay, strings)
        if last is None or last.beside is None:
            return "", "", progress
        return (
            compare.head(last.reply, "first", strings),
            compare.head(last.beside, "second", strings),
            progress,
        )

    @staticmethod
    def _second(session: Session) -> Reply | None:
        last = session.conversation.last
        reply = last.beside if last else None
        return reply if reply is not None and not reply.settled else None

    def _sheet(self, session: Session, pairs: list[comparison.Pair]) -> str:
        last = session.conversation.last
        return comparison.sheet(
            pairs,
            last.id if last and not session.busy else "",
            self._shelf.history.title(session.id),
            self._handlers.url,
            self._handlers.strings(session),
        )


def _pairs(session: Session, event: Any) -> list[comparison.Pair]:
    """The exchange that was clicked at, with the other reply that was, else with the newest."""
    chosen = str(event.action) == "other"
    exchange = find(str(event.exchange if chosen else event.id), session.conversation)
    if exchange is None:
        return []
    other = find_reply(str(event.id), session.conversation) if chosen else _newest(exchange)
    return [(exchange, other)] if other is not None else []


def _newest(exchange: Exchange) -> Reply | None:
    if exchange.beside is not None and exchange.beside.settled:
        return exchange.beside
    return next((other for other in reversed(exchange.others) if other.settled), None)


def _replayed(session: Session) -> list[comparison.Pair]:
    """What the replay has asked so far."""
    replay = session.beside.replay
    if replay is None:
        return []
    asked = session.conversation.exchanges[: replay.done]
    return [(each, each.beside) for each in asked if each.beside is not None and each.beside.settled]
