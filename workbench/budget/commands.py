"""`workbench spend`: what was spent, the caps, and the switch that stops it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli.console import Json, answer, counted, dollars, records, reply, show, table, usd
from workbench.cli.opening import opened_home

app = typer.Typer(no_args_is_help=True)


@app.command("show")
def show_(
    check: Annotated[bool, typer.Option("--check", help="Compare with what Bright Data lists; asks it.")] = False,
    json: Json = False,
) -> None:
    """Show what today, this month, each dataset and each run came to: reserved and settled together."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.budget.spend()
        differences = workbench.budget.differences() if check else None
    if json:
        answer({**_in_dollars(found), **({} if differences is None else {"differences": differences})})
        return
    today, month, total = (dollars(found[name]) for name in ("today", "month", "total"))
    show(f"Today (UTC) {today}, this month {month}, ever {total}.")
    for title, key in (("By dataset", "by_dataset"), ("By run", "by_run")):
        rows = [[one["id"], one["name"], one["records"], dollars(one["micro_usd"])] for one in found[key]]
        table(title if rows else "", ("id", "name", "records", "cost"), rows, right=("records", "cost"))
    if found["stopped"] is not None:
        show(f"Spending is STOPPED: {found['stopped'] or 'no reason given'}. To go on: workbench spend allow")
    if differences is not None:
        _show_differences(differences)


def _show_differences(differences: list[dict[str, Any]]) -> None:
    if not differences:
        show("Reserves, settlements and Bright Data's list agree within 2 %.")
        return
    columns = ("snapshot_id", "reserved_records", "settled_records", "delivered_rows", "listed_rows")
    records("Differences above 2 %", columns, differences, right=columns[1:])


@app.command()
def caps(json: Json = False) -> None:
    """Show the caps and what is left of them. They are settings: WORKBENCH_CAP_{TRIGGER,RUN,DAY,MONTH}_USD."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.budget.spend()
    if json:
        answer({name: _usd(value) for name, value in found["caps"].items()})
        return
    used = {"day": found["today"], "month": found["month"]}
    each = {**found["caps"]}
    each.update(each.pop("datasets"))
    rows = ([name, *_left(cap, used.get(name))] for name, cap in each.items())
    table("Caps", ("cap", "at most", "left"), rows, right=("at most", "left"))


@app.command()
def stop(
    reason: Annotated[str, typer.Argument(help="Why; shown to whoever is refused.")] = "", json: Json = False
) -> None:
    """Stop all spending at once, in every process: nothing is triggered until `spend allow`."""
    with opened_home(quiet=json) as workbench:
        workbench.budget.stop(reason)
    _told(json=json, stopped=True)


@app.command()
def allow(json: Json = False) -> None:
    """Let spending go on after `spend stop`. What waited: workbench recover requeue."""
    with opened_home(quiet=json) as workbench:
        workbench.budget.allow()
    _told(json=json, stopped=False)


@app.command()
def accept(
    snapshots: Annotated[
        list[str] | None, typer.Argument(metavar="[SNAPSHOT…]", help="Ids at Bright Data, or our keys; all without.")
    ] = None,
    json: Json = False,
) -> None:
    """Agree to what cost more than was reserved for it. What waited for that: workbench recover requeue."""
    with opened_home(quiet=json) as workbench:
        done = workbench.budget.accept_overruns(snapshots or ())
    reply({"accepted": done}, f"{counted(len(done), 'snapshot')} accepted as it cost.", json=json)


def _left(cap: int | None, used: int | None) -> tuple[str, str]:
    if cap is None:
        return "none", ""
    return dollars(cap), "" if used is None else dollars(max(cap - used, 0))


def _told(*, json: bool, stopped: bool) -> None:
    words = "Spending is stopped." if stopped else "Spending is allowed again."
    reply({"stopped": stopped}, words, json=json)


def _in_dollars(found: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {f"{name}_usd": usd(found[name]) for name in ("today", "month", "total")}
    for key in ("by_dataset", "by_run"):
        plain[key] = [{**one, "usd": usd(one["micro_usd"])} for one in found[key]]
    return {**plain, "stopped": found["stopped"], "caps": {name: _usd(cap) for name, cap in found["caps"].items()}}


def _usd(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: usd(each) for name, each in value.items()}
    return None if value is None else usd(value)
