"""What exists at Bright Data against what we have: scan, adopt, what waits; by hand and without a person.

By hand a table follows whatever is done about its snapshots, by whom ever; executed without a person
(panels/front_end.py) the notebook adopts where it was told to, leaves HTML that an offline report keeps, and `outcome`
fails it when rows are missing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
from IPython.display import display

from workbench.collect import board
from workbench.collect.board import Act, BoardFilter, Line, Need
from workbench.collect.markup import run_view
from workbench.collect.model import SNAPSHOT_UNFINISHED
from workbench.collect.model import SnapshotState as State
from workbench.collect.watch_panel import WatchPanel
from workbench.collect.watcher import look
from workbench.db.clock import now
from workbench.errors import NeedsPerson, Permanent
from workbench.panels import waiting as waits
from workbench.panels.facts import facts, mode_note
from workbench.panels.form import Field, Form
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, dollars, esc, join, moment, note, table, tag
from workbench.panels.page import handled, in_background, page, show_while, still
from workbench.panels.paged import Column, PagedTable, Query, Rows, among
from workbench.panels.waiting import raise_or_show
from workbench.panels.widgets import AskTwice, LiveRegion, Panel, Region, button, in_line, question, show
from workbench.parsing import as_count, as_names

if TYPE_CHECKING:
    from workbench.collect.scan import Found
    from workbench.workbench import Workbench

__all__ = ["adopt", "outcome", "scan", "waiting"]  # what the notebook calls

ROWS: Final = 200  # of the scan in the page; the counts say how many there are
_GONE: Final = frozenset({State.EXPIRED, State.FAILED})
_STUCK: Final = frozenset({State.STALLED, State.QUARANTINED})


class Scan:
    """What Bright Data listed, and what became of it here: the object that the cells hand on."""

    def __init__(self, wb: Workbench, datasets: Sequence[str], since: date | None) -> None:
        self.wb, self.datasets, self.since = wb, tuple(datasets), since
        self.began = wb.recover.mark()  # what was done later belongs to this page
        self.found: list[Found] = []
        self.looked_at = now()
        self.told: dict[str, Any] | None = None  # what adopt answered
        self._lock = threading.Lock()
        self._read: tuple[object, list[Line]] = (None, [])
        self.look_again()

    def look_again(self) -> None:
        """Ask Bright Data for its list."""
        found = self.wb.recover.scan(self.datasets, since=self.since)
        with self._lock:
            self.found, self.looked_at, self._read = found, now(), (None, [])

    @property
    def mark(self) -> tuple[object, ...]:
        """Changes whenever a line may."""
        return self.wb.recover.mark(), self.looked_at

    def lines(self) -> list[Line]:
        """Every snapshot there and here, as it stands now; what needs somebody first."""
        mark = self.mark
        with self._lock:
            if self._read[0] != mark:
                lines = self.wb.recover.board(self.found, looked_at=self.looked_at, datasets=self.datasets)
                self._read = (mark, lines)
            return self._read[1]

    def unknown_now(self) -> list[str]:
        """Ids of those that the ledger does not know to this moment."""
        ids = [one.snapshot_id for one in self.strangers]
        known = self.wb.recover.states_of(ids)
        return [one for one in ids if one not in known]

    def __repr__(self) -> str:
        counts = Counter(str(one.standing) for one in self.found)  # in the order of the list: urgent first
        return ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing is listed"

    @property
    def strangers(self) -> list[Found]:
        """What the ledger does not know."""
        return [one for one in self.found if one.state is None]

    def adopt(self, **more: Any) -> dict[str, Any]:
        self.told = self.wb.recover.adopt(everything=True, datasets=self.datasets, since=self.since, **more)
        return self.told

    def since_then(self) -> dict[str, str | None]:
        """What changed since the scan, as it stands now: what was lost before was told before."""
        states = self.wb.recover.states_of([one.snapshot_id for one in self.found])
        changed = [one for one in self.found if one.state is None or one.state != states.get(one.snapshot_id)]
        return {one.snapshot_id: states.get(one.snapshot_id) for one in changed}

    @property
    def doubles(self) -> list[str]:
        """Paid twice, and found out by this scan."""
        mine = {one.snapshot_id for one in self.strangers}
        return [one["snapshot_id"] for one in (self.told or {}).get("duplicates", ()) if one["snapshot_id"] in mine]


def scan(wb: Workbench, datasets: str = "", *, since_days: int = 30) -> Scan:
    """Every snapshot that Bright Data lists, beside ours. `datasets`: ids or platform/service, with commas between."""
    names = as_names(datasets)
    days = as_count(since_days, "since_days", least=0)
    made = Scan(wb, names, wb.parts.today() - timedelta(days=days) if days else None)
    if is_by_hand():
        page(wb, lambda: SnapshotsPanel(made), lambda: ActsPanel(made))
    else:
        still(scan_view(made))
    return made


def waiting(wb: Workbench) -> None:
    """What waits for a person, each with the command that resolves it."""
    if is_by_hand():
        display(WaitingPanel(wb))  # type: ignore[no-untyped-call]
    else:
        waits.waiting(wb)


def scan_view(scan: Scan) -> Html:
    wb = scan.wb
    rows = [
        (one.snapshot_id, f"{one.platform} {one.service}", one.standing, one.state, one.status, one.rows,
         one.created_at, one.days_left)
        for one in scan.found[:ROWS]
    ]  # fmt: skip
    heads = ("Snapshot", "Dataset", "Standing", "Here", "At Bright Data", "Rows", "Created", "Days left")
    caption = f"Snapshots at Bright Data: {scan!r}" + (f" (the first {ROWS})" if len(scan.found) > ROWS else "")
    parts = [mode_note(wb.settings.mode), table(caption, heads, rows, zone=wb.settings.zone)]
    soon = [one for one in scan.found if one.standing == "expiring"]
    if soon:
        parts.append(note("error", f"{len(soon)} of them are soon gone at Bright Data and not here yet: adopt them."))
    return join(parts)


def adopt(scan: Scan, *, adopt: bool = False) -> None:
    """By hand: a button. Without a person: bring in what is unknown where `adopt` says so."""
    if is_by_hand():
        display(AdoptPanel(scan))  # type: ignore[no-untyped-call]
    elif adopt:
        _adopt_and_show(scan)
    else:
        still(note("plain", f"{_counted(scan.strangers)} not known here; nothing was adopted, as adopt is False."))


def _adopt_and_show(scan: Scan) -> None:
    def view() -> Html:
        run = scan.wb.recover.recovered_run()
        if run is None:
            return esc(f"Bringing in {_counted(scan.strangers)}…")
        return run_view(look(scan.wb, run), scan.wb.settings.zone)

    show_while(lambda watch: told_view(scan.adopt(watch=watch)), view)


def told_view(told: Mapping[str, Any]) -> Html:
    counts = [(name.replace("_", " "), told[name]) for name in
              ("adopted", "already_known", "expired", "failed", "unmatched_rows")]  # fmt: skip
    parts = [note("plain", facts([(name, f"{number:,}") for name, number in counts]))]
    gone = [(one["snapshot_id"], one["state"]) for one in told["snapshots"] if one["state"] in _GONE]
    if gone:
        parts.append(table("Not to be had", ("Snapshot", "State"), gone))
    if told["duplicates"]:
        rows = [(one["snapshot_id"], one["said"]) for one in told["duplicates"]]
        parts.append(table("Paid twice", ("Snapshot", "What was done"), rows))
    if told["unmatched"]:
        rows = [(one["snapshot_id"], one["rows"]) for one in told["unmatched"]]
        parts.append(table("Rows of no source of ours", ("Snapshot", "Rows"), rows))
    return join(parts)


def outcome(scan: Scan) -> None:
    """Say how it went; without a person, fail the notebook where rows were lost, or somebody has to decide."""
    if is_by_hand():
        display(OutcomePanel(scan))  # type: ignore[no-untyped-call]
        return
    told = scan.told
    if told is None:
        still(note("plain", "Nothing was adopted."))
        return
    states = scan.since_then()
    lost = [f"{name} ({state})" for name, state in states.items() if state in _GONE]
    stuck = [name for name, state in states.items() if state is None or state in _STUCK]
    moving = [name for name, state in states.items() if state in SNAPSHOT_UNFINISHED]
    if lost:
        raise_or_show(Permanent(f"not to be had: {', '.join(lost)}."))
    elif scan.doubles:
        raise_or_show(Permanent(f"paid twice: {', '.join(scan.doubles)}; what was done about it is above."))
    elif stuck:
        raise_or_show(NeedsPerson(f"a person has to look at {', '.join(stuck)}: workbench todo."))
    elif moving:
        still(note("plain", f"{len(moving)} of them are still on their way; run this cell again later."))
    else:
        still(note("plain", f"Done: {told['adopted']} adopted, {told['already_known']} known already, nothing lost."))


def _counted(found: Sequence[Found]) -> str:
    return _numbered(len(found))


class AdoptPanel(Panel):
    """A button that enters what is unknown, and the run that gathers it as it goes."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._lock = threading.Lock()
        self._is_at_work = False
        self._seen: object = None
        self._unknown = scan.unknown_now()
        self.said = LiveRegion(html=self._words())
        self.alert = Region()
        self.adopt = button(self._label(), "wb-adopt", style="primary")
        self.adopt.disabled = not self._unknown
        self.adopt.on_click(lambda _: self._clicked())
        self.live = ipywidgets.VBox()
        super().__init__([self.said, self.adopt, self.alert, self.live])
        self.add_class("wb-adopt-panel")
        self.watch(scan.wb, self._look)

    def markup(self) -> str:
        return self.said.html + self.alert.html

    def _label(self) -> str:
        return f"Adopt {_numbered(len(self._unknown))}"

    def _words(self) -> Html:
        left = _numbered(len(self._unknown))
        if self._scan.told is not None:
            more = esc(f"{left} not known here yet.") if self._unknown else Html()
            return join([told_view(self._scan.told), more])
        if not self._unknown:
            return esc("Everything that Bright Data lists is known here.")
        return esc(f"{left} not known here. Adopting costs nothing: they are paid already.")

    def _look(self) -> None:
        """The table above adopts too, and so does whoever works at another place."""
        mark = self._scan.mark
        if mark != self._seen and not self._is_at_work:
            self._seen = mark
            self._draw()

    def _clicked(self) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self.adopt.disabled or self._is_at_work:
                return
            self._is_at_work = self.adopt.disabled = True
        self.said.html, self.alert.html = esc("Adopting…"), ""
        in_background(self._begin, "adopt")

    def _begin(self) -> None:
        redact = self._scan.wb.parts.redactor
        try:
            handled(self._adopt, self._show_error, redact)
        finally:
            self._is_at_work = False
        handled(self._draw, self._show_error, redact)

    def _adopt(self) -> None:
        """Entered here, one by one; a worker of its own does the rest, also when this page is closed."""
        self._scan.adopt(work=False)
        self._scan.wb.working.start_worker()

    def _draw(self) -> None:
        self._unknown = self._scan.unknown_now()
        words = self._words()
        if self.said.html != words:
            self.said.html = words
        self.adopt.description = self._label()
        self.adopt.disabled = not self._unknown or self._is_at_work
        self._follow()

    def _follow(self) -> None:
        run = self._scan.wb.recover.recovered_run()
        if run is not None and not self.live.children:
            self.live.children = (WatchPanel(self._scan.wb, run),)


