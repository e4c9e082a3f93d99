"""The words of ratings, the review and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReviewWords:
    """Names in braces are filled in with `str.format`. `tags` are what is stored, and their words."""

    rate: str
    good: str
    bad: str
    comment: str
    review: str
    position: str
    previous: str
    next: str
    close: str
    save_report: str
    export_html: str
    export_markdown: str
    question: str
    answer: str
    thinking: str
    other_answers: str
    rating: str
    why: str
    tags: Mapping[str, str]
    comment_hint: str
    no_answer: str
    picture: str
    recording: str
    report: str
    made: str
    answers: str
    rated_good: str
    rated_bad: str
    failures: str
    backend: str
    first_token: str
    thought: str
    total: str
    speed: str
    tokens: str
    median: str
    chart_times: str
    chart_ratings: str
    chart_tags: str
    unrated: str
    waiting: str
    answering: str
    seconds: str
    without_image: str
    without_audio: str


EN = ReviewWords(
    rate="Rate this answer",
    good="Good answer",
    bad="Bad answer",
    comment="Comment",
    review="Review",
    position="{number} of {count}",
    previous="Previous answer",
    next="Next answer",
    close="Close the review",
    save_report="Save the report",
    export_html="Save as a web page",
    export_markdown="Save as Markdown",
    question="Question",
    answer="Answer",
    thinking="Thinking",
    other_answers="Other answers to this",
    rating="Rating",
    why="What was it?",
    tags={
        "wrong_place": "Wrong place",
        "wrong_action": "Wrong action",
        "misread": "Misread the picture",
        "misheard": "Misheard",
        "made_up": "Made up",
        "slow": "Too slow",
        "language": "Wrong language",
        "clear": "Clear",
        "exact": "Exact",
    },
    comment_hint="A comment, for the report",
    no_answer="No answer",
    picture="Picture: {name}, {width}×{height}",
    recording="Recording: {name}, {seconds} s",
    report="Report",
    made="Saved on {date}",
    answers="Answers",
    rated_good="Good",
    rated_bad="Bad",
    failures="Failed",
    backend="Answered by",
    first_token="First token",
    thought="Thought for",
    total="Whole answer",
    speed="Tokens per second",
    tokens="Tokens",
    median="median",
    chart_times="Seconds for each answer",
    chart_ratings="Ratings",
    chart_tags="What it was",
    unrated="Not rated",
    waiting="until the first token",
    answering="answering",
    seconds="{seconds} s",
    without_image="without the picture",
    without_audio="without the sound",
)

ZH = ReviewWords(
    rate="给这个回答打分",
    good="回答得好",
    bad="回答得不好",
    comment="评语",
    review="评审",
    position="第 {number} 个，共 {count} 个",
    previous="上一个回答",
    next="下一个回答",
    close="关闭评审",
    save_report="保存报告",
    export_html="存为网页",
    export_markdown="存为 Markdown",
    question="问题",
    answer="回答",
    thinking="思考",
    other_answers="同一问题的其他回答",
    rating="评分",
    why="哪方面？",
    tags={
        "wrong_place": "位置不对",
        "wrong_action": "操作不对",
        "misread": "看错图片",
        "misheard": "听错了",
        "made_up": "凭空编造",
        "slow": "太慢",
        "language": "语言不对",
        "clear": "清楚",
        "exact": "准确",
    },
    comment_hint="写给报告的评语",
    no_answer="没有回答",
    picture="图片：{name}，{width}×{height}",
    recording="录音：{name}，{seconds} 秒",
    report="报告",
    made="保存于 {date}",
    answers="回答",
    rated_good="好",
    rated_bad="不好",
    failures="失败",
    backend="回答者",
    first_token="首字",
    thought="思考时间",
    total="全部回答",
    speed="每秒词元",
    tokens="词元",
    median="中位数",
    chart_times="每个回答的秒数",
    chart_ratings="评分",
    chart_tags="哪方面",
    unrated="未评分",
    waiting="等待首字",
    answering="回答",
    seconds="{seconds} 秒",
    without_image="不看图片",
    without_audio="不听声音",
)
