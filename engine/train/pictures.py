"""What a checkpoint says of pictures that nobody drew for it, to be judged by hand.

`python -m engine.train.pictures --model assets/nano --pictures DIR --count 30`
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForMultimodalLM, AutoProcessor

from engine.model import register

QUESTIONS = ("What is on the screen?", "What time is it on the screen?")
KINDS = {".png", ".jpg", ".jpeg", ".webp"}


def draw_pictures(folder: Path, count: int, seed: str) -> list[Path]:
    """So many pictures of a folder and those within, always the same ones of one seed."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in KINDS)
    return sorted(Random(seed).sample(found, min(count, len(found))))


@torch.inference_mode()
def tell(model: Any, processor: Any, picture: Image.Image, question: str, new_tokens: int = 120) -> str:
    """The answer after the thinking, greedily."""
    content = [{"type": "image"}, {"type": "text", "text": question}]
    prompt = processor.tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    given = processor(prompt, images=[picture], return_tensors="pt")
    said = model.generate(**given, max_new_tokens=new_tokens, do_sample=False)[0]
    text = processor.tokenizer.decode(said[given["input_ids"].shape[1] :], skip_special_tokens=True)
    return text.rpartition("</think>")[2].strip()


def answers(folder: str, pictures: Sequence[Path], new_tokens: int = 120) -> Iterator[tuple[Path, list[str]]]:
    """Each picture with what is said to each question."""
    register()
    model = AutoModelForMultimodalLM.from_pretrained(folder, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(folder)
    for path in pictures:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        yield path, [tell(model, processor, picture, question, new_tokens) for question in QUESTIONS]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.pictures", description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the checkpoint")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", default="real")
    options = parser.parse_args()
    for path, said in answers(options.model, draw_pictures(options.pictures, options.count, options.seed)):
        print(path.name, *said, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
