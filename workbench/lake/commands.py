"""`workbench sql`: one question to the tables. `compact`, `sweep`, `backup`, `restore`: the lake kept in good order."""

from __future__ import annotations

import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from workbench.cli.console import Json, answer, counted, say, show, table
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home
from workbench.errors import BadInput
from workbench.files import written_beside

_MOST_TOLD: Final = 10


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


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
    if form in (Format.PARQUET, Format.XLSX) and output is None and sys.stdout.isatty():
        raise BadInput(f"{form} is no text to look at; give --output FILE, or send stdout to a file.")
    missing: list[str] = []
    with opened_home(quiet=form is not Format.TABLE, look=True) as workbench:
        _write(workbench.lake.select(query, on_missing=missing.append), form, output)
    for one in missing[:_MOST_TOLD]:
        say(f"PARTIAL ANSWER: {one}", style="bold")
    if len(missing) > _MOST_TOLD:
        say(f"... and {len(missing) - _MOST_TOLD} more files are gone: workbench todo")
    return Exit.FAILED if missing else Exit.DONE


def _write(relation: Any, form: Format, output: Path | None) -> None:
    from workbench.lake.show import write

    if output is None:
        write(relation, form.value, sys.stdout.buffer)
        return
    with written_beside(output) as file:
        write(relation, form.value, file)
    say(f"written to {output}")


# keeping the lake in good order ----------------------------------------------------------------------


def compact(json: Json = False) -> None:
    """Rewrite many small files into one sorted file per kind: questions stay fast, the folders stay as they are.

    The worker does so by itself after WORKBENCH_COMPACT_AFTER_SNAPSHOTS. Also makes data/workbench.duckdb anew.
    """
    with opened_home(quiet=json) as workbench:
        done = workbench.keeping.compact()
        workbench.tending.serve_copy()
    if json:
        answer(done)
        return
    for one in done:
        show(f"{one['kind']}: {one['files']} files are one of {one['rows']:,} rows, {one['latest_rows']:,} latest.")
    if not done:
        show("Nothing to compact.")


def sweep(
    remove: Annotated[
        bool, typer.Option("--remove", help="Really remove them; otherwise they are only shown.")
    ] = False,
    hours: Annotated[float, typer.Option(min=0, help="Only what nobody has touched for so long.")] = 24,
    json: Json = False,
) -> None:
    """Show (or remove) files of the lake that no manifest lists: what stopped steps and old compactions left.

    --remove removes the bodies of deliveries too whose time is over (WORKBENCH_DELIVERY_RETENTION_DAYS), and evidence
    and logs of upload batches whose time or room is (WORKBENCH_EVIDENCE_DAYS, WORKBENCH_EVIDENCE_MB), unless
    something in review refers to it.
    """
    with opened_home(quiet=json, look=not remove) as workbench:
        evidence = workbench.keeping.sweep_evidence(dry=not remove)
        found = workbench.keeping.sweep(older_than=timedelta(hours=hours), dry=not remove)
        bodies = workbench.deliveries.retire() if remove else 0
    if json:
        answer({**found, "bodies": bodies, "evidence": evidence})
        return
    table(
        "",
        ("file", "bytes", "why"),
        ([one["path"], one["bytes"], one["why"]] for one in found["files"]),
        right=("bytes",),
    )
    verb = "removed" if found["swept"] else "found; --remove removes them"
    show(f"{counted(len(found['files']), 'file')}, {found['bytes']:,} bytes {verb}.")
    if evidence:
        verb = "removed" if remove else "to remove: --remove does"
        show(f"{counted(len(evidence), 'piece')} of evidence {verb}.")
    if bodies:
        show(f"{counted(bodies, 'body', 'bodies')} of deliveries removed: their time is over.")


def backup(
    target: Annotated[Path, typer.Argument(help="A folder elsewhere; a second backup into it copies what is new.")],
    json: Json = False,
) -> Exit:
    """Copy ledger, lake, inputs and reports, every file verified, while work goes on."""
    with opened_home(quiet=json) as workbench:
        done = workbench.keeping.backup(target)
    return _told(done, f"{target} holds", "files that the ledger names and the lake has not", json=json)


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `workbench backup` made.")], json: Json = False
) -> Exit:
    """Bring a backup into an empty WORKBENCH_HOME and prove that it answers the same."""
    with opened_home(quiet=json) as workbench:
        done = workbench.keeping.restore(source)
    code = _told(done, "Restored:", "files that the backup lacks", json=json)
    if done["differs"]:
        say(f"these figures differ from the backup's: {', '.join(done['differs'])}")
    return Exit.FAILED if done["differs"] else code


def _told(done: dict[str, Any], head: str, missing: str, *, json: bool) -> Exit:
    if json:
        answer(done)
    else:
        show(f"{head} {done['events']:,} events, {counted(done['files'], 'file')}, {done['rows']:,} rows in them.")
        if done["lost"]:
            table(missing, ("file",), ([path] for path in done["lost"]))
    return Exit.FAILED if done["lost"] or done["chain_broken_at"] else Exit.DONE
