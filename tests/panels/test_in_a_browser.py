"""What the browser makes of our widgets: words stay words, the keyboard comes everywhere, a lost kernel is told.

Their scripts as they are, in a Chromium, with a stand-in for the model that JupyterLab gives them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.accessibility import serious
from tests.panels.test_markup import HOSTILE
from workbench.browser.launch import launch
from workbench.panels.assets import script, style

pytestmark = pytest.mark.browser

_MODEL = """
window.saved = []; window.sent = [];
window.drawn = async (source, css, state) => {
  const on = {};
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => window.saved.push(JSON.parse(JSON.stringify(state))),
    send: (said) => window.sent.push(said),
    on: (what, done) => (on[what] ||= []).push(done),
    off: (what, done) => { on[what] = (on[what] || []).filter((one) => one !== done); },
  };
  window.put = (name, value) => {
    state[name] = value;
    for (const what of [`change:${name}`, "change"]) for (const done of on[what] || []) done();
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const made = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  window.leave = made.default.render({ model, el: document.querySelector("#here") });
};
null"""  # a function as the last value would be called
_AROUND = """<!doctype html><html lang="en" style="color-scheme: {scheme}"><title>Widgets</title>
<body style="background: Canvas; color: CanvasText"><main class="wb-page"><h1>Widgets</h1><div id="here"></div>
<div id="beside"><button>beside it</button></div></main></body></html>"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    with chromium.new_context(viewport={"width": 760, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(20_000)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        yield page
        assert wrong == []


def draw(page: Page, name: str, state: dict[str, Any], *, scheme: str = "light") -> None:
    page.set_content(_AROUND.format(scheme=scheme))
    page.evaluate(_MODEL)
    page.evaluate("([source, css, state]) => drawn(source, css, state)", [script(name), style(name), state])


def rows(*texts: str, serial: int = 0, **more: Any) -> dict[str, Any]:
    cells = [
        [text, [text, {"words": text, "address": text}, {"words": "failed", "tone": "bad", "mark": "✖"},
                {"words": "40 %", "bar": 40}, {"words": text, "page": text}]]
        for text in texts
    ]  # fmt: skip
    return {"serial": serial, "rows": cells, "offset": 0, "total": 120, "sort": "", "descending": False, "text": "",
            "is_known": True} | more  # fmt: skip


