"""A model behind any OpenAI-compatible endpoint.

`backend` is the contract with the page; `endpoint` the address, its key and connections; `messages`
turns a request into JSON; `chat` reads the answer; `failures` puts what went wrong into words.
"""

from autoglm_ui.backends.remote.backend import RemoteBackend

__all__ = ["RemoteBackend"]
