"""The words of the comparison: side by side, without a medium, and asked again of another backend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompareWords:
    """Names in braces are filled in with `str.format`."""

    title: str
    hint: str
    beside: str
    nobody: str
    now_beside: str
    replay: str
    replay_hint: str
    replaying: str
    replayed: str
    replay_stopped: str
    replay_failed: str
    show_differences: str
    no_second: str
    first: str
    second: str
    stop_one: str
    go_on: str
    goes_on: str
    again_without_image: str
    again_without_audio: str
    answers: str
    differences: str
    close: str
    same_words: str
    too_long: str
    only_first: str
    only_second: str
    apart: str
    same_place: str
    only_one_points: str
    picture: str
    figure: str
    difference: str
    turns: str
    turns_alike: str
    not_yet: str
    waiting: str
    thinking: str
    answering: str
    stopped: str
    failed: str


EN = CompareWords(
    title="Side by side",
    hint="Everything you ask goes to a second model, too, with the same bytes. Their answers stream next to "
    "each other. Two models on one machine share it: each is slower than alone.",
    beside="Who answers beside the first",
    nobody="Nobody",
    now_beside="{name} answers beside the first.",
    replay="Ask this whole conversation again",
    replay_hint="Each question goes to the second model once more, with the history that it had. Then you "
    "see what differs.",
    replaying="Asking {name} again: {done} of {total}",
    replayed="{name} was asked again: {done} of {total}",
    replay_stopped="Stopped. {name} was asked again: {done} of {total}",
    replay_failed="{name} cannot go on. Asked again: {done} of {total}",
    show_differences="Show the differences",
    no_second="Choose who answers beside the first, and press “Use this”.",
    first="First",
    second="Second",
    stop_one="Stop this one",
    go_on="Continue with this one",
    goes_on="The conversation goes on with this one",
    again_without_image="Without the picture",
    again_without_audio="Without the sound",
    answers="{count} answers",
    differences="Differences",
    close="Close the comparison",
    same_words="Both say the same, word for word.",
    too_long="These answers are too long to be compared word by word.",
    only_first="only in the first",
    only_second="only in the second",
    apart="The two places are {pixels} pixels apart on the picture of {width}×{height}, {thousandths} "
    "thousandths.",
    same_place="Both point at the same pixel.",
    only_one_points="Only one of the two points at a place.",
    picture="The picture with both places; 1 is the first answer's, 2 the second's",
    figure="Measured",
    difference="Difference",
    turns="Turns asked again",
    turns_alike="With the same words",
    not_yet="No answer has ended yet.",
    waiting="Reading",
    thinking="Thinking",
    answering="Answering",
    stopped="Stopped",
    failed="Failed",
)

ZH = CompareWords(
    title="并排比较",
    hint="你问的一切也会原样发给第二个模型，两边的回答并排出现。两个模型都在本机时共用一台机器，各自都比单独时慢。",
    beside="谁在旁边一起回答",
    nobody="没有",
    now_beside="{name} 在旁边一起回答。",
    replay="把整个对话再问一遍",
    replay_hint="每个问题带着当时的上文再问第二个模型一次，然后显示差别。",
    replaying="正在重新询问 {name}：{done}/{total}",
    replayed="已重新询问 {name}：{done}/{total}",
    replay_stopped="已停止。已重新询问 {name}：{done}/{total}",
    replay_failed="{name} 无法继续。已重新询问：{done}/{total}",
    show_differences="显示差别",
    no_second="请先选好谁在旁边回答，再点“使用”。",
    first="第一个",
    second="第二个",
    stop_one="停止这一个",
    go_on="用这个回答继续",
    goes_on="对话用这个回答继续",
    again_without_image="不看图片再答",
    again_without_audio="不听声音再答",
    answers="{count} 个回答",
    differences="差别",
    close="关闭比较",
    same_words="两个回答一字不差。",
    too_long="回答太长，不能逐词比较。",
    only_first="只在第一个里",
    only_second="只在第二个里",
    apart="在 {width}×{height} 的图片上，两处相距 {pixels} 像素，即 {thousandths} 千分之一。",
    same_place="两个回答指向同一个像素。",
    only_one_points="只有一个回答指出了位置。",
    picture="标出两个位置的图片：1 是第一个回答的，2 是第二个回答的",
    figure="测量",
    difference="相差",
    turns="重新询问的轮数",
    turns_alike="一字不差的",
    not_yet="还没有回答结束。",
    waiting="正在阅读",
    thinking="思考中",
    answering="回答中",
    stopped="已停止",
    failed="失败",
)
