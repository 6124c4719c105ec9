"""Files as they really come: damaged, rewritten by spreadsheets and programs, in other shapes. What they mean, or a word."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.collect.datasets.conftest import rows_of
from workbench.errors import BadInput
from workbench.workbench import Workbench

# ruff: noqa: E501 - tables of cases, one a line
ROW = {
    "url": "https://www.instagram.com/p/AAA", "user_posted": "someone", "description": "text", "num_comments": 1,
    "date_posted": "2026-10-01T10:00:00.000Z", "likes": 5, "post_id": "3802728663289564700", "hashtags": ["#a"],
    "photos": ["https://cdn/x.jpg"], "timestamp": "2026-11-01T00:00:00.000Z",
}  # fmt: skip
CSV = "url,post_id,user_posted,date_posted,likes,num_comments,description\n"


def posts(count: int = 3, **changed: Any) -> list[dict[str, Any]]:
    return [{**ROW, "url": f"{ROW['url']}{n}", "post_id": f"380272866328956470{n}", **changed} for n in range(count)]


def line(number: int, text: str) -> str:
    return f"https://www.instagram.com/p/A{number},380272866328956470{number},someone,2026-10-01T10:00:00.000Z,{number},1,{text}\n"


@pytest.fixture
def bring(workbench: Workbench, tmp_path: Path) -> Any:
    def bring(body: bytes | str, name: str = "rows.json", dataset: str = "instagram/posts") -> dict[str, Any]:
        (tmp_path / name).write_bytes(body.encode() if isinstance(body, str) else body)
        return workbench.imports.import_file(tmp_path / name, dataset)

    return bring


def test_counts_as_people_write_them(workbench: Workbench, bring: Any) -> None:
    means = {
        "1,234": 1234, "1.234": 1234, "1 234": 1234, "1\u202f234": 1234, "1'234": 1234, "1,23,456": 123456, "1.234.567": 1234567,
        "1234.0": 1234, "1,234.0": 1234, "1 234,00": 1234, "\u0661\u066c\u0662\u0663\u0664": 1234, "1e3": 1000, " 42 ": 42, "+7": 7,
        "\u0663\u0664": 34, "0": 0, "9223372036854775807": (1 << 63) - 1,
    }  # fmt: skip
    fit_nothing = [
        -1,
        "-1",
        1234.5,
        "1,23",
        "0.500",
        "1,234K",
        "12 34",
        "3 4",
        "1.234,567.0",
        "1.2K",
        "12.3M",
        True,
        "N/A",
        {"count": 5},
        [5],
        "9223372036854775808",
        "1_000",
        "0x10",
        "12 likes",
    ]
    nothing = ["", None, "null", "NaN", "None"]
    given = [*means, *fit_nothing, *nothing]

    done = bring(
        "".join(json.dumps({**ROW, "url": f"{ROW['url']}{n}", "likes": one}) + "\n" for n, one in enumerate(given))
    )

    read = [row["like_count"] for row in rows_of(workbench, "posts")]
    assert dict(zip(given[: len(means)], read, strict=False)) == means
    assert read[len(means) :] == [None] * (len(fit_nothing) + len(nothing))
    assert done["misfits"] == {"like_count": len(fit_nothing)}
    (snapshot,) = workbench.status()["runs"][0]["jobs"][0]["snapshots"]
    assert snapshot["misfits"] == done["misfits"]
    assert workbench.sql("SELECT misfits::VARCHAR FROM brightdata_snapshots").fetchall() == [('{"like_count": 19}',)]


def test_what_did_not_fit_is_counted_for_each_source(workbench: Workbench, bring: Any) -> None:
    workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/tea.club/")
    asked = {"discovery_input": {"url": "https://instagram.com/Tea.Club"}}

    bring("".join(json.dumps(one) + "\n" for one in [*posts(2, likes="many", **asked), *posts(1, date_posted="soon")]))

    found = workbench.sql("SELECT source_id, row_count, misfits::VARCHAR FROM source_results").fetchall()
    assert found == [(1, 2, '{"like_count": 2}')]


def test_ids_that_a_program_took_for_numbers(workbench: Workbench, bring: Any) -> None:
    ids = {
        "3.8027286632895647e+18": None,
        "3.80273E+18": None,
        "3802728663289564701.0": None,
        "123.0": "123",
        "3802728663289564701": "3802728663289564701",
        " 3802728663289564701\t": "3802728663289564701",
        '="3802728663289564701"': "3802728663289564701",
        "'3802728663289564701": "3802728663289564701",
        "-1": None,
    }

    done = bring(
        "".join(
            json.dumps({**ROW, "post_id": one, "pk": None, "url": "https://www.instagram.com/x"}) + "\n" for one in ids
        )
    )

    assert [row["post_id"] for row in rows_of(workbench, "posts")] == list(ids.values())
    assert done["misfits"] == {"post_id": 4}
    rounded = [{**ROW, "post_id": f"38027286632895{n}0000"} for n in range(4)]
    with pytest.raises(BadInput, match="4 of 4 ids in post_id end in zeros"):
        bring(json.dumps(rounded))


def test_lists_as_programs_print_them(workbench: Workbench, bring: Any) -> None:
    printed = [
        "['#a', '#b']",
        "['#a' '#b']",
        '["#a", "#b"]',
        "a, b",
        "array(['a', 'b'], dtype=object)",
        "[{'hashtag': '#a'}, {'hashtag': 'b'}]",
    ]

    bring(json.dumps([{**one, "hashtags": text} for one, text in zip(posts(len(printed)), printed, strict=True)]))

    assert [row["hashtags"] for row in rows_of(workbench, "posts")] == [["a", "b"]] * len(printed)


def test_a_csv_that_is_damaged_loses_the_damaged_lines_and_no_others(workbench: Workbench, bring: Any) -> None:
    body = CSV + line(1, '"text 1"') + line(5, '"6 inch" pizza') + line(6, '"never closed') + line(2, '"text, 2"')
    done = bring(body + line(4, '"this text was cut of')[:-1], "a.csv")

    assert (done["rows"], done["malformed"]) == (3, 2)
    assert [row["text"] for row in rows_of(workbench, "posts")] == ["text 1", '"6 inch" pizza', "text, 2"]
    assert {row["code"] for row in rows_of(workbench, "rejects")} == {"not_json"}


REFUSED = {
    "cp1252.csv": ((CSV + line(1, '"caf\xe9"')).encode("cp1252"), "line 2: this is not UTF-8 text"),
    "utf16.csv": ((CSV + line(1, "a")).encode("utf-16-le"), "UTF-16"),
    "running.json": (b'{"snapshot_id":"s_m9m","message":"Your request is still in progress"}', "an answer about a snapshot"),
    "status.json": (b'{"snapshot_id":"s_abc","dataset_id":"gd_lk5ns7kz21pck8jpis","status":"collecting"}', "an answer about a snapshot"),
    "ready.json": (b'{"status": "ready"}', "an answer about a snapshot"),
    "standing.json": (b'{"id":"s_abc","status":"failed","created":"2026-01-01T00:00:00Z","warning":"y"}', "an answer about a snapshot"),
    "listed.json": (b'[{"id":"s_abc","status":"ready","dataset_id":"gd_x"}]', "an answer about a snapshot"),
    "said.txt": (b"Snapshot is not ready yet, try again in 10s", "an answer about a snapshot, not its rows: Snapshot is not ready"),
    "turned.json": (json.dumps({key: [value, value] for key, value in ROW.items()}).encode(), 'The first one: {"url": ["https'),
    "keyed.json": (json.dumps({"a": ROW}).encode(), 'The first one: {"a": {"url"'),
    "called.js": (b"cb(%s);" % json.dumps([ROW]).encode(), "words alone; there is nothing to bring in: cb([{"),
    "header.csv": (CSV[:30].encode(), "a header without rows, or words alone; there is nothing to bring in: url,post_id"),
    "latin.ndjson": (json.dumps({**ROW, "description": "caf\xe9"}, ensure_ascii=False).encode("latin-1"), "this is not UTF-8 text"),
    "nul.csv": ((CSV + line(1, "a\0b")).encode(), "line 2: there is a NUL byte"),
    "utf32.csv": ((CSV + line(1, "a")).encode("utf-32"), "UTF-32"),
    "words.json": (b'{"url": oops}\n', '{"url": oops}'),
    "tail.ndjson.gz": (gzip.compress(json.dumps(ROW).encode()) + b"garbage", "bytes behind the end of its gzip data"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_quoted(bring: Any, name: str) -> None:
    body, words = REFUSED[name]

    with pytest.raises(BadInput) as refused:
        bring(body, name)

    assert words in refused.value.message


def test_rows_in_other_shapes_are_the_same_rows(workbench: Workbench, bring: Any) -> None:
    rows = posts()
    shapes = {
        "pretty": "\n".join(json.dumps(one, indent=2) for one in rows), "beside": "".join(map(json.dumps, rows)),
        "old": "\r".join(map(json.dumps, rows)), "array": json.dumps(rows, indent=1),
        "wrapped": json.dumps({"success": True, "data": rows, "total": 3}), "marked": "\ufeff" + "\n".join(map(json.dumps, rows)),
        "commas": ",\n".join(map(json.dumps, rows)), "deep": json.dumps({"data": {"items": rows, "next": None}, "errors": []}),
    }  # fmt: skip
    came = {}
    for name, body in shapes.items():
        done = bring(body, name)
        came[name] = (done["rows"], done["malformed"])

    assert came == dict.fromkeys(shapes, (3, 0))
    assert workbench.sql("SELECT count(*), count(DISTINCT post_id) FROM posts_latest").fetchall() == [(3, 3)]


def test_what_is_cut_off_between_rows_or_put_together_is_told(workbench: Workbench, bring: Any) -> None:
    cut = bring(json.dumps(posts())[:-1], "cut.json")
    joined = bring(CSV + line(1, "a") + CSV + line(2, "b"), "joined.csv")

    assert [(done["rows"], done["malformed"]) for done in (cut, joined)] == [(3, 1), (2, 1)]
    assert [row["raw"] for row in rows_of(workbench, "rejects") if row["code"] == "not_json"] == ["["]


def test_a_sheet_of_a_spreadsheet_is_the_vendors_csv(workbench: Workbench, bring: Any) -> None:
    shown = (CSV + line(1, "a") + line(2, "b")).replace(",", ";").replace("\n", ";;\r\n")

    done = bring("\ufeffsep=;\r\n" + shown + ";;;;;;;;\r\n", "sheet.csv")

    assert (done["rows"], done["malformed"]) == (2, 0)


def test_values_mean_the_same_on_every_platform(workbench: Workbench, bring: Any) -> None:
    tiktok = {"url": "https://www.tiktok.com/@realhandle/video/73166", "post_id": "73166", "description": "merry", "create_time": "2023-12-25T19:06:30.000Z",
              "digg_count": 38, "comment_count": 1, "play_count": 4, "hashtags": ["merry"], "profile_username": "Some Nickname",
              "profile_url": "https://www.tiktok.com/@realhandle", "video_url": "https://v/x", "preview_image": "https://p/x"}  # fmt: skip
    linkedin = {"url": "https://it.linkedin.com/posts/acme_x-activity-7254", "id": "7254", "user_id": None, "post_text": "x", "use_url": "https://it.linkedin.com/company/acme",
                "date_posted": "2024-10-22T13:01:10.754Z", "num_likes": 1, "num_comments": 0, "hashtags": ["#Acme"], "images": ["https://i/1"], "videos": ["https://v/1"]}  # fmt: skip
    facebook = (
        "url,post_id,user_url,user_username_raw,content,date_posted,hashtags,likes,attachments,post_image\n"
        'https://www.facebook.com/a/posts/1,1,https://www.facebook.com/a,A,hi,"""2026-10-01T10:00:00.000Z""","[""acme""]",3,'
        '"[{""type"": ""Video"", ""url"": ""https://i/2"", ""video_url"": ""https://v/2""}]","""https://cdn/fb.jpg"""\n'
    )

    bring(json.dumps([tiktok]), "t.json", "tiktok/posts")
    bring(json.dumps([linkedin]), "l.json", "linkedin/posts")
    bring(facebook, "f.csv", "facebook/posts")

    found = workbench.sql("SELECT platform, author, hashtags, media_urls FROM posts ORDER BY platform").fetchall()
    assert found == [
        ("facebook", "A", ["acme"], ["https://i/2", "https://v/2", "https://cdn/fb.jpg"]),
        ("linkedin", "acme", ["Acme"], ["https://i/1", "https://v/1"]),
        ("tiktok", "realhandle", ["merry"], ["https://v/x"]),
    ]


