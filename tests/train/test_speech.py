"""Synthetic speech: the same from the same seed, rightly read, by voices of one side, kept on disk."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.train.babble import WORDS
from engine.train.hearing import TAKES, Amounts, corpus_name, draw_utterances, known_units, record_all
from engine.train.lexicon import THINGS, Language
from engine.train.speech import (
    SAMPLE_RATE,
    Recording,
    SynthesizerMissing,
    UnspeakableText,
    Voice,
    VoiceMissing,
    build_corpus,
    corpus,
    degrade,
    digits,
    neural,
    phonemes,
    phones,
    record,
    silence_or_noise,
    speak,
    spoken_digits,
    syllabary,
    voices,
)
from engine.train.speech.corpus import Casting
from engine.train.speech.mandarin import syllables
from engine.train.speech.synthesis import speaks_here
from engine.train.speech.voices import Engine

PROGRAMS: frozenset[Engine] = frozenset({"espeak", "flite"})
EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
ZH, EN = voices("zh", "heldout")[0], voices("en", "heldout")[0]
SLT = next(voice for voice in voices("en", "train") if voice.name == "slt")


def pitch(sound: np.ndarray) -> float:
    """The median pitch of speech in Hz, by autocorrelation of its louder frames."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 800)[::400]
    frames = frames[np.abs(frames).mean(1) > 0.3 * np.abs(frames).mean(1).max()]
    lags = range(SAMPLE_RATE // 400, SAMPLE_RATE // 60)
    found = []
    for frame in frames - frames.mean(1, keepdims=True):
        alike = [float(frame[lag:] @ frame[:-lag]) / (800 - lag) for lag in lags]
        found.append(SAMPLE_RATE / lags[int(np.argmax(alike))])
    return float(np.median(found))


# ---------------------------------------------------------------------------------------- reading


def test_other_recordings_have_another_name():
    amounts = [Amounts(*counts) for counts in itertools.product((0, 3, 5), repeat=4)]
    said = {one: draw_utterances("train", one, 0) for one in amounts}
    engines: tuple[frozenset[Engine], ...] = (frozenset({"espeak"}), PROGRAMS)
    castings = [Casting("train", seed, heard) for seed in (0, 9) for heard in engines]
    people = [[], [Path("7_theo_5.wav")]]
    names = {
        corpus_name(said[one], casting, who) for one in amounts for casting in castings for who in people
    }
    assert len(names) == len(castings) * len(people) * len(amounts)


def test_words_in_no_order_have_no_sound_that_nano_has_no_sign_for():
    known = set(known_units())
    for language, words in WORDS.items():
        assert not [word for word in words[::9] if not set(phones(word, language)) <= known]


def test_every_name_can_be_read_in_both_languages():
    english = [name for thing in THINGS for name in thing.en]
    chinese = [name for thing in THINGS for name in thing.zh]
    # One call for each language: every clause comes back on its own line.
    heard = phonemes(", ".join(english), "en").split("\n")
    assert len(heard) == len(english)
    assert all(clause.strip() for clause in heard)
    heard = phonemes("，".join(chinese), "zh").split("\n")
    assert [len(clause.split()) for clause in heard] == [len(name) for name in chinese]


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("相机", "xiang4 ji1"),
        ("地图", "di4 tu2"),
        ("音乐", "yin1 yue4"),
        ("浏览器", "liu2 lan3 qi4"),
        ("编辑按钮", "bian1 ji2 an4 niu3"),
        ("应用商店", "ying4 yong4 shang1 dian4"),
        ("播放音乐", "bo1 fang4 yin1 yue4"),
        ("重新打开", "chong2 xin1 da3 kai1"),
        ("长按相册", "chang2 an4 xiang4 ce4"),
        ("调大音量", "tiao2 da4 yin1 liang4"),
        ("等待一秒", "deng3 dai4 yi4 miao3"),
        ("你都会什么", "ni3 dou1 hui4 shen2 me5"),
        ("绿色", "lv4 se4"),
    ],
)
def test_characters_are_read_as_people_read_them(text, reading):
    assert syllables(text) == reading.split()


@pytest.mark.parametrize(("text", "tones"), [("相机", "51 55"), ("地图", "51 35"), ("你好", "35 214")])
def test_the_voice_has_the_tones_of_the_reading(text, tones):
    heard = phonemes(text, "zh").split()
    assert ["".join(filter(str.isdigit, syllable)) for syllable in heard] == tones.split()


