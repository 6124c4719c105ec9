"""sealed → chained: each manifest names the one sealed before it, and the ledger's log of events names each manifest.

One sealer at a time. What is about to be sealed is written down first; where a sealer or a remover is killed, the next
one brings its work to an end. Reports made before there was a chain are taken into it as they are, by one link that
lists them; a report that is removed leaves a tombstone, which is a link too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from workbench.audit import origin, store
from workbench.audit.find import found_in
from workbench.audit.seal import forget_unsealed, manifest_of, remove_sealed, write_sealed
from workbench.audit.verify_archive import GENESIS, MANIFEST, Link
from workbench.db.clock import now
from workbench.db.ledger import Ledger
from workbench.engine.locks import Locks
from workbench.errors import BadInput, Transient

LOCK: Final = "seal"
_PATIENCE: Final = 60.0  # seconds that another sealer is waited for
_PAUSE: Final = 0.05


class Chain:
    """The chain of one archive, for whoever adds a link to it."""

    def __init__(self, ledger: Ledger, locks: Locks, root: Path) -> None:
        self._ledger, self._locks = ledger, locks
        self.root = root  # archive/reports

    def seal(self, folder: Path, files: Mapping[str, bytes], record: Mapping[str, Any]) -> Path:
        """Write `files` and their manifest as `folder`, as the next link; return the manifest's path."""
        with self._alone():
            self._mend()
            return self._add("report", folder, files, record)

    def mend(self) -> None:
        """Bring to an end what was killed in the middle, and take in what was made before there was a chain."""
        with self._alone():
            self._mend()

    def remove(self, execution_id: str, reason: str, zone_day: str) -> dict[str, Any]:
        """Remove a sealed report for good, and leave a tombstone: what, when, why, who."""
        if not reason.strip():
            raise BadInput("a report is removed with a reason: give --reason TEXT.")
        with self._alone():
            self._mend()
            removes = self._sealed_as(execution_id)
            at = now()
            tombstone_id = f"{at:%Y%m%d-%H%M%S}-removed-{secrets.token_hex(3)}"
            record = {
                "kind": "tombstone", "execution_id": tombstone_id, "removes": {**removes, "execution_id": execution_id},
                "reason": reason.strip(), "actor": origin.actor(), "at": at.isoformat(),
            }  # fmt: skip
            self._add("tombstone", self.root / zone_day / tombstone_id, {}, record, removes=removes["place"])
            self._finish_removals()
        return {"execution_id": execution_id, "tombstone": tombstone_id, "removed": removes["place"]}

    def _sealed_as(self, execution_id: str) -> dict[str, Any]:
        """Where the report of an execution stands in the chain."""
        for one in store.seals(self._ledger, execution_id=execution_id):
            if one["kind"] == "report":
                said = {name: one[name] for name in ("sequence", "place", "manifest", "previous")}
                if not (self.root / said["place"]).is_dir():
                    raise BadInput(f"the report of {execution_id} is not in the archive any more; nothing was done.")
                return said
        folder = Path(store.get_execution(self._ledger, execution_id)["folder"])
        place = "/".join(folder.parts[-4:])
        if not (link := _link_at(self.root, place)):
            raise BadInput(f"{execution_id} has no sealed report in {self.root}; nothing was done.")
        return {"sequence": None, "place": place, "manifest": link.sha256}

    # under the lock -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            with self._locks.holding(LOCK, "sealing a report") as is_ours:
                if is_ours:
                    yield
                    return
            if time.monotonic() > deadline:
                raise Transient(f"another process has been sealing for {_PATIENCE:.0f} s; try again.")
            time.sleep(_PAUSE)

    def _add(
        self,
        kind: str,
        folder: Path,
        files: Mapping[str, bytes],
        record: Mapping[str, Any],
        *,
        removes: str | None = None,
    ) -> Path:
        last = store.last_seal(self._ledger)
        seq, digest = self._ledger.head()
        place = folder.relative_to(self.root).as_posix()
        sequence = 1 + (last["sequence"] if last else 0)
        link = {
            "kind": kind,
            "sequence": sequence,
            "previous": last["manifest"] if last else GENESIS,
            "place": place,
            "ledger": {"id": self._ledger.ledger_id, "seq": seq, "hash": digest},
        }
        manifest = manifest_of(files, record, link)
        row = {
            "sequence": sequence, "kind": kind, "execution_id": str(record["execution_id"]), "place": place,
            "manifest": hashlib.sha256(manifest).hexdigest(), "previous": link["previous"], "removes": removes,
        }  # fmt: skip
        store.begin_seal(self._ledger, row)
        try:
            written = write_sealed(folder, files, manifest)
        except BaseException:
            store.drop_seal(self._ledger, sequence)
            raise
        self._finish(row)
        return written

    def _finish(self, row: Mapping[str, Any], *, taken_over: bool = False) -> None:
        found = found_in(self.root / row["place"]) if row["kind"] == "report" else None
        store.finish_seal(self._ledger, row, found=found, taken_over=taken_over)

    def _mend(self) -> None:
        for row in store.unfinished_seals(self._ledger):
            if row["sealed_at"] is not None:
                continue  # a removal, below
            if (self.root / row["place"]).is_dir():
                self._finish(row)
            else:
                store.drop_seal(self._ledger, row["sequence"])
                forget_unsealed(self.root / row["place"])
        self._finish_removals()
        self._take_in()

    def _finish_removals(self) -> None:
        for row in store.unfinished_seals(self._ledger):
            remove_sealed(self.root / row["removes"])
            manifest = json.loads((self.root / row["place"] / MANIFEST).read_bytes())
            store.finish_removal(self._ledger, row["sequence"], manifest["removes"]["execution_id"])

    def _take_in(self) -> None:
        """Links that the ledger does not know: of reports before the chain, or of a ledger before this one."""
        last = store.last_seal(self._ledger)
        unknown = list(self._unknown(since=last["place"] if last else ""))
        chained = sorted((one for one in unknown if one.sequence is not None), key=lambda one: one.facts["sequence"])
        for link in chained:
            self._take_over(link)
        earlier = [one for one in unknown if one.facts.get("format") == 1]
        if last is None and not chained and earlier:
            self._take_earlier(earlier)

    def _take_over(self, link: Link) -> None:
        """Go on behind what another ledger, or a younger state of this one, has sealed; `verify` tells which."""
        last, sealed = store.last_seal(self._ledger), link.facts["ledger"]
        expected = (1 + last["sequence"], last["manifest"]) if last else (1, GENESIS)
        if (link.sequence, link.facts["previous"]) != expected or self._knows(sealed):
            return  # not of the chain: it stays a stranger, and verify says so
        removes = link.facts.get("removes")
        row = {
            "sequence": link.sequence, "kind": link.kind, "execution_id": str(link.facts["execution_id"]),
            "place": link.place, "manifest": link.sha256, "previous": link.facts["previous"],
            "removes": removes["place"] if removes else None,
        }  # fmt: skip
        store.begin_seal(self._ledger, row)
        self._finish(row, taken_over=True)

    def _knows(self, sealed: Mapping[str, Any]) -> bool:
        return sealed["id"] == self._ledger.ledger_id and store.has_event(self._ledger, sealed["seq"], sealed["hash"])

    def _take_earlier(self, links: list[Link]) -> None:
        at = now()
        link_id = f"{at:%Y%m%d-%H%M%S}-earlier-{secrets.token_hex(3)}"
        record = {
            "kind": "earlier", "execution_id": link_id, "actor": origin.actor(), "at": at.isoformat(),
            "reports": [{"place": one.place, "manifest": one.sha256} for one in links],
        }  # fmt: skip
        self._add("earlier", self.root / f"{at:%Y/%m/%d}" / link_id, {}, record)
        for one in links:
            store.note_found(self._ledger, str(one.facts["execution_id"]), found_in(self.root / one.place))

    def _unknown(self, *, since: str) -> Iterator[Link]:
        """Sealed folders that the ledger has no row of; below the days from `since` on alone."""
        known = store.places_since(self._ledger, since[:10])
        for day in _days(self.root):
            if day < since[:10]:
                continue
            for folder in sorted((self.root / day).iterdir()):
                place = f"{day}/{folder.name}"
                if place in known or folder.name.startswith("."):
                    continue
                if (link := _link_at(self.root, place)) and not link.why:
                    yield link


def _days(root: Path) -> list[str]:
    return sorted(one.relative_to(root).as_posix() for one in root.glob("[0-9]*/[0-9]*/[0-9]*") if one.is_dir())


def _link_at(root: Path, place: str) -> Link | None:
    try:
        return Link(place, (root / place / MANIFEST).read_bytes(), set())
    except (FileNotFoundError, NotADirectoryError):
        return None
