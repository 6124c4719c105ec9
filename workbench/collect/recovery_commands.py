"""`workbench recover`: what exists at Bright Data against what we have, and bringing it in."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from workbench.cli import exits
from workbench.cli.console import Json, answer, counted, records, reply, say, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.opening import Reason, opened_home
from workbench.collect.progress import following
from workbench.parsing import as_date, as_names

app = typer.Typer(no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(metavar="[SNAPSHOT…]", help="Ids at Bright Data, or our keys.")]
Dataset = Annotated[
    list[str] | None, typer.Option("--dataset", metavar="ID|PLATFORM/SERVICE", help="Look at this one; repeatable.")
]
Since = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Only what was started on this day or later.")]


@app.command()
def scan(dataset: Dataset = None, since: Since = None, json: Json = False) -> None:
    """Show every snapshot that Bright Data lists, with how it stands to us and the days until it is gone."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.recover.scan(
            dataset or (),
            since=as_date(since, "since"),
            on_dataset=lambda name, number: say(f"{name}: {counted(number, 'snapshot')}", style="dim"),
        )
        zone = workbench.settings.zone
    if json:
        answer([{**asdict(one), "standing": str(one.standing)} for one in found])
        return
    columns = ("snapshot", "dataset", "standing", "ours", "at Bright Data", "rows", "created", "days left")
    rows = [
        (
            one.snapshot_id, f"{one.platform} {one.service}", one.standing, one.state, one.status, one.rows,
            when(one.created_at, zone), one.days_left,
        )
        for one in found
    ]  # fmt: skip
    table(counted(len(found), "snapshot"), columns, rows, right=("rows", "days left"))
    counts = Counter(str(one.standing) for one in found)
    show(", ".join(f"{number} {standing}" for standing, number in counts.items()) or "Bright Data lists none.")
    if counts["unknown"] or counts["expiring"] or counts["short"]:
        show("To bring them in: workbench recover adopt --all")


@app.command()
def adopt(
    snapshots: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="All that Bright Data lists and we do not know.")] = False,
    dataset: Dataset = None,
    since: Since = None,
    json: Json = False,
) -> Exit:
    """Bring snapshots in that no run of ours started: rows, folders, sources. Safe to run again, and beside others."""
    with opened_home(quiet=json) as workbench, following(workbench) as watch:
        done = workbench.recover.adopt(
            snapshots or (), everything=everything, datasets=dataset or (), since=as_date(since, "since"), watch=watch
        )
    if json:
        answer(done)
    else:
        _report(done)
    # What was lost before was told before: a schedule that runs this every night is not red for ever.
    lost = [Exit.FAILED] if done["newly_lost"] else []
    return exits.worst([*lost, *([Exit.PERSON] if done["waiting"] else [])])


def _report(done: dict[str, Any]) -> None:
    show(
        f"{done['adopted']} adopted, {done['already_known']} known already, {done['expired']} expired at Bright Data, "
        f"{done['failed']} failed, {counted(done['unmatched_rows'], 'row')} of no source of ours."
    )
    if done["fetched_again"]:
        show(f"Fetched once more, as Bright Data counts more rows than had come: {', '.join(done['fetched_again'])}.")
    doubled = {one["snapshot_id"] for one in done["duplicates"]}
    gone = [one for one in done["snapshots"] if one["state"] in ("expired", "failed", "canceled")]
    lost = [one for one in gone if one["snapshot_id"] not in doubled]
    if lost:
        table("Not to be had", ("snapshot", "state"), ([one["snapshot_id"], one["state"]] for one in lost))
    if done["duplicates"]:
        rows = ([one["snapshot_id"], one["said"]] for one in done["duplicates"])
        table("Paid twice", ("snapshot", "what was done"), rows)
    if done["waiting"]:
        rows = ([one["snapshot_id"], one["state"] or "perhaps of a lost trigger"] for one in done["waiting"])
        table("Waits for a person: workbench todo", ("snapshot", "state"), rows)
    if done["unmatched"]:
        rows = ([one["snapshot_id"], one["rows"]] for one in done["unmatched"])
        table("Rows of no source of ours", ("snapshot", "rows"), rows, right=("rows",))


