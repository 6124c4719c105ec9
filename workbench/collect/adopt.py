"""Look before a trigger: what was asked the same already is adopted, never paid again.

The vendor lists what was started since the snapshot was planned, and within the time in which a younger snapshot
answers. One list per dataset and minute is asked for, whoever looks; of ids that the ledger does not have, each is
asked once what it was asked. A list that is not whole means: no act now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from workbench.brightdata.contents import Listed
from workbench.brightdata.responses import Meaning, NotAllowed, meaning_of_status
from workbench.budget.model import Money, PaidBefore
from workbench.collect.model import AtVendor, Snapshot, SnapshotState, same_inputs
from workbench.collect.tools import CollectTools, VendorListsView
from workbench.engine.behind import WAITS
from workbench.engine.flow import Move, Stay
from workbench.errors import BadInput, Misconfigured, NeedsPerson, Permanent

if TYPE_CHECKING:  # httpx costs every command a tenth of a second
    from workbench.brightdata.client import BrightData

# Whoever refuses a list refuses it again; the key may lack that right and still trigger.
REFUSED: Final = (Permanent, NotAllowed)
CLOCKS: Final = timedelta(seconds=1)  # that the vendor's may be behind ours
_NEXT_LIST: Final = timedelta(minutes=1)
_SOON: Final = timedelta(seconds=0.3)  # another one is asking right now
_QUERY: Final = ("discover_by", "limit_per_input")
_UNTOLD: Final = {"untold": "true"}


def look(snapshot: Snapshot, tools: CollectTools) -> Move | Stay | None:
    """The move that what is there already justifies, a time to wait, or None: nothing speaks against the trigger."""
    return None if tools.vendor_lists is None else _Look(snapshot, tools, tools.vendor_lists).run()


class _Look:
    """One look before one trigger."""

    def __init__(self, snapshot: Snapshot, tools: CollectTools, lists: VendorListsView) -> None:
        self._snapshot, self._tools, self._lists = snapshot, tools, lists
        self._dataset_id = snapshot.dataset_id
        self._behind = lists.behind(self._dataset_id)
        # Of a home that was moved nothing is missing; of a copy, only what was done since.
        self._doubt = self._behind if self._behind is not None and self._behind.why != "moved" else None
        self._planned = planned = (snapshot.created_at or tools.now()) - CLOCKS
        # What was started before the snapshot was planned saves money; what was started since may be the snapshot.
        self._answering = planned if lists.is_fresh(snapshot) else min(planned, tools.now() - tools.reuse)

    def run(self) -> Move | Stay | None:
        since = self._answering
        if self._doubt is not None:  # seen through once, for all that is planned
            since = min(since, self._lists.oldest_plan(self._dataset_id) - CLOCKS)
        if (wait := self._read(since)) is not None:
            return wait
        if (refused := self._lists.refused(self._dataset_id)) is not None:
            self._unlisted(refused)
            return None
        listed = self._lists.unknown(self._dataset_id, since)
        own = since_then(self._planned, listed)
        if any(not one.is_asked for one in (own if self._doubt is None else listed)):
            said = "looking through what was started at Bright Data meanwhile"
            return Stay(after=_NEXT_LIST, values={"reason": said})
        return self._judge(listed, own)

    def _read(self, since: datetime) -> Stay | None:
        """See to it that the list is there; a time to wait while another one asks."""
        turn = self._lists.turn(self._dataset_id, since.date())
        if turn == "wait":
            return Stay(after=_SOON)
        if turn == "ask":
            ask(self._dataset_id, since, self._tools, self._lists, most=self._tools.look_inputs)
        return None

    def _unlisted(self, refused: str) -> None:
        if self._doubt is not None:
            why = f"{self._doubt.words}, and Bright Data does not list what was started ({refused})"
            raise self._for_person(why)

    def _judge(self, listed: Sequence[AtVendor], own: Sequence[AtVendor]) -> Move | Stay | None:
        alike = same_as(self._snapshot, listed, self._tools, self._lists)
        mine = chosen(since_then(self._answering, alike), own)
        if mine is not None and (waiting := self._lists.in_flight(self._snapshot)):
            said = f"waits for snapshot {waiting[0]}, which was asked the same and lost its answer"
            return Stay(after=self._tools.poll, values={"reason": said})
        unread = [] if self._doubt is None else unreadable(listed)
        if mine is None and self._doubt is not None and unread:
            told = ", ".join(unread[:5])
            raise self._for_person(f"{self._doubt.words}, and Bright Data does not tell what {told} was asked", unread)
        if not alike and (wait := self._until_seen()) is not None:
            return wait
        if self._behind is not None and not unread:
            self._lists.compared(self._dataset_id)
        return None if mine is None else adoption(self._snapshot, mine, self._tools)

    def _until_seen(self) -> Stay | None:
        """The journal has an order of it that the ledger lost: a list may lag, so absence is believed after a while."""
        lost = self._lists.lost(self._dataset_id, self._snapshot.input_hash)
        left = lost[0].at + sum(self._tools.look_gaps, timedelta()) - self._tools.now() if lost else timedelta()
        if left <= timedelta():
            return None
        said = "the journal has an order of it that the ledger lost; it is looked for at Bright Data"
        return Stay(after=min(left, _NEXT_LIST), values={"reason": said})

    def _for_person(self, why: str, unread: Sequence[str] = ()) -> NeedsPerson:
        """Only a person can say what is there; said once for the dataset too."""
        cure = (
            "What is ours: workbench recover adopt ID. What is not: workbench recover compare --foreign "
            f"{','.join(unread)}"
            if unread
            else "Look into its control panel. If nothing is missing here: workbench recover compare --settled "
            f"{self._dataset_id}"
        )
        self._lists.wait_for_person(self._dataset_id, f"{why}. {cure}")
        return NeedsPerson(f"{WAITS}, as {why}. {cure}")


def since_then(at: datetime, listed: Sequence[AtVendor]) -> list[AtVendor]:
    """Started at that time or later, or nobody says when."""
    return [one for one in listed if one.created_at is None or one.created_at >= at]


def same_as(
    snapshot: Snapshot, listed: Sequence[AtVendor], tools: CollectTools, lists: VendorListsView
) -> list[AtVendor]:
    """Those that were asked the same."""
    return [one for one in listed if is_same(snapshot, one, tools.brightdata, lists)]


def chosen(alike: Sequence[AtVendor], own: Sequence[AtVendor]) -> AtVendor | None:
    """The oldest since the plan, however it ended: that is what became of it. Else the youngest that has rows.

    Both lists are newest first; `own` are those since the plan.
    """
    mine = [one for one in reversed(alike) if one in own] + [one for one in alike if one not in own and _answers(one)]
    return next(iter(mine), None)


def unreadable(own: Sequence[AtVendor]) -> list[str]:
    """Ids of which nobody can say what they were asked."""
    return [one.provider_id for one in own if one.is_asked and one.inputs is None]


# asking the vendor ------------------------------------------------------------------------------------


def ask(
    dataset_id: str, since: datetime, tools: CollectTools, lists: VendorListsView, *, most: int | None = None
) -> int | None:
    """Ask for the list (how long it is), or keep why there is none; then what `most` unknown ones were asked, once.

    Newest first. Others wait until all of that is there. Raises what may pass.
    """
    try:
        try:
            found = [_at_vendor(one) for one in tools.brightdata.list_snapshots(dataset_id, from_date=since.date())]
        except REFUSED as error:
            lists.refuse(dataset_id, error.message)
            return None
        lists.keep(dataset_id, found)
        unasked = [one for one in lists.unknown(dataset_id, since) if not one.is_asked]
        for one in unasked[:most]:
            lists.told(one.provider_id, _inputs(tools.brightdata, one.provider_id))
        lists.listed(dataset_id, since.date())
    except BaseException:
        lists.leave(dataset_id)
        raise
    return len(found)


def _at_vendor(one: Listed) -> AtVendor:
    return AtVendor(
        provider_id=one.snapshot_id, created_at=one.created_at, status=one.status[:60], row_count=one.row_count
    )


def _inputs(brightdata: BrightData, provider_id: str) -> list[dict[str, Any]] | None:
    """None where the vendor cannot say: it forgot them, or the id is none that could be asked about."""
    try:
        return brightdata.inputs(provider_id)
    except Misconfigured:
        raise
    except (Permanent, BadInput):
        return None


def _query(brightdata: BrightData, provider_id: str) -> dict[str, str]:
    """How it was steered, from the address of its trigger; `_UNTOLD` where the vendor does not tell."""
    try:
        found = brightdata.log(provider_id).get("trigger")
    except Permanent:
        return _UNTOLD
    address = found.get("trigger_url") if isinstance(found, dict) else None
    if not isinstance(address, str) or "?" not in address:
        return _UNTOLD
    said = parse_qs(urlsplit(address).query)
    return {name: said[name][0] for name in _QUERY if name in said}


# judging ----------------------------------------------------------------------------------------------


def is_same(snapshot: Snapshot, one: AtVendor, brightdata: BrightData, lists: VendorListsView) -> bool:
    """Whether it was asked the same, as far as the vendor tells."""
    if one.inputs is None or not same_inputs(snapshot.inputs, one.inputs):
        return False
    theirs: Mapping[str, Any] | None = one.query
    if theirs is None:
        theirs = _query(brightdata, one.provider_id)
        lists.told(one.provider_id, one.inputs, theirs)
    if theirs == _UNTOLD:
        return True
    return all(str(snapshot.query.get(name, "")) == str(theirs.get(name, "")) for name in _QUERY)


def _answers(one: AtVendor) -> bool:
    """Whether rows came of it, or will come."""
    meaning = meaning_of_status(one.status)
    return meaning is None or (meaning is Meaning.READY and one.row_count != 0)


def adoption(snapshot: Snapshot, one: AtVendor, tools: CollectTools) -> Move:
    """It is paid already, by an order that this ledger does not know: it goes on as ours."""
    began = f", started {one.created_at:%Y-%m-%d %H:%M} UTC" if one.created_at else ""
    return Move(
        to=SnapshotState.TRIGGERED,
        reason=f"found at Bright Data as {one.provider_id}{began}, asked the same; nothing was paid again",
        values={"provider_id": one.provider_id, "triggered_at": tools.now(), "attention": None},
        writes=(
            PaidBefore(
                Money(snapshot.estimate_records * snapshot.price_micro_usd, snapshot.estimate_records),
                found_as=one.provider_id,
            ),
        ),
    )
