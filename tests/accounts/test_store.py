"""accounts/store.py: accounts come, wait, go on; the owner's pace, worked out from what was done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from workbench.accounts import store as accounts
from workbench.db import history
from workbench.db.clock import now
from workbench.db.schema import account, act, error_log, listing, posting, posting_job
from workbench.errors import BadInput

RIGA = ZoneInfo("Europe/Riga")


@pytest.fixture
def kind(request):
    return getattr(request, "param", "sqlite")


both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def anna(ledger):
    return accounts.add(ledger, "marketplace", "Anna")


def posted(ledger, account_id, *states, **fields):
    def change(connection):
        at = now()
        made = []
        connection.execute(insert(posting_job), {"id": "job", "params": {}, "created_at": at})
        for n, state in enumerate(states):
            row = {"account_id": account_id, "content": {}, "sha": str(n)}
            listing_id = connection.execute(insert(listing), row).inserted_primary_key[0]
            row = {
                "state": state, "state_at": at, "created_at": at, "job_id": "job", "listing_id": listing_id,
                "account_id": account_id, "content": {}, "content_sha": str(n), "token": f"t{n}",
                **fields,
            }  # fmt: skip
            made.append(connection.execute(insert(posting), row).inserted_primary_key[0])
        return made

    return ledger.write(change)


def acted(ledger, account_id, *moments, undone_at=None):
    rows = [
        {
            "id": f"act{n}", "item_kind": "posting", "items": [n], "account_id": account_id, "intent_id": f"i{n}",
            "baseline": {}, "armed_at": moment, "undone_at": undone_at,
        }
        for n, moment in enumerate(moments)
    ]  # fmt: skip
    ledger.write(lambda connection: connection.execute(insert(act), rows))


@both
def test_an_account_comes_and_everything_is_an_event(ledger):
    account_id = accounts.add(ledger, "trafficjunky", "  Ads  ")
    accounts.set_pace(ledger, account_id, {"gap_seconds": 60.0, "daily_cap": 5})
    accounts.record_proof(ledger, account_id, "ok", "shown \ud83d \0")
    accounts.pause(ledger, account_id, "captcha", "asked")
    accounts.switch(ledger, account_id, enabled=False)
    accounts.resume(ledger, account_id)
    found = accounts.find(ledger, account_id)
    events = [one["what"] for one in history.story(ledger, "account", str(account_id))]

    assert (found.label, found.gap_seconds, found.daily_cap, found.enabled) == ("Ads", 60.0, 5, True)
    assert (found.proof, found.proof_reason, found.paused_kind) == ("ok", "shown ? �", None)
    assert events == ["added", "paced", "proved", "paused", "disabled", "resumed"]
    assert history.broken_at(ledger) is None


@both
def test_no_two_accounts_of_a_channel_share_a_label(ledger):
    accounts.add(ledger, "marketplace", "Anna")
    accounts.add(ledger, "trafficjunky", "Anna")

    with pytest.raises(BadInput, match="marketplace has an account 'Anna' already: 1"):
        accounts.add(ledger, "marketplace", "Anna")


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "\x1b[31m", "x" * 201])
def test_a_label_is_something_that_can_be_read(ledger, label):
    with pytest.raises(BadInput, match="printable"):
        accounts.add(ledger, "marketplace", label)


def test_an_unknown_channel_names_the_known_ones(ledger):
    with pytest.raises(BadInput, match="marketplace, trafficjunky"):
        accounts.add(ledger, "myspace", "Anna")


@pytest.mark.parametrize(
    "verb",
    [
        lambda ledger: accounts.find(ledger, 99),
        lambda ledger: accounts.resume(ledger, 99),
        lambda ledger: accounts.set_pace(ledger, 99, {"gap_seconds": 1.0}),
        lambda ledger: accounts.may_act_from(ledger, 99, RIGA),
    ],
)
def test_an_account_that_is_not_there_is_named(ledger, verb):
    with pytest.raises(BadInput, match="there is no account 99; workbench accounts list"):
        verb(ledger)


def test_a_removed_account_is_gone_from_every_list_and_its_label_free(ledger, anna):
    posted(ledger, anna, "posted", "failed", "canceled", "drafted")
    accounts.remove(ledger, anna)

    assert accounts.all_accounts(ledger) == []
    assert accounts.add(ledger, "marketplace", "Anna") != anna


@pytest.mark.parametrize("state", ["queued", "unsure", "submitted", "quarantined"])
def test_an_account_that_something_waits_for_is_not_removed(ledger, anna, state):
    posted(ledger, anna, state)

    with pytest.raises(BadInput, match=r"1 items of account \d+ are not finished"):
        accounts.remove(ledger, anna)


@both
def test_totals_are_counted_from_the_items(ledger):
    anna = accounts.add(ledger, "marketplace", "Anna")
    posted(ledger, anna, "posted", "drafted", "failed", "quarantined", "queued")

    assert accounts.totals(ledger) == {anna: (5, 2, 2)}


# pace --------------------------------------------------------------------------------------------


def test_without_a_pace_an_account_may_always_act(ledger, anna):
    acted(ledger, anna, now(), now())

    assert accounts.may_act_from(ledger, anna, RIGA) is None


@both
def test_after_the_daily_cap_it_waits_for_midnight_of_the_owner(ledger):
    anna = accounts.add(ledger, "marketplace", "Anna")
    accounts.set_pace(ledger, anna, {"daily_cap": 2})
    acted(ledger, anna, now(), now())
    until = accounts.may_act_from(ledger, anna, RIGA).astimezone(RIGA)

    assert (until.hour, until.minute) == (0, 0)
    assert timedelta() < until - now() <= timedelta(hours=25)


def test_acts_of_yesterday_and_acts_that_were_undone_do_not_count(ledger, anna):
    accounts.set_pace(ledger, anna, {"daily_cap": 1})
    acted(ledger, anna, now() - timedelta(hours=25))

    assert accounts.may_act_from(ledger, anna, RIGA) is None


def test_an_act_that_proved_not_to_have_happened_does_not_count(ledger, anna):
    accounts.set_pace(ledger, anna, {"daily_cap": 1})
    acted(ledger, anna, now(), undone_at=now())

    assert accounts.may_act_from(ledger, anna, RIGA) is None


def test_quiet_hours_that_last_all_day_but_a_minute(ledger, anna):
    at = now().astimezone(RIGA)
    begin, end = at - timedelta(minutes=2), at + timedelta(minutes=30)
    accounts.set_pace(ledger, anna, {"quiet_from": f"{begin:%H:%M}", "quiet_to": f"{end:%H:%M}"})

    assert accounts.may_act_from(ledger, anna, RIGA) == end.replace(second=0, microsecond=0).astimezone(UTC)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=RIGA).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "hours", "end"),
    [
        pytest.param("2026-11-21 23:00", ("22:00", "07:00"), "2026-11-22 07:00", id="before midnight"),
        pytest.param("2026-11-22 03:00", ("22:00", "07:00"), "2026-11-22 07:00", id="after midnight"),
        pytest.param("2026-11-22 07:00", ("22:00", "07:00"), None, id="the end is outside"),
        pytest.param("2026-11-22 22:00", ("22:00", "07:00"), "2026-11-23 07:00", id="the beginning is inside"),
        pytest.param("2026-11-22 12:30", ("12:00", "13:00"), "2026-11-22 13:00", id="within a day"),
        pytest.param("2026-11-22 11:59", ("12:00", "13:00"), None, id="before"),
        pytest.param("2026-03-28 23:00", ("22:00", "07:00"), "2026-03-29 07:00", id="over the shorter night"),
        pytest.param("2026-10-24 23:00", ("22:00", "07:00"), "2026-10-25 07:00", id="over the longer night"),
    ],
)
def test_quiet_hours_are_of_the_owners_clock(moment, hours, end):
    assert accounts.end_of_quiet(at(moment), *hours, RIGA) == (at(end) if end else None)


def test_quiet_hours_last_through_the_hour_that_comes_twice():
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 03:10 in Riga, an hour after the first 03:10
    assert accounts.end_of_quiet(second, "22:00", "03:30", RIGA) == second + timedelta(minutes=20)


def test_a_cap_that_ends_in_quiet_hours_ends_with_them(ledger, anna):
    accounts.set_pace(ledger, anna, {"daily_cap": 1, "quiet_from": "23:59", "quiet_to": "06:00"})
    acted(ledger, anna, now())
    until = accounts.may_act_from(ledger, anna, RIGA).astimezone(RIGA)

    assert (until.hour, until.minute) == (6, 0)


# evidence ----------------------------------------------------------------------------------------


@both
def test_evidence_of_what_waits_for_a_person_is_named(ledger):
    anna = accounts.add(ledger, "marketplace", "Anna")
    waiting, done = posted(ledger, anna, "unsure", "posted", screenshot="evidence/d/shot/screen.png")

    def change(connection):
        connection.execute(update(posting).where(posting.c.id == waiting).values(attention="person"))
        for item_id in (waiting, done):
            row = {
                "item_kind": "posting", "item_id": item_id, "account_id": anna, "error_type": "unknown",
                "error_class": "unknown", "certain": True, "retryable": False, "needs_person": True, "message": "",
                "evidence": f"evidence/d/{item_id}", "created_at": now(),
            }  # fmt: skip
            connection.execute(insert(error_log), row)

    ledger.write(change)
    assert accounts.evidence_in_review(ledger) == {f"evidence/d/{waiting}", "evidence/d/shot/screen.png"}

    ledger.write(lambda connection: connection.execute(update(account).values(paused_kind="checkpoint")))
    assert f"evidence/d/{done}" in accounts.evidence_in_review(ledger)
