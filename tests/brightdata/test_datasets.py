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
    named,
    way_for,
    with_own,
)
from workbench.errors import BadInput
from workbench.lake.columns import Mapped
from workbench.lake.schema import OWN_COLUMNS
from workbench.sandbox.brightdata.datasets import DATASETS as STAND_IN

INSTAGRAM, REELS = find("instagram", "posts"), find("instagram", "reels")
PROFILES, COMMENTS = find("instagram", "profiles"), find("instagram", "comments")
FACEBOOK, GROUPS, ONE_POST = (
    find("facebook", "posts"),
    find("facebook", "group_posts"),
    find("facebook", "posts_by_url"),
)
FACEBOOK_REELS, FACEBOOK_COMMENTS = find("facebook", "reels"), find("facebook", "comments")
TIKTOK, TIKTOK_PROFILES = find("tiktok", "posts"), find("tiktok", "profiles")
TIKTOK_COMMENTS = find("tiktok", "comments")
LINKEDIN, PEOPLE = find("linkedin", "posts"), find("linkedin", "profiles")
COMPANIES, JOBS = find("linkedin", "companies"), find("linkedin", "jobs")
VIDEOS, CHANNELS, YOUTUBE_COMMENTS = (find("youtube", name) for name in ("videos", "channels", "comments"))
X, X_PROFILES = find("x", "posts"), find("x", "profiles")
SOMEONE = "https://www.instagram.com/someone/"
PAGE = "https://www.facebook.com/someone"
PERSON = "https://www.linkedin.com/in/some-one"
COMPANY = "https://uk.linkedin.com/company/some-firm/"


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda each: each.name)
class TestEveryEntry:
    def test_maps_our_columns(self, dataset):
        assert list(dataset.columns) == list(OWN_COLUMNS[dataset.kind])
        assert dataset.kind in KINDS
        Mapped(dataset.kind, dataset.columns, "timestamp")  # every place can be read

    def test_knows_its_default_way_and_its_sources(self, dataset):
        assert dataset.default_way in dataset.ways
        for way in dataset.ways.values():
            assert way.source == "" or way.inputs[way.source].required
            assert {name for name, each in way.inputs.items() if each.required} <= set(dataset.match_keys)

    def test_asks_what_the_stand_in_answers(self, dataset):
        """Two tables, written apart: the same ids, ways, inputs and required ones."""
        there = STAND_IN[dataset.dataset_id]
        assert {way.discover_by or "": way.inputs.keys() for way in dataset.ways.values()} == {
            name: method.keys for name, method in there.methods.items()
        }
        for way in dataset.ways.values():
            required = {name for name, each in way.inputs.items() if each.required}
            assert required == set(there.methods[way.discover_by or ""].required)

    def test_is_found_by_name_and_id(self, dataset):
        assert find(dataset.platform.upper(), f" {dataset.service} ") is dataset
        assert by_id(dataset.dataset_id) is dataset
        assert named(dataset.dataset_id) is named(f"{dataset.platform}/{dataset.service}") is dataset

    def test_can_be_carried_to_another_process(self, dataset):
        assert pickle.loads(pickle.dumps(dataset)) == dataset


