"""Many recordings in one file: made once, then read without a synthesizer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.train.lexicon import Language, Split
from engine.train.speech.acoustics import silence_or_noise
from engine.train.speech.recording import ENGINES, Recording, record
from engine.train.speech.voices import Engine, Voice

VERSION = 7  # of the recipe: raise it when the same seed no longer gives the same sound
_BATCH = 200
_FULL_SCALE = 32767

Line = tuple[str, Language]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Recordings on disk: `samples` is a memory map, int16 [samples], cut at `offsets`, int64 [count + 1]."""

    samples: np.ndarray
    offsets: np.ndarray
    texts: tuple[str, ...]
    languages: tuple[Language, ...]
    voices: tuple[Voice | None, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Recording:
        index = range(len(self))[index]
        cut = self.samples[self.offsets[index] : self.offsets[index + 1]]
        return Recording(cut.astype(np.float32) / _FULL_SCALE, self.voices[index], self.texts[index])

    def __iter__(self) -> Iterator[Recording]:
        return (self[index] for index in range(len(self)))

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Open what `build_corpus` made. Raises FileNotFoundError."""
        index = json.loads((folder / "index.json").read_text("utf-8"))
        return cls(
            np.memmap(folder / "samples.i16", "<i2", mode="r"),
            np.asarray(index["offsets"], np.int64),
            tuple(index["texts"]),
            tuple(index["languages"]),
            tuple(Voice(**voice) if voice else None for voice in index["voices"]),
        )


class Casting(NamedTuple):
    split: Split
    seed: int
    engines: frozenset[Engine]


def build_corpus(
    texts: Iterable[Line],
    out: Path,
    split: Split,
    seed: int = 0,
    workers: int = 1,
    engines: frozenset[Engine] = frozenset(ENGINES),
) -> Corpus:
    """Record every (text, language) once, in order, into the folder `out`, and open the result.

    An empty text is recorded as no speech. Line i is recorded with seed + i: the result depends on the
    arguments alone. A finished corpus of the same arguments is opened at once; one that was interrupted goes
    on where it stopped. `workers` is the number of threads; each waits for its own synthesizer.
    Raises what `record` raises.
    """
    lines = list(texts)
    casting = Casting(split, seed, engines)
    recipe = _recipe(lines, casting)
    if _made_with(out, recipe):
        return Corpus.open(out)
    parts = out / f"parts-{recipe[:12]}"
    parts.mkdir(parents=True, exist_ok=True)

    def record_part(start: int) -> Path:
        return _record_part(lines[start : start + _BATCH], start, parts, casting)

    with ThreadPoolExecutor(workers) as pool:
        paths = list(pool.map(record_part, range(0, len(lines), _BATCH)))
    _join(paths, lines, recipe, out)
    for path in paths:
        path.unlink()
    parts.rmdir()
    return Corpus.open(out)


def _recipe(lines: list[Line], casting: Casting) -> str:
    parameters = [VERSION, casting.split, casting.seed, sorted(casting.engines), lines]
    return hashlib.sha256(json.dumps(parameters).encode()).hexdigest()


def _made_with(out: Path, recipe: str) -> bool:
    index = out / "index.json"
    return index.exists() and json.loads(index.read_text("utf-8"))["recipe"] == recipe


def _record_part(lines: list[Line], start: int, parts: Path, casting: Casting) -> Path:
    path = parts / f"{start:07d}.npz"
    if path.exists():
        return path
    made = [_record_line(line, start + number, casting) for number, line in enumerate(lines)]
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("wb") as file:
        np.savez(
            file,
            samples=np.concatenate([np.round(one.samples * _FULL_SCALE).astype("<i2") for one in made]),
            lengths=[one.samples.size for one in made],
            voices=json.dumps([asdict(one.voice) if one.voice else None for one in made]),
        )
    unfinished.rename(path)
    return path


def _record_line(line: Line, number: int, casting: Casting) -> Recording:
    text, language = line
    seed = casting.seed + number
    if text:
        return record(text, language, seed, casting.split, casting.engines)
    return Recording(silence_or_noise(np.random.default_rng([seed, 0])), None, "")


def _join(paths: list[Path], lines: list[Line], recipe: str, out: Path) -> None:
    lengths: list[int] = []
    cast: list[dict | None] = []
    (out / "index.json").unlink(missing_ok=True)
    with (out / "samples.i16").open("wb") as file:
        for path in paths:
            with np.load(path) as part:
                file.write(part["samples"].tobytes())
                lengths.extend(part["lengths"].tolist())
                cast.extend(json.loads(str(part["voices"])))
    index = {
        "recipe": recipe,
        "offsets": [0, *np.cumsum(lengths).tolist()],
        "texts": [text for text, _ in lines],
        "languages": [language for _, language in lines],
        "voices": cast,
    }
    unfinished = out / "index.tmp"
    unfinished.write_text(json.dumps(index, ensure_ascii=False), "utf-8")
    unfinished.rename(out / "index.json")
