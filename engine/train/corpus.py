"""Screens drawn ahead of time, as the model will receive them, with what is on each."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.train.lexicon import READINGS
from engine.train.scene import Scene, Spot
from engine.train.screens import Element, Screen, Split, draw_screen
from engine.train.screens.mosaic import draw_mosaic
from engine.train.screens.strange import draw_strange

logger = logging.getLogger(__name__)

Source = Split | Literal["mosaic"]
READ = {thing.key for thing in READINGS}

# Things whose centres are closer than this, in thousandths of the height, stand in one row.
ROW_HEIGHT = 25.0
# One picture in so many shows nothing that nano knows: more of them in training, for they are all different.
STRANGE: dict[Split, int] = {"train": 8, "heldout": 12, "heldout_icons": 12}
VERSION = 6  # of what is drawn: raise it when the same seed no longer gives the same screen


@dataclass(frozen=True)
class ScreenCorpus:
    """Drawn screens.

    pixels: uint8 [n, 224, 224, 3], memory-mapped; content_sizes: int64 [n, 2] width and height in px.
    """

    pixels: np.ndarray
    content_sizes: np.ndarray
    scenes: Sequence[Scene]

    def __len__(self) -> int:
        return len(self.scenes)


def scene_of(screen: Screen) -> Scene:
    """Boxes in thousandths of the picture, in reading order."""
    width, height = screen.image.size
    scale = np.array([1000 / width, 1000 / height, 1000 / width, 1000 / height])

    def spot(item: Element) -> Spot:
        return Spot(item.key, tuple((np.array(item.box) * scale).tolist()), value_of(item))

    spots = [spot(item) for item in screen.elements]
    return Scene(screen.layout, tuple(in_reading_order(spots)), tuple(spot(item) for item in screen.readings))


def value_of(item: Element) -> str:
    """What can be read off it."""
    if item.key in ("switch", "checkbox"):
        return "on" if item.state["on"] else "off"
    return item.state["value"] if item.key in READ else ""


def in_reading_order(spots: Sequence[Spot]) -> list[Spot]:
    """Top row first, each row from left to right."""
    rows: list[list[Spot]] = []
    for spot in sorted(spots, key=lambda spot: spot.box[1] + spot.box[3]):
        middle = (spot.box[1] + spot.box[3]) / 2
        if rows and middle - (rows[-1][0].box[1] + rows[-1][0].box[3]) / 2 < ROW_HEIGHT:
            rows[-1].append(spot)
        else:
            rows.append([spot])
    return [spot for row in rows for spot in sorted(row, key=lambda spot: spot.box[0])]


def draw_one(seed: int, source: Source) -> tuple[np.ndarray, tuple[int, int], Scene]:
    from engine.model.processing import AutoGLMImageProcessor

    if source == "mosaic":
        screen = draw_mosaic(seed)
    elif seed % STRANGE[source] == STRANGE[source] - 1:
        screen = draw_strange(seed, source)
    else:
        screen = draw_screen(seed, source)
    square, content_size = AutoGLMImageProcessor().fit(screen.image)
    return np.asarray(square, dtype=np.uint8), content_size, scene_of(screen)


def draw_all(
    source: Source, seeds: Sequence[int], workers: int
) -> Iterator[tuple[np.ndarray, tuple[int, int], Scene]]:
    """Draw in this process, or in several."""
    draw = partial(draw_one, source=source)
    if workers == 1:
        yield from map(draw, seeds)
        return
    # Not forked: this process may hold torch's threads and their locks.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(draw, seeds, chunksize=32)


def draw_corpus(folder: Path, source: Source, count: int, workers: int, seed: int = 0) -> ScreenCorpus:
    """Draw `count` screens of a split, or practice sheets, from a seed on, into `folder`, or open them."""
    name = f"screens-{VERSION}-{source}-{count}" + (f"-from-{seed}" if seed else "")
    pixels_path, facts_path = folder / f"{name}.npy", folder / f"{name}.json"
    if not facts_path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.lib.format.open_memmap(pixels_path, mode="w+", dtype=np.uint8, shape=(count, 224, 224, 3))
        facts = []
        for index, (square, content_size, scene) in enumerate(
            draw_all(source, range(seed, seed + count), workers)
        ):
            pixels[index] = square
            facts.append([content_size, asdict(scene)])
            if index % 2000 == 1999:
                logger.info("drew %d of %d %s screens", index + 1, count, source)
        pixels.flush()
        write_whole(facts_path, json.dumps(facts))
    facts = json.loads(facts_path.read_text())
    scenes = [
        Scene(
            scene["layout"],
            *(tuple(read_spot(spot) for spot in scene[part]) for part in ("spots", "readings")),
        )
        for _, scene in facts
    ]
    sizes = np.array([size for size, _ in facts], dtype=np.int64)
    return ScreenCorpus(np.load(pixels_path, mmap_mode="r"), sizes, scenes)


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there only when it is complete."""
    partial = path.with_suffix(".partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def read_spot(facts: dict[str, Any]) -> Spot:
    return Spot(facts["key"], tuple(facts["box"]), facts["value"])
