"""The first look at a server: is it there, where is its API, who is it, which models has it."""

from __future__ import annotations

import json

from autoglm_ui.backends.dialects import Dialect, ModelList, by_host
from autoglm_ui.backends.remote.endpoint import Address, Connections
from autoglm_ui.backends.remote.refusals import refusal_of

_NO_SUCH_ROUTE = frozenset({400, 404, 405, 406, 410, 501})


async def look(
    connections: Connections, address: Address, dialect: Dialect | None
) -> tuple[Address, ModelList]:
    """The address that answers, and its list of models; empty where there is no such route.

    An address without a path is tried with the dialect's (`/v1`) first. Raises what the SDK raises when
    nobody answers or the key is refused.
    """
    known = dialect or by_host(address.url)
    base_path = known.base_path if known else "/v1"
    candidates = [address] if address.has_path else [address.under(base_path), address]
    for candidate in candidates:
        models = await _models(connections, candidate)
        if models is not None:
            return candidate, models
    return candidates[0], ModelList()


async def _models(connections: Connections, address: Address) -> ModelList | None:
    """None where the route is not there, or is a web page."""
    import httpx2
    import openai

    timeout = openai.Timeout(connections.timeouts.models, connect=connections.timeouts.connect)
    client = connections.client(address)
    try:
        response = await client.get("/models", cast_to=httpx2.Response, options={"timeout": timeout})
    except openai.APIStatusError as error:
        refusal = refusal_of(error)
        if refusal is not None and refusal.status in _NO_SUCH_ROUTE:
            return None
        raise
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return ModelList.of(body, dict(response.headers))
