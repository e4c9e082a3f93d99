"""A large file and a full disk: said in the page, and nothing is lost."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage

pytestmark = pytest.mark.browser

SCREEN = EXAMPLES / "settings-en.png"


@contextmanager
def full_disk(app: App) -> Iterator[None]:
    """The system lets `app` write no file any more."""
    limits = resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    yield
    resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def large_picture(tmp_path: Path) -> Path:
    """Noise, which nothing makes smaller: 19 MB."""
    path = tmp_path / "noise.png"
    noise = np.random.default_rng(0).integers(0, 255, (2600, 2600, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, compress_level=0)
    assert path.stat().st_size > 19 * 2**20
    return path


def test_large_picture_takes_nothing_else_with_it(
    launch: Callable[..., App], visit: Callable[..., ChatPage], large_picture: Path, tmp_path: Path
) -> None:
    chat = visit(launch("--model", "scripted").url)
    chat.ask("before")
    chat.attach(large_picture)
    chat.send("with the picture")
    chat.wait()
    expect(chat.answer).to_contain_text("Picture received: 2600×2600. Text received: with the picture")
    chat.reload()
    expect(chat.page.locator("#history")).to_contain_text("before")
    expect(chat.question.locator("img")).to_be_visible(timeout=PATIENCE)


def test_file_over_the_limit_is_said_in_words_and_the_others_are_taken(
    launch: Callable[..., App], visit: Callable[..., ChatPage], large_picture: Path
) -> None:
    chat = visit(launch("--model", "scripted", "--max-upload-mb", "1").url, locale="zh-CN")
    chat.text.fill("typed")
    chat.page.locator("#composer input[type=file]").set_input_files([large_picture, SCREEN])
    expect(chat.tray).to_have_count(1, timeout=PATIENCE)
    said = chat.page.locator("#words [data-upload=large]")
    expect(said).to_contain_text("超过 1 MB")
    chat.page.locator("#composer input[type=file]").set_input_files(large_picture)
    expect(said).to_be_visible()
    expect(chat.page.locator(".toast-body")).to_have_count(0)
    expect(chat.text).to_have_value("typed")
    expect(chat.tray).to_have_count(1)


def test_full_disk_is_said_and_all_is_saved_when_there_is_room(
    tmp_path: Path, visit: Callable[..., ChatPage]
) -> None:
    options = ("--model", "scripted", "--data-dir", str(tmp_path))
    with App(*options) as app:
        port = app.url.rpartition(":")[2]
        chat = visit(app.url)
        chat.ask("before")
        chat.attach(SCREEN)
        with full_disk(app):
            chat.ask("what is asked meanwhile")
            expect(chat.status).to_contain_text("Not saved", timeout=PATIENCE)
            chat.reload()
            expect(chat.question).to_contain_text("what is asked meanwhile")
            expect(chat.question.locator("img")).to_be_visible()
            expect(chat.status).to_contain_text("Not saved")
            chat.page.locator("#export-all").click()
            expect(chat.notice).to_contain_text("could not be made", timeout=PATIENCE)
            # What cannot even be uploaded stays in the page.
            chat.page.locator("#composer input[type=file]").set_input_files(SCREEN)
            expect(chat.page.locator("#words [data-upload=full]")).to_be_visible(timeout=PATIENCE)
            chat.page.locator("#record .record-button").click()
            expect(chat.page.locator("#record time")).to_have_text("0:01", timeout=PATIENCE)
            chat.page.locator("#record .stop-button").click()
            chat.text.fill("and a draft")
        expect(chat.tray).to_have_count(2, timeout=PATIENCE)
        expect(chat.page.locator("#words .notice").locator("visible=true")).to_have_count(0)
        chat.reload()
        expect(chat.status).not_to_contain_text("Not saved", timeout=PATIENCE)
        app.kill()
    assert "Traceback" not in app.log
    with App(*options, "--port", port):
        chat.open()
        expect(chat.page.locator("#history")).to_contain_text("before")
        expect(chat.question).to_contain_text("what is asked meanwhile")
        expect(chat.question.locator("img")).to_be_visible()
        expect(chat.tray).to_have_count(2)
        expect(chat.text).to_have_value("and a draft")
