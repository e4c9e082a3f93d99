"""Published checkpoints run through the real runtime: what they say is what transformers' generate says."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

torch = pytest.importorskip("torch")

from engine import checkpoint as checkpoints  # noqa: E402
from engine import phone  # noqa: E402
from engine.loading import Loading  # noqa: E402
from engine.protocol import (  # noqa: E402
    AnswerAdded,
    AudioPart,
    Capabilities,
    Event,
    Failed,
    FailureKind,
    Finished,
    ImagePart,
    InvalidRequest,
    Message,
    Options,
    Perceived,
    ReasoningAdded,
    Request,
    TextPart,
    TextTooLong,
    Unsupported,
)
from engine.runtime import Runtime  # noqa: E402
from tests.engine.published_models import build, whisper  # noqa: E402

HERE = Loading(devices=("cpu",))
SEEING = ["glm4v", "glm46v", "qwen25vl", "llava", "gemma3"]


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint, built once."""
    known: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in known:
            known[name] = build(name, tmp_path_factory.mktemp(name))
        return known[name]

    return folder


def picture(width: int, height: int, seed: int = 0) -> ImagePart:
    squares = np.random.default_rng(seed).integers(0, 255, (height // 20, width // 20, 3), dtype=np.uint8)
    image = Image.fromarray(squares).resize((width, height), Image.Resampling.NEAREST)
    data = io.BytesIO()
    image.save(data, "PNG")
    return ImagePart(data.getvalue(), "image/png", width, height)


def recording(seconds: float, rate: int = 16_000) -> AudioPart:
    time = np.arange(int(seconds * rate)) / rate
    samples = 0.2 * np.sin(2 * np.pi * (200 + 80 * time) * time)
    data = io.BytesIO()
    soundfile.write(data, samples, rate, "PCM_16", format="WAV")
    return AudioPart(data.getvalue(), rate, seconds)


def ask(*parts, before: tuple[Message, ...] = (), **options) -> Request:
    spoken = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
    return Request((*before, Message("user", spoken)), Options(**{"max_new_tokens": 16, **options}))


def said(events: list[Event]) -> str:
    """All text, without the half character that random weights may end with."""
    assert isinstance(events[-1], Finished), events[-1]
    pieces = [event.text for event in events if isinstance(event, AnswerAdded | ReasoningAdded)]
    return "".join(pieces).strip("\n\ufffd")


async def answer_all(folder: Path, requests: list[Request], loading: Loading = HERE) -> list[list[Event]]:
    """Every request at once, through one runtime."""
    runtime = Runtime(str(folder), loading=loading)

    async def answer(request: Request) -> list[Event]:
        return [event async for event in runtime.stream(request)]

    try:
        return await asyncio.gather(*map(answer, requests))
    finally:
        await runtime.aclose()


def generate(loaded: checkpoints.Checkpoint, request: Request) -> str:
    """The same prompt through transformers' generate."""
    prompt = loaded.read(request)
    inputs = dict(prompt.media)
    if "mm_token_type_ids" in loaded.processor.model_input_names:
        inputs.setdefault("mm_token_type_ids", torch.zeros_like(prompt.input_ids))
    length = prompt.input_ids.shape[1]
    model: Any = loaded.model
    ids = model.generate(
        input_ids=prompt.input_ids,
        attention_mask=torch.ones_like(prompt.input_ids),
        **inputs,
        max_new_tokens=request.options.max_new_tokens,
        do_sample=False,
    )[0, length:]
    kept = [token for token in ids.tolist() if token not in loaded.hidden_ids | loaded.stop_ids]
    return loaded.tokenizer.decode(kept, skip_special_tokens=False).strip("\n\ufffd")


@pytest.mark.parametrize("name", [*SEEING, "glm4", "llama", "qwen2", "qwen2audio"])
async def test_many_at_once_say_what_generate_says_one_by_one(made, name: str) -> None:
    folder = made(name)
    requests = [ask("打开相机"), ask("tap the settings button, please", thinking=False)]
    if name in SEEING:
        requests += [ask(picture(300, 620), "hello"), ask(picture(200, 100, 1), "two", max_new_tokens=24)]
    if name == "qwen2audio":
        requests += [ask(recording(1.0), "what?"), ask(recording(2.5), "what?")]
    requests.append(requests[-1])  # another choice of the same call takes what the media were encoded to
    answers = await answer_all(folder, requests, HERE)
    loaded = checkpoints.load(str(folder), loading=HERE)
    assert [said(events) for events in answers] == [generate(loaded, request) for request in requests]


@pytest.mark.parametrize("name", [*SEEING, "glm4", "qwen2audio"])
async def test_each_token_of_a_prompt_is_counted_once(made, name: str) -> None:
    """Media stand in these prompts as tokens of their own, which are no text."""
    media = [picture(300, 620)] if name in SEEING else [recording(1.0)] if name == "qwen2audio" else []
    ((*events, finished),) = await answer_all(made(name), [ask(*media, "hello", max_new_tokens=1)])
    perceived = next(event for event in events if isinstance(event, Perceived))
    assert isinstance(finished, Finished)
    text, image, audio = (
        finished.usage.prompt_tokens,
        finished.usage.image_tokens,
        finished.usage.audio_tokens,
    )
    assert text and image is not None and audio is not None
    assert text + image + audio == perceived.prompt_tokens
    assert (image > 0, audio > 0) == (name in SEEING, name == "qwen2audio")


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("glm4v", Capabilities(image=True, audio=False, thinking=True, logprobs=True)),
        ("glm4", Capabilities(image=False, audio=False, thinking=True, logprobs=True)),
        ("qwen25vl", Capabilities(image=True, audio=False, thinking=False, logprobs=True)),
        ("qwen2audio", Capabilities(image=False, audio=True, thinking=False, logprobs=True)),
    ],
)
async def test_what_a_checkpoint_takes_in_is_read_from_it(made, name: str, takes: Capabilities) -> None:
    runtime = Runtime(str(made(name)), loading=HERE)
    try:
        assert [type(event) async for event in runtime.stream(ask("hi", max_new_tokens=1))][-1] is Finished
        assert runtime.capabilities() == takes
    finally:
        await runtime.aclose()


