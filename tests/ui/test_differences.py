"""What differs between two answers: the words, and the places on the picture."""

from __future__ import annotations

import pytest

from autoglm_ui.conversation import Exchange, Reply
from autoglm_ui.differences import MOST_WORDS, Piece, distance, pointed, words
from autoglm_ui.view import comparison
from autoglm_ui.view.strings import EN, ZH
from engine.protocol import ImagePart, Message, TextPart, Timings, Usage

PICTURE = ImagePart(b"png", "image/png", 720, 1600)


def tap(x: float, y: float, **more: object) -> Reply:
    return Reply("done", answer=f'do(action="Tap", element=[{x},{y}])', id=f"{x}", **more)  # type: ignore[arg-type]


def asked(first: Reply, *others: Reply) -> Exchange:
    return Exchange(Message("user", (PICTURE, TextPart("<b>where?</b>"))), first, "e", others=others)


def test_words_that_only_one_has_are_told_from_those_of_both() -> None:
    assert words("the red switch", "the blue switch") == (
        Piece("both", "the "),
        Piece("first", "red"),
        Piece("second", "blue"),
        Piece("both", " switch"),
    )
    assert words("打开设置", "打开相机") == (
        Piece("both", "打开"),
        Piece("first", "设置"),
        Piece("second", "相机"),
    )


@pytest.mark.parametrize(("first", "second"), [("", "new"), ("a  b\n", "a b"), ("same", "same")])
def test_pieces_join_to_both_texts_again(first: str, second: str) -> None:
    pieces = words(first, second)
    assert pieces is not None
    assert "".join(piece.text for piece in pieces if piece.of != "second") == first
    assert "".join(piece.text for piece in pieces if piece.of != "first") == second


def test_texts_that_are_too_long_are_not_compared_by_words() -> None:
    assert words("a " * MOST_WORDS, "b") is None


def test_distance_is_in_pixels_of_the_picture_and_in_thousandths() -> None:
    first, second = pointed(tap(500, 250), PICTURE), pointed(tap(600, 250), PICTURE)
    assert first and second
    across = distance(first, second, PICTURE)
    assert across.pixels == pytest.approx(72) and across.thousandths == pytest.approx(100)
    down = pointed(tap(500, 350), PICTURE)
    assert down and distance(first, down, PICTURE).pixels == pytest.approx(160)


def test_of_a_box_the_middle_counts() -> None:
    box = Reply("done", answer="<|begin_of_box|>[[400,200,600,300]]<|end_of_box|>")
    first, second = pointed(box, PICTURE), pointed(tap(500, 250), PICTURE)
    assert first and second and distance(first, second, PICTURE).pixels == pytest.approx(0)


def test_answer_that_points_nowhere_or_is_not_there_yet_has_no_place() -> None:
    assert pointed(Reply("done", answer="hello"), PICTURE) is None
    assert pointed(Reply("answering", answer=tap(1, 2).answer), PICTURE) is None
    assert pointed(tap(1, 2), None) is None


def test_places_are_a_sentence() -> None:
    far = tap(600, 250)
    assert comparison.places(asked(tap(500, 250), far), far, EN).startswith(
        "The two places are 72 pixels apart on the picture of 720×1600, 100 thousandths"
    )
    assert "72 像素" in comparison.places(asked(tap(500, 250), far), far, ZH)
    words_only = Reply("done", answer="no idea")
    assert (
        comparison.places(asked(tap(1, 2), words_only), words_only, EN)
        == "Only one of the two points at a place."
    )
    assert comparison.places(asked(words_only, words_only), words_only, EN) == ""


def test_sheet_shows_figures_words_and_places_and_runs_nothing_of_them() -> None:
    first = tap(500, 250, timings=Timings(first_token=0.5, total=2.0), usage=Usage(answer_tokens=10))
    other = Reply(
        "done",
        answer="<script>x</script>",
        id="o",
        backend="<i>evil</i>",
        timings=Timings(first_token=0.75, total=2.0),
        without=("image",),
        compared=True,
    )
    shown = comparison.sheet([(asked(first, other), other)], "e", "<u>t</u>", lambda part: "pic", EN)
    assert "+0.25 s" in shown and "<td>0.00 s</td>" in shown
    assert "without the picture" in shown and 'class="of-1"' in shown and 'class="of-2"' not in shown
    for foreign in ("<script>", "<i>", "<u>", "<b>"):
        assert foreign not in shown
    assert 'data-compare="prefer" data-id="o"' in shown


def test_replay_is_summed_up() -> None:
    pairs = [(asked(tap(1, 2)), tap(1, 2)), (asked(tap(1, 2)), tap(5, 6))]
    shown = comparison.sheet(pairs, "e", "t", lambda part: "pic", EN)
    assert (
        "<dt>Turns asked again</dt><dd>2</dd>" in shown and "<dt>With the same words</dt><dd>1</dd>" in shown
    )
    assert 'data-compare="prefer"' not in shown
