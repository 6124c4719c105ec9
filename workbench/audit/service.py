"""Executed notebooks, kept as reports whatever their outcome."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.audit import store, verify_archive
from workbench.audit.chain import Chain
from workbench.audit.diff import compared
from workbench.audit.execute import Execution, checked, declared, execute, seal_left
from workbench.audit.export import exported
from workbench.audit.find import OUTPUT, has_parameters, matches, since_of
from workbench.audit.lookalikes import of_environment
from workbench.audit.notebook import Outcome
from workbench.audit.parameters import WrongParameters, fields
from workbench.audit.pulse import Pulse
from workbench.audit.seal import canonical
from workbench.audit.store import (
    RUNNING,
    UNSEALED,
    ask_to_stop,
    beat,
    begin_execution,
    end_execution,
    executed_under,
    find_execution,
    is_to_stop,
    left_behind,
)
from workbench.audit.verify_archive import GENESIS, MANIFEST, UnreadableArchive, read_anchor
from workbench.db.clock import now
from workbench.db.liveness import host_of
from workbench.errors import BadInput, Refused, Transient, WorkbenchError
from workbench.feature import Feature
from workbench.files import SHIPPED_NOTEBOOKS, make_folder, sha256_of, write_text

if TYPE_CHECKING:
    from sqlalchemy import Row

    from workbench.audit.values import Value
    from workbench.audit.watch import CellProgress
    from workbench.person import Person

log = logging.getLogger(__name__)

_NOT_KEPT: Final = "[refused, not kept]"
_LOOKS: Final = 5  # at an archive that is being added to
_ANCHOR_SECONDS: Final = 60  # that the owner's command may take


class Audit(Feature):
    """What a person asks of notebooks."""

    def run(
        self,
        notebook: str | Path,
        params: Mapping[str, object] | None = None,
        *,
        limit: timedelta = timedelta(hours=6),
        cell_limit: timedelta | None = None,
        key: str | None = None,
        copy_of: Path | None = None,
        cancel: threading.Event | None = None,
        on_progress: Callable[[CellProgress], None] = lambda _: None,
        on_begin: Callable[[str], None] = lambda _: None,
    ) -> Execution:
        """Execute a notebook and keep what came of it in archive/reports/, whatever its outcome.

        One notebook is executed once at a time for each `key`, which is its parameters where none is given; Refused
        names who does it. `on_begin` is given the execution's id as soon as the ledger has it; setting
        `cancel` ends it as cancelled. What is run from a copy is locked and named as the notebook `copy_of`.
        """
        path = self._notebook(notebook)
        known_as = copy_of or path
        at = now().astimezone(self.settings.zone)
        execution_id = f"{at:%Y%m%d-%H%M%S}-{path.stem[:17]}-{secrets.token_hex(3)}"
        folder = self.settings.archive / "reports" / f"{at:%Y}" / f"{at:%m}" / f"{at:%d}" / execution_id
        given, key = dict(params or {}), None if key is None else self._parts.redactor(key)
        env = self._notebook_env()
        redactor = self._parts.redactor.also(of_environment(env))
        begun = partial(
            begin_execution, self.ledger, execution_id, notebook=str(copy_of or notebook),
            folder=folder.relative_to(self.settings.home).as_posix(),
        )  # fmt: skip
        try:
            values = checked(path, given, redactor)
        except WorkbenchError as refusal:
            # What was refused is kept by name alone: one of the values may be a secret that nobody here knows.
            begun(params=dict.fromkeys(given, _NOT_KEPT))
            on_begin(execution_id)
            said = refusal.kept if isinstance(refusal, WrongParameters) else refusal.message
            end_execution(self.ledger, execution_id, outcome="refused", error=redactor(said), facts={})
            refusal.args = (redactor(refusal.message), *refusal.args[1:])
            raise
        self.close_killed()
        begun(params=values, key=key)  # before the lock: who finds that taken finds by whom
        on_begin(execution_id)
        name = _lock_name(known_as, canonical(values).decode() if key is None else f"key {key}")
        pulse = Pulse(partial(beat, self.ledger, execution_id), partial(is_to_stop, self.ledger, execution_id), cancel)

        def progress(seen: CellProgress) -> None:
            pulse.see(seen, redactor(seen.title))
            on_progress(seen)

        def work() -> Execution:
            with self._parts.locks.holding(name, execution_id, is_passing=True) as is_ours:
                if not is_ours:
                    raise Refused(self._taken(known_as, name, key))
                with pulse:
                    return execute(
                        path, given, copy_of=copy_of, folder=folder, home=self.settings.home, redactor=redactor,
                        limit=limit, cell_limit=cell_limit, env=env, on_progress=progress, cancel=pulse.stop,
                        told=self._told, facts=partial(self._facts, execution_id), seal_as=self.chain.seal,
                    )  # fmt: skip

        return self._ended(execution_id, work)

    def _ended(self, execution_id: str, work: Callable[[], Execution]) -> Execution:
        """What `work` answers; the ledger knows the end of it, whatever it is."""
        outcome, facts = "refused", dict[str, Any]()
        error: str | None = "it did not begin"
        try:
            done = work()
            outcome, error, facts = str(done.outcome), done.error_value, _cells(done)
        except WorkbenchError as refusal:
            error = self._parts.redactor(refusal.message)
            raise
        except OSError as short:
            outcome, error = UNSEALED, _not_written(short)
            raise Transient(error) from short
        finally:
            end_execution(self.ledger, execution_id, outcome=outcome, error=error, facts=facts)
        return done

    def cancel(self, execution_id: str, *, wait: timedelta = timedelta(seconds=30)) -> str:
        """Ask for the end of an execution and wait for it; its outcome, which is `running` where it goes on."""
        self.close_killed()
        if find_execution(self.ledger, execution_id) is None:
            raise BadInput(f"there is no execution {execution_id}; see: workbench audit list")
        ask_to_stop(self.ledger, execution_id)
        deadline = time.monotonic() + wait.total_seconds()
        while True:
            row = find_execution(self.ledger, execution_id)
            outcome = RUNNING if row is None else str(row.outcome)
            if outcome != RUNNING or time.monotonic() >= deadline:
                return outcome
            time.sleep(0.1)

    def close_killed(self) -> list[str]:
        """Close what is called running and whose process is gone, sealed as far as it came; the ids.

        Whoever executes, lists, finds, shows, compares or verifies executions calls this first.
        """
        return [row.id for row in left_behind(self.ledger, self.settings.lease_seconds) if self._closed(row)]

    def _closed(self, row: Row[Any]) -> bool:
        with self._parts.locks.holding(f"closing:{row.id}", is_passing=True) as is_ours:
            found = find_execution(self.ledger, row.id)
            if not is_ours or found is None or found.outcome != row.outcome:
                return False  # somebody else closes it, or has
            redactor = self._parts.redactor
            try:
                done = seal_left(
                    self.settings.home / row.folder, redactor, facts=partial(self._facts, row.id),
                    seal_as=self.chain.seal, told=self._told,
                )  # fmt: skip
            except (OSError, WorkbenchError) as short:
                log.warning("the execution %s could not be sealed: %s", row.id, short)
                if row.outcome == RUNNING and not isinstance(short, Transient):
                    said = redactor(f"its process was killed, and {_not_written(short)}")
                    end_execution(self.ledger, row.id, outcome=UNSEALED, error=said, facts={})
                return False
            if done is None and row.owner is not None and not self.ledger.liveness.is_here(row.owner):
                if row.outcome == UNSEALED:
                    return False  # what there is of it lies on its own machine
                seen = (row.heartbeat_at or row.started_at).astimezone(self.settings.zone)
                said = (
                    f"the process that executed it on {host_of(row.owner)} is gone, its last heartbeat was at "
                    f"{seen:%Y-%m-%d %H:%M:%S}; what there is of it lies there, and is sealed there by: "
                    "workbench audit list"
                )
                end_execution(self.ledger, row.id, outcome=UNSEALED, error=said, facts={})
            elif done is None:
                said = "the process that executed it was killed, and nothing of it is left on this machine"
                outcome = Outcome.KILLED if row.outcome == RUNNING else Outcome.CRASHED
                end_execution(self.ledger, row.id, outcome=str(outcome), error=said, facts={})
            else:
                error = None if done.error_value is None else redactor(done.error_value)
                end_execution(self.ledger, row.id, outcome=str(done.outcome), error=error, facts=_cells(done))
            return True

    def _taken(self, path: Path, lock: str, key: str | None) -> str:
        """Who executes it already, since when, and what can be done."""
        asked = f"{path.name} with {'these parameters' if key is None else f'the key {key}'}"
        row = executed_under(self.ledger, lock)
        if row is None or row.owner is None:
            return f"{asked} is being executed this moment; try again, or give another --key."
        pid = row.owner.split(":")[1]
        zone = self.settings.zone
        ago = max(0.0, (now() - (row.heartbeat_at or row.started_at)).total_seconds())
        at = f", at cell {row.cells_run} of {row.cells_total}" if row.cells_total else ""
        since = f"{row.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        return (
            f"{asked} is being executed already: {row.id} by {row.actor} (process {pid} on {host_of(row.owner)}), "
            f"since {since}, last heartbeat {ago:.0f} s ago{at}. Wait for it, "
            f"stop it with: workbench audit cancel {row.id}; another --key runs beside it."
        )

    @property
    def _told(self) -> dict[str, Any]:
        """What a reader wants to know of where it ran."""
        return {"mode": self.settings.mode, "zone": self.settings.tz}

    def _facts(self, execution_id: str) -> dict[str, Any]:
        """What was done outside by what the execution ordered, what that cost by now, and what the tables hold."""
        effects = self._parts.overview.effects_of(execution_id)
        for one in effects:
            if one["evidence"] and not one.get("evidence_sha256"):
                file = self.settings.data / one["evidence"]
                one["evidence_sha256"] = sha256_of(file) if file.is_file() else None
        return {
            "effects": effects,
            "cost_micro_usd": sum(one["cost_micro_usd"] or 0 for one in effects),
            **_brought(effects),
            "tables": self._parts.lake.contents(),
        }

    # the archive ----------------------------------------------------------------------------------

    @property
    def reports(self) -> Path:
        """The folder of all sealed reports."""
        return self.home / "archive" / "reports"

    @property
    def chain(self) -> Chain:
        return Chain(self.ledger, self._parts.locks, self.reports)

    def verify(self, anchor: str | Path | None = None) -> dict[str, Any]:
        """Whether archive and ledger are what was sealed; {verdict: intact | changed | unproved, reports, ...}."""
        self.close_killed()
        try:
            known = None if anchor is None else read_anchor(str(self.home / Path(anchor).expanduser()))
            return self._verified(known)
        except UnreadableArchive as error:
            raise BadInput(str(error)) from error

    def _verified(self, anchor: Mapping[str, Any] | None) -> dict[str, Any]:
        for looks_left in reversed(range(_LOOKS)):
            head = self.ledger.head()
            # Of a home that lost its ledger, the archive alone is asked.
            events = store.events(self.ledger) if self._parts.is_home else None
            with tempfile.TemporaryDirectory() as nothing:
                root = self.reports if self.reports.exists() else nothing
                said = verify_archive.verify(str(root), anchor, events)
            if said["verdict"] != "changed" or self.ledger.head() == head or not looks_left:
                break  # else somebody sealed meanwhile, and archive and ledger were seen at two moments
        return said

    def anchor(self, file: str | Path | None = None) -> dict[str, Any]:
        """Write down elsewhere where the chain stands: in `file`, and with the owner's command.

        Refused where the archive is no longer what the anchor there says: it would be lost as a witness.
        """
        chosen = self.settings
        target = file or chosen.anchor_file
        if target is None and not chosen.anchor_command:
            raise BadInput(
                "say where the anchor is to be kept: --file PATH on another disk, or WORKBENCH_ANCHOR_FILE, or a "
                "command of yours with WORKBENCH_ANCHOR_COMMAND that reads it as JSON."
            )
        path = None if target is None else self.home / Path(target).expanduser()
        if path is not None:
            self._refuse_anchor(path)
        self.chain.mend()
        last = store.last_seal(self.ledger)
        seq, digest = self.ledger.head()
        said = {
            "format": 1,
            "sequence": last["sequence"] if last else 0,
            "manifest": last["manifest"] if last else GENESIS,
            "ledger_id": self.ledger.ledger_id,
            "events": {"seq": seq, "hash": digest},
            "at": now().isoformat(timespec="seconds"),
        }
        if path is not None:
            make_folder(path.parent)
            try:
                write_text(path, json.dumps(said, indent=2) + "\n")
            except OSError as error:
                raise BadInput(f"the anchor {path} cannot be written: {error.strerror}.") from error
        if chosen.anchor_command:
            _tell(chosen.anchor_command, said)
        return {**said, "file": None if path is None else str(path)}

    def _refuse_anchor(self, path: Path) -> None:
        """An anchor that lies with what it is to prove, or that would be overwritten with another story."""
        whose = (self.settings.archive, self.settings.data)
        if any(path.resolve().is_relative_to(folder.resolve()) for folder in whose):
            raise BadInput(f"{path} lies within the home, and goes with it; keep the anchor elsewhere.")
        if path.exists() and self.verify(path)["verdict"] == "changed":
            raise Refused(
                f"the archive is not what the anchor {path} says, or was changed since; the anchor is kept as it is. "
                f"See workbench audit verify --anchor {path}; another can be written beside it, with --file."
            )

    def find(
        self,
        text: str = "",
        *,
        notebook: str = "",
        outcome: str = "",
        since: str = "",
        params: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Executions, newest first, whose parameters, error or output hold `text`: {execution_id, ..., matches}."""
        self.close_killed()
        at = since_of(since, self.settings.zone) if since else None
        wanted = dict(params or {})
        rows = store.find(self.ledger, text, notebook=notebook, outcome=outcome, since=at, parameters=wanted)
        return [
            {
                "execution_id": row["id"],
                "notebook": row["notebook"],
                "outcome": row["outcome"],
                "started_at": row["started_at"],
                "parameters": row["parameters"] if row["parameters"] is not None else row["params"],
                "error": row["error"],
                "cost_micro_usd": row["cost_micro_usd"],
                "report": f"{row['folder']}/report.html",
                "matches": matches(f"{row['text'] or ''}\n{row['error'] or ''}", text) if text else [],
            }
            for row in rows
            if not wanted or has_parameters(row["parameters"], wanted)
        ]

    def show(self, execution: str) -> dict[str, Any]:
        """What is kept of one execution: its manifest, where its report is, and where it stands in the ledger."""
        execution_id = self._execution(execution)
        row = store.get_execution(self.ledger, execution_id)
        folder = self.home / row["folder"]
        gone = next((one for one in store.seals(self.ledger) if one["removes"] == self._place(folder)), None)
        manifest = self._manifest(folder)
        return {
            "execution_id": execution_id,
            **{name: row[name] for name in ("notebook", "outcome", "error", "started_at", "ended_at", "actor")},
            "parameters": (manifest or {}).get("parameters", row["params"]),
            "effects": row["effects"],
            "cost_micro_usd": row["cost_micro_usd"],
            "rows": None,
            "rejects": None,
            **_brought(row["effects"] or ()),
            "report": str(folder / "report.html") if manifest else None,
            "removed": gone and {"tombstone": gone["execution_id"], "at": gone["removed_at"]},
            "manifest": manifest,
        }

    def diff(self, a: str, b: str) -> dict[str, Any]:
        """What differs of two executions; {same, parameters, code, environment, rows, ...}."""
        sides = []
        for one in (self._execution(a), self._execution(b)):
            manifest = self._manifest(self.home / store.get_execution(self.ledger, one)["folder"])
            if manifest is None:
                raise BadInput(f"{one} has no sealed report, so there is nothing to compare; see workbench audit list.")
            sides.append(manifest)
        return compared(*sides)

    def remove(self, execution: str, reason: str) -> dict[str, Any]:
        """Remove the report of an execution for good; a tombstone in the chain says what, when, why and who."""
        day = f"{now().astimezone(self.settings.zone):%Y/%m/%d}"
        return self.chain.remove(self._execution(execution), self._parts.redactor(reason), day)

    def forget(self, person: Person, *, dry: bool) -> list[str]:
        """Remove every report that names a person, each with a tombstone that does not; the ids of the executions.

        Refused while one is executed that was given the name: its report would have it.
        """
        self.close_killed()
        found = []
        for one in store.kept_reports(self.ledger):
            if one["outcome"] in (RUNNING, UNSEALED) and person.masked(one["params"]) != one["params"]:
                raise Refused(
                    f"{one['id']} is {one['outcome']} and was given the name. Let it end, or stop it: workbench audit "
                    f"cancel {one['id']}. Nothing was done."
                )
            folder = self.home / one["folder"]
            files = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
            if any(_names(path, person) for path in files):
                found.append(one["id"])
        for execution_id in found if not dry else ():
            self.remove(execution_id, "a person was forgotten")
        return found

    def export(self, execution: str, folder: str | Path) -> dict[str, Any]:
        """Bundle a report with its evidence, the manifests that follow it in the chain, and the verifier."""
        execution_id = self._execution(execution)
        self.chain.mend()
        place = self._place(self.home / store.get_execution(self.ledger, execution_id)["folder"])
        if self._manifest(self.reports / place) is None:
            raise BadInput(f"{execution_id} has no sealed report; see workbench audit show {execution_id}.")
        links = store.seals(self.ledger)
        # One from before there was a chain is proved by the link that took it in.
        own = next((n for n, one in enumerate(links) if one["place"] == place), None)
        begin = next((n for n, one in enumerate(links) if one["kind"] == "earlier"), 0) if own is None else own + 1
        after = [one["place"] for one in links[begin:]]
        return exported(self.reports, self.settings.data, self.home / Path(folder).expanduser(), place, after)

    def _execution(self, text: str) -> str:
        """The id of an execution, or its beginning, or `last`; what a killed process left is closed first."""
        self.close_killed()
        found = store.execution_ids(self.ledger, "" if text == "last" else text)
        if not found:
            raise BadInput(f"there is no execution {text}; see workbench audit list.")
        if text != "last" and text not in found and len(found) > 1:
            raise BadInput(f"{text} begins {len(found)} executions, {found[0]} is one; give more of the id.")
        return text if text in found else found[0]

    def _place(self, folder: Path) -> str:
        return folder.relative_to(self.reports).as_posix()

    def _manifest(self, folder: Path) -> dict[str, Any] | None:
        try:
            manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BadInput(f"{folder / MANIFEST} cannot be read ({error}); see workbench audit verify.") from error
        return manifest

    def check(self, notebook: str | Path, params: Mapping[str, object]) -> dict[str, Value]:
        """`params` as the notebook gets them; BadInput names all that `run` would refuse of them."""
        return checked(self._notebook(notebook), params, self._parts.redactor)

    def parameters(self, notebook: str | Path) -> list[dict[str, Any]]:
        """What a notebook takes: {name, type, default, is_required, help, kind, items, choices, is_nullable} each."""
        return fields(declared(self._notebook(notebook)))

    def _notebook(self, notebook: str | Path) -> Path:
        """A path, or the name of a notebook that ships with Workbench."""
        path = Path(notebook)
        shipped = SHIPPED_NOTEBOOKS / f"{path.stem}.ipynb"
        found = next((one for one in (path, self.home / path, shipped) if one.is_file()), None)
        if found is None:
            raise BadInput(f"there is no notebook {notebook}; give the path of an .ipynb file, or for example: runs")
        return found.resolve()

    def _notebook_env(self) -> dict[str, str]:
        return {**os.environ, "WORKBENCH_HOME": str(self.settings.home), "WORKBENCH_MODE": self.settings.mode}


