"""The vendor's real rows: every value is found again, and the columns are what a person would write down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.brightdata import rows as vendor
from workbench.brightdata.datasets import DATASETS
from workbench.lake.attribute import SourceRef
from workbench.lake.catalog import Catalog, TableFile
from workbench.lake.raw import store_raw
from workbench.lake.transform import TransformOrder, transform

# Files of datasets that are ours, and, for those that are not (yet), the mapping that a user would write.
OURS = {(one.platform, one.service): one for one in DATASETS}
FILES = {
    "instagram_posts.ndjson": OURS["instagram", "posts"],
    "facebook_posts.ndjson": OURS["facebook", "posts"],
    "linkedin_posts_by_profile.json": OURS["linkedin", "posts"],
    "linkedin_posts_by_url.json": OURS["linkedin", "posts"],
    "instagram_comments.csv": OURS["instagram", "comments"],
    "tiktok_posts_doc_1row.json": (
        "posts",
        {
            "post_id": ("post_id",),
            "url": ("url",),
            "author": ("profile_username",),
            "text": ("description",),
            "published_at": ("create_time",),
            "like_count": ("digg_count",),
            "hashtags": ("hashtags",),
            "share_count": ("num_share_count", "share_count"),
            "media_urls": ("carousel_images", "video_url"),
        },
    ),
    "facebook_comments.csv": (
        "comments",
        {
            "comment_id": ("comment_id",),
            "post_id": ("post_id",),
            "url": ("url",),
            "author": ("user_name",),
            "text": ("comment_text",),
            "published_at": ("date_created",),
            "like_count": ("num_likes",),
        },
    ),
    "tiktok_comments.csv": (
        "comments",
        {
            "comment_id": ("comment_id",),
            "post_id": ("post_id",),
            "url": ("comment_url",),
            "author": ("commenter_user_name",),
            "text": ("comment_text",),
            "published_at": ("date_created",),
        },
    ),
    "tiktok_profiles.csv": (
        "profiles",
        {
            "profile_id": ("id",),
            "url": ("url",),
            "name": ("nickname",),
            "text": ("biography",),
            "follower_count": ("followers",),
            "is_verified": ("is_verified",),
            "external_urls": ("bio_link",),
        },
    ),
    "linkedin_profiles_by_url.json": (
        "profiles",
        {
            "profile_id": ("linkedin_num_id",),
            "url": ("url",),
            "handle": ("linkedin_id",),
            "text": ("about",),
            "follower_count": ("followers",),
            "image_url": ("avatar",),
        },
    ),
    "linkedin_companies.json": (
        "companies",
        {
            "company_id": ("company_id",),
            "url": ("url",),
            "name": ("name",),
            "text": ("about",),
            "follower_count": ("followers",),
            "locations": ("formatted_locations",),
            "specialties": ("specialties",),
            "founded_year": ("founded",),
            "industries": ("industries",),
        },
    ),
    "linkedin_jobs_by_keyword.json": (
        "job_ads",
        {
            "job_ad_id": ("job_posting_id",),
            "url": ("url",),
            "title": ("job_title",),
            "text": ("job_summary",),
            "published_at": ("job_posted_date",),
            "salary_min": ("base_salary.min_amount",),
            "applicant_count": ("job_num_applicants",),
        },
    ),
    "x_posts.csv": (
        "posts",
        {
            "post_id": ("id",),
            "url": ("url",),
            "author": ("user_posted",),
            "text": ("description",),
            "published_at": ("date_posted",),
            "like_count": ("likes",),
            "view_count": ("views",),
            "hashtags": ("hashtags",),
            "media_urls": ("videos", "photos"),
        },
    ),
}
FILES["linkedin_profiles_by_name.json"] = FILES["linkedin_profiles_by_url.json"]


def _mapping(name: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    found = FILES[name]
    return found if isinstance(found, tuple) else (found.kind, found.columns)


def _lines(path: Path) -> list[bytes]:
    """The rows as the collector hands them on: NDJSON as it is, arrays and CSV opened up."""
    if path.suffix == ".csv":
        with path.open("rb") as file:
            return list(vendor.lines_of_csv(file))
    data = path.read_bytes()
    if vendor.shape_of(data[:65536]) == "ndjson" and path.suffix == ".ndjson":
        return data.splitlines()
    return list(vendor.lines_of_array(iter([data])))


def _staged(path: Path, lake: Path, sources=()):
    kind, columns = _mapping(path.name)
    (lake / "lines").write_bytes(b"\n".join(_lines(path)) + b"\n")
    raw = store_raw([path], lake / "raw.zst")
    order = TransformOrder(
        kind=kind,
        columns=columns,
        constants={"platform": "p", "service": "s", "snapshot_id": "sd_1"},
        sources=tuple(sources),
        match_keys=("url",),
    )
    return transform(raw.path, order, lake, lines=lake / "lines")


def _catalog(lake: Path, staged) -> Catalog:
    catalog = Catalog(lake)
    catalog.refresh([TableFile(one.kind, one.path.name, "sd_1", None, one.rows) for one in staged.files], {})
    return catalog


@pytest.mark.parametrize("name", FILES)
def test_every_value_that_was_delivered_is_found_again(samples, tmp_path, name):
    staged = _staged(samples / name, tmp_path)
    catalog = _catalog(tmp_path, staged)

    found = catalog.connection.execute("select record::varchar from records order by row_no").fetchall()

    assert [json.loads(text) for (text,) in found] == [json.loads(line) for line in _lines(samples / name)]
    assert (staged.data_rows, staged.malformed_rows) == (staged.lines, 0)
    assert not staged.exact


@pytest.mark.parametrize("name", FILES)
def test_no_value_is_lost_on_its_way_into_a_column(samples, tmp_path, name):
    kind, columns = _mapping(name)
    connection = _catalog(tmp_path, _staged(samples / name, tmp_path)).connection

    rows = connection.execute(f"from {kind} order by row_no").to_arrow_table().to_pylist()

    for line, row in zip(map(json.loads, _lines(samples / name)), rows, strict=True):
        for column, paths in columns.items():
            sent = [line.get(path) for path in paths]
            if any(value not in (None, "", [], {}) for value in sent) and not any(map(_is_huge, sent)):
                assert row[column] is not None, (column, sent)


def _is_huge(value) -> bool:
    return isinstance(value, float) and value > 2**63


def test_instagram_posts_as_a_person_reads_them(samples, tmp_path):
    path = samples / "instagram_posts.ndjson"
    asked = SourceRef(3, "https://www.instagram.com/duba", "Duba", "spring", {"url": "https://www.instagram.com/duba"})
    other = SourceRef(4, "https://www.instagram.com/kara", "Kara", None, {"url": "https://www.instagram.com/kara"})
    connection = _catalog(tmp_path, _staged(path, tmp_path, [asked, other])).connection

    row = connection.execute("from posts where row_no = 1").to_arrow_table().to_pylist()[0]

    sent = json.loads(path.read_bytes().splitlines()[0])
    assert row["post_id"] == "0860170233279406128"
    assert row["url"] == "https://www.instagram.com/p/DU8LDK4Kfv1"
    assert (row["author"], row["author_url"]) == ("duba", "https://www.instagram.com/duba")
    assert row["text"] == sent["description"]
    assert row["published_at"] == datetime(2025, 9, 22, 15, 0, 10, tzinfo=UTC)
    assert (row["like_count"], row["comment_count"], row["share_count"]) == (46986, 413, None)
    assert row["media_type"] == "Carousel"
    assert row["media_urls"] == [one["url"] for one in sent["post_content"]]
    assert row["scraped_at"] == datetime(2025, 10, 13, 13, 40, 28, 9000, tzinfo=UTC)
    assert (row["source_id"], row["creator"], row["project"], row["row_no"]) == (3, "Duba", "spring", 1)


def test_facebook_posts_as_a_person_reads_them(samples, tmp_path):
    connection = _catalog(tmp_path, _staged(samples / "facebook_posts.ndjson", tmp_path)).connection

    rows = connection.execute("from posts order by row_no limit 2").to_arrow_table().to_pylist()

    sent = [json.loads(line) for line in (samples / "facebook_posts.ndjson").read_bytes().splitlines()[:2]]
    assert rows[0]["post_id"] == "2889226338181767"
    assert (rows[0]["author"], rows[0]["media_type"]) == ("Duba", "Reel")
    assert (rows[0]["like_count"], rows[0]["comment_count"], rows[0]["share_count"]) == (1210, 298, 222)
    assert rows[0]["view_count"] == 70609
    assert rows[0]["hashtags"] == ["bamwteir"]
    assert rows[0]["published_at"] == datetime(2025, 9, 15, 16, 1, 59, tzinfo=UTC)
    for row, one in zip(rows, sent, strict=True):
        assert (row["post_id"], row["text"], row["like_count"]) == (
            one["post_id"],
            one["content"],
            one["likes"],
        )


def test_linkedin_reposts_belong_to_who_was_asked_for(samples, tmp_path):
    path = samples / "linkedin_posts_by_profile.json"
    asked = [json.loads(line)["discovery_input"]["url"] for line in _lines(path)]
    authors = [json.loads(line)["use_url"] for line in _lines(path)]
    urls = enumerate(dict.fromkeys([*authors, *asked]), start=1)
    sources = [SourceRef(number, url, f"c{number}", None, {"url": url}) for number, url in urls]
    connection = _catalog(tmp_path, _staged(path, tmp_path, sources)).connection

    found = connection.execute("select source_url, author_url from posts order by row_no").fetchall()

    assert [url for url, _ in found] == asked  # although the authors are sources too
    assert any(url != author for url, author in found)


def test_error_and_warning_rows_of_the_vendor(samples, tmp_path):
    raw = store_raw([samples / "error_and_warning_rows.ndjson"], tmp_path / "raw.zst")
    dataset = OURS["facebook", "posts"]
    order = TransformOrder("posts", dataset.columns, {"snapshot_id": "sd_1"}, (), ("url",))

    staged = transform(raw.path, order, tmp_path)

    assert (staged.data_rows, staged.error_rows, staged.warning_rows, staged.malformed_rows) == (0, 1, 3, 0)
    rejects = _catalog(tmp_path, staged).connection.execute("select code, reason from rejects order by row_no")
    assert rejects.fetchall() == [
        ("crawl_failed", "Collection failed after multiple attempts"),
        ("dead_page", "no posts found, please check pinned posts detection"),
        ("dead_page", "Not found posts for specified period"),
        ("dead_page", "This content isn't available right now"),
    ]
