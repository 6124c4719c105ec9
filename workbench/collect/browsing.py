"""What came, folder by folder: Run → Platform → Service → Job → Content, with rows, rejects, files and the story.

Rows are cut where they are (`lake/excerpt.py`), counts come from the ledger: to look costs the same however much there
is. What is taken away lies in data/exports/ and is asked for as SQL that runs anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from workbench.collect import folders, run_lists
from workbench.collect.model import SNAPSHOT_GOOD, SNAPSHOT_UNFINISHED, SnapshotState, Status
from workbench.collect.run_summary import WORDS
from workbench.collect.storytelling import tell
from workbench.db.clock import now
from workbench.errors import BadInput
from workbench.feature import Feature
from workbench.files import make_folder, safe_name, written_beside
from workbench.lake import excerpt as excerpts
from workbench.lake.catalog import TableFile
from workbench.lake.excerpt import KINDS, Excerpt, ListedFile, RowsCut
from workbench.lake.show import SHEET_ROWS, write

EXPORTS: Final = "exports"  # the folder below data/
Form = Literal["csv", "parquet", "xlsx"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
LEVELS: Final = ("run", "platform", "service", "job", "content")
RUNS: Final = 50  # that the tree shows before it is asked for more
_CONTENTS: Final = 500  # snapshots of one job that it shows
_TEXT: Final = ("run_id", "name", "project", "what", "status")
_REASONS: Final = ("kind", "code", "why")

FolderPath = tuple[str, ...]  # (run, platform, service, job, snapshot), as far down as it goes; (): all runs


@dataclass(frozen=True, kw_only=True)
class BrowseFolder:
    """A line of the tree."""

    path: FolderPath
    label: str
    status: str
    rows: int
    rejects: int
    has_more: bool  # something lies in it


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a folder of the tree stands for: its runs, and the snapshots whose rows are in it."""

    label: str
    run_ids: tuple[str, ...]
    jobs: tuple[Mapping[str, Any], ...]
    snapshots: tuple[Mapping[str, Any], ...]
    files: tuple[Mapping[str, Any], ...]
    is_all: bool

    @property
    def kinds(self) -> dict[str, int]:
        """Tables that have rows of it, and how many."""
        counts = dict.fromkeys(KINDS, 0)
        for one in self.files:
            if one["kind"] in counts:
                counts[one["kind"]] += one["rows"]
        return {kind: rows for kind, rows in counts.items() if rows and kind != "rejects"}