# the table of all snapshots --------------------------------------------------------------------------

_COLUMNS: Final = (
    Column("name", "Snapshot", "mono"),
    Column("need", "Stands", "badge"),
    Column("status", "Status", "badge"),
    Column("dataset", "Dataset"),
    Column("rows", "Rows", "number"),
    Column("created_at", "Started", "time"),
    Column("days_left", "Days left", "number"),
    Column("why", "Why"),
)
_TONES: Final = {
    Need.EXPIRING: "bad", Need.IN_DOUBT: "waits", Need.WAITS: "waits", Need.STUCK: "waits", Need.STRANGER: "plain",
    Need.SHORT: "waits", Need.FAILED: "bad", Need.GONE: "bad", Need.MOVES: "moving", Need.HERE: "good",
}  # fmt: skip
_BUTTONS: Final = {
    Act.ADOPT: "Bring in {}",
    Act.PROCESS: "Look after {} now",
    Act.REPROCESS: "Make tables of {} anew",
    Act.REQUEUE: "Take up {} again",
    Act.ABSENT: "{} never began: send again…",
    Act.ABANDON: "Forget {}…",
    Act.PUBLISH: "Publish {} as they are…",
    Act.DROP: "Leave {} out…",
}
_PLAINLY: Final = (Act.ADOPT, Act.PROCESS, Act.REPROCESS, Act.REQUEUE)


