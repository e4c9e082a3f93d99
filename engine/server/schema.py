"""What a client may send to POST /v1/chat/completions.

Fields that are not named here are ignored, as other servers do, and null means absent everywhere. Types
are strict: a number in quotes is an error, not a guess.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
)


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, use_attribute_docstrings=True)


# ------------------------------------------------------------------------------------ messages


def _well_formed(text: str) -> str:
    """Half an emoji, as clients cut it off, becomes U+FFFD: no tokenizer takes it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Text = Annotated[str, AfterValidator(_well_formed)]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# JSON has one kind of number: 96.0 is the integer 96. A range stands before it, to be described.
_WHOLE = BeforeValidator(_whole)
Integer = Annotated[int, _WHOLE]


class TextContent(_Body):
    type: Literal["text"]
    text: Text


class RefusalContent(_Body):
    """Of an assistant's earlier turn."""

    type: Literal["refusal"]
    refusal: Text


class MediaUrl(_Body):
    """`data:image/png;base64,…`; a plain string stands for `{"url": …}`. An address of http or https is
    fetched from the hosts that the operator allows.
    """

    url: str


class ImageContent(_Body):
    type: Literal["image_url"]
    image_url: MediaUrl | str

    @property
    def url(self) -> str:
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class InputAudio(_Body):
    """`data` is base64; what it is is recognised by content, so `format` is not needed."""

    data: str
    format: str | None = None


class InputAudioContent(_Body):
    type: Literal["input_audio"]
    input_audio: InputAudio


class AudioUrlContent(_Body):
    type: Literal["audio_url"]
    audio_url: MediaUrl | str

    @property
    def url(self) -> str:
        return self.audio_url if isinstance(self.audio_url, str) else self.audio_url.url


ContentPart = Annotated[
    TextContent | RefusalContent | ImageContent | InputAudioContent | AudioUrlContent, Discriminator("type")
]


def _shape(value: Any) -> Literal["one", "many"]:
    return "many" if isinstance(value, list) else "one"


Content = Annotated[
    Annotated[Text, Tag("one")] | Annotated[list[ContentPart], Tag("many")], Discriminator(_shape)
]


class FunctionCall(_Body):
    name: Text
    arguments: Text

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


class ToolCall(_Body):
    """Of a kind that has no `function`, nothing is told to the model."""

    function: FunctionCall | None = None


class ChatMessage(_Body):
    """`reasoning_content`, or `reasoning`, is the thinking of an earlier assistant turn. What tools were
    called and what they gave back, in a conversation that began elsewhere, is told to the model as text.
    """

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content | None = None
    reasoning_content: Text | None = None
    reasoning: Text | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionCall | None = None
    """The older way to say `tool_calls`."""

    @property
    def calls(self) -> list[FunctionCall]:
        """The functions that were called, in order."""
        calls = [self.function_call, *(call.function for call in self.tool_calls or ())]
        return [call for call in calls if call is not None]


# ----------------------------------------------------------------------------------- switches

