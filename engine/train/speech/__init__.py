"""Synthetic speech to train and to measure the speech encoder on, the same from the same seed."""

from engine.train.speech.acoustics import degrade, silence_or_noise
from engine.train.speech.corpus import Corpus, build_corpus
from engine.train.speech.digits import SpokenDigit, spoken_digits
from engine.train.speech.neural import VoiceMissing
from engine.train.speech.recording import ENGINES, Recording, record
from engine.train.speech.synthesis import (
    SAMPLE_RATE,
    SynthesizerMissing,
    UnspeakableText,
    phonemes,
    phones,
    speak,
)
from engine.train.speech.voices import Voice, voices

__all__ = [
    "ENGINES",
    "SAMPLE_RATE",
    "Corpus",
    "Recording",
    "SpokenDigit",
    "SynthesizerMissing",
    "UnspeakableText",
    "Voice",
    "VoiceMissing",
    "build_corpus",
    "degrade",
    "phonemes",
    "phones",
    "record",
    "silence_or_noise",
    "speak",
    "spoken_digits",
    "voices",
]
