"""The workbench of this home, and a clean end on Ctrl-C and SIGTERM."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from workbench.cli import console

if TYPE_CHECKING:
    from workbench.app import Workbench


@contextlib.contextmanager
def bench(*, quiet: bool = False, **settings: Any) -> Iterator[Workbench]:
    """The workbench; says PRACTICE unless a program reads the answer (`quiet`)."""
    from workbench.app import open_workbench

    with open_workbench(**settings) as workbench:
        if not quiet:
            console.practice(workbench.settings.mode)
        yield workbench


@contextlib.contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets: steps at work finish, none begins. The second ends at once."""
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
