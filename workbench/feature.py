"""What the services of all features have in common: the parts they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.container import Container
    from workbench.db.ledger import Ledger
    from workbench.settings import Settings


# The environment variable by which a kernel, and whatever it starts, knows which execution it works for.
EXECUTION_ID: Final = "WORKBENCH_EXECUTION_ID"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One thing that work did outside, or ordered: a line of the report of the notebook that ordered it."""

    kind: str  # run | snapshot | adopted | upload | posting
    id: str
    what: str  # for a person
    state: str
    url: str | None = None
    evidence: str | None = None  # a file below data/
    evidence_sha256: str | None = None
    cost_micro_usd: int | None = None  # settled, or reserved while it is not; None: it costs nothing by itself
    rows: int | None = None  # that came of it by now; None: it brings none
    rejects: int | None = None  # lines of it that became no row


class Feature:
    """Holds the container, whose parts are built when they are first asked for."""

    def __init__(self, parts: Container) -> None:
        self._parts = parts

    @property
    def ledger(self) -> Ledger:
        return self._parts.ledger

    @property
    def settings(self) -> Settings:
        return self._parts.settings

    @property
    def home(self) -> Path:
        """As people know it: where sheets and other files of theirs are."""
        return self._parts.home
