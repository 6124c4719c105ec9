"""transform.py and its neighbours: what becomes of a row, of a value, of a line that is no row."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import pyarrow.parquet as pq
import pytest

from workbench.errors import BadInput, Permanent
from workbench.lake import raw, transform, transform_session
from workbench.lake.attribute import SourceRef
from workbench.lake.repair import mend
from workbench.lake.schema import COLUMNS, REJECTS

NOON = datetime(2024, 1, 12, 12, 0, tzinfo=UTC)


def _column(stage, column, value, key):
    [row] = stage([{"post_id": "1", key: value}]).rows
    return row[column]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, 12),
        ("12", 12),
        (" 12 ", 12),
        (12.0, 12),
        ("-3", None),
        (9223372036854775807, 9223372036854775807),
        (9223372036854775808, None),
        (2.98e33, None),
        ("1.2K", None),
        ("1,234", 1234),
        ("", None),
        (None, None),
        (True, None),
        ([1], None),
        ({"n": 1}, None),
    ],
)
def test_counts(stage, value, expected):
    assert _column(stage, "like_count", value, "likes") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-01-12T12:00:00.000Z", NOON),
        ("2024-01-12T12:00:00", NOON),
        ("2024-01-12 12:00:00", NOON),
        ("2024-01-12T14:00:00+02:00", NOON),
        ('"2024-01-12T12:00:00.000Z"', NOON),
        (1705060800, NOON),
        ("1705060800", NOON),
        (1705060800000, NOON),
        ("2024-01-12", NOON.replace(hour=0)),
        ("01-12-2024", None),
        ("2024-13-01T00:00:00Z", None),
        ("infinity", None),
        ("290000-01-01T00:00:00Z", None),
        ("0044-03-15 (BC)", None),
        ("null", None),
        (12, None),
        (None, None),
        ({"at": 1}, None),
    ],
)
def test_dates_are_utc_whatever_the_machine_thinks(stage, monkeypatch, value, expected):
    monkeypatch.setenv("TZ", "Pacific/Auckland")

    assert _column(stage, "published_at", value, "date_posted") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["#a", "#b"], ["a", "b"]),
        ('["#a", "#b"]', ["a", "b"]),
        ("a, b,,c", ["a", "b", "c"]),
        (["a", None, "", 5], ["a", "5"]),
        ([{"name": "a"}, {"id": 1}], ["a"]),
        ("[not a list", ["[not a list"]),
        ("{not an object", ["{not an object"]),
        ([], None),
        ("", None),
        (None, None),
        ("null", None),
    ],
)
def test_hashtags(stage, value, expected):
    assert _column(stage, "hashtags", value, "hashtags") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["https://x/1,2.jpg", "https://x/3"], ["https://x/1,2.jpg", "https://x/3"]),
        ([{"url": "https://x/1"}, {"video_url": "https://x/2"}, {"id": 3}], ["https://x/1", "https://x/2"]),
        ('[{"url": "https://x/1"}]', ["https://x/1"]),
        ("https://x/1,2.jpg", ["https://x/1,2.jpg"]),
        ({"url": "https://x/1"}, ["https://x/1"]),
        ([[]], None),
    ],
)
def test_media(stage, value, expected):
    assert _column(stage, "media_urls", value, "photos") == expected


def test_paths_are_tried_in_order_until_one_has_a_value_of_the_type(stage):
    rows = stage(
        [
            {"post_id": "1", "stats": {"views": 5}, "views": 6},
            {"post_id": "2", "stats": {"views": "many"}, "views": 6},
            {"post_id": "3", "stats": '{"views": 5}', "views": 6},
            {"post_id": "4", "stats": "no object", "views": 6},
            {"post_id": "", "pk": 5, "stats": None},
            {"post_id": "6", "photos": [], "videos": ["v"]},
        ]
    ).rows

    assert [row["view_count"] for row in rows] == [5, 6, 5, 6, None, None]
    assert [row["post_id"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert rows[5]["media_urls"] == ["v"]


@pytest.mark.parametrize(
    "digits",
    [
        "12345678901234567890123456789",
        "18446744073709551616",
        "9223372036854775808",
        "7347469890140121459",
        "0",
    ],
)
def test_a_number_as_id_keeps_its_digits(stage, digits):
    assert stage(b'{"post_id": %s}\n' % digits.encode()).rows[0]["post_id"] == digits


def test_every_table_has_the_pinned_columns(stage):
    made = stage([{"post_id": "1"}, {"error": "e", "error_code": "c"}])

    for kind, pinned in (("posts", COLUMNS["posts"]), ("rejects", REJECTS)):
        described = duckdb.execute("describe from read_parquet(?)", [str(made.files[kind].path)]).fetchall()
        assert {row[0]: row[1].replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for row in described} == pinned


def test_rows_carry_where_they_come_from(stage):
    [row] = stage([{"post_id": "1", "timestamp": "2024-01-12T12:00:00Z"}]).rows

    assert {name: row[name] for name in list(COLUMNS["posts"])[-10:]} == {
        "source_id": 7,
        "source_url": "https://www.instagram.com/duba",
        "creator": "Duba",
        "project": "spring",
        "run_id": "r1",
        "job_id": "j1",
        "snapshot_id": "sd_1",
        "dataset_id": "gd_1",
        "row_no": 1,
        "scraped_at": NOON,
    }


ASKED = {"timestamp": "2024-01-12T12:00:00Z", "input": {"url": "https://x/p/1", "note": "mine"}}


@pytest.mark.parametrize(
    ("row", "kind", "code", "reason"),
    [
        pytest.param(
            {**ASKED, "error": "Collection failed", "error_code": "crawl_failed"},
            "error",
            "crawl_failed",
            "Collection failed",
            id="error",
        ),
        pytest.param({**ASKED, "error_code": "blocked"}, "error", "blocked", "blocked", id="error, code alone"),
        pytest.param(
            {**ASKED, "error": "no", "url": "https://x/p/1", "hashtags": []},
            "error",
            None,
            "no",
            id="error with an echo of the input",
        ),
        pytest.param(
            {**ASKED, "warning": "none found", "warning_code": "dead_page"},
            "warning",
            "dead_page",
            "none found",
            id="warning",
        ),
        pytest.param(
            {"post_id": None, "user_posted": "duba", "warning": "not available", "warning_code": "dead_page"},
            "warning",
            "dead_page",
            "not available",
            id="warning with data of the page",
        ),
        pytest.param({"status": "running"}, "malformed", "no_data", None, id="a status, no row"),
        pytest.param({}, "malformed", "no_data", None, id="nothing in it"),
        pytest.param([1], "malformed", "not_an_object", None, id="a list"),
        pytest.param(None, "malformed", "not_an_object", None, id="null"),
        pytest.param("text", "malformed", "not_an_object", None, id="a text"),
    ],
)
def test_what_is_no_data_is_rejected_with_its_reason_and_its_text(stage, row, kind, code, reason):
    made = stage([{"post_id": "1"}, row])

    [rejected] = made.rejects
    assert (rejected["row_no"], rejected["kind"], rejected["code"]) == (2, kind, code)
    assert rejected["reason"] == reason or (reason is None and rejected["reason"])
    assert rejected["raw"] == json.dumps(row)
    assert (rejected["snapshot_id"], rejected["source_id"]) == ("sd_1", 7)
    counted = made.staged
    counts = {
        "error": counted.error_rows,
        "warning": counted.warning_rows,
        "malformed": counted.malformed_rows,
    }
    assert counts == {
        "error": 0, "warning": 0, "malformed": 0, kind: 1,
    }  # fmt: skip


def test_an_error_beside_data_does_not_cost_the_data(stage):
    [row] = stage([{"post_id": "1", "likes": 3, "error": "half the comments are missing"}]).rows

    assert row["like_count"] == 3


def test_null_and_empty_marks_are_no_errors(stage):
    made = stage([{"post_id": "1", "error": None, "error_code": "", "warning": "", "warning_code": None}])

    assert (len(made.rows), made.rejects) == (1, [])


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [
        pytest.param(b'{"post_id": "2"', "not_json", "not valid JSON", id="cut off"),
        pytest.param(b'{"post_id": "2"}{"post_id": "3"}', "not_json", "Extra data", id="two on a line"),
        pytest.param(b'{"post_id": "\xff\xfe"}', "not_utf8", "not UTF-8", id="not UTF-8"),
        pytest.param(b"[1, 2]", "not_an_object", "no object", id="a list"),
        pytest.param(b"<html>", "not_json", "not valid JSON", id="a page"),
    ],
)
def test_a_broken_line_costs_itself_alone(stage, line, code, reason):
    made = stage(b'{"post_id": "1"}\n' + line + b'\n{"post_id": "4"}\n')

    assert [(row["post_id"], row["row_no"]) for row in made.rows] == [("1", 1), ("4", 3)]
    [rejected] = made.rejects
    assert (rejected["row_no"], rejected["kind"], rejected["code"]) == (2, "malformed", code)
    assert reason in rejected["reason"]
    assert rejected["raw"] == line.decode("utf-8", "backslashreplace")
    assert made.staged.exact


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"post_id": "2", "likes": 1, "likes": 2}', id="a key twice"),
        pytest.param('{"post_id": "2", "description": "a\u2028b\u2029c\x85"}'.encode(), id="line separators"),
        pytest.param(b'{"post_id": "2", "description": "a\\u0000b", "hashtags": ["\\u0000"]}', id="NUL escapes"),
        pytest.param(b'{"post_id": "2", "photos": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", id="deep nesting"),
        pytest.param(b'{"post_id": "2", "description": "' + b"x" * 1_000_000 + b'"}', id="a megabyte of text"),
        pytest.param(b'{"post_id": "2", "stats": "{", "hashtags": "[", "input": "{{"}', id="looks nested, is text"),
        pytest.param(b'{"post_id": "2", "description": "a\x00\x1bb\tc"}', id="control characters as they are"),
        pytest.param(b'{"post_id": "2", "description": "a\\ud83d", "hashtags": ["\\udc00"]}', id="half an emoji"),
        pytest.param(b'{"post_id": "2", "likes": NaN, "views": -Infinity}', id="numbers that JSON has not"),
        pytest.param(b'{"post_id":\t"2" ,\r "likes": 1}\r', id="white space"),
        pytest.param(b'{"post_id": "2", "input": {"url": ["x"]}, "discovery_input": [1]}', id="odd inputs"),
    ],
)
def test_an_odd_line_is_a_row(stage, line):
    made = stage(b'{"post_id": "1"}\n' + line + b'\n{"post_id": "3"}\n')

    assert [row["post_id"] for row in made.rows] == ["1", "2", "3"]


def test_what_was_mended_is_a_row_and_what_was_received_stays(stage):
    line = b'{"post_id": "2", "description": "a\\ud83d", "description": "b \\ud83d"}'
    made = stage(b'{"post_id": 1}\n' + line + b"\n[]\n")

    assert [row["text"] for row in made.rows] == [None, "b \ufffd"]
    assert [text for _, text in raw.body_lines(made.files["lines"].path)] == [
        b'{"post_id": 1}',
        '{"post_id": "2", "description": "b \ufffd"}'.encode(),
        b"null",
    ]


def test_an_error_row_that_had_to_be_mended_keeps_its_text(stage):
    line = b'{"error": "no \\ud83d", "error_code": "blocked", "error": "no \\ud83d"}'

    [rejected] = stage(line).rejects

    assert (rejected["kind"], rejected["reason"], rejected["raw"]) == ("error", "no \ufffd", line.decode())


def test_blank_lines_count_for_the_numbers_and_for_nothing_else(stage):
    made = stage(b'\xef\xbb\xbf{"post_id": "1"}\r\n\r\n  \n{"post_id": "2"}\n\n{"post_id": "3"}')

    assert [(row["post_id"], row["row_no"]) for row in made.rows] == [("1", 1), ("2", 4), ("3", 6)]
    assert (made.staged.lines, made.staged.data_rows, made.rejects) == (3, 3, [])


def test_an_empty_body_makes_no_files(stage):
    made = stage(b"")

    assert (made.staged.files, made.staged.lines) == ((), 0)
    assert made.staged.per_source == (transform.SourceCount(7, 0, 0, 0, None),)


def test_a_line_that_is_too_long_is_rejected(stage, monkeypatch):
    for module in (raw, transform.rejects):
        monkeypatch.setattr(module, "LONGEST_LINE", 1000)
    made = stage(b'{"post_id": "1"}\n{"post_id": "' + b"2" * 5000 + b'"}\n{"post_id": "3"}\n')

    assert [row["post_id"] for row in made.rows] == ["1", "3"]
    assert [(one["code"], len(one["raw"])) for one in made.rejects] == [("too_long", 1000)]


HOSTILE = [
    {"post_id": 1, "description": "a\x00b", "hashtags": "x, y", "likes": 2.98e33},
    {"post_id": "2", "stats": {"views": "7"}, "photos": [{"url": "https://x/1"}], "date_posted": 1705060800},
    {**ASKED, "error": "e", "error_code": "crawl_failed"},
    {**ASKED, "warning": "w", "warning_code": "dead_page"},
    {"post_id": "3", "description": "üñí 🏔️ \u2028 'quote' \"double\" \\", "input": {"url": "x"}},
]


def test_strict_and_exact_read_make_the_same_rows(stage, monkeypatch):
    strict = stage(HOSTILE)
    monkeypatch.setattr(transform._Work, "read_strictly", lambda work: False)
    exact = stage(HOSTILE)

    assert (strict.staged.exact, exact.staged.exact) == (False, True)
    for kind in ("posts", "rejects"):
        assert strict.files[kind].sha256 == exact.files[kind].sha256


def test_the_same_body_makes_the_same_files_on_any_number_of_threads(stage, monkeypatch):
    rows = [{"post_id": i, "description": f"text {i} " * (i % 90), "photos": [f"https://x/{i}"]} for i in range(40_000)]
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    made = []
    for threads in ("1", "2", "4"):
        monkeypatch.setitem(transform_session._SETTINGS, "threads", threads)
        made.append(stage(body).files["posts"].sha256)

    assert len(set(made)) == 1


MANY = [
    {"post_id": i, "description": f"text {i} " * (i % 50), "input": {"url": "https://www.instagram.com/duba"}}
    if i % 50 else {**ASKED, "error": f"error {i % 3}"}
    for i in range(1, 10_001)
]  # fmt: skip


def _in_pieces(monkeypatch, staged):
    """The same read again in pieces of some hundred kilobytes."""
    monkeypatch.setattr(raw, "CHUNK", 1 << 14)
    monkeypatch.setattr(transform, "LARGEST", 300_000)
    return staged()


def test_a_large_body_is_read_in_pieces_and_nothing_else_differs(stage, monkeypatch):
    whole = stage(MANY)
    pieces, again = (_in_pieces(monkeypatch, lambda: stage(MANY)) for _ in range(2))

    for kind, rows in (("posts", whole.rows), ("rejects", whole.rejects)):
        files = [file for file in pieces.staged.files if file.kind == kind]
        assert len(files) > 9
        names = [f"{number:02}of{len(files)}.{kind}.parquet" for number in range(1, len(files) + 1)]
        assert [file.path.name for file in files] == names == sorted(names)
        assert [row for file in files for row in pq.read_table(file.path).to_pylist()] == rows
        assert sum(file.rows for file in files) == len(rows)
    facts = ("lines", "data_rows", "warning_rows", "error_rows", "malformed_rows", "per_source", "exact")
    assert [getattr(pieces.staged, name) for name in facts] == [getattr(whole.staged, name) for name in facts]
    assert [file.sha256 for file in pieces.staged.files] == [file.sha256 for file in again.staged.files]
    there = sorted(path.name for path in pieces.files["posts"].path.parent.iterdir())
    assert there == sorted(file.path.name for file in pieces.staged.files)


def test_a_last_line_without_end_is_a_row_of_its_piece(stage, monkeypatch):
    body = b"\n".join(json.dumps(row).encode() for row in MANY[:-1])
    made = _in_pieces(monkeypatch, lambda: stage(body))

    assert not made.staged.exact
    assert (made.staged.data_rows, made.staged.error_rows) == (9_800, 199)


# Lines that the strict read stops at, and what becomes of them.
ODD = {
    b"oops\n": "reject",
    b"\n": "nothing",
    b"\f\n": "reject",  # DuckDB reads it as a blank, and does not know its type
    b'{"error": "e"}\v\n': "reject",
    b'{"post_id": 1, "post_id": 2}\n': "row",
    b'\xef\xbb\xbf{"post_id": 1}\n': "row",
}


@pytest.mark.parametrize("line", ODD)
def test_one_line_that_is_no_row_makes_the_pieces_one_body_again(stage, monkeypatch, line):
    body = b"".join(json.dumps(row).encode() + b"\n" for row in MANY)
    made = _in_pieces(monkeypatch, lambda: stage(body + line))

    assert sorted(file.path.name for file in made.staged.files) == [
        "lines.ndjson.zst",
        "posts.parquet",
        "rejects.parquet",
    ]
    assert made.staged.exact
    assert [row["row_no"] for row in made.rows][:9_800] == [n for n in range(1, 10_001) if n % 50]
    there = sorted(path.name for path in made.files["posts"].path.parent.iterdir())
    assert there == sorted(file.path.name for file in made.staged.files)


def test_each_of_three_spellings_of_an_address_has_its_own_rows(stage):
    """The vendor repeats what it was asked letter by letter; another spelling belongs to the first who asked alike."""
    urls = ("https://www.instagram.com/tea7/", "https://instagram.com/tea7", "https://www.instagram.com/tea7/?hl=en")
    sources = tuple(SourceRef(n, url, f"creator {n}", None, {"url": url}) for n, url in enumerate(urls, start=1))
    rows = [{"post_id": str(n), "input": {"url": url}} for n, url in enumerate([*urls, "http://instagram.com/tea7/"])]
    made = stage(rows, sources=sources)

    assert [(row["post_id"], row["source_id"]) for row in made.rows] == [("0", 1), ("1", 2), ("2", 3), ("3", 1)]


@pytest.mark.parametrize(("line", "becomes"), ODD.items())
def test_one_line_that_the_strict_read_stops_at_costs_no_other(stage, line, becomes):
    made = stage(b'{"post_id": "1"}\n' + line + b'{"post_id": "3"}\n')

    assert [row["row_no"] for row in made.rows] == ([1, 2, 3] if becomes == "row" else [1, 3])
    assert [row["row_no"] for row in made.rejects] == ([2] if becomes == "reject" else [])
    assert made.staged.exact


def test_a_byte_order_mark_is_left_to_no_later_reader(stage):
    """DuckDB takes it away with one thread and refuses the body with more, as `records` reads it."""
    made = stage(b'\xef\xbb\xbf{"post_id": "1"}\n{"post_id": "2"}\n')

    assert [row["post_id"] for row in made.rows] == ["1", "2"]
    assert made.files["lines"].rows == 2


def test_no_line_is_taken_for_a_compressed_body(tmp_path, order):
    (tmp_path / "lines").write_bytes(b"\x28\xb5\x2f\xfd\n" + b'{"post_id": "1"}\n')
    kept = raw.store_raw([tmp_path / "lines"], tmp_path / "raw.csv.zst")

    staged = transform.transform(kept.path, order(), tmp_path / "out", lines=tmp_path / "lines")

    assert (staged.data_rows, staged.malformed_rows) == (1, 1)


def test_pieces_without_rows_of_a_kind_have_no_file_of_it(stage, monkeypatch):
    errors = [{**ASKED, "error": "e" * 100}] * 5000
    made = _in_pieces(monkeypatch, lambda: stage([*errors, *MANY]))

    names = {kind: [one.path.name for one in made.staged.files if one.kind == kind] for kind in ("posts", "rejects")}
    assert names["rejects"][0].startswith("01of")
    assert not names["posts"][0].startswith("01of")
    assert (made.staged.data_rows, made.staged.error_rows) == (9_800, 5_200)


def test_rows_that_got_lost_on_the_way_stop_everything(stage, monkeypatch):
    # Stands for a defect of the reader: valid rows that come out as nothing.
    monkeypatch.setattr(transform, "_READ", transform._READ + " where post_id <> 'lost'")
    monkeypatch.setattr(transform._Work, "read_strictly", lambda work: False)

    with pytest.raises(Permanent, match="3 lines, of which 2 became rows and 1 rejects, 1 of them for no reason"):
        stage([{"post_id": "1"}, {"post_id": "lost"}, {"post_id": "3"}])


@pytest.mark.parametrize("now", [2, 4])
def test_a_body_that_is_not_the_one_that_was_counted_stops_everything(tmp_path, order, now):
    """The lines are counted as they come in; what is read later must be as many."""
    (tmp_path / "part").write_bytes(b'{"post_id": "1"}\n' * 3)
    came = raw.store_raw([tmp_path / "part"], tmp_path / "came.zst")
    (tmp_path / "part").write_bytes(b'{"post_id": "1"}\n' * now)
    other = raw.store_raw([tmp_path / "part"], tmp_path / "other.zst")

    with pytest.raises(Permanent, match=f"the body has 3 lines, of which {now} became rows"):
        transform.transform(other.path, order(), tmp_path / "out", counted=came.body)


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda data: data[:-3], id="cut short"),
        pytest.param(lambda data: data[: len(data) // 2], id="half of it"),
        pytest.param(lambda data: data[:-1] + bytes([data[-1] ^ 1]), id="another checksum"),
        pytest.param(lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:], id="a bit flipped"),
    ],
)
def test_a_damaged_body_is_named_as_such(tmp_path, order, monkeypatch, harm):
    lines = (b'{"post_id": "%d", "description": "%x"}\n' % (number, number**9) for number in range(20_000))
    (tmp_path / "part").write_bytes(b"".join(lines))
    came = raw.store_raw([tmp_path / "part"], tmp_path / "came.zst")
    came.path.write_bytes(harm(came.path.read_bytes()))

    for largest in (transform.LARGEST, 100_000):  # whole, and in pieces
        monkeypatch.setattr(transform, "LARGEST", largest)
        with pytest.raises(Permanent, match=r"is damaged: .*Restore it from a backup, or download"):
            transform.transform(came.path, order(), tmp_path / "out", counted=came.body)


def test_what_was_counted_on_arrival_is_what_counting_again_finds(tmp_path, order):
    (tmp_path / "part").write_bytes(b'{"post_id": "1"}\n{"error": "e"}\n{"post_id": "3"}')
    came = raw.store_raw([tmp_path / "part"], tmp_path / "raw.zst")
    known = raw.counted(json.loads(json.dumps(came.facts("raw.zst"))))

    made = [transform.transform(came.path, order(), tmp_path / name, counted=known) for name in ("one", "two")]
    made.append(transform.transform(came.path, order(), tmp_path / "three"))

    assert known == raw.count(came.path)
    assert raw.counted({"lines": 3}) is None
    assert len({tuple(one.sha256 for one in staged.files) for staged in made}) == 1


def test_a_strict_read_that_loses_rows_is_not_believed(stage, monkeypatch):
    sound = transform._READ
    monkeypatch.setattr(transform, "_READ", f"{sound} where post_id <> '2'")
    monkeypatch.setattr(
        transform, "mend", lambda *given: (monkeypatch.setattr(transform, "_READ", sound), mend(*given))
    )

    made = stage([{"post_id": "1"}, {"post_id": "2"}, {"post_id": "3"}])

    assert [(row["post_id"], row["row_no"]) for row in made.rows] == [("1", 1), ("2", 2), ("3", 3)]
    assert made.staged.exact


def test_lines_of_a_body_that_is_no_ndjson_go_with_it(tmp_path, order):
    (tmp_path / "body.json").write_bytes(b'[{"post_id": "1"},\n oops, {"post_id": "3"}]')
    (tmp_path / "lines").write_bytes(b'{"post_id": "1"}\noops\n{"post_id": "3"}\n')
    kept = raw.store_raw([tmp_path / "body.json"], tmp_path / "raw.json.zst")

    staged = transform.transform(kept.path, order(), tmp_path / "out", lines=tmp_path / "lines")

    [lines] = [file for file in staged.files if file.kind == "lines"]
    assert [line for _, line in raw.body_lines(lines.path)] == [
        b'{"post_id": "1"}',
        b"null",
        b'{"post_id": "3"}',
    ]
    assert (lines.rows, kept.shape) == (3, "array")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"post_id": ("id",), "surprise": ("x",)}, "posts has no column surprise"),
        ({"text": ("x",)}, "neither post_id nor url"),
        ({"post_id": ('a"b',)}, "holds a quote"),
        ({"post_id": ("id",), "text": ("ID",)}, "differ in case alone"),
    ],
)
def test_an_order_that_cannot_be_read_is_refused(stage, columns, words):
    with pytest.raises(BadInput, match=words):
        stage([{"id": 1}], columns=columns)


def test_many_large_rows_stay_within_memory(stage, monkeypatch):
    row = json.dumps({"post_id": "1", "description": "x" * 1_000_000}).encode() + b"\n"
    monkeypatch.setitem(transform_session._SETTINGS, "memory_limit", "400MB")

    made = stage(row * 300)

    assert made.staged.data_rows == 300
    groups = [pq.read_metadata(file.path).num_row_groups for file in made.staged.files]
    assert len(groups) == 2  # more than 256 MB
    assert sum(groups) > 3


def test_one_spill_folder_less(stage):
    made = stage([{"post_id": "1"}])

    assert sorted(path.name for path in made.files["posts"].path.parent.iterdir()) == ["posts.parquet"]


def _source(source_id: int, **inputs: str) -> SourceRef:
    return SourceRef(source_id, inputs.get("url", f"https://x/{source_id}"), f"c{source_id}", None, inputs)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({"discovery_input": {"url": "https://instagram.com/duba/"}}, 1, id="without www, with a slash"),
        pytest.param({"discovery_input": {"url": "HTTP://WWW.Instagram.com/duba?hl=en#top"}}, 1, id="query, fragment"),
        pytest.param({"input": {"url": "instagram.com/kara"}}, 2, id="asked for directly"),
        pytest.param(
            {
                "discovery_input": {"url": "https://instagram.com/kara"},
                "input": {"url": "https://instagram.com/duba"},
            },
            2,
            id="what was discovered from counts first",
        ),
        pytest.param(
            {"discovery_input": {"limit": 5}, "input": {"url": "https://instagram.com/duba"}},
            1,
            id="then what was asked",
        ),
        pytest.param({"discovery_input": '{"url": "https://instagram.com/kara"}'}, 2, id="as JSON text"),
        pytest.param({"discovery_input": {"url": "https://instagram.com/Duba"}}, 1, id="a handle has no case"),
        pytest.param({"discovery_input": {"url": "https://m.instagram.com/du%62a/?igsh=1"}}, 1, id="m., percent signs"),
        pytest.param({"discovery_input": {"url": "https://instagram.com/reel/AbC/"}}, 5, id="a reel is a post"),
        pytest.param({"discovery_input": {"url": "https://instagram.com/p/abc"}}, None, id="an id has its case"),
        pytest.param({"discovery_input": {"url": "https://instagram.com/duba2"}}, None, id="longer is another"),
        pytest.param({"user_posted": "duba", "url": "https://instagram.com/duba"}, None, id="never by the author"),
        pytest.param(
            {"discovery_input": {"url": "https://facebook.com/profile.php?id=2&sk=x"}},
            4,
            id="id in the query",
        ),
        pytest.param({"discovery_input": {"url": "https://facebook.com/profile.php?id=3"}}, None, id="another id"),
        pytest.param({"discovery_input": None, "input": None}, None, id="nothing was said"),
    ],
)
def test_rows_belong_to_the_source_that_asked(stage, asked, expected):
    sources = (
        _source(9, url="https://www.instagram.com/duba/"),
        _source(1, url="https://www.instagram.com/duba"),
        _source(2, url="https://instagram.com/kara?utm=1"),
        _source(3, url="https://www.facebook.com/profile.php?id=1"),
        _source(4, url="https://www.facebook.com/profile.php?id=2"),
        _source(5, url="https://www.instagram.com/p/AbC/"),
    )

    [row] = stage([{"post_id": "1", **asked}], sources=sources).rows

    assert row["source_id"] == expected
    assert row["creator"] == (f"c{expected}" if expected else None)


def test_sources_that_were_asked_with_several_keys(stage):
    sources = (
        _source(1, keyword="Data Engineer", location="Oslo"),
        _source(2, keyword="data engineer", location="Bergen"),
        _source(3, keyword="Data Engineer"),
        _source(4, location="Paris, FR\x1f'"),
        _source(5),
    )
    asked = [
        {"keyword": "DATA engineer", "location": "bergen"},
        {"keyword": "data engineer", "location": "Oslo", "country": "NO"},
        {"keyword": "data engineer", "location": "Rome"},
        {"keyword": "data", "location": "paris, fr\x1f'"},
        {"keyword": "data"},
    ]

    rows = stage(
        [{"post_id": i, "discovery_input": one} for i, one in enumerate(asked)],
        sources=sources,
        match_keys=("keyword", "location"),
    ).rows

    assert [row["source_id"] for row in rows] == [2, 1, 3, 4, None]


def test_each_source_is_counted_apart(stage):
    sources = (_source(2, url="https://x/b"), _source(1, url="https://x/a"))
    a, b = {"input": {"url": "https://x/a"}}, {"input": {"url": "https://x/b"}}
    made = stage(
        [
            {"post_id": 1, **a},
            {"post_id": 2, **a},
            {"warning": "w1", **b},
            {"error": "e1", **b},
            {"error": "e1", **b},
            {"post_id": 3},
        ],
        sources=sources,
    )

    assert made.staged.per_source == (
        transform.SourceCount(1, 2, 0, 0, None),
        transform.SourceCount(2, 0, 1, 2, "e1"),
    )
    assert [one["source_url"] for one in made.rejects] == ["https://x/b"] * 3