Display = Literal["separate", "inline", "hidden"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max", "default"]


class TemplateArguments(_Body):
    """As vLLM, SGLang and llama.cpp pass them to the chat template."""

    enable_thinking: bool | None = None
    thinking: bool | None = None


class Thinking(_Body):
    """As z.ai, BigModel and DeepSeek say it."""

    type: Literal["enabled", "disabled", "adaptive", "auto"] | None = None


class Reasoning(_Body):
    """As OpenRouter says it. `exclude`: think, but keep it out of the reply."""

    enabled: bool | None = None
    effort: Effort | None = None
    max_tokens: Integer | None = None
    exclude: bool | None = None


class ThinkingSwitches(_Body):
    """Every way in which clients of other servers switch thinking on or off, and hide or show it."""

    enable_thinking: bool | None = None
    """Think before answering. The model's own default is to think; any switch that says no wins."""
    chat_template_kwargs: TemplateArguments | None = None
    """The same, as vLLM, SGLang and llama.cpp take it."""
    thinking: Thinking | bool | None = None
    """The same, as z.ai, BigModel and DeepSeek take it."""
    reasoning_effort: Effort | None = None
    """`none` is off; the others are on."""
    reasoning: Reasoning | None = None
    """The same, as OpenRouter takes it."""
    think: bool | Effort | None = None
    """The same, as Ollama takes it."""
    thinking_budget: Integer | None = None
    """0 is off."""
    thinking_budget_tokens: Integer | None = None
    """0 is off."""

    include_reasoning: bool | None = None
    """false: think, but leave the thinking out of the reply."""
    return_reasoning: bool | None = None
    """false: think, but leave the thinking out of the reply."""
    separate_reasoning: bool | None = None
    """false: leave the thinking in the content, between `<think>` tags."""
    reasoning_format: str | None = None
    """`none`: leave the thinking in the content, between `<think>` tags."""

    @property
    def wants_thinking(self) -> bool | None:
        """What was asked for: off if any switch says off; None where none says anything."""
        template, reasoning = self.chat_template_kwargs, self.reasoning
        thinking = self.thinking.type if isinstance(self.thinking, Thinking) else self.thinking
        switches = [self.enable_thinking, self.think, self.reasoning_effort, thinking]
        if template is not None:
            switches += [template.enable_thinking, template.thinking]
        if reasoning is not None:
            switches += [reasoning.enabled, reasoning.effort]
        budgets = [self.thinking_budget, self.thinking_budget_tokens, reasoning and reasoning.max_tokens]
        votes = [switch not in (False, "none", "disabled") for switch in switches if switch is not None]
        votes += [budget != 0 for budget in budgets if budget is not None]
        return all(votes) if votes else None

    @property
    def display(self) -> Display:
        """Where the thinking goes: fields of its own, `<think>` in the content, or nowhere."""
        excluded = self.reasoning is not None and self.reasoning.exclude
        if excluded or self.include_reasoning is False or self.return_reasoning is False:
            return "hidden"
        if self.separate_reasoning is False or self.reasoning_format == "none":
            return "inline"
        return "separate"


# ------------------------------------------------------------------------------------ the body


class StreamOptions(_Body):
    include_usage: bool | None = None


class ResponseFormat(_Body):
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
            Discriminator(_shape),
        ]
        | None
    ) = None
    """Pictures that join the last message: base64, data URLs, or addresses as in `image_url`."""
    query: Text | None = None
    """A question that joins the last message, unless it says the same already."""

    max_tokens: Annotated[int, Field(ge=0), _WHOLE] | None = None
    """Thinking and answer together; 512 where neither this nor the next is given. 0 counts the prompt and
    writes nothing."""
    max_completion_tokens: Annotated[int, Field(ge=0), _WHOLE] | None = None
    """The same under its newer name; it wins."""
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    """0, the default here, is greedy."""
    top_p: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    """Draw from the fewest tokens that together are so likely."""
    top_k: Annotated[int, Field(ge=-1, le=1_000_000), _WHOLE] | None = None
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
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), _WHOLE] | None = None
    """The same seed gives the same answer; none draws a new one."""
    stop: (
        Annotated[
            Annotated[Text, Tag("one")] | Annotated[list[Text], Field(max_length=16), Tag("many")],
            Discriminator(_shape),
        ]
        | None
    ) = None
    """The answer ends before any of these; they may stand in the thinking. Empty ones stop nothing."""

    n: Annotated[int, Field(ge=1), _WHOLE] | None = None
    """So many choices, at most as many as the server answers at once (`--slots`). At temperature 0 all are
    the same. A `seed` is the first choice's; the others count up from it."""
    logprobs: bool | None = None
    """Tell the log-probability of each token as the model gives it, before biases, penalties, temperature and
    what else chooses: the answer's in `logprobs.content`, the thinking's in `logprobs.reasoning_content`."""
    top_logprobs: Annotated[int, Field(ge=0, le=20), _WHOLE] | None = None
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
