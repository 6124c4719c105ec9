"""audit/report.py: the page opens anywhere, loads nothing, and nothing that a notebook printed runs in it."""

from __future__ import annotations

import itertools
import time

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.accessibility import serious
from tests.audit.hostile import HOSTILE
from workbench.audit import report, svg
from workbench.audit.redact import WIDGET_VIEW
from workbench.audit.widgets import STATE

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def record(**changes):
    return {
        "execution_id": "e-1", "notebook": {"path": "notebooks/runs.ipynb"}, "parameters": {}, "given": [],
        "outcome": "succeeded", "error": {"name": None, "value": None},
        "cells": {"total": 1, "run": 1, "failed": None},
        "started_at": "2026-11-20T10:00:00+00:00", "ended_at": "2026-11-20T10:00:09.500000+00:00",
        "code": {"commit": "0123456789abcdef", "is_dirty": True, "version": "1"},
        "actor": {"user": "ada", "host": "bench", "pid": 1}, "redactions": 3,
        **changes,
    }  # fmt: skip


def rendered(*cells, declared=(), **changes):
    return report.render({"cells": list(cells), "metadata": {}}, record(**changes), declared)


def ran(source, *outputs, status="completed"):
    return new_code_cell(source, outputs=list(outputs), metadata={"papermill": {"status": status}})


def shown(**data):
    return new_output("display_data", data={key.replace("_", "/", 1): value for key, value in data.items()})


def hostile_page():
    cells = []
    for text in HOSTILE:
        cells += [
            new_markdown_cell(text),
            {"cell_type": "raw", "source": text, "metadata": {}},
            ran(
                text,
                new_output("stream", name="stdout", text=text),
                new_output("error", ename=text, evalue=text, traceback=[text]),
                shown(text_html=text),
                shown(text_markdown=text),
                shown(text_plain=text),
                shown(text_latex=text),
                new_output("display_data", data={"image/svg+xml": text, "application/javascript": "alert(1)"}),
                new_output("display_data", data={"image/png": f'{PIXEL}" onerror="alert(1)'}),
                status=text,
            ),
        ]
    declared = [{"name": f"p{n}", "type": text, "help": text} for n, text in enumerate(HOSTILE)]
    return rendered(
        *cells,
        declared=declared,
        parameters={f"p{n}": text for n, text in enumerate(HOSTILE)},
        outcome="failed",
        error={"name": HOSTILE[0], "value": HOSTILE[1]},
        notebook={"path": f"a/{HOSTILE[0].replace('/', '')}.ipynb"},
    )


@pytest.fixture(scope="module")
def chromium():
    launch = pytest.importorskip("workbench.browser.launch")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = launch.launch(playwright)
        except launch.NoBrowser as error:
            pytest.skip(f"no browser: {error}")
        with browser:
            yield browser


@pytest.fixture
def opened(chromium, tmp_path):
    """A report opened at the width of a phone; its `requests` and `dialogs` should stay empty."""
    contexts = []

    def open_page(text, width=390):
        file = tmp_path / "report.html"
        file.write_text(text)
        contexts.append(chromium.new_context(viewport={"width": width, "height": 800}))
        page = contexts[-1].new_page()
        page.requests, page.dialogs = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(file.as_uri())
        page.requests = [url for url in page.requests if url != file.as_uri() and not url.startswith("data:image/")]
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.browser
def test_a_hostile_notebook_loads_nothing_runs_nothing_and_leaves_the_summary_alone(opened):
    page = opened(hostile_page(), width=1000)
    links = page.query_selector_all("a")
    outside = [link for link in links if (link.get_attribute("href") or "").startswith("http")]
    safe = {(link.get_attribute("ping"), link.get_attribute("rel")) for link in outside}
    assert safe == {(None, "noopener noreferrer")}
    for link in [link for link in links if link not in outside]:  # those lead away from here, and say so
        link.dispatch_event("click")
    page.mouse.move(300, 300)
    page.wait_for_timeout(300)

    assert page.dialogs == []
    assert page.requests == []
    assert page.evaluate("document.querySelectorAll('script, iframe, object, embed, form, base, link').length") == 0
    assert (
        page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
            ".filter(a => a.name.startsWith('on')).length"
        )
        == 0
    )
    assert page.locator("header.summary .badge").inner_text() == "✘ failed: a cell raised an error"
    top = page.evaluate("(() => { const b = document.querySelector('h1').getBoundingClientRect();"
                        "return document.elementFromPoint(b.x + 5, b.y + 5).tagName })()")  # fmt: skip
    assert top == "H1"