class Browse(Feature):
    """What an analyst finds and takes away."""

    _kept: tuple[object, Scope] | None = None

    # the tree -------------------------------------------------------------------------------------

    def runs(
        self, text: str = "", *, with_rejects: bool = False, offset: int = 0, limit: int = RUNS
    ) -> tuple[list[BrowseFolder], int]:
        """The runs, newest first, whose name, id, project, platform, service or state has every word of `text`."""
        found, total = run_lists.page(
            self.ledger, run_lists.runs_table(), key="run_id", text_in=_TEXT, text=text, sort="created_at",
            descending=True, offset=offset, limit=limit, at_least={"rejects": 1} if with_rejects else None,
        )  # fmt: skip
        zone = self.settings.zone
        return [
            BrowseFolder(
                path=(one["run_id"],), label=f"{one['name']} · {one['created_at'].astimezone(zone):%Y-%m-%d %H:%M}",
                status=one["status"], rows=one["rows"], rejects=one["rejects"], has_more=bool(one["what"]),
            )
            for one in found
        ], total  # fmt: skip

    def within(self, path: FolderPath, *, with_rejects: bool = False) -> list[BrowseFolder]:
        """What lies in a folder: platforms of a run, services, jobs, and of a job what it brought."""
        run_id, *below = path
        jobs = [one for one in self._jobs(run_id) if _is_below(one, below)]
        if len(below) < len(("platform", "service")):
            level = ("platform", "service")[len(below)]
            found = [_gathered(path, name, [one for one in jobs if one[level] == name], level)
                     for name in dict.fromkeys(one[level] for one in jobs)]  # fmt: skip
        elif len(below) == len(("platform", "service")):
            found = [
                BrowseFolder(
                    path=(*path, one["job_id"]), label=one["name"], status=one["status"], rows=one["rows"],
                    rejects=one["rejects"], has_more=one["snapshots"] > 0,
                )
                for one in jobs
            ]  # fmt: skip
        else:
            found = [_content(path, one) for one in run_lists.snapshots_of(self.ledger, [path[3]])[:_CONTENTS]]
        return [one for one in found if one.rejects or not with_rejects]

    def _jobs(self, run_id: str) -> list[dict[str, Any]]:
        found, _ = run_lists.page(
            self.ledger, run_lists.jobs_table([run_id]), key="job_id", text_in=(), sort="platform", limit=10_000
        )
        return found

    def scope(self, path: FolderPath) -> Scope:
        """What the folder stands for; the last one is kept while nothing changes."""
        head = (path, self.ledger.head())
        if self._kept is None or self._kept[0] != head:
            self._kept = (head, self._scope(path))
        return self._kept[1]

    def _scope(self, path: FolderPath) -> Scope:
        run_ids: tuple[str, ...] = ()
        jobs: list[dict[str, Any]] = []
        label = "all runs"
        if path:
            jobs = [one for one in self._jobs(path[0]) if _is_below(one, path[1:4])]
            if not jobs:
                raise BadInput("this folder is there no longer; choose another.")
            run_ids, label = (path[0],), _label(path, jobs)
        snapshots = run_lists.snapshots_of(self.ledger, [one["job_id"] for one in jobs] if path else None)
        if len(path) == len(LEVELS):
            snapshots = [one for one in snapshots if str(one["key"]) == path[-1]]
        files = run_lists.files_of(self.ledger, [one["key"] for one in snapshots])
        return Scope(
            label=label, run_ids=run_ids, jobs=tuple(jobs), snapshots=tuple(snapshots), files=tuple(files),
            is_all=not path,
        )  # fmt: skip

    # rows -----------------------------------------------------------------------------------------

    def excerpt(self, path: FolderPath, kind: str, **wanted: Any) -> Excerpt:
        """Rows of a table in a folder; `wanted`: text, equal, sort, descending."""
        if kind not in KINDS:
            raise BadInput(f"there is no table {kind!r}; there are {', '.join(KINDS)}.")
        scope = self.scope(path)
        listed = tuple(
            ListedFile(_table_file(one), one["compacted_into"])
            for one in scope.files
            if one["kind"] == kind and one["rows"]
        )
        return Excerpt(kind=kind, listed=listed, is_all=scope.is_all, **wanted)

    def page(self, chosen: Excerpt, *, offset: int = 0, limit: int = 50) -> RowsCut:
        with self._parts.catalog.connection.cursor() as cursor:
            return excerpts.cut(cursor, self.settings.lake, chosen, offset=offset, limit=limit)

    def reasons(self, path: FolderPath) -> list[dict[str, Any]]:
        """Why rows did not become data: kind, code, why, how many; the most frequent first."""
        with self._parts.catalog.connection.cursor() as cursor:
            found = excerpts.groups(cursor, self.settings.lake, self.excerpt(path, "rejects"), _REASONS)
        return [dict(zip((*_REASONS, "count"), one, strict=True)) for one in found]

    def record(self, snapshot_id: str, row_no: int) -> Any:
        """The vendor's whole row, as it was sent; the text itself where it is no JSON."""
        files = [one for one in self._files_of(snapshot_id) if one.kind in ("raw", "lines")]
        with self._parts.catalog.connection.cursor() as cursor:
            found = excerpts.record(cursor, self.settings.lake, files, snapshot_id, row_no)
        if found is None:
            raise BadInput(
                f"what Bright Data sent as row {row_no} of {snapshot_id} is not here; to fetch it once more: "
                f"workbench recover reprocess {snapshot_id}"
            )
        return _parsed(found)

    def reject(self, path: FolderPath, snapshot_id: str, row_no: int) -> Any:
        """A row that did not become data, as it was sent."""
        equal = {"snapshot_id": snapshot_id, "row_no": str(row_no)}
        found = self.page(self.excerpt(path, "rejects", equal=equal), limit=1).rows
        if not found:
            raise BadInput(f"row {row_no} of {snapshot_id} is no reject any more; look at the folder again.")
        return _parsed(found[0]["raw"] or "")

    def _files_of(self, snapshot_id: str) -> list[TableFile]:
        keys = self._parts.recover.keys_of([snapshot_id])
        return [_table_file(one) for one in run_lists.files_of(self.ledger, keys)]

    # files and the story ----------------------------------------------------------------------------

    def files(self, path: FolderPath) -> list[dict[str, Any]]:
        """What lies on disk: path below the lake, what it is, rows, bytes."""
        scope, lake = self.scope(path), self.settings.lake
        known = {one["path"] for one in scope.files}
        found = [{**one, "what": _what(one, lake)} for one in scope.files]
        for one in scope.jobs:
            folder = lake / one["folder"]
            for each in sorted(folder.iterdir()) if folder.is_dir() else ():
                place = each.relative_to(lake).as_posix()
                if each.is_file() and place not in known and not _is_of_snapshot(each.name):
                    what = "why there are no rows here" if each.name == folders.NOTE else "not of Workbench"
                    found.append({"path": place, "what": what, "rows": None, "bytes": each.stat().st_size})
        return found

    def story(self, path: FolderPath) -> list[dict[str, Any]]:
        """What happened, oldest first, in words, as `storytelling.tell` has it."""
        scope = self.scope(path)
        if scope.is_all:
            raise BadInput("the story is told run by run; choose one.")
        named = {one["job_id"]: f"{one['platform']} {one['service']}" for one in scope.jobs}
        names = {
            str(one["key"]): f"{named.get(one['job_id'], 'an earlier run')} · {one['snapshot_id'] or 'not sent yet'}"
            for one in scope.snapshots
        }
        run_ids = scope.run_ids if len(path) == 1 else ()
        return [tell(one, names) for one in run_lists.events_of(self.ledger, run_ids, map(int, names))]

    # taking away ------------------------------------------------------------------------------------

    def take(self, chosen: Excerpt, form: Form, *, label: str = "") -> Path:
        """Write all rows of the excerpt to a new file in data/exports/, whole or not at all; where it is."""
        if form not in FORMS:
            raise BadInput(f"rows are written as {', '.join(FORMS)}, not as {form!r}.")
        if form == "xlsx" and not chosen.is_searched and chosen.total > SHEET_ROWS:
            raise BadInput(
                f"a spreadsheet holds {SHEET_ROWS:,} rows, and these are {chosen.total:,}; choose a smaller folder, "
                "search for fewer, or take CSV or Parquet."
            )
        folder = make_folder(self.settings.data / EXPORTS, mode=0o700)
        stem = safe_name(f"{chosen.kind} {label}".strip())[:60].strip()
        target = folder / f"{stem} {now().astimezone(self.settings.zone):%Y-%m-%d %H%M%S}.{form}"
        for number in range(2, 1_000):
            if not target.exists():
                break
            target = target.with_name(f"{target.stem.removesuffix(f' ({number - 1})')} ({number}).{form}")
        with self._parts.catalog.connection.cursor() as cursor, written_beside(target, mode=0o600) as file:
            write(excerpts.relation(cursor, self.settings.lake, chosen), form, file)
        return target

    def sql(self, chosen: Excerpt) -> str:
        """A query that gives the same rows, in the same order."""
        return excerpts.statement(chosen)

    def pandas(self, chosen: Excerpt) -> str:
        """Lines of Python that give the same rows as a DataFrame, wherever this home can be read."""
        query = excerpts.statement(chosen).replace("\\", "\\\\").replace('"""', r"\"\"\"")
        return (
            "from workbench import open_workbench\n\n"
            f"wb = open_workbench({str(self.home)!r})\n"
            f'df = wb.sql("""\n{query}\n""").to_arrow_table().to_pandas()\n'
        )


