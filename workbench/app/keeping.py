"""Keeping the lake in good order: compaction, the sweep, backup and restore."""

from __future__ import annotations

import uuid
from typing import Any

from workbench.app.asking import Asking
from workbench.files import make_folder
from workbench.ledger import compacting
from workbench.ledger.records import LakeFile


class Keeping(Asking):
    def compact(self) -> list[dict[str, Any]]:
        """Rewrite small files into one sorted file per kind, and the latest of everything into another.

        One process at a time; the others leave it be and get an empty list. Nobody who queries waits.
        """
        token = self.lanes.take("compact")
        if token is None:
            return []
        try:
            return [one for kind in self._kinds() if (one := self._compact(kind)) is not None]
        finally:
            self.lanes.release("compact", token)

    @staticmethod
    def _kinds() -> tuple[str, ...]:
        from workbench.tables.compact import KINDS

        return KINDS

    def _compact(self, kind: str) -> dict[str, Any] | None:
        from workbench.tables.catalog import LakeFile as TableFile
        from workbench.tables.compact import FOLDER, compact

        read = compacting.to_compact(self.ledger, kind)
        if len(read) < 2:  # noqa: PLR2004 - one file is as good as it gets
            return None
        lake = make_folder(self.settings.lake)
        files = [TableFile(kind=kind, path=path, snapshot_id="-", dataset_id=None, rows=0) for path in read]
        made = compact(lake, kind, files, lake / FOLDER / f".work-{uuid.uuid4().hex[:8]}")
        whole, latest = (LakeFile(**vars(one)) for one in (made.whole, made.latest))
        if not compacting.swap(self.ledger, read, whole, latest):
            return None  # something was reprocessed meanwhile; the next time will do, and the sweep takes the files
        return {"kind": kind, "files": len(read), "rows": whole.rows, "latest_rows": latest.rows, "path": whole.path}
