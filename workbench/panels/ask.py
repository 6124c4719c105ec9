"""Questions to the tables, on a cursor of their own: they come from a watcher's thread while the analyst asks too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from workbench.workbench import Workbench

MOST: Final = 10_000  # rows that a page could ever use


def ask(wb: Workbench, query: str, values: Mapping[str, str], *, most: int = MOST) -> tuple[list[str], list[list[Any]]]:
    """Names and rows. A value is bound where the query has ``$name``, never pasted in; one it lacks is not."""
    used = {name: value for name, value in values.items() if f"${name}" in query}
    with wb.lake.refreshed(query).connection.cursor() as cursor:
        # Not fetchall(): DuckDB then wants pytz for every time with a zone.
        found = cursor.sql(query, params=used or None).limit(most).to_arrow_table()
    columns = [column.to_pylist() for column in found.columns]
    return list(found.column_names), [list(row) for row in zip(*columns, strict=True)]
