"""`workbench import`: a file on disk becomes a snapshot, by the same steps as what is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli import exits
from workbench.cli.console import Json, answer, counted, say, show, table
from workbench.cli.exits import Exit
from workbench.cli.opening import bench
from workbench.collect.progress import following
from workbench.collect.status import misfits_said


def import_(
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
    with bench(quiet=json) as workbench, following(workbench) as watch:
        done = workbench.imports.import_file(
            file, dataset, name=name, project=project, creator=creator, source_url=source_url, watch=watch
        )
    if json:
        answer(done)
    else:
        _tell(file, done)
    return exits.of_snapshot(done)


def _tell(file: Path, done: dict[str, Any]) -> None:
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
