"""Questions over many published snapshots, beside the least that could answer them: one file, one finished table."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from benchmarks.published import publish
from benchmarks.results import Contender, Figure, Ratio
from workbench.workbench import Workbench, open_workbench

QUESTIONS = {
    "top creators": "select author, sum(like_count) from {} group by all order by 2 desc, 1 limit 10",
    "posts per day": "select published_at::date, count(*) from {} group by all order by 1",
}
AIM = 2.0
# snapshots and rows in each: many small ones, and many rows
_MANY = {"small": (30, 50), "usual": (2_000, 200), "full": (10_000, 200)}
_LARGE = {"small": (10, 200), "usual": (200, 10_000), "full": (1_000, 10_000)}
_LATE = 20  # snapshots that come after the compaction
_ROUNDS = 7

Ask = Callable[[str], list[tuple]]  # a question with its table's name to fill in → the answer


def run(size: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield from snapshots(Path(folder), *_MANY[size])
    with tempfile.TemporaryDirectory() as folder:
        yield latest(Path(folder), *_LARGE[size])


def snapshots(folder: Path, count: int, rows: int) -> Iterator[Figure]:
    """Many published snapshots, compacted, beside one Parquet file of the same rows as they came."""
    with open_workbench(folder / "home") as workbench, duckdb.connect() as bare:
        publish(workbench, count, rows)
        one = folder / "one.parquet"
        bare.execute(f"copy (from '{workbench.settings.lake}/*/*/*/*/*.parquet') to '{one}' (compression zstd)")
        before = _milliseconds({"before": _ours(workbench, "posts")}, rounds=3)["before"]
        workbench.keeping.compact()
        anew = [_once(lambda query=query: workbench.lake.refreshed(query)) for query in ("from posts", "from runs")]
        asked = {"ours": _ours(workbench, "posts"), "bare": lambda question: _all(bare, question, f"'{one}'")}
        found = _milliseconds(asked)
    yield Figure(
        name="snapshots",
        title=f"{count:,} published snapshots, {count * rows:,} posts",
        contenders=(
            Contender("wb.sql after compaction", found["ours"]),
            Contender("DuckDB on one Parquet file", found["bare"]),
            Contender("wb.sql before compaction", before),
        ),
        ratios=_ratios(found),
        drawn="top creators ms",
        words="The same question again and again in one process, as in a notebook. The one file has the same rows in "
        "the order they came. The first question after something changed also makes the views anew, "
        f"{anew[0]:,.0f} ms, and copies the ledger's tables where it names one: {anew[1]:,.0f} ms.",
    )


def latest(folder: Path, count: int, rows: int) -> Figure:
    """The newest scrape of every post, beside a table in which somebody has already put it."""
    with open_workbench(folder / "home") as workbench, duckdb.connect(str(folder / "one.duckdb")) as bare:
        publish(workbench, count, rows)
        workbench.keeping.compact()
        bare.execute(f"""
            create table latest as from '{workbench.settings.lake}/*/*/*/*/*.parquet'
            qualify row_number() over (partition by platform, post_id
                                       order by scraped_at desc, snapshot_id desc, row_no desc) = 1
        """)
        asked = {"ours": _ours(workbench, "posts_latest"), "bare": lambda question: _all(bare, question, "latest")}
        found = _milliseconds(asked)
        publish(workbench, min(_LATE, count), rows, first=count)
        late = _milliseconds({"late": _ours(workbench, "posts_latest")}, rounds=3)["late"]
    return Figure(
        name="latest",
        title=f"The newest scrape of every post, {count * rows:,} rows",
        contenders=(
            Contender("posts_latest after compaction", found["ours"]),
            Contender("a table made beforehand in DuckDB", found["bare"]),
            Contender(f"posts_latest with {min(_LATE, count)} newer snapshots", late),
        ),
        ratios=_ratios(found),
        drawn="top creators ms",
        words="The table is the best case: DuckDB's own format, made of the same rows before the question is asked. "
        "Between two compactions the newer snapshots are compared as the question is asked.",
    )


def _ours(workbench: Workbench, view: str) -> Ask:
    return lambda question: workbench.sql(question.format(view)).fetchall()


def _once(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return (time.perf_counter() - begun) * 1000


def _all(connection: duckdb.DuckDBPyConnection, question: str, rows: str) -> list[tuple]:
    return connection.execute(question.format(rows)).fetchall()


def _milliseconds(asked: dict[str, Ask], rounds: int = _ROUNDS) -> dict[str, dict[str, float]]:
    """In turns, after one question that nobody counts; the contenders have to agree."""
    seen: dict[str, dict[str, list[float]]] = {name: {} for name in asked}
    for question, text in QUESTIONS.items():
        answers = {name: ask(text) for name, ask in asked.items()}
        assert len(set(map(str, answers.values()))) == 1, answers
        for _ in range(rounds):
            for name, ask in asked.items():
                seen[name].setdefault(f"{question} ms", []).append(_once(lambda ask=ask, text=text: ask(text)))
    return {name: {what: statistics.median(times) for what, times in columns.items()} for name, columns in seen.items()}


def _ratios(found: dict[str, dict[str, float]]) -> tuple[Ratio, ...]:
    return tuple(Ratio(f"{what.removesuffix(' ms')}, ours ÷ bare", found["ours"][what] / found["bare"][what], AIM)
                 for what in found["ours"])  # fmt: skip
