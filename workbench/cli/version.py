"""`workbench --version`: which code answers."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.console import show


def _tell(wanted: bool) -> None:
    if not wanted:
        return
    from workbench.audit.origin import code_version

    facts = code_version()
    where = [facts["commit"][:12]] if facts["commit"] else []
    if facts["is_dirty"]:
        where.append("changed since")
    show(
        " ".join(["workbench", facts["version"] or "without a version", *([f"({', '.join(where)})"] if where else [])])
    )
    raise typer.Exit


def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What may stand before any command."""
