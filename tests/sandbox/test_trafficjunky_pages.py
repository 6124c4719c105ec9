"""sandbox/trafficjunky in a real Chromium: the pages that visitors' scripts know, and what the switches do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.sandbox.advertisers import Advertiser, mp4, png
from workbench.browser.launch import launch
from workbench.sandbox.serve import Sandbox

pytestmark = pytest.mark.browser
CARDS = "div.creativeContainer"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "home", seed=7, switches={"trafficjunky.redirect_seconds": 0.05}) as sandbox:
        yield sandbox


@pytest.fixture
def site(sandbox: Sandbox) -> Iterator[Advertiser]:
    """The site's back door."""
    with Advertiser(sandbox.trafficjunky.url, is_stranger=True) as site:
        yield site


Visits = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, sandbox: Sandbox, site: Advertiser) -> Iterator[Visits]:
    """`visit("anna")` is anna's page, signed in; `visit()` is a stranger's. Nothing outside the site is asked for."""
    contexts = []
    strays: list[str] = []

    def page(account: str = "") -> Page:
        state = site.control("session", account=account) if account else None
        context = chromium.new_context(base_url=sandbox.trafficjunky.url, storage_state=state)
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.on("request", lambda request: strays.append(request.url))
        context.on("weberror", lambda error: strays.append(str(error.error)))
        return context.new_page()

    yield page
    for context in contexts:
        context.close()
    assert [stray for stray in strays if not stray.startswith(f"{sandbox.trafficjunky.url}/")] == []


@pytest.fixture
def library(visit: Visits) -> Page:
    page = visit("anna")
    page.goto("/media-library")
    page.locator(".pagination li.active").wait_for()
    return page


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[Path]]:
    def write(*names: str, content: Callable[..., bytes] = png, **more: Any) -> list[Path]:
        for name in names:
            (tmp_path / name).write_bytes(content(salt=name.encode(), **more))
        return [tmp_path / name for name in names]

    return write


def _attach(page: Page, files: list[Path]) -> None:
    page.locator("#newImage").click()
    page.locator("input[type=file]").set_input_files(files)


def _upload(page: Page, files: list[Path]) -> list[tuple[str, str, str]]:
    """Name, state and message of each preview, once all are done."""
    _attach(page, files)
    expect(page.locator(".dz-preview.dz-complete")).to_have_count(len(files))
    return [
        (
            preview.locator("[data-dz-name]").inner_text(),
            "error" if "dz-error" in (preview.get_attribute("class") or "") else "success",
            preview.locator(".dz-error-message").text_content() or "",
        )
        for preview in page.locator(".dz-preview").all()
    ]


def test_a_person_signs_in_where_the_shell_led_them(visit: Visits, site: Advertiser) -> None:
    page = visit()
    answer = page.goto("/media-library")
    page.wait_for_url("**/sign-in")

    assert answer is not None
    assert answer.status == 200
    expect(page.get_by_role("heading", level=1)).to_have_text("We missed you")
    page.get_by_role("button", name="Accept All").click()
    page.locator('input[placeholder*="USERNAME"]').fill("anna")
    page.locator("input[type=password]").fill("long enough")
    expect(page.locator("#submitBtn")).to_be_disabled()
    # The picture's letters, as a person reads them.
    frame = page.frame_locator("iframe[src*=recaptcha]")
    source = frame.locator("img").get_attribute("src") or ""
    word = "".join(part[part.index(">") + 1] for part in site.http.get(source).text.split("<text")[1:])
    frame.locator("input").fill(word)
    frame.locator("button").click()
    page.locator("#submitBtn:enabled").click()

    page.locator('a[href*="/campaign"]').wait_for()
    assert site.count()["sign_ins"] == {"anna": 1}
    page.goto("/sign-out")
    page.goto("/media-library")
    page.wait_for_url("**/sign-in")


@pytest.mark.parametrize("switch", [{}, {"code": {"times": 1}}])
def test_the_stand_in_of_a_person_signs_in(
    sandbox: Sandbox, visit: Visits, site: Advertiser, eventually: Any, switch: dict[str, Any]
) -> None:
    sandbox.trafficjunky.switch(**switch)
    page = visit()
    page.goto("/sign-in")
    assert eventually(lambda: site.control("solve", account="anna")["solved"])
    if switch:
        page.get_by_role("heading", name="Enter the code we sent you").wait_for()
        assert eventually(lambda: site.control("solve", account="anna")["solved"])

    expect(page.locator(".accountName").first).to_have_text("anna")