def sheet(page_of_rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    kinds = {"name": "text", "url": "link", "state": "badge", "done": "bar", "run": "page"}
    columns = [{"name": name, "label": name.title(), "kind": kind} for name, kind in kinds.items()]
    ask = {"offset": 0, "limit": 50, "sort": "", "descending": False, "text": "", "serial": 0}
    return {"caption": "Things", "columns": columns, "size": 50, "choose": "many", "opens": True, "empty": "None yet.",
            "ask": ask, "page": page_of_rows, "chosen": []} | more  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_of_hostile_words_is_words(page, axe, scheme):
    draw(page, "paged", sheet(rows(*HOSTILE)), scheme=scheme)

    assert page.locator("tbody th").all_inner_texts() == page.evaluate(
        "(texts) => texts.map((one) => { const at = document.createElement('button'); at.textContent = one; "
        "document.body.append(at); const said = at.innerText; at.remove(); return said; })", HOSTILE,
    )  # fmt: skip
    assert page.locator("#here :is(script, iframe, svg, math, img)").count() == 0
    links = page.locator("tbody a").evaluate_all("(all) => all.map((one) => [one.getAttribute('href'), one.rel])")
    assert all(address.startswith("https://") and rel == "noopener noreferrer" for address, rel in links)
    assert serious(page, axe) == []


def test_a_table_is_used_by_keyboard(page):
    draw(page, "paged", sheet(rows("a", "b")))
    page.get_by_label("Find").focus()
    page.keyboard.type("tea club", delay=5)
    page.wait_for_function("saved.length > 0")
    assert [one["ask"]["text"] for one in page.evaluate("saved")] == ["tea club"]  # not one a keystroke

    page.get_by_role("button", name="State").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    asked = page.evaluate("saved.at(-1).ask")
    assert (asked["sort"], asked["descending"], asked["text"]) == ("state", True, "tea club")
    page.evaluate("(page) => put('page', page)", rows("b", "a", serial=3, sort="state", descending=True))
    expect(page.locator("th", has=page.get_by_role("button", name="State"))).to_have_attribute(
        "aria-sort", "descending"
    )

    # A late answer to an older question.
    page.evaluate("(page) => put('page', page)", rows("late", serial=2))
    expect(page.locator("tbody tr")).to_have_count(2)

    page.get_by_role("button", name="Next page").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("saved.at(-1).ask.offset") == 50
    page.get_by_role("button", name="a", exact=True).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("sent") == [{"open": "a"}]
    page.get_by_role("checkbox", name="Choose b").focus()
    page.keyboard.press("Space")
    assert page.evaluate("saved.at(-1).chosen") == ["b"]
    expect(page.locator(".wb-paged-picked")).to_have_text("1 chosen")
    expect(page.locator(".wb-paged-where")).to_have_text("1 to 2 of 120")


def test_a_row_that_moves_under_the_finger_is_not_the_one_that_is_opened(page):
    draw(page, "paged", sheet(rows("a", "b"), choose="none"))
    cell = page.locator("tbody tr").first.locator("td").nth(1)
    box = cell.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.evaluate("(page) => put('page', page)", rows("b", "a", serial=0))
    page.mouse.up()

    assert page.evaluate("sent") == [{"open": "a"}]


def test_a_form_tells_all_its_mistakes(page, axe):
    fields = [
        {"name": "name", "label": "Name", "kind": "text", "hint": "Of the run.", "choices": []},
        {"name": "day", "label": "Day", "kind": "date", "hint": "", "choices": []},
        {"name": "kind", "label": "Kind", "kind": "choice", "hint": "", "choices": [["a", HOSTILE[0]], ["b", "B"]]},
        {"name": "which", "label": "Which", "kind": "ticks", "hint": "", "choices": [["x", "X"], ["y", "Y"]]},
        {"name": "lines", "label": "Lines", "kind": "lines", "hint": "", "choices": []},
        {"name": "on", "label": "On", "kind": "toggle", "hint": "", "choices": []},
    ]
    typed = {"name": "", "day": "", "kind": "a", "which": ["y"], "lines": "", "on": True}
    state = {"fields": fields, "actions": [["plan", "Plan"]], "typed": typed, "wrong": {}, "is_busy": False}
    draw(page, "form", state)
    page.get_by_label("Name").fill("Tea")
    page.keyboard.press("Enter")
    assert page.evaluate("sent") == [{"submit": "plan", "typed": {**typed, "name": "Tea"}}]

    page.evaluate("(wrong) => put('wrong', wrong)", {"name": HOSTILE[0], "which": "Choose one.", "cap": "Too low."})
    expect(page.get_by_role("alert")).to_contain_text("3 things have to be put right:")
    expect(page.get_by_label("Name")).to_have_accessible_description(f"Of the run. {HOSTILE[0]}")
    expect(page.get_by_role("group", name="Which")).to_have_accessible_description("Choose one.")
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Name:").click()
    expect(page.get_by_label("Name")).to_be_focused()
    assert page.locator("script").count() == 0
    assert serious(page, axe) == []

    page.evaluate("put('wrong', {}); put('is_busy', true)")
    expect(page.get_by_role("alert")).to_be_empty()
    expect(page.get_by_role("button", name="Plan")).to_be_disabled()
    page.get_by_label("Name").press("Enter")
    assert len(page.evaluate("sent")) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_lost_kernel_is_told_and_found_again(page, axe, scheme):
    page.clock.install()
    said = {"said": "money is real: $1.20 today, of $8.00", "as_of": "as of 01:19:32 UTC"}
    state = {"mode": "live", "worker": "no worker is at work", "beat": 0, "trouble": "", **said}
    draw(page, "strip", state, scheme=scheme)
    assert serious(page, axe) == []
    assert json.dumps(page.evaluate("sent[0]")) == '{"here": true}'
    page.clock.run_for(5_000)
    expect(page.locator(".wb-strip-gone")).to_be_empty()

    page.clock.run_for(5_000)
    expect(page.locator(".wb-strip-gone")).to_contain_text("To connect again: menu Run, then Run All Cells.")
    assert page.locator("#beside").evaluate("(one) => one.inert")
    page.evaluate("put('beat', 1)")
    expect(page.locator(".wb-strip-gone")).to_be_empty()
    assert not page.locator("#beside").evaluate("(one) => one.inert")
    page.clock.run_for(60_000)
    assert page.locator("#beside").evaluate("(one) => one.inert")
    page.evaluate("leave()")  # the cell is run again: what it draws next is not grey
    assert not page.locator("#beside").evaluate("(one) => one.inert")
