"""panels/paged.py: a page of rows is cut where the data is, the newest question is answered, and nothing is markup."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import duckdb
import pytest

from tests.panels.conftest import at_the_page, nobody_there
from tests.panels.test_markup import HOSTILE
from workbench.errors import BadInput
from workbench.panels.markup import plain
from workbench.panels.paged import Column, PagedTable, Query, Rows, among

COLUMNS = (Column("id", "Id"), Column("n", "Number", "number"), Column("state", "State", "badge"))


@pytest.fixture(autouse=True)
def _at_the_page(monkeypatch):
    at_the_page(monkeypatch)


def listed(count: int):
    return [{"id": f"i{n}", "n": n, "state": "failed" if n % 2 else "completed"} for n in range(count)]


def ask(table: PagedTable, **wanted) -> None:
    """As the browser does."""
    before = table.sheet.ask
    table.sheet.ask = {**before, **wanted, "serial": before["serial"] + 1}


def keys(table: PagedTable) -> list[str]:
    return [key for key, _ in table.sheet.page["rows"]]


def answered(table: PagedTable) -> bool:
    return table.sheet.page["is_known"] and table.sheet.page["serial"] == table.sheet.ask["serial"]


def test_rows_are_turned_over_sorted_and_filtered(eventually):
    table = PagedTable("Things", COLUMNS, among(lambda: listed(120)))
    eventually(lambda: answered(table))
    assert (len(keys(table)), keys(table)[0], table.sheet.page["total"]) == (50, "i0", 120)

    ask(table, offset=100)
    eventually(lambda: answered(table))
    assert keys(table) == [f"i{n}" for n in range(100, 120)]
    ask(table, offset=0, sort="n", descending=True)
    eventually(lambda: answered(table))
    assert keys(table)[:2] == ["i119", "i118"]
    ask(table, text="FAILED i11", sort="")
    eventually(lambda: answered(table))
    assert keys(table) == ["i11", "i111", "i113", "i115", "i117", "i119"]
    assert table.sheet.page["total"] == 6


def test_of_ten_million_rows_a_page_alone_comes_to_the_browser(eventually):
    """As a panel does it: sorted, filtered and cut in DuckDB."""
    asked: list[Query] = []

    def fetch(query: Query) -> Rows:
        asked.append(query)
        with duckdb.connect() as lake:
            of = f"from range(10_000_000) t(n) where n::varchar like '%{query.text}'"
            (total,) = lake.sql(f"select count(*) {of}").fetchone()
            order = f"order by n {'desc' if query.descending else ''} limit {query.limit} offset {query.offset}"
            found = lake.sql(f"select n {of} {order}").fetchall()
        return Rows([{"id": str(n), "n": n, "state": ""} for (n,) in found], total)

    table = PagedTable("Ten million", COLUMNS, fetch)
    eventually(lambda: answered(table))
    assert table.sheet.page["total"] == 10_000_000
    ask(table, offset=9_999_950, sort="n")
    eventually(lambda: answered(table))

    assert keys(table)[-1] == "9999999"
    assert len(json.dumps(table.sheet.page)) < 10_000
    assert {one.limit for one in asked} == {50}


def test_of_quick_keystrokes_the_last_is_answered_and_no_late_answer_stands_over_it(eventually):
    may_answer, seen = threading.Event(), list[str]()

    def fetch(query: Query) -> Rows:
        seen.append(query.text)
        if query.text:
            may_answer.wait(30)
        return Rows([{"id": query.text, "n": 1, "state": ""}], 1)

    table = PagedTable("Slow", COLUMNS, fetch)
    eventually(lambda: answered(table))
    shown: list[str] = []
    table.sheet.observe(lambda change: shown.append(change["new"]["text"]), "page")
    for typed in ("t", "te", "tea", "tea ", "tea c", "tea cl"):
        ask(table, text=typed)
    may_answer.set()
    eventually(lambda: answered(table))

    assert keys(table) == ["tea cl"]
    assert seen[0] == ""
    assert seen[-1] == "tea cl"
    assert len(seen) <= 4  # what was overtaken before its turn was never asked
    assert shown == ["tea cl"]


def test_what_became_shorter_shows_its_last_page(eventually):
    rows = listed(120)
    table = PagedTable("Things", COLUMNS, among(lambda: rows))
    ask(table, offset=100)
    eventually(lambda: answered(table))
    del rows[60:]
    table.refresh()

    eventually(lambda: keys(table) == [f"i{n}" for n in range(50, 60)])


def test_an_error_of_the_data_is_told_and_goes(eventually):
    is_broken = [True]

    def fetch(query: Query) -> Rows:
        if is_broken[0]:
            raise BadInput("the lake is not there; bring it back.")
        return Rows(listed(1), 1)

    table = PagedTable("Things", COLUMNS, fetch)
    eventually(lambda: "the lake is not there" in table.alert.html)
    is_broken[0] = False
    table.refresh()
    eventually(lambda: not table.alert.html and keys(table) == ["i0"])


def test_whatever_a_browser_asks_is_made_safe(eventually):
    asked: list[Query] = []

    def fetch(query: Query) -> Rows:
        asked.append(query)
        return Rows([], 0)

    table = PagedTable("Things", COLUMNS, fetch)
    eventually(lambda: answered(table))
    table.sheet.ask = {"offset": -7, "limit": 10**9, "sort": "n; drop table run", "text": "x" * 999, "serial": 9}
    eventually(lambda: answered(table))

    assert asked[-1] == Query(offset=0, limit=50, sort="", descending=False, text="x" * 200)


def test_a_row_is_opened_and_chosen_by_its_key(eventually):
    opened, chosen = list[str](), list[list[str]]()
    table = PagedTable("Things", COLUMNS, among(lambda: listed(3)), choose="many", on_open=opened.append)
    table.on_choice(chosen.append)
    table.sheet.chosen = ["i2", "i0"]
    table._heard(table.sheet, {"open": "i1"}, [])

    eventually(lambda: opened == ["i1"])
    assert (table.chosen, chosen) == (["i2", "i0"], [["i2", "i0"]])


def test_an_opening_that_fails_is_told(eventually):
    table = PagedTable("Things", COLUMNS, among(lambda: listed(3)), on_open=lambda key: [][int(key[1:])])
    table._heard(table.sheet, {"open": "i1"}, [])

    eventually(lambda: "IndexError" in table.alert.html)


def test_cells_are_words(eventually):
    at = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
    columns = [
        Column("at", "At", "time"), Column("iso", "Iso", "time"), Column("cost", "Cost", "money"),
        Column("url", "Url", "link"), Column("state", "State", "badge"), Column("id", "Id", "mono"),
        Column("none", "None"), Column("done", "Done", "bar"), Column("run", "Run", "page"),
    ]  # fmt: skip
    row = {"at": at, "iso": at.isoformat(), "cost": 1_230_000, "url": "javascript:alert(1)", "state": "partial",
           "id": "x", "none": None, "done": 40, "run": ("runs", "Tea")}  # fmt: skip
    table = PagedTable("Things", columns, among(lambda: [row]))
    eventually(lambda: answered(table))

    ((_, cells),) = table.sheet.page["rows"]
    assert cells == [
        "2026-11-30 10:00 UTC", "2026-11-30 10:00 UTC", "$1.23",
        {"address": "javascript:alert(1)", "words": "javascript:alert(1)"},  # the browser links http(s) alone
        {"words": "partial", "tone": "bad", "mark": "✖"}, {"mono": True, "words": "x"}, "",
        {"words": "40 %", "bar": 40}, {"words": "Tea", "page": "runs"},
    ]  # fmt: skip


def test_its_still_face_is_a_table_that_says_which_part_it_is(monkeypatch):
    nobody_there(monkeypatch)
    columns = [*COLUMNS, Column("url", "Url", "link")]
    rows = [{**one, "id": HOSTILE[0], "url": HOSTILE[0]} for one in listed(10_000)]
    markup = PagedTable("Things", columns, among(lambda: rows), key="n").markup()

    assert plain(markup).startswith("Things (1 to 50 of 10,000)")
    assert "<script" not in markup
    assert (
        PagedTable("Things", COLUMNS, among(list), empty="None yet.").markup()
        == "<p><strong>Things</strong>: None yet.</p>"
    )
