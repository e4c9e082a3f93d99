"""What the program was told at its start: one frozen object, read once from argv and the environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

import platformdirs

from engine import loading
from engine.loading import Loading

PREFIX = "AUTOGLM_"

#: Seconds of answering that a visitor of a Space gets in an hour, unless told otherwise.
SPACE_SECONDS = 240.0

#: Variables with our prefix that others read: the drawing of training screens, and the service.
OTHERS = frozenset(
    {
        "AUTOGLM_FONTS",
        "AUTOGLM_ALLOW_MEDIA_HOST",
        "AUTOGLM_SERVED_MODEL_NAME",
        "AUTOGLM_SKIP_GPU_CHECK",
        "AUTOGLM_SLOTS",
        "AUTOGLM_SSL_CERTFILE",
        "AUTOGLM_SSL_KEYFILE",
        "AUTOGLM_WAITING",
    }
)

Language = Literal["zh", "en"]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BOOLEANS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


class UsageError(Exception):
    """The command line or the environment says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every choice made at the start. `lang` None follows each visitor's browser.

    `plan` asks where the model would run, instead of running it. `phone` None lets who sits at this machine
    use the phone that is connected to it, where nobody else can reach the page.
    """

    model: str = "nano"
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    remote_model: str | None = None
    host: str = "127.0.0.1"
    port: int = 7860
    no_browser: bool = False
    lang: Language | None = None
    data_dir: Path | None = None
    max_upload_mb: int = 64
    allowed_hosts: tuple[str, ...] = ()
    lock_backend: bool = False
    api: bool = False
    auth: str | None = field(default=None, repr=False)
    share: bool = False
    visitor_seconds: float | None = None
    phone: bool | None = None
    on_space: bool = False
    loading: Loading = Loading()
    plan: bool = False

    @property
    def folder(self) -> Path:
        """Where conversations are kept."""
        return self.data_dir or platformdirs.user_data_path("autoglm-ui", appauthor=False)

    @property
    def local(self) -> bool:
        """Only this machine can reach the page."""
        return self.host in _LOOPBACK and not self.share

    @property
    def backend_locked(self) -> bool:
        """Visitors may not choose what answers: theirs would be this machine's files and network."""
        return self.lock_backend or not self.local

    @property
    def lends_microphone(self) -> bool:
        """Who sits at this machine may record with its microphone. Nobody sits at a Space, and who comes
        over a shared link seems to sit here."""
        return not self.on_space and not self.share

    @property
    def tells_addresses(self) -> bool:
        """Visitors come from addresses of their own, not all from that of a proxy."""
        return not self.on_space and not self.share

    @property
    def opens_browser(self) -> bool:
        return not self.no_browser and self.host in _LOOPBACK and not self.on_space


