"""brightdata/rows.py: the vendor's bodies and rows as they really are."""

import io
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from workbench.brightdata import rows
from workbench.brightdata.datasets import find
from workbench.brightdata.rows import kind_of_row, lines_of_array, lines_of_csv, shape_of
from workbench.lake.columns import Place


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        pytest.param(b'{"url":"a","timestamp":"t"}\n{"url"', "ndjson", id="rows"),
        pytest.param(b'{"url":"a","timestamp":"t"}', "ndjson", id="one row"),
        pytest.param(b'{"status":"x","message":"y","input":{}}', "ndjson", id="a row with a status and a message"),
        pytest.param(b'{"error":"x","error_code":"y","timestamp":"t","input":{}}', "ndjson", id="an error row"),
        pytest.param(b"{}", "ndjson", id="an empty object"),
        pytest.param(b'{"status":"x","mess', "ndjson", id="the head of a long row"),
        pytest.param(b' \n[{"url":"a"}]', "array", id="an array"),
        pytest.param(b"[]", "array", id="an empty array"),
        pytest.param(b"url,id\na,1\n", "csv", id="CSV"),
        pytest.param(b'"url","id"\n', "csv", id="quoted CSV"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', "ndjson", id="behind a byte order mark"),
        pytest.param(b"\n<!DOCTYPE html>", "html", id="a web page"),
        pytest.param(b'{"status":"building","message":"..."}', "status", id="building"),
        pytest.param(b'{"status":"building","message":"...","progress":3}', "status", id="with more keys"),
        pytest.param(b'{"error":"Snapshot is empty"}', "status", id="an error about the snapshot"),
        pytest.param(b"Snapshot is not ready yet, try again in 10s", "status", id="words about the snapshot"),
        pytest.param(b'{"id":"s_1","dataset_id":"gd_1","status":"failed","warning":"x"}', "status", id="a standing"),
        pytest.param(b'{"a":1},\n{"b":2}', "array", id="commas between the lines"),
        pytest.param(b'{"a":1},\n', "ndjson", id="a comma behind the only line"),
        pytest.param(b" \r\n", "empty", id="blanks"),
        pytest.param(b"", "empty", id="nothing"),
    ],
)
def test_shape(head, shape):
    assert shape_of(head) == shape


ASKED = {"timestamp": "t", "input": {"url": "a", "row_id": "7"}}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        pytest.param({**ASKED, "error": "Collection failed", "error_code": "crawl_failed"}, "error", id="an error"),
        pytest.param({**ASKED, "error_code": "blocked", "status_code": 403}, "error", id="a code alone"),
        pytest.param({**ASKED, "error": "x", "url": None, "photos": [], "text": ""}, "error", id="keys without values"),
        pytest.param({**ASKED, "error": "x", "row_id": "7"}, "error", id="our own field comes back"),
        pytest.param({**ASKED, "error": "x", "post_id": "1"}, "data", id="an error beside data"),
        pytest.param({**ASKED, "error": "x", "likes": 0}, "data", id="nothing is data too"),
        pytest.param({**ASKED, "warning": "no posts", "warning_code": "dead_page"}, "warning", id="a warning"),
        pytest.param(
            {**ASKED, "warning_code": "dead_page", "page_name": "x"}, "warning", id="a warning with page data"
        ),
        pytest.param({**ASKED, "error": None, "warning": "", "post_id": "1"}, "data", id="empty error and warning"),
        pytest.param({"post_id": "1"}, "data", id="data"),
        pytest.param({}, "data", id="an empty row is for the table to judge"),
    ],
)
def test_kind_of_row(row, kind):
    assert kind_of_row(row) == kind


def cut(body, size):
    return [body[at : at + size] for at in range(0, len(body), size)]


