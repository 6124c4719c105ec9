"""What the services of all features have in common: the parts they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.container import Container
    from workbench.db.ledger import Ledger
    from workbench.settings import Settings


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
