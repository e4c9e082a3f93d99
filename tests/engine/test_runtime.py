"""Requests become events on a real model, and closing a stream stops the work."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from itertools import groupby

import pytest

torch = pytest.importorskip("torch")

from engine.protocol import (  # noqa: E402
    AnswerAdded,
    Busy,
    Event,
    Failed,
    FailureKind,
    Finished,
    Message,
    Options,
    Perceived,
    Queued,
    ReasoningAdded,
    Request,
    TextPart,
    TokenScored,
)
from engine.runtime import Runtime  # noqa: E402
from engine.slots import Limits  # noqa: E402


def ask(text: str, **options) -> Request:
    return Request((Message("user", (TextPart(text),)),), Options(**{"max_new_tokens": 24, **options}))


async def collect(runtime: Runtime, request: Request) -> list[Event]:
    return [event async for event in runtime.stream(request)]


def words(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningAdded | AnswerAdded))


@pytest.fixture
async def runtime(checkpoint):
    made = Runtime(str(checkpoint))
    yield made
    await made.aclose()


async def ready(runtime: Runtime) -> None:
    while runtime.readiness().state == "loading":
        await asyncio.sleep(0.01)


async def test_a_request_made_while_loading_waits_and_is_answered(runtime):
    assert runtime.readiness().state == "loading"
    first, *rest = await collect(runtime, ask("hello"))
    assert first == Queued(0, "loading")
    assert isinstance(rest[0], Perceived)
    assert isinstance(rest[-1], Finished)
    assert all(isinstance(event, ReasoningAdded | AnswerAdded) for event in rest[1:-1])
    assert runtime.readiness().state == "ready"


async def test_usage_and_timings_add_up(runtime):
    *_, finished = await collect(runtime, ask("hello"))
    assert isinstance(finished, Finished)
    assert finished.usage.completion_tokens is not None
    assert 0 < finished.usage.completion_tokens <= 24
    assert finished.timings.total is not None and finished.timings.first_token is not None
    assert finished.timings.total >= finished.timings.first_token > 0


async def test_streamed_text_equals_generate(runtime, checkpoint, model, processor):
    """The loop of our own against transformers' generate, both greedy."""
    prompt = "[gMASK]<sop><|user|>\nhello<|assistant|>\n<think>"
    inputs = processor([prompt])
    output = model.generate(**inputs, max_new_tokens=24, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    expected = processor.tokenizer.decode(output, skip_special_tokens=True)
    events = await collect(runtime, ask("hello"))
    assert words(events).strip() == expected.replace("</think>", "").strip()


async def test_thinking_off_gives_an_answer_only(runtime):
    events = await collect(runtime, ask("hello", thinking=False))
    assert not any(isinstance(event, ReasoningAdded) for event in events)
    assert any(isinstance(event, AnswerAdded) for event in events)


async def test_a_seed_repeats_and_temperature_varies(runtime):
    options = {"temperature": 1.5, "thinking": False}
    first = words(await collect(runtime, ask("hello", seed=1, **options)))
    assert first == words(await collect(runtime, ask("hello", seed=1, **options)))
    assert first != words(await collect(runtime, ask("hello", seed=2, **options)))


async def test_a_stop_string_ends_the_answer_and_is_no_part_of_it(runtime):
    whole = await collect(runtime, ask("hello", thinking=False, temperature=1.5, seed=3))
    said = "".join(event.text for event in whole if isinstance(event, AnswerAdded))
    stop = said[6:8]
    events = await collect(runtime, ask("hello", thinking=False, temperature=1.5, seed=3, stop=(stop,)))
    cut = "".join(event.text for event in events if isinstance(event, AnswerAdded))
    assert cut == said[: said.index(stop)]
    assert isinstance(events[-1], Finished) and events[-1].reason == "stop"


async def test_penalties_and_biases_are_those_of_generate(runtime, model, processor):
    plain = await collect(runtime, ask("hello"))
    perceived = next(event for event in plain if isinstance(event, Perceived))
    inputs = processor.tokenizer(perceived.prompt, add_special_tokens=False, return_tensors="pt")
    length = inputs["input_ids"].shape[1]
    first = int(model.generate(**inputs, max_new_tokens=1)[0, -1])
    biases = {first: -100.0, processor.tokenizer.convert_tokens_to_ids("s"): 1.5}
    options = {"repetition_penalty": 1.4, "logit_bias": tuple(biases.items())}
    said = words(await collect(runtime, ask("hello", **options)))
    sequences = {(token,): bias for token, bias in biases.items()}
    output = model.generate(**inputs, max_new_tokens=24, repetition_penalty=1.4, sequence_bias=sequences)
    assert said == processor.tokenizer.decode(output[0, length:])
    assert said != words(plain)


async def test_a_bias_on_a_token_that_is_none_fails_before_any_work(runtime):
    await ready(runtime)
    last = runtime._checkpoint.vocabulary - 1
    assert isinstance((await collect(runtime, ask("hello", logit_bias=((last, 1.0),))))[-1], Finished)
    passes = runtime.metrics().passes
    (failed,) = await collect(runtime, ask("hello", logit_bias=((last + 1, 1.0),)))
    assert isinstance(failed, Failed) and failed.kind is FailureKind.INVALID_REQUEST
    assert f"0 to {last:,}" in failed.remedy
    assert runtime.metrics().passes == passes


def scored(events: list[Event], thinking: bool) -> list[TokenScored]:
    return [event for event in events if isinstance(event, TokenScored) and event.thinking is thinking]


@pytest.mark.parametrize("sampled", [{}, {"temperature": 1.5, "seed": 3, "thinking": False}])
async def test_each_token_that_is_counted_is_scored_before_its_text(runtime, sampled):
    await ready(runtime)
    events = await collect(runtime, ask("hello 你好", logprobs=2, **sampled))
    finished = events[-1]
    assert isinstance(finished, Finished)
    thought, answered = scored(events, thinking=True), scored(events, thinking=False)
    assert len(thought) == finished.usage.reasoning_tokens
    assert len(answered) == finished.usage.answer_tokens
    for event in (*thought, *answered):
        assert event.chosen.logprob <= event.likeliest[0].logprob <= 0
        assert len(event.likeliest) == 2
        if not sampled:  # greedy: the likeliest was chosen
            assert event.chosen == event.likeliest[0]
    for kind, tokens in ((ReasoningAdded, thought), (AnswerAdded, answered)):
        written = b"".join(event.chosen.token for event in tokens).decode("utf-8", "replace")
        assert "".join(event.text for event in events if isinstance(event, kind)) in written
    kept: list[Event] = [event for event in events if not isinstance(event, TokenScored)]
    plain = await collect(runtime, ask("hello 你好", **sampled))
    # Pieces of one text may come as one.
    assert [kind for kind, _ in groupby(map(type, kept))] == [kind for kind, _ in groupby(map(type, plain))]
    assert words(kept) == words(plain)


async def test_choices_of_one_call_share_their_prompt_and_say_what_each_says_alone(runtime, monkeypatch):
    await ready(runtime)
    loaded, made = runtime._checkpoint, []
    read = lambda request: made.append(request) or loaded.read(request)  # noqa: E731
    monkeypatch.setattr(runtime, "_checkpoint", dataclasses.replace(loaded, read=read))
    one = ask("hello", temperature=1.5, seed=1, thinking=False)
    options = [dataclasses.replace(one.options, seed=seed) for seed in (1, 2, 3)]
    choices = [dataclasses.replace(one, options=each) for each in options]
    together = await asyncio.gather(*[collect(runtime, choice) for choice in choices])
    assert len(made) == 1
    said = [words(events) for events in together]
    again = [ask("hello", temperature=1.5, seed=seed, thinking=False) for seed in (1, 2, 3)]
    assert said == [words(await collect(runtime, each)) for each in again]
    assert len(set(said)) == 3 and len(made) == 4


async def test_who_asks_for_no_token_is_told_what_the_prompt_takes(runtime):
    events = await collect(runtime, ask("hello", max_new_tokens=0))
    perceived, finished = events[-2:]
    assert isinstance(perceived, Perceived) and isinstance(finished, Finished)
    assert finished.reason == "length"
    assert finished.usage.prompt_tokens == perceived.prompt_tokens
    assert finished.usage.completion_tokens == 0
    assert runtime.metrics().passes == 0


async def test_closing_stops_the_decode_loop_at_the_next_token(runtime):
    await ready(runtime)
    stream = runtime.stream(ask("hello", max_new_tokens=100, temperature=1.0, seed=1))
    async for event in stream:
        if isinstance(event, ReasoningAdded):
            break
    await stream.aclose()
    while runtime.metrics().running:
        await asyncio.sleep(0.01)
    metrics = runtime.metrics()
    assert metrics.requests == {"cancelled": 1}
    assert metrics.generated_tokens < 60


async def test_requests_wait_in_order_and_hear_their_position(checkpoint):
    runtime = Runtime(str(checkpoint), Limits(slots=1))
    await ready(runtime)
    streams = [asyncio.create_task(collect(runtime, ask(f"hello {n}"))) for n in range(4)]
    answers = await asyncio.gather(*streams)
    await runtime.aclose()
    assert not any(isinstance(event, Queued) for event in answers[0])
    assert answers[3][0] == Queued(3, "busy")
    positions = [event.position for event in answers[3] if isinstance(event, Queued)]
    assert positions == [3, 2, 1]
    assert all(isinstance(answer[-1], Finished) for answer in answers)


async def test_as_many_as_there_are_slots_are_answered_side_by_side(runtime):
    """Each in words as if it were alone, and none waits."""
    questions = [ask(f"hello {n}") for n in range(6)]
    alone = [words(await collect(runtime, question)) for question in questions]
    together = await asyncio.gather(*[collect(runtime, question) for question in questions])
    assert [words(events) for events in together] == alone
    assert not any(isinstance(event, Queued) for events in together for event in events)
    assert len(set(alone)) > 1


async def test_a_full_queue_is_refused_at_once(checkpoint):
    runtime = Runtime(str(checkpoint), Limits(slots=1, waiting=2))
    streams = [asyncio.create_task(collect(runtime, ask("hello", max_new_tokens=2))) for _ in range(3)]
    await asyncio.sleep(0)
    (refused,) = await collect(runtime, ask("one more"))
    assert isinstance(refused, Failed) and refused.kind is FailureKind.BUSY
    answers = await asyncio.gather(*streams)
    await runtime.aclose()
    assert all(isinstance(answer[-1], Finished) for answer in answers)


async def test_closing_the_engine_ends_those_who_listen(checkpoint):
    runtime = Runtime(str(checkpoint), Limits(slots=1))
    await ready(runtime)
    streams = [asyncio.create_task(collect(runtime, ask("hello", max_new_tokens=200))) for _ in range(3)]
    while not runtime.metrics().running:
        await asyncio.sleep(0.01)
    await runtime.aclose()
    ends = [events[-1] for events in await asyncio.gather(*streams)]
    assert [end.reason for end in ends if isinstance(end, Finished)] == ["cancelled"] * 3
    (refused,) = await collect(runtime, ask("hello"))
    assert isinstance(refused, Failed) and refused.kind is FailureKind.BUSY


async def test_a_loop_that_fails_is_told_to_who_asks_next_and_to_the_page(runtime):
    await ready(runtime)

    def clear(slot: int) -> None:
        raise RuntimeError("the device is gone")

    runtime._scheduler._decoder.clear = clear
    assert isinstance((await collect(runtime, ask("hello", max_new_tokens=2)))[-1], Finished)
    while runtime.readiness().state == "ready":
        await asyncio.sleep(0.01)
    (failed,) = await collect(runtime, ask("and now?"))
    assert isinstance(failed, Failed) and failed.kind is FailureKind.LOAD_FAILED
    assert "stopped unexpectedly (RuntimeError)" in failed.message
    assert runtime.readiness().failure == failed


async def test_too_long_a_text_fails_before_any_work(runtime):
    events = await collect(runtime, ask("word " * 400))
    assert isinstance(events[-1], Failed) and events[-1].kind is FailureKind.TOO_LONG
    assert not any(isinstance(event, Perceived) for event in events)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("absent", "has no config.json"),
        ("other", "which does not write text"),
        ("weights", "could not be loaded"),
        ("half", "is incomplete: "),
    ],
)
async def test_a_checkpoint_that_cannot_be_loaded_says_why(tmp_path, checkpoint, damage, said, caplog):
    folder = tmp_path / "model"
    if damage != "absent":
        folder.mkdir()
        for file in checkpoint.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    if damage == "other":
        from transformers import ViTConfig

        ViTConfig(hidden_size=8).save_pretrained(folder)
    elif damage == "weights":
        (folder / "model.safetensors").write_bytes(b"\0" * 100)
    elif damage == "half":
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        kept = {name: tensor for name, tensor in weights.items() if "mlp" not in name}
        save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    runtime = Runtime(str(folder))
    events = await collect(runtime, ask("hello"))
    assert isinstance(events[-1], Failed) and events[-1].kind is FailureKind.LOAD_FAILED
    assert said in events[-1].message
    assert runtime.readiness().state == "failed"
    logged = [record.getMessage() for record in caplog.records if record.name == "engine.runtime"]
    assert f"{events[-1].message}. {events[-1].remedy}" in logged
    await runtime.aclose()


