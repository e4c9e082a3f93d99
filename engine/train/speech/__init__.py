"""Synthetic speech to train and to measure the speech encoder on, the same from the same seed."""

from engine.train.speech.acoustics import degrade, silence_or_noise
from engine.train.speech.corpus import Corpus, build_corpus
from engine.train.speech.digits import SpokenDigit, spoken_digits
from engine.train.speech.recording import Recording, record
from engine.train.speech.synthesis import SAMPLE_RATE, SynthesizerMissing, UnspeakableText, phonemes, speak
from engine.train.speech.voices import Voice, voices

__all__ = [
    "SAMPLE_RATE",
    "Corpus",
    "Recording",
    "SpokenDigit",
    "SynthesizerMissing",
    "UnspeakableText",
    "Voice",
    "build_corpus",
    "degrade",
    "phonemes",
    "record",
    "silence_or_noise",
    "speak",
    "spoken_digits",
    "voices",
]
