"""`workbench schedule`: run what is due, and look at what was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import exits
from workbench.cli.console import Json, answer, counted, records, reply, say, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home, stopping

if TYPE_CHECKING:
    from workbench.schedule.model import Tick

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `schedule list` shows it.")]


@app.command()
def run(
    once: Annotated[
        bool, typer.Option("--once", help="Run what is due now, then end: for cron, every minute.")
    ] = False,
    json: Json = False,
) -> Exit:
    """Run what is due, here, until Ctrl-C or SIGTERM: what is at work may finish, nothing begins.

    Any number of these may run on one ledger: each tick is run once. A second signal cancels what is at work.
    """
    with opened_home(quiet=json or once) as workbench, stopping() as stop:
        right, wrong = workbench.schedule.entries()
        if not once:  # cron mails what is said; doctor and todo say it too
            for bad in wrong:
                say(bad.said, style="red")
            say(f"{counted(len(right), 'schedule')}; Ctrl-C stops: workbench schedule list")
        ran = workbench.schedule.run(stop, once=once)
        zone = workbench.settings.zone
    shapes = [{"name": one.schedule, **_shape(one)} for one in ran]
    if json:
        answer(shapes)
    elif not once or any(one.is_bad for one in ran):
        rows = ([one["name"], when(one["tick"], zone), one["outcome"], one["reason"]] for one in shapes)
        table(f"{counted(len(shapes), 'tick')} run here", ("schedule", "tick", "outcome", "why"), rows)
    return exits.worst(exits.of_tick(one.outcome) for one in ran) if once else Exit.DONE


def _shape(one: Tick) -> dict[str, Any]:
    return {
        "tick": one.at, "outcome": one.outcome, "execution_id": one.execution_id, "started_at": one.started_at,
        "ended_at": one.ended_at, "reason": one.reason,
    }  # fmt: skip


@app.command("list")
def list_(json: Json = False) -> None:
    """Show every entry [[schedules]] of workbench.toml: when it runs next, how it ended last, what is wrong with it."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.schedule.listed()
        is_run = workbench.schedule.is_run()
        zone = workbench.settings.zone
    if json:
        answer(found)
        return
    rows = [
        [
            one["name"], " ".join(one["command"]) if one.get("command") else one["notebook"], one["cron"], one["zone"],
            "paused" if one["paused"] else when(one["next_at"], zone),
            f"{one['last']['outcome']} {when(one['last']['tick'], zone)}" if one["last"] else "",
        ]
        for one in found
        if not one["wrong"]
    ]  # fmt: skip
    title = counted(len(rows), "schedule") + ("" if rows else ": none that can be run in workbench.toml")
    table(title, ("name", "what", "cron", "zone", "next", "last"), rows)
    for one in found:
        if one["wrong"]:
            show(one["wrong"], style="red")
    if rows and not is_run:
        say("nobody runs them at this moment: workbench schedule run")


@app.command("next")
def next_(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of one alone.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many.")] = 10,
    json: Json = False,
) -> None:
    """Show the ticks that come next, soonest first."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.schedule.next_ticks(name, count)
        zone = workbench.settings.zone
    if json:
        answer(found)
    else:
        rows = ([when(one["at"], zone), one["name"], one["zone"]] for one in found)
        table("" if found else "Nothing comes next.", ("at", "schedule", "zone of its cron"), rows)


@app.command()
def history(
    name: Name,
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="The newest so many.")] = None,
    json: Json = False,
) -> None:
    """Show what became of each tick, newest first: how it ended, or that it was missed and why."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.schedule.history(name, count)
        zone = workbench.settings.zone
    if json:
        answer(found)
        return
    columns = ("tick", "outcome", "started_at", "ended_at", "execution_id", "log", "reason")
    times = ("tick", "started_at", "ended_at")
    rows = [{**one, **{each: when(one[each], zone) for each in times}} for one in found]
    records("" if found else f"{name} never ran.", columns, rows)


@app.command("run-now")
def run_now(name: Name, json: Json = False) -> Exit:
    """Run an entry at once, whatever its cron says; Ctrl-C cancels it. It stands in its history."""
    with opened_home(quiet=json) as workbench, stopping() as cancel:
        ended = workbench.schedule.run_now(name, cancel)
        (kept,) = workbench.schedule.history(name, 1)
    said = f"{name}: {ended.outcome}" + (f": {ended.reason}" if ended.reason else "")
    where = kept["log"] or kept["execution_id"]
    reply({"name": name, **kept}, f"{said} ({where})" if where else said, json=json)
    return exits.of_tick(ended.outcome)


@app.command()
def pause(name: Name, json: Json = False) -> None:
    """Let nothing of an entry run until `resume`; what is due meanwhile is not called missed."""
    with opened_home(quiet=json) as workbench:
        done = workbench.schedule.pause(name)
    reply({"name": name, "paused": True}, f"{name} {'is' if done else 'was already'} paused.", json=json)


@app.command()
def resume(name: Name, json: Json = False) -> None:
    """Let a paused entry run again, from now on."""
    with opened_home(quiet=json) as workbench:
        done = workbench.schedule.resume(name)
    reply({"name": name, "paused": False}, f"{name} {'runs again' if done else 'was not paused'}.", json=json)


@app.command()
def crontab(json: Json = False) -> None:
    """Print a line for cron that runs what is due every minute; `crontab -` reads it."""
    with opened_home(quiet=True, look=True) as workbench:
        text = workbench.schedule.crontab()
    _print(text, "crontab", json=json)


@app.command()
def systemd(json: Json = False) -> None:
    """Print a unit for systemd that keeps `workbench schedule run` at work."""
    with opened_home(quiet=True, look=True) as workbench:
        text = workbench.schedule.systemd()
    _print(text, "systemd", json=json)


def _print(text: str, what: str, *, json: bool) -> None:
    if json:
        answer({what: text})
    else:
        print(text, end="")  # to be read by a program: not folded, not made pretty
