"""notebook → executed: one execution, from the check of its parameters to its sealed directory.

The notebook runs in a process of its own (watch.py, runner.py). Its file alone is believed about the outcome;
when the runner was killed before it could name one, this process finishes the record. What is to be known of an
execution lies beside its file from the start, so that `seal_left` can do the same when this process was killed too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from workbench.audit import lookalikes, origin, parameters, report
from workbench.audit import notebook as books
from workbench.audit.notebook import Notebook, Outcome
from workbench.audit.parameters import Schema
from workbench.audit.redact import Redaction, refuse_leaks, still_face
from workbench.audit.runner import OUTPUT, RunnerOrder, is_at_work
from workbench.audit.seal import Seal, canonical, seal
from workbench.audit.values import Value
from workbench.audit.verify_archive import MANIFEST
from workbench.audit.watch import OnProgress, RunnerVerdict, watched
from workbench.errors import BadInput, Transient
from workbench.files import make_folder, remove_tree, write_bytes
from workbench.secret import Redactor

GRACE: Final = timedelta(seconds=5)  # between interrupting the kernel and killing it
ORDER: Final = "order.json"  # what was asked for, in the directory of an execution that is not sealed yet
SOURCE: Final = "input.ipynb"
_SOCKETS: Final = "workbench-kernel-"
# Of the bytes of a path: that of a socket has 103 at most, and ends in ours, eight signs and `/k-5`.
_LONGEST_PLACE: Final = 70
_SHORT_PLACE: Final = "/tmp"  # noqa: S108 - a folder of our own is made there
_ENDING: Final = GRACE + timedelta(seconds=10)  # for a runner whose parent is gone


@dataclass(frozen=True)
class Execution:
    """`cells_run` counts cells handed to the kernel; `failed_cell` is an index into the cells of `output`."""

    execution_id: str
    outcome: Outcome
    cells_total: int
    cells_run: int
    started_at: datetime
    ended_at: datetime
    error_name: str | None
    error_value: str | None
    failed_cell: int | None
    output: Path
    report: Path
    manifest: Path


@dataclass(frozen=True)
class _Request:
    """What was asked for, checked."""

    notebook: Path
    source: bytes
    sha256: str  # of the file as it was, before redaction
    schema: Schema
    values: dict[str, Value]
    folder: Path = Path()
    limit: timedelta = timedelta()
    cell_limit: timedelta | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)  # of the process that executes it


def execute(
    notebook: Path,
    given: Mapping[str, object],
    *,
    folder: Path,
    home: Path,
    redactor: Redactor,
    limit: timedelta,
    env: Mapping[str, str],
    cell_limit: timedelta | None = None,
    copy_of: Path | None = None,
    on_progress: OnProgress = lambda _: None,
    cancel: threading.Event | None = None,
    facts: Callable[[], Mapping[str, Any]] = dict,
    told: Mapping[str, Any] | None = None,
    seal_as: Seal = seal,
    grace: timedelta = GRACE,
) -> Execution:
    """Run `notebook` and seal what came of it in `folder`, whose name is the execution's id.

    `env` is the whole environment that the notebook gets; what is named as a secret there is one. `told` is what only
    the caller knows from the beginning: `mode`, and the `zone` in which a reader is shown times. Setting `cancel`, or
    Ctrl-C, ends the execution as cancelled, and sealed by `seal_as`. `copy_of` is the notebook that the report names
    where `notebook` is a copy of it. `facts` is asked when all has ended for what only
    the caller knows then: `effects`, `cost_micro_usd`, `rows`, `rejects`, `tables`.
    """
    redactor = redactor.also(lookalikes.of_environment(env))
    request = replace(
        _checked(notebook, given, redactor), notebook=copy_of or notebook, folder=folder, limit=limit,
        cell_limit=cell_limit, origin=_origin(),
    )  # fmt: skip
    if not home.is_dir():
        raise BadInput(f"the notebook would run in {home}, which is not a directory.")
    with _workplace(folder) as work, _sockets() as sockets:
        started_at, began = datetime.now(UTC), time.monotonic()
        _keep_order(work, request, started_at, redactor, sockets)
        unrun = books.load(request.source, notebook.name)
        books.mark_unrun(unrun)  # what it holds of earlier executions is nothing to the runner
        order = RunnerOrder(
            execution_id=folder.name,
            title=notebook.name,
            notebook=books.dump(unrun).decode(),
            values=request.values,
            home=str(home.resolve()),
            work=str(work),
            sockets=sockets,
            limit=limit,
            cell_limit=cell_limit,
            grace=grace,
            redactor=redactor,
        )
        verdict = watched(order, env, on_progress, cancel or threading.Event())
        took = timedelta(seconds=time.monotonic() - began)
        ended_at = datetime.now(UTC)
        times = (started_at, ended_at if ended_at >= started_at else started_at + took)  # a clock may go back
        executed = _executed(work / OUTPUT, request, verdict)
        return _sealed(request, executed, times, Redaction(redactor), facts=facts, seal_as=seal_as, told=told or {})


def declared(notebook: Path) -> Schema:
    """The parameters that a notebook declares; nothing of it is run."""
    return _schema(_source(notebook), notebook.name)


def checked(notebook: Path, given: Mapping[str, object], redactor: Redactor) -> dict[str, Value]:
    """The parameters as the notebook gets them, or BadInput for what `execute` would refuse; nothing is kept."""
    return _checked(notebook, given, redactor).values


def seal_left(
    folder: Path,
    redactor: Redactor,
    *,
    facts: Callable[[], Mapping[str, Any]] = dict,
    seal_as: Seal = seal,
    told: Mapping[str, Any] | None = None,
) -> Execution | None:
    """Seal what a process that was killed left of the execution `folder`; None where it left nothing.

    A runner ends by itself soon after its parent; Transient where it has not yet.
    """
    work = _work(folder)
    if not (folder / MANIFEST).exists():
        if not (work / ORDER).is_file():
            return None
        _wait_for_its_end(work)
        request, started_at = _kept_order(folder)
        output = work / OUTPUT
        last = (output if output.exists() else work / ORDER).stat().st_mtime
        times = (started_at, max(started_at, datetime.fromtimestamp(last, UTC)))
        verdict = RunnerVerdict(Outcome.KILLED, "Killed", "the process that executed it was killed")
        done = _sealed(
            request,
            _executed(output, request, verdict),
            times,
            Redaction(redactor),
            facts=facts,
            seal_as=seal_as,
            told=told or {},
        )
    else:
        done = _as_sealed(folder)
    _remove_sockets(work)
    remove_tree(work)
    return done


def _wait_for_its_end(work: Path) -> None:
    deadline = time.monotonic() + _ENDING.total_seconds()
    while is_at_work(work):
        if time.monotonic() > deadline:
            raise Transient(f"the runner in {work} has not ended yet.")
        time.sleep(0.1)


@contextlib.contextmanager
def _sockets() -> Iterator[str]:
    """A folder for a kernel's sockets, which nobody else may enter; its path is short, wherever temporary files go."""
    usual = tempfile.gettempdir()
    place = usual if len(os.fsencode(usual)) <= _LONGEST_PLACE else _SHORT_PLACE
    # A kernel that ends late may still write there: that is no failure of what was executed.
    with tempfile.TemporaryDirectory(prefix=_SOCKETS, dir=place, ignore_cleanup_errors=True) as folder:
        yield folder


