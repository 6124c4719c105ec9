"""A downloaded snapshot → raw, Parquet and rejects, beside the least that any tool must do for the same.

That least is a bare strict DuckDB COPY of the same columns, and a bare pass of sha256 and zstd, in two processes.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from benchmarks import rows
from benchmarks.measured import in_turns, show

DATASET = "gd_lk5ns7kz21pck8jpis"
BAR = 1.5  # of the CPU seconds of both bare passes together


def ours(body: Path, folder: Path) -> None:
    from workbench.brightdata import datasets
    from workbench.tables.attribute import SourceRef
    from workbench.tables.raw import store_raw
    from workbench.tables.transform import Order, transform

    dataset = datasets.by_id(DATASET)
    sources = tuple(
        SourceRef(source_id=n, url=rows.source(n), creator=None, project=None, inputs={"url": rows.source(n)})
        for n in range(rows.SOURCES)
    )
    names = ("platform", "service", "run_id", "job_id", "snapshot_id", "dataset_id")
    order = Order(
        kind=dataset.kind,
        columns=dataset.columns,
        constants=dict.fromkeys(names, "x"),
        sources=sources,
        match_keys=dataset.match_keys,
    )
    folder.mkdir()
    raw = store_raw([body], folder / "raw.ndjson.zst")
    made = transform(raw.path, order, folder / "work")
    assert made.lines == raw.lines


def bare_copy(body: Path, folder: Path) -> None:
    import duckdb

    keys = (
        "post_id", "url", "user_posted", "profile_url", "description", "date_posted", "likes", "num_comments",
        "video_view_count", "content_type", "hashtags", "photos", "input", "discovery_input", "timestamp",
    )  # fmt: skip
    columns = ", ".join(f"'{key}': 'VARCHAR'" for key in keys)
    folder.mkdir()
    with duckdb.connect(config={"threads": "1"}) as connection:
        connection.execute(
            f"copy (select * replace (try_cast(likes as bigint) as likes, try_cast(num_comments as bigint) as "
            f"num_comments, try_cast(date_posted as timestamptz) as date_posted) from read_json('{body}', "
            f"format = 'newline_delimited', columns = {{{columns}}})) to '{folder}/posts.parquet' "
            "(format parquet, compression zstd)"
        )


def bare_custody(body: Path, folder: Path) -> None:
    import zstandard

    folder.mkdir()
    digest, squeeze = hashlib.sha256(), zstandard.ZstdCompressor(level=3).compressobj()
    with body.open("rb") as source, (folder / "raw.zst").open("wb") as target:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            target.write(squeeze.compress(chunk))
        target.write(squeeze.flush())


def run(*, small: bool) -> None:
    count, rounds = (4_000, 2) if small else (100_000, 3)
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body.ndjson"
        rows.write(body, count)
        contenders = {
            name: [sys.executable, "-m", "benchmarks.ingest", name, str(body)]
            for name in ("ours", "bare_copy", "bare_custody")
        }
        found = in_turns(contenders, rounds)
        show(f"ingest: {count:,} rows, {body.stat().st_size / 1e6:,.0f} MB", found)
        bare = found["bare_copy"].cpu + found["bare_custody"].cpu
        print(f"ours ÷ both bare passes: {found['ours'].cpu / bare:.2f} of the CPU time (aim {BAR})")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        {"ours": ours, "bare_copy": bare_copy, "bare_custody": bare_custody}[sys.argv[1]](
            Path(sys.argv[2]), Path(scratch) / "out"
        )