async def test_what_a_model_cannot_take_is_refused_in_words(made) -> None:
    folder = made("glm4")
    (seen,), (heard,) = (
        [event for event in events if isinstance(event, Failed)]
        for events in await answer_all(folder, [ask(picture(60, 60), "?"), ask(recording(1), "?")])
    )
    assert seen.kind is heard.kind is FailureKind.UNSUPPORTED
    assert "cannot see" in seen.message and "no ear" in heard.message
    assert "--asr" in heard.remedy


class TestPictures:
    def test_glm_scales_to_its_patches_and_says_so(self, made) -> None:
        loaded = checkpoints.load(str(made("glm4v")), loading=HERE)
        perceived = loaded.read(ask(picture(300, 620), "hello")).perceived
        (seen,) = perceived.images
        assert (seen.original_width, seen.original_height) == (300, 620)
        assert (seen.width, seen.height) == (308, 616)
        assert seen.content_box == (0.0, 0.0, 308.0, 616.0)
        assert seen.tokens == 308 * 616 // 28**2
        assert perceived.prompt is not None and "<|image|>×242<|end_of_image|>" in perceived.prompt

    @pytest.mark.parametrize("name", ["glm4v", "qwen25vl"])
    def test_the_pixel_budget_is_kept(self, made, name: str) -> None:
        loaded = checkpoints.load(str(made(name)), loading=Loading(devices=("cpu",), max_pixels=60_000))
        (seen,) = loaded.read(ask(picture(1080, 2400), "hello")).perceived.images
        assert (seen.width * seen.height) <= 60_000
        assert seen.width * seen.height > 40_000
        assert seen.tokens == seen.width * seen.height // 28**2

    def test_a_cut_picture_is_mapped_back(self, made) -> None:
        """LLaVA sees the middle square of a tall picture; the box says where the whole one would be."""
        loaded = checkpoints.load(str(made("llava")), loading=HERE)
        (seen,) = loaded.read(ask(picture(100, 200), "hello")).perceived.images
        left, top, right, bottom = seen.content_box
        assert (seen.width, seen.height) == (56, 56)
        assert (left, right) == pytest.approx((0.0, 56.0))
        # The top of what is seen is a quarter down the original.
        assert (0 - top) / (bottom - top) * seen.original_height == pytest.approx(50)

    def test_only_the_newest_pictures_are_in_sight(self, made) -> None:
        loaded = checkpoints.load(str(made("glm4v")), loading=HERE)
        before = (
            Message("user", (picture(56, 56), TextPart("first"))),
            Message("assistant", (TextPart("seen"),)),
        )
        perceived = loaded.read(ask(picture(112, 56), "second", before=before)).perceived
        assert [seen.original_width for seen in perceived.images] == [112]


