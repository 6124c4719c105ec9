"""All runs and their jobs: how they stand, what each cost, its story, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.collect.model import Status
from workbench.collect.order import Order
from workbench.collect.retrying import RunRetry
from workbench.collect.watch_panel import WatchPanel
from workbench.panels.markup import Html, dollars, esc, join, note
from workbench.panels.paged import Column, PagedTable, Query, Rows, among
from workbench.panels.tree import Tabs
from workbench.panels.widgets import AskTwice, LiveRegion, Panel, Region, button, question, show

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_LOOK_SECONDS: Final = 1.0
_STANDING: Final = (
    Column("status", "State", "badge"), Column("progress", "Finished"), Column("rows", "Rows", "number"),
    Column("rejects", "Rejected", "number"), Column("cost_micro_usd", "Cost, an ESTIMATE", "money"),
)  # fmt: skip
_RUNS: Final = (
    Column("name", "Run"), Column("created_at", "Started", "time"), *_STANDING, Column("run_id", "Id", "mono"),
)  # fmt: skip
_JOBS: Final = (
    Column("name", "Job"), Column("run_name", "Run"), Column("created_at", "Started", "time"), *_STANDING,
    Column("platform", "Platform"), Column("service", "Service"),
)  # fmt: skip
_STORY: Final = (
    Column("at", "When", "time"), Column("which", "What"), Column("what", "What happened"), Column("who", "Who")
)  # fmt: skip
_OVER: Final = frozenset({Status.COMPLETED, Status.PARTIAL, Status.FAILED, Status.CANCELLED})


class BoardPanel(Panel):
    """The table of runs, that of their jobs, and below the run that was opened."""

    def __init__(self, wb: Workbench, order: Order | None = None) -> None:
        self._wb, self._order = wb, order
        self._head: object = None
        self.tabs = Tabs(label="The board", tabs=[["runs", "Runs"], ["jobs", "Jobs"]], chosen="runs")
        self.runs = self._table("All runs", _RUNS, wb.collect.runs_page, "run_id", self._open)
        self.jobs = self._table("Jobs of all runs", _JOBS, wb.collect.jobs_page, "job_id", self._open_job)
        self.opened = ipywidgets.VBox()
        self.alert = Region()
        super().__init__([self.tabs, self.runs, self.jobs, self.alert, self.opened])
        self.add_class("wb-board-panel")
        self.tabs.observe(lambda _: self._show_tab(), "chosen")
        self._show_tab()
        self.watch(wb, self._look, every=_LOOK_SECONDS)

    def markup(self) -> str:
        return self.runs.markup()

    def _table(
        self, caption: str, columns: tuple[Column, ...], pages: Callable[..., Any], key: str,
        on_open: Callable[[str], None],
    ) -> PagedTable:  # fmt: skip
        def fetch(query: Query) -> Rows:
            sort = "finished" if query.sort == "progress" else query.sort
            found, total = pages(
                text=query.text, sort=sort or "created_at", offset=query.offset, limit=query.limit,
                descending=query.descending if sort else True,
            )  # fmt: skip
            return Rows([_row(one) for one in found], total)

        return PagedTable(
            caption, columns, fetch, key=key, on_open=on_open, zone=self._wb.settings.zone,
            redact=self._wb.parts.redactor, empty="No run was started yet.",
        )  # fmt: skip

    def _show_tab(self) -> None:
        show(self.runs, is_shown=self.tabs.chosen == "runs")
        show(self.jobs, is_shown=self.tabs.chosen == "jobs")

    def _look(self) -> None:
        head = self._wb.parts.ledger.head()
        if head == self._head:
            return
        self._head = head
        (self.runs if self.tabs.chosen == "runs" else self.jobs).refresh()
        for one in self.opened.children:
            one.follow()

    def _open_job(self, job_id: str) -> None:
        found, _ = self._wb.collect.jobs_page(where={"job_id": job_id}, limit=1)
        if found:
            self._open(str(found[0]["run_id"]))

    def _open(self, run_id: str) -> None:
        for one in self.opened.children:
            one.close()
        self.opened.children = (RunPanel(self._wb, run_id, self._order, self._open),)


def _row(one: dict[str, Any]) -> dict[str, Any]:
    waits = f" · {one['waiting']} wait for a person" if one["waiting"] else ""
    return {**one, "progress": f"{one['finished']} of {one['snapshots']}{waits}"}


class RunPanel(Panel):
    """One run: its jobs, its story, and the buttons for what can be done about it."""

    def __init__(self, wb: Workbench, run_id: str, order: Order | None, on_open: Callable[[str], None]) -> None:
        self._wb, self._run_id, self._order, self._on_open = wb, run_id, order, on_open
        self._retry = self._agreed = RunRetry(run_id=run_id)
        self._mark: object = None
        self.said = LiveRegion()
        self.done = LiveRegion()
        self.alert = Region()
        self.watched = WatchPanel(wb, run_id)
        self.retry = AskTwice(
            "wb-retry", ("Retry what failed…", "Yes, retry", "No"), lambda: self.act(wb, self._retried, "retry"),
            question=self._question,
        )  # fmt: skip
        self.again = button("Again: plan the same", "wb-again", hint="Nothing is started: the plan is shown first")
        self.again.on_click(lambda _: self.act(wb, self._planned_again, "again"))
        self.story = PagedTable(
            "Its story", _STORY, among(lambda: wb.browse.story((run_id,))), key="seq", zone=wb.settings.zone,
            redact=wb.parts.redactor,
        )  # fmt: skip
        buttons = ipywidgets.HBox([self.retry, self.again], layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([self.said, buttons, self.done, self.alert, self.watched, self.story])
        self.add_class("wb-run-panel")
        self._draw()

    def markup(self) -> str:
        return join([Html(self.said.html), Html(self.watched.markup()), Html(self.story.markup())])

    def follow(self) -> None:
        """The ledger has changed."""
        self._draw()
        self.story.refresh()

    def close(self) -> None:
        """Another run is looked at: nothing of this one is watched any more."""
        self.watched.close()
        super().close()

    def _draw(self) -> None:
        found, _ = self._wb.collect.runs_page(where={"run_id": self._run_id}, limit=1)
        run = found[0]
        mark = (run["status"], run["finished"], run["waiting"])
        if mark != self._mark and (run["status"] in _OVER or run["waiting"]):
            self._mark = mark
            self._retry = self._wb.collect.retry_of(self._run_id)
        show(self.retry, is_shown=not self._retry.is_empty)
        show(self.again, is_shown=self._order is not None)
        self.said.html = join([_title(run), _undecided(self._retry)])

    # clicks ---------------------------------------------------------------------------------------

    def _question(self) -> Html:
        self._agreed = self._retry  # what is said is what is done, whatever comes meanwhile
        return retry_question(self._wb.settings.mode, self._agreed)

    def _retried(self) -> None:
        begun = self._wb.collect.retry(self._agreed)
        self._wb.working.start_worker()
        self._mark = None
        self._draw()
        if begun is not None:
            self._on_open(begun)

    def _planned_again(self) -> None:
        if self._order is None:
            return
        self._order.ask(self._wb.collect.asked(self._run_id))
        self.done.html = note("plain", "Planned once more: look at the plan on top of this page, and start it there.")


def _title(run: dict[str, Any]) -> Html:
    asked = " (asked to stop)" if run["cancelled_at"] is not None and run["status"] not in _OVER else ""
    return note("plain", f"Run {run['name']}, {run['run_id']}: {run['status']}{asked}.")


def _undecided(retry: RunRetry) -> Html:
    if not retry.undecided:
        return esc("")
    return note("plain", f"{retry.undecided} of its collections wait for a decision first: open the notebook recovery.")


def retry_question(mode: str, retry: RunRetry) -> Html:
    """What a retry would do, and what of it may be paid, and paid twice."""
    parts = []
    if retry.goes_on:
        cost = f", for at most {dollars(retry.unsent_micro_usd)}" if retry.unsent_micro_usd else ", at no cost"
        parts.append(f"{len(retry.goes_on)} collections go on where they stopped{cost}")
    if retry.plan is not None:
        parts.append(
            f"{len(retry.source_ids)} sources are asked once more, ESTIMATED {dollars(retry.plan.estimate.micro_usd)}; "
            "what Bright Data has charged for the first try is paid as well"
        )
    return question(mode, f"retry what failed: {'; '.join(parts)}")