def _is_below(one: Mapping[str, Any], below: Sequence[str]) -> bool:
    return all(one[name] == value for name, value in zip(("platform", "service", "job_id"), below, strict=False))


def _gathered(path: FolderPath, name: str, jobs: Sequence[Mapping[str, Any]], level: str) -> BrowseFolder:
    return BrowseFolder(
        path=(*path, name), label=folders.DISPLAY.get(name, name) if level == "platform" else name,
        status=together(one["status"] for one in jobs), rows=sum(one["rows"] for one in jobs),
        rejects=sum(one["rejects"] for one in jobs), has_more=True,
    )  # fmt: skip


def together(statuses: Iterable[str]) -> str:
    """The status of jobs together, as a run's is of its jobs."""
    seen = set(statuses)
    if len(seen) == 1:
        return seen.pop()
    if seen & {Status.PENDING, Status.PROCESSING}:
        return str(Status.PROCESSING)
    return str(Status.PARTIAL) if seen & {Status.COMPLETED, Status.PARTIAL} else str(Status.FAILED)


def _content(path: FolderPath, one: Mapping[str, Any]) -> BrowseFolder:
    state = SnapshotState(one["state"])
    status = "processing" if state in SNAPSHOT_UNFINISHED else "completed" if state in SNAPSHOT_GOOD else "failed"
    return BrowseFolder(
        path=(*path, str(one["key"])), label=f"{one['snapshot_id'] or 'not sent yet'}: {WORDS[state]}", status=status,
        rows=one["row_count"] or 0, has_more=False,
        rejects=sum(one[name] or 0 for name in ("warning_count", "error_count", "malformed_count")),
    )  # fmt: skip


def _label(path: FolderPath, jobs: Sequence[Mapping[str, Any]]) -> str:
    below = [folders.DISPLAY.get(path[1], path[1]), *path[2:3]] if len(path) > 1 else []
    job = [jobs[0]["name"]] if len(path) > len(("run", "platform", "service")) else []
    return " / ".join([jobs[0]["run_name"], *below, *job])


def _table_file(one: Mapping[str, Any]) -> TableFile:
    return TableFile(one["kind"], one["path"], one["snapshot_id"] or "", None, one["rows"])


_WHAT: Final = {
    "raw": "as Bright Data delivered it",
    "lines": "the same, a row a line",
    "rejects": "rows that did not become data",
}


def _what(one: Mapping[str, Any], lake: Path) -> str:
    said = _WHAT.get(one["kind"], f"{one['kind'].replace('_', ' ')}, as a table (Parquet)")
    return said if (lake / one["path"]).is_file() else f"{said}; GONE from the disk"


def _is_of_snapshot(file_name: str) -> bool:
    return "__v" in file_name  # of an earlier transform, or of another run's answer: listed where it belongs


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def narrowed(chosen: Excerpt, **wanted: Any) -> Excerpt:
    """The same rows searched, sorted or grouped otherwise."""
    return replace(chosen, **wanted)
