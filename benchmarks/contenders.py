"""Ourselves, and the least that any tool must do for the same: `python -m benchmarks.contenders NAME BODY`.

That least is a bare strict DuckDB COPY of the same columns with the same values (a test compares the tables), and a
bare pass of sha256 and zstd.
"""

import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import rows

DATASET = "gd_lk5ns7kz21pck8jpis"
CONSTANTS = ("platform", "service", "run_id", "job_id", "snapshot_id", "dataset_id")

# Every key that the mapping of the dataset names is read, as it is by us, and nothing is looked at twice.
_KEYS = (
    "post_id", "pk", "url", "user_posted", "profile_url", "user_profile_url", "description", "date_posted", "likes",
    "num_comments", "video_view_count", "video_play_count", "views", "content_type", "product_type", "hashtags",
    "post_content", "photos", "videos", "thumbnail", "error", "error_code", "warning", "warning_code", "input",
    "timestamp",
)  # fmt: skip
_BARE_COPY = """
copy (
    select 'x' as platform, 'x' as service, coalesce(post_id, pk) as post_id, row.url, user_posted as author,
           coalesce(profile_url, user_profile_url) as author_url, description as text,
           try_cast(date_posted as timestamptz) as published_at, try_cast(likes as bigint) as like_count,
           try_cast(num_comments as bigint) as comment_count, null::bigint as share_count,
           try_cast(coalesce(video_view_count, video_play_count, views) as bigint) as view_count,
           coalesce(content_type, product_type) as media_type, list_transform(
               from_json(hashtags, '["VARCHAR"]'), lambda one: ltrim(one, '#')) as hashtags,
           coalesce(nullif(list_filter(media, lambda one, place: list_position(media, one) = place), []), [thumbnail])
               as media_urls,
           source.source_id::bigint as source_id, source.url as source_url, source.creator, source.project,
           'x' as run_id, 'x' as job_id, 'x' as snapshot_id, 'x' as dataset_id, row_no,
           try_cast("timestamp" as timestamptz) as scraped_at
    from (select row_number() over () as row_no, *,
                 list_concat(coalesce(list_filter(flatten(list_transform(
                                 from_json(post_content, '[{{"url": "VARCHAR", "video_url": "VARCHAR"}}]'),
                                 lambda one: [one.url, one.video_url])), lambda one: one is not null),
                             from_json(photos, '["VARCHAR"]'), []),
                             coalesce(from_json(videos, '["VARCHAR"]'), [])) as media
          from read_json('{body}', format = '{form}', columns = {{{columns}}})) row
    left join source on source.url = (row.input->>'$.url')
    where error is null and error_code is null and warning is null and warning_code is null
) to '{folder}/posts.parquet' (format parquet, compression zstd)
"""


def ours(body: Path, folder: Path) -> None:
    """What the steps download and stage do to a body: kept, then made into tables; an array as import takes it."""
    from workbench.brightdata import datasets
    from workbench.collect.bodies import lines_of
    from workbench.lake.attribute import SourceRef
    from workbench.lake.raw import store_raw
    from workbench.lake.transform import TransformOrder, transform

    dataset = datasets.by_id(DATASET)
    sources = tuple(
        SourceRef(source_id=n, url=rows.source(n), creator=None, project=None, inputs={"url": rows.source(n)})
        for n in range(rows.SOURCES)
    )
    order = TransformOrder(
        kind=dataset.kind,
        columns=dataset.columns,
        constants=dict.fromkeys(CONSTANTS, "x"),
        sources=sources,
        match_keys=dataset.match_keys,
    )
    raw = store_raw([body], folder / "raw.zst")
    lines = lines_of(raw.path, raw.shape, folder / "lines.ndjson")
    made = transform(raw.path, order, folder / "tables", lines=lines, counted=raw.body)
    assert made.lines == made.data_rows + made.warning_rows + made.error_rows + made.malformed_rows > 0


def bare_copy(body: Path, folder: Path, *, threads: int | None = 1, form: str = "newline_delimited") -> None:
    """On one thread, as we do a body of ordinary size."""
    import duckdb

    columns = ", ".join(f"'{key}': 'VARCHAR'" for key in _KEYS)
    with duckdb.connect(config={"threads": str(threads)} if threads else {}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        known = ", ".join(f"({n}, '{rows.source(n)}', null::text, null::text)" for n in range(rows.SOURCES))
        connection.execute(f"create table source as from (values {known}) as source(source_id, url, creator, project)")
        connection.execute(_BARE_COPY.format(body=body, form=form, columns=columns, folder=folder))


def bare_copy_cores(body: Path, folder: Path) -> None:
    """On as many threads as DuckDB finds cores."""
    bare_copy(body, folder, threads=None)


def bare_copy_array(body: Path, folder: Path) -> None:
    bare_copy(body, folder, form="array")


def bare_custody(body: Path, folder: Path) -> None:
    import zstandard

    digest, squeeze = hashlib.sha256(), zstandard.ZstdCompressor(level=3).compressobj()
    with body.open("rb") as source, (folder / "raw.zst").open("wb") as target:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            target.write(squeeze.compress(chunk))
        target.write(squeeze.flush())


CONTENDERS: dict[str, Callable[[Path, Path], None]] = {
    one.__name__: one for one in (ours, bare_copy, bare_copy_cores, bare_copy_array, bare_custody)
}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=Path(sys.argv[2]).parent) as scratch:
        CONTENDERS[sys.argv[1]](Path(sys.argv[2]), Path(scratch))
