"""The start button: one click, one order; the kernel is free again at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import ipywidgets

from workbench.collect.order import Order
from workbench.collect.plan import OPEN_END, open_ended
from workbench.collect.watcher import look
from workbench.panels.markup import Html, dollars, esc, join, note, shown
from workbench.panels.page import handled, in_background
from workbench.panels.widgets import AskTwice, Panel, Region, question, show

if TYPE_CHECKING:
    from workbench.workbench import Workbench


class StartPanel(Panel):
    """Says whether the plan is started; starts it, or on purpose collects the same anew.

    What costs money asks once with the sum. "Anew" is never where "start" was, and not to be had within some seconds.
    """

    def __init__(self, wb: Workbench, order: Order) -> None:
        self._wb = wb
        self._order = order
        self._lock = threading.Lock()
        self._is_at_work = False
        self._cost = _cost(wb, order)
        self.said = Region(live="polite")
        self.alert = Region()
        self.start = AskTwice(
            "wb-start", (f"Start the run ({self._cost})", "Yes, start it", "No"), lambda: self._clicked(again=False),
            style="primary", question=lambda: question(wb.settings.mode, f"start {_what(wb, order)}"),
            asks=wb.settings.mode == "live" or wb.collect.may_pass_a_cap(order.plan),
        )  # fmt: skip
        self.anew = AskTwice(
            "wb-start-again", (f"Collect the same anew ({self._cost})", "Yes, collect and pay once more", "No"),
            lambda: self._clicked(again=True),
            question=lambda: question(wb.settings.mode, f"once more, and paid once more: {_what(wb, order)}"),
        )  # fmt: skip
        self.first, self.again = self.start.first, self.anew.first
        super().__init__([self.said, ipywidgets.HBox([self.start, self.anew]), self.alert])
        self.add_class("wb-start-panel")
        self._draw()

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _clicked(self, *, again: bool) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self._is_at_work:
                return
            self._is_at_work = self.first.disabled = True
            self.anew.hold()
        self.said.html = esc("Starting…")
        self.alert.html = ""
        in_background(lambda: self._begin(again=again), "start-run")

    def _begin(self, *, again: bool) -> None:
        handled(lambda: self._start(again=again), self._show_error, self._wb.parts.redactor)
        handled(self._draw, self._show_error, self._wb.parts.redactor)
        self._is_at_work = self.first.disabled = False
        self.anew.free()

    def _start(self, *, again: bool) -> None:
        self._order.start(again=again)
        self._wb.working.start_worker()

    def _draw(self) -> None:
        run_id = self._order.run_id
        self.said.html = started_words(self._wb, run_id) if run_id else not_started_words(self._cost)
        show(self.first, is_shown=run_id is None)
        show(self.anew, is_shown=run_id is not None)


def _what(wb: Workbench, order: Order) -> str:
    """How much is asked for, the most that it is estimated to cost, and whether a cap holds by that."""
    snapshots = [one for job in order.plan.jobs for one in job.snapshots]
    inputs, estimate = sum(len(one.inputs) for one in snapshots), order.plan.estimate
    return (
        f"{len(snapshots)} collections of {inputs} inputs at Bright Data, ESTIMATED {_estimated(order)} for "
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
