"""What a flow is, and the few things that a step may yield.

A step is ``run(item, tools)`` (``run(items, tools)`` when it works on a group). It returns or yields what is to be
written; each is one transaction that checks the item's fencing token before the step's next line runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.engine.item import Attention, State
from workbench.errors import Fault

if TYPE_CHECKING:
    from workbench.engine.retry import RetryPolicy


class Write:
    """What an intent or a move writes besides its item, in the same transaction.

    Each feature has its own, and gives the worker a writer for it (`transitions.Writer`).
    """

    def reserved_micro_usd(self) -> int:
        """Money that it holds back; the journal keeps it."""
        return 0

    def undone(self) -> Write | None:
        """What takes it back where the act is proved not to have happened."""
        return None


@dataclass(frozen=True, kw_only=True)
class Intent:
    """About to act outside, once. Only what follows this is not repeatable."""

    intent_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    baseline: Mapping[str, Any] | None = None  # the other side before the act; `Acts.baseline` gives it back
    writes: tuple[Write, ...] = ()  # may refuse the act: a cap

    @property
    def undone(self) -> tuple[Write, ...]:
        return tuple(undone for one in self.writes if (undone := one.undone()) is not None)


@dataclass(frozen=True)
class Revoked:
    """The other side proved that the act did not happen; what its intent wrote is taken back."""

    reason: str


@dataclass(frozen=True)
class Progress:
    done: int
    total: int | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Stay:
    """Nothing to move yet: look again later. No event, no attempt."""

    after: timedelta | None = None  # None: as often as the step looks by itself
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Move:
    """One state to the next, with its facts."""

    to: State
    item_id: int | None = None  # needed where a step works on a group
    reason: str | None = None
    attention: Attention | None = None
    after: timedelta | None = None  # the next step is due then instead of now
    values: Mapping[str, Any] = field(default_factory=dict)  # columns to set
    writes: tuple[Write, ...] = ()
    fault: Fault | None = None  # trouble on a page that this move is the end of


Yielded = Intent | Revoked | Progress | Stay | Move


@dataclass(frozen=True)
class Step:
    """How one state is worked on."""

    run: Callable[..., Iterable[Yielded] | Yielded | None]
    retry: RetryPolicy
    max_items: int = 1  # that are leased together for one run
    group_by: tuple[str, ...] = ()  # columns in which they are alike
    on_page: bool = False  # opens a page of the item's account: one at a time, none while the account is paused
    is_act: bool = False  # acts in public there: waits for the account's pace too

    @property
    def is_group(self) -> bool:
        return self.max_items > 1


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A kind of item, the step of each state, and where its items end when a step gives up."""

    kind: str
    steps: Mapping[State, Step]
    failed: State
    unsure: State
    quarantined: State
    writes_on_failure: tuple[Write, ...] = ()
    # A suspended owner may still be inside its act: looks at the other side begin after the longest one.
    longest_act: timedelta = timedelta(minutes=2)

    @property
    def page_states(self) -> tuple[State, ...]:
        return tuple(state for state, step in self.steps.items() if step.on_page)

    @property
    def act_states(self) -> tuple[State, ...]:
        return tuple(state for state, step in self.steps.items() if step.on_page and step.is_act)
