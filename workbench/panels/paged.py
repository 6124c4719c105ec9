"""A table that is cut into pages where the data is: only what a person looks at comes to the browser.

The browser says what it wants (a page, an order, a filter); `fetch` answers off the kernel's own thread, one question
after the other, and of those that came meanwhile only the newest: a late answer never stands over a newer one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, Literal

import anywidget
import traitlets

from workbench.panels.assets import script, style
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import BADGES, Amount, Html, badge, dollars, link, moment, shortened, shown, tag, tone_of
from workbench.panels.markup import table as still_table
from workbench.panels.page import handled, in_background
from workbench.panels.widgets import Panel, Region

Kind = Literal["text", "number", "money", "time", "link", "page", "badge", "bar", "mono"]
_FIRST: Final = 0.3  # seconds that a display waits for its first page, for those who see no widgets


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    `money` is micro-dollars; `time` a datetime or ISO text; `link` an address, or (address, words); `page` (the name of
    a notebook of ours, words); `badge` a word of state, or (word, tone); `bar` a percentage.
    """

    name: str
    label: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Query:
    """What a person wants to see: `sort` is the name of a column, or empty for the order of the data."""

    offset: int = 0
    limit: int = 50
    sort: str = ""
    descending: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A page: its rows, and how many there are in all that fit the filter."""

    rows: list[dict[str, Any]]
    total: int


Fetch = Callable[[Query], Rows]


def among(rows: Callable[[], Iterable[Mapping[str, Any]]]) -> Fetch:
    """A fetch for what is short enough to be read whole each time: filter, order and cut are made here."""

    def fetch(query: Query) -> Rows:
        wanted = query.text.casefold().split()
        found = [dict(one) for one in rows()]
        if wanted:
            found = [one for one in found if _holds(one, wanted)]
        if query.sort:
            known = [one for one in found if one.get(query.sort) is not None]
            known.sort(key=lambda one: _order(one[query.sort]), reverse=query.descending)
            found = known + [one for one in found if one.get(query.sort) is None]
        return Rows(found[query.offset : query.offset + query.limit], len(found))

    return fetch


def _holds(row: Mapping[str, Any], words: Sequence[str]) -> bool:
    said = " ".join(shown(value) for value in row.values()).casefold()
    return all(word in said for word in words)


def _order(value: Any) -> tuple[int, Any]:
    """Numbers before times before texts: what cannot be compared does not stop a table."""
    if isinstance(value, int | float | Decimal):
        return 0, value
    if isinstance(value, datetime):
        return 1, value.timestamp()
    return 2, shown(value).casefold()


class PagedGrid(anywidget.AnyWidget):
    """The table in the browser. `ask` is what it wants, `page` what it was answered last."""

    _esm = script("paged")
    _css = style("paged")
    caption = traitlets.Unicode().tag(sync=True)
    columns = traitlets.List(traitlets.Any()).tag(sync=True)
    size = traitlets.Int(50).tag(sync=True)
    choose = traitlets.Enum(["none", "one", "many"], "none").tag(sync=True)
    opens = traitlets.Bool(False).tag(sync=True)
    empty = traitlets.Unicode("Nothing is here.").tag(sync=True)
    ask = traitlets.Dict().tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    chosen = traitlets.List(traitlets.Unicode()).tag(sync=True)


class PagedTable(Panel):
    """Rows that are sorted, filtered and turned over; chosen with ticks, opened by click and Enter."""

    def __init__(
        self, caption: str, columns: Sequence[Column], fetch: Fetch, *, key: str = "id",
        choose: Literal["none", "one", "many"] = "none", on_open: Callable[[str], None] | None = None, size: int = 50,
        sort: str = "", descending: bool = False, empty: str = "Nothing is here.", zone: tzinfo | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        """`key`: the column that names a row; `sort`: the order to begin with; `zone`: of the times.

        `on_open` gets the key of a row; it is called off the kernel's own thread, and its errors are shown here.
        """
        self._columns, self._fetch, self._key = tuple(columns), fetch, key
        self._on_open, self._zone, self._redact = on_open, zone, redact
        self._on_choice: list[Callable[[list[str]], None]] = []
        self._wanted = threading.Condition()
        self._is_wanted = self._is_at_work = False
        self._first = threading.Event()
        self._last = Rows([], 0)
        asked = Query(limit=size, sort=sort, descending=descending)
        self.sheet = PagedGrid(
            caption=caption, columns=[asdict(one) for one in columns], size=size, choose=choose, empty=empty,
            opens=on_open is not None, ask={**asdict(asked), "serial": 0}, page=_page(asked, 0, [], 0, is_known=False),
        )  # fmt: skip
        self.alert = Region()
        super().__init__([self.sheet, self.alert])
        self.add_class("wb-paged-panel")
        self.sheet.observe(lambda _: self.refresh(), "ask")
        self.sheet.observe(lambda change: self._chose(change["new"]), "chosen")
        self.sheet.on_msg(self._heard)
        if is_by_hand():
            self.refresh()

    @property
    def chosen(self) -> list[str]:
        """Keys of the rows that are ticked, also of those on other pages."""
        return list(self.sheet.chosen)

    @chosen.setter
    def chosen(self, keys: Sequence[str]) -> None:
        self.sheet.chosen = list(keys)

    def on_choice(self, callback: Callable[[list[str]], None]) -> None:
        """Call `callback` with the keys whenever another row is ticked or left."""
        self._on_choice.append(callback)

    def refresh(self) -> None:
        """Ask again for what is shown; returns at once. Rows that are the same stay as they are."""
        with self._wanted:
            self._is_wanted = True
            if self._is_at_work:
                return
            self._is_at_work = True
        in_background(self._work, "table")

    def show(self, caption: str | None = None, fetch: Fetch | None = None) -> None:
        """Show other rows in the same table, from the first page on."""
        if fetch is not None:
            self._fetch = fetch
        if caption is not None:
            self.sheet.caption = caption
        self.sheet.ask = {**self.sheet.ask, "offset": 0, "serial": self.sheet.ask["serial"] + 1}
        self.refresh()

    def markup(self) -> Html:
        """The first page as it is, or the one that is looked at."""
        if not is_by_hand():
            self._last = self._fetched(self._asked()[0])[1]
        else:
            self._first.wait(_FIRST)
        found, asked = self._last, self._asked()[0]
        caption, total = self.sheet.caption, found.total
        if not found.rows:
            return tag("p", tag("strong", caption), ": ", self.sheet.empty)
        if total > len(found.rows):
            caption = f"{caption} ({asked.offset + 1:,} to {asked.offset + len(found.rows):,} of {total:,})"
        rows = [[self._still(column, one.get(column.name)) for column in self._columns] for one in found.rows]
        return still_table(caption, [one.label for one in self._columns], rows, zone=self._zone)

    # in threads -----------------------------------------------------------------------------------

    def _work(self) -> None:
        """Answer until nothing is wanted any more."""
        while True:
            with self._wanted:
                if not self._is_wanted:
                    self._is_at_work = False
                    return
                self._is_wanted = False
            if handled(self._answer, self._show_error, self._redact):
                self.alert.html = ""
            self._first.set()

    def _answer(self) -> None:
        asked, serial = self._asked()
        asked, found = self._fetched(asked)
        if self._is_wanted and self._asked()[1] != serial:
            return  # something else is wanted by now
        self._last = found
        rows = [[str(one[self._key]), [self._cell(each, one.get(each.name)) for each in self._columns]]
                for one in found.rows]  # fmt: skip
        self.sheet.page = _page(asked, serial, rows, found.total)

    def _fetched(self, asked: Query) -> tuple[Query, Rows]:
        """What was asked for; of what has become shorter meanwhile the last page."""
        found = self._fetch(asked)
        if not found.rows and found.total and asked.offset:
            asked = replace(asked, offset=(found.total - 1) // asked.limit * asked.limit)
            found = self._fetch(asked)
        return asked, found

    def _asked(self) -> tuple[Query, int]:
        """What the browser wants, made safe: it may send anything."""
        asked = self.sheet.ask
        names = {one.name for one in self._columns}
        sort = asked.get("sort")
        return Query(
            offset=max(0, int(asked.get("offset") or 0)),
            limit=self.sheet.size,
            sort=sort if sort in names else "",
            descending=bool(asked.get("descending")),
            text=str(asked.get("text") or "")[:200],
        ), int(asked.get("serial") or 0)

    # cells ----------------------------------------------------------------------------------------

    def _cell(self, column: Column, value: Any) -> Any:
        """What the browser writes: words, or words with an address, a tone, or the whole of what was cut."""
        if value is None or (column.kind == "badge" and not value):
            return ""
        match column.kind:
            case "badge":
                word, tone = _worded(value)
                return {"words": word, "tone": tone, "mark": BADGES[tone][0]}
            case "page":
                return {"words": str(value[1]), "page": str(value[0])}
            case "bar":
                return {"words": f"{int(value)} %", "bar": int(value)}
            case "link":
                address, words = value if isinstance(value, tuple) else (value, value)
                cell: dict[str, Any] = {"address": str(address or "")}
            case "mono":
                words, cell = value, {"mono": True}
            case _:
                words, cell = self._words(column, value), {}
        short, whole = shortened(shown(words, self._zone))
        cell |= {"words": short} | ({"whole": whole} if whole else {})
        return cell if len(cell) > 1 else short

    def _words(self, column: Column, value: Any) -> str:
        if column.kind == "money":
            return dollars(int(value))
        if column.kind == "time":
            at = _moment(value)
            return shown(value) if at is None else moment(at, self._zone)
        return shown(value, self._zone)

    def _still(self, column: Column, value: Any) -> object:
        if value is None:
            return None
        match column.kind:
            case "money":
                made: object = Amount(dollars(int(value)))
            case "badge":
                made = badge(*_worded(value)) if value else None
            case "link" if isinstance(value, tuple):
                made = link(*value)
            case "page":
                made = str(value[1])
            case "bar":
                made = f"{int(value)} %"
            case "mono":
                made = tag("code", shown(value, self._zone))
            case "time":
                made = _moment(value) or value
            case _:
                made = value
        return made

    # clicks ---------------------------------------------------------------------------------------

    def _heard(self, widget: Any, content: Mapping[str, Any], buffers: Any) -> None:
        on_open = self._on_open
        if on_open is not None and "open" in content:
            in_background(
                lambda: handled(lambda: on_open(str(content["open"])), self._show_error, self._redact), "open"
            )

    def _chose(self, keys: list[str]) -> None:
        for one in self._on_choice:
            handled(lambda one=one: one(list(keys)), self._show_error, self._redact)  # type: ignore[misc]


def _page(asked: Query, serial: int, rows: list[Any], total: int, *, is_known: bool = True) -> dict[str, Any]:
    return {**asdict(asked), "serial": serial, "rows": rows, "total": total, "is_known": is_known}


def _worded(value: Any) -> tuple[str, str]:
    if isinstance(value, tuple):
        return str(value[0]), str(value[1])
    return str(value), tone_of(str(value))


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return None
