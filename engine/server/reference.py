"""`python -m engine.server.reference > docs/api.md`: the service's own OpenAPI description, to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

from engine.protocol import Backend
from engine.server.metrics import Meter
from engine.server.options import CHOICES_MAX
from engine.server.remote_media import MediaFetcher
from engine.server.replies import describe
from engine.server.routes import Routes

_HEAD = """# The service's API

Generated from the code by `python -m engine.server.reference > docs/api.md`.

`python -m engine.server` serves this at port 8000, with the same as JSON at `/openapi.json`;
`python app.py --api` serves it beside the page. With `--api-key`, every route but `/health` wants
`Authorization: Bearer KEY`. Fields that are not named here are ignored, and null means absent.
"""


def write_reference() -> str:
    """The description of every route and of every object, as Markdown."""
    nobody = cast(Backend, None)  # no request is answered
    routes = Routes(nobody, "autoglm-phone-9b", Meter(lambda: None), MediaFetcher()).router.routes
    described = describe(routes, CHOICES_MAX)
    return "\n".join([_HEAD, *_routes(described["paths"]), *_objects(described["components"]["schemas"])])


def _routes(paths: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield f"## {method.upper()} {path}\n\n{operation['description']}\n"
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"Body, `{kind}`: {_type(content['schema'])}\n"
            yield "| Status | Meaning | Body |\n|---|---|---|"
            for status, response in operation["responses"].items():
                bodies = [
                    f"`{kind}`" + (f" {_type(content['schema'])}" if content.get("schema") else "")
                    for kind, content in response.get("content", {}).items()
                ]
                yield f"| {status} | {response['description']} | {' or '.join(bodies)} |"
            yield ""


def _objects(schemas: Mapping[str, Any]) -> Iterator[str]:
    yield "# Objects\n"
    for name, schema in schemas.items():
        yield f"## {name}\n"
        if schema.get("description"):
            yield from (f"{_flat(paragraph)}\n" for paragraph in schema["description"].split("\n\n"))
        yield "| Field | Type | Meaning |\n|---|---|---|"
        required = schema.get("required", ())
        for field, told in schema.get("properties", {}).items():
            star = " (required)" if field in required else ""
            yield f"| `{field}`{star} | {_type(told)} | {_flat(told.get('description', ''))} |"
        yield ""


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[key] if one.get("type") != "null"))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{value}`" for value in values if value is not None)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(values := schema.get("additionalProperties"), dict):
        return f"object of {_type(values)}"
    if "contentSchema" in schema:
        return f"{_type(schema['contentSchema'])} as JSON"
    if schema.get("contentMediaType"):
        return "file"
    words = [schema.get("format") or schema.get("type", "anything")]
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    words += [f"{sign} {schema[key]:,.16g}" for key, sign in limits.items() if key in schema]
    return " ".join(words)


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(write_reference())