def test_there_are_as_many_hostile_texts_as_promised():
    assert len(set(HOSTILE)) >= 120


def serious_in_it(page, axe):
    """Of the same file without its policy, which lets no script in, not even axe."""
    with page.context.browser.new_context(bypass_csp=True, viewport=page.viewport_size) as context:
        other = context.new_page()
        other.goto(page.url)
        return serious(other, axe)


@pytest.mark.browser
def test_axe_finds_nothing_serious_in_a_report(opened, axe):
    page = opened(_full_page(), width=390)

    assert serious_in_it(page, axe) == []
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    # The keyboard comes to the code, which is folded, and opens it.
    page.locator("#cell-1 summary").focus()
    assert not page.locator("#cell-1 .source").is_visible()
    page.keyboard.press("Enter")
    assert page.locator("#cell-1 .source").is_visible()
    # What failed is open and can be gone to; on paper all code is there.
    assert page.locator("#cell-4 .source").is_visible()
    assert page.locator(".why a").get_attribute("href") == "#cell-4"
    assert page.requests == []
    assert len(page.pdf()) > 10_000


@pytest.mark.browser
def test_hostile_names_do_no_harm_to_who_cannot_see(opened, axe):
    """As names of parameters, effects, sources in tables, captions, titles and progress bars; as code and as output."""
    from workbench.panels.markup import join, note, progress_bar, table

    shows = [
        join([table(text, [text, "rows"], [[text, 3]]), note("error", text), progress_bar(text, 40, text)])
        for text in HOSTILE
    ]
    cells = [ran(text, shown(text_html=str(view), text_plain=text)) for text, view in zip(HOSTILE, shows, strict=True)]
    page = opened(
        rendered(
            *cells,
            declared=[{"name": f"{n} {text}", "type": text, "help": text} for n, text in enumerate(HOSTILE)],
            parameters={f"{n} {text}": text for n, text in enumerate(HOSTILE)},
            effects=[{"kind": text, "id": text, "what": text, "state": text, "url": text} for text in HOSTILE],
            error={"name": HOSTILE[0], "value": HOSTILE[1]},
        ),
        width=1000,
    )

    assert serious_in_it(page, axe) == []
    assert page.dialogs == []
    assert page.requests == []
    assert page.locator("main a[href*='tracker']").count() <= 2 * len(HOSTILE)