@pytest.mark.parametrize(("text", "voice"), [("打开WiFi", ZH), ("等3秒", ZH), ("open 相机", EN), (" ", EN)])
def test_a_text_that_would_be_misread_is_refused(text, voice):
    with pytest.raises(UnspeakableText):
        speak(text, voice)


# ---------------------------------------------------------------------------------------- speaking


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_speaker_is_on_both_sides(language):
    every = {split: {voice.speaker for voice in voices(language, split)} for split in ("train", "heldout")}
    other = {voice.speaker for voice in voices("en" if language == "zh" else "zh", "train")}
    assert len(every["train"]) >= 20
    assert len(every["heldout"]) >= 10
    assert not every["heldout"] & (every["train"] | other)


def test_every_variant_is_installed_and_sounds_like_itself():
    both = (*voices("zh", "train"), *voices("zh", "heldout"))
    cast = [voice for voice in both if voice.engine == "espeak"]
    said = {speak("相机", voice).tobytes() for voice in cast}
    assert len(said) == len(cast)


@pytest.mark.parametrize("voice", [ZH, EN, voices("en", "heldout")[-1]], ids=lambda voice: voice.name)
def test_speech_is_the_same_whatever_was_said_before(voice):
    text = "打开相机" if voice.language == "zh" else "open the camera"
    first = speak(text, voice)
    speak("返回" if voice.language == "zh" else "go back", voice, tempo=1.2)
    assert np.array_equal(first, speak(text, voice))


@pytest.mark.parametrize("voice", [ZH, EN, voices("en", "heldout")[-1], SLT], ids=lambda voice: voice.name)
def test_tempo_pitch_and_size_do_what_they_say(voice):
    text = "打开相机" if voice.language == "zh" else "open the camera"
    plain, fast = speak(text, voice), speak(text, voice, tempo=1.4)
    high, large = speak(text, voice, semitones=4), speak(text, voice, size=1.2)
    assert plain.dtype == np.float32
    assert np.abs(plain).max() == pytest.approx(0.6, abs=1e-3)
    assert 0.3 < plain.size / SAMPLE_RATE < 2.5
    assert fast.size < 0.85 * plain.size
    assert pitch(high) > 1.1 * pitch(plain)
    assert pitch(large) < 0.9 * pitch(plain)
    assert large.size == pytest.approx(plain.size, rel=0.12)


def test_hibari_speaks_the_same_each_time():
    voice = Voice("hibari", "en", "heart", None, 165)
    first = speak("open the camera", voice)
    speak("go back", voice)
    assert np.array_equal(first, speak("open the camera", voice))
    assert speak("open the camera", voice, tempo=1.4).size < 0.85 * first.size


@pytest.mark.parametrize(
    "voice",
    [
        Voice("rhvoice", "en", "bdl", None, 165),
        Voice("pico", "en", "en-GB", None, 165),
        Voice("gcin", "zh", "lo", None, 175),
    ],
    ids=lambda voice: voice.engine,
)
def test_a_voice_that_a_machine_may_have_speaks_the_same_each_time(voice):
    if not speaks_here(voice.engine):
        pytest.skip(f"{voice.engine} is not installed")
    text = "打开相机" if voice.language == "zh" else "don't open <the camera>"
    first = speak(text, voice)
    assert np.array_equal(first, speak(text, voice))
    assert 0.5 < first.size / SAMPLE_RATE < 3.0
    assert speak(text, voice, tempo=1.4).size < first.size
    assert pitch(speak(text, voice, size=1.2)) < 0.9 * pitch(first)


def test_syllables_are_found_by_their_spelling_and_change_their_tone_before_another():
    assert syllabary._bopomofo("打开，你好吗") == ["ㄉㄚ3", "ㄎㄞ", "ㄋㄧ3", "ㄏㄠ3", "ㄇㄚ1"]
    assert syllabary._with_sandhi(["ㄉㄚ3", "ㄎㄞ", "ㄋㄧ3", "ㄏㄠ3"]) == ["ㄉㄚ3", "ㄎㄞ", "ㄋㄧ2", "ㄏㄠ3"]


def test_who_left_out_a_syllable_is_not_cast_for_it(tmp_path, monkeypatch):
    """The folder has one syllable only, so another voice must say the rest."""
    (tmp_path / "ㄎㄞ").mkdir()
    tone = np.sin(2 * np.pi * 300 * np.arange(4000) / 16_000)
    soundfile.write(tmp_path / "ㄎㄞ" / "5.ogg", tone, 16_000)
    monkeypatch.setattr(syllabary, "FOLDER", tmp_path)
    syllabary._syllable.cache_clear()
    assert syllabary.recitable("开") and not syllabary.recitable("打开")
    engines: frozenset[Engine] = frozenset({"espeak", "gcin"})
    assert {record("打开", "zh", seed, "train", engines).voice.engine for seed in range(8)} == {"espeak"}  # pyright: ignore[reportOptionalMemberAccess]
    assert "gcin" in {record("开", "zh", seed, "train", engines).voice.engine for seed in range(12)}  # pyright: ignore[reportOptionalMemberAccess]
    syllabary._syllable.cache_clear()


