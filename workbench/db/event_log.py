"""The event log: append-only, each event carrying the hash of the one before.

What an event said of a person can be taken out of it: its hash stays, so that the chain stays, and a later event
vouches for what it was and what it is now. Without such a later event a changed one is a broken one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Text, bindparam, insert, select, type_coerce, update

from workbench.db.clock import now
from workbench.db.columns import to_text
from workbench.db.schema import chain_head, event
from workbench.files import canonical
from workbench.person import MASK

GENESIS: Final = "0" * 64
PERSON: Final = "person"  # the kind of the events that vouch, and
FORGOTTEN: Final = "forgotten"  # what they say happened

_KEPT: Final = ("seal", PERSON)
_HEAD: Final = select(chain_head.c.seq, chain_head.c.hash).where(chain_head.c.id == 1)
_LOCK_HEAD: Final = _HEAD.with_for_update()
_INSERT: Final = insert(event)
_SET_HEAD: Final = (
    update(chain_head).where(chain_head.c.id == 1).values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)
# As it lies in the table: an edited time or fact may no longer be readable as one.
_AS_STORED: Final = select(*(type_coerce(c, Text) if c.name in {"at", "facts"} else c for c in event.c)).order_by(
    event.c.seq
)


@dataclass(frozen=True)
class Event:
    item_kind: str
    item_id: str
    what: str  # created, armed, disarmed, moved, attention, crashed, ...
    from_state: str | None = None
    to_state: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def hash_of(row: Mapping[str, Any]) -> str:
    """The hash of an event row without its own `hash`; times are text here, as they are stored."""
    return hashlib.sha256(b"\0" + canonical({k: v for k, v in row.items() if k != "hash"}).encode()).hexdigest()


def lock(connection: Connection) -> None:
    """Be the only one until the end of the transaction who decides by what all others have written."""
    connection.execute(_LOCK_HEAD)


def append(connection: Connection, actor: str, events: Sequence[Event]) -> None:
    """Append `events`; call it last in a transaction, since it locks the head for the rest of it."""
    if not events:
        return
    head = connection.execute(_LOCK_HEAD).one()
    at = now()  # behind the lock: times follow the numbers
    seq, previous = head.seq, head.hash
    rows = []
    for new in events:
        seq += 1
        row: dict[str, Any] = {
            "seq": seq,
            "at": to_text(at),
            "item_kind": new.item_kind,
            "item_id": new.item_id,
            "what": new.what,
            "from_state": new.from_state,
            "to_state": new.to_state,
            # As it will be read back: keys that are numbers become text, and sort as such.
            "facts": json.loads(canonical(dict(new.facts))),
            "actor": actor,
            "prev_hash": previous,
        }
        previous = hash_of(row)
        rows.append({**row, "at": at, "hash": previous})
    connection.execute(_INSERT, rows)
    connection.execute(_SET_HEAD, {"new_seq": seq, "new_hash": previous})


def as_stored(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every event, oldest first, with times and facts as the text that they are in the table."""
    for one in connection.execute(_AS_STORED).mappings():
        yield dict(one)


def redact(connection: Connection, masked: Callable[[Any], Any]) -> dict[str, dict[str, str]]:
    """Put `masked` facts in the place of those that it changes; number of each event → what it `was`, and `is` now.

    To be told by a FORGOTTEN event of the same transaction. What seals say is left: archives are compared with it.
    """
    lock(connection)
    found: dict[str, dict[str, str]] = {}
    for row in list(as_stored(connection)):
        facts = json.loads(row["facts"])
        if row["item_kind"] in _KEPT or (new := masked(facts)) == facts:
            continue
        connection.execute(update(event).where(event.c.seq == row["seq"]).values(facts=new))
        found[str(row["seq"])] = {"was": row["hash"], "is": hash_of({**row, "facts": new})}
    return found


def broken_at(connection: Connection) -> int | None:
    """The first event whose hash, number or link is wrong; None when the chain holds to its head."""
    seq, previous = 0, GENESIS
    # Number → the hash it bears, and that of what it says; none of what nobody could have been taken out of.
    changed: dict[int, tuple[str, str | None]] = {}
    for row in as_stored(connection):
        if row["seq"] != seq + 1 or row["prev_hash"] != previous:
            return min([*changed, seq + 1])
        seq, previous = row["seq"], row["hash"]
        if (found := _hash_as_stored(row)) != row["hash"]:
            changed[seq] = (row["hash"], found if _may_be_redacted(row) else None)
        elif (row["item_kind"], row["what"]) == (PERSON, FORGOTTEN):
            for number, hashes in _vouched(row["facts"]):
                if changed.get(number) == hashes:
                    del changed[number]
    head = connection.execute(_HEAD).one()
    return min(changed, default=None if (head.seq, head.hash) == (seq, previous) else seq + 1)


def _may_be_redacted(row: Mapping[str, Any]) -> bool:
    """Whether somebody may have been taken out of an event: the mask is in it, and it is of no kind that is kept."""
    return row["item_kind"] not in _KEPT and MASK in row["facts"]


def _vouched(facts: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """What a FORGOTTEN event says that others were and are; of one that anybody may have written."""
    said = json.loads(facts)
    events = said.get("events") if isinstance(said, dict) else None
    for number, one in events.items() if isinstance(events, dict) else ():
        was, now_is = (one.get("was"), one.get("is")) if isinstance(one, dict) else (None, None)
        if number.isdecimal() and isinstance(was, str) and isinstance(now_is, str):
            yield int(number), (was, now_is)


def _hash_as_stored(row: dict[str, Any]) -> str | None:
    try:
        facts = json.loads(row["facts"])
    except ValueError:
        return None
    return hash_of({**row, "facts": facts})
