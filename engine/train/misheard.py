"""Words that nano is told it heard, though they were not said: so that it listens for the next one.

A decoder that is always given the right words before the next one can guess that one from them, and does: it
knows the commands by heart, and where one word was misheard what follows is another command than was spoken.
A plainer form of scheduled sampling (Bengio et al. 2015, arXiv:1506.03099).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from torch import Tensor

from engine.train.dialogues import Sample
from engine.train.gaze import find_mentions
from engine.train.spelling import IGNORED, Spelt

# In what share of samples with speech tokens are replaced, and how many of what was heard.
MISHEARD, REPLACED = 0.15, 0.2


def find_heard(sample: Sample, spelt: Spelt) -> range:
    """The positions in `ids` of what the recording says, where the last turn repeats it."""
    words = next((mention for mention in sample.mentions if mention.spot is None), None)
    spans = find_mentions(spelt.said, [words]) if sample.recording is not None and words else []
    if not spans:
        return range(0)
    first, last = spans[0].start, spans[0].end
    inside = [index for index, (start, end) in enumerate(spelt.offsets) if start < last and end > first]
    return range(spelt.prompt + inside[0], spelt.prompt + inside[-1] + 1)


def mishear(rng: Random, batch: dict[str, Tensor], samples: Sequence[Sample], spelt: Sequence[Spelt]) -> None:
    """Replace some tokens of what was heard, in `input_ids` alone, by such of other samples.

    What comes after them is not scored there: it follows from the right words.

    batch: as from `Speller.batch`; it is changed.
    """
    spans = [find_heard(sample, one) for sample, one in zip(samples, spelt, strict=True)]
    heard = [[one.ids[position] for position in span] for one, span in zip(spelt, spans, strict=True)]
    for row, span in enumerate(spans):
        others = [token for place, tokens in enumerate(heard) if place != row for token in tokens]
        if not others or rng.random() >= MISHEARD:
            continue
        replaced = [position for position in span if rng.random() < REPLACED]
        for position in replaced:
            batch["input_ids"][row, position] = rng.choice(others)
        if replaced:
            batch["labels"][row, span.stop + 1 :] = IGNORED
