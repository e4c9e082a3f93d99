"""Words that fill screens: titles, row labels, messages. They are scenery, not what nano answers about."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    """The pieces between bars; a line's end counts as a bar."""
    return tuple(piece.strip() for line in text.strip().splitlines() for piece in line.split("|"))


WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "title": _words("""
设置 | 详情 | 我的 | 通知 | 显示 | 隐私 | 账户 | 存储 | 声音 | 任务 | 收藏 | 历史记录 | 下载 | 发现
编辑 | 订单 | 阅读 | 新建 | 最近 | 清单
"""),
        "row": _words("""
无线局域网 | 蓝牙 | 飞行模式 | 深色模式 | 自动更新 | 通知提醒 | 位置信息 | 省电模式 | 自动亮度
开机自启 | 震动反馈 | 指纹解锁 | 数据流量 | 个人热点 | 护眼模式 | 显示秒数 | 后台运行 | 字体大小
语言 | 时间格式 | 账号安全 | 清理缓存
"""),
        "hint": _words("""
已开启 | 关闭后不再提醒 | 建议开启 | 仅在充电时 | 每天 22:00 | 默认 | 已连接 | 点按查看
"""),
        "todo": _words("""
买牛奶 | 交水电费 | 给妈妈打电话 | 写周报 | 取快递 | 跑步五公里 | 预约牙医 | 整理书桌 | 读完第三章
订车票 | 浇花 | 准备会议 | 还书 | 洗衣服
"""),
        "file": _words("""
年度报告.pdf | 旅行照片 | 会议纪要.docx | 课程表.xlsx | 合同扫描件 | 家庭相册 | 演讲稿.pptx
安装包.apk | 音频 03 | 备份 11-02
"""),
        "chat": _words("""
在吗？ | 到家了 | 晚上一起吃饭吧 | 好的，没问题 | 明天几点？ | 收到 | 谢谢！ | 我看看再说
周末有空吗 | 路上小心 | 哈哈哈 | 已经发给你了 | 三点开会
"""),
        "person": _words("""
小林 | 王老师 | 妈妈 | 阿杰 | 设计组 | 李雷 | 小雨 | 快递员
"""),
        "song": _words("""
夏夜晚风 | 海边的信 | 归途 | 月光小径 | 山谷回声 | 北方以北 | 慢慢喜欢
"""),
        "artist": _words("""
青木乐队 | 林间 | 旅人合唱团 | 小岛 | 不眠电台
"""),
        "question": _words("""
删除这些项目？ | 确认退出登录？ | 允许访问位置？ | 更新可用 | 要保存更改吗？ | 连接失败 | 是否重试？
"""),
        "button": _words("""
取消 | 确定 | 以后再说 | 保存 | 允许 | 知道了 | 继续
"""),
        "search": _words("""
搜索 | 搜索应用 | 搜一搜 | 搜索设置 | 输入关键词
"""),
        "text": _words("""
清晨的湖面很安静，远处有几只水鸟。 | 他打开窗户，风里带着桂花的香味。 | 这项功能需要先完成设置。
请在使用前阅读以下说明。 | 城市的灯一盏一盏亮起来。 | 我们把行李放在门口，准备出发。
"""),
        "folder": _words("工具 | 社交 | 常用 | 生活"),
        "date": _words("11月23日 星期一 | 6月5日 周五 | 三月八日"),
        "other": _words("""
游戏 | 主题 | 打印 | 钥匙 | 家居 | 礼物 | 奖杯 | 收藏 | 工具箱 | 助手 | 出行 | 阅读
"""),
        "action": _words("""
扫一扫 | 收藏 | 置顶 | 重命名 | 复制 | 移动 | 打印 | 详情
"""),
    },
    "en": {
        "title": _words("""
Settings | Details | My page | Display | Privacy | Account | Storage | Sound | Tasks | Saved
History | Downloads | Discover | Orders | Reading | Recent | Lists | General
"""),
        "row": _words("""
Wi-Fi | Bluetooth | Airplane mode | Dark mode | Auto update | Notifications | Location
Battery saver | Auto brightness | Start at boot | Vibration | Fingerprint | Mobile data | Hotspot
Night light | Show seconds | Background use | Font size | Language | Time format
"""),
        "hint": _words("""
On | Off | Recommended | While charging | Daily at 10 pm | Default | Connected | Tap to view
"""),
        "todo": _words("""
Buy milk | Pay the bills | Call mum | Write report | Pick up parcel | Run 5 km | See dentist
Tidy desk | Read chapter 3 | Book tickets | Water plants | Return books | Laundry
"""),
        "file": _words("""
Report.pdf | Holiday pics | Minutes.docx | Timetable.xlsx | Contract scan | Family album
Slides.pptx | Setup.apk | Audio 03 | Backup 11-02
"""),
        "chat": _words("""
Are you there? | I'm home | Dinner tonight? | Sure, no problem | What time? | Got it | Thanks!
Let me check | Free at weekend? | Take care | Haha | Sent it to you | Meeting at 3
"""),
        "person": _words("""
Lin | Ms Wang | Mum | Jay | Design team | Lei | Rain | Courier
"""),
        "song": _words("""
Summer wind | Letter by the sea | Way home | Moonlit path | Echo valley | Far north
"""),
        "artist": _words("""
Green Wood | The Forest | Travellers | Little Isle | Night Radio
"""),
        "question": _words("""
Delete these items? | Sign out now? | Allow location? | Update available | Save changes?
Connection failed | Try again?
"""),
        "button": _words("""
Cancel | OK | Later | Save | Allow | Got it | Continue
"""),
        "search": _words("""
Search | Search apps | Find anything | Search settings
"""),
        "text": _words("""
The lake was quiet that early morning. | She opened the window to the wind.
Finish the set-up to use this. | Please read this before you start.
One by one the city lights came on. | We left our bags by the door.
"""),
        "folder": _words("Tools | Social | Daily | Life"),
        "date": _words("Mon, 23 Nov | Friday 5 June | March 8"),
        "other": _words("""
Games | Themes | Print | Keys | Home | Gifts | Awards | Saved | Tools | Help | Travel
"""),
        "action": _words("""
Scan | Save | Pin | Rename | Copy | Move | Print | Info
"""),
    },
}

# What apps print under a control; where a control has no entry its name in the lexicon is used.
CAPTIONS: dict[str, dict[str, str]] = {
    "zh": {
        "back": "返回", "search": "搜索", "menu": "菜单", "add": "添加", "close": "关闭", "share": "分享",
        "delete": "删除", "edit": "编辑", "download": "下载", "play": "播放", "like": "点赞", "send": "发送",
        "refresh": "刷新",
    },
    "en": {
        "back": "Back", "search": "Search", "menu": "Menu", "add": "Add", "close": "Close", "share": "Share",
        "delete": "Delete", "edit": "Edit", "download": "Download", "play": "Play", "like": "Like",
        "send": "Send", "refresh": "Refresh",
    },
}  # fmt: skip