class SnapshotsPanel(Panel):
    """Snapshots there and here, what needs somebody first; acts on those that are ticked, or on all that is shown."""

    def __init__(self, scan: Scan) -> None:
        self._scan, self._wb = scan, scan.wb
        self._lock = threading.Lock()
        self._is_at_work = False
        self._seen: object = None
        self._choices: dict[str, list[tuple[str, str]]] = {}
        self._meant: tuple[str, ...] = ()  # what the question was about: a yes is about nothing else
        redact, zone = self._wb.parts.redactor, self._wb.settings.zone
        self.counts = Region()
        self.filters = Form(
            [Field("need", "Stands", "choice", choices=[_ALL]), Field("status", "Status", "choice", choices=[_ALL])],
            is_inline=True,
            redact=redact,
        )
        self.filters.blank.observe(lambda _: self._filtered(), "typed")
        self.table = PagedTable(
            "Snapshots at Bright Data and here", _COLUMNS, self._rows, key="name", choose="many",
            empty="Bright Data lists none, and none are here.", zone=zone, redact=redact,
        )  # fmt: skip
        self.table.on_choice(lambda _: self._offer())
        self.every = button("Choose all", "wb-board-every")
        self.again = button("Look at Bright Data again", "wb-board-again")
        self.buttons = {act: button("", f"wb-board-{act}") for act in _PLAINLY}
        self.asked = {act: self._asking(act) for act in _BUTTONS if act not in _PLAINLY or act is Act.REQUEUE}
        self.find = Form(
            [Field("found_as", "It runs at Bright Data as", check=lambda text: None if text else "Give its id there.")],
            actions=[("find", "That is it")], on_submit=lambda _, values: self._do(Act.FIND, values["found_as"]),
            redact=redact,
        )  # fmt: skip
        self.every.on_click(lambda _: self._choose_every())
        self.again.on_click(lambda _: self._looked_again())
        for act, one in self.buttons.items():
            one.on_click(lambda _, act=act: self._begin(act))
        self.said = LiveRegion()
        self.alert = Region()
        plainly = in_line(self.every, self.again, *self.buttons.values())
        grave = in_line(*self.asked.values())
        super().__init__([self.counts, self.filters, self.table, plainly, grave, self.find, self.said, self.alert])
        self.add_class("wb-board-panel")
        self._offer()
        self.watch(self._wb, self._look)

    def markup(self) -> str:
        return scan_view(self._scan)

    # in threads -----------------------------------------------------------------------------------

    def _shown(self, text: str = "") -> list[Line]:
        values = self.filters.values()
        asked = BoardFilter(need=values["need"] or None, status=values["status"] or None, text=text)
        return board.filtered(self._scan.lines(), asked)

    def _rows(self, asked: Query) -> Rows:
        found = board.ordered(self._shown(asked.text), asked.sort, descending=asked.descending)
        return Rows([_row(one) for one in found[asked.offset : asked.offset + asked.limit]], len(found))

    def _filtered(self) -> None:
        self.table.show()

    def _look(self) -> None:
        mark = self._scan.mark
        if mark == self._seen:
            return
        is_first, self._seen = self._seen is None, mark
        counted = board.counted(self._scan.lines())
        self.counts.html = counts_view(counted["status"], self._scan.looked_at, self._wb)
        for name in ("need", "status"):
            found = [(word, f"{word} ({number:,})") for word, (number, _) in counted[name].items()]
            if self._choices.get(name) != found:
                self._choices[name] = found
                chosen = self.filters.values()[name]
                gone = [] if not chosen or chosen in counted[name] else [(chosen, f"{chosen} (0)")]
                self.filters.choices(name, [_ALL, *found, *gone])
        if not is_first:
            self.table.refresh()
            self._offer()

    def _chosen(self, meant: Sequence[str] | None = None) -> list[Line]:
        names = set(self.table.chosen if meant is None else meant)
        return [one for one in self._scan.lines() if one.name in names] if names else []

    def _offer(self) -> None:
        """The acts that fit what is chosen, each with how many it fits."""
        chosen = self._chosen()
        for act, words in _BUTTONS.items():
            asked = self._wb.recover.asking(act, chosen)
            number = len(asked.names)
            is_plain = act in _PLAINLY and not asked.is_grave
            if act in self.buttons:
                self.buttons[act].description = words.format(number)
                show(self.buttons[act], is_shown=number > 0 and is_plain)
            if act in self.asked:
                self.asked[act].first.description = words.format(number)
                show(self.asked[act], is_shown=number > 0 and not is_plain)
        show(self.find, is_shown=len(chosen) == 1 and Act.FIND in chosen[0].acts)

    # clicks ---------------------------------------------------------------------------------------

    def _choose_every(self) -> None:
        text = self.table.sheet.ask.get("text") or ""
        self.table.chosen = [one.name for one in self._shown(str(text))]

    def _looked_again(self) -> None:
        self.again.disabled = True
        self.said.html = esc("Asking Bright Data for its list…")

        def work() -> None:
            try:
                self._scan.look_again()
                self.said.html = note("plain", f"Bright Data lists {_numbered(len(self._scan.found))} now.")
            finally:
                self.again.disabled = False

        self.act(self._wb, work, "scan")

    def _question(self, act: Act) -> Html:
        asked = self._wb.recover.asking(act, self._chosen())
        self._meant = asked.names
        price = f"; for at most {dollars(asked.micro_usd)}, ESTIMATED" if asked.micro_usd else ""
        return question(self._wb.settings.mode, f"{asked.words}{price}")

    def _asking(self, act: Act) -> AskTwice:
        words = (_BUTTONS[act], "Yes", "No")
        return AskTwice(
            f"wb-board-{act}", words, lambda: self._begin(act, self._meant), question=lambda: self._question(act)
        )

    def _begin(self, act: Act, meant: Sequence[str] | None = None) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self._is_at_work:
                return
            self._is_at_work = True
        self.said.html = esc("At work…")
        self.act(self._wb, lambda: self._do(act, meant=meant), "board")

    def _do(self, act: Act, found_as: str = "", *, meant: Sequence[str] | None = None) -> None:
        scan = self._scan
        try:
            chosen = self._chosen(meant)
            done = self._wb.recover.do(act, chosen, datasets=scan.datasets, since=scan.since, found_as=found_as)
            self._wb.working.start_worker()
        except BaseException:
            self.said.html = esc("")
            raise
        finally:
            self._is_at_work = False
        self.said.html = done_view(done.words, done.refused)
        self.table.chosen = [name for name, _ in done.refused]
        self._seen = ()
        self.look_soon()


