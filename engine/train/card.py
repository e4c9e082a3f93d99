"""Writes nano's model card from its evaluation report, so that no score in it is typed by hand.

`python -m engine.train.card --report assets/nano/report.json --out assets/nano/README.md`
"""

# ruff: noqa: E501 - a paragraph is one line of Markdown
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from engine.train.lexicon import APPS, CONTROLS

ROWS = {
    "identity": "who are you",
    "help": "what can you do",
    "greeting": "hello",
    "describe": "what is on the screen (F1 of the things named)",
    "tap": "tap what is named: inside it",
    "tap_absent": "tap what is not there: says so",
    "find": "is it there, and where",
    "time": "what time the status bar shows",
    "battery": "how much battery it shows",
    "wifi": "whether Wi-Fi is on",
    "unreadable": "says what it cannot read",
    "count": "how many apps, switches, checkboxes, and how many of them on",
    "page": "what kind of page it is",
    "strange": "a picture of nothing that it knows: says that it is unsure",
    "reference": '"tap it": what the turn before spoke of',
    "command": "typed command",
    "no_screen": "asks for the missing screenshot",
    "decline": "says no to what it cannot do",
    "spoken_command": "spoken command, voices never heard in training",
    "spoken_decline": "says no to a spoken request for what it cannot do",
    "spoken_digit_synthetic": "spoken digit, synthetic voices never heard",
    "spoken_digit_people": "spoken digit, people never heard",
    "spoken_silence": "notices that nobody speaks",
    "screen_and_speech": "screen and spoken command: inside it, or all things named",
    "screen_and_speech_absent": "the spoken target is not there: says so",
    "thinking_leads_to_answer": "over all: the thinking leads to the answer",
    "wrongly_declined": "over all but what it cannot do: wrongly says no (less is better)",
}

CARD = """\
---
license: apache-2.0
language: [zh, en]
library_name: transformers
pipeline_tag: image-text-to-text
tags: [autoglm_phone]
---

# Nano

The model that ships with this repository: {parameters:.1f} million parameters of the article's architecture, a GLM decoder that reads a CNN's view of a 224×224 picture and a spectrogram encoder's hearing of 16 kHz sound through gated cross-attention. It is a self-test and a demonstration, made from nothing by this repository's own pipeline on data that it draws and speaks itself.

## What it can do

Say who it is; name the apps and buttons of a simple phone screenshot; say what time and charge its status bar shows where the digits are large enough, whether Wi-Fi is on, what is switched on, how many there are; point at one of them as AutoGLM-Phone does, `do(action="Tap", element=[x,y])` in thousandths of the picture; obey short typed or spoken commands (open, tap, back, home, swipe, wait) in Mandarin and English; repeat a spoken digit; say no to the rest. "Tap it" is understood as what was just spoken of. It knows {apps} apps and {controls} controls by their icons; of text it reads nothing but a clock and a percentage. It thinks one sentence before it answers; where thinking is off, the answer begins with the words that it heard, or with what it counts.

## What it is not

A general assistant. Outside the above it declines, or errs. On real screenshots, whose icons it has never seen, it will often be wrong. Of people's own speech it heard digits and single syllables; everything else was synthetic.

## Scores

On held-out screens and voices, and phrasings that training never had to the letter, greedy; a text answer counts only if it is right to the letter. In brackets the 95 % interval (Wilson) of as many samples as are apart: those about one picture or one recording, or in the same words where words are all there is, count as one. "Unseen icons" are drawn with an icon family that training never showed. The screens and recordings were drawn for this exam; its layouts, voices and phrasings, and the people whose digits it asks, are those by which former editions were judged and this one was made better.

| Skill | Score | Unseen icons | Samples | apart | zh | en |
|---|---|---|---|---|---|---|
{rows}

Reproduce: `python -m engine.train.evaluate --model assets/nano --out report.json --count {count} --digits DIR`, with DIR the recordings of the Free Spoken Digit Dataset. The full report with examples of mistakes is [report.json](report.json).

## Training

The pipeline is `python -m engine.train.nano --out DIR`. Screens are drawn with the icon fonts Material Design Icons, Remix Icon (Apache-2.0), Font Awesome (OFL and CC-BY-4.0), Codicons (CC-BY-4.0), Elusive (OFL), Bootstrap Icons and Ionicons (MIT), and labelled in Noto Sans CJK (OFL) and Roboto (Apache-2.0); the evaluation's unseen icons are Phosphor (MIT). Speech is spoken by eSpeak NG, Flite, Hibari, RHVoice (its voices bdl, clb and alan), SVOX Pico, and in the syllables that the voice actress Chu Lo (羅竺) recorded for gcin (CC-BY-3.0), in made-up rooms and noise{people}.

{note}
"""

PEOPLE = "; spoken digits also by people of the Free Spoken Digit Dataset (Zohar Jackson and others, CC-BY-SA-4.0), others of whom are kept for evaluation"


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def score_row(name: str, title: str, report: dict[str, Any]) -> str | None:
    row, other = report["screens"].get(name), report["unseen_icon_family"].get(name)
    if row is None:
        return None
    low, high = row["interval"]
    by = row.get("languages", {})
    languages = [percent(by[key]) if key in by else "" for key in ("zh", "en")]
    looks = name.startswith(("describe", "tap", "find", "screen", "count"))
    unseen = percent(other["score"]) if other is not None and looks else ""
    score = f"{percent(row['score'])} [{100 * low:.0f}–{100 * high:.0f}]"
    return (
        f"| {title} | {score} | {unseen} | {row['count']} | {row['independent']} | {' | '.join(languages)} |"
    )


def write_card(report: dict[str, Any], note: str) -> str:
    """The card's Markdown. `note` says what else is to be known of this edition."""
    rows = [row for name, title in ROWS.items() if (row := score_row(name, title, report)) is not None]
    count = report["screens"]["identity"]["count"]
    return (
        CARD.format(
            count=count,
            apps=len(APPS),
            controls=len(CONTROLS),
            parameters=report["parameters"] / 1e6,
            rows="\n".join(rows),
            people=PEOPLE if "spoken_digit_people" in report["screens"] else "",
            note=note,
        ).rstrip()
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.train.card", description=__doc__)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--note", default="", help="a paragraph about this edition")
    options = parser.parse_args()
    report = json.loads(options.report.read_text("utf-8"))
    options.out.write_text(write_card(report, options.note), "utf-8")


if __name__ == "__main__":
    main()
