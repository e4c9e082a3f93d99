"""The words of the request meter and of the visitor's allowance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeterWords:
    """Names in braces are filled in with `str.format`."""

    title: str
    nothing: str
    traffic: str
    no_connections: str
    connections: str
    since: str
    left: str
    spent: str
    seconds: str
    minutes: str


EN = MeterWords(
    title="What left this program",
    nothing="No request. Everything was answered on this machine.",
    traffic="{host}: requests {requests}, sent {sent}, received {received}",
    no_connections="No connection to another machine was opened.",
    connections="Connections to other machines: {list}",
    since="Since the program was started.",
    left="{seconds} s of answers left",
    spent="You have used your {allowance} s of answers for now. The next can be asked in {wait}; your "
    "message stays here.",
    seconds="{count} s",
    minutes="{count} min",
)

ZH = MeterWords(
    title="从本程序发出的内容",
    nothing="没有发出请求，一切都在本机回答。",
    traffic="{host}：请求 {requests} 次，发送 {sent}，接收 {received}",
    no_connections="没有连接过其他机器。",
    connections="连接过的其他机器：{list}",
    since="自程序启动以来。",
    left="回答额度还剩 {seconds} 秒",
    spent="你的 {allowance} 秒回答额度暂时用完了。{wait}后可以再问；消息留在这里。",
    seconds=" {count} 秒",
    minutes=" {count} 分钟",
)
