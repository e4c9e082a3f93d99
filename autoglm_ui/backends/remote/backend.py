"""`RemoteBackend`: the contract with the page, kept by a server somewhere else."""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from pydantic import SecretStr

from autoglm_ui.backends.dialects import DIALECTS, GENERIC, ModelList, by_host, detect
from autoglm_ui.backends.remote.discovery import look
from autoglm_ui.backends.remote.endpoint import Address, Connections, Timeouts, checked_key
from autoglm_ui.backends.remote.failures import (
    Asked,
    EndpointError,
    bad_address,
    failure_of,
)
from autoglm_ui.backends.remote.messages import (
    REASONING,
    Style,
    langchain_messages,
    perceived,
    shortened,
)
from autoglm_ui.backends.remote.refusals import Refusal, refusal_of
from autoglm_ui.backends.remote.reply import Reply, finish_reason, usage_of
from autoglm_ui.backends.remote.server import Server
from autoglm_ui.backends.remote.transcription import Transcripts
from engine.protocol import (
    AudioPart,
    Capabilities,
    Event,
    Failed,
    FailureKind,
    Finished,
    Insight,
    InvalidRequest,
    Queued,
    Readiness,
    Request,
)

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk

    from autoglm_ui.backends.remote.chat import ReasoningChatOpenAI

log = logging.getLogger(__name__)

DEFAULT_TIMEOUTS = Timeouts()
_CHAT = "autoglm_ui.backends.remote.chat"
_REFUSALS_MAX = 6  # a server that refuses this many fields in turn wants something else
_LOADING_SECONDS_MAX = 600.0
_LOADING_PAUSE = 1.0


