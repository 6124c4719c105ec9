"""The start button: one click, one order; the kernel is free again at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import ipywidgets

from workbench.panels.markup import Html, dollars, esc, join, note, shown
from workbench.panels.order import Order
from workbench.panels.page import handled, in_background
from workbench.panels.watcher import look
from workbench.panels.widgets import Panel, Region, button, show

if TYPE_CHECKING:
    from workbench.app import Workbench


class StartPanel(Panel):
    """Says whether the plan is started; starts it, or on purpose collects the same anew."""

    def __init__(self, wb: Workbench, order: Order) -> None:
        self._wb = wb
        self._order = order
        self._lock = threading.Lock()
        self._cost = _cost(wb, order)
        self.said = Region(live="polite")
        self.alert = Region()
        self.first = button(f"Start the run ({self._cost})", "wb-start", style="primary")
        self.again = button(f"Collect the same anew ({self._cost})", "wb-start-again")
        self.first.on_click(lambda _: self._clicked(again=False))
        self.again.on_click(lambda _: self._clicked(again=True))
        buttons = ipywidgets.HBox([self.first, self.again])
        super().__init__([self.said, buttons, self.alert])
        self.add_class("wb-start-panel")
        self._draw()

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _clicked(self, *, again: bool) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self.first.disabled:
                return
            self._enable(is_enabled=False)
        self.said.html = esc("Starting…")
        self.alert.html = ""
        in_background(lambda: self._begin(again=again), "start-run")

    def _begin(self, *, again: bool) -> None:
        handled(lambda: self._start(again=again), self._show_error, self._wb.redactor)
        handled(self._draw, self._show_error, self._wb.redactor)
        self._enable(is_enabled=True)

    def _start(self, *, again: bool) -> None:
        self._order.start(again=again)
        self._wb.start_worker()

    def _draw(self) -> None:
        run_id = self._order.run_id
        self.said.html = started_words(self._wb, run_id) if run_id else not_started_words(self._cost)
        show(self.first, is_shown=run_id is None)
        show(self.again, is_shown=run_id is not None)

    def _enable(self, *, is_enabled: bool) -> None:
        self.first.disabled = self.again.disabled = not is_enabled


def _cost(wb: Workbench, order: Order) -> str:
    if wb.settings.mode == "practice":
        return "practice: free"
    return f"ESTIMATED {dollars(order.plan.estimate.micro_usd)}"


def not_started_words(cost: str) -> Html:
    return join(["Not started. A click starts exactly the plan shown above (", cost, ")."])


def started_words(wb: Workbench, run_id: str) -> Html:
    seen = look(wb, run_id)
    since = shown(seen.created_at, wb.settings.zone)
    return note("plain", f"Started {since} as run {run_id}. Running these cells again only shows it.")
