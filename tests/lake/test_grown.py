"""A column is added: files of before are read with NULL in it, whichever they are, and nothing stops meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from workbench.lake.catalog import Catalog, TableFile
from workbench.lake.compaction import compact
from workbench.lake.schema import COLUMNS


def aged(source: Path, target: Path, *, without: str, odd: str | None = None) -> Path:
    """The file as it was before the column `without` came; `odd` has another type in it."""
    table = pq.read_table(source).drop_columns([without])
    if odd:
        at = table.column_names.index(odd)
        table = table.set_column(at, odd, table.column(odd).cast("string"))
    pq.write_table(table, target)
    return target


@pytest.fixture
def lake(tmp_path: Path, stage: Callable[..., Any]) -> Iterator[tuple[Catalog, list[TableFile]]]:
    """Two files of before a column came, one of today, in this order: the first tells DuckDB what columns there are."""
    rows = [{"post_id": str(number), "url": f"https://x/{number}", "likes": number} for number in range(3)]
    made = stage(rows).files["posts"].path
    folder = tmp_path / "lake"
    folder.mkdir()
    files = [
        aged(made, folder / "a.parquet", without="share_count"),
        aged(made, folder / "b.parquet", without="view_count", odd="like_count"),
        Path(made).rename(folder / "c.parquet"),
    ]
    listed = [TableFile("posts", file.name, f"sd_{number}", "gd_1", 3) for number, file in enumerate(files)]
    catalog = Catalog(folder)
    yield catalog, listed
    catalog.close()


def test_a_younger_column_is_null_in_older_files_and_types_are_pinned(lake: Any) -> None:
    catalog, files = lake
    catalog.refresh(files, {})
    told = catalog.connection.sql("select count(*), sum(like_count), count(share_count) from posts").fetchone()

    assert told == (9, 9, 0)
    for view in ("posts", "posts_latest"):
        described = catalog.connection.sql(f"describe {view}").fetchall()
        types = {name: kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for name, kind, *_ in described}
        assert types == COLUMNS["posts"], view


@pytest.mark.parametrize("which", [(0,), (1, 0), (0, 1, 2), (2, 0)])
def test_whichever_files_there_are(lake: Any, which: tuple[int, ...]) -> None:
    catalog, files = lake
    catalog.refresh([files[number] for number in which], {})

    assert catalog.connection.sql("select count(*) from posts").fetchone() == (3 * len(which),)
    assert catalog.connection.sql("select count(*) from posts_latest").fetchone() == (3,)


def test_old_and_new_files_are_compacted_into_one_and_old_compacted_ones_are_read(lake: Any, tmp_path: Path) -> None:
    catalog, files = lake
    made = compact(catalog.lake, "posts", files, tmp_path / "scratch")

    assert pq.read_schema(catalog.lake / made.whole.path).names == list(COLUMNS["posts"])
    compacted = [TableFile(one.kind, one.path, "", None, one.rows) for one in (made.whole, made.latest)]
    for one in compacted:  # both were made before the column came
        path = catalog.lake / one.path
        aged(path, path.with_suffix(".old"), without="share_count").rename(path)
    catalog.refresh([*compacted, files[0]], {})

    assert catalog.connection.sql("select count(*), count(share_count) from posts").fetchone() == (12, 0)
    assert catalog.connection.sql("select count(*) from posts_latest").fetchone() == (3,)
    again = compact(catalog.lake, "posts", [compacted[0], files[0]], tmp_path / "scratch")
    assert again.whole.rows == 12
