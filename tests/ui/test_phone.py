"""The phone, against a program that speaks adb's command line: what is run, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoglm_ui.actions import Action, find
from autoglm_ui.phone import Adb, Device, PhoneFailed, commands, performable
from autoglm_ui.settings import UsageError, read
from autoglm_ui.view import phone
from autoglm_ui.view.strings import EN, ZH
from engine.protocol import ImagePart
from tests.ui.adb import FakeAdb
from tests.ui.driver import EXAMPLES

SCREEN = EXAMPLES / "settings-en.png"
PICTURE = ImagePart(b"png", "image/png", 720, 1600)
TALL = (1080, 2400)


@pytest.fixture
def fake(tmp_path: Path) -> FakeAdb:
    return FakeAdb(tmp_path / "bin")


@pytest.fixture
def adb(fake: FakeAdb) -> Adb:
    return Adb(str(fake.program))


def action(text: str) -> Action:
    (found,) = find(text)
    assert isinstance(found, Action)
    return found


def words(text: str, picture: ImagePart | None = PICTURE, screen: tuple[int, int] = TALL) -> list[str]:
    return [" ".join(command) for command in commands(action(text), picture, screen)]


def test_adb_is_found_on_the_path_and_nothing_is_without_it(
    fake: FakeAdb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Adb.find() is None and phone.available(read([], {})) is None
    monkeypatch.setenv("PATH", fake.path)
    assert Adb.find() is not None


def test_phone_is_off_where_others_can_reach_the_page_unless_it_is_allowed(
    fake: FakeAdb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", fake.path)
    assert phone.available(read([], {}))
    assert phone.available(read(["--no-phone"], {})) is None
    assert phone.available(read(["--host", "0.0.0.0"], {})) is None
    assert phone.available(read([], {"SPACE_ID": "x"})) is None
    assert phone.available(read(["--host", "0.0.0.0"], {"AUTOGLM_PHONE": "1"}))
    assert phone.available(read([], {"AUTOGLM_PHONE": "0"})) is None
    with pytest.raises(UsageError):
        read([], {"AUTOGLM_PHONE": "perhaps"})


def test_phones_are_listed_with_their_names_and_states(fake: FakeAdb, adb: Adb) -> None:
    assert adb.devices() == ()
    fake.connect(**{"R5CT": {"model": "Pixel_7"}, "emulator-5554": {"state": "offline"}, "10.0.0.2:5555": {}})
    assert adb.devices() == (
        Device("R5CT", "device", "Pixel_7"),
        Device("emulator-5554", "offline"),
        Device("10.0.0.2:5555", "device"),
    )
    assert [device.name for device in adb.devices()] == ["Pixel 7", "emulator-5554", "10.0.0.2:5555"]


def test_screen_is_the_picture_even_after_a_warning(fake: FakeAdb, adb: Adb) -> None:
    fake.connect(one={"screen": str(SCREEN), "warning": "[Warning] Multiple displays were found\n"})
    assert adb.screen("one") == SCREEN.read_bytes()
    assert fake.log[-1] == ["-s", "one", "exec-out", "screencap", "-p"]


def test_size_is_the_one_that_taps_are_counted_in(fake: FakeAdb, adb: Adb) -> None:
    fake.connect(one={"size": "1440x3200", "override": "1080x2400"}, two={"size": "720x1600"})
    assert adb.size("one") == (1080, 2400) and adb.size("two") == (720, 1600)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('do(action="Tap", element=[500,250])', ["shell input tap 540 600"]),
        ('do(action="Tap", element=[1000,1000])', ["shell input tap 1079 2399"]),
        ('do(action="Double Tap", element=[0,0])', ["shell input tap 0 0"] * 2),
        ('do(action="Long Press", element=[500,500])', ["shell input swipe 540 1200 540 1200 1000"]),
        (
            'do(action="Swipe", start=[500,800], end=[500,200])',
            ["shell input swipe 540 1920 540 480 300"],
        ),
        ('do(action="Type", text="hello 42, a@b.c")', ["shell input text hello%s42,%sa@b.c"]),
        ('do(action="Back")', ["shell input keyevent KEYCODE_BACK"]),
        ('do(action="Home")', ["shell input keyevent KEYCODE_HOME"]),
    ],
)
def test_actions_are_adbs_commands_in_pixels_of_the_phone(text: str, expected: list[str]) -> None:
    assert performable(action(text))
    assert words(text) == expected


def test_screen_that_is_turned_is_told_by_the_picture() -> None:
    wide = ImagePart(b"png", "image/png", 2400, 1080)
    assert words('do(action="Tap", element=[500,500])', wide) == ["shell input tap 1200 540"]


@pytest.mark.parametrize("picture", [None, ImagePart(b"png", "image/png", 720, 1280)])
def test_place_on_a_picture_of_something_else_is_not_tapped(picture: ImagePart | None) -> None:
    with pytest.raises(PhoneFailed) as caught:
        words('do(action="Tap", element=[500,250])', picture)
    assert caught.value.reason == "shape"


def test_place_outside_of_the_picture_is_not_tapped() -> None:
    with pytest.raises(PhoneFailed):
        words('do(action="Tap", element=[5000,250])')


@pytest.mark.parametrize(
    "text",
    [
        "$(reboot)",
        "a; reboot",
        "`x`",
        "a && b",
        "it's",
        "a|b",
        "> /sdcard/x",
        "你好",
        "-x",
        "100%s",
        "a\nb",
        "*",
    ],
)
def test_text_that_a_shell_might_read_is_never_sent_to_one(text: str) -> None:
    one = Action("Type", "", arguments=(("text", text),))
    with pytest.raises(PhoneFailed) as caught:
        commands(one, None, TALL)
    assert caught.value.reason == "text"


@pytest.mark.parametrize(
    "text",
    ['do(action="Launch", app="x")', 'do(action="Wait", duration="1 seconds")', 'finish(message="ok")'],
)
def test_what_adb_cannot_do_is_not_offered(text: str) -> None:
    assert not performable(action(text))


@pytest.mark.parametrize("serial", ["-e", "a b", "$(x)", "", "x;y"])
def test_name_of_a_phone_that_is_none_is_not_passed_on(fake: FakeAdb, adb: Adb, serial: str) -> None:
    with pytest.raises(PhoneFailed):
        adb.perform(serial, ("shell", "input", "tap", "1", "1"))
    assert fake.log == []


@pytest.mark.parametrize(
    ("phones", "reason"),
    [
        ({}, "gone"),
        ({"one": {"state": "unauthorized"}}, "unauthorized"),
        ({"one": {"state": "offline"}}, "offline"),
        (
            {"one": {"fails": "java.lang.SecurityException: Injecting input events requires INJECT_EVENTS"}},
            "refused",
        ),
    ],
)
def test_failures_have_a_reason(
    fake: FakeAdb, adb: Adb, phones: dict[str, dict[str, str]], reason: str
) -> None:
    fake.connect(**phones)
    with pytest.raises(PhoneFailed) as caught:
        adb.perform("one", ("shell", "input", "tap", "1", "1"))
    assert caught.value.reason == reason
    for strings in (EN, ZH):
        assert strings.phone.failures[caught.value.reason] in phone.failed(caught.value, strings)


def test_screen_that_may_not_be_seen_and_adb_that_is_gone_are_said(fake: FakeAdb, adb: Adb) -> None:
    fake.connect(one={})
    with pytest.raises(PhoneFailed) as caught:
        adb.screen("one")
    assert caught.value.reason == "no_picture"
    fake.program.unlink()
    with pytest.raises(PhoneFailed) as caught:
        adb.devices()
    assert caught.value.reason == "no_adb"


def test_adb_that_does_not_end_is_ended(fake: FakeAdb) -> None:
    fake.program.write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(PhoneFailed) as caught:
        Adb(str(fake.program), patience=0.2).devices()
    assert caught.value.reason == "timed_out"
