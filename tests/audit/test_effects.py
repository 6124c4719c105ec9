"""What a notebook's work did outside, feature by feature; the ledger alone is asked."""

from __future__ import annotations

import pytest

from workbench.accounts import store as accounts
from workbench.audit.store import begin_execution
from workbench.collect import recovery_store as recovering
from workbench.db.clock import now
from workbench.db.ledger import open_ledger
from workbench.feature import Effect
from workbench.post import queries as post_queries
from workbench.post import store as posting
from workbench.post.model import NewListing
from workbench.upload import queries as upload_queries
from workbench.upload import store as uploading
from workbench.upload.model import UploadState
from workbench.upload.store import NewBatch, NewUpload

MINE, OTHER = "20261130-120000-postings-abc123", "20261130-120001-postings-abc124"


@pytest.fixture
def opened(url, tmp_path):
    """The ledger as the kernel of an execution has it open, or (None) as anybody else."""
    ledgers = []

    def by(execution_id):
        ledgers.append(
            open_ledger(url, mode="practice", locks=tmp_path / "locks", actor=f"me:1:{execution_id}",
                        execution_id=execution_id)
        )  # fmt: skip
        return ledgers[-1]

    yield by
    for ledger in ledgers:
        ledger.close()


def post(ledger, account_id, title):
    (listing_id,) = posting.add_listings(
        ledger, [NewListing(account_id=account_id, content={"title": title}, sha=title)]
    ).listing_ids
    posting.make_job(ledger, [listing_id])
    return listing_id


def test_postings_and_uploads_are_of_the_execution_that_ordered_them(opened):
    mine, other, nobody = opened(MINE), opened(OTHER), opened(None)
    seller, advertiser = accounts.add(nobody, "marketplace", "shop"), accounts.add(nobody, "trafficjunky", "ads")
    listing_id = post(mine, seller, "Bike")
    post(other, seller, "Lamp")
    post(nobody, seller, "Desk")
    half = {"part": "", "native_pair_id": None, "columns": {}, "slot": "static", "tab": "banner"}
    new = [
        NewUpload(unique_id=f"ID-{n}", path=f"{n}.png", name=f"{n}.png", state=state, **half)
        for n, state in (("0000000A", UploadState.CHECKED), ("0000000B", UploadState.SKIPPED))
    ]
    uploading.make_batch(mine, NewBatch(platform="tj", account_id=advertiser, campaign_id=None, uploads=new))

    assert post_queries.effects_of(nobody, MINE) == [
        Effect(kind="posting", id=str(listing_id), what="ordered the posting of Bike", state="queued")
    ]
    assert [one.what for one in upload_queries.effects_of(nobody, MINE)] == [
        "ordered the upload of 0000000A.png (TrafficJunky)"
    ]
    assert upload_queries.effects_of(nobody, OTHER) == []


def test_what_was_adopted_is_of_the_execution_that_adopted_it(opened):
    begin_execution(opened(None), MINE, notebook="recovery", params={}, folder="archive/reports/x")
    at = now()
    run = {"id": "r", "name": "Recovered", "params": {}, "plan_hash": "", "folder": "r"}
    job = {"id": "j", "run_id": "r", "name": "j", "platform": "instagram", "service": "posts", "kind": "posts",
           "dataset_id": "gd_1", "folder": "r/j"}  # fmt: skip
    for execution_id, name in ((MINE, "s_1"), (OTHER, "s_2")):
        ledger = opened(execution_id)
        recovering.ensure_job(ledger, run, job)
        values = {
            "run_id": "r", "job_id": "j", "dataset_id": "gd_1", "inputs": [], "input_hash": name, "query": {},
            "estimate_records": 0, "price_micro_usd": 0, "provider_id": name, "vendor_status": "ready",
            "created_at": at, "state": "ready",
        }  # fmt: skip
        recovering.adopt(ledger, {**values, "row_count": 9, "warning_count": 1, "malformed_count": 2}, [])

    assert recovering.effects_of(opened(None), MINE) == [
        Effect(kind="adopted", id="s_1", what="adopted s_1 of dataset gd_1", state="ready", rows=9, rejects=3)
    ]
