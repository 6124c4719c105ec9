"""Pages in a real JupyterLab: a click to its order, a board's first paint, a page of ten million rows, an update's lag.

Measured in the browser, from the click (or the write to the ledger) to the words on the screen.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.published import publish
from benchmarks.results import Contender, Figure, Ratio
from tests.notebooks.lab import Lab, serving
from workbench.browser.launch import launch
from workbench.workbench import Workbench, open_workbench

# snapshots of the board, rows of the table, rounds
_SIZES = {"small": (30, 10_000, 2), "usual": (10_000, 10_000_000, 9), "full": (10_000, 10_000_000, 25)}
_OPEN = """
from workbench import open_workbench
from workbench.home import start_panel
from workbench.panels.form import Field, Form
from workbench.panels.page import page
from workbench.panels.paged import Column, PagedTable, Rows, among
from workbench.panels.widgets import Region
wb = open_workbench()
"""
_BOARD = "start_panel.page(wb)"
_TABLE = """
import duckdb
lake = duckdb.connect()

def fetch(query):
    cursor = lake.cursor()
    where = f"where author like '%{query.text}%'" if query.text else ""
    (total,) = cursor.sql(f"select count(*) from 'many.parquet' {where}").fetchone()
    order = f"order by {query.sort} {'desc' if query.descending else ''}" if query.sort else ""
    found = cursor.sql(f"from 'many.parquet' {where} {order} limit {query.limit} offset {query.offset}").fetchall()
    return Rows([dict(zip(("id", "author", "likes", "day"), one)) for one in found], total)

page(wb, PagedTable("Many", [Column("id", "Id", "mono"), Column("author", "Author"), Column("likes", "Likes", "number"),
                             Column("day", "Day")], fetch))
"""
_ORDER = """
taken = Region()

def order(action, values):
    plan = wb.plan([1], name=values["name"])
    taken.html = f"taken {values['name']} {wb.start(plan.hash)}"

