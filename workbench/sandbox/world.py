"""What the routes of a service share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from workbench.sandbox.notes import Notes, Store
from workbench.sandbox.switches import Switches

_Store = TypeVar("_Store", bound=Store)
_Switches = TypeVar("_Switches", bound=Switches)


@dataclass
class World(Generic[_Store, _Switches]):
    """The state of one service. `initial` are the switches of the start; a reset goes back to them."""

    store: _Store
    switches: _Switches
    initial: dict[str, Any]
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.switches.set(self.initial)

    @property
    def notes(self) -> Notes:
        return self.store.notes

    def reset(self) -> None:
        with self.store.db.writing():
            self.store.reset()
            self.switches.set(self.initial)
