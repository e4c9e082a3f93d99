"""What schemathesis makes of a specification, held to what the service says that it takes.

The specification lets a picture be any string, any name a token's id, and a client demand a call of a tool;
the service documents that it refuses these. In requests that should be accepted, such places are filled with
what is taken: a real picture, a real recording, text. Requests that should be refused are left as they are.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import GenerationMode

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
PICTURE = base64.b64encode((EXAMPLES / "settings-en.png").read_bytes()).decode()
SOUND = (EXAMPLES / "tap-settings.en.wav").read_bytes()
TEXT = {"type": "text", "text": "hello"}
PARTS = {
    "image_url": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
    "input_audio": {
        "type": "input_audio",
        "input_audio": {"data": base64.b64encode(SOUND).decode(), "format": "wav"},
    },
    "audio_url": {
        "type": "audio_url",
        "audio_url": {"url": f"data:audio/wav;base64,{base64.b64encode(SOUND).decode()}"},
    },
}


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Fill a request that should be accepted with what the service takes."""
    modes = {part.mode for part in case.meta.components.values()} if case.meta else set()
    if modes == {GenerationMode.POSITIVE} and isinstance(case.body, dict):
        if "messages" in case.body:
            case.body = taken(case.body)
        elif "file" in case.body:
            case.body.update(file=SOUND, stream=False, response_format="json")
            for name in [name for name, value in case.body.items() if value is None]:
                del case.body[name]  # a form cannot say null
    return case


def taken(body: dict[str, Any]) -> dict[str, Any]:
    """`body` without what is refused by its nature: see the service's reference."""
    body = dict(body)
    messages = [told(message) for message in body["messages"]]
    if messages[-1].get("role") == "assistant":  # nothing is asked
        messages.append({"role": "user", "content": "hello"})
    body["messages"] = messages[-4:]
    for name in ("tool_choice", "function_call"):
        if name in body:
            body[name] = "auto"
    for name, value in (("response_format", {"type": "text"}), ("modalities", ["text"])):
        if body.get(name) is not None:
            body[name] = value
    if isinstance(body.get("n"), int | float):
        body["n"] = 1 + int(body["n"]) % 4
    if body.get("image") is not None:
        body["image"] = PICTURE
    if isinstance(body.get("logit_bias"), dict):  # OpenAI's range stands in its text only
        biases = [value % 100 for value in body["logit_bias"].values() if isinstance(value, int | float)]
        body["logit_bias"] = {str(token): bias for token, bias in enumerate(biases[:100])}
    if body.get("stream") is None:  # the generator hardly ever asks for one
        body["stream"] = len(messages) % 2 == 0
    for name in ("max_tokens", "max_completion_tokens"):
        if isinstance(body.get(name), int | float):  # there is no lower limit; and the answer must end soon
            body[name] = max(0, min(8, int(body[name])))
    return body


def told(message: dict[str, Any]) -> dict[str, Any]:
    """A message with real media in the place of any string, and text in the place of other files."""
    content = message.get("content")
    if isinstance(content, list):
        kinds = [part.get("type") if isinstance(part, dict) else None for part in content[:3]]
        parts = zip(kinds, content[:3], strict=True)
        filled = [part if kind in ("text", "refusal") else PARTS.get(str(kind), TEXT) for kind, part in parts]
        return {**message, "content": filled}
    if isinstance(content, str):
        return {**message, "content": content[:40]}  # the context of nano is 512 tokens
    return message
