"""What was planned, and the run that came of it: the object that a notebook's cells hand on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workbench.collect.model import Plan
from workbench.errors import BadInput, Refused
from workbench.panels.ask import ask

if TYPE_CHECKING:
    from workbench.workbench import Workbench


class Order:
    """A run that may not have begun. Views ask to be told when it does."""

    def __init__(self, wb: Workbench, asked: Mapping[str, Any]) -> None:
        self._wb = wb
        self._asked = dict(asked)
        self.plan: Plan = wb.plan(**asked)
        self.run_id = started(wb, self.plan.hash)
        self._told: list[Callable[[str], None]] = []
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"run {self.run_id}" if self.run_id else f"plan {self.plan.hash[:12]}, not started"

    def start(self, *, again: bool = False) -> str:
        """Start the plan, or answer the run it has become already, also in another window.

        `again` collects the same anew, whatever is here already.
        """
        with self._lock:
            found = started(self._wb, self.plan.hash)
            if again and found == self.run_id:
                self._allow_again()
                run_id = self._wb.start(self.plan.hash, fresh=True, after=found)
            else:
                run_id = found or self._wb.start(self.plan.hash)
            self.run_id = run_id
            told = tuple(self._told)
        for tell in told:
            tell(run_id)
        return run_id

    def _allow_again(self) -> None:
        """A plan that is made again may be started again; it has to be the very one that was shown."""
        if self._wb.plan(**self._asked).hash != self.plan.hash:
            raise Refused("the sources, or the day, have changed since this plan was shown. Run the cells again.")

    def when_started(self, tell: Callable[[str], None]) -> None:
        """Call `tell` with the run's id: now if there is one, and whenever one is started."""
        with self._lock:
            self._told.append(tell)
            run_id = self.run_id
        if run_id:
            tell(run_id)


def started(wb: Workbench, plan_hash: str) -> str | None:
    """The newest run of exactly this plan, whoever started it."""
    query = "SELECT run_id FROM runs WHERE plan_hash = $plan ORDER BY created_at DESC"
    _, rows = ask(wb, query, {"plan": plan_hash}, most=1)
    return str(rows[0][0]) if rows else None


def run_id_of(wb: Workbench, run: Order | str) -> str | None:
    """The id behind a run given by id or name, or by its order; None while that is not started."""
    if isinstance(run, Order):
        return run.run_id
    if not run:
        raise BadInput("no run is named; give the id or the name of one: workbench status shows them.")
    return str(wb.status(run)["runs"][0]["run_id"])
