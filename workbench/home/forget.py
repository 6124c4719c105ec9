"""`workbench forget`: somebody's data, out of everything that is kept."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from workbench.cli.console import Json, answer, counted, say, show
from workbench.cli.exits import Exit
from workbench.cli.opening import Yes, is_somebody_here, opened_home
from workbench.errors import Refused

_EXAMPLES: Final = 5  # of a list, for a person; --json has all


def forget(
    creator: Annotated[
        str | None, typer.Option(metavar="X", help="Who is tracked by that name, or that address.")
    ] = None,
    account: Annotated[str | None, typer.Option(metavar="Y", help="The number or the label of an account.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> Exit:
    """Remove a person's data everywhere it is kept. Without --yes, show what would be removed, and ask.

    There is no way back. What stays is said; the log of events and the reports that are left can still be verified.
    """
    if (creator is None) == (account is None):
        raise typer.BadParameter("say whom: --creator X, or --account Y.", param_hint="--creator")
    with opened_home(quiet=json, look=not yes) as workbench:
        forgetting = workbench.forgetting

        def asked(*, dry: bool) -> dict[str, Any]:
            return forgetting.account(account, dry=dry) if account else forgetting.creator(creator or "", dry=dry)

        said = asked(dry=not yes)
        is_to_be_asked = not said["forgotten"] and not json and is_somebody_here()
        if is_to_be_asked:
            _print(said)
            if not typer.confirm("Remove it for good?", err=True):
                raise Refused("nothing was removed, as you said.")
            said = asked(dry=False)
    if json:
        answer(said)
    else:
        _print(said)
    if said["forgotten"]:
        return Exit.DONE
    say("nothing was removed. There is no way back from it: to remove it, give --yes.")
    return Exit.REFUSED


def _print(said: dict[str, Any]) -> None:
    if "reports" not in said:
        show("Forgotten before; what was left of it is brought to its end.")
    for one in said.get("sources", ()):
        show(f"source {one['source_id']}: {one['platform']} {one['service']} {one['url']}")
    go = "were removed" if said["forgotten"] else "would be removed"
    if "rows" in said:
        names = ", ".join(one["snapshot_id"] for one in said["bodies"][:_EXAMPLES])
        where = f", in {counted(len(said['bodies']), 'snapshot')}: {names}" if names else ""
        show(f"{counted(said['rows'], 'row')} {go}, {said['named']} of others lose the name{where}")
        numbers = ", ".join(str(one["delivery_id"]) for one in said["deliveries"][:_EXAMPLES])
        show(f"kept bodies of deliveries that lose rows or the name: {numbers or 'none'}")
    if said.get("account"):
        one = said["account"]
        show(f"account {one['account_id']}: {one['channel']} {one['label']}")
        show(f"{go}: its session ({said['session']}), {said['evidence']} pieces of evidence, the words of "
             f"{counted(said['errors'], 'error')}, what {counted(said['acts'], 'act')} saw on its pages")  # fmt: skip
    if "reports" in said:
        reports = ", ".join(said["reports"][:_EXAMPLES])
        show(f"{counted(len(said['reports']), 'report')} {go}{f': {reports}' if reports else ''}")
        show(f"rows of the ledger that lose the name: {_numbers(said['texts'])}; lines of logs: {said['logs']}")
        show(f"looked for: {', '.join(said['looked_for'])}")
    for one in said.get("not_looked_for", ()):
        show(f"too short to be looked for in texts: {one}")
    for one in said["keeps"]:
        show(f"stays: {one}")
    for one in said["left"]:
        show(f"names them, and is yours to change: {one}")


def _numbers(texts: dict[str, int]) -> str:
    return ", ".join(f"{table} {number}" for table, number in sorted(texts.items())) or "none"
