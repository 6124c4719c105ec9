"""`workbench audit`: run a notebook, keep what came of it, find it again, prove that it is what was sealed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import exits
from workbench.cli.cells import cells
from workbench.cli.console import Json, answer, counted, dollars, records, reply, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.opening import Yes, agree, opened_home, stopping

if TYPE_CHECKING:
    from workbench.audit.execute import Execution

app = typer.Typer(no_args_is_help=True)


@app.command()
def run(
    notebook: Annotated[str, typer.Argument(help="The path of an .ipynb, or the name of one that ships: runs")],
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; repeatable.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.001, help="The longest it may take.")] = 6,
    cell_minutes: Annotated[float | None, typer.Option(min=0.001, help="The longest that one cell may take.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Not beside another of this notebook and key; without one: its parameters.")
    ] = None,
    json: Json = False,
) -> Exit:
    """Execute a notebook with parameters and seal it in archive/reports/, whatever its outcome."""
    given = dict(map(_pair, param or ()))
    with opened_home(quiet=json) as workbench, stopping() as cancel, cells() as on_progress:
        done = workbench.audit.run(
            notebook, given, limit=timedelta(hours=hours), key=key, cancel=cancel, on_progress=on_progress,
            cell_limit=None if cell_minutes is None else timedelta(minutes=cell_minutes),
        )  # fmt: skip
    if json:
        answer(shape_of(done))
    else:
        print_execution(done)
    return exits.of_execution(done.outcome, done.error_name)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="-p")
    return name, value


def shape_of(done: Execution) -> dict[str, Any]:
    return {
        "execution_id": done.execution_id,
        "outcome": str(done.outcome),
        "output": str(done.output),
        "report": str(done.report),
        "sealed": done.manifest.is_file(),
        "error": done.error_value,
    }


def print_execution(done: Execution) -> None:
    said = f": {done.error_name}: {done.error_value}" if done.error_name else ""
    show(f"Notebook {done.outcome}{said} ({done.cells_run} of {done.cells_total} cells ran)")
    show(f"notebook: {done.output}")
    show(f"report: {done.report}")


@app.command()
def cancel(
    execution_id: Annotated[str, typer.Argument(help="As `workbench audit list` shows it.")], json: Json = False
) -> Exit:
    """Stop an execution that runs, wherever it was started; it is sealed as far as it came."""
    with opened_home(quiet=json) as workbench:
        outcome = workbench.audit.cancel(execution_id)
    goes_on = outcome == "running"
    words = f"{execution_id}: {'asked to stop, and not over yet; see: workbench audit list' if goes_on else outcome}"
    reply({"execution_id": execution_id, "outcome": outcome}, words, json=json)
    return Exit.UNSURE if goes_on else Exit.DONE


@app.command()
def anchor(
    file: Annotated[
        str | None, typer.Option(metavar="PATH", help="Where to write it: on another disk, or where others keep it.")
    ] = None,
    json: Json = False,
) -> None:
    """Write down elsewhere where the chain of reports stands, so that nothing can be cut off or rebuilt unseen."""
    with opened_home(quiet=json) as workbench:
        said = workbench.audit.anchor(file)
    where = said["file"] or "the owner's command"
    reply(said, f"{where}: {counted(said['sequence'], 'link')} of the chain, {said['manifest'][:12]}", json=json)


@app.command()
def verify(
    anchor: Annotated[
        str | None, typer.Option(metavar="FILE", help="What workbench audit anchor wrote; without it, less is proved.")
    ] = None,
    json: Json = False,
) -> Exit:
    """Say whether every report is what was sealed. Exit 0: intact; 1: changed; 4: nothing proves it."""
    from workbench.audit.verify_archive import EXITS, lines_of

    with opened_home(quiet=json, look=True) as workbench:
        said = workbench.audit.verify(anchor)
    if json:
        answer(said)
    else:
        for line in lines_of(said):
            show(line)
    return Exit(EXITS[said["verdict"]])


@app.command()
def export(
    execution: Annotated[str, typer.Argument(help="Its id, the beginning of it, or: last")],
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A folder that is new or empty.")],
    json: Json = False,
) -> None:
    """Bundle a report, its evidence, its chain and a verifier, for somebody who has nothing of ours."""
    with opened_home(quiet=json, look=True) as workbench:
        said = workbench.audit.export(execution, folder)
    if json:
        answer(said)
        return
    show(f"report: {said['report']}")
    for name in said["missing"]:
        show(f"not there any more: {name}")
    show(f"check it there: python3 verify_archive.py {said['folder']} --anchor ANCHOR")


@app.command()
def remove(
    execution: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the tombstone with who and when.")],
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove a report for good. A tombstone in the chain says what, when, why and who; verify still holds."""
    with opened_home(quiet=json) as workbench:
        if not yes:
            agree(workbench.settings.mode, f"Remove the report of {execution} for good?", to="remove a report")
        said = workbench.audit.remove(execution, reason)
    reply(said, f"removed {said['removed']}; tombstone: {said['tombstone']}", json=json)


