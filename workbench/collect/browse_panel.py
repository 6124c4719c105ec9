"""What came: the tree of runs at the left, the rows, rejects, files and story of a folder at the right.

By hand it is a page of widgets. Without a person it leaves the same tables of one run, as HTML that a report keeps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, cast

import ipywidgets

from workbench.collect.browsing import RUNS, BrowseFolder, FolderPath, Form, narrowed
from workbench.collect.markup import record_view
from workbench.errors import BadInput
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, esc, join, note, tag
from workbench.panels.markup import table as still_table
from workbench.panels.page import page, still
from workbench.panels.paged import Column, PagedTable, Query, Rows, among
from workbench.panels.tree import Handout, Tabs, Tree, line
from workbench.panels.widgets import LiveRegion, Panel, Region, show

if TYPE_CHECKING:
    from workbench.lake.excerpt import Excerpt
    from workbench.workbench import Workbench

TABS: Final = (("rows", "Rows"), ("rejects", "Rejects"), ("files", "Files"), ("story", "Story"))
SIZE: Final = 25  # rows of a page: what is opened below them is not far
_LOOK_SECONDS: Final = 2.0
_BETWEEN: Final = "\x1f"  # in the name of a line; no name of a run, platform or job has it
_MORE: Final = "more"
_HANDED: Final = (("csv", "CSV"), ("parquet", "Parquet"), ("xlsx", "Spreadsheet"))
_COPIED: Final = (("sql", "Copy SQL"), ("pandas", "Copy as pandas"))
# What an analyst looks at first; all the others with a tick.
_FIRST: Final = {
    "posts": "author text like_count comment_count view_count published_at platform media_type url creator",
    "comments": "author text like_count reply_count published_at platform post_url url creator",
    "profiles": "name handle follower_count post_count is_verified platform url creator",
    "companies": "name handle follower_count employee_count headquarters platform url creator",
    "job_ads": "title company_name location employment_type published_at platform url creator",
}
_SAID: Final = {"malformed": "unreadable", "error": "error at Bright Data", "warning": "warning of Bright Data"}
_KINDS: Final = {"BIGINT": "number", "DOUBLE": "number", "TIMESTAMPTZ": "time"}
_STORY: Final = (
    Column("at", "When", "time"), Column("which", "What"), Column("what", "What happened"),
    Column("estimate_micro_usd", "ESTIMATE", "money"), Column("who", "Who"),
)  # fmt: skip
_FILES: Final = (
    Column("name", "File", "mono"), Column("what", "What it is"), Column("rows", "Rows", "number"),
    Column("bytes", "Bytes", "number"), Column("folder", "Folder"),
)  # fmt: skip
_REASONS: Final = (
    Column("why", "Why"), Column("count", "Rows", "number"), Column("kind", "Kind"), Column("code", "Code", "mono"),
)  # fmt: skip
_REJECTS: Final = (
    Column("raw", "The row, as it was sent"), Column("source_url", "Source", "link"), Column("reason", "Why"),
    Column("row_no", "Row", "number"), Column("snapshot_id", "Snapshot", "mono"),
)  # fmt: skip


def browse(wb: Workbench, run: str = "", *, rows: int = 50) -> None:
    """By hand: the tree and its tabs. Without a person: the tables of one run (its id or name; empty: the newest)."""
    if is_by_hand():
        page(wb, lambda: BrowsePanel(wb, run))
    else:
        still(still_view(wb, run, rows))


def still_view(wb: Workbench, run: str, rows: int) -> Html:
    """What the page shows of one run when it is opened: its folders, and the first of each tab."""
    path = _path_of(wb, run)
    if path is None:
        return note("plain", "Nothing was collected yet.")
    folders = [one for folder in wb.browse.within(path) for one in (folder, *_below(wb, folder))]
    heads = ("Folder", "State", "Rows", "Rejected")
    tree = [(f"{'· ' * (len(one.path) - 2)}{one.label}", one.status, one.rows, one.rejects) for one in folders]
    parts = [still_table(f"Folders of {wb.browse.scope(path).label}", heads, tree)]
    parts += [Html(_rows_table(wb, path, kind, size=rows).markup()) for kind in wb.browse.scope(path).kinds]
    parts += [Html(one.markup()) for one in (_reasons_table(wb, path), _files_table(wb, path), _story_table(wb, path))]
    return join(parts)


def _below(wb: Workbench, folder: BrowseFolder) -> list[BrowseFolder]:
    """The services and jobs of a platform, in the order of the tree."""
    if not folder.has_more or len(folder.path) > len(("run", "platform", "service")):
        return []
    return [each for one in wb.browse.within(folder.path) for each in (one, *_below(wb, one))]


def _path_of(wb: Workbench, run: str) -> FolderPath | None:
    """The folder of a run that is named by id or name; of the newest without a name; None where there is none."""
    if not run and not wb.browse.runs(limit=1)[0]:
        return None
    return (str(wb.collect.runs(run or None)[0]["run_id"]),) if run else wb.browse.runs(limit=1)[0][0].path


# tables -------------------------------------------------------------------------------------------------


def _columns(excerpt: Excerpt, *, is_all: bool) -> list[Column]:
    first = _FIRST[excerpt.kind].split()
    names = [*first, *(one for one in excerpt.columns if one not in first)] if is_all else first
    return [Column(one, one.replace("_", " "), _kind(one, excerpt.columns[one])) for one in names]


def _kind(name: str, type_: str) -> Any:
    if type_ == "VARCHAR" and name.endswith("url"):
        return "link"
    if name.endswith("_id") or name == "row_no":
        return "mono"
    return _KINDS.get(type_, "text")


def _key(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "id": f"{row['snapshot_id']}{_BETWEEN}{row['row_no']}"}


class _Shown:
    """The fetch of a table of rows; keeps what was asked for last, which is what is taken away."""

    def __init__(
        self, wb: Workbench, excerpt: Callable[[], Excerpt], told: Callable[[Excerpt, Any], None] = lambda *_: None
    ) -> None:
        self._wb, self._excerpt, self._told = wb, excerpt, told

    def __call__(self, query: Query) -> Rows:
        chosen = narrowed(self._excerpt(), text=query.text, sort=query.sort, descending=query.descending)
        found = self._wb.browse.page(chosen, offset=query.offset, limit=query.limit)
        self._told(chosen, found)
        return Rows([_key(one) for one in found.rows], found.total)


def _rows_table(
    wb: Workbench, path: FolderPath, kind: str, *, size: int = SIZE, is_all: bool = False,
    told: Callable[[Excerpt, Any], None] = lambda *_: None, on_open: Callable[[str], None] | None = None,
) -> PagedTable:  # fmt: skip
    label = f"{kind.replace('_', ' ').capitalize()} of {wb.browse.scope(path).label}"
    columns = _columns(wb.browse.excerpt(path, kind), is_all=is_all)
    fetch = _Shown(wb, lambda: wb.browse.excerpt(path, kind), told)
    return PagedTable(
        label, columns, fetch, size=size, on_open=on_open, zone=wb.settings.zone, redact=wb.parts.redactor,
        empty="No rows came.",
    )  # fmt: skip


def _reasons_table(wb: Workbench, path: FolderPath, on_open: Callable[[str], None] | None = None) -> PagedTable:
    def rows() -> list[dict[str, Any]]:
        found = enumerate(wb.browse.reasons(path))
        return [{**one, "kind": _SAID.get(one["kind"], one["kind"]), "id": str(place)} for place, one in found]

    return PagedTable(
        f"Rows that did not become data, by reason: {wb.browse.scope(path).label}", _REASONS, among(rows),
        on_open=on_open, redact=wb.parts.redactor, empty="None: every row became data.",
    )  # fmt: skip


def _files_table(wb: Workbench, path: FolderPath) -> PagedTable:
    return PagedTable(
        f"Files of {wb.browse.scope(path).label}", _FILES, among(lambda: _named(wb.browse.files(path))), key="path",
        redact=wb.parts.redactor, empty="No files are there.",
    )  # fmt: skip


def _named(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    places = [(one, PurePosixPath(one["path"])) for one in files]
    return [{**one, "name": place.name, "folder": place.parent.as_posix()} for one, place in places]


def _story_table(wb: Workbench, path: FolderPath) -> PagedTable:
    return PagedTable(
        f"What happened: {wb.browse.scope(path).label}", _STORY, among(lambda: wb.browse.story(path)), key="seq",
        zone=wb.settings.zone, redact=wb.parts.redactor, empty="Nothing happened yet.",
    )  # fmt: skip


# widgets ------------------------------------------------------------------------------------------------


class BrowsePanel(Panel):
    """The tree, and the tabs of the folder that is chosen in it; what is open follows the ledger."""

    def __init__(self, wb: Workbench, run: str = "") -> None:
        self._wb = wb
        self._lock = threading.RLock()
        self._open: set[FolderPath] = set()
        self._text, self._only, self._runs = "", False, RUNS
        self._head: object = None
        self.tree = Tree(label="Runs, platforms, services, jobs and what they brought",
                         filter_words="only with rejects", empty="No run fits.")  # fmt: skip
        self.tree.on_msg(self._heard)
        self.tabs = Tabs(label="Of the chosen folder", tabs=[list(one) for one in TABS], chosen="rows")
        self.title = LiveRegion()
        self.body = ipywidgets.VBox(layout=_wide())
        self.alert = Region()
        self._path: FolderPath | None = _path_of(wb, run)
        left = ipywidgets.VBox([self.tree], layout=ipywidgets.Layout(flex="1 1 300px", min_width="0", max_width="30em"))
        beside = ipywidgets.Layout(flex="3 1 420px", min_width="0")
        right = ipywidgets.VBox([self.title, self.tabs, self.body], layout=beside)
        both = ipywidgets.Box([left, right], layout=ipywidgets.Layout(display="flex", flex_flow="row wrap"))
        both.layout.grid_gap = "8px 20px"
        super().__init__([both, self.alert])
        self.add_class("wb-browse-panel")
        self.tabs.observe(lambda _: self.act(wb, self._draw_tab, "tab"), "chosen")
        if self._path is None:
            self.title.html = note("plain", "Nothing was collected yet: plan a run first.")
            show(self.tabs, is_shown=False)
        else:
            self._open.add(self._path)
            self.tree.chosen = _name(self._path)
            self.act(wb, self._draw_tab, "tab")
        self.watch(wb, self._look, every=_LOOK_SECONDS)

    def markup(self) -> Html:
        """The tree as far as it is open, and the table beside it."""
        lines = [(f"{'· ' * (one['level'] - 1)}{one['label']}", one["word"], one["counts"]) for one in self.tree.lines]
        tabs = [one for tab in self.body.children for one in (tab, *tab.children, *_inside(tab))]
        tables = [Html(one.markup()) for one in tabs if isinstance(one, PagedTable)]
        return join([still_table("Folders", ("Folder", "State", "Holds"), lines), Html(self.title.html), *tables])

    # the tree -------------------------------------------------------------------------------------

    def _look(self) -> None:
        head = self._wb.parts.ledger.head()
        if head == self._head:
            return
        had, self._head = self._head is not None, head
        self._draw_tree()
        if had:
            for one in self.body.children:
                if isinstance(one, FolderTab):
                    one.follow()

    def _draw_tree(self) -> None:
        with self._lock:
            found, total = self._wb.browse.runs(self._text, with_rejects=self._only, limit=self._runs)
            lines = self._lines(found, 1, total)
            if total > len(found):
                words = f"{total - len(found):,} more runs"
                lines.append(line(_MORE, words, level=1, place=len(found) + 1, of=total))
            everything = line("", "All runs", level=1, place=1, of=total + 1)
            self.tree.lines = [everything, *lines] if found or not (self._text or self._only) else []

    def _lines(self, folders: Sequence[BrowseFolder], level: int, number: int) -> list[dict[str, Any]]:
        made = []
        for place, one in enumerate(folders, 2 if level == 1 else 1):
            is_open = one.path in self._open if one.has_more else None
            counts = f"{one.rows:,} rows" + (f" · {one.rejects:,} rejected" if one.rejects else "")
            made.append(
                line(
                    _name(one.path), one.label, level=level, place=place, of=number + (level == 1), counts=counts,
                    word=one.status, is_open=is_open,
                )
            )  # fmt: skip
            if is_open:
                below = self._wb.browse.within(one.path, with_rejects=self._only)
                made += self._lines(below, level + 1, len(below))
        return made

    def _heard(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        self.act(self._wb, lambda: self._do(content), "tree")

    def _do(self, content: dict[str, Any]) -> None:
        with self._lock:
            if "find" in content:
                self._text, self._only, self._runs = str(content["find"])[:200], bool(content.get("only")), RUNS
            elif "open" in content:
                self._open.add(_path(content["open"]))
            elif "close" in content:
                self._open.discard(_path(content["close"]))
            elif content.get("choose") == _MORE:
                self._runs += RUNS
            elif "choose" in content:
                self._choose(_path(content["choose"]))
                return
        self._draw_tree()

    def _choose(self, path: FolderPath) -> None:
        self._path = path
        self.tree.chosen = _name(path)
        self._draw_tab()

    # the tabs -------------------------------------------------------------------------------------

    def _draw_tab(self) -> None:
        with self._lock:
            path, wb = self._path, self._wb
            if path is None:
                return
            show(self.tabs, is_shown=True)
            self.title.html = tag("h3", wb.browse.scope(path).label, style="margin: 0; font-size: 15px;")
            self.body.children = (_TAB[self.tabs.chosen](wb, path),)


class FolderTab(Panel):
    """What a tab shows of a folder; `follow` when the ledger has changed."""

    def __init__(self, wb: Workbench, path: FolderPath, *parts: Any) -> None:
        self._wb, self._folder = wb, path
        self.alert = Region()
        super().__init__([*parts, self.alert], layout=_wide())

    def follow(self) -> None:
        for one in self.children:
            if isinstance(one, PagedTable):
                one.refresh()


class RowsTab(FolderTab):
    """Rows of the folder; the vendor's whole row on a click, all of them to be taken away."""

    def __init__(self, wb: Workbench, path: FolderPath) -> None:
        self._shown: Excerpt | None = None
        kinds = list(wb.browse.scope(path).kinds)
        words = [(f"{one.replace('_', ' ')} ({number:,})", one) for one, number in wb.browse.scope(path).kinds.items()]
        self.kind = ipywidgets.Dropdown(description="Table", options=words or [("no rows", "")])
        self.all_columns = ipywidgets.Checkbox(description="all columns", indent=False)
        self.kind.observe(lambda _: self.act(wb, self._draw, "rows"), "value")
        self.all_columns.observe(lambda _: self.act(wb, self._draw, "rows"), "value")
        self.table = ipywidgets.VBox(layout=_wide())
        self.more = LiveRegion()
        self.record = LiveRegion(live="", comes=True)
        self.handout = Handout(_HANDED, _COPIED, self._take)
        self._kinds = kinds
        super().__init__(
            wb, path, ipywidgets.HBox([self.kind, self.all_columns]), self.handout, self.table, self.more, self.record
        )
        self.add_class("wb-rows-tab")
        show(self.kind, is_shown=len(kinds) > 1)
        self._draw()

    def follow(self) -> None:
        """Rows came: the folder has more of them, and maybe of another table."""
        kinds = list(self._wb.browse.scope(self._folder).kinds)
        if kinds != self._kinds:
            self._kinds = kinds
            numbers = self._wb.browse.scope(self._folder).kinds
            self.kind.options = [(f"{one.replace('_', ' ')} ({numbers[one]:,})", one) for one in kinds]
            show(self.kind, is_shown=len(kinds) > 1)
        self._draw(keep=True)

    def _draw(self, *, keep: bool = False) -> None:
        kind = self.kind.value
        show(self.handout, is_shown=bool(kind))
        show(self.all_columns, is_shown=bool(kind))
        if not kind:
            self.table.children = (Words("No rows came yet; the tab Story says what happened."),)
            return
        found = self.table.children[0] if self.table.children else None
        if keep and isinstance(found, PagedTable):
            found.refresh()
            return
        self.record.html = esc("")
        self.table.children = (
            _rows_table(
                self._wb, self._folder, kind, is_all=self.all_columns.value, told=self._told, on_open=self._open
            ),
        )

    def _told(self, shown: Excerpt, found: Any) -> None:
        self._shown = shown
        texts = {"sql": self._wb.browse.sql(shown), "pandas": self._wb.browse.pandas(shown)}
        if texts != self.handout.texts:
            self.handout.texts = texts
        missing = [note("error", f"{len(found.missing)} files of these rows are gone from the disk: workbench todo")]
        told = [*(missing if found.missing else []), *([note("plain", _TOO_MANY)] if found.is_more else [])]
        self.more.html = join(told)

    def _open(self, key: str) -> None:
        snapshot_id, _, row_no = key.partition(_BETWEEN)
        self.record.html = record_view(
            self._wb.browse.record(snapshot_id, int(row_no)), f"Row {row_no} of {snapshot_id}, as Bright Data sent it"
        )

    def _take(self, form: str) -> None:
        self.handout.is_busy = True
        self.handout.said, self.handout.path = "Writing…", ""
        self.act(self._wb, lambda: self._taken(form), "take")

    def _taken(self, form: str) -> None:
        said = ""
        try:
            if self._shown is None:
                raise BadInput("the rows are not here yet; try again in a moment.")
            label = self._wb.browse.scope(self._folder).label
            file = self._wb.browse.take(self._shown, cast("Form", form), label=label)
            said, self.handout.path = f"Written, {_size(file)}.", _below_home(file, self._wb)
        finally:
            self.handout.said, self.handout.is_busy = said, False


