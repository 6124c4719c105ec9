"""The pinned columns of every kind of table: name → DuckDB type, the same in every file ever written.

A file that differs by one type makes DuckDB widen the column for everybody, so nothing here is inferred.
Whoever changes a column raises TRANSFORM_VERSION; every snapshot can then be reprocessed from its raw bytes. Files
of before are read meanwhile, with NULL where they lack a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workbench.lake.sql import fill, name

TRANSFORM_VERSION: Final = 2
_TYPED: Final = """
select $columns from (select $nothing where false
                      union all by name select * from read_parquet($files, union_by_name = true))
"""
# Bytes. The widest real rows have half a megabyte; DuckDB sets twice this aside for each file that it reads.
LONGEST_LINE: Final = 16 << 20

_PROVENANCE: Final = {
    "source_id": "BIGINT",
    "source_url": "VARCHAR",
    "creator": "VARCHAR",
    "project": "VARCHAR",
    "run_id": "VARCHAR",
    "job_id": "VARCHAR",
    "snapshot_id": "VARCHAR",
    "dataset_id": "VARCHAR",
    "row_no": "BIGINT",  # of the line in the body, from 1; of the row where the body is an array or CSV
    "scraped_at": "TIMESTAMPTZ",
}
_ORIGIN: Final = {"platform": "VARCHAR", "service": "VARCHAR"}

_POSTS: Final = {
    "post_id": "VARCHAR",
    "url": "VARCHAR",
    "author": "VARCHAR",
    "author_url": "VARCHAR",
    "text": "VARCHAR",
    "published_at": "TIMESTAMPTZ",
    "like_count": "BIGINT",
    "comment_count": "BIGINT",
    "share_count": "BIGINT",
    "view_count": "BIGINT",
    "media_type": "VARCHAR",
    "hashtags": "VARCHAR[]",
    "media_urls": "VARCHAR[]",
}
_COMMENTS: Final = {
    "comment_id": "VARCHAR",
    "post_id": "VARCHAR",
    "post_url": "VARCHAR",
    "url": "VARCHAR",
    "author": "VARCHAR",
    "author_url": "VARCHAR",
    "text": "VARCHAR",
    "published_at": "TIMESTAMPTZ",
    "like_count": "BIGINT",
    "reply_count": "BIGINT",
}
_PROFILES: Final = {
    "profile_id": "VARCHAR",
    "url": "VARCHAR",
    "name": "VARCHAR",
    "handle": "VARCHAR",
    "text": "VARCHAR",
    "follower_count": "BIGINT",
    "following_count": "BIGINT",
    "post_count": "BIGINT",
    "is_verified": "BOOLEAN",
    "is_private": "BOOLEAN",
    "image_url": "VARCHAR",
    "external_urls": "VARCHAR[]",
}
_COMPANIES: Final = {
    "company_id": "VARCHAR",
    "url": "VARCHAR",
    "name": "VARCHAR",
    "handle": "VARCHAR",
    "text": "VARCHAR",
    "follower_count": "BIGINT",
    "employee_count": "BIGINT",
    "company_size": "VARCHAR",
    "organization_type": "VARCHAR",
    "industries": "VARCHAR",  # one industry can have commas in its name
    "specialties": "VARCHAR[]",
    "founded_year": "BIGINT",
    "headquarters": "VARCHAR",
    "locations": "VARCHAR[]",
    "country_code": "VARCHAR",
    "website": "VARCHAR",
    "image_url": "VARCHAR",
}
_JOB_ADS: Final = {
    "job_ad_id": "VARCHAR",  # the vendor's job_posting_id; `job_id` is our own job
    "url": "VARCHAR",
    "title": "VARCHAR",
    "company_name": "VARCHAR",
    "company_id": "VARCHAR",
    "company_url": "VARCHAR",
    "location": "VARCHAR",
    "country_code": "VARCHAR",
    "text": "VARCHAR",
    "seniority_level": "VARCHAR",
    "job_function": "VARCHAR",
    "employment_type": "VARCHAR",
    "industries": "VARCHAR",  # one industry can have commas in its name
    "applicant_count": "BIGINT",
    "published_at": "TIMESTAMPTZ",
    "apply_url": "VARCHAR",
    "salary_min": "DOUBLE",
    "salary_max": "DOUBLE",
    "salary_currency": "VARCHAR",
    "salary_period": "VARCHAR",
}

# What an order may map: everything else of a table is known without looking at the row.
OWN_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "posts": _POSTS,
    "comments": _COMMENTS,
    "profiles": _PROFILES,
    "companies": _COMPANIES,
    "job_ads": _JOB_ADS,
}
COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    kind: {**_ORIGIN, **own, **_PROVENANCE} for kind, own in OWN_COLUMNS.items()
}
# What makes a row the same thing on every scrape.
IDENTITY: Final = {
    "posts": "post_id",
    "comments": "comment_id",
    "profiles": "profile_id",
    "companies": "company_id",
    "job_ads": "job_ad_id",
}
REJECTS: Final = {
    "snapshot_id": "VARCHAR",
    "row_no": "BIGINT",
    "kind": "VARCHAR",  # error | warning | malformed
    "code": "VARCHAR",  # the vendor's, or ours: not_json, not_utf8, not_an_object, too_long, no_data
    "reason": "VARCHAR",
    "source_id": "BIGINT",
    "source_url": "VARCHAR",
    "raw": "VARCHAR",
}


def typed_rows(columns: Mapping[str, str], files: str | None) -> str:
    """SQL for the rows of `files` (a list of them as SQL) with exactly these columns; None: for no rows.

    A column that is younger than a file is NULL in its rows, one that has gone is not read, one whose type has changed
    is cast: files of every age are one table, until `recover reprocess` makes the old ones anew.
    """
    nothing = ", ".join(f"null::{type_} as {name(column)}" for column, type_ in columns.items())
    if files is None:
        return f"select {nothing} where false"
    cast = ", ".join(f"try_cast({name(column)} as {type_}) as {name(column)}" for column, type_ in columns.items())
    return fill(_TYPED, columns=cast, nothing=nothing, files=files)
