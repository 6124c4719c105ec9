"""`workbench listings`: what is to be posted."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from workbench.cli.console import Json, answer, counted, records, reply
from workbench.cli.opening import bench

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = ("listing_id", "title", "price", "category", "condition", "account", "status", "error_message")


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="title, price, category, condition, description, location, photos, account, sku.")
    ],
    json: Json = False,
) -> None:
    """Bring in a listings.csv: all of it, or nothing. Photos lie beside it, in photos/, or in data/inputs/photos.

    The same listing again is not doubled; one whose sku is known is brought up to date until it is posted.
    """
    with bench(quiet=json) as workbench:
        done = workbench.postings.import_listings(file.absolute())
    words = f"{counted(len(done.listing_ids), 'listing')} in {file}: {done.added} new, {done.changed} changed."
    reply(asdict(done), words, json=json)


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="pending, posting, posted or failed.")] = None, json: Json = False
) -> None:
    """Show every listing with its id and what became of it."""
    with bench(quiet=json, look=True) as workbench:
        found = workbench.postings.listings()
    found = [one for one in found if status in {None, one["status"]}]
    if json:
        answer(found)
    else:
        records(counted(len(found), "listing"), COLUMNS, found, right=("listing_id", "price"))


@app.command()
def edit(
    listing_id: Annotated[int, typer.Argument(metavar="ID", help="As `listings list` shows it.")],
    title: Annotated[str | None, typer.Option()] = None,
    price: Annotated[str | None, typer.Option(help="Whole units of the account's currency.")] = None,
    category: Annotated[str | None, typer.Option()] = None,
    condition: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option()] = None,
    location: Annotated[str | None, typer.Option()] = None,
    photos: Annotated[str | None, typer.Option(help="File names, with ';' between.")] = None,
    account: Annotated[str | None, typer.Option(help="Its id or label.")] = None,
    sku: Annotated[str | None, typer.Option()] = None,
    json: Json = False,
) -> None:
    """Change cells of a listing that is neither on its way nor at the site."""
    cells: dict[str, Any] = {
        "title": title, "price": price, "category": category, "condition": condition, "description": description,
        "location": location, "photos": photos, "account": account, "sku": sku,
    }  # fmt: skip
    given = {name: value for name, value in cells.items() if value is not None}
    with bench(quiet=json) as workbench:
        workbench.postings.edit_listing(listing_id, **given)
    words = f"listing {listing_id} is changed: {', '.join(sorted(given))}."
    reply({"listing_id": listing_id, "changed": sorted(given)}, words, json=json)
