"""python -m engine.train.screens --sheet out.png --split train --count 24 [--boxes]"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

from engine.train.screens import draw_screen


def contact_sheet(
    split: str, count: int, start: int, boxes: bool, side: int, layout: str | None
) -> Image.Image:
    """Screens side by side, each fitted into a square of `side` px, with or without their boxes."""
    columns = min(count, 8)
    sheet = Image.new("RGB", (columns * (side + 4), -(-count // columns) * (side + 4)), (128, 128, 128))
    for i in range(count):
        screen = draw_screen(start + i, split, layout=layout)  # pyright: ignore[reportArgumentType]
        picture = screen.image
        if boxes:
            draw = ImageDraw.Draw(picture)
            for element in screen.elements:
                draw.rectangle(element.box, outline=(255, 0, 0), width=2)
                draw.text((element.box[0], element.box[1] - 11), element.key, fill=(255, 0, 255))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        x, y = i % columns * (side + 4), i // columns * (side + 4)
        sheet.paste(picture, (x + (side - picture.width) // 2, y))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m engine.train.screens", description="Draw a contact sheet."
    )
    parser.add_argument("--sheet", type=Path, required=True, help="the picture to write")
    parser.add_argument("--split", choices=["train", "heldout", "heldout_icons"], default="train")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--start", type=int, default=0, help="first seed")
    parser.add_argument("--side", type=int, default=480, help="px of the square around each screen")
    parser.add_argument("--layout", default=None)
    parser.add_argument("--boxes", action="store_true", help="outline the listed elements")
    arguments = parser.parse_args()
    sheet = contact_sheet(
        arguments.split, arguments.count, arguments.start, arguments.boxes, arguments.side, arguments.layout
    )
    sheet.save(arguments.sheet)


if __name__ == "__main__":
    main()
