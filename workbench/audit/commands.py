"""`workbench audit`: run a notebook, keep what came of it, list what ran."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import exits
from workbench.cli.cells import cells
from workbench.cli.console import Json, answer, reply, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home, stopping

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