@pytest.mark.parametrize(
    ("call", "words"),
    [
        pytest.param(
            lambda: find("myspace", "posts"), "facebook posts, facebook posts_by_url.*instagram comments", id="platform"
        ),
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
        pytest.param(REELS, SOMEONE, "url", id="reels of a profile"),
        pytest.param(REELS, "https://www.instagram.com/reel/Cab-_1/", None, id="one reel by itself"),
        pytest.param(GROUPS, "https://www.facebook.com/groups/tea.club/", None, id="a group"),
        pytest.param(ONE_POST, "https://www.facebook.com/tea/posts/123", None, id="one post of Facebook"),
        pytest.param(FACEBOOK_REELS, PAGE, None, id="reels of a page"),
        pytest.param(FACEBOOK_COMMENTS, "https://www.facebook.com/reel/123", None, id="comments of a reel"),
        pytest.param(TIKTOK, "https://www.tiktok.com/@tea.club", "profile_url", id="a profile of TikTok"),
        pytest.param(TIKTOK, "https://www.tiktok.com/@tea.club/video/7123", None, id="one video of TikTok"),
        pytest.param(TIKTOK_PROFILES, "https://www.tiktok.com/@tea.club", None, id="the profile of TikTok itself"),
        pytest.param(TIKTOK_COMMENTS, "https://www.tiktok.com/@tea.club/photo/7123", None, id="comments of a picture"),
        pytest.param(PEOPLE, PERSON, None, id="the person"),
        pytest.param(COMPANIES, COMPANY, None, id="the company"),
        pytest.param(JOBS, "https://www.linkedin.com/jobs/view/tester-at-tea-4123", None, id="one ad"),
        pytest.param(JOBS, "https://www.linkedin.com/jobs/search?keywords=tea", "url", id="a search of ads"),
        pytest.param(VIDEOS, "https://www.youtube.com/@teaclub", "url", id="a channel's videos"),
        pytest.param(VIDEOS, "https://www.youtube.com/watch?v=abcdefghijk", None, id="one video"),
        pytest.param(VIDEOS, "https://youtu.be/abcdefghijk", None, id="one video, short"),
        pytest.param(CHANNELS, "https://www.youtube.com/channel/UCx/about", None, id="a channel"),
        pytest.param(YOUTUBE_COMMENTS, "https://www.youtube.com/shorts/abc", None, id="comments of a video"),
        pytest.param(X, "https://x.com/teaclub", "profile_url", id="a profile of X"),
        pytest.param(X, "https://twitter.com/teaclub/status/18", None, id="one post of X"),
        pytest.param(X_PROFILES, "https://x.com/teaclub/", None, id="the profile of X itself"),
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
        pytest.param(FACEBOOK, "https://www.facebook.com/groups/tea.club", id="a group is no page"),
        pytest.param(FACEBOOK, "https://www.facebook.com/tea/posts/123", id="nor is a post"),
        pytest.param(FACEBOOK, "https://www.facebook.com/watch/?v=1", id="nor a video"),
        pytest.param(GROUPS, PAGE, id="a page is no group"),
        pytest.param(TIKTOK_COMMENTS, "https://www.tiktok.com/@tea.club", id="a profile has no comments"),
        pytest.param(CHANNELS, "https://www.youtube.com/watch?v=1", id="a video is no channel"),
        pytest.param(X, "https://x.com/search?q=tea", id="a search is no profile"),
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
            {"start": "2025-09-01", "end": "2025-10-12"},
            {"url": COMPANY},
            id="LinkedIn company: takes no dates",
        ),
        pytest.param(
            TIKTOK,
            "https://www.tiktok.com/@tea",
            {"start": "2025-09-01", "num_posts": 3, "options": {"include_pinned_post": "no", "country": "LV"}},
            {
                "url": "https://www.tiktok.com/@tea",
                "num_of_posts": 3,
                "start_date": "09-01-2025",
                "country": "LV",
                "include_pinned_post": False,
            },
            id="TikTok: month first",
        ),
        pytest.param(
            TIKTOK,
            "https://www.tiktok.com/tag/tea",
            {"start": "2025-09-01", "num_posts": 3},
            {"URL": "https://www.tiktok.com/tag/tea", "num_of_posts": 3},
            id="TikTok: in capitals, no dates",
        ),
        pytest.param(
            TIKTOK,
            "red shoes",
            {"options": {"discover_by": "keyword"}},
            {"search_keyword": "red shoes"},
            id="a keyword in place of the URL",
        ),
        pytest.param(
            JOBS,
            "https://www.linkedin.com/jobs/#testers in Riga",
            {"options": {"discover_by": "keyword", "keyword": "tester", "location": "Riga", "remote": ""}},
            {"keyword": "tester", "location": "Riga"},
            id="a keyword in the options: the URL is a name",
        ),
        pytest.param(
            PEOPLE,
            "Maple of Kettleby",
            {"options": {"discover_by": "name", "first_name": "Maple", "last_name": "Kettleby"}},
            {"first_name": "Maple", "last_name": "Kettleby"},
            id="a search by name",
        ),
        pytest.param(
            VIDEOS,
            "https://www.youtube.com/@tea",
            {"start": "2025-09-01", "end": "2025-09-30", "num_posts": 5},
            {
                "url": "https://www.youtube.com/@tea",
                "num_of_posts": 5,
                "start_date": "09-01-2025",
                "end_date": "09-30-2025",
            },
            id="YouTube: month first",
        ),
        pytest.param(
            YOUTUBE_COMMENTS,
            "https://www.youtube.com/watch?v=1",
            {"num_posts": 5, "options": {"num_of_comments": 9, "sort_by": "newest FIRST"}},
            {"url": "https://www.youtube.com/watch?v=1", "num_of_comments": 9, "sort_by": "Newest first"},
            id="comments are not posts",
        ),
        pytest.param(
            X,
            "https://x.com/tea, https://x.com/coffee",
            {"start": "2025-09-01", "options": {"discover_by": "profiles_array"}},
            {"urls": ["https://x.com/tea", "https://x.com/coffee"], "start_date": "09-01-2025"},
            id="X: several profiles at once",
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


@pytest.mark.parametrize(
    ("dataset", "url", "options", "words"),
    [
        pytest.param(PEOPLE, "Maple", {"discover_by": "name", "first_name": "Maple"}, "needs 'last_name'", id="half"),
        pytest.param(
            LINKEDIN, COMPANY, {"start_date": "2025-09-01"}, "no option 'start_date'", id="dates of a company"
        ),
        pytest.param(X, f"https://x.com/tea {SOMEONE}", {"discover_by": "profiles_array"}, "not on x", id="one of two"),
        pytest.param(TIKTOK, "https://www.tiktok.com/tag/x", {"URL": "https://www.tiktok.com/@y"}, "'URL'", id="own"),
    ],
)
def test_options_that_are_refused(dataset, url, options, words):
    with pytest.raises(BadInput, match=words):
        inputs_for(dataset, url, options)


@pytest.mark.parametrize("handle", ["", "du ba", "../someone", "@", PAGE])
def test_a_handle_that_is_refused(handle):
    with pytest.raises(BadInput):
        inputs_for(PROFILES, handle, {"discover_by": "user_name"})


def test_options_are_not_changed():
    options = {"discover_by": "url", "num_of_posts": 1}

    inputs_for(INSTAGRAM, SOMEONE, options)

    assert options == {"discover_by": "url", "num_of_posts": 1}


OWN = {
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
    tiktok = dataset_from(OWN)
    known = with_own([tiktok])

    assert len(known) == len(DATASETS)
    assert find("tiktok", "posts", "keyword", among=known) is by_id(OWN["dataset_id"], among=known) is tiktok
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
        pytest.param({"ways": ["url"]}, "not written as", id="ways in a list"),
        pytest.param({"ways": {"url": {"inputs": {"url": {"type": "url", "must": 1}}}}}, "not written as", id="extras"),
        pytest.param({"columns": {"post_id": 5}}, "columns", id="a place that is no text"),
        pytest.param({"hosts": 5}, "hosts", id="a host that is no text"),
        pytest.param({"dataset_id": 5}, "dataset_id", id="an id that is no text"),
        pytest.param({"date_format": "%Q %"}, "date_format", id="no date format"),
        pytest.param({"price_micro_usd": "cheap"}, "price_micro_usd", id="no price"),
        pytest.param(
            {"ways": {"url": {"inputs": {"url": {"type": "url", "required": True}}, "paths": "("}}},
            "paths",
            id="pattern",
        ),
    ],
)
def test_an_entry_that_is_refused(change, words):
    with pytest.raises(BadInput, match=words):
        dataset_from({**OWN, **change})


@pytest.mark.parametrize("field", ["dataset_id", "platform", "service", "kind", "hosts", "ways", "columns"])
def test_an_entry_that_lacks_something(field):
    with pytest.raises(BadInput, match=field):
        dataset_from({name: value for name, value in OWN.items() if name != field})


def test_the_way_of_collecting_is_called_so():
    assert (
        dataset_from({**OWN, "ways": {COLLECT: {"inputs": {"url": {"type": "url", "required": True}}}}})
        .ways[COLLECT]
        .discover_by
        is None
    )
