"""Words in no order, for ears that shall write down what is said and not what they expect to be said.

Everything else that nano listens to is one of its phrases. Ears that had heard nothing else missed half of the
phones of such words, and a fortieth of those of the phrases: they knew the phrases by heart.
"""

# ruff: noqa: E501 - lists of words
from __future__ import annotations

from functools import cache
from random import Random
from zlib import crc32

from engine.train.lexicon import THINGS, Language, Split
from engine.train.phrases import SPOKEN_INTENTS, fill, spoken_outside, spoken_phrases, utterance

_EN = """
able about above across act add afternoon again age agree air all almost alone along already also always among
angry animal another answer any apple april arm army around arrive art ask august aunt autumn away baby back bad
bag ball bank base basket bath beach bean bear beat beautiful because bed bee before begin behind believe bell
below best better between beyond big bird birth black blood blow blue board boat body bone book born both bottle
bottom bowl box boy branch bread break breakfast breath bridge bright bring broken brother brown build burn bus
busy butter buy cake call came car card care carry case cat catch cause centre chain chair chalk chance change
cheap cheese chicken chief child choose church circle city class clean clear climb cloth cloud coat coffee cold
collect colour come common cook copper corn corner cost cotton could count country course cousin cover cow crowd
cry cup cut dance danger dark daughter day dead dear decide deep desk die different dinner dirty do doctor dog
dollar door double doubt down draw dream dress drink drive drop dry dust each ear early earth east easy eat edge
egg eight either electric empty end engine enjoy enough evening ever every exact eye face fact fall family far
farm fast father favour fear february feel few field fifteen fifth fight fill find finger finish first fish
five flat floor flower fly follow food foot force forest forget fork form forty forward four fox free fresh
friday friend from front fruit full game garden gate gather gentle girl give glad glass go goat gold good grass
great green grey ground group grow guess guest guide hair half hall hand happen happy hard hat have head hear
heart heat heavy help here hide high hill history hold hole holiday hope horse hospital hot hour house how
hundred hungry hurry ice idea if ill important inch inside island january job join joy judge juice july jump
june just keep key kick kind king kitchen knee knife know lady lake lamp land language large last late laugh law
lead leaf learn leather leave left leg lemon less letter level lie life light like lion lip list listen little
live long look lose loud love low lunch machine make man many march market matter may maybe meal mean meat
meet member middle mile milk million mind minute mirror miss modern monday money monkey month moon more morning
most mother mountain mouse mouth move much music must nail name narrow near neck need needle neighbour never new
next nice night nine no noise none north nose nothing november now number ocean october off office often oil old
once onion only open orange order other our out over own page paint pair paper parent park part party pass past
path pay peace pen people perhaps person picture piece pig place plan plant plate play please pocket point poor
possible post potato pound power present pretty price prince print prison problem proud pull pure push put queen
question quick quiet quite rabbit race radio rain raise rather reach read ready real reason red remember rest rice
rich ride right ring rise river road rock roof room root rope rose round rule run sad safe said sail salt same
sand saturday save say school science sea season seat second see seed seem sell send september serve seven several
shade shake shape share sharp sheep sheet shelf shell shine ship shirt shoe shop short should shoulder shout show
shut sick side sign silver simple since sing sister sit six size skin skirt sky sleep slow small smell smile smoke
snake snow so soap soft soil soldier some son song soon sort soup south space speak special spell spend spoon
sport spring square stairs stamp stand star start station stay steel step still stone stop store storm story
straight strange street strong student study such sudden sugar summer sun sunday sure surprise sweet swim table
tail take talk tall taste taxi tea teach team tell ten tennis test than thank that theatre then there thick thin
thing think third thirty this thought thousand three throat through throw thumb thunder thursday ticket tie tiger
time to today together tomorrow tongue tonight too tool tooth top touch towards town toy trade train travel
tree trip trouble true trust try tuesday turn twelve twenty two ugly uncle under understand until up use 
valley value various very view village visit voice wait walk wall want war warm wash waste watch water way weak
wear weather wednesday week weigh welcome well west wet what wheel when where which while white who whole why wide
wife wild win wind window wine winter wise wish with without woman wonder wood word work world worry worth
would write wrong yard year yellow yes yesterday yet you young zero zoo
"""
_ZH = """
苹果 香蕉 西瓜 葡萄 橘子 桃子 草莓 米饭 面条 饺子 包子 馒头 牛奶 鸡蛋 豆腐 蔬菜 白菜 萝卜 土豆 番茄 羊肉 牛肉 猪肉 鱼汤 早餐 午饭 晚饭 茶叶 咖啡 果汁
爸爸 妈妈 哥哥 姐姐 弟弟 妹妹 爷爷 奶奶 叔叔 阿姨 朋友 同学 老师 医生 护士 警察 司机 工人 农民 老板 邻居 客人 孩子 男人 学生 作家 画家 演员 
今天 明天 昨天 早上 中午 下午 晚上 星期 月份 春天 夏天 秋天 冬天 去年 明年 小时 分钟 刚才 以前 以后 现在 将来 永远 突然 经常 总是 偶尔 终于 已经 马上
北京 上海 广州 深圳 南京 杭州 成都 重庆 武汉 西安 中国 美国 法国 德国 日本 城市 农村 山东 四川 湖南 云南 海南 台湾 香港 学校 医院 银行 超市 公园 车站
飞机 火车 汽车 公交 地铁 自行车 轮船 马路 大桥 机场 码头 宾馆 饭店 商场 书店 邮局 剧院 厨房 客厅 卧室 阳台 花园 窗户 大门 桌子 椅子 沙发 床单 枕头 镜子
老虎 狮子 大象 猴子 兔子 老鼠 小狗 小猫 鸭子 公鸡 骆驼 蚂蚁 蝴蝶 蜜蜂 乌龟 青蛙 鲸鱼 孔雀 燕子 森林 草原 沙漠 海洋 河流 湖泊 山峰 太阳 月亮 星星
下雨 下雪 刮风 打雷 彩虹 温度 空气 石头 泥土 树叶 花朵 种子 木头 玻璃 钢铁 黄金 白银 塑料 棉花 丝绸 红色 黄色 蓝色 紫色 黑色 白色 灰色 粉色 橙色
高兴 难过 生气 害怕 担心 惊讶 骄傲 寂寞 幸福 痛苦 聪明 勇敢 善良 懒惰 勤劳 美丽 丑陋 干净 整齐 混乱 便宜 昂贵 简单 复杂 容易 困难 重要 普通 特别 奇怪
跑步 游泳 跳舞 唱歌 画画 读书 写字 做饭 洗碗 扫地 睡觉 起床 刷牙 洗脸 穿衣 出门 回家 上班 下班 购买 出售 修理 制造 发明 学习 练习 比赛 胜利 失败
喜欢 讨厌 知道 忘记 记得 希望 相信 怀疑 同意 反对 帮助 保护 破坏 寻找 发现 丢失 借给 归还 选择 决定 开始 结束 继续 停止 增加 减少 变化 成长 离开 到达
如果 因为 所以 但是 虽然 或者 而且 然后 不过 其实 大概 也许 当然 一定 非常 比较 稍微 几乎 完全 只有 我们 他们 你们 自己 大家 别人 这里 那里 什么 怎么
电脑 手表 钥匙 钱包 雨伞 眼镜 帽子 围巾 手套 鞋子 裤子 衬衫 毛衣 外套 铅笔 橡皮 剪刀 纸张 信封 报纸 杂志 词典 故事 新闻 电影 戏剧 钢琴 吉他 足球 篮球
经济 政治 文化 历史 科学 数学 物理 化学 语言 艺术 哲学 宗教 教育 健康 安全 交通 环境 能源 农业 工业 商业 贸易 投资 合同 会议 计划 报告 问题 答案
一百 两千 三万 四十 五十六 七十八 九十九 第一 第二 第三 上面 下面 左边 右边 前面 后面 里面 外面 中间 旁边 东方 西方 南方 北方 附近 远处 角落 中心 顶端 底部
普遍 军队 群众 云彩 远近 拳头 劝说 用途 永久 窗外 床头 双手 爽快 光线 广场 矿山 黄河 往来 望远 强壮
枪声 墙壁 想象 香味 响亮 娘家 酿酒 良好 两旁 江边 讲话 奖品 恩情 跟随 肯定 很久 恨意 份量 喷泉 闷热 嫩芽 森严 深夜 真实 成功 城墙 称赞 生命 声响 更加
"""
WORDS: dict[Language, tuple[str, ...]] = {"en": tuple(_EN.split()), "zh": tuple(_ZH.split())}
#: One word in so many is kept for evaluation.
KEPT = 8
SPACE: dict[Language, str] = {"en": " ", "zh": ""}
#: How many pieces are said in one breath.
FEWEST, MOST = 1, 6
#: How often a piece is a scrap of what nano is asked, so that its words are heard beside any others, too.
SCRAPS = 0.4
#: English words, Chinese characters in a scrap.
LONGEST: dict[Language, int] = {"en": 3, "zh": 4}