def test_the_page_of_an_author_names_it_in_any_spelling(workbench: Workbench, bring: Any) -> None:
    pages = {
        "linkedin.com/company/acme": "acme", "https://www.linkedin.com/comm/company/acme?trk=x": "acme", "Acme Inc": None,
        "//uk.linkedin.com/in/jos%C3%A9-x/": "jos\xe9-x", "https://www.linkedin.com/school/mit/posts/": "mit",
    }  # fmt: skip
    row = {
        "id": "7254476883906482179",
        "post_text": "x",
        "date_posted": "2024-10-22T13:01:10.754Z",
        "num_likes": 1,
        "num_comments": 0,
    }
    rows = [
        {**row, "url": f"https://www.linkedin.com/posts/a-activity-{n}", "use_url": one} for n, one in enumerate(pages)
    ]

    bring(json.dumps(rows), "l.json", "linkedin/posts")

    assert [one["author"] for one in rows_of(workbench, "posts")] == list(pages.values())


def test_a_reel_is_one_post_in_whichever_dataset_it_came(workbench: Workbench, bring: Any) -> None:
    reel = {**ROW, "url": "https://www.instagram.com/reel/DTQygzxD6QC/", "shortcode": "DTQygzxD6QC", "photos": None}

    bring(json.dumps([{**reel, "post_id": "3805763842060821506"}]), "p.json")
    later = {
        **reel,
        "post_id": "3805763842060821506_1315934698",
        "views": 99,
        "video_url": "https://v/x",
        "timestamp": "2026-12-01T00:00:00.000Z",
    }
    bring(json.dumps([later]), "r.json", "instagram/reels")
    bring(json.dumps([{**reel, "post_id": None, "timestamp": "2026-10-01T00:00:00.000Z"}]), "c.json")

    found = workbench.sql("SELECT post_id, view_count FROM posts_latest").fetchall()
    assert found == [("3805763842060821506", 99)]
    assert workbench.sql("SELECT DISTINCT post_id FROM posts").fetchall() == [("3805763842060821506",)]
