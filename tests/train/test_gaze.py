"""Where the decoder is told to look: at the cell of a thing, and at the moment of a word."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from engine.model.configuration import AutoGLMTextConfig  # noqa: E402
from engine.model.fusion import GatedCrossAttention  # noqa: E402
from engine.train.gaze import (  # noqa: E402
    AROUND_FRAMES,
    GazeRecorder,
    Look,
    Surroundings,
    find_mentions,
    pad_looks,
    plan_looks,
)
from engine.train.replies import respond  # noqa: E402
from engine.train.scene import Scene, Spot  # noqa: E402
from engine.train.tasks import Mention, Task  # noqa: E402

CLOCK, CAMERA = Spot("clock", (700, 100, 800, 160)), Spot("camera", (100, 400, 200, 460))
SCENE = Scene("home", (CLOCK, CAMERA))
PHONE = Surroundings(cells=98, content_size=(101, 224), stride=16)  # 7 columns, 14 rows


def letters(text: str) -> list[tuple[int, int]]:
    """Offsets as if each character were a token."""
    return [(index, index + 1) for index in range(len(text))]


def test_mentions_are_found_in_order_and_missing_ones_passed_over():
    reply = respond(Task("tap", "en", key="clock"), SCENE)
    said = f"{reply.thinking}</think>\n{reply.answer}"
    assert [said[span.start : span.end] for span in find_mentions(said, reply.mentions)] == [
        "Clock", "top right", "[750,130]",
    ]  # fmt: skip
    assert [span.mention.words for span in find_mentions(reply.answer, reply.mentions)] == ["[750,130]"]


def test_a_thing_is_in_the_cell_of_its_centre():
    # x: 0.75 * 101 px is in column 4; y: 0.13 * 224 px is in row 1.
    assert PHONE.cell_of(CLOCK) == 1 * 7 + 4


def test_the_decoder_looks_back_at_what_it_said_and_ahead_at_what_it_will_say():
    said = "Clock, Camera."
    spans = find_mentions(said, (Mention("Clock", CLOCK), Mention("Camera", CAMERA)))
    looks = plan_looks(letters(said), spans, PHONE)
    clock, camera = (range(cell, cell + 1) for cell in map(PHONE.cell_of, (CLOCK, CAMERA)))
    assert looks[0] == (range(0), clock)  # before the first word
    assert looks[2] == (clock, clock)  # within it
    assert looks[5] == (clock, camera)  # at its end: what comes next is known
    assert looks[-1] == (camera, range(0))  # nothing follows


def test_words_that_were_heard_are_looked_for_where_they_were_spoken():
    said = 'I hear "go back".'
    around = Surroundings(cells=10, frames=60, spikes=(20, 25, 30, 35, 40))
    spans = find_mentions(said, (Mention("go back", None),))
    looks = plan_looks(letters(said), spans, around)
    first, last = looks[said.index("go")].ahead, looks[said.index("k")].ahead
    assert first == range(10 + 20 - AROUND_FRAMES, 10 + 20 + AROUND_FRAMES + 1)
    assert last == range(10 + 40 - AROUND_FRAMES, 10 + 40 + AROUND_FRAMES + 1)
    assert plan_looks(letters(said), spans, Surroundings(cells=10, frames=60))[8].ahead == range(0)


def test_without_thinking_what_was_heard_is_repeated_and_listened_to():
    reply = respond(Task("tap", "en", heard="tap clock", key="clock"), SCENE)
    around = Surroundings(cells=98, content_size=(101, 224), frames=60, spikes=(20, 25, 30, 35, 40))
    said = reply.aloud + reply.answer
    spans = find_mentions(said, reply.mentions)
    assert [said[span.start : span.end] for span in spans] == ["tap clock", "[750,130]"]
    looks = plan_looks(letters(said), spans, around)
    clock = PHONE.cell_of(CLOCK)
    assert looks[0].ahead == range(98 + 20 - AROUND_FRAMES, 98 + 20 + AROUND_FRAMES + 1)
    assert looks[said.index("[")].ahead == range(clock, clock + 1)


@pytest.fixture
def fusion() -> GatedCrossAttention:
    torch.manual_seed(0)
    return GatedCrossAttention(AutoGLMTextConfig(hidden_size=32, shared_size=16, fusion_heads=4))


def test_the_loss_is_what_is_missing_of_the_attention(fusion):
    """Against the attention weights, computed plainly; padded media tokens are never seen."""
    hidden, states = torch.randn(2, 5, 32), torch.randn(2, 6, 16)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    keys, values = fusion.remember(states)
    looks = pad_looks([(1, [Look(range(0), range(2, 4))]), (2, [Look(range(0), range(1, 2))])], 5, 6)
    memory = {"media_keys": keys[:, None], "media_values": values[:, None], "media_mask": mask}
    with GazeRecorder([fusion]) as recorder:
        fusion(hidden, keys, values, mask)
        loss = recorder.loss(looks, memory)
    query = fusion.query(fusion.query_norm(hidden)).view(2, 5, 4, 8).transpose(1, 2)
    scores = (query @ keys.transpose(-1, -2) / 8**0.5).masked_fill(~mask[:, None, None, :], -torch.inf)
    weights = scores.softmax(dim=-1)
    expected = [weights[0, :2, 1, 2:4].sum(-1).log(), weights[1, :2, 2, 1].log()]
    torch.testing.assert_close(loss, -torch.cat(expected).mean())


def test_with_nothing_to_look_at_there_is_no_loss(fusion):
    hidden, states = torch.randn(1, 3, 32), torch.randn(1, 2, 16)
    keys, values = fusion.remember(states)
    memory = {
        "media_keys": keys[:, None],
        "media_values": values[:, None],
        "media_mask": torch.ones(1, 2, dtype=torch.bool),
    }
    with GazeRecorder([fusion]) as recorder:
        fusion(hidden, keys, values, memory["media_mask"])
        assert recorder.loss(pad_looks([(0, [])], 3, 2), memory) == 0.0
