"""Files on disk that become snapshots: one downloaded by hand, or by a tool of before."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.brightdata.datasets import inputs_for, named
from workbench.collect import folders, imports, queries, sources
from workbench.collect import recovery_store as recovering
from workbench.collect import store as collecting
from workbench.collect.model import SnapshotState
from workbench.db.clock import now
from workbench.errors import BadInput
from workbench.feature import Feature
from workbench.files import canonical, make_folder, move_into_place, remove_tree
from workbench.lake.columns import below
from workbench.lake.schema import TRANSFORM_VERSION

if TYPE_CHECKING:
    from workbench.brightdata.datasets import Dataset
    from workbench.collect import imports
    from workbench.collect.model import Source
    from workbench.lake.raw import RawFile

_LISTED: Final = 20  # of what nobody here asked for
_MAY_BEGIN_ANEW: Final = (SnapshotState.FAILED, SnapshotState.QUARANTINED)
# Not a join: the rows themselves, gigabytes of them, would be gathered in memory.
_UNATTRIBUTED: Final = """
    SELECT asked, count(*) AS rows
    FROM (SELECT row_no, coalesce({asked}) AS asked FROM records WHERE snapshot_id = '{snapshot}')
    WHERE row_no IN (SELECT row_no FROM {kind} WHERE snapshot_id = '{snapshot}' AND source_id IS NULL)
    GROUP BY ALL ORDER BY rows DESC, asked LIMIT {most}
