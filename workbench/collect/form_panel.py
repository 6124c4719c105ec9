"""What a run is to ask for: the form, sources by tick or by paste, and the plan that comes of it.

Nothing here starts anything: to plan costs nothing, and may be done as often as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.collect import markup
from workbench.collect.order import Order
from workbench.collect.pasting import PastedLine
from workbench.errors import BadInput
from workbench.panels.form import Field, Form
from workbench.panels.markup import Html, esc, note, table
from workbench.panels.page import in_words
from workbench.panels.paged import Column, PagedTable, Query, Rows
from workbench.panels.widgets import LiveRegion, Panel, Region, show
from workbench.parsing import as_count, as_day, as_usd

if TYPE_CHECKING:
    from workbench.workbench import Workbench

ALL, SHEET, TICKED, PASTED = "all", "sheet", "ticked", "pasted"
_EVERY: Final = ""  # of the projects
_PREVIEW: Final = 100  # lines that are shown of what was pasted
_SOURCES: Final = (
    Column("name", "Source"), Column("platform", "Platform"), Column("service", "Service"),
    Column("url", "Address", "link"), Column("creator", "Creator"), Column("project", "Project"),
)  # fmt: skip
_DAY: Final = "2026-01-31, or counted from today: today, today-7d"


class _Asking(Form):
    """The form with the button; what is wrong with the sources above it is told at the same time."""

    also: Callable[[], bool] = staticmethod(lambda: True)

    def check(self) -> bool:
        is_well = super().check()
        return self.also() and is_well


class RunFormPanel(Panel):
    """The form of a run and its plan. What is filled in is what was asked last, by whatever cell or button."""

    def __init__(self, wb: Workbench, order: Order) -> None:
        self._wb, self._order = wb, order
        named = order.asked.get("sources")
        self._sheet = named if isinstance(named, str) else ""
        self.where = Form(
            [
                Field("which", "Which sources", "choice", choices=self._which()),
                Field("project", "Of the project", "choice", choices=self._projects()),
            ],
            redact=wb.parts.redactor,
        )
        self.sources = PagedTable(
            "Sources: tick those that are to be asked", _SOURCES, self._fetch, key="source_id", choose="many",
            redact=wb.parts.redactor, empty="No source is there yet: paste addresses, or bring in a sheet.",
        )  # fmt: skip
        self.paste = Form(
            [
                Field(
                    "addresses", "Addresses, one a line", "lines",
                    hint="The platform is recognised. To collect something else than posts, write it before the "
                    "address: instagram comments https://…",
                )
            ],
            actions=[("look", "What are they?")], on_submit=lambda *_: self._look(),
            redact=wb.parts.redactor,
        )  # fmt: skip
        self.found = LiveRegion()
        self.what = _Asking(
            self._fields(), actions=[("plan", "Plan: what it would do and cost")],
            on_submit=lambda *_: self._submitted(), redact=wb.parts.redactor,
        )  # fmt: skip
        self.what.also = lambda: self._chosen(self.where.values()["which"]) != []
        self.plan = LiveRegion()
        self.alert = Region()
        self.pasting = ipywidgets.VBox([self.paste, self.found])
        super().__init__([self.where, self.sources, self.pasting, self.what, self.alert, self.plan])
        self.add_class("wb-run-form")
        self.where.blank.observe(lambda _: self._show_sources(), "typed")
        order.when_planned(self._planned)
        self._planned()

    def markup(self) -> str:
        return self.plan.html + self.alert.html

    # fields ---------------------------------------------------------------------------------------

    def _which(self) -> list[tuple[str, str]]:
        sheet = [(SHEET, f"The sheet {self._sheet}")] if self._sheet else []
        listed = [(ALL, "Every enabled source"), (TICKED, "Those ticked below"), (PASTED, "Addresses pasted below")]
        return [*listed, *sheet]

    def _projects(self) -> list[tuple[str, str]]:
        return [(_EVERY, "every project"), *((one, one) for one in self._wb.collect.projects())]

    def _fields(self) -> list[Field]:
        today = self._wb.parts.today()
        folders = self._wb.settings.auto_create_folders
        return [
            Field("start", "First day of posts", hint=f"{_DAY}; empty: as far back as the dataset goes",
                  check=lambda value: _why_no_day(value, today)),
            Field("end", "Last day of posts", hint="likewise; empty: until now",
                  check=lambda value: _why_no_day(value, today)),
            Field("since_last", "Only what is new", "toggle", hint="each source from the day of its newest post here"),
            Field("num_posts", "Posts a source", "number", hint="at most; empty: 10",
                  check=lambda value: _why(lambda: as_count(value, "it"))),
            Field("cap_usd", "At most, dollars", "number", hint="of this run; empty: the caps of the settings",
                  check=lambda value: _why(lambda: as_usd(value, "it"))),
            Field("name", "Name", hint="of the run and its folder"),
            Field("auto_create_folders", "Automatic folders", "toggle",
                  default=folders, hint="one for every job as soon as the run starts; without, once it has rows"),
        ]  # fmt: skip

    def _fetch(self, query: Query) -> Rows:
        chosen = self.where.values()["project"]
        rows, total = self._wb.collect.sources_page(
            enabled_only=True, text=query.text, sort=query.sort or "source_id", descending=query.descending,
            offset=query.offset, limit=query.limit, where={"project": chosen} if chosen else None,
        )  # fmt: skip
        return Rows(rows, total)

    def _show_sources(self) -> None:
        which = self.where.values()["which"]
        show(self.sources, is_shown=which == TICKED)
        show(self.pasting, is_shown=which == PASTED)
        if which == TICKED:
            self.sources.refresh()

    # plan -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        self._preview(self.paste.values()["addresses"])

    def _preview(self, text: str) -> list[PastedLine]:
        lines = self._wb.collect.pasted(text)
        wrong = [f"line {one.line} ({one.text[:60]}): {one.why}" for one in lines if one.is_wrong]
        self.paste.mistakes({"addresses": "; ".join(wrong[:10]) + _more(len(wrong) - 10)} if wrong else {})
        self.found.html = pasted_view(lines)
        return lines

    def _submitted(self) -> None:
        self.alert.html = esc("")
        asked = self._asked()
        if asked is not None:
            self._order.ask(asked)

    def _asked(self) -> dict[str, Any] | None:
        """What the form asks for, as `plan` takes it; None where something has to be put right first."""
        values, where = self.what.values(), self.where.values()
        today = self._wb.parts.today()
        days = [as_day(values[name], name, today) for name in ("start", "end")]
        if days[0] and days[1] and days[0] > days[1]:
            self.what.mistakes({"end": f"{days[1]} is before the first day, {days[0]}."})
            return None
        sources = self._chosen(where["which"])
        setting = self._wb.settings.auto_create_folders
        folders = values["auto_create_folders"]
        return {
            "sources": sources,
            "project": where["project"] or None,
            **{name: values[name] or None for name in ("start", "end", "num_posts", "name")},
            **({"since_last": True} if values["since_last"] else {}),
            **({} if folders == setting else {"auto_create_folders": folders}),
            **({} if values["cap_usd"] is None else {"cap_usd": values["cap_usd"]}),
        }

    def _chosen(self, which: str) -> Any:
        """Sources as `plan` takes them; an empty list where there are none, which the form says."""
        self.where.mistakes({})
        self.paste.mistakes({})
        if which == TICKED:
            ids = [int(one) for one in self.sources.chosen]
            if not ids:
                self.where.mistakes({"which": "no source is ticked yet."})
            return ids
        if which == PASTED:
            lines = self._preview(self.paste.values()["addresses"])
            if not lines:
                self.paste.mistakes({"addresses": "no address is there yet."})
            is_wrong = any(one.is_wrong for one in lines)
            return [] if is_wrong else [one.source for one in lines if one.source is not None]
        return self._sheet if which == SHEET else None

    def _planned(self) -> None:
        """Show what was planned, and fill the form with what was asked for it."""
        order, wb = self._order, self._wb
        self._fill(order.asked)
        if order.trouble is not None:
            self.alert.html = in_words(order.trouble, wb.parts.redactor)
        if not order.is_planned:
            self.plan.html = note("plain", "Nothing is planned yet: fill in the form and press Plan.")
            return
        self.alert.html = esc("")
        self.plan.html = markup.plan_view(order.plan, wb.collect.saving(order.plan), wb.settings.mode)

    def _fill(self, asked: Mapping[str, Any]) -> None:
        sources = asked.get("sources")
        which = ALL
        if isinstance(sources, str) and sources:
            which = SHEET
        elif sources:
            which = TICKED if isinstance(sources[0], int) else PASTED
        if which == TICKED:
            self.sources.chosen = [str(one) for one in sources or ()]
        self.where.fill({"which": which, "project": asked.get("project") or _EVERY})
        names = ("start", "end", "num_posts", "cap_usd", "name")
        folders = asked.get("auto_create_folders")
        self.what.fill(
            {
                **{name: asked.get(name) for name in names},
                "since_last": bool(asked.get("since_last")),
                "auto_create_folders": self._wb.settings.auto_create_folders if folders is None else folders,
            }
        )
        self._show_sources()


def pasted_view(lines: list[PastedLine]) -> Html:
    """What each line was found to be."""
    rows = [
        (one.line, one.text, f"{one.source.platform} {one.source.service}" if one.source else None, one.why or None)
        for one in lines[:_PREVIEW]
    ]
    good = sum(one.source is not None for one in lines)
    caption = f"{good} of {len(lines)} lines are addresses that can be collected" + (
        f" (the first {_PREVIEW} lines)" if len(lines) > _PREVIEW else ""
    )
    return table(caption, ("Line", "Pasted", "Is collected as", "Note"), rows) if rows else esc("")


def _more(number: int) -> str:
    return f"; and {number} more" if number > 0 else ""


def _why_no_day(value: Any, today: date) -> str | None:
    try:
        as_day(value, "", today)
    except BadInput:
        return f"“{value}” is no day; write it like 2026-01-31, or count from today: today-7d."
    return None


def _why(read: Callable[[], Any]) -> str | None:
    """What is wrong with a value, without the name that its field has already."""
    try:
        read()
    except BadInput as error:
        return error.message.removeprefix("it is ")
    return None
