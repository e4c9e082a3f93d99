"""Every word of the page, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autoglm_ui.settings import Language
from autoglm_ui.view.words import actions as action_words
from autoglm_ui.view.words import compare as compare_words
from autoglm_ui.view.words import doctor as doctor_words
from autoglm_ui.view.words import history as history_words
from autoglm_ui.view.words import inspector as inspector_words
from autoglm_ui.view.words import keys as key_words
from autoglm_ui.view.words import meter as meter_words
from autoglm_ui.view.words import phone as phone_words
from autoglm_ui.view.words import review as review_words
from autoglm_ui.view.words import sign_in as sign_in_words
from autoglm_ui.view.words import voice as voice_words
from autoglm_ui.view.words.actions import ActionWords
from autoglm_ui.view.words.compare import CompareWords
from autoglm_ui.view.words.doctor import DoctorWords
from autoglm_ui.view.words.history import HistoryWords
from autoglm_ui.view.words.inspector import InspectorWords
from autoglm_ui.view.words.keys import KeyWords
from autoglm_ui.view.words.meter import MeterWords
from autoglm_ui.view.words.phone import PhoneWords
from autoglm_ui.view.words.review import ReviewWords
from autoglm_ui.view.words.sign_in import SignInWords
from autoglm_ui.view.words.voice import VoiceWords
from engine.protocol import FailureKind


@dataclass(frozen=True, slots=True)
class FailureWords:
    """What failed, and what to do next."""

    title: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Strings:
    """One language. Names in braces are filled in with `str.format`."""

    code: Language
    welcome: str
    new: str
    settings: str
    close: str
    placeholder: str
    message: str
    attach: str
    record: str
    send: str
    stop: str
    retry: str
    copy: str
    earlier: str
    remove: str
    examples: str
    example_screen: str
    example_voice: str
    example_both: str
    example_who_en: str
    example_who_zh: str
    thinking: str
    thought: str
    thought_untimed: str
    waiting: str
    waiting_behind: str
    loading: str
    loading_percent: str
    loading_queued: str
    load_failed: str
    answering: str
    ready: str
    stopped: str
    failed: str
    cut_off: str
    filtered: str
    stopped_empty: str
    said_nothing: str
    first_token: str
    speed: str
    tokens: str
    saw: str
    heard: str
    heard_text: str
    no_eye: str
    no_ear: str
    dropped: str
    still_answering: str
    nothing_to_send: str
    too_many: str
    too_many_to_send: str
    refused: str
    picture: str
    upload_full: str
    upload_failed: str
    upload_large: str
    silent: str
    microphone_insecure: str
    microphone_denied: str
    microphone_missing: str
    microphone_failed: str
    backend: str
    backend_locked: str
    bundled: str
    checkpoint: str
    endpoint: str
    model_path: str
    model_path_hint: str
    url: str
    key: str
    key_hint: str
    remote_model: str
    remote_model_hint: str
    use: str
    now_answers: str
    think: str
    think_hint: str
    temperature: str
    temperature_hint: str
    max_tokens: str
    language: str
    actions: ActionWords
    compare: CompareWords
    inspector: InspectorWords
    doctor: DoctorWords
    keys: KeyWords
    voice: VoiceWords
    phone: PhoneWords
    history: HistoryWords
    review: ReviewWords
    meter: MeterWords
    sign_in: SignInWords
    failures: Mapping[FailureKind, FailureWords]


EN = Strings(
    code="en",
    welcome="Ask me in writing, show me a phone screen, or just speak.",
    new="New chat",
    settings="Settings",
    close="Close",
    placeholder="Write, paste a screenshot, or speak",
    message="Message",
    attach="Add a picture or a recording",
    record="Record",
    send="Send",
    stop="Stop",
    retry="Try again",
    copy="Copy",
    earlier="Show what was said before",
    remove="Remove {name}",
    examples="Examples",
    example_screen="What is on this screen?",
    example_voice="A spoken command",
    example_both="A screen and a spoken command",
    example_who_en="Who are you?",
    example_who_zh="你是谁？",
    thinking="Thinking",
    thought="Thought for {seconds} s",
    thought_untimed="Thoughts",
    waiting="Reading",
    waiting_behind="Waiting, {position} before you",
    loading="Loading {name}",
    loading_percent="Loading {name}, {percent} %",
    loading_queued="Your message is kept and will be answered as soon as the model is loaded.",
    load_failed="{name} could not be loaded",
    answering="Answering",
    ready="Ready",
    stopped="Stopped",
    failed="Failed",
    cut_off="The answer reached its limit of tokens. Raise it in the settings for longer answers.",
    filtered="The server withheld the rest of this answer.",
    stopped_empty="Stopped before an answer.",
    said_nothing="The model ended without an answer.",
    first_token="first token {seconds} s",
    speed="{speed} tokens/s",
    tokens="{count} tokens",
    saw="saw {width}×{height} from {original_width}×{original_height}",
    heard="heard {seconds} s",
    heard_text="heard “{transcript}”",
    no_eye="cannot see pictures",
    no_ear="has no ear",
    dropped="the oldest {count} turns did not fit",
    still_answering="I am still answering. Your message stays here: send it when I am done, or press Stop.",
    nothing_to_send="Type something, add a picture, or speak.",
    too_many="A message takes up to {count} attachments. Remove one, or send these first.",
    too_many_to_send="A message takes up to {count} attachments. Take one out, then send.",
    refused="{name} cannot be used",
    picture="Picture",
    upload_full="The disk of the machine that serves this page is full. Your file or recording is kept here "
    "and sent as soon as there is room; leave this page open.",
    upload_failed="Your file or recording could not be sent. It is kept here and tried again; leave this "
    "page open.",
    upload_large="A file is larger than {size} MB and was left out. Choose a smaller one; whoever runs this "
    "page can allow more: --max-upload-mb.",
    silent="This recording is silent. Is the right microphone chosen, and is it switched on?",
    microphone_insecure="Browsers lend their microphone only to pages of this machine or over HTTPS. "
    "Open the page at http://localhost, or attach a recording instead.",
    microphone_denied="The browser does not let this page use the microphone. Allow it at the left of the "
    "address bar, then record again.",
    microphone_missing="No microphone was found. Connect one, then record again, or attach a recording.",
    microphone_failed="The microphone could not be started. Another program may be using it.",
    backend="What answers",
    backend_locked="Chosen by whoever runs this page.",
    bundled="Nano, the bundled model",
    checkpoint="A checkpoint",
    endpoint="An endpoint",
    model_path="Folder or Hugging Face name",
    model_path_hint="zai-org/AutoGLM-Phone-9B",
    url="Address",
    key="Key",
    key_hint="Leave empty if it needs none, or to keep the one given",
    remote_model="Model",
    remote_model_hint="Leave empty for the first it offers",
    use="Use this",
    now_answers="{name} answers from now on.",
    think="Think before answering",
    think_hint="Shows the reasoning first; slower, often better",
    temperature="Temperature",
    temperature_hint="0 always gives the most likely answer",
    max_tokens="Longest answer, in tokens",
    language="Language",
    actions=action_words.EN,
    compare=compare_words.EN,
    inspector=inspector_words.EN,
    doctor=doctor_words.EN,
    keys=key_words.EN,
    voice=voice_words.EN,
    phone=phone_words.EN,
    history=history_words.EN,
    review=review_words.EN,
    meter=meter_words.EN,
    sign_in=sign_in_words.EN,
    failures={
        FailureKind.INVALID_REQUEST: FailureWords(
            "This could not be asked", "Change the message or the settings."
        ),
        FailureKind.TOO_LONG: FailureWords(
            "The message is too long", "Shorten it, or choose a larger model."
        ),
        FailureKind.BAD_MEDIA: FailureWords("A file could not be read", "Try another picture or recording."),
        FailureKind.UNSUPPORTED: FailureWords(
            "The model does not take this", "Choose another model in the settings, or leave it out."
        ),
        FailureKind.LOAD_FAILED: FailureWords(
            "The model could not be loaded", "Choose another one in the settings."
        ),
        FailureKind.OUT_OF_MEMORY: FailureWords(
            "There is not enough memory",
            "Close other programs, shorten the answer, or choose a smaller model.",
        ),
        FailureKind.BUSY: FailureWords("The assistant is busy", "Try again in a moment."),
        FailureKind.UNREACHABLE: FailureWords(
            "The server cannot be reached", "Check its address in the settings, and that it runs."
        ),
        FailureKind.UNAUTHORIZED: FailureWords(
            "The server refused the key", "Check the key in the settings."
        ),
        FailureKind.NOT_FOUND: FailureWords(
            "The server does not know this model or address", "Check both in the settings."
        ),
        FailureKind.RATE_LIMITED: FailureWords(
            "The server asks to slow down", "Wait a little, then try again."
        ),
        FailureKind.TIMED_OUT: FailureWords("The server took too long", "Try again."),
        FailureKind.INTERRUPTED: FailureWords("The answer broke off", "What had arrived is kept. Try again."),
        FailureKind.SERVER_ERROR: FailureWords(
            "The server failed", "Try again; if it stays, see the server's log."
        ),
        FailureKind.INTERNAL: FailureWords(
            "Something went wrong here", "Try again; the program's log has the details."
        ),
    },
)

ZH = Strings(
    code="zh",
    welcome="打字提问、发一张手机截图，或者直接说话。",
    new="新对话",
    settings="设置",
    close="关闭",
    placeholder="输入文字、粘贴截图，或者说话",
    message="消息",
    attach="添加图片或录音",
    record="录音",
    send="发送",
    stop="停止",
    retry="重试",
    copy="复制",
    earlier="显示更早的内容",
    remove="移除 {name}",
    examples="示例",
    example_screen="屏幕上有什么？",
    example_voice="一条语音指令",
    example_both="截图加语音指令",
    example_who_en="Who are you?",
    example_who_zh="你是谁？",
    thinking="思考中",
    thought="思考了 {seconds} 秒",
    thought_untimed="思考过程",
    waiting="正在阅读",
    waiting_behind="排队中，前面还有 {position} 个",
    loading="正在加载 {name}",
    loading_percent="正在加载 {name}，{percent}%",
    loading_queued="消息已收到，模型加载完成后马上回答。",
    load_failed="{name} 加载失败",
    answering="回答中",
    ready="就绪",
    stopped="已停止",
    failed="失败",
    cut_off="回答达到了长度上限。可以在设置中调高上限。",
    filtered="服务器没有给出这个回答的其余部分。",
    stopped_empty="在回答之前停止了。",
    said_nothing="模型没有给出回答就结束了。",
    first_token="首字 {seconds} 秒",
    speed="{speed} 词元/秒",
    tokens="{count} 词元",
    saw="看到 {width}×{height}，原图 {original_width}×{original_height}",
    heard="听到 {seconds} 秒",
    heard_text="听到“{transcript}”",
    no_eye="看不了图片",
    no_ear="听不了声音",
    dropped="最早的 {count} 条消息放不下，没有读",
    still_answering="我还在回答。你的消息留在这里：等我答完再发送，或者先点停止。",
    nothing_to_send="请输入文字、添加图片，或者说话。",
    too_many="一条消息最多带 {count} 个附件。请移除一个，或先发送这些。",
    too_many_to_send="一条消息最多带 {count} 个附件。请移除一个再发送。",
    refused="无法使用 {name}",
    picture="图片",
    upload_full="运行此页面的机器磁盘已满。你的文件或录音留在这里，有空间后马上发送；请不要关闭页面。",
    upload_failed="你的文件或录音没能发送。它留在这里，会自动重试；请不要关闭页面。",
    upload_large="有文件超过 {size} MB，没有添加。请选择小一些的文件；"
    "运行此页面的人可以用 --max-upload-mb 放宽。",
    silent="这段录音没有声音。请确认选对了麦克风，并且它已打开。",
    microphone_insecure="浏览器只允许本机页面或 HTTPS 页面使用麦克风。"
    "请用 http://localhost 打开此页面，或者添加录音文件。",
    microphone_denied="浏览器不允许此页面使用麦克风。请在地址栏左侧允许，然后重新录音。",
    microphone_missing="没有找到麦克风。请连接麦克风后重新录音，或者添加录音文件。",
    microphone_failed="麦克风无法启动，可能正被其他程序使用。",
    backend="由谁回答",
    backend_locked="由运行此页面的人选定。",
    bundled="Nano，自带的小模型",
    checkpoint="模型权重",
    endpoint="接口服务",
    model_path="文件夹或 Hugging Face 名称",
    model_path_hint="zai-org/AutoGLM-Phone-9B",
    url="地址",
    key="密钥",
    key_hint="不需要密钥或沿用已填的密钥，就留空",
    remote_model="模型",
    remote_model_hint="留空则用服务提供的第一个",
    use="使用",
    now_answers="从现在起由 {name} 回答。",
    think="回答前先思考",
    think_hint="先显示思考过程；慢一些，往往更好",
    temperature="温度",
    temperature_hint="0 总是给出最可能的回答",
    max_tokens="回答的最大长度（词元）",
    language="语言",
    actions=action_words.ZH,
    compare=compare_words.ZH,
    inspector=inspector_words.ZH,
    doctor=doctor_words.ZH,
    keys=key_words.ZH,
    voice=voice_words.ZH,
    phone=phone_words.ZH,
    history=history_words.ZH,
    review=review_words.ZH,
    meter=meter_words.ZH,
    sign_in=sign_in_words.ZH,
    failures={
        FailureKind.INVALID_REQUEST: FailureWords("这个请求无法提出", "请修改消息或设置。"),
        FailureKind.TOO_LONG: FailureWords("消息太长", "请缩短消息，或换一个更大的模型。"),
        FailureKind.BAD_MEDIA: FailureWords("文件无法读取", "请换一张图片或一段录音。"),
        FailureKind.UNSUPPORTED: FailureWords("模型不支持这种输入", "请在设置中换一个模型，或去掉这项内容。"),
        FailureKind.LOAD_FAILED: FailureWords("模型加载失败", "请在设置中换一个模型。"),
        FailureKind.OUT_OF_MEMORY: FailureWords("内存不足", "请关闭其他程序、缩短回答，或换一个更小的模型。"),
        FailureKind.BUSY: FailureWords("助手正忙", "请稍后再试。"),
        FailureKind.UNREACHABLE: FailureWords("连不上服务器", "请检查设置中的地址，并确认服务器正在运行。"),
        FailureKind.UNAUTHORIZED: FailureWords("服务器不接受这个密钥", "请检查设置中的密钥。"),
        FailureKind.NOT_FOUND: FailureWords("服务器上没有这个模型或地址", "请在设置中检查这两项。"),
        FailureKind.RATE_LIMITED: FailureWords("请求太频繁", "请稍等片刻再试。"),
        FailureKind.TIMED_OUT: FailureWords("服务器响应超时", "请重试。"),
        FailureKind.INTERRUPTED: FailureWords("回答中断了", "已收到的内容都保留着。请重试。"),
        FailureKind.SERVER_ERROR: FailureWords("服务器出错", "请重试；如果一直这样，请查看服务器日志。"),
        FailureKind.INTERNAL: FailureWords("程序出错", "请重试；详细信息在程序日志里。"),
    },
)

LANGUAGES: Mapping[Language, Strings] = {"zh": ZH, "en": EN}


def preferred(accept_language: str) -> Language:
    """The language of a browser by its ``Accept-Language`` header: Chinese if it asks for it first."""
    first = accept_language.partition(",")[0].strip().lower()
    return "zh" if first.startswith("zh") else "en"


def known(name: str | None) -> Language | None:
    """`name` as a language of the page, None if it is not one."""
    return next((language for language in LANGUAGES if language == name), None)
