"""The words of the list of conversations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HistoryWords:
    """Names in braces are filled in with `str.format`."""

    conversations: str
    show: str
    hide: str
    search: str
    none: str
    none_found: str
    untitled: str
    pinned: str
    today: str
    yesterday: str
    week: str
    older: str
    more: str
    answering: str
    menu: str
    pin: str
    unpin: str
    rename: str
    export_json: str
    delete: str
    deleted: str
    undo: str
    export_all: str
    import_file: str
    imported: str
    import_refused: str
    nothing_to_export: str
    gone: str
    not_saved: str
    not_exported: str


EN = HistoryWords(
    conversations="Conversations",
    show="Show conversations",
    hide="Hide conversations",
    search="Search conversations",
    none="Your conversations will be listed here.",
    none_found="Nothing found for “{text}”.",
    untitled="Picture or recording",
    pinned="Pinned",
    today="Today",
    yesterday="Yesterday",
    week="Last seven days",
    older="Earlier",
    more="Show all {count}",
    answering="being answered",
    menu="More for {title}",
    pin="Pin",
    unpin="Unpin",
    rename="Rename",
    export_json="Save as JSON, to import again",
    delete="Delete",
    deleted="Deleted “{title}”. It is removed for good in a day.",
    undo="Undo",
    export_all="Export all",
    import_file="Import",
    imported="Conversations imported: {count}",
    import_refused="{name} cannot be imported",
    nothing_to_export="There is nothing to export yet.",
    gone="This conversation is not here any more.",
    not_saved="Not saved: {reason}. Nothing is lost while the program runs; make room on the disk.",
    not_exported="The file could not be made: {reason}. Nothing was changed; make room on the disk and try "
    "again.",
)

ZH = HistoryWords(
    conversations="对话记录",
    show="显示对话记录",
    hide="隐藏对话记录",
    search="搜索对话",
    none="对话会列在这里。",
    none_found="没有找到“{text}”。",
    untitled="图片或录音",
    pinned="已置顶",
    today="今天",
    yesterday="昨天",
    week="最近七天",
    older="更早",
    more="显示全部 {count} 个",
    answering="正在回答",
    menu="“{title}”的更多操作",
    pin="置顶",
    unpin="取消置顶",
    rename="重命名",
    export_json="存为 JSON（可再导入）",
    delete="删除",
    deleted="已删除“{title}”，一天后彻底清除。",
    undo="撤销",
    export_all="全部导出",
    import_file="导入",
    imported="已导入对话：{count} 个",
    import_refused="无法导入 {name}",
    nothing_to_export="还没有可以导出的对话。",
    gone="这个对话已经不在了。",
    not_saved="未能保存：{reason}。程序运行期间不会丢失，请清理磁盘空间。",
    not_exported="文件无法生成：{reason}。内容没有改变，请清理磁盘空间后重试。",
)
