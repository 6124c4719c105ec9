"""What Bright Data lists, as far as the ledger does not have it: kept once for everybody who looks before a trigger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.budget.model import PaidBefore
from workbench.budget.money import adopt
from workbench.collect.model import AtVendor, Snapshot, SnapshotState, same_inputs
from workbench.db.clock import now
from workbench.db.columns import storable
from workbench.db.ledger import Ledger
from workbench.db.schema import event, snapshot, stranger, vendor_list
from workbench.engine import behind
from workbench.engine.behind import WAITS, LostAct
from workbench.engine.flow import Move
from workbench.engine.item import Lease, to_record
from workbench.engine.moving import is_held, let_go_on, move

FRESH: Final = timedelta(minutes=1)
_LONGEST_LIST: Final = timedelta(minutes=5)  # that the one who asks may take, dead or not
_AT_ONCE: Final = 500  # values in one statement

Turn = Literal["fresh", "ask", "wait"]


class VendorLists:
    """The ledger's memory of the vendor's lists (`collect.tools.VendorLists`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    # the list -------------------------------------------------------------------------------------

    def turn(self, dataset_id: str, since: date) -> Turn:
        """Whether a list from `since` on is there that is young enough, or else whose turn it is to ask for one."""

        def change(connection: Connection) -> Turn:
            mine = vendor_list.c.dataset_id == dataset_id
            row = connection.execute(select(vendor_list).where(mine).with_for_update()).first()
            if row is not None and self._counts(connection, row, since):
                return "fresh"
            me, at = self._ledger.liveness.me, now()
            if row is not None and row.asking not in (None, me) and row.asking_until > at:
                if not self._ledger.liveness.is_dead(row.asking, connection):
                    return "wait"
            elif row is not None and row.asking == me and row.asking_until > at:
                return "wait"  # another thread of ours
            values = {"asking": me, "asking_until": at + _LONGEST_LIST}
            if row is None:
                connection.execute(insert(vendor_list), {"dataset_id": dataset_id, **values})
            else:
                connection.execute(update(vendor_list).where(mine).values(values))
            return "ask"

        with self._ledger.read() as connection:  # most times it is there, and nobody waits for the one who writes
            row = connection.execute(select(vendor_list).where(vendor_list.c.dataset_id == dataset_id)).first()
            if row is not None and self._counts(connection, row, since):
                return "fresh"
        try:
            return self._ledger.write(change)
        except IntegrityError:  # another process asks at the same moment
            return "wait"

    def _counts(self, connection: Connection, row: Any, since: date) -> bool:
        """A list counts for a minute, and only while whoever asked lives: one that is dead may have asked long before
        the ledger was copied, put back or taken up again.
        """
        if row.at is None or row.from_date is None or row.from_date > since.isoformat() or row.at < now() - FRESH:
            return False
        doubt = behind.of(connection, row.dataset_id, before_compared=False)
        if doubt is not None and row.at < doubt.since:
            return False
        return row.owner is not None and not self._ledger.liveness.is_dead(row.owner, connection)

    def keep(self, dataset_id: str, listed: Sequence[AtVendor]) -> None:
        """A list that is whole: what the ledger does not have of it is kept."""

        def change(connection: Connection) -> None:
            ours = _known(connection, [one.provider_id for one in listed])
            query = select(stranger.c.provider_id).where(stranger.c.dataset_id == dataset_id)
            kept = set(connection.execute(query).scalars())
            for one in listed:
                values = {"status": storable(one.status), "row_count": one.row_count, "created_at": one.created_at}
                mine = stranger.c.provider_id == one.provider_id
                if one.provider_id in ours:
                    continue
                if one.provider_id in kept:
                    connection.execute(update(stranger).where(mine).values(values))
                else:
                    connection.execute(
                        insert(stranger), {"provider_id": one.provider_id, "dataset_id": dataset_id, **values}
                    )
            gone = _known(connection, sorted(kept))
            if gone:
                connection.execute(delete(stranger).where(stranger.c.provider_id.in_(sorted(gone))))

        self._ledger.write(change)

    def listed(self, dataset_id: str, since: date) -> None:
        """The list from `since` on is kept, and what may be asked about it is asked: it counts from now on."""

        def change(connection: Connection) -> None:
            self._end(connection, dataset_id, at=now(), from_date=since.isoformat(), refused=None)

        self._ledger.write(change)

    def refuse(self, dataset_id: str, why: str) -> None:
        """The vendor gives no list of this dataset, and says so."""

        def change(connection: Connection) -> None:
            self._end(connection, dataset_id, at=now(), from_date="0001-01-01", refused=storable(why))

        self._ledger.write(change)

    def leave(self, dataset_id: str) -> None:
        """It could not be asked this time; others may try."""
        self._ledger.write(lambda connection: self._end(connection, dataset_id))

    def _end(self, connection: Connection, dataset_id: str, **values: Any) -> None:
        owner = {"owner": self._ledger.liveness.me} if values else {}
        mine = vendor_list.c.dataset_id == dataset_id
        new = {"asking": None, "asking_until": None, **owner, **values}
        if connection.execute(update(vendor_list).where(mine).values(new)).rowcount == 0:
            connection.execute(insert(vendor_list), {"dataset_id": dataset_id, **new})

    def refused(self, dataset_id: str) -> str | None:
        """Why the vendor gives no list of the dataset; None while it does."""
        query = select(vendor_list.c.refused).where(vendor_list.c.dataset_id == dataset_id)
        with self._ledger.read() as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    # what is on it --------------------------------------------------------------------------------

    def unknown(self, dataset_id: str, since: datetime) -> list[AtVendor]:
        """Listed since then (or nobody says when) and in no ledger row; newest first. A person's strangers are none."""
        query = select(stranger).where(stranger.c.dataset_id == dataset_id, stranger.c.is_foreign.is_(False))
        with self._ledger.read() as connection:
            rows = connection.execute(query).all()
            ours = _known(connection, [row.provider_id for row in rows])
        found = [
            AtVendor(
                provider_id=row.provider_id, created_at=row.created_at, status=row.status, row_count=row.row_count,
                is_asked=row.asked_at is not None, query=row.query,
                inputs=None if row.inputs is None else tuple(row.inputs),
            )
            for row in rows
            if row.provider_id not in ours and (row.created_at is None or row.created_at >= since)
        ]  # fmt: skip
        oldest = datetime.min.replace(tzinfo=now().tzinfo)
        return sorted(found, key=lambda one: (one.created_at or oldest, one.provider_id), reverse=True)

    def told(
        self, provider_id: str, inputs: Sequence[Mapping[str, Any]] | None, query: Mapping[str, Any] | None = None
    ) -> None:
        """What the vendor says a snapshot was asked; it is not asked again."""
        values = {"asked_at": now(), "inputs": None if inputs is None else list(inputs), "query": query}
        mine = update(stranger).where(stranger.c.provider_id == provider_id)
        self._ledger.write(lambda connection: connection.execute(mine.values(values)))

    def say_foreign(self, provider_ids: Iterable[str]) -> int:
        """A person says that these are not ours; how many are listed."""
        mine = update(stranger).where(stranger.c.provider_id.in_(list(provider_ids)))
        return self._ledger.write(lambda connection: connection.execute(mine.values(is_foreign=True)).rowcount)

    # what the ledger knows of itself --------------------------------------------------------------

    def behind(self, scope: str) -> behind.Behind | None:
        with self._ledger.read() as connection:
            return behind.of(connection, scope)

    def compared(self, scope: str) -> None:
        behind.compared(self._ledger, scope)

    def wait_for_person(self, scope: str, why: str) -> None:
        behind.wait_for_person(self._ledger, scope, why)

    def lost(self, scope: str, key: str) -> list[LostAct]:
        with self._ledger.read() as connection:
            return behind.lost(connection, scope, key)

    def is_fresh(self, item: Snapshot) -> bool:
        """Whether its run was to pay again for what younger snapshots could answer."""
        begun = (event.c.item_kind == "run") & (event.c.item_id == item.run_id) & (event.c.what == "started")
        with self._ledger.read() as connection:
            facts = connection.execute(select(event.c.facts).where(begun)).scalars().first()
        return bool((facts or {}).get("is_fresh"))

    def oldest_plan(self, dataset_id: str) -> datetime:
        """When the oldest snapshot of the dataset was planned of which nothing was sent."""
        mine = (snapshot.c.dataset_id == dataset_id) & (snapshot.c.state == str(SnapshotState.PLANNED))
        with self._ledger.read() as connection:
            found: datetime | None = connection.execute(
                select(func.min(snapshot.c.created_at)).where(mine)
            ).scalar_one()
        return found or now()

    def in_flight(self, item: Snapshot) -> list[int]:
        """Other snapshots that were asked the same and whose order has no answer yet: one of them may be listed."""
        sent = snapshot.c.armed.is_(True) | (
            (snapshot.c.acts > 0)
            & snapshot.c.provider_id.is_(None)
            & snapshot.c.state.in_([str(SnapshotState.UNSURE), str(SnapshotState.QUARANTINED)])
        )
        mine = (snapshot.c.dataset_id == item.dataset_id) & (snapshot.c.id != item.id)
        query = select(snapshot.c.id, snapshot.c.inputs).where(sent, mine).order_by(snapshot.c.id)
        with self._ledger.read() as connection:
            rows = connection.execute(query).all()
        return [row.id for row in rows if same_inputs(item.inputs, row.inputs)]


def planned(ledger: Ledger, dataset_id: str) -> list[Snapshot]:
    """Snapshots of the dataset of which nothing was sent."""
    mine = (snapshot.c.state == str(SnapshotState.PLANNED)) & (snapshot.c.dataset_id == dataset_id)
    with ledger.read() as connection:
        rows = connection.execute(select(snapshot).where(mine).order_by(snapshot.c.id)).mappings().all()
    return [one for row in rows if isinstance(one := to_record("snapshot", row), Snapshot)]


def adopt_planned(ledger: Ledger, item: Snapshot, found: Move) -> bool:
    """Make the move `found` of a planned snapshot by hand; False when it is no longer there to be moved."""

    def change(connection: Connection) -> bool:
        mine = select(snapshot).where(snapshot.c.id == item.id).with_for_update()
        row = connection.execute(mine).mappings().one()
        if row["state"] != str(SnapshotState.PLANNED) or is_held(ledger, connection, row):
            return False
        said = found.reason or ""
        move(ledger, connection, "snapshot", row, found.to, reason=said, what="decided", values=found.values)
        for paid in found.writes:
            if isinstance(paid, PaidBefore):
                adopt(connection, Lease("snapshot", item.id, 0, 0), paid)
        return True

    try:
        return ledger.write(change)
    except IntegrityError:  # another snapshot has it since
        return False


def let_go_on_in(ledger: Ledger, dataset_id: str) -> int:
    """Make what waits for a person because the ledger was behind due again; how many."""

    def change(connection: Connection) -> int:
        waits = snapshot.c.attention.is_not(None) & snapshot.c.next_at.is_(None) & snapshot.c.lease_owner.is_(None)
        mine = (snapshot.c.dataset_id == dataset_id) & (snapshot.c.state == str(SnapshotState.PLANNED))
        told = snapshot.c.reason.startswith(WAITS)
        rows = connection.execute(select(snapshot).where(waits, mine, told).with_for_update()).mappings().all()
        for row in rows:
            let_go_on(ledger, connection, "snapshot", row, reason=None)
        return len(rows)

    return ledger.write(change)


def counts(ledger: Ledger, dataset_id: str) -> int:
    """Snapshots of the dataset that the ledger has by their ids."""
    mine = (snapshot.c.dataset_id == dataset_id) & snapshot.c.provider_id.is_not(None)
    with ledger.read() as connection:
        return int(connection.execute(select(func.count()).where(mine)).scalar_one())


def datasets_in_use(ledger: Ledger) -> set[str]:
    with ledger.read() as connection:
        return set(connection.execute(select(snapshot.c.dataset_id).distinct()).scalars())


def refusals(ledger: Ledger) -> dict[str, str]:
    """Dataset → why Bright Data gives no list of it."""
    query = select(vendor_list.c.dataset_id, vendor_list.c.refused).where(vendor_list.c.refused.is_not(None))
    with ledger.read() as connection:
        return {row.dataset_id: row.refused for row in connection.execute(query)}


def _known(connection: Connection, provider_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(provider_ids), _AT_ONCE):
        some = list(provider_ids[first : first + _AT_ONCE])
        found |= set(
            connection.execute(select(snapshot.c.provider_id).where(snapshot.c.provider_id.in_(some))).scalars()
        )
    return found
