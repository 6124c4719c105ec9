"""The lake is plain Parquet in folders: whatever else people read Parquet with gives the same counts as we do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house import House
from workbench.sandbox.serve import Sandbox

# rows, different posts, sum of likes, newest post (microseconds since 1970), rows that have hashtags
Answer = tuple[int, int, int, int, int]
QUERY = """
SELECT count(*), count(DISTINCT post_id), sum(like_count)::BIGINT, epoch_us(max(published_at)),
       count(hashtags) FROM {}
"""
COLUMNS = ["platform", "post_id", "like_count", "published_at", "hashtags"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Answer]]:
    """The tree of two runs, and what we answer of it."""
    folder = tmp_path_factory.mktemp("readers")
    with Sandbox(folder / "sandbox", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        house = House(folder / "home", sandbox)
        for names in (["tea", "rain"], ["fog"]):
            house.start(names)
        with house.open() as workbench:
            workbench.work()
            expected = workbench.sql(QUERY.format("posts")).fetchone()
            workbench.keeping.compact()  # which must not change what others find in the tree
            yield workbench.settings.lake, expected


def files(lake: Path) -> list[str]:
    """As a person would name them: the tree of folders, without what begins with a dot."""
    return sorted(str(path) for path in lake.glob("[!.]*/**/*.posts.parquet"))


def of_pandas(lake: Path) -> Answer:
    import pandas as pd

    return of_frame(pd.read_parquet(files(lake), columns=COLUMNS))


def of_frame(frame: Any) -> Answer:
    newest = frame["published_at"].max().value // 1_000
    ids = frame["post_id"].dropna().nunique()
    return len(frame), ids, int(frame["like_count"].sum()), newest, int(frame["hashtags"].notna().sum())


def of_polars(lake: Path) -> Answer:
    pl = pytest.importorskip("polars")
    found = pl.scan_parquet(files(lake)).select(
        pl.len().alias("rows"),
        pl.col("post_id").drop_nulls().n_unique(),
        pl.col("like_count").sum(),
        pl.col("published_at").max().dt.epoch("us"),
        pl.col("hashtags").count(),
    )
    return found.collect().row(0)


def of_dask(lake: Path) -> Answer:
    dd = pytest.importorskip("dask.dataframe")
    return of_frame(dd.read_parquet(files(lake), columns=COLUMNS).compute(scheduler="synchronous"))


def of_duckdb_program(lake: Path) -> Answer:
    beside = Path(sys.executable).with_name("duckdb")
    program = str(beside) if beside.exists() else shutil.which("duckdb")
    if program is None:
        pytest.skip("DuckDB's own program is not installed (pip install duckdb-cli)")
    query = QUERY.format(f"'{lake}/*/*/*/*/*.posts.parquet'")
    done = subprocess.run([program, "-json", "-c", query], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return tuple(json.loads(done.stdout)[0].values())


def of_spark(lake: Path) -> Answer:
    sql = pytest.importorskip("pyspark.sql", reason="Spark is not installed (pip install pyspark; it needs a Java)")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java, and there is none")
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.driver.host": "127.0.0.1"}
    builder = sql.SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        spark.read.parquet(*files(lake)).createOrReplaceTempView("posts")
        query = QUERY.format("posts").replace("epoch_us", "unix_micros")
        return tuple(spark.sql(query).collect()[0])
    finally:
        spark.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("read", [of_pandas, of_polars, of_dask, of_duckdb_program, of_spark])
def test_the_tree_is_read_by(lake: tuple[Path, Answer], read: Callable[[Path], Answer]) -> None:
    tree, expected = lake

    assert read(tree) == expected
    assert expected[0] > 0
