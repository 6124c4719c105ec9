"""`workbench collect`: plan a run, start it, wait for it, cancel it.

`workbench sources`: the accounts and pages that are tracked. `workbench import`: a file on disk becomes a snapshot, by
the same steps as what is downloaded.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from workbench.cli import exits
from workbench.cli.console import Json, answer, counted, dollars, reply, say, show, table, usd, when
from workbench.cli.exits import Exit
from workbench.cli.opening import Yes, agree, opened_home, stopping
from workbench.cli.options import takes
from workbench.collect.progress import following
from workbench.collect.status import misfits_said
from workbench.engine.outcome import of_item
from workbench.errors import Refused

if TYPE_CHECKING:
    from workbench.collect.model import Plan, PlannedJob
    from workbench.workbench import Workbench

app = typer.Typer(no_args_is_help=True)
sources_app = typer.Typer(no_args_is_help=True)

Wait = Annotated[bool, typer.Option("--wait", help="Work here until the run is over.")]
Again = Annotated[
    bool, typer.Option("--again", help="One more run of the same plan, though the first is still at work.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Pay again for what a younger snapshot could answer.")]
PlanHash = Annotated[str, typer.Argument(metavar="HASH", help="As `collect plan` shows it, or its beginning.")]
# of a source
Group = Annotated[str | None, typer.Option("--project", help="A word to group sources by.")]
Creator = Annotated[str | None, typer.Option(help="Whose account it is.")]
Options = Annotated[
    str | None, typer.Option(metavar="JSON", help='Inputs of the dataset, e.g. \'{"post_type": "Reel"}\'.')
]
Ids = Annotated[list[int], typer.Argument(metavar="ID…", help="As `sources list` shows them.")]


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """What a run is to ask for: options of `plan` and `run`."""

    sources: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A sources.csv; otherwise every enabled source.")
    ] = None
    project: Annotated[str | None, typer.Option(help="Only sources of this project.")] = None
    start: Annotated[
        str | None, typer.Option(metavar="DAY", help="First day of the posts: YYYY-MM-DD, or today-7d.")
    ] = None
    end: Annotated[str | None, typer.Option(metavar="DAY", help="Last day of the posts, likewise.")] = None
    since: Annotated[
        Literal["last"] | None, typer.Option(help="`last`: each source from the day of its newest published post.")
    ] = None
    num_posts: Annotated[int | None, typer.Option(metavar="N", help="At most so many posts a source.")] = None
    name: Annotated[str | None, typer.Option(help="Of the run and its folder.")] = None
    folders: Annotated[
        bool | None,
        typer.Option("--folders/--no-folders", help="Every job's folder at once, or only when it has rows."),
    ] = None
    cap_usd: Annotated[float | None, typer.Option(metavar="USD", min=0, help="The most that this run may cost.")] = None

    def plan(self, workbench: Workbench) -> Plan:
        file = self.sources and self.sources.absolute()
        return workbench.plan(
            file, project=self.project, start=self.start, end=self.end, since_last=self.since == "last",
            num_posts=self.num_posts, name=self.name, auto_create_folders=self.folders, cap_usd=self.cap_usd,
        )  # fmt: skip


_COUNTS: Final = ("rows", "warnings", "errors", "malformed")


@app.command()
@takes(PlanOptions)
def plan(asked: PlanOptions, json: Json = False) -> None:
    """Show what a run would ask for and what it may cost; nothing is started. `collect start HASH` starts just that."""
    with opened_home(quiet=json) as workbench:
        made = asked.plan(workbench)
        if json:
            answer({**_shape(made), "saved_usd": usd(workbench.collect.saving(made).micro_usd)})
            return
        print_plan(made)
        _print_saving(workbench, made)
    show(f"Start exactly this with: workbench collect start {made.hash[:12]}")


@app.command()
def start(
    plan_hash: PlanHash,
    fresh: Fresh = False,
    again: Again = False,
    wait: Wait = False,
    yes: Yes = False,
    json: Json = False,
) -> Exit:
    """Start a plan that was shown; a second time answers the same run. Asks only where a cap may not hold."""
    with opened_home(quiet=json) as workbench:
        if not yes:
            _agree_to_open_end(workbench, workbench.collect.kept_plan(plan_hash))
        return _start(workbench, plan_hash, fresh=fresh, again=again, wait=wait, json=json)


@app.command()
@takes(PlanOptions)
def run(
    asked: PlanOptions,
    yes: Yes = False,
    fresh: Fresh = False,
    again: Again = False,
    wait: Wait = False,
    json: Json = False,
) -> Exit:
    """Plan, show, ask, start. In live mode this costs money, and nothing is started without a yes."""
    with opened_home(quiet=json) as workbench:
        made = asked.plan(workbench)
        if not json:
            print_plan(made)
            if not fresh:
                _print_saving(workbench, made)
        if not yes:
            _agree_to_open_end(workbench, made)
            _ask(made, workbench.settings.mode)
        return _start(workbench, made.hash, fresh=fresh, again=again, wait=wait, json=json)


@app.command()
def cancel(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id or name of a run, or its beginning.")],
    json: Json = False,
) -> None:
    """End a run: what was not sent is dropped, what runs at Bright Data is cancelled there by the worker.

    What was already collected is paid, so it is still brought in.
    """
    with opened_home(quiet=json) as workbench:
        run_id = workbench.collect.cancel(run)
        reply({"run_id": run_id, "cancel_asked": True}, f"run {run_id} is asked to end.", json=json)
        _hint(workbench)


# sources ------------------------------------------------------------------------------------------------


@sources_app.command("import")
def import_sources(
    file: Annotated[Path, typer.Argument(help="name, platform, service, url, creator, project, options.")],
    project: Annotated[str | None, typer.Option(help="For lines that name none.")] = None,
    json: Json = False,
) -> None:
    """Bring in a sources.csv: all of it, or nothing. A known platform, service and url is updated, never doubled."""
    with opened_home(quiet=json) as workbench:
        done = workbench.collect.import_sources(file.absolute(), project=project)
    words = f"{counted(len(done.source_ids), 'source')} in {file}: {done.added} new, {done.changed} changed."
    reply(asdict(done), "\n".join([words, *done.merged]), json=json)


@sources_app.command("list")
def list_(project: Group = None, json: Json = False) -> None:
    """Show every source with its id."""
    with opened_home(quiet=json, look=True) as workbench:
        found = [asdict(one) for one in workbench.collect.sources(project=project)]
    for one in found:
        one["source_id"] = one.pop("id")
    if json:
        answer(found)
        return
    columns = ("source_id", "name", "platform", "service", "url", "creator", "project", "enabled", "options")
    table(counted(len(found), "source"), columns, ([_source_cell(one[name]) for name in columns] for one in found))


def _source_cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or ""


@sources_app.command()
def add(
    platform: Annotated[str, typer.Argument(help="e.g. instagram")],
    service: Annotated[str, typer.Argument(help="e.g. posts")],
    url: Annotated[str, typer.Argument(help="The page to collect from.")],
    name: Annotated[str | None, typer.Option(help="What you call it; the url otherwise.")] = None,
    creator: Creator = None,
    project: Group = None,
    options: Options = None,
    json: Json = False,
) -> None:
    """Add one source."""
    more = {"name": name, "creator": creator, "project": project, "options": options}
    with opened_home(quiet=json) as workbench:
        done = workbench.collect.add_source(platform, service, url, **_given(more))
    said = "added" if done.added else "was there already" + (" and is changed" if done.changed else "")
    reply(asdict(done), "\n".join([f"source {done.source_ids[0]} {said}.", *done.merged]), json=json)


@sources_app.command()
def edit(
    source_id: Annotated[int, typer.Argument(metavar="ID")],
    name: Annotated[str | None, typer.Option()] = None,
    creator: Creator = None,
    project: Group = None,
    options: Options = None,
    json: Json = False,
) -> None:
    """Change what is given; the platform, service and url of a source are what it is, so they stay."""
    values = _given({"name": name, "creator": creator, "project": project, "options": options})
    if not values:
        raise typer.BadParameter("give at least one of --name, --creator, --project, --options.")
    with opened_home(quiet=json) as workbench:
        workbench.collect.edit_source(source_id, **values)
        _show_sources(workbench, [source_id], "changed", json=json)


@sources_app.command()
def merge(
    into: Annotated[int, typer.Argument(metavar="ID", help="The source that stays.")],
    others: Annotated[list[int], typer.Argument(metavar="OTHER…", help="The same address, written differently.")],
    json: Json = False,
) -> None:
    """Make sources that are one address, written differently, one: only ID is asked from now on.

    What the others gave stays as it is, and is theirs in every table; `doctor` names sources that are there twice.
    """
    with opened_home(quiet=json) as workbench:
        workbench.collect.merge_sources(into, others)
    listed = ", ".join(map(str, others))
    reply({"source_id": into, "merged": others}, f"source {listed} merged into source {into}.", json=json)


@sources_app.command()
def disable(source_ids: Ids, json: Json = False) -> None:
    """Leave sources out of runs to come; what they gave stays."""
    _switch(source_ids, enabled=False, json=json)


@sources_app.command()
def enable(source_ids: Ids, json: Json = False) -> None:
    """Take disabled sources in again."""
    _switch(source_ids, enabled=True, json=json)


def _switch(source_ids: list[int], *, enabled: bool, json: bool) -> None:
    with opened_home(quiet=json) as workbench:
        for source_id in source_ids:
            workbench.collect.edit_source(source_id, enabled=enabled)
        _show_sources(workbench, source_ids, "enabled" if enabled else "disabled", json=json)


def _show_sources(workbench: Workbench, source_ids: list[int], said: str, *, json: bool) -> None:
    found = [asdict(one) for one in workbench.collect.sources() if one.id in source_ids]
    if json:
        answer([{"source_id": one.pop("id"), **one} for one in found])
    for one in found if not json else ():
        show(f"source {one['id']} ({one['name']}) {said}.")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


# import -------------------------------------------------------------------------------------------------


def import_file(
    file: Annotated[Path, typer.Argument(help="NDJSON, a JSON array or the vendor's CSV; gzip or not, of any size.")],
    dataset: Annotated[str, typer.Option(metavar="ID|PLATFORM/SERVICE", help="Whose rows these are.")],
    name: Annotated[str | None, typer.Option(help="Of the run and its folder.")] = None,
    project: Annotated[str | None, typer.Option(help="A word to group by.")] = None,
    creator: Annotated[str | None, typer.Option(help="Whose account it is; with --source-url.")] = None,
    source_url: Annotated[
        str | None, typer.Option(metavar="URL", help="All of it was collected for this source; added when new.")
    ] = None,
    json: Json = False,
) -> Exit:
    """Bring in a file that Bright Data once delivered: by hand, or to a tool of before. Nothing is fetched or paid.

    The same file again is not doubled, and an import that was interrupted goes on.
    """
    with opened_home(quiet=json) as workbench, following(workbench) as watch:
        done = workbench.imports.import_file(
            file, dataset, name=name, project=project, creator=creator, source_url=source_url, watch=watch
        )
    if json:
        answer(done)
    else:
        _tell_import(file, done)
    return Exit(of_item("snapshot", done))


def _tell_import(file: Path, done: dict[str, Any]) -> None:
    if done["already_known"]:
        say(f"{file} was there already; nothing is doubled.")
    rejected = sum(done[name] or 0 for name in ("warnings", "errors", "malformed"))
    show(
        f"snapshot {done['snapshot_id']} of run {done['run_id']} is {done['state']}: "
        f"{counted(done['rows'] or 0, 'row')}, {counted(rejected, 'reject')}."
    )
    if done["reason"]:
        say(done["reason"])
    if said := misfits_said([done]):
        show(said)
    if done["unattributed"]:
        title = f"{counted(done['unattributed_rows'], 'row')} of no source of yours, by what was asked for"
        lines = [(one["asked"] or "nothing is said", one["rows"]) for one in done["unattributed"]]
        table(title, ("asked", "rows"), lines, right=("rows",))


# what a person reads ------------------------------------------------------------------------------------


def print_plan(made: Plan) -> None:
    from workbench.collect.plan import open_end_words

    rows = [
        (
            job["job"], job["dataset_id"], job["inputs"], job["snapshots"], job["records"],
            dollars(job["price_micro_usd"]), dollars(job["micro_usd"]),
        )
        for job in map(_item, made.jobs)
    ]  # fmt: skip
    columns = ("job", "dataset", "inputs", "snapshots", "records", "price", "estimate")
    table(f"Plan {made.hash[:12]} · {made.name}", columns, rows, right=columns[2:])
    for one in made.merged:
        say(one)
    estimate = made.estimate
    show(f"ESTIMATE {dollars(estimate.micro_usd)} for about {counted(estimate.records, 'record')}.", style="bold")
    if words := open_end_words(made):
        show(words)


def _print_saving(workbench: Workbench, made: Plan) -> None:
    if unlisted := sorted({job.dataset_id for job in made.jobs} & workbench.recover.unlisted().keys()):
        say(
            f"Bright Data does not list what was started of {', '.join(unlisted)} "
            f"({workbench.recover.unlisted()[unlisted[0]]}): it is triggered without looking whether somebody asked it "
            "already."
        )
    saving = workbench.collect.saving(made)
    if saving.micro_usd or saving.records:
        show(
            f"Younger snapshots answer {counted(saving.records, 'record')} of it: {dollars(saving.micro_usd)} is "
            "saved. To pay for it again: --fresh"
        )


def _item(job: PlannedJob) -> dict[str, Any]:
    from workbench.collect.plan import is_open_ended

    snapshots = job.snapshots
    return {
        "job": f"{job.platform} {job.service}",
        "dataset_id": job.dataset_id,
        "inputs": sum(len(one.inputs) for one in snapshots),
        "snapshots": len(snapshots),
        "open_ended": is_open_ended(job),
        "records": sum(one.estimate_records for one in snapshots),
        "price_micro_usd": max((one.price_micro_usd for one in snapshots), default=0),
        "micro_usd": sum(one.estimate_records * one.price_micro_usd for one in snapshots),
    }


def _shape(made: Plan) -> dict[str, Any]:
    items = []
    for one in map(_item, made.jobs):
        price, estimate = one.pop("price_micro_usd"), one.pop("micro_usd")
        items.append({**one, "price_usd": usd(price), "estimate_usd": usd(estimate)})
    return {
        "plan_hash": made.hash,
        "name": made.name,
        "estimate_usd": usd(made.estimate.micro_usd),
        "records": made.estimate.records,
        "open_ended": any(one["open_ended"] for one in items),
        "jobs": len(items),
        "snapshots": sum(one["snapshots"] for one in items),
        "merged": list(made.merged),
        "items": items,
    }


def _ask(made: Plan, mode: str) -> None:
    from workbench.collect.plan import how_much, open_ended

    estimate = dollars(made.estimate.micro_usd) + (", open-ended" if open_ended(made) else "")
    cost = "PRACTICE, free" if mode == "practice" else f"LIVE, estimated {estimate}"
    kept = f"The plan is kept: workbench collect start {made.hash[:12]}"
    collections, inputs = how_much(made)
    what = f"{counted(collections, 'collection')} of {counted(inputs, 'input')}"
    agree(mode, f"Start {what} ({cost})?", to=f"an estimate of {estimate}", kept=kept)


def _agree_to_open_end(workbench: Workbench, made: Plan) -> None:
    """A cap holds by estimates; where one is open-ended a person has to say yes to it, in practice too."""
    from workbench.collect.plan import OPEN_END

    if not workbench.collect.may_pass_a_cap(made):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            f"{OPEN_END}; give --yes if that is meant. The plan is kept: workbench collect start {made.hash[:12]} --yes"
        )
    if not typer.confirm(f"{OPEN_END.capitalize()}. Go on?", err=True):
        raise Refused("not started, as you said.")


def _start(workbench: Workbench, plan_hash: str, *, fresh: bool, again: bool, wait: bool, json: bool) -> Exit:
    begun = workbench.collect.begin(
        plan_hash, fresh=fresh, after=workbench.collect.run_of(plan_hash) if again else None
    )
    run_id = begun.run_id
    run = workbench.status(run_id)["runs"][0]
    started = _started(workbench, run)
    if not begun.is_new:
        say(f"this plan is run {run_id} already; nothing more was started. One more run of it: --again")
    elif not json:
        show(
            f"Run {run_id} is started: {counted(started['jobs'], 'job')}, {counted(started['snapshots'], 'snapshot')}."
        )
    for key in started["waits_for"]:
        say(
            f"snapshot {key} was asked the same before, and the answer to its order was lost: this run waits for it "
            "and is answered by it, so that nothing is paid twice. How it stands: workbench todo"
        )
    started |= {"sources_added": begun.sources_added, "sources_changed": begun.sources_changed}
    if begun.sources_added or begun.sources_changed:
        say(f"{counted(begun.sources_added, 'source')} of the file came in, {begun.sources_changed} changed.")
    started["waits_for_cap"] = begun.waits_for_cap
    if begun.waits_for_cap:
        say(f"with the runs that were started before it, {begun.waits_for_cap}")
    code = Exit.PERSON if begun.waits_for_cap else Exit.DONE
    if wait:
        run = wait_for(workbench, run_id)
        code = exits.worst(Exit(of_item("snapshot", one)) for job in run["jobs"] for one in job["snapshots"])
        started |= {
            "status": run["status"],
            "rows": run["rows"],
            "spent_usd": usd(workbench.collect.spent_micro_usd(run_id)),
        }
        if not json:
            print_runs(workbench, [run])
            if silent := workbench.collect.sources_without_rows(run_id):
                show(f"{counted(len(silent), 'source')} gave nothing; why: workbench status {run_id}")
    else:
        _hint(workbench)
    if json:
        answer(started)
    return code


def _started(workbench: Workbench, run: dict[str, Any]) -> dict[str, Any]:
    """What was started, as its first event has it: the plan and its estimate do not change any more."""
    facts = workbench.overview.story("run", run["run_id"])[0]["facts"]
    return {
        "run_id": run["run_id"],
        "plan_hash": facts["plan_hash"],
        "estimate_usd": usd(facts["estimate_micro_usd"]),
        "saved_usd": usd(facts["saved_micro_usd"]),
        "jobs": len(run["jobs"]),
        "snapshots": sum(len(job["snapshots"]) for job in run["jobs"]),
        "waits_for": [
            one["key"]
            for job in run["jobs"]
            for one in job["snapshots"]
            if one["reused"] and one["state"] in ("unsure", "quarantined")
        ],
    }


def wait_for(workbench: Workbench, run_id: str) -> dict[str, Any]:
    """Work here until the run is over (or we are asked to stop); how it stands then."""
    with stopping(f"run {run_id}") as stop, following(workbench, run_id) as watch:
        workbench.work(run=run_id, watch=watch, stop=stop)
    run: dict[str, Any] = workbench.status(run_id)["runs"][0]
    return run


def _hint(workbench: Workbench) -> None:
    if not workbench.working.is_worked():
        say("no worker is running: workbench work")


def print_runs(workbench: Workbench, runs: list[dict[str, Any]], *, in_full: bool = False) -> None:
    for run in runs:
        created = when(run["created_at"], workbench.settings.zone)
        waits = f" · {run['attention']}" if run["attention"] else ""
        title = f"{run['name']} · {run['run_id']} · {run['status']}{waits} · {counted(run['rows'], 'row')} · {created}"
        columns = ("job", "snapshot" if in_full else "snapshots", "state", *_COUNTS, "reason")
        rows = [_snapshot(job, one) for job in run["jobs"] for one in job["snapshots"]]
        if not in_full:
            rows = [_job(job) for job in run["jobs"]]
        table(title, columns, rows, right=_COUNTS)
        if said := misfits_said(one for job in run["jobs"] for one in job["snapshots"]):
            show(said)


def _snapshot(job: dict[str, Any], one: dict[str, Any]) -> tuple[object, ...]:
    name = f"{job['platform']} {job['service']}"
    reason = one["reason"] or ""
    return name, one["snapshot_id"] or "not sent yet", one["state"], *(one[each] for each in _COUNTS), reason


def _job(job: dict[str, Any]) -> tuple[object, ...]:
    snapshots = job["snapshots"]
    states = Counter(one["state"] for one in snapshots)
    reasons = dict.fromkeys(one["reason"] for one in snapshots if one["reason"])
    sums = [sum(one[name] or 0 for one in snapshots) for name in _COUNTS]
    return (
        f"{job['platform']} {job['service']}", len(snapshots),
        ", ".join(f"{number} {state}" for state, number in states.items()), *sums, "; ".join(reasons),
    )  # fmt: skip
