"""Listings in a notebook: write, choose, check, rehearse or post, watch, decide. By hand and without a person.

By hand the calls draw forms and buttons, and a worker of its own does the work. Executed without a person
(panels/front_end.py) `post` goes as deep as `depth` says and leaves HTML that an offline report keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from IPython.display import display

from workbench.errors import BadInput
from workbench.panels.facts import facts
from workbench.panels.form import Field, Form
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, esc, join, note
from workbench.panels.page import page, show_while, still
from workbench.panels.paged import Column, PagedTable, among
from workbench.panels.sending import NOT_AT_WORK, Look, SendPanel, WorkPanel, check_depth
from workbench.panels.waiting import tell_outcome
from workbench.panels.widgets import LiveRegion, Panel, Region
from workbench.parsing import as_names
from workbench.post import jobs
from workbench.post.listings_panel import ListingsPanel, strip_of, ticked
from workbench.post.markup import labels, plan_facts, plan_view, planned_row, progress, progress_view, results_view
from workbench.post.order import Desk
from workbench.post.results_panel import PostResultsPanel

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_TONES: Final = {"completed": "good", "failed": "bad", "cancelled": "bad"}
_ALL, _TICKED, _FILE = "all", "ticked", "file"


def check(wb: Workbench, listings: str = "", *, accounts: str = "") -> Desk:
    """Check every listing offline; nothing is started. `listings`: a CSV below the home, empty: all that are known.

    `accounts`: ids or labels with commas between; only their listings, and those that name none. By hand a form, in
    which all of it is chosen.
    """
    desk = Desk(wb, listings, _accounts(wb, accounts), look=not is_by_hand())
    if is_by_hand():
        _show(desk, PostCheckPanel(desk))
    else:
        still(plan_view(desk))
    return desk


def _accounts(wb: Workbench, text: str) -> list[int]:
    names = as_names(text)
    known = {one["label"]: one["account_id"] for one in wb.accounts.all("marketplace")}
    known |= {str(number): number for number in known.values()}
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"there is no account {unknown[0]!r} for Marketplace; there are {', '.join(known) or 'none'}.")
    return [known[name] for name in names]


def form(wb: Workbench) -> None:
    """By hand: all listings, the form that writes and edits them, and files of them. Without a person: nothing."""
    if is_by_hand():
        page(wb, lambda: ListingsPanel(wb))


def post(desk: Desk, *, depth: str = "plan", wait_minutes: float = 60) -> None:
    """By hand: buttons that rehearse and post. Without a person: as deep as `depth` says, which is `plan` by itself.

    What is posted already, or on its way, is left alone, however often this runs.
    """
    check_depth(depth)
    if is_by_hand():
        _show(desk, PostPanel(desk))
    elif depth == "plan":
        still(note("plain", "Nothing was opened or sent, as depth is plan."))
    elif depth == "rehearse":
        still(results_view(desk.wb, desk.rehearse()))
    elif any(one["todo"] != "nothing" for one in desk.plan()):  # refused lines: the order says so
        job_id, limit = desk.start(), timedelta(minutes=wait_minutes)
        show_while(
            lambda watch: progress_view(desk.wb.postings.work_on(job_id, watch=watch, limit=limit)),
            lambda: progress_view(desk.wb.postings.job(job_id)),
        )
    else:
        still(note("plain", f"Nothing is left to post; job {desk.job_id} is shown below."))


def watch(desk: Desk) -> None:
    """By hand: the newest job of these listings as it goes, also after a restart of the kernel."""
    if is_by_hand():
        _show(desk, JobPanel(desk))


def results(desk: Desk) -> None:
    """Every listing with its address or its error, what waits for a person, and the pictures of the pages."""
    if is_by_hand():
        _show(desk, PostResultsPanel(desk))
        return
    job_id = desk.job_id
    if job_id is not None:
        still(results_view(desk.wb, desk.wb.postings.with_pictures(desk.wb.postings.job(job_id))))
    elif desk.rehearsed is None:
        still(note("plain", "Nothing was posted yet."))


def outcome(desk: Desk) -> None:
    """Say how it went; without a person, fail the notebook where a listing failed, or somebody has to decide."""
    if is_by_hand():
        _show(desk, PostOutcomePanel(desk))
        return
    job_id = desk.job_id
    done = desk.rehearsed if job_id is None else desk.wb.postings.job(job_id)
    if done is None:
        still(note("plain", "Nothing was posted or rehearsed."))
        return
    failed = [one["title"] for one in done["items"] if one["status"] == "failed"]
    tell_outcome(
        desk.wb, "listing", jobs.outcome(done), total=done["total_posts"], failed=failed, done=_done(done)
    )  # fmt: skip


def _done(done: Mapping[str, Any]) -> str:
    said = f"Done: {done['completed_posts']}"
    if done["job_id"] is None:
        said = f"Nothing was sent: rehearsed {done['rehearsed_posts']}"
    return f"{said} of {done['total_posts']} listings."


def _show(desk: Desk, panel: Panel) -> None:
    panel.strip = strip_of(desk.wb)
    desk.faces.append(panel)
    display(panel)  # type: ignore[no-untyped-call]


# widgets ------------------------------------------------------------------------------------------------


class PostCheckPanel(Panel):
    """The form of a posting job: which listings, as whom. Below it what becomes of each, and what to do."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._wb = desk, desk.wb
        self._rows: list[dict[str, Any]] = []
        self._mark: tuple[Any, ...] = ()
        redact = self._wb.parts.redactor
        self.form = Form(
            self._fields(), actions=[("look", "Look at the listings")], on_submit=self._look, redact=redact
        )
        self.said = LiveRegion()
        self.table = PagedTable(
            "What would be posted",
            [Column("title", "Title"), Column("number", "Listing or line", "number"),
             Column("price", "Price", "number"), Column("account", "Account"),
             Column("todo", "What becomes of it", "badge"), Column("why", "Why"), Column("cure", "What to do")],
            among(lambda: self._rows), key="key", redact=redact,
            empty="No listing is meant yet: choose above, then look at the listings.",
        )  # fmt: skip
        self.alert = Region()
        super().__init__([self.form, self.said, self.table, self.alert])
        self.add_class("wb-check-panel")
        self.form.submit("look")
        self.watch(self._wb, self._follow, every=1.0)

    def markup(self) -> str:
        return join([self.form.markup(), Html(self.said.html), self.table.markup()])

    def _fields(self) -> list[Field]:
        file = self._desk.file
        home = self._wb.settings.home
        given = "" if file is None else file.relative_to(home).as_posix() if file.is_relative_to(home) else str(file)
        what = [(_ALL, "All that are known"), (_TICKED, "Those that I ticked above"), (_FILE, "Those of a file")]
        files = list(dict.fromkeys(["", *self._wb.postings.tables_there(), given]))
        accounts = [(str(one["account_id"]), one["label"]) for one in self._wb.accounts.all("marketplace")]
        chosen = [str(one) for one in self._desk.accounts]
        return [
            Field("what", "Listings", "choice", _FILE if given else _ALL, choices=what),
            Field("file", "File", "choice", given, "Only where the listings are those of a file.", choices=files),
            Field(
                "accounts", "Accounts", "ticks", chosen, "None ticked: those that the listings name.", choices=accounts
            ),
        ]  # fmt: skip

    def _look(self, action: str, values: Mapping[str, Any]) -> None:
        what, file = values["what"], values["file"] if values["what"] == _FILE else ""
        chosen = ticked(self._wb) if what == _TICKED else None
        if what == _FILE and not file:
            self.form.mistakes({"file": "Choose the file whose listings are meant."})
            return
        if what == _TICKED and not chosen:
            self.form.mistakes({"what": "Tick the listings above that are meant, then look at them."})
            return
        self.said.html = esc("Looking at the listings…")
        try:
            rows = self._desk.look_at(file, chosen, [int(one) for one in values["accounts"]])
        except BaseException:
            self.said.html = ""
            raise
        self._mark = self._wb.postings.changed()
        self._rows = _rows(self._desk, rows)
        self.table.show()
        self.said.html = plan_facts(self._desk)

    def _follow(self) -> None:
        """In the page's watcher: what was edited or posted since is not said as it was before."""
        mark = self._wb.postings.changed()
        if mark == self._mark or self.form.blank.is_busy or not self._desk.is_looked_at:
            return
        self._mark = mark
        rows = _rows(self._desk, self._desk.plan())
        if rows != self._rows:
            self._rows = rows
            self.table.refresh()
            self.said.html = plan_facts(self._desk)


