"""What exists at Bright Data against what we have: scan, adopt, what waits; by hand and without a person.

By hand `adopt` draws a button and follows the work; executed without a person (panels/front_end.py) it adopts where it
was told to, leaves HTML that an offline report keeps, and `outcome` fails the notebook when rows are missing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
from IPython.display import display

from workbench.collect.markup import run_view
from workbench.collect.model import SNAPSHOT_UNFINISHED
from workbench.collect.model import SnapshotState as State
from workbench.collect.watch_panel import WatchPanel
from workbench.collect.watcher import look
from workbench.errors import NeedsPerson, Permanent
from workbench.panels.facts import facts, mode_note
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, esc, join, note, table
from workbench.panels.page import handled, in_background, show_while, still
from workbench.panels.waiting import raise_or_show, waiting
from workbench.panels.widgets import Panel, Region, button
from workbench.parsing import as_count, as_names

if TYPE_CHECKING:
    from workbench.collect.scan import Found
    from workbench.workbench import Workbench

__all__ = ["adopt", "outcome", "scan", "waiting"]  # what the notebook calls

ROWS: Final = 200  # of the scan in the page; the counts say how many there are
_GONE: Final = frozenset({State.EXPIRED, State.FAILED})
_STUCK: Final = frozenset({State.STALLED, State.QUARANTINED})


class Scan:
    """What Bright Data listed, and what became of it here: the object that the cells hand on."""

    def __init__(self, wb: Workbench, datasets: Sequence[str], since: date | None) -> None:
        self.wb, self.datasets, self.since = wb, tuple(datasets), since
        self.found: list[Found] = wb.recover.scan(self.datasets, since=since)
        self.told: dict[str, Any] | None = None  # what adopt answered

    def __repr__(self) -> str:
        counts = Counter(str(one.standing) for one in self.found)  # in the order of the list: urgent first
        return ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing is listed"

    @property
    def strangers(self) -> list[Found]:
        """What the ledger does not know."""
        return [one for one in self.found if one.state is None]

    def adopt(self, **more: Any) -> dict[str, Any]:
        self.told = self.wb.recover.adopt(everything=True, datasets=self.datasets, since=self.since, **more)
        return self.told

    def since_then(self) -> dict[str, str | None]:
        """What changed since the scan, as it stands now: what was lost before was told before."""
        states = self.wb.recover.states_of([one.snapshot_id for one in self.found])
        changed = [one for one in self.found if one.state is None or one.state != states.get(one.snapshot_id)]
        return {one.snapshot_id: states.get(one.snapshot_id) for one in changed}

    @property
    def doubles(self) -> list[str]:
        """Paid twice, and found out by this scan."""
        mine = {one.snapshot_id for one in self.strangers}
        return [one["snapshot_id"] for one in (self.told or {}).get("duplicates", ()) if one["snapshot_id"] in mine]


def scan(wb: Workbench, datasets: str = "", *, since_days: int = 30) -> Scan:
    """Every snapshot that Bright Data lists, beside ours. `datasets`: ids or platform/service, with commas between."""
    names = as_names(datasets)
    days = as_count(since_days, "since_days", least=0)
    made = Scan(wb, names, wb.parts.today() - timedelta(days=days) if days else None)
    still(scan_view(made))
    return made


def scan_view(scan: Scan) -> Html:
    wb = scan.wb
    rows = [
        (one.snapshot_id, f"{one.platform} {one.service}", one.standing, one.state, one.status, one.rows,
         one.created_at, one.days_left)
        for one in scan.found[:ROWS]
    ]  # fmt: skip
    heads = ("Snapshot", "Dataset", "Standing", "Here", "At Bright Data", "Rows", "Created", "Days left")
    caption = f"Snapshots at Bright Data: {scan!r}" + (f" (the first {ROWS})" if len(scan.found) > ROWS else "")
    parts = [mode_note(wb.settings.mode), table(caption, heads, rows, zone=wb.settings.zone)]
    soon = [one for one in scan.found if one.standing == "expiring"]
    if soon:
        parts.append(note("error", f"{len(soon)} of them are soon gone at Bright Data and not here yet: adopt them."))
    return join(parts)


def adopt(scan: Scan, *, adopt: bool = False) -> None:
    """By hand: a button. Without a person: bring in what is unknown where `adopt` says so."""
    if is_by_hand():
        display(AdoptPanel(scan))  # type: ignore[no-untyped-call]
    elif adopt:
        _adopt_and_show(scan)
    else:
        still(note("plain", f"{_counted(scan.strangers)} not known here; nothing was adopted, as adopt is False."))


def _adopt_and_show(scan: Scan) -> None:
    def view() -> Html:
        run = scan.wb.recover.recovered_run()
        if run is None:
            return esc(f"Bringing in {_counted(scan.strangers)}…")
        return run_view(look(scan.wb, run), scan.wb.settings.zone)

    show_while(lambda watch: told_view(scan.adopt(watch=watch)), view)


def told_view(told: Mapping[str, Any]) -> Html:
    counts = [(name.replace("_", " "), told[name]) for name in
              ("adopted", "already_known", "expired", "failed", "unmatched_rows")]  # fmt: skip
    parts = [note("plain", facts([(name, f"{number:,}") for name, number in counts]))]
    gone = [(one["snapshot_id"], one["state"]) for one in told["snapshots"] if one["state"] in _GONE]
    if gone:
        parts.append(table("Not to be had", ("Snapshot", "State"), gone))
    if told["duplicates"]:
        rows = [(one["snapshot_id"], one["said"]) for one in told["duplicates"]]
        parts.append(table("Paid twice", ("Snapshot", "What was done"), rows))
    if told["unmatched"]:
        rows = [(one["snapshot_id"], one["rows"]) for one in told["unmatched"]]
        parts.append(table("Rows of no source of ours", ("Snapshot", "Rows"), rows))
    return join(parts)


def outcome(scan: Scan) -> None:
    """Say how it went; without a person, fail the notebook where rows were lost, or somebody has to decide."""
    told = scan.told
    if told is None:
        still(note("plain", "Nothing was adopted."))
        return
    states = scan.since_then()
    lost = [f"{name} ({state})" for name, state in states.items() if state in _GONE]
    stuck = [name for name, state in states.items() if state is None or state in _STUCK]
    moving = [name for name, state in states.items() if state in SNAPSHOT_UNFINISHED]
    if lost:
        raise_or_show(Permanent(f"not to be had: {', '.join(lost)}."))
    elif scan.doubles:
        raise_or_show(Permanent(f"paid twice: {', '.join(scan.doubles)}; what was done about it is above."))
    elif stuck:
        raise_or_show(NeedsPerson(f"a person has to look at {', '.join(stuck)}: workbench todo."))
    elif moving:
        still(note("plain", f"{len(moving)} of them are still on their way; run this cell again later."))
    else:
        still(note("plain", f"Done: {told['adopted']} adopted, {told['already_known']} known already, nothing lost."))


def _counted(found: Sequence[Found]) -> str:
    return f"{len(found)} snapshot{'' if len(found) == 1 else 's'}"


class AdoptPanel(Panel):
    """A button that enters what is unknown, and the run that gathers it as it goes."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._lock = threading.Lock()
        self.said = Region(live="polite", html=self._words())
        self.alert = Region()
        self.adopt = button(f"Adopt {_counted(scan.strangers)}", "wb-adopt", style="primary")
        self.adopt.disabled = not scan.strangers
        self.adopt.on_click(lambda _: self._clicked())
        self.live = ipywidgets.VBox()
        super().__init__([self.said, self.adopt, self.alert, self.live])
        self.add_class("wb-adopt-panel")
        self._follow()

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _words(self) -> Html:
        if self._scan.told is not None:
            return told_view(self._scan.told)
        if not self._scan.strangers:
            return esc("Everything that Bright Data lists is known here.")
        return esc(f"{_counted(self._scan.strangers)} not known here. Adopting costs nothing: they are paid already.")

    def _clicked(self) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self.adopt.disabled:
                return
            self.adopt.disabled = True
        self.said.html, self.alert.html = esc("Adopting…"), ""
        in_background(self._begin, "adopt")

    def _begin(self) -> None:
        redact = self._scan.wb.parts.redactor
        if not handled(self._adopt, self._show_error, redact):
            self.adopt.disabled = False
        handled(self._draw, self._show_error, redact)

    def _adopt(self) -> None:
        """Entered here, one by one; a worker of its own does the rest, also when this page is closed."""
        self._scan.adopt(work=False)
        self._scan.wb.working.start_worker()

    def _draw(self) -> None:
        self.said.html = self._words()
        self._follow()

    def _follow(self) -> None:
        run = self._scan.wb.recover.recovered_run()
        if run is not None and not self.live.children:
            self.live.children = (WatchPanel(self._scan.wb, run),)
