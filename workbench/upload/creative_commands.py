"""`workbench creatives`: the media files, the inventory, and what is known of each."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from workbench.cli.console import Json, answer, counted, records, show
from workbench.cli.opening import bench

app = typer.Typer(no_args_is_help=True)

_SCAN: Final = ("unique_id", "new_filename", "creative_type", "width_px", "height_px", "duration_seconds", "notes")
_LIST: Final = ("unique_id", "file_name", "status", "state", "tj_creative_id", "review_status", "batch_id")


@app.command()
def scan(
    folder: Annotated[str, typer.Argument(help="Below the creatives' root; all of it otherwise.")] = "",
    json: Json = False,
) -> None:
    """Enter a folder's media files into the inventory, as the creative processor would; what is in it stays."""
    with bench(quiet=json) as workbench:
        found = workbench.uploads.scan(folder)
    if json:
        answer(found)
    else:
        records(counted(len(found), "new creative"), _SCAN, found)
        show("Upload them with: workbench upload run --session")


@app.command("list")
def list_(json: Json = False) -> None:
    """Show every creative that was ever in a batch, with its id at the platform."""
    with bench(quiet=json, look=True) as workbench:
        found = workbench.uploads.creatives()
    if json:
        answer(found)
    else:
        records(counted(len(found), "creative"), _LIST, found)
