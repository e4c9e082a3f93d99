"""Actions are read out of whatever models write, and nothing makes the reader fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoglm_ui.actions import Action, Unreadable, find, place


def one(text: str) -> Action:
    found = find(text)
    assert len(found) == 1, found
    assert isinstance(found[0], Action), found
    return found[0]


@pytest.mark.parametrize(
    ("text", "name", "shapes"),
    [
        ('do(action="Tap", element=[499,250])', "Tap", ((499, 250),)),
        ("do(action='Tap', element=(499, 250))", "Tap", ((499, 250),)),
        ("do( action = “Tap” , element = [ 499 ， 250 ] )", "Tap", ((499, 250),)),
        ('<think>a</think>\n<answer>do(action="Tap", element=[1,2])</answer>', "Tap", ((1, 2),)),
        ('<answer>do(action="Tap", element=[1,2])', "Tap", ((1, 2),)),
        ('do(action="Swipe", start=[500,800], end=[500,200])', "Swipe", ((500, 800), (500, 200))),
        ('do(action="Long Press", element=["12", "34"])', "Long Press", ((12, 34),)),
        ('do(action="Double Tap", element=[[12, 34]])', "Double Tap", ((12, 34),)),
        ("<|begin_of_box|>[[10,20,300,400]]<|end_of_box|>", "Box", ((10, 20, 300, 400),)),
        ("<|begin_of_box|>(10, 20, 300, 400)<|end_of_box|>", "Box", ((10, 20, 300, 400),)),
        ("<|begin_of_box|><10 20 300 400><|end_of_box|>", "Box", ((10, 20, 300, 400),)),
        ("<|begin_of_box|>[[1,2,3,4],[5,6,7,8]]<|end_of_box|>", "Box", ((1, 2, 3, 4), (5, 6, 7, 8))),
        ("It is at [[10,20,300,400]].", "Box", ((10, 20, 300, 400),)),
        ("[512, 300]", "Point", ((512, 300),)),
        ('{"action_type":"click","box_2d":[[10,20,30,40]]}', "Tap", ((10, 20, 30, 40),)),
        ('```json\n[{"bbox_2d": [1, 2, 3, 4], "label": "ok"}]\n```', "Box", ((1, 2, 3, 4),)),
        ('{"name":"mobile_use","arguments":{"action":"click","coordinate":[5,6]}}', "Tap", ((5, 6),)),
        ('{"action":"swipe","start":[1,2],"end":[3,4]}', "Swipe", ((1, 2), (3, 4))),
        ('{"action": "tap", "x": 5, "y": 6}', "Tap", ((5, 6),)),
    ],
)
def test_places_are_read_however_they_are_written(
    text: str, name: str, shapes: tuple[tuple[float, ...], ...]
) -> None:
    action = one(text)
    assert (action.name, action.shapes) == (name, shapes)
    assert action.source in text


@pytest.mark.parametrize(
    ("text", "name", "argument", "value"),
    [
        ('do(action="Launch", app="小红书")', "Launch", "app", "小红书"),
        ('do(action="Type", text="He said "hi", then (left)")', "Type", "text", 'He said "hi", then (left)'),
        ('do(action="Type", text="line one\nline two")', "Type", "text", "line one\nline two"),
        (r'do(action="Type", text="a \"b\" \n c")', "Type", "text", 'a "b" \n c'),
        ('do(action="Type", text="f(x) = [1, 2]")', "Type", "text", "f(x) = [1, 2]"),
        ('do(action="Wait", duration="3 s")', "Wait", "duration", "3 s"),
        ('do(action="Wait", duration=3)', "Wait", "duration", "3"),
        ('finish(message="完成（共 3 项）")', "Finish", "message", "完成（共 3 项）"),
        ('do(action="Tap", element=[1,2], message="pays 5 yuan")', "Tap", "message", "pays 5 yuan"),
    ],
)
def test_words_are_read_with_whatever_they_hold(text: str, name: str, argument: str, value: str) -> None:
    action = one(text)
    assert (action.name, action.argument(argument)) == (name, value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('do(action="Tap", element=[499,', "cut"),
        ('do(action="Tap", element=', "cut"),
        ('do(action="Tap', "cut"),
        ('do(action="Tap", element=[a,b])', "argument"),
        ('do(action="Tap", element=[1,2,3])', "place"),
        ('do(action="Tap")', "place"),
        ('do(action="Swipe", start=[1,2])', "place"),
        ('do(action="Tap", 5)', "argument"),
        ('{"action_type":"click","box_2d":[[10,20', "cut"),
        ("<|begin_of_box|>[[10,20,30]]<|end_of_box|>", "place"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_text(text: str, reason: str) -> None:
    found = find(text)
    assert [one.reason for one in found if isinstance(one, Unreadable)] == [reason], found
    assert not [one for one in found if isinstance(one, Action)]
    assert found[0].source == text


@pytest.mark.parametrize(
    "text",
    [
        "Hello.",
        "undo(action=1)",
        "You can do (almost) anything.",
        "The list [1, 2, 3] has three numbers and [5] has one.",
        "def f(x): return {'a': 1}",
        '{"name": "Ann", "age": 5}',
        "<|begin_of_box|>42<|end_of_box|>",
        '<think>finish(message="no")</think>The answer is 5.',
        '<think>do(action="Tap", element=[1,2])',
        "",
    ],
)
def test_what_is_no_action_is_none(text: str) -> None:
    assert find(text) == ()


def test_an_action_in_the_thinking_is_not_the_answer() -> None:
    text = '<think>finish(message="wrong")</think><answer>do(action="Home")</answer>'
    assert one(text).name == "Home"
    assert one('maybe finish(message="wrong")</think>do(action="Back")').name == "Back"


def test_several_actions_keep_their_order_and_a_broken_one_does_not_hide_the_next() -> None:
    found = find('do(action="Tap", element=[1,)\ndo(action="Home")\n[[1,2,3,4]]')
    assert [type(each).__name__ for each in found] == ["Unreadable", "Action", "Action"]
    assert [each.name for each in found if isinstance(each, Action)] == ["Home", "Box"]


def test_bare_numbers_in_a_sentence_are_only_a_guess() -> None:
    assert not one("The button is at [100, 200, 300, 400].").sure
    assert one("[100, 200, 300, 400]").sure


def test_thousandths_become_the_pixels_that_the_phone_taps() -> None:
    placed = place(one('do(action="Tap", element=[499,250])'), 1080, 2400)
    assert placed
    assert placed.unit == "thousandths" and placed.inside
    assert placed.pixels(1080, 2400) == ((538, 600),)
    assert placed.thousandths == ((499, 250),)


def test_larger_numbers_are_pixels_and_small_decimals_fractions() -> None:
    pixels = place(one('do(action="Tap", element=[540,1800])'), 1080, 2400)
    assert pixels and pixels.unit == "pixels" and pixels.thousandths == ((500, 750),)
    outside = place(one('do(action="Tap", element=[540,2500])'), 1080, 2400)
    assert outside and not outside.inside
    fraction = place(one('{"action":"click","point":[0.5,0.25]}'), 1080, 2400)
    assert fraction and fraction.unit == "fractions" and fraction.pixels(1080, 2400) == ((540, 600),)


_PIECES = st.sampled_from(
    [
        *("do(", "action=", "finish(message=", '"', "'", "“", "[", "]", "(", ")", "{", "}", ",", "1", "999"),
        *("-", "e9", '{"action":', '"box_2d":', "<|begin_of_box|>", "<|end_of_box|>", "<think>", "</think>"),
        *("\\", "\n", "Tap", "element=", "1e999", "[[", "]]", ":", " "),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.lists(_PIECES, max_size=60).map("".join)))
def test_nothing_makes_it_raise_and_every_find_is_part_of_the_text(text: str) -> None:
    for each in find(text):
        assert each.source.strip() in text
        if isinstance(each, Action) and (placed := place(each, 1080, 2400)):
            placed.pixels(1080, 2400)
            assert len(placed.points) == len(each.shapes)


@pytest.mark.parametrize(
    "piece", ["[", '{"a":', "do(action=", 'do(action="', "1,", "<think>", "<|begin_of_box|>"]
)
def test_long_nonsense_is_read_to_its_end(piece: str) -> None:
    assert len(find(piece * (200_000 // len(piece)))) <= 32
