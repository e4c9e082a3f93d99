"""`python -m engine.server`: load a model and serve it until interrupted."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from engine.loading import Loading
from engine.protocol import AssistantError
from engine.server.settings import read

PATIENCE = 10  # seconds that running answers get to end by themselves when the server is stopped


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM.

    Exits with 2 where the command line cannot be meant, with 1 where it asks for a plan and nothing fits.
    """
    settings = read(argv)
    if settings.plan:
        sys.exit(_explain(settings.model, settings.loading))

    import uvicorn

    from engine.runtime import Runtime
    from engine.server.guard import AT_ONCE_MAX
    from engine.server.remote_media import MediaFetcher
    from engine.server.routes import create_app
    from engine.slots import Limits

    if settings.is_open:
        print(
            f"warning: anyone who can reach {settings.host} can use this server; --api-key protects it",
            file=sys.stderr,
        )
    limits = Limits(settings.slots, settings.waiting)
    app = create_app(
        Runtime(settings.model, limits, settings.loading),
        settings.served_model_name,
        settings.api_key,
        at_once_max=max(AT_ONCE_MAX, 2 * (settings.slots + settings.waiting)),
        media=MediaFetcher(settings.allow_media_host),
        choices_max=settings.slots,
    )
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.ssl_certfile,
        ssl_keyfile=settings.ssl_keyfile,
        timeout_graceful_shutdown=PATIENCE,
        server_header=False,
    )


def _explain(model: str, chosen: Loading) -> int:
    from engine import checkpoint

    try:
        print(checkpoint.explain(model, chosen))
    except AssistantError as error:
        print(f"{error.message}\n{error.remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main()
