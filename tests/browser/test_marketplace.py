"""browser/marketplace.py: a form that draws itself late and in pieces."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from workbench.browser.marketplace import CREATE, Item, ItemForm

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
def item(tmp_path: Path) -> Item:
    photo = tmp_path / "table.jpg"
    Image.new("RGB", (40, 30)).save(photo)
    return Item(
        title="Oak table", price=120, category="Furniture", heading="Home & Garden", condition="New",
        description="Four legs.", location="Springfield, Illinois", photos=(photo,), sku="WB-TOKEN",
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
