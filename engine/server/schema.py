"""What a client may send to POST /v1/chat/completions.

Fields that are not named here are ignored, as other servers do, and null means absent everywhere.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from engine.server.conversation import ChatMessage
from engine.server.strict import WHOLE, Body, Text, shape
from engine.server.switches import ThinkingSwitches


class StreamOptions(Body):
    include_usage: bool | None = None


class ResponseFormat(Body):
    type: Annotated[str, WithJsonSchema({"const": "text"})]


class ChatCompletionRequest(ThinkingSwitches):
    """The body of POST /v1/chat/completions, with OpenAI's names, the thinking switches of other servers, and
    a short way to ask about pictures.

    Of OpenAI's fields these are taken and change nothing: `audio`, `metadata`, `moderation`,
    `parallel_tool_calls`, `prediction`, `prompt_cache_key`, `prompt_cache_options`, `prompt_cache_retention`,
    `safety_identifier`, `service_tier`, `store` (nothing is stored), `user`, `verbosity`, and
    `web_search_options` (nothing is searched).

    Of other servers' fields these are a 400 unless they are empty, false or 0, since leaving them undone
    would change the answer: `bad_words`, `continue_final_message`, `ebnf`, `echo`, `grammar`,
    `guided_choice`, `guided_grammar`, `guided_json`, `guided_regex`, `ignore_eos`, `json_schema`,
    `min_tokens`, `prompt_logprobs`, `regex`, `stop_token_ids`, `structured_outputs`, `use_beam_search`.
    """

    model_config = ConfigDict(extra="allow")  # so that what cannot be done is seen, and refused

    model: str | None = None
    """The served name, or nothing."""
    messages: list[ChatMessage] = Field(min_length=1)
    """The conversation; the last one is asked."""
    stream: bool | None = None
    """Chunks as server-sent events; a comment every 15 seconds keeps the connection open."""
    stream_options: StreamOptions | None = None

    image: (
        Annotated[
            Annotated[str, Tag("one")] | Annotated[list[str], Field(max_length=16), Tag("many")],
            Discriminator(shape),
        ]
        | None
    ) = None
    """Pictures that join the last message: base64, data URLs, or addresses as in `image_url`."""
    query: Text | None = None
    """A question that joins the last message, unless it says the same already."""

    max_tokens: Annotated[int, Field(ge=0), WHOLE] | None = None
    """Thinking and answer together; 512 where neither this nor the next is given. 0 counts the prompt and
    writes nothing."""
    max_completion_tokens: Annotated[int, Field(ge=0), WHOLE] | None = None
    """The same under its newer name; it wins."""
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    """0, the default here, is greedy."""
    top_p: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    """Draw from the fewest tokens that together are so likely."""
    top_k: Annotated[int, Field(ge=-1, le=1_000_000), WHOLE] | None = None
    """Draw from so many of the likeliest; 0 or -1 from all."""
    min_p: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    """Draw from those that are at least so large a share of the likeliest as likely."""
    frequency_penalty: float | None = Field(None, ge=-2, le=2, allow_inf_nan=False)
    """Taken off a token's logit for each time it stands in what was written, thinking included."""
    presence_penalty: float | None = Field(None, ge=-2, le=2, allow_inf_nan=False)
    """Taken off a token's logit if it stands in what was written."""
    repetition_penalty: float | None = Field(None, ge=0.1, le=10, allow_inf_nan=False)
    """Divides the logit of each token that stands in the prompt or in what was written, or multiplies it
    where it is negative; 1 changes nothing. As vLLM and SGLang take it."""
    repeat_penalty: float | None = Field(None, ge=0.1, le=10, allow_inf_nan=False)
    """The same, as llama.cpp takes it; `repetition_penalty` wins."""
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]] | None = Field(
        None, max_length=1024
    )
    """Added to the logits of tokens, by their ids (`"123": -100` bans one). An id that the model does not
    have is a 400, unless its bias is 0."""
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE] | None = None
    """The same seed gives the same answer; none draws a new one."""
    stop: (
        Annotated[
            Annotated[Text, Tag("one")] | Annotated[list[Text], Field(max_length=16), Tag("many")],
            Discriminator(shape),
        ]
        | None
    ) = None
    """The answer ends before any of these; they may stand in the thinking. Empty ones stop nothing."""

    n: Annotated[int, Field(ge=1), WHOLE] | None = None
    """So many choices, at most as many as the server answers at once (`--slots`). At temperature 0 all are
    the same. A `seed` is the first choice's; the others count up from it."""
    logprobs: bool | None = None
    """Tell the log-probability of each token as the model gives it, before biases, penalties, temperature and
    what else chooses: the answer's in `logprobs.content`, the thinking's in `logprobs.reasoning_content`."""
    top_logprobs: Annotated[int, Field(ge=0, le=20), WHOLE] | None = None
    """So many of the likeliest tokens beside each; above 0 it asks for `logprobs`, too."""

    # Known, so that asking for them is refused and not silently left undone.
    tools: list[Any] | None = None
    """Taken, and never called: the model answers in words, as a model may that is given tools."""
    tool_choice: Annotated[Any, WithJsonSchema({"enum": ["auto", "none", None]})] = None
    """One that demands a call is a 400."""
    function_call: Annotated[Any, WithJsonSchema({"enum": ["auto", "none", None]})] = None
    """The older way to say `tool_choice`."""
    response_format: ResponseFormat | None = None
    """Others than `text` are a 400."""
    modalities: list[Annotated[str, WithJsonSchema({"const": "text"})]] | None = None
    """Others than `text` are a 400."""

    @property
    def must_call(self) -> bool:
        """The answer has to be a call of a tool."""
        return any(_demands(choice) for choice in (self.tool_choice, self.function_call))

    @property
    def scores(self) -> int | None:
        """How many of the likeliest tokens are wanted beside each; None where no token is to be scored."""
        return self.top_logprobs or (0 if self.logprobs else None)


def _demands(choice: Any) -> bool:
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools")
        choice = allowed.get("mode") if isinstance(allowed, dict) else choice
    return choice not in (None, "auto", "none")
