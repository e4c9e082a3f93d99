"""Names and passwords: how they are kept, checked, and how fast they may be guessed."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from autoglm_ui.accounts import Accounts, AccountsUnusable, Throttle, hashed
from tests.ui.driver import ROOT


def test_password_is_known_by_its_hash_only(tmp_path: Path) -> None:
    path = tmp_path / "people"
    for name, password in (("ana", "correct horse"), ("李雷", "电池钉书钉"), ("ana", "a newer one")):
        done = subprocess.run(
            [sys.executable, "-m", "autoglm_ui.accounts", str(path), name],
            cwd=ROOT,
            input=password + "\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "--auth" in done.stdout and password not in done.stdout
    kept = path.read_text(encoding="utf-8")
    assert "horse" not in kept and "电池" not in kept and kept.count("\n") == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    accounts = Accounts.of(str(path))
    assert accounts.verify("ana", "a newer one") and accounts.verify("李雷", "电池钉书钉")
    for name, password in (("ana", "correct horse"), ("ana", ""), ("eve", "a newer one"), ("", "")):
        assert not accounts.verify(name, password)


def test_equal_passwords_have_different_hashes() -> None:
    assert hashed("the same") != hashed("the same")


def test_names_and_passwords_can_be_given_as_they_are() -> None:
    accounts = Accounts.of("ana:one:two, bob:three")
    assert accounts.verify("ana", "one:two") and accounts.verify("bob", "three")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "names nobody"),
        ("ana:secret\n", "line 1"),
        ("# people\nana:scrypt$x$8$3$AA==$AA==\n", "line 2"),
        (":scrypt$32768$8$3$AA==$AA==\n", "is no name"),
    ],
)
def test_file_that_cannot_be_meant_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "people"
    path.write_text(content)
    with pytest.raises(AccountsUnusable, match=said) as refused:
        Accounts.of(str(path))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("option", ["nobody-made-this-file", "ana:", "a b,c:d:", "x" * 65 + ":y"])
def test_option_that_cannot_be_meant_is_refused(option: str) -> None:
    with pytest.raises(AccountsUnusable):
        Accounts.of(option)


def test_guessing_gets_slower_and_is_forgotten() -> None:
    now = 0.0
    throttle = Throttle(free=3, now=lambda: now)
    waits = []
    for _ in range(12):
        throttle.failed("eve")
        waits.append(throttle.wait("eve"))
    assert waits[:5] == [0, 0, 5, 10, 20] and waits[-1] == 900
    assert throttle.wait("ana") == 0
    now = 901.0
    assert throttle.wait("eve") == 0
    throttle.failed("eve")
    assert throttle.wait("eve") == 900
    now += 3601
    throttle.failed("eve")
    assert throttle.wait("eve") == 0, "after an hour it is a new story"


def test_success_forgets_failures_and_memory_is_bounded() -> None:
    throttle = Throttle(free=1)
    throttle.failed("ana")
    assert throttle.wait("ana") > 0
    throttle.succeeded("ana")
    assert throttle.wait("ana") == 0
    for number in range(Throttle.KEYS + 10):
        throttle.failed(str(number))
    assert throttle.wait("3") == 0 and throttle.wait(str(Throttle.KEYS)) > 0
