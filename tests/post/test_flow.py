"""A listing from the file to the site, for every way in which the site may answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.post.desk import Desk, check_truth, post

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_the_file_to_the_site(desk: Desk) -> None:
    row = {"photos": "table.jpg;side.png", "sku": "T-1", "description": "Four legs.\n\nOne scratch & <b>more</b>"}
    row |= {"category": "ships"}
    own = [{"names": ["Boats"], "heading": "Vehicles", "also": {"Ships": "Boats"}}]
    with desk.open("north", categories=own) as wb:
        (one,) = post(wb, desk.csv(row))

        assert (one["status"], one["state"], one["remote_state"]) == ("posted", "posted", "live")
        assert (one["error_class"], one["attention"]) == (None, None)
        (there,) = desk.count()["listings"]
        assert there["listing_id"] == one["remote_id"]
        assert {name: there[name] for name in ("title", "price", "category", "condition", "description")} == {
            "title": "Oak table", "price": 120, "category": "Boats", "condition": "Used - Good",
            "description": "Four legs.\n\nOne scratch & <b>more</b>",
        }  # fmt: skip
        assert (there["location"], there["photos"]["count"]) == ("Springfield, Illinois", 2)
        assert there["sku"].startswith("T-1 WB-")
        assert (wb.settings.data / one["screenshot"]).stat().st_mode & 0o777 == 0o600
        job = wb.postings.job()
        assert (job["status"], job["total_posts"], job["completed_posts"], job["progress_percentage"]) == (
            "completed", 1, 1, 100.0,
        )  # fmt: skip
        assert job["created_at"] <= job["started_at"] <= job["completed_at"]


# What the site is told to do → the state, the class of the error, whether it is there, whether the account stopped.
ANSWERS: dict[str, tuple[dict[str, Any], str, str | None, int, bool]] = {
    "under review": ({"under_review": {}}, "posted", None, 1, False),
    "an answer without the id": ({"answer_without_id": {}}, "posted", None, 1, False),
    "the page is loaded anew": ({"after_publish": "load"}, "posted", None, 1, False),
    "cards without links": ({"cards_without_links": {}, "answer_without_id": {}}, "posted", None, 1, False),
    "stored, then dropped": ({"commit_then_drop": {}}, "posted", None, 1, False),
    "stored, dropped, in review": ({"commit_then_drop": {}, "under_review": {}}, "posted", None, 1, False),
    "stored, dropped, no links": ({"commit_then_drop": {}, "cards_without_links": {}}, "posted", None, 1, False),
    "stored, with a query error": ({"query_error": {"stored": True}}, "posted", None, 1, False),
    "a query error": ({"query_error": {}}, "unsure", "uncertain_submit", 0, False),
    "dropped, nothing stored": ({"drop_before": {}}, "unsure", "uncertain_submit", 0, False),
    "a field is wrong": ({"field_error": {"field": "title"}}, "failed", "validation_error", 0, False),
    "blocked at the form": ({"blocked": {}}, "queued", "rate_limit", 0, False),
    "blocked, curly apostrophe": ({"blocked": {}, "apostrophe": "curly"}, "queued", "rate_limit", 0, False),
    "the daily limit": ({"daily_limit": {}}, "queued", "rate_limit", 0, False),
    "429": ({"http_429": {"retry_after": 3600}}, "queued", "rate_limit", 0, False),
    "blocked at the click": ({"blocked": {"on": "publish"}}, "unsure", "uncertain_submit", 0, False),
    "checkpoint": ({"checkpoint": {}}, "queued", "checkpoint", 0, True),
    "checkpoint at the click": ({"checkpoint": {"on": "publish"}}, "unsure", "checkpoint", 0, True),
    "a challenge": ({"captcha": {}}, "queued", "captcha", 0, True),
    "login in mid-form": ({"login_in_mid_form": {"on": "step"}}, "queued", "session_expired", 0, True),
    "login at the click": ({"login_in_mid_form": {"on": "publish"}}, "unsure", "session_expired", 0, True),
    "logged out at the site": ({"logged_out_at_site": {}}, "queued", "session_expired", 0, True),
    "a disabled account": ({"disabled_account": {}}, "queued", "account_restricted", 0, True),
    "not available": ({"not_available": {}}, "queued", "account_restricted", 0, True),
    "another language": ({"language": "de"}, "queued", "ui_changed", 0, True),
    "the button has another name": ({"control_renamed": {"control": "Publish"}}, "queued", "ui_changed", 0, True),
}


# One of each end; the pages of the others are recognised in tests/browser/test_page_state.py, and soak posts to all.
SOME = (
    "cards without links", "stored, then dropped", "stored, with a query error", "dropped, nothing stored",
    "a field is wrong", "the daily limit", "checkpoint at the click", "a challenge", "login at the click",
    "a disabled account", "the button has another name",
)  # fmt: skip


def switches(answers: Sequence[str]) -> dict[str, list[Any]]:
    """Each answer on an account of its own, named after it."""
    found: dict[str, list[Any]] = {}
    for label in answers:
        values = ANSWERS[label][0]
        for name, value in values.items():
            given = value if isinstance(value, dict) else {"value": value}
            found.setdefault(name, []).append({**given, "account": label})
    return found


@pytest.mark.parametrize(
    "answers", [pytest.param(SOME, marks=pytest.mark.long), pytest.param(tuple(ANSWERS), marks=pytest.mark.soak)],
    ids=["one of each end", "all"],
)  # fmt: skip
@pytest.mark.timeout(900)
def test_every_answer_of_the_site_ends_in_its_state(desk: Desk, answers: Sequence[str]) -> None:
    """All at once, an account each: no account's trouble is another's."""
    desk.sandbox.marketplace.switch(**switches(answers))
    with desk.open(*answers, page_seconds=12, threads=4) as wb:
        rows = [{"title": f"Table {n}", "account": label} for n, label in enumerate(answers)]
        found = {one["account"]: one for one in post(wb, desk.csv(*rows))}
        accounts = {one["label"]: one for one in wb.accounts.all("marketplace")}
        there, count, logs = desk.there(), desk.count(), wb.postings.errors(limit=None)
        wrong = []
        for number, label in enumerate(answers):
            _, state, error, is_there, is_stopped = ANSWERS[label]
            one = found[label]
            told = (one["state"], one["error_class"], there[label, f"Table {number}"])
            if told != (state, error, is_there) or (accounts[label]["paused_kind"] is not None) is not is_stopped:
                wrong.append((label, told, accounts[label]["paused_kind"], one["error_message"]))
            mine = [log for log in logs if log["post"] == one["listing_id"]]
            kept = [log for log in mine[:1] if log["error_class"] == error and log["evidence"]]
            if error and not (kept and (wb.settings.data / kept[0]["evidence"]).is_dir()):
                wrong.append((label, "the log", mine[:1]))
            if error and mine and mine[0]["certain"] is (state == "unsure"):
                wrong.append((label, "certain", mine[0]["certain"]))

        assert not wrong, "\n".join(map(str, wrong))
        assert max(count["publish_clicks"].values()) == 1
        assert count["greyed_clicks"] == {}
        check_truth(desk, wb)


def test_settings_that_the_site_remembers_are_read_first(desk: Desk) -> None:
    """Hide from friends and groups stay from the listing before; the next one says what it wants."""
    groups = ["New & Used Furniture", "Springfield Buy and Sell"]
    with desk.open("north") as wb:
        post(wb, desk.csv({"title": "Oak table"}), groups=groups, hide_from_friends=True)
        post(wb, desk.csv({"title": "Blue chair"}))

        first, second = sorted(desk.count()["listings"], key=lambda one: one["created_at"])
        assert (first["hide_from_friends"], sorted(first["groups"])) == (True, groups)
        assert (second["hide_from_friends"], second["groups"]) == (False, [])


def test_a_draft_is_an_end_of_its_own(desk: Desk) -> None:
    with desk.open("north") as wb:
        (one,) = post(wb, desk.csv({}), draft=True)

        assert (one["state"], one["status"], one["remote_state"]) == ("drafted", "posted", "draft")
        assert desk.there() == {}
        assert [each["title"] for each in desk.count()["drafts"]] == ["Oak table"]
        check_truth(desk, wb)


@pytest.mark.long
@pytest.mark.soak
def test_older_listings_of_the_same_title_over_many_pages(desk: Desk) -> None:
    """The lost one is the one that is new, found behind the end of the first page."""
    with desk.open("north") as wb:
        post(wb, desk.csv({"description": "the first"}))  # from here, so that it is not asked about
        desk.sandbox.marketplace.switch(cards_per_page=1, commit_then_drop=1)
        (one,) = post(wb, desk.csv({"description": "the second"}))

        assert one["state"] == "posted"
        there = {each["listing_id"]: each["description"] for each in desk.count()["listings"]}
        assert there[one["remote_id"]] == "the second"


@pytest.mark.long
def test_a_list_that_cannot_be_read_to_its_end_proves_nothing(desk: Desk) -> None:
    """Neither before the click, where nothing is sent, nor after it, where nothing is taken for absent."""
    desk.sandbox.marketplace.switch(cards_per_page=1)
    with desk.open("north", look_gaps="1,1") as wb:
        desk.ask("seed", account="north", listings=[{"title": "Blue chair"}, {"title": "City bike"}])
        desk.sandbox.marketplace.switch(incomplete_listings=1)
        made = wb.postings.start(desk.csv({"title": "Oak table"}))
        waiting = wb.postings.work_on(made.job_id, limit=timedelta(seconds=6))["items"][0]
        desk.sandbox.marketplace.switch(incomplete_listings=0, query_error=1)

        def watch() -> None:
            if wb.postings.listings(job=made.job_id)[0]["state"] == "unsure":
                desk.sandbox.marketplace.switch(incomplete_listings=1)

        unsure = wb.postings.work_on(made.job_id, watch=watch, limit=timedelta(seconds=15))["items"][0]

        assert (waiting["state"], waiting["error_class"]) == ("queued", "network_error")
        assert (unsure["state"], unsure["attention"]) == ("unsure", "reconcile")
        assert desk.count()["publish_clicks"] == {"north": 1}


def test_a_title_that_stands_there_already_is_asked_about_before_the_click(desk: Desk) -> None:
    """Put there by hand, or by a ledger that is gone."""
    (there,) = desk.ask("seed", account="north", listings=[{"title": "Oak table", "price": 130}])["ids"]
    with desk.open("north") as wb:
        (one,) = post(wb, desk.csv({"sku": "T-1"}))
        assert (one["state"], one["attention"], len(desk.count()["listings"])) == ("unsure", "person", 1)
        assert f"'Oak table' already ({there})" in one["error_message"]
        assert "nothing was sent" in one["error_message"]
        assert f"workbench post resolve {one['listing_id']} --adopt {there}" in one["error_message"]
        (todo,) = wb.todo()
        assert todo["command"].startswith(f"workbench post resolve {one['listing_id']}")

        wb.postings.resolve(one["listing_id"], absent=True)
        (one,) = wb.postings.work_on(one["job_id"])["items"]
        assert (one["state"], len(desk.count()["listings"])) == ("posted", 2), "asked about once"

        (two,) = post(wb, desk.csv({"description": "Another one, from here."}))
        # Another listing is asked about anew; what was posted from here is known.
        assert (two["state"], len(desk.count()["listings"])) == ("unsure", 2)
        assert f"already ({there}), which" in two["error_message"]
