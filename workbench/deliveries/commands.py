"""`workbench deliveries`: what Bright Data's webhook brought, and the public address that it comes to."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, Final

import typer

from workbench import processes
from workbench.cli.console import Json, answer, counted, records, say, show, when
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home

app = typer.Typer(no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="As `deliveries list` shows it.")]
_PORT: Final = 8790
_COLUMNS: Final = ("delivery_id", "snapshot_id", "status", "attention", "copies", "bytes", "received_at", "hint")
_GOOD: Final = frozenset({"processed", "duplicate", "test_processed"})
_WAITING: Final = frozenset({"received", "test_webhook", "unmatched"})


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Where to listen; a proxy with TLS stands before it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one, which is printed.")] = _PORT,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Start a worker when there is work.")] = True,
) -> None:
    """Take deliveries here, address first, until Ctrl-C. Needs WORKBENCH_WEBHOOK_SECRET_FILE; collecting does not
    need this: without a webhook, snapshots are asked for.
    """
    with opened_home() as workbench:
        workbench.parts.webhook_secrets()
        workbench.parts.cron_secrets()
        home, mode = workbench.settings.home, workbench.settings.mode
    os.environ.update(WORKBENCH_HOME=str(home), WORKBENCH_MODE=mode)
    # Becomes the receiver: its signals and its exit code are its own.
    command = processes.command(processes.RECEIVER, "--host", host, "--port", str(port))
    os.execv(sys.executable, [*command, *([] if worker else ["--no-worker"])])  # noqa: S606


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="Only these, e.g. unmatched.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    json: Json = False,
) -> None:
    """Show what came, newest first."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.deliveries.all(status=status, limit=None if json else limit)
        zone = workbench.settings.zone
    if json:
        answer(found)
        return
    for one in found:
        one["received_at"] = when(one["received_at"], zone)
    records(counted(len(found), "delivery", "deliveries"), _COLUMNS, found)


@app.command("show")
def show_(delivery_id: Id, json: Json = False) -> None:
    """Show one delivery: what was sent beside its body, where the body lies, and what became of it."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.deliveries.one(delivery_id)
    _print(found, json=json)


def _print(found: dict[str, Any], *, json: bool) -> None:
    if json:
        answer(found)
        return
    for name, value in found.items():
        said = ", ".join(f"{place}: {one}" for place, one in value.items()) if isinstance(value, dict) else value
        if said not in (None, ""):
            show(f"{name}: {said}")


@app.command()
def replay(delivery_id: Id, json: Json = False) -> Exit:
    """Judge and match a delivery once more; rows that Bright Data no longer has are taken from its kept body."""
    with opened_home(quiet=json) as workbench:
        found = workbench.deliveries.replay(delivery_id)
    _print(found, json=json)
    if found["attention"]:
        return Exit.PERSON
    if found["status"] in _WAITING:
        return Exit.UNSURE
    return Exit.DONE if found["status"] in _GOOD else Exit.FAILED


@app.command()
def check(
    url: Annotated[str | None, typer.Argument(help="The public address; WORKBENCH_WEBHOOK_URL otherwise.")] = None,
    json: Json = False,
) -> Exit:
    """Send a test delivery through the public address and look for it here: what failed on the way, in words."""
    with opened_home(quiet=json) as workbench:
        found = workbench.deliveries.check_address(url)
    if json:
        answer(found)
    elif found["outcome"] == "arrived":
        show(f"{found['url']}: {found['said']}.")
    else:
        say(f"{found['url']}: {found['outcome'].replace('_', ' ')}: {found['said']}")
    return Exit.DONE if found["outcome"] == "arrived" else Exit.FAILED