@app.command()
def find(
    text: Annotated[str, typer.Argument(help="Part of a parameter, an error, or what was printed.")] = "",
    notebook: Annotated[str, typer.Option(help="Part of the notebook's name.")] = "",
    outcome: Annotated[str, typer.Option(help="succeeded, failed, cancelled, ...")] = "",
    since: Annotated[str, typer.Option(metavar="D", help="A day, or how long ago: 2026-11-01, 7d, 12h")] = "",
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Find executions by parameters, outcome, notebook, time, error and output. Newest first."""
    wanted = dict(map(_pair, param or ()))
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.audit.find(text, notebook=notebook, outcome=outcome, since=since, params=wanted)
        zone = workbench.settings.zone
    if json:
        answer(found)
        return
    columns = ("started_at", "execution_id", "outcome", "matches", "report")
    rows = (
        [
            when(one["started_at"], zone),
            *(one[name] for name in columns[1:3]),
            " … ".join(one["matches"]),
            one["report"],
        ]
        for one in found
    )
    table(counted(len(found), "execution"), columns, rows)


@app.command("show")
def show_(
    execution: Annotated[str, typer.Argument(help="Its id, the beginning of it, or: last")],
    json: Json = False,
) -> None:
    """Show one execution: parameters, outcome, what it did outside, what that cost, and where its report is."""
    with opened_home(quiet=json, look=True) as workbench:
        said = workbench.audit.show(execution)
        zone = workbench.settings.zone
    if json:
        answer(said)
        return
    error = f": {said['error']}" if said["error"] else ""
    show(f"{said['execution_id']}: {said['notebook']} {said['outcome']}{error}")
    show(f"from {when(said['started_at'], zone)} to {when(said['ended_at'], zone)}, by {said['actor']}")
    for name, value in said["parameters"].items():
        show(f"{name} = {value!r}")
    effects = said["effects"] or []
    records("Effects" if effects else "Nothing was done outside", ("kind", "id", "what", "state", "evidence"), effects)
    if said["cost_micro_usd"] is not None:
        show(f"cost: {dollars(said['cost_micro_usd'])}")
    if said["rows"] is not None:
        show(f"{counted(said['rows'], 'row')}, {counted(said['rejects'], 'reject')}")
    if said["removed"]:
        show(f"the report was removed {when(said['removed']['at'], zone)}; tombstone: {said['removed']['tombstone']}")
    show(f"report: {said['report'] or 'none'}")


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="An execution's id, or the beginning of it.")],
    b: Annotated[str, typer.Argument(help="Another.")],
    json: Json = False,
) -> None:
    """Compare two executions: parameters, code, environment, rows and tables at their end, durations, cost."""
    from workbench.audit.diff import lines_of

    with opened_home(quiet=json, look=True) as workbench:
        said = workbench.audit.diff(a, b)
    if json:
        answer(said)
        return
    for line in lines_of(said):
        show(line)


@app.command("list")
def list_(json: Json = False) -> None:
    """Show every execution, newest first; those whose process was killed are closed."""
    with opened_home(quiet=json, look=True) as workbench:
        workbench.audit.close_killed()
        found = workbench.lake.rows("FROM executions ORDER BY started_at DESC")
        zone = workbench.settings.zone
    if json:
        answer(found)
        return
    columns = ("started_at", "execution_id", "outcome", "error", "folder")
    for one in found:
        if one["outcome"] == "running" and one["cell"]:
            one["outcome"] = f"running, cell {one['cells_run']} of {one['cells_total']}: {one['cell']}"
    rows = ([when(one["started_at"], zone), *(one[name] for name in columns[1:])] for one in found)
    table("", columns, rows)
