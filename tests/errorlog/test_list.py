"""errorlog/store.py and service.py: trouble of all features as one list, on both databases; what mends each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from workbench.accounts import store as accounts
from workbench.collect import recovery_store as recovering
from workbench.db.clock import now
from workbench.db.ledger import Ledger
from workbench.db.schema import ITEMS
from workbench.engine.item import Lease
from workbench.engine.moving import move
from workbench.engine.transitions import log_fault
from workbench.errorlog import store
from workbench.errorlog.model import ErrorFilter, ErrorPage, Mend, mend_of
from workbench.errors import BadInput, Fault
from workbench.post import store as posting
from workbench.post.model import NewListing
from workbench.post.model import PostingState as P
from workbench.post.queries import latest_posting
from workbench.upload import store as uploading
from workbench.upload.model import UploadState as U
from workbench.upload.store import NewBatch, NewUpload


class Desk:
    """A ledger in which things go wrong as a test says."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.north = accounts.add(ledger, "marketplace", "North & Co")
        self.studio = accounts.add(ledger, "trafficjunky", "studio")

    def listing(self, title: str) -> int:
        """Ordered to be posted; the number of its posting."""
        new = NewListing(account_id=self.north, content={"title": title, "price": 5, "photos": []}, sha=title)
        (one,) = posting.add_listings(self.ledger, [new]).listing_ids
        posting.make_job(self.ledger, [one])
        return int(latest_posting(self.ledger, one)["id"])

    def file(self, name: str) -> int:
        one = NewUpload(
            unique_id=f"ID-{name}", part="", native_pair_id=None, path=name, name=name, columns={}, slot="static",
            tab="static", state=U.CHECKED,
        )  # fmt: skip
        uploading.make_batch(
            self.ledger, NewBatch(platform="tj", account_id=self.studio, campaign_id=None, uploads=[one])
        )
        (key,) = uploading.find_uploads(self.ledger, [name])
        return key

    def snapshot(self, state: str, **values: Any) -> None:
        run = {"id": "r1", "name": "Recovered", "project": None, "params": {}, "plan_hash": "", "folder": "r1"}
        job = {
            "id": "j1", "run_id": "r1", "name": "j", "platform": "instagram", "service": "posts", "kind": "posts",
            "dataset_id": "gd_1", "folder": "j1",
        }  # fmt: skip
        recovering.ensure_job(self.ledger, run, job)
        row = {
            "dataset_id": "gd_1", "state": state, "provider_id": "sd_1", "vendor_status": "ready", "inputs": [],
            "input_hash": "x", "query": {}, "estimate_records": 1000, "price_micro_usd": 1500, "created_at": now(),
            "run_id": "r1", "job_id": "j1", **values,
        }  # fmt: skip
        recovering.adopt(self.ledger, row, [])

    def fault(self, kind: str, item_id: int, what: str, said: str, **more: Any) -> None:
        lease = Lease(kind, item_id, 0, 0.0, self.north if kind == "posting" else self.studio)
        fault = Fault(kind=what, **more)
        self.ledger.write(lambda connection: log_fault(connection, lease, fault, said))

    def to(self, kind: str, item_id: int, state: P | U) -> None:
        mine = ITEMS[kind].select().where(ITEMS[kind].c.id == item_id)

        def change(connection: Connection) -> None:
            row = connection.execute(mine).mappings().one()
            move(self.ledger, connection, kind, row, state, reason="said so")

        self.ledger.write(change)

    def found(self, cut: ErrorPage | None = None, **asked: Any) -> list[dict[str, Any]]:
        return store.found(self.ledger, ErrorFilter(**asked), cut or ErrorPage())[0]

    def whats(self, cut: ErrorPage | None = None, **asked: Any) -> list[str]:
        return [one["what"] for one in self.found(cut, **asked)]


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return Desk(ledger)


@pytest.fixture
def troubled(desk: Desk) -> Desk:
    """A listing that was refused twice, a file that nobody could log in for, a snapshot that failed."""
    table, film = desk.listing("Oak table"), desk.file("spot.mp4")
    desk.fault("posting", table, "network_error", "the site did not answer")
    desk.fault("upload", film, "session_expired", "logged out", story="a trace", certain=False)
    desk.fault("posting", table, "validation_error", "the site refused the listing: price 100%", story="Traceback…")
    desk.to("posting", table, P.FAILED)
    desk.snapshot("failed", reason="it was refused", error_code="dead_page")
    return desk


