"""The words of the endpoint doctor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoctorWords:
    """`steps` and `facts` by the names that the doctor gives them; `advice` what to change."""

    preset: str
    check: str
    checking: str
    title: str
    filled: str
    steps: Mapping[str, str]
    facts: Mapping[str, str]
    advice: Mapping[str, str]


EN = DoctorWords(
    preset="Fill in the usual address of",
    check="Check this endpoint",
    checking="Asking",
    title="What this endpoint can do",
    filled="The address and the model that work are filled in.",
    steps={
        "reachable": "Answers",
        "streams": "Streams",
        "thinks": "Thinks",
        "sees": "Sees",
        "hears": "Hears",
        "stops": "Stops",
    },
    facts={
        "unreachable": "It could not be asked.",
        "slow": "No answer within {seconds} seconds.",
        "no_models": "It answers, but lists no model.",
        "unknown_model": "It has no model {model}. It has: {listed}.",
        "reachable": "{model} answers; models listed: {count}. It speaks like {dialect}.",
        "reachable_unlisted": "It lists no models; {model} answers. It speaks like {dialect}.",
        "failed": "It failed.",
        "empty": "It answered nothing.",
        "one_piece": "The whole answer comes at once, after {seconds} s.",
        "streams": "In {pieces} pieces, the first after {seconds} s.",
        "no_thinking": "No thinking was shown.",
        "thinks": "It shows its thinking, as {dialect} does.",
        "no_pictures": "It took no picture.",
        "no_place": "It took the picture, but gave no place. It said: {answer}",
        "sees": "It pointed at the red disc, {miss} thousandths from its middle.",
        "points_wrong": "It pointed {miss} thousandths beside the red disc.",
        "no_sound": "It took no sound.",
        "transcribes": "It has no ear; its speech recogniser wrote: {text}",
        "hears": "It understood the words of the recording.",
        "not_understood": "It took the sound, but did not give its words. It said: {answer}",
        "stops": "An answer ended {seconds} s after it was stopped, and the next question was answered.",
        "busy_after_stop": "After an answer was stopped, the next question failed.",
    },
    advice={
        "no_models": "Give the name of the model.",
        "unknown_model": "Choose one of these.",
        "slow": "See whether the server still loads its model, or is overloaded.",
        "one_piece": "Look for a proxy that buffers, or switch streaming on in the server.",
        "empty": "Try another model.",
        "no_thinking": "Choose a model that thinks, or start the server with its reasoning parser.",
        "no_place": "Taps will not be drawn. Choose a model that is trained to point.",
        "points_wrong": "Taps will be off. The server may shrink pictures: look for a limit of pixels.",
        "no_pictures": "Choose a model that sees, or load its vision part in the server.",
        "no_sound": "Type instead of speaking, or serve a speech recogniser beside the model.",
        "not_understood": "Spoken questions may be misunderstood.",
        "busy_after_stop": "The server may go on with stopped answers.",
    },
)

ZH = DoctorWords(
    preset="填入常用地址",
    check="检查这个接口",
    checking="正在询问",
    title="这个接口能做什么",
    filled="已填入可用的地址和模型。",
    steps={
        "reachable": "应答",
        "streams": "流式",
        "thinks": "思考",
        "sees": "看图",
        "hears": "听音",
        "stops": "停止",
    },
    facts={
        "unreachable": "无法询问。",
        "slow": "{seconds} 秒内没有回答。",
        "no_models": "有应答，但没有列出模型。",
        "unknown_model": "没有模型 {model}。它有：{listed}。",
        "reachable": "{count} 个模型；{model} 能回答。说法与 {dialect} 相同。",
        "reachable_unlisted": "没有列出模型；{model} 能回答。说法与 {dialect} 相同。",
        "failed": "失败了。",
        "empty": "回答是空的。",
        "one_piece": "{seconds} 秒后，整个回答一次到达。",
        "streams": "分 {pieces} 段到达，第一段在 {seconds} 秒后。",
        "no_thinking": "没有显示思考。",
        "thinks": "会显示思考，方式与 {dialect} 相同。",
        "no_pictures": "不接受图片。",
        "no_place": "接受了图片，但没有给出位置。它说：{answer}",
        "sees": "指向了红色圆点，离圆心千分之 {miss}。",
        "points_wrong": "指向红色圆点旁边千分之 {miss} 处。",
        "no_sound": "不接受声音。",
        "transcribes": "它没有耳朵；语音识别写下：{text}",
        "hears": "听懂了录音里的话。",
        "not_understood": "接受了声音，但没有说出其中的话。它说：{answer}",
        "stops": "停止后 {seconds} 秒回答结束，下一个问题得到了回答。",
        "busy_after_stop": "停止一个回答之后，下一个问题失败了。",
    },
    advice={
        "no_models": "请填写模型名称。",
        "unknown_model": "请从中选择一个。",
        "slow": "请看服务器是否还在加载模型，或者负载过高。",
        "one_piece": "请检查是否有代理在缓冲，或在服务器上打开流式输出。",
        "empty": "请换一个模型。",
        "no_thinking": "请选择会思考的模型，或在启动服务器时打开它的推理解析器。",
        "no_place": "点击位置画不出来。请选择会指位置的模型。",
        "points_wrong": "点击会有偏差。服务器可能缩小了图片：请检查像素上限。",
        "no_pictures": "请选择能看图的模型，或在服务器上加载它的视觉部分。",
        "no_sound": "请打字代替说话，或在模型旁边提供语音识别服务。",
        "not_understood": "语音提问可能会被误解。",
        "busy_after_stop": "服务器可能还在继续已停止的回答。",
    },
)
