"""How work comes along: a live table on a terminal, one plain line per change everywhere else. Always on stderr."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from workbench.cli.console import clean, counted, err
from workbench.collect.model import SNAPSHOT_UNFINISHED
from workbench.collect.stages import Pace, said, sentence, stages

if TYPE_CHECKING:
    from workbench.workbench import Workbench

Tree = list[dict[str, Any]]
_REST: Final = 10  # a look may take a tenth of the time: of a large ledger we look less often
_CHROME: Final = 7  # lines of a terminal that are not ours to fill, the steps below the table among them
_TELL_EVERY: Final = 15.0  # seconds between two lines about the steps in a log


@contextlib.contextmanager
def following(workbench: Workbench, run: str | None = None) -> Iterator[Callable[[], None]]:
    """A function to call now and then while work goes on; it shows what changed since it was last called."""
    look = _Looks(workbench, run)
    if not err().is_terminal:
        lines = _Lines(look)
        yield lines.show
        look.again()
        lines.show()
        return
    with Live(console=err(), auto_refresh=False, transient=False) as live:
        shown = {run["run_id"] for run in look() if _is_at_work(run)}

        pace = Pace()

        def show() -> None:
            live.update(_drawn(_of_interest(look(), shown), pace), refresh=True)

        yield show
        look.again()
        show()


class _Looks:
    """Questions to the ledger, spaced by what they cost."""

    def __init__(self, workbench: Workbench, run: str | None) -> None:
        self._workbench = workbench
        self._run = run
        self._next = 0.0
        self._seen: Tree = []

    def __call__(self) -> Tree:
        begun = time.monotonic()
        if begun >= self._next:
            self._seen = self._workbench.status(self._run)["runs"]
            self._next = begun + _REST * (time.monotonic() - begun)
        return self._seen

    def again(self) -> None:
        """The next look is not spared: it is the last one, and people go by it."""
        self._next = 0.0

    @property
    def now(self) -> str:
        return f"{datetime.now(self._workbench.settings.zone):%H:%M:%S %Z}"


class _Lines:
    """For logs: what was there at the beginning is old news."""

    def __init__(self, look: _Looks) -> None:
        self._look = look
        self._known = {key: state for key, (state, _) in _states(look()).items()}
        self._pace, self._told, self._next = Pace(), "", time.monotonic() + _TELL_EVERY

    def show(self) -> None:
        for key, (state, line) in _states(self._look()).items():
            if (before := self._known.get(key)) != state:
                arrow = f"{before} → {state}" if before else state
                err().print(Text(f"{self._look.now}  {line}  {arrow}"), soft_wrap=True)
                self._known[key] = state
        self._tell_stages()

    def _tell_stages(self) -> None:
        """Now and then, and only when something moved: a log is read afterwards."""
        now = stages(_snapshots(run for run in self._look() if _is_at_work(run)))
        self._pace.see(now)
        if now.total and time.monotonic() >= self._next and (told := sentence(now, self._pace)) != self._told:
            err().print(Text(f"{self._look.now}  {told}"), soft_wrap=True)
            self._told, self._next = told, time.monotonic() + _TELL_EVERY


def _snapshots(runs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [one for run in runs for job in run["jobs"] for one in job["snapshots"]]


def _states(runs: Tree) -> dict[int, tuple[str, str]]:
    return {
        one["key"]: (one["state"], f"{_name(run, job)}  {clean(one['snapshot_id'] or 'not sent yet')}")
        for run in runs
        for job in run["jobs"]
        for one in job["snapshots"]
    }


def _name(run: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    return clean(f"{run['name']} · {job['platform']} {job['service']}")


def _is_at_work(run: Mapping[str, Any]) -> bool:
    return any(one["next_at"] for job in run["jobs"] for one in job["snapshots"])


def _of_interest(runs: Tree, shown: set[str]) -> Tree:
    """Runs at work, and those that were at work while we looked."""
    shown |= {run["run_id"] for run in runs if _is_at_work(run)}
    return [run for run in runs if run["run_id"] in shown]


def _drawn(runs: Tree, pace: Pace) -> Group:
    now = stages(_snapshots(runs))
    pace.see(now)
    foot = [Text(sentence(now, pace))] if now.total else []
    return Group(_jobs(runs), *foot)


def _jobs(runs: Tree) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("job", overflow="ellipsis", no_wrap=True)
    drawn.add_column("snapshots")
    drawn.add_column("")
    drawn.add_column("rows", justify="right")
    drawn.add_column("now", overflow="ellipsis", no_wrap=True)
    lines = [(run, job) for run in runs for job in run["jobs"]]
    room = max(err().height - _CHROME, 1)
    for run, job in lines[:room]:
        drawn.add_row(*_row(run, job))
    if len(lines) > room:
        drawn.add_row(f"and {counted(len(lines) - room, 'job')} more", "", "", "", "")
    return drawn


def _row(run: Mapping[str, Any], job: Mapping[str, Any]) -> tuple[Any, ...]:
    snapshots = job["snapshots"]
    over = sum(one["state"] not in SNAPSHOT_UNFINISHED for one in snapshots)
    bar = ProgressBar(total=len(snapshots) or 1, completed=over, width=16)
    rows = sum(one["rows"] or 0 for one in snapshots)
    return Text(_name(run, job)), Text(f"{over} of {len(snapshots)}"), bar, Text(f"{rows:,}"), Text(_now(snapshots))


def _now(snapshots: list[dict[str, Any]]) -> str:
    """States and how many are in each; what a step says about its own progress goes before."""
    told = next((clean(said(one["progress"])) for one in snapshots if one["progress"] and one["next_at"]), "")
    states = [one["state"] for one in snapshots]
    counts = " · ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return f"{told} · {counts}" if told else counts
