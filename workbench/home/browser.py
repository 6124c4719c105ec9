"""`workbench browser`: whether the sites still look as their selector packs say."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.console import Json, answer, counted, show, table
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home

app = typer.Typer(no_args_is_help=True)


@app.callback()
def browser() -> None:
    """Here so that `probe` stays a word of its own, as long as it is the only one."""


@app.command()
def probe(
    account: Annotated[int | None, typer.Option(metavar="ID", help="Through whose login.")] = None,
    site: Annotated[str | None, typer.Option(help="marketplace or trafficjunky.")] = None,
    json: Json = False,
) -> Exit:
    """Open the site's pages and show what each selector finds; nothing is filled in or clicked."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.accounts.probe(site, account)
    missing = [one for one in found if not one["ok"]]
    if json:
        answer(found)
    else:
        columns = ("page", "selector", "required", "found", "by")
        rows = [(one["on"], one["name"], "yes" if one["required"] else "", one["found"], one["by"]) for one in found]
        table(found[0]["pack"] if found else "", columns, rows, right=("found",))
        show(f"{counted(len(missing), 'required selector')} missing: the site has changed, its lanes would stop."
             if missing else "Everything that is required was found.")  # fmt: skip
    return Exit.PERSON if missing else Exit.DONE