"""


class Imports(Feature):
    """What a person brings in from a disk."""

    def import_file(
        self,
        path: str | Path,
        dataset: str,
        *,
        name: str | None = None,
        project: str | None = None,
        creator: str | None = None,
        source_url: str | None = None,
        watch: Callable[[], None] = lambda: None,
        on_bytes: imports.OnBytes = lambda *_: None,
    ) -> dict[str, Any]:
        """Bring a file in as a snapshot of `dataset` (an id, or platform/service), up to its tables.

        With `source_url` all of it was collected for that source, which is added when it is new; without, rows go to
        the sources that asked for them, and what nobody asked for is listed. The same file again, or after an
        interruption, goes on where it stopped; nothing is doubled.
        """
        if creator and not source_url:
            raise BadInput("a creator is a source's: say whose rows these are with the source's URL.")
        path, chosen = Path(path), named(dataset, among=self._parts.datasets)
        shape = imports.look(path, chosen, self._parts.datasets)
        asked_for = self._asked_for(chosen, source_url, creator, project)
        corner = make_folder(self.settings.lake / ".staging" / f"import-{os.getpid()}-{uuid.uuid4().hex[:8]}")
        try:
            raw = imports.keep(path, shape, corner, on_bytes)
            was_known = self._is_known(raw, chosen)
            if not was_known:
                self._enter_file(raw, shape, chosen, asked_for, name=name or f"Import {path.name}", project=project)
        finally:
            remove_tree(corner)
        row = self._row_of(raw)
        self._parts.working.project(row["run_id"])
        self._parts.working.work(run=row["run_id"], watch=watch)
        return self._told_of(self._row_of(raw), chosen, was_known=was_known)

    def _asked_for(
        self, chosen: Dataset, url: str | None, creator: str | None, project: str | None
    ) -> tuple[Source, dict[str, Any]] | None:
        """The source that the file was collected for, and what would have been sent for it."""
        if url is None:
            return None
        same = {"platform": chosen.platform, "service": chosen.service, "url": url}
        (new,) = sources.check([(0, same)], place="the source", among=self._parts.datasets)
        wanted = sources.key_of(new, self._parts.datasets)
        mine = [one for one in self._sources_of(chosen) if one.merged_into is None]
        known = next((one for one in mine if sources.key_of(one, self._parts.datasets) == wanted), None)
        values = {
            "name": known.name if known else new.url,
            "options": dict(known.options) if known else {},
            "creator": creator or (known.creator if known else None),
            "project": project or (known.project if known else None),
        }
        checked = sources.check([(0, {**same, **values})], place="the source", among=self._parts.datasets)
        added = collecting.add_sources(self.ledger, checked, lambda one: sources.key_of(one, self._parts.datasets))
        (source_id,) = added.source_ids
        (source,) = queries.list_sources(self.ledger, ids=[source_id])
        return source, inputs_for(chosen, source.url, source.options)

    def _sources_of(self, chosen: Dataset) -> list[Source]:
        known = queries.list_sources(self.ledger)
        return [one for one in known if (one.platform, one.service) == (chosen.platform, chosen.service)]

    def _is_known(self, raw: RawFile, chosen: Dataset) -> bool:
        """Whether the ledger has the file; its raw bytes are put back, and it begins anew, where that is needed."""
        if not queries.states_of(self.ledger, [imports.snapshot_name(raw)]):
            return False
        row = self._row_of(raw)
        if row["dataset_id"] != chosen.dataset_id:
            raise BadInput(f"this file was brought in already, as {row['dataset_id']}, in run {row['run_id']}.")
        if row["raw"].get("forgotten"):
            raise BadInput(
                f"this file was brought in already, in run {row['run_id']}, and has rows of somebody who was forgotten "
                "since. What is left of it is in the tables."
            )
        kept = self.settings.lake / row["raw"]["path"]
        if not kept.is_file() or kept.stat().st_size != row["raw"]["stored_bytes"]:
            make_folder(kept.parent)
            move_into_place(raw.path, kept)
        if row["state"] in _MAY_BEGIN_ANEW:
            recovering.decide(self.ledger, row["id"], SnapshotState.DOWNLOADED, "the file was brought in again")
        return True

    def _row_of(self, raw: RawFile) -> dict[str, Any]:
        return recovering.find_snapshots(self.ledger, names=[imports.snapshot_name(raw)])[0]

    def _enter_file(
        self,
        raw: RawFile,
        shape: str,
        chosen: Dataset,
        asked_for: tuple[Source, dict[str, Any]] | None,
        *,
        name: str,
        project: str | None,
    ) -> None:
        # The run's id follows from the file, so that an interrupted import is not a second run.
        run_id = hashlib.sha256(f"import {raw.sha256}".encode()).hexdigest()[:12]
        job_id = f"{run_id}-1"
        self._ensure_job(run_id, job_id, chosen, name, project)
        folder = make_folder(self.settings.lake / queries.LedgerQueries(self.ledger).job(job_id).folder)
        stem = f"{imports.snapshot_name(raw)}__v{TRANSFORM_VERSION}_{raw.sha256[:8]}"
        file = folder / f"{stem}.raw.{imports.suffix(shape)}"
        move_into_place(raw.path, file)
        inputs = [] if asked_for is None else [asked_for[1]]
        recovering.adopt(
            self.ledger,
            {
                "run_id": run_id, "job_id": job_id, "dataset_id": chosen.dataset_id,
                "state": SnapshotState.DOWNLOADED, "provider_id": imports.snapshot_name(raw), "vendor_status": "file",
                "inputs": inputs, "input_hash": hashlib.sha256(canonical(inputs).encode()).hexdigest(), "query": {},
                "estimate_records": 0, "price_micro_usd": 0, "created_at": now(),
                "raw": {**raw.facts(file.relative_to(self.settings.lake).as_posix()), "shape": shape},
            },
            [] if asked_for is None else [asked_for[0].id],
        )  # fmt: skip

    def _ensure_job(self, run_id: str, job_id: str, chosen: Dataset, name: str, project: str | None) -> None:
        day = now().astimezone(self.settings.zone).date()
        run_folder = folders.run_folder(name, day).replace("{id6}", run_id[:6])
        job_name = f"{name} - {chosen.platform} - {chosen.service}"
        job_folder = folders.job_folder(chosen.platform, chosen.service, day, job_name)
        recovering.ensure_job(
            self.ledger,
            {"id": run_id, "name": name, "project": project, "params": {}, "plan_hash": "", "folder": run_folder},
            {
                "id": job_id, "run_id": run_id, "name": job_name, "platform": chosen.platform,
                "service": chosen.service, "kind": chosen.kind, "dataset_id": chosen.dataset_id,
                "folder": f"{run_folder}/{job_folder}",
            },
        )  # fmt: skip

    def _told_of(self, row: dict[str, Any], chosen: Dataset, *, was_known: bool) -> dict[str, Any]:
        snapshot_id, state = row["provider_id"], SnapshotState(row["state"])
        without = queries.unmatched_rows(self.ledger, [snapshot_id]).get(snapshot_id, 0)
        return {
            "run_id": row["run_id"],
            "job_id": row["job_id"],
            "snapshot_id": snapshot_id,
            "dataset_id": chosen.dataset_id,
            "platform": chosen.platform,
            "service": chosen.service,
            "already_known": was_known,
            "state": str(state),
            "status": state.info.word,
            "attention": row["attention"],
            "rows": row["row_count"],
            "warnings": row["warning_count"],
            "errors": row["error_count"],
            "malformed": row["malformed_count"],
            "misfits": row["misfits"] or {},
            "reason": row["reason"],
            "unattributed_rows": without,
            "unattributed": self._unattributed(chosen, snapshot_id) if without else [],
        }

    def _unattributed(self, chosen: Dataset, snapshot_id: str) -> list[dict[str, Any]]:
        """What was asked for in rows that are no source's, most rows first."""
        said = (
            ", ".join(f"record->>{below(place, key)}" for key in chosen.match_keys)
            for place in ("discovery_input", "input")
        )
        asked = ", ".join(f"nullif(concat_ws(' ', {values}), '')" for values in said)
        query = _UNATTRIBUTED.format(asked=asked, kind=chosen.kind, snapshot=snapshot_id, most=_LISTED)
        return [{"asked": asked, "rows": count} for asked, count in self._parts.lake.sql(query).fetchall()]
