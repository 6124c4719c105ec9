"""`workbench work`, `status`, `todo`, `folders`: who does the work, and how everything stands."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from workbench.cli import exits
from workbench.cli.console import Json, answer, clean, counted, out, records, say, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home, stopping
from workbench.collect.commands import print_runs
from workbench.collect.progress import following
from workbench.engine.outcome import of_item

if TYPE_CHECKING:
    from rich.text import Text

    from workbench.workbench import Workbench

Run = Annotated[str | None, typer.Argument(metavar="[RUN]", help="The id or name of a run, or its beginning.")]
_RECENT: Final = 20  # runs that a person is shown; --json has all


def work(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when everything rests.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, help="Stop after so long; with --until-idle that is exit 4."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, max=64, help="Steps at once; a setting otherwise.")] = None,
    with_schedule: Annotated[
        bool, typer.Option("--with-schedule", help="Run the schedules too, as `schedule run` does.")
    ] = False,
    json: Json = False,
) -> Exit:
    """Do the work that is due, here, until Ctrl-C or SIGTERM: steps at work finish, none begins.

    The exit code goes by what moved meanwhile and by what waits for a person: 0 all good, 1 something failed,
    3 a person is needed, 4 something is unsure, or --until-idle was stopped before everything rested.
    """
    if with_schedule and until_idle:
        raise typer.BadParameter("schedules never rest; leave out --until-idle.", param_hint="--with-schedule")
    with opened_home(quiet=json) as workbench, stopping() as stop, _schedules(workbench, wanted=with_schedule):
        before = _states(workbench)
        with following(workbench) as watch:
            limit = None if timeout is None else timedelta(seconds=timeout)
            worked = workbench.work(until_idle=until_idle, limit=limit, threads=threads, watch=watch, stop=stop)
        after = _states(workbench)
    moved = {key: one for key, one in after.items() if key not in before or before[key]["state"] != one["state"]}
    waiting = [one for one in after.values() if one["attention"]]
    ended = [one["exit"] for one in [*moved.values(), *waiting] if not one["next_at"]]
    late = [Exit.UNSURE] if until_idle and not worked.idle else []
    counts = Counter(one["state"] for one in moved.values())
    if json:
        answer({"idle": worked.idle, "steps": worked.steps, "moved": dict(counts), "attention": len(waiting)})
    else:
        _report(worked.idle, counts, len(waiting))
    return exits.worst([*late, *ended])


@contextlib.contextmanager
def _schedules(workbench: Workbench, *, wanted: bool) -> Iterator[None]:
    """Run the schedules beside the work of this process; what is at work in the end may finish."""
    if not wanted:
        yield
        return
    workbench.schedule.entries()  # a file that cannot be read is told before anything begins
    over = threading.Event()  # also when the work ends by --timeout or an error
    runs = threading.Thread(target=workbench.schedule.run, args=[over], name="schedules")
    runs.start()
    try:
        yield
    finally:
        over.set()
        runs.join()


def _states(workbench: Workbench) -> dict[tuple[str, int], dict[str, Any]]:
    """State, attention, when it is due, and what it would exit with: of every item of every kind."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for run in workbench.status()["runs"]:
        for one in (each for job in run["jobs"] for each in job["snapshots"]):
            found["snapshot", one["key"]] = {**one, "exit": Exit(of_item("snapshot", one))}
    for one in workbench.postings.listings():
        if one["posting_id"] is not None:
            due = one["next_at"] if one["is_due"] else None
            found["posting", one["posting_id"]] = {**one, "next_at": due, "exit": Exit(of_item("posting", one))}
    for one in (each for batch in workbench.uploads.batches() for each in batch["items"]):
        due = one["next_at"] if one["is_due"] else None
        found["upload", one["upload_id"]] = {**one, "next_at": due, "exit": Exit(of_item("upload", one))}
    return found


