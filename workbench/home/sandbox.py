"""`workbench sandbox`: the stand-ins of practice mode, in the foreground."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from workbench import practice, processes
from workbench.cli.opening import opened_home

app = typer.Typer(no_args_is_help=True)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: the port of last time, or a free one.")] = 0,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=JSON", help="A failure to show, e.g. broken_lines=0.1; repeatable."),
    ] = None,
) -> None:
    """Serve this home's stand-ins here, addresses first, until Ctrl-C. Practice mode starts them by itself."""
    with opened_home(quiet=True) as workbench:
        home = workbench.parts.sandbox
    options = [part for one in switch or () for part in ("--switch", one)]
    # Becomes the sandbox: its signals and its exit code are its own. Somebody watches it, so it does not stop idle.
    command = processes.command(processes.SANDBOX, *practice.serving(home), "--port", str(port))
    os.execv(sys.executable, [*command, "--idle-minutes", "inf", *options])  # noqa: S606
