"""unsure → triggered | planned: look at the vendor's side for a trigger whose answer was lost.

Looks are spaced and stored, never slept. A match is adopted; none after the last look allows one new trigger, which
needs its money reserved again; whatever nobody can say waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from workbench.brightdata.contents import Listed
from workbench.brightdata.responses import Meaning, NotAllowed, meaning_of_status
from workbench.budget.model import Release
from workbench.collect.model import Snapshot, SnapshotState, same_inputs
from workbench.collect.tools import CollectTools
from workbench.engine.flow import Move, Stay, Yielded
from workbench.engine.retry import next_look
from workbench.errors import BadInput, Misconfigured, NeedsPerson, Permanent, WorkbenchError

if TYPE_CHECKING:  # httpx costs every command a tenth of a second
    from workbench.brightdata.client import BrightData

# The vendor's clock may be behind ours, and its listing takes whole days.
EARLIER: Final = timedelta(minutes=10)
_Asked = tuple[Listed, list[dict[str, Any]]]  # with what the vendor says it was asked
_MOST_TRIGGERS: Final = 2  # the first, and one more once it is proved absent


def look(snapshot: Snapshot, tools: CollectTools) -> Iterator[Yielded]:
    matching, unread = _search(snapshot, tools)
    if tools.view.is_being_triggered(snapshot):
        # The same inputs are on their way for another snapshot, which may be in that list: sent before or meanwhile.
        yield Stay(after=tools.poll)
        return
    alike = tools.view.unsure_alike(snapshot)
    # Asked last: an answer that came while we looked has made its snapshot known.
    known = tools.view.known_ids([one.snapshot_id for one, _ in matching])
    # What a twin was asked with more keys than we is that twin's, and found by its own look.
    closer = [inputs for inputs in alike if _keys(inputs) > _keys(snapshot.inputs)]
    found = [
        one
        for one, theirs in matching
        if one.snapshot_id not in known and not any(same_inputs(inputs, theirs) for inputs in closer)
    ]
    at = tools.now()
    again = next_look(snapshot, snapshot.armed_at or at, tools.look_gaps, at)
    if found:
        yield _adopt(tools, found, owners=1 + len(alike) - len(closer))
    elif again is not None:
        yield again
    elif unread:
        raise NeedsPerson(
            f"Bright Data does not tell what {', '.join(unread[:5])} was asked, which may be this one. Look there by "
            f"hand, then: workbench recover resolve {snapshot.id} --adopt ID, or --absent"
        )
    elif snapshot.cancel_requested:
        yield Move(
            to=SnapshotState.CANCELED, reason="nothing was started at Bright Data; cancelled", writes=(Release(),)
        )
    elif snapshot.acts < _MOST_TRIGGERS:
        reason = f"nothing was started at Bright Data ({snapshot.looks + 1} looks); sent once more"
        yield Move(to=SnapshotState.PLANNED, reason=reason, writes=(Release(),))
    else:
        raise NeedsPerson(
            f"two triggers were sent and {snapshot.looks + 1} looks found neither at Bright Data. Look there by hand, "
            f"then: workbench recover resolve {snapshot.id} --adopt ID, or --absent"
        )


def _search(snapshot: Snapshot, tools: CollectTools) -> tuple[list[_Asked], list[str]]:
    """What was started since our order with exactly our inputs, those that live and are oldest first.

    And the ids of which nobody can say what they were asked.
    """
    began = snapshot.armed_at if snapshot.acts < _MOST_TRIGGERS else snapshot.created_at
    since = (began or tools.now()) - EARLIER
    try:
        listed = list(tools.brightdata.list_snapshots(snapshot.dataset_id, from_date=since.date()))
    except (Permanent, NotAllowed) as error:
        # An incomplete list never means "absent", and the item may be running: it does not fail by this.
        raise NeedsPerson(
            f"Bright Data does not list what was started ({error.message}). Look there by hand, then: workbench "
            f"recover resolve {snapshot.id} --adopt ID, or --absent"
        ) from error
    recent = [one for one in listed if one.created_at is None or one.created_at >= since]
    known = tools.view.known_ids([one.snapshot_id for one in recent])
    ours, unread = list[_Asked](), list[str]()
    for one in recent:
        if one.snapshot_id in known:
            continue
        theirs = _inputs(tools, one.snapshot_id)
        if theirs is None:
            unread.append(one.snapshot_id)
        elif same_inputs(snapshot.inputs, theirs):
            ours.append((one, theirs))

    def order(asked: _Asked) -> tuple[bool, datetime, str]:
        return _is_cancelled(asked[0]), asked[0].created_at or tools.now(), asked[0].snapshot_id

    return sorted(ours, key=order), unread


def _is_cancelled(one: Listed) -> bool:
    return meaning_of_status(one.status) is Meaning.CANCELED


def _inputs(tools: CollectTools, vendor_id: str) -> list[dict[str, Any]] | None:
    """None where the vendor cannot say: it forgot them, or the id is none that could be asked about."""
    try:
        return tools.brightdata.inputs(vendor_id)
    except Misconfigured:
        raise
    except (Permanent, BadInput):
        return None


def _keys(inputs: Iterable[Mapping[str, Any]]) -> int:
    return len({key for one in inputs for key in one})


def _adopt(tools: CollectTools, found: Sequence[Listed], *, owners: int) -> Move:
    """The oldest is ours. More than the lost triggers that could own them were paid twice: they are cancelled."""
    first, *others = found
    extra = others[max(owners - 1, 0) :]
    said = [cancel_extra(tools.brightdata, one.snapshot_id) for one in extra if not _is_cancelled(one)]
    reason = f"found at Bright Data as {first.snapshot_id}"
    if said:
        reason += f"; DUPLICATE SPEND, {'; '.join(said)}"
    return Move(
        to=SnapshotState.TRIGGERED,
        reason=reason,
        values={"provider_id": first.snapshot_id, "triggered_at": first.created_at or tools.now()},
    )


def cancel_extra(brightdata: BrightData, vendor_id: str) -> str:
    """Stop what was paid for twice; what became of it, in words."""
    try:
        was_running = brightdata.cancel(vendor_id)
    except Permanent as error:
        return f"{vendor_id} could not be cancelled ({error.message})"
    except WorkbenchError as error:
        return f"{vendor_id} may still run ({error.message})"
    return f"{vendor_id} was cancelled" if was_running else f"{vendor_id} was over already, so it is paid"
