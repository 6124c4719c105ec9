"""Other tools at the same job: a snapshot of Instagram-like NDJSON → Parquet with our columns. Without custody, counts
or rejects: rows of errors are left out, a broken line ends the run, and the sources are joined by address.

Runs in .venv-peers, which has no Workbench: `python -m benchmarks.peers NAME BODY [ROWS]`.
"""

import datetime as dt
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.rows import SOURCES, source

CHUNK = 20_000  # rows, for those that work in chunks
CONSTANTS = ("platform", "service", "run_id", "job_id", "snapshot_id", "dataset_id")
_WRONG = ("error", "error_code", "warning", "warning_code")
_ADDRESSES = {source(number): number for number in range(SOURCES)}


def polars(body: Path, folder: Path, rows: int | None) -> None:
    """With a schema, which is what makes it fast: without one it reads everything twice and nests everything."""
    import polars as pl

    text, texts = pl.String, pl.List(pl.String)
    schema = {
        "post_id": text, "pk": text, "url": text, "user_posted": text, "profile_url": text, "user_profile_url": text,
        "description": text, "date_posted": text, "likes": pl.Int64, "num_comments": pl.Int64,
        "video_view_count": pl.Int64, "video_play_count": pl.Int64, "views": pl.Int64, "content_type": text,
        "product_type": text, "hashtags": texts, "post_content": pl.List(pl.Struct({"url": text})), "photos": texts,
        "videos": texts, "thumbnail": text, "timestamp": text, "input": pl.Struct({"url": text}),
        **dict.fromkeys(_WRONG, text),
    }  # fmt: skip
    known = pl.LazyFrame({"source_url": list(_ADDRESSES), "source_id": list(_ADDRESSES.values())})
    read = pl.scan_ndjson(body, schema=schema, n_rows=rows, row_index_name="row_no")
    moment = "%Y-%m-%dT%H:%M:%S%.fZ"
    made = (
        read.filter(pl.all_horizontal(pl.col(_WRONG).is_null()))
        .with_columns(source_url=pl.col("input").struct.field("url"))
        .join(known, on="source_url", how="left", maintain_order="left")
        .select(
            pl.coalesce("post_id", "pk").alias("post_id"), "url", author="user_posted",
            author_url=pl.coalesce("profile_url", "user_profile_url"), text="description",
            published_at=pl.col("date_posted").str.to_datetime(moment, strict=False, time_zone="UTC"),
            like_count="likes", comment_count="num_comments", share_count=pl.lit(None, pl.Int64),
            view_count=pl.coalesce("video_view_count", "video_play_count", "views"),
            media_type=pl.coalesce("content_type", "product_type"), hashtags="hashtags",
            media_urls=pl.coalesce(
                pl.col("post_content").list.eval(pl.element().struct.field("url")), "photos", "videos",
                pl.concat_list("thumbnail"),
            ),
            source_id="source_id", source_url="source_url", creator=pl.lit(None, text), project=pl.lit(None, text),
            row_no=pl.col("row_no") + 1,
            scraped_at=pl.col("timestamp").str.to_datetime(moment, strict=False, time_zone="UTC"),
            **{name: pl.lit("x") for name in CONSTANTS},
        )
    )  # fmt: skip
    made.sink_parquet(folder / "posts.parquet", compression="zstd", compression_level=3)


def polars_unaided(body: Path, folder: Path, rows: int | None) -> None:
    """As one begins: it finds out what there is, and writes that."""
    import polars as pl

    read = pl.scan_ndjson(body, infer_schema_length=None, n_rows=rows)
    read.sink_parquet(folder / "posts.parquet", compression="zstd", compression_level=3)


def pandas_unaided(body: Path, folder: Path, rows: int | None) -> None:
    """As one begins: what is nested becomes JSON text, and each chunk a file."""
    import pandas as pd

    with pd.read_json(body, lines=True, chunksize=CHUNK, nrows=rows, dtype=False, convert_dates=False) as reader:
        for number, chunk in enumerate(reader):
            for name in chunk.columns:
                if chunk[name].map(lambda value: isinstance(value, list | dict)).any():
                    chunk[name] = chunk[name].map(_as_text)
            chunk.to_parquet(folder / f"posts-{number}.parquet", compression="zstd", index=False)


