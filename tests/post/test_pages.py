"""post/pages.py, selling_page.py: pages that draw themselves late, in pieces, or page by page."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from workbench.browser import fields
from workbench.browser.request_guard import AnsweredCall
from workbench.browser.selectors import LocatorCandidate, Selector
from workbench.errors import AccountStops, NeedsPerson, Permanent, Transient
from workbench.post.pages import CREATE, ItemForm, PublishClick
from workbench.post.selling_page import SELLING, SellingPage
from workbench.post.tools import ItemContent

pytestmark = pytest.mark.browser

SCRIPT = """
const app = document.getElementById('app');
const add = (html, to = app) => to.insertAdjacentHTML('beforeend', html);
const later = (wait, html) => setTimeout(() => add(html), wait);
const field = (name) => `<input aria-label="${name}">`;
const choice = (name, of) => `<label role="combobox" tabindex="0" onclick="menu(this, '${of}')"><span>${name}</span>
  <span class="v"></span></label>`;
function menu(box, of) {
  add('<ul role="listbox"></ul>');
  const list = app.lastElementChild;
  for (const one of of.split('|')) {
    add(`<li role="option">${one}</li>`, list);
    list.lastElementChild.onclick = () => {
      box.querySelector('.v').textContent = one;
      list.remove();
      if (box.innerText.includes('Category')) later(400, '<textarea aria-label="Description"></textarea>');
    };
  }
}
function photos(taker) {
  for (const _ of taker.files) add('<div role="button" aria-label="Remove photo">x</div>');
}
function place(box) {
  document.querySelector('ul')?.remove();
  add(`<ul role="listbox"><li role="option" onclick="this.parentNode.remove()">${box.value}</li></ul>`);
}
function on(box) {
  box.setAttribute('aria-checked', box.getAttribute('aria-checked') !== 'true');
}
function second() {
  app.innerHTML = '<div role="progressbar">...</div>';
  setTimeout(() => {
    app.innerHTML = '<input role="combobox" aria-label="Location" oninput="place(this)">';
    add('<button onclick="app.innerHTML=`<p>Done</p>`">Publish</button>');
    later(300, '<p>Hide from friends</p><div role="switch" aria-checked="true" onclick="on(this)">o</div>');
    later(500, '<h2>List in more places</h2><div role="checkbox" aria-checked="true" onclick="on(this)">Town</div>');
  }, 700);
}
add('<input type="file" accept="image/*" multiple onchange="photos(this)" style="display: none">');
add(field('Title'));
later(300, field('Price') + choice('Category', 'Furniture|Garden') + choice('Condition', 'New|Used - Good'));
later(350, '<button onclick="second()">Next</button>');
"""
FORM = f"""<html lang="en"><body><div aria-label="Your profile">A</div><h1>Item for sale</h1><div id="app"></div>
<script>{SCRIPT}</script>"""


@pytest.fixture
def item(tmp_path: Path) -> ItemContent:
    photo = tmp_path / "table.jpg"
    Image.new("RGB", (40, 30)).save(photo)
    return ItemContent(
        texts={
            "title": "Oak table", "price": "120", "category": "Furniture", "condition": "New",
            "description": "Four legs.", "sku": "WB-TOKEN", "location": "Springfield, Illinois",
        },
        heading="Home & Garden", photos=(photo,),
    )  # fmt: skip


def test_what_a_form_draws_late_is_filled_and_what_it_remembers_is_undone(
    browsing, marketplace, seller, web, answer, item
):
    web.pages[CREATE] = answer(FORM)
    with browsing.visit(seller, marketplace) as visit:
        form = ItemForm(visit, item)
        form.fill()
        form.ready("publish")

        boxes = visit.page.locator("[role=switch], [role=checkbox]")
        assert boxes.evaluate_all("all => all.map(one => one.getAttribute('aria-checked'))") == ["false", "false"]


@pytest.mark.parametrize("is_offered", [True, False])
def test_a_further_text_field_needs_nothing_but_its_selector(
    browsing, marketplace, seller, web, answer, item, is_offered
):
    brand = Selector("brand", "item_form", (LocatorCandidate(role="textbox", name="Brand"),))
    marketplace.__dict__["pack"] = replace(marketplace.pack, selectors={**marketplace.pack.selectors, "brand": brand})
    web.pages[CREATE] = answer(FORM + ("<input aria-label=Brand>" if is_offered else ""))
    branded = replace(item, texts={**item.texts, "brand": "Oak & Co"})
    said = contextlib.nullcontext() if is_offered else pytest.raises(Permanent, match="no field for brand")
    with browsing.visit(seller, marketplace) as visit, said:
        ItemForm(visit, branded).fill()

        assert visit.page.get_by_role("textbox", name="Brand").input_value() == "Oak & Co"


MORE_DETAILS = """<html lang="en"><body><div aria-label="Your profile">A</div><h1>Item for sale</h1>
<div role="button" tabindex="0" onclick="inside.hidden = !inside.hidden">More details</div>
<div id="inside" hidden><textarea aria-label="Description"></textarea></div><button>Publish</button>"""


def test_details_that_were_opened_are_not_closed_by_the_next_field(browsing, marketplace, seller, web, answer, item):
    web.pages[CREATE] = answer(MORE_DETAILS)
    with browsing.visit(seller, marketplace) as visit:
        visit.goto(CREATE)
        ItemForm(visit, item)._fill_page()

        assert visit.page.get_by_role("textbox", name="Description").input_value() == "Four legs."
        assert visit.page.get_by_role("textbox", name="Description").is_visible()


# the click ----------------------------------------------------------------------------------------

PUBLISH = """<html lang="en"><body><div aria-label="Your profile">A</div><h1>Item for sale</h1><button>Publish</button>
<script>
const call = (path, said) => fetch(path, {method: 'POST', body: JSON.stringify(said)});
document.querySelector('button').onclick = async () => {
  await call('/suggestions', {first: 5});
  await new Promise((done) => setTimeout(done, 400));
  await call('/create', {title: 'Oak “table”'});
};
</script>"""


def test_a_suggestion_that_moves_before_the_click_is_looked_for_again(
    browsing, marketplace, seller, web, answer, monkeypatch
):
    """Each key asks for suggestions anew, so that the list is drawn anew while we look at it."""
    town = "Springfield, Illinois"
    web.pages[CREATE] = answer(f"""<html lang="en"><body><div aria-label="Your profile">A</div>
