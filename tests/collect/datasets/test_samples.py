"""Every file of real rows comes in by the front door: no row lost, values found again, columns as written by hand."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collect.datasets.conftest import records, rows_of
from workbench.brightdata.rows import lines_of_csv
from workbench.workbench import Workbench

FILES = {
    "instagram_posts.ndjson": ("instagram/posts", 10),
    "instagram_comments.csv": ("instagram/comments", 1000),
    "instagram_profiles_2022schema.json": ("instagram/profiles", 61),
    "facebook_posts.ndjson": ("facebook/posts", 6),
    "facebook_comments.csv": ("facebook/comments", 1000),
    "tiktok_profiles.csv": ("tiktok/profiles", 1000),
    "tiktok_posts_doc_1row.json": ("tiktok/posts", 1),
    "tiktok_comments.csv": ("tiktok/comments", 1000),
    "linkedin_profiles_by_url.json": ("linkedin/profiles", 4),
    "linkedin_profiles_by_name.json": ("linkedin/profiles", 50),
    "linkedin_companies.json": ("linkedin/companies", 4),
    "linkedin_posts_by_profile.json": ("linkedin/posts", 11),
    "linkedin_posts_by_url.json": ("linkedin/posts", 4),
    "linkedin_jobs_by_keyword.json": ("linkedin/jobs", 20),
    "x_posts.csv": ("x/posts", 1000),
}
TABLE = {"companies": "companies", "jobs": "job_ads", "profiles": "profiles", "comments": "comments"}


def given_rows(path: Path) -> list[Any]:
    """Read by other code than what is tested, where there is other code."""
    if path.suffix == ".csv":
        with path.open("rb") as file:
            read = [json.loads(line) for line in lines_of_csv(file)]
        with path.open(encoding="utf-8-sig", newline="") as text:
            cells = list(csv.DictReader(text))
        assert [len(row) for row in read] == [len(row) for row in cells]
        return read
    text = path.read_text()
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".ndjson" else json.loads(text)


@pytest.mark.parametrize("name", FILES)
def test_every_row_and_every_value_is_there(workbench: Workbench, samples: Path, name: str) -> None:
    dataset, count = FILES[name]
    given = given_rows(samples / name)

    done = workbench.imports.import_file(samples / name, dataset)

    assert (done["state"], done["rows"], done["malformed"]) == ("published", count, 0)
    table = rows_of(workbench, TABLE.get(dataset.split("/")[1], "posts"))
    assert [row["row_no"] for row in table] == list(range(1, count + 1))
    assert records(workbench) == dict(enumerate(given, start=1))
    assert {(row["platform"], row["service"]) for row in table} == {tuple(dataset.split("/"))}
    assert all(row["url"] or row["platform"] == "instagram" for row in table)


@pytest.mark.parametrize("name", ["instagram_posts.ndjson", "linkedin_companies.json", "x_posts.csv"])
def test_gzip_is_the_same_snapshot(workbench: Workbench, samples: Path, tmp_path: Path, name: str) -> None:
    dataset, count = FILES[name]
    (tmp_path / "packed.gz").write_bytes(gzip.compress((samples / name).read_bytes()))

    packed = workbench.imports.import_file(tmp_path / "packed.gz", dataset)
    plain = workbench.imports.import_file(samples / name, dataset)

    assert (packed["already_known"], plain["already_known"]) == (False, True)
    assert (packed["snapshot_id"], packed["rows"]) == (plain["snapshot_id"], plain["rows"])
    assert plain["rows"] == count


def test_errors_and_warnings_are_rejects(workbench: Workbench, samples: Path) -> None:
    done = workbench.imports.import_file(samples / "error_and_warning_rows.ndjson", "facebook/posts")

    assert (done["state"], done["rows"], done["warnings"], done["errors"]) == ("empty", 0, 3, 1)
    assert {row["code"] for row in rows_of(workbench, "rejects")} == {"dead_page", "crawl_failed"}


# For each file, which of its keys our columns come from, written down by a person who looked at the rows, and not by
# the catalogue. The rows themselves may not lie in this project, so values are taken from the file.
BY_HAND = {
    "instagram_posts.ndjson": "post_id=post_id url=url author=user_posted author_url=profile_url text=description "
    "published_at=date_posted like_count=likes comment_count=num_comments media_type=content_type",
    "instagram_comments.csv": "comment_id=comment_id post_id=post_id post_url=post_url url=url author=comment_user "
    "author_url=comment_user_url text=comment published_at=comment_date like_count=likes_number "
    "reply_count=replies_number",
    "instagram_profiles_2022schema.json": "profile_id=id name=profile_name handle=account text=biography "
    "follower_count=followers following_count=following post_count=posts_count is_verified=is_verified "
    "is_private=is_private image_url=profile_image_link",
    "facebook_posts.ndjson": "post_id=post_id url=url author=user_username_raw author_url=user_url text=content "
    "published_at=date_posted like_count=likes comment_count=num_comments share_count=num_shares "
    "view_count=video_view_count media_type=post_type hashtags=hashtags",
    "facebook_comments.csv": "comment_id=comment_id post_id=post_id post_url=post_url url=url author=user_name "
    "author_url=user_url text=comment_text published_at=date_created like_count=num_likes reply_count=num_replies",
    "tiktok_profiles.csv": "profile_id=id url=url name=nickname handle=account_id text=biography "
    "follower_count=followers following_count=following post_count=videos_count is_verified=is_verified "
    "is_private=is_private image_url=profile_pic_url_hd",
    "tiktok_posts_doc_1row.json": "post_id=post_id url=url author=account_id author_url=profile_url "
    "text=description published_at=create_time like_count=digg_count comment_count=comment_count "
    "view_count=play_count share_count=share_count media_type=post_type",
    "tiktok_comments.csv": "comment_id=comment_id post_id=post_id post_url=post_url url=comment_url "
    "author=commenter_url author_url=commenter_url text=comment_text published_at=date_created "
    "like_count=num_likes reply_count=num_replies",
    "linkedin_profiles_by_url.json": "profile_id=id url=url name=name handle=linkedin_id text=about "
    "follower_count=followers image_url=avatar",
    "linkedin_profiles_by_name.json": "profile_id=id url=url name=name text=about follower_count=followers",
    "linkedin_companies.json": "company_id=company_id handle=id url=url name=name text=about "
    "follower_count=followers employee_count=employees_in_linkedin company_size=company_size "
    "organization_type=organization_type industries=industries founded_year=founded headquarters=headquarters "
    "locations=formatted_locations country_code=country_code website=website image_url=logo",
    "linkedin_posts_by_profile.json": "post_id=id url=url author=user_id author_url=use_url text=post_text "
    "published_at=date_posted like_count=num_likes comment_count=num_comments media_type=post_type hashtags=hashtags "
    "media_urls=images",
    "linkedin_posts_by_url.json": "post_id=id url=url author=user_id author_url=use_url text=post_text "
    "published_at=date_posted like_count=num_likes comment_count=num_comments media_type=post_type hashtags=hashtags",
    "linkedin_jobs_by_keyword.json": "job_ad_id=job_posting_id url=url title=job_title company_name=company_name "
    "company_id=company_id company_url=company_url location=job_location country_code=country_code text=job_summary "
    "seniority_level=job_seniority_level job_function=job_function employment_type=job_employment_type "
    "industries=job_industries applicant_count=job_num_applicants published_at=job_posted_date apply_url=apply_link",
    "x_posts.csv": "post_id=id url=url author=user_posted text=description published_at=date_posted like_count=likes "
    "comment_count=replies share_count=reposts view_count=views hashtags=hashtags",
}


def as_ours(column: str, value: Any) -> Any:
    if value in (None, "", []):
        return None
    if column.endswith("_count") or column == "founded_year":
        return int(value)
    if column.endswith("_at"):
        return datetime.fromisoformat(value).astimezone(UTC)
    if column == "hashtags":
        return [one.removeprefix("#") for one in value]
    if column.startswith("is_"):
        return {"true": True, "false": False}[str(value).lower()]
    return value


@pytest.mark.parametrize("name", FILES)
def test_two_rows_are_what_a_person_would_write_down(workbench: Workbench, samples: Path, name: str) -> None:
    dataset, count = FILES[name]
    given = given_rows(samples / name)
    keys = dict(pair.split("=") for pair in BY_HAND[name].split())
    workbench.imports.import_file(samples / name, dataset)
    table = rows_of(workbench, TABLE.get(dataset.split("/")[1], "posts"))

    for number in {0, count // 2}:
        expected = {column: as_ours(column, given[number].get(key)) for column, key in keys.items()}
        if keys.get("author") in {"commenter_url", "user_id"}:  # the name is in an address
            address = str(given[number].get("use_url") or given[number].get("commenter_url"))
            expected["author"] = expected["author_url"] and address.rstrip("/").rsplit("/", 1)[-1].removeprefix("@")
        assert {column: table[number][column] for column in keys} == expected
