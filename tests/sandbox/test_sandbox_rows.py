"""sandbox/brightdata: what the rows are like, and that they are the same for the same words."""

from __future__ import annotations

import gc
import hashlib
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from workbench.sandbox.brightdata.datasets import DATASETS
from workbench.sandbox.brightdata.plan import Options, Terms, plan_for
from workbench.sandbox.brightdata.shapes import Dataset
from workbench.sandbox.serve import Sandbox

FACEBOOK = "gd_lkaxegm826bjpoo9m5"
LINKEDIN = "gd_lyy3tktm25m4avu764"
PROFILE = {"url": "https://www.linkedin.com/in/tea-tester", "start_date": "2025-01-01", "end_date": "2025-06-30"}
BY_PROFILE = {"dataset": LINKEDIN, "type": "discover_new", "discover_by": "profile_url"}


def _timeless(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "timestamp"} for row in rows]


def test_rows_are_as_many_as_asked_within_the_dates_newest_first(caller: Any, page: Any) -> None:
    rows = caller.rows(page(count=25))
    days = [row["date_posted"][:10] for row in rows]

    assert len({row["post_id"] for row in rows}) == 25
    assert days == sorted(days, reverse=True)
    assert "2025-09-01" <= days[-1] <= days[0] <= "2025-10-12"
    assert len(caller.rows(page(), limit_per_input=2)) == 2
    assert len(caller.rows(page(), page("other"), limit_multiple_results=4)) == 4


def test_the_same_words_give_the_same_rows_in_every_home_of_a_seed(caller: Any, page: Any, tmp_path: Path) -> None:
    here = caller.rows(page())
    key = {"Authorization": "Bearer practice-key-0002"}
    others = []
    for seed in (7, 8):
        switches = {"ready_after_seconds": 0}
        with (
            Sandbox(tmp_path / str(seed), seed=seed, switches=switches) as sandbox,
            httpx.Client(base_url=sandbox.url, headers=key, verify=False) as http,
        ):
            others.append(type(caller)(sandbox.url, http).rows(page()))

    assert _timeless(here) == _timeless(others[0])
    assert _timeless(here) != _timeless(others[1])


def test_overlapping_windows_share_posts_and_exclusions_are_left_out(caller: Any, page: Any) -> None:
    wide = {row["post_id"] for row in caller.rows(page(count=40))}
    narrow = caller.rows(page(count=10, start_date="10-01-2025"))
    known = narrow[0]["post_id"]
    without = {
        row["post_id"] for row in caller.rows(page(count=10, start_date="10-01-2025", posts_to_not_include=[known]))
    }

    assert wide & {row["post_id"] for row in narrow}
    assert (len(without), known in without) == (10, False)


def test_dates_are_read_month_first_and_a_wrong_order_is_accepted_silently(caller: Any, page: Any) -> None:
    asked = {"start_date": "01-09-2025", "end_date": "02-10-2025"}
    days = [row["date_posted"] for row in caller.rows(page(**asked))]
    impossible = caller.rows(page(start_date="25-09-2025", end_date="30-09-2025"))

    assert all("2025-01-09" <= day <= "2025-02-11" for day in days)
    assert [row["warning"] for row in impossible] == ["Not found posts for specified period"]


def test_a_window_that_holds_today_has_no_posts_of_the_future(caller: Any, page: Any) -> None:
    rows = caller.rows(page(end_date="12-31-2099"))

    assert len(rows) == 3
    assert all(row["date_posted"] < row["timestamp"] for row in rows)


def test_words_in_an_address_choose_warnings_and_errors(caller: Any, page: Any) -> None:
    inputs = (page("nothing.here"), page("private.club"), page("patchy", count=8))
    with_errors = caller.rows(*inputs, include_errors="true")
    without = caller.rows(*inputs)

    assert [row.get("warning_code") or row.get("error_code") or "data" for row in with_errors] == [
        *("dead_page", "crawl_failed"),
        *("data", "data", "data", "crawl_failed") * 2,
    ]
    assert set(with_errors[1]) == {"timestamp", "input", "error", "error_code", "discovery_input"}
    assert len(without) == 7
    assert caller.count()["records_billed"] == 12


def test_only_failed_inputs_without_errors_are_an_empty_snapshot(caller: Any, page: Any) -> None:
    answer = caller.download(caller.triggered(page("private")))

    assert (answer.status_code, answer.text) == (400, "Snapshot is empty")


def test_discovered_rows_name_the_post_and_the_source(caller: Any, page: Any) -> None:
    row = caller.rows(page())[0]

    assert row["input"] == {"url": row["url"]}
    assert row["discovery_input"] == {**page(), "posts_to_not_include": "", "post_type": ""}
    assert "discovery_input" not in caller.rows({"url": row["url"]}, discover_by="")[0]