def _tell(command: Sequence[str], said: Mapping[str, Any]) -> None:
    """Give the owner's command an anchor, as JSON on its stdin; one that fails has not kept it."""
    try:
        subprocess.run(
            command, input=json.dumps(said).encode(), timeout=_ANCHOR_SECONDS, check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise BadInput(f"WORKBENCH_ANCHOR_COMMAND has not taken the anchor: {error}.") from error


def _lock_name(path: Path, key: str) -> str:
    digest = hashlib.sha256(f"{path}\0{key}".encode()).hexdigest()
    return f"notebook:{path.stem[:60]}:{digest[:24]}"


def _cells(done: Execution) -> dict[str, Any]:
    return {"cells_run": done.cells_run, "cells_total": done.cells_total}


def _brought(effects: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """{rows, rejects} of the work that was ordered, by now; nothing where none of it brings rows.

    What was lost and adopted is two effects, and one snapshot.
    """
    of_each = {one["id"]: one for one in effects if one.get("rows") is not None}
    return {name: sum(one[name] for one in of_each.values()) for name in ("rows", "rejects")} if of_each else {}


def _names(path: Path, person: Person) -> bool:
    """Whether a file of a report names a person; not where a word of ours, or of HTML, is what somebody is called."""
    if path.name == "report.html" and path.with_name(OUTPUT).exists():
        return False  # it is made of what the other files have
    data = path.read_bytes()
    if path.suffix in {".json", ".ipynb"}:
        return person.masked_line(data) != data
    return person.is_in_file(data)


def _not_written(short: Exception) -> str:
    words = short.message if isinstance(short, WorkbenchError) else str(short)
    return (
        f"its report could not be written: {words.rstrip('.')}. Make room in archive/, or make it writable; what "
        "there is, is then sealed by: workbench audit list"
    )
