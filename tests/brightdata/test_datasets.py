"""brightdata/datasets.py: what may be asked of each dataset, and how it is written."""

import json
import pickle
from datetime import UTC, date, datetime

import pytest

from workbench.brightdata.datasets import (
    COLLECT,
    DATASETS,
    KINDS,
    accepts,
    by_id,
    dataset_from,
    find,
    inputs_for,
    way_for,
)
from workbench.errors import BadInput

COLUMNS = {
    "posts": "post_id url author author_url text published_at like_count comment_count share_count view_count "
    "media_type hashtags media_urls",
    "comments": "comment_id post_id post_url url author author_url text published_at like_count reply_count",
    "profiles": "profile_id url name handle text follower_count following_count post_count is_verified is_private "
    "image_url external_urls",
}

INSTAGRAM, PROFILES, COMMENTS, FACEBOOK, LINKEDIN = DATASETS
SOMEONE = "https://www.instagram.com/someone/"
PAGE = "https://www.facebook.com/someone"
PERSON = "https://www.linkedin.com/in/some-one"
COMPANY = "https://uk.linkedin.com/company/some-firm/"


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda each: each.name)
class TestEveryEntry:
    def test_maps_our_columns(self, dataset):
        assert list(dataset.columns) == COLUMNS[dataset.kind].split()
        assert dataset.kind in KINDS

    def test_knows_its_default_way_and_its_sources(self, dataset):
        assert dataset.default_way in dataset.ways
        for way in dataset.ways.values():
            assert way.inputs[way.source].required
            assert way.source in dataset.match_keys

    def test_is_found_by_name_and_id(self, dataset):
        assert find(dataset.platform.upper(), f" {dataset.service} ") is dataset
        assert by_id(dataset.dataset_id) is dataset

    def test_can_be_carried_to_another_process(self, dataset):
        assert pickle.loads(pickle.dumps(dataset)) == dataset


