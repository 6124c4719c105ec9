"""The start page: how everything stands, the newest runs, one way into each job; in an empty home, how to begin.

It decides nothing: what it shows is `overview.at_a_glance`, what it keeps is kept by `collect`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.panels import page as pages
from workbench.panels.form import Field, Form
from workbench.panels.markup import Html, badge, esc, join, note, page_link, progress_bar, table, tag
from workbench.panels.paged import Column, PagedTable, among
from workbench.panels.widgets import LiveRegion, Panel, Region, button, show

if TYPE_CHECKING:
    from workbench.collect.pasting import PastedLine
    from workbench.workbench import Workbench

__all__ = ["page"]  # what the notebook calls

SAMPLE: Final = Path(__file__).parent / "samples" / "sources.csv"  # the made-up sources of `workbench demo`
_EVERY: Final = 1.0  # seconds between two looks
_AGAIN: Final = 30.0  # seconds after which time alone may have changed something
_REST: Final = 3  # times as long as a look took it rests at least
_SHOWN: Final = 5  # of what runs, and of what waits
_WORDS: Final = {
    "runs": ("Collect", "plan and start a run, and see it to its end"),
    "browse": ("Browse", "what came, row by row, and take it along"),
    "recovery": ("Recover", "what Bright Data has, against what is here"),
    "deliveries": ("Deliveries", "what webhooks brought"),
    "uploads": ("Upload", "files to TrafficJunky, and their ids"),
    "postings": ("Post", "listings on Marketplace"),
    "errors": ("Errors and accounts", "what went wrong and what mends it, logins"),
}
# Where a person settles what waits, by its kind; the rest is settled by its command.
_SETTLED_ON: Final = {
    "snapshot": "recovery", "ledger": "recovery", "lake": "recovery", "delivery": "deliveries", "upload": "uploads",
    "listing": "postings", "account": "errors",
}  # fmt: skip
_EMPTY: Final = "No run yet."


def page(wb: Workbench, *, last_runs: int = 10) -> None:
    """Show how everything stands, and the newest `last_runs` runs."""
    glance = Glance(wb, last_runs)
    pages.page(wb, lambda: GlancePanel(glance), lambda: BeginPanel(glance), lambda: NewestRuns(glance),
               lambda: pages.Words(ways(wb)))  # fmt: skip


class Glance:
    """What the panels of this page show, asked once for all of them, and only when something has changed."""

    def __init__(self, wb: Workbench, last_runs: int) -> None:
        self.wb = wb
        self.last_runs = max(1, int(last_runs))
        self.seen: dict[str, Any] = {}
        self._mark: object = None
        self._at, self._took = -math.inf, 0.0

    def look(self) -> dict[str, Any]:
        since = time.monotonic() - self._at
        if since < _REST * self._took:  # a large ledger is asked less often
            return self.seen
        mark = self.wb.overview.mark()
        if mark != self._mark or since > _AGAIN:
            begun = time.monotonic()
            self.seen = self.wb.overview.at_a_glance(last=self.last_runs)
            self._mark, self._at = mark, time.monotonic()
            self._took = self._at - begun
        return self.seen

    def has(self, name: str) -> bool:
        """Whether the page is there in this home."""
        return (self.wb.settings.home / "notebooks" / f"{name}.ipynb").exists()

    def link(self, name: str, words: str) -> Html:
        return page_link(name, words) if self.has(name) else esc(words)


# at a glance ------------------------------------------------------------------------------------------


class GlancePanel(Panel):
    """Four numbers, what runs now, and what waits for a person."""

    def __init__(self, glance: Glance) -> None:
        self._glance = glance
        self.tiles = LiveRegion()
        self.running = Region()
        self.waiting = Region()
        self.alert = Region()
        super().__init__([self.tiles, self.running, self.waiting, self.alert])
        self.add_class("wb-glance-panel")
        self.watch(glance.wb, self._look, every=_EVERY)

    def markup(self) -> Html:
        return join(Html(one.html) for one in (self.tiles, self.running, self.waiting))

    def _look(self) -> None:
        seen = self._glance.look()
        self.tiles.html = tiles(seen, self._glance)
        self.running.html = running(seen["running"])
        self.waiting.html = waiting(seen["waiting"], self._glance)


def tiles(seen: Mapping[str, Any], glance: Glance) -> Html:
    left = seen["expiring"]["days_left"]
    count = seen["expiring"]["count"]
    why = seen["waiting"][0]["why"] if seen["waiting"] else "nobody is waited for"
    made = [
        _tile(len(seen["running"]), "running now", _named(seen["running"]), "moving" if seen["running"] else "plain",
              glance.link("runs", "Runs")),
        _tile(len(seen["waiting"]), "waits for you", why, "waits" if seen["waiting"] else "plain",
              tag("a", "What to do", href="#wb-waits") if seen["waiting"] else Html()),
        _tile(seen["failed"]["count"], "failed since yesterday", seen["failed"]["newest"] or "nothing failed",
              "bad" if seen["failed"]["count"] else "plain", glance.link("errors", "Errors")),
        _tile("–" if left is None else max(0, math.floor(left)), "days left to bring in",
              "everything is here" if not count else f"{_counted(count, 'snapshot')} at Bright Data only",
              "waits" if left is not None and left < _SHOWN else "plain", glance.link("recovery", "Recover")),
    ]  # fmt: skip
    style = (
        "display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; padding: 6px 0; "
        "margin: 0; list-style: none;"
    )
    return tag("ul", join(made), style=style, aria_label="How everything stands")


_TILE: Final = "border: 1px solid #8886; border-top: 4px solid {}; padding: 8px 12px; margin: 0; min-width: 0;"
_COLOURS: Final = {"moving": "#1f6feb", "waits": "#bf8700", "bad": "#d1242f", "plain": "#8888"}
_CUT: Final = (
    "font-size: 12px; line-height: 1.4; overflow: hidden; display: -webkit-box; -webkit-line-clamp: 2; "
    "-webkit-box-orient: vertical; overflow-wrap: anywhere;"
)


def _tile(number: object, words: str, why: str, tone: str, link: Html) -> Html:
    return tag(
        "li",
        tag("div", tag("strong", number, style="font-size: 26px; line-height: 1.2;"), " ", words),
        tag("div", why, style=_CUT, title=why),
        tag("div", link, style="font-size: 13px; padding-top: 2px;"),
        style=_TILE.format(_COLOURS[tone]),
    )


def _named(found: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(one["name"]) for one in found[:3]) if found else "nothing is at work"


def running(found: Sequence[Mapping[str, Any]]) -> Html:
    """A bar for each; of many the first."""
    bars = [
        progress_bar(one["name"], 100 * one["finished"] // max(1, one["total"]),
                     f"{one['finished']:,} of {one['total']:,} over")
        for one in found[:_SHOWN]
    ]  # fmt: skip
    rest = [tag("p", f"and {len(found) - _SHOWN} more")] if len(found) > _SHOWN else []
    return join(bars + rest)


def waiting(found: Sequence[Mapping[str, Any]], glance: Glance) -> Html:
    if not found:
        return Html()
    rows = [
        (f"{one['kind']} {one['id']}", one["why"], _settle(one, glance)) for one in found[:_SHOWN]
    ]  # fmt: skip
    more = f", the first {_SHOWN} of {len(found)}" if len(found) > _SHOWN else ""
    return tag("div", table(f"Waits for you{more}", ("What", "Why", "What to do"), rows), id="wb-waits")


def _settle(one: Mapping[str, Any], glance: Glance) -> Html:
    name = _SETTLED_ON.get(one["kind"])
    by_command = join(["in a terminal: ", tag("code", one["command"])])
    if name is None or not glance.has(name):
        return by_command
    return join([page_link(name, f"Settle it on the page {_WORDS[name][0]}"), tag("br"), by_command])


# runs -------------------------------------------------------------------------------------------------

_RUNS: Final = (
    Column("name", "Run", "page"),
    Column("created_at", "Started", "time"),
    Column("status", "Status", "badge"),
    Column("done", "Done", "bar"),
    Column("rows", "Rows", "number"),
    Column("rejects", "Rejected", "number"),
    Column("cost_micro_usd", "Cost", "money"),
)


class NewestRuns(Panel):
    """The newest runs, as rows."""

    def __init__(self, glance: Glance) -> None:
        self._glance = glance
        self._drawn: object = None
        self.table = PagedTable(
            f"The last {glance.last_runs} runs", _RUNS, among(self._rows), key="run_id", size=glance.last_runs,
            zone=glance.wb.settings.zone, empty=_EMPTY, redact=glance.wb.parts.redactor,
        )  # fmt: skip
        self.alert = Region()
        super().__init__([self.table, self.alert])
        self.add_class("wb-newest-panel")
        self.watch(glance.wb, self._look, every=_EVERY)

    def markup(self) -> Html:
        return self.table.markup()

    def _look(self) -> None:
        runs = self._glance.look()["runs"]
        if runs != self._drawn:
            self._drawn = runs
            self.table.refresh()

    def _rows(self) -> list[dict[str, Any]]:
        where = "browse" if self._glance.has("browse") else "runs"
        return [
            {
                **one,
                "name": (where, one["name"] or one["run_id"]),
                "done": 100 * one["finished"] // max(1, one["snapshots"]),
            }
            for one in self._glance.look()["runs"]
        ]


def ways(wb: Workbench) -> Html:
    """One way into each job."""
    glance = Glance(wb, 1)
    made = [
        tag("li", page_link(name, words, style="font-weight: 600;"), f": {what}", style="padding: 3px 0;")
        for name, (words, what) in _WORDS.items()
        if glance.has(name)
    ]
    return tag("nav", tag("ul", join(made), style="padding-left: 18px; margin: 4px 0;"), aria_label="Pages")


# an empty home ----------------------------------------------------------------------------------------

_HEAD: Final = "font-size: 15px; font-weight: 600; padding: 10px 0 2px;"
_PASTED: Final = (
    Column("line", "Line", "number"),
    Column("url", "Address", "link"),
    Column("platform", "Platform"),
    Column("service", "What is collected"),
    Column("why", "What to know"),
)
_NONE: Final = "Paste an address first, for example https://www.instagram.com/natgeo/"


class BeginPanel(Panel):
    """Three steps from an empty home to a run; gone once there is one."""

    def __init__(self, glance: Glance) -> None:
        self._glance = glance
        self._lines: list[PastedLine] = []
        self.said = LiveRegion()
        self.alert = Region()
        self.made_up = button("Try it with made-up sources", "wb-made-up", style="primary")
        self.made_up.on_click(lambda _: self.act(glance.wb, self._keep_samples, "samples"))
        self.form = Form(
            [
                Field("addresses", "Addresses", "lines", hint="One a line, as they are copied from the browser.",
                      check=lambda text: None if text else _NONE),
                Field("project", "Project", hint="A word to group them by; may stay empty."),
            ],
            actions=[("look", "Look at them"), ("keep", "Keep them")],
            on_submit=self._submitted, redact=glance.wb.parts.redactor,
        )  # fmt: skip
        self.lines = PagedTable(
            "What was pasted", _PASTED, among(self._rows), key="line", empty="Nothing was pasted yet.",
            redact=glance.wb.parts.redactor,
        )  # fmt: skip
        self.kept = LiveRegion()
        self.last = Region()
        steps = [self._one(), self.made_up, self.said, Region(html=_step("2", "Paste addresses")), self.form,
                 self.lines, self.kept, self.last]  # fmt: skip
        show(self.lines, is_shown=False)
        super().__init__([ipywidgets.VBox(steps), self.alert])
        self.add_class("wb-begin-panel")
        self.watch(glance.wb, self._look, every=_EVERY)

    def markup(self) -> Html:
        if self._glance.look()["runs_in_all"]:
            return Html()
        return note("plain", "Nothing was collected yet. To begin: workbench demo, or workbench sources import FILE")

    def _one(self) -> Region:
        is_live = self._glance.wb.settings.mode == "live"
        words = (
            "This home is live: what is collected is paid. Made-up sources are for practice."
            if is_live
            else "A dozen made-up accounts, answered by stand-ins on this machine: nothing real is asked or paid."
        )
        show(self.made_up, is_shown=not is_live)
        title = tag("div", "Nothing was collected yet: three steps to the first rows", style=_HEAD)
        return Region(html=join([title, _step("1", "Made-up sources"), tag("div", words)]))

    def _look(self) -> None:
        seen = self._glance.look()
        show(self, is_shown=not seen["runs_in_all"])
        link = self._glance.link("runs", "Plan the first run")
        count = seen["sources"]
        self.last.html = join([
            _step("3", "Plan"),
            tag("div", f"{_counted(count, 'source')} {'is' if count == 1 else 'are'} kept. ", link,
                ": what it would ask and cost is shown before anything is started.")
            if count else tag("div", "First keep some sources, made up or pasted."),
        ])  # fmt: skip

    def _keep_samples(self) -> None:
        done = self._glance.wb.collect.import_sources(SAMPLE)
        self.said.html = note("plain", f"{_counted(len(done.source_ids), 'made-up source')} kept. Go on with step 3.")

    def _submitted(self, action: str, values: Mapping[str, Any]) -> None:
        collect = self._glance.wb.collect
        self._lines = collect.pasted(values["addresses"], project=values["project"] or None)
        show(self.lines, is_shown=True)
        self.lines.refresh()
        good = [one for one in self._lines if one.source is not None]
        wrong = [one for one in self._lines if one.is_wrong]
        self.kept.html = esc(f"{_counted(len(good), 'address', 'es')} recognised, {len(wrong)} not.")
        if action != "keep" or not good:
            return
        done = collect.keep_pasted(good)
        known = len(done.source_ids) - done.added
        said = f"{_counted(done.added, 'source')} kept" + (f", {known} known already" if known else "")
        left = f"; {_counted(len(wrong), 'line')} left to put right" if wrong else ""
        self.kept.html = note("plain", f"{said}{left}.", *(f" {one}" for one in done.merged))
        self.form.fill({"addresses": "\n".join(one.text for one in wrong)})
        self.look_soon()

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "line": one.line,
                "url": one.source.url if one.source else (None, one.text),
                "platform": one.source.platform if one.source else "",
                "service": one.source.service if one.source else "",
                "why": one.why,
            }
            for one in self._lines
        ]


def _step(number: str, words: str) -> Html:
    return tag("div", badge(f"Step {number}", "plain"), " ", tag("strong", words), style="padding: 12px 0 4px;")


def _counted(number: int, thing: str, ending: str = "s") -> str:
    return f"{number:,} {thing}{'' if number == 1 else ending}"
