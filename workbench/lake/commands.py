"""`workbench sql`: one question to the tables, answered as a table, JSON, CSV or Parquet."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from workbench.cli.console import say
from workbench.cli.exits import Exit
from workbench.cli.opening import bench
from workbench.errors import BadInput
from workbench.files import written_beside

_MOST_TOLD: Final = 10


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT. What there is: SHOW TABLES, DESCRIBE posts.")],
    form: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there instead of to stdout.")] = None,
) -> Exit:
    """Ask posts, comments, profiles, rejects, records, runs, jobs, brightdata_snapshots, source_results, ...

    Only questions are answered: nothing can be changed, and no file outside of the lake can be read. When files that
    the answer should be made of are gone from the lake, they are named on stderr, and the exit code is 1.
    """
    form = Format.JSON if json else form
    if form is Format.PARQUET and output is None and sys.stdout.isatty():
        raise BadInput("Parquet is no text to look at; give --output FILE, or send stdout to a file.")
    missing: list[str] = []
    with bench(quiet=form is not Format.TABLE, look=True) as workbench:
        _write(workbench.lake.select(query, on_missing=missing.append), form, output)
    for one in missing[:_MOST_TOLD]:
        say(f"PARTIAL ANSWER: {one}", style="bold")
    if len(missing) > _MOST_TOLD:
        say(f"... and {len(missing) - _MOST_TOLD} more files are gone: workbench todo")
    return Exit.FAILED if missing else Exit.DONE


def _write(relation: Any, form: Format, output: Path | None) -> None:
    from workbench.lake import show

    if output is None:
        show.write(relation, form.value, sys.stdout.buffer)
        return
    with written_beside(output) as file:
        show.write(relation, form.value, file)
    say(f"written to {output}")