def _report(idle: bool, counts: Counter[str], waiting: int) -> None:
    moved = ", ".join(f"{number} {state}" for state, number in counts.items()) or "nothing moved"
    show(f"{'Everything rests' if idle else 'Stopped; some work is left'}: {moved}.")
    if waiting:
        show(f"{counted(waiting, 'item')} cannot go on alone: workbench todo")


def status(run: Run = None, json: Json = False) -> None:
    """Show how runs stand; of one RUN, every snapshot with its reason."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.status(run)
        if json:
            answer(found)
            return
        runs = found["runs"]
        if not any(found[name] for name in ("runs", "posting_jobs", "batches")):
            say("no runs yet: workbench collect run --sources FILE")
        print_runs(workbench, runs if run else runs[:_RECENT], in_full=run is not None)
        if run:
            _print_without_rows(workbench.collect.sources_without_rows(runs[0]["run_id"]))
        if not run:
            _print_browser_work(found, workbench)
        if len(runs) > _RECENT and not run:
            say(f"and {counted(len(runs) - _RECENT, 'older run')}; --json shows all")
        if found["attention"]:
            show(f"{counted(len(found['attention']), 'item')} cannot go on alone: workbench todo", style="yellow")


def _print_browser_work(found: dict[str, Any], workbench: Workbench) -> None:
    """Posting jobs and batches of uploads, a line each; their own `status` has the items."""
    zone = workbench.settings.zone
    if jobs := found["posting_jobs"][:_RECENT]:
        columns = ("posting job", "status", "listings", "posted", "failed", "created")
        names = ("job_id", "status", "total_posts", "completed_posts", "failed_posts")
        table("", columns, ((*(one[name] for name in names), when(one["created_at"], zone)) for one in jobs))
    if batches := found["batches"][:_RECENT]:
        totals = ("uploaded", "failed", "skipped", "unknown_id", "pending")
        rows = (
            (one["batch_id"], *(one["totals"][name] for name in totals), when(one["created_at"], zone))
            for one in batches
        )
        table("", ("batch", *(name.replace("_", " ") for name in totals), "created"), rows)


def _print_without_rows(sources: list[dict[str, Any]]) -> None:
    if not sources:
        return
    records(
        f"{counted(len(sources), 'source')} gave nothing", ("source_id", "name", "url", "reason"), sources[:_RECENT]
    )
    if len(sources) > _RECENT:
        say(f"and {counted(len(sources) - _RECENT, 'source')} more; view source_results has them all: workbench sql")


def todo(json: Json = False) -> None:
    """Show everything that waits for a person, each with the command that resolves it."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.todo()
    if json:
        answer(found)
    elif not found:
        show("Nothing waits for a person.")
    else:
        records("", ("kind", "id", "why", "command"), found)


def folders(run: Run = None, json: Json = False) -> None:
    """Show the tree of runs, platforms, services and jobs, with counts."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.collect.folders(run)
        lake = workbench.settings.lake
    if json:
        answer(found)
    else:
        print_folders(found, str(lake))


def print_folders(runs: list[dict[str, Any]], lake: str) -> None:
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(clean(lake), style="bold"))
    for run in runs:
        at_run = tree.add(Text(clean(run["folder"])))
        for platform, services in run["platforms"].items():
            at_platform = at_run.add(Text(clean(platform)))
            for service, jobs in services.items():
                at_service = at_platform.add(Text(clean(service)))
                for job in jobs:
                    at_service.add(_leaf(job))
    out().print(tree, soft_wrap=True)  # a folder's name that is broken is no name


def _leaf(job: dict[str, Any]) -> Text:
    from rich.text import Text

    counts = (
        f"  {counted(job['rows'], 'row')}, {counted(job['rejects'], 'reject')}, {counted(len(job['files']), 'file')}"
    )
    return Text(clean(job["folder"].rsplit("/", 1)[-1])) + Text(counts, style="dim")