class RejectsTab(FolderTab):
    """Why rows did not become data; the rows of a reason on a click, and of those the whole row."""

    def __init__(self, wb: Workbench, path: FolderPath) -> None:
        self.reasons = _reasons_table(wb, path, self._open_reason)
        self.rows = ipywidgets.VBox(layout=_wide())
        self.record = LiveRegion(live="", comes=True)
        super().__init__(wb, path, self.reasons, self.rows, self.record)
        self.add_class("wb-rejects-tab")

    def _open_reason(self, key: str) -> None:
        chosen = self._wb.browse.reasons(self._folder)[int(key)]
        equal = {name: chosen[name] for name in ("kind", "code", "why")}
        self.record.html = esc("")
        fetch = _Shown(self._wb, lambda: self._wb.browse.excerpt(self._folder, "rejects", equal=equal))
        caption = f"{chosen['why'] or chosen['code']}: {chosen['count']:,}"
        self.rows.children = (
            PagedTable(caption, _REJECTS, fetch, on_open=self._open_row, redact=self._wb.parts.redactor),
        )

    def _open_row(self, key: str) -> None:
        snapshot_id, _, row_no = key.partition(_BETWEEN)
        found = self._wb.browse.reject(self._folder, snapshot_id, int(row_no))
        self.record.html = record_view(found, f"Row {row_no} of {snapshot_id}, as Bright Data sent it")


