"""What every kind of item has, what a state means, and the kinds that features register.

The engine moves items and knows no feature: it asks `KINDS` for the record and the states of a kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self


class Attention(StrEnum):
    """Why an item does not move by itself."""

    RECONCILE = "reconcile"  # look at the other side
    PERSON = "person"  # somebody has to do something
    REVIEW = "review"  # somebody has to decide something


# What a worker cannot see to.
FOR_A_PERSON: Final = frozenset({Attention.PERSON, Attention.REVIEW})


@dataclass(frozen=True, kw_only=True)
class StateInfo:
    """Everything that is known of one state, whichever item is in it."""

    means: str  # for people, as a sentence
    word: str  # the team's own, in sheets and scripts: the status
    to: str = ""  # the states it may move to, between blanks
    exit: int = 0  # what a command answers that ends here: 0 done, 1 failed, 3 a person is needed, 4 unsure
    goes_on: bool = False  # it may still become something else by itself
    is_good: bool = False  # what was wanted has happened
    is_bad: bool = False  # it failed, for the count of an account or of a job
    is_over: bool = False  # nothing is left to do, and nobody needs its account any more


class State(StrEnum):
    """A state of one kind of item: its name, as the ledger keeps it, and beside it what it means."""

    info: StateInfo

    def __new__(cls, name: str, info: StateInfo | None = None) -> Self:
        if info is None:
            raise TypeError(f"the state {name!r} of {cls.__name__} says nothing of what it means")
        state = str.__new__(cls, name)
        state._value_ = name
        state.info = info
        return state

    @classmethod
    def having(cls, fact: str) -> frozenset[Self]:
        """The states of which a fact of `StateInfo` holds: `having("goes_on")`."""
        return frozenset(state for state in cls if getattr(state.info, fact))

    def may_become(self) -> frozenset[str]:
        return frozenset(self.info.to.split())


@dataclass(frozen=True, kw_only=True)
class Item:
    """What every kind of item has: its state, and who works on it."""

    id: int
    state: State
    attention: Attention | None = None
    reason: str | None = None
    state_at: datetime | None = None
    next_at: datetime | None = None  # due then; None = resting
    attempts: int = 0
    crashes: int = 0
    armed: bool = False  # its act is written down, and no answer came yet
    intent_id: str | None = None
    act_id: str | None = None  # of the act whose answer is awaited, or was lost
    armed_at: datetime | None = None  # of the latest act
    acts: int = 0  # that were begun and not proved undone
    looks: int = 0  # at the other side, since it became unsure
    cancel_requested: bool = False
    created_at: datetime | None = None
    account_id: int | None = None  # whose pages its steps open; None: they open none

    @property
    def act_key(self) -> str:
        """Names what the item's act does, so that a ledger which is older than the world knows it again."""
        raise TypeError(f"{type(self).__name__} does not name its acts")

    @property
    def act_scope(self) -> str | None:
        """Where at the other side its act is done; None: at its account."""
        return None

    @property
    def act_mark(self) -> str | None:
        """By what the other side shows the act as ours; None where it shows no such thing."""
        return None


@dataclass(frozen=True)
class Lease:
    """Our right to write an item, until a newer token exists."""

    kind: str
    item_id: int
    token: int
    until_boot: float  # seconds of the boot-time clock
    account_id: int | None = None  # whose lock we hold with it
    lock_token: int = 0


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the engine knows of one kind of item; its table is in `db.schema.ITEMS`, under the same name."""

    name: str
    record: type[Item]
    states: type[State]
    sent: State  # where an item goes that is to be sent, also once more
    facts: tuple[str, ...] = ()  # columns that the event of a move repeats, because they can never be derived again
    tuples: frozenset[str] = frozenset()  # fields of the record that are lists in the table


KINDS: Final[dict[str, Kind]] = {}


def register(kind: Kind) -> None:
    """Make a feature's kind known to the engine; done once, by its `model.py`."""
    KINDS[kind.name] = kind


def to_record(kind: str, row: Mapping[Any, Any]) -> Item:
    """The record of an item, from its row."""
    known = KINDS[kind]
    values = {f.name: row[f.name] for f in fields(known.record) if f.name in row}
    values["state"] = known.states(row["state"])
    if row.get("attention"):
        values["attention"] = Attention(row["attention"])
    for name in known.tuples:
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return known.record(**values)


def kind_of(item: Item) -> Kind:
    return next(kind for kind in KINDS.values() if isinstance(item, kind.record))
