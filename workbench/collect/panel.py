"""A run in a notebook: plan, start, watch, folders, tables, chart, outcome. One call a cell, with or without a person.

By hand the calls draw widgets and wait for a click. Executed without a person (panels/front_end.py) the same calls
start by the rule of `start`, do the work, leave HTML that an offline report keeps, and `outcome` fails the notebook
when the run brought less than was asked for.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
from IPython.display import display

from workbench.collect import markup
from workbench.collect.form_panel import RunFormPanel
from workbench.collect.order import Order, run_id_of
from workbench.collect.plan import OPEN_END, how_much, open_ended
from workbench.collect.runs_board_panel import BoardPanel
from workbench.collect.stages import Pace
from workbench.collect.watch_panel import WatchPanel, when_started
from workbench.collect.watcher import look, watcher_of
from workbench.errors import BadInput, NeedsPerson, Permanent, Refused, Unanswered
from workbench.panels.ask import ask
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, dollars, esc, join, note, shown
from workbench.panels.page import handled, in_background, page, show_while, still
from workbench.panels.waiting import raise_or_show
from workbench.panels.widgets import AskTwice, LiveRegion, Panel, Region, question, show

if TYPE_CHECKING:
    from workbench.collect.run_summary import RunStanding
    from workbench.workbench import Workbench

ROWS: Final = 20  # of a table in the page
_REDRAW_SECONDS: Final = 3.0  # at least between two answers of a query, while rows keep coming
_MICRO: Final = 1_000_000


def plan(
    wb: Workbench, sources: str = "", *, start: str = "", end: str = "", num_posts: int | None = None, name: str = ""
) -> Order:
    """Show what a run would do and cost; nothing is started. `sources`: a CSV below the home, empty: all enabled.

    By hand a form has what was given, and something else can be planned by it.
    """
    if is_by_hand() and sources and not (wb.home / sources).exists():
        sources = ""  # a home that was begun by clicks has no sheet: then it is every source that is kept
    asked = {
        "sources": sources or None,
        "start": start or None,
        "end": end or None,
        "num_posts": num_posts,
        "name": name or None,
    }
    order = Order(wb, asked, may_wait=is_by_hand())
    if is_by_hand():
        page(wb, lambda: RunFormPanel(wb, order))
    else:
        still(markup.plan_view(order.plan, wb.collect.saving(order.plan), wb.settings.mode))
    return order


def start(wb: Workbench, order: Order, *, approve_usd: float = 0.0, approve_open_ended: bool = False) -> Order:
    """By hand: a button. Without a person: start it, in live mode only up to `approve_usd` of ESTIMATED cost.

    Where the estimate is open-ended, neither that nor a cap says the most: it needs `approve_open_ended` too.
    A plan that is started already, by whom ever, is shown and not started again.
    """
    if is_by_hand():
        display(StartPanel(wb, order))  # type: ignore[no-untyped-call]
        return order
    if order.run_id is None:
        _refuse_unapproved(wb, order, approve_usd)
        _refuse_open_end(wb, order, is_approved=approve_open_ended)
        order.start()
        still(note("plain", f"Started: run {order.run_id}."))
    else:
        still(started_words(wb, order.run_id))
    return order


def _refuse_unapproved(wb: Workbench, order: Order, approve_usd: Any) -> None:
    if isinstance(approve_usd, bool) or not isinstance(approve_usd, int | float) or not math.isfinite(approve_usd):
        raise BadInput(f"approve_usd is {approve_usd!r}; give a number of dollars, like 2.50. Nothing was started.")
    estimate = order.plan.estimate.micro_usd
    if wb.settings.mode == "practice" or estimate <= round(approve_usd * _MICRO):
        return
    allowed = dollars(round(approve_usd * _MICRO))
    raise Refused(
        f"the plan is ESTIMATED to cost {dollars(estimate)}, and approve_usd allows {allowed}. "
        f"Give -p approve_usd={estimate / _MICRO:.2f} or more, or start it by hand; nothing was started."
    )


def _refuse_open_end(wb: Workbench, order: Order, *, is_approved: bool) -> None:
    is_live = wb.settings.mode == "live"  # what was approved in dollars is a cap too
    if is_approved or not (wb.collect.may_pass_a_cap(order.plan) or (is_live and open_ended(order.plan))):
        return
    raise Refused(f"{OPEN_END}. Give -p approve_open_ended=true, or start it by hand; nothing was started.")


def watch(wb: Workbench, run: Order | str, *, wait_minutes: float = 10) -> None:
    """Follow a run: an order's, or any by its id or name, also after a restart of the kernel.

    Without a person this cell does the work, for at most `wait_minutes`.
    """
    run_id = run_id_of(wb, run)
    if is_by_hand():
        display(WatchPanel(wb, run if isinstance(run, Order) else str(run_id)))  # type: ignore[no-untyped-call]
    elif run_id:
        work_and_show(wb, run_id, timedelta(minutes=wait_minutes))


def folders(wb: Workbench, run: Order | str) -> None:
    """The folders of a run, with what is in them."""
    lake = wb.settings.lake.relative_to(wb.settings.home).as_posix()
    _show(wb, run, lambda run_id: markup.folders_view(wb.collect.folders(run_id), lake), "The folders")


def tables(wb: Workbench, run: Order | str, queries: Mapping[str, str], *, rows: int = ROWS) -> None:
    """A table for every {caption: SELECT …}; in the query, `$run` is the run's id."""

    def draw(run_id: str) -> Html:
        found = [(caption, *ask(wb, query, {"run": run_id}, most=rows + 1)) for caption, query in queries.items()]
        return join(
            markup.rows_view(caption, names, values, wb.settings.zone, rows) for caption, names, values in found
        )

    _show(wb, run, draw, "The tables")