_ALL: Final = ("", "all")


def _row(one: Line) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("name", "dataset", "rows", "created_at", "days_left")},
        "need": (str(one.need), _TONES[one.need]),
        "status": "" if one.status == board.ABSENT else one.status,
        "why": one.why or (f"at Bright Data: {one.at_vendor}" if one.at_vendor not in (None, "ready") else None),
    }


def counts_view(counts: Mapping[str, tuple[int, int]], looked_at: datetime, wb: Workbench) -> Html:
    """How many snapshots and rows are in each status, and as of when Bright Data was asked."""
    rows = [(word, number, total) for word, (number, total) in counts.items()]
    asked = f"Bright Data's list is of {moment(looked_at, wb.settings.zone)}; what is here is of this moment."
    head = table("By status", ("Status", "Snapshots", "Rows"), rows) if rows else Html()
    return join([head, tag("p", asked, style="margin: 0 0 8px;")])


def done_view(words: str, refused: Sequence[tuple[str, str]]) -> Html:
    """What an act came to, and what it left and why."""
    left = table("Left as they are", ("Snapshot", "Why"), refused) if refused else Html()
    return join([note("plain", f"{words}. The table follows."), left])


class ActsPanel(Panel):
    """What people and schedules did about snapshots: when, what, which, who."""

    def __init__(self, scan: Scan) -> None:
        self._wb = scan.wb
        self._seen: object = None
        self.table = PagedTable(
            "What was done", (Column("at", "Time", "time"), Column("what", "What"), Column("name", "Snapshot", "mono"),
                              Column("state", "Now", "badge"), Column("rows", "Rows", "number"), Column("who", "Who")),
            self._rows, key="seq", size=10, empty="Nothing was recovered yet.", zone=self._wb.settings.zone,
            redact=self._wb.parts.redactor,
        )  # fmt: skip
        self.alert = Region()
        super().__init__([self.table, self.alert])
        self.add_class("wb-acts-panel")
        self.watch(self._wb, self._look)

    def markup(self) -> str:
        return self.table.markup()

    def _rows(self, asked: Query) -> Rows:
        if asked.sort or asked.text:
            return among(lambda: self._wb.recover.acts_by_people(limit=_MOST_ACTS)[0])(asked)
        rows, total = self._wb.recover.acts_by_people(limit=asked.limit, offset=asked.offset)
        return Rows(rows, total)

    def _look(self) -> None:
        mark = self._wb.recover.mark()
        if mark != self._seen:
            self._seen = mark
            self.table.refresh()


