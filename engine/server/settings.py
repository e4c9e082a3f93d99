"""What the service was told at its start: one frozen object, read once from argv and the environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import loading
from engine.loading import Loading
from engine.server.remote_media import AllowedHost

PREFIX = "AUTOGLM_"
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Every choice made at the start."""

    model: str
    served_model_name: str | None
    host: str
    port: int
    api_key: str | None = field(repr=False)
    ssl_certfile: str | None
    ssl_keyfile: str | None
    allow_media_host: tuple[str, ...]
    slots: int
    waiting: int
    loading: Loading
    plan: bool

    @property
    def is_open(self) -> bool:
        """Other machines can use it, and nobody needs a key."""
        return self.api_key is None and self.host not in _LOCAL


def read(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> ServerSettings:
    """Settings from `argv` over `environ` over the defaults. Exits with 2 for what cannot be meant."""
    parser = _parser(environ)
    given = parser.parse_args(argv)
    if given.api_key is None:  # no default of the parser: --help would show it
        given.api_key = environ.get(f"{PREFIX}API_KEY")
    hosts = [host for text in given.allow_media_host or () for host in text.split(",") if host.strip()]
    if not 0 <= given.port < 2**16:
        parser.error("--port must be 0 to 65535")
    if given.slots < 1 or given.waiting < 0:
        parser.error("--slots must be 1 or more, and --waiting not negative")
    if given.api_key == "":
        parser.error("--api-key must not be empty")
    if (given.ssl_certfile is None) != (given.ssl_keyfile is None):
        parser.error("--ssl-certfile and --ssl-keyfile belong together")
    for option, path in (("--ssl-certfile", given.ssl_certfile), ("--ssl-keyfile", given.ssl_keyfile)):
        if path is not None and not os.access(path, os.R_OK):
            parser.error(f"{option} {path} cannot be read")
    for host in hosts:
        try:
            AllowedHost.parse(host)
        except ValueError as error:
            parser.error(f"--allow-media-host: {error}")
    given.allow_media_host = tuple(hosts)
    values = vars(given)
    chosen = {name: value for name in loading.NAMES if (value := values.pop(name)) is not None}
    return ServerSettings(**values, loading=Loading(**chosen))


# What each option is called, what it is where nobody says, and what else argparse is to know of it.
_OPTIONS: dict[str, tuple[str | None, dict[str, Any]]] = {
    "model": ("nano", {"help": "nano, the path of a checkpoint, or a hub id"}),
    "served-model-name": (None, {"metavar": "NAME", "help": "what clients call the model"}),
    "host": ("127.0.0.1", {"help": "the address to listen at"}),
    "port": ("8000", {"type": int, "help": "the port to listen at; 0 for any free one"}),
    "ssl-certfile": (None, {"metavar": "FILE", "help": "serve HTTPS with this certificate"}),
    "ssl-keyfile": (None, {"metavar": "FILE", "help": "the private key of the certificate"}),
    "slots": ("16", {"type": int, "help": "requests that are answered at once"}),
    "waiting": (
        "32",
        {"type": int, "help": "requests that may wait for a slot; more are refused with 429"},
    ),
}


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine.server",
        description="Serve a model as an OpenAI-compatible endpoint: /v1/chat/completions, "
        "/v1/audio/transcriptions, /v1/models, /health and /metrics.",
        epilog=f"Every option is also an environment variable, {PREFIX}<OPTION>, for example "
        f"{PREFIX}PORT=8080. The command line wins. Prefer {PREFIX}API_KEY to --api-key: other users of a "
        "machine can see command lines.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    for name, (otherwise, more) in _OPTIONS.items():
        variable = PREFIX + name.upper().replace("-", "_")
        parser.add_argument(f"--{name}", default=environ.get(variable, otherwise), **more)
    parser.add_argument("--api-key", metavar="KEY", help="the bearer key that clients must send")
    hosts = environ.get(f"{PREFIX}ALLOW_MEDIA_HOST")
    parser.add_argument(
        "--allow-media-host",
        metavar="HOST",
        action="append",
        default=None if hosts is None else [hosts],
        help="fetch pictures and sounds that a request names from this host (example.org, *.example.org, "
        "192.168.0.7:9000; can be given several times, or with commas); nothing is fetched from others",
    )
    loading.add_arguments(parser)
    # A default that is text is read as if it had been typed.
    parser.set_defaults(**{name: environ.get(f"{PREFIX}{name.upper()}") for name in loading.NAMES})
    parser.add_argument(
        "--plan", action="store_true", help="say where the model would run, and end; loads nothing"
    )
    return parser
