"""`workbench listings` and `workbench post`: what scripts rely on, and what is refused with nothing done."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Done, Home
from tests.post.conftest import cells
from tests.post.desk import FAST, Desk
from workbench.post.listing import COLUMNS

POST_RUN = {
    "job_id", "depth", "status", "total_posts", "completed_posts", "failed_posts", "progress_percentage", "items",
}  # fmt: skip
LISTING = {
    "listing_id", "account_id", "title", "price", "category", "condition", "status", "state", "attention", "error_type",
    "error_class", "error_message", "retry_count", "remote_id", "remote_url", "posted_at",
}  # fmt: skip
ERROR = {"id", "post", "post_title", "error_type", "error_message", "stack_trace", "screenshot", "created_at"}


class Shop:
    """A desk, and commands in its home."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        urls = {"marketplace_url": desk.sandbox.marketplace.url, "brightdata_url": desk.sandbox.url}
        settings = {f"WORKBENCH_{name.upper()}": str(value) for name, value in {**FAST, **urls}.items()}
        settings["BRIGHTDATA_API_KEY"] = settings.pop("WORKBENCH_BRIGHTDATA_API_KEY")
        self.home = Home(desk.home, **settings)

    def __call__(self, *words: str) -> Done:
        return self.home.here(*words)

    @property
    def sent(self) -> int:
        return sum(self.desk.count()["publish_clicks"].values())


@pytest.fixture
def shop(desk: Desk) -> Shop:
    shop = Shop(desk)
    assert shop("accounts", "add", "--channel", "marketplace", "--label", "north", "--json").json == {"account_id": 1}
    return shop


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.long
def test_from_a_file_to_the_site_and_not_twice(shop: Shop) -> None:
    file = str(shop.desk.csv({}, {"title": "Blue chair", "account": ""}))
    rehearsed = shop("post", "run", "--listings", file, "--account", "1", "--json")
    assert (rehearsed.code, rehearsed.json["depth"], shop.sent) == (0, "rehearse", 0), rehearsed.err
    assert rehearsed.json.keys() >= POST_RUN
    assert shop("listings", "list", "--json").json == []

    posted = shop("post", "run", "--listings", file, "--account", "1", "--live", "--headless", "--yes", "--json")
    assert posted.code == 0, posted.err
    assert posted.json.keys() >= POST_RUN
    assert (posted.json["depth"], posted.json["status"], posted.json["completed_posts"]) == ("real", "completed", 2)
    assert all(one.keys() >= LISTING for one in posted.json["items"])
    assert "queued → submitted" in posted.err

    again = shop("post", "run", "--listings", file, "--account", "1", "--live", "--yes", "--json")
    assert (again.code, again.json["error"]["type"]) == (2, "Refused")
    assert "nothing is left to post: listing 1 is posted" in again.json["error"]["message"]
    assert shop.sent == 2

    job = shop("post", "status", posted.json["job_id"][:8], "--json").json
    assert job["items"] == posted.json["items"]
    assert [one["job_id"] for one in shop("status", "--json").json["posting_jobs"]] == [job["job_id"]]
    seen = shop("sql", "SELECT title, status, remote_id FROM listings ORDER BY listing_id", "--format", "csv").out
    assert [row["status"] for row in csv.DictReader(io.StringIO(seen))] == ["posted", "posted"]
    assert shop("sql", "SELECT status, total_posts FROM posting_jobs", "--format", "json").json == [
        {"status": "completed", "total_posts": 2}
    ]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.long
