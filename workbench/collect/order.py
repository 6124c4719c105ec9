"""What was planned, and the run that came of it: the object that a notebook's cells hand on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workbench.collect.model import Plan
from workbench.errors import BadInput, Refused, WorkbenchError
from workbench.panels.ask import ask

if TYPE_CHECKING:
    from workbench.workbench import Workbench


class Order:
    """A run that may not have begun. Views ask to be told when it does, and when something else is planned instead."""

    def __init__(self, wb: Workbench, asked: Mapping[str, Any], *, may_wait: bool = False) -> None:
        """`may_wait`: where nothing can be planned of what is asked, a person does so by the form; `trouble` says why.

        Otherwise that is raised.
        """
        self._wb = wb
        self.asked = dict(asked)
        self.trouble: WorkbenchError | None = None
        self.run_id: str | None = None
        self._plan: Plan | None = None
        self._told: list[Callable[[str], None]] = []
        self._told_of_plans: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        try:
            self.ask(asked)
        except WorkbenchError as error:
            if not may_wait:
                raise
            self.trouble = error

    def __repr__(self) -> str:
        if self.run_id:
            return f"run {self.run_id}"
        return f"plan {self._plan.hash[:12]}, not started" if self._plan else "nothing is planned yet"

    @property
    def plan(self) -> Plan:
        if self._plan is None:
            raise BadInput("nothing is planned yet; fill in the form and press Plan.")
        return self._plan

    @property
    def is_planned(self) -> bool:
        return self._plan is not None

    def ask(self, asked: Mapping[str, Any]) -> None:
        """Plan this instead; what was planned before stays where it is started."""
        plan = self._wb.plan(**asked)
        run_id = started(self._wb, plan.hash)
        with self._lock:
            self.asked, self._plan, self.run_id, self.trouble = dict(asked), plan, run_id, None
            told, told_of_plans = tuple(self._told), tuple(self._told_of_plans)
        for each in told_of_plans:
            each()
        for tell in told if run_id else ():
            tell(str(run_id))

    def start(self, *, again: bool = False, plan_hash: str | None = None) -> str:
        """Start the plan, or answer the run it has become already, also in another window.

        `again` collects the same anew, whatever is here already. `plan_hash`: of the plan that a person agreed to;
        Refused when another one has come in its place.
        """
        with self._lock:
            plan = self.plan
            if plan_hash not in (None, plan.hash):
                raise Refused("another plan has come in the place of the one that you agreed to. Nothing was started.")
            found = started(self._wb, plan.hash)
            if again and found == self.run_id:
                self._allow_again(plan)
                run_id = self._wb.start(plan.hash, fresh=True, after=found)
            else:
                run_id = found or self._wb.start(plan.hash)
            self.run_id = run_id
            told = tuple(self._told)
        for tell in told:
            tell(run_id)
        return run_id

    def _allow_again(self, plan: Plan) -> None:
        """A plan that is made again may be started again; it has to be the very one that was shown."""
        if self._wb.plan(**self.asked).hash != plan.hash:
            raise Refused("the sources, or the day, have changed since this plan was shown. Run the cells again.")

    def when_planned(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever something else is planned."""
        with self._lock:
            self._told_of_plans.append(tell)

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
