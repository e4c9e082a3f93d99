"""What the widgets do: find the visitor's session, change it, show it.

A handler that streams has exactly one output, the live Chatbot, which holds the last exchange only:
each update costs the same however long the conversation is. All other widgets are brought up to
date once, when a reply begins and when it is settled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from autoglm_ui.attachments import attach
from autoglm_ui.backends.choice import BUNDLED, BackendChoice
from autoglm_ui.conversation import StillAnswering
from autoglm_ui.jobs import tail
from autoglm_ui.quota import QuotaSpent
from autoglm_ui.session import MAX_ATTACHMENTS, WINDOW, NothingToSend, Session, TooManyAttachments
from autoglm_ui.sessions import Sessions, Visit
from autoglm_ui.settings import Language, Settings
from autoglm_ui.store import MediaFolder, Shelf
from autoglm_ui.view import chat, compare, labels, meter, notices, rail, review, status
from autoglm_ui.view.examples import EXAMPLES
from autoglm_ui.view.layout import Page
from autoglm_ui.view.listings import Listing, Listings
from autoglm_ui.view.microphone import silent
from autoglm_ui.view.remembered import (
    Remembered,
    Visitor,
    choice_to_json,
    options_to_json,
    second_to_json,
)
from autoglm_ui.view.security import came_from
from autoglm_ui.view.strings import LANGUAGES, Strings, known, preferred
from autoglm_ui.view.told import Told
from engine.protocol import AssistantError, AudioPart, ImagePart, InvalidRequest, Options

Updates = dict[Any, Any]

#: Seconds between two looks at what the status line says while something is going on.
STATUS_INTERVAL = 0.25


class Handlers:
    """Event handlers of one page."""

    def __init__(
        self,
        page: Page,
        sessions: Sessions,
        media: MediaFolder,
        settings: Settings,
        shelf: Shelf | None = None,
    ) -> None:
        self._shelf = shelf
        self._page = page
        self._sessions = sessions
        self._media = media
        self._settings = settings
        self._default = BackendChoice.of(settings)
        self._told = Told()
        self._listings = Listings()

    # ------------------------------------------------------------------------- what is shown

    def strings(self, session: Session) -> Strings:
        return LANGUAGES[session.language or "en"]

    def conversation(self, session: Session, request: gr.Request) -> Updates:
        """The widgets that show what was said, and the buttons that depend on it, as far as they changed."""
        page, strings = self._page, self.strings(session)
        state = session.conversation
        last = state.last
        failure = last.reply.failure if last else None
        answering = session.busy
        paired = last is not None and last.beside is not None
        earlier = state.exchanges[:-1]
        shown = earlier[-session.window :]
        # Nothing else changes these.
        steady: Updates = {
            page.welcome: gr.update(visible=last is None),
            page.earlier: gr.update(value=strings.earlier, visible=len(shown) < len(earlier)),
            page.failure: gr.update(
                value=chat.failure_card(failure, strings) if failure else "", visible=failure is not None
            ),
            page.copy: gr.update(
                value=strings.copy, visible=last is not None and not answering and bool(last.reply.answer)
            ),
            page.retry: gr.update(value=strings.retry, visible=last is not None and not answering),
            page.inspector.button: gr.update(
                value=strings.inspector.open, visible=last is not None and not answering
            ),
            page.send: gr.update(value=strings.send, visible=not answering),
            page.stop: gr.update(value=strings.stop, visible=answering),
        }
        asked = last if paired else None
        said = (strings.code, asked and asked.id, tuple(map(chat.state, shown)))
        news = self._told.news(request.session_hash or "", {**steady, page.history: said})
        updates = {widget: update for widget, update in steady.items() if widget in news}
        if page.history in news:
            updates[page.history] = gr.update(
                value=[
                    *chat.history(shown, self._media, strings),
                    *([chat.question(asked, self._media)] if asked else []),
                ],
                visible=bool(shown) or paired,
            )
        return {
            **updates,
            page.live: gr.update(value=self._live(session), visible=last is not None),
            page.status: self._status(session),
            page.rail.entries: self.entries(session, request),
            page.review.rating: review.buttons(session.reply, strings),
            **compare.updates(page.compare, session, self._second(session), strings),
        }

    def entries(self, session: Session, request: gr.Request, listing: Listing | None = None) -> str:
        """The list of conversations as the page wants it, from now on as `listing` says.

        Without a store there is none.
        """
        if self._shelf is None:
            return ""
        history, page = self._shelf.history, request.session_hash or ""
        if listing is not None:
            self._listings.keep(page, listing)
        listing = self._listings.of(page)
        total = history.count(session.owner)
        return rail.listed(
            history.entries(session.owner, listing.search, total if listing.whole else rail.LISTED),
            session.id,
            self._sessions.answering(session.owner),
            listing.search,
            total,
            self.strings(session),
        )

    def _labels(self, session: Session) -> Updates:
        most = self._settings.max_upload_mb
        return labels.of(self._page, session, self._media, self.strings(session), most)

    def _live(self, session: Session) -> list[chat.ChatMessage]:
        """The last exchange; with a second answer beside it, its question stands above both."""
        last, strings = session.conversation.last, self.strings(session)
        if last is None:
            return []
        if last.beside is not None:
            return chat.answered(last, self._media, strings)
        return chat.messages(last, self._media, strings)

    def _second(self, session: Session) -> list[chat.ChatMessage]:
        """The second answer to the last question."""
        last = session.conversation.last
        if last is None or last.beside is None:
            return []
        return chat.answered(replace(last, reply=last.beside), self._media, self.strings(session))

    def _status(self, session: Session) -> str:
        reply, last = session.reply, session.conversation.last
        if reply and reply.settled and last and last.beside and not last.beside.settled:
            reply = last.beside
        return status.status_line(
            session.backend, reply, self.strings(session), session.unsaved, session.seconds_left
        )

    def tray(self, session: Session) -> str:
        """What waits in the composer."""
        return status.tray(session.attachments, self._media, self.strings(session))

    # -------------------------------------------------------------------------------- events

    def boot(self, visitor: Visitor, request: gr.Request) -> Updates:
        """A page was opened: show the session as it stands, the reply under way included."""
        session = self._session(visitor, request)
        words, chosen = self._labels(session), labels.chosen(self._page, session)
        return {
            **words,
            **{widget: {**words.get(widget, {}), **update} for widget, update in chosen.items()},
            **self.show(session, visitor, request),
        }

    def show(self, session: Session, visitor: Visitor, request: gr.Request) -> Updates:
        """Everything of `session`, which the page shows from now on."""
        return {
            self._page.visitor: self.remembering(session, visitor, request),
            self._page.tray: self.tray(session),
            self._page.notice: "",
            **self.conversation(session, request),
        }

    def send(self, text: str, visitor: Visitor, request: gr.Request) -> Updates:
        """Ask what the composer holds. `accepted` tells the page which text to take out of it."""
        session = self._session(visitor, request)
        try:
            session.send(text)
        except TooManyAttachments:
            words = self.strings(session).too_many_to_send
            told = notices.plain(words.format(count=MAX_ATTACHMENTS))
            return {self._page.notice: told, self._page.accepted: ""}
        except (StillAnswering, NothingToSend, QuotaSpent) as error:
            return {self._page.notice: notices.about(error, self.strings(session)), self._page.accepted: ""}
        return {
            self._page.accepted: text,
            self._page.notice: "",
            self._page.tray: self.tray(session),
            **self.conversation(session, request),
        }

    def example(self, visitor: Visitor, request: gr.Request, event: gr.EventData) -> Updates:
        """Ask an example at once; the composer stays as it is."""
        session = self._session(visitor, request)
        try:
            session.ask(EXAMPLES[self.strings(session).code][event.name].message)
        except AssistantError as error:
            return {self._page.notice: notices.about(error, self.strings(session))}
        return {self._page.notice: "", **self.conversation(session, request)}

    def retry(self, visitor: Visitor, request: gr.Request) -> Updates:
        session = self._session(visitor, request)
        try:
            session.retry()
        except AssistantError as error:
            return {self._page.notice: notices.about(error, self.strings(session))}
        return {self._page.notice: "", **self.conversation(session, request)}

    async def tail(self, visitor: Visitor, request: gr.Request) -> AsyncGenerator[Any, None]:
        """Follow the reply under way; the one output is the live Chatbot."""
        session = self._session(visitor, request)
        job = session.job
        if job is None or job.settled:
            yield gr.skip()
            return
        strings = self.strings(session)
        last = session.conversation.last
        # Once: its files are hashed.
        question = [chat.question(last, self._media)] if last and last.beside is None else []
        async for _ in tail(job, lambda: session.reply is not None and session.reply.begun):
            if not self._sessions.shows(request.session_hash or "", session):
                return
            if session.job is job and session.reply is not None:
                yield question + chat.answer(session.reply, strings)

    async def watch(self, visitor: Visitor, request: gr.Request) -> AsyncGenerator[Any, None]:
        """Keep the status line up to date for as long as something is going on."""
        session = self._session(visitor, request)
        shown = None
        while self._sessions.shows(request.session_hash or "", session):
            busy = session.busy or session.backend.readiness().state == "loading"
            line = self._status(session)
            if line != shown:
                shown = line
                yield line
            if not busy:
                return
            await asyncio.sleep(STATUS_INTERVAL)

    def settle(self, visitor: Visitor, request: gr.Request) -> Updates:
        """A reply is over: show everything once."""
        return self.conversation(self._session(visitor, request), request)

    def stop(self, visitor: Visitor, request: gr.Request) -> Updates:
        session = self._session(visitor, request)
        session.stop()
        return self.conversation(session, request)

    def new(self, visitor: Visitor, request: gr.Request) -> Updates:
        """Begin another conversation; a reply under way in this one goes on."""
        session = self._session(visitor, request)
        if session.conversation.exchanges:
            session = self._sessions.new(self.visit(visitor, request), session)
        return self.show(session, visitor, request)

    def earlier(self, visitor: Visitor, request: gr.Request) -> Updates:
        """Show more of what was said before."""
        session = self._session(visitor, request)
        session.window += WINDOW
        return self.conversation(session, request)

    # --------------------------------------------------------------------------- attachments

    def attach(self, paths: list[str] | None, visitor: Visitor, request: gr.Request) -> Updates:
        """Put uploaded files into the composer; the button is ready for the same file again."""
        return {**self.take(paths or [], visitor, request), self._page.attach: None}

    def take(
        self, paths: list[str], visitor: Visitor, request: gr.Request, recorded: bool = False
    ) -> Updates:
        """Attach files; a refused one is named, and why. recorded: as `Session.attach` has it."""
        session = self._session(visitor, request)
        strings = self.strings(session)
        refused: list[str] = []
        for path in paths:
            try:
                # Kept where the disk is full, too: the status line says so until it is saved.
                session.attach(attach(Path(path)), recorded)
            except TooManyAttachments:
                refused.append(notices.plain(strings.too_many.format(count=MAX_ATTACHMENTS)))
                break
            except AssistantError as error:
                refused.append(notices.refused(Path(path).name, error, strings))
        return {self._page.tray: self.tray(session), self._page.notice: "".join(refused)}

    def record(self, path: str | None, visitor: Visitor, request: gr.Request) -> Updates:
        """Attach a recording the moment it ends, and make the recorder ready for the next."""
        taken = self.take([path] if path else [], visitor, request, recorded=True)
        updates = {**taken, self._page.record: None}
        session = self._session(visitor, request)
        newest = session.attachments[-1].part if session.attachments else None
        if not updates[self._page.notice] and isinstance(newest, AudioPart) and silent(newest):
            updates[self._page.notice] = notices.plain(self.strings(session).silent)
        return updates

    def detach(self, visitor: Visitor, request: gr.Request, event: gr.EventData) -> Updates:
        session = self._session(visitor, request)
        session.detach(str(event.id))
        return {self._page.tray: self.tray(session)}

    # ------------------------------------------------------------------------------ settings

    def language(self, language: Language, visitor: Visitor, request: gr.Request) -> Updates:
        session = self._session(visitor, request)
        session.language = language
        return {
            **self._labels(session),
            **self.show(session, visitor, request),
        }

    def options(
        self, thinking: bool, temperature: float, max_tokens: float, visitor: Visitor, request: gr.Request
    ) -> Updates:
        session = self._session(visitor, request)
        try:
            session.options = Options(
                max_new_tokens=int(max_tokens), temperature=float(temperature), thinking=bool(thinking)
            )
        except InvalidRequest as error:
            return {self._page.notice: notices.about(error, self.strings(session))}
        return {self._page.notice: "", self._page.visitor: self.remembering(session, visitor, request)}

    def backend_fields(self, kind: str) -> Updates:
        """Show the fields that the kind of backend needs."""
        panel = self._page.panel
        return {
            panel.said: "",
            panel.checkpoint: gr.update(visible=kind == "checkpoint"),
            panel.base_url: gr.update(visible=kind == "endpoint"),
            panel.api_key: gr.update(visible=kind == "endpoint"),
            panel.remote_model: gr.update(visible=kind == "endpoint"),
            panel.doctor.preset: gr.update(visible=kind == "endpoint"),
            panel.doctor.group: gr.update(visible=kind == "endpoint"),
        }

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
        """Let another backend answer from now on. The key goes no further than the session."""
        session = self._session(visitor, request)
        page, strings = self._page, self.strings(session)
        if self._settings.backend_locked:
            return {page.panel.said: notices.plain(strings.backend_locked)}
        try:
            session.choose(described(kind, checkpoint, base_url, api_key, remote_model, session.choice))
        except AssistantError as error:
            return {page.panel.said: notices.about(error, strings)}
        return {
            page.panel.said: labels.said(session, strings),
            page.panel.api_key: "",
            page.status: self._status(session),
            page.visitor: self.remembering(session, visitor, request),
        }

    def visit(self, visitor: Visitor, request: gr.Request) -> Visit:
        """Who asks. Behind the proxy of a Space or of a shared link, all come from one address."""
        kept = visitor or {}
        user = getattr(request, "username", None)
        address = came_from(request) if self._settings.tells_addresses else ""
        return Visit(request.session_hash or "", kept.get("id"), kept.get("conversation"), user, address)

    def meter(self, visitor: Visitor, request: gr.Request) -> str:
        """What left this program; who cannot choose where questions go has no business knowing."""
        session = self._session(visitor, request)
        return "" if self._settings.backend_locked else meter.shown(self.strings(session))

    @property
    def backend_locked(self) -> bool:
        """Visitors may not choose what answers."""
        return self._settings.backend_locked

    def url(self, part: ImagePart | AudioPart) -> str:
        """Where the page finds a file."""
        return self._media.url(part)

    def session(self, visitor: Visitor, request: gr.Request) -> Session:
        """The conversation that the page shows."""
        return self._session(visitor, request)

    def _session(self, visitor: Visitor, request: gr.Request) -> Session:
        """The visitor's session. Its language: their own choice, else the program's, else their browser's."""
        session = self._sessions.find(self.visit(visitor, request))
        if session.language is None:
            header = request.headers.get("accept-language", "")
            kept = known((visitor or {}).get("language"))
            session.language = kept or self._settings.lang or preferred(header)
            self._remember(session, visitor)
        return session

    def _remember(self, session: Session, visitor: Visitor) -> None:
        """Give a session that was just opened what the visitor chose on an earlier visit."""
        remembered = Remembered.read(visitor, self._default)
        session.options = remembered.options
        if self._settings.backend_locked:
            return
        if remembered.choice is not None:
            session.choose(remembered.choice)
        session.compare(remembered.second)

    def remembering(self, session: Session, visitor: Visitor, request: gr.Request) -> dict[str, Any]:
        """What the browser keeps of the visitor's choices."""
        return {
            "id": self._sessions.visitor(self.visit(visitor, request)),
            "language": session.language or "",
            "conversation": session.id,
            "options": options_to_json(session.options),
            "choice": choice_to_json(session.choice, self._default),
            "second": second_to_json(session.beside.choice),
            "microphone": (visitor or {}).get("microphone", ""),
        }


def described(
    kind: str, checkpoint: str, base_url: str, api_key: str, remote_model: str, now: BackendChoice
) -> BackendChoice:
    """The choice that the settings panel describes. Raises `InvalidRequest`."""
    if kind == "bundled":
        return BackendChoice(BUNDLED)
    if kind == "checkpoint":
        if not checkpoint.strip():
            raise InvalidRequest("model", checkpoint, "a folder or a name on the Hugging Face hub")
        return BackendChoice(checkpoint.strip())
    url = base_url.strip()
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest("base URL", url, "an address that begins with http:// or https://")
    key = api_key.strip() or (now.api_key if now.base_url == url else None)
    return BackendChoice(remote_model.strip() or None, url, key or None)