@pytest.mark.parametrize(
    ("call", "words"),
    [
        pytest.param(lambda: find("myspace", "posts"), "facebook posts, instagram comments", id="platform"),
        pytest.param(lambda: find("instagram", "stories"), "instagram posts", id="service"),
        pytest.param(lambda: find("instagram", "posts", "keyword"), "collect, url", id="way"),
        pytest.param(lambda: by_id("gd_0"), "gd_lk5ns7kz21pck8jpis", id="id"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(call, words):
    with pytest.raises(BadInput, match=words):
        call()


@pytest.mark.parametrize(
    ("dataset", "url", "discover_by"),
    [
        pytest.param(INSTAGRAM, SOMEONE, "url", id="a profile"),
        pytest.param(INSTAGRAM, "https://instagram.com/someone", "url", id="without www"),
        pytest.param(INSTAGRAM, "https://www.instagram.com/someone/reels/", "url", id="the reels of a profile"),
        pytest.param(INSTAGRAM, "https://www.instagram.com/p/Cabc123_-x", None, id="one post"),
        pytest.param(INSTAGRAM, "https://www.instagram.com/someone/reel/Cab-_1/?x=1", None, id="one reel"),
        pytest.param(PROFILES, SOMEONE, None, id="the profile itself"),
        pytest.param(COMMENTS, "https://www.instagram.com/p/Cabc123_-x", None, id="comments of a post"),
        pytest.param(FACEBOOK, PAGE, None, id="a page"),
        pytest.param(FACEBOOK, "https://m.facebook.com/profile.php?id=100", None, id="a page by number"),
        pytest.param(LINKEDIN, PERSON, "profile_url", id="a person"),
        pytest.param(LINKEDIN, COMPANY, "company_url", id="a company"),
        pytest.param(LINKEDIN, "https://www.linkedin.com/school/x", "company_url", id="a school"),
        pytest.param(LINKEDIN, "https://www.linkedin.com/posts/x-1", None, id="one post of LinkedIn"),
        pytest.param(LINKEDIN, "https://www.linkedin.com/pulse/x-1", None, id="one article"),
    ],
)
def test_the_url_tells_the_way(dataset, url, discover_by):
    assert way_for(dataset, url).discover_by == discover_by
    assert accepts(dataset, url)
    assert inputs_for(dataset, url) == {"url": url}


@pytest.mark.parametrize(
    ("dataset", "url"),
    [
        pytest.param(INSTAGRAM, PAGE, id="another platform"),
        pytest.param(FACEBOOK, SOMEONE, id="and the other way round"),
        pytest.param(INSTAGRAM, "https://instagram.com.evil.test/someone", id="a platform in front"),
        pytest.param(INSTAGRAM, "https://evilinstagram.com/someone", id="a platform at the end"),
        pytest.param(INSTAGRAM, "https://instagram.com@evil.test/someone", id="a platform as a user"),
        pytest.param(INSTAGRAM, "instagram.com/someone", id="no scheme"),
        pytest.param(INSTAGRAM, "ftp://instagram.com/someone", id="another scheme"),
        pytest.param(INSTAGRAM, "https://www.instagram.com/", id="nobody's"),
        pytest.param(INSTAGRAM, "https://www.instagram.com/du ba", id="a blank"),
        pytest.param(INSTAGRAM, "https://www.instagram.com/du\nba", id="a line break"),
        pytest.param(INSTAGRAM, "https://[instagram.com/someone", id="no address"),
        pytest.param(INSTAGRAM, "", id="nothing"),
        pytest.param(LINKEDIN, "https://www.linkedin.com/jobs/view/1", id="a page that has no posts"),
    ],
)
def test_a_url_that_is_refused(dataset, url):
    assert not accepts(dataset, url)
    with pytest.raises(BadInput):
        inputs_for(dataset, url)


@pytest.mark.parametrize(
    ("dataset", "url", "given", "expected"),
    [
        pytest.param(
            INSTAGRAM,
            SOMEONE,
            {"start": date(2025, 9, 1), "end": date(2025, 10, 12), "num_posts": 10},
            {"url": SOMEONE, "num_of_posts": 10, "start_date": "09-01-2025", "end_date": "10-12-2025"},
            id="Instagram: month first",
        ),
        pytest.param(
            FACEBOOK,
            PAGE,
            {"start": "2025-09-01", "options": {"include_profile_data": "yes"}},
            {"url": PAGE, "start_date": "09-01-2025", "include_profile_data": True},
            id="Facebook: month first, a flag",
        ),
        pytest.param(
            LINKEDIN,
            PERSON,
            {"start": "2025-09-01", "end": "2025-10-12", "num_posts": 10},
            {"url": PERSON, "start_date": "2025-09-01T00:00:00.000Z", "end_date": "2025-10-12T23:59:59.999Z"},
            id="LinkedIn: times, the last day to its end, and no number",
        ),
        pytest.param(
            LINKEDIN,
            COMPANY,
            {"end": "2025-10-12"},
            {"url": COMPANY, "end_date": "2025-10-12T23:59:59.999Z"},
            id="LinkedIn company",
        ),
        pytest.param(
            INSTAGRAM,
            SOMEONE,
            {"num_posts": 10, "start": "2025-09-01", "options": {"num_of_posts": "3", "start_date": "2025-09-20"}},
            {"url": SOMEONE, "num_of_posts": 3, "start_date": "09-20-2025"},
            id="the source's own options go first",
        ),
        pytest.param(
            INSTAGRAM,
            SOMEONE,
            {"options": {"post_type": "reel", "posts_to_not_include": ["1", "2"], "end_date": "", "start_date": None}},
            {"url": SOMEONE, "post_type": "Reel", "posts_to_not_include": ["1", "2"]},
            id="spelt as the vendor does, unset left out",
        ),
        pytest.param(
            INSTAGRAM,
            SOMEONE,
            {"options": {"posts_to_not_include": "1, 2;3"}},
            {"url": SOMEONE, "posts_to_not_include": ["1", "2", "3"]},
            id="a list in one cell",
        ),
        pytest.param(
            INSTAGRAM,
            SOMEONE,
            {"options": {"discover_by": "collect"}, "num_posts": 10, "start": "2025-09-01"},
            {"url": SOMEONE},
            id="the way by name; the run's dates do not apply",
        ),
        pytest.param(
            PROFILES,
            SOMEONE,
            {"options": {"discover_by": "user_name"}},
            {"user_name": "someone"},
            id="the handle of a URL",
        ),
        pytest.param(
            PROFILES, "@someone", {"options": {"discover_by": "user_name"}}, {"user_name": "someone"}, id="a handle"
        ),
        pytest.param(
            INSTAGRAM,
            SOMEONE,
            {"start": datetime(2025, 9, 1, 23, tzinfo=UTC), "end": date(2025, 9, 1)},
            {"url": SOMEONE, "start_date": "09-01-2025", "end_date": "09-01-2025"},
            id="one day",
        ),
    ],
)
def test_inputs(dataset, url, given, expected):
    found = inputs_for(dataset, url, **given)

    assert found == expected
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"start": "01-09-2025"}, "start_date.*YYYY-MM-DD", id="day first"),
        pytest.param({"start": "2025-9-1"}, "YYYY-MM-DD", id="short"),
        pytest.param({"end": "2025-02-30"}, "end_date", id="no such day"),
        pytest.param(
            {"start": "2025-10-12", "end": "2025-09-01"}, "2025-10-12 is after the end 2025-09-01", id="order"
        ),
        pytest.param(
            {"start": "2025-10-12", "options": {"end_date": "2025-09-01"}}, "is after the end", id="order, one of each"
        ),
        pytest.param({"num_posts": 0}, "num_of_posts", id="no posts"),
        pytest.param({"num_posts": True}, "num_of_posts", id="truth is no number"),
        pytest.param({"options": {"num_of_posts": "many"}}, "whole number", id="no number"),
        pytest.param({"options": {"post_type": "story"}}, "Post, Reel", id="no such choice"),
        pytest.param({"options": {"posts_to_not_include": [1]}}, "list of texts", id="ids are texts"),
        pytest.param(
            {"options": {"hashtag": "x"}}, "instagram posts has no option 'hashtag'.*num_of_posts", id="unknown"
        ),
        pytest.param({"options": {"url": PAGE}}, "no option 'url'", id="the source's own"),
        pytest.param({"options": {"discover_by": "hashtag"}}, "collect, url", id="no such way"),
    ],
)
def test_inputs_that_are_refused(given, words):
    with pytest.raises(BadInput, match=words):
        inputs_for(INSTAGRAM, SOMEONE, **given)


