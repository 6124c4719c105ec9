"""downloaded → staged: raw rows into Parquet and rejects, under their final names, not yet visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from workbench.brightdata import datasets
from workbench.collect import completeness
from workbench.collect.bodies import lines_of
from workbench.collect.model import Job, Snapshot, SnapshotState, Source, is_imported
from workbench.collect.tools import CollectTools, clear, in_lake, job_folder, provider_id, workspace
from workbench.engine.flow import Move
from workbench.errors import BadInput, Permanent
from workbench.files import canonical, move_into_place, sha256_of
from workbench.lake.attribute import SourceRef
from workbench.lake.model import LakeFile
from workbench.lake.raw import counted
from workbench.lake.schema import TRANSFORM_VERSION
from workbench.lake.transform import SourceCount, Staged, TransformOrder, transform


def read(snapshot: Snapshot, tools: CollectTools) -> Move:
    raw = snapshot.raw or {}
    raw_path = tools.lake / str(raw.get("path"))
    if not raw_path.is_file() or raw_path.stat().st_size != raw["stored_bytes"]:
        if is_imported(provider_id(snapshot)):
            raise Permanent(f"the raw file {raw_path} is gone or changed. Bring it in again: workbench import FILE")
        if raw.get("forgotten"):
            raise Permanent(
                f"the raw file {raw_path} is gone or changed, and Bright Data would bring back whom it was to forget. "
                "Bring the file back from a backup of later than that."
            )
        return Move(to=SnapshotState.READY, reason=f"the raw file {raw_path} is gone or changed; fetched again")
    job = tools.view.job(snapshot.job_id)
    is_taken = raw.get("accepted") == raw["sha256"]  # a person saw it
    vendor_id = provider_id(snapshot) if not is_taken and _can_ask(snapshot, tools) else None
    body = counted(raw)
    if vendor_id is not None and body is not None and raw.get("shape") is None:
        verdict = completeness.missing(snapshot, vendor_id, tools, body.lines - body.blank)
        if verdict is not None:
            return completeness.again(snapshot, verdict, tools, may_ask=True)
    work = workspace(snapshot, tools)
    lines = lines_of(raw_path, str(raw.get("shape")), work / "lines.ndjson")
    wanted = order(snapshot, job, _sources(snapshot, job, tools), tools.datasets)

    def made(wanted: TransformOrder, folder: str) -> Staged:
        return transform(raw_path, wanted, work / folder, lines=lines, counted=body)

    if is_taken:
        return _staged(snapshot, tools, made(wanted, "tables"), raw, f"as it is, {raw['accepted_by']}")
    # By what each row itself says it answers, also where one source alone was asked.
    is_said = wanted.is_asked_by_these_alone and is_imported(provider_id(snapshot))
    result = made(replace(wanted, is_asked_by_these_alone=is_said), "tables")
    verdict = completeness.judge(
        snapshot, vendor_id, tools, result, lines or raw_path, kind=job.kind, keys=wanted.match_keys
    )
    if verdict.wrong:
        clear(snapshot, tools)
        return completeness.again(snapshot, verdict, tools, may_ask=vendor_id is not None)
    if wanted.is_asked_by_these_alone and len(wanted.sources) == 1 and not verdict.strays:
        result = _all_attributed(result, wanted, made)
    has_none = verdict.rows is None and not is_imported(provider_id(snapshot))
    said = "Bright Data gives no count of its rows to compare with" if has_none else None
    return _staged(snapshot, tools, result, {**raw, "vendor_rows": verdict.rows}, said)


def _staged(snapshot: Snapshot, tools: CollectTools, result: Staged, raw: Mapping[str, Any], said: str | None) -> Move:
    """Put the tables under their final names, beside their raw body."""
    raw_path, folder = tools.lake / str(raw["path"]), job_folder(snapshot, tools)
    name = f"{provider_id(snapshot)}__v{TRANSFORM_VERSION}_{raw['sha256'][:8]}"
    files = [
        LakeFile(
            kind="raw", path=str(raw["path"]), rows=result.lines, bytes=raw["stored_bytes"],
            sha256=sha256_of(raw_path),
        )
    ]  # fmt: skip
    for one in result.files:
        target = folder / f"{name}.{one.path.name}"
        move_into_place(one.path, target)
        path = in_lake(target, tools)
        files.append(LakeFile(kind=one.kind, path=path, rows=one.rows, bytes=one.bytes, sha256=one.sha256))
    clear(snapshot, tools)
    asked = set(snapshot.source_ids)
    told = [one for one in result.per_source if one.source_id in asked or one.rows + one.warnings + one.errors]
    return Move(
        to=SnapshotState.STAGED,
        reason=said,
        values={"staged": {**_facts(result, files, told), "raw": dict(raw)}, "raw": dict(raw)},
    )


def _can_ask(snapshot: Snapshot, tools: CollectTools) -> bool:
    """Whether the vendor may still have it: a file never was there, and what is past its retention is gone."""
    began = snapshot.triggered_at or snapshot.created_at
    until = snapshot.expires_at or (began + tools.retention if began else None)
    return not is_imported(provider_id(snapshot)) and (until is None or tools.now() < until)


def _all_attributed(result: Staged, wanted: TransformOrder, made: Callable[[TransformOrder, str], Staged]) -> Staged:
    """Rows that do not say what they answer are the one source's that was asked."""
    rows = sum(one.rows + one.warnings + one.errors for one in result.per_source)
    if rows == result.data_rows + result.warning_rows + result.error_rows:
        return result
    return made(wanted, "all")


def _sources(snapshot: Snapshot, job: Job, tools: CollectTools) -> list[Source]:
    """Those that were asked for; for a snapshot of somebody else's, all that its rows might belong to."""
    if is_ours(snapshot):
        return tools.view.sources(one for one in snapshot.source_ids if one is not None)
    return tools.view.sources_of(job.platform, job.service)


def is_ours(snapshot: Snapshot) -> bool:
    """Whether every input was asked for one of our sources."""
    return bool(snapshot.source_ids) and None not in snapshot.source_ids


def order(snapshot: Snapshot, job: Job, sources: list[Source], among: Iterable[datasets.Dataset]) -> TransformOrder:
    dataset = datasets.by_id(snapshot.dataset_id, among=among)
    asked = {one: inputs for one, inputs in zip(snapshot.source_ids, snapshot.inputs, strict=True) if one is not None}
    return TransformOrder(
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
