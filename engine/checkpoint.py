"""Decides where a checkpoint runs, and loads it: nano by name, a folder, or an id on the hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from engine import phone
from engine.loading import Loading
from engine.placement import Machine, Plan, choose, describe, spread, survey
from engine.protocol import Capabilities, LoadFailed, OutOfMemory, Request
from engine.sketch import Report, Sketch, locate, named_failures, sketch

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from engine.parallel import Crew, Follow
    from engine.prompt import Prompt
    from engine.transcriber import Transcriber

#: Shares of the loading bar: what is before each stage.
DOWNLOADED, CONFIGURED, READ, PLACED = 0.4, 0.45, 0.5, 0.98


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to run, with what feeds it.

    Args:
        tokenizer: turns its ids into text.
        stop_ids: token ids that end an answer.
        hidden_ids: control tokens that are no part of an answer's text.
        read: makes a request's prompt; raises as `build_prompt` does.
        context: tokens that one row may hold, prompt and answer.
        plan: where it runs.
        action_answers: whether it answers with actions after untagged thinking, as AutoGLM-Phone does.
        crew: the other processes that hold it, where it is split; whoever is done with it closes them.
    """

    model: PreTrainedModel
    processor: Any
    tokenizer: Tokenizer
    stop_ids: frozenset[int]
    hidden_ids: frozenset[int]
    read: Callable[[Request], Prompt]
    capabilities: Capabilities
    context: int
    plan: Plan
    action_answers: bool = False
    crew: Crew | None = None

    @property
    def vocabulary(self) -> int:
        """Tokens that it can write: ids are 0 to one less."""
        return self.model.config.get_text_config(decoder=True).vocab_size


def explain(name: str, loading: Loading, machine: Machine | None = None) -> str:
    """Where `name` would run, in words; no weights are read or downloaded. Raises as `load` does."""
    drawn = sketch(name, locate(name, weights=False), loading.max_pixels)
    machine = machine or survey()
    return describe(name, drawn.needs, machine, make_plan(drawn, machine, loading), loading)


def make_plan(drawn: Sketch, machine: Machine, loading: Loading) -> Plan:
    """Where it runs. Raises DoesNotFit, InvalidRequest, and LoadFailed for what cannot be split."""
    count = loading.tensor_parallel
    if count == 1:
        return choose(drawn.needs, machine, loading)
    text = drawn.config.get_text_config(decoder=True)
    heads = getattr(text, "num_key_value_heads", None) or getattr(text, "num_attention_heads", 1)
    int8 = drawn.needs.int8 or loading.dtype == "int8"
    if int8 or drawn.is_ours or not getattr(text, "base_model_tp_plan", None) or heads % count:
        raise LoadFailed(
            f"{drawn.name} cannot be split into {count} parts",
            "Leave out --tensor-parallel: whole layers are put on each GPU then. A split needs a model that "
            "transformers can split, whose weights are not INT8, and a number of key-value heads that the "
            "parts divide.",
        )
    return spread(drawn.needs, machine, loading)


def load(
    name: str,
    report: Report = lambda stage, progress: None,
    loading: Loading = Loading(),
    follow: Follow | None = None,
) -> Checkpoint:
    """Load a checkpoint to where the plan puts it.

    Args:
        name: nano, a folder, or a hub id.
        report: called with each stage and the share done, 0 to 1.
        follow: what the other processes do, where the model is to be split over several.

    Raises:
        LoadFailed: where it is absent, unreachable, damaged or no chat model.
        OutOfMemory: where no device here has room for it; nothing was loaded then.
        InvalidRequest: where `loading` names a device that is not here.
    """
    source = locate(name, lambda stage, share: report(stage, share and share * DOWNLOADED))
    report("starting the engine", DOWNLOADED)
    set_allocator()
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    report("reading the configuration", CONFIGURED)
    drawn = sketch(name, source, loading.max_pixels)
    plan = make_plan(drawn, survey(), loading)
    report("reading the weights", READ)
    crew: Crew | None = None
    try:
        with named_failures(name):
            if plan.kind == "parallel":
                assert follow is not None, "a split model needs processes that follow"
                crew, model = read_parts(drawn, plan, follow)
            else:
                model = read_weights(drawn, plan)
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(
            f"{name} does not fit into the device's memory", "Choose a smaller model or a larger device."
        ) from error
    try:
        report("preparing to answer", PLACED)
        transcriber = load_ear(drawn, plan, loading)
        return replace(assemble(drawn, plan, model.eval(), loading, transcriber), crew=crew)
    except BaseException:
        if crew is not None:
            crew.close()
        raise


