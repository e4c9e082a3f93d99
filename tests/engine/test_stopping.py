"""Stop strings, however the text is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.stopping import StopMatcher


def run(pieces: list[str], stops: tuple[str, ...]) -> tuple[str, bool]:
    matcher = StopMatcher(stops)
    text = "".join(matcher.feed(piece) for piece in pieces)
    return text + matcher.close(), matcher.matched


def test_text_before_the_stop_string_is_kept():
    assert run(["one, tw", "o, three"], ("two",)) == ("one, ", True)


def test_without_stops_text_passes_at_once():
    assert StopMatcher(()).feed("anything") == "anything"


def test_what_could_begin_a_stop_string_waits_and_comes_back():
    matcher = StopMatcher(("END",))
    assert matcher.feed("the E") == "the "
    assert matcher.feed("NTRY") == "ENTRY"


def test_the_earliest_stop_string_wins():
    assert run(["a b c"], ("c", "b")) == ("a ", True)


@given(st.text("abE N", max_size=40), st.lists(st.integers(1, 5), max_size=20))
def test_cutting_changes_nothing(text: str, cuts: list[int]):
    pieces, rest = [], text
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    stops = ("EN", "ab a")
    assert run([*pieces, rest], stops) == run([text], stops)
