"""Synthetic phone screens with known contents, for training and for held-out evaluation."""

from engine.train.screens.glyphs import ScreenFontMissingError
from engine.train.screens.page import Element
from engine.train.screens.screen import HELDOUT_LAYOUTS, LAYOUTS, Screen, Split, draw_screen

__all__ = [
    "HELDOUT_LAYOUTS",
    "LAYOUTS",
    "Element",
    "Screen",
    "ScreenFontMissingError",
    "Split",
    "draw_screen",
]
