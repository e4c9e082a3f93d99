"""The words of signing in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignInWords:
    """Names in braces are filled in with `str.format`."""

    title: str
    name: str
    password: str
    submit: str
    wrong: str
    wait: str
    expired: str
    signed_out: str
    kept: str
    unreachable: str
    signed_in: str
    sign_out: str


EN = SignInWords(
    title="Sign in",
    name="Name",
    password="Password",
    submit="Sign in",
    wrong="This name and this password do not belong together.",
    wait="Too many tries. Wait {seconds} seconds, then try again.",
    expired="This page has been open for too long. Sign in again.",
    signed_out="You are signed out.",
    kept="All that you typed, attached or recorded is still here. Sign in as {name}, and it goes on.",
    unreachable="The program could not be reached. Try again.",
    signed_in="Signed in as {name}",
    sign_out="Sign out",
)

ZH = SignInWords(
    title="登录",
    name="用户名",
    password="密码",
    submit="登录",
    wrong="用户名和密码不匹配。",
    wait="尝试次数太多。请等 {seconds} 秒后再试。",
    expired="页面打开太久了，请重新登录。",
    signed_out="您已退出登录。",
    kept="您输入的文字、附件和录音都还在。以 {name} 的身份登录后即可继续。",
    unreachable="无法连接到程序，请重试。",
    signed_in="已登录：{name}",
    sign_out="退出登录",
)
