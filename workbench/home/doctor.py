"""`workbench doctor`: every setting and where it came from, and whether everything that work needs is well."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

from workbench.cli.console import Json, answer, show, table
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home
from workbench.errors import BadInput, WorkbenchError
from workbench.files import make_folder

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_TWINS: Final = 10  # sources that are named
_NAMED: Final = 5  # snapshots that are named one by one
_LITTLE_GB: Final = 2  # below it, a download of ordinary size may not find room


@dataclass(frozen=True)
class Check:
    name: str
    status: Literal["ok", "warning", "error"]
    found: str
    cure: str = ""


def doctor(json: Json = False) -> Exit:
    """Show every setting with its origin, and check what work needs. Exit 2 when something is broken."""
    with opened_home(quiet=json, look=True) as workbench:
        settings = [one.model_dump() for one in workbench.parts.origins]
        checks = list(_checks(workbench))
        mode, home = workbench.settings.mode, str(workbench.home)
    broken = [one for one in checks if one.status == "error"]
    if json:
        answer({"mode": mode, "home": home, "settings": settings, "checks": [asdict(one) for one in checks]})
    else:
        table("Settings", ("name", "value", "from", "what it does"), (tuple(one.values()) for one in settings))
        table("Checks", ("check", "", "found", "cure"), (tuple(asdict(one).values()) for one in checks))
        show("Something is broken: see the cures above." if broken else "All well.", style="bold")
    return Exit.REFUSED if broken else Exit.DONE


def _checks(workbench: Workbench) -> Iterator[Check]:
    yield Check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Check("mode", "ok", _MEANING[workbench.settings.mode])
    yield Check("home", "ok", f"{workbench.home}{'' if workbench.is_home else ': nothing was ever done here'}")
    checks = (
        ("ledger", _ledger),
        ("lake", _lake),
        ("journal", _journal),
        ("files", _files),
        ("tables", _tables),
        ("serving copy", _copy),
        ("disk", _disk),
        ("worker", _worker),
        ("sources", _sources),
        ("schedules", _schedules),
        ("bright data", _brightdata),
        ("browser", _browser),
    )
    for name, check in checks:
        yield _guarded(name, check, workbench)


_MEANING: Final = {
    "practice": "practice: our stand-ins answer, nothing costs money",
    "live": "live: the real services answer, collecting costs money",
}


def _guarded(name: str, check: Callable[[Workbench], Check], workbench: Workbench) -> Check:
    """What our edges refuse is broken; what may pass by itself is a warning. Their messages hold the cure."""
    try:
        return check(workbench)
    except BadInput as error:
        return Check(name, "error", error.message)
    except WorkbenchError as error:
        return Check(name, "warning", error.message, "Try again in a minute.")


def _ledger(workbench: Workbench) -> Check:
    number, _ = workbench.parts.ledger.head()
    broken = workbench.overview.broken_at()
    if broken is not None:
        return Check(
            "ledger", "error",
            f"{workbench.parts.ledger.address}: event {broken:,} of {number:,} is not what was written",
            "Keep the file for inspection; restore the last backup: workbench restore.",
        )  # fmt: skip
    return Check("ledger", "ok", f"{workbench.parts.ledger.address}, {number:,} events, each as it was written")


def _journal(workbench: Workbench) -> Check:
    """Whether the ledger knows all that was done."""
    try:
        workbench.parts.journal.last()
    except OSError as error:
        why = f"{workbench.parts.journal.path} cannot be read: {error.strerror}. Nothing is sent until it can."
        return Check("journal", "error", why, "Make it a file that you may read and write.")
    found = workbench.recover.behind()
    if not found:
        return Check("journal", "ok", f"{workbench.parts.journal.path} has no act that the ledger does not know")
    told = "; ".join(f"{'everything' if one['scope'] == '*' else one['scope']}: {one['why']}" for one in found)
    if any(one["waits"] for one in found):
        return Check("journal", "warning", f"the ledger is behind ({told})", "A person is needed: workbench todo")
    cure = "The worker compares first, by itself; by hand: workbench recover compare"
    return Check("journal", "warning", f"the ledger may be behind ({told})", cure)


def _sources(workbench: Workbench) -> Check:
    twins = workbench.collect.twin_sources()
    if not twins:
        return Check("sources", "ok", "each is there once")
    listed = "; ".join(" = ".join(f"{one.id} ({one.url})" for one in some) for some in twins[:_TWINS])
    first = twins[0]
    command = f"workbench sources merge {first[0].id} {' '.join(str(one.id) for one in first[1:])}"
    return Check(
        "sources", "warning", f"{len(twins)} are there twice, written differently: {listed}",
        f"A run asks each once. To make them one: {command}",
    )  # fmt: skip


def _lake(workbench: Workbench) -> Check:
    lake = make_folder(workbench.settings.lake)
    try:
        with tempfile.NamedTemporaryFile(dir=lake, prefix=".doctor-"):
            return Check("lake", "ok", f"{lake} is writable")
    except OSError as error:
        return Check("lake", "error", f"{lake}: {error.strerror}", "Make it writable for you, or set WORKBENCH_HOME.")


def _files(workbench: Workbench) -> Check:
    """What the manifest names and the disk lacks."""
    lost = workbench.lost_files.listed()
    if not lost:
        return Check("files", "ok", "every file that tables are made of is in the lake")
    are_missed = any(one["kind"] not in ("raw", "lines") and not one["compacted_into"] for one in lost)
    commands = list(dict.fromkeys(one["command"] for one in workbench.todo() if one["kind"] == "lake"))
    more = f", and {len(commands) - 1} more: workbench todo" if len(commands) > 1 else ""
    found = f"{len(lost)} files are gone from the lake, {lost[0]['path']} first"
    cure = f"{commands[0]}{more}" if commands else "A worker is to make them again: workbench work"
    return Check("files", "error" if are_missed else "warning", found, cure)


def _tables(workbench: Workbench) -> Check:
    """What an older transform made."""
    from workbench.lake.schema import TRANSFORM_VERSION

    old = workbench.lost_files.made_before()
    if not old:
        return Check("tables", "ok", f"all made by the present transform, version {TRANSFORM_VERSION}")
    names = ", ".join(str(one["snapshot_id"]) for one in old[:_NAMED]) + (", ..." if len(old) > _NAMED else "")
    found = f"{len(old)} snapshots were read by an older transform than version {TRANSFORM_VERSION}: {names}"
    cure = f"New columns are NULL in them until: workbench recover reprocess --below-version {TRANSFORM_VERSION}"
    return Check("tables", "warning", found, cure)


def _copy(workbench: Workbench) -> Check:
    """Whether data/workbench.duckdb is as new as the ledger, by what it says itself."""
    copy = workbench.tending.copy_standing()
    if copy["made_at"] is None:
        return Check("serving copy", "ok", copy["said"])
    return Check("serving copy", "warning" if copy["is_old"] else "ok", copy["said"], copy["cure"])


def _disk(workbench: Workbench) -> Check:
    free = shutil.disk_usage(workbench.home).free / 1e9
    little = free < _LITTLE_GB
    cure = f"Free some, or move WORKBENCH_HOME: below {_LITTLE_GB} GB a paid download may not find room."
    return Check("disk", "warning" if little else "ok", f"{free:,.1f} GB free", cure if little else "")


def _worker(workbench: Workbench) -> Check:
    if workbench.working.is_worked():
        return Check("worker", "ok", "at work")
    return Check("worker", "ok", "none at work; workbench work starts one")


def _schedules(workbench: Workbench) -> Check:
    """Whether every entry of workbench.toml can be run, works, and is run by somebody."""
    right, wrong = workbench.schedule.entries()
    if wrong:
        listed = " ".join(one.said for one in wrong)
        return Check(
            "schedules", "error", listed, "Mend workbench.toml; the others run on. Then: workbench schedule list"
        )
    told = [one for one in workbench.schedule.todo() if one["kind"] in ("schedule", "scheduler")]
    if told:
        return Check(
            "schedules", "warning", "; ".join(f"{one['id']}: {one['why']}" for one in told), told[0]["command"]
        )
    if not right:
        return Check("schedules", "ok", "none")
    by = "run by somebody at this moment" if workbench.schedule.is_run() else "nothing of them was missed"
    return Check("schedules", "ok", f"{', '.join(one.name for one in right)}: {by}")


def _brightdata(workbench: Workbench) -> Check:
    said = workbench.parts.brightdata.status()
    if said.get("can_make_requests") is False:
        why = said.get("auth_fail_reason") or said.get("status") or "no reason given"
        return Check("bright data", "error", f"the key may not make requests: {why}", "Check the key and the account.")
    if why := workbench.recover.list_refusal():
        return Check(
            "bright data", "warning", f"it does not list what was started ({why}): nobody looks before a trigger",
            "Give the key the right to list snapshots; until then a ledger that is behind waits for a person.",
        )  # fmt: skip
    return Check("bright data", "ok", "answers, takes the key, and lists what was started")


def _browser(workbench: Workbench) -> Check:
    from workbench.browser.launch import NoBrowser, find

    try:
        return Check("browser", "ok", str(find(workbench.settings.browser or None)))
    except NoBrowser as error:
        # Collecting needs none; one that was chosen and does not start is a setting that is wrong.
        return Check("browser", "error" if workbench.settings.browser else "warning", error.message)
