"""`workbench sources`: the accounts and pages that are tracked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.console import Json, answer, counted, reply, show, table
from workbench.cli.opening import bench

if TYPE_CHECKING:
    from workbench.workbench import Workbench

app = typer.Typer(no_args_is_help=True)

Project = Annotated[str | None, typer.Option(help="A word to group sources by.")]
Creator = Annotated[str | None, typer.Option(help="Whose account it is.")]
Options = Annotated[
    str | None, typer.Option(metavar="JSON", help='Inputs of the dataset, e.g. \'{"post_type": "Reel"}\'.')
]
Ids = Annotated[list[int], typer.Argument(metavar="ID…", help="As `sources list` shows them.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="name, platform, service, url, creator, project, options.")],
    project: Annotated[str | None, typer.Option(help="For lines that name none.")] = None,
    json: Json = False,
) -> None:
    """Bring in a sources.csv: all of it, or nothing. A known platform, service and url is updated, never doubled."""
    with bench(quiet=json) as workbench:
        done = workbench.collect.import_sources(file.absolute(), project=project)
    words = f"{counted(len(done.source_ids), 'source')} in {file}: {done.added} new, {done.changed} changed."
    reply(asdict(done), "\n".join([words, *done.merged]), json=json)


@app.command("list")
def list_(project: Project = None, json: Json = False) -> None:
    """Show every source with its id."""
    with bench(quiet=json, look=True) as workbench:
        found = [asdict(one) for one in workbench.collect.sources(project=project)]
    for one in found:
        one["source_id"] = one.pop("id")
    if json:
        answer(found)
        return
    columns = ("source_id", "name", "platform", "service", "url", "creator", "project", "enabled", "options")
    table(counted(len(found), "source"), columns, ([_cell(one[name]) for name in columns] for one in found))


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or ""


@app.command()
def add(
    platform: Annotated[str, typer.Argument(help="e.g. instagram")],
    service: Annotated[str, typer.Argument(help="e.g. posts")],
    url: Annotated[str, typer.Argument(help="The page to collect from.")],
    name: Annotated[str | None, typer.Option(help="What you call it; the url otherwise.")] = None,
    creator: Creator = None,
    project: Project = None,
    options: Options = None,
    json: Json = False,
) -> None:
    """Add one source."""
    more = {"name": name, "creator": creator, "project": project, "options": options}
    with bench(quiet=json) as workbench:
        done = workbench.collect.add_source(platform, service, url, **_given(more))
    said = "added" if done.added else "was there already" + (" and is changed" if done.changed else "")
    reply(asdict(done), "\n".join([f"source {done.source_ids[0]} {said}.", *done.merged]), json=json)


@app.command()
def edit(
    source_id: Annotated[int, typer.Argument(metavar="ID")],
    name: Annotated[str | None, typer.Option()] = None,
    creator: Creator = None,
    project: Project = None,
    options: Options = None,
    json: Json = False,
) -> None:
    """Change what is given; the platform, service and url of a source are what it is, so they stay."""
    values = _given({"name": name, "creator": creator, "project": project, "options": options})
    if not values:
        raise typer.BadParameter("give at least one of --name, --creator, --project, --options.")
    with bench(quiet=json) as workbench:
        workbench.collect.edit_source(source_id, **values)
        _shown(workbench, [source_id], "changed", json=json)


@app.command()
def merge(
    into: Annotated[int, typer.Argument(metavar="ID", help="The source that stays.")],
    others: Annotated[list[int], typer.Argument(metavar="OTHER…", help="The same address, written differently.")],
    json: Json = False,
) -> None:
    """Make sources that are one address, written differently, one: only ID is asked from now on.

    What the others gave stays as it is, and is theirs in every table; `doctor` names sources that are there twice.
    """
    with bench(quiet=json) as workbench:
        workbench.collect.merge_sources(into, others)
    listed = ", ".join(map(str, others))
    reply({"source_id": into, "merged": others}, f"source {listed} merged into source {into}.", json=json)


@app.command()
def disable(source_ids: Ids, json: Json = False) -> None:
    """Leave sources out of runs to come; what they gave stays."""
    _switch(source_ids, enabled=False, json=json)


@app.command()
def enable(source_ids: Ids, json: Json = False) -> None:
    """Take disabled sources in again."""
    _switch(source_ids, enabled=True, json=json)


def _switch(source_ids: list[int], *, enabled: bool, json: bool) -> None:
    with bench(quiet=json) as workbench:
        for source_id in source_ids:
            workbench.collect.edit_source(source_id, enabled=enabled)
        _shown(workbench, source_ids, "enabled" if enabled else "disabled", json=json)


def _shown(workbench: Workbench, source_ids: list[int], said: str, *, json: bool) -> None:
    found = [asdict(one) for one in workbench.collect.sources() if one.id in source_ids]
    if json:
        answer([{"source_id": one.pop("id"), **one} for one in found])
    for one in found if not json else ():
        show(f"source {one['id']} ({one['name']}) {said}.")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
