"""`workbench import`: once, resumable, attributed where it can be, and a named error for what is no body."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Home
from tests.collect.datasets.conftest import FAST, records, rows_of
from workbench.brightdata import rows
from workbench.collect import importing, imports
from workbench.errors import BadInput
from workbench.lake import raw, rejects, repair
from workbench.workbench import Workbench

REPO = Path(__file__).parents[3]
TEA, COFFEE = "https://www.instagram.com/tea.club/", "https://www.instagram.com/coffee.club"


def post(number: int, asked: str = TEA, **more: Any) -> dict[str, Any]:
    return {
        "url": f"https://www.instagram.com/p/P{number}/", "post_id": str(number), "user_posted": "tea.club",
        "description": f"post {number}", "likes": number, "date_posted": "2025-09-02T10:00:00.000Z",
        "timestamp": "2025-10-02T08:00:00.000Z", "discovery_input": {"url": asked}, **more,
    }  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*content: dict[str, Any] | bytes, name: str = "body") -> Path:
        path = tmp_path / name
        parts = [one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in content]
        path.write_bytes(b"".join(parts))
        return path

    return write


def brought(workbench: Workbench, path: Path, **more: Any) -> dict[str, Any]:
    return workbench.imports.import_file(path, "instagram/posts", **more)


def traces(workbench: Workbench) -> list[str]:
    """What an import left behind: files of the lake, and runs."""
    files = [str(path) for path in workbench.settings.lake.rglob("*") if path.is_file()]
    return files + [run["name"] for run in workbench.status()["runs"]]


# once ------------------------------------------------------------------------------------------------


def test_it_is_a_run_of_its_own_with_raw_bytes_as_they_were(workbench: Workbench, file: Any) -> None:
    path = file(post(1), post(2))
    done = brought(workbench, path, name="Old tool", project="spring")
    (run,) = workbench.status()["runs"]
    (kept,) = workbench.settings.lake.rglob("*.raw.ndjson.zst")

    assert (run["name"], run["project"], run["status"]) == ("Old tool", "spring", "completed")
    assert done["snapshot_id"].startswith("file_")
    assert len(done["snapshot_id"]) == len("file_") + 16
    assert b"".join(raw.body_chunks(kept)) == path.read_bytes()
    assert workbench.collect.spent_micro_usd(run["run_id"]) == 0
    assert not list((workbench.settings.lake / ".staging").iterdir())


def test_a_byte_order_mark_spoils_no_question(workbench: Workbench, file: Any) -> None:
    brought(workbench, file(b"\xef\xbb\xbf", post(1), post(2)))
    workbench.work()

    assert workbench.sql("SELECT count(*) FROM posts").fetchone() == (2,)
    assert workbench.sql("SELECT record->>'post_id' FROM records ORDER BY row_no").fetchall() == [("1",), ("2",)]


def test_the_same_file_is_never_doubled(workbench: Workbench, file: Any) -> None:
    first = brought(workbench, file(post(1)))
    head = workbench.parts.ledger.head()
    again = brought(workbench, file(post(1), name="under another name"), name="Another")

    assert (first["already_known"], again["already_known"]) == (False, True)
    assert {**first, "already_known": True} == again
    assert workbench.parts.ledger.head() == head
    assert len(rows_of(workbench, "posts")) == 1


def test_the_same_file_is_not_two_datasets(workbench: Workbench, file: Any) -> None:
    brought(workbench, file(post(1)))

    with pytest.raises(BadInput, match=r"already, as gd_lk5ns7kz21pck8jpis"):
        workbench.imports.import_file(file(post(1)), "instagram/reels")


@pytest.mark.parametrize("how", ["id", "name"])
def test_a_dataset_is_named_by_id_or_by_platform_and_service(workbench: Workbench, file: Any, how: str) -> None:
    name = "gd_lk5ns7kz21pck8jpis" if how == "id" else " Instagram/Posts"

    assert workbench.imports.import_file(file(post(1)), name)["rows"] == 1


# whose rows ------------------------------------------------------------------------------------------


def test_rows_go_to_the_sources_that_asked_and_the_rest_is_listed(workbench: Workbench, file: Any) -> None:
    workbench.collect.add_source("instagram", "posts", "http://instagram.com/tea.club", creator="Tea")
    workbench.collect.add_source("instagram", "posts", "https://www.instagram.com/never.asked/", creator="Never")
    workbench.collect.add_source("instagram", "comments", TEA.replace("tea.club", "p/1"), creator="Comments")
    done = brought(workbench, file(post(1), post(2), post(3, COFFEE), {**post(4), "discovery_input": None}))
    results = rows_of(workbench, "(SELECT *, 1 AS row_no FROM source_results)", "creator, row_count")

    assert [row["creator"] for row in rows_of(workbench, "posts")] == ["Tea", "Tea", None, None]
    assert done["unattributed_rows"] == 2
    assert sorted(done["unattributed"], key=str) == [{"asked": COFFEE, "rows": 1}, {"asked": None, "rows": 1}]
    assert results == [{"creator": "Tea", "row_count": 2}]


def test_one_known_source_is_not_given_what_others_asked_for(workbench: Workbench, file: Any) -> None:
    workbench.collect.add_source("instagram", "posts", TEA, creator="Tea")
    brought(workbench, file(post(1, COFFEE), post(2)))

    assert [row["creator"] for row in rows_of(workbench, "posts")] == [None, "Tea"]


def test_a_post_of_the_future_is_no_day_to_go_on_from(workbench: Workbench, file: Any) -> None:
    workbench.collect.add_source("instagram", "posts", TEA)
    brought(workbench, file(post(1), post(2, date_posted="2099-12-31T00:00:00.000Z")))
    (source,) = workbench.collect.sources()

    assert workbench.collect.newest_days([source.id]) == {source.id: date(2025, 9, 2)}


def test_all_of_it_is_a_source_when_a_person_says_so(workbench: Workbench, file: Any) -> None:
    path = file({**post(1), "discovery_input": None}, {**post(2), "discovery_input": None})
    done = brought(workbench, path, source_url=TEA, creator="Tea", project="spring")
    (source,) = workbench.collect.sources()

    assert (source.url, source.creator, source.project) == (TEA, "Tea", "spring")
    assert {(row["creator"], row["project"]) for row in rows_of(workbench, "posts")} == {("Tea", "spring")}
    assert (done["unattributed_rows"], done["unattributed"]) == (0, [])


def test_a_known_source_keeps_what_was_not_said(workbench: Workbench, file: Any) -> None:
    workbench.collect.add_source(
        "instagram", "posts", TEA, creator="Tea", name="The tea club", options={"num_of_posts": 3}
    )
    brought(workbench, file(post(1)), source_url=TEA, project="spring")
    (source,) = workbench.collect.sources()

    assert (source.name, source.creator, source.project) == ("The tea club", "Tea", "spring")
    assert source.options == {"num_of_posts": 3}


# what is refused --------------------------------------------------------------------------------------

COMPANY = {"id": "tea", "url": "https://www.linkedin.com/company/tea", "name": "Tea", "about": "Kettles"}
COMMENT = {
    "url": TEA, "comment_user": "x", "comment_user_url": COFFEE, "comment_date": "2025-09-02T10:00:00.000Z",
    "comment": "Lovely", "likes_number": 1, "replies_number": 1, "post_url": "https://www.instagram.com/p/1",
    "comment_id": "1", "post_id": "2",
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b" \n\n", "is empty", id="blanks"),
        pytest.param(b"[]", "without rows", id="an empty array"),
        pytest.param(b"url,post_id\r\n", "without rows", id="a header alone"),
        pytest.param(b"<!DOCTYPE html><html>Sign in</html>", "web page", id="HTML saved as .json"),
        pytest.param(b'{"status":"building","message":"try again in 30s"}', "answer about a snapshot", id="building"),
        pytest.param(b'{"data":[{"url":"x"}]}\n', "there is url alone", id="a wrapper"),
        pytest.param(b"PK\x03\x04rest", "ZIP", id="a ZIP archive"),
        pytest.param(b"PAR1rest", "Parquet", id="Parquet"),
        pytest.param("url,post_id\n1,2\n".encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(b"\x1f\x8b\x08\x00rubbish", "gzip", id="no gzip"),
        pytest.param(gzip.compress(json.dumps(post(1)).encode() * 9)[:-9], "cut off or damaged", id="half a gzip"),
        pytest.param(b"not json\nnor this\n", "alone|no JSON objects|none has", id="some text"),
        pytest.param(b"1\n2\n3\n", "none has", id="numbers"),
        pytest.param(b'"a"\n"b"\n', "none has", id="texts"),
        pytest.param(b"[1, 2, 3]", "no JSON object", id="an array of numbers"),
        pytest.param(json.dumps(COMPANY).encode(), "on www.linkedin.com", id="another platform's"),
        pytest.param(json.dumps(COMMENT).encode(), "look like those of instagram/comments", id="another dataset's"),
        pytest.param(b'{"id":"s_1","pk":"1","status":"ready"}', "there is pk alone", id="a row of a listing"),
    ],
)
def test_a_file_that_is_no_body_is_refused_by_name(workbench: Workbench, file: Any, content: bytes, words: str) -> None:
    path = file(content, name="snapshot.json")

    with pytest.raises(BadInput, match=words) as refused:
        brought(workbench, path)
    assert "snapshot.json" in refused.value.message
    assert traces(workbench) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"path": Path("/nowhere/x.json")}, "there is no file", id="no file"),
        pytest.param({"path": Path("/")}, "folder", id="a folder"),
        pytest.param({"dataset": "instagram/stories"}, "no dataset", id="no dataset"),
        pytest.param({"dataset": "gd_0"}, "no dataset", id="no such id"),
        pytest.param({"creator": "Tea"}, "source's URL", id="a creator of nobody"),
        pytest.param({"source_url": "https://www.facebook.com/tea"}, "not on instagram", id="another platform's URL"),
    ],
)
def test_an_order_that_is_refused(workbench: Workbench, file: Any, change: dict[str, Any], words: str) -> None:
    order = {"path": file(post(1)), "dataset": "instagram/posts", **change}

    with pytest.raises(BadInput, match=words):
        workbench.imports.import_file(**order)
    assert traces(workbench) == []


# what is broken ---------------------------------------------------------------------------------------


def test_of_a_broken_array_the_rows_before_the_break_are_rows(workbench: Workbench, file: Any) -> None:
    text = json.dumps([post(1), post(2), post(3)]).encode()
    done = brought(workbench, file(text[: text.index(b'"post 3"')]))
    (reject,) = rows_of(workbench, "rejects")

    assert (done["rows"], done["malformed"]) == (2, 1)
    assert [row["post_id"] for row in rows_of(workbench, "posts")] == ["1", "2"]
    assert (reject["row_no"], reject["code"]) == (3, "not_json")
    assert reject["raw"].startswith('{"url": "https://www.instagram.com/p/P3/"')
    assert records(workbench).keys() == {1, 2}


def test_shifted_columns_are_rejects_with_their_text(workbench: Workbench, file: Any) -> None:
    body = b"url,post_id,description,likes\r\nhttps://www.instagram.com/p/1,1,tea,5\r\n"
    body += b"https://www.instagram.com/p/2,2,a, b, c,6\r\nhttps://www.instagram.com/p/3,3\r\n"
    body += b'https://www.instagram.com/p/4,4,"two\r\nlines",7\r\n'
    done = brought(workbench, file(body))

    assert (done["rows"], done["malformed"]) == (2, 2)
    assert [(row["post_id"], row["like_count"]) for row in rows_of(workbench, "posts")] == [("1", 5), ("4", 7)]
    assert [(row["row_no"], row["code"]) for row in rows_of(workbench, "rejects")] == [
        (2, "not_an_object"), (3, "not_an_object"),
    ]  # fmt: skip
    assert json.loads(rows_of(workbench, "rejects")[0]["raw"])[2:] == ["a", " b", " c", "6"]


def _small(monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    """Ten thousand bytes stand for ten gigabytes."""
    monkeypatch.setattr(imports, "_HEAD", 2 * longest)
    for module in (raw, repair, rejects):
        monkeypatch.setattr(module, "LONGEST_LINE", longest)
    monkeypatch.setattr(rows, "LARGEST_ROW", longest)


@pytest.mark.parametrize("form", ["ndjson", "array", "csv"])
def test_a_line_without_end_costs_itself_alone(
    workbench: Workbench, file: Any, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    _small(monkeypatch, 1000)
    long = b"x" * 10_000
    head, one = b"url,post_id\n", b"https://www.instagram.com/p/1,1\n"
    bodies = {
        "ndjson": [post(1), b'{"post_id": "2", "description": "' + long + b'"}\n', post(3)],
        "array": [b"[", json.dumps(post(1)).encode(), b',{"post_id": "2", "description": "' + long],
        "csv": [head, one, long + b"\n", one.replace(b"1", b"3")],
    }
    done = brought(workbench, file(*bodies[form]))

    assert done["state"] == "published"
    assert [row["post_id"] for row in rows_of(workbench, "posts")] == ["1", "3"][: done["rows"]]
    assert done["rows"] == (1 if form == "array" else 2)
    assert done["malformed"] >= 1
    assert max(len(row["raw"]) for row in rows_of(workbench, "rejects")) <= 1010


def test_raw_bytes_that_are_gone_are_put_back(workbench: Workbench, file: Any) -> None:
    done = brought(workbench, path := file(post(1)))
    (kept,) = workbench.settings.lake.rglob("*.raw.ndjson.zst")
    whole = kept.read_bytes()
    kept.unlink()
    left = list[str]()
    workbench.recover.reprocess([done["snapshot_id"]], on_left=left.append)
    stays = workbench.status()["runs"][0]["jobs"][0]["snapshots"][0]
    again = brought(workbench, path)

    assert (stays["state"], len(left), "workbench import" in left[0]) == ("published", 1, True)
    assert (again["state"], again["rows"], kept.read_bytes()) == ("published", 1, whole)


# interrupted -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["ensure_job", "move_into_place", "adopt", "work"])
def test_an_interrupted_import_goes_on(
    workbench: Workbench, file: Any, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Stopped at any of its four doors and begun again, it is one run with every row once."""
    path = file(*(post(number) for number in range(20)))
    with monkeypatch.context() as stopped:
        place: Any = {"move_into_place": importing, "work": workbench.working}.get(point, importing.recovering)
        stopped.setattr(place, point, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            brought(workbench, path)
    assert rows_of(workbench, "posts") == []
    done = brought(workbench, path)

    assert (done["state"], done["rows"]) == ("published", 20)
    assert len(workbench.status()["runs"]) == 1
    assert len({row["post_id"] for row in rows_of(workbench, "posts")}) == 20
    assert len(list(workbench.settings.lake.rglob("*.raw.*"))) == 1


@pytest.mark.slow
def test_killed_at_any_moment_it_is_whole_or_absent(tmp_path: Path) -> None:
    """A process that imports is killed, earlier each time; then the same command finishes."""
    path, home = tmp_path / "body.csv", tmp_path / "home"
    home.mkdir()
    with path.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["url", "post_id", "description"])
        writer.writerows([f"https://www.instagram.com/p/{n}", n, "x" * 500] for n in range(30_000))
    settings = {f"WORKBENCH_{name.upper()}": str(value) for name, value in FAST.items()}
    env = {**os.environ, **settings, "WORKBENCH_HOME": str(home), "PYTHONPATH": str(REPO)}
    env |= {"WORKBENCH_BRIGHTDATA_URL": "http://127.0.0.1:9", "WORKBENCH_MODE": "practice"}
    command = [sys.executable, "-m", "workbench.cli", "import", str(path), "--dataset", "instagram/posts", "--json"]
    for seconds in (2.5, 1.2):
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["rows"], told["malformed"]) == ("published", 30_000, 0)
    listed = subprocess.run(
        [*command[:3], "sql", "SELECT count(*) n, count(DISTINCT post_id) d FROM posts", "--format", "json"],
        env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert json.loads(listed.stdout) == [{"n": 30_000, "d": 30_000}]


# the command -------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_file(workbench: Workbench, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces, whatever the form: no read asks for more than a megabyte or two."""
    asked: list[int] = []
    read = io.BufferedReader.read

    class Reader(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(-1 if size is None else size)
            return read(self, size)

    monkeypatch.setattr(imports.io, "BufferedReader", Reader)
    brought(workbench, file(*(post(number) for number in range(3000))))

    assert asked
    assert 0 < min(asked) <= max(asked) <= imports._HEAD


def test_the_command_says_what_came_of_it(tmp_path: Path, file: Any) -> None:
    path = file(post(1), {"error": "gone", "error_code": "dead_page"}, post(2, COFFEE))
    home = Home(tmp_path)
    named = ("import", str(path), "--dataset")
    first, again = (home.here(*named, "instagram/posts") for _ in range(2))
    other, refused = home.here("import", str(path)), home.here(*named, "tiktok/posts", "--json")

    assert (first.code, again.code, other.code, refused.code) == (0, 0, 2, 2)
    assert "2 rows, 1 reject" in first.out
    assert COFFEE in first.out
    assert "nothing is doubled" in again.err
    assert "on www.instagram.com" in refused.out + refused.err
    assert not (tmp_path / "data" / "sandbox").exists(), "what is on our disk is read without a stand-in"
