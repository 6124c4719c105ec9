"""The verbs of accounts: who posts and uploads, at which pace, and what was last proved of their login."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, or_, select, update

from workbench.accounts.model import Account
from workbench.db import event_log
from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.event_log import Event
from workbench.db.ledger import Ledger, number_of
from workbench.db.schema import ITEMS, account, act, behind, error_log, event, lost_act
from workbench.engine.item import KINDS
from workbench.errors import BadInput
from workbench.person import MASK

CHANNELS: Final = ("marketplace", "trafficjunky")
FORGOTTEN: Final = "forgotten"  # begins the label of an account that was
_LONGEST_LABEL: Final = 200
_LONGEST_ID: Final = 19  # digits of a number that both databases take


def add(ledger: Ledger, channel: str, label: str) -> int:
    """A new account; its label names it in CSVs, so no two of one channel share one."""
    label = label.strip()
    if channel not in CHANNELS:
        raise BadInput(f"{channel!r} is no channel; there are {', '.join(CHANNELS)}.")
    if not label or len(label) > _LONGEST_LABEL or not label.isprintable():
        raise BadInput(f"a label has 1 to {_LONGEST_LABEL} printable signs; {label[:40]!r} has not.")

    def change(connection: Connection) -> int:
        event_log.lock(connection)  # or two at once would both find the label free
        mine = (account.c.channel == channel, account.c.label == label, account.c.removed_at.is_(None))
        known = connection.execute(select(account.c.id).where(*mine)).scalar_one_or_none()
        if known is not None:
            raise BadInput(f"{channel} has an account {label!r} already: {known}.")
        values = {"channel": channel, "label": label}
        key = connection.execute(insert(account).values(**values, created_at=now())).inserted_primary_key
        account_id = number_of(key)
        ledger.append(connection, Event("account", str(account_id), "added", facts=values))
        return account_id

    return ledger.write(change)


def switch(ledger: Ledger, account_id: int, *, enabled: bool) -> None:
    """The owner's switch: nothing is leased for an account that is off."""
    _change(ledger, account_id, "enabled" if enabled else "disabled", {"enabled": enabled})


def remove(ledger: Ledger, account_id: int) -> None:
    """Take an account out of every list; what it did stays. Refused while something may still need it."""

    def change(connection: Connection) -> None:
        waiting = sum(_unfinished(connection, kind, account_id) for kind in _of_accounts())
        if waiting:
            raise BadInput(f"{waiting} items of account {account_id} are not finished; cancel or resolve them first.")
        values = {"removed_at": now(), "enabled": False}
        _set(ledger, connection, account_id, "removed", values, facts={})

    ledger.write(change)


def unfinished(ledger: Ledger, account_id: int) -> int:
    """How many items of the account are not over."""
    with ledger.read() as connection:
        return sum(_unfinished(connection, kind, account_id) for kind in _of_accounts())


def _of_accounts() -> list[str]:
    """The kinds of items that are done at an account."""
    return [kind for kind in KINDS if "account_id" in ITEMS[kind].c]


def _unfinished(connection: Connection, kind: str, account_id: int) -> int:
    item = ITEMS[kind].c
    query = select(func.count()).where(
        item.account_id == account_id, item.state.not_in(list(map(str, KINDS[kind].states.having("is_over"))))
    )
    return int(connection.execute(query).scalar_one())


def set_pace(ledger: Ledger, account_id: int, values: Mapping[str, Any]) -> None:
    """gap_seconds, daily_cap, quiet_from, quiet_to: those that are given."""
    _change(ledger, account_id, "paced", dict(values))


def record_proof(ledger: Ledger, account_id: int, state: str, reason: str) -> None:
    """What the site itself showed of the login, just now."""
    said = storable(reason)
    facts = {"proof": state, "reason": said}
    values = {"proof": state, "proof_reason": said, "proved_at": now()}
    _change(ledger, account_id, "proved", values, facts=facts)


def forget_proof(ledger: Ledger, account_id: int, why: str) -> None:
    """Another session, or none: what was proved of the last one says nothing."""
    _change(ledger, account_id, why, {"proof": None, "proof_reason": None, "proved_at": None}, facts={})


