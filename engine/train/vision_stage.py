"""First the eyes: the image encoder learns what is in each cell of a screen, and where exactly.

Dense labels that the generator knows teach a CNN in minutes what next-token loss alone learns very late.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.model.modeling import AutoGLMVisionModel
from engine.train.corpus import ScreenCorpus
from engine.train.facts import ANY_PAGE, LAYOUTS
from engine.train.lexicon import READINGS, THINGS
from engine.train.scene import Scene
from engine.train.trainer import Losses, Schedule, train

CLASS_OF = {thing.key: index for index, thing in enumerate((*THINGS, *READINGS))}
NOTHING = len(CLASS_OF)
NOTHING_WEIGHT = 0.5  # most cells are empty
PLACES, NO_DIGIT, UNREAD = 4, 10, -100
ORDERS = 20  # things of a page that have a number; what comes later, or is nothing, has none
PAGES = (*(page["en"] for page in LAYOUTS.values()), ANY_PAGE["en"])
CONTEXT_WEIGHT = 0.5  # of what only the whole page tells, against what is in a cell
SWITCHED = {"on": "1", "off": "0"}
PHONE_CELLS = 98  # of a tall phone: a batch of wider pictures has fewer of them


class CellLabels(NamedTuple):
    """What each cell shows whose thing has its centre in it.

    classes: int64 [grid, grid]; points: float32 [grid, grid, 2]; digits: int64 [grid, grid, PLACES],
    right-aligned, UNREAD where there is nothing to read; orders: int64 [grid, grid, 2], how many other kinds
    of things are named first, and how many of its own kind come before, ORDERS where none is to be counted;
    pages: int64 [grid, grid], an index into PAGES, UNREAD where the picture is none.
    """

    classes: np.ndarray
    points: np.ndarray
    digits: np.ndarray
    orders: np.ndarray
    pages: np.ndarray


def digits_of(value: str, places: int) -> list[int]:
    """The last digits of what can be read, NO_DIGIT before the first: "9:05" -> [10, 9, 0, 5]."""
    found = [int(character) for character in SWITCHED.get(value, value) if character.isdigit()]
    return [NO_DIGIT] * (places - len(found)) + found[-places:]


def label_cells(scene: Scene, content_size: np.ndarray, grid: int, stride: int) -> CellLabels:
    classes = np.full((grid, grid), NOTHING, dtype=np.int64)
    points = np.zeros((grid, grid, 2), dtype=np.float32)
    digits = np.full((grid, grid, PLACES), UNREAD, dtype=np.int64)
    orders = np.full((grid, grid, 2), ORDERS, dtype=np.int64)
    known, counted = number_things(scene), scene.layout != "mosaic"
    for spot in (*scene.readings, *scene.spots):
        left, top, right, bottom = spot.box
        point = np.array([left + right, top + bottom]) / 2000
        column, row = (point * content_size / stride).astype(int)
        if 0 <= row < grid and 0 <= column < grid:
            classes[row, column] = CLASS_OF[spot.key]
            points[row, column] = point
            digits[row, column] = digits_of(spot.value, PLACES) if spot.value else UNREAD
            orders[row, column] = known.get(id(spot), ORDERS)
    page = PAGES.index(LAYOUTS.get(scene.layout, ANY_PAGE)["en"])
    pages = np.full((grid, grid), page if counted and scene.spots else UNREAD, dtype=np.int64)
    return CellLabels(classes, points, digits, orders if counted else np.full_like(orders, UNREAD), pages)


def number_things(scene: Scene) -> dict[int, tuple[int, int]]:
    """By the `id` of each spot: its kind's place among the kinds in reading order, its own in its kind."""
    kinds: dict[str, int] = {}
    before: dict[str, int] = {}
    numbers: dict[int, tuple[int, int]] = {}
    for spot in scene.spots:
        first = spot.key not in kinds
        place = kinds.setdefault(spot.key, len(kinds))
        number = before.get(spot.key, 0)
        before[spot.key] = number + 1
        numbers[id(spot)] = (min(place, ORDERS) if first else ORDERS, min(number, ORDERS))
    return numbers