class TestContext:
    def test_the_oldest_turns_are_left_out(self, made) -> None:
        loaded = checkpoints.load(str(made("glm4v")), loading=Loading(devices=("cpu",), context=300))
        before = tuple(
            Message(role, (TextPart(f"{index} " + "word " * 20),))
            for index in range(8)
            for role in ("user", "assistant")
        )
        perceived = loaded.read(ask("the last", before=before)).perceived
        assert perceived.prompt_tokens is not None and perceived.prompt_tokens < 300
        assert perceived.dropped_messages > 0 and perceived.dropped_messages % 2 == 0
        assert perceived.prompt is not None and "the last" in perceived.prompt

    def test_old_turns_make_room_for_the_answer(self, made) -> None:
        loaded = checkpoints.load(str(made("glm4v")), loading=Loading(devices=("cpu",), context=300))
        turns = tuple(
            Message(role, (TextPart(f"{index} hello hello"),))
            for index in range(12)
            for role in ("user", "assistant")
        )

        def length(answer: int) -> int:
            return loaded.read(ask("the last", before=turns, max_new_tokens=answer)).input_ids.shape[1]

        assert 250 < length(0) < 300
        assert 200 < length(60) <= 240
        # Half of the context at most is kept for an answer.
        assert 100 < length(200) == length(10_000) <= 150

    def test_what_the_system_says_stays_while_the_prompt_fits_at_all(self, made) -> None:
        loaded = checkpoints.load(str(made("glm4v")), loading=Loading(devices=("cpu",), context=300))
        system = Message("system", (TextPart("be brief " * 15),))
        request = ask("the last " * 10, before=(system,), max_new_tokens=200)
        prompt = loaded.read(request)
        assert 150 < prompt.input_ids.shape[1] < 300 and prompt.perceived.dropped_messages == 0

    def test_too_long_a_message_is_refused(self, made) -> None:
        loaded = checkpoints.load(str(made("glm4v")), loading=Loading(devices=("cpu",), context=64))
        with pytest.raises(TextTooLong):
            loaded.read(ask("word " * 100))
        with pytest.raises(TextTooLong):
            loaded.read(ask(picture(620, 620), "short"))

    def test_control_tokens_that_a_person_types_are_text(self, made) -> None:
        loaded = checkpoints.load(str(made("glm4v")), loading=HERE)
        prompt = loaded.read(ask("<|assistant|> <|image|>"))
        token = loaded.processor.tokenizer.convert_tokens_to_ids
        ids = prompt.input_ids[0].tolist()
        assert ids.count(token("<|assistant|>")) == 1 and token("<|image|>") not in ids


def test_a_conversation_that_the_template_refuses_is_refused_in_its_words(made) -> None:
    loaded = checkpoints.load(str(made("llama")), loading=HERE)
    loaded.processor.chat_template = "{{ raise_exception('Roles must alternate user/assistant.') }}"
    with pytest.raises(InvalidRequest) as caught:
        loaded.read(ask("hello"))
    assert "Roles must alternate user/assistant." in f"{caught.value.message}. {caught.value.remedy}"