@app.command()
def reconcile(snapshots: Names = None, json: Json = False) -> None:
    """Look now, not later, for triggers whose answer was lost. A worker looks: workbench work."""
    with opened_home(quiet=json) as workbench:
        number = workbench.recover.reconcile(snapshots or ())
    words = f"{counted(number, 'snapshot')} looked for by the next worker: workbench work --until-idle"
    reply({"due": number}, words, json=json)


@app.command()
def compare(
    dataset: Dataset = None,
    foreign: Annotated[
        str | None, typer.Option(metavar="ID,ID…", help="These ids at Bright Data are not ours; they are let be.")
    ] = None,
    settled: Annotated[
        list[str] | None,
        typer.Option(metavar="DATASET|CHANNEL:LABEL", help="You looked there yourself: nothing is missing here."),
    ] = None,
    json: Json = False,
) -> Exit:
    """Compare this ledger with the other side, adopt what planned work was to ask there; nothing is sent or paid.

    A worker does so by itself before it acts, when the ledger was restored, copied, put back or made anew.
    """
    with opened_home(quiet=json) as workbench:
        ids = as_names(foreign)
        found = workbench.recover.compare(dataset or (), foreign=ids, settled=settled or ())
    if json:
        answer(found)
    else:
        rows = (
            (name, one["here"], "no list" if one["there"] is None else one["there"], one["adopted"],
             ", ".join(one["ambiguous"]) or one.get("refused") or "")
            for name, one in found.items()
        )  # fmt: skip
        table("", ("dataset or account", "here", "there", "adopted", "for a person"), rows, right=("here", "there"))
    is_open = any(one["ambiguous"] or one["there"] is None for one in found.values())
    return Exit.PERSON if is_open else Exit.DONE


@app.command()
def resolve(
    snapshot: Annotated[str, typer.Argument(help="Its key, as workbench todo shows it.")],
    adopt_id: Annotated[str | None, typer.Option("--adopt", metavar="ID", help="It runs at Bright Data as ID.")] = None,
    absent: Annotated[bool, typer.Option("--absent", help="It was never started: send it once more.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Forget it; it is not sent again.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Of a body in doubt: publish it as it is.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Of a body in doubt: publish nothing of it.")] = False,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Decide by hand what became of a trigger whose answer was lost, or what to do with a body that is in doubt.

    Look into Bright Data's control panel first. What is published as it is, a worker reads: workbench work.
    """
    with opened_home(quiet=json) as workbench:
        state = workbench.recover.resolve(
            snapshot, adopt=adopt_id, absent=absent, abandon=abandon, publish=publish, drop=drop, reason=reason
        )
    reply({"snapshot": snapshot, "state": str(state)}, f"snapshot {snapshot} is {state} now.", json=json)


@app.command()
def requeue(snapshots: Names = None, json: Json = False) -> None:
    """Send what is stuck (over a cap, in doubt, stalled, quarantined; all, or those named) back to work.

    As its facts prove: nothing is sent twice. One that is named and was read already is fetched once more.
    """
    with opened_home(quiet=json) as workbench:
        done = workbench.recover.requeue(snapshots or ())
    if json:
        answer(done)
    else:
        records(counted(len(done), "snapshot"), ("snapshot_id", "key", "from", "to"), done)


@app.command()
def reprocess(
    snapshots: Names = None,
    run: Annotated[str | None, typer.Option(help="All of a run.")] = None,
    dataset: Annotated[str | None, typer.Option(metavar="ID|PLATFORM/SERVICE", help="All of a dataset.")] = None,
    below_version: Annotated[int | None, typer.Option(help="All made by an older transform than this.")] = None,
    json: Json = False,
) -> Exit:
    """Make the tables of published snapshots anew from their raw bytes. Nothing is paid; raw bytes that are gone are
    fetched once more, and what nobody has any longer stays as it is.
    """
    left: list[str] = []
    with opened_home(quiet=json) as workbench, following(workbench) as watch:
        done = workbench.recover.reprocess(
            snapshots or (), run=run, dataset=dataset, below_version=below_version, on_left=left.append
        )
        if done:
            workbench.work(watch=watch)
    for one in left:
        say(one)
    reply({"reprocessed": done}, f"{counted(len(done), 'snapshot')} made anew.", json=json)
    return Exit.FAILED if left else Exit.DONE
