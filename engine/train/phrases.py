"""What people say to nano, by intent and language; the last lines of each list are kept for evaluation."""

# ruff: noqa: E501 - lists of sayings
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.train.lexicon import APPS, THINGS, Language

Split = Literal["train", "heldout"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Ways to say one thing. `{name}` stands for a thing, `{number}` for a spoken number."""

    train: tuple[str, ...]
    heldout: tuple[str, ...]

    def of(self, split: Split) -> tuple[str, ...]:
        return self.train if split == "train" else self.heldout


def _phrases(train: str, heldout: str) -> Phrases:
    return Phrases(tuple(train.strip().split("\n")), tuple(heldout.strip().split("\n")))


PHRASES: dict[str, dict[Language, Phrases]] = {
    "identity": {
        "zh": _phrases(
            "你是谁\n你是谁？\n你叫什么名字？\n介绍一下你自己\n请介绍一下自己。\n你是什么模型？\n你是什么？\n"
            "你是哪个助手？\n请问你是谁呀\n自我介绍一下\n告诉我你是谁\n你好，你是谁？\n能介绍下你自己吗？\n你是人工智能吗？\n"
            "你叫什么？\n我在和谁说话？\n你到底是谁",
            "请问你是谁？\n你的名字是什么？\n简单介绍一下自己吧\n你是什么助手？\n请告诉我你叫什么",
        ),
        "en": _phrases(
            "who are you\nWho are you?\nWhat are you?\nWhat is your name?\nwhat's your name\nIntroduce yourself.\n"
            "Please introduce yourself\nTell me about yourself\nWhich model are you?\nWhat model is this?\n"
            "Who am I talking to?\nHi, who are you?\nAre you an AI?\nwho is this\nSo who are you exactly?\n"
            "Can you introduce yourself?\nTell me who you are.",
            "Hello, who are you?\nPlease tell me who you are\nWhat should I call you?\n"
            "Could you introduce yourself?\nWhat kind of model are you?",
        ),
    },
    "help": {
        "zh": _phrases(
            "你能做什么\n你能做什么？\n你会什么？\n你会做什么？\n你有什么功能？\n你可以帮我做什么？\n怎么用你？\n帮助\n"
            "你能干什么\n我可以让你做什么？\n你都会些什么？\n有哪些功能？\n你有什么本领\n说说你的能力\n你可以做哪些事？\n"
            "你能帮我什么忙？\n使用说明",
            "请问你会做什么？\n你都能做些什么？\n你有哪些功能？\n你能为我做什么？\n介绍一下你的功能",
        ),
        "en": _phrases(
            "what can you do\nWhat can you do?\nHow can you help me?\nhelp\nHelp me\nWhat are you able to do?\n"
            "What are your skills?\nHow do I use you?\nWhat do you do?\nWhat can I ask you?\n"
            "List your features\nWhat are your abilities?\nTell me what you can do\nwhat else can you do\n"
            "What are you good at?\nShow me what you can do\nWhat can you help with?",
            "What can you do for me?\nWhat are your features?\nHow can you help?\n"
            "Please tell me what you can do.\nWhat skills do you have?",
        ),
    },
    "greeting": {
        "zh": _phrases(
            "你好\n您好\n嗨\n早上好\n晚上好\n你好呀\n在吗\n哈喽\n你好啊\n下午好", "你好！\n嗨，你好\n早上好呀"
        ),
        "en": _phrases(
            "hello\nHello!\nHi\nhi there\nHey\nGood morning\nGood evening\nhello there\nHey there!\ngood afternoon",
            "Hello there!\nHi!\nGood morning!",
        ),
    },
    "thanks": {
        "zh": _phrases("谢谢\n谢谢你\n多谢\n非常感谢\n太好了，谢谢", "谢谢！\n感谢你"),
        "en": _phrases(
            "thanks\nThank you\nThank you!\nthanks a lot\ngreat, thanks", "Thanks!\nThank you so much"
        ),
    },
    "describe": {
        "zh": _phrases(
            "屏幕上有什么\n屏幕上有什么？\n这张图里有什么？\n描述一下这个屏幕\n描述屏幕\n看看屏幕上有什么\n截图里有什么？\n"
            "你看到了什么？\n屏幕上有哪些东西？\n这个屏幕上有哪些应用和按钮？\n屏幕里有什么\n告诉我屏幕上有什么\n"
            "有哪些图标？\n列出屏幕上的东西\n这是什么界面？\n看图说说有什么\n现在屏幕上显示什么",
            "请描述一下屏幕\n截图上有哪些东西？\n你能看到什么？\n屏幕上都有什么\n列出截图里的图标",
        ),
        "en": _phrases(
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
        "zh": _phrases(
            "点击{name}\n点一下{name}\n点{name}\n请点击{name}\n按一下{name}\n帮我点{name}\n帮我点一下{name}\n轻点{name}\n"
            "点按{name}\n请点一下{name}\n我要点{name}\n点击屏幕上的{name}\n按{name}\n请帮我点击{name}",
            "请按一下{name}\n帮我点击{name}\n点一下屏幕上的{name}\n我要点击{name}",
        ),
        "en": _phrases(
            "tap {name}\ntap the {name}\nTap the {name}\nclick {name}\nclick the {name}\nClick on the {name}\n"
            "press {name}\npress the {name}\nPlease tap the {name}\ntap on the {name}\ntouch the {name}\n"
            "Can you tap the {name}?\nhit the {name}\nplease click the {name}",
            "please press the {name}\nclick on {name}\nplease tap {name}\nCan you click the {name}?",
        ),
    },
    "find": {
        "zh": _phrases(
            "屏幕上有{name}吗？\n有没有{name}？\n有{name}吗\n能看到{name}吗？\n{name}在屏幕上吗？\n找一下{name}\n{name}在哪里？",
            "你能看到{name}吗？\n屏幕上有没有{name}？\n{name}在哪？",
        ),
        "en": _phrases(
            "is there a {name}\nIs the {name} on the screen?\nCan you see the {name}?\nDo you see {name}?\n"
            "find the {name}\nWhere is the {name}?\nwhere is {name}",
            "Do you see the {name}?\nIs {name} on the screen?\nWhere's the {name}?",
        ),
    },
    "open": {
        "zh": _phrases(
            "打开{name}\n请打开{name}\n帮我打开{name}\n启动{name}\n我要打开{name}\n打开一下{name}\n进入{name}\n运行{name}\n"
            "请启动{name}\n我想用{name}\n开一下{name}",
            "请帮我打开{name}\n帮我启动{name}\n请打开一下{name}",
        ),
        "en": _phrases(
            "open {name}\nopen the {name}\nOpen {name}\nlaunch {name}\nstart {name}\nplease open {name}\n"
            "start the {name}\ngo to {name}\nlaunch the {name}\nI want to open {name}\nOpen the {name} please\n"
            "can you open {name}",
            "please launch {name}\nplease open the {name}\nI want to open the {name}",
        ),
    },
    "back": {
        "zh": _phrases(
            "返回\n后退\n返回上一页\n回到上一页\n退回去\n请返回\n返回上一步\n回去", "请返回上一页\n退回上一页"
        ),
        "en": _phrases(
            "go back\nback\nGo back please\nreturn\ngo to the previous page\nprevious page\nplease go back",
            "please return\ngo back to the previous page",
        ),
    },
    "home": {
        "zh": _phrases(
            "回到主页\n回主屏幕\n回到桌面\n返回桌面\n去主屏幕\n回桌面\n返回主页", "请回到桌面\n返回主屏幕"
        ),
        "en": _phrases(
            "go home\nGo to the home screen\nhome screen\nback to the home screen\nreturn home\ngo to home\n"
            "take me home",
            "please go home\nreturn to the home screen",
        ),
    },
    "swipe_up": {
        "zh": _phrases("向上滑动\n上滑\n往上滑\n向上滑\n往上滑动\n手指向上滑", "请向上滑动\n请往上滑"),
        "en": _phrases(
            "swipe up\nscroll down\nSwipe upwards\nplease swipe up\nscroll down a bit", "please scroll down"
        ),
    },
    "swipe_down": {
        "zh": _phrases("向下滑动\n下滑\n往下滑\n向下滑\n往下滑动\n手指向下滑", "请向下滑动\n请往下滑"),
        "en": _phrases(
            "swipe down\nscroll up\nSwipe downwards\nplease swipe down\nscroll up a bit", "please scroll up"
        ),
    },
    "swipe_left": {
        "zh": _phrases("向左滑动\n左滑\n往左滑\n向左滑\n往左滑动", "请向左滑动\n请往左滑"),
        "en": _phrases(
            "swipe left\nswipe to the left\nplease swipe left\nscroll left", "please swipe to the left"
        ),
    },
    "swipe_right": {
        "zh": _phrases("向右滑动\n右滑\n往右滑\n向右滑\n往右滑动", "请向右滑动\n请往右滑"),
        "en": _phrases(
            "swipe right\nswipe to the right\nplease swipe right\nscroll right", "please swipe to the right"
        ),
    },
    "wait": {
        "zh": _phrases("等{number}秒\n等待{number}秒\n请等{number}秒\n等{number}秒钟", "请等待{number}秒"),
        "en": _phrases(
            "wait {number} seconds\nplease wait {number} seconds\nwait for {number} seconds",
            "please wait for {number} seconds",
        ),
    },
}

# What nano says no to: a topic it has no skill for, put in some way of asking.
OUTSIDE: dict[Language, Phrases] = {
    "zh": _phrases(
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
    "en": _phrases(
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


def utterance(text: str) -> str:
    """The words of `text` as a voice says them: no punctuation, English in lower case."""
    words = "".join(character for character in text if character not in "？。，！?.,!'")
    return words.lower().strip()


def spoken_texts(split: Split) -> Iterator[tuple[str, Language]]:
    """Every text that a voice may have to say in `split`, each once per language."""
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        seen: set[str] = set()
        for intent in SPOKEN_INTENTS:
            things = {"tap": THINGS, "open": APPS}.get(intent, ())
            for phrase in PHRASES[intent][language].of(split):
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
