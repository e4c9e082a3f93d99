"""Inline thinking is split from the answer, however the text is written and cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocol import AnswerAdded, ReasoningAdded, Resplit
from engine.thinking import ThinkingSplitter
from tests import folding


def fold(pieces, **how):
    """The reasoning and the answer that a page would show in the end."""
    splitter = ThinkingSplitter(**how)
    return folding.fold([event for piece in pieces for event in splitter.feed(piece)] + splitter.close())


PLAIN = {}
OPENED = {"opened": True}
ACTIONS = {"action_answers": True}
APART = {"apart": True}

CASES = {
    "tags": (PLAIN, "<think>why</think>because", "why", "because"),
    "line ends belong to the tags": (
        PLAIN,
        "<think>\nwhy\nso\n</think>\n\nbecause\n",
        "why\nso",
        "because\n",
    ),
    "windows line ends": (PLAIN, "<think>\r\nwhy\r\n</think>\r\nbecause", "why", "because"),
    "white space before the tag": (PLAIN, " \n<think>why</think>because", "why", "because"),
    "indented answer": (PLAIN, "<think>a</think>\n    x = 1", "a", "    x = 1"),
    "opened by the template": (OPENED, "why</think>\nbecause", "why", "because"),
    "opened by the template, and by the model": (OPENED, "\n<think>why</think>because", "why", "because"),
    "opened, nobody said so": (PLAIN, "why\n</think>\nbecause", "why", "because"),
    "opened, nobody said so, no thought": (PLAIN, "</think>\n\nbecause", "", "because"),
    "doubled open": (PLAIN, "<think><think>why</think>because", "why", "because"),
    "doubled open on two lines": (PLAIN, "<think>\n<think>\nwhy</think>because", "why", "because"),
    "doubled close": (PLAIN, "<think>why</think></think>\nbecause", "why", "because"),
    "empty": (PLAIN, "<think></think>because", "", "because"),
    "empty, line ends only": (PLAIN, "<think>\n\n</think>\n\nbecause", "", "because"),
    "empty, then a real one": (PLAIN, "<think></think>\n<think>why</think>because", "why", "because"),
    "cut off in thinking": (PLAIN, "<think>why, wh", "why, wh", ""),
    "cut off inside the close tag": (PLAIN, "<think>why</thi", "why</thi", ""),
    "cut off, opened by the template": (OPENED, "why, wh", "why, wh", ""),
    "cut off inside the open tag": (PLAIN, "<thin", "", "<thin"),
    "no tags": (PLAIN, "because 1 < 2 and <b>", "", "because 1 < 2 and <b>"),
    "line ends without tags": (PLAIN, "\n\nbecause\n", "", "\n\nbecause\n"),
    "thinking came apart": (APART, "\nbecause </think> <think>a", "", "\nbecause </think> <think>a"),
    "thinking came apart, stray close": (APART, "</think>\nbecause", "", "because"),
    "thinking came apart, wrapper": (APART, "<answer>because</answer>", "", "because"),
    "thinking came apart, action": ({**APART, **ACTIONS}, 'I do(action="Back")', "", 'I do(action="Back")'),
    "nothing": (PLAIN, "", "", ""),
    "quoted after thinking": (
        PLAIN,
        "<think>tags</think>Write <think> first, </think> last.",
        "tags",
        "Write <think> first, </think> last.",
    ),
    "quoted without thinking": (PLAIN, "Write <think>x</think> so.", "", "Write <think>x</think> so."),
    "close quoted as code without thinking": (
        PLAIN,
        "It ends with `</think>`.",
        "",
        "It ends with `</think>`.",
    ),
    "close quoted in a block without thinking": (
        PLAIN,
        "So:\n```\nx\n</think>\n```\nend",
        "",
        "So:\n```\nx\n</think>\n```\nend",
    ),
    "close quoted in the thinking": (
        PLAIN,
        "<think>the `</think>` tag</think>yes",
        "the `</think>` tag",
        "yes",
    ),
    "stray backtick before the close": (PLAIN, "<think>a ` sign</think>yes\nno", "a ` sign", "yes\nno"),
    "code before the close": (PLAIN, "<think>is `a`</think>`b` is", "is `a`", "`b` is"),
    "fence before the close": (PLAIN, "<think>```\na\n```</think>b", "```\na\n```", "b"),
    "open tag in the thinking": (PLAIN, "<think>write <think> now</think>ok", "write <think> now", "ok"),
    "answer wrapper": (PLAIN, "<think>a</think>\n<answer>\nb\n</answer>\n", "a", "b"),
    "answer wrapper, no thinking": (PLAIN, "<answer>b</answer>", "", "b"),
    "answer wrapper, not closed": (PLAIN, "<think>a</think><answer>b", "a", "b"),
    "answer wrapper, not opened": (PLAIN, "<think>a</think>b\n</answer>\n", "a", "b"),
    "answer tag in the middle": (
        PLAIN,
        "<think>a</think>b <answer> c </answer> d",
        "a",
        "b <answer> c </answer> d",
    ),
    "quoted answer tag in the wrapper": (
        PLAIN,
        "<answer>use `</answer>` so</answer>",
        "",
        "use `</answer>` so",
    ),
    "box": (PLAIN, "<think>a</think>It is <|begin_of_box|>42<|end_of_box|>.", "a", "It is 42."),
    "box around it all": (PLAIN, "<|begin_of_box|>[[1,2,3,4]]<|end_of_box|>", "", "[[1,2,3,4]]"),
    "box in the thinking": (OPENED, "so <|begin_of_box|>4<|end_of_box|></think>4", "so 4", "4"),
    "box and wrapper": (PLAIN, "<think>a</think><answer><|begin_of_box|>b<|end_of_box|></answer>", "a", "b"),
    "box quoted": (PLAIN, "The mark `<|begin_of_box|>`", "", "The mark `<|begin_of_box|>`"),
    "action after bare text": (
        ACTIONS,
        '点击搜索框。\ndo(action="Tap", element=[1,2])',
        "点击搜索框。",
        'do(action="Tap", element=[1,2])',
    ),
    "finish after bare text": (ACTIONS, 'All set. finish(message="ok")', "All set. ", 'finish(message="ok")'),
    "action at once": (ACTIONS, 'do(action="Back")', "", 'do(action="Back")'),
    "action after bare text, wrapped": (
        ACTIONS,
        'tap<answer>do(action="Back")</answer>',
        "tap",
        'do(action="Back")',
    ),
    "action after tags": (
        ACTIONS,
        '<think>not finish(message="x") yet</think>\n<answer>do(action="Back")</answer>',
        'not finish(message="x") yet',
        'do(action="Back")',
    ),
    "action in the thinking, opened by the template": (
        {**OPENED, **ACTIONS},
        'not finish(message="x") yet</think>do(action="Back")',
        'not finish(message="x") yet',
        'do(action="Back")',
    ),
    "action in the thinking, opened, nobody said so": (
        ACTIONS,
        'not finish(message="x") yet</think>do(action="Back")',
        'not finish(message="x") yet',
        'do(action="Back")',
    ),
    "action after thinking that was not closed": (
        ACTIONS,
        '<think>tap it\n<answer>do(action="Back")</answer>',
        "tap it",
        'do(action="Back")',
    ),
    "no action after all": (ACTIONS, "Hello, I am a model.", "", "Hello, I am a model."),
    "an action is text elsewhere": (PLAIN, 'I do(action="Back")', "", 'I do(action="Back")'),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    how, text, reasoning, answer = CASES[name]
    assert fold([text], **how) == (reasoning, answer)
    assert fold(text, **how) == (reasoning, answer), "one character at a time"


@pytest.mark.parametrize("name", CASES)
def test_cut_in_two_at_any_place(name):
    how, text, reasoning, answer = CASES[name]
    for cut in range(len(text)):
        assert fold([text[:cut], text[cut:]], **how) == (reasoning, answer), cut


PIECES = st.sampled_from(
    [
        *("<think>", "</think>", "<answer>", "</answer>", "<|begin_of_box|>", "<|end_of_box|>"),
        *(
            "do(action=",
            "finish(message=",
            "<",
            "</",
            "think>",
            "`",
            "```",
            "\n",
            "\r\n",
            " ",
            "a",
            "思",
            ")",
        ),
    ]
)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=14), st.data(), st.booleans(), st.booleans())
def test_cutting_never_changes_the_result(pieces, data, opened, action_answers):
    text = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    cut_text = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    how = {"opened": opened, "action_answers": action_answers}
    assert fold(cut_text, **how) == fold([text], **how)
    assert fold(text, **how) == fold([text], **how)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(PIECES, max_size=14).map("".join).filter(lambda text: "<" not in text),
    st.booleans(),
)
def test_text_without_tags_is_the_answer_unchanged(text, action_answers):
    how = {"action_answers": action_answers} if "(" not in text else {}
    assert fold(text, **how) == ("", text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text("ab <>/think\n`", max_size=40))
def test_nothing_is_held_back_that_no_tag_can_start_with(text):
    splitter = ThinkingSplitter(opened=True)
    shown = ""
    for character in text.replace("</think>", ""):
        shown += "".join(
            event.text for event in splitter.feed(character) if isinstance(event, ReasoningAdded)
        )
    held = "".join(event.text for event in splitter.close() if isinstance(event, ReasoningAdded)).lstrip(
        "\r\n"
    )
    assert any(tag.startswith(held) for tag in ("<think>", "</think>", "<|begin_of_box|>", "<|end_of_box|>"))
    assert len(shown) + len(held) <= len(text)


def test_it_streams():
    splitter = ThinkingSplitter()
    assert splitter.feed("<thi") == []
    assert splitter.feed("nk>I ") == [ReasoningAdded("I ")]
    assert splitter.feed("see <") == [ReasoningAdded("see ")]
    assert splitter.feed("b></") == [ReasoningAdded("<b>")]
    assert splitter.feed("think>\n") == []
    assert splitter.feed("Yes") == [AnswerAdded("Yes")]
    assert splitter.close() == []


def test_it_tells_what_the_template_did():
    splitter = ThinkingSplitter()
    assert splitter.feed("why") == [AnswerAdded("why")]
    assert splitter.feed("</think>because") == [Resplit("why", ""), AnswerAdded("because")]
    assert splitter.unopened_close
    assert splitter.thinking_closed
