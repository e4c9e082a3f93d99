"""What people say to nano, by intent and language; the last lines of each list are kept for evaluation."""

# ruff: noqa: E501 - lists of sayings
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from engine.train.lexicon import APPS, FOREIGN, THINGS, Language, Split


@dataclass(frozen=True, slots=True)
class Phrases:
    """Ways to say one thing. `{name}` stands for a thing, `{number}` for a spoken number."""

    train: tuple[str, ...]
    heldout: tuple[str, ...]

    def of(self, split: Split) -> tuple[str, ...]:
        return self.train if split == "train" else self.heldout


def phrases(train: str, heldout: str) -> Phrases:
    """A line a way to say it; `(a|b|)` in a training line stands for each of its choices."""
    kept = tuple(heldout.strip().split("\n"))
    reserved = {utterance(line) for line in kept}
    spoken = dict.fromkeys(text for line in train.strip().split("\n") for text in expand(line))
    return Phrases(tuple(text for text in spoken if utterance(text) not in reserved), kept)


_CHOICE = re.compile(r"\(([^()]*)\)")


def expand(pattern: str) -> Iterator[str]:
    """Every text that a pattern stands for."""
    choice = _CHOICE.search(pattern)
    if choice is None:
        yield pattern
        return
    for option in choice[1].split("|"):
        yield from expand(pattern[: choice.start()] + option + pattern[choice.end() :])


def utterance(text: str) -> str:
    """The words of `text` as a voice says them: no punctuation, English in lower case."""
    words = "".join(character for character in text if character not in "？。，！?.,!'")
    return words.lower().strip()


