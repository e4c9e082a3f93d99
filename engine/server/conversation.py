"""The messages of a chat: text, pictures, sound, and what tools said elsewhere."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from engine.server.strict import Body, Text, shape


class TextContent(Body):
    type: Literal["text"]
    text: Text


class RefusalContent(Body):
    """Of an assistant's earlier turn."""

    type: Literal["refusal"]
    refusal: Text


class MediaUrl(Body):
    """`data:image/png;base64,…`; a plain string stands for `{"url": …}`. An address of http or https is
    fetched from the hosts that the operator allows.
    """

    url: str


class ImageContent(Body):
    type: Literal["image_url"]
    image_url: MediaUrl | str

    @property
    def url(self) -> str:
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class InputAudio(Body):
    """`data` is base64; what it is is recognised by content, so `format` is not needed."""

    data: str
    format: str | None = None


class InputAudioContent(Body):
    type: Literal["input_audio"]
    input_audio: InputAudio


class AudioUrlContent(Body):
    type: Literal["audio_url"]
    audio_url: MediaUrl | str

    @property
    def url(self) -> str:
        return self.audio_url if isinstance(self.audio_url, str) else self.audio_url.url


ContentPart = Annotated[
    TextContent | RefusalContent | ImageContent | InputAudioContent | AudioUrlContent, Discriminator("type")
]


Content = Annotated[
    Annotated[Text, Tag("one")] | Annotated[list[ContentPart], Tag("many")], Discriminator(shape)
]


class FunctionCall(Body):
    name: Text
    arguments: Text

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


class ToolCall(Body):
    """Of a kind that has no `function`, nothing is told to the model."""

    function: FunctionCall | None = None


class ChatMessage(Body):
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