TRICKY = [
    {"a": 'quote " brace } bracket ] comma ,', "b": "back\\slash\\", "c": '\\"', "d": "\u2028 😀"},
    {"nested": [[1, [2, {"x": "]}"}]], {}], "n": 5.5e32, "e": {}},
    {"line": "a\nb\rc", "big": 12345678901234567890, "long": "x" * 300},
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 10_000])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_comes_line_by_line_wherever_it_is_cut(size, indent):
    body = json.dumps(TRICKY, indent=indent, ensure_ascii=False).encode()

    lines = list(lines_of_array(cut(body, size)))

    assert [json.loads(line) for line in lines] == TRICKY
    assert not [line for line in lines if b"\n" in line]


def test_an_array_keeps_every_byte_of_its_rows():
    row = b'{"n": 5.50e+32, "n": 1.0, "s":"\\u00e9\\/", "z" : 00}'

    assert list(lines_of_array([b"[" + row + b" ,\n" + row + b"]"])) == [row, row]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        pytest.param(b"[]", [], id="empty"),
        pytest.param(b" [ ] \n", [], id="empty, with blanks"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b'\xef\xbb\xbf[{"a":1}]', [b'{"a":1}'], id="a byte order mark"),
        pytest.param(b'[{"a":1},{"b":', [b'{"a":1}', b'{"b":'], id="cut within a row"),
        pytest.param(b'[{"a":1},{"b":"]}', [b'{"a":1}', b'{"b":"]}'], id="cut within a text"),
        pytest.param(b'[{"a":1},', [b'{"a":1}', b"["], id="cut between rows"),
        pytest.param(b'[{"a":1}', [b'{"a":1}', b"["], id="cut behind a row"),
        pytest.param(b'{"data":[{"a":1},{"b":2}],"errors":[],"total":2}', [b'{"a":1}', b'{"b":2}'], id="in an object"),
        pytest.param(b'{"data":{"items":[{"a":1}]}, "next":null}', [b'{"a":1}'], id="in an object in an object"),
        pytest.param(
            b'{"data":[{"a":1}]' + b"1" * 5000 + b'x[{"b":2}]',
            [b'{"a":1}', b"1" * 5000 + b"x", b'{"b":2}'],
            id="in an object, digits behind it",
        ),
        pytest.param(b'{"data":[{"a":1},5,{"b":2}]}', [b'{"a":1}', b"5", b'{"b":2}'], id="in an object, no row"),
        pytest.param(b'[1, "a}", null, {"a":1}]', [b'1, "a}", null', b'{"a":1}'], id="no objects"),
        pytest.param(b'[{"a":1}, 7]', [b'{"a":1}', b"7"], id="no object at the end"),
        pytest.param(b"[[1],[2]]", [b"[1]", b"[2]"], id="arrays as rows"),
        pytest.param(b'[{"a":1}] trailing', [b'{"a":1}', b"trailing"], id="more behind it"),
        pytest.param(b'[{"a":1}]\n[{"b":1}]', [b'{"a":1}', b'{"b":1}'], id="two arrays"),
        pytest.param(b'{"a":1}\n{"b":1}', [b'{"a":1}', b'{"b":1}'], id="no array at all"),
        pytest.param(b'[{"a":"x\ny"}]', [b'{"a":"x\\ny"}'], id="a line break within a text"),
        pytest.param(b']]{"a":1}', [b"]", b"]", b'{"a":1}'], id="brackets that close nothing"),
    ],
)
def test_nothing_of_an_array_is_dropped(body, lines):
    found = list(lines_of_array([body]))

    assert [line for line in found if line != b"]"] == [line for line in lines if line != b"]"]