PHRASES: dict[str, dict[Language, Phrases]] = {
    "identity": {
        "zh": phrases(
            "(请问|你好，|嗨，|那|喂，)你(到底|究竟|)是(谁|什么)(呀|啊|)(？|)\n"
            "(请问|)(你|您)(叫|的名字叫|名叫)(什么|啥)(名字|)(呢|呀|)(？|)\n"
            "(请|麻烦|能不能|可以|你)(先|)(介绍|说明)(一下|下)(你|)自己(吗|吧|)(？|。|)\n"
            "(请|先|来个|做个|)(简短的|简单|)自我介绍(吧|一下|)\n"
            "我(该|应该|可以|要)怎么(称呼|叫)你(呢|？|)\n"
            "(告诉我|说说|讲讲|我想知道)(你是谁|你的名字|你叫什么名字|你的身份|你是什么)(。|)\n"
            "你是(一个|)(什么样的|哪种|哪一个|什么|哪个)(模型|助手|程序|人工智能|软件|机器人)(呢|？|)\n"
            "你是(谁做的|机器人|真人|人|语言模型|大模型|AI|AutoGLM|ChatGPT|Siri)(吗|)(？|)\n"
            "(现在|)(跟|和)我(说话|聊天|对话)的是谁(？|)\n"
            "这是(什么|哪个)(模型|助手|软件)(？|)\n"
            "关于你自己，(说几句|说点什么|介绍一下)\n"
            "你是谁\n你是谁？\n你叫什么名字？\n介绍一下你自己\n请介绍一下自己。\n你是什么模型？\n你是什么？\n"
            "你是哪个助手？\n请问你是谁呀\n自我介绍一下\n告诉我你是谁\n你好，你是谁？\n能介绍下你自己吗？\n你是人工智能吗？\n"
            "你叫什么？\n我在和谁说话？\n你到底是谁",
            "请问你是谁？\n你的名字是什么？\n简单介绍一下自己吧\n你是什么助手？\n请告诉我你叫什么",
        ),
        "en": phrases(
            "(hello|hi|hey|ok|excuse me)(,|) (who|what) are you(?|)\n"
            "(Please |Just |Can you |Could you |Would you |)tell me (who you are|what you are|your name|what you are called|about yourself|a bit about yourself)(?|.|)\n"
            "(What|Which|What kind of|What sort of) (model|assistant|AI|program|system|chatbot|bot) (are you|is this|am I talking to)(?|)\n"
            "What (do I|can I|may I|shall I|do people|should people|would I) call you(?|)\n"
            "(How|What) should I (address|name) you(?|)\n"
            "(Do you have|Have you got|Can you say|What's|May I know|I want to know) (a name|your name)(?|)\n"
            "(Can|Could|Would|Will) you (please |)(introduce|describe|present) yourself(?| please)\n"
            "(Introduce|Describe|Present|Explain) yourself(, please|.|)\n"
            "(Who|What) (exactly |really |)(are you|is this|am I speaking with|am I chatting with|is talking|made you)(?|)\n"
            "Are you (a robot|a bot|human|a person|a language model|AutoGLM|ChatGPT|Siri|a real person|an assistant)(?|)\n"
            "(your name|name|who r u|and you are)(?|)\n"
            "(Say|Give me|I would like|Let me hear) (something about yourself|a short introduction|an introduction of yourself)\n"
            "I (want|would like) to know who you are\n"
            "who are you\nWho are you?\nWhat are you?\nWhat is your name?\nwhat's your name\nIntroduce yourself.\n"
            "Please introduce yourself\nTell me about yourself\nWhich model are you?\nWhat model is this?\n"
            "Who am I talking to?\nHi, who are you?\nAre you an AI?\nwho is this\nSo who are you exactly?\n"
            "Can you introduce yourself?\nTell me who you are.",
            "Hello, who are you?\nPlease tell me who you are\nWhat should I call you?\n"
            "Could you introduce yourself?\nWhat kind of model are you?",
        ),
    },
    "help": {
        "zh": phrases(
            "(请问|那|你好，|)你(到底|都|究竟|)(能|会|可以)(做|干|帮我做|完成)(什么|啥|哪些事情|哪些事)(呢|呀|)(？|)\n"
            "你(都|)(有|具备)(什么|哪些|啥)(功能|能力|本事|技能|用处|特长)(呢|？|)\n"
            "(请|)(介绍|说明|讲讲|说说|列出|展示)(一下|)(你|)的(功能|能力|技能|用法|使用方法)(。|)\n"
            "(我|大家)(可以|能|该|应该)(怎么|如何)(用|使用)你(？|)\n"
            "(我|)(能|可以|该)(问|让|叫|请)你(什么|做什么|干什么|帮什么)(？|)\n"
            "你(能|可以)(怎么|如何)(帮|帮助)我(？|)\n"
            "(怎么|如何)使用(这个|)(助手|软件|程序|应用)(？|)\n"
            "(帮帮我|需要帮助|给点提示|我该从哪里开始|我不知道怎么用|教我怎么用|教教我怎么用你)\n"
            "你(擅长|最擅长|精通)(什么|做什么|哪些)(？|)\n"
            "(告诉我|我想知道)你(会|能|可以)(做什么|干什么|帮我做什么|哪些事)\n"
            "(有|还有)(什么|哪些)(我|)可以(用|试试|试)的(功能|吗|)(？|)\n"
            "(请问|那|你好，|嗨，|)(你|您)(能|会|可以|都能|都会|都可以)(帮我|替我|为大家|)(做些|做点|干些|办些|做成|处理)(什么|啥|什么事)(呢|呀|)(？|)\n"
            "你能做什么\n你能做什么？\n你会什么？\n你会做什么？\n你有什么功能？\n你可以帮我做什么？\n怎么用你？\n帮助\n"
            "你能干什么\n我可以让你做什么？\n你都会些什么？\n有哪些功能？\n你有什么本领\n说说你的能力\n你可以做哪些事？\n"
            "你能帮我什么忙？\n使用说明",
            "请问你会做什么？\n你都能做些什么？\n你有哪些功能？\n你能为我做什么？\n介绍一下你的功能",
        ),
        "en": phrases(
            "(hello|hi|hey|so|ok)(,|) what can you do(?|)\n"
            "(What|Which) (things|tasks|jobs|kinds of things|sort of things) (can|could) you (do|handle|perform|help me with)(?|)\n"
            "(What|Which) (functions|abilities|capabilities|powers|talents|tools) do you (have|offer|provide)(?|)\n"
            "(What are|List|Describe|Explain|Show me|Tell me) your (functions|capabilities|abilities|skills|features|powers|options)(.|?|)\n"
            "What (can|could|may|should) I (ask you|use you for|do with you|ask|ask for|try|tell you to do)(?|)\n"
            "How (can|could|do|should) (I|we) (use|work with|talk to|operate) (you|this|this assistant|this app)(?|)\n"
            "(In what way|How) (can|could|will|would) you (assist|support|be of help to|help) (me|us)(?|)\n"
            "(What|How much) (are you capable of|do you know how to do|can you help me do|do you know|do you offer)(?|)\n"
            "(Please |)(explain|say|show|tell me|let me know) (what you can do|what you are able to do|how you can help|how to use you|what you do|what you are good for)(.|?|)\n"
            "(I need help|help please|some help please|can you help me|could you help me|please help me|give me some hints|where do I start|instructions|usage|user guide|I do not know how to use this)(?|)\n"
            "(Are you able to|Can you) do anything (useful|for me|else)(?|)\n"
            "What (is|are) (this|you) (good for|for|useful for)(?|)\n"
            "(Please |Can you |Could you |)(list|name|describe|explain|show) (all |)(your skills|your features|what you offer|the things you can do|what is possible)(.|?|)\n"
            "(So |And |)(how|what) (can|could|would) you (help|help me with|do to help|do for us|do right now)(?|)\n"
            "what can you do\nWhat can you do?\nHow can you help me?\nhelp\nHelp me\nWhat are you able to do?\n"
            "What are your skills?\nHow do I use you?\nWhat do you do?\nWhat can I ask you?\n"
            "List your features\nWhat are your abilities?\nTell me what you can do\nwhat else can you do\n"
            "What are you good at?\nShow me what you can do\nWhat can you help with?",
            "What can you do for me?\nWhat are your features?\nHow can you help?\n"
            "Please tell me what you can do.\nWhat skills do you have?",
        ),
    },
    "greeting": {
        "zh": phrases(
            "(你好|您好|嗨|哈喽|嘿)(，|)(小助手|朋友|AutoGLM|在吗|)(！|。|)\n"
            "(早|早安|早上好啊|中午好|晚安|晚上好呀|下午好呀|大家好|好久不见|很高兴见到你|见到你很高兴)(！|)\n"
            "你好\n您好\n嗨\n早上好\n晚上好\n你好呀\n在吗\n哈喽\n你好啊\n下午好",
            "你好！\n嗨，你好\n早上好呀",
        ),
        "en": phrases(
            "(hello|hi|hey)(,|) (assistant|friend|AutoGLM|there|you|again)(!|.|)\n"
            "(good day|good night|greetings|howdy|nice to meet you|hello hello|hi hi|morning|evening|welcome)(!|.|)\n"
            "hello\nHello!\nHi\nhi there\nHey\nGood morning\nGood evening\nhello there\nHey there!\ngood afternoon",
            "Hello there!\nHi to you!\nGood morning!",
        ),
    },
    "thanks": {
        "zh": phrases("谢谢\n谢谢你\n多谢\n非常感谢\n太好了，谢谢", "谢谢！\n感谢你"),
        "en": phrases(
            "thanks\nThank you\nThank you!\nthanks a lot\ngreat, thanks", "Thanks!\nThank you so much"
        ),
    },
    "describe": {
        "zh": phrases(
            "(请|帮我|)(描述|说明|介绍|看看|说说|讲讲)(一下|)(这张|当前|这个|)(截图|屏幕|画面|界面|图片)(。|)\n"
            "(这|)(屏幕|画面|截图|界面|图片|图)(上|里|中)(面|)(都|)(有|显示了|有些)(什么|啥|哪些)(东西|应用|图标|按钮|内容)(？|)\n"
            "(你|)(能|可以|)(看见|看到|看出)(了|)(什么|哪些东西|些什么)(？|)\n"
            "(列出|告诉我|说出)(图|图片|画面|屏幕|界面)(上|里)的(所有|)(应用|图标|按钮|东西|内容)\n"
            "屏幕上有什么\n屏幕上有什么？\n这张图里有什么？\n描述一下这个屏幕\n描述屏幕\n看看屏幕上有什么\n截图里有什么？\n"
            "你看到了什么？\n屏幕上有哪些东西？\n这个屏幕上有哪些应用和按钮？\n屏幕里有什么\n告诉我屏幕上有什么\n"
            "有哪些图标？\n列出屏幕上的东西\n这是什么界面？\n看图说说有什么\n现在屏幕上显示什么",
            "请描述一下屏幕\n截图上有哪些东西？\n你能看到什么？\n屏幕上都有什么\n列出截图里的图标",
        ),
        "en": phrases(
            "(Please |Can you |Could you |)(describe|explain|read|look at) (this|the|my) (screenshot|picture|image|phone screen|page|display)(?|.|)\n"
            "(What|Which things|Which items|What things) (are|can be seen|do you find|can you find) (on|in) (the|this|my) (screen|screenshot|picture|image)(?|)\n"
            "What (is|do you see|can you see) (in|on) (this|the|my) (picture|image|page|screenshot|display)(?|)\n"
            "(So |Now |And |)(what|what all|what things|what else) (is|do I have|do we have|is there|can one see) (here |)on (the|my|this) (phone|display|page|phone screen|home screen|picture|screenshot)(?|)\n"
            "(Say|Let me know|Explain|Show me|Please say) (what|everything that|all that) you (see|can see|notice|recognise|find)( there| here| on it|)(.|)\n"
            "(What is|What's|What all is) (visible|to be seen|displayed|shown) on (the|this|my) (screen|display|page|phone)(?|)\n"
            "(Tell me|Tell us|Please tell me) (what is|what there is|everything|all that is|which things are) (here|there|on this page|on the display|in the picture|on my phone)(.|)\n"
            "(List|Name|Tell me|Show me) (all |)the (icons|apps|buttons|things|items) (on the screen|in the picture|you see|on this page)\n"
            "(What's|What is) (here|there|in the picture|shown here|on my phone|on the display)(?|)\n"
            "what is on the screen\nWhat is on the screen?\nWhat's on the screen?\nDescribe the screen\n"
            "Describe this screen.\nDescribe this picture\nWhat do you see?\nWhat can you see?\n"
            "What is in this screenshot?\nList the things on the screen\nWhich apps are on the screen?\n"
            "What apps and buttons are there?\nTell me what is on the screen\nwhat does the screen show\n"
            "Look at the screen\nWhat icons are there?\nlist what you see",
            "Please describe the screen\nWhat do you see on the screen?\nWhat is on this screen?\n"
            "Tell me what you see\nWhich icons are on the screen?",
        ),
    },
    "tap": {
        "zh": phrases(
            "(请|麻烦|)(点击|点|按|轻触|触摸|选择|选中)(一下|下|)(那个|这个|屏幕上的|图里的|)(应用|){name}\n"
            "(在哪里|该在哪|怎么)点{name}(？|)\n"
            "点击{name}\n点一下{name}\n点{name}\n请点击{name}\n按一下{name}\n帮我点{name}\n帮我点一下{name}\n轻点{name}\n"
            "点按{name}\n请点一下{name}\n我要点{name}\n点击屏幕上的{name}\n按{name}\n请帮我点击{name}",
            "请按一下{name}\n帮我点击{name}\n点一下屏幕上的{name}\n我要点击{name}",
        ),
        "en": phrases(
            "(please |)(tap|click|press|touch|select|hit|push) (on |)(the |){name}(.| please|)\n"
            "(could you |can you |I want to |I want you to |would you )(tap|click|press|touch|select) (on |)(the |){name}\n"
            "(tap|press|click) (the |){name} (icon|on the screen|for me|in the picture)\n"
            "tap {name}\ntap the {name}\nTap the {name}\nclick {name}\nclick the {name}\nClick on the {name}\n"
            "press {name}\npress the {name}\nPlease tap the {name}\ntap on the {name}\ntouch the {name}\n"
            "Can you tap the {name}?\nhit the {name}\nplease click the {name}",
            "please press the {name}\nclick on {name}\nplease tap {name}\nCan you click the {name}?",
        ),
    },
    "find": {
        "zh": phrases(
            "(请问|请|你|帮我|)(看看|看一下|找找|找一下|查一下|确认一下)(这里|画面上|图里|截图里|屏幕上|)(有没有|有无|是否有){name}(？|。|)\n"
            "{name}(在|位于)(屏幕|画面|图|截图|这里)(的|)(哪里|什么位置|哪个位置|哪一块|什么地方)(？|)\n"
            "(这张图|这个画面|这个界面|这一页|当前屏幕)(上|里|)(有|存在|包含|看得到){name}(吗|么)(？|)\n"
            "(能|可以)(不能|)(找到|看到|看见|发现){name}(吗|)(？|)\n"
            "(这里|画面上|图里|截图里|屏幕里)(有|有没有){name}(吗|)(？|)\n"
            "(你|)(看到|看见|找到|能找到){name}(了吗|吗)(？|)\n"
            "屏幕上有{name}吗？\n有没有{name}？\n有{name}吗\n能看到{name}吗？\n{name}在屏幕上吗？\n找一下{name}\n{name}在哪里？",
            "你能看到{name}吗？\n屏幕上有没有{name}？\n{name}在哪？",
        ),
        "en": phrases(
            "(Is|Are|So is|Tell me if) (there |)(a |an |the |any |){name} (here|on the page|in this picture|on this screen|in the screenshot|visible)(?|)\n"
            "(Can|Could|Do|Did) you (see|find|spot|notice|locate) (a |the |any |){name}(?| here?| on the page?| on my screen?|)\n"
            "(Where's|Where is|Where on the screen is|Whereabouts is|In which place is) (a |my |this |){name}(?|)\n"
            "(Is|Does) (the |)(page|screen|picture|screenshot) (show|contain|have|showing) (a |the |){name}(?|)\n"
            "(Look for|Locate|Find me|Find|Spot|Search for) (the |a |my |){name}(.| please|)\n"
            "(is|can you find|do you see|can you see) (a |the |){name} (here|in the picture|on the screen|there|anywhere)(?|)\n"
            "(where|tell me where|show me where) (is |can I find |)(the |){name} (is|)(?|)\n"
            "is there a {name}\nIs the {name} on the screen?\nCan you see the {name}?\nDo you see {name}?\n"
            "find the {name}\nWhere is the {name}?\nwhere is {name}",
            "Do you see the {name}?\nIs {name} on the screen?\nWhere's the {name}?",
        ),
    },
    "open": {
        "zh": phrases(
            "(请|麻烦|麻烦你|可以|现在|)(帮我|给我|替我|)(打开|启动|开启|运行|进入|开一下|启动一下|切换到)(应用|){name}(吧|。|)\n"
            "我(要|想|想要|需要)(打开|启动|使用|进入|用一下|看看){name}\n"
            "(把|将){name}(打开|启动|开一下)(吧|)\n"
            "打开{name}\n请打开{name}\n帮我打开{name}\n启动{name}\n我要打开{name}\n打开一下{name}\n进入{name}\n运行{name}\n"
            "请启动{name}\n我想用{name}\n开一下{name}",
            "请帮我打开{name}\n帮我启动{name}\n请打开一下{name}",
        ),
        "en": phrases(
            "(please |can you |could you |would you |now |)(open|launch|start|run|open up|go to|bring up|switch to|show me) (the |my |){name}( app| please| for me|)\n"
            "(I want to|I would like to|I want you to|I need to|let us) (open|launch|start|use|go to|run) (the |my |){name}( app|)\n"
            "open {name}\nopen the {name}\nOpen {name}\nlaunch {name}\nstart {name}\nplease open {name}\n"
            "start the {name}\ngo to {name}\nlaunch the {name}\nI want to open {name}\nOpen the {name} please\n"
            "can you open {name}",
            "please launch {name}\nplease open the {name}\nI want to open the {name}",
        ),
    },
    "back": {
        "zh": phrases(
            "(请|麻烦|麻烦你|现在|我要|帮我|)(返回|退回|回到|退到|返回到|倒回|后退到)(上一页|上一步|上一个页面|前一页|上一级|上一层|前面一页)(吧|)\n"
            "(请|麻烦|现在|我要|帮我|)(返回|后退|往回退|退一步|退出去|回退|回退一下|后退一下|返回一下)(吧|)\n"
            "返回\n后退\n返回上一页\n回到上一页\n退回去\n请返回\n返回上一步\n回去",
            "请返回上一页\n退回上一页",
        ),
        "en": phrases(
            "(please |can you |could you |I want to |now |just |)(go back|return|step back|move back|head back|back up|go one page back|go back one step|go back a page)( please| now| again|)\n"
            "(please |can you |could you |take me |bring me |)(go to|return to|back to|get back to|move to) the (previous|last|earlier) (page|screen|one)( please|)\n"
            "go back\nback\nGo back please\nreturn\ngo to the previous page\nprevious page\nplease go back",
            "please return\ngo back to the previous page",
        ),
    },
    "home": {
        "zh": phrases(
            "(请|麻烦|麻烦你|现在|我要|帮我|)(回到|回|返回|返回到|去|退到|跳到|切换到)(桌面|主屏幕|主页|首页|主界面|手机桌面|主页面)(吧|)\n"
            "回到主页\n回主屏幕\n回到桌面\n返回桌面\n去主屏幕\n回桌面\n返回主页",
            "请回到桌面\n返回主屏幕",
        ),
        "en": phrases(
            "(please |can you |could you |I want to |now |)(go|go back|return|get back|head|jump) (home|to home|to the home screen|to the main screen|to the home page|to my home screen)( please| now|)\n"
            "(please |can you |could you |)(take|bring|get) me (home|to the home screen|back home|back to the home screen|to the main screen)( please|)\n"
            "(please |)(show|open|press) (the home screen|home|the main screen)( please|)\n"
            "go home\nGo to the home screen\nhome screen\nback to the home screen\nreturn home\ngo to home\n"
            "take me home",
            "please go home\nreturn to the home screen",
        ),
    },
    "swipe_up": {
        "zh": phrases(
            "(请|麻烦|现在|帮我|用手指|)(向|往|朝)上(滑动|滑|划|划动|滑一下|划一下|滑一点|滑动屏幕|滑动一下)(吧|)\n"
            "(把|将)(屏幕|页面|画面)(向|往|朝)上(滑|划|滑动|移动)(一下|)\n"
            "向上滑动\n上滑\n往上滑\n向上滑\n往上滑动\n手指向上滑",
            "请向上滑动\n请往上滑",
        ),
        "en": phrases(
            "(please |can you |could you |I want to |now |just |)(swipe up|swipe upwards|swipe upward|scroll down|scroll downwards|slide up|flick up|move up|scroll further down)( please| a bit| a little| once| now|)\n"
            "swipe up\nscroll down\nSwipe upwards\nplease swipe up\nscroll down a bit",
            "please scroll down",
        ),
    },
    "swipe_down": {
        "zh": phrases(
            "(请|麻烦|现在|帮我|用手指|)(向|往|朝)下(滑动|滑|划|划动|滑一下|划一下|滑一点|滑动屏幕|滑动一下)(吧|)\n"
            "(把|将)(屏幕|页面|画面)(向|往|朝)下(滑|划|滑动|移动)(一下|)\n"
            "向下滑动\n下滑\n往下滑\n向下滑\n往下滑动\n手指向下滑",
            "请向下滑动\n请往下滑",
        ),
        "en": phrases(
            "(please |can you |could you |I want to |now |just |)(swipe down|swipe downwards|swipe downward|scroll up|scroll upwards|slide down|flick down|move down|scroll further up)( please| a bit| a little| once| now|)\n"
            "swipe down\nscroll up\nSwipe downwards\nplease swipe down\nscroll up a bit",
            "please scroll up",
        ),
    },
    "swipe_left": {
        "zh": phrases(
            "(请|麻烦|现在|帮我|用手指|)(向|往|朝)左(滑动|滑|划|划动|滑一下|划一下|滑一点|滑动屏幕|滑动一下)(吧|)\n"
            "(把|将)(屏幕|页面|画面)(向|往|朝)左(滑|划|滑动|移动)(一下|)\n"
            "向左滑动\n左滑\n往左滑\n向左滑\n往左滑动",
            "请向左滑动\n请往左滑",
        ),
        "en": phrases(
            "(please |can you |could you |I want to |now |just |)(swipe left|swipe leftwards|swipe to the left|slide left|slide to the left|flick left|scroll left|scroll to the left)( please| a bit| a little| once| now|)\n"
            "swipe left\nswipe to the left\nplease swipe left\nscroll left",
            "please swipe to the left",
        ),
    },
    "swipe_right": {
        "zh": phrases(
            "(请|麻烦|现在|帮我|用手指|)(向|往|朝)右(滑动|滑|划|划动|滑一下|划一下|滑一点|滑动屏幕|滑动一下)(吧|)\n"
            "(把|将)(屏幕|页面|画面)(向|往|朝)右(滑|划|滑动|移动)(一下|)\n"
            "向右滑动\n右滑\n往右滑\n向右滑\n往右滑动",
            "请向右滑动\n请往右滑",
        ),
        "en": phrases(
            "(please |can you |could you |I want to |now |just |)(swipe right|swipe rightwards|swipe to the right|slide right|slide to the right|flick right|scroll right|scroll to the right)( please| a bit| a little| once| now|)\n"
            "swipe right\nswipe to the right\nplease swipe right\nscroll right",
            "please swipe to the right",
        ),
    },
    "wait": {
        "zh": phrases(
            "(请|麻烦|麻烦你|先|再|你|现在|)(等|等待|等上|暂停|停|停下|稍等)(个|){number}(秒|秒钟)(吧|再说|)\n"
            "等{number}秒\n等待{number}秒\n请等{number}秒\n等{number}秒钟",
            "请等待{number}秒",
        ),
        "en": phrases(
            "(please |can you |could you |just |now |)(wait|wait for|pause|pause for|hold on for|hold for|stop for|rest for) {number} (seconds|more seconds)( please| now|)\n"
            "wait {number} seconds\nplease wait {number} seconds\nwait for {number} seconds",
            "please wait for {number} seconds",
        ),
    },
}

