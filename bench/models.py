"""The models that the benchmarks run: nano, and its decoder as a Glm4 that any peer can load."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from engine.checkpoint import Checkpoint
    from engine.generate import Decoder

QUESTION = "Open the settings, tap the search button and tell me what is on the screen. 打开相机。"


@cache
def peer() -> Any:
    """Nano's decoder without its fusion layers, which text alone passes unchanged, as a plain Glm4.

    A Glm4ForCausalLM; Any, since its `generate` is typed for a protocol that it does not meet.
    """
    import torch
    from transformers import Glm4Config, Glm4ForCausalLM

    nano = exact_nano()
    config = nano.config.get_text_config()
    names = Glm4Config().to_dict().keys() & config.to_dict().keys() - {"model_type", "architectures"}
    glm = Glm4ForCausalLM(Glm4Config(**{name: getattr(config, name) for name in names}))
    weights = {
        name.replace("language_model.", ""): tensor
        for name, tensor in nano.state_dict().items()
        if name == "lm_head.weight" or ("language_model" in name and ".fusion." not in name)
    }
    glm.load_state_dict(weights)
    glm.generation_config.eos_token_id = None
    glm.generation_config.pad_token_id = 0
    assert torch.equal(glm.lm_head.weight, nano.lm_head.weight)
    return glm.eval()


@cache
def larger() -> Any:
    """A Glm4 of a size between nano's and a phone's, with random weights."""
    import torch
    from transformers import Glm4Config, Glm4ForCausalLM

    torch.manual_seed(0)
    config = Glm4Config(
        vocab_size=2048, hidden_size=768, intermediate_size=2048, num_hidden_layers=12,
        num_attention_heads=12, num_key_value_heads=2, head_dim=64, max_position_embeddings=1024,
        pad_token_id=0,
    )  # fmt: skip
    return Glm4ForCausalLM(config).eval()


@cache
def nano_checkpoint() -> Checkpoint:
    """Nano as the engine loads it: its linear layers in INT8, as they ship."""
    from engine.checkpoint import load
    from engine.loading import Loading

    return load("nano", loading=Loading(devices=("cpu",)))


@cache
def exact_nano() -> Any:
    """Nano with the values of its weights in single precision: what is compared with has the same weights."""
    from engine.checkpoint import load
    from engine.loading import Loading

    model: Any = load("nano", loading=Loading(devices=("cpu",))).model
    return model.dequantize() if getattr(model, "is_quantized", False) else model


@cache
def nano_decoder(exact: bool = False) -> Decoder:
    """Nano's decoder as the engine runs it; `exact` for single precision."""
    from engine.families import decoder_for

    return decoder_for(exact_nano() if exact else nano_checkpoint().model)


def prompt(length: int, chat: int = 0) -> Tensor:
    """[1, length] int64: a question, again and again, that begins elsewhere in each chat."""
    import torch

    ids = nano_checkpoint().processor.tokenizer(QUESTION, add_special_tokens=False)["input_ids"]
    return torch.tensor([(ids * (length // len(ids) + 2))[chat % len(ids) :][:length]])


def picture_prompt() -> dict[str, Tensor]:
    """A question about a grey screen: `input_ids` [1, length] int64, and the picture as nano takes it."""
    from PIL import Image

    screen = Image.new("RGB", (360, 800), "grey")
    made = dict(nano_checkpoint().processor(f"<|image|>{QUESTION}", images=[screen]))
    del made["attention_mask"]
    return made