class RemoteBackend:
    """Answers through an OpenAI-compatible server at `base_url`.

    `model` None takes the first one that the server lists; `dialect` is one of `DIALECTS`, or `auto`
    to find out. `transcriber` names the model of its transcription route, for chat models without an
    ear. Connections belong to the event loop that `stream` runs in. Raises `InvalidRequest` for an
    unknown dialect; everything else that is wrong is told by `readiness` and `stream`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        model: str | None = None,
        dialect: str = "auto",
        transcriber: str | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
    ) -> None:
        if dialect != "auto" and dialect not in DIALECTS:
            raise InvalidRequest("dialect", dialect, f"auto, {', '.join(DIALECTS)}")
        self._given = base_url
        self._model = model or None
        self._dialect = DIALECTS.get(dialect)
        self._transcripts = Transcripts(transcriber)
        self._timeouts = timeouts
        self._invalid: Failed | None = None
        self._address: Address | None = None
        self._connections = Connections("", timeouts)
        self._server: Server | None = None
        self._opens: dict[bool, bool] = {}  # thinking on or off -> its template opens <think>
        try:
            self._address = Address.parse(base_url)
            self._connections = Connections(checked_key(api_key), timeouts)
        except EndpointError as error:
            self._invalid = error.as_event()
        else:
            # langchain takes seconds to import: begin now, so that the first message need not wait.
            threading.Thread(target=importlib.import_module, args=(_CHAT,), daemon=True).start()

    def __repr__(self) -> str:
        return f"RemoteBackend({self.name!r})"

    @property
    def name(self) -> str:
        model = self._server.model if self._server else self._model
        host = self._address.host if self._address else self._given
        return f"{model} @ {host}" if model else host

    @property
    def found(self) -> Server | None:
        """What is known of the server; None until it was asked."""
        return self._server

    def readiness(self) -> Readiness:
        if self._invalid is not None:
            return Readiness("failed", self._invalid.message, failure=self._invalid)
        return Readiness("ready", self._address.shown if self._address else "")

    def capabilities(self) -> Capabilities:
        """What its dialect and its list of models say; where they do not, a try is worth it."""
        server = self._server
        dialect = server.dialect if server else self._dialect or by_host(self._given) or GENERIC
        inputs = server.inputs if server else frozenset()
        image = "image" in inputs if inputs else dialect.image is not False
        return Capabilities(image=image, audio=True, thinking=True)

    async def list_models(self) -> list[str]:
        """The names of the server's models. Raises `EndpointError`."""
        try:
            await _heavy_imports()
            _, models = await look(self._connections, self._checked_address(), self._dialect)
        except Exception as error:
            raise EndpointError(failure_of(error, self._asked())) from error
        return list(models.ids)

    async def inspect(self, request: Request) -> Insight:
        """What is sent for `request`, as it would be now; nothing goes over the network for it, but the
        first look at a server that was not asked yet. Raises `EndpointError`."""
        try:
            await _heavy_imports()
            server = await self._found()
            known = self._transcripts.known(request) if server.is_deaf else None
            style = replace(server.style, transcripts=known)
            payload = self._chat(request, server).payload(langchain_messages(request.messages, style))
            payload.update(payload.pop("extra_body", None) or {})
            payload["stream"] = True
        except Exception as error:
            raise EndpointError(failure_of(error, self._asked())) from error
        authorisation = "Authorization: Bearer ••••\n" if self._connections.key else ""
        body = self._asked().hidden(shortened(payload))
        head = f"POST {server.address.shown}/chat/completions\n{authorisation}"
        return Insight(
            perceived(request.messages, style), sent=f"{head}Content-Type: application/json\n\n{body}"
        )

    async def aclose(self) -> None:
        await self._connections.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """As in `Backend`. Waits for a server that is still loading its model."""
        began = time.monotonic()
        try:
            async with aclosing(self._answer(request, began)) as events:
                async for event in events:
                    yield event
        except Exception as error:  # the boundary: everything becomes the stream's last event
            failure = failure_of(error, self._asked())
            if failure.kind is FailureKind.INTERNAL:
                log.exception("%s: a request failed", self.name)
            if failure.kind in (FailureKind.UNREACHABLE, FailureKind.NOT_FOUND):
                self._server = None  # it may come back with another model, or somewhere else
            yield failure

    # ------------------------------------------------------------------------------- one request

    async def _answer(self, request: Request, began: float) -> AsyncGenerator[Event, None]:
        """Ask, and ask again in the way that the server says it wants."""
        await _heavy_imports()
        server = await self._found()
        transcripts = await self._transcripts_of(request, server) if server.is_deaf else None
        refusals = 0
        while True:
            style = replace(server.style, transcripts=transcripts)
            reply = Reply(began, self._opens.get(request.options.thinking, False), style.inline_thinking)
            try:
                async with aclosing(self._attempt(request, style, server, reply)) as events:
                    async for event in events:
                        yield event
                return
            except Exception as error:
                refusal = None if reply.begun else refusal_of(error)
                if refusal is None:
                    raise
                loading = refusal.is_loading and time.monotonic() - began < _LOADING_SECONDS_MAX
                if not loading:
                    refusals += 1
                    adapted = self._adapted(server, refusal, request, style)
                    if adapted is None or refusals > _REFUSALS_MAX:
                        raise
                    self._server = server = adapted
                    if server.is_deaf and transcripts is None:
                        transcripts = await self._transcripts_of(request, server)
            if loading:
                yield Queued(reason="loading")
                await asyncio.sleep(_LOADING_PAUSE)

    async def _attempt(
        self, request: Request, style: Style, server: Server, reply: Reply
    ) -> AsyncGenerator[Event, None]:
        from langsmith import tracing_context

        from autoglm_ui.backends.remote.tap import Tap

        tap = Tap()
        chat = self._chat(request, server)
        # langchain types it as an iterator, but it is a generator, to be closed.
        chunks = cast(
            "AsyncGenerator[AIMessageChunk, None]",
            chat.astream(langchain_messages(request.messages, style)),
        )
        try:
            async with aclosing(chunks):
                # An environment set up to trace other programs must not send conversations to a third.
                with tracing_context(enabled=False):
                    piece = await tap.first(chunks)
                yield perceived(request.messages, style)
                while piece is not None:
                    for event in reply.add(piece.additional_kwargs.get(REASONING, ""), str(piece.content)):
                        yield event
                    piece = await anext(chunks, None)
        except Exception:
            for event in reply.rest():
                yield event
            raise
        finally:
            # The SDK closes when its generators are collected, a while later: the server must see it now.
            await tap.close()
        record = chat.record
        for event in reply.finish(record.finish_reason, tap.done):
            yield event
        if reply.unopened_close:
            self._opens[request.options.thinking] = True
        usage = usage_of(record.usage)
        yield Finished(finish_reason(record.finish_reason), usage, reply.timings(record.timings or {}, usage))

    def _chat(self, request: Request, server: Server) -> ReasoningChatOpenAI:
        from autoglm_ui.backends.remote.chat import ReasoningChatOpenAI

        client = self._connections.client(server.address)
        return ReasoningChatOpenAI(
            model=server.model,
            extra_body=server.body(request.options),
            use_responses_api=False,
            stream_usage=False,
            stream_chunk_timeout=None,
            root_async_client=client,
            async_client=client.chat.completions,
            # Not used; without them langchain makes a client of its own, with what the environment says.
            root_client=client,
            client=client.chat.completions,
            api_key=SecretStr("unused"),
        )

    # ------------------------------------------------------------------------------- the server

    async def _found(self) -> Server:
        """What is known of the server; asks it the first time, unless its address says it all."""
        if self._server is None:
            address = self._checked_address()
            dialect = self._dialect or by_host(address.url)
            models = ModelList()
            if not (dialect and self._model and address.has_path):
                address, models = await look(self._connections, address, dialect)
            model = self._model or next(iter(models.ids), None)
            if model is None:
                text = f"{address.shown} lists no model"
                raise EndpointError(Failed(FailureKind.NOT_FOUND, text, "Name the model in the settings."))
            self._server = Server(address, dialect or detect(address.url, models), models, model)
        return self._server

    def _checked_address(self) -> Address:
        if self._address is None or self._invalid is not None:
            raise EndpointError(self._invalid or bad_address(self._given))
        return self._address

    def _asked(self) -> Asked:
        address = self._server.address if self._server else self._address
        shown = address.shown if address else self._given
        model = self._server.model if self._server else self._model or ""
        secret, timeouts = self._connections.key, self._timeouts
        listed = self._server.models.ids if self._server else ()
        return Asked(self.name, shown, model, listed, secret, timeouts.connect, timeouts.read)

    def _adapted(self, server: Server, refusal: Refusal, request: Request, style: Style) -> Server | None:
        """`server` as to be asked next after `refusal`; None if it is to be told."""
        has_sound = any(message.audios for message in request.messages)
        if has_sound and style.transcripts is None and refusal.says_no_audio:
            return server.deafened()
        adapted = server.adapted(refusal, request.options)
        if adapted is not None:
            left_out = ", ".join(sorted(adapted.refused - server.refused))
            log.info("%s does not know %s; asking without", self.name, left_out)
        return adapted

    async def _transcripts_of(self, request: Request, server: Server) -> dict[AudioPart, str]:
        """Every recording of `request` as text."""
        return await self._transcripts.of(
            request, server, self._connections.client(server.address), self.name
        )


async def _heavy_imports() -> None:
    """langchain and the SDK, without blocking the loop while they load."""
    await asyncio.to_thread(importlib.import_module, _CHAT)