# What nano says no to: a topic it has no skill for, put in some way of asking.
OUTSIDE: dict[Language, Phrases] = {
    "zh": phrases(
        "(今天|明天|北京|上海|这周末|下周|今晚)(的|)(天气|气温|空气质量)(怎么样|如何|好吗)(？|)\n"
        "(请|)(帮我|给我|)(写|作|编)(一|)(首诗|个故事|篇作文|封信|段话|个笑话|首歌|份报告|条短文)(吧|)\n"
        "(给我|跟我|)(讲|说)(一|)个(笑话|故事|谜语|冷知识|童话)(吧|听听|)\n"
        "(法国|日本|英国|美国|意大利|西班牙|俄罗斯|巴西|埃及)的(首都|总统|人口|面积|国旗|语言)是(哪里|谁|多少|什么)(？|)\n"
        "(三|七|十二|二十|一百)(加|减|乘以|除以)(五|八|九|十三)(等于几|是多少)(？|)\n"
        "(12|35|7|88|146)(加|减|乘|除以|+|×)(9|23|6|54)(等于|是)多少(？|)\n"
        "(怎么|如何)(做|烧|煮)(饺子|米饭|面条|鱼|蛋糕|宫保鸡丁|咖啡|汤)(？|)\n"
        "(推荐|介绍)(一|几)(部|本|家|首|款)(电影|小说|餐厅|歌曲|手机|游戏|电视剧)(给我|吧|)\n"
        "(翻译|解释|总结|改写|润色|朗读)(一下|)(这段话|这句话|这篇文章|下面的内容|这个词|这首诗)\n"
        "(帮我|)(订|买|预订|取消)(一张|一份|一个)(机票|火车票|酒店|外卖|电影票|蛋糕)\n"
        "(什么是|解释一下|介绍一下)(黑洞|区块链|光合作用|机器学习|相对论|通货膨胀|基因|引力)(？|)\n"
        "(谁|哪个人)(发明|写|画|发现|创立)了(电灯|红楼梦|蒙娜丽莎|万有引力|苹果公司|电话)(？|)\n"
        "(苏轼|爱因斯坦|牛顿|孔子|马云|莫扎特|鲁迅)是(谁|什么人|哪国人)(？|)\n"
        "(世界|中国|亚洲)(上|)(最高的山|最大的湖|最快的动物|最长的桥|最深的海)是(什么|哪座|哪个)(？|)\n"
        "(我|)(失眠|感冒|发烧|牙疼|心情不好|压力很大)(了|)(怎么办|该怎么办|吃什么药)(？|)\n"
        "(昨天|今天|最近)(的|)(新闻|比赛|股市|彩票|热搜)(有什么|怎么样|结果如何)(？|)\n"
        "(给|帮)我的(猫|狗|公司|孩子|小店)(取|起)个(名字|好名字)\n"
        "(用|使用)(Python|Java|C语言|JavaScript)(写|实现)(一个|)(冒泡排序|计算器|爬虫|贪吃蛇|登录页面)\n"
        "(画|生成|做)(一|)(张|幅|个)(山水画|小狗|头像|海报|图标|表格)\n"
        "(你|)(喜欢|爱|讨厌)(吃|看|听|玩)(什么|苹果|电影|音乐|游戏)(吗|呢|)(？|)\n"
        "(人生|爱情|幸福|时间|生命)的(意义|本质|定义)是什么(？|)\n"
        "(打电话给|发邮件给|发微信给|提醒)(妈妈|老板|小王|张三)(说|)(我晚点到|生日快乐|开会|你好)\n"
        "(明天|后天|早上)(七点|八点|六点半)(叫我起床|提醒我开会|设个闹钟)\n"
        "(为什么|怎么)(天是蓝的|会下雪|海水是咸的|猫怕水|会有四季|人会做梦)(？|)\n"
        "(北京|上海|纽约|东京)到(广州|伦敦|巴黎|深圳)(有多远|怎么走|坐飞机多久)(？|)\n"
        "今天天气怎么样？\n明天会下雨吗？\n讲个笑话\n写一首诗\n帮我写一封邮件\n法国的首都是哪里？\n一加一等于几？\n"
        "计算三百二十七乘以十九\n现在几点了？\n今天几号？\n推荐一部电影\n推荐一家餐厅\n怎么做红烧肉？\n写一段代码\n用 Python 写快速排序\n"
        "翻译这句话\n把这段话翻译成英语\n谁是美国总统？\n给我讲个故事\n股票会涨吗？\n帮我订一张机票\n帮我订外卖\n播放一首歌\n"
        "唱首歌\n你喜欢什么颜色？\n人生的意义是什么？\n什么是量子力学？\n解释相对论\n世界上最高的山是哪座？\n怎么减肥？\n"
        "我头疼怎么办？\n总结这篇文章\n画一只猫\n给妈妈打电话说我晚点回家\n最近有什么新闻？\n足球比赛谁赢了？\n"
        "中国有多少人口？\n怎么学好英语？\n水的化学式是什么？\n李白是谁？\n给我出一道数学题\n宇宙有多大？\n如何种花\n"
        "帮我取个名字\n写一份简历\n这件衣服多少钱？\n地球到月球有多远？\n起个标题\n比特币是什么\n狗能活多少年",
        "后天天气怎么样？\n讲一个故事给我听\n德国的首都是哪里？\n帮我写一首歌词\n五乘以七是多少？\n怎么做番茄炒蛋？\n"
        "推荐一本书\n什么是人工智能？\n世界上最长的河是哪条？\n帮我买一张火车票\n杜甫是谁？\n昨天的比赛谁赢了？",
    ),
    "en": phrases(
        "(What is|How is|Tell me) the (weather|temperature|forecast) (in Paris|in London|for tonight|this weekend|next week|here|outside)(?|)\n"
        "(Please |Can you |Could you |)(write|compose|make up) (me |)(a poem|a story|an essay|a letter|a joke|a song|a report|a speech)(.|?|)\n"
        "(Tell|Give) me (a joke|a riddle|a fun fact|a bedtime story|some advice|a quote|a secret)(.|)\n"
        "What is the (capital|population|language|currency|flag|president) of (Japan|Italy|Spain|Russia|Brazil|Egypt|Canada|India)(?|)\n"
        "(What is|What's|Calculate|Compute|Solve) (12|35|7|88|146|two|nine|twenty) (plus|minus|times|divided by) (9|23|6|54|three|eight)(?|)\n"
        "How (do I|can I|to|should I) (cook|make|bake|prepare) (dumplings|bread|soup|a cake|coffee|eggs|fish|noodles)(?|)\n"
        "(Recommend|Suggest) (me |)(a film|a novel|a good restaurant|some music|a game|a phone|a series|a hotel)(.| please|)\n"
        "(Translate|Summarise|Explain|Rewrite|Correct|Read aloud) (this text|this paragraph|the following|this word|this poem|my essay)(.| please|)\n"
        "(Book|Buy|Order|Reserve|Cancel) (a train|a hotel room|a pizza|a taxi|a cinema ticket|a table|a concert ticket)(.| for me|)\n"
        "(What is|What are|Explain|Define) (a black hole|blockchain|photosynthesis|machine learning|gravity|inflation|DNA|democracy)(?|)\n"
        "Who (invented|wrote|painted|discovered|founded) (the light bulb|Hamlet|the Mona Lisa|gravity|Apple|the telephone|America)(?|)\n"
        "(Who was|Who is|Tell me about) (Einstein|Newton|Napoleon|Beethoven|Confucius|Elon Musk|Cleopatra)(?|)\n"
        "What is the (highest mountain|largest lake|fastest animal|deepest ocean|longest bridge|biggest country|smallest planet) (in the world|on earth|in Europe|in Asia)(?|)\n"
        "(I cannot sleep|I have a cold|I have a fever|My tooth hurts|I feel sad|I am stressed)(, what should I do|. Any advice|)(?|)\n"
        "(What is|Any|What happened in) (in the news today|breaking news|the stock market today|the match today|the election)(?|)\n"
        "(Give|Find|Think of) a (good |)name for my (cat|company|baby|shop|band|boat)\n"
        "(Write|Implement|Code) (bubble sort|a calculator|a web crawler|a snake game|a login page|a binary search) in (Python|Java|Rust|JavaScript)\n"
        "(Draw|Paint|Generate|Design|Make) (me |)(a landscape|a puppy|a portrait|a poster|a logo|a table|an image of a house)\n"
        "(Do you|Would you) (like|love|hate|enjoy) (apples|movies|music|games|football|me|cooking)(?|)\n"
        "What is the (meaning|purpose|point|definition) of (love|happiness|time|work|art)(?|)\n"
        "(Call|Email|Text|Remind) (mom|my boss|John|my wife) (that I am late|about the meeting|to buy milk|happy birthday)\n"
        "(Wake me up|Set an alarm|Remind me) (at seven|tomorrow at eight|at half past six|in the morning)\n"
        "Why (is the sky blue|does it snow|is the sea salty|do cats purr|do we dream|are there seasons|is grass green)(?|)\n"
        "How (far is it|long does it take|do I get) from (Paris|New York|Tokyo) to (London|Rome|Beijing)(?|)\n"
        "How (old|tall|heavy|rich|fast) is (the Eiffel Tower|the president|an elephant|the moon|a cheetah|Bill Gates)(?|)\n"
        "(Help me with|Do|Check) my (homework|taxes|grammar|maths|English|exam)(.| please|)\n"
        "What is the weather today?\nWill it rain tomorrow?\nTell me a joke\nWrite a poem\nWrite an email for me\n"
        "What is the capital of France?\nWhat is one plus one?\nCalculate 327 times 19\nWhat time is it?\n"
        "What day is it today?\nRecommend a movie\nRecommend a restaurant\nHow do I cook rice?\nWrite some code\n"
        "Write quicksort in Python\nTranslate this sentence\nTranslate this into Chinese\nWho is the president?\n"
        "Tell me a story\nWill the stock market go up?\nBook a flight for me\nOrder some food\nPlay a song\n"
        "Sing a song\nWhat is your favourite colour?\nWhat is the meaning of life?\nExplain quantum mechanics\n"
        "What is relativity?\nWhat is the highest mountain?\nHow do I lose weight?\nI have a headache\n"
        "Summarise this article\nDraw a cat\nCall my mother and say I am late\nWhat is in the news?\n"
        "Who won the football match?\nHow many people live in China?\nHow can I learn English?\n"
        "What is the chemical formula of water?\nWho was Shakespeare?\nGive me a maths problem\n"
        "How big is the universe?\nHow do I grow flowers?\nGive my dog a name\nWrite my resume\n"
        "How much does this cost?\nHow far is the moon?\nSuggest a title\nWhat is bitcoin?\nHow long do dogs live?",
        "What will the weather be like tomorrow?\nTell me a funny story\nWhat is the capital of Germany?\n"
        "Write a song for me\nWhat is five times seven?\nHow do I cook pasta?\nRecommend a book\n"
        "What is artificial intelligence?\nWhat is the longest river?\nBuy a train ticket for me\n"
        "Who was Mozart?\nWho won the match yesterday?",
    ),
}

