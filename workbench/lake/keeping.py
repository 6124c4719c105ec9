"""Keeping the lake in good order: compaction, the sweep, backup and restore."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from workbench.db import backups
from workbench.db.clock import now
from workbench.db.ledger import Ledger, Mode, open_ledger
from workbench.engine import behind
from workbench.errors import BadInput, NeedsPerson, Transient
from workbench.feature import Feature
from workbench.files import LAKE_ID, make_folder, move_into_place, sha256_of, write_text
from workbench.lake import compacted, litter
from workbench.lake.catalog import TableFile
from workbench.lake.compaction import FOLDER, KINDS, compact
from workbench.lake.model import LakeFile

log = logging.getLogger(__name__)

LEDGER: Final = "ledger.db"
FIGURES: Final = "backup.json"
_READ_ON: Final = timedelta(hours=1)  # a question that began before the swap still reads the files of before


class Keeping(Feature):
    """What a person does for the lake as a whole."""

    def compact(self) -> list[dict[str, Any]]:
        """Rewrite small files into one sorted file per kind, and the latest of everything into another.

        One process at a time; the others leave it be and get an empty list. Nobody who queries waits.
        """
        with self._parts.locks.holding("compact") as is_ours:
            if not is_ours:
                return []
            if lost := [one for one in compacted.listed(self.ledger) if not (self.settings.lake / one).is_file()]:
                compacted.undo(self.ledger, lost)
            self._drop_superseded(_READ_ON)
            return [one for kind in self._kinds() if (one := self._compact(kind)) is not None]

    def drop_superseded(self) -> None:
        """Remove compacted files of earlier times, and the serving copy: somebody is in them who was forgotten."""
        with self._parts.locks.holding("compact") as is_ours:
            if not is_ours:
                raise Transient("the lake is being compacted at this moment; say the same order again.")
            self._drop_superseded(timedelta())
        (self.settings.data / "workbench.duckdb").unlink(missing_ok=True)

    def _drop_superseded(self, read_on: timedelta) -> None:
        """Remove compacted files of earlier times that nobody can be reading any more."""
        lake, listed = self.settings.lake, set(compacted.listed(self.ledger))
        for path in (lake / FOLDER).glob("*/*.parquet"):
            is_read = time.time() - path.stat().st_mtime < read_on.total_seconds()
            if path.relative_to(lake).as_posix() not in listed and not is_read:
                path.unlink(missing_ok=True)

    @staticmethod
    def _kinds() -> tuple[str, ...]:
        return KINDS

    def _compact(self, kind: str) -> dict[str, Any] | None:
        read = compacted.to_compact(self.ledger, kind)
        if len(read) < 2:  # noqa: PLR2004 - one file is as good as it gets
            return None
        lake = make_folder(self.settings.lake)
        files = [TableFile(kind=kind, path=path, snapshot_id="-", dataset_id=None, rows=0) for path in read]
        made = compact(lake, kind, files, lake / FOLDER / f".work-{uuid.uuid4().hex[:8]}")
        whole, latest = (LakeFile(**vars(one)) for one in (made.whole, made.latest))
        before = compacted.listed(self.ledger, kind)
        if not compacted.swap(self.ledger, read, whole, latest):
            return None  # something was reprocessed meanwhile; the next time will do, and the sweep takes the files
        for path in before:
            with contextlib.suppress(OSError):  # from now on it counts how long nobody needs it
                os.utime(lake / path)
        return {"kind": kind, "files": len(read), "rows": whole.rows, "latest_rows": latest.rows, "path": whole.path}

    def sweep(self, *, older_than: timedelta = timedelta(hours=24), dry: bool = True) -> dict[str, Any]:
        """Find (and unless `dry`, remove) what no manifest lists and nobody has touched: {files, bytes, swept}.

        Raises NeedsPerson when so much would go that somebody should look first.
        """
        lake = make_folder(self.settings.lake)
        listed = [path for path, _ in backups.all_files(self.ledger)]
        known = {*listed, *backups.raw_files(self.ledger)}
        found = litter.litter(lake, known, older_than=older_than)
        told = {
            "files": [{"path": str(one.path), "bytes": one.bytes, "why": one.why} for one in found],
            "bytes": sum(one.bytes for one in found),
            "swept": False,
        }
        if dry or not found:
            return told
        if litter.is_too_much(found, known):
            raise NeedsPerson(
                f"{len(found)} files of {lake} are in no manifest, which is more than litter. Look at them with "
                "workbench sweep; if the ledger was restored from an older backup, workbench recover adopts them."
            )
        litter.sweep(lake, found)
        return {**told, "swept": True}

    def sweep_evidence(self, *, dry: bool = True) -> list[str]:
        """Evidence whose time or room is over, and logs of batches that are: paths below data/ and of the creatives."""
        return self._parts.accounts.sweep_evidence(dry=dry) + self._parts.uploads.sweep_logs(dry=dry)

    def backup(self, target: str | Path) -> dict[str, Any]:
        """Copy ledger, lake, inputs and reports to the folder `target`, verified; a second time copies what is new.

        The ledger is copied first, so every file that its copy names is in the lake by then.
        """
        folder = make_folder(Path(target).expanduser().resolve())
        if folder.is_relative_to(self.settings.data) or self.settings.data.is_relative_to(folder):
            raise BadInput(f"the backup {folder} would lie in the data it copies; give a folder elsewhere.")
        beside = folder / f".ledger.{uuid.uuid4().hex[:8]}.db"
        try:
            backups.copy_to(self.ledger, beside)
            move_into_place(beside, folder / LEDGER)
        finally:
            beside.unlink(missing_ok=True)
        with _opened(folder, self.settings.mode) as copy:
            told = backups.figures(copy)
            wanted = dict.fromkeys(backups.raw_files(copy)) | dict(backups.all_files(copy))
        lost = [
            path
            for path, digest in wanted.items()
            if not litter.copy_verified(self.settings.lake / path, folder / "lake" / path, digest)
        ]
        litter.copy_verified(self.settings.lake / LAKE_ID, folder / "lake" / LAKE_ID, None)
        copied = litter.copy_tree(self.settings.data / "inputs", folder / "inputs")
        copied += litter.copy_tree(self.settings.archive, folder / "archive")
        told = {**told, "mode": self.settings.mode, "lost": lost, "made_at": now().isoformat(), "more_files": copied}
        write_text(folder / FIGURES, json.dumps(told, indent=2))
        return told

    def restore(self, source: str | Path) -> dict[str, Any]:
        """Bring a backup into this home, which must have no ledger yet; proves that the answers are the same."""
        folder = Path(source).expanduser().resolve()
        database = self.settings.data / "ledger.db"
        if not (folder / FIGURES).is_file() or not (folder / LEDGER).is_file():
            raise BadInput(f"{folder} is no backup: it has no {FIGURES} beside a {LEDGER}.")
        if database.exists() or self.settings.ledger_url:
            raise BadInput(f"{self.settings.home} has a ledger already; restore into an empty WORKBENCH_HOME.")
        told = json.loads((folder / FIGURES).read_text())
        if told.get("mode") != self.settings.mode:
            raise BadInput(
                f"{folder} is a backup of {told.get('mode')} mode, and WORKBENCH_MODE is {self.settings.mode} here. "
                "Nothing was touched."
            )
        for name, target in (("lake", self.settings.lake), ("inputs", self.settings.data / "inputs")):
            litter.copy_tree(folder / name, target)
        litter.copy_tree(folder / "archive", self.settings.archive)
        (self.settings.lake / LAKE_ID).unlink(missing_ok=True)  # of a ledger that is gone: the lake is this one's now
        litter.copy_verified(folder / LEDGER, database, None)
        found = backups.figures(self.ledger)
        # What was done since the backup is not in it: from here on the other side is asked first.
        behind.mark(self.ledger, "restored")
        wrong = [name for name, value in found.items() if told.get(name) != value]
        lost = [
            path
            for path, digest in backups.all_files(self.ledger)
            if not (self.settings.lake / path).is_file() or sha256_of(self.settings.lake / path) != digest
        ]
        return {**found, "differs": wrong, "lost": lost}


@contextlib.contextmanager
def _opened(folder: Path, mode: Mode) -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as locks:
        ledger = open_ledger(f"sqlite:///{folder / LEDGER}", mode=mode, locks=Path(locks))
        try:
            yield ledger
        finally:
            ledger.close()