def _remove_sockets(work: Path) -> None:
    """What somebody who was killed left of them; only a folder that is ours, and nothing through a link."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        folder = Path(json.loads((work / ORDER).read_bytes())["sockets"])
        at = folder.lstat()
        if folder.name.startswith(_SOCKETS) and stat.S_ISDIR(at.st_mode) and at.st_uid == os.geteuid():
            remove_tree(folder)


def _keep_order(work: Path, request: _Request, started_at: datetime, redactor: Redactor, sockets: str) -> None:
    write_bytes(work / SOURCE, _original(request, Redaction(redactor)), mode=0o600)
    order = {
        "notebook": str(request.notebook),
        "sha256": request.sha256,
        "values": request.values,
        "limit_seconds": request.limit.total_seconds(),
        "cell_limit_seconds": None if request.cell_limit is None else request.cell_limit.total_seconds(),
        "started_at": started_at.isoformat(),
        "origin": request.origin,
        "sockets": sockets,
    }
    write_bytes(work / ORDER, canonical(order), mode=0o600)  # last: where it is, the rest is


def _kept_order(folder: Path) -> tuple[_Request, datetime]:
    work = _work(folder)
    order, source = json.loads((work / ORDER).read_bytes()), (work / SOURCE).read_bytes()
    notebook, cell_limit = Path(order["notebook"]), order["cell_limit_seconds"]
    request = _Request(
        notebook=notebook,
        source=source,
        sha256=order["sha256"],
        schema=_schema(source, notebook.name),
        values=order["values"],
        folder=folder,
        limit=timedelta(seconds=order["limit_seconds"]),
        cell_limit=None if cell_limit is None else timedelta(seconds=cell_limit),
        origin=order["origin"],
    )
    return request, datetime.fromisoformat(order["started_at"])


def _as_sealed(folder: Path) -> Execution:
    """What the manifest of a sealed directory says of it."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    return _execution(folder, manifest)


def _execution(folder: Path, record: Mapping[str, Any]) -> Execution:
    return Execution(
        execution_id=folder.name,
        outcome=Outcome(record["outcome"]),
        cells_total=record["cells"]["total"],
        cells_run=record["cells"]["run"],
        started_at=datetime.fromisoformat(record["started_at"]),
        ended_at=datetime.fromisoformat(record["ended_at"]),
        error_name=record["error"]["name"],
        error_value=record["error"]["value"],
        failed_cell=record["cells"]["failed"],
        output=folder / OUTPUT,
        report=folder / "report.html",
        manifest=folder / MANIFEST,
    )


def live(folder: Path) -> Path:
    """Where the notebook of an execution can be read while it runs: always whole, always redacted."""
    return _work(folder) / OUTPUT