def test_phones_are_the_sounds_without_stress_and_tone():
    assert phones("打开相机", "zh") == ("zh:d", "zh:a", "zh:k", "zh:ai", "zh:x", "zh:iang", "zh:j", "zh:i")
    assert phones("go home", "en") == ("en:g", "en:oU", "en:h", "en:oU", "en:m")


def test_a_missing_program_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for voice, text, program in ((ZH, "返回", "espeak-ng"), (EN, "go back", "flite")):
        with pytest.raises(SynthesizerMissing) as caught:
            speak(text, voice)
        assert caught.value.program == program
        assert "apt-get install espeak-ng flite" in caught.value.remedy
        assert not speaks_here(voice.engine)


def test_a_missing_voice_says_what_to_type(monkeypatch):
    monkeypatch.setattr(neural.importlib.util, "find_spec", lambda name: None)
    neural._hibari.cache_clear()
    with pytest.raises(VoiceMissing) as caught:
        speak("go back", Voice("hibari", "en", "heart", None, 165))
    assert "pip install hibari-tts" in caught.value.remedy


# --------------------------------------------------------------------------------------- recording


@pytest.mark.parametrize(("text", "language"), [("向上滑动", "zh"), ("swipe up", "en")])
def test_a_recording_follows_from_its_arguments_alone(text, language):
    first = record(text, language, 3, "train", PROGRAMS)
    record("返回", "zh", 4, "train", PROGRAMS)
    again = record(text, language, 3, "train", PROGRAMS)
    assert first.voice == again.voice
    assert np.array_equal(first.samples, again.samples)
    other = record(text, language, 5, "train", PROGRAMS)
    assert not np.array_equal(first.samples, other.samples)


def test_recordings_are_sane_and_by_voices_of_their_side():
    languages: tuple[tuple[str, Language], ...] = (("等待三秒", "zh"), ("wait three seconds", "en"))
    for seed in range(12):
        for text, language in languages:
            made = record(text, language, seed, "heldout")
            assert made.voice in voices(language, "heldout")
            assert_sound(made.samples, shortest=0.3, longest=5.0)
            assert np.abs(made.samples).max() > 10 ** (-36 / 20)


def test_an_engine_without_a_voice_is_refused():
    with pytest.raises(ValueError, match="heldout voice in zh"):
        record("返回", "zh", 0, "heldout", frozenset({"flite"}))


def test_degrading_keeps_speech_above_the_noise():
    # Digital silence goes in around the word, so what stands there afterwards is noise and the room's echo.
    word = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32) * 0.5
    lengths = set()
    for seed in range(40):
        made = degrade(word, np.random.default_rng(seed))
        assert_sound(made, shortest=0.9, longest=2.4)
        lengths.add(made.size)
        spectrum = np.abs(np.fft.rfft(made * np.hanning(made.size)))
        frequency = np.fft.rfftfreq(made.size, 1 / SAMPLE_RATE)
        tone = (frequency > 400) & (frequency < 485)
        assert (spectrum[tone] ** 2).sum() > 1.5 * (spectrum[~tone] ** 2).sum(), seed
    assert len(lengths) == 40


def test_what_is_not_speech_varies_from_silence_to_noise():
    made = [silence_or_noise(np.random.default_rng(seed)) for seed in range(60)]
    for sound in made:
        assert_sound(sound, shortest=0.39, longest=3.01)
    silent = sum(not sound.any() for sound in made)
    assert 0 < silent < 20
    assert np.array_equal(made[0], silence_or_noise(np.random.default_rng(0)))


def assert_sound(samples: np.ndarray, shortest: float, longest: float) -> None:
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert shortest < samples.size / SAMPLE_RATE < longest


# ------------------------------------------------------------------------------------------ corpus

LINES: list[tuple[str, Language]] = [
    ("打开相机", "zh"),
    ("open the camera", "en"),
    ("", "en"),
    ("七", "zh"),
    ("seven", "en"),
]