@cache
def words_of(language: Language, split: Split) -> tuple[str, ...]:
    """The words of one split; in which one a word is does not depend on the others."""
    return tuple(
        word for word in WORDS[language] if (crc32(word.encode()) % KEPT == 0) == (split == "heldout")
    )


def babble(rng: Random, language: Language, split: Split) -> str:
    """Some words and scraps in no order, as a voice says them."""
    words = words_of(language, split)
    pieces = [
        scrap(rng, language, split) if rng.random() < SCRAPS else rng.choice(words)
        for _ in range(rng.randint(FEWEST, MOST))
    ]
    return SPACE[language].join(pieces)


def scrap(rng: Random, language: Language, split: Split) -> str:
    """A few words out of something that nano is asked, wherever they stand in it."""
    intent = rng.choice((*SPOKEN_INTENTS, "decline"))
    phrases = spoken_outside(language, split)
    if intent != "decline":
        phrases = spoken_phrases(intent, language, split)
    name = rng.choice(rng.choice(THINGS).names(language))
    text = utterance(fill(rng.choice(phrases), language, name, rng.randint(1, 9)))
    words = text.split() if language == "en" else list(text)
    count = rng.randint(1, min(LONGEST[language], len(words)))
    start = rng.randrange(len(words) - count + 1)
    return SPACE[language].join(words[start : start + count])
