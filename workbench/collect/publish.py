"""staged → published: the files into the manifest, with counts and cost, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.budget.model import Money, Settle
from workbench.collect.model import Snapshot, SnapshotState, SourceResult
from workbench.collect.tools import CollectTools
from workbench.engine.flow import Move
from workbench.lake.model import LakeFile, ManifestFiles

_NOTHING: Final = "Bright Data delivered nothing for it: no row, no warning, no error"


def publish(snapshot: Snapshot, tools: CollectTools) -> Move:
    staged = snapshot.staged or {}
    files = tuple(LakeFile(**one) for one in staged["files"])
    for one in files:
        path = tools.lake / one.path
        if not path.is_file() or path.stat().st_size != one.bytes:
            return Move(to=SnapshotState.DOWNLOADED, reason=f"the staged file {path} is gone or changed; made again")
    return Move(
        to=SnapshotState.PUBLISHED if staged["rows"] else SnapshotState.EMPTY,
        reason=_reason(snapshot, staged),
        values={
            "row_count": staged["rows"], "warning_count": staged["warnings"], "error_count": staged["errors"],
            "malformed_count": staged["malformed"], "misfits": staged.get("misfits", {}), "processed_at": tools.now(),
        },
        writes=(
            ManifestFiles(files),
            *(_result(one) for one in staged["results"]),
            # Rows with data are what the vendor bills; warnings and errors are not.
            Settle(
                Money(staged["rows"] * snapshot.price_micro_usd, staged["rows"]),
                corrects=bool((snapshot.raw or {}).get("corrects")),
            ),
        ),
    )  # fmt: skip


def _reason(snapshot: Snapshot, staged: Mapping[str, Any]) -> str | None:
    """Why there are no data rows, and who took a body as it is; of a whole one nothing is to be said."""
    raw, said = snapshot.raw or {}, list[str]()
    if not staged["rows"]:
        counts = (f"{staged[name]} {name}" for name in ("warnings", "errors", "malformed"))
        said.append(f"no data rows: {', '.join(counts)}")
        if raw.get("vendor_rows", 0) is None and snapshot.vendor_status != "file":
            said.append("Bright Data gives no count to compare with")
    if "accepted_by" in raw and raw.get("accepted") == raw["sha256"]:
        said.append(f"published as it is, {raw['accepted_by']}")
    return "; ".join(said) or None


def _result(one: Mapping[str, Any]) -> SourceResult:
    return SourceResult(
        source_id=one["source_id"], row_count=one["rows"], warning_count=one["warnings"], error_count=one["errors"],
        reason=one["reason"] or (None if one["rows"] else _NOTHING), misfits=one.get("misfits", {}),
    )  # fmt: skip
