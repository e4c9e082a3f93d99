"""The pages that are compared: how each is started, and how a person asks in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.page.environments import Environment

ROOT = Path(__file__).resolve().parents[2]
APPS = Path(__file__).resolve().parent / "apps"

#: (port, the endpoint's /v1, a folder of its own) -> a command, and what it must find in its environment
Start = Callable[[int, str, Path], tuple[list[str], Mapping[str, str]]]


@dataclass(frozen=True)
class Side:
    """One page.

    `composer` finds its box for text, `greeting` the button that takes away what it may lay over it at first,
    `takes` what is there once it would take what is typed, where Enter does nothing before; `environment` is
    None for this project's own.
    """

    name: str
    start: Start
    composer: str
    environment: Environment | None = None
    greeting: str | None = None
    takes: str | None = None


GRADIO = Environment("gradio", ("gradio==6.31.0", "openai==3.54.0"))
CHAINLIT = Environment("chainlit", ("chainlit==2.12.0", "openai==3.54.0"))
# torch is named because open-webui takes any, and a newer one may bring gigabytes.
OPEN_WEBUI = Environment("open-webui", ("open-webui==0.12.4", "torch==2.13.0"))


def _ours(port: int, url: str, folder: Path) -> tuple[list[str], Mapping[str, str]]:
    options = ["--base-url", url, "--port", str(port), "--data-dir", str(folder), "--no-browser"]
    return [sys.executable, str(ROOT / "app.py"), *options], {}


def _chat_interface(port: int, url: str, folder: Path) -> tuple[list[str], Mapping[str, str]]:
    command = [GRADIO.program("python"), str(APPS / "chat_interface.py"), str(port), url]
    return command, {"GRADIO_ANALYTICS_ENABLED": "False"}


def _chainlit(port: int, url: str, folder: Path) -> tuple[list[str], Mapping[str, str]]:
    command = [CHAINLIT.program("chainlit"), "run", str(APPS / "chainlit_app.py"), "--headless"]
    return [*command, "--host", "127.0.0.1", "--port", str(port)], {
        "BASE_URL": url,
        "CHAINLIT_APP_ROOT": str(folder),
    }


def _open_webui(port: int, url: str, folder: Path) -> tuple[list[str], Mapping[str, str]]:
    """As it comes, but for one person, and without what it would fetch from a model hub."""
    command = [OPEN_WEBUI.program("open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    return command, {
        "DATA_DIR": str(folder),
        "WEBUI_SECRET_KEY": "bench",
        "WEBUI_AUTH": "False",
        "OPENAI_API_BASE_URL": url,
        "OPENAI_API_KEY": "none",
        "ENABLE_OLLAMA_API": "False",
        "ENABLE_VERSION_UPDATE_CHECK": "False",
        "RAG_EMBEDDING_ENGINE": "openai",
        "HF_HUB_OFFLINE": "1",
    }


OURS = Side("ours", _ours, "#composer textarea")
PEERS = (
    Side("gr.ChatInterface", _chat_interface, "textarea", GRADIO),
    Side("Chainlit", _chainlit, "#chat-input", CHAINLIT, takes="#chat-submit:enabled"),
    Side("open-webui", _open_webui, "#chat-input", OPEN_WEBUI, "text=Okay, Let's Go!"),
)