def test_all_trouble_is_one_list_newest_first(troubled: Desk) -> None:
    rows = troubled.found()

    assert [one["what"] for one in rows] == ["instagram posts", "Oak table", "spot.mp4", "Oak table"]
    assert [one["class"] for one in rows] == ["dead_page", "validation_error", "session_expired", "network_error"]
    assert [one["account"] for one in rows] == ["", "North & Co", "studio", "North & Co"]
    assert [one["tries"] for one in rows] == [None, 2, 1, 1]
    assert [bool(one["is_open"]) for one in rows] == [True, True, True, False], "a later error is the one that counts"


def test_filters_meet_and_find_words_wherever_they_stand(troubled: Desk) -> None:
    assert troubled.whats(channel="trafficjunky") == ["spot.mp4"]
    assert troubled.whats(account_id=troubled.north, error_class="network_error") == ["Oak table"]
    assert troubled.whats(text="OAK price") == ["Oak table"]
    assert troubled.whats(text="north") == ["Oak table", "Oak table"]
    assert troubled.whats(text="100%") == ["Oak table"], "a sign of LIKE is itself"
    assert troubled.whats(text="_") == []
    assert troubled.whats(is_open=True) == ["instagram posts", "Oak table", "spot.mp4"]
    assert troubled.whats(since=now() + timedelta(minutes=1)) == []


def test_each_choice_is_counted_by_what_the_others_let_through(troubled: Desk) -> None:
    counts = store.counts(troubled.ledger, ErrorFilter(channel="marketplace", error_class="network_error"))

    assert counts["channel"] == {"marketplace": 1}
    assert counts["error_class"] == {"network_error": 1, "validation_error": 1}
    assert counts["account_id"] == {troubled.north: 1}


@pytest.mark.parametrize("sort", ["at", "what", "channel", "account", "class", "sentence", "tries", "status"])
def test_every_column_sorts_and_pages_meet(troubled: Desk, sort: str) -> None:
    whole = [one["key"] for one in troubled.found(ErrorPage(sort=sort, descending=False))]
    pages = [
        one["key"]
        for n in range(4)
        for one in troubled.found(ErrorPage(sort=sort, descending=False, offset=n, limit=1))
    ]

    assert len(set(whole)) == 4
    assert pages == whole


def test_one_has_its_trace_and_one_that_is_gone_says_so(troubled: Desk) -> None:
    key = troubled.found(error_class="validation_error")[0]["key"]

    assert store.one(troubled.ledger, key)["stack_trace"] == "Traceback…"
    with pytest.raises(BadInput, match="there is no error 'log-99'"):
        store.one(troubled.ledger, "log-99")


def test_the_list_is_new_when_trouble_comes_though_nothing_moved(troubled: Desk) -> None:
    before = store.mark(troubled.ledger)
    troubled.fault("posting", 1, "timeout", "too slow")

    assert store.mark(troubled.ledger) != before


def test_what_went_on_since_is_not_open(troubled: Desk) -> None:
    posting.retry(troubled.ledger, [1])
    troubled.to("posting", 1, P.POSTED)

    assert troubled.whats(is_open=True, channel="marketplace") == []


def test_what_mends_it_follows_how_it_stands(troubled: Desk) -> None:
    def mends() -> dict[str, Mend]:
        return {one["what"]: mend_of(one) for one in troubled.found(is_open=True)}

    assert mends() == {"Oak table": Mend.EDIT, "spot.mp4": Mend.NOTHING, "instagram posts": Mend.RETRY}
    accounts.pause(troubled.ledger, troubled.studio, "session_expired", "logged out")
    assert mends()["spot.mp4"] is Mend.LOGIN
    accounts.pause(troubled.ledger, troubled.studio, "ui_changed", "another page")
    assert mends()["spot.mp4"] is Mend.RESUME
    accounts.resume(troubled.ledger, troubled.studio)
    troubled.to("upload", 1, U.UNSURE)
    assert mends()["spot.mp4"] is Mend.FIND
    troubled.to("upload", 1, U.FAILED)
    assert mends()["spot.mp4"] is Mend.RETRY