def _rows(desk: Desk, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = labels(desk.wb)
    return [{**planned_row(desk, one, names), "key": str(number)} for number, one in enumerate(rows)]


class PostPanel(SendPanel):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        super().__init__(
            desk.wb, "wb-post", self._rehearsal, self._order,
            rehearse="Rehearse: fill in, send nothing", send="Post them…",
            sure="Yes, publish them", what=desk.said, after=desk.look_soon,
        )  # fmt: skip

    def _rehearsal(self) -> Html:
        done = self._desk.rehearse()
        self._desk.look_soon()
        return results_view(self._desk.wb, done)

    def _order(self) -> str:
        return f"job {self._desk.start_agreed()[:8]}"


class JobPanel(WorkPanel):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        super().__init__(
            desk.wb, "wb-job", self._newest, self._stop,
            label="Posting", nothing="This fills as soon as something is posted.",
            cancel="Cancel after the current listing", every=0.5,
        )  # fmt: skip

    def _newest(self) -> Look | None:
        job = self._desk.seen()
        if job is None:
            return None
        percent, words = progress(job)
        now = job["current_post_title"]
        doing = next((one["doing"] for one in job["items"] if one["is_worked"] and one["doing"]), "")
        said = f"{job['status']}: {now}{f', {doing}' if doing else ''}" if now else f"{job['status']}: {NOT_AT_WORK}"
        body = join([facts([("Job", job["job_id"][:8]), ("Waits", _waits(job, self._wb))]), self._others(job)])
        return Look(
            percent, words, job["status"] if jobs.is_over(job) else said, tone=_TONES.get(job["status"], "moving"),
            is_over=jobs.is_over(job), body=body,
        )  # fmt: skip

    def _others(self, job: Mapping[str, Any]) -> Html:
        """What else is at work, by whomever it was ordered."""
        moving = [
            f"job {one['job_id'][:8]} ({one['moving']} of {one['listings']} listings to go)"
            for one in self._wb.postings.job_list()
            if one["moving"] and one["job_id"] != job["job_id"]
        ]
        return facts([("Also at work", ", ".join(moving))]) if moving else Html()

    def _stop(self) -> None:
        job = self._desk.seen()
        if job is not None:
            self._wb.postings.cancel(job["job_id"])


def _waits(job: Mapping[str, Any], wb: Workbench) -> str:
    """Why the next listing does not go at once: the pace of its account."""
    one = next((one for one in job["items"] if one["wait_reason"] and one["not_before"]), None)
    if one is None or jobs.is_over(job):
        return ""
    return f"{one['wait_reason']}, until {one['not_before'].astimezone(wb.settings.zone):%Y-%m-%d %H:%M %Z}"


class PostOutcomePanel(Panel):
    """One sentence that is true at every moment."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.said = LiveRegion()
        self.alert = Region()
        super().__init__([self.said, self.alert])
        self.add_class("wb-outcome-panel")
        self.watch(desk.wb, self._look, every=1.0)

    def markup(self) -> str:
        return self.said.html

    def _look(self) -> None:
        said = _said(self._desk.seen(), self._desk.rehearsed)
        if said != self.said.html:
            self.said.html = said


def _said(job: Mapping[str, Any] | None, rehearsed: Mapping[str, Any] | None) -> Html:
    if job is None and rehearsed is None:
        return note("plain", "Nothing was posted or rehearsed.")
    if job is None:
        failed = rehearsed["failed_posts"] if rehearsed else 0
        more = f" {failed} would have failed: see above." if failed else ""
        return note("error" if failed else "plain", f"{_done(rehearsed or {})}{more}")
    waiting = sum(jobs.waits_for_somebody(one) for one in job["items"])
    more = f" {waiting} wait{'s' if waiting == 1 else ''} for you: see above what to do." if waiting else ""
    over, total, _ = jobs.how_far(job)
    if not jobs.is_over(job):
        return note("plain", f"At work: {over} of {total} listings are over.{more}")
    return note("error" if waiting else "plain", f"{_done(job)}{more}")