def read(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `argv` (without the program's name) over `environ` over the defaults.

    Raises `UsageError` in plain words; `--help` prints and exits.
    """
    parser = _parser()
    known = {_variable(action): action for action in parser._actions if action.dest != "help"}
    on_space = bool(environ.get("SPACE_ID"))
    values: dict[str, Any] = {"on_space": on_space}
    if on_space:
        values |= {
            "host": "0.0.0.0",
            "allowed_hosts": _hosts(environ.get("SPACE_HOST", "*.hf.space")),
            "visitor_seconds": SPACE_SECONDS,
        }
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name in OTHERS:
            continue
        if name not in known:
            raise UsageError(f"{name} is no option. Known are: {', '.join(sorted(known))}.")
        values[known[name].dest] = _value(name, text, known[name])
    given = vars(parser.parse_args(list(argv)))
    values |= given
    if values.get("base_url") is None and not values.get("api") and "api_key" not in given:
        # The service reads the same variable; set for it, it is no mistake here.
        values.pop("api_key", None)
    chosen = {name: values.pop(name) for name in loading.NAMES & values.keys()}
    return _consistent(Settings(**values, loading=Loading(**chosen)))


def _consistent(settings: Settings) -> Settings:
    if settings.base_url is None:
        for name in ("remote_model",) if settings.api else ("api_key", "remote_model"):
            if getattr(settings, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} is for an endpoint: give --base-url, too.")
    elif settings.plan:
        raise UsageError("--plan is for a model of this process; an endpoint runs where it runs.")
    elif settings.api:
        raise UsageError("--api serves the model of this process; clients of --base-url can ask it directly.")
    elif not settings.base_url.startswith(("http://", "https://")):
        raise UsageError(f"--base-url is {settings.base_url!r}; it must begin with http:// or https://.")
    if settings.share and settings.on_space:
        raise UsageError("--share is for this machine; a Space has a public address already.")
    if settings.share and settings.host not in _LOOPBACK:
        raise UsageError("--share makes a link to this machine's own address: leave out --host.")
    if settings.visitor_seconds is not None and not settings.visitor_seconds > 0:
        raise UsageError(f"--visitor-seconds is {settings.visitor_seconds:g}; it must be above 0.")
    if settings.auth and settings.api and settings.api_key is None:
        raise UsageError(
            "--auth keeps strangers from the page; /v1 beside it needs a key of its own: --api-key."
        )
    if not 0 <= settings.port <= 65535:
        raise UsageError(f"--port is {settings.port}; it must be 0 to 65535 (0 takes any free port).")
    if settings.max_upload_mb < 1:
        raise UsageError(f"--max-upload-mb is {settings.max_upload_mb}; it must be 1 or more.")
    return settings


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. See: python app.py --help")


def _parser() -> argparse.ArgumentParser:
    """Options without defaults: what argv does not name must not hide what the environment does."""
    parser = _Parser(
        prog="app.py",
        description="A desktop assistant that reads, sees and hears. Opens a chat page in the browser.",
        epilog=f"Every option is also an environment variable, {PREFIX}<OPTION>, for example "
        f"{PREFIX}PORT=8080, {PREFIX}NO_BROWSER=1. The command line wins. Prefer {PREFIX}API_KEY to "
        "--api-key: other users of a machine can see command lines.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    default = {field.name: field.default for field in fields(Settings)}

    answer = parser.add_argument_group("what answers")
    answer.add_argument(
        "--model",
        metavar="nano|PATH|HUB_ID",
        help="the model to run in this process: nano (bundled), a folder with a checkpoint, or the name of "
        "one on the Hugging Face hub; 'scripted' is a scripted stand-in for tests and demos of the page, no "
        "model at all "
        f"(default: {default['model']})",
    )
    answer.add_argument(
        "--base-url",
        metavar="URL",
        help="use an OpenAI-compatible endpoint instead, for example http://localhost:8000/v1",
    )
    answer.add_argument(
        "--api-key",
        metavar="KEY",
        help="the key of that endpoint, or the one that --api asks for; never shown or logged",
    )
    answer.add_argument(
        "--remote-model", metavar="NAME", help="the model's name there (default: the first that it lists)"
    )
    answer.add_argument(
        "--lock-backend",
        action=argparse.BooleanOptionalAction,
        help="visitors cannot choose another model or endpoint in the page (always so unless --host is this "
        "machine)",
    )
    answer.add_argument(
        "--phone",
        action=argparse.BooleanOptionalAction,
        help="a phone that adb lists can be looked at and, step by confirmed step, be told what to do "
        "(default: only by who sits at this machine, and only where --host is this machine); given, by "
        "every visitor",
    )
    answer.add_argument(
        "--api",
        action="store_true",
        help="serve the model to other programs, too, as an OpenAI-compatible endpoint: /v1 beside the page",
    )

    loading.add_arguments(parser)
    parser.add_argument(
        "--plan",
        action="store_true",
        help="say what the model needs, what this machine has and where it would run, and end; loads nothing",
    )

    page = parser.add_argument_group("the page")
    page.add_argument(
        "--host",
        metavar="H",
        help=f"address to listen on; 0.0.0.0 lets other machines in (default: {default['host']})",
    )
    page.add_argument(
        "--port",
        type=int,
        metavar="P",
        help=f"port to listen on; 0 takes any free one (default: {default['port']})",
    )
    # Not argparse's BooleanOptionalAction: it takes every option that begins with --no- for a "no".
    page.add_argument("--no-browser", action="store_true", help="do not open a browser")
    page.add_argument(
        "--browser", dest="no_browser", action="store_false", help="open one, over AUTOGLM_NO_BROWSER"
    )
    page.add_argument(
        "--lang",
        choices=get_args(Language),
        help="language of the page (default: that of each visitor's browser)",
    )
    page.add_argument(
        "--allowed-hosts",
        type=_hosts,
        metavar="NAME,…",
        help="host names under which the page may be asked for, besides localhost and plain addresses; "
        "*.example.org takes any below it",
    )

    page.add_argument(
        "--auth",
        metavar="FILE|NAME:PASSWORD,…",
        help="only these people may use the page, each with conversations of their own: a file that "
        "'python -m autoglm_ui.accounts FILE NAME' writes, or names and passwords",
    )

    page.add_argument(
        "--share",
        action="store_true",
        help="make a public link to the page, through Gradio's tunnel, for up to a week; whoever has the "
        "link can use it: think of --auth",
    )
    page.add_argument(
        "--visitor-seconds",
        type=float,
        metavar="S",
        help="seconds of answering that each visitor gets in an hour (default: no limit; in a Space "
        f"{SPACE_SECONDS:.0f})",
    )

    files = parser.add_argument_group("files")
    files.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="keep conversations with their pictures and recordings in DIR (default: "
        f"{platformdirs.user_data_path('autoglm-ui', appauthor=False)})",
    )
    files.add_argument(
        "--max-upload-mb",
        type=int,
        metavar="MB",
        help=f"refuse larger uploads (default: {default['max_upload_mb']})",
    )
    return parser


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(host.strip().lower() for host in text.split(",") if host.strip())


def _variable(action: argparse.Action) -> str:
    return PREFIX + action.dest.upper()


def _value(name: str, text: str, action: argparse.Action) -> Any:
    """`text` of the environment as the option's own type."""
    if action.nargs == 0:
        if text.lower() not in _BOOLEANS:
            raise UsageError(f"{name} is {text!r}; it must be 1 or 0.")
        return _BOOLEANS[text.lower()]
    if action.choices is not None and text not in action.choices:
        raise UsageError(f"{name} is {text!r}; it must be one of: {', '.join(action.choices)}.")
    try:
        return action.type(text) if callable(action.type) else text
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{name}: {error}.") from None
    except ValueError:
        raise UsageError(
            f"{name} is {text!r}; that is no {getattr(action.type, '__name__', 'value')}."
        ) from None
