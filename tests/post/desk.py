"""A home with its own Marketplace, and what that was made to do set against what the ledger says."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.post.conftest import cells, make_photo
from workbench.post.listing import COLUMNS
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench, open_workbench

FAST = {
    "page_seconds": 6, "look_gaps": "0.3,0.3", "backoff_seconds": 0.2, "poll_seconds": 0.2, "lease_seconds": 60,
    "threads": 1, "brightdata_api_key": "practice-key-of-no-value",
}  # fmt: skip
TITLES = ("Oak table", "Blue chair", "Reading lamp", "City bike", "Cook book", "Old phone")


class Desk:
    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.home, self.sandbox = folder / "home", sandbox
        make_photo(self.home / "data" / "inputs" / "photos" / "table.jpg")
        make_photo(self.home / "data" / "inputs" / "photos" / "side.png", colour="olive")

    def open(self, *accounts: str, **settings: Any) -> Workbench:
        wb = open_workbench(self.home, **self.settings(**settings))
        known = {one["label"] for one in wb.accounts.all("marketplace")}
        for label in accounts:
            if label not in known:
                wb.accounts.add("marketplace", label)
        return wb

    def settings(self, **settings: Any) -> dict[str, Any]:
        urls = {"marketplace_url": self.sandbox.marketplace.url, "brightdata_url": self.sandbox.url}
        return {**FAST, **urls, **settings}

    def csv(self, *rows: Mapping[str, Any], name: str = "listings.csv") -> Path:
        path = self.home / "data" / "inputs" / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(cells(**{"location": "Springfield, Illinois", **row}) for row in rows)
        return path

    def rows(self, number: int, accounts: Sequence[str] = ("north",)) -> list[dict[str, Any]]:
        """Listings that differ, dealt out to the accounts."""
        return [
            {"title": f"{TITLES[n % len(TITLES)]} {n}", "price": 10 + n, "account": accounts[n % len(accounts)]}
            for n in range(number)
        ]

    def count(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.sandbox.marketplace.url}/sandbox/count", timeout=30).json()
        return found

    def there(self) -> Counter[tuple[str, str]]:
        """Account and title of every listing at the site."""
        return Counter((one["account"], one["title"]) for one in self.count()["listings"])

    def ask(self, path: str, **said: Any) -> Any:
        return httpx.post(f"{self.sandbox.marketplace.url}/sandbox/{path}", content=json.dumps(said), timeout=30).json()


def post(wb: Workbench, path: Path, **more: Any) -> list[dict[str, Any]]:
    """Post a file and wait; its listings."""
    made = wb.postings.start(path, **more)
    found: list[dict[str, Any]] = wb.postings.work_on(made.job_id)["items"]
    return found


def check_truth(desk: Desk, wb: Workbench) -> None:
    """Nothing is there twice, nothing is called posted that is not, and each posted one is known by its own id."""
    there = {one["listing_id"]: one for one in desk.count()["listings"]}
    drafts = {one["listing_id"] for one in desk.count()["drafts"]}
    twice = [key for key, number in desk.there().items() if number > 1]
    assert not twice, twice
    for one in wb.postings.listings():
        if one["state"] == "posted":
            assert there[one["remote_id"]]["title"] == one["title"]
            assert there[one["remote_id"]]["account"] == one["account"]
            assert one["remote_id"] in one["remote_url"]
        elif one["state"] == "drafted":
            assert one["remote_id"] in drafts
        elif one["state"] in {"failed", "canceled"}:
            assert (one["account"], one["title"]) not in desk.there(), one
