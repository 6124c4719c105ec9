"""`workbench audit`: run a notebook, keep what came of it, list what ran."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import exits
from workbench.cli.cells import cells
from workbench.cli.console import Json, answer, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home

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
    json: Json = False,
) -> Exit:
    """Execute a notebook with parameters and seal it in archive/reports/, whatever its outcome."""
    given = dict(map(_pair, param or ()))
    with opened_home(quiet=json) as workbench, cells() as on_progress:
        done = workbench.audit.run(notebook, given, limit=timedelta(hours=hours), on_progress=on_progress)
    if json:
        answer(shape_of(done))
    else:
        print_execution(done)
    return exits.of_execution(done.outcome)


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


@app.command("list")
def list_(json: Json = False) -> None:
    """Show every execution, newest first."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.lake.rows("FROM executions ORDER BY started_at DESC")
        zone = workbench.settings.zone
    if json:
        answer(found)
        return
    columns = ("started_at", "execution_id", "outcome", "error", "folder")
    rows = ([when(one["started_at"], zone), *(one[name] for name in columns[1:])] for one in found)
    table("", columns, rows)