def pause(ledger: Ledger, account_id: int, kind: str, reason: str) -> None:
    said = storable(reason)
    values = {"paused_kind": kind, "paused_reason": said, "paused_at": now()}
    _change(ledger, account_id, "paused", values, facts={"kind": kind, "reason": said})


def resume(ledger: Ledger, account_id: int, *, now_too: bool = False) -> None:
    """A person says that it may go on; with `now_too` also before a cool-down is over."""
    values: dict[str, Any] = {"enabled": True, "paused_kind": None, "paused_reason": None, "paused_at": None}
    if now_too:
        values |= {"not_before": None, "wait_reason": None}
    _change(ledger, account_id, "resumed", values, facts={"now": now_too})


def _change(
    ledger: Ledger, account_id: int, what: str, values: Mapping[str, Any], *, facts: Mapping[str, Any] | None = None
) -> None:
    ledger.write(lambda connection: _set(ledger, connection, account_id, what, values, facts=facts))


def _set(
    ledger: Ledger,
    connection: Connection,
    account_id: int,
    what: str,
    values: Mapping[str, Any],
    *,
    facts: Mapping[str, Any] | None,
) -> None:
    mine = (account.c.id == account_id, account.c.removed_at.is_(None))
    if connection.execute(update(account).where(*mine).values(**values)).rowcount == 0:
        raise _no_account(account_id)
    ledger.append(connection, Event("account", str(account_id), what, facts=values if facts is None else facts))


def _no_account(account_id: int) -> BadInput:
    return BadInput(f"there is no account {account_id}; workbench accounts list shows the ids.")


# questions ----------------------------------------------------------------------------------------


def all_accounts(ledger: Ledger, *, channel: str | None = None) -> list[Account]:
    query = select(account).where(account.c.removed_at.is_(None)).order_by(account.c.id)
    if channel is not None:
        query = query.where(account.c.channel == channel)
    with ledger.read() as connection:
        return [Account(**row) for row in connection.execute(query).mappings()]


def find(ledger: Ledger, account_id: int) -> Account:
    query = select(account).where(account.c.id == account_id, account.c.removed_at.is_(None))
    with ledger.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise _no_account(account_id)
    return Account(**row)


def whose(ledger: Ledger, text: str) -> list[Account]:
    """Accounts with that number or label, also those that were removed."""
    mine = account.c.label == text
    if text.isdecimal() and len(text) < _LONGEST_ID:
        mine = mine | (account.c.id == int(text))
    with ledger.read() as connection:
        rows = connection.execute(select(account).where(mine).order_by(account.c.id)).mappings().all()
    return [Account(**row) for row in rows]


def said_of(ledger: Ledger, account_id: int) -> dict[str, int]:
    """{errors, acts}: what was written down of its pages."""
    queries = {"errors": error_log.c.account_id, "acts": act.c.account_id}
    with ledger.read() as connection:
        return {
            name: int(connection.execute(select(func.count()).where(column == account_id)).scalar_one())
            for name, column in queries.items()
        }


def forget(connection: Connection, one: Account) -> None:
    """Leave of an account its number and pace, of its trouble the kind and the time."""
    mine = {"label": f"{FORGOTTEN} {one.id}", "enabled": False, "removed_at": one.removed_at or now()}
    gone = dict.fromkeys(
        ("paused_kind", "paused_reason", "paused_at", "wait_reason", "proof", "proof_reason", "proved_at")
    )
    connection.execute(update(account).where(account.c.id == one.id).values(**mine, **gone))
    said = {"message": MASK, "stack_trace": None, "evidence": None}
    connection.execute(update(error_log).where(error_log.c.account_id == one.id).values(**said))
    connection.execute(update(act).where(act.c.account_id == one.id).values(baseline={}))
    before, after = f"{one.channel}:{one.label}"[:200], f"{one.channel}:{mine['label']}"
    for table in (behind, lost_act):
        connection.execute(update(table).where(table.c.scope == before).values(scope=after))