class TestPhone:
    def test_it_is_asked_as_it_was_trained(self, made, tmp_path: Path) -> None:
        folder = tmp_path / "AutoGLM-Phone-9B"
        folder.symlink_to(made("glm4v"))
        loaded = checkpoints.load(str(folder), loading=HERE)
        before = (
            Message("user", (TextPart("打开设置"),)),
            Message("assistant", (TextPart('do(action="Home")'),), reasoning="先回桌面"),
        )
        prompt = loaded.read(ask(picture(56, 112), "继续", before=before)).perceived.prompt
        assert prompt is not None
        assert "今天的日期是: " in prompt and 'do(action="Tap", element=[x,y])' in prompt
        assert '<think>先回桌面</think>\n<answer>do(action="Home")</answer>' in prompt
        assert loaded.action_answers

    def test_the_day_is_told_in_the_language_of_the_task(self) -> None:
        day = date(2025, 12, 12)
        assert phone.system_prompt("打开相机", day).startswith("今天的日期是: 2025年12月12日 星期五")
        assert phone.system_prompt("open it", day).startswith("The current date: 2025-12-12, Friday")

    def test_a_system_message_of_ones_own_stays(self) -> None:
        own = Message("system", (TextPart("Be brief."),))
        assert phone.as_trained((own, Message("user", (TextPart("hi"),))))[0] == own


@pytest.fixture(scope="session")
def recogniser(tmp_path_factory) -> Path:
    torch.manual_seed(3)
    return whisper(tmp_path_factory.mktemp("whisper"))


class TestEar:
    async def test_speech_reaches_a_model_without_an_ear_as_text(self, made, recogniser: Path) -> None:
        loading = Loading(devices=("cpu",), asr=str(recogniser))
        ((first, *rest),) = await answer_all(made("glm4v"), [ask(recording(1.5), "and?")], loading)
        perceived = next(event for event in (first, *rest) if isinstance(event, Perceived))
        (heard,) = perceived.audios
        assert heard.transcript and heard.seconds == 1.5
        assert perceived.prompt is not None and heard.transcript in perceived.prompt
        assert isinstance(rest[-1], Finished)

    def test_it_hears_what_transformers_hears(self, made, recogniser: Path) -> None:
        from transformers import pipeline

        loaded = checkpoints.load(str(made("glm4")), loading=Loading(devices=("cpu",), asr=str(recogniser)))
        assert loaded.capabilities.audio
        part = recording(2.0)
        (heard,) = loaded.read(ask(part)).perceived.audios
        samples, rate = soundfile.read(io.BytesIO(part.data), dtype="float32")
        peer: Any = pipeline("automatic-speech-recognition", model=str(recogniser))
        greedy = {"num_beams": 1, "max_new_tokens": 24}
        expected = peer({"raw": samples, "sampling_rate": rate}, generate_kwargs=greedy)
        assert heard.transcript == expected["text"].strip()

    def test_a_checkpoint_that_recognises_no_speech_is_refused(self, made) -> None:
        from engine.protocol import LoadFailed

        with pytest.raises(LoadFailed, match="recognises no speech"):
            checkpoints.load(str(made("glm4")), loading=Loading(asr=str(made("glm4v"))))

    def test_what_hears_by_itself_is_left_to(self, made, recogniser: Path) -> None:
        loaded = checkpoints.load(str(made("qwen2audio")), loading=Loading(asr=str(recogniser)))
        (heard,) = loaded.read(ask(recording(1.0), "what?")).perceived.audios
        assert heard.transcript is None and heard.tokens


def test_a_sound_without_an_ear_is_refused_before_anything_is_decoded(made) -> None:
    loaded = checkpoints.load(str(made("llava")), loading=HERE)
    broken = AudioPart(b"no wav", 16_000, 1.0)
    with pytest.raises(Unsupported):
        loaded.read(ask(broken, "what?"))
