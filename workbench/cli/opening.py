"""The workbench of this home, a person's yes, and a clean end on Ctrl-C and SIGTERM."""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import threading
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import console
from workbench.errors import Refused

if TYPE_CHECKING:
    from workbench.workbench import Workbench

Headless = Annotated[bool, typer.Option("--headless", help="No window, whatever the settings say.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed in live mode where nobody can answer.")]
Detach = Annotated[bool, typer.Option("--detach", help="Start a worker and return at once.")]
Reason = Annotated[str, typer.Option(help="Why; kept with who and when.")]


@contextlib.contextmanager
def opened_home(
    *, quiet: bool = False, headless: bool = False, look: bool = False, **settings: Any
) -> Iterator[Workbench]:
    """The workbench; says PRACTICE unless a program reads the answer (`quiet`).

    `look`: for a question, which makes no home of a folder that is none.
    `headless` only ever adds: without it the setting stays what it is.
    """
    gc.disable()  # what is imported stays; to look through it for garbage takes a tenth of a command's start
    try:
        from workbench.workbench import looking_at, open_workbench
    finally:
        gc.enable()
    if headless:
        settings["headless"] = True
    with _without_pandas(), (looking_at if look else open_workbench)(**settings) as workbench:
        if not quiet:
            console.practice(workbench.settings.mode)
        yield workbench


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


@contextlib.contextmanager
def _without_pandas() -> Iterator[None]:
    """DuckDB and Arrow import it, if they can, for whatever passes; no command needs it, and it takes most of a second.

    Kernels get it: there somebody may ask for frames.
    """
    finder = _WithoutPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextlib.contextmanager
def stopping(what: str = "") -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets: steps at work finish, none begins. The second ends at once.

    A person is told how `what` goes on.
    """
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        # By a thread: in the midst of the main thread's own wait for it, the event's lock would be waited for for ever.
        threading.Thread(target=stop.set).start()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if what and stop.is_set():
        console.say(f"stopped; {what} goes on with: workbench work")


def is_somebody_here() -> bool:
    """Whether a terminal can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agree(mode: str, question: str, *, to: str, kept: str = "") -> None:
    """A terminal is asked. Without one, practice goes on, and live is refused: nobody agreed `to` it.

    `kept` says what is left of it after a no.
    """
    if not is_somebody_here():
        if mode == "live":
            raise Refused(f"nobody is here to agree to {to}; give --yes. {kept or 'Nothing was started.'}")
        return
    if not typer.confirm(question, err=True):
        raise Refused(f"not started, as you said. {kept}".rstrip())
