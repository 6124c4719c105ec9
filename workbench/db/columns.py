"""How the ledger spells values: times as UTC text, JSON as text, keys by type variant; and what items share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    event,
)
from sqlalchemy import text as sql
from sqlalchemy.types import TypeDecorator

from workbench.files import canonical

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows only in an INTEGER key; PostgreSQL's Integer is too small for one.
Big: Final = BigInteger().with_variant(Integer(), "sqlite")


def to_text(at: datetime) -> str:
    """The one spelling of a time in the ledger: sorts as text, always UTC, always microseconds."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone does not enter the ledger")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


class UtcText(TypeDecorator[datetime]):
    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as asked
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as asked
        return None if value is None else from_text(value)


class Json(TypeDecorator[Any]):
    """Canonical JSON text, so that equal values are equal bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - as asked
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - as asked
        return None if value is None else json.loads(value)


def storable(text: str) -> str:
    """`text` as both databases take it: no NUL (PostgreSQL), no half of a surrogate pair."""
    return text.encode(errors="replace").decode().replace("\0", "�")


TableRows = Mapping[str, tuple[str, list[Any]]]  # column → (text|int|float|bool|time|json|json_text, values)


def by_column(rows: Sequence[Mapping[Any, Any]], types: Mapping[str, str]) -> TableRows:
    """What a view is made of."""
    return {name: (kind, [row[name] for row in rows]) for name, kind in types.items()}


def item_columns() -> list[Column[Any]]:
    """What `leases.py` needs of every kind of item."""
    return [
        Column("id", Big, primary_key=True, autoincrement=True),
        Column("state", String(20), nullable=False),
        Column("attention", String(20)),
        Column("reason", Text),
        Column("state_at", UtcText, nullable=False),
        Column("next_at", UtcText),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("crashes", Integer, nullable=False, server_default="0"),
        Column("armed", Boolean, nullable=False, server_default="0"),
        Column("intent_id", String(64)),
        Column("act_id", String(64)),
        Column("armed_at", UtcText),
        Column("acts", Integer, nullable=False, server_default="0"),
        Column("looks", Integer, nullable=False, server_default="0"),
        Column("cancel_requested", Boolean, nullable=False, server_default="0"),
        Column("lease_owner", String(200)),
        Column("lease_token", Big, nullable=False, server_default="0"),
        Column("lease_until", UtcText),
        Column("lease_until_boot", Float),
        Column("progress_done", Big),
        Column("progress_total", Big),
        Column("progress_text", Text),
        Column("progress_at", UtcText),
        Column("created_at", UtcText, nullable=False),
    ]


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of some rows. SQLAlchemy's own word for it imports both databases' dialects in every process of ours."""
    return Index(name, *columns, unique=unique, info={"where": where})


@event.listens_for(metadata, "before_create")
def _say_where(_: MetaData, connection: Connection, **__: Any) -> None:
    """Only who makes the tables without migrations needs it: the tests that compare the two."""
    for index in (each for table in metadata.tables.values() for each in table.indexes if "where" in each.info):
        index.dialect_kwargs[f"{connection.dialect.name}_where"] = sql(index.info["where"])


def item_rules(kind: str) -> list[Index | CheckConstraint]:
    return [
        Index(f"ix_{kind}_due", "next_at", "state"),
        Index(f"ix_{kind}_intent", "intent_id"),
        partial_index(f"ix_{kind}_held", "lease_owner", where="lease_owner IS NOT NULL"),
        CheckConstraint("armed = false OR intent_id IS NOT NULL", name="armed_has_intent"),
        # Armed and free would be leased like any other and sent a second time.
        CheckConstraint("armed = false OR lease_owner IS NOT NULL", name="armed_has_owner"),
    ]
