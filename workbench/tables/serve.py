"""The serving copy workbench.duckdb: everything of the catalog in one file for other programs, swapped whole.

Who has the old file open keeps it; who opens the name afterwards gets the new one. Nobody waits for anybody.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

from workbench.errors import Transient
from workbench.files import move_into_place
from workbench.tables.catalog import Catalog
from workbench.tables.sql import fill, literal, name

# Written down so that a newer DuckDB goes on writing what readers of the 1.5 line can open.
_ATTACH: Final = "attach $file as serving (storage_version 'v1.5.0')"


def build(target: Path, catalog: Catalog) -> None:
    """Write the catalog as it is now to `target`. The records stay in the lake: a view there reads them."""
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