@pytest.mark.parametrize("handle", ["", "du ba", "../someone", "@", PAGE])
def test_a_handle_that_is_refused(handle):
    with pytest.raises(BadInput):
        inputs_for(PROFILES, handle, {"discover_by": "user_name"})


def test_options_are_not_changed():
    options = {"discover_by": "url", "num_of_posts": 1}

    inputs_for(INSTAGRAM, SOMEONE, options)

    assert options == {"discover_by": "url", "num_of_posts": 1}


TIKTOK = {
    "dataset_id": "gd_lu702nij2f790tmv9h",
    "platform": "TikTok",
    "service": "posts",
    "kind": "posts",
    "hosts": "tiktok.com",
    "ways": {
        "profile_url": {"inputs": {"url": {"type": "url", "required": True}, "num_of_posts": "integer"}},
        "keyword": {"source": "search_keyword", "inputs": {"search_keyword": {"type": "text", "required": True}}},
        "url": {
            "inputs": {"URL": {"type": "url", "required": True}, "country": {"type": "text", "default": "US"}},
            "paths": "^/tag/",
        },
    },
    "match_keys": ["url", "URL", "search_keyword"],
    "columns": {"post_id": "post_id", "url": "url", "share_count": ["num_share_count", "share_count"]},
    "price_micro_usd": 1500,
}


def test_an_entry_of_the_users_own():
    tiktok = dataset_from(TIKTOK)
    known = (*DATASETS, tiktok)

    assert find("tiktok", "posts", "keyword", among=known) is by_id(TIKTOK["dataset_id"], among=known) is tiktok
    assert tiktok.columns["share_count"] == ("num_share_count", "share_count")
    profile = "https://www.tiktok.com/@someone"
    assert inputs_for(tiktok, profile, num_posts=2) == {"url": profile, "num_of_posts": 2}
    assert inputs_for(tiktok, "red shoes", {"discover_by": "keyword"}) == {"search_keyword": "red shoes"}
    tag = "https://www.tiktok.com/tag/x"
    assert inputs_for(tiktok, tag, {"discover_by": "url", "country": ""}) == {"URL": tag, "country": "US"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"colums": {}}, "colums", id="a field that is none"),
        pytest.param({"kind": "reels"}, "posts, comments", id="a kind that is none"),
        pytest.param({"ways": {"url": {"inputs": {"url": "uri"}}}}, "'uri'", id="a type that is none"),
        pytest.param({"ways": {"url": {"inputs": {"url": "url"}}}}, "source", id="a way without a source"),
        pytest.param({"ways": {}}, "way", id="no way"),
        pytest.param({"default_way": "x"}, "default_way", id="a default that is none"),
    ],
)
def test_an_entry_that_is_refused(change, words):
    with pytest.raises(BadInput, match=words):
        dataset_from({**TIKTOK, **change})


@pytest.mark.parametrize("field", ["dataset_id", "platform", "service", "kind", "hosts", "ways", "columns"])
def test_an_entry_that_lacks_something(field):
    with pytest.raises(BadInput, match=field):
        dataset_from({name: value for name, value in TIKTOK.items() if name != field})


def test_the_way_of_collecting_is_called_so():
    assert (
        dataset_from({**TIKTOK, "ways": {COLLECT: {"inputs": {"url": {"type": "url", "required": True}}}}})
        .ways[COLLECT]
        .discover_by
        is None
    )
