"""A home with many published snapshots, without a vendor: what a questioner finds after months of daily runs.

The Parquet files are written with the pinned schema and published by the ledger's own writes, with every event that a
snapshot's way leaves behind; only downloading and transforming are left out. A hundred snapshots go into one
transaction, where real ones have several each.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, insert, select, update

from workbench.collect import store as collecting
from workbench.collect.model import NewSource, Plan, PlannedJob, PlannedSnapshot
from workbench.db.clock import now
from workbench.db.event_log import Event
from workbench.db.schema import file, snapshot, source_result
from workbench.files import sha256_of
from workbench.lake.schema import COLUMNS
from workbench.workbench import Workbench

SOURCES = 2_000
BATCH = 20  # sources a snapshot
RUN = 100  # snapshots a run
AGAIN = 0.2  # of the rows are older posts with newer counts
_WAY = ("planned", "triggered", "ready", "downloaded", "staged", "published")


def publish(workbench: Workbench, snapshots: int, rows: int, *, first: int = 0) -> None:
    """Publish the snapshots numbered from `first` on, of so many posts each."""
    ids = _sources(workbench)
    for start in range(first, first + snapshots, RUN):
        count = min(RUN, first + snapshots - start)
        keys, folder = _run(workbench, ids, start, count)
        tables = _tables(start, count, rows, first + snapshots)
        made = []
        for number, key, table in zip(range(start, start + count), keys, tables, strict=True):
            path = workbench.settings.lake / folder / f"s_{number:07}__v1_{number:08x}.posts.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, path, compression="zstd")
            made.append((key, f"s_{number:07}", path))
        workbench.parts.ledger.write(lambda connection, made=made: _publish(workbench, connection, made, rows))


def _sources(workbench: Workbench) -> list[int]:
    known = [one.id for one in workbench.collect.sources()]
    if known:
        return known
    new = [
        NewSource(
            name=f"creator {n}", platform="instagram", service="posts", url=f"https://www.instagram.com/c{n}/",
            creator=f"creator {n}",
        )
        for n in range(SOURCES)
    ]  # fmt: skip
    return list(collecting.add_sources(workbench.parts.ledger, new).source_ids)


def _run(workbench: Workbench, ids: list[int], start: int, count: int) -> tuple[list[int], str]:
    """A started run: the keys of its snapshots, and the folder of its job."""
    planned = []
    for number in range(start, start + count):
        asked = [ids[(number * BATCH + n) % SOURCES] for n in range(BATCH)]
        inputs = tuple({"url": f"https://www.instagram.com/c{one}/", "day": number} for one in asked)
        planned.append(
            PlannedSnapshot(
                inputs=inputs, source_ids=tuple(asked), query={}, records=(10,) * BATCH, price_micro_usd=1500
            )
        )
    job = PlannedJob(
        name="Daily", platform="instagram", service="posts", kind="posts", dataset_id="gd_1",
        folder="Instagram/posts/Daily", snapshots=tuple(planned),
    )  # fmt: skip
    plan = Plan(name="Daily", project=None, params={}, jobs=(job,), hash=f"{start:064x}")
    collecting.save_plan(workbench.parts.ledger, plan)
    run_id = collecting.start_run(workbench.parts.ledger, plan.hash, folder=f"Daily_{date(2026, 1, 1)}_{{id6}}").run_id
    with workbench.parts.ledger.read() as connection:
        keys = connection.execute(select(snapshot.c.id).where(snapshot.c.run_id == run_id).order_by(snapshot.c.id))
        return list(keys.scalars()), f"Daily_{date(2026, 1, 1)}_{run_id[:6]}/Instagram/posts/Daily"


def _publish(workbench: Workbench, connection: Connection, made: list[tuple[int, str, Path]], rows: int) -> None:
    at = now()
    for key, provider_id, _ in made:
        values = {
            "state": "published", "state_at": at, "next_at": None, "provider_id": provider_id, "row_count": rows,
            "warning_count": 0, "error_count": 0, "malformed_count": 0, "processed_at": at, "triggered_at": at,
            "ready_at": at,
        }  # fmt: skip
        connection.execute(update(snapshot).where(snapshot.c.id == key).values(values))
        counts = {"row_count": rows // BATCH, "warning_count": 0, "error_count": 0}
        connection.execute(update(source_result).where(source_result.c.snapshot == key).values(counts))
    files = [
        {
            "path": path.relative_to(workbench.settings.lake).as_posix(), "kind": "posts", "item_kind": "snapshot",
            "item_id": key, "rows": rows, "bytes": path.stat().st_size, "sha256": sha256_of(path), "created_at": at,
        }
        for key, _, path in made
    ]  # fmt: skip
    connection.execute(insert(file), files)
    moves = [
        Event("snapshot", str(key), "moved", before, after, {"provider_id": provider_id})
        for key, provider_id, _ in made
        for before, after in pairwise(_WAY)
    ]
    workbench.parts.ledger.append(connection, *moves)


def _tables(start: int, count: int, rows: int, last: int) -> Iterator[pa.Table]:
    """The rows of each snapshot, the same on every machine: hashes of their number."""
    # Posts of the day are new, and a fifth of the rows are posts of an earlier snapshot.
    made = duckdb.sql(f"""
        select 'instagram' as platform, 'posts' as service,
          'p' || post as post_id, 'https://www.instagram.com/p/' || post || '/' as url,
          'creator' || (hash(post) % 20000) as author, 'https://www.instagram.com/creator' || (hash(post) % 20000) as author_url,
          repeat(md5(post::varchar) || ' ', 3) as text,
          timestamptz '2024-01-01 00:00:00+00' + to_seconds((post * 86400 * 500) // ({last} * {rows})) as published_at,
          (hash(post, 1) % 5000)::bigint + snap as like_count, (hash(post, 2) % 300)::bigint as comment_count,
          null::bigint as share_count, (hash(post, 3) % 90000)::bigint as view_count,
          ['Image', 'Video', 'Carousel'][1 + (hash(post, 4) % 3)::int] as media_type,
          ['tag' || (hash(post, 5) % 500), 'tag' || (hash(post, 6) % 500)] as hashtags,
          ['https://cdn.example/' || post || '.jpg'] as media_urls,
          (hash(post) % {SOURCES})::bigint as source_id, 'https://www.instagram.com/c' || (hash(post) % {SOURCES}) || '/' as source_url,
          'creator ' || (hash(post) % {SOURCES}) as creator, null::varchar as project,
          'run' as run_id, 'job' as job_id, 's_' || lpad(snap::varchar, 7, '0') as snapshot_id, 'gd_1' as dataset_id,
          row_no, timestamptz '2025-06-01 00:00:00+00' + to_seconds(snap * 60) as scraped_at
        from (select *, case when snap > 0 and row_no <= {rows} * {AGAIN}
                        then (hash(snap, row_no) % (snap * {rows}))::bigint else snap * {rows} + row_no end as post
              from (select {start} + n // {rows} as snap, n % {rows} + 1 as row_no from range({count * rows}) t(n)))
        order by snap, row_no
    """).to_arrow_table()  # noqa: E501
    # A column that came later is empty, as in files of before.
    columns = [
        name if name in made.column_names else f"null::{kind} as {name}" for name, kind in COLUMNS["posts"].items()
    ]
    made = duckdb.sql(f"select {', '.join(columns)} from made").to_arrow_table()
    for number in range(count):
        yield made.slice(number * rows, rows)
