"""`python app.py`: read the settings, choose what answers, build the page, serve it."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoglm_ui.accounts import Accounts, AccountsUnusable
from autoglm_ui.settings import Settings, UsageError, read

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from autoglm_ui.store import History


def main(argv: Sequence[str] | None = None) -> int:
    """Run until interrupted. Returns the exit status: 0, 1 where no plan fits, 2 where it could not start."""
    try:
        settings = read(sys.argv[1:] if argv is None else argv)
    except UsageError as error:
        print(f"autoglm-ui: {error}", file=sys.stderr)
        return 2
    if settings.plan:
        return explain(settings)
    if settings.api and find_spec("prometheus_client") is None:
        print("autoglm-ui: --api needs the engine: pip install '.[engine]'", file=sys.stderr)
        return 2
    port = free_port(settings)
    if port is None:
        print(
            f"autoglm-ui: port {settings.port} of {settings.host} cannot be used; another program may have "
            "it. Stop that one, or choose another port: --port 7861 (or --port 0 for any free one).",
            file=sys.stderr,
        )
        return 2
    if settings.api and not settings.local and settings.api_key is None:
        print(
            f"warning: anyone who can reach {settings.host} can use /v1; --api-key protects it",
            file=sys.stderr,
        )
    try:
        accounts = Accounts.of(settings.auth) if settings.auth else None
    except AccountsUnusable as error:
        print(f"autoglm-ui: {error}", file=sys.stderr)
        return 2
    if settings.phone and not settings.local:
        print(
            f"warning: anyone who can reach {settings.host} can use the phone that is connected; "
            "leave --phone out to keep it to yourself",
            file=sys.stderr,
        )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    return serve(settings, port, accounts)


def explain(settings: Settings) -> int:
    """Print where the model would run. Returns 1 where it would not."""
    from engine import checkpoint
    from engine.protocol import AssistantError

    try:
        print(checkpoint.explain(settings.model, settings.loading))
    except AssistantError as error:
        print(f"autoglm-ui: {error.message}\n{error.remedy}", file=sys.stderr)
        return 1
    return 0


def serve(settings: Settings, port: int, accounts: Accounts | None = None) -> int:
    """Serve the page at `port` until SIGINT or SIGTERM, then end what runs. With `accounts` to them only."""
    # Read by Gradio when it is imported: no look-up of versions, no word to anyone.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

    from autoglm_ui.backends.choice import BackendChoice, BackendPool, make
    from autoglm_ui.jobs import BackgroundLoop
    from autoglm_ui.meter import METER
    from autoglm_ui.store import Shelf
    from autoglm_ui.view.sign_in import Door, secret
    from engine.protocol import AssistantError

    METER.watch()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())

    with ExitStack() as cleanup:
        uploads = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="autoglm-ui-"))
        os.environ["GRADIO_TEMP_DIR"] = str(Path(uploads).resolve())
        try:
            history = open_history(settings.folder)
            key = secret(settings.folder) if accounts else b""
        except (OSError, AssistantError) as error:
            print(f"autoglm-ui: {_unusable(settings.folder, error)}", file=sys.stderr)
            return 2
        cleanup.callback(history.close)
        shelf = Shelf(history)
        cleanup.callback(shelf.close)
        loop = BackgroundLoop()
        cleanup.callback(loop.close)
        pool = BackendPool(loop, partial(make, loading=settings.loading))
        cleanup.callback(pool.close)
        choice = BackendChoice.of(settings)

        from autoglm_ui.quota import Quota
        from autoglm_ui.recorder import Recorder
        from autoglm_ui.sessions import Sessions
        from autoglm_ui.view import page

        quota = Quota(settings.visitor_seconds) if settings.visitor_seconds else None
        sessions = Sessions(loop, pool, choice, shelf=shelf, quota=quota)
        cleanup.callback(sessions.close)
        media = history.media
        recorder = Recorder()
        cleanup.callback(recorder.close)
        demo = page.build(sessions, media, settings, shelf, recorder)
        door = Door(accounts, key, settings.lang, settings.on_space) if accounts else None
        # Held for as long as the program runs, so that the model stays when the last visitor leaves. The
        # service goes by its name; else the page comes up first, since both import a lot, one at a time.
        if settings.api:
            pool.lease(choice)
        service = make_service(pool, choice, settings.api_key) if settings.api else None
        routes = [health_route(pool, choice)] if service is None else service_routes(service)
        demo.launch(
            **page.launch_arguments(media, settings, door, routes),
            server_port=port,
            inbrowser=settings.opens_browser,
        )
        cleanup.callback(demo.close, verbose=False)
        # What is there by now stays: a full collection would walk through it, and nothing streams for 150 ms.
        gc.freeze()
        if service is None:
            pool.lease(choice)
        else:
            # Before the page: who still listens to an answer is told that it ends.
            cleanup.callback(service.state.attendance.end)
        print(f"autoglm-ui: http://{_shown_host(settings.host)}:{port}  (Ctrl+C ends it)", flush=True)
        if settings.share:
            print(f"autoglm-ui: {shared(demo.share_url, settings)}", flush=True)
        stopped.wait()
        print("autoglm-ui: ending", flush=True)
    return 0


def open_history(folder: Path) -> History:
    """The conversations in `folder`, which only this user may read. Raises `OSError`, `StoreUnusable`."""
    from autoglm_ui.store import History, MediaFolder

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return History(folder / "conversations.db", MediaFolder(folder / "media"))


def _unusable(folder: Path, error: Exception) -> str:
    remedy = getattr(error, "remedy", "Name another folder: --data-dir DIR.")
    reason = getattr(error, "message", f"conversations cannot be kept in {folder} ({error})")
    return f"{reason}. {remedy}"


def shared(url: str | None, settings: Settings) -> str:
    """What is to be said of the public link."""
    if url is None:
        return (
            "no public link could be made. It needs a network, and Gradio's tunnel (downloaded once); the "
            "page is at the address above only."
        )
    warning = "with a name and a password" if settings.auth else "and anyone who has it can use this machine"
    return f"{url}  works from anywhere for up to a week, {warning}; nobody can change what answers"


def health_route(pool: Any, choice: Any) -> BaseRoute:
    """/health, with the state of the backend that the program was started with."""
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    async def health(_: Any) -> Response:
        backend = pool.get(choice)
        return JSONResponse({"status": "ok", "backend": backend.name, "state": backend.readiness().state})

    return Route("/health", health)


def make_service(pool: Any, choice: Any, api_key: str | None) -> Any:
    """The service, on the backend that the program was started with."""
    from autoglm_ui.backends.choice import PooledBackend
    from engine.server.routes import create_app

    return create_app(PooledBackend(pool, choice), api_key=api_key, engine=lambda: pool.find(choice))


def service_routes(service: Any) -> list[BaseRoute]:
    """Where `service` answers: at /v1, /health and /metrics."""
    from starlette.routing import Route

    # No mount: it would cut the paths that the service looks for.
    return [Route(path, service) for path in ("/v1/{rest:path}", "/health", "/metrics")]


def free_port(settings: Settings) -> int | None:
    """The port to serve at, or None if it cannot be had; 0 becomes a free one."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return None
        return probe.getsockname()[1]


def _shown_host(host: str) -> str:
    if host in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    sys.exit(main())