class FilesTab(FolderTab):
    def __init__(self, wb: Workbench, path: FolderPath) -> None:
        lake = wb.settings.lake.relative_to(wb.settings.home).as_posix()
        super().__init__(wb, path, Words(f"All of them lie below {lake}/ in the home."), _files_table(wb, path))
        self.add_class("wb-files-tab")


class StoryTab(FolderTab):
    def __init__(self, wb: Workbench, path: FolderPath) -> None:
        made = _story_table(wb, path) if path else Words("The story is told run by run: choose one in the tree.")
        super().__init__(wb, path, made)
        self.add_class("wb-story-tab")


def _inside(tab: Any) -> list[Any]:
    return [each for one in tab.children if isinstance(one, ipywidgets.Box) for each in one.children]


def _wide() -> Any:
    return ipywidgets.Layout(min_width="0", width="100%")


def Words(text: str) -> Region:  # noqa: N802 - stands where a panel would
    return Region(html=tag("p", text, style="margin: 4px 0;"))


_TAB: Final[dict[str, Callable[[Workbench, FolderPath], FolderTab]]] = {
    "rows": RowsTab, "rejects": RejectsTab, "files": FilesTab, "story": StoryTab,
}  # fmt: skip
_TOO_MANY: Final = "More than 10,000 rows fit: look for something narrower, or take them away."


def _name(path: FolderPath) -> str:
    return _BETWEEN.join(path)


def _path(name: Any) -> FolderPath:
    return tuple(str(name).split(_BETWEEN)) if name else ()


def _below_home(file: Path, wb: Workbench) -> str:
    return file.relative_to(wb.settings.home).as_posix()


def _size(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / 1_000_000:,.1f} MB" if size >= 1_000_000 else f"{max(size / 1_000, 0.1):,.1f} kB"  # noqa: PLR2004
