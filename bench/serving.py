"""Chats over HTTP: our service against `transformers serve`, both with nano's decoder as a plain Glm4."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import GenerationConfig

from bench.chats import CHATS, NEW, chats
from bench.models import QUESTION, nano_checkpoint, peer
from bench.rounds import Result, tell
from engine.parallel import free_port

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 600.0  # seconds until a server that does not answer is given up
OURS, THEIRS = "ours", "transformers serve"


def measure(runs: int) -> Result:
    """Tokens a second of all chats together, and seconds to the first text of each, on average."""
    result = Result()
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as folder:
        save_endless_peer(folder)
        for name in (OURS, THEIRS):
            # One at a time: a server that waits for work may still use the processor.
            tell(f"{name} starts")
            with started(name, folder) as address:
                model = "glm" if name == OURS else folder
                ask(address, model, 2)
                for count in CHATS:
                    tell(f"{name}: {count} at once")
                    found = [ask(address, model, count) for _ in range(min(runs, 3))]
                    result.figures[f"{chats(count)}, {name}, tokens/s"] = [speed for speed, _, _ in found]
                    result.figures[f"{chats(count)}, {name}, first text, s"] = [
                        first for _, first, _ in found
                    ]
                    result.figures[f"{chats(count)}, {name}, client's processor, %"] = [
                        100 * busy for _, _, busy in found
                    ]
    for count in CHATS:
        names = (f"{chats(count)}, {OURS}, tokens/s", f"{chats(count)}, {THEIRS}, tokens/s")
        result.compare(f"{chats(count)}: ours against {THEIRS}", *names, 1.0 if count == 16 else None)
    result.notes = [
        f"Streamed chat completions of {NEW} tokens, greedy, one client for both; tokens as each "
        "server's usage counts them. The servers run one after the other, on the client's cores.",
        "transformers serve runs with continuous batching and 256 blocks; it does not load nano itself.",
    ]
    return result


def save_endless_peer(folder: str) -> None:
    """The peer and its tokenizer; only a token that it never writes ends its answers, on either side."""
    model, tokenizer = peer(), nano_checkpoint().processor.tokenizer
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    ends = GenerationConfig(eos_token_id=tokenizer.pad_token_id, pad_token_id=tokenizer.pad_token_id)
    ends.save_pretrained(folder)


@contextlib.contextmanager
def started(name: str, folder: str) -> Iterator[str]:
    """A server's address. Raises RuntimeError where it does not start."""
    port = str(free_port())
    commands = {
        OURS: [sys.executable, "-m", "engine.server", "--model", folder, "--port", port, "--devices", "cpu",
                "--served-model-name", "glm"],
        THEIRS: [
            sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve",
            folder, "--port", port, "--device", "cpu", "--dtype", "float32", "--continuous-batching",
            "--cb-num-blocks", "256",
        ],
    }  # fmt: skip
    log = Path(folder) / f"{name}.log"
    with log.open("wb") as said:
        program = subprocess.Popen(
            commands[name],
            cwd=ROOT,
            stdout=said,
            stderr=said,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
        )
    try:
        wait_for(f"http://localhost:{port}/health", program, log)
        yield f"http://localhost:{port}/v1"
    finally:
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def wait_for(url: str, program: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers 200. Raises RuntimeError with what the program said."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and program.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"a server did not start: {log.read_text(errors='replace')[-300:]}")


def ask(address: str, model: str, count: int) -> tuple[float, float, float]:
    """Of `count` chats at once: tokens a second, mean seconds to the first text, and the share of the time
    that the client itself was at work on its core.
    """
    return asyncio.run(_ask(address, model, count))


async def _ask(address: str, model: str, count: int) -> tuple[float, float, float]:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=address, api_key="EMPTY", timeout=PATIENCE) as client:
        began, worked = time.perf_counter(), time.process_time()
        chats = await asyncio.gather(*(_chat(client, model, chat) for chat in range(count)))
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
    tokens, first = sum(tokens for tokens, _ in chats), statistics.mean(first for _, first in chats)
    return tokens / seconds, first, worked / seconds


async def _chat(client: Any, model: str, chat: int) -> tuple[int, float]:
    """Tokens of one chat, and seconds to its first text."""
    began, first, tokens = time.perf_counter(), None, 0
    stream = await client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": f"{chat}: {QUESTION}"}],
        max_tokens=NEW,
        temperature=0.0,
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        for choice in chunk.choices:
            delta = choice.delta
            if first is None and (delta.content or getattr(delta, "reasoning_content", None)):
                first = time.perf_counter() - began
        if chunk.usage is not None:
            tokens = chunk.usage.completion_tokens
    if tokens != NEW:
        raise RuntimeError(f"{address_of(client)} wrote {tokens} tokens, not {NEW}: no comparison")
    return tokens, time.perf_counter() - began if first is None else first


def address_of(client: Any) -> str:
    return str(client.base_url)
