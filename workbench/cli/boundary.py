"""The one place that catches everything: an error becomes a line that names the cure, and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from itertools import pairwise
from typing import Final

import typer

from workbench.cli.console import answer, clean, say
from workbench.cli.exits import Exit
from workbench.errors import BadInput, NeedsPerson, UiChanged, Unanswered, WorkbenchError, shortage_of

_DEBUG: Final = "WORKBENCH_DEBUG"
_ROOM: Final = "Check that the disk has room and that you may write there."
_CURES: Final = {
    errno.EISDIR: "It is a folder; give a file.",
    errno.ENOTDIR: "A part of that path is a file; give a path below folders.",
    errno.ENOENT: "There is no such file; give the path of one.",
    errno.ENAMETOOLONG: "That name is too long; give a shorter one.",
}
_BARE: Final = "NoArgsIsHelpError"  # typer's, from a module that is its own
_INTERRUPTED: Final = 130  # what shells know Ctrl-C by


def run() -> int:
    from workbench.cli.commands import app

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # scraped text may hold half a sign
    try:
        code = int(app(standalone_mode=False, prog_name="workbench") or 0)
        sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt):
        say("stopped; what was begun goes on with: workbench work")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:
        if type(error).__name__ == _BARE:
            return _help(error)
        if os.environ.get(_DEBUG) == "1":
            raise
        return _explain(error)
    return code


def _help(error: Exception) -> Exit:
    """A group without a word is shown its words. It is wrong use all the same: a script's empty variable is found."""
    if isinstance(error, typer.TyperException):
        sys.stdout.write(f"{error.format_message()}\n")
    return Exit.REFUSED


def _explain(error: Exception) -> Exit:
    kind, said, code = _read(error)
    message = clean(said)
    say(f"error: {message}")
    if _wants_json():
        answer({"error": {"type": kind, "message": message}})
    return code


def _read(error: Exception) -> tuple[str, str, Exit]:
    name = type(error).__name__
    if isinstance(error, typer.TyperException):
        return "WrongUse", f"{error.format_message()} See --help.", Exit.REFUSED
    if isinstance(error, WorkbenchError):
        return name, error.message, _code(error)
    if (short := shortage_of(error)) is not None:
        return "Shortage", f"{short}; what was begun goes on with: workbench work", Exit.FAILED
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return name, f"{where}{error.strerror}. {_CURES.get(error.errno or 0, _ROOM)}", Exit.FAILED
    return name, f"this is a bug of ours: {_redacted(error)}. {_DEBUG}=1 shows where.", Exit.FAILED


def _code(error: WorkbenchError) -> Exit:
    if isinstance(error, BadInput):
        return Exit.REFUSED
    if isinstance(error, NeedsPerson | UiChanged):
        return Exit.PERSON
    return Exit.UNSURE if isinstance(error, Unanswered) else Exit.FAILED


def _redacted(error: Exception) -> str:
    """A surprise may quote anything, also a key; where the settings cannot be read, its name has to do."""
    try:
        from workbench.workbench import open_workbench

        return open_workbench().parts.redactor(f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001 - we are in an error already
        return type(error).__name__


def _wants_json() -> bool:
    given = sys.argv[1:]
    return "--json" in given or "--format=json" in given or ("--format", "json") in pairwise(given)