def test_an_array_needs_the_memory_of_its_largest_row():
    row = b'{"text":"' + b"ab\\n" * 20_000 + b'"},\n'

    def body():
        yield b"["
        for _ in range(300):
            yield row
        yield b"{}]"

    tracemalloc.start()
    count = sum(1 for _ in lines_of_array(body()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 301
    assert peak < 10 * len(row)


def test_of_a_row_without_end_the_beginning_is_the_last_line(monkeypatch):
    monkeypatch.setattr(rows, "LARGEST_ROW", 1000)

    *whole, rest = lines_of_array([b'[{"a":1},{"b":2},{"c":"\n', *[b"x" * 2000] * 99, b'"},{"d":4}]'])

    assert whole == [b'{"a":1}', b'{"b":2}']
    assert rest.startswith(b'{"c":" xxx')
    assert len(rest) == 1001


def test_a_csv_line_without_end_is_never_whole_in_memory(monkeypatch):
    monkeypatch.setattr(rows, "LARGEST_ROW", 1000)
    pieces = list(lines_of_csv(io.BytesIO(b"a,b\n1,2\n" + b"x" * 5000 + b"\n3,4\n")))

    assert json.loads(pieces[0]) == {"a": "1", "b": "2"}
    assert json.loads(pieces[-1]) == {"a": "3", "b": "4"}
    assert all(len(json.loads(piece)) == 1 and len(piece) < 1100 for piece in pieces[1:-1])


def test_a_quote_that_is_never_closed_costs_its_line_and_no_other():
    first, *others = lines_of_csv(io.BytesIO(b'a,b\n1,"2\n' + b"3,4\n" * 5000))

    assert first == b'1,"2'
    assert [json.loads(one) for one in others] == [{"a": "3", "b": "4"}] * 5000


CELLS = [
    pytest.param("abc", "abc", id="text"),
    pytest.param("", None, id="nothing"),
    pytest.param("null", None, id="the vendor's null"),
    pytest.param("1234567890123456789", "1234567890123456789", id="an id stays text"),
    pytest.param("007", "007", id="zeros stay"),
    pytest.param("true", "true", id="truth stays text"),
    pytest.param('"2024-02-03T04:05:06.000Z"', "2024-02-03T04:05:06.000Z", id="a quoted date"),
    pytest.param('"hm"', '"hm"', id="a quotation stays one"),
    pytest.param('[{"a": "1,2"}]', [{"a": "1,2"}], id="nested"),
    pytest.param('{"a": 123456789012345678901}', {"a": 123456789012345678901}, id="big numbers within"),
    pytest.param("[not json]", "[not json]", id="text in brackets"),
    pytest.param("[NaN]", "[NaN]", id="no JSON"),
    pytest.param("[" * 100_000, "[" * 100_000, id="too deep to be meant"),
    pytest.param("two\nlines", "two\nlines", id="line breaks"),
]


@pytest.mark.parametrize(("cell", "value"), CELLS)
def test_a_cell(cell, value):
    quoted = '"' + cell.replace('"', '""') + '"'
    file = io.BytesIO(f"id,cell\r\n1,{quoted}\r\n".encode())

    [line] = lines_of_csv(file)

    assert json.loads(line) == {"id": "1", "cell": value}


def test_csv_as_a_whole():
    file = io.BytesIO('\ufeff"url",n\n\na,1\nb\nc,2,3\n"é\U0001f600",\n'.encode())

    lines = list(lines_of_csv(file))

    assert [json.loads(line) for line in lines] == [
        {"url": "a", "n": "1"},
        ["b"],
        ["c", "2", "3"],
        {"url": "é😀", "n": None},
    ]
    assert not file.closed


@pytest.mark.parametrize("body", [b"", b"url,n\n"])
def test_csv_without_rows(body):
    assert list(lines_of_csv(io.BytesIO(body))) == []


def test_a_cell_may_hold_a_whole_page():
    file = io.BytesIO(b"a,b\n1," + b"x" * 500_000 + b"\n")

    assert len(json.loads(next(lines_of_csv(file)))["b"]) == 500_000


# ---- real rows, anonymised


def _samples():
    given = os.environ.get("WORKBENCH_SAMPLES")
    return Path(given) if given else Path(__file__).resolve().parents[3] / "shared" / "samples"


def sample(name):
    path = _samples() / name
    if not path.exists():
        pytest.skip(f"the vendor's samples are not at {path.parent}; set WORKBENCH_SAMPLES")
    body = path.read_bytes()
    shape = shape_of(body[: 1 << 16])
    if shape == "csv":
        return shape, [json.loads(line) for line in lines_of_csv(io.BytesIO(body))]
    lines = lines_of_array(cut(body, 4096)) if shape == "array" else body.splitlines()
    return shape, [json.loads(line) for line in lines]


SAMPLES = [
    ("instagram_posts.ndjson", "ndjson", 10, ("instagram", "posts")),
    ("facebook_posts.ndjson", "ndjson", 6, ("facebook", "posts")),
    ("linkedin_posts_by_profile.json", "array", 11, ("linkedin", "posts")),
    ("linkedin_posts_by_url.json", "array", 4, ("linkedin", "posts")),
    ("instagram_comments.csv", "csv", 1000, ("instagram", "comments")),
    ("instagram_profiles_2022schema.json", "array", 61, ("instagram", "profiles")),
    ("facebook_comments.csv", "csv", 1000, ("facebook", "comments")),
    ("tiktok_comments.csv", "csv", 1000, ("tiktok", "comments")),
    ("tiktok_profiles.csv", "csv", 1000, ("tiktok", "profiles")),
    ("tiktok_posts_doc_1row.json", "array", 1, ("tiktok", "posts")),
    ("x_posts.csv", "csv", 1000, ("x", "posts")),
    ("linkedin_profiles_by_url.json", "array", 4, ("linkedin", "profiles")),
    ("linkedin_profiles_by_name.json", "array", 50, ("linkedin", "profiles")),
    ("linkedin_companies.json", "array", 4, ("linkedin", "companies")),
    ("linkedin_jobs_by_keyword.json", "array", 20, ("linkedin", "jobs")),
]


@pytest.mark.parametrize(("name", "shape", "count", "_"), SAMPLES)
def test_real_bodies_are_read_exactly(name, shape, count, _):
    found, given = sample(name)

    assert (found, len(given)) == (shape, count)
    assert {kind_of_row(row) for row in given} == {"data"}
    if shape == "array":
        assert given == json.loads((_samples() / name).read_bytes())


@pytest.mark.parametrize("name", ["facebook_comments.csv", "tiktok_comments.csv", "x_posts.csv"])
def test_dates_in_cells_lose_their_quotes(name):
    _, given = sample(name)

    dates = [row[key] for row in given for key in ("date_created", "date_posted") if key in row]
    assert dates
    assert not [text for text in dates if text.startswith('"')]


def test_real_errors_and_warnings():
    _, given = sample("error_and_warning_rows.ndjson")

    assert [kind_of_row(row) for row in given] == ["error", "warning", "warning", "warning"]


def at(row, place):
    for key in place.split("."):
        row = row.get(key) if isinstance(row, dict) else None
    return row


@pytest.mark.parametrize(("name", "_", "__", "of"), SAMPLES)
def test_our_columns_are_found_in_real_rows(name, _, __, of):
    """Every row has its identity, and each column that the vendor can fill is filled somewhere."""
    _, given = sample(name)
    dataset = find(*of)

    filled = {
        column
        for column, places in dataset.columns.items()
        if any(at(row, Place.of(place).path) not in (None, "", []) for row in given for place in places)
    }

    # Of these samples alone: pictures have no views, no ad tells its pay, one row of examples has no tags, ...
    allowed = {
        ("instagram", "posts"): {"view_count"},
        ("instagram", "profiles"): {"url"},
        ("facebook", "comments"): {"like_count"},
        ("tiktok", "posts"): {"share_count", "hashtags"},
        ("linkedin", "profiles"): {"external_urls"},
        ("linkedin", "jobs"): {"salary_min", "salary_max", "salary_currency", "salary_period"},
    }.get(of, set())
    assert {column for column, places in dataset.columns.items() if places} - filled <= allowed
    identity = next(iter(dataset.columns))
    assert all(any(at(row, Place.of(place).path) for place in dataset.columns[identity]) for row in given)
