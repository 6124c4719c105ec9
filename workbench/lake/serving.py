"""The serving copy workbench.duckdb: everything of the catalog in one file for other programs, swapped whole.

Who has the old file open keeps it; who opens the name afterwards gets the new one. Nobody waits for anybody.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from workbench.errors import Transient
from workbench.files import move_into_place
from workbench.lake.catalog import Catalog
from workbench.lake.sql import fill, literal, name

# Written down so that a newer DuckDB goes on writing what readers of the 1.5 line can open.
_ATTACH: Final = "attach $file as serving (storage_version 'v1.5.0')"


_ABOUT: Final = """
create table serving.serving_copy as
select $made_at::timestamptz as made_at, $events::bigint as events, $head as head, $missing::bigint as missing_files
"""


@dataclass(frozen=True)
class About:
    """What a serving copy says of itself: when it was made, of which events of the ledger, and what it lacks."""

    made_at: datetime
    events: int
    head: str
    missing_files: int = 0


def about(target: Path) -> About | None:
    """None of a copy of before that says nothing. Transient when it cannot be read."""
    try:
        with duckdb.connect(str(target), read_only=True) as connection:
            row = connection.execute("select epoch(made_at), events, head, missing_files from serving_copy").fetchone()
    except duckdb.CatalogException:
        return None
    except duckdb.Error as error:
        raise Transient(
            f"the serving copy {target} cannot be read: {error}. Make it anew: workbench compact"
        ) from error
    return About(datetime.fromtimestamp(row[0], UTC), *row[1:]) if row else None


def build(target: Path, catalog: Catalog, head: tuple[int, str] = (0, "")) -> None:
    """Write the catalog as it is now to `target`. The records stay in the lake: a view there reads them.

    `head`: number and hash of the ledger's last event, so that the copy can tell how old it is.
    """
    for leftover in target.parent.glob(f".{target.name}.*.tmp*"):
        leftover.unlink(missing_ok=True)  # of a process that was killed here: only one builds at a time
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with catalog.connection.cursor() as cursor, _plainly(target.parent) as folder:
            cursor.execute(fill(_ATTACH, file=literal(str(folder / beside.name))))
            try:
                for table in catalog.names:
                    if table != "records":
                        cursor.execute(
                            fill("create table serving.$table as from memory.main.$table", table=name(table))
                        )
                cursor.execute(f"create view serving.records as {catalog.records}")
                said = fill(
                    _ABOUT, made_at=literal(datetime.now(UTC).isoformat()), events=head[0], head=literal(head[1]),
                    missing=len(catalog.missing),
                )  # fmt: skip
                cursor.execute(said)
                cursor.execute("checkpoint serving")
            finally:
                cursor.execute("detach serving")
            if folder != target.parent:
                shutil.copyfile(folder / beside.name, beside)
        move_into_place(beside, target)
    except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException, OSError) as error:
        raise Transient(
            f"the serving copy {target} could not be made: {error}. The old one stays; free space on its disk."
        ) from error
    finally:
        for leftover in (beside, beside.with_name(f"{beside.name}.wal")):
            leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _plainly(folder: Path) -> Iterator[Path]:
    """A folder to build in whose name DuckDB takes as it is: of a `?` in it, it looks for its log elsewhere."""
    if "?" not in str(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory() as elsewhere:
        yield Path(elsewhere)
