"""Synthetic screens: what is listed is what is drawn, the same every time, legible, balanced and split."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from engine.train.lexicon import READINGS, THINGS
from engine.train.screens import LAYOUTS, Screen, ScreenFontMissingError, draw_screen, glyphs, icons
from engine.train.screens.screen import FEWEST, HELDOUT_LAYOUTS, MOST, PRACTICE_LAYOUTS
from engine.train.screens.strange import draw_strange

COUNT = 300
KEYS = {thing.key for thing in THINGS}
SPLITS = ("train", "heldout", "heldout_icons")


@pytest.fixture(scope="module")
def stream() -> list[Screen]:
    """The first screens of the training stream."""
    return [draw_screen(seed, "train") for seed in range(COUNT)]


@pytest.mark.parametrize("split", SPLITS)
def test_same_seed_draws_same_screen(split):
    first, again = draw_screen(7, split), draw_screen(7, split)
    assert ImageChops.difference(first.image, again.image).getbbox() is None
    assert (first.elements, first.layout, first.facts) == (again.elements, again.layout, again.facts)


def test_splits_and_seeds_draw_different_screens():
    pictures = {draw_screen(seed, split).image.tobytes() for seed in (1, 2) for split in SPLITS}
    assert len(pictures) == 2 * len(SPLITS)


def test_a_screen_does_not_depend_on_those_drawn_before():
    alone = (
        "from engine.train.screens import draw_screen as d; print(d(5, 'train').image.tobytes().__hash__())"
    )
    after = f"from engine.train.screens import draw_screen as d; [d(i, 'train') for i in range(4)]; {alone}"
    root = Path(__file__).parents[2]
    printed = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root,
            env={"PYTHONHASHSEED": "0", "PYTHONPATH": str(root)},
        ).stdout
        for code in (alone, after)
    ]  # fmt: skip
    assert printed[0] == printed[1]


def test_elements_lie_inside_and_apart(stream):
    for seed, screen in enumerate(stream):
        width, height = screen.image.size
        assert FEWEST <= len(screen.elements) <= MOST
        for element in screen.elements:
            left, top, right, bottom = element.box
            assert 0 <= left < right <= width and 0 <= top < bottom <= height, (seed, element)
        for one, other in itertools.combinations(screen.elements, 2):
            a, b = one.box, other.box
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3], (seed, one, other)


@pytest.mark.parametrize("split", SPLITS)
def test_elements_stay_legible_at_224(split):
    for seed in range(60):
        screen = draw_screen(seed, split)
        shrink = 224 / max(screen.image.size)
        for element in screen.elements:
            left, top, right, bottom = element.box
            assert max(right - left, bottom - top) * shrink >= 11, (seed, element)


def test_something_is_drawn_in_every_box(stream):
    """Each box holds at least two clearly different shades, so no element is blank."""
    for seed, screen in enumerate(stream):
        grey = screen.image.convert("L")
        for element in screen.elements:
            low, high = grey.crop(element.box).getextrema()
            assert high - low >= 24, (seed, screen.layout, element)


def test_keys_are_of_the_lexicon_and_come_once(stream):
    for screen in stream:
        counts = Counter(element.key for element in screen.elements)
        assert counts.keys() <= KEYS
        assert all(n == 1 or key in ("switch", "checkbox") for key, n in counts.items()), counts
        for element in screen.elements:
            if element.key in ("switch", "checkbox"):
                assert isinstance(element.state["on"], bool)
            elif element.key == "slider":
                assert 0 <= element.state["value"] <= 1


def test_keys_are_balanced(stream):
    """Every key is on screens at between half and twice the mean rate, and chi-square per key stays small."""
    counts = Counter(key for screen in stream for key in {element.key for element in screen.elements})
    mean = sum(counts.values()) / len(KEYS)
    assert counts.keys() == KEYS
    assert min(counts.values()) > mean / 2 and max(counts.values()) < mean * 2, counts
    assert sum((n - mean) ** 2 / mean for n in counts.values()) / len(KEYS) < 5, counts


def test_status_bars_say_what_is_drawn_large_enough_to_read(stream):
    """Digits of what counts as legible are at least six pixels wide of the 224 that the model sees."""
    keys = Counter(reading.key for screen in stream for reading in screen.readings)
    assert keys.keys() == {thing.key for thing in READINGS}
    for screen in stream:
        shrink = 224 / max(screen.image.size)
        for reading in screen.readings:
            left, top, right, bottom = reading.box
            assert 0 <= left < right <= screen.image.width and 0 <= top < bottom <= screen.image.height
            value = reading.state["value"]
            if reading.key == "wifi":
                assert value == "on" and (right - left) * shrink >= 7
                continue
            assert value == (screen.facts["time"] if reading.key == "time" else str(screen.facts["battery"]))
            assert (right - left) * shrink / len(value) >= 4.5, (screen.layout, reading)


def test_nothing_known_is_on_a_strange_picture():
    drawn = [draw_strange(seed, split, longer_side=300) for seed in range(14) for split in SPLITS]
    assert not any(screen.elements or screen.readings for screen in drawn)
    assert len({screen.image.tobytes() for screen in drawn}) == len(drawn)


def test_every_layout_comes_and_heldout_ones_only_there(stream):
    assert {screen.layout for screen in stream} == {*LAYOUTS, *PRACTICE_LAYOUTS}
    heldout = {draw_screen(seed, "heldout").layout for seed in range(80)}
    assert set(HELDOUT_LAYOUTS) <= heldout
    assert not heldout & set(PRACTICE_LAYOUTS)
    assert not set(HELDOUT_LAYOUTS) & {draw_screen(seed, "heldout_icons").layout for seed in range(80)}


def test_splits_share_no_icon_font():
    training, heldout = icons.families(heldout=False), icons.families(heldout=True)
    assert not {family.font for family in training} & {family.font for family in heldout}
    for side in (training, heldout):
        assert set().union(*(family.glyphs for family in side)) == KEYS - icons.DRAWN_KEYS


def test_every_named_glyph_is_in_its_font():
    for family in icons.FAMILIES:
        for name in (*itertools.chain(*family.glyphs.values()), *family.distractors):
            mask = glyphs.icon_mask(family, name, 32)
            assert 28 <= max(mask.size) <= 36, (family.name, name, mask.size)
            assert sum(mask.histogram()[128:]) > 40, (family.name, name)


def test_a_larger_picture_shows_the_same_screen():
    small, large = draw_screen(3, "train"), draw_screen(3, "train", longer_side=1600)
    assert large.image.height == 2 * small.image.height
    assert [element.key for element in small.elements] == [element.key for element in large.elements]
    for one, other in zip(small.elements, large.elements, strict=True):
        assert all(abs(b - 2 * a) <= 4 for a, b in zip(one.box, other.box, strict=True))


def test_what_is_missing_is_named_with_its_cure():
    with pytest.raises(ScreenFontMissingError, match=r"no_such_icons.*pip install"):
        glyphs.package_folder("no_such_icons")
    with pytest.raises(ScreenFontMissingError, match=r"NoSuchFont\.ttf.*apt-get install fonts-none"):
        glyphs.font_file("NoSuchFont.ttf", "fonts-none")


def test_unknown_split_and_layout_are_refused():
    with pytest.raises(ValueError, match="Unknown split 'test'"):
        draw_screen(0, "test")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="Unknown layout 'desktop'"):
        draw_screen(0, "train", layout="desktop")


def test_contact_sheet_is_written(tmp_path):
    sheet = tmp_path / "sheet.png"
    command = [sys.executable, "-m", "engine.train.screens", "--sheet", str(sheet), "--count", "3", "--boxes"]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    assert Image.open(sheet).width > 1000
