"""show.py: answers for the command line; nothing that was scraped acts on the terminal or the spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from xml.etree import ElementTree as ET

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import BadInput
from workbench.lake.show import FORMATS, clean, csv_cell, rows, write

QUERY = """
select 1::bigint as n, 'a' as "text", 1.5::double as part, true as ok, null as nothing,
       '2024-01-12 12:00:00+00'::timestamptz as at, date '2024-01-12' as day, ['x', 'y'] as list,
       {'k': 'nan'::double} as struct, '{"a": [1]}'::json as record,
       170141183460469231731687303715884105727::hugeint as big,
       1.25::decimal(4, 2) as money, 'ab'::blob as bytes, interval 1 day as span
"""
ROW = {
    "n": 1,
    "text": "a",
    "part": 1.5,
    "ok": True,
    "nothing": None,
    "at": "2024-01-12T12:00:00Z",
    "day": "2024-01-12",
    "list": ["x", "y"],
    "struct": {"k": None},
    "record": {"a": [1]},
    "big": 2**127 - 1,
    "money": 1.25,
    "bytes": "YWI=",
}


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def _written(relation, form):
    out = io.BytesIO()
    write(relation, form, out)
    return out.getvalue()


def test_times_that_python_has_not_are_shown_as_text(connection):
    times = "'infinity', '-infinity', '290000-01-01', '1960-01-01 00:00:00.5', null"

    found = rows(connection.sql(f"select unnest([{times}])::timestamptz as at"))

    assert [row["at"] for row in found] == [
        "infinity", "-infinity", "9089348860800000000 µs after 1970", "1960-01-01T00:00:00.500000Z", None,
    ]  # fmt: skip


def test_a_day_that_python_has_not_spoils_no_other(connection):
    found = rows(connection.sql("select unnest(['290000-01-01', '2024-01-12', null])::date as day"))

    assert [row["day"] for row in found][1:] == ["2024-01-12", None]


BEYOND = {
    "date '290000-01-01'": "290000-01-01",
    "date '290001-12-31'": "290001-12-31",
    "date '290004-02-29'": "290004-02-29",
    "date '0044-03-15 (BC)'": "-043-03-15",
    "'infinity'::date": "infinity",
    "'infinity'::timestamp": "infinity",
    "'290000-01-01'::timestamp": "9089348860800000000 µs after 1970",
    "'290000-01-01'::timestamp_s": "9089348860800000000 µs after 1970",
    "'290000-01-01'::timestamp_ms": "9089348860800000000 µs after 1970",
    "'2020-01-01 00:00:00.123456789'::timestamp_ns": "2020-01-01T00:00:00.123456789",
    "[date '290000-01-01', null, date '2024-01-12']": ["290000-01-01", None, "2024-01-12"],
    "[[timestamptz '290000-01-01 00:00:00+00'], null]": [["9089348860800000000 µs after 1970"], None],
    "{'a': timestamp '290000-01-01', 'b': 1}": {"a": "9089348860800000000 µs after 1970", "b": 1},
    "map {'a': date '290000-01-01'}": [["a", "290000-01-01"]],
    "[date '290000-01-01']::date[1]": ["290000-01-01"],
}


def test_what_python_has_not_is_told_at_any_depth_and_is_never_a_bug(connection):
    wrong = {}
    for expression, told in BEYOND.items():
        query = f"select {expression} as found"
        for form in FORMATS:
            _written(connection.sql(query), form)
        (row,) = json.loads(_written(connection.sql(query), "json"))
        if told is not None and row["found"] != told:
            wrong[expression] = row["found"]

    assert wrong == {}


def test_rows_are_plain_values(connection):
    [row] = rows(connection.sql(QUERY))

    assert row.pop("span")
    assert row == ROW


def test_json(connection):
    assert json.loads(
        _written(connection.sql("select 'č' || chr(0) as a, 1 as b union all select null, 2"), "json")
    ) == [
        {"a": "č\x00", "b": 1},
        {"a": None, "b": 2},
    ]
    assert json.loads(_written(connection.sql("select 1 where false"), "json")) == []


def test_parquet_goes_through_unchanged(connection):
    data = _written(connection.sql(QUERY), "parquet")

    assert pq.read_table(io.BytesIO(data)).schema.field("at").type == pa.timestamp("us", tz="UTC")


def test_a_table_lines_up_and_numbers_are_to_the_right(connection):
    text = _written(
        connection.sql("select 'ab' as name, 7::bigint as n union all select '東京', 123"), "table"
    ).decode()

    assert text.splitlines() == ["name    n", "────  ───", "ab      7", "東京  123", "(2 rows)"]


def test_columns_of_one_name_are_all_there(connection):
    assert list(rows(connection.sql("select 1 as a, 2 as a"))) == [{"a": 1, "a_1": 2}]


ESCAPES = "\x1b[31mred\x1b[0m \x1b]52;c;ZXZpbA==\x07 \x9b2J \x1b]8;;http://x\x1b\\link \u202eevil \x00\x07 a\nb\u2028c"


def test_text_tables_are_inert(connection):
    relation = connection.sql("select $a as a", params={"a": ESCAPES + "\n2026-01-01 INFO fake"})

    text = _written(relation, "table").decode()

    assert len(text.splitlines()) == 4
    assert "\x1b" not in text
    assert clean(ESCAPES) == "red   link evil  a b c"
    assert clean("👩‍👩‍👧 ok") == "👩‍👩‍👧 ok"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_no_text_keeps_a_control_character(text):
    assert not [char for char in clean(text) if ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u2028"]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 123", "'+49 123"),
        ("-3", "'-3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        ("\t=1", "'\t=1"),
        (-3, -3),
        (-0.5, -0.5),
        ("plain", "plain"),
        (None, None),
        (["=1"], '["=1"]'),
    ],
)
def test_cells_are_no_formulas(value, cell):
    assert csv_cell(value) == cell


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=4))
def test_a_csv_comes_back_and_no_cell_is_a_formula(texts):
    with duckdb.connect() as connection:
        relation = connection.sql("select unnest($texts::varchar[]) as t", params={"texts": texts})
        data = _written(relation, "csv").decode()

    cells = [cell for (cell,) in list(csv.reader(io.StringIO(data, newline="")))[1:]]
    assert [cell.removeprefix("'") if cell != text else cell for cell, text in zip(cells, texts, strict=True)] == texts
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_takes_an_empty_answer(connection, form):
    _written(connection.sql("select 1 as a, 'x' as b where false"), form)


@pytest.mark.parametrize("form", FORMATS)
def test_what_goes_wrong_mid_way_is_told_to_who_asked(form):
    relation = duckdb.sql("select case when n = 5000 then error('mid-way') else n end from range(9000) r(n)")
    with pytest.raises(BadInput, match=r"cannot be answered: .*mid-way"):
        write(relation, form, io.BytesIO())
    with pytest.raises(BadInput, match="mid-way"):
        list(rows(relation))


SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet_cells(data: bytes) -> dict[str, tuple[str, str]]:
    """Cell → its type and what it holds; the types of the format: n number, b truth, inlineStr text."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        tree = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert tree.find(f".//{SHEET}f") is None, "a formula"
    assert tree.find(f".//{SHEET}hyperlink") is None, "a link"
    return {cell.get("r"): (cell.get("t", "n"), "".join(cell.itertext())) for cell in tree.iter(f"{SHEET}c")}


