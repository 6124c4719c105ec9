"""browser/selectors.py: selectors are data that is read strictly."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from workbench.browser import launch, selectors
from workbench.browser.page_state import PageState, normalized
from workbench.browser.selectors import LocatorCandidate, Selector, SelectorPack, load_pack
from workbench.browser.sites import SITES
from workbench.errors import BadInput, UiChanged

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium_page(chromium):
    with sync_playwright() as playwright, launch.launch(playwright, browser=chromium) as browser:
        yield browser.new_page()


@pytest.fixture
def page(chromium_page):
    chromium_page.set_content("")
    return chromium_page


def made(*candidates, name="title", required=True):
    selector = Selector(name, "form", tuple(LocatorCandidate(**one) for one in candidates), required)
    return SelectorPack("marketplace", "en", 1, "never", {name: selector})


TITLE = ({"role": "textbox", "name": "Title"}, {"xpath": "//span[.='Title']/following-sibling::input"})
MARKUPS = {
    "A": '<label aria-label="Title"><input></label>',
    "B": "<label><span>Title</span><input></label>",
    "C": '<span id="t">Title</span><input aria-labelledby="t">',
    "D": '<input aria-label="Title">',
    "E": "<div><span>Title</span><input></div>",
}


@pytest.mark.parametrize("markup", MARKUPS)
def test_the_five_markups_of_a_field_are_one_field(page, markup):
    page.set_content(f"{MARKUPS[markup]}<input aria-label='Title of something else'>")
    made(*TITLE).one(page, "title").fill("Oak table")

    assert page.evaluate("document.querySelector('input').value") == "Oak table"


def test_an_element_that_comes_late_is_waited_for(page):
    page.set_content("<script>setTimeout(() => document.body.innerHTML = '<input aria-label=Title>', 300)</script>")

    assert made(*TITLE).one(page, "title").count() == 1


@pytest.mark.parametrize(("content", "said"), [("", "is not there"), (MARKUPS["D"] * 2, "is there 2 times")])
def test_none_and_two_are_a_changed_page(page, content, said):
    page.set_content(content)

    with pytest.raises(UiChanged, match=f"title {said}.*role 'textbox' name 'Title'.*browser probe") as error:
        made(*TITLE).one(page, "title", wait=0)
    assert error.value.fault.kind == "ui_changed"


def test_hidden_twins_do_not_count_where_the_pack_says_so(page):
    page.set_content("<a class=x hidden>1</a><a class=x>2</a>")

    assert made({"css": "a.x", "visible": True}).one(page, "title").inner_text() == "2"


def test_a_probe_tells_of_each_selector(page):
    page.set_content(MARKUPS["E"])
    (found,) = made(*TITLE).probe(page, "form")
    (missing,) = made({"css": "#nowhere"}).probe(page, "form")

    assert (found.found, found.is_good, found.by) == (1, True, "xpath \"//span[.='Title']/following-sibling::input\"")
    assert (missing.found, missing.is_good, missing.by) == (0, False, None)


def test_what_is_not_required_may_be_missing(page):
    assert made({"css": "#nowhere"}, required=False).maybe(page, "title") is None
    with pytest.raises(BadInput, match="no page 'form' with required selectors"):
        made({"css": "#nowhere"}, required=False).require(page, "form")


def test_a_name_that_is_not_in_the_pack_is_our_mistake(page):
    with pytest.raises(BadInput, match="no selector 'price'"):
        made(*TITLE).one(page, "price")


@pytest.mark.parametrize("site", SITES)
def test_the_packs_that_ship(page, site):
    """They can be read, say honestly when they were last verified, and every selector of theirs can be asked."""
    shipped = load_pack(site)

    assert shipped.last_verified == "never on the live site"
    assert shipped.positive
    assert shipped.negative
    assert set(shipped.rules["texts"]) <= set(PageState)
    assert all(phrase == normalized(phrase) for phrases in shipped.rules["texts"].values() for phrase in phrases)
    for where in {one.page for one in shipped.selectors.values()}:
        assert all(one.found == 0 for one in shipped.probe(page, where))


@pytest.mark.parametrize(
    "text",
    ["site = 5", "= nothing", '[[selector]]\nname = "x"\ncandidates = [{ colour = "red" }]', "\udcff"],
    ids=["too little", "no TOML", "an unknown way to find", "no text"],
)
def test_a_pack_that_cannot_be_read_is_named(tmp_path, monkeypatch, text):
    (tmp_path / "here.en.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    monkeypatch.setattr(selectors, "FOLDER", tmp_path)

    with pytest.raises(BadInput, match=r"here\.en\.toml cannot be read"):
        load_pack("here")