def set_allocator(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let CUDA's allocator grow its segments, so that a cache that grows leaves no holes behind.

    torch reads the variable when the first GPU is used; what a person has set in it stays.
    """
    if sys.platform == "linux" and "PYTORCH_CUDA_ALLOC_CONF" not in environ:
        environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")


def read_weights(drawn: Sketch, plan: Plan) -> PreTrainedModel:
    """The model with its weights on the plan's devices, in the plan's type. Raises LoadFailed."""
    import torch

    from engine.quantize import Int8Config

    # One device needs no hooks between its layers.
    where = dict(plan.device_map) if len(plan.loads) > 1 else {"": plan.device}
    rounded = {"quantization_config": Int8Config()} if plan.precision.int8 and not drawn.needs.int8 else {}
    kind: Any = drawn.kind
    model, loading = kind.from_pretrained(
        drawn.source,
        config=drawn.config,
        dtype=getattr(torch, plan.dtype),
        device_map=where,
        output_loading_info=True,
        **rounded,
    )
    if missing := loading["missing_keys"]:
        raise LoadFailed(
            f"{drawn.name} is incomplete: {len(missing)} weights are missing, {sorted(missing)[0]} the first",
            "Copy or download the checkpoint again.",
        )
    return model


def read_parts(drawn: Sketch, plan: Plan, follow: Follow) -> tuple[Crew, PreTrainedModel]:
    """This process's part of the model, and the processes that hold the others. Raises LoadFailed."""
    from engine.parallel import Crew

    crew = Crew([load.device for load in plan.loads], drawn.kind, drawn.source, plan.dtype, follow)
    return crew, crew.load()


def load_ear(drawn: Sketch, plan: Plan, loading: Loading) -> Transcriber | None:
    """The chosen recogniser, where the model has no ear of its own. Raises LoadFailed."""
    if loading.asr is None or drawn.capabilities.audio:
        return None
    from engine.transcriber import load_transcriber

    first = plan.loads[0]
    return load_transcriber(loading.asr, locate(loading.asr), first.room - first.total)


def assemble(
    drawn: Sketch, plan: Plan, model: PreTrainedModel, loading: Loading, transcriber: Transcriber | None
) -> Checkpoint:
    """A loaded model with what feeds it."""
    from engine.processors import tokenizer_of
    from engine.published import PublishedReader

    tokenizer: Any = tokenizer_of(drawn.processor)
    capabilities = drawn.capabilities
    is_phone = phone.is_phone(drawn.name) and not drawn.is_ours
    if drawn.is_ours:
        read: Callable[[Request], Prompt] = partial(read_ours, model, drawn.processor, plan.context)
    else:
        read = PublishedReader(
            drawn.config,
            drawn.processor,
            capabilities,
            plan.context,
            loading.max_pixels,
            is_phone,
            transcriber,
            plan.device,
        ).read
    return Checkpoint(
        model,
        drawn.processor,
        tokenizer.backend_tokenizer,
        find_stop_ids(model, tokenizer),
        find_hidden_ids(tokenizer),
        read,
        replace(capabilities, audio=capabilities.audio or transcriber is not None),
        plan.context,
        plan,
        is_phone,
    )


def read_ours(model: Any, processor: Any, context: int, request: Request) -> Prompt:
    """The prompt of a request for the article's architecture."""
    from engine.prompt import build_prompt

    return build_prompt(request, model, processor, context)


def find_stop_ids(model: PreTrainedModel, tokenizer: Any) -> frozenset[int]:
    """What ends an answer: by the generation settings, the configuration, and the tokenizer."""
    assert model.generation_config is not None
    text = model.config.get_text_config(decoder=True)
    for ends in (model.generation_config.eos_token_id, getattr(text, "eos_token_id", None)):
        if ends is not None and ends != []:
            return frozenset([ends] if isinstance(ends, int) else ends)
    return frozenset() if tokenizer.eos_token_id is None else frozenset([tokenizer.eos_token_id])


def find_hidden_ids(tokenizer: Any) -> frozenset[int]:
    """Control tokens, but for those between which thinking, answers and boxes stand: they are read."""
    from engine.thinking import ANSWER_CLOSE, ANSWER_OPEN, BOXES, CLOSE, OPEN

    kept = tokenizer.convert_tokens_to_ids([OPEN, CLOSE, ANSWER_OPEN, ANSWER_CLOSE, *BOXES])
    return frozenset(tokenizer.all_special_ids) - frozenset(kept)
