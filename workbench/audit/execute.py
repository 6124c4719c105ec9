"""notebook → executed: one execution, from the check of its parameters to its sealed directory.

The notebook runs in a process of its own (watch.py, runner.py). Its file alone is believed about the outcome;
when the runner was killed before it could name one, this process finishes the record.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from workbench.audit import lookalikes, origin, parameters, report
from workbench.audit import notebook as books
from workbench.audit.notebook import Notebook, Outcome
from workbench.audit.parameters import Schema
from workbench.audit.redact import Redaction, refuse_leaks, still_face
from workbench.audit.runner import OUTPUT, RunnerOrder
from workbench.audit.seal import Seal, canonical, seal
from workbench.audit.values import Value
from workbench.audit.verify_archive import MANIFEST
from workbench.audit.watch import OnProgress, RunnerVerdict, watched
from workbench.errors import BadInput
from workbench.files import make_folder, remove_tree
from workbench.secret import Redactor

GRACE: Final = timedelta(seconds=5)  # between interrupting the kernel and killing it


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
    schema: Schema
    values: dict[str, Value]
    folder: Path
    limit: timedelta


def execute(
    notebook: Path,
    given: Mapping[str, object],
    *,
    folder: Path,
    home: Path,
    redactor: Redactor,
    limit: timedelta,
    env: Mapping[str, str],
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
    Ctrl-C, ends the execution as cancelled, and sealed by `seal_as`. `facts` is asked when all has ended for what only
    the caller knows then: `effects`, `cost_micro_usd`, `tables`.
    """
    redactor = redactor.also(lookalikes.of_environment(env))
    request = _checked(notebook, given, folder, limit, redactor)
    if not home.is_dir():
        raise BadInput(f"the notebook would run in {home}, which is not a directory.")
    with _workplace(folder) as work:
        order = RunnerOrder(
            execution_id=folder.name,
            title=notebook.name,
            notebook=books.dump(books.load(request.source, notebook.name)).decode(),
            values=request.values,
            home=str(home.resolve()),
            work=str(work),
            limit=limit,
            grace=grace,
            redactor=redactor,
        )
        started_at = datetime.now(UTC)
        verdict = watched(order, env, on_progress, cancel or threading.Event())
        times = (started_at, datetime.now(UTC))
        executed = _executed(work / OUTPUT, request, verdict)
        return _sealed(request, executed, times, Redaction(redactor), facts=facts, seal_as=seal_as, told=told or {})


def refuse(notebook: Path, given: Mapping[str, object], redactor: Redactor) -> Schema:
    """Raise BadInput for what `execute` would refuse of a notebook and its parameters, before anything is kept.

    What the notebook declares, otherwise.
    """
    return _checked(notebook, given, notebook.parent, timedelta(), redactor).schema


def live(folder: Path) -> Path:
    """Where the notebook of an execution can be read while it runs: always whole, always redacted."""
    return _work(folder) / OUTPUT


def _checked(
    notebook: Path, given: Mapping[str, object], folder: Path, limit: timedelta, redactor: Redactor
) -> _Request:
    try:
        source = notebook.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read the notebook {notebook}: {error.strerror}.") from error
    schema = parameters.read(books.load(source, notebook.name), notebook.name)
    values = parameters.check(schema, given)
    for name, value in values.items():
        if redactor.count(str(value)):
            raise BadInput(f"the parameter {name} holds a secret; a notebook finds secrets in its environment.")
        if lookalikes.spans(str(value)) or (value and lookalikes.is_name_of_secret(name)):
            raise BadInput(
                f"the parameter {name} holds what looks like a secret, and parameters are kept for ever; put it into "
                "the environment, where the notebook finds it."
            )
    return _Request(notebook, source, schema, values, folder, limit)


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
    declared = redaction([asdict(parameter) for parameter in request.schema.parameters])
    original = _original(request, redaction)
    record["redactions"] = output["metadata"]["workbench"]["redactions"] = redaction.count
    files = {
        "input.ipynb": original,
        "output.ipynb": books.dump(output),
        "report.html": report.render(output, record, declared).encode("utf-8", "replace"),
        "params.json": canonical({"given": redaction(request.values), "declared": declared}),
    }
    refuse_leaks({**files, MANIFEST: canonical(record)}, redaction.redactor, live(request.folder).parent)
    manifest = seal_as(request.folder, files, record)
    ending = books.ending(output)
    return Execution(
        execution_id=request.folder.name,
        outcome=Outcome(ending["outcome"]),
        cells_total=record["cells"]["total"],
        cells_run=record["cells"]["run"],
        started_at=times[0],
        ended_at=times[1],
        error_name=ending["error_name"],
        error_value=ending["error_value"],
        failed_cell=ending["failed_cell"],
        output=request.folder / "output.ipynb",
        report=request.folder / "report.html",
        manifest=manifest,
    )


def _record(request: _Request, output: Notebook, times: tuple[datetime, datetime]) -> dict[str, Any]:
    """The manifest without the hashes and its place in the chain, which are added when it is sealed."""
    ending = books.ending(output)
    return {
        "execution_id": request.folder.name,
        "notebook": {
            "path": str(request.notebook),
            "sha256": hashlib.sha256(request.source).hexdigest(),  # of the file as it was, before redaction
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
