"""From nothing to the first token, and the memory that is held then: ours and transformers alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.rounds import Result, tell

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 600.0  # seconds until a program that does not end is given up

OURS = """
import asyncio
from engine.protocol import Message, Options, Request, TextPart
from engine.runtime import Runtime
told("import")
async def answer():
    runtime = Runtime()
    while runtime.readiness().state == "loading":
        await asyncio.sleep(0.005)
    told("load")
    request = Request((Message("user", (TextPart("hello"),)),), Options(max_new_tokens=1))
    assert [event async for event in runtime.stream(request)]
    told("first token")
    await runtime.aclose()
asyncio.run(answer())
"""
THEIRS = """
from transformers import AutoModelForMultimodalLM, AutoProcessor
from engine.sketch import BUNDLED
from engine.model import register
register()
told("import")
model = AutoModelForMultimodalLM.from_pretrained(BUNDLED["nano"], dtype="float32")
processor = AutoProcessor.from_pretrained(BUNDLED["nano"])
told("load")
inputs = processor.tokenizer.apply_chat_template(
    [{"role": "user", "content": "hello"}], add_generation_prompt=True, return_dict=True, return_tensors="pt")
model.generate(**inputs, max_new_tokens=1)
told("first token")
"""
CLOCK = """
import json, re, time
from pathlib import Path
started, stages = time.perf_counter(), {}
def told(stage):
    held = int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
    stages[stage] = (time.perf_counter() - started, held / 1e3)
"""


def measure(runs: int) -> Result:
    """Seconds since the start of Python's work, and MB, at each stage of a new process."""
    result = Result()
    rounds = min(runs, 3)
    for number in range(1, rounds + 1):
        tell(f"round {number} of {rounds}")
        for side, program in (("ours", OURS), ("transformers", THEIRS)):
            for stage, (seconds, megabytes) in start(program).items():
                result.figures.setdefault(f"{stage}, {side}, s", []).append(seconds)
                if stage == "first token":
                    result.figures.setdefault(f"memory then, {side}, MB", []).append(megabytes)
    result.compare(
        "ours is quicker to the first token", "first token, transformers, s", "first token, ours, s"
    )
    result.notes = [
        "Each stage counts from the start of a new process, files in the system's cache. Ours imports torch "
        "in the background, while the page is there already."
    ]
    return result


def start(program: str) -> dict[str, tuple[float, float]]:
    """Run it in a new process; the seconds and MB of each stage.

    Raises RuntimeError if it fails, TimeoutExpired if it hangs.
    """
    source = CLOCK + program + "\nprint(json.dumps(stages))"
    ran = subprocess.run(
        [sys.executable, "-c", source],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if ran.returncode:
        raise RuntimeError(f"a measured program failed: {ran.stderr[-400:]}")
    return json.loads(ran.stdout.splitlines()[-1])