def pandas(body: Path, folder: Path, rows: int | None) -> None:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    reader = pd.read_json(body, lines=True, chunksize=CHUNK, nrows=rows, dtype=False, convert_dates=False)
    with reader, pq.ParquetWriter(folder / "posts.parquet", schema, compression="zstd") as file:
        for number, chunk in enumerate(reader):
            chunk["row_no"] = range(number * CHUNK + 1, number * CHUNK + len(chunk) + 1)
            good = chunk[chunk.reindex(columns=_WRONG).isna().all(axis=1)]
            made = [_columns(row) for row in good.astype(object).where(good.notna(), None).to_dict("records")]
            file.write_table(pa.Table.from_pylist(made, schema))


def dlt_unaided(body: Path, folder: Path, rows: int | None) -> None:
    """As one begins, but for the nested lists, which would become tables of their own."""
    import orjson

    _load((list(map(orjson.loads, block)) for block in _blocks(body, rows)), folder)


def dlt(body: Path, folder: Path, rows: int | None) -> None:
    import orjson

    def posts() -> Iterator[list[dict]]:
        number = itertools.count(1)
        for block in _blocks(body, rows):
            read = [{**orjson.loads(line), "row_no": next(number)} for line in block]
            yield [_columns(row) for row in read if not any(row.get(key) for key in _WRONG)]

    _load(posts(), folder)


PEERS: dict[str, Callable[[Path, Path, int | None], None]] = {
    one.__name__: one for one in (polars, polars_unaided, pandas, pandas_unaided, dlt, dlt_unaided)
}


def _load(rows: Iterator[list[dict]], folder: Path) -> None:
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DATA_WRITER__FILE_MAX_ITEMS": "50000"}
    import dlt

    resource = dlt.resource(rows, name="posts", max_table_nesting=0)
    target = dlt.destinations.filesystem(folder.as_uri())
    pipeline = dlt.pipeline("bench", pipelines_dir=str(folder / "work"), dataset_name="d", destination=target)
    pipeline.run(resource, loader_file_format="parquet")


def _blocks(body: Path, rows: int | None) -> Iterator[list[bytes]]:
    with body.open("rb") as file:
        lines = itertools.islice(file, rows)
        while block := list(itertools.islice(lines, 5_000)):
            yield block


def _columns(row: dict) -> dict:
    """Our columns of one row, as one would write it by hand."""
    get, asked = row.get, row.get("input") or {}
    return {
        "post_id": get("post_id") or get("pk"), "url": get("url"), "author": get("user_posted"),
        "author_url": get("profile_url") or get("user_profile_url"), "text": get("description"),
        "published_at": _moment(get("date_posted")), "like_count": _whole(get("likes")),
        "comment_count": _whole(get("num_comments")), "share_count": None,
        "view_count": _whole(_first(get("video_view_count"), get("video_play_count"), get("views"))),
        "media_type": get("content_type") or get("product_type"), "hashtags": get("hashtags"),
        "media_urls": [one["url"] for one in get("post_content") or ()] or get("photos") or get("videos")
        or [get("thumbnail")],
        "source_id": _ADDRESSES.get(asked.get("url")), "source_url": asked.get("url"), "creator": None,
        "project": None, **dict.fromkeys(CONSTANTS, "x"), "row_no": row["row_no"],
        "scraped_at": _moment(get("timestamp")),
    }  # fmt: skip


def _as_text(value: object) -> str | None:
    if isinstance(value, list | dict):
        return json.dumps(value)
    return None if value is None or value != value else str(value)  # noqa: PLR0124  # what is not itself is NaN


def _first(*values: object) -> object:
    return next((one for one in values if one is not None), None)


def _whole(value: object) -> int | None:
    return None if value is None else int(value)


def _moment(value: str | None) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(value)


def _schema():  # of pyarrow, which only some import
    import pyarrow as pa

    numbers = ("like_count", "comment_count", "share_count", "view_count", "source_id", "row_no")
    kinds = {
        **dict.fromkeys(("published_at", "scraped_at"), pa.timestamp("us", "UTC")),
        **dict.fromkeys(numbers, pa.int64()),
        **dict.fromkeys(("hashtags", "media_urls"), pa.list_(pa.string())),
    }
    names = _columns({"row_no": 1})
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=Path(sys.argv[2]).parent) as scratch:
        PEERS[sys.argv[1]](Path(sys.argv[2]), Path(scratch), json.loads(sys.argv[3]) if sys.argv[3:] else None)
