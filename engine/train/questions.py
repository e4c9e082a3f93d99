"""What people ask about a screen besides where things are: its facts, and what was just spoken of.

As in `phrases.py`, the last lines of each list are kept for evaluation.
"""

# ruff: noqa: E501 - lists of sayings
from __future__ import annotations

from engine.train.lexicon import Language
from engine.train.phrases import Phrases, phrases

QUESTIONS: dict[str, dict[Language, Phrases]] = {
    "time": {
        "zh": phrases(
            "(请问|请看看|帮我看看|看一下|)(屏幕上|截图上|手机上|这张图里|状态栏里|)(的|)(时间|钟点)(是|显示)(多少|几点|什么)(？|)\n"
            "(截图|屏幕|手机|状态栏|画面)(上|里)(显示|写着|)(的|)是(几点|几点钟|什么时间|什么时候)(？|)\n"
            "(这个|)(手机|屏幕|截图)(现在|)(显示|)几点(了|钟|钟了)(？|)\n"
            "(读|念|说|告诉我)(一下|)(屏幕|截图|状态栏|手机)(上|里)的(时间|钟点)\n"
            "截图里是几点\n屏幕上显示几点？\n图上的时间是几点？",
            "手机屏幕上是几点？\n请读一下截图里的时间\n状态栏显示的时间是多少？",
        ),
        "en": phrases(
            "What (time|hour) (is shown|is it|does it say|is written|is displayed) (on|in) (the|this|my) (screen|screenshot|phone|status bar|picture)(?|)\n"
            "(Read|Tell me|Say|Give me) the (time|clock) (on|in|of|from) (the|this|my) (screen|screenshot|phone|status bar|picture)(.|)\n"
            "(What|Which) time does (the|this|my) (phone|screen|screenshot|clock|status bar) (show|say|have)(?|)\n"
            "(Can you|Could you|Please) read the (time|clock)( on the screen| in the picture|)(?|)\n"
            "what does the clock say\nwhat time is it on the screen\ntime on the screen?",
            "What time does the phone display?\nPlease tell me the time on this screen\nWhat is the time in the screenshot?",
        ),
    },
    "battery": {
        "zh": phrases(
            "(请问|请看看|帮我看看|看一下|)(手机|屏幕上|截图里|)(的|)(电量|电池)(还有|是|还剩|剩下)(多少|百分之几|百分之多少)(？|)\n"
            "(手机|这台手机|这部手机|这个手机)(还有|还剩)(多少|百分之几的)(电|电量)(？|)\n"
            "(读|念|说|告诉我)(一下|)(屏幕|截图|状态栏|手机)(上|里)的(电量|电池电量)\n"
            "(电池|电量)(显示|写着)(多少|百分之几)(？|)\n"
            "还有多少电\n电量多少？\n手机电量是多少\n剩多少电",
            "手机现在还有多少电量？\n电池还剩百分之几？\n请告诉我截图里的电量",
        ),
        "en": phrases(
            "How much (battery|charge|power) (is left|is there|does the phone have|remains|is shown|does it have)( on the phone| on the screen| in the picture|)(?|)\n"
            "(What is|What's|Read|Tell me|Give me) the (battery|battery level|charge|battery percentage)( on the screen| of the phone| in the screenshot|)(?|.|)\n"
            "(What|Which) (battery level|charge|percentage) does (the|this|my) (phone|screen|status bar|screenshot|battery) (show|have|say)(?|)\n"
            "(How full|How charged) is the (battery|phone)(?|)\n"
            "how much battery\nbattery level?\nhow much battery is left",
            "How much battery does this phone have left?\nWhat does the battery say?\nPlease read the battery level",
        ),
    },
    "wifi": {
        "zh": phrases(
            "(请问|看看|帮我看看|)(手机|这台手机|这个手机|屏幕上|)(的|)(无线网络|无线网|WiFi|Wi-Fi|无线)(是|)(开着|打开|开启|连着|连上)(的|了|)(吗|么)(？|)\n"
            "(手机|这个手机|它|)(有没有|是否|是不是)(连|连上|连着|打开|开着)(无线网络|无线网|WiFi|Wi-Fi)(？|)\n"
            "(状态栏|屏幕|截图)(上|里)(有|有没有|看得到)(无线信号|WiFi图标|Wi-Fi 标志|无线图标)(吗|)(？|)\n"
            "(检查|查|查看|帮忙看|瞧)(一下|)(手机|)(无线|无线网|网络|WiFi|Wi-Fi)(连没连上|通不通|开了没有|连上没有|是不是开的)(？|)\n"
            "无线网开了吗\nWi-Fi 开着吗？\n连着无线网吗",
            "手机的 Wi-Fi 打开了吗？\n现在连着无线网络吗？\n看看无线网络开没开",
        ),
        "en": phrases(
            "Is (the |)(Wi-Fi|wifi|wireless|wireless network) (on|connected|enabled|switched on|active|turned on)( on this phone| here|)(?|)\n"
            "Does (the|this|my) (phone|screen|status bar|screenshot) (show|have|display) (Wi-Fi|wifi|a Wi-Fi sign|a wireless signal)(?|)\n"
            "(Can you see|Tell me|Check|See) (if|whether) (the |)(Wi-Fi|wifi|wireless) is (on|connected|enabled)(?|.|)\n"
            "(Is|Are) (it|the phone|this phone|we) (on|connected to|using) (Wi-Fi|wifi)(?|)\n"
            "(Find out|Verify|Look|Have a look|Let me know) (if|whether) (the |this |my |)(phone|network|wireless|Wi-Fi|connection) (is there|is online|works|is switched on)(?|.|)\n"
            "(Do you see|Can you find|Is there|Is there any) (a wireless|the Wi-Fi|a network|the wireless) (sign|icon|symbol)(?|)\n"
            "wifi on?\nis wifi on",
            "Is the phone connected to Wi-Fi?\nPlease check whether Wi-Fi is on\nIs there a Wi-Fi signal?",
        ),
    },
    "count": {
        "zh": phrases(
            "(请问|请|帮我|)(数一数|数数|数一下|看看|)(屏幕上|截图里|图里|画面上|这里|)(一共|总共|)有(几|多少)个{name}(？|)\n"
            "(屏幕上|截图里|图里|画面上|这里|)的{name}(一共|总共|)有(几个|多少个|多少)(？|)\n"
            "(有|多少|几)个{name}(是|)(开着|打开|选中|勾上)(的|了|)(？|)\n"
            "(算一算|数出|告诉我|说说)(有|)(几个|多少个){name}(？|)\n"
            "{name}有几个\n{name}的数量是多少\n几个{name}",
            "屏幕上总共有几个{name}？\n请数一下{name}\n有多少个{name}呢？",
        ),
        "en": phrases(
            "How many {name} (are there|are on the screen|do you see|can you see|are in the picture|are shown|does it have)(?|)\n"
            "(Count|Please count|Can you count|Count all) (the |){name}( on the screen| in the picture| you see|)(?|.|)\n"
            "(What is|Tell me|Give me) the number of {name}( on the screen| in the picture|)(?|.|)\n"
            "(How many of the|How many) {name} are (on|ticked|switched on|set)(?|)\n"
            "(What is the count of|I need the number of|Work out how many|Say how many|The number of) {name}( here| there are| on it|)(?|.|)\n"
            "how many {name}",
            "How many {name} are on this screen?\nPlease count all the {name}\nWhat number of {name} do you see?",
        ),
    },
    "page": {
        "zh": phrases(
            "(请问|看看|你说|)(这|这个|这张图|截图|屏幕)(是|属于|显示的是)(什么|哪种|哪个|哪一种)(页面|界面|应用|屏幕|程序)(？|)\n"
            "(现在|当前|目前)(在|是|打开的是)(什么|哪个)(页面|界面|应用)(？|)\n"
            "这是手机的(哪里|什么地方|哪个页面)(？|)\n(认一认|说出|告诉我)(这|这个|)(页面|界面)(的类型|是哪一类|是哪种)\n我在哪个页面",
            "这张截图是哪个界面？\n现在打开的是什么页面？\n这是哪种屏幕？",
        ),
        "en": phrases(
            "(What|Which) (kind of |sort of |)(page|app|view) (is this|is open|is shown|am I on|am I looking at|does it show)(?|)\n"
            "(Tell me|Say|Can you say|Do you know) (what|which) (kind of |)(page|app|view) this is(?|.|)\n"
            "(Where|In which app) (am I|are we|on the phone is this)(?|)\n"
            "(Identify|Recognise|Name|Classify) (this|the) (page|view|kind of page|type of page)(.|)\n"
            "which app is it\nwhat page is this",
            "What sort of app is this?\nWhich page am I looking at?\nPlease tell me what kind of page this is",
        ),
    },
    # These speak of what the turn before was about.
    "it_tap": {
        "zh": phrases(
            "(请|那就|那|好，|好的，|帮我|)(点|点击|按|轻点|点一下|按一下|点击一下|选)(它|这个|那个|那里|一下它)(吧|。|)\n"
            "(好|行|可以)，(点|按)(吧|下去)\n点它\n那就点吧\n点这个",
            "请帮我点一下它\n好，点击它吧\n那就按这个",
        ),
        "en": phrases(
            "(Please |Then |OK, |Now |Good, |)(tap|press|click|click on|touch|hit|select) (it|that|that one|this one|there)( please| now| for me|)(.|)\n"
            "(Can|Could) you (tap|press|click|touch) (it|that one)(?|)\n"
            "tap it\npress it\nclick it",
            "Then please tap it\nGood, click on that\nCould you touch it?",
        ),
    },
    "it_find": {
        "zh": phrases(
            "(那|请问|)(它|这个|那个)(在|位于)(屏幕的|画面的|)(哪里|哪|什么位置|哪个位置|什么地方)(呢|？|)\n它在哪",
            "那它在什么地方呢？\n这个在画面的哪里？",
        ),
        "en": phrases(
            "(And |So |)(where|whereabouts) (is it|is that|is that one|can I find it|do I find it|do you see it|does it stand|should I look for it)( on the screen| exactly|)(?|)\n"
            "(In which place|At what place|In which corner|On which side) (is it|is that)(?|)\nwhere is it",
            "So where exactly is it?\nWhere can it be found?",
        ),
    },
    "another": {
        "zh": phrases("(那|那么|还有|)(，|){name}(呢|怎么样|也一样)(？|)\n{name}呢\n(换成|改成|换作|再来){name}(吧|)", "那么{name}呢？\n还有{name}呢？"),
        "en": phrases(
            "(And|What about|How about|And what about|Now|Same for|OK, and|Then) (the |){name}( instead| please| now| too|)(?|)\nand the {name}\nthe {name} instead",
            "What about the {name}, then?\nAnd how about {name}?",
        ),
    },
}  # fmt: skip

#: What is counted, and how it is called.
COUNTED: dict[str, dict[Language, tuple[str, ...]]] = {
    "switch": {"zh": ("开关",), "en": ("switches", "toggles")},
    "checkbox": {"zh": ("复选框", "勾选框"), "en": ("checkboxes", "check boxes")},
    "app": {"zh": ("应用", "应用图标"), "en": ("apps", "app icons")},
}