def totals(ledger: Ledger) -> dict[int, tuple[int, int, int]]:
    """Of each account with items: how many, how many went well, how many failed."""
    with ledger.read() as connection:
        return totals_of(connection)


def totals_of(connection: Connection) -> dict[int, tuple[int, int, int]]:
    found: dict[int, tuple[int, int, int]] = {}
    for kind in _of_accounts():
        item = ITEMS[kind].c
        query = select(item.account_id, item.state, func.count()).group_by(item.account_id, item.state)
        for account_id, state, count in connection.execute(query):
            whole, good, bad = found.get(account_id, (0, 0, 0))
            info = KINDS[kind].states(state).info
            good, bad = good + count * info.is_good, bad + count * info.is_bad
            found[account_id] = (whole + count, good, bad)
    return found


def last_said(ledger: Ledger, account_id: int, *whats: str) -> tuple[str, datetime] | None:
    """Which of these was last recorded of an account, and when."""
    mine = (event.c.item_kind == "account") & (event.c.item_id == str(account_id)) & event.c.what.in_(whats)
    query = select(event.c.what, event.c.at).where(mine).order_by(event.c.seq.desc()).limit(1)
    with ledger.read() as connection:
        row = connection.execute(query).first()
    return None if row is None else (str(row.what), row.at)


def may_act_from(ledger: Ledger, account_id: int, zone: ZoneInfo) -> datetime | None:
    """The moment before which the owner's daily cap or quiet hours forbid an act; None: now is fine."""
    mine = find(ledger, account_id)
    at = now()
    waits = []
    if mine.daily_cap is not None and _acts_today(ledger, account_id, at, zone) >= mine.daily_cap:
        waits.append(_midnight(at, zone, days=1))
    # After midnight the quiet hours may still go on.
    when = max([at, *waits])
    if mine.quiet_from and mine.quiet_to:
        waits.append(end_of_quiet(when, mine.quiet_from, mine.quiet_to, zone) or when)
    until = max(waits, default=at)
    return until if until > at else None


def _acts_today(ledger: Ledger, account_id: int, at: datetime, zone: ZoneInfo) -> int:
    query = select(func.count()).where(
        act.c.account_id == account_id, act.c.undone_at.is_(None), act.c.armed_at >= _midnight(at, zone)
    )
    with ledger.read() as connection:
        return int(connection.execute(query).scalar_one())


def _midnight(at: datetime, zone: ZoneInfo, *, days: int = 0) -> datetime:
    """In the owner's time: of this day, or of one to come. A wall clock, so that a day of 23 hours is one."""
    day = at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone).astimezone(at.tzinfo)


def end_of_quiet(at: datetime, quiet_from: str, quiet_to: str, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that `at` lies in are over; None outside of them. They may span midnight."""
    begin, end = time.fromisoformat(quiet_from), time.fromisoformat(quiet_to)
    local = at.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    spans = begin > end
    if not (clock >= begin or clock < end if spans else begin <= clock < end):
        return None
    day = local.date() + timedelta(days=1) if spans and clock >= begin else local.date()
    fold = local.fold if day == local.date() else 0  # the second of an hour that comes twice
    return datetime.combine(day, end, zone).replace(fold=fold).astimezone(at.tzinfo)


def evidence_in_review(ledger: Ledger) -> set[str]:
    """Paths of evidence that somebody may still have to look at; no sweep takes them."""
    found: set[str] = set()
    with ledger.read() as connection:
        for kind in _of_accounts():
            item = ITEMS[kind].c
            paused = select(account.c.id).where(account.c.paused_kind.is_not(None))
            open_ = or_(item.attention.is_not(None), item.account_id.in_(paused))
            mine = select(item.id).where(open_)
            logged = select(error_log.c.evidence).where(error_log.c.item_kind == kind, error_log.c.item_id.in_(mine))
            found |= set(connection.execute(logged).scalars())
            found |= set(connection.execute(select(item.screenshot).where(open_)).scalars())
    return {path for path in found if path}