def test_a_spreadsheet_keeps_ids_and_never_acts(connection):
    hostile = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://x")',
        "http://x.example/",
        "007",
        "1E5",
        "x" * 40_000,
    ]
    query = """select * from (values ('9007199254740993123', 9007199254740993, 5, 1.5, true,
        timestamptz '2026-01-31 12:00:00+00', date '1850-01-01', ['a', 'b'], 'nan'::double, null))
        as rows(id, large, small, part, ok, begun, old, several, nothing, none)"""

    cells = sheet_cells(_written(connection.sql(query), "xlsx"))

    assert cells["A1"] == ("inlineStr", "id")
    assert cells["A2"] == ("inlineStr", "9007199254740993123")
    assert cells["B2"] == ("inlineStr", "9007199254740993"), "as a number it would be another"
    assert [cells[name] for name in ("C2", "D2", "E2")] == [("n", "5"), ("n", "1.5"), ("b", "1")]
    assert cells["F2"][0] == "n"
    assert float(cells["F2"][1]) == 46053.5
    assert [cells[name] for name in ("G2", "H2")] == [("inlineStr", "1850-01-01"), ("inlineStr", '["a", "b"]')]
    assert not {"I2", "J2"} & cells.keys()
    texts = sheet_cells(_written(connection.sql("select unnest($1) as t", params=[hostile]), "xlsx"))
    assert [texts[f"A{n}"] for n in range(2, 10)] == [("inlineStr", one) for one in hostile[:-1]]
    assert texts["A10"][1] == "x" * 32_766 + "…"


def test_more_rows_than_a_sheet_holds_are_refused(connection, monkeypatch):
    monkeypatch.setattr("workbench.lake.show.SHEET_ROWS", 3)

    with pytest.raises(BadInput, match="holds 3 rows"):
        _written(connection.sql("select range from range(4)"), "xlsx")