async def test_closing_while_the_model_loads_ends_the_load_at_its_next_stage(checkpoint, monkeypatch, caplog):
    from engine import checkpoint as checkpoints

    begun, held = threading.Event(), threading.Event()
    stages: list[str] = []

    def locate(name, report=lambda stage, progress: None, **how):
        begun.set()
        held.wait(60)
        report("downloading", 0.5)
        stages.append("downloaded")
        return str(checkpoint)

    monkeypatch.setattr(checkpoints, "locate", locate)
    runtime = Runtime(str(checkpoint))
    assert await asyncio.to_thread(begun.wait, 60)
    waiting = asyncio.create_task(runtime.inspect(ask("hello")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(runtime.aclose())
    await asyncio.sleep(0)  # it has begun
    held.set()
    await closing
    assert not stages
    assert not [record for record in caplog.records if record.name.startswith("engine")]
    with pytest.raises(Busy):
        await waiting
    with pytest.raises(Busy):
        await runtime.inspect(ask("hello"))


async def test_characters_are_never_split(runtime):
    events = await collect(runtime, ask("你好", temperature=2.0, seed=5, thinking=False, max_new_tokens=100))
    pieces = [event.text for event in events if isinstance(event, AnswerAdded)]
    assert len(pieces) > 5
    # Random bytes may decode to the replacement character; a piece never ends in half of a real one.
    assert all(piece == piece.encode("utf-8", "strict").decode("utf-8") for piece in pieces)
