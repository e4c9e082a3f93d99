"""Many requests at once: each is answered as if it were alone, and none harms another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402
from transformers import LogitsProcessorList  # noqa: E402

from engine.families import decoder_for  # noqa: E402
from engine.families.compiled import CompiledStep  # noqa: E402
from engine.families.decode_step import DecodeStep  # noqa: E402
from engine.families.recordings import Recordings  # noqa: E402
from engine.generate import SlotDecoder  # noqa: E402
from engine.loading import Loading  # noqa: E402
from engine.protocol import Busy, FinishReason, Options, OutOfMemory  # noqa: E402
from engine.quantize import quantize  # noqa: E402
from engine.sampler import Sampler, Scores  # noqa: E402
from engine.scheduler import Scheduler  # noqa: E402
from engine.slots import Limits, Row  # noqa: E402

PATIENCE = 60.0  # seconds until a test that hangs is given up


@dataclass
class Recorder:
    """A `Job` that writes down what happens to it."""

    input_ids: Tensor
    media: Mapping[str, Tensor] = field(default_factory=dict)
    limit: int = 12
    sampler: Sampler = field(default_factory=Sampler)
    on_token: Callable[[int], None] = lambda count: None
    arrived: float = 0.0
    cancelled: bool = False
    tokens: list[int] = field(default_factory=list)
    scores: list[Scores | None] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ended: FinishReason | Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def queued(self, position: int) -> None:
        self.positions.append(position)

    def started(self) -> None:
        assert not self.tokens

    def take(self, token: int, scores: Scores | None) -> FinishReason | None:
        self.tokens.append(token)
        self.scores.append(scores)
        self.on_token(len(self.tokens))
        return "length" if len(self.tokens) == self.limit else None

    def finish(self, reason: FinishReason) -> None:
        self.end(reason)

    def fail(self, error: Exception) -> None:
        self.end(error)

    def end(self, how: FinishReason | Exception) -> None:
        assert self.ended is None, "it ends once"
        self.ended = how
        self.done.set()


def drawing(temperature: float = 0.0, top_p: float = 1.0, **options: Any) -> Sampler:
    return Sampler(Options(temperature=temperature, top_p=top_p, **options))


class Engine:
    """A scheduler on a decoder."""

    def __init__(self, decoder, cache_tokens: int = 1 << 20, **limits: int) -> None:
        self.scheduler = Scheduler(Limits(**limits))
        self.scheduler.start(decoder, cache_tokens)

    def ask(self, job: Recorder) -> Row:
        row = self.scheduler.join(job)
        try:
            self.scheduler.offer(row, job.limit)
        except OutOfMemory:
            self.scheduler.refuse(row)
            raise
        return row

    def wait(self, jobs: Sequence[Recorder]) -> None:
        for job in jobs:
            assert job.done.wait(PATIENCE), "a request was never ended"


@pytest.fixture
def engine():
    made: list[Engine] = []

    def make(decoder, **limits: int) -> Engine:
        made.append(Engine(decoder, **limits))
        return made[-1]

    yield make
    for each in made:
        each.scheduler.close()


# ------------------------------------------------------------------------------------- parity


def alone(model, inputs: Mapping[str, Tensor], limit: int) -> list[int]:
    """What transformers' own greedy loop writes."""
    output = model.generate(**inputs, max_new_tokens=limit, min_new_tokens=limit, do_sample=False)
    return output[0, inputs["input_ids"].shape[1] :].tolist()


def free_of_ends(model) -> None:
    model.generation_config.eos_token_id = None


def prompts(processor, pictures: Sequence, recordings: Sequence) -> list[dict[str, Tensor]]:
    """Text, picture, recording, and both, of different lengths."""
    texts = ["屏幕上有什么？", "tap", "打开相机 and then tap the settings button " * 3]
    made = []
    for index, text in enumerate(texts * 2):
        picture, recording = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 0), (2, 1)][index]
        marks = "<|image|>" * picture + "<|audio|>" * recording
        inputs = processor(
            f"[gMASK]<sop><|user|>\n{marks}{text}<|assistant|>\n<think>",
            images=[pictures[(index + k) % len(pictures)] for k in range(picture)] or None,
            audio=[recordings[index % len(recordings)]] if recording else None,
        )
        inputs.pop("attention_mask")
        made.append(dict(inputs))
    return made