def test_custom_fields_project_and_echo(caller: Any) -> None:
    body = {
        "input": [{**PROFILE, "row_id": "r1"}],
        "limit_per_input": 2,
        "custom_output_fields": "url|repost.repost_url",
        "custom_input_fields": ["row_id"],
    }
    query = {"dataset_id": LINKEDIN, "type": "discover_new", "discover_by": "profile_url"}
    snapshot_id = caller.http.post("/datasets/v3/trigger", params=query, json=body).json()["snapshot_id"]
    rows = caller.download(snapshot_id, format="json").json()

    assert [(set(row), row["row_id"], set(row["repost"])) for row in rows] == [
        ({"url", "repost", "row_id"}, "r1", {"repost_url"})
    ] * 2


def test_linkedin_has_reposts_slugs_missing_users_and_impossible_likes(caller: Any) -> None:
    rows = caller.rows(PROFILE, limit_per_input=200, **BY_PROFILE)
    articles = caller.rows(
        {"url": PROFILE["url"], "limit": 3}, dataset=LINKEDIN, type="discover_new", discover_by="url"
    )

    assert 0 < sum(not row["use_url"].endswith("/tea-tester") for row in rows) < 100
    assert 0 < sum(row["user_id"] is None for row in rows) < 100
    assert max(row["num_likes"] for row in rows) > 1e30
    assert all(not row["id"].isdigit() and row["post_type"] == "article" for row in articles)
    assert any("\u2028" in row["post_text"] for row in rows)


def test_facebook_sums_reactions_and_its_warnings_carry_every_key(caller: Any) -> None:
    dates = {"start_date": "09-01-2025", "end_date": "09-30-2025"}
    inputs = [{"url": f"https://www.facebook.com/{name}", **dates} for name in ("tea.club", "nothing")]
    *rows, warning = caller.rows(*inputs, dataset=FACEBOOK)

    assert all(row["likes"] == sum(each["reaction_count"] for each in row["count_reactions_type"]) for row in rows)
    assert rows[0]["input"]["url"] == inputs[0]["url"]
    assert set(DATASETS[FACEBOOK].columns) < set(warning)
    assert {
        value for key, value in warning.items() if key in DATASETS[FACEBOOK].columns and key != "original_post"
    } == {None}


ASKED: dict[str, Any] = {
    "url": "https://www.tiktok.com/@tea.club",
    "URL": "https://www.tiktok.com/tag/tea",
    "urls": ["https://x.com/tea_club", "https://x.com/coffee_club"],
    "search_url": "https://www.tiktok.com/search?q=tea",
    "user_name": "tea.club",
    "first_name": "Maple",
    "last_name": "Kettleby",
    **dict.fromkeys(("keyword", "search_keyword", "keyword_search", "hashtag"), "kettle tester"),
}
WAYS = [
    pytest.param(dataset, name, id=f"{dataset.name} {name or 'collect'}")
    for dataset in DATASETS.values()
    for name in dataset.methods
]


def _discover(name: str) -> dict[str, str]:
    return {"type": "discover_new", "discover_by": name} if name else {"discover_by": ""}


@pytest.mark.parametrize(("dataset", "name"), WAYS)
def test_every_way_makes_rows_of_its_own_columns(caller: Any, dataset: Dataset, name: str) -> None:
    """A few rows have one key more, and some lack optional ones, as real ones do. Two readings are the same."""
    method = dataset.methods[name]
    asked = {key: ASKED[key] for key in method.required}
    snapshot_id = caller.triggered(asked, dataset=dataset.dataset_id, **_discover(name))
    rows = caller.download(snapshot_id, format="json").json()
    system = {"timestamp", "input", *(["discovery_input"] if method.discovers else [])}

    assert caller.download(snapshot_id, format="json").json() == rows
    assert len(rows) == (10 if method.many else 1)
    assert len({row["url"] for row in rows}) == len(rows) or "comment" in dataset.name.lower()
    for row in rows:
        assert system <= set(row)
        assert len(set(row) - system - set(dataset.columns)) <= 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["timestamp"])
        assert (row["discovery_input"] if method.discovers else row["input"]).items() >= asked.items()