_MOST_ACTS: Final = 10_000  # of which one looks for something


class WaitingPanel(Panel):
    """What waits for a person, wherever it is; it goes as soon as somebody has seen to it."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        self._seen: object = None
        columns = (Column("id", "Which"), Column("why", "Why"), Column("command", "In a terminal", "mono"))
        self.table = PagedTable(
            "Waits for a person", columns,
            among(wb.todo), size=20, empty="Nothing waits for a person.", redact=wb.parts.redactor,
        )  # fmt: skip
        self.alert = Region()
        super().__init__([self.table, self.alert])
        self.add_class("wb-waiting-panel")
        self.watch(wb, self._look)

    def markup(self) -> str:
        return self.table.markup()

    def _look(self) -> None:
        mark = self._wb.recover.mark()
        if mark != self._seen:
            self._seen = mark
            self.table.refresh()


class OutcomePanel(Panel):
    """What was done since this page looked, and what came of it: always as the ledger has it now."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._seen: object = None
        self.said = LiveRegion(html=outcome_view(scan))
        self.alert = Region()
        super().__init__([self.said, self.alert])
        self.add_class("wb-outcome-panel")
        self.watch(scan.wb, self._look)

    def markup(self) -> str:
        return self.said.html

    def _look(self) -> None:
        mark = self._scan.mark
        if mark == self._seen:
            return
        self._seen = mark
        words = outcome_view(self._scan)
        if self.said.html != words:
            self.said.html = words