def test_a_lost_answer_waits_for_a_person_who_says_what_became_of_it(shop: Shop) -> None:
    shop.desk.sandbox.marketplace.switch(query_error=1)
    done = shop("post", "run", "--listings", str(shop.desk.csv({})), "--live", "--yes", "--json")
    assert (done.code, done.json["items"][0]["state"]) == (3, "unsure")
    (todo,) = shop("todo", "--json").json
    assert todo["command"].startswith("workbench post resolve 1 --adopt ID")
    errors = shop("post", "errors", "--type", "uncertain_submit", "--listing", "1", "--account", "1", "--json").json
    assert errors["count"] == len(errors["error_logs"]) >= 1
    assert errors["error_logs"][0].keys() >= ERROR
    assert shop("post", "errors", "--type", "captcha", "--json").json["count"] == 0
    assert shop("post", "errors", "--since", "2999-01-01", "--json").json["count"] == 0

    assert shop("post", "retry", "1", "--json").code == 2  # in doubt is not failed
    assert shop("post", "resolve", "1", "--abandon", "--reason", "sold", "--json").json["state"] == "failed"
    shop.desk.sandbox.marketplace.switch(query_error=0)
    assert shop("post", "retry", "1", "--json").json == {"queued": 1}
    worked = shop("work", "--until-idle", "--json")
    assert (worked.code, shop("listings", "list", "--status", "posted", "--json").json[0]["retry_count"]) == (0, 1)


BAD = {
    "a missing column": ({"without": "photos"}, "the column 'photos' is missing"),
    "no such photo": ({"photos": "gone.jpg"}, "no photo 'gone.jpg'"),
    "cents": ({"price": "12,50 €"}, "whole units"),
    "an unknown category": ({"category": "Spaceships"}, "'Spaceships' is not known"),
    "control characters": ({"title": "Oak\x1b[2Jtable"}, "control character U+001B"),
    "no such account": ({"account": "nobody"}, "no account 'nobody'"),
    "the same listing twice": ({"twice": True}, "the same listing as line 2"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("words", [("listings", "import"), ("post", "run", "--live", "--yes", "--listings")])
def test_bad_input_is_named_and_nothing_is_posted(shop: Shop, name: str, words: tuple[str, ...]) -> None:
    values, said = BAD[name]
    file = shop.desk.home / "bad.csv"
    write(file, values)
    done = shop(*words, str(file), "--json")

    assert (done.code, done.json["error"]["type"]) == (2, "BadInput")
    assert said in done.json["error"]["message"]
    assert str(file) in done.json["error"]["message"]
    assert shop("listings", "list", "--json").json == []
    assert shop.sent == 0


def write(file: Path, values: dict[str, Any]) -> None:
    names = [name for name in COLUMNS if name != values.get("without")]
    row = cells(**{key: value for key, value in values.items() if key in COLUMNS})
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows([row, row] if values.get("twice") else [row])


def test_an_account_that_is_not_there_is_named(shop: Shop) -> None:
    done = shop("post", "run", "--listings", str(shop.desk.csv({})), "--account", "99", "--live", "--yes", "--json")

    assert (done.code, shop.sent) == (2, 0)
    assert "there is no account 99" in done.json["error"]["message"]


def test_a_plan_names_every_line_and_starts_nothing(shop: Shop) -> None:
    file = shop.desk.csv({}, {"title": "Chair", "price": "x"})
    done = shop("post", "plan", "--listings", str(file), "--json")

    assert done.code == 2
    assert [(one["line"], one["todo"]) for one in done.json["items"]] == [(2, "post"), (3, "refused")]
    assert shop("post", "status", "--json").json == []


def test_listings_are_edited_until_they_are_on_their_way(shop: Shop) -> None:
    shop("listings", "import", str(shop.desk.csv({})))
    done = shop("listings", "edit", "1", "--title", "Round table", "--price", "99", "--json")
    wrong = shop("listings", "edit", "1", "--price", "9,99", "--json")

    assert (done.code, wrong.code) == (0, 2)
    assert [(one["title"], one["price"]) for one in shop("listings", "list", "--json").json] == [("Round table", 99)]
    assert "Round table" in shop("listings", "list").out


def test_live_mode_publishes_nothing_that_nobody_agreed_to(tmp_path: Path) -> None:
    home = Home(tmp_path, WORKBENCH_MODE="live")
    (tmp_path / "listings.csv").write_text(",".join(COLUMNS))
    done = home.here("post", "run", "--listings", "listings.csv", "--live", "--json")

    assert (done.code, done.json["error"]["type"]) == (2, "Refused")
    assert "give --yes" in json.dumps(done.json)