page(wb, Form([Field("name", "Name")], actions=[("start", "Start")], on_submit=order))
display(taken)
"""
_ROW = ".wb-newest-panel tbody tr"
# Milliseconds from now until the words of what `at` finds are others than before, drawn.
_UNTIL = """([at, before]) => new Promise((done, fail) => {
    const begun = performance.now();
    setTimeout(() => fail(new Error(`nothing else came to ${at}`)), 60000);
    const look = () => (document.querySelector(at)?.innerText ?? "") !== before
        ? requestAnimationFrame(() => done(performance.now() - begun)) : setTimeout(look, 1);
    look();
})"""


def run(size: str) -> Iterator[Figure]:
    snapshots, rows, rounds = _SIZES[size]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with open_workbench(home) as wb:
            publish(wb, snapshots, 1)
            _files(home, rows)
            with serving(home, Path(folder), {**os.environ, "WORKBENCH_HOME": str(home)}) as lab:
                seen = _measured(lab, wb, rounds)
    aims = {"click to order taken": 100, "first paint of the start page": 1000, "a page of the table": 300,
            "lag of an update": 1000}  # fmt: skip
    yield Figure(
        name="pages",
        title=f"Pages in JupyterLab: {snapshots:,} snapshots, a table of {rows:,} rows",
        contenders=tuple(
            Contender(name, {"median ms": statistics.median(each), "slowest ms": max(each)})
            for name, each in seen.items()
        ),
        ratios=tuple(Ratio(f"{name}, median ms", statistics.median(seen[name]), aim) for name, aim in aims.items()),
        drawn="median ms",
        words="In a real JupyterLab with Chromium, from the click (of an update: from the commit in the ledger by "
        "another process) to the frame that shows it. An order is planned, checked against the caps and written to the "
        "ledger. The table lies in Parquet; it is sorted, filtered and cut by DuckDB.",
    )


def _files(home: Path, rows: int) -> None:
    (home / "notebooks").mkdir()
    for name, cell in {"board": _BOARD, "table": _TABLE, "order": _ORDER}.items():
        made = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        cells = [{**made, "id": f"c{n}", "source": text} for n, text in enumerate((_OPEN, cell))]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
        (home / "notebooks" / f"{name}.ipynb").write_text(json.dumps(book))
    with duckdb.connect() as made:
        made.execute(f"""
            copy (select n AS id, 'author ' || (n * 7919 % 100_003) AS author, n * 31 % 9973 AS likes,
                         date '2026-01-01' + (n % 300)::int AS day from range({rows}) t(n))
            to '{home / "notebooks" / "many.parquet"}' (compression zstd)""")


def _measured(lab: Lab, wb: Workbench, rounds: int) -> dict[str, list[float]]:
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        page.set_default_timeout(60_000)
        seen = {"first paint of the start page": _board(lab, page, rounds)}
        seen["lag of an update"] = _lag(page, wb, rounds)
        seen |= _table(lab, page, rounds)
        seen["click to order taken"] = _order(lab, page, rounds)
    return seen


def _cell(page: Page, number: int) -> None:
    page.evaluate("(n) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = n; }", number)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")


def _opened(lab: Lab, page: Page, notebook: str) -> None:
    lab.open(page, notebook)
    _cell(page, 0)


def _board(lab: Lab, page: Page, rounds: int) -> list[float]:
    """From running the cell to its first row."""
    _opened(lab, page, "board")
    found = []
    for _ in range(rounds):
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        expect(page.locator(_ROW)).to_have_count(0)
        page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
        found.append(
            page.evaluate(f"""() => {{
            const done = ({_UNTIL})(["{_ROW}", ""]);
            window.jupyterapp.commands.execute("notebook:run-cell");
            return done;
        }}""")
        )
    return found


def _lag(page: Page, wb: Workbench, rounds: int) -> list[float]:
    """From the commit of another process to the number on the tile."""
    found, tile = [], ".wb-glance-panel li strong"
    for n in range(rounds):
        before = page.locator(tile).first.inner_text()
        plan = wb.plan([n + 2], name=f"lag {n}")
        time.sleep(0.1 * n % 1)  # not in step with the looks
        wb.start(plan.hash)
        found.append(page.evaluate(_UNTIL, [tile, before]))
    return found


def _table(lab: Lab, page: Page, rounds: int) -> dict[str, list[float]]:
    _opened(lab, page, "table")
    _cell(page, 1)
    where = page.locator(".wb-paged-where")
    expect(where).to_contain_text("1 to 50")

    def clicked(act: Callable[[], None]) -> float:
        before = where.inner_text() + page.locator("tbody tr").first.inner_text()
        page.evaluate("""() => { const table = document.querySelector(".wb-paged table"); window.drawn = null;
            new MutationObserver(() => { if (!table.hasAttribute("aria-busy") && window.begun)
                window.drawn ??= performance.now() - window.begun; })
                .observe(table, { attributes: true, attributeFilter: ["aria-busy"] });
            window.begun = null;
            for (const what of ["click", "input"]) document.addEventListener(what,
                () => { window.begun ??= performance.now(); }, { capture: true, once: true });
        }""")
        act()
        page.wait_for_function("() => window.drawn !== null")
        assert where.inner_text() + page.locator("tbody tr").first.inner_text() != before
        return page.evaluate("window.drawn")

    next_page = page.get_by_role("button", name="Next page")
    turned = [clicked(next_page.click) for _ in range(rounds)]
    likes = page.get_by_role("button", name="Likes")
    ordered = [clicked(likes.click) for _ in range(rounds)]
    find = page.get_by_label("Find")
    filtered = [clicked(lambda n=n: find.fill(f"or {9 - n}")) for n in range(min(rounds, 9))]
    return {"a page of the table": turned, "the table in another order": ordered, "the table filtered": filtered}


def _order(lab: Lab, page: Page, rounds: int) -> list[float]:
    _opened(lab, page, "order")
    _cell(page, 1)
    found = []
    name, start = page.get_by_label("Name"), page.get_by_role("button", name="Start", exact=True)
    for n in range(rounds):
        name.fill(f"order {n}")
        expect(start).to_be_enabled()
        start.evaluate("""(button) => { window.taken = null; const begun = performance.now();
            const wanted = `taken ${document.querySelector(".wb-form input").value} `;
            const look = () => document.body.innerText.includes(wanted)
                ? (window.taken = performance.now() - begun) : setTimeout(look, 1);
            button.click(); look(); }""")
        page.wait_for_function("() => window.taken !== null")
        found.append(page.evaluate("window.taken"))
    return found