ZH_DIGITS = "零一二三四五六七八九"
EN_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spell_number(number: int, language: Language) -> str:
    """A digit as it is spoken: 7 -> 七 or seven; in Mandarin two of something is 两."""
    return ZH_DIGITS[number] if language == "zh" else EN_DIGITS[number]


def fill(phrase: str, language: Language, name: str = "", number: int = 0) -> str:
    """Put a thing's name or a number into a phrase; English names of controls are lower case in speech."""
    spoken = "两" if language == "zh" and number == 2 else spell_number(number, language)
    return phrase.replace("{name}", name).replace("{number}", spoken)


SPOKEN_INTENTS = (
    "tap", "open", "back", "home", "swipe_up", "swipe_down", "swipe_left", "swipe_right", "wait",
    "describe", "identity", "help",
)  # fmt: skip


@cache
def spoken_phrases(intent: str, language: Language, split: Split) -> tuple[str, ...]:
    """The phrases of an intent that a voice of the language can say."""
    return speakable(PHRASES[intent][language].of(split), language)


@cache
def spoken_outside(language: Language, split: Split) -> tuple[str, ...]:
    """What nano says no to, as far as a voice of the language can say it."""
    return speakable(OUTSIDE[language].of(split), language)


def speakable(texts: tuple[str, ...], language: Language) -> tuple[str, ...]:
    return tuple(
        text for text in texts if not FOREIGN[language].search(re.sub(r"\{\w+\}", "", utterance(text)))
    )


def spoken_texts(split: Split) -> Iterator[tuple[str, Language]]:
    """Every text that a voice may have to say in `split`, each once per language."""
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        seen: set[str] = set()
        for intent in SPOKEN_INTENTS:
            things = {"tap": THINGS, "open": APPS}.get(intent, ())
            for phrase in spoken_phrases(intent, language, split):
                if things:
                    texts = [
                        fill(phrase, language, name) for thing in things for name in thing.names(language)
                    ]
                elif intent == "wait":
                    texts = [fill(phrase, language, number=number) for number in range(1, 10)]
                else:
                    texts = [phrase]
                seen.update(utterance(text) for text in texts)
        seen.update(spell_number(digit, language) for digit in range(10))
        for text in sorted(seen):
            yield text, language
