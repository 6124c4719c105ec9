"""`workbench accounts`: who posts and uploads, whether their login is good, and the switch that stops one at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.accounts.model import quiet_hours
from workbench.cli.console import Json, answer, counted, say, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home

app = typer.Typer(no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="As `accounts list` shows it.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no site: tell what the file and the last proof say.")]


@app.command()
def add(
    channel: Annotated[str, typer.Option(help="marketplace or trafficjunky.")],
    label: Annotated[str, typer.Option(help="What you call it; the column account of a listings.csv names it so.")],
    json: Json = False,
) -> None:
    """Enter an account of your own. No password is asked for: `accounts login ID` lets you log in by hand."""
    with opened_home(quiet=json) as workbench:
        account_id = workbench.accounts.add(channel, label)
        has_session = workbench.parts.sessions.path(account_id).exists()
    if json:
        answer({"account_id": account_id})
    else:
        show(f"account {account_id} ({channel}, {label}) added.")
        show("Its login comes from the stand-in." if has_session else f"Log in: workbench accounts login {account_id}")


@app.command("list")
def list_(
    channel: Annotated[str | None, typer.Option(help="marketplace or trafficjunky.")] = None, json: Json = False
) -> None:
    """Show every account with its pace, and why it waits."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.accounts.all(channel)
        zone = workbench.settings.zone
    if json:
        answer(found)
        return
    columns = ("id", "channel", "label", "state", "gap s", "a day", "quiet", "succeeded", "failed", "why")
    rows = [
        (
            one["account_id"], one["channel"], one["label"], _state(one), one["gap_seconds"] or "", one["daily_cap"],
            f"{one['quiet_from']}-{one['quiet_to']}" if one["quiet_from"] else "", one["succeeded"], one["failed"],
            one["paused_reason"] or (f"{one['wait_reason']}, until {when(one['not_before'], zone)}"
                                     if one["wait_reason"] and one["not_before"] else ""),
        )
        for one in found
    ]  # fmt: skip
    table(counted(len(found), "account"), columns, rows, right=("gap s", "a day", "succeeded", "failed"))


def _state(one: Mapping[str, Any]) -> str:
    if not one["enabled"]:
        return "stopped"
    return "paused" if one["paused_kind"] else "on"


@app.command()
def login(account_id: Id) -> None:
    """Open a browser in which you log in by hand; it is closed and the login kept as soon as it is proved."""
    with opened_home() as workbench:
        workbench.accounts.login(account_id, on_wait=lambda text: say(text, style="bold"))
    show(f"account {account_id} is logged in.")


@app.command()
def logout(account_id: Id) -> None:
    """Destroy the saved login of an account on this machine."""
    with opened_home() as workbench:
        gone = workbench.accounts.logout(account_id)
    show(f"the session of account {account_id} is destroyed." if gone else f"account {account_id} had no session.")


@app.command("import-session")
def import_session(
    account_id: Id,
    file: Annotated[Path, typer.Argument(help="A Playwright storage_state, exported cookies, or a cookies.txt.")],
) -> None:
    """Take in a login that was saved elsewhere. Whoever has that file is logged in: remove it afterwards."""
    with opened_home() as workbench:
        workbench.accounts.import_session(account_id, file.absolute())
    show(f"account {account_id} has the session of {file}. Prove it: workbench accounts health {account_id}")


@app.command()
def health(
    account_id: Annotated[int | None, typer.Argument(metavar="[ID]", help="One account; otherwise all.")] = None,
    offline: Offline = False,
    json: Json = False,
) -> Exit:
    """Show whether each login is good, proved at the site by opening one page."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.accounts.health(account_id, live=not offline)
        zone = workbench.settings.zone
    code = Exit.PERSON if found["overall_health"] == "error" else Exit.DONE
    if json:
        answer(found)
        return code
    rows = [
        (
            one["account_id"], one["channel"], one["email"], one["health_status"], one["session_age_days"],
            when(one["proved_at"], zone), one["reason"], one["action_required"],
        )
        for one in found["accounts"]
    ]  # fmt: skip
    columns = ("id", "channel", "label", "health", "days old", "proved", "reason", "what to do")
    table(f"overall: {found['overall_health']}", columns, rows, right=("days old",))
    return code


@app.command()
def validate(account_id: Id, offline: Offline = False, json: Json = False) -> Exit:
    """Say whether the session of one account is valid."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.accounts.validate_session(account_id, live=not offline)
    if json:
        answer(found)
    else:
        show(f"{found['message']}: {found['reason']}.")
        if found["action_required"]:
            show(found["action_required"])
    return Exit.DONE if found["valid"] else Exit.PERSON


@app.command()
def pace(
    account_id: Id,
    gap: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="At least so long between acts.")] = None,
    daily: Annotated[int | None, typer.Option(min=1, help="At most so many acts a day.")] = None,
    quiet: Annotated[str | None, typer.Option(metavar="HH:MM-HH:MM", help="No acts in these hours.")] = None,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Forget all three first.")] = False,
) -> None:
    """Set how fast an account acts. Times are of WORKBENCH_TZ; a TrafficJunky act may be ten files at once."""
    hours = None if quiet is None else quiet_hours(quiet)
    with opened_home() as workbench:
        workbench.accounts.set_pace(
            account_id,
            gap=None if gap is None else timedelta(seconds=gap),
            daily=daily,
            quiet=hours,
            no_limits=no_limits,
        )
    show(f"the pace of account {account_id} is set.")


@app.command()
def stop(account_id: Id) -> None:
    """Stop an account at once: nothing more is begun for it, until `accounts resume`."""
    with opened_home() as workbench:
        workbench.accounts.stop(account_id)
    show(f"account {account_id} is stopped; its items wait. Go on: workbench accounts resume {account_id}")


@app.command()
def resume(
    account_id: Id,
    now: Annotated[bool, typer.Option("--now", help="Also end its cool-down.")] = False,
) -> None:
    """Let a stopped or paused account go on."""
    with opened_home() as workbench:
        workbench.accounts.resume(account_id, at_once=now)
    show(f"account {account_id} goes on, as soon as somebody works: workbench work")


@app.command()
def remove(account_id: Id) -> None:
    """Take an account out, and destroy its session; what it did stays in the records."""
    with opened_home() as workbench:
        workbench.accounts.remove(account_id)
    show(f"account {account_id} is removed.")