def tiny_glm():
    from transformers import Glm4Config, Glm4ForCausalLM

    torch.manual_seed(3)
    config = Glm4Config(
        vocab_size=160, hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=12, max_position_embeddings=256, pad_token_id=0,
    )  # fmt: skip
    model = Glm4ForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(4)
    sizes = (5, 1, 90, 17, 40, 33)
    return model, [{"input_ids": torch.randint(1, 160, (1, size), generator=generator)} for size in sizes]


def tiny_sparse(processor):
    from engine.model.configuration import AutoGLMConfig, AutoGLMTextConfig
    from engine.model.modeling import AutoGLMForConditionalGeneration

    text = AutoGLMTextConfig(
        vocab_size=len(processor.tokenizer), hidden_size=48, intermediate_size=64, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=12, max_position_embeddings=256,
        shared_size=32, fusion_layers=[1], sparse_attention=True, sparse_block=8, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(5)
    return AutoGLMForConditionalGeneration(AutoGLMConfig(text_config=text)).eval()


@pytest.fixture(params=["article", "nano", "nano-int8", "sparse", "glm4", "glm4-int8"])
def family(request, processor, model, screenshot, voice):
    """A model and prompts for it."""
    import copy

    if request.param.startswith("glm4"):
        made, inputs = tiny_glm()
        if request.param.endswith("int8"):
            made = quantize(made)
    elif request.param == "sparse":
        made = tiny_sparse(processor)
        made.config.image_token_id, made.config.audio_token_id = (
            model.config.image_token_id,
            model.config.audio_token_id,
        )
        inputs = prompts(processor, [screenshot], [voice])
    elif request.param == "article":
        made, inputs = copy.deepcopy(model), prompts(processor, [screenshot], [voice, voice[:9000]])
    else:
        from engine.checkpoint import load

        loaded = load("nano", loading=Loading(dtype="int8" if request.param.endswith("int8") else "auto"))
        made = loaded.model
        inputs = prompts(
            loaded.processor, [screenshot, screenshot.rotate(90, expand=True)], [voice, voice[:9000]]
        )
    free_of_ends(made)
    return made, inputs


def test_each_of_many_is_answered_as_if_alone(engine, family):
    """They join while others write, wait for slots, and are read in chunks of other rows' lengths."""
    model, inputs = family
    limits = [17, 9, 14, 24, 11, 20]
    expected = [alone(model, one, limit) for one, limit in zip(inputs, limits, strict=True)]
    running = engine(decoder_for(model), slots=4, waiting=8, prefill_tokens=24)
    jobs = [
        Recorder(one["input_ids"], {name: part for name, part in one.items() if name != "input_ids"}, limit)
        for one, limit in zip(inputs, limits, strict=True)
    ]
    # The first starts alone; each token of it brings another.
    jobs[0].on_token = lambda count: running.ask(jobs[count // 2]) if count in (2, 4, 6, 8, 10) else None
    running.ask(jobs[0])
    running.wait(jobs)
    for index, (job, wanted) in enumerate(zip(jobs, expected, strict=True)):
        assert job.ended == "length", (index, job.ended)
        assert job.tokens == wanted, f"request {index}"


def test_the_step_that_is_compiled_answers_each_as_if_alone(engine, family):
    """As it is, not compiled, which takes a minute: for each alone, then until and while others are there."""
    model, inputs = family
    limits = [17, 9, 14, 24, 11, 20]
    expected = [alone(model, one, limit) for one, limit in zip(inputs, limits, strict=True)]
    decoder: Any = decoder_for(model)
    steps: list[int] = []

    def uncompiled(media: bool):
        step, layers = DecodeStep(decoder.fused, media), len(decoder.fused.layers)

        def run(*given: Tensor) -> Tensor:
            steps.append(len(steps))
            return step(*given[:3], given[3 : 3 + layers], *given[3 + layers :])

        return run

    decoder.fused.compiled = CompiledStep(*map(uncompiled, (False, True)[: 1 + decoder.fused.looks]))
    running = engine(decoder, slots=4, waiting=8, prefill_tokens=24)

    def ask_for_all(after: Callable[[Recorder], None]) -> None:
        jobs = [
            Recorder(one["input_ids"], {name: one[name] for name in one if name != "input_ids"}, limit)
            for one, limit in zip(inputs, limits, strict=True)
        ]
        for job in jobs:
            running.ask(job)
            after(job)
        running.wait(jobs)
        assert [job.tokens for job in jobs] == expected

    ask_for_all(lambda job: running.wait([job]))
    assert len(steps) >= sum(limits) - len(limits), "all but the first, which the prompt gives"
    steps.clear()
    ask_for_all(lambda job: None)
    assert len(steps) < sum(limits) / 2, "the others were written side by side"


def test_a_seed_gives_the_same_tokens_again(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model))
    jobs = [Recorder(inputs[0]["input_ids"], sampler=drawing(1.0, 0.9, seed=seed)) for seed in (7, 7, 8)]
    for job in jobs:
        running.ask(job)
        running.wait([job])
    assert jobs[0].tokens == jobs[1].tokens != jobs[2].tokens


def test_rows_sample_greedily_and_not_side_by_side(engine):
    """One row's sampling does not change another's."""
    model, inputs = tiny_glm()
    running = engine(decoder_for(model))
    greedy = Recorder(inputs[0]["input_ids"], limit=20)
    wild = [Recorder(inputs[0]["input_ids"], limit=20, sampler=drawing(2.0, seed=seed)) for seed in range(3)]
    for job in (*wild, greedy):
        running.ask(job)
    running.wait([*wild, greedy])
    assert greedy.tokens == alone(model, inputs[0], 20)
    assert len({tuple(job.tokens) for job in wild}) == 3


def test_biases_and_penalties_of_a_row_are_its_own_and_what_transformers_makes_of_them(engine):
    """Rows side by side that join and leave, each with others; the reference runs each alone."""
    model, inputs = tiny_glm()
    repeated = alone(model, inputs[0], 24)
    favourite = max(repeated, key=repeated.count)
    assert repeated.count(favourite) > 4, "a model that repeats itself, else this shows nothing"
    given: list[dict[str, Any]] = [
        {"repetition_penalty": 1.6},
        {},
        {"logit_bias": ((favourite, -100.0), (3, 2.5))},
        {"repetition_penalty": 1.3, "logit_bias": ((favourite, -4.0),)},
        {"frequency_penalty": 0.7, "presence_penalty": 0.4},
    ]
    running = engine(decoder_for(model), slots=3, waiting=8, prefill_tokens=16)
    jobs = [
        Recorder(ids, limit=14 + 3 * index, sampler=Sampler(Options(**options), ids[0]))
        for index, (options, ids) in enumerate(zip(given, [one["input_ids"] for one in inputs], strict=False))
    ]
    for job in jobs:
        running.ask(job)
    running.wait(jobs)
    for options, one, job in zip(given, inputs, jobs, strict=False):
        assert job.ended == "length", job.ended
        assert job.tokens == penalised(model, one, job.limit, **options), options
    written = [alone(model, one, job.limit) for one, job in zip(inputs, jobs, strict=False)]
    assert [job.tokens == plain for job, plain in zip(jobs, written, strict=True)] == [
        not options for options in given
    ]


def penalised(
    model,
    inputs: Mapping[str, Tensor],
    limit: int,
    logit_bias: Sequence[tuple[int, float]] = (),
    repetition_penalty: float | None = None,
    frequency_penalty: float = 0.0,
    presence_penalty: float = 0.0,
) -> list[int]:
    """`alone`, with transformers' own bias and repetition penalty, and OpenAI's formula for the others."""
    length = inputs["input_ids"].shape[1]

    def less(input_ids: Tensor, scores: Tensor) -> Tensor:
        for token in set(input_ids[0, length:].tolist()):
            count = input_ids[0, length:].tolist().count(token)
            scores[0, token] -= frequency_penalty * count + presence_penalty
        return scores

    output = model.generate(
        **inputs,
        max_new_tokens=limit,
        min_new_tokens=limit,
        do_sample=False,
        sequence_bias={(token,): bias for token, bias in logit_bias} or None,
        repetition_penalty=repetition_penalty,
        logits_processor=LogitsProcessorList([less]),
    )
    return output[0, length:].tolist()


def test_scores_are_those_of_the_row_alone_and_only_for_who_asks(engine):
    """Beside others, of other lengths, each token has the log-probability that the model alone gives it."""
    model, inputs = tiny_glm()
    running = engine(decoder_for(model))
    asking = [
        Recorder(inputs[0]["input_ids"], sampler=drawing(logprobs=3)),
        Recorder(inputs[2]["input_ids"], sampler=drawing(1.0, 0.9, seed=5, logprobs=0)),
    ]
    silent = Recorder(inputs[3]["input_ids"])
    for job in (*asking, silent):
        running.ask(job)
    running.wait([*asking, silent])
    assert silent.scores == [None] * silent.limit
    assert silent.tokens == alone(model, inputs[3], silent.limit)
    for job in asking:
        whole = torch.cat([job.input_ids, torch.tensor([job.tokens])], dim=1)
        with torch.inference_mode():
            logits = model(whole).logits[0, job.input_ids.shape[1] - 1 : -1]
        wanted = logits.log_softmax(dim=-1)
        for token, scores, expected in zip(job.tokens, job.scores, wanted, strict=True):
            assert scores is not None
            assert scores.chosen == pytest.approx(expected[token].item(), abs=1e-4)
            best, ids = expected.topk(job.sampler.logprobs)
            assert [token for token, _ in scores.likeliest] == ids.tolist()
            assert [score for _, score in scores.likeliest] == pytest.approx(best.tolist(), abs=1e-4)


def test_who_has_the_same_media_takes_what_they_were_encoded_to(engine, processor, model, screenshot, voice):
    """Choices of one call: the encoders run once, and each choice is what it would be alone."""
    (inputs,) = prompts(processor, [screenshot], [voice])[3:4]
    ids, media = inputs.pop("input_ids"), inputs
    free_of_ends(model)
    decoder = decoder_for(model)
    encoded = []
    remember = model.remember
    model.remember = lambda *given, **named: encoded.append(1) or remember(*given, **named)
    try:
        running = engine(decoder, slots=3)
        samplers = [Sampler(), *(drawing(1.5, seed=seed) for seed in range(4))]
        jobs = [Recorder(ids, media, 20 + index, sampler) for index, sampler in enumerate(samplers)]
        for job in jobs:
            running.ask(job)
        running.wait(jobs)
        together = len(encoded)
        for seed in range(4):
            again = Recorder(ids, dict(media), 21 + seed, drawing(1.5, seed=seed))
            running.ask(again)
            running.wait([again])
            assert again.tokens == jobs[1 + seed].tokens
    finally:
        del model.remember
    assert together == 1
    assert len(encoded) == together + 4
    assert jobs[0].tokens == alone(model, {"input_ids": ids, **media}, 20)


def test_who_asks_for_no_token_is_done_without_a_pass(engine):
    _, inputs = tiny_glm()
    scheduler = Scheduler(Limits())  # without a model, so that nothing but the books can answer
    job = Recorder(inputs[0]["input_ids"])
    scheduler.complete(scheduler.join(job))
    assert job.ended == "length" and not job.tokens
    assert scheduler.metrics().requests == {"length": 1} and scheduler.metrics().waiting == 0


# ----------------------------------------------------------------------- queue, cancel, failures


class Faulty(SlotDecoder):
    """Fails where it is told to."""

    bad_token = 159

    def place(self, slot, input_ids, media, like=None):
        if "broken" in media:
            raise RuntimeError("the picture cannot be encoded")
        super().place(slot, input_ids, media, like)

    def _forward(self, step, positions, **given):
        if (given["input_ids"] == self.bad_token).any():
            raise RuntimeError("this row brings the pass down")
        return super()._forward(step, positions, **given)


def test_what_goes_wrong_with_one_request_ends_only_that_one(engine):
    model, inputs = tiny_glm()
    ids = [one["input_ids"].clamp(max=150) for one in inputs[:3]]
    expected = [alone(model, {"input_ids": one}, 30) for one in ids]

    class Explosive(Recorder):
        def take(self, token, scores):
            if len(self.tokens) == 5:
                raise ValueError("its text cannot be made")
            return super().take(token, scores)

    good = [Recorder(one, limit=30) for one in ids]
    broken = Recorder(ids[0], {"broken": torch.zeros(1)})
    poisoned = Recorder(torch.cat([ids[2], torch.tensor([[Faulty.bad_token]])], dim=1))
    explosive = Explosive(ids[1], limit=30)
    running = engine(Faulty(model), slots=8)
    for job in (good[0], broken, good[1], poisoned, explosive, good[2]):
        running.ask(job)
    everyone = [*good, broken, poisoned, explosive]
    running.wait(everyone)
    assert [job.tokens for job in good] == expected
    assert isinstance(broken.ended, RuntimeError) and "picture" in str(broken.ended)
    assert isinstance(poisoned.ended, RuntimeError) and "brings the pass down" in str(poisoned.ended)
    assert isinstance(explosive.ended, ValueError)
    assert running.scheduler.metrics().requests == {"length": 3, "failed": 3}


def test_cancelling_frees_the_slot_at_the_next_token(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=1)
    first = Recorder(inputs[0]["input_ids"], limit=200)
    second = Recorder(inputs[1]["input_ids"], limit=3)
    rows: list[Row] = []
    first.on_token = lambda count: running.scheduler.cancel(rows[0]) if count == 4 else None
    with running.scheduler._changed:  # so that the first does not run before its row is known
        rows.append(running.ask(first))
        running.ask(second)
    running.wait([first, second])
    assert first.ended == "cancelled" and len(first.tokens) == 4
    assert second.ended == "length"


def test_cancelling_ends_the_reading_of_a_long_prompt(engine):
    """What is left of it is not read, and who comes next does not see what was."""
    model, inputs = tiny_glm()
    free_of_ends(model)
    decoder = decoder_for(model)
    running = engine(decoder, slots=1, prefill_tokens=24)
    read, rows, prefill = [], [], decoder.prefill

    def watched(spans):
        read.extend(spans)
        running.scheduler.cancel(rows[0])
        return prefill(spans)

    decoder.prefill = watched
    long, after = Recorder(inputs[2]["input_ids"]), Recorder(inputs[3]["input_ids"])
    with running.scheduler._changed:  # so that it does not run before its row is known
        rows.append(running.ask(long))
    running.wait([long])
    assert long.ended == "cancelled" and not long.tokens
    assert [(start, stop) for _, start, stop in read] == [(0, 24)]
    running.ask(after)
    running.wait([after])
    assert after.tokens == alone(model, inputs[3], after.limit)


def test_where_the_loop_itself_fails_everyone_is_told():
    class Gone(SlotDecoder):
        def clear(self, slot):
            raise RuntimeError("the device is gone")

    model, inputs = tiny_glm()
    lost: list[Exception] = []
    scheduler = Scheduler(Limits(slots=2), lost=lost.append)
    jobs = [Recorder(inputs[0]["input_ids"], limit=limit) for limit in (2, 200, 200)]
    for job in jobs:
        scheduler.offer(scheduler.join(job), job.limit)
    scheduler.start(Gone(model), 1 << 20)
    for job in jobs:
        assert job.done.wait(PATIENCE)
    assert jobs[0].ended == "length"
    assert [str(job.ended) for job in jobs[1:]] == ["the device is gone"] * 2
    assert [str(error) for error in lost] == ["the device is gone"]
    scheduler.close()


def test_who_waits_hears_its_position_and_can_leave_at_once(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=1, waiting=3)
    begun, held = threading.Event(), threading.Event()

    def hold(count: int) -> None:
        begun.set()
        held.wait(PATIENCE)

    first = Recorder(inputs[0]["input_ids"], limit=4, on_token=hold)
    others = [Recorder(inputs[1]["input_ids"], limit=2) for _ in range(3)]
    running.ask(first)
    assert begun.wait(PATIENCE)
    rows = [running.ask(job) for job in others]
    with pytest.raises(Busy):
        running.ask(Recorder(inputs[1]["input_ids"]))
    running.scheduler.cancel(rows[1])
    assert others[1].ended == "cancelled" and not others[1].tokens
    metrics = running.scheduler.metrics()
    assert (metrics.running, metrics.waiting) == (1, 2)
    held.set()
    running.wait([first, *others])
    assert others[2].positions == [3, 2, 1, 0]
    assert others[0].positions == [1, 0]


def test_a_request_that_can_never_fit_is_refused_before_any_work(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), cache_tokens=100)
    with pytest.raises(OutOfMemory):
        running.ask(Recorder(inputs[2]["input_ids"], limit=11))
    metrics = running.scheduler.metrics()
    assert metrics.requests == {"refused": 1} and metrics.passes == 0
    fits = Recorder(inputs[2]["input_ids"], limit=10)
    running.ask(fits)
    running.wait([fits])
    assert fits.ended == "length"


def test_closing_ends_everyone(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=2)
    begun = threading.Event()
    jobs = [Recorder(inputs[0]["input_ids"], limit=200, on_token=lambda count: begun.set()) for _ in range(5)]
    for job in jobs:
        running.ask(job)
    assert begun.wait(PATIENCE)
    running.scheduler.close()
    assert [job.ended for job in jobs] == ["cancelled"] * 5
    with pytest.raises(Busy):
        running.ask(Recorder(inputs[0]["input_ids"]))


def test_the_counters_tell_what_was_done(engine):
    model, inputs = tiny_glm()
    running = engine(decoder_for(model), slots=2)
    jobs = [Recorder(one["input_ids"], limit=5) for one in inputs[:4]]
    for job in jobs:
        running.ask(job)
    running.wait(jobs)
    running.scheduler.close()
    metrics = running.scheduler.metrics()
    assert metrics.requests == {"length": 4}
    assert metrics.prompt_tokens == sum(one["input_ids"].shape[1] for one in inputs[:4])
    assert metrics.generated_tokens == 20
    assert metrics.first_token_seconds.count == metrics.queue_seconds.count == 4
    assert metrics.token_seconds.count == 16
    assert metrics.running == metrics.waiting == metrics.cache_tokens == 0
    assert len(metrics.token_seconds.counts) == len(metrics.token_seconds.bounds) + 1


def test_sampling_of_a_token_that_is_no_number_fails_alone():
    with pytest.raises(RuntimeError):
        drawing(1.0).pick(torch.from_numpy(np.array([np.nan, 1.0])))


@pytest.mark.parametrize("why", ["hooked", "quantized", "other"])
def test_what_the_few_operations_would_go_past_runs_through_its_own_modules(why):
    from engine.families.glm import fuse

    class Quantized(torch.nn.Linear):
        """Not the product that it looks like."""

    model, _ = tiny_glm()
    first: Any = model.model.layers[0]
    if why == "hooked":
        first.mlp.register_forward_hook(lambda module, given, output: output)
    elif why == "quantized":
        first.mlp.down_proj = Quantized(64, 48, bias=False)
    else:
        model.config.hidden_act = "gelu"
    assert fuse(model) is None


def test_weights_are_packed_only_where_that_loses_nothing():
    from engine.families.product import HalfProduct, PlainProduct, make_product

    linear = torch.nn.Linear(64, 48)
    states = torch.randn(3, 64)
    rough = make_product(linear)
    assert isinstance(rough, PlainProduct)
    linear.weight.data = linear.weight.data.half().float()
    packed = make_product(linear)
    assert isinstance(packed, HalfProduct) and packed.bytes == rough.bytes // 2
    with torch.inference_mode():
        torch.testing.assert_close(packed(states, torch.empty(3, 48)), linear(states), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("int8", [False, True])
def test_passes_that_are_replayed_write_what_others_write(engine, int8):
    """On a CPU a recording does its work again, on the tensors that it was made with, as a graph does."""
    model, inputs = tiny_glm()
    free_of_ends(model)
    if int8:
        quantize(model)
    limits = [70, 9, 14, 24, 11, 20]
    expected = [alone(model, one, limit) for one, limit in zip(inputs, limits, strict=True)]
    decoder: Any = decoder_for(model)
    made: list[int] = []

    def record(work):
        made.append(len(made))
        return work

    decoder.fused.recordings = Recordings(record)
    running = engine(decoder, slots=4, waiting=8, prefill_tokens=24)
    jobs = [Recorder(one["input_ids"], limit=limit) for one, limit in zip(inputs, limits, strict=True)]
    for job in jobs:
        running.ask(job)
    running.wait(jobs)
    assert [job.tokens for job in jobs] == expected
    assert 0 < len(made) < max(limits) / 2


def test_what_cannot_be_recorded_runs_anew():
    def refuse(work):
        raise RuntimeError("operation not permitted when stream is capturing")

    recordings = Recordings(refuse)
    for value in (1.0, 2.0):
        assert recordings.run("shape", "cache", torch.tensor([value]), lambda given: given * 2) == 2 * value
    assert recordings.record is None


def test_a_recording_ends_with_the_cache_that_it_reads():
    works: list[Any] = []

    def record(work):
        works.append(work())
        return work

    recordings = Recordings(record)
    for within in ("one", "one", "two"):
        recordings.run(3, within, torch.ones(1), lambda given: given + 1)
    assert len(works) == 2
