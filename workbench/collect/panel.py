"""A run in a notebook: plan, start, watch, folders, tables, chart. One call a cell, by hand and without a person.

By hand the calls draw widgets and wait for a click. Executed without a person (WORKBENCH_HEADLESS_NOTEBOOK) the same
calls start by the rule of `start`, do the work, and leave HTML that an offline report keeps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from IPython.display import display

from workbench.collect import drawn
from workbench.collect.order import Order, run_id_of
from workbench.collect.plan import OPEN_END, open_ended
from workbench.collect.start_panel import StartPanel, started_words
from workbench.collect.watch_panel import WatchPanel, work_and_show
from workbench.collect.watcher import watcher_of
from workbench.errors import BadInput, Refused
from workbench.panels.ask import ask
from workbench.panels.markup import Html, dollars, esc, join, note
from workbench.panels.page import is_headless, still
from workbench.panels.widgets import Panel, Region

if TYPE_CHECKING:
    from workbench.collect.run_standing import RunStanding
    from workbench.workbench import Workbench

ROWS: Final = 20  # of a table in the page
_REDRAW_SECONDS: Final = 3.0  # at least between two answers of a query, while rows keep coming
_MICRO: Final = 1_000_000


def plan(
    wb: Workbench, sources: str = "", *, start: str = "", end: str = "", num_posts: int | None = None, name: str = ""
) -> Order:
    """Show what a run would do and cost; nothing is started. `sources`: a CSV below the home, empty: all enabled."""
    asked = {
        "sources": sources or None,
        "start": start or None,
        "end": end or None,
        "num_posts": num_posts,
        "name": name or None,
    }
    order = Order(wb, asked)
    still(drawn.plan_view(order.plan, wb.collect.saving(order.plan), wb.settings.mode))
    return order


def start(wb: Workbench, order: Order, *, approve_usd: float = 0.0, approve_open_ended: bool = False) -> Order:
    """By hand: a button. Without a person: start it, in live mode only up to `approve_usd` of ESTIMATED cost.

    Where the estimate is open-ended, neither that nor a cap says the most: it needs `approve_open_ended` too.
    A plan that is started already, by whom ever, is shown and not started again.
    """
    if not is_headless():
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
    if not is_headless():
        display(WatchPanel(wb, run if isinstance(run, Order) else str(run_id)))  # type: ignore[no-untyped-call]
    elif run_id:
        work_and_show(wb, run_id, timedelta(minutes=wait_minutes))


def folders(wb: Workbench, run: Order | str) -> None:
    """The folders of a run, with what is in them."""
    lake = wb.settings.lake.relative_to(wb.settings.home).as_posix()
    _show(wb, run, lambda run_id: drawn.folders_view(wb.collect.folders(run_id), lake), "The folders")


def tables(wb: Workbench, run: Order | str, queries: Mapping[str, str], *, rows: int = ROWS) -> None:
    """A table for every {caption: SELECT …}; in the query, `$run` is the run's id."""

    def draw(run_id: str) -> Html:
        found = [(caption, *ask(wb, query, {"run": run_id}, most=rows + 1)) for caption, query in queries.items()]
        return join(drawn.rows_view(caption, names, values, wb.settings.zone, rows) for caption, names, values in found)

    _show(wb, run, draw, "The tables")


def chart(wb: Workbench, run: Order | str, title: str, query: str) -> None:
    """Bars of a query: its first column names a bar, its second is the length, a third one stacks."""

    def draw(run_id: str) -> Html:
        names, values = ask(wb, query, {"run": run_id})
        return drawn.bars(title, names, values, wb.settings.zone)

    _show(wb, run, draw, "The chart")


def _show(wb: Workbench, run: Order | str, draw: Callable[[str], Html], what: str) -> None:
    run_id = run_id_of(wb, run)
    if not is_headless():
        display(LivePanel(wb, run if isinstance(run, Order) else str(run_id), draw, what))  # type: ignore[no-untyped-call]
    elif run_id:
        still(draw(run_id))


class LivePanel(Panel):
    """A view that is drawn again whenever rows have come or the run has ended."""

    def __init__(self, wb: Workbench, run: Order | str, draw: Callable[[str], Html], what: str) -> None:
        self._wb = wb
        self._draw = draw
        self._run_id = ""
        self._drawn: tuple[object, ...] = ()
        self._drawn_at = -_REDRAW_SECONDS
        self.body = Region(html=esc(f"{what} will be here as soon as the run has begun."))
        self.alert = Region()
        super().__init__([self.body, self.alert])
        self.add_class("wb-live-panel")
        if isinstance(run, Order):
            run.when_started(self._follow)
        else:
            self._follow(run)

    def markup(self) -> str:
        return self.body.html

    def _follow(self, run_id: str) -> None:
        self._run_id = run_id
        watcher_of(self._wb, run_id).add(self._see, self._show_error)

    def _see(self, seen: RunStanding) -> None:
        is_due = seen.is_over or time.monotonic() - self._drawn_at >= _REDRAW_SECONDS
        if seen.run_id == self._run_id and seen.mark != self._drawn and is_due:
            self.body.html = self._draw(seen.run_id)
            self._drawn, self._drawn_at = seen.mark, time.monotonic()
