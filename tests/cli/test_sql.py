"""`workbench sql`: answers in four forms, and refuses everything that is no question."""

from __future__ import annotations

import csv
import io

import pytest

QUERY = "SELECT platform, count(*) AS posts FROM posts GROUP BY ALL"


def test_the_same_answer_as_table_json_and_csv(finished):
    home, _ = finished

    table, json, listed = (home.here("sql", QUERY, "--format", each) for each in ("table", "json", "csv"))

    assert "instagram" in table.out
    assert json.json == home.here("sql", QUERY, "--json").json == [{"platform": "instagram", "posts": 3}]
    assert list(csv.DictReader(io.StringIO(listed.out))) == [{"platform": "instagram", "posts": "3"}]
    assert "PRACTICE" in table.err
    assert "PRACTICE" not in json.err + listed.err


def test_parquet_goes_to_a_file_whole(finished):
    home, _ = finished

    done = home.here("sql", "FROM posts", "--format", "parquet", "--output", "posts.parquet")

    assert done.code == 0, done.err
    assert (home.folder / "posts.parquet").read_bytes()[:4] == b"PAR1"


def test_an_answer_does_not_wait_for_pandas(finished):
    """DuckDB imports it for whatever Python hands over, and it takes longer than all the rest."""
    home, _ = finished

    done = home("sql", "FROM brightdata_snapshots", "--json", PYTHONPROFILEIMPORTTIME="1")

    assert done.json[0]["state"] == "published"
    assert " duckdb\n" in done.err
    assert "pandas.core" not in done.err


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("DROP TABLE runs", "only questions", id="a change"),
        pytest.param("COPY runs TO 'x.csv'", "only questions", id="a file written"),
        pytest.param("SELECT 1; SELECT 2", "one statement", id="two statements"),
        pytest.param("SELECT nope FROM posts", "nope", id="an unknown column"),
        pytest.param("SELECT * FROM read_text('/etc/hostname')", "/etc/hostname", id="a file outside of the lake"),
        pytest.param("SELEKT", "SELEKT", id="no SQL"),
        pytest.param("SELECT error('mid-way')", "mid-way", id="an error while it answers"),
    ],
)
def test_what_is_no_question_or_cannot_be_answered_is_refused(finished, query, said):
    home, _ = finished

    done = home.here("sql", query)

    assert done.code == 2, done.err
    assert said in done.err
    assert "bug" not in done.err
