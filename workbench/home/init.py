"""`workbench init`: a home with everything that a person fills in, and nothing that is theirs overwritten."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from workbench.cli.console import Json, answer, show, table
from workbench.cli.opening import opened_home
from workbench.files import make_folder, write_bytes
from workbench.home.notebooks import bring_notebooks, offered_notebooks, take_notebook

_SAMPLES: Final = Path(__file__).parent / "samples"
SOURCES: Final = "data/inputs/sources.csv"
_SECRETS: Final = b"""\
# Secrets of this home; nobody else may read this file, and git ignores it.
# BRIGHTDATA_API_KEY=
# WORKBENCH_NOTIFY_URL=
"""


def init(
    folder: Annotated[
        Path | None, typer.Argument(help="Default: WORKBENCH_HOME, else the current folder.", show_default=False)
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option(metavar="NOTEBOOK", help="Bring the version that ships; yours is kept beside it."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a home: workbench.toml with examples, .env for secrets, sources.csv, the notebooks.

    What is there already stays as it is. A notebook of which a newer version ships is named, and brought with --take.
    """
    with opened_home(quiet=json, home=folder) as workbench:
        home, zone = workbench.home, workbench.settings.zone
        make_folder(workbench.settings.data, mode=0o700)
        workbench.parts.ledger.head()  # founded, so that whoever looks next finds a home
    notebooks = home / "notebooks"
    kept = [str(one) for name in take or () if (one := take_notebook(name, notebooks, datetime.now(zone)))]
    made = [name for name, data, mode in _files() if _write_new(home / name, data, mode)]
    made += [f"notebooks/{name}" for name in bring_notebooks(notebooks)]
    offered = offered_notebooks(notebooks)
    if json:
        answer({"home": str(home), "made": made, "kept": kept, "offered": offered})
        return
    show(f"{home} {'has' if made else 'had'} everything: {', '.join(made) or 'nothing was missing'}.")
    for path in kept:
        show(f"yours is kept as {path}")
    for name in offered:
        show(f"a newer {name} ships; yours stays. To take it: workbench init --take {Path(name).stem}")
    if made:
        table("Next", ("command", ""), _NEXT)


def _files() -> list[tuple[str, bytes, int]]:
    return [
        ("workbench.toml", (_SAMPLES / "workbench.toml").read_bytes(), 0o644),
        (".env", _SECRETS, 0o600),
        (SOURCES, (_SAMPLES / "sources.csv").read_bytes(), 0o644),
    ]


def _write_new(path: Path, data: bytes, mode: int) -> bool:
    """Write a file that is not there; one that is there, also as a link that leads nowhere, is its owner's."""
    if path.exists() or path.is_symlink():
        return False
    make_folder(path.parent)
    write_bytes(path, data, mode=mode)
    return True


_NEXT: Final = (
    (f"workbench sources import {SOURCES}", "put your sources into that file first; those in it are made up"),
    ("workbench collect plan", "what a run would do and cost"),
    ("workbench schedule list", "what runs by itself, once workbench.toml says so"),
    ("workbench lab", "the same in JupyterLab"),
)
