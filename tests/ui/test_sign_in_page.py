"""With --auth nobody sees anything but the page to sign in with, and each sees their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.driver import EXAMPLES, PATIENCE, App, ChatPage

pytestmark = [pytest.mark.browser, pytest.mark.engine]  # with --api, too

PEOPLE = "ana:correct horse,李雷:电池钉书钉"
SCREEN = EXAMPLES / "settings-en.png"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("data")
    options = ("--model", "scripted", "--data-dir", str(folder), "--api", "--api-key", "sk-of-the-service")
    with App(*options, environ={"AUTOGLM_AUTH": PEOPLE}) as app:
        yield app


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        locale="en-US", viewport={"width": 1280, "height": 800}, permissions=["microphone"]
    )
    yield context.new_page()
    context.close()


def sign_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_each_signs_in_and_sees_their_own_conversations(app: App, page: Page) -> None:
    sign_in(page, app.url, "ana", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_label("Name")).to_have_value("ana")
    expect(page.get_by_label("Password")).to_be_focused()
    sign_in(page, app.url, "ana", "correct horse")
    expect(page.locator("#composer")).to_be_visible(timeout=PATIENCE)
    chat = ChatPage(page, app.url)
    chat.attach(SCREEN)
    chat.ask("a secret of ana")
    chat.text.press_sequentially("a draft of ana")
    expect(chat.settings().locator("#account")).to_contain_text("Signed in as ana")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible(timeout=PATIENCE)

    sign_in(page, app.url, "李雷", "电池钉书钉")  # in the same browser
    chat.ready()
    expect(chat.conversations()).to_have_count(0)
    expect(chat.text).to_have_value("")
    expect(page.locator("body")).not_to_contain_text("a secret of ana")
    chat.ask("what 李雷 asks")
    page.context.clear_cookies()

    sign_in(page, app.url, "ana", "correct horse")
    chat.ready()
    expect(chat.conversations()).to_have_text(["a secret of ana"])


@pytest.fixture
def ana(app: App, page: Page) -> ChatPage:
    """The page of ana, who has just signed in."""
    who: dict[str, str | float | bool] = {"name": "ana", "password": "correct horse"}
    assert page.context.request.post(f"{app.url}/sign-in", form=who, max_redirects=0).status == 303
    return ChatPage(page, app.url)


def sign_in_again(page: Page, password: str) -> None:
    """In the page itself, which says that it is signed out."""
    expect(page.get_by_text("You are signed out.")).to_be_visible(timeout=PATIENCE)
    page.locator("#signed-out").get_by_label("Password").fill(password)
    page.locator("#signed-out").get_by_role("button").click()


def test_who_is_signed_out_meanwhile_loses_nothing(ana: ChatPage) -> None:
    ana.ask("almost")  # what was sent before takes nothing out of what begins alike
    ana.text.press_sequentially("almost sent")
    ana.page.context.clear_cookies()
    ana.text.press("Enter")
    sign_in_again(ana.page, "wrong")
    expect(ana.page.locator("#signed-out [role=status]")).to_contain_text("do not belong together")
    expect(ana.text).to_have_value("almost sent")
    ana.text.press("End")
    ana.text.press_sequentially(", and more")
    sign_in_again(ana.page, "correct horse")
    expect(ana.question).to_have_text("almost sent", timeout=PATIENCE)
    ana.wait()
    expect(ana.text).to_have_value(", and more")
    expect(ana.page.locator("#signed-out")).to_be_hidden()


def test_what_is_attached_and_recorded_while_signed_out_waits(ana: ChatPage) -> None:
    ana.page.context.clear_cookies()
    ana.page.locator("#composer input[type=file]").set_input_files(SCREEN)
    recorder = ana.page.locator("#record")
    recorder.locator(".record-button").click()
    expect(recorder.locator("time")).to_have_text("0:01", timeout=PATIENCE)
    recorder.locator(".stop-button").click()
    sign_in_again(ana.page, "correct horse")
    expect(ana.tray).to_have_count(2, timeout=PATIENCE)


def test_answer_under_way_is_whole_for_who_was_signed_out(ana: ChatPage) -> None:
    ana.send("/long 100")
    expect(ana.conversation).to_contain_text("word 1,", timeout=PATIENCE)
    ana.page.context.clear_cookies()
    sign_in_again(ana.page, "correct horse")
    ana.wait()
    expect(ana.answer).to_contain_text("word 99, end.")


def kept(page: Page) -> str:
    """All that the browser keeps of the page."""
    return page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def test_who_signs_out_leaves_no_draft_to_who_comes_next(app: App, ana: ChatPage) -> None:
    page = ana.page
    ana.text.press_sequentially("a draft of ana")
    assert "a draft of ana" in kept(page)
    other = ChatPage(page.context.new_page(), app.url)
    other.text.press_sequentially("another draft")
    ana.settings().get_by_role("button", name="Sign out").click()
    for each in (page, other.page):
        expect(each.get_by_label("Password")).to_be_visible(timeout=PATIENCE)
        assert "draft of ana" not in kept(each) and "another draft" not in kept(each)


def test_who_signs_in_after_somebody_else_finds_no_draft_of_theirs(app: App, ana: ChatPage) -> None:
    ana.text.press_sequentially("a draft of ana")
    ana.page.context.clear_cookies()
    sign_in(ana.page, app.url, "李雷", "电池钉书钉")
    ana.ready()
    expect(ana.text).to_have_value("")
    assert "a draft of ana" not in kept(ana.page)


def test_password_stays_valid_over_a_restart_and_not_longer_than_it_is_the_password(
    tmp_path: Path, page: Page
) -> None:
    people, options = tmp_path / "people", ("--model", "scripted", "--data-dir", str(tmp_path / "data"))
    from autoglm_ui.accounts import hashed

    people.write_text(f"ana:{hashed('correct horse')}\n")
    with App(*options, "--auth", str(people)) as app:
        port = app.url.rpartition(":")[2]
        sign_in(page, app.url, "ana", "correct horse")
        expect(page.locator("#composer")).to_be_visible(timeout=PATIENCE)
        page.goto("about:blank")
    with App(*options, "--auth", str(people), "--port", port):
        page.goto(app.url)
        expect(page.locator("#composer")).to_be_visible(timeout=PATIENCE)
        page.goto("about:blank")
    people.write_text(f"ana:{hashed('a newer one')}\n")
    with App(*options, "--auth", str(people), "--port", port):
        page.goto(app.url)
        expect(page.get_by_label("Password")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/info"),
        ("GET", "/config"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("POST", "/gradio_api/upload"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/gradio_api/queue/data?session_hash=x"),
        ("GET", "/manifest.json"),
        ("GET", "/theme.css"),
        ("GET", "/nothing"),
    ],
)
def test_every_route_is_closed(app: App, method: str, path: str) -> None:
    answer = httpx.request(method, app.url + path, headers={"accept": "*/*;q=0.1", "cookie": "autoglm-x=ana"})
    assert answer.status_code in {303, 401}
    if answer.status_code == 303:
        assert answer.headers["location"] == "/sign-in"


def test_service_asks_for_its_key_and_health_for_nothing(app: App) -> None:
    assert httpx.get(f"{app.url}/health").json()["status"] == "ok"
    for path in ("/v1/models", "/metrics"):
        assert httpx.get(app.url + path).status_code == 401
        key = {"authorization": "Bearer sk-of-the-service"}
        assert httpx.get(app.url + path, headers=key).status_code == 200


def test_guessing_is_slowed_and_other_sites_cannot_sign_anybody_in() -> None:
    with App("--model", "scripted", environ={"AUTOGLM_AUTH": PEOPLE}) as app:
        guess = {"name": "ana", "password": "password1"}
        foreign = {"origin": "https://evil.example"}
        assert httpx.post(f"{app.url}/sign-in", data=guess, headers=foreign).status_code == 403
        statuses = [httpx.post(f"{app.url}/sign-in", data=guess).status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        right = {"name": "ana", "password": "correct horse"}
        slowed = httpx.post(f"{app.url}/sign-in", data=right)
        assert slowed.status_code == 429, "the right one, too: else guesses would tell"
        assert 0 < int(slowed.headers["retry-after"]) <= 10 and "Wait" in slowed.text
        assert httpx.post(f"{app.url}/sign-in", data={"name": "x" * 9000}).status_code == 413
        assert "correct horse" not in app.log and "Traceback" not in app.log


def test_cookie_cannot_be_made_or_read_by_a_page(app: App) -> None:
    right = {"name": "ana", "password": "correct horse"}
    given = httpx.post(f"{app.url}/sign-in", data=right)
    assert given.status_code == 303
    cookie = given.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    name, _, token = cookie.partition(";")[0].partition("=")
    assert httpx.get(f"{app.url}/config", cookies={name: token}).status_code == 200
    who, until, seal = token.split(".")
    for forged in (f"{who}.{int(until) + 1}.{seal}", f"{who}.{until}.{'0' * 64}", who, ""):
        assert httpx.get(f"{app.url}/config", cookies={name: forged}).status_code in {303, 401}
    secure = httpx.post(f"{app.url}/sign-in", data=right, headers={"x-forwarded-proto": "https"})
    assert "Secure" in secure.headers["set-cookie"]


def test_service_beside_a_page_with_accounts_needs_a_key_of_its_own() -> None:
    from autoglm_ui.settings import UsageError, read

    with pytest.raises(UsageError, match="--api-key"):
        read(["--auth", PEOPLE, "--api"], {})
    assert "correct horse" not in repr(read(["--auth", PEOPLE], {}))