def _full_page():
    """A report with some of everything."""
    widgets = {
        "a": model("VBox", children=["IPY_MODEL_b", "IPY_MODEL_c"]),
        "b": model("IntProgress", value=40, min=0, max=100, description="Rows"),
        "c": model("HTML", value="<table><tr><th>a</th><td>1</td></tr></table>"),
    }
    wide = "<table><tr>" + "<td>a wide column</td>" * 40 + "</tr></table>"
    nb = {
        "metadata": {"widgets": {STATE: {"state": widgets}}},
        "cells": [
            new_markdown_cell("# Yesterday\n\n### Too deep\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            ran("import os  # one\n\ndef f(x):\n    return f'{x!r:>10}' + 1.5", shown(text_html=wide, text_plain="x")),
            ran("plot()", shown(image_png=PIXEL), new_output("stream", name="stderr", text="a warning")),
            ran("show()", new_output("display_data", data={WIDGET_VIEW: {"model_id": "a"}})),
            ran(
                "1 / 0", new_output("error", ename="E", evalue="e", traceback=["\x1b[31mE\x1b[0m: e"]), status="failed"
            ),
            ran("2", status="not_run"),
        ],
    }
    effect = {"kind": "trigger", "id": "s_1", "what": "10 posts", "state": "published", "cost_micro_usd": 44_000}
    return report.render(
        nb,
        record(
            mode="practice", zone="Europe/Riga", rows=120, rejects=3, cost_micro_usd=44_000, outcome="failed",
            effects=[{**effect, "url": "https://vendor.example/s_1"}, {**effect, "evidence": "data/evidence/1"}],
            error={"name": "E", "value": "e"}, cells={"total": 5, "run": 4, "failed": 4},
            parameters={"start": "2026-11-01"}, given=["start"],
        ),
        [{"name": "start", "type": "date", "help": "first day"}],
    )  # fmt: skip


@pytest.mark.browser
def test_it_can_be_read_on_a_phone(opened):
    wide = "<table>" + "<tr>" + "<td>a wide column</td>" * 40 + "</tr></table>"
    page = opened(
        rendered(
            new_markdown_cell("# Yesterday\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            ran("x = 1\n" * 3 + "y = '" + "long " * 60 + "'", shown(text_html=wide, text_plain="table")),
            ran("plot()", shown(image_png=PIXEL)),
            declared=[{"name": "start", "type": "date", "help": "first day"}],
            parameters={"start": "2026-11-01"},
            given=["start"],
        )
    )

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.title() == "runs.ipynb: succeeded, 2026-11-20 10:00:09 UTC"
    assert page.evaluate("document.documentElement.lang") == "en"
    row = page.get_by_role("table", name="Parameters").get_by_role("row").nth(1)
    assert row.inner_text().split("\t") == ["start", "'2026-11-01'", "date", "given", "first day"]
    assert page.locator("main img").evaluate("e => e.naturalWidth") == 1
    assert page.requests == []


def test_the_summary_says_what_when_who_and_how_it_ended():
    text = rendered(
        ran("1 / 0", status="failed"),
        ran("2", status="not_run"),
        outcome="failed",
        error={"name": "ZeroDivisionError", "value": "division by <zero>"},
        cells={"total": 2, "run": 1, "failed": 0},
    )

    for part in (
        "<h1>runs.ipynb</h1>",
        '<span class="badge failed">✘ failed: a cell raised an error</span>',
        "<dt>Started</dt><dd>2026-11-20 10:00:00 UTC</dd>",
        "<dt>Duration</dt><dd>9.5 s</dd>",
        "1 of 2 were run; 1 did not run",
        "commit 0123456789ab, with changes that are not committed",
        "ada on bench",
        "3 occurrences of a secret",
        'division by &lt;zero&gt; <a href="#cell-0">',
        '<span class="badge not_run">not run</span>',
        "This notebook has no parameters.",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("data", "part"),
    [
        pytest.param({"text_html": "<b>x</b>", "text_plain": "y"}, "<b>x</b>", id="HTML before text"),
        pytest.param({"text_html": "<script>x</script>", "text_plain": "y"}, "<pre>y</pre>", id="only script: text"),
        pytest.param({"text_html": "<div>" * 300, "text_plain": "y"}, "<pre>y</pre>", id="too deep: text"),
        pytest.param(
            {"text_html": "<style>td {}</style><table><thead><tr><th>a</th></tr></thead></table>"},
            "<table><thead><tr><th>a</th></tr></thead></table>",
            id="a table as pandas draws it",
        ),
        pytest.param({"application_x+json": {}, "text_plain": "y"}, "<pre>y</pre>", id="a live view: text"),
        pytest.param({"application_x+json": {}}, "needs a live page", id="a live view alone"),
        pytest.param({"image_png": "not base64!"}, "a damaged picture", id="a damaged picture"),
    ],
)
def test_an_output_is_shown_in_its_richest_form_that_stands_still(data, part):
    assert part in rendered(ran("x", shown(**data)))


def test_what_was_done_outside_is_told_with_its_cost_and_never_none_beside_money():
    said = {"mode": "live", "zone": "Europe/Riga", "rows": 1203, "rejects": 0, "cost_micro_usd": 44_000}
    done = {
        "kind": "trigger",
        "id": "s_1",
        "what": "10 posts of Tea Club",
        "state": "published",
        "cost_micro_usd": 44_000,
    }
    told = rendered(effects=[{**done, "url": "javascript:alert(1)"}], **said)

    for part in (
        "LIVE: against the real services",
        "<dt>Rows</dt><dd>1,203</dd><dt>Rejects</dt><dd>0</dd><dt>Cost</dt><dd>$0.044</dd>",
        "<dd>2026-11-20 12:00:00 EET (UTC+02:00)</dd>",
        '<tr><th scope="row">10 posts of Tea Club</th><td><code>trigger s_1</code></td><td>published</td>'
        "<td>$0.044</td><td>javascript:alert(1)</td></tr>",
    ):
        assert part in told
    assert "Nothing was triggered" in rendered(effects=[], cost_micro_usd=0)
    assert "Money was spent; which work" in rendered(effects=[], cost_micro_usd=1)
    for untold in (rendered(), rendered(cost_micro_usd=1)):
        assert "Done outside" not in untold
        assert "<dt>Rows" not in untold


def model(kind, **state):
    return {"model_name": f"{kind}Model", "state": state, "buffers": state.pop("buffers", [])}


WIDGETS = {
    "button": (model("Button", description="Start <b>"), '<span class="button">Start &lt;b&gt;</span>'),
    "text": (model("Text", description="Name", value="<i>x"), "<strong>Name</strong> &lt;i&gt;x"),
    "html": (model("HTML", value="<b>bold</b><script>alert(1)</script>"), "<div><b>bold</b></div>"),
    "dropdown": (model("Dropdown", _options_labels=["a", "b"], index=1, description="Which"), "</strong> b</div>"),
    "none": (model("Select", _options_labels=["a"], index=None), "(nothing chosen)"),
    "many": (model("SelectMultiple", _options_labels=["a", "b", "c"], index=[0, 2]), "a, c"),
    "check": (model("Checkbox", value=True, description="Live"), "<strong>Live</strong> yes"),
    "slider": (model("FloatRangeSlider", value=[1.5, 2]), "1.5, 2"),
    "date": (model("DatePicker", value={"year": 2026, "month": 10, "date": 5}), "2026-11-05"),
    "password": (model("Password", value="hunter2"), "(hidden)"),
    "progress": (
        model("IntProgress", value=40, min=0, max=100, description="Rows"),
        '<progress aria-label="Rows" max="100" value="40"></progress> 40 of 100',
    ),
    "our bar": (
        model("Any", percent=40, label="Rows", text="4 of 10", news="since 9:00"),
        '<progress aria-label="Rows" max="100" value="40"></progress> 4 of 10 since 9:00',
    ),
    "our region": (model("Any", html="<p>a region</p>"), "<p>a region</p>"),
    "output": (
        model("Output", outputs=[{"output_type": "stream", "name": "stdout", "text": "<printed>"}]),
        '<pre class="stdout">&lt;printed&gt;</pre>',
    ),
    "image": (
        model("Image", format="png", buffers=[{"path": ["value"], "encoding": "base64", "data": PIXEL}]),
        '<img src="data:image/png;base64,',
    ),
    "film": (model("Video"), "a film, which only a live page has"),
    "tab": (
        model("Tab", children=["IPY_MODEL_text"], titles=["First <tab>"]),
        "<p><strong>First &lt;tab&gt;</strong></p><div><strong>Name</strong>",
    ),
    "itself": (model("VBox", children=["IPY_MODEL_itself", "IPY_MODEL_text"]), "more widgets, left out here"),
    "unknown": (model("Globe<x>", _model_name="x"), "a widget of the kind Globe&lt;x&gt;, which only a live page"),
}


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_has_a_still_face(name):
    nb = {
        "metadata": {"widgets": {STATE: {"state": {key: made for key, (made, _) in WIDGETS.items()}}}},
        "cells": [ran("x", new_output("display_data", data={WIDGET_VIEW: {"model_id": name}, "text/plain": "Box()"}))],
    }

    text = report.render(nb, record(), ())

    assert WIDGETS[name][1] in text
    assert "hunter2" not in text
    assert "alert" not in text


def test_a_hidden_widget_is_not_shown_and_damaged_state_is_told_as_text():
    hidden = {"a": model("Text", value="unseen", layout="IPY_MODEL_l"), "l": model("Layout", display="none")}
    for state in ({STATE: {"state": hidden}}, {STATE: []}, [], {STATE: {"state": {"a": {"state": 3}}}}):
        view = {WIDGET_VIEW: {"model_id": "a"}, "text/plain": "Text()"}
        cells = [ran("x", new_output("display_data", data=view))]

        text = report.render({"metadata": {"widgets": state}, "cells": cells}, record(), ())

        assert "unseen" not in text
        assert "<pre>Text()</pre>" in text


def test_what_a_script_draws_is_a_picture_or_a_sentence():
    scripted = "<div id=x></div><script src=https://cdn.test/plotly.js></script>"

    drawn = rendered(ran("fig", shown(text_html=scripted, image_png=PIXEL, text_plain="Figure()")))
    other = rendered(
        ran("fig", new_output("display_data", data={"application/vnd.vegalite.v5+json": {}, "image/png": PIXEL}))
    )
    untold = rendered(ran("fig", shown(text_html=scripted, text_plain="Figure()")))

    for text in (drawn, other):
        assert f'<img src="data:image/png;base64,{PIXEL}" alt="picture, output of cell 1">' in text
    assert "A script draws this, and a report runs none." in untold
    assert "<pre>Figure()</pre>" in untold
    assert "cdn.test" not in drawn + untold


SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="alert(1)">
<script>alert(1)</script><style>p {{ fill: red }}</style><style>@import url(https://tracker.test/s)</style>
<g clip-path="url(#c)"><rect width="9" height="9" style="fill: url('https://tracker.test/f')" onclick="alert(1)"/></g>
<use xlink:href="#m"/><image href="https://tracker.test/i"/><a href="javascript:alert(1)"><text>x</text></a>
<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></body></foreignObject>
<set attributeName="href" to="javascript:alert(1)"/></svg>"""


def test_a_drawing_keeps_its_shapes_and_nothing_that_acts_or_reaches_out():
    made = svg.harmless(SVG).decode()

    assert "<rect" in made
    assert 'clip-path="url(#c)"' in made
    assert 'xlink:href="#m"' in made
    for gone in ("alert", "tracker", "script", "foreignObject", "<set", "onload"):
        assert gone not in made
    for no in (
        "<svg",
        "<html/>",
        "text",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><svg>&a;</svg>",
        "<svg>" + "<g>" * 999 + "</g>" * 999 + "</svg>",
    ):
        assert svg.harmless(no) is None


def test_a_hundred_megabytes_are_a_page_that_opens_and_says_what_it_leaves_out():
    begun = time.monotonic()
    text = rendered(
        ran("print('x' * 100_000_000)", new_output("stream", text="first" + "x" * 100_000_000 + "last")),
        *(ran("show()", shown(image_png=PIXEL + "A" * 10_000_000)) for _ in range(5)),
        ran("show()", shown(text_html="<p>" + "y" * 3_000_000, text_plain="z" * 300_000)),
    )

    assert len(text) < 45_000_000
    assert "99,800,009 of 100,000,009 signs are left out here; output.ipynb has them" in text
    assert text.count("Left out: the outputs before it are as much as a page can show.") >= 2
    assert "first" in text
    assert "last" in text
    assert time.monotonic() - begun < 30


def test_a_picture_in_markup_stays_when_it_is_in_the_page_already():
    inside = f'<img src="data:image/png;base64,{PIXEL}" alt="chart">'
    nameless = f'<img src="data:image/png;base64,{PIXEL}">'

    assert f'<img alt="picture" src="data:image/png;base64,{PIXEL}">' in rendered(ran("x", shown(text_html=nameless)))
    assert inside in rendered(ran("x", shown(text_html=inside)))


def test_hostile_markup_takes_no_hostile_time():
    started = time.monotonic()

    rendered(*(new_markdown_cell(text * 2000) for text in ("<div>", "<script ", "[", "&", "<", "*a ", "> ")))

    assert time.monotonic() - started < 30
