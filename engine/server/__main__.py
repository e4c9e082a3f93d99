"""`python -m engine.server`: load a model and serve it until interrupted."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence

from engine import loading
from engine.loading import Loading
from engine.protocol import AssistantError

PATIENCE = 10  # seconds that running answers get to end by themselves when the server is stopped

log = logging.getLogger("uvicorn.error")


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM.

    Exits with 2 where the command line cannot be meant, with 1 where it asks for a plan and nothing fits.
    """
    arguments = _parse(argv)
    chosen = Loading(
        **{name: value for name in loading.NAMES if (value := getattr(arguments, name)) is not None}
    )
    if arguments.plan:
        sys.exit(_explain(arguments.model, chosen))

    import uvicorn

    from engine.runtime import Runtime
    from engine.server.routes import create_app

    if arguments.api_key is None and arguments.host not in {"127.0.0.1", "localhost", "::1"}:
        print(
            f"warning: anyone who can reach {arguments.host} can use this server; --api-key protects it",
            file=sys.stderr,
        )
    uvicorn.run(
        create_app(Runtime(arguments.model, loading=chosen), arguments.served_model_name, arguments.api_key),
        host=arguments.host,
        port=arguments.port,
        ssl_certfile=arguments.ssl_certfile,
        ssl_keyfile=arguments.ssl_keyfile,
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


def _parse(argv: Sequence[str] | None, environ: Mapping[str, str] = os.environ) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m engine.server",
        description="Serve a model as an OpenAI-compatible endpoint: /health, /v1/models and "
        "/v1/chat/completions.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--model", default="nano", help="nano, the path of a checkpoint, or a hub id")
    parser.add_argument("--served-model-name", metavar="NAME", help="what clients call the model")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen at; 0 for any free one")
    parser.add_argument(
        "--api-key",
        metavar="KEY",
        default=environ.get("AUTOGLM_API_KEY"),
        help="the bearer key that clients must send (better given as AUTOGLM_API_KEY: other users of this "
        "machine can read a command line)",
    )
    parser.add_argument("--ssl-certfile", metavar="FILE", help="serve HTTPS with this certificate")
    parser.add_argument("--ssl-keyfile", metavar="FILE", help="the private key of the certificate")
    loading.add_arguments(parser)
    # A default that is text is read as if it had been typed.
    parser.set_defaults(**{name: environ.get(f"AUTOGLM_{name.upper()}") for name in loading.NAMES})
    parser.add_argument(
        "--plan", action="store_true", help="say where the model would run, and end; loads nothing"
    )
    arguments = parser.parse_args(argv)
    if not 0 <= arguments.port < 2**16:
        parser.error("--port must be 0 to 65535")
    if arguments.api_key == "":
        parser.error("--api-key must not be empty")
    if (arguments.ssl_certfile is None) != (arguments.ssl_keyfile is None):
        parser.error("--ssl-certfile and --ssl-keyfile belong together")
    return arguments


if __name__ == "__main__":
    main()
