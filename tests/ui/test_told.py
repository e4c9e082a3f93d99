"""A page is told what changed since it was told last, and each page for itself."""

from __future__ import annotations

from autoglm_ui.view.told import Told


def test_only_what_changed_is_news_and_each_page_has_its_own() -> None:
    told = Told()
    assert told.news("one", {"send": True, "stop": False}) == {"send", "stop"}
    assert told.news("one", {"send": True, "stop": True}) == {"stop"}
    assert told.news("one", {"stop": True}) == set()
    assert told.news("one", {"send": True}) == set(), "what was not asked about is still known"
    assert told.news("another", {"send": True}) == {"send"}


def test_page_that_was_forgotten_is_told_everything_again() -> None:
    told = Told(pages=2)
    for page in ("first", "second", "first", "third"):
        told.news(page, {"send": True})
    assert told.news("first", {"send": True}) == set(), "it was used later than the second"
    assert told.news("second", {"send": True}) == {"send"}
