"""post/store.py and queries.py: what is known stays one listing, is ordered once, and a person's word is kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.engine.world import recorder
from workbench import view_tables
from workbench.accounts import store as accounts
from workbench.browser import page_errors
from workbench.db.clock import now
from workbench.db.history import story
from workbench.db.ledger import Ledger
from workbench.engine.flow import Move, Progress, Step
from workbench.engine.leases import Leases
from workbench.engine.retry import RetryPolicy
from workbench.engine.transitions import GAP
from workbench.engine.worker import EquippedFlow, Worker
from workbench.errors import AccountStops, BadInput, Fault, Refused, Unanswered
from workbench.post import jobs, queries
from workbench.post import store as posting
from workbench.post.flow import flow
from workbench.post.model import NewListing
from workbench.post.model import PostingState as P
from workbench.working import is_settled


@pytest.fixture
def north(ledger: Ledger) -> int:
    return accounts.add(ledger, "marketplace", "north")


@pytest.fixture
def south(ledger: Ledger) -> int:
    return accounts.add(ledger, "marketplace", "south")


def listing(title: str, account_id: int | None, *, sku: str | None = None, price: int = 5) -> NewListing:
    content = {"title": title, "price": price, "sku": sku, "photos": []}
    return NewListing(account_id=account_id, content=content, sha=f"{title} {price} {sku}", sku=sku)


def add(ledger: Ledger, *new: NewListing) -> tuple[int, ...]:
    return posting.add_listings(ledger, new).listing_ids


def test_the_same_file_twice_is_the_same_listings(ledger: Ledger, north: int) -> None:
    new = [listing("Table", north), listing("Chair", None)]
    first = posting.add_listings(ledger, new)
    second = posting.add_listings(ledger, new)

    assert (first.added, second.added, second.changed) == (2, 0, 0)
    assert first.listing_ids == second.listing_ids


def test_a_listing_that_was_dealt_to_an_account_is_found_without_its_name(ledger: Ledger, north: int) -> None:
    (one,) = add(ledger, listing("Table", None))
    posting.make_job(ledger, [one], accounts=[north])

    assert add(ledger, listing("Table", None)) == (one,)
    with pytest.raises(Refused, match="nothing is left to post: listing 1 is queued"):
        posting.make_job(ledger, [one], accounts=[north])


def test_a_known_sku_brings_the_listing_up_to_date_until_it_is_on_its_way(ledger: Ledger, north: int) -> None:
    (one,) = add(ledger, listing("Table", north, sku="T-1"))
    again = posting.add_listings(ledger, [listing("Round table", north, sku="T-1")])
    posting.make_job(ledger, [one])

    assert (again.listing_ids, again.changed) == ((one,), 1)
    assert queries.listings(ledger)[0]["title"] == "Round table"
    with pytest.raises(BadInput, match="is queued already"):
        posting.add_listings(ledger, [listing("Square table", north, sku="T-1"), listing("Lamp", north)])
    assert [row["title"] for row in queries.listings(ledger)] == ["Round table"]


def test_a_corrected_listing_that_names_no_account_is_not_posted_beside_the_first(
    ledger: Ledger, north: int, south: int
) -> None:
    (first,) = add(ledger, listing("Table", None, sku="T-1", price=120))
    posting.make_job(ledger, [first], accounts=[north])
    (again,) = add(ledger, listing("Table", None, sku="T-1", price=110))

    with pytest.raises(BadInput, match=f"the sku 'T-1' of listing {first}, which is queued on account {north}"):
        posting.make_job(ledger, [again], accounts=[north])
    assert posting.make_job(ledger, [again], accounts=[south]).listing_ids == (again,)


def test_one_sku_without_an_account_is_one_listing_and_is_ordered_once(ledger: Ledger, north: int) -> None:
    first = add(ledger, listing("Table", None, sku="T-1", price=120))
    assert add(ledger, listing("Table", None, sku="T-1", price=110)) == first
    assert [row["price"] for row in queries.listings(ledger)] == [110]

    (named,) = add(ledger, listing("Round table", north, sku="T-1"))
    with pytest.raises(BadInput, match=f"listings {first[0]} and {named} have the sku 'T-1' both"):
        posting.make_job(ledger, [*first, named], accounts=[north])
    assert queries.jobs(ledger) == []


def test_tried_again_it_keeps_what_its_job_said_of_the_form(ledger: Ledger, north: int) -> None:
    (one,) = add(ledger, listing("Table", north))
    job = posting.make_job(ledger, [one], settings={"groups": ["Chess club"], "hide_from_friends": True})
    posting.cancel_job(ledger, job.job_id)
    posting.retry(ledger, [queries.latest_posting(ledger, one)["id"]])
    row = queries.latest_posting(ledger, one)

    assert (row["content"]["groups"], row["content"]["hide_from_friends"]) == (["Chess club"], True)


def test_listings_without_an_account_are_dealt_out_and_others_filtered(ledger: Ledger, north: int, south: int) -> None:
    ids = add(ledger, listing("A", None), listing("B", None), listing("C", None), listing("D", south))
    made = posting.make_job(ledger, ids, accounts=[north])

    assert made.listing_ids == ids[:3]
    assert [row["account_id"] for row in queries.listings(ledger, job_id=made.job_id)] == [north] * 3


@pytest.mark.parametrize("why", ["no account", "switched off", "other channel", "unknown"])
def test_a_job_that_could_not_post_is_refused_whole(ledger: Ledger, north: int, why: str) -> None:
    other = accounts.add(ledger, "trafficjunky", "ads")
    good, bad = add(ledger, listing("A", north), listing("B", {"switched off": north, "other channel": other}.get(why)))
    if why == "switched off":
        accounts.switch(ledger, north, enabled=False)
    with pytest.raises(BadInput):
        posting.make_job(ledger, [good, 99 if why == "unknown" else bad])

    assert queries.jobs(ledger) == []


def test_two_at_once_make_one_job(ledger: Ledger, open_another, north: int) -> None:
    ids = add(ledger, *(listing(f"T{n}", north) for n in range(5)))
    told: list[object] = []

    def order(mine: Ledger) -> None:
        try:
            told.append(posting.make_job(mine, ids))
        except Refused as refusal:
            told.append(refusal)

    threads = [threading.Thread(target=order, args=(open_another(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(isinstance(one, posting.MadeJob) for one in told) == 1
    assert len(queries.listings(ledger, job_id=queries.find_job(ledger, None))) == 5


def test_cancelled_and_failed_postings_are_tried_again_with_what_the_listing_says_now(
    ledger: Ledger, north: int
) -> None:
    (one,) = add(ledger, listing("Table", north))
    made = posting.make_job(ledger, [one])
    assert posting.cancel_job(ledger, made.job_id) == 1
    posting.edit_listing(ledger, one, listing("Oak table", north))
    key = queries.latest_posting(ledger, one)["id"]

    assert queries.listings(ledger)[0]["status"] == "failed"
    # What it says now is what would be posted; the job shows what it was.
    assert queries.listings(ledger)[0]["title"] == "Oak table"
    assert queries.listings(ledger, job_id=made.job_id)[0]["title"] == "Table"
    assert posting.retry(ledger, [key]) == 1
    (row,) = queries.listings(ledger)
    assert (row["status"], row["title"], row["retry_count"]) == ("pending", "Oak table", 1)
    with pytest.raises(BadInput, match="is queued; only what failed"):
        posting.retry(ledger, [key])


def test_a_person_says_what_became_of_the_click(ledger: Ledger, north: int) -> None:
    (one,) = add(ledger, listing("Table", north))
    posting.make_job(ledger, [one])
    key = queries.latest_posting(ledger, one)["id"]
    with pytest.raises(BadInput, match="nothing about it is in doubt"):
        posting.resolve(ledger, key, P.POSTED, "found")
    _set(ledger, key, state="unsure", attention="person", next_at=None)
    posting.resolve(ledger, key, P.POSTED, "found by hand as 77", values={"remote_id": "77", "remote_url": "u"})

    (row,) = queries.listings(ledger)
    assert (row["status"], row["remote_id"], row["attention"]) == ("posted", "77", None)
    last = story(ledger, "posting", str(key))[-1]
    assert (last["what"], last["facts"]["remote_id"]) == ("decided", "77")
    assert last["actor"] == "tester"


def test_what_waits_before_the_click_goes_on_where_it_is(ledger: Ledger, north: int) -> None:
    (one,) = add(ledger, listing("Table", north))
    posting.make_job(ledger, [one])
    key = queries.latest_posting(ledger, one)["id"]
    _set(ledger, key, attention="person", next_at=None, reason="the button stays disabled")
    (todo,) = jobs.todo(queries.waiting(ledger))

    assert todo["command"] == f"workbench post retry {one}"
    assert posting.retry(ledger, [key]) == 1
    (row,) = queries.listings(ledger)
    assert (row["state"], row["attention"], row["retry_count"]) == ("queued", None, 0)
    assert row["is_due"]


@pytest.mark.parametrize(
    ("state", "hours", "is_told"), [("unsure", 7, True), ("submitted", 7, True), ("unsure", 1, False)]
)
def test_what_is_in_doubt_for_hours_is_told_though_the_looks_go_on(
    ledger: Ledger, north: int, state: str, hours: int, is_told: bool
) -> None:
    (one,) = add(ledger, listing("Table", north))
    posting.make_job(ledger, [one])
    key = queries.latest_posting(ledger, one)["id"]
    reason = "Your listings could not be read to the end"
    _set(ledger, key, state=state, state_at=now() - timedelta(hours=hours), next_at=now(), reason=reason)
    told = jobs.todo(queries.waiting(ledger))

    assert [each["why"] for each in told] == [f"{state}: {reason}"] * is_told
    accounts.pause(ledger, north, "checkpoint", "the site wants to know who you are")
    assert queries.waiting(ledger) == []  # it is the account that waits


def _set(ledger: Ledger, key: int, **values: object) -> None:
    from sqlalchemy import update

    from workbench.db.schema import posting as table

    ledger.write(lambda connection: connection.execute(update(table).where(table.c.id == key).values(**values)))


def test_a_paused_account_holds_its_listings_up_and_says_why(ledger: Ledger, north: int, south: int) -> None:
    ids = add(ledger, listing("A", north), listing("B", south))
    made = posting.make_job(ledger, ids)
    accounts.pause(ledger, north, "checkpoint", "the site wants to know who you are")
    a, b = queries.listings(ledger, job_id=made.job_id)

    assert (a["attention"], a["error_type"], a["error_class"]) == ("person", "captcha", "checkpoint")
    assert (b["attention"], b["error_class"]) == (None, None)
    assert jobs.job(queries.jobs(ledger)[0])["attention"] == "person"
    assert is_settled([a], now(), acts_in=P.QUEUED)
    assert not is_settled([a, b], now(), acts_in=P.QUEUED)


@pytest.mark.parametrize(
    ("state", "error", "reason", "wait", "settled"),
    [
        pytest.param("queued", None, GAP, timedelta(minutes=20), False, id="the owner's gap"),
        pytest.param("queued", None, "quiet hours", timedelta(hours=9), True, id="quiet hours"),
        pytest.param("queued", None, "daily limit", timedelta(minutes=2), True, id="the site's limit, soon over"),
        pytest.param("queued", "rate_limit", "rate_limit", timedelta(minutes=20), True, id="a cool-down"),
        pytest.param("queued", "network_error", None, timedelta(seconds=20), False, id="tried again soon"),
        pytest.param("unsure", "uncertain_submit", None, timedelta(minutes=20), True, id="a look that comes late"),
        pytest.param("unsure", "uncertain_submit", None, timedelta(seconds=20), False, id="a look that comes soon"),
        pytest.param("posted", None, None, None, True, id="over"),
        pytest.param("queued", None, "quiet hours", timedelta(0), False, id="quiet hours that are over"),
    ],
)
def test_who_waits_waits_for_what_comes_soon(
    state: str, error: str | None, reason: str | None, wait: timedelta | None, settled: bool
) -> None:
    at = None if wait is None else now() + wait
    due = {"next_at": at, "not_before": at, "wait_reason": reason, "is_due": at is not None, "is_worked": False}
    row = {"state": state, "error_class": error, "state_at": now(), **due}

    assert is_settled([row], now(), acts_in=P.QUEUED) is settled


@pytest.mark.parametrize(("state", "settled"), [("queued", False), ("unsure", True)])
def test_nobody_waits_for_ever_for_looks_that_fail(state: str, settled: bool) -> None:
    soon = {"next_at": now(), "not_before": None, "wait_reason": None, "is_due": True, "is_worked": False}
    row = {"state": state, "error_class": "network_error", "state_at": now() - timedelta(hours=1), **soon}

    assert is_settled([row], now(), acts_in=P.QUEUED) is settled


def test_errors_are_asked_by_known_types_only(ledger: Ledger) -> None:
    assert queries.error_logs(ledger, error_type="rate_limit") == []
    with pytest.raises(BadInput, match="no type of error 'nonsense'"):
        queries.error_logs(ledger, error_type="nonsense")


def _flow():
    return flow(retry=RetryPolicy(), look_every=timedelta(seconds=1), longest_act=timedelta(seconds=1))


def test_a_job_is_seen_to_go_on_and_begins_once(ledger: Ledger, north: int) -> None:
    made = posting.make_job(ledger, add(ledger, *(listing(f"T{n}", north) for n in range(3))))
    leases = Leases(ledger, lease_time=timedelta(minutes=1))
    record = recorder(ledger, leases)

    def told() -> dict[str, object]:
        one = jobs.job(queries.jobs(ledger, made.job_id)[0])
        (row,) = _rows(view_tables.table_rows(ledger)["posting_jobs"])
        assert {name: one[name] for name in row if name in one} == {name: row[name] for name in row if name in one}
        return one

    assert (told()["status"], told()["started_at"]) == ("queued", None)
    seen, begun = [], set()
    for _ in range(6):
        leased = leases.take(_flow())
        assert leased is not None
        (lease,), (item,) = leased.leases, leased.items
        record.progress([lease], Progress(0, 3, "opening Marketplace"))
        begun.add(told()["started_at"])
        assert told()["current_post_id"] == item.listing_id
        if leased.state is P.QUEUED:
            to = Move(to=P.SUBMITTED, values={"remote_id": str(item.id), "next_at": item.next_at})
        else:
            to = Move(to=P.POSTED, values={"remote_url": "u"})
        record.move(lease, to, due=to.to is P.SUBMITTED)
        leases.leave_page([lease])
        seen.append(told()["completed_posts"])

    assert seen == [0, 1, 1, 2, 2, 3]  # each is confirmed before the next is begun
    assert len(begun) == 1
    assert (told()["status"], told()["progress_percentage"]) == ("completed", 100.0)
    assert told()["completed_at"] >= told()["started_at"]


def _rows(table):
    names, columns = list(table), [values for _, values in table.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("fault", [None, Fault(kind="session_expired")], ids=["none", "without a story"])
def test_an_error_record_has_the_frames_that_led_to_it(ledger: Ledger, north: int, fault: Fault | None) -> None:
    posting.make_job(ledger, add(ledger, listing("Table", north)))

    def somebody_opens_a_page(*_: object) -> None:
        raise AccountStops("the site asks to log in", fault=fault)

    steps = replace(_flow(), steps={P.QUEUED: Step(somebody_opens_a_page, RetryPolicy(), on_page=True, is_act=True)})
    worker = Worker(ledger, [EquippedFlow(steps, None)], lease_time=timedelta(minutes=1))
    assert worker.advance(EquippedFlow(steps, None))

    (record,) = queries.error_logs(ledger)
    assert "somebody_opens_a_page" in record["stack_trace"]
    assert "AccountStops: the site asks to log in" in record["stack_trace"]


def test_an_error_that_was_never_raised_has_the_frames_of_who_made_it() -> None:
    def with_evidence(error: Exception) -> str:
        return page_errors.story(error)

    def fail(error: Exception) -> str:
        return with_evidence(error)

    def publishing() -> str:
        return fail(Unanswered("the site did not say"))

    told = publishing()

    assert "publishing" in told.splitlines()[-3]
    assert "with_evidence" not in told
    assert told.endswith("Unanswered: the site did not say")
