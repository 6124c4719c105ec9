"""Listings in a notebook: check, rehearse or post, watch, results. By hand and without a person.

By hand the calls draw a form and buttons, and a worker of its own does the work. Executed without a person
(WORKBENCH_HEADLESS_NOTEBOOK) `post` goes as deep as `depth` says and leaves HTML that an offline report keeps.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from IPython.display import display

from workbench.errors import BadInput, NeedsPerson, Permanent, Unanswered
from workbench.panels.markup import note
from workbench.panels.page import is_headless, show_while, still
from workbench.panels.waiting import raise_or_show, waiting
from workbench.post.drawn import Desk, plan_view, progress_view, results_view
from workbench.post.form_panel import FormPanel, JobPanel, PostPanel

if TYPE_CHECKING:
    from workbench.workbench import Workbench

DEPTHS: Final = ("plan", "rehearse", "real")


def check(wb: Workbench, listings: str = "", *, accounts: str = "") -> Desk:
    """Check every listing offline; nothing is started. `listings`: a CSV below the home, empty: all that are known.

    `accounts`: ids or labels with commas between; only their listings, and those that name none.
    """
    desk = Desk(wb, listings, _accounts(wb, accounts))
    still(plan_view(desk))
    return desk


def _accounts(wb: Workbench, text: str) -> list[int]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {one["label"]: one["account_id"] for one in wb.accounts.all("marketplace")}
    known |= {str(number): number for number in known.values()}
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"there is no account {unknown[0]!r} for Marketplace; there are {', '.join(known) or 'none'}.")
    return [known[name] for name in names]


def form(wb: Workbench) -> None:
    """By hand: a form for one more listing. Without a person: nothing."""
    if not is_headless():
        display(FormPanel(wb))  # type: ignore[no-untyped-call]


def post(desk: Desk, *, depth: str = "plan", wait_minutes: float = 60) -> None:
    """By hand: buttons that rehearse and post. Without a person: as deep as `depth` says, which is `plan` by itself.

    What is posted already, or on its way, is left alone, however often this runs.
    """
    if depth not in DEPTHS:
        raise BadInput(f"depth is {depth!r}; give one of {', '.join(DEPTHS)}.")
    if not is_headless():
        display(PostPanel(desk))  # type: ignore[no-untyped-call]
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
    if not is_headless():
        display(JobPanel(desk))  # type: ignore[no-untyped-call]


def results(desk: Desk) -> None:
    """Every listing with its address or its error, and the pictures of the pages."""
    job_id = desk.job_id
    if job_id is not None:
        still(results_view(desk.wb, desk.wb.postings.job(job_id)))
    elif desk.rehearsed is None:
        still(note("plain", "Nothing was posted yet."))


def outcome(desk: Desk) -> None:
    """Say how it went; without a person, fail the notebook where a listing failed, or somebody has to decide."""
    job_id = desk.job_id
    done = desk.rehearsed if job_id is None else desk.wb.postings.job(job_id)
    if done is None:
        still(note("plain", "Nothing was posted or rehearsed."))
        return
    failed = [one["title"] for one in done["items"] if one["status"] == "failed"]
    if done.get("attention") in {"person", "review"}:
        waiting(desk.wb)
        raise_or_show(NeedsPerson("a person has to look at some of these listings: workbench todo."))
    elif failed:
        raise_or_show(Permanent(f"{len(failed)} of {done['total_posts']} listings failed: {', '.join(failed[:5])}."))
    elif done["status"] in {"queued", "running"}:
        raise_or_show(Unanswered("not every listing is over; the rest goes on with: workbench work"))
    else:
        good = (
            f"Done: {done['completed_posts']}"
            if done["job_id"]
            else f"Nothing was sent: rehearsed {done['rehearsed_posts']}"
        )
        still(note("plain", f"{good} of {done['total_posts']} listings."))