def _source(notebook: Path) -> bytes:
    try:
        return notebook.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read the notebook {notebook}: {error.strerror}.") from error


def _schema(source: bytes, name: str) -> Schema:
    return parameters.read(books.load(source, name), name)


def _checked(notebook: Path, given: Mapping[str, object], redactor: Redactor) -> _Request:
    source = _source(notebook)
    schema = _schema(source, notebook.name)
    values = parameters.check(schema, given)
    for name, value in values.items():
        if redactor.count(str(value)):
            raise BadInput(f"the parameter {name} holds a secret; a notebook finds secrets in its environment.")
        if lookalikes.spans(str(value)) or (value and lookalikes.is_name_of_secret(name)):
            raise BadInput(
                f"the parameter {name} holds what looks like a secret, and parameters are kept for ever; put it into "
                "the environment, where the notebook finds it."
            )
    return _Request(notebook, source, hashlib.sha256(source).hexdigest(), schema, values)


def _work(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.work")


@contextlib.contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A private directory beside `folder`; to have made it is to own the execution of that name."""
    if folder.exists():
        raise BadInput(f"{folder} exists already; every execution has its own directory.")
    make_folder(folder.parent)
    work = _work(folder).resolve()
    try:
        work.mkdir(mode=0o700)
    except FileExistsError:
        raise BadInput(f"{folder.name} is being executed, or a killed process left {work} behind.") from None
    except OSError as error:
        raise BadInput(f"cannot write below {work.parent}: {error.strerror}. Nothing was executed.") from error
    try:
        yield work
    except BaseException:
        # Of an execution that could not be sealed, what the runner saved is the only evidence.
        if not (work / OUTPUT).exists():
            remove_tree(work)
        raise
    remove_tree(work)


def _executed(output: Path, request: _Request, verdict: RunnerVerdict) -> Notebook:
    """The notebook as the runner left it; where that does not say how it ended, it gets the verdict."""
    if output.exists():
        nb = books.load(output.read_bytes(), request.notebook.name)
    else:
        nb = books.load(request.source, request.notebook.name)
        books.mark_unrun(nb)
    if not books.ending(nb):
        books.mark_ending(nb, verdict.outcome, verdict.error_name, verdict.error_value)
    return nb


def _sealed(
    request: _Request,
    executed: Notebook,
    times: tuple[datetime, datetime],
    redaction: Redaction,
    *,
    facts: Callable[[], Mapping[str, Any]],
    seal_as: Seal,
    told: Mapping[str, Any],
) -> Execution:
    redaction.count = executed["metadata"]["workbench"].get("redactions", 0)  # what the runner took out
    output = redaction(still_face(executed))
    said = {"effects": [], "cost_micro_usd": None, **told, **_record(request, output, times), **facts()}
    record = redaction(said)
    fields = redaction(parameters.fields(request.schema))
    original = _original(request, redaction)
    record["redactions"] = output["metadata"]["workbench"]["redactions"] = redaction.count
    files = {
        SOURCE: original,
        OUTPUT: books.dump(output),
        "report.html": report.render(output, record, fields).encode("utf-8", "replace"),
        "params.json": canonical({"given": redaction(request.values), "declared": fields}),
    }
    refuse_leaks({**files, MANIFEST: canonical(record)}, redaction.redactor, live(request.folder).parent)
    seal_as(request.folder, files, record)
    return _execution(request.folder, record)


def _record(request: _Request, output: Notebook, times: tuple[datetime, datetime]) -> dict[str, Any]:
    """The manifest without the hashes and its place in the chain, which are added when it is sealed."""
    ending = books.ending(output)
    return {
        "execution_id": request.folder.name,
        "notebook": {
            "path": str(request.notebook),
            "sha256": request.sha256,
        },
        "parameters": request.schema.values(request.values),
        "given": sorted(request.values),
        "outcome": ending["outcome"],
        "error": {"name": ending["error_name"], "value": ending["error_value"]},
        "cells": {
            "total": len(books.runnable(output)),
            "run": books.cells_run(output),
            "failed": ending["failed_cell"],
        },
        "started_at": times[0].isoformat(),
        "ended_at": times[1].isoformat(),
        "limit_seconds": request.limit.total_seconds(),
        "cell_limit_seconds": None if request.cell_limit is None else request.cell_limit.total_seconds(),
        **request.origin,
    }


def _origin() -> dict[str, Any]:
    return {
        "code": origin.code_version(),
        "lock_sha256": origin.lock_hash(),
        "kernel": origin.kernel(),
        "actor": origin.actor(),
    }


def _original(request: _Request, redaction: Redaction) -> bytes:
    """The notebook's own bytes, unless a secret was written into it."""
    before = redaction.count
    clean = redaction(books.load(request.source, request.notebook.name))
    # The bytes may hold more than reading shows, such as the first of two equal keys.
    is_clean = redaction.count == before and not redaction.is_needed(request.source.decode(errors="replace"))
    return request.source if is_clean else books.dump(clean)