def test_the_rows_of_a_seed_are_what_they_always_were() -> None:
    """To the byte, and in the order of their keys: homes of practice were filled with them."""
    digest = hashlib.sha256()
    for dataset in DATASETS.values():
        for name, method in dataset.methods.items():
            terms = Terms(7, dataset.dataset_id, name, Options(), created=1764500000.0)
            plan = plan_for(terms, {key: ASKED[key] for key in method.required})
            digest.update(b"".join(orjson.dumps(row) for _, row in plan.rows()))

    assert digest.hexdigest() == "2412b8a202f4638e4e9b476b166efa8960f2d1e3899743096792eb040599cc41"


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset.name)
def test_every_dataset_warns_and_fails(caller: Any, dataset: Dataset) -> None:
    """`nothing` and `private` in what is asked: a warning that may carry every key, and an error without any."""
    method = dataset.methods[""]
    inputs = [{"url": f"https://www.tiktok.com/@{word}"} for word in ("nothing", "private")]
    warning, error = caller.rows(*inputs, dataset=dataset.dataset_id, include_errors="true", discover_by="")

    assert warning["warning_code"] == "dead_page"
    assert set(error) == {"timestamp", "input", "error", "error_code"}
    assert (set(dataset.columns) <= set(warning)) is dataset.warns_in_full
    assert not method.discovers


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        pytest.param({"url": "https://www.tiktok.com/tag/tea"}, "URL", id="in small letters"),
        pytest.param({"URL": "tag tea"}, "URL", id="no address"),
        pytest.param({"URL": "https://www.tiktok.com/tag/tea", "start_date": "09-01-2025"}, "start_date", id="a date"),
    ],
)
def test_inputs_are_spelt_and_known_per_way(caller: Any, asked: dict[str, str], field: str) -> None:
    """TikTok's discovery by URL wants the key in capitals; what a way does not know is refused."""
    answer = caller.trigger(asked, dataset="gd_lu702nij2f790tmv9h", type="discover_new", discover_by="url")

    assert answer.status_code == 400
    assert field in dict(answer.json()["errors"])


def test_companies_on_linkedin_take_no_dates(caller: Any) -> None:
    asked = {"url": "https://www.linkedin.com/company/tea", "start_date": "2025-01-01"}
    answer = caller.trigger(asked, dataset=LINKEDIN, type="discover_new", discover_by="company_url")

    assert answer.json()["errors"] == [["start_date", "Unexpected field"]]


def test_tiktok_counts_and_dates_have_names_of_their_own(caller: Any) -> None:
    asked = {"url": ASKED["url"], "num_of_posts": 60}
    rows = caller.rows(asked, dataset="gd_lu702nij2f790tmv9h", type="discover_new", discover_by="profile_url")

    assert all(row["create_time"] and row["digg_count"] is not None and "offical_item" in row for row in rows)
    assert {type(row["share_count"]) for row in rows} == {str, type(None)}
    assert 0 < sum("num_share_count" in row for row in rows) < len(rows)


def test_one_name_has_several_people_and_one_search_several_ads(caller: Any) -> None:
    name = {"first_name": "Maple", "last_name": "Kettleby"}
    people = caller.rows(name, dataset="gd_l1viktl72bvl7bjuj0", limit_per_input=5, **_discover("name"))
    search = {"keyword": "kettle tester", "location": "Riga"}
    ads = caller.rows(search, dataset="gd_lpfll7v5hcqtkxl6l", limit_per_input=5, **_discover("keyword"))

    assert len({row["id"] for row in people}) == len({row["job_posting_id"] for row in ads}) == 5
    assert {row["discovery_input"]["last_name"] for row in people} == {"Kettleby"}
    assert all(row["discovery_input"] == {**search, "company": ""} for row in ads)
    assert all(row["input"]["discovery_input"] == search for row in ads)


def test_profiles_asked_together_have_posts_of_each(caller: Any) -> None:
    asked = {"urls": ASKED["urls"]}
    rows = caller.rows(asked, dataset="gd_lwxkxvnf1cynvib9co", limit_per_input=40, **_discover("profiles_array"))

    assert {row["user_posted"] for row in rows} == {"tea_club", "coffee_club"}
    assert all("data_posted" in row["quoted_post"] for row in rows)


def test_a_hundred_thousand_rows_are_never_in_memory(caller: Any, page: Any) -> None:
    """The first bytes of a huge snapshot come at once: nothing is made before it is sent."""
    snapshot_id = caller.triggered(*(page(f"club{n}", count=1000) for n in range(100)))
    with caller.http.stream("GET", f"/datasets/v3/snapshot/{snapshot_id}") as answer:
        first = next(answer.iter_raw())

    assert first.startswith(b'{"url"')
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.elapsed.total_seconds() < 10
    assert caller.count()["records_billed"] == 100_000
    assert caller.download(snapshot_id, batch_size=1000, part=100).content.count(b"\n") == 1000


def test_a_caller_that_leaves_in_the_middle_of_an_answer_leaves_no_socket_behind(
    caller: Any, page: Any, sandbox: Sandbox
) -> None:
    snapshot_id = caller.triggered(*(page(f"club{n}", count=1000) for n in range(5)))
    with caller.http.stream("GET", f"/datasets/v3/snapshot/{snapshot_id}") as answer:
        next(answer.iter_raw())
    sandbox.stop()  # its threads are over then
    gc.collect()  # pytest tells what was not closed

    assert not [thread for thread in threading.enumerate() if "process_request" in thread.name]