<input role="combobox" aria-label="Location"><ul role="listbox"><li role="option">Springfield, Ohio</li>
<li role="option" onclick="this.parentNode.remove()">{town}</li></ul>""")
    best, drawn = fields._best, []
    monkeypatch.setattr(fields, "_CLICK_MS", 300)
    with browsing.visit(seller, marketplace) as visit:
        visit.goto(CREATE)

        def best_before_it_moved(wanted: str, offered: list[str]) -> int | None:
            drawn.append(offered)
            found = best(wanted, offered)
            visit.page.evaluate("document.querySelectorAll('li').length > 1 && document.querySelector('li').remove()")
            return found

        monkeypatch.setattr(fields, "_best", best_before_it_moved)
        chosen = fields.place(visit, visit.page.get_by_role("combobox"), town)

        assert visit.page.get_by_role("option").count() == 0
    assert (chosen, drawn) == (town, [["Springfield, Ohio", town], [town]])


def test_listings_in_other_answers_are_not_ours(browsing, marketplace, seller, web, answer):
    web.pages[CREATE] = answer(PUBLISH)
    for path, number in (("/suggestions", "5550001"), ("/create", "7770001")):
        body = json.dumps({"data": {"listing": {"id": number}}})
        web.pages[path] = answer(body, 200, {"Content-Type": "application/json"})
    with browsing.visit(seller, marketplace) as visit:
        visit.goto(CREATE)
        button = visit.page.get_by_role("button", name="Publish")
        found = PublishClick(visit, patience=timedelta(seconds=15), title="Oak “table”").click_once(button, frozenset())

    assert found is not None
    assert found.remote_id == "7770001"
    assert web.seen.count(("POST", "/create")) == 1


def test_a_counter_whose_answer_nobody_reads_does_not_stop_the_listing(browsing, marketplace, seller, web, answer):
    web.pages |= {
        CREATE: answer(PUBLISH.replace("await call('/suggestions'", "call('/counter'")),
        "/counter": answer(""),
    }
    body = json.dumps({"data": {"listing": {"id": "7770001"}}})
    web.pages["/create"] = answer(body, 200, {"Content-Type": "application/json"})
    with browsing.visit(seller, marketplace) as visit:
        visit.goto(CREATE)
        button = visit.page.get_by_role("button", name="Publish")
        found = PublishClick(visit, patience=timedelta(seconds=15), title="Oak “table”").click_once(button, frozenset())

    assert web.seen.count(("POST", "/counter")) == web.seen.count(("POST", "/create")) == 1
    assert found is not None
    assert found.remote_id == "7770001"


@pytest.mark.parametrize(
    ("sent", "is_ours"),
    [
        ('{"title": "Café \\"table\\" 5"}', True),
        ('{"title": "Caf\\u00e9 \\"table\\" 5"}', True),
        ("variables=%7B%22title%22%3A%22Caf%C3%A9+%5C%22table%5C%22+5%22%7D", True),
        ("", True),  # a call whose content is not to be read may be any
        ('{"first": 5}', False),
    ],
)
def test_a_call_that_says_our_title_in_any_spelling_may_be_ours(sent, is_ours):
    assert AnsweredCall(200, None, sent).may_be_about('Café "table" 5') == is_ours


def test_a_title_of_signs_alone_is_not_in_every_call():
    assert AnsweredCall(200, None, "title=🪑🪑").may_be_about("🪑🪑")
    assert not AnsweredCall(200, None, '{"first": 5}').may_be_about("🪑🪑")


# Your listings ------------------------------------------------------------------------------------

LIST = """<html lang="en"><body><div aria-label="Your profile">A</div><h1>Your listings</h1>
<nav><a href="#" aria-current="page">Your listings</a><a href="/elsewhere">Insights</a></nav>
<main><ul></ul><p></p></main>
<script>
const pages = PAGES;
const list = document.querySelector('ul'), pager = document.querySelector('p');
function show(number) {
  setTimeout(() => {
    list.innerHTML = pages[number - 1].map(([id, title]) => `<li>LINK<span>$10</span></li>`).join('');
    pager.innerHTML = pages.map((_, n) => `<a href="#" ${n + 1 === number ? 'aria-current="page"' : ''}
      onclick="show(${n + 1})">${n + 1}</a>`).join('');
  }, 200);
}
show(1);
</script>"""
LINKED = '<a href="/marketplace/item/${id}/">${title}</a>'
BARE = """<div onclick="location = '/marketplace/item/${id}/'"><b>${title}</b><h2>${title}</h2></div>"""
PAGES = [[["101", "Lamp"], ["102", "Oak table"]], [["103", "Chair"]], [["104", "Oak table"]]]


@pytest.mark.parametrize(("link", "ids"), [(LINKED, ["101", "102", "103", "104"]), (BARE, ["102", "104"])])
def test_a_list_of_numbered_pages_is_read_to_its_end(browsing, marketplace, seller, web, answer, link, ids):
    web.pages[SELLING] = answer(LIST.replace("PAGES", json.dumps(PAGES)).replace("LINK", link))
    for number in ("102", "104"):
        web.pages[f"/marketplace/item/{number}/"] = answer('<html lang="en"><div aria-label="Your profile">A</div>')
    with browsing.visit(seller, marketplace) as visit:
        found = SellingPage(visit).cards(title="Oak table")

    assert [card.remote_id for card in found] == ids


def test_a_title_in_several_pieces_is_found_without_a_link(browsing, marketplace, seller, web, answer):
    card = """<div onclick="location = '/marketplace/item/102/'"><p><i>Oak</i> <i>table</i></p><p>$10</p></div>"""
    web.pages[SELLING] = answer(f'<html lang="en"><div aria-label="Your profile">A</div><main>{card}</main>')
    web.pages["/marketplace/item/102/"] = answer('<html lang="en"><div aria-label="Your profile">A</div>')
    with browsing.visit(seller, marketplace) as visit:
        (found,) = SellingPage(visit).cards(title="Oak table")

    assert (found.remote_id, found.is_of("Oak table", 10)) == ("102", True)


def test_what_else_a_page_asks_for_does_not_spoil_its_list(browsing, marketplace, seller, web, answer, noise):
    web.pages[SELLING] = answer(LIST.replace("PAGES", json.dumps(PAGES)).replace("LINK", LINKED) + noise)
    with browsing.visit(seller, marketplace) as visit:
        found = SellingPage(visit).cards()

    assert [card.remote_id for card in found] == ["101", "102", "103", "104"]


def test_a_list_whose_answer_is_an_error_is_not_taken_for_whole(browsing, marketplace, seller, web, answer):
    more = "<script>fetch('/api/graphql/')</script>"
    web.pages[SELLING] = answer(LIST.replace("PAGES", json.dumps(PAGES)).replace("LINK", LINKED) + more)
    with browsing.visit(seller, marketplace) as visit, pytest.raises(Transient, match="the site answered 404"):
        SellingPage(visit).cards()


def test_a_card_that_opens_a_window_leads_to_the_whole_address(browsing, marketplace, seller, web, answer):
    window = "<div role=dialog><a href=/marketplace/item/102/>View listing</a></div>"
    card = f"""<div onclick="this.innerHTML = '{window}'"><p>Oak table</p><p>$10</p></div>"""
    web.pages[SELLING] = answer(f'<html lang="en"><div aria-label="Your profile">A</div><main>{card}</main>')
    with browsing.visit(seller, marketplace) as visit:
        (found,) = SellingPage(visit).cards(title="Oak table")

    assert found.url == f"{web.url}/marketplace/item/102/"


def test_a_card_without_a_link_that_does_not_open_is_for_a_person(
    browsing, marketplace, seller, web, answer, monkeypatch
):
    monkeypatch.setattr("workbench.post.selling_page._SLOWEST", timedelta(seconds=1))
    monkeypatch.setattr("workbench.post.selling_page._QUIET", 0.5)
    card = "<article><p>Oak table</p><p>$10</p></article>"
    web.pages[SELLING] = answer(f'<html lang="en"><div aria-label="Your profile">A</div><main>{card}</main>')
    with browsing.visit(seller, marketplace) as visit, pytest.raises(NeedsPerson, match="does not open"):
        SellingPage(visit).cards(title="Oak table")


# places -------------------------------------------------------------------------------------------

PLACES = """<html lang="en"><body><div aria-label="Your profile">A</div><input role="combobox" aria-label="Location">
<ul role="listbox"></ul><script>
const box = document.querySelector('input'), list = document.querySelector('ul');
function row(text) {
  list.insertAdjacentHTML('beforeend', `<li role="option" style="white-space: pre"></li>`);
  list.lastElementChild.textContent = text;
  list.lastElementChild.onclick = () => { box.value = text; list.innerHTML = ''; };
}
box.onfocus = () => OFFERED.forEach(([text, wait]) => setTimeout(row, wait, text));
</script>"""
MILLS, YORK = "New York Mills, Minnesota", "New York, New York"
RICA, JOSE = "San José, Costa Rica", "San Jose, California"


@pytest.mark.timeout(400)  # many pages in one visit
def test_a_place_is_the_one_that_was_written_or_none(browsing, marketplace, seller, web, answer, monkeypatch):
    """A suggestion in a wrong town is worse than none; late suggestions are waited for."""
    monkeypatch.setattr(fields, "PATIENCE", timedelta(seconds=3))
    cases = [  # what is written, what the site offers (and when, in ms), what is chosen
        ("New York", [(MILLS, 0), (YORK, 0)], YORK),
        ("New York", [(MILLS, 0)], None),
        ("New York", [(YORK, 0), ("New York, Kentucky", 700)], None),
        ("New York", [("New York, Kentucky", 0), ("New York", 700)], "New York"),
        ("San Jose", [(RICA, 0), (JOSE, 0)], None),
        ("San Jose", [(RICA, 0)], RICA),
        ("san jose, california", [(RICA, 0), (JOSE, 0)], JOSE),
        ("San Jose, California", [("San Jose\nCalifornia, United States", 0)], "San Jose, California, United States"),
        ("San Jose California", [(f"{JOSE}, United States", 0), (RICA, 0)], f"{JOSE}, United States"),
        ("San", [(RICA, 0)], None),
        ("Springfield", [("Springfield, Ohio", 0), ("Springfield, Ohio", 0)], None),
    ]
    found = []
    with browsing.visit(seller, marketplace) as visit:
        for wanted, offered, _ in cases:
            web.pages[CREATE] = answer(PLACES.replace("OFFERED", json.dumps(offered)))
            visit.goto(CREATE)
            box = visit.page.get_by_role("combobox")
            try:
                found.append((wanted, offered, fields.place(visit, box, wanted)))
            except Permanent as refusal:
                told = all(one.partition("\n")[0] in refusal.message for one, _ in offered)
                is_clear = told and "Nothing was published" in refusal.message and box.input_value() == wanted
                found.append((wanted, offered, None if is_clear else refusal.message))
    assert found == cases


def test_a_field_that_shows_another_town_is_seen() -> None:
    wanted, chosen = "New York", YORK
    shown = {YORK: True, "New York": True, f"{YORK}, United States": True, MILLS: False, "York": False, "": False}
    assert {one: fields.is_same_place(wanted, chosen, one) for one in shown} == shown
    assert not fields.is_same_place(JOSE, f"{JOSE}, United States", "San Jose")


# what stands over the page ------------------------------------------------------------------------

OVER = """<div id="over" style="position: fixed; inset: 0; background: white" INSIDE</div>"""


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("role=dialog>Try boosting your listing <button>Not now</button>", "Try boosting your listing"),
        (">How do you like Marketplace?", "How do you like Marketplace"),
        (">", "it says nothing"),
    ],
)
def test_what_stands_over_the_form_is_named_before_a_photo_is_sent(
    browsing, marketplace, seller, web, answer, item, inside, said
):
    web.pages[CREATE] = answer(FORM + OVER.replace("INSIDE", inside))
    words = f"something stands over the page.*{said}.*workbench accounts resume 3"
    with pytest.raises(AccountStops, match=words) as told, browsing.visit(seller, marketplace) as visit:
        ItemForm(visit, item).fill()

    assert told.value.fault.evidence
    assert not [path for method, path in web.seen if method == "POST"]


def test_what_comes_over_a_page_later_is_named_too(browsing, marketplace, seller, web, answer):
    web.pages[CREATE] = answer(PUBLISH + OVER.replace("INSIDE", ">Turn on notifications?"))

    def press() -> None:
        with browsing.visit(seller, marketplace) as visit:
            visit.goto(CREATE)
            visit.page.get_by_role("button", name="Publish").click(timeout=1000)

    with pytest.raises(AccountStops, match="Turn on notifications"):
        press()


def test_a_known_question_about_cookies_is_answered_with_the_least(browsing, marketplace, seller, web, answer):
    asks = OVER.replace("INSIDE", "><button>Allow all cookies</button><button onclick=document.title='least';"
                        "over.remove()>Decline optional cookies</button>")  # fmt: skip
    web.pages[CREATE] = answer(PUBLISH + asks)
    with browsing.visit(seller, marketplace) as visit:
        visit.goto(CREATE)
        visit.page.get_by_role("button", name="Publish").click()
        assert visit.page.title() == "least"