def test_a_shell_may_stay_without_anybody(sandbox: Sandbox, visit: Visits) -> None:
    sandbox.trafficjunky.switch(shell_without_login=True)
    page = visit()
    with page.expect_response("**/api/session") as asked:
        page.goto("/media-library")

    assert asked.value.status == 401
    expect(page.locator("#content")).to_have_text("Loading...")
    assert page.locator('a[href*="/campaign"]').count() == 0


def test_three_files_of_which_one_is_refused(sandbox: Sandbox, library: Page, files: Any) -> None:
    sandbox.trafficjunky.switch(reject={"file": "b*", "message": "Contains a <b>logo</b>."})
    answers: list[Any] = []
    library.on("response", lambda answer: answers.append(answer) if answer.request.method == "POST" else None)
    states = _upload(library, files("a.png", "b.png", "c.png"))

    assert states == [
        ("a.png", "success", ""),
        ("b.png", "error", "Contains a <b>logo</b>."),
        ("c.png", "success", ""),
    ]
    expect(library.locator(CARDS)).to_have_count(2)
    ids = {answer.json()["id"] for answer in answers if answer.status == 200}
    assert ids == {int(text) for text in library.locator("span.bannerId").all_inner_texts()}
    card = library.locator(CARDS, has=library.locator('label.creativeName[title="a"]'))
    assert card.locator("span.dimensions").inner_text() == "300x250"
    assert card.locator("span.fileType").inner_text() == "png"
    assert card.locator("span.reviewStatus").get_attribute("data-review-status") == "pending"
    assert card.get_attribute("data-id") == card.locator("span.bannerId").inner_text()
    library.get_by_text("Close upload panel").click()
    expect(library.locator(".dz-preview")).to_have_count(0)