def chart(wb: Workbench, run: Order | str, title: str, query: str) -> None:
    """Bars of a query: its first column names a bar, its second is the length, a third one stacks."""

    def draw(run_id: str) -> Html:
        names, values = ask(wb, query, {"run": run_id})
        return markup.bars(title, names, values, wb.settings.zone)

    _show(wb, run, draw, "The chart")


def board(wb: Workbench, order: Order | None = None) -> None:
    """All runs and their jobs, for a person at the page: how they stand, their story, and what can be done.

    `order`: where a run that is asked once more is planned.
    """
    if is_by_hand():
        page(wb, lambda: BoardPanel(wb, order))


def outcome(wb: Workbench, run: Order | str) -> None:
    """Say how the run went; without a person, fail the notebook where it brought less than everything, or goes on."""
    run_id = run_id_of(wb, run)
    if not run_id:
        still(note("plain", "Nothing was started."))
        return
    seen = look(wb, run_id)
    if seen.status == "completed":
        still(note("plain", f"Done: {seen.news}"))
    elif seen.is_over:
        raise_or_show(Permanent(f"{seen.news} Why: workbench status {run_id}"))
    elif seen.waiting:
        raise_or_show(NeedsPerson(f"the run waits for a person: {seen.waiting[0][0]}. See: workbench todo"))
    elif is_by_hand():
        still(note("plain", f"{seen.news} Run this cell again later."))
    else:
        raise_or_show(Unanswered(f"the run is not over: {seen.news} It goes on with: workbench work"))


def _show(wb: Workbench, run: Order | str, draw: Callable[[str], Html], what: str) -> None:
    run_id = run_id_of(wb, run)
    if is_by_hand():
        display(LivePanel(wb, run if isinstance(run, Order) else str(run_id), draw, what))  # type: ignore[no-untyped-call]
    elif run_id:
        still(draw(run_id))


# widgets ------------------------------------------------------------------------------------------------


class StartPanel(Panel):
    """Says whether the plan is started; starts it, or on purpose collects the same anew.

    What costs money asks once with the sum. "Anew" is never where "start" was, and not to be had within some seconds.
    """

    def __init__(self, wb: Workbench, order: Order) -> None:
        self._wb = wb
        self._order = order
        self._lock = threading.Lock()
        self._is_at_work = False
        self._agreed: str | None = None  # the plan that a person was asked about
        self.said = LiveRegion()
        self.alert = Region()
        self.start = AskTwice(
            "wb-start", ("Start the run", "Yes, start it", "No"), lambda: self._clicked(again=False),
            style="primary", question=lambda: self._question("start"),
            asks=lambda: wb.settings.mode == "live" or wb.collect.may_pass_a_cap(order.plan),
        )  # fmt: skip
        self.anew = AskTwice(
            "wb-start-again", ("Collect the same anew", "Yes, collect and pay once more", "No"),
            lambda: self._clicked(again=True), question=lambda: self._question("once more, and paid once more:"),
        )  # fmt: skip
        self.first, self.again = self.start.first, self.anew.first
        super().__init__([self.said, ipywidgets.HBox([self.start, self.anew]), self.alert])
        self.add_class("wb-start-panel")
        self._draw()
        order.when_planned(self._replanned)

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _question(self, act: str) -> Html:
        self._agreed = self._order.plan.hash
        return question(self._wb.settings.mode, f"{act} {_what(self._wb, self._order)}")

    def _replanned(self) -> None:
        """What was asked about is not what is planned now: whoever agrees has to see it first."""
        for one in (self.start, self.anew):
            one.ask(is_asked=False)
        self._agreed = None
        handled(self._draw, self._show_error, self._wb.parts.redactor)

    def _clicked(self, *, again: bool) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self._is_at_work:
                return
            self._is_at_work = self.first.disabled = True
            self.anew.hold()
            agreed, self._agreed = self._agreed, None
        self.said.html = esc("Starting…")
        self.alert.html = ""
        in_background(lambda: self._begin(agreed, again=again), "start-run")

    def _begin(self, agreed: str | None, *, again: bool) -> None:
        handled(lambda: self._start(agreed, again=again), self._show_error, self._wb.parts.redactor)
        handled(self._draw, self._show_error, self._wb.parts.redactor)
        self._is_at_work = self.first.disabled = False
        self.anew.free()

    def _start(self, agreed: str | None, *, again: bool) -> None:
        self._order.start(again=again, plan_hash=agreed)
        self._wb.working.start_worker()

    def _draw(self) -> None:
        run_id, is_planned = self._order.run_id, self._order.is_planned
        show(self.first, is_shown=is_planned and run_id is None)
        show(self.anew, is_shown=is_planned and run_id is not None)
        if not is_planned:
            self.said.html = esc("Nothing is planned yet, so there is nothing to start.")
            return
        cost = _cost(self._wb, self._order)
        self.first.description, self.again.description = f"Start the run ({cost})", f"Collect the same anew ({cost})"
        self.said.html = started_words(self._wb, run_id) if run_id else not_started_words(cost)