def outcome_view(scan: Scan) -> Html:
    """What was done since the page looked, and how these snapshots stand now."""
    acts, _ = scan.wb.recover.acts_by_people(after=scan.began, limit=None)
    since = moment(scan.looked_at, scan.wb.settings.zone)
    if not acts:
        return note("plain", f"Nothing was done about snapshots since Bright Data was asked ({since}).")
    done = Counter({what: len({one["name"] for one in acts if one["what"] == what}) for what in _whats(acts)})
    now_ = {one["name"]: one for one in acts}
    states = {name: State(one["state"]) for name, one in now_.items()}
    here = [one for name, one in now_.items() if states[name].info.is_good]
    rows = sum(one["rows"] or 0 for one in here)
    moving = [name for name in now_ if states[name] in SNAPSHOT_UNFINISHED]
    lost = [f"{name} ({state})" for name, state in states.items() if state in _GONE]
    stuck = [name for name, state in states.items() if state in _STUCK]
    told = [f"Done here: {', '.join(f'{number} {what}' for what, number in done.items())}."]
    told.append(
        f"In the tables now: {_numbered(len(here))} with {rows:,} row{'' if rows == 1 else 's'}." if here else ""
    )
    told.append(f"On {'its' if len(moving) == 1 else 'their'} way: {len(moving)}." if moving else "")
    told.append("Nothing was lost." if not (lost or stuck or moving) else "")
    parts: list[Html] = [note("plain", " ".join(filter(None, told)))]
    if lost:
        parts.append(note("error", f"Not to be had: {', '.join(lost)}.", role="alert"))
    if stuck:
        parts.append(note("error", f"A person has to look at {', '.join(stuck)}.", role="alert"))
    return join(parts)


def _whats(acts: Sequence[Mapping[str, Any]]) -> list[str]:
    """In the order in which they were begun."""
    return list(dict.fromkeys(one["what"] for one in reversed(acts)))


def _numbered(number: int) -> str:
    return f"{number:,} snapshot{'' if number == 1 else 's'}"