def test_a_corpus_is_made_once_and_read_without_a_synthesizer(tmp_path, monkeypatch):
    made = build_corpus(LINES, tmp_path / "one", "train", seed=7, engines=PROGRAMS)
    alike = build_corpus(LINES, tmp_path / "two", "train", seed=7, workers=2, engines=PROGRAMS)
    assert np.array_equal(made.samples, alike.samples)
    monkeypatch.setenv("PATH", "")
    read = build_corpus(LINES, tmp_path / "one", "train", seed=7, engines=PROGRAMS)
    assert [recording.text for recording in read] == [text for text, _ in LINES]
    assert read.languages == ("zh", "en", "en", "zh", "en")
    assert [recording.voice is None for recording in read] == [False, False, True, False, False]
    monkeypatch.undo()
    spoken = record("七", "zh", 7 + 3, "train", PROGRAMS)
    assert read[3].voice == spoken.voice
    assert np.abs(read[-2].samples - spoken.samples).max() < 1e-4
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["index.json", "samples.i16"]


def test_another_seed_replaces_the_corpus(tmp_path):
    first = build_corpus(LINES[:2], tmp_path, "train", seed=1, engines=PROGRAMS)[0].samples
    second = build_corpus(LINES[:2], tmp_path, "train", seed=2, engines=PROGRAMS)[0].samples
    assert first.size != second.size or not np.array_equal(first, second)


def test_an_interrupted_corpus_goes_on_where_it_stopped(tmp_path, monkeypatch):
    calls: list[str] = []

    def breaking(text: str, *rest) -> Recording:
        calls.append(text)
        if len(calls) == 4:
            raise RuntimeError("the power failed")
        return record(text, *rest)

    monkeypatch.setattr(corpus, "_BATCH", 1)
    monkeypatch.setattr(corpus, "record", breaking)
    with pytest.raises(RuntimeError, match="the power failed"):
        build_corpus(LINES, tmp_path, "train", engines=PROGRAMS)
    done = len(calls) - 1
    calls[:] = ["", "", "", "", ""]  # no second failure
    made = build_corpus(LINES, tmp_path, "train", engines=PROGRAMS)
    assert len(calls) - 5 == 4 - done
    assert len(made) == len(LINES)


# ------------------------------------------------------------------------------------------ digits


def test_spoken_digits_are_split_by_speaker(tmp_path):
    tone = np.sin(2 * np.pi * 300 * np.arange(4000) / 8000)
    for name in ("7_jackson_0", "3_jackson_12", "7_theo_5", "0_yweweler_49"):
        soundfile.write(tmp_path / f"{name}.wav", tone, 8000, subtype="PCM_16")
    (tmp_path / "notes.wav").write_bytes(b"not a digit")
    heard = spoken_digits(tmp_path, "train")
    assert [(digit, speaker) for _, digit, speaker in heard] == [(3, "jackson"), (7, "jackson"), (7, "theo")]
    assert {one.speaker for one in spoken_digits(tmp_path, "heldout")} == {"yweweler"}
    assert heard[0].samples.size == 8000
    assert_sound(heard[0].samples, shortest=0.49, longest=0.51)
    assert np.argmax(np.abs(np.fft.rfft(heard[0].samples))) * 2 == pytest.approx(300, abs=3)


def test_people_are_heard_as_they_are_and_as_recorded_elsewhere(tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(8000) / 8000)
    soundfile.write(tmp_path / "7_theo_5.wav", tone, 8000, subtype="PCM_16")
    said = draw_utterances("train", Amounts(1, 0, 0), 0)
    heard = record_all(tmp_path / "made", said, Casting("train", 0, PROGRAMS), 1, tmp_path)
    takes = [samples for samples, utterance, source in heard if source == "person"]
    assert len(takes) == TAKES
    begins = [bool(np.abs(samples[:160]).max() > 0.4) for samples in takes]
    assert begins[::2] == [True] * (TAKES // 2) and not all(begins[1::2])


def test_missing_digits_say_where_they_are(tmp_path):
    with pytest.raises(digits.DigitsMissing) as caught:
        spoken_digits(tmp_path / "absent", "train")
    assert "github.com/Jakobovski/free-spoken-digit-dataset" in caught.value.remedy


# ---------------------------------------------------------------------------------------- examples


@pytest.mark.parametrize("name", ["open-camera.zh.wav", "tap-settings.en.wav"])
def test_example_commands_are_small_and_clear(name):
    path = EXAMPLES / name
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert path.stat().st_size < 100_000
    assert (rate, samples.shape[1], soundfile.info(path).subtype) == (16_000, 1, "PCM_16")
    assert 0.5 < np.abs(samples).max() < 0.9
    assert 0.8 < samples.size / rate < 2.5
