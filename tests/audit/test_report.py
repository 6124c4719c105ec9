"""audit/report.py: the page opens anywhere, loads nothing, and nothing that a notebook printed runs in it."""

from __future__ import annotations

import time

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from workbench.audit import report

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://tracker.test/pixel.gif'>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)>",
    "<object data=javascript:alert(1)>",
    "<embed src='https://tracker.test/e'>",
    "<a href='javascript:alert(1)' id=trap>x</a>",
    "<a href='JaVa&#10;Script:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<meta http-equiv=refresh content='0;url=https://tracker.test/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='https://tracker.test/'>",
    "<link rel=stylesheet href='https://tracker.test/s.css'>",
    "<link rel=dns-prefetch href='//tracker.test'>",
    "<style>@import 'https://tracker.test/s.css'; body { display: none }</style>",
    "<div style=\"background:url('https://tracker.test/b')\">x</div>",
    "<div style='position:fixed;inset:0;background:#fff;z-index:9'>succeeded</div>",
    "<div style='margin-top:-5000px'>over the summary</div>",
    "<form action='https://tracker.test/'><button autofocus onfocus=alert(1)>x</button></form>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<math><mtext></table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "</pre></div></section></main><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<![CDATA[><script>alert(1)</script>]]>",
    "<x" + " onmouseover=alert(1)" * 3 + ">hover</x>",
    "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07",
    "[click](javascript:alert(1)) ![p](https://tracker.test/p.png)",
    "<script " * 50,
    "<div>" * 5000,
]


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
    declared = [{"name": f"p{n}", "help": text} for n, text in enumerate(HOSTILE)]
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
    for link in page.query_selector_all("main a"):
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
    assert page.locator("header.summary .badge").inner_text() == "failed: a cell raised an error"
    top = page.evaluate("(() => { const b = document.querySelector('h1').getBoundingClientRect();"
                        "return document.elementFromPoint(b.x + 5, b.y + 5).tagName })()")  # fmt: skip
    assert top == "H1"


@pytest.mark.browser
def test_it_can_be_read_on_a_phone(opened):
    wide = "<table>" + "<tr>" + "<td>a wide column</td>" * 40 + "</tr></table>"
    page = opened(
        rendered(
            new_markdown_cell("# Yesterday\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            ran("x = 1\n" * 3 + "y = '" + "long " * 60 + "'", shown(text_html=wide, text_plain="table")),
            ran("plot()", shown(image_png=PIXEL)),
            declared=[{"name": "start", "help": "first day"}],
            parameters={"start": "2026-11-01"},
            given=["start"],
        )
    )

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.title() == "runs.ipynb: succeeded, 2026-11-20 10:00:09 UTC"
    assert page.evaluate("document.documentElement.lang") == "en"
    row = page.get_by_role("table", name="Parameters").get_by_role("row").nth(1)
    assert row.inner_text().split("\t") == ["start", "'2026-11-01'", "given", "first day"]
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
        '<span class="badge failed">failed: a cell raised an error</span>',
        "2026-11-20 10:00:00 UTC",
        "after 9.5 s",
        "1 of 2 were run",
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


def test_a_picture_in_markup_stays_when_it_is_in_the_page_already():
    inside = f'<img src="data:image/png;base64,{PIXEL}" alt="chart">'

    assert inside in rendered(ran("x", shown(text_html=inside)))


def test_hostile_markup_takes_no_hostile_time():
    started = time.monotonic()

    rendered(*(new_markdown_cell(text * 2000) for text in ("<div>", "<script ", "[", "&", "<", "*a ", "> ")))

    assert time.monotonic() - started < 30