class VisionStage:
    """Batches and losses of the stage. Screens of one shape come together, so that none carries padding."""

    def __init__(
        self,
        model: AutoGLMVisionModel,
        corpus: ScreenCorpus,
        batch_size: int,
        device: torch.device,
        bf16: bool = False,
        stream: int = 0,
    ):
        self.model, self.corpus, self.device = model, corpus, device
        self.bf16, self.stream = bf16, stream
        config = model.config
        labels = [
            label_cells(scene, size, config.grid_size, config.stride)
            for scene, size in zip(corpus.scenes, corpus.content_sizes, strict=True)
        ]
        self.labels = CellLabels(*(np.stack(column) for column in zip(*labels, strict=True)))
        shapes = -(-corpus.content_sizes // config.stride)
        self.buckets = [np.flatnonzero((shapes == shape).all(axis=1)) for shape in np.unique(shapes, axis=0)]
        self.sizes = [
            max(1, round(batch_size * PHONE_CELLS / np.prod(shapes[bucket[0]]))) for bucket in self.buckets
        ]
        self.weights = np.array([len(bucket) for bucket in self.buckets]) / len(corpus)
        self.class_weights = torch.ones(NOTHING + 1, device=device)
        self.class_weights[NOTHING] = NOTHING_WEIGHT
        self.order_weights = torch.ones(ORDERS + 1, device=device)
        self.order_weights[ORDERS] = NOTHING_WEIGHT

    def draw(self, step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([len(self.corpus), self.stream, step])
        chosen = rng.choice(len(self.buckets), p=self.weights)
        bucket, size = self.buckets[chosen], self.sizes[chosen]
        return self.load(np.sort(rng.choice(bucket, size, replace=len(bucket) < size)), rng)

    def load(self, indices: np.ndarray, rng: np.random.Generator | None = None) -> dict[str, Tensor]:
        """Screens by index, their colours disturbed if there is an `rng`."""
        pixels = torch.from_numpy(self.corpus.pixels[indices]).permute(0, 3, 1, 2).float() / 255
        if rng is not None:
            pixels = disturb(pixels, rng)
        return {
            "pixel_values": pixels.to(self.device),
            "content_sizes": torch.from_numpy(self.corpus.content_sizes[indices]).to(self.device),
            **{
                name: torch.from_numpy(labels[indices]).to(self.device)
                for name, labels in self.labels._asdict().items()
            },
        }

    def loss(self, batch: dict[str, Tensor]) -> Losses:
        seen = self.look(batch)
        labels = crop_labels(batch, seen.shape)
        classes = labels.classes.masked_fill(~seen.mask, UNREAD)
        naming = functional.cross_entropy(
            seen.names.transpose(1, 2), classes, weight=self.class_weights, ignore_index=UNREAD
        )
        there = (classes >= 0) & (classes < NOTHING)
        off = (seen.points - labels.points) * batch["content_sizes"][:, None, :] / self.model.config.stride
        pointing = functional.smooth_l1_loss(off[there], torch.zeros_like(off[there]), beta=0.1)
        losses = {"total": naming + pointing, "naming": naming, "pointing": pointing}
        if seen.digits is not None and bool((labels.digits != UNREAD).any()):
            reading = functional.cross_entropy(
                seen.digits.flatten(0, 2), labels.digits.flatten(), ignore_index=UNREAD
            )
            losses |= {"total": losses["total"] + reading, "reading": reading}
        pages = labels.pages.masked_fill(~seen.mask, UNREAD)
        for name, said, wanted, weight in (
            ("order", seen.orders, labels.orders, self.order_weights),
            ("page", seen.pages, pages, None),
        ):
            if said is not None and bool((wanted != UNREAD).any()):
                loss = functional.cross_entropy(
                    said.flatten(0, -2), wanted.flatten(), weight=weight, ignore_index=UNREAD
                )
                losses |= {"total": losses["total"] + CONTEXT_WEIGHT * loss, name: loss}
        return losses

    def look(self, batch: dict[str, Tensor]) -> Seen:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            model, features = self.model, self.model.encoder(batch["pixel_values"], batch["content_sizes"])
            names = model.name_things(features).float()
            digits = None if model.digit_head is None else model.read_digits(features).float()
            orders = None if model.order_head is None else model.order_things(features).float()
            pages = None if model.page_head is None else model.tell_page(features).float()
        columns, rows = (-(-int(side) // self.model.config.stride) for side in batch["content_sizes"].amax(0))
        points, mask = features.points.float(), features.mask
        return Seen(names, points, mask, (rows, columns), digits, orders, pages)

    @torch.no_grad()
    def evaluate(self, limit: int = 400) -> dict[str, float]:
        """Recall and precision of things (right class in the right cell) and the mean miss of points in px.

        Then shares: of times and charges that are read without an error, of things whose place in the reading
        order is known, and of cells that know the kind of page.
        """
        right, among = Counter[str](), Counter[str]()
        misses: list[Tensor] = []
        for index in range(min(limit, len(self.corpus))):
            batch = self.load(np.array([index]))
            seen = self.look(batch)
            labels = crop_labels(batch, seen.shape)
            judged = judge(seen, labels)
            for name, (hits, cells) in judged.items():
                right[name] += int(hits.sum())
                among[name] += int(cells.sum())
            miss = ((seen.points - labels.points) * batch["content_sizes"][:, None, :]).norm(dim=-1)
            misses.append(miss[judged["recall"][0]])
        shares = {name: right[name] / max(1, among[name]) for name in among}
        return {**shares, "miss_px": torch.cat(misses).mean().item()}


class Seen(NamedTuple):
    """What the model makes of a batch: what its heads say, None for those that it lacks; shape in rows and
    columns."""

    names: Tensor
    points: Tensor
    mask: Tensor
    shape: tuple[int, int]
    digits: Tensor | None
    orders: Tensor | None
    pages: Tensor | None


class CroppedLabels(NamedTuple):
    """`CellLabels` of a batch, as far as its grid goes: [n, cells], where there are more [n, cells, k]."""

    classes: Tensor
    points: Tensor
    digits: Tensor
    orders: Tensor
    pages: Tensor


def judge(seen: Seen, labels: CroppedLabels) -> dict[str, tuple[Tensor, Tensor]]:
    """By figure, where what is said is right, and where it counts: both bool [n, cells]."""
    classes, named = labels.classes, seen.names.argmax(-1)
    real = classes < NOTHING
    found = (named == classes) & real
    figures = {"recall": (found, real), "precision": (found, named < NOTHING)}
    if seen.digits is not None:
        status_bar = (classes >= CLASS_OF["time"]) & (classes <= CLASS_OF["battery"])
        written = (labels.digits[..., -1] != UNREAD) & status_bar
        figures["read"] = ((seen.digits.argmax(-1) == labels.digits).all(-1) & written, written)
    if seen.orders is not None:
        figures["ordered"] = ((seen.orders.argmax(-1) == labels.orders).all(-1) & real, real)
    if seen.pages is not None:
        known = labels.pages != UNREAD
        figures["paged"] = ((seen.pages.argmax(-1) == labels.pages) & known, known)
    return figures


def crop_labels(batch: dict[str, Tensor], shape: tuple[int, int]) -> CroppedLabels:
    rows, columns = shape
    return CroppedLabels(*(batch[name][:, :rows, :columns].flatten(1, 2) for name in CroppedLabels._fields))


def disturb(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """Other brightness, contrast, tint and a little noise: [n, 3, h, w] in [0, 1]."""
    n = len(pixels)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (n, *shape)).astype(np.float32))

    pixels = (pixels - 0.5) * uniform(0.7, 1.15, 1, 1, 1) + 0.5 + uniform(-0.12, 0.12, 3, 1, 1)
    grey = pixels.mean(dim=1, keepdim=True)
    pixels = grey + (pixels - grey) * uniform(0.3, 1.2, 1, 1, 1)
    noise = torch.from_numpy(rng.standard_normal((n, 1, *pixels.shape[2:]), dtype=np.float32))
    return (pixels + noise * uniform(0.0, 0.02, 1, 1, 1)).clamp(0.0, 1.0)


def teach_vision(
    model: AutoGLMVisionModel,
    screens: ScreenCorpus,
    mosaics: ScreenCorpus,
    heldout: dict[str, ScreenCorpus],
    schedule: Schedule,
    folder: Path,
    device: torch.device,
) -> None:
    """Train the image encoder on practice sheets and screens in turn.

    The share of sheets falls from all to a third; the held-out screens are scored at each checkpoint.
    """
    nn.Module.to(model, device)
    model.train()
    stages = [
        VisionStage(model, corpus, schedule.batch_size, device, schedule.bf16, schedule.stream)
        for corpus in (mosaics, screens)
    ]

    def draw(step: int) -> dict[str, Tensor]:
        share = 1.0 - min(1.0, step / (0.7 * schedule.steps)) * 2 / 3
        turn = np.random.default_rng([7, schedule.stream, step]).random()
        return stages[int(turn >= share)].draw(step)

    judges = {name: VisionStage(model, screens, 1, device) for name, screens in heldout.items()}

    def evaluate() -> dict[str, float]:
        return {
            f"{name}_{figure}": value
            for name, judge in judges.items()
            for figure, value in judge.evaluate(150).items()
        }

    train("vision", model, draw, stages[0].loss, schedule, folder, evaluate)
