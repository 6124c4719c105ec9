"""downloaded → staged: raw rows into Parquet and rejects, under their final names, not yet visible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.brightdata import datasets
from workbench.collect.bodies import lines_of
from workbench.collect.imports import is_imported
from workbench.collect.tools import Tools, clear, in_lake, job_folder, provider_id, workspace
from workbench.errors import BadInput, Permanent
from workbench.files import canonical, move_into_place, sha256_of
from workbench.ledger.records import Job, LakeFile, Move, Snapshot, Source
from workbench.ledger.states import SnapshotState
from workbench.tables.attribute import SourceRef
from workbench.tables.raw import counted
from workbench.tables.schema import TRANSFORM_VERSION
from workbench.tables.transform import Order, SourceCount, Staged, transform


def read(snapshot: Snapshot, tools: Tools) -> Move:
    raw = snapshot.raw or {}
    raw_path = tools.lake / str(raw.get("path"))
    if not raw_path.is_file() or raw_path.stat().st_size != raw["stored_bytes"]:
        if is_imported(provider_id(snapshot)):
            raise Permanent(f"the raw file {raw_path} is gone or changed. Bring it in again: workbench import FILE")
        return Move(to=SnapshotState.READY, reason=f"the raw file {raw_path} is gone or changed; fetched again")
    job = tools.view.job(snapshot.job_id)
    work = workspace(snapshot, tools)
    lines = lines_of(raw_path, str(raw.get("shape")), work / "lines.ndjson")
    wanted = order(snapshot, job, _sources(snapshot, job, tools), tools.datasets)
    result = transform(raw_path, wanted, work / "tables", lines=lines, counted=counted(raw))
    name = f"{provider_id(snapshot)}__v{TRANSFORM_VERSION}_{raw['sha256'][:8]}"
    files = [
        LakeFile(
            kind="raw", path=str(raw["path"]), rows=result.lines, bytes=raw["stored_bytes"],
            sha256=sha256_of(raw_path),
        )
    ]  # fmt: skip
    for one in result.files:
        target = job_folder(snapshot, tools) / f"{name}.{one.path.name}"
        move_into_place(one.path, target)
        path = in_lake(target, tools)
        files.append(LakeFile(kind=one.kind, path=path, rows=one.rows, bytes=one.bytes, sha256=one.sha256))
    clear(snapshot, tools)
    asked = set(snapshot.source_ids)
    told = [one for one in result.per_source if one.source_id in asked or one.rows + one.warnings + one.errors]
    return Move(to=SnapshotState.STAGED, values={"staged": _facts(result, files, told)})


def _sources(snapshot: Snapshot, job: Job, tools: Tools) -> list[Source]:
    """Those that were asked for; for a snapshot of somebody else's, all that its rows might belong to."""
    if is_ours(snapshot):
        return tools.view.sources(one for one in snapshot.source_ids if one is not None)
    return tools.view.sources_of(job.platform, job.service)


def is_ours(snapshot: Snapshot) -> bool:
    """Whether every input was asked for one of our sources."""
    return bool(snapshot.source_ids) and None not in snapshot.source_ids


def order(snapshot: Snapshot, job: Job, sources: list[Source], among: Iterable[datasets.Dataset]) -> Order:
    dataset = datasets.by_id(snapshot.dataset_id, among=among)
    asked = {one: inputs for one, inputs in zip(snapshot.source_ids, snapshot.inputs, strict=True) if one is not None}
    return Order(
        kind=job.kind,
        columns=dataset.columns,
        constants={
            "platform": job.platform, "service": job.service, "run_id": job.run_id, "job_id": job.id,
            "snapshot_id": provider_id(snapshot), "dataset_id": snapshot.dataset_id,
        },
        sources=tuple(
            SourceRef(
                source_id=one.id, url=one.url, creator=one.creator, project=one.project,
                inputs={name: _text(value) for name, value in (asked.get(one.id) or _asks(dataset, one)).items()},
            )
            for one in sources
        ),
        match_keys=dataset.match_keys,
        is_asked_by_these_alone=is_ours(snapshot),
    )  # fmt: skip


def _asks(dataset: datasets.Dataset, source: Source) -> Mapping[str, Any]:
    """What would be sent for the source, dates apart; whoever asked may have asked the same."""
    try:
        return datasets.inputs_for(dataset, source.url, source.options)
    except BadInput:
        return {"url": source.url}


def _text(value: Any) -> str:
    """As DuckDB reads it from the row that repeats it."""
    return canonical(value) if isinstance(value, list | dict) else str(value)


def _facts(result: Staged, files: list[LakeFile], told: list[SourceCount]) -> dict[str, object]:
    return {
        "version": TRANSFORM_VERSION,
        "files": [vars(one) for one in files],
        "rows": result.data_rows,
        "warnings": result.warning_rows,
        "errors": result.error_rows,
        "malformed": result.malformed_rows,
        "misfits": dict(result.misfits),
        "results": [vars(one) for one in told],
    }
