"""The words of the inspector."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InspectorWords:
    """Names in braces are filled in with `str.format`."""

    title: str
    open: str
    close: str
    turn: str
    earlier: str
    later: str
    whose: str
    nothing: str
    looking: str
    remote: str
    rebuilt: str
    other_backend: str
    not_shown: str
    pictures: str
    original: str
    received: str
    size: str
    image_tokens: str
    mapping: str
    untold: str
    sound: str
    waveform: str
    duration: str
    level: str
    silent: str
    quiet: str
    clipped: str
    mel: str
    mel_frames: str
    audio_tokens: str
    transcript: str
    gates: str
    gates_hint: str
    layer: str
    image: str
    audio: str
    times: str
    queued: str
    prefill: str
    first_token: str
    thinking: str
    answer: str
    total: str
    speed: str
    tokens: str
    prompt_tokens: str
    reasoning_tokens: str
    answer_tokens: str
    memory: str
    memory_of: str
    prompt: str
    prompt_hint: str
    sent: str
    sent_hint: str
    seconds: str


EN = InspectorWords(
    title="What the model saw",
    open="What the model saw",
    close="Close",
    turn="Turn {number} of {count}",
    earlier="Turn before",
    later="Next turn",
    whose="Whose answer",
    nothing="Ask something first. What the model received of it is shown here.",
    looking="Looking",
    remote="A server elsewhere answered. What was sent is known; what it made of it (how it scaled a "
    "picture, its prompt, its memory) cannot be seen from here.",
    rebuilt="Made anew from the conversation with the settings of now.",
    other_backend="This turn may have been answered by another model than {name}, which would receive this.",
    not_shown="Received: {size}. This model does not show the picture that it makes of this one.",
    pictures="Picture",
    original="Original",
    received="Received",
    size="{width}×{height} pixels",
    image_tokens="{count} tokens",
    mapping="One pixel received is {x} × {y} of the original; it fills {left}, {top} to {right}, {bottom}.",
    untold="The server does not tell how many tokens.",
    sound="Sound",
    waveform="The recording's waveform",
    duration="{seconds} s at {rate} Hz",
    level="loudest {peak} dB, on average {mean} dB",
    silent="This recording is silent.",
    quiet="This recording is very quiet; the model may hear nothing.",
    clipped="This recording is too loud: its loudest parts are cut.",
    mel="What the ear receives: low tones at the bottom",
    mel_frames="{frames} frames of 80 bands",
    audio_tokens="{count} tokens",
    transcript="The model has no ear. It was given this text: “{text}”",
    gates="Gates",
    gates_hint="How far each fusion layer opened to the picture and to the sound while it read, 0 to 100 %.",
    layer="Layer {number}",
    image="picture",
    audio="sound",
    times="Time",
    queued="Waited",
    prefill="Read the prompt",
    first_token="First token after",
    thinking="Thought",
    answer="Answered",
    total="Whole",
    speed="Tokens per second",
    tokens="Tokens",
    prompt_tokens="Prompt",
    reasoning_tokens="Thinking",
    answer_tokens="Answer",
    memory="Memory",
    memory_of="{used} of {total} GB",
    prompt="Prompt",
    prompt_hint="{count} tokens, to the letter",
    sent="Request",
    sent_hint="Keys are masked, pictures and recordings shortened.",
    seconds="{seconds} s",
)

ZH = InspectorWords(
    title="模型看到了什么",
    open="模型看到了什么",
    close="关闭",
    turn="第 {number} 轮，共 {count} 轮",
    earlier="上一轮",
    later="下一轮",
    whose="谁的回答",
    nothing="先问点什么。模型实际收到的内容会显示在这里。",
    looking="正在查看",
    remote="回答来自别处的服务器。发送了什么是知道的；它如何处理（怎样缩放图片、提示词、内存）从这里看不到。",
    rebuilt="按对话内容和现在的设置重新生成。",
    other_backend="这一轮可能是另一个模型回答的；这里显示 {name} 会收到的内容。",
    not_shown="收到的是 {size}。这个模型不显示它处理后的图片。",
    pictures="图片",
    original="原图",
    received="收到的",
    size="{width}×{height} 像素",
    image_tokens="{count} 词元",
    mapping="收到的一个像素相当于原图的 {x} × {y}；内容占 {left}, {top} 到 {right}, {bottom}。",
    untold="服务器没有说明词元数。",
    sound="声音",
    waveform="录音的波形",
    duration="{seconds} 秒，{rate} Hz",
    level="最响 {peak} dB，平均 {mean} dB",
    silent="这段录音没有声音。",
    quiet="这段录音很轻，模型可能什么也听不到。",
    clipped="这段录音太响，最响的部分被截断了。",
    mel="耳朵收到的内容：低音在下方",
    mel_frames="{frames} 帧，80 个频带",
    audio_tokens="{count} 词元",
    transcript="模型没有耳朵，收到的是这段文字：“{text}”",
    gates="门控",
    gates_hint="阅读时每个融合层对图片和声音打开了多少，0 到 100%。",
    layer="第 {number} 层",
    image="图片",
    audio="声音",
    times="时间",
    queued="排队",
    prefill="阅读提示词",
    first_token="首个词元",
    thinking="思考",
    answer="回答",
    total="总计",
    speed="每秒词元",
    tokens="词元",
    prompt_tokens="提示词",
    reasoning_tokens="思考",
    answer_tokens="回答",
    memory="内存",
    memory_of="{used} / {total} GB",
    prompt="提示词",
    prompt_hint="{count} 词元，一字不差",
    sent="请求",
    sent_hint="密钥已隐去，图片和录音已缩短。",
    seconds="{seconds} 秒",
)