def test_the_panel_shows_what_is_under_way(sandbox: Sandbox, library: Page, files: Any) -> None:
    sandbox.trafficjunky.switch(slow={"seconds": 60, "on": "upload"})
    _attach(library, files("a.png", "b.png", "c.png"))

    expect(library.locator("div.processingMessage.customMessage")).to_be_visible()
    expect(library.locator(".dz-preview.dz-processing")).to_have_count(2)
    expect(library.locator(".dz-preview")).to_have_count(3)


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        ({"commit_then_drop": 1}, "Server responded with 0 code."),
        ({"drop_before": 1}, "Server responded with 0 code."),
        ({"commit_then_500": 1}, "Server Error"),
        ({"session_expires_after": {"requests": 0, "on": "upload"}}, "[object Object]"),
        ({"captcha": {"on": "upload"}}, "Please confirm you're human"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_dropzone_says_is_not_always_the_sites_word(
    sandbox: Sandbox, library: Page, files: Any, site: Advertiser, switch: dict[str, Any], words: str
) -> None:
    sandbox.trafficjunky.switch(redirect_seconds=60, **switch)
    library.reload()
    stored = 1 if "commit" in next(iter(switch)) else 0

    assert _upload(library, files("a.png")) == [("a.png", "error", words)]
    assert sum(site.count()["received"].values()) == stored


def test_after_a_silent_reset_the_browser_itself_sends_again(
    sandbox: Sandbox, library: Page, files: Any, site: Advertiser
) -> None:
    """Nothing of ours asks for it: a browser does that where its connection was an old one."""
    sandbox.trafficjunky.switch(commit_then_drop={"how": "silent", "times": 1})

    assert _upload(library, files("a.png")) == [("a.png", "success", "")]
    assert site.outcomes() == [("a.png", "stored"), ("a.png", "duplicate")]


def test_a_session_that_ends_in_the_middle_leads_away(sandbox: Sandbox, library: Page, files: Any) -> None:
    sandbox.trafficjunky.switch(session_expires_after={"requests": 1, "on": "upload"})
    _attach(library, files("a.png", "b.png", "c.png"))

    library.wait_for_url("**/sign-in")


def test_a_challenge_covers_the_page_until_it_is_solved(
    sandbox: Sandbox, library: Page, site: Advertiser, eventually: Any
) -> None:
    sandbox.trafficjunky.switch(captcha={"times": 1, "on": "library"})
    library.locator("a#native_tab").click()

    library.get_by_role("heading", name="Please confirm you're human").wait_for()
    expect(library.locator("iframe[src*=recaptcha]")).to_be_visible()
    assert eventually(lambda: site.control("solve", account="anna")["solved"])
    expect(library.locator("#challengeOverlay")).to_have_count(0)
    library.locator(".pagination li.active").wait_for()


def test_the_panel_refuses_a_wrong_ending_by_itself(library: Page, files: Any, site: Advertiser) -> None:
    assert _upload(library, files("a.mp4")) == [("a.mp4", "error", "You can't upload files of this type.")]
    assert site.count()["files"] == []


def test_tabs_and_radios_show_libraries_of_their_own(library: Page, files: Any) -> None:
    library.locator('a[href="#native"]').click()
    library.locator("label[for=native_rollover]").click()
    expect(library.locator("input#native_rollover")).to_be_checked()
    assert _upload(library, files("tea.mp4", content=mp4, seconds=4)) == [("tea.mp4", "success", "")]
    expect(library.locator(CARDS)).to_have_count(1)
    library.locator("label[for=native_static]").click()

    expect(library.locator(CARDS)).to_have_count(0)
    for name in ("Static Banner", "Video Banners", "In-Stream Video", "Native"):
        library.get_by_role("tab", name=name, exact=True).click()
        expect(library.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
    assert library.locator("input[name=native_type]").first.get_attribute("value") == "0"


def test_300_creatives_are_walked_with_next(library: Page, site: Advertiser) -> None:
    ids = site.control("seed", account="anna", creatives=300, tab="in_stream")["ids"]
    library.locator("#in_stream_video_tab").click()
    seen: list[str] = []
    for number in range(1, 26):
        expect(library.locator(".pagination li.active")).to_have_text(str(number))
        expect(library.locator(".dataTables_processing")).to_be_hidden()
        seen += library.locator("span.bannerId").all_inner_texts()
        if number < 25:
            library.locator("li.next a").click()

    assert seen == ids[::-1]
    expect(library.locator("li.next")).to_have_class("next disabled")


def test_a_page_that_fails_leaves_the_old_cards(sandbox: Sandbox, library: Page, site: Advertiser) -> None:
    site.control("seed", account="anna", creatives=40, tab="in_stream")
    sandbox.trafficjunky.switch(page_fails={"page": 2}, shows_total="yes")
    library.locator("#in_stream_video_tab").click()
    expect(library.locator(".dataTables_info")).to_have_text("Showing 1 to 12 of 40 entries")
    expect(library.locator(CARDS)).to_have_count(12)
    library.locator("li.next a").click()

    library.locator(".alert-danger").wait_for()
    expect(library.locator(CARDS)).to_have_count(12)
    expect(library.locator(".pagination li.active")).to_have_text("1")


def test_a_card_may_wait_for_the_page_to_be_loaded_again(sandbox: Sandbox, library: Page, files: Any) -> None:
    sandbox.trafficjunky.switch(id_after_reload=True)
    with library.expect_response(lambda answer: answer.request.method == "POST") as answered:
        assert _upload(library, files("a.png")) == [("a.png", "success", "")]
    assert answered.value.json() == {"success": True}
    library.locator("a#static_tab").click()
    expect(library.locator(".dataTables_empty")).to_be_visible()
    library.reload()

    expect(library.locator(CARDS)).to_have_count(1)


@pytest.mark.parametrize("how", ["ids", "all"])
def test_controls_may_be_renamed(sandbox: Sandbox, library: Page, how: str) -> None:
    sandbox.trafficjunky.switch(control_renamed=how)
    library.reload()
    library.locator(".pagination li.active").wait_for()

    assert library.locator("#newImage, #native_tab, #in_stream_video_tab, a[href='#native']").count() == 0
    is_known = library.get_by_role("button", name="Upload New Creatives").count()
    assert is_known == library.get_by_role("tab", name="In-Stream Video").count() == (how == "ids")


@pytest.mark.parametrize(("language", "words"), [("de", "Neue Werbemittel hochladen"), ("fr", "Médiathèque")])
def test_the_site_speaks_other_languages(
    sandbox: Sandbox, library: Page, visit: Visits, language: str, words: str
) -> None:
    sandbox.trafficjunky.switch(language=language)
    library.reload()
    expect(library.get_by_text(words)).to_be_visible()
    stranger = visit()
    stranger.goto("/sign-in")

    assert stranger.locator("html").get_attribute("lang") == language
    assert "We missed you" not in stranger.content()


def test_hostile_names_and_alerts_are_only_text(sandbox: Sandbox, library: Page, files: Any) -> None:
    name = "<img src=x onerror=document.title='taken'>"
    sandbox.trafficjunky.switch(alert={"text": name})
    library.reload()
    _upload(library, files(f"{name}.png"))

    expect(library.locator("label.creativeName")).to_have_text(name)
    expect(library.get_by_role("alert")).to_have_text(name)
    assert library.title() == "TrafficJunky"