def _what(wb: Workbench, order: Order) -> str:
    """How much is asked for, the most that it is estimated to cost, and whether a cap holds by that."""
    collections, inputs = how_much(order.plan)
    estimate = order.plan.estimate
    return (
        f"{collections} collections of {inputs} inputs at Bright Data, ESTIMATED {_estimated(order)} for "
        f"{estimate.records:,} records{'; ' + OPEN_END if wb.collect.may_pass_a_cap(order.plan) else ''}"
    )


def _estimated(order: Order) -> str:
    return dollars(order.plan.estimate.micro_usd) + (", open-ended," if open_ended(order.plan) else "")


def _cost(wb: Workbench, order: Order) -> str:
    if wb.settings.mode == "practice":
        return "practice: free"
    return f"ESTIMATED {_estimated(order)}".rstrip(",")


def not_started_words(cost: str) -> Html:
    return join(["Not started. A click starts exactly the plan shown above (", cost, ")."])


def started_words(wb: Workbench, run_id: str) -> Html:
    seen = look(wb, run_id)
    since = shown(seen.created_at, wb.settings.zone)
    return note("plain", f"Started {since} as run {run_id}. Running these cells again only shows it.")


def work_and_show(wb: Workbench, run_id: str, wait: timedelta) -> None:
    """Work here until the run is over or the time is, and keep how it stands in the page."""
    pace = Pace()

    def view() -> Html:
        seen = look(wb, run_id)
        pace.see(seen.stages)
        return markup.run_view(seen, wb.settings.zone, pace=pace)

    def work(redraw: Callable[[], None]) -> Html:
        wb.work(run=run_id, limit=wait, watch=redraw)
        seen = look(wb, run_id)
        told = markup.run_view(seen, wb.settings.zone, cost=wb.collect.spent_micro_usd(run_id))
        return join([told, markup.silent_view(wb.collect.sources_without_rows(run_id)), _why_stopped(seen, wait)])

    show_while(work, view)


def _why_stopped(seen: RunStanding, wait: timedelta) -> Html:
    if seen.is_over:
        return Html()
    if seen.waiting:
        return note("plain", "The run waits for a person; see above.")
    minutes = f"{wait.total_seconds() / 60:g}"
    return note("plain", f"Not finished within {minutes} min. It goes on whenever somebody works: workbench work")


class LivePanel(Panel):
    """A view that is drawn again whenever rows have come or the run has ended."""

    def __init__(self, wb: Workbench, run: Order | str, draw: Callable[[str], Html], what: str) -> None:
        self._wb = wb
        self._draw = draw
        self._run_id = ""
        self._drawn: tuple[object, ...] = ()
        self._drawn_at = -_REDRAW_SECONDS
        self._nothing = esc(f"{what} will be here as soon as the run has begun.")
        self.body = Region(html=self._nothing)
        self.alert = Region()
        super().__init__([self.body, self.alert])
        self.add_class("wb-live-panel")
        when_started(run, self._follow)
        if isinstance(run, Order):
            run.when_planned(lambda: self._forget(run))

    def markup(self) -> str:
        return self.body.html

    def _forget(self, order: Order) -> None:
        if order.run_id is None:
            self._run_id, self._drawn, self.body.html = "", (), self._nothing

    def _follow(self, run_id: str) -> None:
        self._run_id = run_id
        watcher_of(self._wb, run_id).add(self._see, self._show_error)

    def _see(self, seen: RunStanding) -> None:
        is_due = seen.is_over or time.monotonic() - self._drawn_at >= _REDRAW_SECONDS
        if seen.run_id == self._run_id and seen.mark != self._drawn and is_due:
            self.body.html = self._draw(seen.run_id)
            self._drawn, self._drawn_at = seen.mark, time.monotonic()
